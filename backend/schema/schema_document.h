// SPDX-License-Identifier: GPL-3.0-or-later
// A JSON Schema document of draft 7, read strictly and brought to the form that the validator and the comparison of
// versions work on: every reference replaced by what it names, only keywords that decide anything.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"

namespace streamgauge::schema {

inline constexpr std::size_t kSchemaBytes = 64 * 1024;
inline constexpr std::size_t kSchemaDepth = 32;    // levels of subschemas, references followed
inline constexpr std::size_t kSubschemas = 1'000;  // after references are replaced: bounds the work for an event
inline constexpr std::size_t kPatternBytes = 512;
inline constexpr std::size_t kEnumValues = 1'000;

// What is asked of `format`, where it is one of these; other formats say nothing, as the draft allows.
bool is_checked_format(std::string_view format);
bool has_format(std::string_view format, std::string_view text);

// InvalidArgument with a JSON pointer into the document in `field`. Refused beside what draft 7 forbids: references out
// of the document, recursive ones, patternProperties, keywords of other drafts, and words that are no keyword (unless
// they begin with "x-"): they would be ignored without a word.
Result<nlohmann::json> read_schema_document(std::string_view text);

// Of JSON text, before anything recursive touches it.
bool is_nested_deeper(std::string_view text, std::size_t levels);

// Makes integers of numbers such as 3.0, which draft 7 takes for one. False: there are more than `left` values.
bool make_integers(nlohmann::json& value, std::size_t& left);

// Appends "/" and `token` with '~' and '/' escaped (RFC 6901).
void append_pointer(std::string& pointer, std::string_view token);

}  // namespace streamgauge::schema
