// SPDX-License-Identifier: GPL-3.0-or-later
// The order of an answer's points.
#pragma once

#include <vector>

#include "query/query.h"

namespace streamgauge::query {

// By `order`; what it leaves open by time, then by group in byte order. None: time, then group. Points without a value
// come last. Stable in every run: no two points of an answer have the same time and group.
void sort_points(std::vector<Point>& points, const std::optional<Order>& order);

}  // namespace streamgauge::query
