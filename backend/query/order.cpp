// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/order.h"

#include <algorithm>
#include <compare>

namespace streamgauge::query {
namespace {

// Less: a comes first.
std::strong_ordering by_value(const Value& a, const Value& b, bool descending) {
    if (a.number.has_value() != b.number.has_value())
        return a.number ? std::strong_ordering::less : std::strong_ordering::greater;
    if (a.number) return descending ? *b.number <=> *a.number : *a.number <=> *b.number;
    return std::strong_ordering::equal;
}

}  // namespace

void sort_points(std::vector<Point>& points, const std::optional<Order>& order) {
    const Order by = order.value_or(Order{});
    std::sort(points.begin(), points.end(), [&by](const Point& a, const Point& b) {
        std::strong_ordering first = std::strong_ordering::equal;
        switch (by.by) {
            case Order::By::Time:
                first = by.descending ? b.start <=> a.start : a.start <=> b.start;
                break;
            case Order::By::Value:
                first = by_value(a.value, b.value, by.descending);
                break;
            case Order::By::Group:
                first = by.descending ? b.group <=> a.group : a.group <=> b.group;
                break;
        }
        if (first != 0) return first < 0;
        if (a.start != b.start) return a.start < b.start;
        return a.group < b.group;
    });
}

}  // namespace streamgauge::query
