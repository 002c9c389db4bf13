// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objective_detail_view_model.h"

#include <algorithm>
#include <limits>

#include "metrics/window.h"
#include "viewmodels/format.h"
#include "viewmodels/metric_models.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using Kind = slo::Indicator::Kind;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kMicros = 1e6;

double seconds_of(Timestamp at) {
    return static_cast<double>(at.micros) / kMicros;
}

QVariantMap line(double value, const QString& label, const QString& tone) {
    return {{u"value"_s, value}, {u"label"_s, label}, {u"tone"_s, tone}};
}

ChartModel::Look look(const QStringList& names, const bool& days, std::function<Quantity(double)> quantity) {
    return {names, false,
            [&days](double x) {
                const auto at = static_cast<std::int64_t>(x);
                return days ? step_time(Timestamp::from_seconds(at), kHourMicros) : clock_time(at);
            },
            [quantity](double y) { return quantity(y).text(); }, [quantity](double y) { return trimmed(quantity(y)); }};
}

ChartModel::Look budget_look(const bool& days) {
    ChartModel::Look all = look({u"Left"_s, u"Forecast"_s}, days, percent);
    all.top = 1;
    return all;
}

}  // namespace

ObjectiveDetailViewModel::ObjectiveDetailViewModel(QObject* parent)
    : QObject(parent),
      tiles_({Tile{}, Tile{}, Tile{}}),
      budget_(budget_look(days_)),
      requests_(look({u"All"_s, u"Bad"_s}, days_, rate)),
      errors_(look({u"Bad"_s}, days_, percent)),
      latency_(look({u"p50"_s, u"p95"_s, u"p99"_s}, days_, milliseconds)),
      burn_(look({u"Long"_s, u"Short"_s}, days_, [](double y) {
          return Quantity{count(y).text(), u"×"_s};
      })) {
    for (ChartModel* chart : {&requests_, &errors_, &latency_, &burn_}) budget_.zoom_together(*chart);
}

QString ObjectiveDetailViewModel::name() const {
    return status_ ? text_of(status_->objective.name) : QString();
}

QString ObjectiveDetailViewModel::title() const {
    return status_ ? title_of(status_->objective) : QString();
}

QString ObjectiveDetailViewModel::subtitle() const {
    if (!status_) return {};
    const slo::Objective& objective = status_->objective;
    QStringList parts{counted_of(objective.indicator), window_of(objective.window)};
    if (!objective.service.empty()) parts.append(text_of(objective.service));
    if (!objective.project.empty()) parts.append(u"project "_s + text_of(objective.project));
    if (!objective.notify.empty()) {
        QStringList names;
        for (const std::string& target : objective.notify) names.append(text_of(target));
        parts.append(u"tells "_s + names.join(u", "_s));
    }
    return parts.join(u" · "_s);
}

QString ObjectiveDetailViewModel::description() const {
    return status_ ? text_of(status_->objective.description) : QString();
}

QStringList ObjectiveDetailViewModel::warnings() const {
    QStringList all;
    if (status_)
        for (const std::string& warning : status_->warnings) all.append(text_of(warning));
    return all;
}

int ObjectiveDetailViewModel::worst_rule() const {
    if (!status_ || status_->alerts.empty()) return -1;
    const auto weight = [](const slo::RuleState& rule) {
        switch (rule.state) {
            case slo::AlertState::Firing:
                return 3;
            case slo::AlertState::Cooling:
                return 2;
            case slo::AlertState::Pending:
                return 1;
            case slo::AlertState::Inactive:
            case slo::AlertState::NoData:
                break;
        }
        return 0;
    };
    const auto worst = std::max_element(status_->alerts.begin(), status_->alerts.end(),
                                        [&](const auto& a, const auto& b) { return weight(a) < weight(b); });
    return static_cast<int>(worst - status_->alerts.begin());
}

bool ObjectiveDetailViewModel::timed() const {
    return status_ && status_->objective.indicator.kind != Kind::Metric &&
           status_->objective.indicator.kind != Kind::Correctness;
}

QString ObjectiveDetailViewModel::unit() const {
    if (!status_) return {};
    switch (status_->objective.indicator.kind) {
        case Kind::Freshness:
            return u"Samples"_s;
        case Kind::Correctness:
            return u"Events"_s;
        case Kind::Metric:
            return status_->objective.indicator.good.empty() ? u"Windows"_s : u"Counted"_s;
        case Kind::Availability:
        case Kind::Latency:
        case Kind::Errors:
            break;
    }
    return u"Requests"_s;
}

QVariantList ObjectiveDetailViewModel::error_lines() const {
    if (!status_) return {};
    const double allowed = 1 - status_->objective.target;
    return {line(allowed, u"allowed "_s + share_of(allowed), u"warning"_s)};
}

QVariantList ObjectiveDetailViewModel::latency_lines() const {
    if (!status_) return {};
    const slo::Indicator& indicator = status_->objective.indicator;
    if (indicator.kind != Kind::Latency && indicator.kind != Kind::Freshness) return {};
    return {line(indicator.threshold_ms, trimmed(milliseconds(indicator.threshold_ms)), u"warning"_s)};
}

QVariantList ObjectiveDetailViewModel::burn_lines() const {
    if (!status_ || status_->alerts.empty()) return {};
    const double factor = status_->alerts.front().rule.factor;
    return {line(factor, u"fires at "_s + burn_of(factor), u"warning"_s)};
}

void ObjectiveDetailViewModel::show(const api::ObjectiveStatus& status) {
    status_ = status;
    alerts_.update(status);
    show_tiles();
    Q_EMIT changed();
}

void ObjectiveDetailViewModel::show_tiles() {
    const slo::Objective& objective = status_->objective;
    const slo::Budget& budget = status_->budget;
    const StateWord word = word_of(*status_);
    tiles_.set(Target, {u"Objective"_s,
                        QString::number(objective.target * 100, 'g', 6),
                        u"%"_s,
                        counted_of(objective.indicator),
                        u"none"_s,
                        {}});

    const std::uint64_t bad = budget.counted.bad();
    const QString counted = budget.indicator ? QString(grouped(bad) + u" bad of "_s + whole_count(budget.counted.total))
                                             : u"nothing was counted"_s;
    const bool kept = budget.indicator && *budget.indicator >= objective.target;
    // Three digits after the nines: 99.9 % and 99.95 % are not the same.
    const QString indicator =
        budget.indicator ? QString::number(*budget.indicator * 100, 'f', *budget.indicator >= 0.999 ? 3 : 2) : none();
    tiles_.set(Indicator, {u"Indicator, "_s + window_of(objective.window),
                           indicator,
                           budget.indicator ? u"%"_s : QString(),
                           counted,
                           !budget.indicator ? u"none"_s
                           : kept            ? u"good"_s
                                             : u"bad"_s,
                           {}});

    const Quantity left = budget.left ? percent(*budget.left) : Quantity{none(), {}};
    QString detail;
    if (budget.left) {
        const QString lasts = exhaustion_of(*status_);
        detail = u"burns "_s + burn_of(status_->burn_now);
        if (lasts == u"spent"_s)
            detail = count(static_cast<double>(bad)).text() + u" bad of "_s + count(budget.allowed_bad).text() +
                     u" allowed"_s;
        else if (status_->exhausted_in_micros)
            detail += u", spent in "_s + lasts;
        else if (status_->burn_now)
            detail += u", lasts the window"_s;
        else
            detail = u"nothing counted lately"_s;
    } else {
        detail = u"no data"_s;
    }
    QList<qreal> day;
    for (const std::optional<double>& at : status_->day) day.append(at ? std::max(0.0, *at) : kNaN);
    tiles_.set(BudgetLeft, {u"Budget left · "_s + word.word, left.number, left.unit, detail,
                            word.word == u"No data"_s ? u"none"_s : word.tone, day});
}

void ObjectiveDetailViewModel::clear_history() {
    fan_low_.clear();
    fan_high_.clear();
    has_history_ = false;
    budget_.set(0, 1, {}, {{}, {}});
    requests_.set(0, 1, {}, {{}, {}});
    errors_.set(0, 1, {}, {{}});
    latency_.set(0, 1, {}, {{}, {}, {}});
    burn_.set(0, 1, {}, {{}, {}});
    Q_EMIT charted();
}

void ObjectiveDetailViewModel::show(const api::ObjectiveHistory& history, double from, double to) {
    has_history_ = true;
    days_ = to - from > 2 * 86'400;
    std::vector<double> xs;
    std::vector<std::vector<double>> left(2), all(2), bad(1), times(3), burns(2);
    const double step = std::max(1e-6, static_cast<double>(history.step_micros) / kMicros);
    for (const api::ObjectiveHistory::Point& point : history.points) {
        // The newest step has only begun.
        const double width = xs.empty() ? step : std::clamp(seconds_of(point.at) - xs.back(), 1e-6, step);
        xs.push_back(seconds_of(point.at));
        left[0].push_back(point.budget_left.value_or(kNaN));
        left[1].push_back(kNaN);
        const bool counted = point.total > 0;
        const double total = static_cast<double>(point.total), wrong = static_cast<double>(point.total - point.good);
        all[0].push_back(total / width);
        all[1].push_back(wrong / width);
        bad[0].push_back(counted ? wrong / total : kNaN);
        times[0].push_back(point.p50_ms.value_or(kNaN));
        times[1].push_back(point.p95_ms.value_or(kNaN));
        times[2].push_back(point.p99_ms.value_or(kNaN));
        burns[0].push_back(point.long_burn.value_or(kNaN));
        burns[1].push_back(point.short_burn.value_or(kNaN));
    }
    requests_.set(from, to, xs, std::move(all));
    errors_.set(from, to, xs, std::move(bad));
    latency_.set(from, to, xs, std::move(times));
    burn_.set(from, to, xs, std::move(burns));

    // Of what is to come a quarter of what is shown, and at least an hour.
    const double until = history.forecast.empty() ? to
                                                  : std::min(seconds_of(history.forecast.back().at),
                                                             to + std::max((to - from) / 4, 3'600.0));
    fan_low_.clear();
    fan_high_.clear();
    if (!xs.empty() && history.points.back().budget_left) {
        left[1].back() = left[0].back();
        fan_low_.append(QPointF(xs.back(), left[0].back()));
        fan_high_.append(fan_low_.front());
    }
    for (const slo::ForecastPoint& point : history.forecast) {
        const double x = seconds_of(point.at);
        if (!xs.empty() && x <= xs.back()) continue;
        xs.push_back(x);
        left[0].push_back(kNaN);
        left[1].push_back(point.middle);
        fan_low_.append(QPointF(x, point.low));
        fan_high_.append(QPointF(x, point.high));
        if (x >= until) break;  // one point beyond it, so that lines reach the edge
    }
    const double end = xs.empty() ? to : std::min(until, std::max(to, xs.back()));
    budget_.set(from, end, std::move(xs), std::move(left));
    Q_EMIT charted();
}

}  // namespace streamgauge::viewmodels
