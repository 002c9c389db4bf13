// SPDX-License-Identifier: GPL-3.0-or-later
// What a store says of a metric, as values that can be compared.
#pragma once

#include <gtest/gtest.h>

#include <compare>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "store/result_store.h"

namespace streamgauge::test {

struct PlainCell {
    std::int64_t window = 0;
    std::string group;
    std::int64_t value = 0, count = 0, late = 0;
    std::string text;
    auto operator<=>(const PlainCell&) const = default;
};
inline void PrintTo(const PlainCell& c, std::ostream* out) {
    *out << "{" << c.window << " '" << c.group << "' " << c.value << " " << c.count << " " << c.late << " '" << c.text
         << "'}";
}
struct PlainSet {
    std::int64_t window = 0;
    std::string group;
    std::vector<std::string> chunks;
    std::uint64_t late = 0;
    bool operator==(const PlainSet&) const = default;
};

inline std::vector<PlainCell> cells_of(ResultStore& store, MetricId metric, std::uint8_t tier = 0,
                                       std::int64_t from = kNoWindow,
                                       std::int64_t to = std::numeric_limits<std::int64_t>::max(),
                                       std::string_view prefix = {}) {
    std::vector<PlainCell> all;
    auto snapshot = store.snapshot();
    EXPECT_TRUE(snapshot.ok());
    const Status status =
        (*snapshot)->cells(metric, tier, from, to, prefix, [&](auto window, auto group, const Cell& cell) {
            all.push_back({window, std::string(group), cell.value, cell.count, cell.late, std::string(cell.text)});
            return true;
        });
    EXPECT_TRUE(status.ok());
    return all;
}

inline std::vector<PlainSet> sets_of(ResultStore& store, MetricId metric, std::uint8_t tier = 0) {
    std::vector<PlainSet> all;
    auto snapshot = store.snapshot();
    EXPECT_TRUE(snapshot.ok());
    const Status status = (*snapshot)->sets(
        metric, tier, kNoWindow, std::numeric_limits<std::int64_t>::max(), {},
        [&](auto window, auto group, const StoreSnapshot::Set& set) {
            all.push_back({window, std::string(group), {set.bytes.begin(), set.bytes.end()}, set.late});
            return true;
        });
    EXPECT_TRUE(status.ok());
    return all;
}

}  // namespace streamgauge::test
