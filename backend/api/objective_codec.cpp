// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/objective_codec.h"

#include <array>
#include <cmath>
#include <set>

#include "api/json_members.h"
#include "api/json_writer.h"
#include "base/time_text.h"
#include "metrics/window.h"
#include "schema/schema_document.h"

namespace streamgauge::api {
namespace {

using nlohmann::json;

constexpr std::size_t kDepth = 6;
constexpr std::size_t kMostRules = 16, kMostNotified = 16;
constexpr std::int64_t kShortestWindow = 3 * kHourMicros, kLongestWindow = 400 * kDayMicros;
constexpr std::int64_t kShortestRuleWindow = kSecondMicros;
constexpr double kMostSeconds = 400.0 * 86'400;
// In the order of the enumerations.
constexpr std::array<std::string_view, 6> kKinds{"availability", "latency",     "errors",
                                                 "freshness",    "correctness", "metric"};
constexpr std::array<std::string_view, 5> kCalendars{"day", "week", "month", "quarter", "year"};
constexpr std::array<std::string_view, 2> kSeverities{"page", "ticket"};
constexpr std::array<std::string_view, 5> kStates{"inactive", "pending", "firing", "cooling", "no_data"};
constexpr std::array<std::string_view, 4> kNews{"none", "fired", "no_data", "resolved"};
using Names = std::vector<std::string_view>;

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

std::optional<std::int64_t> read_length(Members& in, const char* name, const std::string& field) {
    const json* const found = in.find(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_number()) {
        const double seconds = found->get<double>();
        if (seconds >= 0 && seconds <= kMostSeconds) return std::llround(seconds * 1e6);
    } else if (found->is_string()) {
        const std::string text = found->get<std::string>();
        if (text == "0" || text == "0s") return 0;
        if (const Result<std::int64_t> span = parse_span(text)) return *span;
    }
    in.fail(field, "must be a length of time such as \"5m\", or a number of seconds");
    return std::nullopt;
}

void write_length(JsonWriter& out, std::int64_t micros) {
    if (micros == 0) {
        out.string("0s");
    } else if (micros % kSecondMicros == 0) {
        out.string(format_span(micros));
    } else {
        out.number(static_cast<double>(micros) / 1e6);
    }
}

void read_indicator(Members& in, slo::Indicator& out) {
    const json* const value = in.find("indicator");
    if (value == nullptr) return in.fail("indicator", "is missing");
    Members indicator(*value, "indicator.");
    indicator.know_only(Names{"kind", "route", "threshold_ms", "limited_is_bad", "good", "total", "compare", "bound"});
    if (indicator.find("kind") == nullptr) indicator.fail("indicator.kind", "is missing");
    read_word(indicator, "kind", "indicator.kind", kKinds, out.kind);
    out.threshold_ms = out.kind == slo::Indicator::Kind::Freshness ? 1000 : out.threshold_ms;
    out.route = indicator.text("route").value_or("");
    out.threshold_ms = indicator.number("threshold_ms").value_or(out.threshold_ms);
    out.limited_is_bad = indicator.flag("limited_is_bad").value_or(false);
    out.good = indicator.text("good").value_or("");
    out.total = indicator.text("total").value_or("");
    out.bound = indicator.number("bound").value_or(0);
    if (const auto compare = indicator.text("compare")) {
        out.good_is_below = *compare == "below";
        if (*compare != "below" && *compare != "above") indicator.fail("indicator.compare", "must be below or above");
    }
    if (indicator.fault()) in.fail(*indicator.fault());
}

void read_window(Members& in, slo::TimeWindow& out) {
    const json* const value = in.find("window");
    if (value == nullptr) return;
    Members window(*value, "window.");
    window.know_only(Names{"rolling", "calendar", "timezone"});
    const bool rolling = window.find("rolling") != nullptr, calendar = window.find("calendar") != nullptr;
    if (rolling == calendar) window.fail("window", "must have either rolling or calendar");
    out.rolling = rolling;
    if (const auto length = read_length(window, "rolling", "window.rolling")) out.micros = *length;
    read_word(window, "calendar", "window.calendar", kCalendars, out.calendar);
    if (const auto zone = window.text("timezone")) {
        out.timezone = zone->empty() ? "UTC" : *zone;
        if (rolling) window.fail("window.timezone", "only calendar windows follow a time zone");
    }
    if (window.fault()) in.fail(*window.fault());
}

slo::BurnRule read_rule(Members& in, const std::string& prefix) {
    slo::BurnRule rule;
    in.know_only(Names{"severity", "long", "short", "factor", "hold"});
    read_word(in, "severity", prefix + "severity", kSeverities, rule.severity);
    for (const char* needed : {"long", "factor"})
        if (in.find(needed) == nullptr) in.fail(prefix + needed, "is missing");
    rule.long_micros = read_length(in, "long", prefix + "long").value_or(0);
    rule.short_micros = read_length(in, "short", prefix + "short").value_or(rule.long_micros / 12);
    rule.factor = in.number("factor").value_or(0);
    rule.hold_micros = read_length(in, "hold", prefix + "hold").value_or(0);
    return rule;
}

void read_rules(Members& in, std::vector<slo::BurnRule>& out) {
    const json* const rules = in.find("rules");
    if (rules == nullptr) return;
    if (!rules->is_array() || rules->size() > kMostRules)
        return in.fail("rules", "must be an array of at most " + std::to_string(kMostRules) + " objects");
    for (std::size_t i = 0; i < rules->size(); ++i) {
        const std::string prefix = "rules[" + std::to_string(i) + "].";
        Members rule((*rules)[i], prefix);
        out.push_back(read_rule(rule, prefix));
        if (rule.fault()) return in.fail(*rule.fault());
    }
}

void read_notified(Members& in, std::vector<std::string>& out) {
    const json* const names = in.find("notify");
    if (names == nullptr) return;
    if (!names->is_array() || names->size() > kMostNotified)
        return in.fail("notify", "must be an array of at most " + std::to_string(kMostNotified) + " names");
    for (std::size_t i = 0; i < names->size(); ++i) {
        if (!(*names)[i].is_string()) return in.fail("notify[" + std::to_string(i) + "]", "must be a text");
        out.push_back((*names)[i].get<std::string>());
    }
}

Result<slo::Objective> read_value(const json& value, std::string_view name, bool strict) {
    Members in(value, "");
    if (strict)
        in.know_only(Names{"name", "title", "description", "service", "project", "indicator", "target", "window",
                           "rules", "least_bad", "cool_down", "alert_when_no_data", "notify"});
    slo::Objective out;
    out.name = in.text("name").value_or(std::string(name));
    if (!name.empty() && out.name != name) in.fail("name", "is not the name of the path");
    out.title = in.text("title").value_or("");
    out.description = in.text("description").value_or("");
    out.service = in.text("service").value_or("");
    out.project = in.text("project").value_or("");
    read_indicator(in, out.indicator);
    if (in.find("target") == nullptr) in.fail("target", "is missing");
    out.target = in.number("target").value_or(0);
    read_window(in, out.window);
    read_rules(in, out.rules);
    out.least_bad = in.count("least_bad").value_or(1);
    out.cool_down_micros = read_length(in, "cool_down", "cool_down").value_or(0);
    out.alert_when_no_data = in.flag("alert_when_no_data").value_or(false);
    read_notified(in, out.notify);
    if (in.fault()) return *in.fault();
    return out;
}

Result<json> parse(std::string_view text, std::size_t most_bytes, std::size_t depth) {
    if (text.size() > most_bytes)
        return Error::make(ErrorCode::TooLarge, "it has more than " + std::to_string(most_bytes) + " bytes");
    if (schema::is_nested_deeper(text, depth)) return wrong_field("", "it is nested too deeply");
    json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return wrong_field("", "it is not JSON");
    return value;
}

void write_rule(JsonWriter& out, const slo::BurnRule& rule) {
    out.begin_object().key("severity").string(kSeverities[static_cast<std::size_t>(rule.severity)]).key("long");
    write_length(out, rule.long_micros);
    out.key("short");
    write_length(out, rule.short_micros);
    out.key("factor").number(rule.factor).key("hold");
    write_length(out, rule.hold_micros);
    out.end_object();
}

void write_indicator(JsonWriter& out, const slo::Indicator& indicator) {
    using Kind = slo::Indicator::Kind;
    out.begin_object().key("kind").string(kKinds[static_cast<std::size_t>(indicator.kind)]);
    if (!indicator.route.empty()) out.key("route").string(indicator.route);
    const slo::Indicator usual;
    if (indicator.kind == Kind::Latency || indicator.kind == Kind::Freshness ||
        indicator.threshold_ms != usual.threshold_ms)
        out.key("threshold_ms").number(indicator.threshold_ms);
    if (indicator.limited_is_bad) out.key("limited_is_bad").boolean(true);
    if (!indicator.good.empty()) out.key("good").string(indicator.good);
    if (!indicator.total.empty()) out.key("total").string(indicator.total);
    const bool compares = indicator.kind == Kind::Metric && indicator.good.empty();
    if (compares || indicator.good_is_below != usual.good_is_below)
        out.key("compare").string(indicator.good_is_below ? "below" : "above");
    if (compares || indicator.bound != usual.bound) out.key("bound").number(indicator.bound);
    out.end_object();
}

void write_members(JsonWriter& out, const slo::Objective& objective) {
    out.begin_object().key("name").string(objective.name);
    const auto text = [&](std::string_view key, const std::string& value) {
        if (!value.empty()) out.key(key).string(value);
    };
    text("title", objective.title);
    text("description", objective.description);
    text("service", objective.service);
    text("project", objective.project);
    out.key("indicator");
    write_indicator(out, objective.indicator);
    out.key("target").number(objective.target).key("window").begin_object();
    if (objective.window.rolling) {
        out.key("rolling");
        write_length(out, objective.window.micros);
    } else {
        out.key("calendar").string(kCalendars[static_cast<std::size_t>(objective.window.calendar)]);
        out.key("timezone").string(objective.window.timezone);
    }
    out.end_object();
    if (!objective.rules.empty()) {
        out.key("rules").begin_array();
        for (const slo::BurnRule& rule : objective.rules) write_rule(out, rule);
        out.end_array();
    }
    out.key("least_bad").unsigned_integer(objective.least_bad).key("cool_down");
    write_length(out, objective.cool_down_micros);
    out.key("alert_when_no_data").boolean(objective.alert_when_no_data).key("notify").begin_array();
    for (const std::string& name : objective.notify) out.string(name);
    out.end_array().end_object();
}

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

Status check_objective(const slo::Objective& objective) {
    using Kind = slo::Indicator::Kind;
    const auto named = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (objective.name.empty() || objective.name.size() > 63 ||
        !std::all_of(objective.name.begin(), objective.name.end(), named))
        return wrong_field("name", "must be 1 to 63 lower-case letters, digits and '-'");
    if (objective.title.size() > 200) return wrong_field("title", "must have at most 200 bytes");
    if (objective.description.size() > 2'000) return wrong_field("description", "must have at most 2,000 bytes");
    if (objective.service.size() > 100) return wrong_field("service", "must have at most 100 bytes");
    if (objective.project.size() > 100) return wrong_field("project", "must have at most 100 bytes");
    const slo::Indicator& indicator = objective.indicator;
    if (indicator.kind != Kind::Metric && !objective.project.empty())
        return wrong_field("project", "only metrics are counted by project");
    if (indicator.route.size() > 200) return wrong_field("indicator.route", "must have at most 200 bytes");
    if (!(indicator.threshold_ms > 0 && indicator.threshold_ms <= 3'600'000))
        return wrong_field("indicator.threshold_ms", "must be above 0 and at most 3,600,000");
    if (indicator.kind == Kind::Metric && indicator.total.empty())
        return wrong_field("indicator.total", "must name a metric");
    if (!(objective.target > 0 && objective.target < 1))
        return wrong_field("target", "must be above 0 and below 1; 99 % is 0.99");
    const slo::TimeWindow& window = objective.window;
    if (window.rolling && (window.micros < kShortestWindow || window.micros > kLongestWindow))
        return wrong_field("window.rolling", "must be 3 hours to 400 days");
    if (!window.rolling) {
        if (const auto zone = Windows::make(kDayMicros, window.timezone); !zone)
            return wrong_field("window.timezone", zone.error().message);
    }
    for (std::size_t i = 0; i < objective.rules.size(); ++i) {
        const slo::BurnRule& rule = objective.rules[i];
        const std::string at = "rules[" + std::to_string(i) + "].";
        if (rule.short_micros < kShortestRuleWindow) return wrong_field(at + "short", "must be at least a second");
        if (rule.long_micros < rule.short_micros) return wrong_field(at + "long", "must not be less than short");
        if (rule.long_micros > kLongestWindow) return wrong_field(at + "long", "must be at most 400 days");
        if (!(rule.factor > 0 && rule.factor <= 1e6)) return wrong_field(at + "factor", "must be above 0");
        if (rule.hold_micros < 0 || rule.hold_micros > kLongestWindow) return wrong_field(at + "hold", "is too long");
    }
    std::set<std::string> names;
    for (const std::string& name : objective.notify)
        if (name.empty() || name.size() > 100 || !names.insert(name).second)
            return wrong_field("notify", "must hold each name once, of 1 to 100 bytes");
    return {};
}

Result<slo::Objective> read_objective(std::string_view text, std::string_view name) {
    const Result<json> value = parse(text, kObjectiveBytes, kDepth);
    if (!value) return value.error();
    Result<slo::Objective> objective = read_value(*value, name, true);
    if (!objective) return objective;
    if (Status checked = check_objective(*objective); !checked) return checked.error();
    return objective;
}

std::string write_objective(const slo::Objective& objective) {
    JsonWriter out;
    write_members(out, objective);
    return out.take();
}

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

Result<BackTestRequest> read_back_test_request(std::string_view text, Timestamp now) {
    const Result<json> value = parse(text, kObjectiveBytes, kDepth + 1);
    if (!value) return value.error();
    Members in(*value, "");
    in.know_only(Names{"objective", "from", "to"});
    BackTestRequest request;
    const auto instant = [now](std::string_view word) { return parse_instant(word, now); };
    request.range.to = in.parsed("to", instant).value_or(now);
    request.range.from = in.parsed("from", instant).value_or(request.range.to.plus_micros(-30 * kDayMicros));
    const json* const objective = in.find("objective");
    if (objective == nullptr) in.fail("objective", "is missing");
    if (request.range.from >= request.range.to) in.fail("from", "must be before to");
    if (in.fault()) return *in.fault();
    Result<slo::Objective> draft = read_value(*objective, {}, true);
    Status checked = draft ? check_objective(*draft) : Status(draft.error());
    if (!checked) {
        Error error = checked.error();
        error.field = "objective." + error.field;
        return error;
    }
    request.draft = std::move(draft).value();
    return request;
}

std::string write_back_test_request(const BackTestRequest& request) {
    JsonWriter out;
    out.begin_object().key("objective");
    write_members(out, request.draft);
    out.key("from").string(format_rfc3339(request.range.from)).key("to").string(format_rfc3339(request.range.to));
    out.end_object();
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
