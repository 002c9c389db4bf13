// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/points_view_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "query/steps.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

// What `filter` takes, of exactly these groups.
Filter of_groups(const Filter& filter, const std::vector<FieldPath>& fields, const std::vector<query::Point>& points) {
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
    FilterNode both;
    both.kind = FilterNode::Kind::And;
    if (!filter.takes_everything()) both.children.push_back(filter.tree());
    both.children.push_back(std::move(any));
    const Result<Filter> narrowed = Filter::from_tree(std::move(both));
    return narrowed.ok() ? *narrowed : filter;
}

}  // namespace

PointsViewModel::PointsViewModel(client::BackendClient& client, QObject* parent) : QObject(parent), client_(client) {
    patience_.setSingleShot(true);
    patience_.setInterval(kPatience);
    connect(&patience_, &QTimer::timeout, this, [this] {
        slow_ = true;
        Q_EMIT changed();
    });
}

void PointsViewModel::end() {
    under_way_.reset();
    patience_.stop();
    slow_ = false;
    progress_ = -1;
}

void PointsViewModel::clear() {
    end();
    cancelled_ = false;
    answer_.reset();
    error_.clear();
    Q_EMIT changed();
}

void PointsViewModel::cancel() {
    if (!asking()) return;
    end();
    cancelled_ = true;
    Q_EMIT changed();
}

void PointsViewModel::again() {
    Q_EMIT wanted();
    if (!asking()) return;
    error_.clear();  // of the one before: this one is under way
    Q_EMIT changed();
}

void PointsViewModel::send(query::PointsQuery query, Then then) {
    client_.metrics().points(
        std::move(query),
        [this](double share) {
            progress_ = first_ + width_ * share;
            if (slow_) Q_EMIT changed();
        },
        under_way_.get(),
        [this, then = std::move(then)](Result<query::PointsAnswer> told) {
            if (told.ok()) return then(std::move(told).value());
            // Not now: this is called for it.
            if (under_way_) under_way_.release()->deleteLater();
            end();
            error_ = QString::fromStdString(told.error().describe());
            Q_EMIT changed();
            Q_EMIT answered();
        });
}

void PointsViewModel::ask(query::PointsQuery query, Aggregate aggregate, const QString& name) {
    end();
    cancelled_ = false;
    under_way_ = std::make_unique<QObject>();
    patience_.start();
    name_ = name;
    const bool ranked = aggregate != Aggregate::TopK && aggregate != Aggregate::Last;
    first_ = 0;
    width_ = 1;
    if (query.group_by.empty() || query.step_micros == 0 || !ranked) {
        if (query.step_micros == 0 && ranked) query.order = query::Order{query::Order::By::Value, true};
        send(std::move(query), [this](query::PointsAnswer answer) { show(std::move(answer)); });
    } else {
        width_ = 0.5;
        query::PointsQuery totals = query;
        totals.step_micros = 0;
        totals.timezone.clear();
        totals.limit = kSeries;
        totals.order = query::Order{query::Order::By::Value, true};
        send(std::move(totals), [this, query = std::move(query)](const query::PointsAnswer& answer) {
            first_ = 0.5;
            ask_series(query, answer);
        });
    }
    Q_EMIT changed();
}

void PointsViewModel::ask_series(query::PointsQuery query, const query::PointsAnswer& totals) {
    // "(other)" is no value that a filter could name: where it is among them, all groups are asked for.
    const bool other = std::any_of(totals.points.begin(), totals.points.end(), [](const auto& p) { return p.other; });
    if (!totals.points.empty() && !other) query.filter = of_groups(query.filter, query.group_by, totals.points);
    send(std::move(query), [this, cut = totals.cursor.has_value()](query::PointsAnswer answer) {
        if (cut && !answer.cursor) answer.cursor = "groups";
        show(std::move(answer));
    });
}

void PointsViewModel::show(query::PointsAnswer answer) {
    if (under_way_) under_way_.release()->deleteLater();  // this is called for it
    end();
    error_.clear();
    answer_ = std::move(answer);
    points_.set(*answer_);
    std::vector<api::NamedCount> ranks;
    if (!answer_->points.empty())
        for (const TopItem& item : answer_->points.back().value.top) ranks.push_back({item.value, item.count});
    top_.update(ranks);
    draw();
    Q_EMIT changed();
    Q_EMIT answered();
}

void PointsViewModel::draw() {
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
        names.append(group.empty() ? name_ : group_text(group));
    }
    const std::int64_t step = answer_->step_micros;
    const bool timed = answer_->range.from != query::kAllTime.from;
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
        const bool days =
            !timed || answer_->range.to.micros - answer_->range.from.micros > 2 * kDayMicros || step >= kDayMicros;
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
    chart_->set(timed ? seconds(answer_->range.from) : 0, timed ? seconds(answer_->range.to) : 1, std::move(xs),
                std::move(ys));
}

QString PointsViewModel::phase() const {
    if (answer_) return answer_->points.empty() ? u"empty"_s : u"data"_s;
    if (cancelled_) return u"cancelled"_s;
    return error_.isEmpty() ? u"loading"_s : u"error"_s;
}

QString PointsViewModel::chart_kind() const {
    if (!answer_) return u"line"_s;
    if (answer_->aggregate == Aggregate::TopK) return u"rank"_s;
    return answer_->aggregate == Aggregate::Last || answer_->step_micros == 0 ? u"none"_s : u"line"_s;
}

QStringList PointsViewModel::labels() const {
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
    if (error > 0) all.append(estimate(error));
    if (other) all.append(u"(other): groups beyond the budget"_s);
    if (answer_->cursor)
        all.append(*answer_->cursor == "groups" ? u"%1 largest groups"_s.arg(kSeries) : u"first rows only"_s);
    if (answer_->complete_from)
        all.append(u"nothing kept before "_s + step_time(*answer_->complete_from, kMinuteMicros));
    if (answer_->missing_events > 0)
        all.append(u"without %1 events that were removed too early"_s.arg(answer_->missing_events));
    if (answer_->metric_complete_from)
        all.append(u"without events from before "_s + step_time(*answer_->metric_complete_from, kMinuteMicros));
    if (answer_->backfilled) all.append(u"still filling"_s);
    return all;
}

}  // namespace streamgauge::viewmodels
