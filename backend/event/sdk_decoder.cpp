// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/sdk_decoder.h"

#include "base/limits.h"
#include "event/json_scan.h"
#include "event/json_text.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;

constexpr std::size_t kShortestKey = 8;  // a shorter text might be anything but a key

std::string_view cut(std::string_view text, TextSpan span) {
    return text.substr(span.begin, span.end - span.begin);
}

// `"key"` -> `""`, wherever it stands.
void cut_out(std::string& text, std::string_view key) {
    if (key.size() < kShortestKey) return;
    const std::string quoted = '"' + std::string(key) + '"';
    for (std::size_t at = text.find(quoted); at != std::string::npos; at = text.find(quoted, at + 2))
        text.replace(at, quoted.size(), "\"\"");
}

}  // namespace

// Where an event stands. In a list it moves from event to event, forwards only, and only when it is asked.
class SdkDecoder::Place {
public:
    Place(std::string_view text, const Structure& structure, std::size_t at)
        : text_(text), structure_(structure), at_(at) {}

    void wanted(std::size_t index) { wanted_ = index; }
    std::string_view raw() { return structure_.text(here()); }
    std::size_t offset(std::string_view member) { return structure_.member_offset(here(), member); }
    std::string_view text() const { return text_; }
    // When the whole text is small enough, so is each event in it.
    bool too_large() { return text_.size() > limits::kEventBytes && raw().size() > limits::kEventBytes; }

private:
    std::size_t here() {
        for (; index_ < wanted_; ++index_) at_ = structure_.behind(at_) + 1;
        return at_;
    }
    std::string_view text_;
    const Structure& structure_;
    std::size_t at_;
    std::size_t index_ = 0, wanted_ = 0;
};

Result<bool> SdkDecoder::unwrap(const DecodeInput&, std::string&) {
    return false;
}

bool SdkDecoder::share_key(std::string_view key, std::string_view member) {
    if (key_of_all_ || key.empty() || key == out_.key) return true;
    if (out_.key.empty()) {
        out_.key = key;
        return true;
    }
    Error e = Error::make(ErrorCode::InvalidArgument, "the events of one request must name the same key");
    e.field = member;
    end_request(std::move(e));
    return false;
}

std::size_t SdkDecoder::offset_of(std::string_view text) const {
    return offsets_known_ ? static_cast<std::size_t>(text.data() - body_.data()) : 0;
}

void SdkDecoder::reject(std::size_t index, EventFault fault, std::string_view raw, std::size_t offset) {
    Rejection r;
    r.index = static_cast<std::uint32_t>(index);
    r.reason = std::move(fault.reason);
    r.field = std::move(fault.member);
    r.offset = offsets_known_ ? offset : 0;
    r.raw = raw.substr(0, limits::kDeadLetterRawBytes);
    if (!supplied_.empty() && r.raw.starts_with('{') && trim_end(raw).ends_with('}') &&
        r.raw.size() + supplied_.size() + 1 <= limits::kDeadLetterRawBytes) {
        const bool has_members = r.raw.find('"') != std::string::npos;
        r.raw.insert(1, supplied_ + (has_members ? "," : ""));
    }
    cut_out(r.raw, out_.key);
    r.event_id = event_.text(SdkEvent::Text::EventId);
    out_.rejected.push_back(std::move(r));
}

void SdkDecoder::item(std::size_t index, element value, Place& place) {
    event_.begin(received_at_);
    supplied_.clear();
    simdjson::dom::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS)
        return reject(index, {"an event is a JSON object", {}}, place.raw(), offset_of(place.raw()));
    EventView event;
    SdkEvent::Fault fault = read(object, event_);
    if (ended_) return;
    if (place.too_large())
        return reject(index, {"an event is at most " + std::to_string(limits::kEventBytes) + " bytes", {}}, place.raw(),
                      offset_of(place.raw()));
    if (!fault) fault = event_.finish(event);
    if (fault) {
        const std::size_t offset = offset_of(place.text()) + place.offset(fault->member);
        return reject(index, std::move(*fault), place.raw(), offset);
    }
    deliver(index, event);
}

void SdkDecoder::deliver(std::size_t index, const EventView& event) {
    out_.batch.add(event);
    out_.request_index.push_back(static_cast<std::uint32_t>(index));
}

Status SdkDecoder::list(simdjson::dom::array items, std::string_view text, std::size_t array_index) {
    out_.several = true;
    const Structure structure(text, parser_);
    Place place(text, structure, array_index + 1);
    std::size_t index = 0;
    for (const element value : items) {
        place.wanted(index);
        if (index == limits::kEventsPerRequest) return too_many_events(offset_of(place.raw()));
        item(index++, value, place);
        if (ended_) return std::move(*ended_);
    }
    if (index == 0 && empty_list_ == EmptyList::Error) {
        Error e = bad_body("the list of events is empty", offset_of(structure.text(array_index)));
        e.field = list_member_;
        return e;
    }
    return {};
}

// The elements are not right as a whole, but where they begin and end is plain: the good ones are taken.
Status SdkDecoder::broken_list(std::string_view text) {
    out_.several = true;
    const auto items = split_array(text).value_or(std::vector<TextSpan>{});
    for (std::size_t index = 0; index < items.size(); ++index) {
        const std::string_view raw = cut(text, items[index]);
        if (index == limits::kEventsPerRequest) return too_many_events(offset_of(raw));
        element value;
        const auto error = parser_.parse(raw.data(), raw.size(), false).get(value);
        if (error == simdjson::SUCCESS) {
            const Structure structure(raw, parser_);
            Place place(raw, structure, 0);
            item(index, value, place);
            if (ended_) return std::move(*ended_);
            continue;
        }
        event_.begin(received_at_);
        supplied_.clear();
        if (const auto id = find_member(raw, id_member_)) {
            const std::string_view written = cut(raw, *id);
            const bool plain = written.size() > 2 && written.find('\\') == std::string_view::npos;
            if (plain && written.front() == '"' && !find_json_fault(written, 1))
                event_.set(SdkEvent::Text::EventId, written.substr(1, written.size() - 2), id_member_);
        }
        const JsonFault fault = explain(raw, error);
        reject(index, {"not JSON: " + fault.reason, {}}, raw, offset_of(raw) + fault.offset);
    }
    return {};
}

Status SdkDecoder::broken(std::string_view text, simdjson::error_code error, const DecodeInput& input) {
    const auto give_up = [&]() -> Status {
        const JsonFault fault = explain(text, error);
        return bad_body("not JSON: " + fault.reason, offset_of(text) + fault.offset);
    };
    if (text.front() == '[') {
        if (!split_array(text)) return give_up();
        if (Status status = begin(input, std::nullopt, false); !status.ok()) return status;
        return broken_list(text);
    }
    // The envelope without its list must be right.
    const auto span = list_member_.empty() ? std::nullopt : find_member(text, list_member_);
    if (!span || !split_array(cut(text, *span))) return give_up();
    envelope_text_.assign(text.substr(0, span->begin)).append("[]").append(text.substr(span->end));
    element envelope;
    simdjson::dom::object object;
    if (envelope_parser_.parse(envelope_text_).get(envelope) != simdjson::SUCCESS ||
        envelope.get_object().get(object) != simdjson::SUCCESS)
        return give_up();
    if (Status status = begin(input, object, false); !status.ok()) return status;
    return broken_list(cut(text, *span));
}

Status SdkDecoder::whole(std::string_view text, const DecodeInput& input) {
    element root;
    const auto error = parser_.parse(text.data(), text.size(), false).get(root);
    if (error != simdjson::SUCCESS) return broken(text, error, input);
    simdjson::dom::array items;
    if (root.get_array().get(items) == simdjson::SUCCESS) {
        if (Status status = begin(input, std::nullopt, false); !status.ok()) return status;
        return list(items, text, 0);
    }
    simdjson::dom::object object;
    if (root.get_object().get(object) != simdjson::SUCCESS)
        return bad_body("an event is a JSON object", offset_of(text));
    const Structure structure(text, parser_);
    if (!list_member_.empty()) {
        std::size_t ordinal = 0;
        for (const auto [name, value] : object) {
            if (name == list_member_ && value.get_array().get(items) == simdjson::SUCCESS) {
                if (Status status = begin(input, object, false); !status.ok()) return status;
                return list(items, text, structure.member(0, ordinal));
            }
            ++ordinal;
        }
    }
    if (Status status = begin(input, object, true); !status.ok()) return status;
    Place place(text, structure, 0);
    item(0, root, place);
    if (ended_) return std::move(*ended_);
    return {};
}

Result<DecodedRequest> SdkDecoder::decode(const DecodeInput& input) {
    static_assert(JsonDecoder::kPadding >= simdjson::SIMDJSON_PADDING);
    DecodedRequest fresh;
    out_ = std::move(fresh);
    key_of_all_ = false;
    ended_.reset();
    received_at_ = input.received_at;
    const Result<bool> unwrapped = unwrap(input, unwrapped_);
    if (!unwrapped.ok()) return unwrapped.error();
    offsets_known_ = !unwrapped.value();
    body_ = input.body;
    if (unwrapped.value() || input.padded_capacity < input.body.size() + JsonDecoder::kPadding) {
        std::string& buffer = unwrapped.value() ? unwrapped_ : padded_;
        if (!unwrapped.value()) buffer.assign(input.body);
        const std::size_t size = buffer.size();
        buffer.append(JsonDecoder::kPadding, ' ');
        body_ = std::string_view(buffer).substr(0, size);
    }
    const std::string_view text = trim_body(body_);
    if (text.empty()) return bad_body("the body is empty", 0);
    // Canonical text is about as long as its JSON; a guess that is short only costs a reallocation.
    out_.batch.reserve(text.size() / 320 + 1, text.size() + 64);
    const Status status = whole(text, input);
    if (!status.ok()) return status.error();
    return std::move(out_);
}

}  // namespace streamgauge
