// SPDX-License-Identifier: GPL-3.0-or-later
// Sources: CloudEvents 1.0.2, its HTTP protocol binding (3.1.3.2: how header values are written) and JSON event format.
#include "event/cloudevents_decoder.h"

#include <sodium.h>

#include <algorithm>

#include "base/limits.h"
#include "event/json_text.h"
#include "event/media_type.h"
#include "event/visitor.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using Text = SdkEvent::Text;

constexpr std::string_view kPrefix = "ce-";
constexpr std::string_view kBatch = "application/cloudevents-batch";
constexpr std::string_view kStructured = "application/cloudevents";

EventFault fault(std::string reason, std::string_view member) {
    return {std::move(reason), std::string(member)};
}

bool starts_with(std::string_view text, std::string_view prefix) {
    return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool names_json(std::string_view type) {
    return equal_ignoring_case(type, "application/json") || equal_ignoring_case(type, "text/json") ||
           (type.size() > 5 && equal_ignoring_case(type.substr(type.size() - 5), "+json"));
}

bool is_attribute(std::string_view header) {
    return header.size() > kPrefix.size() && starts_with(header, kPrefix);
}

int hexadecimal_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The value behind quotes and percent-encoding, which are taken off once; what is not encoded stays.
void decode_value(std::string_view value, std::string& out) {
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    if (quoted) value = value.substr(1, value.size() - 2);
    std::string plain;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (quoted && value[i] == '\\' && i + 1 < value.size()) ++i;
        plain += value[i];
    }
    out.clear();
    for (std::size_t i = 0; i < plain.size(); ++i) {
        const int high = plain[i] == '%' && i + 2 < plain.size() ? hexadecimal_digit(plain[i + 1]) : -1;
        const int low = high >= 0 ? hexadecimal_digit(plain[i + 2]) : -1;
        if (low < 0) {
            out += plain[i];
        } else {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
}

// Bytes that are not UTF-8, read as ISO 8859-1: what senders mean who encode nothing.
std::string from_latin1(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0 | (byte >> 6));
            text += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return text;
}

std::string base64(std::string_view bytes) {
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();  // the terminator
    return text;
}

bool is_text(std::string_view bytes) {
    return simdjson::validate_utf8(bytes.data(), bytes.size()) && bytes.find('\0') == std::string_view::npos;
}

SdkEvent::Fault read_required(object o, std::string_view name, std::string_view& out) {
    const auto value = member_of(o, name);
    if (!value) return fault("is missing", name);
    if (value->get_string().get(out) != simdjson::SUCCESS || out.empty())
        return fault("must be a text that is not empty", name);
    if (out.find('\0') != std::string_view::npos) return fault("holds the character U+0000", name);
    return std::nullopt;
}

}  // namespace

Result<bool> CloudEventsDecoder::unwrap(const DecodeInput& input, std::string& out) {
    header_fault_.reset();
    const std::string_view type = media_type(input.header("Content-Type"));
    const auto unknown = [&] {
        Error e = Error::make(ErrorCode::InvalidArgument, "no form of CloudEvents that is taken");
        e.field = "Content-Type";
        e.hint = "send application/cloudevents+json, application/cloudevents-batch+json, or ce- headers";
        return e;
    };
    for (const auto& [prefix, mode] : {std::pair{kBatch, Mode::Batch}, std::pair{kStructured, Mode::Structured}}) {
        if (!starts_with(type, prefix)) continue;
        const std::string_view format = type.substr(prefix.size());
        if (!format.empty() && !equal_ignoring_case(format, "+json")) return unknown();
        mode_ = mode;
        return false;
    }
    if (std::any_of(input.headers.begin(), input.headers.end(), [](const auto& h) { return is_attribute(h.first); })) {
        mode_ = Mode::Binary;
        write_structured(input, out);
        return true;
    }
    if (!type.empty() && !names_json(type)) return unknown();
    mode_ = Mode::ByBody;
    return false;
}

void CloudEventsDecoder::write_structured(const DecodeInput& input, std::string& out) {
    out.assign(1, '{');
    written_.clear();
    const std::string_view type = input.header("Content-Type");
    if (!type.empty()) write_attribute("datacontenttype", type, out);
    for (const auto& [name, value] : input.headers) {
        if (!is_attribute(name)) continue;
        const std::string_view attribute = name.substr(kPrefix.size());
        // Content-Type speaks for the data.
        if (type.empty() || !equal_ignoring_case(attribute, "datacontenttype")) write_attribute(attribute, value, out);
    }
    if (!input.body.empty()) write_data(input, out);
    out += '}';
}

void CloudEventsDecoder::write_attribute(std::string_view header, std::string_view value, std::string& out) {
    const auto wrong = [&](std::string_view reason, std::string_view name) {
        if (!header_fault_) header_fault_ = fault(std::string(reason), name);
    };
    std::string name(header);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '\\'; };
    if (std::any_of(name.begin(), name.end(), odd)) return wrong("a ce- header has no attribute's name", {});
    if (name == "data" || name == "data_base64") return wrong("cannot be the name of an attribute", name);
    if (std::find(written_.begin(), written_.end(), name) != written_.end())
        return wrong("is given by two headers", name);
    decode_value(value, decoded_);
    if (!simdjson::validate_utf8(decoded_.data(), decoded_.size())) {
        wrong("its header is not UTF-8", name);
        decoded_ = from_latin1(decoded_);
    }
    if (decoded_.find('\0') != std::string::npos) {
        wrong("holds the character U+0000", name);
        std::replace(decoded_.begin(), decoded_.end(), '\0', ' ');
    }
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, decoded_);
    written_.push_back(std::move(name));
}

// Whether it can stand as a value in the event, which is one level of nesting more.
bool CloudEventsDecoder::is_one_value(std::string_view body) {
    probe_.assign(1, '[').append(body).append(1, ']');
    simdjson::dom::array values;
    return probe_parser_.parse(probe_).get_array().get(values) == simdjson::SUCCESS && values.size() == 1;
}

void CloudEventsDecoder::write_data(const DecodeInput& input, std::string& out) {
    const std::string_view type = media_type(input.header("Content-Type"));
    // What is too large for an event is only kept for a person to see.
    const bool too_large = input.body.size() > limits::kEventBytes;
    const std::string_view body = input.body.substr(0, limits::kEventBytes + 1);
    if (out.size() > 1) out += ',';
    if (!too_large && (type.empty() || names_json(type))) {
        const std::string_view value = trim_body(body);
        if (is_one_value(value)) {
            out.append("\"data\":").append(value);
            return;
        }
        if (!type.empty() && !header_fault_) {
            const auto why = find_json_fault(value, kParserDepth);
            header_fault_ = fault("not JSON: " + (why ? why->reason : std::string("nested too deep")), "data");
        }
    }
    if (is_text(body)) {
        out += "\"data\":";
        append_json_string(out, body);
    } else {
        out.append("\"data_base64\":\"").append(base64(body)).append(1, '"');
    }
}

Status CloudEventsDecoder::begin(const DecodeInput&, std::optional<object>, bool lone) {
    if (mode_ == Mode::Structured && !lone)
        return Error::make(ErrorCode::InvalidArgument,
                           "a list of events is sent as application/cloudevents-batch+json");
    if (mode_ == Mode::Batch && lone)
        return Error::make(ErrorCode::InvalidArgument, "a batch of CloudEvents is a JSON array");
    return {};
}

// Source and id together name an event. Their text "source#id" is one to one as long as the id has no '#'.
SdkEvent::Fault CloudEventsDecoder::read_id(object o, SdkEvent& event) {
    std::string_view source, id;
    if (auto found = read_required(o, "source", source)) return found;
    if (auto found = read_required(o, "id", id)) return found;
    id_hashed_ = id.find('#') != std::string_view::npos || source.size() + 1 + id.size() > limits::kEventIdBytes;
    std::string text;
    if (id_hashed_) {
        const auto digest = digest_of({source, id});
        text.assign(kPrefix).append(digest.data(), digest.size());
    } else {
        text.assign(source).append(1, '#').append(id);
    }
    return event.set_copy(Text::EventId, std::move(text), "id");
}

SdkEvent::Fault CloudEventsDecoder::read_context(object o, SdkEvent& event) {
    std::string_view text;
    if (auto found = read_required(o, "specversion", text)) return found;
    if (text != "1.0") return fault("must be 1.0", "specversion");
    if (auto found = read_id(o, event)) return found;
    if (auto found = read_required(o, "type", text)) return found;
    if (auto found = event.set(Text::EventType, text, "type")) return found;
    if (const auto subject = member_of(o, "subject")) {
        if (subject->get_string().get(text) != simdjson::SUCCESS) return fault("must be a string", "subject");
        if (auto found = event.set(Text::UserId, text, "subject")) return found;
    }
    const auto time = member_of(o, "time");
    if (!time) return std::nullopt;
    if (!time->is_string()) return fault("must be a string", "time");
    return event.set_time(*time, "time");
}

SdkEvent::Fault CloudEventsDecoder::read_data(object o, SdkEvent& event) {
    data_.reset();
    const auto data = member_of(o, "data");
    if (const auto encoded = member_of(o, "data_base64")) {
        if (data) return fault("there is data as well", "data_base64");
        if (!encoded->is_string()) return fault("must be a string", "data_base64");
        return event.add_prop("data_base64", *encoded, "data_base64");
    }
    if (!data) return std::nullopt;
    object members;
    if (data->get_object().get(members) != simdjson::SUCCESS) return event.add_prop("data", *data, "data");
    data_ = members;
    for (const auto [name, value] : members) {
        if (name == "url" && value.is_string()) {
            if (auto found = event.set(Text::PageUrl, value, "/data/url")) return found;
        } else if (auto found = event.add_prop(name, value, "data", 3)) {
            return found;
        }
    }
    return std::nullopt;
}

// Where the data has a member of an attribute's name, the attribute is led by "ce_".
SdkEvent::Fault CloudEventsDecoder::read_attributes(object o, SdkEvent& event) {
    prop_names_.clear();
    for (const auto [name, value] : o) {
        if (value.is_null() || name == "specversion" || name == "type" || name == "subject" || name == "time" ||
            name == "data" || name == "data_base64" || (name == "id" && !id_hashed_) ||
            (name == "datacontenttype" && data_))
            continue;
        std::string_view prop = name;
        if (data_ && data_->at_key(name).error() == simdjson::SUCCESS)
            prop = prop_names_.emplace_back(std::string("ce_").append(name));
        if (auto found = event.add_prop(prop, value, name)) return found;
    }
    return std::nullopt;
}

SdkEvent::Fault CloudEventsDecoder::read(object o, SdkEvent& event) {
    // The id goes with a rejection where it can be read.
    if (header_fault_) {
        [[maybe_unused]] const auto unread = read_id(o, event);
        return header_fault_;
    }
    if (auto found = read_context(o, event)) return found;
    if (auto found = read_data(o, event)) return found;
    return read_attributes(o, event);
}

}  // namespace streamgauge
