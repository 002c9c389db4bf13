// SPDX-License-Identifier: GPL-3.0-or-later
#include "slo/prometheus_rules.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "base/time_text.h"
#include "slo/alert.h"

namespace streamgauge::slo {
namespace {

std::string number_text(double value) {
    std::array<char, 64> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

// Prometheus has milliseconds.
std::string range_text(std::int64_t micros) {
    if (micros % Timestamp::kMicrosPerSecond == 0) return format_span(micros);
    return std::to_string(std::max<std::int64_t>(1, std::llround(static_cast<double>(micros) / 1e3))) + "ms";
}

// In a PromQL string, and in a regular expression of RE2 inside it.
std::string quoted(std::string_view text, bool pattern) {
    std::string out = "\"";
    for (const char c : text) {
        if (pattern && std::string_view(R"(\.+*?()|[]{}^$)").find(c) != std::string_view::npos) out += R"(\\)";
        if (c == '"' || (c == '\\' && !pattern)) out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out + "\"";
}

struct Selection {
    std::string good, total;  // per second, over $RANGE
};

// "/events" or "POST /events".
std::string route_matchers(const Indicator& indicator, const std::vector<std::string>& left_out) {
    if (indicator.route.empty()) {
        std::string all;
        for (const std::string& route : left_out) {
            const std::string one = quoted(route, true);
            all += (all.empty() ? "" : "|") + one.substr(1, one.size() - 2);
        }
        return all.empty() ? "" : "path!~\"" + all + "\"";
    }
    const std::size_t space = indicator.route.find(' ');
    if (space == std::string::npos) return "path=" + quoted(indicator.route, false);
    return "method=" + quoted(indicator.route.substr(0, space), false) +
           ",path=" + quoted(indicator.route.substr(space + 1), false);
}

Selection selection_of(const Objective& objective, std::span<const double> bounds,
                       const std::vector<std::string>& left_out) {
    const Indicator& indicator = objective.indicator;
    const std::string route = route_matchers(indicator, left_out);
    const std::string comma = route.empty() ? "" : ",";
    Selection out;
    if (indicator.kind == Indicator::Kind::Availability || indicator.kind == Indicator::Kind::Errors) {
        out.total = "sum(rate(api_http_requests_total{" + route + "}[$RANGE]))";
        out.good = "sum(rate(api_http_requests_total{" + route + comma + "status!~\"5..";
        out.good += std::string(indicator.limited_is_bad ? "|429" : "") + "\"}[$RANGE]))";
        return out;
    }
    const auto bound = std::find_if(bounds.begin(), bounds.end(), [&indicator](double seconds) {
        return std::abs(seconds * 1e3 - indicator.threshold_ms) < 1e-6;
    });
    if (indicator.kind == Indicator::Kind::Latency && bound != bounds.end()) {
        std::array<char, 64> le{};
        const auto end = std::to_chars(le.data(), le.data() + le.size(), *bound, std::chars_format::fixed);
        out.total = "sum(rate(api_http_request_duration_seconds_count{" + route + "}[$RANGE]))";
        out.good = "sum(rate(api_http_request_duration_seconds_bucket{" + route + comma + "le=\"" +
                   std::string(le.data(), end.ptr) + "\"}[$RANGE]))";
        return out;
    }
    const std::string counted =
        "sum(rate(streamgauge_objective_events_total{objective=" + quoted(objective.name, false);
    out.total = counted + "}[$RANGE]))";
    out.good = counted + ",outcome=\"good\"}[$RANGE]))";
    return out;
}

std::string over(std::string expression, std::int64_t range) {
    constexpr std::string_view kPlaceholder = "$RANGE";
    for (std::size_t at = expression.find(kPlaceholder); at != std::string::npos; at = expression.find(kPlaceholder))
        expression.replace(at, kPlaceholder.size(), range_text(range));
    return expression;
}

std::string record_name(std::int64_t range) {
    return "streamgauge:slo_error:ratio_" + range_text(range);
}

void put(YAML::Emitter& out, const char* key, const std::string& value) {
    out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
}

void write_recording(YAML::Emitter& out, const Objective& objective, const Selection& from, std::int64_t range) {
    const std::string ratio =
        "1 - (" + over(from.good, range) + " or vector(0)) / (" + over(from.total, range) + " > 0)";
    out << YAML::BeginMap;
    put(out, "record", record_name(range));
    put(out, "expr", ratio);
    out << YAML::Key << "labels" << YAML::Value << YAML::BeginMap;
    put(out, "objective", objective.name);
    out << YAML::EndMap << YAML::EndMap;
}

void write_alert(YAML::Emitter& out, const Objective& objective, const Selection& from, const BurnRule& rule) {
    const std::string limit = number_text(rule.factor) + " * (1 - " + number_text(objective.target) + ")";
    const std::string label = "{objective=" + quoted(objective.name, false) + "}";
    std::string expression = record_name(rule.long_micros) + label + " >= " + limit + "\nand on(objective) " +
                             record_name(rule.short_micros) + label + " >= " + limit;
    if (objective.least_bad > 1) {
        const std::string seconds = number_text(static_cast<double>(rule.long_micros) / 1e6);
        expression += "\nand on() ((" + over(from.total, rule.long_micros) + " - (" +
                      over(from.good, rule.long_micros) + " or vector(0))) * " + seconds +
                      " >= " + std::to_string(objective.least_bad) + ")";
    }
    out << YAML::BeginMap;
    put(out, "alert", "StreamgaugeBudgetBurn");
    put(out, "expr", expression);
    if (rule.hold_micros > 0) put(out, "for", range_text(rule.hold_micros));
    if (objective.cool_down_micros > 0) put(out, "keep_firing_for", range_text(objective.cool_down_micros));
    out << YAML::Key << "labels" << YAML::Value << YAML::BeginMap;
    put(out, "objective", objective.name);
    put(out, "severity", std::string(to_string(rule.severity)));
    put(out, "long", range_text(rule.long_micros));
    put(out, "short", range_text(rule.short_micros));
    out << YAML::EndMap << YAML::Key << "annotations" << YAML::Value << YAML::BeginMap;
    put(out, "summary",
        objective.name + " burns at least " + number_text(rule.factor) + " times as fast as it may (" +
            range_text(rule.long_micros) + " and " + range_text(rule.short_micros) + ")");
    out << YAML::EndMap << YAML::EndMap;
}

void write_no_data(YAML::Emitter& out, const Objective& objective, std::int64_t longest) {
    out << YAML::BeginMap;
    put(out, "alert", "StreamgaugeNoData");
    put(out, "expr", "absent(" + record_name(longest) + "{objective=" + quoted(objective.name, false) + "})");
    out << YAML::Key << "labels" << YAML::Value << YAML::BeginMap;
    put(out, "objective", objective.name);
    put(out, "severity", "page");
    out << YAML::EndMap << YAML::Key << "annotations" << YAML::Value << YAML::BeginMap;
    put(out, "summary", objective.name + " has had nothing to count for " + range_text(longest));
    out << YAML::EndMap << YAML::EndMap;
}

}  // namespace

std::string prometheus_rules(const std::vector<Objective>& objectives, std::span<const double> latency_bounds,
                             const std::vector<std::string>& left_out) {
    YAML::Emitter out;
    out << YAML::Comment("Made by Streamgauge from its objectives.") << YAML::Newline;
    out << YAML::BeginMap << YAML::Key << "groups" << YAML::Value << YAML::BeginSeq;
    for (const Objective& objective : objectives) {
        const Selection from = selection_of(objective, latency_bounds, left_out);
        const std::vector<BurnRule> rules = objective.rules.empty() ? rules_for(objective.window) : objective.rules;
        std::set<std::int64_t> ranges;
        for (const BurnRule& rule : rules) ranges.insert({rule.long_micros, rule.short_micros});
        out << YAML::BeginMap;
        put(out, "name", "streamgauge-" + objective.name);
        out << YAML::Key << "rules" << YAML::Value << YAML::BeginSeq;
        for (const std::int64_t range : ranges) write_recording(out, objective, from, range);
        for (const BurnRule& rule : rules) write_alert(out, objective, from, rule);
        if (objective.alert_when_no_data && !ranges.empty()) write_no_data(out, objective, *ranges.rbegin());
        out << YAML::EndSeq << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap;
    return std::string(out.c_str()) + "\n";
}

}  // namespace streamgauge::slo
