// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/raw_points.h"

#include <algorithm>
#include <map>

#include "base/wrong_field.h"
#include "metrics/decimal.h"
#include "metrics/set_table.h"
#include "query/raw_rows.h"
#include "query/raw_scan.h"

namespace streamgauge::query {
namespace {

Error too_large(const char* message) {
    Error error = Error::make(ErrorCode::TooLarge, message);
    error.hint = "ask for a shorter range, longer steps or fewer groups, or filter";
    return error;
}

// Where an event of a gauge is counted: its minute, or its step where steps do not consist of minutes.
class GaugeWindows {
public:
    explicit GaugeWindows(const Steps& steps) {
        for (std::size_t i = 1; i < steps.size(); ++i)
            minutes_ = minutes_ && steps.start(i).micros % kMinuteMicros == 0;
    }
    std::int64_t window(std::int64_t at_micros, std::size_t step) const {
        return minutes_ ? floor_to({at_micros}, kMinuteMicros).micros : static_cast<std::int64_t>(step);
    }
    std::size_t step(std::int64_t window, const Steps& steps) const {
        if (!minutes_) return static_cast<std::size_t>(window);
        return steps.find(std::max(window, steps.start(0).micros)).value_or(0);
    }

private:
    bool minutes_ = true;
};

// Adds up the events that one thread is shown.
class PointsWorker final : public RawWorker {
public:
    PointsWorker(const PointsQuery& query, const Steps& steps, const GaugeWindows& gauge, const RawLimits& limits,
                 RawOrder order)
        : raw_(*query.raw),
          steps_(steps),
          gauge_(gauge),
          filter_(query.filter, fields_),
          plus_(raw_.plus, fields_),
          minus_(raw_.minus, fields_),
          group_at_(fields_.add(query.group_by)),
          of_at_(fields_.add(raw_.of)),
          reader_(fields_.fields()),
          rows(raw_, limits, order) {}

    unsigned columns() const { return fields_.columns(); }

    void visit(Offset offset, std::string_view project, const EventView& event) override {
        if (full) return;
        const std::vector<std::string_view>& values = reader_.read_canonical(event, project);
        if (!filter_.takes_everything() && reader_.has_props() && filter_.decided_without_props(values) == false)
            return;
        if (reader_.has_props()) reader_.add_props(event);
        if (!filter_.takes_everything() && !filter_.matches(values)) return;
        RawRows::Input input;
        if (!take_value(values, input)) return;
        input.at_micros = raw_.time == TimeBasis::Activity
                              ? std::min(event.occurred_at.micros, event.received_at.micros)
                              : event.occurred_at.micros;
        const std::optional<std::size_t> step = steps_.find(input.at_micros);
        if (!step) return;
        input.step = raw_.aggregate == Aggregate::Gauge ? gauge_.window(input.at_micros, *step)
                                                        : static_cast<std::int64_t>(*step);
        input.offset = offset;
        input.group = group_of(values);
        full = !rows.add(input);
    }

private:
    // False when the event has none.
    bool take_value(const std::vector<std::string_view>& values, RawRows::Input& input) {
        switch (raw_.aggregate) {
            case Aggregate::Count:
                return true;
            case Aggregate::Gauge:
                input.number = (plus_.matches(values) ? 1 : 0) - (minus_.matches(values) ? 1 : 0);
                return input.number != 0;
            case Aggregate::Last:
            case Aggregate::Distinct:
            case Aggregate::TopK:
                for (const std::size_t at : of_at_)
                    if (!values[at].empty()) {
                        input.text = values[at];
                        return true;
                    }
                return false;
            default:
                for (const std::size_t at : of_at_)
                    if (const auto number = parse_decimal_micros(values[at])) {
                        input.number = *number;
                        return true;
                    }
                return false;
        }
    }
    std::string_view group_of(const std::vector<std::string_view>& values) {
        if (group_at_.empty()) return {};
        if (group_at_.size() == 1) return values[group_at_.front()];
        group_.clear();
        for (std::size_t i = 0; i < group_at_.size(); ++i) {
            if (i != 0) group_ += kGroupSeparator;
            group_ += values[group_at_[i]];
        }
        return group_;
    }

    const RawAggregate& raw_;
    const Steps& steps_;
    const GaugeWindows& gauge_;
    RawFields fields_;
    RawFilter filter_, plus_, minus_;
    std::vector<std::size_t> group_at_, of_at_;
    FieldReader reader_;
    std::string group_;

public:
    RawRows rows;
};

std::vector<std::string> split(std::string_view group, std::size_t count) {
    std::vector<std::string> out;
    if (count == 0) return out;
    for (std::size_t at = 0; out.size() < count;) {
        const std::size_t end = std::min(group.find(kGroupSeparator, at), group.size());
        out.emplace_back(group.substr(at, end - at));
        at = std::min(end + 1, group.size());
    }
    return out;
}

Status check(const PointsQuery& query) {
    const RawAggregate& raw = *query.raw;
    if (raw.aggregate != Aggregate::Count && raw.aggregate != Aggregate::Gauge && raw.of.empty())
        return wrong_field("of", "this aggregate is of a field");
    if (raw.aggregate == Aggregate::Percentile) {
        const auto wrong = [](double p) { return !(p >= 0 && p <= 100); };
        if (query.percentiles.empty() ? wrong(raw.percentile)
                                      : std::any_of(query.percentiles.begin(), query.percentiles.end(), wrong))
            return wrong_field("percentiles", "a percentile is 0 to 100");
    }
    return {};
}

// The level at the end of each step in which something happened: net minute by minute, never below 0.
void add_levels(const RawRows& rows, const GaugeWindows& gauge, const Steps& steps, std::size_t groups_of,
                std::vector<Point>& points) {
    std::vector<std::uint32_t> order(rows.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&rows](std::uint32_t a, std::uint32_t b) {
        const int by_group = rows.group(a).compare(rows.group(b));
        return by_group != 0 ? by_group < 0 : rows.step(a) < rows.step(b);
    });
    std::int64_t level = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (i > 0 && rows.group(order[i]) != rows.group(order[i - 1])) level = 0;
        level = std::max<std::int64_t>(0, level + rows.net(order[i]));
        const std::size_t step = gauge.step(rows.step(order[i]), steps);
        const bool goes_on = i + 1 < order.size() && rows.group(order[i + 1]) == rows.group(order[i]) &&
                             gauge.step(rows.step(order[i + 1]), steps) == step;
        if (goes_on) continue;
        Point point;
        point.start = steps.start(step);
        point.end = steps.end(step);
        point.group = split(rows.group(order[i]), groups_of);
        point.value.number = level;
        points.push_back(std::move(point));
    }
}

}  // namespace

Result<PointsAnswer> run_raw(Journal& journal, const PointsQuery& query, const Steps& steps, const Watch& watch,
                             const RawLimits& limits) {
    if (Status s = check(query); !s.ok()) return s.error();
    const RawAggregate& raw = *query.raw;
    const Offset end = journal.end();
    const GaugeWindows gauge(steps);
    ScanRequest request;
    request.project = query.project;
    request.from_micros = steps.range().from.micros;
    request.to_micros = steps.range().to.micros;
    request.activity = raw.time == TimeBasis::Activity;

    const auto scan = [&](std::vector<std::unique_ptr<PointsWorker>>& workers, std::size_t threads, RawOrder order) {
        workers.clear();
        std::vector<RawWorker*> shown;
        for (std::size_t i = 0; i < threads; ++i) {
            workers.push_back(std::make_unique<PointsWorker>(query, steps, gauge, limits, order));
            shown.push_back(workers.back().get());
        }
        request.columns = workers.front()->columns();
        return scan_events(journal, request, end, shown, watch);
    };
    std::vector<std::unique_ptr<PointsWorker>> workers;
    const std::size_t threads = limits.threads == 0 ? raw_threads() : limits.threads;
    Result<RawScan> seen = scan(workers, threads, RawOrder::Any);
    if (!seen.ok()) return seen.error();
    bool fits = !seen->full;
    for (const auto& worker : workers) fits = fits && worker->rows.settle();
    for (std::size_t i = 1; i < workers.size() && fits; ++i) {
        fits = workers.front()->rows.merge(workers[i]->rows, watch);
        workers[i].reset();
        if (watch.ended()) return Watch::cancelled_error();
    }
    if (!fits) {
        // The level of a group that is only partly there would be wrong; and Last has no sketch.
        if (raw.aggregate == Aggregate::Gauge) return too_large("there are more groups and minutes than fit in memory");
        seen = scan(workers, 1, RawOrder::Log);
        if (!seen.ok()) return seen.error();
        if (seen->full) return too_large("there are more values than fit in memory");
    }

    PointsAnswer answer;
    answer.aggregate = raw.aggregate;
    answer.step_micros = query.step_micros;
    answer.group_by = query.group_by;
    answer.range = steps.range();
    answer.complete_from = seen->complete_from;
    answer.explanation.source = "events";
    answer.explanation.events_read = seen->events;
    if (raw.aggregate == Aggregate::Percentile)
        answer.percentiles = query.percentiles.empty() ? std::vector<double>{raw.percentile} : query.percentiles;
    const RawRows& rows = workers.front()->rows;
    answer.explanation.rows_read = rows.size();
    if (raw.aggregate == Aggregate::Gauge) {
        add_levels(rows, gauge, steps, query.group_by.size(), answer.points);
        return answer;
    }
    std::vector<Value> values = rows.values(answer.percentiles, query.top, watch);
    if (watch.ended()) return Watch::cancelled_error();
    answer.points.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Point& point = answer.points[i];
        const auto step = static_cast<std::size_t>(rows.step(i));
        point.start = steps.start(step);
        point.end = steps.end(step);
        point.other = rows.other(i);
        point.group = point.other ? std::vector<std::string>(query.group_by.size(), std::string(kOtherGroup))
                                  : split(rows.group(i), query.group_by.size());
        point.value = std::move(values[i]);
    }
    return answer;
}

}  // namespace streamgauge::query
