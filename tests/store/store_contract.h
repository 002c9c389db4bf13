// SPDX-License-Identifier: GPL-3.0-or-later
// What every Store must do. An implementation's test instantiates the suite with a factory.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "store/store.h"

namespace streamgauge::test {

// Opens the same store again and again; the first time it is empty.
class StoreHome {
public:
    virtual ~StoreHome() = default;
    virtual std::unique_ptr<Store> open() = 0;
};

struct StoreKind {
    std::string name;
    std::function<std::unique_ptr<StoreHome>()> make;
};

class StoreContract : public ::testing::TestWithParam<StoreKind> {
protected:
    void SetUp() override {
        home = GetParam().make();
        reopen();
    }
    void reopen() {
        store.reset();
        store = home->open();
        ASSERT_NE(store, nullptr);
    }
    Acquired acquire() {
        Result<Acquired> acquired = store->acquire();
        EXPECT_TRUE(acquired.ok()) << acquired.error().describe();
        return acquired.ok() ? acquired.value() : Acquired{};
    }
    static StoreCommit commit_to(const Acquired& owner, Offset from, Offset to) {
        StoreCommit commit;
        commit.epoch = owner.epoch;
        commit.expected_next = from;
        commit.state = owner.state;
        commit.state.next = to;
        return commit;
    }
    using Row = std::tuple<std::int64_t, std::string, std::int64_t>;
    std::vector<Row> rows(MetricId metric, std::int64_t from_window = kNoWindow) {
        std::vector<Row> all;
        const Status status = store->for_each_rollup(metric, from_window, [&](auto window, auto group, auto value) {
            all.emplace_back(window, std::string(group), value);
        });
        EXPECT_TRUE(status.ok());
        return all;
    }
    std::vector<UserActivity> users() {
        std::vector<UserActivity> all;
        const Status status = store->for_each_user([&](UserActivity&& user) { all.push_back(std::move(user)); });
        EXPECT_TRUE(status.ok());
        return all;
    }

    std::unique_ptr<StoreHome> home;
    std::unique_ptr<Store> store;
};

TEST_P(StoreContract, StartsEmptyAtTheFirstOffset) {
    const Acquired owner = acquire();
    EXPECT_EQ(owner.state, PartitionState{});
    EXPECT_TRUE(rows(1).empty());
    EXPECT_TRUE(users().empty());
    const auto value = store->rollup(1, kNoWindow, "nobody");
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->value, std::nullopt);
    EXPECT_EQ(value->next, 1U);
}

TEST_P(StoreContract, AddsDeltasAndKeepsThemOverAReopening) {
    const Acquired owner = acquire();
    const std::string group("user\0page", 9);
    StoreCommit first = commit_to(owner, 1, 11);
    first.state.aggregated = 9;
    first.state.too_late = 1;
    first.state.log_clock = {500};
    first.state.watermark = Timestamp{-7};
    first.rollups.emplace_back(1);
    first.rollups.back().add(kNoWindow, group, 5);
    first.rollups.emplace_back(2);
    first.rollups.back().add(60, "b", -2);
    first.rollups.back().add(-60, "b", 1);
    first.rollups.back().add(0, "a", 0);
    ASSERT_TRUE(store->commit(first).ok());
    StoreCommit second = commit_to(owner, 11, 12);
    second.state.watermark = Timestamp{3};
    second.rollups.emplace_back(2);
    second.rollups.back().add(60, "b", 7);
    second.rollups.emplace_back(1);
    second.rollups.back().add(kNoWindow, group, 1);
    ASSERT_TRUE(store->commit(second).ok());

    reopen();
    EXPECT_EQ(rows(1), (std::vector<Row>{Row{kNoWindow, group, 6}}));
    EXPECT_EQ(rows(2), (std::vector<Row>{Row{0, "a", 0}, {-60, "b", 1}, {60, "b", 5}}));
    EXPECT_EQ(rows(2, 0), (std::vector<Row>{Row{0, "a", 0}, {60, "b", 5}}));
    const auto value = store->rollup(1, kNoWindow, group);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->value, 6);
    EXPECT_EQ(value->next, 12U);
    EXPECT_EQ(acquire().state, second.state);
}

TEST_P(StoreContract, RefusesACommitFromAnotherPlaceAndChangesNothing) {
    const Acquired owner = acquire();
    StoreCommit ahead = commit_to(owner, 5, 9);
    ahead.rollups.emplace_back(1);
    ahead.rollups.back().add(0, "x", 1);
    ahead.users.push_back({"u", {1}, {}});
    const Status status = store->commit(ahead);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::Conflict);
    EXPECT_TRUE(rows(1).empty());
    EXPECT_TRUE(users().empty());

    ahead.expected_next = 1;
    EXPECT_TRUE(store->commit(ahead).ok());
    EXPECT_TRUE(store->commit(ahead).ok()) << "the same commit again: its answer was lost";
    const Acquired other = acquire();
    EXPECT_EQ(store->commit(ahead).error().code, ErrorCode::Conflict);
    EXPECT_EQ(other.state.next, 9U);
    EXPECT_EQ(rows(1), (std::vector<Row>{Row{0, "x", 1}}));
}

TEST_P(StoreContract, FencesAnEarlierOwner) {
    const Acquired zombie = acquire();
    const Acquired owner = acquire();
    EXPECT_GT(owner.epoch, zombie.epoch);
    const Status refused = store->commit(commit_to(zombie, 1, 2));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_TRUE(store->commit(commit_to(owner, 1, 2)).ok());
    reopen();
    EXPECT_GT(acquire().epoch, owner.epoch);
}

TEST_P(StoreContract, ReplacesAndRemovesUsers) {
    const Acquired owner = acquire();
    StoreCommit first = commit_to(owner, 1, 2);
    first.users = {{"b", {5}, {{"s1", {4}}, {"", {5}}}}, {"a", {1}, {}}, {"gone", {1}, {}}};
    ASSERT_TRUE(store->commit(first).ok());
    StoreCommit second = commit_to(owner, 2, 3);
    second.users = {{"b", {9}, {{"s2", {9}}}}, {"back", {8}, {}}};
    second.expired_users = {"gone", "never there", "back"};
    ASSERT_TRUE(store->commit(second).ok());
    reopen();
    EXPECT_EQ(users(), (std::vector<UserActivity>{{"a", {1}, {}}, {"b", {9}, {{"s2", {9}}}}, {"back", {8}, {}}}));
}

TEST_P(StoreContract, RemovesExpiredWindowsOfTheMetricOnly) {
    const Acquired owner = acquire();
    StoreCommit first = commit_to(owner, 1, 2);
    for (const MetricId metric : {5, 6}) {
        first.rollups.emplace_back(metric);
        for (const std::int64_t window : {10, 20, 30}) first.rollups.back().add(window, "g", 1);
        first.rollups.back().add(kNoWindow, "g", 1);
    }
    first.expired_windows = {{5, 20}};
    ASSERT_TRUE(store->commit(first).ok());
    EXPECT_EQ(rows(5), (std::vector<Row>{Row{kNoWindow, "g", 1}, {20, "g", 1}, {30, "g", 1}}));
    EXPECT_EQ(rows(6).size(), 4U);
}

TEST_P(StoreContract, HoldsSumsAtTheEndsOfTheInteger) {
    const Acquired owner = acquire();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    for (Offset at = 1; at <= 2; ++at) {
        StoreCommit commit = commit_to(owner, at, at + 1);
        commit.rollups.emplace_back(1);
        commit.rollups.back().add(0, "down", least + 1);
        commit.rollups.back().add(0, "up", most - 1);
        ASSERT_TRUE(store->commit(commit).ok());
    }
    EXPECT_EQ(rows(1), (std::vector<Row>{Row{0, "down", least}, {0, "up", most}}));
}

}  // namespace streamgauge::test
