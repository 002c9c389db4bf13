// SPDX-License-Identifier: GPL-3.0-or-later
// Segment's HTTP tracking API, as its SDKs and RudderStack's speak it: batches and single calls. The field table is in
// docs/dialects.md.
#pragma once

#include <optional>
#include <string_view>

#include "event/sdk_decoder.h"

namespace streamgauge {

class SegmentDecoder final : public SdkDecoder {
public:
    SegmentDecoder();

private:
    // What one call holds, by its members' names.
    struct Call;

    Status begin(const DecodeInput& input, std::optional<simdjson::dom::object> envelope, bool lone) override;
    SdkEvent::Fault read(simdjson::dom::object object, SdkEvent& event) override;
    SdkEvent::Fault read_type(const Call& call, SdkEvent& event);
    SdkEvent::Fault read_page(const Call& call, SdkEvent& event) const;
    SdkEvent::Fault read_time(const Call& call, SdkEvent& event) const;
    SdkEvent::Fault read_props(simdjson::dom::object object, const Call& call, SdkEvent& event) const;

    std::string_view path_type_;  // what the path says of calls without `type`; empty: nothing
    std::string_view type_;       // of the call at hand
    std::optional<Timestamp> sent_at_;
};

}  // namespace streamgauge
