// SPDX-License-Identifier: GPL-3.0-or-later
// A slow, strict second look at JSON text that the fast parser refused: where exactly is it wrong (RFC 8259), and where
// do the elements of an array begin and end so that the good ones can be saved. Only ever runs on bad input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace streamgauge {

struct JsonFault {
    std::size_t offset = 0;  // of the first byte that cannot be right
    std::string reason;      // for a person
};

// The first fault of `text` as one JSON value: grammar, UTF-8, lone surrogates, numbers that do not fit in a 64-bit
// integer or a finite double, more than `max_depth` levels. nullopt when it has none.
std::optional<JsonFault> find_json_fault(std::string_view text, std::size_t max_depth);

struct TextSpan {
    std::size_t begin = 0, end = 0;  // bytes, end excluded
};

// The elements of the array that `text` holds, by its brackets, commas and quotes alone; what is inside an element may
// be wrong. nullopt when those do not pair up, or when text follows the array. When there are more than `most`, the
// first of them and one more, whatever follows.
std::optional<std::vector<TextSpan>> split_array(std::string_view text, std::size_t most = SIZE_MAX);

struct FoundMember {
    std::size_t name = 0;  // index into the names that were looked for
    TextSpan value;
};
// The first member that has one of `names` (written without escapes) of the object that `text` begins with, by
// brackets, commas and quotes alone; what follows it is not looked at. nullopt when there is none or those do not pair
// up.
std::optional<FoundMember> find_any_member(std::string_view text, std::span<const std::string_view> names);
std::optional<TextSpan> find_member(std::string_view text, std::string_view name);

// True when `line` is one object and nothing else but white space, by its brackets and quotes alone.
bool is_one_object(std::string_view line);

}  // namespace streamgauge
