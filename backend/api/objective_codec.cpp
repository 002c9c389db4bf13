// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/objective_codec.h"

#include <array>
#include <cmath>
#include <set>

#include "api/objective_json.h"
#include "base/time_text.h"
#include "metrics/window.h"
#include "schema/schema_document.h"

namespace streamgauge::api {
namespace {

using namespace objective_json;

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
using Names = std::vector<std::string_view>;

}  // namespace

std::optional<std::int64_t> objective_json::read_length(Members& in, const char* name, const std::string& field) {
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

void objective_json::write_length(JsonWriter& out, std::int64_t micros) {
    if (micros == 0) {
        out.string("0s");
    } else if (micros % kSecondMicros == 0) {
        out.string(format_span(micros));
    } else {
        out.number(static_cast<double>(micros) / 1e6);
    }
}

namespace {

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

}  // namespace

slo::BurnRule objective_json::read_rule(Members& in, const std::string& prefix) {
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

namespace {

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

}  // namespace

Result<slo::Objective> objective_json::read_value(const json& value, std::string_view name, bool strict) {
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

Result<json> objective_json::parse(std::string_view text, std::size_t most_bytes, std::size_t depth) {
    if (text.size() > most_bytes)
        return Error::make(ErrorCode::TooLarge, "it has more than " + std::to_string(most_bytes) + " bytes");
    if (schema::is_nested_deeper(text, depth)) return wrong_field("", "it is nested too deeply");
    json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return wrong_field("", "it is not JSON");
    return value;
}

void objective_json::write_rule(JsonWriter& out, const slo::BurnRule& rule) {
    out.begin_object().key("severity").string(kSeverities[static_cast<std::size_t>(rule.severity)]).key("long");
    write_length(out, rule.long_micros);
    out.key("short");
    write_length(out, rule.short_micros);
    out.key("factor").number(rule.factor).key("hold");
    write_length(out, rule.hold_micros);
    out.end_object();
}

namespace {

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

}  // namespace

void objective_json::write_members(JsonWriter& out, const slo::Objective& objective) {
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

}  // namespace streamgauge::api
