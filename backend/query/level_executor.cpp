// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/level_executor.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "query/group_reader.h"

namespace streamgauge::query {
namespace {

constexpr std::size_t kMostRows = 2'000'000;
constexpr std::uint64_t kRowsBetweenLooks = 4'096;

struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

class Levels {
public:
    Levels(const Steps& steps, bool grouped, Table& table) : steps_(steps), grouped_(grouped), table_(table) {
        if (!grouped_) sum_of({}, false);
    }

    void add(std::string_view key, std::string_view group, bool other, const Cell& cell, bool in_range) {
        auto found = levels_.find(key);
        if (found == levels_.end()) found = levels_.emplace(std::string(key), Level{0, sum_of(group, other)}).first;
        Level& level = found->second;
        const std::int64_t before = level.now;
        level.now = std::max<std::int64_t>(0, before + cell.value);
        Sum& sum = sums_[level.sum];
        sum.now += level.now - before;
        sum.changed = sum.changed || in_range;
        if (in_range) sum.late += static_cast<std::uint64_t>(cell.late);
    }
    // The steps before `step` are over. False: too many rows.
    bool close_before(std::size_t step) {
        for (; step_ < step; ++step_)
            for (Sum& sum : sums_) {
                if (grouped_ && sum.now == 0 && !sum.changed) continue;
                if (table_.size() >= kMostRows) return false;
                Value value;
                value.number = sum.now;
                table_.add(static_cast<std::uint32_t>(step_), sum.group, std::move(value), sum.late, sum.other);
                sum.changed = false;
                sum.late = 0;
            }
        return true;
    }
    bool full() const { return levels_.size() >= kMostRows; }

private:
    struct Level {
        std::int64_t now;
        std::size_t sum;  // in sums_
    };
    struct Sum {
        std::string group;
        std::int64_t now = 0;
        std::uint64_t late = 0;
        bool other = false, changed = false;
    };
    std::size_t sum_of(std::string_view group, bool other) {
        const auto found = positions_.find(group);
        if (found != positions_.end()) return found->second;
        positions_.emplace(std::string(group), sums_.size());
        sums_.push_back({std::string(group), 0, 0, other, false});
        return sums_.size() - 1;
    }

    const Steps& steps_;
    const bool grouped_;
    Table& table_;
    ByText<Level> levels_;  // by a row's whole key
    ByText<std::size_t> positions_;
    std::vector<Sum> sums_;  // by the group that is asked for
    std::size_t step_ = 0;
};

}  // namespace

Result<Executed> execute_levels(StoreSnapshot& snapshot, const Plan& plan, const Reading& reading,
                                const PointsQuery& query, const Watch& watch) {
    Executed out;
    GroupReader groups(plan, query);
    Levels levels(reading.steps, !query.group_by.empty(), out.table);
    const TimeRange range = reading.steps.range();
    bool full = false, cancelled = false;
    const auto visit = [&](std::int64_t window, std::string_view key, const Cell& cell) {
        if (++out.rows_read % kRowsBetweenLooks == 0 && watch.ended()) {
            cancelled = true;
            return false;
        }
        if (!groups.read(key)) return true;
        const bool in_range = window >= range.from.micros && range != kAllTime;
        if (in_range) full = full || !levels.close_before(reading.steps.find(window).value_or(0));
        levels.add(key, groups.group(), groups.other(), cell, in_range || range == kAllTime);
        full = full || levels.full();
        return !full;
    };
    const Piece& piece = reading.pieces.front();
    Status read = snapshot.cells(plan.metric->definition.id, piece.tier, piece.from, piece.to, groups.prefix(), visit);
    if (!read.ok()) return read.error();
    if (cancelled) return Watch::cancelled_error();
    if (full || !levels.close_before(reading.steps.size())) {
        Error error = Error::make(ErrorCode::TooLarge, "the answer has more points than memory is set aside for");
        error.field = "group_by";
        error.hint = "ask for a shorter range, longer steps or fewer fields, or filter";
        return error;
    }
    return out;
}

}  // namespace streamgauge::query
