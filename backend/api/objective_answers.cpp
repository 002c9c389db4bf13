// SPDX-License-Identifier: GPL-3.0-or-later
// What is said of objectives, written by the server and read by its clients.
#include <array>
#include <cmath>

#include "api/objective_codec.h"
#include "api/objective_json.h"
#include "base/time_text.h"

namespace streamgauge::api {
namespace {

using namespace objective_json;
using nlohmann::json;

// In the order of the enumerations.
constexpr std::array<std::string_view, 5> kStates{"inactive", "pending", "firing", "cooling", "no_data"};
constexpr std::array<std::string_view, 4> kNews{"none", "fired", "no_data", "resolved"};

void write_optional(JsonWriter& out, std::string_view key, const std::optional<double>& value) {
    if (value) out.key(key).number(*value);
}

void write_budget(JsonWriter& out, const slo::Budget& budget) {
    out.begin_object().key("good").unsigned_integer(budget.counted.good);
    out.key("total").unsigned_integer(budget.counted.total).key("allowed_bad").number(budget.allowed_bad);
    write_optional(out, "indicator", budget.indicator);
    write_optional(out, "left", budget.left);
    write_optional(out, "burn_rate", budget.burn_rate);
    out.end_object();
}

void write_states(JsonWriter& out, const std::vector<slo::RuleState>& states) {
    out.begin_array();
    for (const slo::RuleState& state : states) {
        out.begin_object().key("rule");
        write_rule(out, state.rule);
        out.key("state").string(slo::to_string(state.state));
        write_optional(out, "long_burn", state.long_burn);
        write_optional(out, "short_burn", state.short_burn);
        if (state.since) out.key("since").string(format_rfc3339(*state.since));
        out.key("open").boolean(state.open);
        out.end_object();
    }
    out.end_array();
}

void write_all(JsonWriter& out, const std::vector<slo::AlertChange>& changes) {
    out.begin_array();
    for (const slo::AlertChange& change : changes) {
        out.begin_object().key("at").string(format_rfc3339(change.at)).key("rule").unsigned_integer(change.rule);
        out.key("from").string(slo::to_string(change.from)).key("to").string(slo::to_string(change.to));
        out.key("sentence").string(change.sentence);
        out.key("news").string(slo::to_string(change.news)).end_object();
    }
    out.end_array();
}

void write_texts(JsonWriter& out, const std::vector<std::string>& texts) {
    out.begin_array();
    for (const std::string& text : texts) out.string(text);
    out.end_array();
}

// ---- answers, read by clients ---------------------------------------------------------------------------------------
constexpr std::size_t kAnswerBytes = 64 * 1024 * 1024, kAnswerDepth = 16;

Timestamp read_time(Members& in, const char* name) {
    return in.parsed(name, parse_rfc3339).value_or(Timestamp{});
}

// Calls `read` for each object of the array.
template <class Read>
void each(Members& in, const char* name, Read read) {
    const json* const array = in.find(name);
    if (array == nullptr) return;
    if (!array->is_array()) return in.fail(name, "must be an array");
    for (const json& element : *array) {
        Members one(element, std::string(name) + ".");
        read(one);
        if (one.fault()) return in.fail(*one.fault());
    }
}

std::vector<std::string> read_texts(Members& in, const char* name) {
    std::vector<std::string> texts;
    const json* const array = in.find(name);
    if (array == nullptr || !array->is_array()) return texts;
    for (const json& element : *array)
        if (element.is_string()) texts.push_back(element.get<std::string>());
    return texts;
}

slo::Budget read_budget(Members& in) {
    slo::Budget budget;
    const json* const value = in.find("budget");
    if (value == nullptr) return budget;
    Members of(*value, "budget.");
    budget.counted = {of.count("good").value_or(0), of.count("total").value_or(0)};
    budget.allowed_bad = of.number("allowed_bad").value_or(0);
    budget.indicator = of.number("indicator");
    budget.left = of.number("left");
    budget.burn_rate = of.number("burn_rate");
    if (of.fault()) in.fail(*of.fault());
    return budget;
}

void read_state(Members& in, std::vector<slo::RuleState>& out) {
    slo::RuleState state;
    if (const json* const value = in.find("rule")) {
        Members rule(*value, "rule.");
        state.rule = read_rule(rule, "rule.");
        if (rule.fault()) in.fail(*rule.fault());
    }
    read_word(in, "state", "state", kStates, state.state);
    state.long_burn = in.number("long_burn");
    state.short_burn = in.number("short_burn");
    if (in.find("since") != nullptr) state.since = read_time(in, "since");
    state.open = in.flag("open").value_or(false);
    out.push_back(std::move(state));
}

void read_change(Members& in, std::vector<slo::AlertChange>& out) {
    slo::AlertChange change;
    change.at = read_time(in, "at");
    change.rule = in.count("rule").value_or(0);
    read_word(in, "from", "from", kStates, change.from);
    read_word(in, "to", "to", kStates, change.to);
    change.sentence = in.text("sentence").value_or("");
    read_word(in, "news", "news", kNews, change.news);
    out.push_back(std::move(change));
}

std::optional<std::int64_t> read_seconds(Members& in, const char* name) {
    const std::optional<double> seconds = in.number(name);
    if (!seconds || std::abs(*seconds) > 1e12) return std::nullopt;
    return std::llround(*seconds * 1e6);
}

Result<ObjectiveStatus> status_of(const json& value) {
    Members in(value, "");
    ObjectiveStatus status;
    if (const json* const objective = in.find("objective")) {
        Result<slo::Objective> read = read_value(*objective, {}, false);
        if (!read) return read.error();
        status.objective = std::move(read).value();
    } else {
        in.fail("objective", "is missing");
    }
    status.built_in = in.flag("built_in").value_or(false);
    status.budget = read_budget(in);
    status.burn_now = in.number("burn_now");
    status.exhausted_in_micros = read_seconds(in, "exhausted_in_seconds");
    each(in, "alerts", [&](Members& one) { read_state(one, status.alerts); });
    status.warnings = read_texts(in, "warnings");
    if (in.find("last_data") != nullptr) status.last_data = read_time(in, "last_data");
    if (const json* const day = in.find("day"); day != nullptr && day->is_array())
        for (const json& left : *day)
            status.day.push_back(left.is_number() ? std::optional(left.get<double>()) : std::nullopt);
    if (in.fault()) return *in.fault();
    return status;
}

}  // namespace

std::string write_status(const ObjectiveStatus& status) {
    JsonWriter out;
    out.begin_object().key("objective");
    write_members(out, status.objective);
    out.key("built_in").boolean(status.built_in).key("budget");
    write_budget(out, status.budget);
    write_optional(out, "burn_now", status.burn_now);
    if (status.exhausted_in_micros)
        out.key("exhausted_in_seconds").number(static_cast<double>(*status.exhausted_in_micros) / 1e6);
    out.key("alerts");
    write_states(out, status.alerts);
    out.key("warnings");
    write_texts(out, status.warnings);
    if (status.last_data) out.key("last_data").string(format_rfc3339(*status.last_data));
    out.key("day").begin_array();
    for (const std::optional<double>& left : status.day) {
        if (left) {
            out.number(*left);
        } else {
            out.null();
        }
    }
    out.end_array().end_object();
    return out.take();
}

std::string write_history(const ObjectiveHistory& history) {
    JsonWriter out;
    out.begin_object().key("step_seconds").number(static_cast<double>(history.step_micros) / 1e6);
    out.key("points").begin_array();
    for (const ObjectiveHistory::Point& point : history.points) {
        out.begin_object().key("at").string(format_rfc3339(point.at)).key("good").unsigned_integer(point.good);
        out.key("total").unsigned_integer(point.total);
        write_optional(out, "budget_left", point.budget_left);
        write_optional(out, "long_burn", point.long_burn);
        write_optional(out, "short_burn", point.short_burn);
        write_optional(out, "p50_ms", point.p50_ms);
        write_optional(out, "p95_ms", point.p95_ms);
        write_optional(out, "p99_ms", point.p99_ms);
        out.end_object();
    }
    out.end_array().key("forecast").begin_array();
    for (const slo::ForecastPoint& point : history.forecast) {
        out.begin_object().key("at").string(format_rfc3339(point.at)).key("low").number(point.low);
        out.key("middle").number(point.middle).key("high").number(point.high).end_object();
    }
    out.end_array().key("changes");
    write_all(out, history.changes);
    out.end_object();
    return out.take();
}

std::string write_back_test(const BackTest& result) {
    JsonWriter out;
    out.begin_object().key("from").string(format_rfc3339(result.range.from));
    out.key("to").string(format_rfc3339(result.range.to)).key("fired").unsigned_integer(result.fired);
    if (result.first_after_micros)
        out.key("first_after_seconds").number(static_cast<double>(*result.first_after_micros) / 1e6);
    out.key("changes");
    write_all(out, result.changes);
    out.key("budget");
    write_budget(out, result.budget);
    out.key("warnings");
    write_texts(out, result.warnings);
    out.end_object();
    return out.take();
}

std::string write_changes(const std::vector<slo::AlertChange>& changes) {
    JsonWriter out;
    write_all(out, changes);
    return out.take();
}

Result<ObjectiveStatus> read_objective_status(std::string_view text) {
    const Result<json> value = parse(text, kAnswerBytes, kAnswerDepth);
    if (!value) return value.error();
    return status_of(*value);
}

Result<std::vector<ObjectiveStatus>> read_objective_statuses(std::string_view text) {
    const Result<json> value = parse(text, kAnswerBytes, kAnswerDepth);
    if (!value) return value.error();
    const auto all = value->is_object() ? value->find("objectives") : value->end();
    if (!value->is_object() || all == value->end() || !all->is_array())
        return wrong_field("objectives", "must be an array");
    std::vector<ObjectiveStatus> statuses;
    for (const json& one : *all) {
        Result<ObjectiveStatus> status = status_of(one);
        if (!status) return status.error();
        statuses.push_back(std::move(status).value());
    }
    return statuses;
}

Result<ObjectiveHistory> read_history(std::string_view text) {
    const Result<json> value = parse(text, kAnswerBytes, kAnswerDepth);
    if (!value) return value.error();
    Members in(*value, "");
    ObjectiveHistory history;
    history.step_micros = read_seconds(in, "step_seconds").value_or(0);
    each(in, "points", [&](Members& one) {
        ObjectiveHistory::Point point;
        point.at = read_time(one, "at");
        point.good = one.count("good").value_or(0);
        point.total = one.count("total").value_or(0);
        point.budget_left = one.number("budget_left");
        point.long_burn = one.number("long_burn");
        point.short_burn = one.number("short_burn");
        point.p50_ms = one.number("p50_ms");
        point.p95_ms = one.number("p95_ms");
        point.p99_ms = one.number("p99_ms");
        history.points.push_back(point);
    });
    each(in, "forecast", [&](Members& one) {
        history.forecast.push_back({read_time(one, "at"), one.number("low").value_or(0),
                                    one.number("middle").value_or(0), one.number("high").value_or(0)});
    });
    each(in, "changes", [&](Members& one) { read_change(one, history.changes); });
    if (in.fault()) return *in.fault();
    return history;
}

Result<BackTest> read_back_test(std::string_view text) {
    const Result<json> value = parse(text, kAnswerBytes, kAnswerDepth);
    if (!value) return value.error();
    Members in(*value, "");
    BackTest result;
    result.range = {read_time(in, "from"), read_time(in, "to")};
    result.fired = in.count("fired").value_or(0);
    result.first_after_micros = read_seconds(in, "first_after_seconds");
    each(in, "changes", [&](Members& one) { read_change(one, result.changes); });
    result.budget = read_budget(in);
    result.warnings = read_texts(in, "warnings");
    if (in.fault()) return *in.fault();
    return result;
}

std::string write_rule_states(const std::vector<slo::RuleState>& states) {
    JsonWriter out;
    out.begin_object().key("states");
    write_states(out, states);
    out.end_object();
    return out.take();
}

Result<std::vector<slo::RuleState>> read_rule_states(std::string_view text) {
    const Result<json> value = parse(text, kAnswerBytes, kAnswerDepth);
    if (!value) return value.error();
    Members in(*value, "");
    std::vector<slo::RuleState> states;
    each(in, "states", [&](Members& one) { read_state(one, states); });
    if (in.fault()) return *in.fault();
    return states;
}

}  // namespace streamgauge::api
