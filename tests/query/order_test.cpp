// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/order.h"

#include <gtest/gtest.h>

namespace streamgauge::query {
namespace {

Point point(std::int64_t second, std::string group, std::optional<std::int64_t> number) {
    Point p;
    p.start = Timestamp::from_seconds(second);
    p.group = {std::move(group)};
    p.value.number = number;
    return p;
}

std::string groups(const std::vector<Point>& points) {
    std::string all;
    for (const Point& p : points) all += p.group.front();
    return all;
}

TEST(SortPoints, TimeThenGroupUnlessAskedOtherwise) {
    std::vector<Point> points{point(2, "a", 1), point(1, "c", 2), point(1, "b", 3)};
    sort_points(points, std::nullopt);
    EXPECT_EQ(groups(points), "bca");
}

TEST(SortPoints, ValuesDescendTiesByGroupAndNothingLast) {
    std::vector<Point> points{point(1, "n", std::nullopt), point(1, "b", 7), point(1, "a", 7), point(1, "z", 9)};
    sort_points(points, Order{Order::By::Value, true});
    EXPECT_EQ(groups(points), "zabn");
    sort_points(points, Order{Order::By::Value, false});
    EXPECT_EQ(groups(points), "abzn");
}

}  // namespace
}  // namespace streamgauge::query
