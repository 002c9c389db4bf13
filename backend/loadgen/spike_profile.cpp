// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/spike_profile.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace streamgauge::loadgen {
namespace {

struct Variable {
    const char* name;
    double Stage::*member;
    double lowest, highest;
};
constexpr double kRate = ArrivalPlan::kHighestRate, kSeconds = ArrivalPlan::kLongestSeconds;
constexpr std::array<Variable, 6> kVariables{{{"BASE_RPS", &Stage::rate, 0.001, kRate},
                                              {"BASE_SEC", &Stage::seconds, 0.001, kSeconds},
                                              {"SPIKE_RPS", &Stage::to, 0.001, kRate},
                                              {"SPIKE_SEC", &Stage::spike_seconds, 0.001, kSeconds},
                                              {"COOLDOWN_RPS", &Stage::after, 0, kRate},
                                              {"COOLDOWN_SEC", &Stage::after_seconds, 0, kSeconds}}};

Stage usual_spike() {
    Stage stage;
    stage.shape = Stage::Shape::Spike;
    stage.rate = stage.after = 100;
    stage.seconds = stage.after_seconds = 20;
    stage.to = 1000;
    stage.spike_seconds = 10;
    return stage;
}

std::optional<double> read(const std::string& text, double lowest, double highest) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [next, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (error != std::errc{} || next != end || !(value >= lowest && value <= highest)) return std::nullopt;
    return value;
}

Error wrong(const char* name, double lowest, double highest) {
    std::array<char, 80> message{};
    std::snprintf(message.data(), message.size(), "must be a number from %g to %g, without a unit", lowest, highest);
    Error error = Error::make(ErrorCode::InvalidArgument, message.data());
    error.field = name;
    return error;
}

}  // namespace

std::optional<std::string> environment_variable(std::string_view name) {
    const char* const value = std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

bool spike_in_environment(const EnvironmentLookup& lookup) {
    return std::any_of(kVariables.begin(), kVariables.end(),
                       [&](const Variable& variable) { return lookup(variable.name).has_value(); });
}

Result<bool> apply_spike_environment(Scenario& scenario, const EnvironmentLookup& lookup) {
    const auto is_spike = [](const Stage& stage) { return stage.shape == Stage::Shape::Spike; };
    const auto found = std::find_if(scenario.stages.begin(), scenario.stages.end(), is_spike);
    Stage spike = found == scenario.stages.end() ? usual_spike() : *found;
    bool any = false;
    for (const Variable& variable : kVariables) {
        const std::optional<std::string> text = lookup(variable.name);
        if (!text) continue;
        const std::optional<double> value = read(*text, variable.lowest, variable.highest);
        if (!value) return wrong(variable.name, variable.lowest, variable.highest);
        spike.*variable.member = *value;
        any = true;
    }
    if (any && found == scenario.stages.end())
        scenario.stages = {spike};
    else if (any)
        *found = spike;
    const std::optional<std::string> jitter = lookup("JITTER_PCT");
    if (!jitter) return any;
    const std::optional<double> percent = read(*jitter, 0, 100);
    if (!percent) return wrong("JITTER_PCT", 0, 100);
    scenario.jitter_percent = *percent;
    return true;
}

}  // namespace streamgauge::loadgen
