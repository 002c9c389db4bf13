// SPDX-License-Identifier: GPL-3.0-or-later
// Watches the generator itself while it runs: how evenly it takes up what is due, and when it stood still.
#pragma once

#include <array>
#include <cstdint>

namespace streamgauge::loadgen {

// Constant memory. Not thread-safe.
class GeneratorWatch {
public:
    // Later than this was a stall: it is above what a timer and a turn of the loop can take.
    static constexpr std::int64_t kStallNanos = 10'000'000;

    // A request was due at `planned` and the generator saw so at `seen`; both ascend.
    void due(std::int64_t planned, std::int64_t seen);

    std::uint64_t gaps() const { return gaps_; }
    // Of the gaps, those within 25 % of the planned gap. 1 without a gap.
    double even_share() const;
    // Index of dispersion of counts: variance / mean of what was taken up in 10 ms, within each second and weighted by
    // what the second has, so that a slow change of the rate does not count (Cox and Lewis, "The Statistical Analysis
    // of Series of Events", 1966). 0 even, 1 Poisson. 0 without a whole second.
    double dispersion() const;
    std::uint64_t stalls() const { return stalls_; }
    std::int64_t longest_stall_nanos() const { return longest_stall_; }
    // Of all stalls together: from the planned time of the first that was late.
    std::int64_t stalled_nanos() const { return stalled_; }

private:
    static constexpr std::int64_t kSlotNanos = 10'000'000;
    static constexpr std::int64_t kSlots = 100;  // a second

    void end_second();

    std::int64_t planned_ = 0, seen_ = 0;
    bool first_ = true;
    std::uint64_t gaps_ = 0, even_ = 0;
    std::int64_t second_ = 0;
    std::array<std::uint32_t, kSlots> slots_{};
    double dispersion_sum_ = 0, dispersion_weight_ = 0;
    std::uint64_t stalls_ = 0;
    std::int64_t longest_stall_ = 0, stalled_ = 0, stall_end_ = -1;
};

}  // namespace streamgauge::loadgen
