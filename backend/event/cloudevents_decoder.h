// SPDX-License-Identifier: GPL-3.0-or-later
// CloudEvents 1.0 over HTTP in JSON: binary, structured and batch mode. A binary request is written as a structured
// event first, so that there is one reader, and dead letters need no headers. Field table: docs/dialects.md.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "event/sdk_decoder.h"

namespace streamgauge {

// A format other than JSON, and a Content-Type that is none of CloudEvents where no ce- header is, is InvalidArgument
// with the field "Content-Type": HTTP's 415. Not thread-safe.
class CloudEventsDecoder final : public SdkDecoder {
public:
    CloudEventsDecoder() : SdkDecoder({}, {}, EmptyList::Allowed) {}

private:
    enum class Mode { Binary, Structured, Batch, ByBody };

    Result<bool> unwrap(const DecodeInput& input, std::string& out) override;
    Status begin(const DecodeInput& input, std::optional<simdjson::dom::object> envelope, bool lone) override;
    SdkEvent::Fault read(simdjson::dom::object object, SdkEvent& event) override;

    void write_structured(const DecodeInput& input, std::string& out);
    void write_attribute(std::string_view name, std::string_view value, std::string& out);
    void write_data(const DecodeInput& input, std::string& out);
    bool is_one_value(std::string_view body);

    SdkEvent::Fault read_id(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_context(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_data(simdjson::dom::object object, SdkEvent& event);
    SdkEvent::Fault read_attributes(simdjson::dom::object object, SdkEvent& event);

    Mode mode_ = Mode::ByBody;
    std::optional<EventFault> header_fault_;  // the first of the request
    std::vector<std::string> written_;        // names of the attributes in headers
    std::string decoded_, probe_;
    simdjson::dom::parser probe_parser_;
    // The event at hand.
    std::optional<simdjson::dom::object> data_;
    bool id_hashed_ = false;
    std::deque<std::string> prop_names_;
};

}  // namespace streamgauge
