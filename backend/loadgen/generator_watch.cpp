// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/generator_watch.h"

#include <algorithm>
#include <cstdlib>

namespace streamgauge::loadgen {

void GeneratorWatch::due(std::int64_t planned, std::int64_t seen) {
    const std::int64_t second = seen / (kSlotNanos * kSlots);
    if (second != second_) {
        end_second();
        second_ = second;
    }
    ++slots_[static_cast<std::size_t>(seen / kSlotNanos % kSlots)];
    if (!first_) {
        const std::int64_t gap = planned - planned_;
        ++gaps_;
        if (4 * std::abs(seen - seen_ - gap) <= gap) ++even_;
    }
    const std::int64_t late = seen - planned;
    // All that was due during a stall is seen in one turn at its end; the first of it has waited longest. A generator
    // that is late all the time stands still once each turn, from the end of the last.
    if (late > kStallNanos && seen != stall_end_) {
        ++stalls_;
        longest_stall_ = std::max(longest_stall_, late);
        stalled_ += seen - std::max(planned, stall_end_);
        stall_end_ = seen;
    }
    planned_ = planned;
    seen_ = seen;
    first_ = false;
}

void GeneratorWatch::end_second() {
    double sum = 0, squares = 0;
    for (std::uint32_t& count : slots_) {
        sum += count;
        squares += static_cast<double>(count) * count;
        count = 0;
    }
    if (sum == 0) return;
    constexpr double n = kSlots;
    const double mean = sum / n;
    const double variance = (squares - sum * mean) / (n - 1);
    // A second in which the planned rate jumps is dispersed by that alone; it must not outweigh the others.
    constexpr double kMost = 3;
    dispersion_sum_ += sum * std::min(kMost, variance / mean);
    dispersion_weight_ += sum;
}

double GeneratorWatch::even_share() const {
    return gaps_ == 0 ? 1 : static_cast<double>(even_) / static_cast<double>(gaps_);
}

double GeneratorWatch::dispersion() const {
    return dispersion_weight_ == 0 ? 0 : dispersion_sum_ / dispersion_weight_;
}

}  // namespace streamgauge::loadgen
