// SPDX-License-Identifier: GPL-3.0-or-later
// What the two halves of the codec of objectives share (objective_codec.cpp: objectives; objective_answers.cpp: what is
// said of them).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "api/json_members.h"
#include "api/json_writer.h"
#include "base/result.h"
#include "slo/objective.h"

namespace streamgauge::api::objective_json {

// `words` in the order of the enumeration.
template <class Enumeration, std::size_t N>
void read_word(Members& in, const char* name, const std::string& field, const std::array<std::string_view, N>& words,
               Enumeration& out) {
    const std::optional<std::string> text = in.text(name);
    if (!text) return;
    const auto found = std::find(words.begin(), words.end(), *text);
    if (found != words.end()) {
        out = static_cast<Enumeration>(found - words.begin());
        return;
    }
    std::string all;
    for (const std::string_view word : words) all.append(all.empty() ? "" : ", ").append(word);
    in.fail(field, "must be one of " + all);
}

// "5m", or a number of seconds: in microseconds. Nothing, and a fault, for anything else.
std::optional<std::int64_t> read_length(Members& in, const char* name, const std::string& field);
void write_length(JsonWriter& out, std::int64_t micros);
slo::BurnRule read_rule(Members& in, const std::string& prefix);
void write_rule(JsonWriter& out, const slo::BurnRule& rule);
// `strict`: members that are not known are faults.
Result<slo::Objective> read_value(const nlohmann::json& value, std::string_view name, bool strict);
void write_members(JsonWriter& out, const slo::Objective& objective);
// TooLarge; InvalidArgument for what is no JSON, or nested deeper.
Result<nlohmann::json> parse(std::string_view text, std::size_t most_bytes, std::size_t depth);

}  // namespace streamgauge::api::objective_json
