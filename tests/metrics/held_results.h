// SPDX-License-Identifier: GPL-3.0-or-later
// What some store holds of a metric, in a form that is compared with the oracle's.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "metrics/cell_table.h"
#include "metrics/definition.h"
#include "metrics/oracle.h"
#include "metrics/set_state.h"

namespace streamgauge::oracle {

struct HeldRow {
    std::int64_t value = 0, count = 0, late = 0;
    std::string text;
    std::optional<SetState> set;
};
using Held = std::map<Key, HeldRow>;

inline MetricDefinition definition_of(const Metric& metric) {
    MetricDefinition d;
    d.id = metric.id;
    d.name = metric.name;
    d.where = Filter::from_tree(metric.where).value();
    d.tiers = metric.tiers;
    d.timezone = metric.timezone;
    d.time = metric.time;
    d.group_by = metric.group_by;
    d.aggregate = metric.aggregate;
    d.of = metric.of;
    d.percentile = metric.aggregate == Aggregate::Percentile ? 95 : 0;
    if (metric.aggregate == Aggregate::Gauge) {
        d.plus = Filter::from_tree(metric.plus).value();
        d.minus = Filter::from_tree(metric.minus).value();
    }
    d.allowed_lateness_micros = metric.allowed_lateness_micros;
    d.exact_budget = metric.exact_budget;
    return d;
}

inline std::string printable(const Key& key) {
    std::string group = std::get<2>(key);
    for (char& c : group)
        if (c == '\0') c = '|';
    return "tier " + std::to_string(std::get<0>(key)) + " window " + std::to_string(std::get<1>(key)) + " group " +
           group;
}

inline void expect_row(Aggregate aggregate, const Row& expected, const HeldRow& held) {
    EXPECT_EQ(held.late, expected.late);
    switch (aggregate) {
        case Aggregate::Distinct: {
            ASSERT_TRUE(held.set.has_value());
            EXPECT_TRUE(held.set->distinct().exact);
            EXPECT_EQ(held.set->distinct().count, expected.values.size());
            return;
        }
        case Aggregate::TopK: {
            ASSERT_TRUE(held.set.has_value());
            const TopList top = held.set->top(100'000);
            EXPECT_TRUE(top.exact);
            std::map<std::string, std::uint64_t> counts;
            for (std::size_t i = 0; i < top.items.size(); ++i) {
                counts[top.items[i].value] = top.items[i].count;
                if (i == 0) continue;
                const TopItem &a = top.items[i - 1], &b = top.items[i];
                EXPECT_TRUE(a.count > b.count || (a.count == b.count && a.value < b.value));
            }
            EXPECT_EQ(counts, expected.values);
            return;
        }
        case Aggregate::Percentile: {
            ASSERT_TRUE(held.set.has_value());
            EXPECT_EQ(held.set->values(), expected.numbers.size());
            for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
                const auto found = held.set->quantile(q);
                ASSERT_TRUE(found.has_value());
                const auto exact = static_cast<double>(percentile(expected.numbers, q));
                EXPECT_NEAR(static_cast<double>(*found), exact, std::abs(exact) * 0.01 + 1) << "q " << q;
            }
            return;
        }
        case Aggregate::Min:
            EXPECT_EQ(held.value, expected.smallest);
            break;
        case Aggregate::Max:
            EXPECT_EQ(held.value, expected.largest);
            break;
        case Aggregate::Last:
            EXPECT_EQ(held.value, expected.last_at);
            EXPECT_EQ(held.text, expected.last);
            break;
        case Aggregate::Count:
            EXPECT_EQ(held.value, expected.count);
            break;
        default:
            EXPECT_EQ(held.value, static_cast<std::int64_t>(expected.sum));
            break;
    }
    EXPECT_EQ(held.count, expected.count);
}

// `held` without rows that are past their retention.
inline void expect_equal(const Metric& metric, const Results& expected, const Held& held) {
    SCOPED_TRACE("metric " + metric.name);
    int faults = 0;
    for (const auto& [key, row] : expected.rows) {
        const auto found = held.find(key);
        if (found == held.end()) {
            ADD_FAILURE() << "missing: " << printable(key);
            if (++faults > 5) return;
            continue;
        }
        SCOPED_TRACE(printable(key));
        expect_row(metric.aggregate, row, found->second);
        if (::testing::Test::HasFailure() && ++faults > 5) return;
    }
    for (const auto& [key, row] : held) {
        if (expected.rows.count(key) != 0) continue;
        ADD_FAILURE() << "too many: " << printable(key);
        if (++faults > 5) return;
    }
}

}  // namespace streamgauge::oracle
