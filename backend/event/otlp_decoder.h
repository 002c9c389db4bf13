// SPDX-License-Identifier: GPL-3.0-or-later
// OpenTelemetry's log records as JSON over HTTP (/v1/logs): resourceLogs[].scopeLogs[].logRecords[], each record one
// event. Field table: docs/dialects.md.
#pragma once

#include <simdjson.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "event/dialect.h"
#include "event/json_text.h"
#include "event/sdk_event.h"

namespace streamgauge {

// Protobuf is InvalidArgument with the field "Content-Type": HTTP's 415. A request without records is no error. Records
// that come, each with what belongs to all of them, to more than limits::kDecodedBytes are TooLarge. Not thread-safe.
class OtlpDecoder final : public DialectDecoder {
public:
    Result<DecodedRequest> decode(const DecodeInput& input) override;

private:
    // A value and where it stands in the text.
    struct Place {
        simdjson::dom::element value;
        std::size_t at = 0;
    };
    // What belongs to the records of a resource or a scope: its JSON for props, and what is wrong with it.
    struct Shared {
        std::string_view text;  // as it came; empty: none
        std::string json, name, version;
        SdkEvent::Fault fault;
    };
    // The attributes that have a place of their own in the event.
    struct Known {
        std::optional<simdjson::dom::element> event_id, event_name, user_id, enduser_id, session_id, url_full, url_path,
            user_agent;
    };

    Status request(Place root);
    Status resource_logs(Place place);
    Status scope_logs(Place place);
    Status record(Place place);
    std::optional<Place> child(Place parent, std::string_view name) const;
    template <class Each>
    Status each(Place parent, std::string_view name, Each&& take);
    Error wrong(Place place, std::string message) const;

    void read_resource(Place resource_logs);
    void read_scope(Place scope_logs);
    SdkEvent::Fault read(simdjson::dom::object record);
    SdkEvent::Fault find_known(simdjson::dom::object record);
    SdkEvent::Fault read_time(simdjson::dom::object record);
    SdkEvent::Fault read_type(simdjson::dom::object record);
    SdkEvent::Fault read_texts();
    SdkEvent::Fault read_own_props(simdjson::dom::object record);
    SdkEvent::Fault read_attributes(simdjson::dom::object record);
    void accept(EventView& event);
    void reject(Place place, EventFault fault);
    std::string whole_body(std::string_view record) const;

    simdjson::dom::parser parser_;
    std::string padded_;
    // The request at hand.
    DecodedRequest out_;
    Timestamp received_at_;
    std::string_view body_, text_;
    std::optional<Structure> structure_;
    Shared resource_, scope_;
    std::size_t records_ = 0, kept_bytes_ = 0;
    // The record at hand.
    SdkEvent event_;
    Known known_;
    std::string nanos_, json_, id_;
    std::deque<std::string> prop_names_;
};

}  // namespace streamgauge
