// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/lab_objective.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <set>
#include <utility>

#include "base/time.h"
#include "base/wrong_field.h"
#include "loadgen/scenario_words.h"
#include "slo/outlook.h"

namespace streamgauge::loadgen {
namespace {

using Kind = slo::Indicator::Kind;

constexpr std::int64_t kSecondMicros = Timestamp::kMicrosPerSecond;
constexpr std::int64_t kShortestSliceMicros = 100'000;
constexpr std::int64_t kMostSlices = 36'000;  // of a window: an hour of the shortest
constexpr std::int64_t kLongestWindow = 400LL * 86'400 * kSecondMicros;
constexpr std::size_t kNameBytes = 63, kMostRules = 16;

LabObjective made(const char* name, Kind kind, double target) {
    LabObjective made;
    made.objective.name = name;
    made.objective.indicator.kind = kind;
    made.objective.target = target;
    return made;
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytes &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// Also false for what is not a number.
bool within(double value, double lowest, double highest) {
    return value >= lowest && value <= highest;
}

Status check_rule(const slo::BurnRule& rule, const std::string& at) {
    if (rule.long_micros < 1 || rule.long_micros > kLongestWindow)
        return wrong_field(at + ".long", "must be above 0 and at most 400 days");
    if (rule.short_micros < 1 || rule.short_micros > rule.long_micros)
        return wrong_field(at + ".short", "must be above 0 and not longer than the long window");
    if (!within(rule.factor, 1e-3, 1e6)) return wrong_field(at + ".factor", "must be 0.001 to 1000000");
    if (rule.hold_micros < 0 || rule.hold_micros > kLongestWindow)
        return wrong_field(at + ".hold", "must be at most 400 days");
    return {};
}

Status check(const LabObjective& lab, const std::string& at, const std::vector<std::string>& requests) {
    const slo::Objective& objective = lab.objective;
    const slo::Indicator& indicator = objective.indicator;
    if (!is_name(objective.name)) return wrong_field(at + ".name", "must be 1 to 63 of a to z, 0 to 9 and -");
    if (indicator.kind != Kind::Availability && indicator.kind != Kind::Errors && indicator.kind != Kind::Latency)
        return wrong_field(at + ".kind", "a run sees availability, latency and errors");
    if (!(objective.target > 0 && objective.target < 1))
        return wrong_field(at + ".target", "must be above 0% and below 100%");
    if (indicator.kind == Kind::Latency && !within(indicator.threshold_ms, 0.001, 3.6e6))
        return wrong_field(at + ".threshold", "must be 1 us to 1 hour");
    if (!indicator.route.empty() && std::find(requests.begin(), requests.end(), indicator.route) == requests.end())
        return wrong_field(at + ".request", "no kind of request is named " + indicator.route);
    if (!objective.window.rolling || objective.window.micros < kSecondMicros ||
        objective.window.micros > kLongestWindow)
        return wrong_field(at + ".window", "must be 1 second to 400 days");
    if (lab.scaled_to_seconds != 0 &&
        !within(lab.scaled_to_seconds, 1, static_cast<double>(objective.window.micros) / 1e6))
        return wrong_field(at + ".scaled_to", "must be at least 1 second, and not longer than the window");
    if (!within(lab.usual_rate, 0, 1e9)) return wrong_field(at + ".usual_rate", "must be 0 to 1000000000 a second");
    if (objective.least_bad < 1) return wrong_field(at + ".least_bad", "must be at least 1");
    if (objective.cool_down_micros < 0 || objective.cool_down_micros > kLongestWindow)
        return wrong_field(at + ".cool_down", "must be at most 400 days");
    if (objective.rules.size() > kMostRules) return wrong_field(at + ".alerts", "at most 16 alerts");
    for (std::size_t i = 0; i < objective.rules.size(); ++i)
        if (Status s = check_rule(objective.rules[i], at + ".alerts[" + std::to_string(i) + "]"); !s) return s;
    return {};
}

std::string number_text(double value) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.10g", value);
    return text.data();
}

}  // namespace

std::vector<LabObjective> default_lab_objectives() {
    std::vector<LabObjective> all{made("latency", Kind::Latency, 0.95), made("errors", Kind::Errors, 0.99),
                                  made("availability", Kind::Availability, 0.99)};
    all[1].objective.indicator.limited_is_bad = true;
    return all;
}

Status check_lab_objectives(const std::vector<LabObjective>& objectives, const std::vector<std::string>& requests) {
    if (objectives.size() > kMostLabObjectives) return wrong_field("objectives", "at most 20 objectives");
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < objectives.size(); ++i) {
        const std::string at = "objectives[" + std::to_string(i) + "]";
        if (Status s = check(objectives[i], at, requests); !s) return s;
        if (!names.insert(objectives[i].objective.name).second)
            return wrong_field(at + ".name", "two objectives have this name");
    }
    return {};
}

LabScaled lab_scaled(const LabObjective& lab, double planned_seconds) {
    LabScaled scaled;
    scaled.objective = lab.objective;
    scaled.objective.rules = slo::rules_of(lab.objective);
    const double lasts = lab.scaled_to_seconds > 0 ? lab.scaled_to_seconds : planned_seconds;
    const double scale = lasts * 1e6 / static_cast<double>(lab.objective.window.micros);
    std::int64_t longest = lab.objective.window.micros;
    for (const slo::BurnRule& rule : scaled.objective.rules) longest = std::max(longest, rule.long_micros);
    const double slices =
        std::ceil(static_cast<double>(longest) * scale / static_cast<double>(kMostSlices * kShortestSliceMicros));
    scaled.slice_micros = kShortestSliceMicros * std::max<std::int64_t>(1, std::llround(slices));
    // A window of whole slices stays what it is in spite of the quotient's last digit.
    const auto whole_slices = [&](std::int64_t micros) {
        constexpr double kRounding = 1e-6;
        const double wanted = static_cast<double>(micros) * scale / static_cast<double>(scaled.slice_micros);
        return scaled.slice_micros * static_cast<std::int64_t>(std::ceil(wanted - kRounding));
    };
    const auto window = [&](std::int64_t micros) { return std::max(whole_slices(micros), scaled.slice_micros); };
    for (slo::BurnRule& rule : scaled.objective.rules) {
        rule.long_micros = window(rule.long_micros);
        rule.short_micros = window(rule.short_micros);
        rule.hold_micros = whole_slices(rule.hold_micros);
    }
    scaled.objective.cool_down_micros = whole_slices(lab.objective.cool_down_micros);
    scaled.objective.window.micros = window(lab.objective.window.micros);
    return scaled;
}

std::string percent_text(double share) {
    return number_text(share * 100) + " %";
}

std::string share_text(double share) {
    constexpr int kMostDigits = 12;
    for (int digits = 1; digits <= kMostDigits; ++digits) {
        std::array<char, 64> text{};
        const auto percent =
            std::to_chars(text.data(), text.data() + text.size(), share * 100, std::chars_format::general, digits);
        std::string_view written(text.data(), static_cast<std::size_t>(percent.ptr - text.data()));
        if (written.find('e') != std::string_view::npos) continue;
        const std::string shifted = std::string(written) + "e-2";
        double again = 0;
        std::from_chars(shifted.data(), shifted.data() + shifted.size(), again);
        if (again == share) return std::string(written) + "%";
    }
    std::array<char, 64> text{};
    const auto whole = std::to_chars(text.data(), text.data() + text.size(), share);
    return {text.data(), whole.ptr};
}

std::optional<double> parse_share(std::string_view share) {
    std::string text(share);
    if (!text.empty() && text.back() == '%' && text.find_first_of("eE") == std::string::npos)
        text.replace(text.size() - 1, 1, "e-2");
    const char* const end = text.data() + text.size();
    double value = 0;
    const auto [next, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc{} || next != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::string window_text(std::int64_t micros) {
    constexpr std::array<std::pair<std::int64_t, const char*>, 3> units{
        {{86'400 * kSecondMicros, " d"}, {3'600 * kSecondMicros, " h"}, {60 * kSecondMicros, " min"}}};
    for (const auto& [length, name] : units)
        if (micros >= length && micros % length == 0) return std::to_string(micros / length) + name;
    if (micros >= kSecondMicros) return number_text(static_cast<double>(micros) / 1e6) + " s";
    return number_text(static_cast<double>(micros) / 1e3) + " ms";
}

std::string kind_text(Kind kind) {
    return std::string(word_of(kIndicators, kind));
}

std::string promise_text(const slo::Objective& objective) {
    const slo::Indicator& indicator = objective.indicator;
    std::string text = percent_text(objective.target);
    if (indicator.kind == Kind::Latency) {
        text += " within " + number_text(indicator.threshold_ms) + " ms";
    } else {
        text += indicator.limited_is_bad ? " answered without 5xx or 429" : " answered without 5xx";
    }
    return indicator.route.empty() ? text : text + ", of " + indicator.route;
}

}  // namespace streamgauge::loadgen
