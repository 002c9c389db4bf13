// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/decode.h"

#include <simdjson.h>

#include "base/limits.h"
#include "event/event_reader.h"
#include "event/json_scan.h"
#include "event/json_text.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;

constexpr std::string_view kNoObject = "an event is a JSON object";

// By itself a body is taken for NDJSON when its first line is one whole object and there is more after it.
bool looks_like_lines(std::string_view body) {
    const std::size_t line_end = body.find('\n');
    if (line_end == std::string_view::npos) return false;
    const std::string_view first = body.substr(0, line_end);
    return trim_end(body).size() > line_end && is_one_object(first);
}

}  // namespace

struct JsonDecoder::Impl {
    simdjson::dom::parser parser;
    EventReader reader;
    std::string padded;

    // The request at hand.
    std::string_view body;
    Timestamp received_at;
    DecodedRequest* out = nullptr;
    bool naming_known = false;

    Status whole(std::string_view text);
    Status array(std::string_view text, simdjson::dom::array items);
    Status broken_array(std::string_view text, const std::vector<TextSpan>& items);
    Status lines(std::string_view text);
    void item(std::size_t index, std::string_view text);
    void parsed_item(std::size_t index, element value, const Structure& structure, std::size_t at, bool too_large,
                     std::string_view text);
    void reject(std::size_t index, std::string reason, std::string field, std::string_view text, std::size_t offset,
                std::string_view event_id = {});
    std::size_t offset_of(std::string_view text) const { return static_cast<std::size_t>(text.data() - body.data()); }
};

void JsonDecoder::Impl::reject(std::size_t index, std::string reason, std::string field, std::string_view text,
                               std::size_t offset, std::string_view event_id) {
    Rejection r;
    r.index = static_cast<std::uint32_t>(index);
    r.reason = std::move(reason);
    r.field = std::move(field);
    r.offset = offset;
    r.raw = text.substr(0, limits::kDeadLetterRawBytes);
    r.event_id = event_id;
    out->rejected.push_back(std::move(r));
}

// `at` is where the value starts in `structure`, which belongs to `text`.
void JsonDecoder::Impl::parsed_item(std::size_t index, element value, const Structure& structure, std::size_t at,
                                    bool too_large, std::string_view text) {
    const auto raw = [&] {
        const TextSpan span = structure.span(at);
        return text.substr(span.begin, span.end - span.begin);
    };
    simdjson::dom::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS)
        return reject(index, std::string(kNoObject), {}, raw(), offset_of(raw()));
    if (too_large)
        return reject(index, "an event is at most " + std::to_string(limits::kEventBytes) + " bytes", {}, raw(),
                      offset_of(raw()));
    EventView event;
    const auto fault = reader.read(object, received_at, event);
    if (!naming_known) {
        naming_known = true;
        out->naming = reader.saw_camel_case() ? NamingStyle::Camel : NamingStyle::Snake;
    }
    if (fault)
        return reject(index, fault->reason, fault->member, raw(),
                      offset_of(text) + structure.member_offset(at, fault->member), reader.id());
    out->batch.add(event);
    out->request_index.push_back(static_cast<std::uint32_t>(index));
}

// One event whose text is known: a line, or an element of an array that is not right as a whole.
void JsonDecoder::Impl::item(std::size_t index, std::string_view text) {
    element value;
    const auto error = parser.parse(text.data(), text.size(), false).get(value);
    if (error == simdjson::SUCCESS) {
        const Structure structure(text, parser);
        return parsed_item(index, value, structure, 0, text.size() > limits::kEventBytes, text);
    }
    const JsonFault fault = explain(text, error);
    reject(index, "not JSON: " + fault.reason, {}, text, offset_of(text) + fault.offset);
}

Status JsonDecoder::Impl::lines(std::string_view text) {
    out->several = true;
    std::size_t index = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), end);
        const std::string_view line = trim_end(text.substr(begin, end - begin));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        if (index == limits::kEventsPerRequest) return too_many_events(offset_of(line));
        item(index++, line);
    }
    return {};
}

Status JsonDecoder::Impl::array(std::string_view text, simdjson::dom::array items) {
    out->several = true;
    const Structure structure(text, parser);
    const bool check_count = items.size() > limits::kEventsPerRequest;
    std::size_t index = 0;
    std::size_t at = 1;
    for (const element value : items) {
        if (check_count && index == limits::kEventsPerRequest)
            return too_many_events(offset_of(text) + structure.span(at).begin);
        const std::size_t next = structure.behind(at);
        const TextSpan span = structure.span(at, next);
        parsed_item(index++, value, structure, at, span.end - span.begin > limits::kEventBytes, text);
        at = next + 1;
    }
    if (index == 0) return bad_body("the array is empty", offset_of(text));
    return {};
}

// Something in it is not JSON, but where its elements begin and end is plain: the good ones are taken.
Status JsonDecoder::Impl::broken_array(std::string_view text, const std::vector<TextSpan>& items) {
    out->several = true;
    for (std::size_t index = 0; index < items.size(); ++index) {
        const std::string_view span = text.substr(items[index].begin, items[index].end - items[index].begin);
        if (index == limits::kEventsPerRequest) return too_many_events(offset_of(span));
        item(index, span);
    }
    return {};
}

Status JsonDecoder::Impl::whole(std::string_view text) {
    element root;
    const auto error = parser.parse(text.data(), text.size(), false).get(root);
    if (error != simdjson::SUCCESS) {
        if (text.front() == '[')
            if (const auto items = split_array(text, limits::kEventsPerRequest)) return broken_array(text, *items);
        const JsonFault fault = explain(text, error);
        return bad_body("not JSON: " + fault.reason, offset_of(text) + fault.offset);
    }
    simdjson::dom::array items;
    if (root.get_array().get(items) == simdjson::SUCCESS) return array(text, items);
    if (!root.is_object()) return bad_body(std::string(kNoObject), offset_of(text));
    parsed_item(0, root, Structure(text, parser), 0, text.size() > limits::kEventBytes, text);
    return {};
}

JsonDecoder::JsonDecoder() : impl_(std::make_unique<Impl>()) {}
JsonDecoder::~JsonDecoder() = default;

Result<DecodedRequest> JsonDecoder::decode(std::string_view body, std::size_t padded_capacity, bool ndjson,
                                           Timestamp received_at, std::string project) {
    static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
    Impl& impl = *impl_;
    if (padded_capacity < body.size() + kPadding) {
        impl.padded.assign(body);
        impl.padded.append(kPadding, ' ');
        body = std::string_view(impl.padded).substr(0, body.size());
    }
    DecodedRequest out;
    out.batch = EventBatch(std::move(project));
    impl.body = body;
    impl.received_at = received_at;
    impl.out = &out;
    impl.naming_known = false;

    const std::string_view text = trim_body(body);
    if (text.empty()) return bad_body("the body is empty", 0);

    // Canonical text is about as long as its JSON; a guess that is short only costs a reallocation.
    out.batch.reserve(text.size() / 160 + 1, text.size() + 64);
    const bool by_line = ndjson || looks_like_lines(text);
    const Status status = by_line ? impl.lines(text) : impl.whole(text);
    impl.out = nullptr;
    if (!status.ok()) return status.error();
    return out;
}

}  // namespace streamgauge
