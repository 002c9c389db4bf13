// SPDX-License-Identifier: GPL-3.0-or-later
// What two stores hold of the same metric, row by row.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "metrics/definition.h"
#include "store/result_store.h"

namespace streamgauge {

struct ResultDifference {
    MetricId metric = 0;
    std::uint8_t tier = 0;
    std::int64_t window = kNoWindow;
    std::string group;
    std::optional<std::string> stored, recomputed;  // for people; nothing: there is no such row
};

struct Comparison {
    std::uint64_t rows = 0;         // compared
    std::uint64_t differences = 0;  // of those
    std::uint64_t left_out = 0;     // rows of windows before `from`
};

// Compares the canonical rows (store/result_rows.h) of one tier, those of windows that start at `from` or later, and
// tells each difference. The two are read at the same time, `recomputed` on a thread of its own; memory does not
// depend on the number of rows.
Result<Comparison> compare_results(StoreSnapshot& stored, StoreSnapshot& recomputed, const MetricDefinition& definition,
                                   std::uint8_t tier, Timestamp log_clock, std::int64_t from,
                                   const std::function<void(ResultDifference&&)>& on_difference);

}  // namespace streamgauge
