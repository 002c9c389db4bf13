// SPDX-License-Identifier: GPL-3.0-or-later
// A run of a day in memory that does not grow with its requests.
#include "loadgen/second_log.h"

#include <gtest/gtest.h>

#include <random>

#include "loadgen/run_record.h"
#include "support/process_usage.h"

namespace streamgauge::loadgen {
namespace {

TEST(SecondLog, GivesEachSecondBack) {
    SecondLog log(10);
    std::mt19937_64 random(1);
    std::vector<Histogram> responses;
    for (std::int64_t i = 0; i < 3000; ++i) {
        Histogram response, unanswered;
        for (int k = 0; k < 100; ++k) response.record(1 + static_cast<std::int64_t>(random() % 1'000'000));
        if (i % 3 == 0) unanswered.record(i + 1, 2);
        SecondRow row;
        row.second = i;
        log.append(row, response, unanswered);
        responses.push_back(response);
        EXPECT_EQ(log.unanswered(static_cast<std::size_t>(i)).count(), i % 3 == 0 ? 2U : 0U);
    }
    for (std::size_t i = 0; i < responses.size(); i += 17) {
        EXPECT_EQ(log.rows()[i].second, static_cast<std::int64_t>(i));
        EXPECT_EQ(log.response(i).expand().buckets(), responses[i].buckets());
        EXPECT_EQ(log.response(i).exact(), responses[i].exact());
    }
}

// At 10,000 a second, each second as spread as a real server's: a tenth of a day, to save time.
TEST(SecondLog, ADayAtTenThousandASecondIsUnderTwoHundredMegabytes) {
    std::mt19937_64 random(2);
    std::lognormal_distribution<double> micros(6.5, 0.6);
    Histogram second;
    for (int i = 0; i < 10'000; ++i) second.record(static_cast<std::int64_t>(micros(random)));
    SecondLog log(24 * 3600);
    const Histogram none;
    for (std::int64_t i = 0; i < 24 * 360; ++i) {
        SecondRow row;
        row.second = i;
        log.append(row, second, none);
    }
    EXPECT_EQ(log.rows().size(), 8640U);
    EXPECT_LT(log.bytes() + log.rows().size() * (sizeof(SecondRow) + 150), 20'000'000U);
    const Histogram again = log.response(8639).expand();
    EXPECT_EQ(again.count(), 10'000U);
    EXPECT_EQ(again.exact(), second.exact());
    for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999})
        EXPECT_NEAR(static_cast<double>(again.quantile_micros(q)), static_cast<double>(second.quantile_micros(q)),
                    0.005 * static_cast<double>(second.quantile_micros(q)));
}

TEST(RunRecord, ADayInMemoryThatStaysFlat) {
    Scenario scenario;
    Stage stage;
    stage.seconds = 24 * 3600;
    stage.rate = 5;
    scenario.stages = {stage};
    scenario.requests.emplace_back();
    RunRecord record(scenario);
    std::mt19937_64 random(3);
    const auto hour = [&](std::int64_t number) {
        for (std::int64_t k = number * 18'000; k < (number + 1) * 18'000; ++k) {
            const std::int64_t at = k * 200'000'000;
            record.advance_to(at);
            record.due({0, at, at});
            record.sent({0, at, at});
            const std::int64_t took = 100'000 + static_cast<std::int64_t>(random() % 5'000'000);
            if (k % 1000 == 0) {
                record.failed({0, Outcome::Timeout, at, at, at + took});
            } else {
                record.answered({0, k % 100 == 0 ? Outcome::ServerError : Outcome::Ok, k % 100 == 0 ? 500 : 200, at, at,
                                 at + took, "guard;dur=0.1, commit;dur=2"});
            }
        }
    };
    hour(0);
    const std::size_t after_one = record.seconds().bytes();
    for (std::int64_t i = 1; i < 24; ++i) hour(i);
    EXPECT_EQ(record.totals().planned, 432'000U);
    EXPECT_EQ(record.ended_seconds().size(), 86'399U);
    EXPECT_LE(record.seconds().bytes(), std::max<std::size_t>(24 * after_one, 20'000'000));
    EXPECT_EQ(record.errors().size(), 2U);
    EXPECT_EQ(record.errors()[0].kind, "status_500");
    EXPECT_EQ(record.errors()[1].kind, "timeout");
    EXPECT_EQ(record.errors()[1].count, 432U);
    ASSERT_EQ(record.stages().size(), 2U);
    EXPECT_EQ(record.stages()[1].name, "commit");
    EXPECT_EQ(record.stages()[1].duration.max_micros(), 2000);
}

}  // namespace
}  // namespace streamgauge::loadgen
