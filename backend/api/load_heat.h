// SPDX-License-Identifier: GPL-3.0-or-later
// A second of a load run as a column of a heat map (LoadSecond::heat).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace streamgauge::api {

// `buckets`: a Histogram's of microseconds, ascending (SparseHistogram::buckets()). Each counts where its highest value
// belongs.
std::vector<std::uint32_t> heat_of(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& buckets);

}  // namespace streamgauge::api
