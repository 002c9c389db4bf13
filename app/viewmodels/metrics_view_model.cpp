// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/metrics_view_model.h"

#include <algorithm>
#include <utility>

#include "base/time_text.h"
#include "query/steps.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;

namespace {

constexpr std::int64_t kListNanos = 5'000'000'000, kFillingNanos = 1'000'000'000;
constexpr std::int64_t kPointsNanos = 500'000'000;
constexpr std::int64_t kCostFactor = 4;   // so many times as long as the last question took
constexpr std::int64_t kMostSteps = 240;  // of a chart, where the step is chosen for it
constexpr std::size_t kRows = 5'000;

}  // namespace

MetricsViewModel::MetricsViewModel(client::BackendClient& client, const Clock& clock, const OverviewStore& store,
                                   QObject* parent)
    : QObject(parent), client_(client), clock_(clock), store_(store), shown_(client), editor_(client, clock, metrics_) {
    connect(&store, &OverviewStore::changed, this, [this] { follow(); });
    connect(&client, &client::BackendClient::stateChanged, this, [this] {
        if (active_ && (client_.state() == ConnectionState::Live || client_.state() == ConnectionState::Syncing))
            refresh();
        Q_EMIT changed();
    });
    connect(&shown_, &PointsViewModel::answered, this, [this] {
        const std::int64_t now = clock_.monotonic_nanos();
        next_question_ = now + std::max(kPointsNanos, kCostFactor * (now - asked_at_));
    });
    connect(&shown_, &PointsViewModel::wanted, this, [this] { ask_points(); });
    connect(&shown_, &PointsViewModel::changed, this, [this] { Q_EMIT changed(); });
    connect(&editor_, &MetricEditorViewModel::saved, this, [this](const QString& name) {
        select(name);
        refresh();
    });
}

QString MetricsViewModel::phase() const {
    if (listed_) return metrics_.count() > 0 ? u"data"_s : u"empty"_s;
    const ConnectionState state = client_.state();
    if (state == ConnectionState::Failed || state == ConnectionState::Degraded) return u"error"_s;
    if (client_.hello() && !client_.has_feature("metrics")) return u"none"_s;
    return list_error_.isEmpty() ? u"loading"_s : u"error"_s;
}

bool MetricsViewModel::stale() const {
    return listed_ && client_.state() != ConnectionState::Live && client_.state() != ConnectionState::Syncing;
}

void MetricsViewModel::set_active(bool active) {
    if (active == active_) return;
    active_ = active;
    if (active_) refresh();
    Q_EMIT changed();
}

void MetricsViewModel::set_paused(bool paused) {
    if (paused == paused_) return;
    paused_ = paused;
    if (!paused_) refresh();
}

bool MetricsViewModel::offered() const {
    return client_.has_feature("metrics");
}

std::uint64_t MetricsViewModel::counted() const {
    if (!store_.has_data()) return 0;
    const api::Ledger& ledger = store_.overview().ledger;
    return ledger.aggregated + ledger.too_late;
}

// The server speaks at least once a second.
void MetricsViewModel::follow() {
    if (!active_ || paused_ || !offered()) return;
    const std::int64_t now = clock_.monotonic_nanos();
    if (!listing_ && now - listed_at_ >= (metrics_.is_filling() ? kFillingNanos : kListNanos)) ask_list();
    if (shown_.asking() || shown_.cancelled() || now < next_question_) return;
    const std::int64_t step = step_micros() * 1'000;
    if (counted() != asked_counted_ || filling() || (step > 0 && now - asked_at_ >= step)) ask_points();
}

void MetricsViewModel::refresh() {
    if (!active_ || !offered()) return;
    ask_list();
    if (!shown_.asking()) ask_points();
}

void MetricsViewModel::ask_list() {
    listing_ = true;
    listed_at_ = clock_.monotonic_nanos();
    client_.metrics().list_metrics(this, [this](Result<std::vector<api::MetricStatus>> told) {
        listing_ = false;
        show_list(std::move(told));
    });
}

void MetricsViewModel::show_list(Result<std::vector<api::MetricStatus>> told) {
    if (!told.ok()) {
        list_error_ = QString::fromStdString(told.error().describe());
    } else {
        list_error_.clear();
        listed_ = true;
        metrics_.update(std::move(told).value());
        if (metrics_.row_of(selected_) < 0) {
            const api::MetricStatus* first = metrics_.at(0);
            select(first ? QString::fromStdString(first->definition.name) : QString());
        }
    }
    Q_EMIT changed();
}

void MetricsViewModel::select(const QString& name) {
    if (name == selected_) return;
    selected_ = name;
    step_ = 0;
    notice_.clear();
    removing_.clear();
    shown_.clear();
    ask_points();
    Q_EMIT changed();
}

QString MetricsViewModel::title() const {
    const api::MetricStatus* shown = status();
    if (!shown) return selected_;
    const QString unit = QString::fromStdString(shown->definition.unit);
    return unit.isEmpty() ? selected_ : selected_ + u" ("_s + unit + u')';
}

QString MetricsViewModel::description() const {
    const api::MetricStatus* shown = status();
    return shown ? QString::fromStdString(shown->definition.description) : QString();
}

void MetricsViewModel::set_range(int seconds) {
    if (seconds == range_ || seconds <= 0) return;
    range_ = seconds;
    step_ = 0;
    if (ChartModel* chart = shown_.chart()) chart->unzoom();
    ask_points();
    Q_EMIT changed();
}

QVariantList MetricsViewModel::steps() const {
    QVariantList all{QVariantMap{{u"value"_s, 0}, {u"text"_s, u"Auto"_s}}};
    const api::MetricStatus* shown = status();
    if (!shown) return all;
    for (const Tier& tier : shown->definition.tiers) {
        const std::int64_t seconds = tier.window_micros / kSecondMicros;
        if (seconds <= 0 || seconds > range_ || range_ / seconds > 10 * kMostSteps) continue;
        all.append(QVariantMap{{u"value"_s, static_cast<int>(seconds)},
                               {u"text"_s, QString::fromStdString(format_span(tier.window_micros))}});
    }
    return all;
}

void MetricsViewModel::set_step(int seconds) {
    if (seconds == step_ || seconds < 0) return;
    step_ = seconds;
    ask_points();
    Q_EMIT changed();
}

// The finest that gives no more than kMostSteps; a multiple of the widest window where even that is too fine.
std::int64_t MetricsViewModel::step_micros() const {
    if (step_ > 0) return step_ * kSecondMicros;
    const api::MetricStatus* shown = status();
    if (!shown || shown->definition.tiers.empty()) return 0;
    const std::int64_t range = range_ * kSecondMicros;
    std::int64_t widest = 0;
    for (const Tier& tier : shown->definition.tiers) {
        if (tier.window_micros <= 0) return 0;
        widest = tier.window_micros;
        if (range / tier.window_micros <= kMostSteps) return widest;
    }
    return widest * ((range + widest * kMostSteps - 1) / (widest * kMostSteps));
}

void MetricsViewModel::ask_points() {
    const api::MetricStatus* shown = status();
    if (!active_ || !shown) return;
    query::PointsQuery query;
    query.metric = selected_.toStdString();
    query.limit = kRows;
    query.top = 25;
    query.step_micros = step_micros();
    query.group_by = shown->definition.group_by;
    if (shown->definition.tiers.front().window_micros == 0) {
        query.range = query::kAllTime;
    } else {
        const Timestamp now = clock_.now();
        query.range = {now.plus_micros(-range_ * kSecondMicros), now};
    }
    asked_at_ = clock_.monotonic_nanos();
    asked_counted_ = counted();
    shown_.ask(std::move(query), shown->definition.aggregate, selected_);
}

bool MetricsViewModel::filling() const {
    const api::MetricStatus* shown = status();
    return shown && shown->backfill;
}

bool MetricsViewModel::filling_failed() const {
    const api::MetricStatus* shown = status();
    return shown && shown->backfill && shown->backfill->failed;
}

double MetricsViewModel::filling_progress() const {
    return metrics_.data(metrics_.index(metrics_.row_of(selected_)), MetricListModel::Progress).toDouble();
}

QString MetricsViewModel::filling_text() const {
    return metrics_.data(metrics_.index(metrics_.row_of(selected_)), MetricListModel::ProgressText).toString();
}

void MetricsViewModel::told(const Result<bool>& done) {
    notice_ = done.ok() ? QString() : QString::fromStdString(done.error().describe());
    refresh();
    Q_EMIT changed();
}

void MetricsViewModel::cancelBackfill() {
    if (!filling()) return;
    client_.metrics().cancel_backfill(selected_.toStdString(), this, [this](const Result<bool>& done) { told(done); });
}

void MetricsViewModel::retryBackfill() {
    if (!filling_failed()) return;
    client_.metrics().retry_backfill(selected_.toStdString(), this, [this](const Result<bool>& done) { told(done); });
}

QString MetricsViewModel::fixed_text() const {
    const api::MetricStatus* shown = status();
    if (!shown) return u"no metric is selected"_s;
    if (shown->definition.built_in()) return u"it is built in: paths of the contract answer from it"_s;
    return shown->from_file ? u"metrics.toml declares it: change it there, and send SIGHUP"_s : QString();
}

bool MetricsViewModel::can_change() const {
    return offered() && fixed_text().isEmpty();
}

void MetricsViewModel::define() {
    if (offered()) editor_.start_new();
}

void MetricsViewModel::change() {
    if (can_change()) editor_.start_change(status()->definition);
}

void MetricsViewModel::askRemove() {
    if (!can_change()) return;
    removing_ = selected_;
    Q_EMIT changed();
}

void MetricsViewModel::keep() {
    removing_.clear();
    Q_EMIT changed();
}

void MetricsViewModel::remove() {
    if (removing_.isEmpty()) return;
    const std::string name = std::exchange(removing_, QString()).toStdString();
    client_.metrics().remove_metric(name, this, [this](const Result<bool>& done) { told(done); });
    Q_EMIT changed();
}

}  // namespace streamgauge::viewmodels
