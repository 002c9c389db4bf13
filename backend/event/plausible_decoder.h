// SPDX-License-Identifier: GPL-3.0-or-later
// Plausible's requests (/api/event): one event with long or short member names, for one or several sites. Field table:
// docs/dialects.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/sdk_decoder.h"
#include "event/web_visitor.h"

namespace streamgauge {

// Not thread-safe.
class PlausibleDecoder final : public SdkDecoder {
public:
    explicit PlausibleDecoder(const DecoderSecrets& secrets);

private:
    Status begin(const DecodeInput& input, std::optional<simdjson::dom::object> envelope, bool lone) override;
    SdkEvent::Fault read(simdjson::dom::object object, SdkEvent& event) override;
    void deliver(std::size_t index, const EventView& event) override;

    SdkEvent::Fault read_event(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_name(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_sites(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_page(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_props(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_revenue(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_custom(simdjson::dom::object object, SdkEvent& event);

    WebVisitor visitor_;
    simdjson::dom::parser revenue_parser_, custom_parser_;  // of JSON in strings
    // The event at hand.
    std::vector<std::string_view> sites_;
    std::string_view widest_;  // the site whose name is the longest as JSON: the one that its props have
    std::string props_;
    UuidGenerator uuids_;
    std::string event_id_;
};

}  // namespace streamgauge
