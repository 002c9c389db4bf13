// SPDX-License-Identifier: GPL-3.0-or-later
// PostHog's capture API, as its SDKs speak it: v0 (batches, arrays and single events, plain or in a form) and v1. The
// field table is in docs/dialects.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/sdk_decoder.h"

namespace streamgauge {

class PostHogDecoder final : public SdkDecoder {
public:
    enum class Version { V0, V1 };
    explicit PostHogDecoder(Version version) : SdkDecoder("batch", "uuid"), version_(version) {}

private:
    // What one event holds, by its members' names.
    struct Capture;

    Result<bool> unwrap(const DecodeInput& input, std::string& out) override;
    Status begin(const DecodeInput& input, std::optional<simdjson::dom::object> envelope, bool lone) override;
    SdkEvent::Fault read(simdjson::dom::object object, SdkEvent& event) override;
    SdkEvent::Fault read_type(const Capture& capture, SdkEvent& event);
    SdkEvent::Fault read_user(const Capture& capture, SdkEvent& event) const;
    SdkEvent::Fault read_time(const Capture& capture, SdkEvent& event) const;
    SdkEvent::Fault read_props(simdjson::dom::object object, const Capture& capture, SdkEvent& event) const;

    const Version version_;
    bool engage_ = false;      // the path is for people's properties, whose events have no name
    bool historical_ = false;  // old events are moved here: their times are right as they are
    std::optional<Timestamp> sent_at_;
};

}  // namespace streamgauge
