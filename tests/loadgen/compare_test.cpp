// SPDX-License-Identifier: GPL-3.0-or-later
// The comparison on simulated runs whose truth is known: how often it sees a difference where there is none, and how
// often it misses one. Seconds share their fate (AR(1)), as those of real servers do.
#include "loadgen/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "base/histogram.h"

namespace streamgauge::loadgen {
namespace {

struct Simulated {
    int seconds = 40, rate = 200;
    double median_ms = 20, spread = 0.5;               // log-normal within a second
    double second_spread = 0.08, second_memory = 0.5;  // of a second's level, and its correlation with the last one
    double errors = 0.002;
};

ComparedRun simulate(const Simulated& s, std::mt19937_64& random) {
    std::normal_distribution<double> normal;
    ComparedRun run;
    run.run_id = "simulated";
    double level = s.second_spread * normal(random);
    for (int i = 0; i < s.seconds; ++i) {
        level = s.second_memory * level +
                s.second_spread * std::sqrt(1 - s.second_memory * s.second_memory) * normal(random);
        ComparedSecond second;
        std::map<std::uint32_t, std::uint64_t> response;
        for (int k = 0; k < s.rate; ++k) {
            const double ms = s.median_ms * std::exp(level + s.spread * normal(random));
            ++response[static_cast<std::uint32_t>(Histogram::bucket_index(static_cast<std::int64_t>(ms * 1000)))];
            const bool bad = std::uniform_real_distribution<double>()(random) < s.errors;
            ++(bad ? second.bad : second.good);
            ++second.planned;
        }
        second.response.assign(response.begin(), response.end());
        run.seconds.push_back(std::move(second));
    }
    return run;
}

struct Tally {
    int differs = 0, better = 0, worse = 0;
    std::map<std::string, int> covered, tried;
};

Tally compare_many(int pairs, const Simulated& a, const Simulated& b, const CompareOptions& options,
                   double p50_change) {
    std::mt19937_64 random(20260101);
    Tally tally;
    for (int i = 0; i < pairs; ++i) {
        const auto result = compare({simulate(a, random)}, {simulate(b, random)}, options);
        EXPECT_TRUE(result.ok());
        tally.better += result->verdict == ChangeVerdict::Better;
        tally.worse += result->verdict == ChangeVerdict::Worse;
        for (const MeasureChange& m : result->measures) {
            if (m.measure != "p50") continue;
            ++tally.tried[m.measure];
            tally.covered[m.measure] += m.low <= p50_change && p50_change <= m.high;
        }
    }
    tally.differs = tally.better + tally.worse;
    return tally;
}

TEST(Compare, SeesNothingWhereThereIsNothing) {
    CompareOptions strict;
    strict.least_change = 0;  // the statistics alone
    const Tally tally = compare_many(200, {}, {}, strict, 0);
    std::printf("[ compare  ] same runs: a difference in %d of 200, p50 within its interval in %d\n", tally.differs,
                tally.covered.at("p50"));
    EXPECT_LE(tally.differs, 19);  // 5 % of 200 is 10; three standard deviations above are 19
    EXPECT_GE(tally.covered.at("p50"), 178);
}

TEST(Compare, SeesNothingWhereSecondsVaryMuch) {
    CompareOptions strict;
    strict.least_change = 0;
    Simulated wild;
    wild.second_spread = 0.4;
    const Tally tally = compare_many(150, wild, wild, strict, 0);
    std::printf("[ compare  ] same wild runs: a difference in %d of 150\n", tally.differs);
    EXPECT_LE(tally.differs, 15);
}

TEST(Compare, SeesWhatIsThere) {
    Simulated slower;
    slower.median_ms = 24;
    const Tally worse = compare_many(100, {}, slower, {}, 4);
    std::printf("[ compare  ] 20 %% slower: seen as worse in %d of 100, p50 within its interval in %d\n", worse.worse,
                worse.covered.at("p50"));
    EXPECT_GE(worse.worse, 90);
    EXPECT_EQ(worse.better, 0);
    EXPECT_GE(worse.covered.at("p50"), 88);
    const Tally better = compare_many(50, slower, {}, {}, -4);
    EXPECT_GE(better.better, 45);
    EXPECT_EQ(better.worse, 0);
}

TEST(Compare, AChangeTooSmallToMatterIsNone) {
    Simulated slower;
    slower.rate = 2000;
    slower.seconds = 40;
    slower.second_spread = 0.001;
    Simulated usual = slower;
    slower.median_ms = 20.3;  // 1.5 %
    CompareOptions strict;
    strict.least_change = 0;
    EXPECT_GE(compare_many(3, usual, slower, strict, 0.3).worse, 3);
    EXPECT_EQ(compare_many(3, usual, slower, {}, 0.3).differs, 0);
}

TEST(Compare, SeesErrors) {
    Simulated failing;
    failing.errors = 0.02;
    const Tally tally = compare_many(50, {}, failing, {}, 0);
    EXPECT_GE(tally.worse, 45);
}

// Each run has a level of its own that none of its seconds tells of: only several runs do.
TEST(Compare, ThreeRunsOfEachTellOfWhatVariesFromRunToRun) {
    std::mt19937_64 random(7);
    std::normal_distribution<double> normal;
    CompareOptions strict;
    strict.least_change = 0;
    int single = 0, several = 0;
    for (int i = 0; i < 100; ++i) {
        const auto side = [&] {
            std::vector<ComparedRun> runs;
            for (int k = 0; k < 3; ++k) {
                Simulated s;
                s.seconds = 20;
                s.median_ms *= std::exp(0.1 * normal(random));
                runs.push_back(simulate(s, random));
            }
            return runs;
        };
        const auto a = side(), b = side();
        several += compare(a, b, strict)->verdict != ChangeVerdict::NoDifference;
        single += compare({a[0]}, {b[0]}, strict)->verdict != ChangeVerdict::NoDifference;
    }
    std::printf("[ compare  ] runs that drift by 10 %%: a difference in %d of 100 from one run each, %d from three\n",
                single, several);
    EXPECT_GT(single, 40);
    EXPECT_LE(several, 12);
}

TEST(Compare, SaysWhatDiffersAndWhatIsTooFew) {
    std::mt19937_64 random(3);
    Simulated brief;
    brief.seconds = 5;
    auto a = simulate(brief, random), b = simulate(brief, random);
    a.conditions = {{"seed", "1"}, {"build", "1.0"}, {"plan", "x\ny"}};
    b.conditions = {{"seed", "2"}, {"build", "1.0"}, {"plan", "x\nz"}};
    b.doubts = {"the generator was late"};
    const auto result = compare({a}, {b});
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->verdict, ChangeVerdict::TooFew);
    ASSERT_EQ(result->warnings.size(), 4U);
    EXPECT_EQ(result->warnings[0], "they differ in seed: 1 and 2");
    EXPECT_EQ(result->warnings[1], "they differ in plan");
    EXPECT_EQ(result->warnings[2], "run simulated: the generator was late");
    EXPECT_FALSE(compare({}, {b}).ok());
    EXPECT_FALSE(compare({a}, {ComparedRun{}}).ok());
}

TEST(Compare, AQuantileWithFewSamplesBeyondItIsNotJudged) {
    std::mt19937_64 random(3);
    Simulated few;
    few.rate = 20;  // 800 answers: less than one beyond p99.9
    const auto result = compare({simulate(few, random)}, {simulate(few, random)});
    ASSERT_TRUE(result.ok());
    for (const MeasureChange& m : result->measures) {
        if (m.measure == "p99.9" || m.measure == "p99") {
            EXPECT_EQ(m.verdict, ChangeVerdict::TooFew) << m.measure;
        } else {
            EXPECT_EQ(m.verdict, ChangeVerdict::NoDifference) << m.measure;
        }
    }
}

}  // namespace
}  // namespace streamgauge::loadgen
