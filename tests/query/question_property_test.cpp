// SPDX-License-Identifier: GPL-3.0-or-later
// Questions about what a pipeline with restarts made of random events, against the oracle.
#include <gtest/gtest.h>

#include <cmath>

#include "pipeline/logged_run.h"
#include "query/executor.h"
#include "query/plan.h"

namespace streamgauge::query {
namespace {

constexpr std::int64_t kHours = 6;

void expect_value(const oracle::Metric& metric, const oracle::Row& expected, const Value& value) {
    switch (metric.aggregate) {
        case Aggregate::Count:
            EXPECT_EQ(value.number, expected.count);
            return;
        case Aggregate::Sum:
            EXPECT_EQ(value.number, static_cast<std::int64_t>(expected.sum));
            return;
        case Aggregate::Min:
            EXPECT_EQ(value.number, expected.smallest);
            return;
        case Aggregate::Max:
            EXPECT_EQ(value.number, expected.largest);
            return;
        case Aggregate::Avg:
            ASSERT_TRUE(value.number.has_value());
            EXPECT_LE(std::abs(static_cast<double>(*value.number) -
                               static_cast<double>(expected.sum) / static_cast<double>(expected.count)),
                      0.51);
            return;
        case Aggregate::Distinct:
            EXPECT_TRUE(value.exact);
            EXPECT_EQ(value.number, static_cast<std::int64_t>(expected.values.size()));
            return;
        case Aggregate::TopK: {
            std::vector<std::pair<std::string, std::uint64_t>> top(expected.values.begin(), expected.values.end());
            std::stable_sort(top.begin(), top.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
            top.resize(std::min<std::size_t>(top.size(), 10));
            std::vector<std::pair<std::string, std::uint64_t>> told;
            for (const TopItem& item : value.top) told.emplace_back(item.value, item.count);
            EXPECT_EQ(told, top);
            return;
        }
        case Aggregate::Percentile: {
            ASSERT_EQ(value.percentiles.size(), 2U);
            for (std::size_t i = 0; i < 2; ++i) {
                const auto exact = static_cast<double>(oracle::percentile(expected.numbers, i == 0 ? 0.5 : 0.99));
                EXPECT_NEAR(static_cast<double>(value.percentiles[i]), exact, std::abs(exact) * 0.01 + 1);
            }
            return;
        }
        default:
            return;
    }
}

TEST(QuestionProperty, AnswersAreWhatTheOracleSays) {
    for (const std::uint64_t seed : oracle::seeds(1)) {
        SCOPED_TRACE("STREAMGAUGE_SEED=" + std::to_string(seed));
        const auto sent = oracle::random_log(seed, {.events = 1'500, .step_micros = 12'000'000});
        const auto log = oracle::without_repeats(sent);
        const auto metrics = oracle::test_metrics();
        test::LoggedRun run(test::definitions_of(metrics), seed);
        run.open();
        run.send(sent);
        ASSERT_FALSE(HasFatalFailure());
        run.flush();
        run.close();
        const auto snapshot = open_result_store_readonly(run.store_path());
        ASSERT_TRUE(snapshot.ok());
        const PartitionState state = (*snapshot)->state().value();
        const std::int64_t to = floor_to(state.log_clock, kHourMicros).micros, from = to - kHours * kHourMicros;

        std::size_t compared = 0;
        for (const oracle::Metric& metric : metrics) {
            if (metric.aggregate == Aggregate::Gauge || metric.aggregate == Aggregate::Last) continue;
            if (!metric.timezone.empty() || metric.tiers.back().window_micros == 0) continue;
            SCOPED_TRACE("metric " + metric.name);
            oracle::Metric hours = metric;
            hours.tiers = {{kHourMicros, 0}};
            const oracle::Results all = oracle::evaluate(hours, log);
            auto made = make_asked_metric(oracle::definition_of(metric));
            ASSERT_TRUE(made.ok());
            const auto asked = std::make_shared<const AskedMetric>(std::move(made).value());
            for (const std::string project : {"default", "shop", "blog"}) {
                PointsQuery query;
                query.metric = metric.name;
                query.project = project;
                query.range = {{from}, {to}};
                query.step_micros = kHourMicros;
                query.group_by = metric.group_by;
                if (metric.aggregate == Aggregate::Percentile) query.percentiles = {50, 99};
                const auto plan = make_plan(query, asked, state);
                ASSERT_TRUE(plan.ok()) << plan.error().describe();
                const auto done = execute(**snapshot, *plan, plan->now, query, {});
                ASSERT_TRUE(done.ok()) << done.error().describe();
                std::map<std::pair<std::int64_t, std::string>, Value> told;
                for (std::size_t row = 0; row < done->table.size(); ++row)
                    told[{from + done->table.step(row) * kHourMicros, std::string(done->table.group(row))}] =
                        done->table.value(row);
                for (const auto& [key, row] : all.rows) {
                    const auto& [tier, window, group] = key;
                    if (window < from || window >= to) continue;
                    const std::size_t end = group.find('\0');
                    if (group.substr(0, end) != project) continue;
                    const std::string values = end == std::string::npos ? std::string() : group.substr(end + 1);
                    const auto found = told.find({window, values});
                    ASSERT_NE(found, told.end()) << oracle::printable(key);
                    SCOPED_TRACE(oracle::printable(key));
                    expect_value(metric, row, found->second);
                    told.erase(found);
                    ++compared;
                }
                EXPECT_TRUE(metric.group_by.empty() || told.empty()) << "an answer has too much";
            }
        }
        EXPECT_GT(compared, 100U);
    }
}

}  // namespace
}  // namespace streamgauge::query
