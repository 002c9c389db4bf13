// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_result.h"

#include <QDateTime>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "api/run_so_far.h"
#include "loadgen/lab_objective.h"
#include "loadgen/objective_outputs.h"
#include "viewmodels/format.h"
#include "viewmodels/load_words.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using api::LoadState;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kShortestAxisSeconds = 10;

double quantile_ms(const Histogram& histogram, double q) {
    return static_cast<double>(histogram.quantile_micros(q)) / 1000;
}

QString ms_text(double ms, bool known) {
    return known ? milliseconds(ms).text() : none();
}

ChartModel::Look rate_look(const QStringList& names) {
    return {names, false, run_time, [](double y) { return viewmodels::rate(y).text(); },
            [](double y) { return trimmed(viewmodels::rate(y)); }};
}

ChartModel::Look latency_look(const QStringList& names, std::function<QString(double)> x_label) {
    return {names, false, std::move(x_label), [](double y) { return milliseconds(y).text(); },
            [](double y) { return trimmed(milliseconds(y)); }};
}

// Neither held, nor does it name what failed.
bool under_way(const api::LoadCapacityStep& step) {
    return !step.held && step.limiting.empty();
}

// As a search says that its own generator's ceiling was what it met (loadgen/capacity_search.h).
constexpr std::string_view kOwnCeiling = "max_in_flight: ";
bool is_own_ceiling(std::string_view limiting) {
    return limiting.starts_with(kOwnCeiling);
}

bool answered(const api::LoadSecond& second) {
    return second.ok + second.limited + second.other > 0;
}

}  // namespace

LoadResult::LoadResult(QObject* parent)
    : QObject(parent),
      rates_(rate_look({u"Planned"_s, u"Sent"_s, u"Done"_s, u"Failed"_s})),
      latency_(latency_look({u"p50"_s, u"p95"_s, u"p99"_s}, run_time)),
      curve_(latency_look({u"p50"_s, u"p99"_s}, [](double x) { return trimmed(viewmodels::rate(x)); })) {
    rates_.zoom_together(latency_);
}

void LoadResult::show(const api::LoadStatus& status, bool whole) {
    const bool other_run = status.run_id != status_.run_id;
    if (whole || other_run) {
        const bool behind = !other_run && status.seconds.size() < seconds_.seconds().size();
        if (!behind) seconds_.clear();
    }
    if (other_run) {
        reading_.reset();
        unzoom();
    }
    seconds_.merge(status.seconds);
    status_ = status;
    status_.seconds.clear();
    draw();
    Q_EMIT changed();
}

void LoadResult::show(LoadReadingPtr reading) {
    if (reading->status.run_id != status_.run_id) unzoom();
    status_ = reading->status;
    seconds_.replace(reading->seconds);
    reading_ = std::move(reading);
    draw();
    Q_EMIT changed();
}

void LoadResult::clear() {
    status_ = {};
    reading_.reset();
    seconds_.clear();
    draw();
    Q_EMIT changed();
}

void LoadResult::unzoom() {
    rates_.unzoom();
    curve_.unzoom();
}

void LoadResult::draw() {
    std::vector<double> xs;
    std::vector<std::vector<double>> counts(4), latencies(3);
    for (const api::LoadSecond& second : seconds_.seconds()) {
        xs.push_back(static_cast<double>(second.second));
        counts[0].push_back(static_cast<double>(second.planned));
        counts[1].push_back(static_cast<double>(second.sent));
        counts[2].push_back(static_cast<double>(second.ok));
        counts[3].push_back(static_cast<double>(second.limited + second.other));
        latencies[0].push_back(answered(second) ? second.p50_ms : kNaN);
        latencies[1].push_back(answered(second) ? second.p95_ms : kNaN);
        latencies[2].push_back(answered(second) ? second.p99_ms : kNaN);
    }
    const double last = std::max(xs.empty() ? 0.0 : xs.back(), kShortestAxisSeconds);
    rates_.set(0, last, xs, std::move(counts));
    latency_.set(0, last, std::move(xs), std::move(latencies));
    heat_.set(seconds_.seconds(), last + 1);
    std::vector<api::LoadCapacityStep> steps;
    double furthest = 0;
    if (status_.capacity) {
        for (const api::LoadCapacityStep& step : status_.capacity->steps) {
            furthest = std::max(furthest, step.rate);
            if (!under_way(step)) steps.push_back(step);
        }
    }
    std::sort(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.rate < b.rate; });
    std::vector<double> rates;
    std::vector<std::vector<double>> at(2);
    for (const api::LoadCapacityStep& step : steps) {
        rates.push_back(step.rate);
        at[0].push_back(step.p50_ms);
        at[1].push_back(step.p99_ms);
    }
    const double most = furthest > 0 ? furthest * 1.05 : 1;
    curve_.set(0, most, std::move(rates), std::move(at));
}

bool LoadResult::active() const {
    return status_.state == LoadState::Starting || status_.state == LoadState::Running;
}

std::uint64_t LoadResult::failed_thresholds() const {
    const auto thresholds = std::count_if(status_.thresholds.begin(), status_.thresholds.end(),
                                          [](const api::LoadThreshold& one) { return !one.passed; });
    const auto objectives = std::count_if(status_.objectives.begin(), status_.objectives.end(),
                                          [](const api::LoadObjective& one) { return !one.held; });
    return static_cast<std::uint64_t>(thresholds + objectives);
}

// ---- the verdict

QString LoadResult::name() const {
    if (status_.capacity) return u"Capacity search"_s;
    return status_.name.empty() || status_.name == "load" ? u"Load run"_s : text_of(status_.name);
}

QString LoadResult::summary() const {
    if (!shown()) return {};
    QString text = text_of(status_.plan.url);
    text += status_.plan.arrivals == api::Arrivals::Replay    ? u", replay of recorded arrivals"_s
            : status_.plan.arrivals == api::Arrivals::Poisson ? u", Poisson arrivals"_s
                                                              : u", even arrivals"_s;
    if (reading_) {
        const auto at = QDateTime::fromMSecsSinceEpoch(reading_->started_at().micros / 1000);
        text = at.toString(u"d MMM yyyy HH:mm"_s) + u", "_s + text + u", seed "_s + QString::number(status_.plan.seed);
    }
    return text;
}

QString LoadResult::state() const {
    switch (status_.state) {
        case LoadState::Idle:
            return u"idle"_s;
        case LoadState::Starting:
            return u"starting"_s;
        case LoadState::Running:
            return u"running"_s;
        case LoadState::Done:
            return u"done"_s;
        case LoadState::Stopped:
            return u"stopped"_s;
        case LoadState::Failed:
            return u"failed"_s;
    }
    return {};
}

QString LoadResult::tone() const {
    if (interrupted()) return u"warning"_s;
    switch (status_.state) {
        case LoadState::Idle:
        case LoadState::Starting:
            return u"none"_s;
        case LoadState::Running:
            return failed_thresholds() > 0 ? u"bad"_s : status_.paused ? u"warning"_s : u"accent"_s;
        case LoadState::Failed:
            return u"bad"_s;
        case LoadState::Stopped:
        case LoadState::Done:
            break;
    }
    if (status_.capacity) return status_.capacity->end == "found" ? u"good"_s : u"warning"_s;
    if (failed_thresholds() > 0 || (report() && report()->stopped_by == "error brake")) return u"bad"_s;
    if (report() && report()->certificate.verdict == loadgen::Validity::Invalid) return u"warning"_s;
    if (status_.state == LoadState::Stopped) return u"none"_s;
    if (status_.thresholds.empty() && status_.objectives.empty() && status_.failed > 0) return u"warning"_s;
    return u"good"_s;
}

QString LoadResult::state_text() const {
    if (interrupted()) return u"Interrupted"_s;
    switch (status_.state) {
        case LoadState::Idle:
            return u"No run yet"_s;
        case LoadState::Starting:
            return u"Starting"_s;
        case LoadState::Running:
            return status_.paused ? u"Paused"_s : status_.capacity ? u"Searching"_s : u"Running"_s;
        case LoadState::Failed:
            return u"Failed"_s;
        case LoadState::Stopped:
            return tone() == "bad"_L1 ? u"Failed"_s : u"Stopped"_s;
        case LoadState::Done:
            break;
    }
    if (status_.capacity) return status_.capacity->end == "found" ? u"Found"_s : u"Not found"_s;
    const QString tone = this->tone();
    return tone == "bad"_L1                                                                     ? u"Failed"_s
           : (status_.thresholds.empty() && status_.objectives.empty()) || tone == "warning"_L1 ? u"Done"_s
                                                                                                : u"Passed"_s;
}

QString LoadResult::headline() const {
    if (!shown()) return {};
    const QStringList why = reasons();
    if (!why.isEmpty()) return why.front();
    if (active()) {
        if (status_.capacity) {
            const std::vector<api::LoadCapacityStep>& steps = status_.capacity->steps;
            const bool stepping = !steps.empty() && under_way(steps.back());
            const std::size_t number = steps.size() + (stepping ? 0 : 1);
            const QString doing = stepping ? QString(u": "_s + viewmodels::rate(steps.back().rate).text())
                                           : u" begins when the server has worked off the last one"_s;
            return u"Step "_s + QString::number(number) + (number == 1 && !stepping ? u" begins"_s : doing) +
                   (status_.capacity->rate > 0
                        ? QString(u"; "_s + viewmodels::rate(status_.capacity->rate).text() + u" held so far"_s)
                        : QString());
        }
        return u"Planned now: "_s + trimmed(viewmodels::rate(status_.paused ? 0 : status_.rate));
    }
    if (status_.capacity) {
        const api::LoadCapacity& found = *status_.capacity;
        if (interrupted()) return u"Interrupted"_s + text_of(found.end.substr(api::kInterrupted.size())) + u'.';
        if (status_.state == LoadState::Stopped) return u"The search was stopped before it had an answer."_s;
        if (found.end != "found") return text_of(found.end) + u'.';
        QString text = viewmodels::rate(found.rate).text() + u" held for 20 s"_s;
        if (is_own_ceiling(found.limiting)) {
            text += u"; above it "_s + text_of(found.limiting.substr(kOwnCeiling.size()));
        } else if (!found.limiting.empty()) {
            text += u"; above it fails "_s + threshold_words(found.limiting);
        }
        if (!found.limiting_stage.empty()) text += u", in "_s + text_of(found.limiting_stage);
        return text + u'.';
    }
    if (status_.state == LoadState::Stopped) {
        const QString by = report() && report()->stopped_by == "hand" ? u"by hand "_s : QString();
        return u"Stopped "_s + by + u"after "_s + duration(status_.elapsed_seconds) + u"."_s;
    }
    const std::size_t all = status_.thresholds.size();
    if (report() && report()->certificate.verdict == loadgen::Validity::Invalid) {
        const std::vector<std::string>& doubts = report()->certificate.reasons;
        return u"These figures are not the server's: the generator was the limit"_s +
               (doubts.empty() ? QString(u"."_s) : QString(u", "_s + text_of(doubts.front()) + u'.'));
    }
    if (!status_.objectives.empty())
        return all == 0 ? u"Its objectives were held."_s : u"Its thresholds and objectives were held."_s;
    if (all == 0) return u"No threshold was set, so there is nothing that it could fail."_s;
    return all == 1 ? u"Its threshold held."_s : QString(u"All "_s + QString::number(all) + u" thresholds held."_s);
}

QStringList LoadResult::reasons() const {
    if (!status_.error.empty()) return {text_of(status_.error)};
    if (report()) return failure_reasons(*report());
    QStringList reasons;
    for (const api::LoadThreshold& one : status_.thresholds) {
        if (one.passed) continue;
        const auto threshold = loadgen::parse_threshold(one.text);
        reasons += threshold.ok()
                       ? QString(threshold_words(*threshold) + (active() ? u" does not hold: "_s : u" was "_s) +
                                 measured_words(threshold->measure, one.measured))
                       : text_of(one.text);
    }
    for (const api::LoadObjective& one : status_.objectives)
        if (!one.held) reasons += text_of(one.name + ": " + one.promise) + u": its budget was overspent"_s;
    return reasons;
}

double LoadResult::progress() const {
    if (!active() && shown())
        return status_.state == LoadState::Done
                   ? 1
                   : std::clamp(status_.planned_seconds > 0 ? status_.elapsed_seconds / status_.planned_seconds : 0.0,
                                0.0, 1.0);
    return status_.planned_seconds > 0 ? std::clamp(status_.elapsed_seconds / status_.planned_seconds, 0.0, 1.0) : 0;
}

QString LoadResult::clock() const {
    if (!shown()) return {};
    return run_time(status_.elapsed_seconds) + u" of "_s + run_time(status_.planned_seconds);
}

// ---- figures

QVariantList LoadResult::figures() const {
    if (!shown()) return {};
    const bool any = status_.done + status_.failed > 0;
    const auto figure = [](const QString& name, const QString& value, const QString& tone = u"none"_s) {
        return QVariantMap{{u"name"_s, name}, {u"value"_s, value}, {u"tone"_s, tone}};
    };
    QVariantList figures{figure(u"Planned"_s, grouped(status_.planned)), figure(u"Sent"_s, grouped(status_.sent)),
                         figure(u"Done"_s, grouped(status_.done)),
                         figure(u"Failed"_s, grouped(status_.failed), status_.failed > 0 ? u"bad"_s : u"none"_s)};
    if (status_.capacity) return figures;
    const std::uint64_t dropped = report() ? report()->totals.dropped : 0;
    if (dropped > 0) figures += figure(u"Dropped"_s, grouped(dropped), u"warning"_s);
    if (!active() && status_.unfinished > 0)
        figures += figure(u"Unfinished"_s, grouped(status_.unfinished), u"warning"_s);
    figures += figure(u"p50"_s, ms_text(status_.p50_ms, any));
    figures += figure(u"p95"_s, ms_text(status_.p95_ms, any));
    figures += figure(u"p99"_s, ms_text(status_.p99_ms, any));
    return figures;
}

QVariantList LoadResult::durations() const {
    if (!shown() || status_.capacity) return {};
    // Of a run that was interrupted only the response times are known.
    const auto row = [this](const QString& name, const QString& tip, const api::LoadDuration& d,
                            Histogram loadgen::Durations::*of) {
        const bool any = report() ? (report()->durations.*of).count() > 0 : status_.done + status_.failed > 0;
        return QVariantMap{{u"name"_s, name},
                           {u"tip"_s, tip},
                           {u"p50"_s, ms_text(d.p50_ms, any)},
                           {u"p95"_s, ms_text(d.p95_ms, any)},
                           {u"p99"_s, ms_text(d.p99_ms, any)},
                           {u"max"_s, ms_text(d.max_ms, any)}};
    };
    return {row(u"Response"_s, u"From the planned time to the answer: what a user waits"_s,
                {status_.p50_ms, status_.p95_ms, status_.p99_ms, status_.max_ms}, &loadgen::Durations::response),
            row(u"Service"_s, u"From the sending to the answer: what the server takes"_s, status_.service,
                &loadgen::Durations::service),
            row(u"Send lag"_s, u"From the planned time to the sending: the generator, and the wait for a connection"_s,
                status_.send_lag, &loadgen::Durations::send_lag)};
}

QVariantList LoadResult::thresholds() const {
    QVariantList rows;
    for (std::size_t i = 0; i < status_.thresholds.size(); ++i) {
        const api::LoadThreshold& one = status_.thresholds[i];
        const auto threshold = loadgen::parse_threshold(one.text);
        // What was not measured is not well, and what did not come to its end is not judged.
        const bool known = !interrupted() && (one.measured || (!one.passed && !active()));
        const QString state = !known       ? (active() ? u"not yet"_s : u"not known"_s)
                              : one.passed ? (active() ? u"holds"_s : u"held"_s)
                                           : (active() ? u"fails"_s : u"failed"_s);
        const QString tone = !known ? u"none"_s : one.passed ? u"good"_s : u"bad"_s;
        rows += QVariantMap{
            {u"text"_s, threshold_words(one.text)},
            {u"measured"_s, threshold.ok() && one.measured ? measured_words(threshold->measure, one.measured) : none()},
            {u"state"_s, state},
            {u"tone"_s, tone}};
    }
    return rows;
}

QVariantList LoadResult::objectives() const {
    QVariantList rows;
    for (std::size_t i = 0; i < status_.objectives.size(); ++i) {
        const api::LoadObjective& one = status_.objectives[i];
        const bool any = one.total > 0;
        const double good = any ? static_cast<double>(one.good) / static_cast<double>(one.total) : 0;
        QString alerts = grouped(one.fired);
        QStringList firing;
        for (const std::string& severity : one.firing) firing += text_of(severity);
        if (!firing.isEmpty()) alerts += u", "_s + firing.join(u", "_s);
        QString tip = text_of(one.promise);
        if (report())
            tip += u"; "_s + text_of(loadgen::window_text(report()->objectives[i].objective.window.micros)) +
                   u" last "_s + text_of(loadgen::window_text(report()->objectives[i].lasts_micros)) +
                   u" here; spent: of the worst of them"_s;
        const QString state = active()        ? (!one.held ? u"fails"_s
                                                 : any     ? u"holds"_s
                                                           : u"not yet"_s)
                              : interrupted() ? u"not known"_s
                                              : (one.held ? u"held"_s : u"not held"_s);
        rows += QVariantMap{{u"name"_s, text_of(one.name)},
                            {u"kind"_s, text_of(one.kind)},
                            {u"target"_s, share_of(one.target)},
                            {u"measured"_s, any ? share_of(std::round(good * 1e5) / 1e5) : none()},
                            {u"spent"_s, one.left ? percent(1 - *one.left).text() : none()},
                            {u"alerts"_s, alerts},
                            {u"state"_s, state},
                            {u"tone"_s, interrupted()      ? u"none"_s
                                        : !one.held        ? u"bad"_s
                                        : active() && !any ? u"none"_s
                                                           : u"good"_s},
                            {u"tip"_s, tip}};
    }
    return rows;
}

QStringList LoadResult::objective_notes() const {
    constexpr std::size_t kEpisodesShown = 3;
    QStringList notes;
    if (!report()) return notes;
    for (const loadgen::ObjectiveResult& result : report()->objectives) {
        const QString name = text_of(result.objective.name) + u": "_s;
        if (result.budget_used) notes += name + text_of(loadgen::budget_used_text(result)) + u'.';
        for (const loadgen::ObjectiveAlert& alert : result.alerts)
            for (std::size_t i = 0; i < std::min(alert.episodes.size(), kEpisodesShown); ++i)
                notes += name + text_of(loadgen::episode_text(alert, alert.episodes[i])) + u'.';
    }
    return notes;
}

QVariantList LoadResult::outcomes() const {
    if (!shown() || status_.capacity) return {};
    const auto all = static_cast<double>(status_.done + status_.failed);
    const auto row = [all](const QString& name, std::uint64_t count, const QString& tone) {
        return QVariantMap{{u"name"_s, name},
                           {u"count"_s, grouped(count)},
                           {u"share"_s, all > 0 ? static_cast<double>(count) / all : 0.0},
                           {u"shareText"_s, all > 0 ? percent(static_cast<double>(count) / all).text() : none()},
                           {u"tone"_s, tone}};
    };
    QVariantList rows{row(u"OK, as expected"_s, status_.done, u"good"_s)};
    for (const api::NamedCount& error : status_.errors)
        rows += row(outcome_words(error.name), error.count, error.name == "status_429" ? u"warning"_s : u"bad"_s);
    return rows;
}

QVariantList LoadResult::kinds() const {
    QVariantList rows;
    if (!report() || report()->endpoints.size() < 2) return rows;
    for (const loadgen::EndpointReport& kind : report()->endpoints) {
        const bool any = kind.durations.response.count() > 0;
        rows += QVariantMap{{u"name"_s, text_of(kind.name)},
                            {u"sent"_s, grouped(kind.totals.sent)},
                            {u"failed"_s, grouped(kind.totals.failed())},
                            {u"tone"_s, kind.totals.failed() > 0 ? u"bad"_s : u"none"_s},
                            {u"p95"_s, ms_text(quantile_ms(kind.durations.response, 0.95), any)},
                            {u"p99"_s, ms_text(quantile_ms(kind.durations.response, 0.99), any)}};
    }
    return rows;
}

QVariantList LoadResult::stages() const {
    QVariantList rows;
    if (!report()) return rows;
    for (const loadgen::ServerStage& stage : report()->stages) {
        const bool any = stage.duration.count() > 0;
        rows += QVariantMap{{u"name"_s, text_of(stage.name)},
                            {u"p50"_s, ms_text(quantile_ms(stage.duration, 0.5), any)},
                            {u"p99"_s, ms_text(quantile_ms(stage.duration, 0.99), any)}};
    }
    return rows;
}

QVariantList LoadResult::hand() const {
    QVariantList rows;
    if (!report()) return rows;
    for (const loadgen::HandAction& action : report()->hand)
        rows += QVariantMap{{u"at"_s, run_time(static_cast<double>(action.at_nanos) / 1e9)},
                            {u"text"_s, hand_words(action)}};
    return rows;
}

QVariantList LoadResult::end_to_end() const {
    QVariantList rows;
    if (!report() || !report()->end_to_end) return rows;
    const loadgen::EndToEndReport& found = *report()->end_to_end;
    const auto row = [](const QString& name, const QString& value, const QString& tone) {
        return QVariantMap{{u"name"_s, name}, {u"value"_s, value}, {u"tone"_s, tone}};
    };
    const auto fresh = [](const Histogram& histogram) {
        return histogram.count() > 0 ? QString(milliseconds(quantile_ms(histogram, 0.5)).text() + u" / "_s +
                                               milliseconds(quantile_ms(histogram, 0.99)).text())
                                     : none();
    };
    rows += row(u"Acknowledged"_s, grouped(found.acknowledged), u"none"_s);
    rows += row(u"Visible"_s, grouped(found.visible), u"none"_s);
    rows += row(u"Lost"_s, grouped(found.lost), found.lost > 0 ? u"bad"_s : u"good"_s);
    rows += row(u"Repeated"_s, grouped(found.repeated), found.repeated > 0 ? u"bad"_s : u"good"_s);
    rows += row(u"Out of order"_s, grouped(found.out_of_order), found.out_of_order > 0 ? u"warning"_s : u"good"_s);
    rows += row(u"Sums"_s, found.sums_equal ? u"equal"_s : u"differ"_s, found.sums_equal ? u"good"_s : u"bad"_s);
    rows += row(u"Fresh by asking, p50 / p99"_s, fresh(found.freshness_query), u"none"_s);
    rows += row(u"Fresh by the live feed, p50 / p99"_s, fresh(found.freshness_live), u"none"_s);
    return rows;
}

// ---- the generator's certificate

QString LoadResult::certificate() const {
    if (!report()) return {};
    return QString::fromUtf8(loadgen::to_string(report()->certificate.verdict));
}

QString LoadResult::certificate_tone() const {
    if (!report()) return u"none"_s;
    switch (report()->certificate.verdict) {
        case loadgen::Validity::Valid:
            return u"good"_s;
        case loadgen::Validity::Degraded:
            return u"warning"_s;
        case loadgen::Validity::Invalid:
            return u"bad"_s;
    }
    return u"none"_s;
}

QString LoadResult::certificate_text() const {
    if (!shown() || status_.capacity) return {};
    if (!report())
        return active() ? QString(u"Judged at the end. So far it is late by "_s +
                                  milliseconds(status_.send_lag_p99_ms).text() + u" (p99)."_s)
                        : u"There is no report of this run, so the generator is not judged."_s;
    return certificate_words(report()->certificate.verdict);
}

QStringList LoadResult::certificate_reasons() const {
    QStringList rows;
    if (!report()) return rows;
    const loadgen::Certificate& of = report()->certificate;
    for (const std::string& reason : of.reasons) rows += text_of(reason);
    if (!interrupted())
        rows += u"Own lateness p99 "_s + milliseconds(of.send_lag_p99_ms).text() + u", own CPU "_s +
                percent(of.cpu_share).text() + u" of a core, "_s + grouped(of.stalls) + u" standstills."_s;
    return rows;
}

QVariantMap LoadResult::capacity() const {
    if (!status_.capacity) return {};
    const api::LoadCapacity& found = *status_.capacity;
    QVariantList steps;
    const auto row = [](const api::LoadCapacityStep& step, const QString& verdict, const QString& tone) {
        return QVariantMap{{u"rate"_s, viewmodels::rate(step.rate).text()},
                           {u"answered"_s, viewmodels::rate(step.answered_rate).text()},
                           {u"p50"_s, milliseconds(step.p50_ms).text()},
                           {u"p99"_s, milliseconds(step.p99_ms).text()},
                           {u"seconds"_s, duration(step.seconds)},
                           {u"tone"_s, tone},
                           {u"verdict"_s, verdict}};
    };
    for (auto step = found.steps.rbegin(); step != found.steps.rend(); ++step)
        steps += under_way(*step)
                     ? row(*step, step->confirm ? u"confirming …"_s : u"under way …"_s, u"none"_s)
                     : row(*step,
                           step->held                       ? (step->confirm ? u"confirmed"_s : u"held"_s)
                           : step->limiting == "queue"      ? u"backlog grew"_s
                           : is_own_ceiling(step->limiting) ? u"max in flight"_s
                                                            : QString(u"failed "_s + threshold_words(step->limiting)),
                           step->held ? u"good"_s : u"bad"_s);
    QStringList objectives;
    for (const std::string& text : found.objectives) objectives += threshold_words(text);
    const bool bounded = found.high > 0 && found.low > 0;
    return {{u"rate"_s, found.rate > 0 ? viewmodels::rate(found.rate).text() : none()},
            {u"interval"_s,
             bounded ? QString(viewmodels::rate(found.low).text() + u" to "_s + viewmodels::rate(found.high).text())
                     : none()},
            {u"limiting"_s, found.limiting.empty()           ? none()
                            : found.limiting == "queue"      ? u"a growing backlog"_s
                            : is_own_ceiling(found.limiting) ? u"max in flight"_s
                                                             : threshold_words(found.limiting)},
            {u"stage"_s, found.limiting_stage.empty() ? none() : text_of(found.limiting_stage)},
            {u"objectives"_s, objectives.join(u", "_s)},
            {u"low"_s, bounded ? found.low : 0.0},
            {u"high"_s, bounded ? found.high : 0.0},
            {u"steps"_s, steps}};
}

QVariantList LoadResult::step_points() const {
    QVariantList points;
    if (!status_.capacity) return points;
    for (const api::LoadCapacityStep& step : status_.capacity->steps) {
        const bool provisional = under_way(step);
        const QString tone = provisional ? u"accent"_s : step.held ? u"good"_s : u"bad"_s;
        for (const double y : {step.p50_ms, step.p99_ms})
            points += QVariantMap{{u"x"_s, step.rate}, {u"y"_s, y}, {u"tone"_s, tone}, {u"provisional"_s, provisional}};
    }
    return points;
}

void overlay(const loadgen::RunReport& before, const loadgen::RunReport& after, ChartModel& rates,
             ChartModel& latency) {
    const std::size_t length = std::max(before.seconds.size(), after.seconds.size());
    std::vector<double> xs(length);
    std::vector<std::vector<double>> good(2, std::vector<double>(length, kNaN)), p99 = good;
    for (std::size_t i = 0; i < length; ++i) xs[i] = static_cast<double>(i);
    const auto put = [&](const loadgen::RunReport& run, std::size_t side) {
        for (std::size_t i = 0; i < run.seconds.size(); ++i) {
            const loadgen::SecondRow& row = run.seconds[i].row;
            good[side][i] = static_cast<double>(row.ok);
            if (row.ok + row.limited + row.other > 0) p99[side][i] = row.p99_ms;
        }
    };
    put(before, 0);
    put(after, 1);
    const double last = std::max(static_cast<double>(length) - 1, kShortestAxisSeconds);
    rates.set(0, last, xs, std::move(good));
    latency.set(0, last, std::move(xs), std::move(p99));
}

void overlay(const api::CapacityReport& before, const api::CapacityReport& after, ChartModel& curve) {
    using Points = std::map<double, double>;
    const auto points_of = [](const api::CapacityReport& search) {
        Points points;
        for (const api::LoadCapacityStep& step : search.capacity.steps) points[step.rate] = step.p99_ms;
        return points;
    };
    const Points of[] = {points_of(before), points_of(after)};
    const auto between = [](const Points& points, double x) {
        const auto above = points.lower_bound(x);
        if (above == points.end()) return kNaN;
        if (above->first <= x) return above->second;
        if (above == points.begin()) return kNaN;
        const auto below = std::prev(above);
        const double share = (x - below->first) / (above->first - below->first);
        return below->second + share * (above->second - below->second);
    };
    std::set<double> rates;
    for (const Points& points : of)
        for (const auto& point : points) rates.insert(point.first);
    std::vector<double> xs(rates.begin(), rates.end());
    std::vector<std::vector<double>> ys(2);
    for (const double x : xs)
        for (const std::size_t side : {0U, 1U}) ys[side].push_back(between(of[side], x));
    const double most = xs.empty() ? 1 : xs.back() * 1.05;
    curve.set(0, most, std::move(xs), std::move(ys));
}

}  // namespace streamgauge::viewmodels
