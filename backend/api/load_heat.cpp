// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/load_heat.h"

#include <cmath>

#include "api/types.h"
#include "base/histogram.h"

namespace streamgauge::api {

double heat_bound_ms(std::size_t slot) {
    return 0.1 * std::pow(10.0, static_cast<double>(slot) / 4);
}

std::vector<std::uint32_t> heat_of(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& buckets) {
    std::vector<std::uint32_t> heat;
    std::size_t slot = 0;
    for (const auto& [bucket, count] : buckets) {
        const double ms = static_cast<double>(Histogram::bucket_highest(bucket)) / 1000;
        while (slot + 1 < kHeatSlots && ms > heat_bound_ms(slot)) ++slot;
        if (heat.size() <= slot) heat.resize(slot + 1);
        heat[slot] += static_cast<std::uint32_t>(count);
    }
    return heat;
}

}  // namespace streamgauge::api
