// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/seen_events.h"

#include <simdjson.h>

#include "loadgen/run_stamp.h"

namespace streamgauge::loadgen {

struct SeenEventReader::Parts {
    simdjson::dom::parser page, props;
};

SeenEventReader::SeenEventReader() : parts_(std::make_unique<Parts>()) {}
SeenEventReader::~SeenEventReader() = default;

Result<std::vector<SeenEvent>> SeenEventReader::read(std::string_view json, std::string_view stamp,
                                                     std::uint64_t* skipped) {
    using simdjson::dom::element, simdjson::dom::object, simdjson::dom::array;
    const auto unreadable = [] {
        return Error::make(ErrorCode::InvalidArgument, "the answer is not a list of events");
    };
    element root;
    array list;
    if (parts_->page.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) return unreadable();
    if (root.get_array().get(list) != simdjson::SUCCESS) {
        if (root["events"].get_array().get(list) != simdjson::SUCCESS) return unreadable();
        std::uint64_t count = 0;
        if (root["skipped"].get_uint64().get(count) == simdjson::SUCCESS && skipped != nullptr) *skipped = count;
    }
    std::vector<SeenEvent> seen;
    seen.reserve(list.size());
    for (const element event : list) {
        element props;
        if (event["props"].get(props) != simdjson::SUCCESS) return unreadable();
        std::string_view text;
        // The live feed has them as text.
        if (props.get_string().get(text) == simdjson::SUCCESS &&
            parts_->props.parse(text.data(), text.size(), true).get(props) != simdjson::SUCCESS)
            return unreadable();
        object members;
        if (props.get_object().get(members) != simdjson::SUCCESS) return unreadable();
        std::string_view run;
        if (members[kStampRun].get_string().get(run) != simdjson::SUCCESS || run != stamp) continue;
        SeenEvent one;
        if (event["id"].get_uint64().get(one.id) != simdjson::SUCCESS ||
            members[kStampNumber].get_uint64().get(one.number) != simdjson::SUCCESS ||
            members[kStampSent].get_int64().get(one.sent_micros) != simdjson::SUCCESS || one.sent_micros < 0)
            return unreadable();
        seen.push_back(one);
    }
    return seen;
}

}  // namespace streamgauge::loadgen
