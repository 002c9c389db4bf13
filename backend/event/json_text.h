// SPDX-License-Identifier: GPL-3.0-or-later
// What every decoder of JSON bodies shares: where values begin and end in the text, times, and errors about a body.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "event/json_scan.h"

namespace streamgauge {

// What the validator, which only explains, lets pass: the parser's own bound on nesting is the one that counts.
inline constexpr std::size_t kParserDepth = 1024;

// What is wrong with one event.
struct EventFault {
    std::string reason;  // for a person
    std::string member;  // as the producer spelt it, a JSON pointer to it, or the canonical name when it is missing
};

// White space is JSON's.
std::string_view trim_end(std::string_view text);
// Without white space around it and without a byte order mark.
std::string_view trim_body(std::string_view body);
// Why `text`, which the parser refused with `error`, is not JSON, and where.
JsonFault explain(std::string_view text, simdjson::error_code error);

Error bad_body(std::string message, std::size_t offset);
Error too_many_events(std::size_t offset);

// RFC 3339, or seconds to nanoseconds since 1970 by magnitude as a number or in a string. nullopt: no such time.
std::optional<Timestamp> read_time(std::string_view text);
std::optional<Timestamp> read_time(simdjson::dom::element value);

// Where things begin and end in the text that `parser` parsed last, from its index of structural characters: opening
// quotes, brackets, commas, colons, and the first character of every other value. Valid until the next parse.
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
        if (first == '{' || first == '[') return {at_[index], at_[next - 1] + 1U};
        const std::size_t end = next < count_ ? at_[next] : text_.size();
        return {at_[index], at_[index] + trim_end(text_.substr(at_[index], end - at_[index])).size()};
    }
    std::string_view text(std::size_t index) const {
        const TextSpan s = span(index);
        return text_.substr(s.begin, s.end - s.begin);
    }
    // The structural index of the value of the object's member number `ordinal`, from 0, which must exist.
    std::size_t member(std::size_t index, std::size_t ordinal) const;
    // Of the value of the member called `name` in the object that starts at `index`, or that the JSON pointer `name`
    // leads to (through objects only); as far as it exists.
    std::size_t member_offset(std::size_t index, std::string_view name) const;

private:
    std::optional<std::size_t> find(std::size_t index, std::string_view name) const;

    std::string_view text_;
    const std::uint32_t* at_;
    std::size_t count_;
};

}  // namespace streamgauge
