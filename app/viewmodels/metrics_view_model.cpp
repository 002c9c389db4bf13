// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/metrics_view_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/time_text.h"
#include "query/steps.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;

namespace {

constexpr int kRefreshMillis = 5'000;
constexpr std::int64_t kMostSteps = 240;  // of a chart, where the step is chosen for it
constexpr std::size_t kRows = 5'000;

// The events of exactly these groups.
Filter of_groups(const std::vector<FieldPath>& fields, const std::vector<query::Point>& points) {
    FilterNode any;
    any.kind = FilterNode::Kind::Or;
    for (const query::Point& point : points) {
        FilterNode all;
        all.kind = FilterNode::Kind::And;
        for (std::size_t i = 0; i < fields.size() && i < point.group.size(); ++i) {
            FilterNode one;
            one.kind = FilterNode::Kind::Compare;
            one.field = fields[i];
            if (point.group[i].empty()) {
                one.op = Operator::Exists;
                FilterNode absent;
                absent.kind = FilterNode::Kind::Not;
                absent.children.push_back(std::move(one));
                all.children.push_back(std::move(absent));
                continue;
            }
            one.op = Operator::Equal;
            one.values = {point.group[i]};
            all.children.push_back(std::move(one));
        }
        any.children.push_back(std::move(all));
    }
    const Result<Filter> filter = Filter::from_tree(std::move(any));
    return filter.ok() ? *filter : Filter();
}

}  // namespace

MetricsViewModel::MetricsViewModel(client::BackendClient& client, const Clock& clock, QObject* parent)
    : QObject(parent), client_(client), clock_(clock) {
    timer_.setInterval(kRefreshMillis);
    connect(&timer_, &QTimer::timeout, this, [this] { refresh(); });
    connect(&client, &client::BackendClient::stateChanged, this, [this] {
        if (active_ && (client_.state() == ConnectionState::Live || client_.state() == ConnectionState::Syncing))
            refresh();
        Q_EMIT changed();
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
    if (active_ && !paused_) timer_.start();
    if (active_) refresh();
    if (!active_) timer_.stop();
    Q_EMIT changed();
}

void MetricsViewModel::set_paused(bool paused) {
    if (paused == paused_) return;
    paused_ = paused;
    if (paused_) {
        timer_.stop();
    } else if (active_) {
        timer_.start();
        refresh();
    }
}

void MetricsViewModel::refresh() {
    if (!active_ || !client_.has_feature("metrics")) return;
    client_.metrics().list_metrics(this,
                                   [this](Result<std::vector<api::MetricStatus>> told) { show_list(std::move(told)); });
    if (!asking_) ask_points();
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
    answer_.reset();
    points_error_.clear();
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
    const std::uint64_t question = ++question_;
    asking_ = true;
    const bool ranked =
        shown->definition.aggregate != Aggregate::TopK && shown->definition.aggregate != Aggregate::Last;
    if (query.group_by.empty() || query.step_micros == 0 || !ranked) {
        if (query.step_micros == 0 && ranked) query.order = query::Order{query::Order::By::Value, true};
        client_.metrics().points(std::move(query), this, [this, question](Result<query::PointsAnswer> told) {
            if (question != question_) return;
            asking_ = false;
            if (!told.ok()) return fail(told.error());
            show_points(std::move(told).value());
        });
        return;
    }
    // First the groups with most over the whole range, then these over time.
    query::PointsQuery totals = query;
    totals.step_micros = 0;
    totals.limit = kSeries;
    totals.order = query::Order{query::Order::By::Value, true};
    client_.metrics().points(std::move(totals), this,
                             [this, question, query = std::move(query)](Result<query::PointsAnswer> told) {
                                 if (question != question_) return;
                                 if (told.ok()) return ask_series(query, *told);
                                 asking_ = false;
                                 fail(told.error());
                             });
}

void MetricsViewModel::ask_series(query::PointsQuery query, const query::PointsAnswer& totals) {
    const std::uint64_t question = question_;
    // "(other)" is no value that a filter could name: where it is among them, all groups are asked for.
    const bool other = std::any_of(totals.points.begin(), totals.points.end(), [](const auto& p) { return p.other; });
    if (!totals.points.empty() && !other) query.filter = of_groups(query.group_by, totals.points);
    const bool cut = totals.cursor.has_value();
    client_.metrics().points(std::move(query), this, [this, question, cut](Result<query::PointsAnswer> told) {
        if (question != question_) return;
        asking_ = false;
        if (!told.ok()) return fail(told.error());
        if (cut && !told->cursor) told->cursor = "groups";
        show_points(std::move(told).value());
    });
}

void MetricsViewModel::fail(const Error& error) {
    points_error_ = QString::fromStdString(error.describe());
    Q_EMIT changed();
}

void MetricsViewModel::show_points(query::PointsAnswer answer) {
    points_error_.clear();
    answer_ = std::move(answer);
    points_.set(*answer_);
    std::vector<api::NamedCount> ranks;
    if (!answer_->points.empty())
        for (const TopItem& item : answer_->points.back().value.top) ranks.push_back({item.value, item.count});
    top_.update(ranks);
    draw();
    Q_EMIT changed();
}

void MetricsViewModel::draw() {
    std::map<std::vector<std::string>, double> weights;
    for (const query::Point& point : answer_->points) {
        const double value = value_number(point.value);
        weights[point.group] += std::isnan(value) ? 0 : std::abs(value);
    }
    std::vector<std::pair<double, std::vector<std::string>>> order;
    for (const auto& [group, weight] : weights) order.emplace_back(-weight, group);
    std::sort(order.begin(), order.end());
    order.resize(std::min<std::size_t>(order.size(), kSeries));

    QStringList names;
    std::map<std::vector<std::string>, std::size_t> places;
    for (const auto& [weight, group] : order) {
        places[group] = static_cast<std::size_t>(names.size());
        names.append(group.empty() ? selected_ : group_text(group));
    }
    const std::int64_t step = answer_->step_micros;
    std::map<std::int64_t, std::size_t> columns;  // every step, also one without points
    std::vector<double> xs;
    const auto seconds = [](Timestamp at) { return static_cast<double>(at.micros) / 1e6; };
    for (const query::Point& point : answer_->points) columns.emplace(point.start.micros, 0);
    for (auto& [start, column] : columns) {
        column = xs.size();
        xs.push_back(seconds({start}));
    }
    std::vector<std::vector<double>> ys(places.size(),
                                        std::vector<double>(xs.size(), std::numeric_limits<double>::quiet_NaN()));
    for (const query::Point& point : answer_->points)
        if (const auto place = places.find(point.group); place != places.end())
            ys[place->second][columns[point.start.micros]] = value_number(point.value);
    if (!chart_ || chart_->names() != names) {
        const bool days = range_ > 2 * 86'400 || step >= kDayMicros;
        ChartModel::Look look{names, false,
                              [days](double x) {
                                  return days ? step_time(Timestamp::from_seconds(static_cast<std::int64_t>(x)),
                                                          kHourMicros)
                                              : clock_time(static_cast<std::int64_t>(x));
                              },
                              [](double y) { return count(y).text(); }, [](double y) { return trimmed(count(y)); }};
        // QML still looks at the one that goes until changed() is heard.
        if (chart_) chart_.release()->deleteLater();
        chart_ = std::make_unique<ChartModel>(std::move(look));
    }
    const bool timed = answer_->range.from != query::kAllTime.from;
    chart_->set(timed ? seconds(answer_->range.from) : 0, timed ? seconds(answer_->range.to) : 1, std::move(xs),
                std::move(ys));
}

QString MetricsViewModel::points_phase() const {
    if (answer_) return answer_->points.empty() ? u"empty"_s : u"data"_s;
    return points_error_.isEmpty() ? u"loading"_s : u"error"_s;
}

QString MetricsViewModel::chart_kind() const {
    if (!answer_) return u"line"_s;
    if (answer_->aggregate == Aggregate::TopK) return u"rank"_s;
    return answer_->aggregate == Aggregate::Last || answer_->step_micros == 0 ? u"none"_s : u"line"_s;
}

QStringList MetricsViewModel::labels() const {
    QStringList all;
    if (!answer_) return all;
    if (answer_->as_of) all.append(u"as of "_s + clock_time(answer_->as_of->micros / kSecondMicros));
    if (answer_->last_window_open) all.append(u"last window open"_s);
    std::uint64_t late = 0;
    double error = 0;
    bool other = false;
    for (const query::Point& point : answer_->points) {
        late += point.corrected;
        error = std::max(error, point.value.relative_error);
        other = other || point.other;
    }
    if (late > 0) all.append(u"corrected by "_s + grouped(late) + u" late events"_s);
    if (error > 0) all.append(u"estimate ±"_s + QString::number(error * 100, 'f', 1) + kNarrowSpace + u'%');
    if (other) all.append(u"(other): groups beyond the budget"_s);
    if (answer_->cursor)
        all.append(*answer_->cursor == "groups" ? u"%1 largest groups"_s.arg(kSeries) : u"first rows only"_s);
    if (answer_->complete_from)
        all.append(u"nothing kept before "_s + step_time(*answer_->complete_from, kMinuteMicros));
    if (answer_->backfilled) all.append(u"still filling"_s);
    return all;
}

bool MetricsViewModel::filling() const {
    const api::MetricStatus* shown = status();
    return shown && shown->backfill;
}

double MetricsViewModel::filling_progress() const {
    return metrics_.data(metrics_.index(metrics_.row_of(selected_)), MetricListModel::Progress).toDouble();
}

QString MetricsViewModel::filling_text() const {
    return metrics_.data(metrics_.index(metrics_.row_of(selected_)), MetricListModel::ProgressText).toString();
}

void MetricsViewModel::cancelBackfill() {
    if (!filling()) return;
    client_.metrics().cancel_backfill(selected_.toStdString(), this, [this](const Result<bool>& told) {
        notice_ = told.ok() ? QString() : QString::fromStdString(told.error().describe());
        refresh();
        Q_EMIT changed();
    });
}

}  // namespace streamgauge::viewmodels
