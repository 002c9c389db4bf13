// SPDX-License-Identifier: GPL-3.0-or-later
// A metric's results in one canonical form: equal for equal logs, however often the store committed, what it keeps in
// pieces, and what it has not got round to removing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "metrics/definition.h"
#include "store/result_store.h"

namespace streamgauge {

struct ResultRow {
    std::int64_t window = kNoWindow;
    std::string_view group;
    std::string_view content;  // compare by its bytes; describe_content() for people
};

// Rows of one tier in (window, group) order, those of windows that the log's clock has passed left out. Those of a
// gauge are in the level at kNoWindow instead, whether the store has put them there yet or not. Ends early when `visit`
// returns false; views end with the call. Memory: that of the gauge's groups, and one row.
using ResultVisitor = std::function<bool(const ResultRow& row)>;
Status visit_results(StoreSnapshot& snapshot, const MetricDefinition& definition, std::uint8_t tier,
                     Timestamp log_clock, const ResultVisitor& visit);

// Last activities that are not past their retention, each with its sessions in order; users in the store's order.
Status visit_users(StoreSnapshot& snapshot, Timestamp log_clock, const std::function<void(UserActivity&&)>& visit);

// "value 3, events 3, late 1"; "1204 values, exact".
std::string describe_content(Aggregate aggregate, std::string_view content);

}  // namespace streamgauge
