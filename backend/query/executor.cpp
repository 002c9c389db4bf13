// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/executor.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "metrics/cell_table.h"
#include "metrics/distinct_union.h"
#include "metrics/set_state.h"
#include "query/distinct_total.h"
#include "query/group_reader.h"
#include "query/level_executor.h"

namespace streamgauge::query {
namespace {

constexpr std::uint64_t kRowsBetweenLooks = 4'096;

Error too_large() {
    Error error = Error::make(ErrorCode::TooLarge, "the answer has more groups than memory is set aside for");
    error.field = "group_by";
    error.hint = "ask for a shorter range, longer steps or fewer fields, or filter";
    return error;
}

// Which step a window is in: rows come in order of time.
class StepFinder {
public:
    explicit StepFinder(const Steps& steps) : steps_(steps) {}
    std::uint32_t find(std::int64_t window) {
        if (window < start_ || window >= end_) {
            step_ = steps_.find(window).value_or(0);
            start_ = steps_.start(step_).micros;
            end_ = steps_.end(step_).micros;
        }
        return static_cast<std::uint32_t>(step_);
    }

private:
    const Steps& steps_;
    std::size_t step_ = 0;
    std::int64_t start_ = 0, end_ = 0;
};

std::int64_t mean(std::int64_t sum, std::int64_t count) {
    const std::int64_t whole = sum / count, rest = sum % count;
    const std::uint64_t twice = 2 * static_cast<std::uint64_t>(rest < 0 ? -rest : rest);
    if (twice < static_cast<std::uint64_t>(count)) return whole;
    return sum < 0 ? whole - 1 : whole + 1;
}

Value value_of(Aggregate aggregate, const Cell& cell) {
    Value value;
    const bool decimal = aggregate == Aggregate::Sum || aggregate == Aggregate::Min || aggregate == Aggregate::Max ||
                         aggregate == Aggregate::Avg;
    value.micros = decimal;
    if (aggregate == Aggregate::Count || aggregate == Aggregate::Sum) {
        value.number = cell.value;
    } else if (cell.count == 0) {
        return value;
    } else if (aggregate == Aggregate::Avg) {
        value.number = mean(cell.value, cell.count);
    } else if (aggregate == Aggregate::Last) {
        value.text = std::string(cell.text);
    } else {
        value.number = cell.value;
    }
    value.saturated = (aggregate == Aggregate::Sum || aggregate == Aggregate::Avg) &&
                      (cell.value == std::numeric_limits<std::int64_t>::max() ||
                       cell.value == std::numeric_limits<std::int64_t>::min());
    return value;
}

Value value_of(const SetState& set, const PointsQuery& query, const MetricDefinition& metric) {
    Value value;
    switch (set.aggregate()) {
        case Aggregate::TopK: {
            TopList list = set.top(query.top);
            value.top = std::move(list.items);
            value.exact = list.exact;
            value.missing_at_most = list.missing_at_most;
            break;
        }
        case Aggregate::Percentile: {
            const std::vector<double> own{metric.percentile};
            value.micros = true;
            for (const double percentile : query.percentiles.empty() ? own : query.percentiles)
                if (const auto at = set.quantile(percentile / 100)) value.percentiles.push_back(*at);
            if (value.percentiles.empty()) break;
            value.number = value.percentiles.front();
            value.exact = false;
            value.relative_error = kQuantileError;
            break;
        }
        default:
            break;
    }
    return value;
}

// Looks after the time that reading takes.
class Reader {
public:
    Reader(const Reading& reading, const Watch& watch) : watch_(watch) {
        if (reading.pieces.empty()) return;
        first_ = static_cast<double>(reading.pieces.front().from);
        length_ = std::max(1.0, static_cast<double>(reading.pieces.back().to) - first_);
    }
    // False: leave.
    bool row(std::int64_t window, std::uint64_t weight = 1) {
        ++rows;
        since_ += weight;
        if (since_ < kRowsBetweenLooks) return true;
        since_ = 0;
        watch_.report((static_cast<double>(window) - first_) / length_);
        cancelled = watch_.ended();
        return !cancelled;
    }

    std::uint64_t rows = 0;
    bool cancelled = false;

private:
    const Watch& watch_;
    double first_ = 0, length_ = 1;
    std::uint64_t since_ = 0;
};

Result<Executed> execute_cells(StoreSnapshot& snapshot, const Plan& plan, const Reading& reading,
                               const PointsQuery& query, const Watch& watch) {
    const MetricDefinition& metric = plan.metric->definition;
    CellTable sums(metric.id, 0, metric.aggregate);
    GroupReader groups(plan, query);
    StepFinder steps(reading.steps);
    Reader reader(reading, watch);
    bool full = false;
    const auto visit = [&](std::int64_t window, std::string_view key, const Cell& cell) {
        if (!reader.row(window)) return false;
        if (!groups.read(key)) return true;
        sums.add(steps.find(window), groups.group(), cell);
        full = reader.rows % kRowsBetweenLooks == 0 && sums.memory_bytes() > kMostWorkingBytes;
        return !full;
    };
    for (const Piece& piece : reading.pieces) {
        Status read = snapshot.cells(metric.id, piece.tier, piece.from, piece.to, groups.prefix(), visit);
        if (!read.ok()) return read.error();
        if (reader.cancelled) return Watch::cancelled_error();
        if (full) return too_large();
    }
    Executed out;
    out.rows_read = reader.rows;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        const CellTable::Row row = sums[i];
        out.table.add(static_cast<std::uint32_t>(row.window), row.group, value_of(metric.aggregate, row.cell),
                      static_cast<std::uint64_t>(row.cell.late), false);
    }
    return out;
}

// The sets of one step, united by group; those of the steps before it have become numbers.
class SetsOfStep {
public:
    SetsOfStep(const PointsQuery& query, const MetricDefinition& metric, Table& table)
        : query_(query), metric_(metric), table_(table) {}

    Status add(std::uint32_t step, std::string_view group, bool other, const StoreSnapshot::Set& stored) {
        if (step != step_) finish();
        step_ = step;
        auto found = sets_.find(group);
        if (found == sets_.end()) found = sets_.emplace(std::string(group), Entry{}).first;
        Entry& entry = found->second;
        entry.late += stored.late;
        entry.other = other;
        bytes_ -= entry.memory_bytes();
        Status added = entry.add(metric_.aggregate, stored.bytes);
        bytes_ += entry.memory_bytes();
        if (added.ok() && bytes_ > kMostWorkingBytes) return too_large();
        return added;
    }
    void finish() {
        for (auto& [group, entry] : sets_)
            table_.add(step_, group,
                       entry.state ? value_of(*entry.state, query_, metric_) : count_value(entry.distinct.count()),
                       entry.late, entry.other);
        sets_.clear();
        bytes_ = 0;
    }

private:
    // Distinct values in a union of their own, which is faster; others in a state.
    struct Entry {
        DistinctUnion distinct;
        std::optional<SetState> state;
        std::uint64_t late = 0;
        bool other = false;

        std::size_t memory_bytes() const { return distinct.memory_bytes() + (state ? state->memory_bytes() : 0); }
        Status add(Aggregate aggregate, const std::vector<std::string_view>& bytes) {
            if (aggregate == Aggregate::Distinct) return distinct.add(bytes);
            Result<SetState> more = SetState::decode(aggregate, bytes);
            if (!more) return more.error();
            if (state) {
                state->merge(*more);
            } else {
                state = std::move(more).value();
            }
            return {};
        }
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    const PointsQuery& query_;
    const MetricDefinition& metric_;
    Table& table_;
    std::unordered_map<std::string, Entry, Hash, std::equal_to<>> sets_;
    std::uint32_t step_ = 0;
    std::size_t bytes_ = 0;
};

Result<Executed> execute_sets(StoreSnapshot& snapshot, const Plan& plan, const Reading& reading,
                              const PointsQuery& query, const Watch& watch) {
    const MetricDefinition& metric = plan.metric->definition;
    Executed out;
    SetsOfStep sets(query, metric, out.table);
    GroupReader groups(plan, query);
    StepFinder steps(reading.steps);
    Reader reader(reading, watch);
    Status failed;
    const auto visit = [&](std::int64_t window, std::string_view key, const StoreSnapshot::Set& set) {
        std::size_t bytes = 64;
        for (const std::string_view part : set.bytes) bytes += part.size();
        if (!reader.row(window, bytes / 64)) return false;
        if (groups.read(key)) failed = sets.add(steps.find(window), groups.group(), groups.other(), set);
        return failed.ok();
    };
    for (const Piece& piece : reading.pieces) {
        Status read = snapshot.sets(metric.id, piece.tier, piece.from, piece.to, groups.prefix(), visit);
        if (!read.ok()) return read.error();
        if (!failed.ok()) return failed.error();
        if (reader.cancelled) return Watch::cancelled_error();
    }
    sets.finish();
    out.rows_read = reader.rows;
    return out;
}

}  // namespace

Value count_value(const DistinctCount& count) {
    Value value;
    value.number = static_cast<std::int64_t>(count.count);
    value.exact = count.exact;
    value.relative_error = count.relative_error;
    return value;
}

Result<Executed> execute(StoreSnapshot& snapshot, const Plan& plan, const Reading& reading, const PointsQuery& query,
                         const Watch& watch, const AnotherSnapshot& another) {
    const Aggregate aggregate = plan.metric->definition.aggregate;
    if (reading.pieces.empty()) return Executed{};
    if (aggregate == Aggregate::Gauge) return execute_levels(snapshot, plan, reading, query, watch);
    if (is_distinct_total(plan, reading, query))
        return execute_distinct_total(snapshot, another, plan, reading, query, watch);
    if (is_set(aggregate)) return execute_sets(snapshot, plan, reading, query, watch);
    return execute_cells(snapshot, plan, reading, query, watch);
}

}  // namespace streamgauge::query
