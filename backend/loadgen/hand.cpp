// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/hand.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "loadgen/arrival_plan.h"
#include "loadgen/replay_pace.h"

namespace streamgauge::loadgen {
namespace {

// Pauses and slow replays make a run longer than its plan. So far nanoseconds come back exactly from seconds.
constexpr double kLatestSeconds = 1e6;

using Kind = HandAction::Kind;

constexpr std::array<std::string_view, 6> kNames{"rate", "spike", "pause", "resume", "stop", "speed"};
constexpr const char* kNoAction = "must be rate, spike, speed, pause, resume or stop";
constexpr std::size_t kLineBytes = 1024;

Error wrong(const char* field, const char* message) {
    Error error = Error::make(ErrorCode::InvalidArgument, message);
    error.field = field;
    return error;
}

// Whether the member is there and a number in the range; also when it need not be there and is not.
bool read_number(const nlohmann::json& json, const char* name, bool needed, double lowest, double highest,
                 double& value) {
    const auto member = json.find(name);
    if (member == json.end()) return !needed;
    if (!member->is_number()) return false;
    value = member->get<double>();
    return value >= lowest && value <= highest;
}

}  // namespace

Result<HandAction> parse_hand_action(std::string_view text) {
    if (text.size() > kLineBytes) return wrong("action", "an action is at most 1024 bytes of JSON");
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return wrong("action", "not a JSON object");
    const auto name = json.find("action");
    if (name == json.end() || !name->is_string()) return wrong("action", kNoAction);
    std::size_t kind = 0;
    while (kind < kNames.size() && kNames[kind] != name->get_ref<const std::string&>()) ++kind;
    if (kind == kNames.size()) return wrong("action", kNoAction);
    HandAction action;
    action.kind = static_cast<Kind>(kind);
    const bool spike = action.kind == Kind::Spike;
    const bool has_speed = action.kind == Kind::Speed || (spike && json.contains("speed"));
    const bool has_rate = action.kind == Kind::Rate || (spike && !has_speed);
    for (const auto& [member, value] : json.items()) {
        if (member == "action" || member == "at_seconds") continue;
        if (member == "rate" && has_rate) continue;
        if (member == "speed" && has_speed) continue;
        if (member == "seconds" && spike) continue;
        return wrong(member.size() < 100 ? member.c_str() : "action", "is not a member of this action");
    }
    double at_seconds = 0;
    if (!read_number(json, "at_seconds", false, 0, kLatestSeconds, at_seconds))
        return wrong("at_seconds", "must be a time in the run, in seconds");
    action.at_nanos = std::llround(at_seconds * 1e9);
    if (has_rate && !read_number(json, "rate", true, 0, ArrivalPlan::kHighestRate, action.rate))
        return wrong("rate", "must be 0 to 200000");
    if (has_speed) {
        const bool number = read_number(json, "speed", true, 0, ReplayPace::kHighestSpeed, action.speed);
        const bool back = !spike && action.speed == 0;  // to the scenario's own
        if (!number || !(back || ReplayPace::is_speed(action.speed)))
            return wrong("speed", spike ? "must be 0.001 to 1000, with at most three digits behind the point"
                                        : "must be 0, or 0.001 to 1000 with at most three digits behind the point");
    }
    if (spike) {
        if (has_rate && !(action.rate > 0)) return wrong("rate", "a spike's rate must be above 0");
        if (!read_number(json, "seconds", true, 0.001, ArrivalPlan::kLongestSeconds, action.seconds))
            return wrong("seconds", "must be above 0 and at most 24 hours");
    }
    return action;
}

Status check_hand_action(const HandAction& action, bool replays) {
    const bool speed = action.kind == Kind::Speed || (action.kind == Kind::Spike && action.speed > 0);
    const bool rate = action.kind == Kind::Rate || (action.kind == Kind::Spike && !speed);
    if (rate && replays)
        return wrong("action", "a replay has the times that were recorded: it takes a speed, or a spike of a speed");
    if (speed && !replays) return wrong("action", "only a replay has a speed: give it a rate");
    return {};
}

std::string to_json(const HandAction& action) {
    nlohmann::ordered_json json;
    json["action"] = kNames[static_cast<std::size_t>(action.kind)];
    const bool speed = action.kind == Kind::Speed || action.speed > 0;
    if (speed) json["speed"] = action.speed;
    if (action.kind == Kind::Rate || (action.kind == Kind::Spike && !speed)) json["rate"] = action.rate;
    if (action.kind == Kind::Spike) json["seconds"] = action.seconds;
    json["at_seconds"] = static_cast<double>(action.at_nanos) / 1e9;
    return json.dump();
}

}  // namespace streamgauge::loadgen
