// SPDX-License-Identifier: GPL-3.0-or-later
// Umami's requests (/api/send, and arrays at /api/batch): {"type","payload":{...}}. Field table: docs/dialects.md.
#pragma once

#include <string>

#include "event/sdk_decoder.h"
#include "event/web_visitor.h"

namespace streamgauge {

// Not thread-safe.
class UmamiDecoder final : public SdkDecoder {
public:
    explicit UmamiDecoder(const DecoderSecrets& secrets);

private:
    Status begin(const DecodeInput& input, std::optional<simdjson::dom::object> envelope, bool lone) override;
    SdkEvent::Fault read(simdjson::dom::object object, SdkEvent& event) override;
    void deliver(std::size_t index, const EventView& event) override;

    SdkEvent::Fault read_type(simdjson::dom::object object, simdjson::dom::object payload, SdkEvent& event);
    SdkEvent::Fault read_site(simdjson::dom::object payload);
    SdkEvent::Fault read_page(simdjson::dom::object payload, SdkEvent& event);
    SdkEvent::Fault read_visitor(simdjson::dom::object payload, SdkEvent& event);
    SdkEvent::Fault read_event(simdjson::dom::object object, simdjson::dom::object payload, SdkEvent& event);
    SdkEvent::Fault read_props(simdjson::dom::object payload, SdkEvent& event);

    WebVisitor visitor_;
    std::string site_;  // of the event at hand
    bool name_taken_ = false;
};

}  // namespace streamgauge
