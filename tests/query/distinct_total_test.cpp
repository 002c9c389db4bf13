// SPDX-License-Identifier: GPL-3.0-or-later
// Different values over many windows, with one thread and with two.
#include "query/distinct_total.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "metrics/window.h"
#include "store/sqlite_result_store.h"
#include "support/temporary_directory.h"

namespace streamgauge::query {
namespace {

constexpr std::int64_t kWindows = 48;
constexpr std::size_t kValues = 40'000;
constexpr std::int64_t kStart = 1'771'999'200LL * kSecondMicros;  // a whole hour

class DistinctTotal : public ::testing::Test {
protected:
    void SetUp() override {
        MetricDefinition definition;
        definition.id = 7;
        definition.name = "users";
        definition.aggregate = Aggregate::Distinct;
        definition.tiers = {{kHourMicros, 0}};
        metric_ = std::make_shared<const AskedMetric>(make_asked_metric(std::move(definition)).value());
        store_ = open_sqlite_result_store((directory_.path / "store.db").string()).value();
        ResultCommit commit;
        commit.epoch = store_->acquire()->epoch;
        commit.expected_next = 1;
        state_.next = 2;
        state_.log_clock = {kStart + kWindows * kHourMicros};
        state_.watermark = state_.log_clock;
        commit.state = state_;
        MetricSets& sets = commit.changes.sets.emplace_back();
        sets.metric = 7;
        std::mt19937_64 random(3);
        for (std::int64_t window = 0; window < kWindows; ++window) {
            std::vector<bool>& there = there_.emplace_back(kValues);
            std::set<std::uint64_t> hashes;
            while (hashes.size() < 12'000) {
                const std::uint64_t value = random() % kValues;
                there[value] = true;
                hashes.insert(1 + value * 0x9E3779B97F4A7C15ULL);
            }
            std::string bytes = "E";
            for (const std::uint64_t hash : hashes) bytes.append(reinterpret_cast<const char*>(&hash), sizeof hash);
            sets.writes.push_back({0, kStart + window * kHourMicros, "default", {true, bytes}, 1});
            sets.writes.push_back({0, kStart + window * kHourMicros, "other", {true, bytes.substr(0, 81)}, 1});
        }
        ASSERT_TRUE(store_->commit(commit).ok());
    }
    // From the hour `from` on, up to the hour `to`.
    PointsQuery query(std::int64_t from, std::int64_t to) const {
        PointsQuery query;
        query.metric = "users";
        query.project = "default";
        query.range = {{kStart + from * kHourMicros}, {kStart + to * kHourMicros}};
        return query;
    }
    AnotherSnapshot another() {
        return [this] {
            ++others_;
            return store_->snapshot().value();
        };
    }
    Result<Executed> ask(const PointsQuery& query, const AnotherSnapshot& another, const Watch& watch = {}) {
        const auto plan = make_plan(query, metric_, state_);
        EXPECT_TRUE(plan.ok());
        EXPECT_TRUE(is_distinct_total(*plan, plan->now, query));
        return execute(**store_->snapshot(), *plan, plan->now, query, watch, another);
    }

    test::TemporaryDirectory directory_;
    std::shared_ptr<const AskedMetric> metric_;
    std::unique_ptr<ResultStore> store_;
    PartitionState state_;
    std::vector<std::vector<bool>> there_;  // by window and value
    int others_ = 0;
};

TEST_F(DistinctTotal, IsTheSameWithASecondThread) {
    std::mt19937 random(1);
    int with_two = 0;
    for (int round = 0; round < 12; ++round) {
        const auto from = static_cast<std::int64_t>(random() % kWindows);
        const std::int64_t to = from + 1 + static_cast<std::int64_t>(random()) % (kWindows - from);
        std::int64_t expected = 0;
        for (std::size_t value = 0; value < kValues; ++value)
            expected += std::any_of(there_.begin() + from, there_.begin() + to,
                                    [value](const std::vector<bool>& there) { return there[value]; })
                            ? 1
                            : 0;
        others_ = 0;
        const auto alone = ask(query(from, to), {}), both = ask(query(from, to), another()),
                   refused = ask(query(from, to), [] { return nullptr; });
        for (const auto* done : {&alone, &both, &refused}) {
            ASSERT_TRUE(done->ok());
            EXPECT_EQ((*done)->rows_read, static_cast<std::uint64_t>(to - from));
            ASSERT_EQ((*done)->table.size(), 1U);
            EXPECT_EQ((*done)->table.value(0).number, expected);
            EXPECT_TRUE((*done)->table.value(0).exact);
            EXPECT_EQ((*done)->table.corrected(0), static_cast<std::uint64_t>(to - from));
        }
        EXPECT_EQ(others_, to - from > 25 ? 1 : others_);
        with_two += others_;
    }
    EXPECT_GT(with_two, 1);
    PointsQuery nobody = query(0, kWindows);
    nobody.project = "nobody";
    EXPECT_EQ(ask(nobody, another())->table.size(), 0U);
}

TEST_F(DistinctTotal, EndsWhenItIsCancelled) {
    int looks = 0;
    Watch watch;
    watch.cancelled = [&looks] { return ++looks > 10; };
    EXPECT_EQ(ask(query(0, kWindows), another(), watch).error().code, ErrorCode::Cancelled);
    EXPECT_EQ(others_, 1);
}

// Both halves tell what is wrong with them.
TEST_F(DistinctTotal, TellsOfSetsThatCannotBeRead) {
    for (const std::int64_t window : {kWindows - 1, std::int64_t{0}}) {
        ResultCommit commit;
        commit.epoch = store_->acquire()->epoch;
        commit.expected_next = state_.next;
        commit.state = state_;
        commit.state.next = ++state_.next;
        MetricSets& sets = commit.changes.sets.emplace_back();
        sets.metric = 7;
        sets.writes.push_back({0, kStart + window * kHourMicros, "default", {true, "E123"}, 0});
        ASSERT_TRUE(store_->commit(commit).ok());
        EXPECT_EQ(ask(query(0, kWindows), another()).error().code, ErrorCode::Corrupt);
    }
}

}  // namespace
}  // namespace streamgauge::query
