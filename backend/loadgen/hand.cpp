// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/hand.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "loadgen/arrival_plan.h"

namespace streamgauge::loadgen {
namespace {

using Kind = HandAction::Kind;

constexpr std::array<std::string_view, 5> kNames{"rate", "spike", "pause", "resume", "stop"};
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
    if (name == json.end() || !name->is_string()) return wrong("action", "must be rate, spike, pause, resume or stop");
    std::size_t kind = 0;
    while (kind < kNames.size() && kNames[kind] != name->get_ref<const std::string&>()) ++kind;
    if (kind == kNames.size()) return wrong("action", "must be rate, spike, pause, resume or stop");
    HandAction action;
    action.kind = static_cast<Kind>(kind);
    const bool has_rate = action.kind == Kind::Rate || action.kind == Kind::Spike;
    for (const auto& [member, value] : json.items()) {
        if (member == "action" || member == "at_seconds") continue;
        if (member == "rate" && has_rate) continue;
        if (member == "seconds" && action.kind == Kind::Spike) continue;
        return wrong(member.size() < 100 ? member.c_str() : "action", "is not a member of this action");
    }
    double at_seconds = 0;
    if (!read_number(json, "at_seconds", false, 0, 2 * ArrivalPlan::kLongestSeconds, at_seconds))
        return wrong("at_seconds", "must be a time in the run, in seconds");
    action.at_nanos = std::llround(at_seconds * 1e9);
    if (has_rate && !read_number(json, "rate", true, 0, ArrivalPlan::kHighestRate, action.rate))
        return wrong("rate", "must be 0 to 200000");
    if (action.kind == Kind::Spike) {
        if (!(action.rate > 0)) return wrong("rate", "a spike's rate must be above 0");
        if (!read_number(json, "seconds", true, 0.001, ArrivalPlan::kLongestSeconds, action.seconds))
            return wrong("seconds", "must be above 0 and at most 24 hours");
    }
    return action;
}

std::string to_json(const HandAction& action) {
    nlohmann::ordered_json json;
    json["action"] = kNames[static_cast<std::size_t>(action.kind)];
    if (action.kind == Kind::Rate || action.kind == Kind::Spike) json["rate"] = action.rate;
    if (action.kind == Kind::Spike) json["seconds"] = action.seconds;
    json["at_seconds"] = static_cast<double>(action.at_nanos) / 1e9;
    return json.dump();
}

}  // namespace streamgauge::loadgen
