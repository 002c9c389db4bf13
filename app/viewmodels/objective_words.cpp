// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objective_words.h"

#include <algorithm>
#include <cmath>

#include "base/time.h"
#include "metrics/window.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using slo::AlertState;
using slo::Severity;

namespace {

constexpr double kLow = 0.25;  // of the budget
constexpr double kMicros = 1e6;

bool any(const api::ObjectiveStatus& status, AlertState state, Severity severity) {
    return std::any_of(status.alerts.begin(), status.alerts.end(), [&](const slo::RuleState& rule) {
        return rule.state == state && rule.rule.severity == severity;
    });
}

QString digits_of(double value) {
    return QString::number(value, 'g', 6);
}

}  // namespace

QString text_of(const std::string& text) {
    return QString::fromStdString(text);
}

StateWord word_of(const api::ObjectiveStatus& status) {
    if (any(status, AlertState::Firing, Severity::Page)) return {u"Burning"_s, u"bad"_s};
    // The rule that looks back the least far has nothing to look at: whatever was, it is not known to be well now.
    if (!status.budget.left || (!status.alerts.empty() && status.alerts.front().state == AlertState::NoData))
        return {u"No data"_s, u"none"_s};
    if (*status.budget.left <= 0) return {u"Spent"_s, u"bad"_s};
    if (any(status, AlertState::Firing, Severity::Ticket)) return {u"Burning"_s, u"warning"_s};
    for (const Severity severity : {Severity::Page, Severity::Ticket}) {
        if (any(status, AlertState::Cooling, severity)) return {u"Cooling"_s, u"warning"_s};
        if (any(status, AlertState::Pending, severity)) return {u"Pending"_s, u"warning"_s};
    }
    if (*status.budget.left < kLow) return {u"Low"_s, u"warning"_s};
    return {u"Healthy"_s, u"good"_s};
}

StateWord word_of(AlertState state, Severity severity) {
    switch (state) {
        case AlertState::Inactive:
            return {u"Quiet"_s, u"good"_s};
        case AlertState::Pending:
            return {u"Pending"_s, u"warning"_s};
        case AlertState::Firing:
            return {u"Firing"_s, severity == Severity::Page ? u"bad"_s : u"warning"_s};
        case AlertState::Cooling:
            return {u"Cooling"_s, u"warning"_s};
        case AlertState::NoData:
            return {u"No data"_s, u"none"_s};
    }
    return {};
}

QString title_of(const slo::Objective& objective) {
    return text_of(objective.title.empty() ? objective.name : objective.title);
}

QString counted_of(const slo::Indicator& indicator) {
    using Kind = slo::Indicator::Kind;
    const QString route = indicator.route.empty() ? u"all requests"_s : text_of(indicator.route);
    const QString threshold = trimmed(milliseconds(indicator.threshold_ms));
    switch (indicator.kind) {
        case Kind::Availability:
        case Kind::Errors:
            return (indicator.limited_is_bad ? u"not answered 5xx or 429, "_s : u"not answered 5xx, "_s) + route;
        case Kind::Latency:
            return u"within "_s + threshold + u", "_s + route;
        case Kind::Freshness:
            return u"younger than "_s + threshold;
        case Kind::Correctness:
            return u"events where the ledger has them"_s;
        case Kind::Metric:
            if (!indicator.good.empty()) return text_of(indicator.good) + u" of "_s + text_of(indicator.total);
            return text_of(indicator.total) + (indicator.good_is_below ? u" below "_s : u" above "_s) +
                   digits_of(indicator.bound);
    }
    return {};
}

QString span_of(std::int64_t micros) {
    if (micros % kSecondMicros != 0 && micros < 10 * kSecondMicros)
        return seconds(static_cast<double>(micros) / kMicros).text();
    return duration(static_cast<double>(micros) / kMicros);
}

QString window_of(const slo::TimeWindow& window) {
    if (window.rolling) return span_of(window.micros) + u" rolling"_s;
    constexpr const char16_t* kPeriods[] = {u"day", u"week", u"month", u"quarter", u"year"};
    const QString period = QString::fromUtf16(kPeriods[static_cast<std::size_t>(window.calendar)]);
    return u"this "_s + period + u", "_s + text_of(window.timezone);
}

QString share_of(double share) {
    return digits_of(share * 100) + QChar(kNarrowSpace) + u'%';
}

QString burn_of(std::optional<double> burn) {
    if (!burn) return none();
    return count(*burn).text() + QChar(kNarrowSpace) + u'×';
}

QString left_of(std::optional<double> left) {
    return left ? percent(*left).text() : none();
}

QString exhaustion_of(const api::ObjectiveStatus& status) {
    if (!status.budget.left) return none();
    if (status.exhausted_in_micros == 0 || *status.budget.left <= 0) return u"spent"_s;
    if (status.exhausted_in_micros) return duration(static_cast<double>(*status.exhausted_in_micros) / kMicros);
    return status.burn_now ? u"lasts"_s : none();
}

QString sentence_of(const api::ObjectiveStatus& status, const slo::RuleState& rule) {
    const slo::BurnRule& of = rule.rule;
    const bool page = of.severity == Severity::Page;
    QString text = (page ? u"Pages while the last "_s : u"Opens a ticket while the last "_s) + span_of(of.long_micros) +
                   u" and the last "_s + span_of(of.short_micros) + u" both burn the budget at least "_s +
                   digits_of(of.factor) + u" times as fast as it may"_s;
    if (of.hold_micros > 0) text += u", for "_s + span_of(of.hold_micros);
    text += u". "_s;
    if (rule.long_burn) {
        text += u"Now "_s + count(*rule.long_burn).text() + u" and "_s +
                (rule.short_burn ? count(*rule.short_burn).text() : u"nothing to count"_s);
        if (rule.since) text += u", since "_s + clock_time(rule.since->seconds());
        text += u". "_s;
    } else {
        text += u"There is nothing to count in the longer one: that is not known to be well. "_s;
    }
    const std::optional<std::int64_t> fastest = slo::fastest_fire(of, status.objective.target);
    return text + (fastest ? u"Were everything bad, it would fire after "_s + span_of(*fastest) + u'.'
                           : u"It can never fire: not even everything bad burns so fast."_s);
}

}  // namespace streamgauge::viewmodels
