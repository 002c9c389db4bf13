// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/sdk_decoder.h"

#include "base/limits.h"
#include "event/json_scan.h"
#include "event/json_text.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;

constexpr std::size_t kKeptBodyBytes = 1024 * 1024;  // memory for longer bodies is given back
constexpr std::size_t kShortestKey = 8;              // a shorter text might be anything but a key

std::string_view cut(std::string_view text, TextSpan span) {
    return text.substr(span.begin, span.end - span.begin);
}

// `"key"` -> `""`, wherever it stands.
std::string without_key(std::string_view text, std::string_view key) {
    std::string out;
    if (key.size() < kShortestKey) return std::string(text);
    const std::string quoted = '"' + std::string(key) + '"';
    for (;;) {
        const std::size_t at = text.find(quoted);
        out += text.substr(0, at);
        if (at == std::string_view::npos) return out;
        out += "\"\"";
        text.remove_prefix(at + quoted.size());
    }
}

// `"name":value` as the first member of `object`, the text of a JSON object that may be broken; nothing when it would
// be too long to keep.
void put_first(std::string& object, std::string_view member) {
    if (!object.starts_with('{') || object.size() + member.size() + 1 > limits::kDeadLetterRawBytes) return;
    const std::size_t next = object.find_first_not_of(" \t\r\n", 1);
    const bool has_members = next != std::string::npos && object[next] != '}';
    object.insert(1, std::string(member) + (has_members ? "," : ""));
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

void SdkDecoder::supply_sent_at(std::string_view name, std::optional<Timestamp> sent_at) {
    if (!sent_at) return;
    sent_at_name_ = name;
    supplied_sent_at_ = '"' + sent_at_name_ + R"(":")" + format_rfc3339(*sent_at) + '"';
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
    r.raw = without_key(raw.substr(0, limits::kDeadLetterRawBytes), out_.key);
    if (!supplied_sent_at_.empty() && !find_member(r.raw, sent_at_name_)) put_first(r.raw, supplied_sent_at_);
    if (!supplied_.empty()) put_first(r.raw, supplied_);
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
Status SdkDecoder::broken_list(std::string_view text, const std::vector<TextSpan>& items) {
    out_.several = true;
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
        const auto items = split_array(text, limits::kEventsPerRequest);
        if (!items) return give_up();
        if (Status status = begin(input, std::nullopt, false); !status.ok()) return status;
        return broken_list(text, *items);
    }
    // The envelope without its list must be right.
    const auto span = list_member_.empty() ? std::nullopt : find_member(text, list_member_);
    const auto items = span ? split_array(cut(text, *span), limits::kEventsPerRequest) : std::nullopt;
    if (!items) return give_up();
    envelope_text_.assign(text.substr(0, span->begin)).append("[]").append(text.substr(span->end));
    element envelope;
    simdjson::dom::object object;
    if (envelope_parser_.parse(envelope_text_).get(envelope) != simdjson::SUCCESS ||
        envelope.get_object().get(object) != simdjson::SUCCESS)
        return give_up();
    if (Status status = begin(input, object, false); !status.ok()) return status;
    return broken_list(cut(text, *span), *items);
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

Status SdkDecoder::read_body(std::string_view body, std::size_t padded_capacity, const DecodeInput& input) {
    static_assert(JsonDecoder::kPadding >= simdjson::SIMDJSON_PADDING);
    if (padded_capacity < body.size() + JsonDecoder::kPadding) {
        padded_.assign(body).append(JsonDecoder::kPadding, ' ');
        body = std::string_view(padded_).substr(0, body.size());
    }
    body_ = body;
    const std::string_view text = trim_body(body);
    if (text.empty()) return bad_body("the body is empty", 0);
    // Canonical text is about as long as its JSON; a guess that is short only costs a reallocation.
    out_.batch.reserve(text.size() / 320 + 1, text.size() + 64);
    return whole(text, input);
}

// A parser keeps some fourteen bytes for each of the longest text it has seen.
void SdkDecoder::release_memory() {
    parser_ = simdjson::dom::parser();
    envelope_parser_ = simdjson::dom::parser();
    for (std::string* buffer : {&padded_, &unwrapped_, &envelope_text_}) std::string().swap(*buffer);
}

Result<DecodedRequest> SdkDecoder::decode(const DecodeInput& input) {
    DecodedRequest fresh;
    out_ = std::move(fresh);
    key_of_all_ = false;
    ended_.reset();
    supplied_sent_at_.clear();
    received_at_ = input.received_at;
    const Result<bool> unwrapped = unwrap(input, unwrapped_);
    if (!unwrapped.ok()) return unwrapped.error();
    offsets_known_ = !unwrapped.value();
    const Status status =
        unwrapped.value() ? read_body(unwrapped_, 0, input) : read_body(input.body, input.padded_capacity, input);
    if (input.body.size() > kKeptBodyBytes) release_memory();
    if (!status.ok()) return status.error();
    return std::move(out_);
}

}  // namespace streamgauge
