// SPDX-License-Identifier: GPL-3.0-or-later
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "slo/openslo.h"
#include "slo/openslo_words.h"

namespace streamgauge::slo {
namespace {

using namespace openslo;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// The shortest digits that read back as the same value.
std::string number_text(double value) {
    std::array<char, 64> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

void put(YAML::Emitter& out, const char* key, const std::string& value) {
    out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
}
void put_number(YAML::Emitter& out, const char* key, double value) {
    out << YAML::Key << key << YAML::Value << number_text(value);
}

void begin(YAML::Emitter& out, const char* kind, const std::string& name, const std::string& title,
           const Pairs& annotations) {
    out << YAML::BeginDoc << YAML::BeginMap;
    out << YAML::Key << "apiVersion" << YAML::Value << "openslo/v1";
    out << YAML::Key << "kind" << YAML::Value << kind;
    out << YAML::Key << "metadata" << YAML::Value << YAML::BeginMap;
    put(out, "name", name);
    if (!title.empty()) put(out, "displayName", title);
    if (!annotations.empty()) {
        out << YAML::Key << "annotations" << YAML::Value << YAML::BeginMap;
        for (const auto& [key, value] : annotations) put(out, key.c_str(), value);
        out << YAML::EndMap;
    }
    out << YAML::EndMap << YAML::Key << "spec" << YAML::Value << YAML::BeginMap;
}

void end(YAML::Emitter& out) {
    out << YAML::EndMap << YAML::EndMap;
}

bool is_threshold(const Indicator& indicator) {
    return indicator.kind == Indicator::Kind::Freshness ||
           (indicator.kind == Indicator::Kind::Metric && indicator.good.empty());
}

void write_source(YAML::Emitter& out, const Indicator& indicator) {
    out << YAML::Key << "metricSource" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "type" << YAML::Value << std::string(kSourceType);
    out << YAML::Key << "spec" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "kind" << YAML::Value << std::string(kKinds[static_cast<std::size_t>(indicator.kind)]);
    if (!indicator.route.empty()) put(out, "route", indicator.route);
    // The rest where it is not what an Indicator has of itself.
    const Indicator plain;
    if (indicator.threshold_ms != plain.threshold_ms) put_number(out, "thresholdMs", indicator.threshold_ms);
    if (indicator.limited_is_bad) out << YAML::Key << "limitedIsBad" << YAML::Value << true;
    if (!indicator.good.empty()) put(out, "good", indicator.good);
    if (!indicator.total.empty()) put(out, "total", indicator.total);
    if (indicator.good_is_below != plain.good_is_below) out << YAML::Key << "goodIsBelow" << YAML::Value << false;
    if (indicator.bound != plain.bound) put_number(out, "bound", indicator.bound);
    out << YAML::EndMap << YAML::EndMap;
}

void write_indicator(YAML::Emitter& out, const Objective& objective) {
    out << YAML::Key << "indicator" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "metadata" << YAML::Value << YAML::BeginMap;
    put(out, "name", objective.name + "-indicator");
    out << YAML::EndMap << YAML::Key << "spec" << YAML::Value << YAML::BeginMap;
    if (is_threshold(objective.indicator)) {
        out << YAML::Key << "thresholdMetric" << YAML::Value << YAML::BeginMap;
        write_source(out, objective.indicator);
        out << YAML::EndMap;
    } else {
        out << YAML::Key << "ratioMetric" << YAML::Value << YAML::BeginMap;
        out << YAML::Key << "counter" << YAML::Value << true;
        for (const char* side : {"good", "total"}) {
            out << YAML::Key << side << YAML::Value << YAML::BeginMap;
            write_source(out, objective.indicator);
            out << YAML::EndMap;
        }
        out << YAML::EndMap;
    }
    out << YAML::EndMap << YAML::EndMap;
}

void write_window(YAML::Emitter& out, const TimeWindow& window) {
    out << YAML::Key << "timeWindow" << YAML::Value << YAML::BeginSeq << YAML::BeginMap;
    const std::string duration = window.rolling ? duration_text(window.micros).value_or("1m")
                                                : std::string(kCalendars[static_cast<std::size_t>(window.calendar)]);
    out << YAML::Key << "duration" << YAML::Value << duration;
    out << YAML::Key << "isRolling" << YAML::Value << window.rolling;
    if (!window.rolling) {
        // A Thursday that begins a year; the calendar's unit says the rest.
        out << YAML::Key << "calendar" << YAML::Value << YAML::BeginMap;
        put(out, "startTime", "2026-01-01 00:00:00");
        put(out, "timeZone", window.timezone);
        out << YAML::EndMap;
    }
    out << YAML::EndMap << YAML::EndSeq;
}

Pairs annotations_of(const Objective& objective) {
    Pairs out;
    if (!objective.project.empty()) out.emplace_back("streamgauge/project", objective.project);
    if (objective.least_bad != 1) out.emplace_back("streamgauge/least-bad", std::to_string(objective.least_bad));
    if (objective.cool_down_micros != 0)
        out.emplace_back("streamgauge/cool-down", seconds_text(objective.cool_down_micros));
    if (objective.alert_when_no_data) out.emplace_back("streamgauge/alert-when-no-data", "true");
    if (!objective.notify.empty()) {
        std::string all;
        for (const std::string& name : objective.notify) all += (all.empty() ? "" : ",") + name;
        out.emplace_back("streamgauge/notify", all);
    }
    if (objective.window.rolling && !duration_text(objective.window.micros))
        out.emplace_back("streamgauge/window", seconds_text(objective.window.micros));
    return out;
}

void write_rule(YAML::Emitter& out, const Objective& objective, const BurnRule& rule, std::size_t index) {
    const std::string name =
        objective.name + "-" + (rule.severity == Severity::Page ? "page" : "ticket") + "-" + std::to_string(index + 1);
    Pairs exact{{"streamgauge/short-window", seconds_text(rule.short_micros)}};
    if (!duration_text(rule.long_micros)) exact.emplace_back("streamgauge/long-window", seconds_text(rule.long_micros));
    if (rule.hold_micros != 0 && !duration_text(rule.hold_micros))
        exact.emplace_back("streamgauge/hold", seconds_text(rule.hold_micros));
    out << YAML::BeginMap << YAML::Key << "kind" << YAML::Value << "AlertPolicy";
    out << YAML::Key << "metadata" << YAML::Value << YAML::BeginMap;
    put(out, "name", name);
    out << YAML::EndMap << YAML::Key << "spec" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "alertWhenBreaching" << YAML::Value << true;
    out << YAML::Key << "alertWhenResolved" << YAML::Value << true;
    out << YAML::Key << "alertWhenNoData" << YAML::Value << objective.alert_when_no_data;
    out << YAML::Key << "conditions" << YAML::Value << YAML::BeginSeq << YAML::BeginMap;
    out << YAML::Key << "kind" << YAML::Value << "AlertCondition";
    out << YAML::Key << "metadata" << YAML::Value << YAML::BeginMap;
    put(out, "name", name);
    out << YAML::Key << "annotations" << YAML::Value << YAML::BeginMap;
    for (const auto& [key, value] : exact) put(out, key.c_str(), value);
    out << YAML::EndMap << YAML::EndMap << YAML::Key << "spec" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "severity" << YAML::Value << (rule.severity == Severity::Page ? "page" : "ticket");
    out << YAML::Key << "condition" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "kind" << YAML::Value << "burnrate" << YAML::Key << "op" << YAML::Value << "gte";
    put_number(out, "threshold", rule.factor);
    out << YAML::Key << "lookbackWindow" << YAML::Value << duration_text(rule.long_micros).value_or("1m");
    out << YAML::Key << "alertAfter" << YAML::Value
        << (rule.hold_micros == 0 ? "0m" : duration_text(rule.hold_micros).value_or("1m"));
    out << YAML::EndMap << YAML::EndMap << YAML::EndMap << YAML::EndSeq;
    out << YAML::Key << "notificationTargets" << YAML::Value << YAML::BeginSeq;
    for (const std::string& target : objective.notify) {
        out << YAML::BeginMap;
        put(out, "targetRef", target);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap << YAML::EndMap;
}

void write_objective(YAML::Emitter& out, const Objective& objective) {
    begin(out, "SLO", objective.name, objective.title, annotations_of(objective));
    if (!objective.description.empty()) put(out, "description", objective.description);
    if (!objective.service.empty()) put(out, "service", objective.service);
    write_indicator(out, objective);
    write_window(out, objective.window);
    const bool threshold = is_threshold(objective.indicator);
    out << YAML::Key << "budgetingMethod" << YAML::Value << (threshold ? "Timeslices" : "Occurrences");
    out << YAML::Key << "objectives" << YAML::Value << YAML::BeginSeq << YAML::BeginMap;
    if (!objective.title.empty()) put(out, "displayName", objective.title);
    if (threshold) {
        const bool fresh = objective.indicator.kind == Indicator::Kind::Freshness;
        const bool below = fresh || objective.indicator.good_is_below;
        out << YAML::Key << "op" << YAML::Value << (below ? "lt" : "gt");
        put_number(out, "value", fresh ? objective.indicator.threshold_ms : objective.indicator.bound);
        out << YAML::Key << "timeSliceTarget" << YAML::Value << 1;
        out << YAML::Key << "timeSliceWindow" << YAML::Value << "1m";
    }
    put_number(out, "target", objective.target);
    out << YAML::EndMap << YAML::EndSeq;
    out << YAML::Key << "alertPolicies" << YAML::Value << YAML::BeginSeq;
    for (std::size_t i = 0; i < objective.rules.size(); ++i) write_rule(out, objective, objective.rules[i], i);
    out << YAML::EndSeq;
    end(out);
}

}  // namespace

std::string write_openslo(const std::vector<Objective>& objectives) {
    YAML::Emitter out;
    std::set<std::string> services, targets;
    for (const Objective& objective : objectives) {
        if (!objective.service.empty()) services.insert(objective.service);
        targets.insert(objective.notify.begin(), objective.notify.end());
    }
    for (const std::string& service : services) {
        begin(out, "Service", service, {}, {});
        put(out, "description", "Exported by Streamgauge.");
        end(out);
    }
    for (const std::string& target : targets) {
        begin(out, "AlertNotificationTarget", target, {}, {});
        put(out, "target", target);
        end(out);
    }
    for (const Objective& objective : objectives) write_objective(out, objective);
    return std::string(out.c_str()) + "\n";
}

}  // namespace streamgauge::slo
