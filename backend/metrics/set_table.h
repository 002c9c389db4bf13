// SPDX-License-Identifier: GPL-3.0-or-later
// All sets of one metric that are in memory: those of open windows, and those that changed since the last commit. Holds
// the metric to its budget, by count in log order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
    SetChange change;
    std::uint64_t late = 0;  // events that came after the window was closed, since the last write
};

// Groups beyond those that a metric's windows may have go here, as the last component of the group after the project;
// answers name it and say that it stands for others.
inline constexpr std::string_view kOtherGroup = "(other)";

// Deterministic: which state is exact, and which group is "(other)", is a function of the log before each event.
//
// Budget. A state counts against exact_budget while its window is open. The value that would exceed it turns the state
// that it is for into a sketch. A sketch counts against a second budget, in bytes by a formula (a dense HyperLogLog
// 16 KiB, a counter 64 bytes, ...), as does each state's overhead; what a new group would exceed goes to kOtherGroup,
// which always has room. Late values for closed windows count against neither: their states come from the store, are
// bounded each, and leave memory with the commit.
class SetTable {
public:
    // Reads a state that is in the store and not in memory; nothing where there is none.
    using Load = std::function<Result<std::optional<SetState>>(MetricId metric, const SetKey& key)>;
    SetTable(const MetricDefinition& definition, std::vector<Windows> windows, Load load);
    ~SetTable();
    SetTable(SetTable&&) noexcept;
    SetTable& operator=(SetTable&&) noexcept;

    // Call before each event's add(): closes the windows that the watermark has passed.
    void advance(std::int64_t watermark_micros);
    // Sees to it that the states for add() are in memory. On an error nothing has changed: try again later.
    Status prepare(std::int64_t at_micros, std::string_view group);
    // To every tier that still keeps the window (log_clock decides). False when none did. `value` for Distinct and
    // TopK, `micros` for Percentile. Precondition: prepare() with the same time and group was the call before.
    bool add(std::int64_t at_micros, std::string_view group, std::string_view value, std::int64_t micros,
             std::int64_t log_clock);

    // At the start: a state of a window that is open at `watermark`.
    void restore(const SetKey& key, SetState&& state);

    // What changed since the last call, in (tier, window, group) order.
    std::vector<SetWrite> take_writes();
    // The writes taken last are in the store: closed states that have not changed since leave the memory.
    void committed();
    bool has_changes() const;

    std::uint64_t exact_values() const;  // against the budget
    std::uint64_t overflowed() const;    // values that went to kOtherGroup since the process started
    std::size_t states() const;
    std::size_t memory_bytes() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamgauge
