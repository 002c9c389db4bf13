// SPDX-License-Identifier: GPL-3.0-or-later
// The words of a scenario file for what has names in C++, one table each, for reading and writing. Private to the two.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

template <class Enum>
using Words = std::span<const std::pair<std::string_view, Enum>>;

// The first word of a meaning is the one that is written.
template <class Enum>
std::string_view word_of(Words<Enum> words, Enum value) {
    for (const auto& [name, meaning] : words)
        if (meaning == value) return name;
    return {};
}

inline constexpr std::array<std::pair<std::string_view, Stage::Shape>, 7> kShapeWords{
    {{"constant", Stage::Shape::Constant},
     {"ramp", Stage::Shape::Ramp},
     {"steps", Stage::Shape::Steps},
     {"spike", Stage::Shape::Spike},
     {"sine", Stage::Shape::Sine},
     {"pause", Stage::Shape::Pause},
     {"soak", Stage::Shape::Constant}}};
inline constexpr Words<Stage::Shape> kShapes{kShapeWords};

using FieldKind = GeneratedField::Kind;
inline constexpr std::array<std::pair<std::string_view, FieldKind>, 12> kFieldKindWords{
    {{"constant", FieldKind::Constant},
     {"sequence", FieldKind::Sequence},
     {"integer", FieldKind::Integer},
     {"decimal", FieldKind::Decimal},
     {"choice", FieldKind::Choice},
     {"zipf", FieldKind::Zipf},
     {"uuid4", FieldKind::Uuid4},
     {"uuid7", FieldKind::Uuid7},
     {"hex", FieldKind::Hex},
     {"now", FieldKind::Now},
     {"planned", FieldKind::Planned},
     {"column", FieldKind::Column}}};
inline constexpr Words<FieldKind> kFieldKinds{kFieldKindWords};

inline constexpr std::array<std::pair<std::string_view, Credentials::Kind>, 4> kCredentialKindWords{
    {{"none", Credentials::Kind::None},
     {"bearer", Credentials::Kind::Bearer},
     {"basic", Credentials::Kind::Basic},
     {"header", Credentials::Kind::Header}}};
inline constexpr Words<Credentials::Kind> kCredentialKinds{kCredentialKindWords};

inline constexpr std::array<std::pair<std::string_view, bool>, 2> kLoopWords{{{"open", false}, {"closed", true}}};
inline constexpr Words<bool> kLoops{kLoopWords};

inline constexpr std::array<std::pair<std::string_view, Spacing>, 3> kSpacingWords{
    {{"even", Spacing::Even}, {"poisson", Spacing::Poisson}, {"recorded", Spacing::Recorded}}};
inline constexpr Words<Spacing> kSpacings{kSpacingWords};

inline constexpr std::array<std::pair<std::string_view, WhenFull>, 2> kWhenFullWords{
    {{"queue", WhenFull::Queue}, {"drop", WhenFull::Drop}}};
inline constexpr Words<WhenFull> kWhenFull{kWhenFullWords};

inline constexpr std::array<std::pair<std::string_view, ConnectionUse>, 2> kConnectionUseWords{
    {{"keep-alive", ConnectionUse::KeepAlive}, {"new", ConnectionUse::NewEachRequest}}};
inline constexpr Words<ConnectionUse> kConnectionUses{kConnectionUseWords};

// Of what a run sees.
inline constexpr std::array<std::pair<std::string_view, slo::Indicator::Kind>, 3> kIndicatorWords{
    {{"availability", slo::Indicator::Kind::Availability},
     {"latency", slo::Indicator::Kind::Latency},
     {"errors", slo::Indicator::Kind::Errors}}};
inline constexpr Words<slo::Indicator::Kind> kIndicators{kIndicatorWords};

inline constexpr std::array<std::pair<std::string_view, slo::Severity>, 2> kSeverityWords{
    {{"page", slo::Severity::Page}, {"ticket", slo::Severity::Ticket}}};
inline constexpr Words<slo::Severity> kSeverities{kSeverityWords};

// In place of the list of objectives: those of default_lab_objectives().
inline constexpr std::string_view kDefaultObjectives = "default";

}  // namespace streamgauge::loadgen
