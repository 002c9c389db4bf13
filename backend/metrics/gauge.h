// SPDX-License-Identifier: GPL-3.0-or-later
// The level of a gauge from the nets of its windows: level_w = max(0, level_(w-1) + net_w).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "metrics/cell_table.h"
#include "metrics/decimal.h"

namespace streamgauge {

// Where the store keeps a group's level at the end of all windows that it keeps no more.
inline constexpr std::int64_t kGaugeBase = kNoWindow;

// What a run of windows does to a level: level -> max(floor, level + shift). Steps compose associatively, so a run may
// be cut anywhere, and a window that was corrected changes the levels from there on and nothing else.
struct GaugeStep {
    std::int64_t shift = 0;
    std::int64_t floor = std::numeric_limits<std::int64_t>::min();  // this and shift 0: leaves every level as it is
    bool operator==(const GaugeStep&) const = default;

    static GaugeStep of_window(std::int64_t net) { return {net, 0}; }
    std::int64_t apply(std::int64_t level) const { return std::max(floor, saturating_add(level, shift)); }
    // This one, and then `next`.
    GaugeStep then(const GaugeStep& next) const {
        return {saturating_add(shift, next.shift), std::max(next.floor, saturating_add(floor, next.shift))};
    }
};

// Adds the group's oldest window to its cell at kGaugeBase, whose value is a level. The window's own cell is to be
// removed with it: levels after it stay what they were. Precondition: called in order of time.
inline void fold_into_gauge_base(Cell& base, const Cell& oldest) {
    base.value = GaugeStep::of_window(oldest.value).apply(base.value);
    base.count = saturating_add(base.count, oldest.count);
    base.late = saturating_add(base.late, oldest.late);
}

// The level at the end of each window, from the nets in order of time; `before`: the level when the first begins.
// Windows without a cell change nothing and may be left out. Levels are those of one group: the level of several groups
// together is the sum of theirs.
inline std::vector<std::int64_t> gauge_levels(std::int64_t before, const std::vector<std::int64_t>& nets) {
    std::vector<std::int64_t> levels;
    levels.reserve(nets.size());
    for (const std::int64_t net : nets) levels.push_back(before = GaugeStep::of_window(net).apply(before));
    return levels;
}

}  // namespace streamgauge
