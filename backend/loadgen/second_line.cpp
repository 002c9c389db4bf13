// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/second_line.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace streamgauge::loadgen {

std::string second_line(const SecondRow& row) {
    std::array<char, 160> text{};
    const auto wide = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    // No answer takes no time: without one there is no duration, and not a good one.
    const bool answered = row.avg_ms > 0;
    const int n =
        answered
            ? std::snprintf(text.data(), text.size(), "%6llu | %3llu | %5llu | %10llu | %7.2f | %7.2f", wide(row.ok),
                            wide(row.limited), wide(row.other), wide(row.planned), row.avg_ms, row.p95_ms)
            : std::snprintf(text.data(), text.size(), "%6llu | %3llu | %5llu | %10llu | %7s | %7s", wide(row.ok),
                            wide(row.limited), wide(row.other), wide(row.planned), "-", "-");
    return {text.data(), std::min(static_cast<std::size_t>(std::max(n, 0)), text.size() - 1)};
}

}  // namespace streamgauge::loadgen
