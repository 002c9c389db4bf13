// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/overview_view_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "viewmodels/format.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;

namespace {

constexpr std::chrono::milliseconds kPicture{250};
constexpr double kOldSeconds = 3;    // the server speaks at least once a second
constexpr int kHistorySeconds = 60;  // of a sparkline
constexpr int kErrorWindowSeconds = 60;
constexpr int kLatencyWindowSeconds = 10;
constexpr std::int64_t kReorderMicros = 2'000'000;  // names keep their places at least that long
constexpr double kLagWarningSeconds = 1;
constexpr double kLagBadSeconds = 10;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double received(const api::Outcomes& outcomes) {
    return static_cast<double>(outcomes.accepted + outcomes.duplicate + outcomes.rejected + outcomes.limited);
}

ChartModel::Look throughput_look() {
    return {{u"Accepted"_s, u"Duplicate"_s, u"Rejected"_s, u"Limited"_s},
            true,
            [](double x) { return clock_time(static_cast<std::int64_t>(x)); },
            [](double y) { return rate(y).text(); },
            [](double y) { return trimmed(rate(y)); }};
}

ChartModel::Look latency_look() {
    return {{u"p50"_s, u"p95"_s, u"p99"_s},
            false,
            [](double x) { return clock_time(static_cast<std::int64_t>(x)); },
            [](double y) { return milliseconds(y).text(); },
            [](double y) { return trimmed(milliseconds(y)); }};
}

Tile blank(const QString& title) {
    return {title, none(), {}, {}, u"none"_s, {}};
}

std::vector<Tile> blank_tiles() {
    return {blank(u"Events"_s), blank(u"Active users"_s), blank(u"Ack p99"_s),
            blank(u"Errors"_s), blank(u"Lag"_s),          blank(u"Worst budget"_s)};
}

}  // namespace

OverviewViewModel::OverviewViewModel(client::BackendClient& client, const OverviewStore& store, QObject* parent)
    : QObject(parent),
      client_(client),
      store_(store),
      tiles_(blank_tiles()),
      throughput_(throughput_look()),
      latency_(latency_look()) {
    throughput_.zoom_together(latency_);
    refresh_timer_.setSingleShot(true);
    refresh_timer_.setInterval(kPicture);
    connect(&refresh_timer_, &QTimer::timeout, this, [this] {
        if (dirty_) refresh();
    });
    age_timer_.setInterval(std::chrono::seconds(1));
    connect(&age_timer_, &QTimer::timeout, this, [this] { refresh_phase(); });
    age_timer_.start();
    connect(&store, &OverviewStore::changed, this, [this] { schedule(); });
    connect(&client, &client::BackendClient::stateChanged, this, [this] { refresh_phase(); });
}

void OverviewViewModel::set_window_seconds(int seconds) {
    const int clamped = std::clamp(seconds, 60, static_cast<int>(OverviewStore::kSeconds));
    if (window_seconds_ == clamped) return;
    window_seconds_ = clamped;
    throughput_.unzoom();
    Q_EMIT windowSecondsChanged();
    if (store_.has_data()) refresh_charts();
}

void OverviewViewModel::set_paused(bool paused) {
    paused_ = paused;
    if (!paused_ && dirty_) refresh();
}

void OverviewViewModel::schedule() {
    dirty_ = true;
    // The first picture after a quiet time comes at once.
    if (!paused_ && !refresh_timer_.isActive()) refresh();
}

void OverviewViewModel::refresh() {
    if (paused_) return;
    dirty_ = false;
    refresh_timer_.start();
    refresh_tiles();
    refresh_charts();
    refresh_ranks();
    refresh_phase();
}

void OverviewViewModel::refresh_ranks() {
    const api::Overview& overview = store_.overview();
    const bool reorder = std::abs(overview.as_of.micros - ranked_at_.micros) >= kReorderMicros;
    if (reorder) ranked_at_ = overview.as_of;
    const auto refresh = [reorder](RankModel& model, const std::vector<api::NamedCount>& rows) {
        if (reorder || static_cast<std::size_t>(model.count()) != rows.size())
            model.update(rows);
        else
            model.update_counts(rows);
    };
    refresh(top_pages_, overview.top_pages);
    refresh(event_types_, overview.event_types);
}

void OverviewViewModel::refresh_tiles() {
    const api::Overview& overview = store_.overview();
    const std::int64_t last = store_.last_second();
    QList<qreal> rates, users, p99s, errors, lags;
    for (std::int64_t second = last - kHistorySeconds + 1; second <= last; ++second) {
        const auto point = store_.at(second);
        rates.append(point ? received(point->outcomes) : kNaN);
        users.append(point ? static_cast<double>(point->active_users) : kNaN);
        p99s.append(point && point->ack.count > 0 ? point->ack.p99_ms : kNaN);
        lags.append(point ? point->lag_seconds : kNaN);
        const double all = point ? received(point->outcomes) : 0;
        errors.append(all > 0 ? static_cast<double>(point->outcomes.rejected + point->outcomes.limited) / all : kNaN);
    }

    const auto newest = store_.at(last);
    const Quantity now = rate(newest ? received(newest->outcomes) : kNaN);
    tiles_.set(EventRate, {u"Events"_s, now.number, now.unit,
                           overview.watermark ? QString(u"newest "_s + clock_time(overview.watermark->seconds()))
                                              : u"none so far"_s,
                           u"none"_s, rates});

    const Quantity active = count(static_cast<double>(overview.active_users));
    const bool exact = overview.active_users_error <= 0;
    tiles_.set(ActiveUsers,
               {u"Active users"_s, exact ? active.number : u"≈ "_s + active.number, active.unit,
                exact ? u"last 5 minutes"_s : QString(estimate(overview.active_users_error) + u", 5 minutes"_s),
                u"none"_s, users});

    std::optional<api::SecondPoint> answered;
    for (std::int64_t second = last; second > last - kLatencyWindowSeconds && !answered; --second) {
        const auto point = store_.at(second);
        if (point && point->ack.count > 0) answered = point;
    }
    const Quantity p99 = milliseconds(answered ? answered->ack.p99_ms : kNaN);
    tiles_.set(AckLatency,
               {u"Ack p99"_s, p99.number, p99.unit,
                answered ? QString(u"p50 "_s + milliseconds(answered->ack.p50_ms).text()) : u"no requests lately"_s,
                u"none"_s, p99s});

    double bad = 0;
    double all = 0;
    for (std::int64_t second = last - kErrorWindowSeconds + 1; second <= last; ++second) {
        if (const auto point = store_.at(second)) {
            bad += static_cast<double>(point->outcomes.rejected + point->outcomes.limited);
            all += received(point->outcomes);
        }
    }
    const Quantity error_share = percent(all > 0 ? bad / all : kNaN);
    tiles_.set(Errors,
               {u"Errors"_s, error_share.number, error_share.unit,
                all > 0 ? QString(grouped(static_cast<std::uint64_t>(bad)) + u" last minute"_s) : u"no events lately"_s,
                all <= 0         ? u"none"_s
                : bad <= 0       ? u"good"_s
                : bad > all / 20 ? u"bad"_s
                                 : u"warning"_s,
                errors});

    const double lag = newest ? newest->lag_seconds : kNaN;
    const Quantity lag_text = lag > 0 && lag < 1 ? milliseconds(lag * 1000) : seconds(lag);
    const QString fault = overview.canary ? QString::fromStdString(overview.canary->fault) : QString();
    QString on_its_way;
    if (!fault.isEmpty())
        on_its_way = u"canary missed, "_s;
    else if (overview.canary && overview.canary->seen_at)
        on_its_way = u"canary "_s + milliseconds(overview.canary->visible_ms).text() + u", "_s;
    on_its_way += grouped(overview.ledger.in_flight) + u" in flight"_s;
    tiles_.set(Lag, {u"Lag"_s, lag_text.number, lag_text.unit, on_its_way,
                     !fault.isEmpty()            ? u"bad"_s
                     : std::isnan(lag)           ? u"none"_s
                     : lag >= kLagBadSeconds     ? u"bad"_s
                     : lag >= kLagWarningSeconds ? u"warning"_s
                                                 : u"good"_s,
                     lags});

    if (fault != canary_fault_) {
        canary_fault_ = fault;
        Q_EMIT canaryFaultChanged();
    }

    const QString difference = grouped_signed(overview.ledger.difference);
    const QString off = overview.ledger.difference == 0
                            ? QString()
                            : QString(difference + u" events between what was accepted and what is counted"_s);
    if (off != ledger_fault_) {
        ledger_fault_ = off;
        Q_EMIT ledgerFaultChanged();
    }
    if (!worst_objective_.isEmpty()) return;
    tiles_.set(Budget, {u"Ledger difference"_s,
                        difference,
                        {},
                        QString(whole_count(overview.ledger.aggregated) + u" aggregated"_s),
                        off.isEmpty() ? u"good"_s : u"bad"_s,
                        {}});
}

void OverviewViewModel::set_objectives(const ObjectivesStore& objectives) {
    if (paused_ || !objectives.known()) return;
    QString worst;
    QVariantList lines;
    if (!objectives.all().empty()) {
        const api::ObjectiveStatus& first = objectives.all().front();
        const StateWord word = word_of(first);
        worst = text_of(first.objective.name);
        const Quantity left = first.budget.left ? percent(*first.budget.left) : Quantity{none(), {}};
        QList<qreal> day;
        for (const std::optional<double>& at : first.day) day.append(at ? std::max(0.0, *at) : kNaN);
        tiles_.set(Budget,
                   {u"Worst budget"_s, left.number, left.unit, QString(worst + u" · "_s + word.word), word.tone, day});
    }
    // What is drawn is the door's: objectives of other routes are not about it.
    std::optional<double> least;
    for (const api::ObjectiveStatus& one : objectives.all()) {
        const slo::Indicator& of = one.objective.indicator;
        const bool door = of.route.empty() || of.route == "/events" || of.route == "POST /events";
        if (of.kind != slo::Indicator::Kind::Latency || !door || (least && *least <= of.threshold_ms)) continue;
        least = of.threshold_ms;
        lines = {
            QVariantMap{{u"value"_s, of.threshold_ms},
                        {u"label"_s, QString(text_of(one.objective.name) + u": "_s + share_of(one.objective.target) +
                                             u" within "_s + trimmed(milliseconds(of.threshold_ms)))},
                        {u"tone"_s, u"warning"_s}}};
    }
    if (worst == worst_objective_ && lines == latency_lines_) return;
    worst_objective_ = worst;
    latency_lines_ = lines;
    Q_EMIT objectivesChanged();
}

void OverviewViewModel::refresh_charts() {
    const std::int64_t last = store_.last_second();
    const std::int64_t first = last - window_seconds_ + 1;
    std::vector<double> xs;
    std::vector<std::vector<double>> outcomes(4), latencies(3);
    for (std::int64_t second = first; second <= last; ++second) {
        const auto point = store_.at(second);
        xs.push_back(static_cast<double>(second));
        const auto add = [](std::vector<double>& to, bool known, double value) { to.push_back(known ? value : kNaN); };
        const bool known = point.has_value();
        const api::SecondPoint value = point.value_or(api::SecondPoint{});
        add(outcomes[0], known, static_cast<double>(value.outcomes.accepted));
        add(outcomes[1], known, static_cast<double>(value.outcomes.duplicate));
        add(outcomes[2], known, static_cast<double>(value.outcomes.rejected));
        add(outcomes[3], known, static_cast<double>(value.outcomes.limited));
        const bool answered = value.ack.count > 0;
        add(latencies[0], answered, value.ack.p50_ms);
        add(latencies[1], answered, value.ack.p95_ms);
        add(latencies[2], answered, value.ack.p99_ms);
    }
    throughput_.set(static_cast<double>(first), static_cast<double>(last), xs, std::move(outcomes));
    latency_.set(static_cast<double>(first), static_cast<double>(last), std::move(xs), std::move(latencies));
}

void OverviewViewModel::refresh_phase() {
    const ConnectionState state = client_.state();
    QString phase = phase_;
    if (store_.has_data()) {
        const bool quiet = store_.overview().ledger.decoded == 0 &&
                           std::all_of(store_.points().begin(), store_.points().end(),
                                       [](const auto& entry) { return received(entry.second.outcomes) <= 0; });
        if (!paused_) phase = quiet ? u"empty"_s : u"data"_s;
    } else {
        phase = state == ConnectionState::Failed || state == ConnectionState::Degraded ? u"error"_s : u"loading"_s;
    }
    if (phase != phase_) {
        phase_ = phase;
        Q_EMIT phaseChanged();
    }
    const auto old = store_.age_seconds();
    // A degraded server may still send: its numbers are as old as they are.
    const bool may_be_fresh = state == ConnectionState::Live || state == ConnectionState::Degraded;
    const bool stale = old && (!may_be_fresh || *old > kOldSeconds);
    const QString text = stale ? age(*old) : QString();
    if (text != age_text_) {
        age_text_ = text;
        Q_EMIT staleChanged();
    }
}

}  // namespace streamgauge::viewmodels
