// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/decode.h"

#include <simdjson.h>

#include <cstring>

#include "base/limits.h"
#include "event/event_reader.h"
#include "event/json_scan.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;

// What the validator, which only explains, lets pass: the parser's own bound on nesting is the one that counts.
constexpr std::size_t kParserDepth = 1024;
constexpr std::string_view kNoObject = "an event is a JSON object";

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view trim_end(std::string_view text) {
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// By itself a body is taken for NDJSON when its first line is one whole object and there is more after it.
bool looks_like_lines(std::string_view body) {
    const std::size_t line_end = body.find('\n');
    if (line_end == std::string_view::npos) return false;
    const std::string_view first = body.substr(0, line_end);
    return trim_end(body).size() > line_end && is_one_object(first);
}

Error too_many(std::size_t offset) {
    Error e = Error::make(ErrorCode::TooLarge, "more than " + std::to_string(limits::kEventsPerRequest) + " events");
    e.offset = offset;
    e.hint = "send them in several requests";
    return e;
}

Error bad_body(std::string message, std::size_t offset) {
    Error e = Error::make(ErrorCode::InvalidArgument, std::move(message));
    e.offset = offset;
    return e;
}

// Where things begin and end in the parsed text, from the parser's index of structural characters: opening quotes,
// brackets, commas, colons, and the first character of every other value.
class Structure {
public:
    Structure(std::string_view text, const simdjson::dom::parser& parser)
        : text_(text),
          at_(parser.implementation->structural_indexes.get()),
          count_(parser.implementation->n_structural_indexes) {}

    // The structural index behind the value that starts at `index`.
    std::size_t behind(std::size_t index) const {
        std::size_t depth = 0;
        do {
            const char c = text_[at_[index++]];
            if (c == '{' || c == '[') ++depth;
            if (c == '}' || c == ']') --depth;
        } while (depth > 0 && index < count_);
        return index;
    }
    TextSpan span(std::size_t index) const { return span(index, behind(index)); }
    // `next`: what behind(index) says.
    TextSpan span(std::size_t index, std::size_t next) const {
        const char first = text_[at_[index]];
        const bool container = first == '{' || first == '[';
        const std::size_t end = container ? at_[next - 1] + 1 : next < count_ ? at_[next] : text_.size();
        return {at_[index], at_[index] + trim_end(text_.substr(at_[index], end - at_[index])).size()};
    }
    // Of the value of the member called `name` in the object that starts at `index`; the object's own when there is
    // none.
    std::size_t member_offset(std::size_t index, std::string_view name) const {
        std::size_t i = index + 1;
        while (i + 2 < count_ && text_[at_[i]] == '"') {
            const std::string_view raw = text_.substr(at_[i] + 1, name.size() + 1);
            if (raw.size() == name.size() + 1 && raw.back() == '"' && raw.substr(0, name.size()) == name)
                return at_[i + 2];
            i = behind(i + 2) + 1;
        }
        return at_[index];
    }

private:
    std::string_view text_;
    const std::uint32_t* at_;
    std::size_t count_;
};

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
    void reject(std::size_t index, std::string reason, std::string field, std::string_view text, std::size_t offset);
    std::size_t offset_of(std::string_view text) const { return static_cast<std::size_t>(text.data() - body.data()); }
};

void JsonDecoder::Impl::reject(std::size_t index, std::string reason, std::string field, std::string_view text,
                               std::size_t offset) {
    Rejection r;
    r.index = static_cast<std::uint32_t>(index);
    r.reason = std::move(reason);
    r.field = std::move(field);
    r.offset = offset;
    r.raw = text.substr(0, limits::kDeadLetterRawBytes);
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
                      offset_of(text) + structure.member_offset(at, fault->member));
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
    const auto fault = find_json_fault(text, kParserDepth).value_or(JsonFault{0, simdjson::error_message(error)});
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
        if (index == limits::kEventsPerRequest) return too_many(offset_of(line));
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
            return too_many(offset_of(text) + structure.span(at).begin);
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
        if (index == limits::kEventsPerRequest) return too_many(offset_of(span));
        item(index, span);
    }
    return {};
}

Status JsonDecoder::Impl::whole(std::string_view text) {
    element root;
    const auto error = parser.parse(text.data(), text.size(), false).get(root);
    if (error != simdjson::SUCCESS) {
        if (text.front() == '[')
            if (const auto items = split_array(text)) return broken_array(text, *items);
        const auto fault = find_json_fault(text, kParserDepth).value_or(JsonFault{0, simdjson::error_message(error)});
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

    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    std::string_view text = body;
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    text = trim_end(text);
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
