// SPDX-License-Identifier: GPL-3.0-or-later
// All sets of one metric that are in memory: those of open windows, and those that changed since the last commit. Holds
// the metric to its budget, by count in log order.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/definition.h"
#include "metrics/set_state.h"

namespace streamgauge {

struct SetKey {
    std::uint8_t tier = 0;
    std::int64_t window = 0;
    std::string_view group;
};

struct SetWrite {
    std::uint8_t tier = 0;
    std::int64_t window = 0;
    std::string group;
    SetChange change;        // of no bytes where only `late` went up
    std::uint64_t late = 0;  // events that came after the window was closed, since the last write
};

// Groups beyond those that a metric's windows may have go here: it replaces what stands after the project. Answers name
// it and say that it stands for others. A single value of group_by that happens to read so gets a space before it.
inline constexpr std::string_view kOtherGroup = "(other)";

// Deterministic: which state is exact, and which group is "(other)", is a function of the log before each event, not of
// what was stored, left the memory or was read back in between.
//
// Budget. A state of an open window counts against exact_budget with SetState::exact_values(). The value that would
// exceed it turns the state that it is for into a sketch. Every state of an open window is charged kStateBytes, its
// group's length and SetState::sketch_bytes() against kSketchBytesPerValue * exact_budget. A new group that would
// exceed that goes to kOtherGroup, and so does from then on every new group of the same window and project, also late
// ones: a group that has a state of its own has all of its values there. kOtherGroup itself, and metrics without
// groups, always have room. Late values for closed windows count against neither: their states come from the store, are
// bounded each, and leave memory with the commit.
//
// Memory. What the budget does not bound (late values between two commits, far windows of events dated ahead) is
// bounded by commits: prepare() refuses when there is more than memory_limit(), or half of it that is not in the store,
// until committed() was called. That also lets states of open windows go when there is more than three quarters, the
// windows used last staying; prepare() reads them back when they are needed. With what take_writes() hands out, a
// metric's sets never take more than twice the limit.
class SetTable {
public:
    static constexpr std::uint64_t kStateBytes = 512;
    static constexpr std::uint64_t kSketchBytesPerValue = 32;

    // Reads a state that is in the store and not in memory; nothing where there is none.
    using Load = std::function<Result<std::optional<SetState>>(MetricId metric, const SetKey& key)>;
    // memory_limit 0: 64 bytes for each value of exact_budget, and 64 MiB.
    SetTable(const MetricDefinition& definition, std::vector<Windows> windows, Load load, std::size_t memory_limit = 0);
    ~SetTable();
    SetTable(SetTable&&) noexcept;
    SetTable& operator=(SetTable&&) noexcept;

    // Call before each event's prepare(): closes the windows that the watermark has passed. One comparison when there
    // is none.
    void advance(std::int64_t watermark_micros);
    // Sees to it that the states for add() are in memory; those of windows that are not kept at `log_clock` are left.
    // Unavailable: commit what there is, call committed(), and try again. Any error of Load. On an error nothing has
    // changed.
    Status prepare(std::int64_t at_micros, std::string_view group,
                   std::int64_t log_clock = std::numeric_limits<std::int64_t>::min());
    // To every tier that still keeps the window (log_clock decides). False when none did. `value` for Distinct and
    // TopK, `micros` for Percentile. Precondition: prepare() with the same time and group was the call before.
    bool add(std::int64_t at_micros, std::string_view group, std::string_view value, std::int64_t micros,
             std::int64_t log_clock) {
        return add(at_micros, group, value, value_hash(value), micros, log_clock);
    }
    // Precondition: hash == value_hash(value), of an empty value anything.
    bool add(std::int64_t at_micros, std::string_view group, std::string_view value, std::uint64_t hash,
             std::int64_t micros, std::int64_t log_clock);
    // Distinct: who has values for several events fetches what add() will look at, for the finest tier of each, then
    // for the wider ones of each that is not there yet. Groups are taken to be those of the events before.
    void prefetch(std::int64_t at_micros, std::uint64_t hash) const;
    void prefetch_wider(std::int64_t at_micros, std::uint64_t hash) const;

    // From now on states that are not in memory are read by `load`.
    void read_by(Load load);
    // At the start: a state of a window that is open at `watermark`.
    void restore(const SetKey& key, SetState&& state);

    // What changed since the last call, in (tier, window, group) order.
    std::vector<SetWrite> take_writes();
    // The writes taken last are in the store: closed states that have not changed since leave the memory.
    void committed();
    bool has_changes() const;
    // Half way to where prepare() refuses: commit soon.
    bool wants_commit() const;
    bool refuses() const;  // prepare() does, for memory

    std::uint64_t exact_values() const;  // against the budget
    std::uint64_t overflowed() const;    // values that went to kOtherGroup since the process started
    std::size_t states() const;
    std::size_t memory_bytes() const;
    std::size_t memory_limit() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamgauge
