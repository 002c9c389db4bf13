// SPDX-License-Identifier: GPL-3.0-or-later
// What every ResultStore must do. An implementation's test instantiates the suite with a factory.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "store/plain_rows.h"
#include "store/result_store.h"

namespace streamgauge::test {

// Opens the same store again and again; the first time it is empty.
class ResultStoreHome {
public:
    virtual ~ResultStoreHome() = default;
    virtual std::unique_ptr<ResultStore> open() = 0;
};

struct ResultStoreKind {
    std::string name;
    std::function<std::unique_ptr<ResultStoreHome>()> make;
};

class ResultStoreContract : public ::testing::TestWithParam<ResultStoreKind> {
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
    Ownership acquire() {
        Result<Ownership> acquired = store->acquire();
        EXPECT_TRUE(acquired.ok()) << acquired.error().describe();
        number = 0;
        return acquired.ok() ? acquired.value() : Ownership{};
    }
    // The owner's next one.
    ResultCommit commit_to(const Ownership& owner, Offset from, Offset to) {
        ResultCommit commit;
        commit.epoch = owner.epoch;
        commit.number = ++number;
        commit.expected_next = from;
        commit.state = owner.state;
        commit.state.next = to;
        return commit;
    }
    static CellTable table(MetricId metric, Aggregate aggregate, const std::vector<PlainCell>& cells,
                           std::uint8_t tier = 0) {
        CellTable made(metric, tier, aggregate);
        for (const PlainCell& c : cells) made.add(c.window, c.group, {c.value, c.count, c.late, c.text});
        return made;
    }
    static SetWrite set_write(std::int64_t window, std::string group, bool replace, std::string bytes,
                              std::uint64_t late = 0) {
        return {0, window, std::move(group), {replace, std::move(bytes)}, late};
    }
    std::vector<StoredMetric> metrics() {
        auto snapshot = store->snapshot();
        EXPECT_TRUE(snapshot.ok());
        auto all = (*snapshot)->metrics();
        EXPECT_TRUE(all.ok());
        return all.ok() ? all.value() : std::vector<StoredMetric>();
    }
    PartitionState state() {
        auto snapshot = store->snapshot();
        EXPECT_TRUE(snapshot.ok());
        return (*snapshot)->state().value();
    }
    std::vector<UserActivity> users() {
        std::vector<UserActivity> all;
        auto snapshot = store->snapshot();
        EXPECT_TRUE((*snapshot)->for_each_user([&](UserActivity&& user) { all.push_back(std::move(user)); }).ok());
        return all;
    }
    void tidy() {
        for (;;) {
            const Result<bool> more = store->tidy();
            ASSERT_TRUE(more.ok());
            if (!more.value()) return;
        }
    }

    std::unique_ptr<ResultStoreHome> home;
    std::unique_ptr<ResultStore> store;
    std::uint64_t number = 0;
};

using Cells = std::vector<PlainCell>;
using Sets = std::vector<PlainSet>;

TEST_P(ResultStoreContract, StartsEmptyAtTheFirstOffset) {
    EXPECT_EQ(state(), PartitionState{});
    EXPECT_EQ(acquire().state, PartitionState{});
    EXPECT_TRUE(cells_of(*store, 1).empty());
    EXPECT_TRUE(users().empty());
    EXPECT_TRUE(metrics().empty());
    auto snapshot = store->snapshot();
    EXPECT_EQ((*snapshot)->cell(1, 0, kNoWindow, "nobody").value(), std::nullopt);
    EXPECT_FALSE((*snapshot)->set(1, {0, 5, "nobody"}).value().has_value());
}

TEST_P(ResultStoreContract, KeepsTheWholeStateOverAReopening) {
    const Ownership owner = acquire();
    ResultCommit commit = commit_to(owner, 1, 11);
    commit.state.aggregated = 9;
    commit.state.too_late = 1;
    commit.state.late = 4;
    commit.state.future = 5;
    commit.state.system = 6;
    commit.state.log_clock = {500};
    commit.state.watermark = Timestamp{-7};
    commit.changes.counters = {{3, {1, 2, 3}}, {1, {}}};
    ASSERT_TRUE(store->commit(commit).ok());
    EXPECT_EQ(state(), commit.state);
    reopen();
    EXPECT_EQ(acquire().state, commit.state);
    EXPECT_EQ(metrics(), (std::vector<StoredMetric>{{1, {}, {}}, {3, {1, 2, 3}, {}}}));
}

TEST_P(ResultStoreContract, AddsUpCellsByTheRulesOfTheirAggregate) {
    const Ownership owner = acquire();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::map<std::pair<MetricId, std::string>, CellTable> wanted;
    std::uint64_t random = 88172645463325252ULL;
    const auto next = [&random](std::uint64_t below) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return random % below;
    };
    std::vector<CellTable> all;
    for (const Aggregate aggregate : {Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Avg,
                                      Aggregate::Last, Aggregate::Gauge})
        all.emplace_back(static_cast<MetricId>(aggregate) + 1, 0, aggregate);
    for (Offset at = 1; at <= 40; ++at) {
        ResultCommit commit = commit_to(owner, at, at + 1);
        for (CellTable& sum : all) {
            CellTable part(sum.metric(), 0, sum.aggregate());
            for (int i = 0; i < 6; ++i) {
                const std::string group = "g" + std::to_string(next(3)) + std::string(1, '\0') + "x";
                const std::string text = "text " + std::to_string(next(100));
                Cell cell{static_cast<std::int64_t>(next(7)) - 3, 1, static_cast<std::int64_t>(next(2)), {}};
                if (next(5) == 0) cell.value = next(2) == 0 ? most - 1 : least + 1;
                if (next(6) == 0) cell = {0, 0, 1, {}};  // late, and without the field
                if (sum.aggregate() == Aggregate::Last && cell.count > 0) cell.text = text;
                const auto window = static_cast<std::int64_t>(next(2)) * 10;
                part.add(window, group, cell);
            }
            // The store merges what was merged in memory first.
            for (std::size_t i = 0; i < part.size(); ++i) sum.add(part[i].window, part[i].group, part[i].cell);
            commit.changes.cells.push_back(std::move(part));
        }
        ASSERT_TRUE(store->commit(commit).ok());
        if (at == 20) reopen();
    }
    for (const CellTable& sum : all) {
        const Cells stored = cells_of(*store, sum.metric());
        ASSERT_EQ(stored.size(), sum.size());
        std::size_t at = 0;
        for (const std::uint32_t index : sum.sorted()) {
            const CellTable::Row row = sum[index];
            EXPECT_EQ(stored[at++], (PlainCell{row.window, std::string(row.group), row.cell.value, row.cell.count,
                                               row.cell.late, std::string(row.cell.text)}))
                << static_cast<int>(sum.aggregate());
        }
    }
}

TEST_P(ResultStoreContract, GivesRangesOfWindowsAndGroups) {
    const Ownership owner = acquire();
    ResultCommit commit = commit_to(owner, 1, 2);
    Cells all;
    for (const std::int64_t window : {kNoWindow, std::int64_t{-60}, std::int64_t{0}, std::int64_t{60}})
        for (int project = 0; project < 5; ++project)
            for (int i = 0; i < 30; ++i) {
                std::string group = "p" + std::to_string(project) + std::string(1, '\0') + std::to_string(100 + i);
                all.push_back({window, group, 1, 1, 0, ""});
            }
    commit.changes.cells.push_back(table(7, Aggregate::Count, all));
    commit.changes.cells.push_back(table(7, Aggregate::Count, {{0, "other tier", 5, 5, 0, ""}}, 1));
    commit.changes.cells.push_back(table(8, Aggregate::Count, {{0, "p2", 5, 5, 0, ""}}));
    ASSERT_TRUE(store->commit(commit).ok());

    EXPECT_EQ(cells_of(*store, 7), all);
    constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
    const auto wanted = [&all](std::int64_t from, std::int64_t to, const std::string& prefix) {
        Cells some;
        for (const PlainCell& c : all)
            if (c.window >= from && c.window < to && c.group.substr(0, prefix.size()) == prefix) some.push_back(c);
        return some;
    };
    for (const std::string& prefix : {std::string(), std::string("p0\0", 3), std::string("p2\0", 3),
                                      std::string("p4\0"
                                                  "11",
                                                  5),
                                      std::string("p9"), std::string("a")})
        for (const std::int64_t from : {kNoWindow, std::int64_t{-60}, std::int64_t{-59}, std::int64_t{60}})
            for (const std::int64_t to : {std::int64_t{-60}, std::int64_t{0}, std::int64_t{61}, end})
                EXPECT_EQ(cells_of(*store, 7, 0, from, to, prefix), wanted(from, to, prefix)) << from << " " << to;
    EXPECT_EQ(cells_of(*store, 7, 1), (Cells{{0, "other tier", 5, 5, 0, ""}}));

    auto snapshot = store->snapshot();
    int seen = 0;
    EXPECT_TRUE((*snapshot)->cells(7, 0, kNoWindow, end, {}, [&](auto, auto, const Cell&) { return ++seen < 4; }).ok());
    EXPECT_EQ(seen, 4);
    EXPECT_EQ((*snapshot)->cell(7, 0, 60, all[0].group).value(), (Cell{1, 1, 0, {}}));
    EXPECT_EQ((*snapshot)->cell(7, 0, 61, all[0].group).value(), std::nullopt);
}

TEST_P(ResultStoreContract, RefusesACommitFromAnotherPlaceAndChangesNothing) {
    const Ownership owner = acquire();
    ResultCommit ahead = commit_to(owner, 5, 9);
    ahead.changes.cells.push_back(table(1, Aggregate::Count, {{0, "x", 1, 1, 0, ""}}));
    ahead.changes.sets.push_back({2, Aggregate::Distinct, {}});
    ahead.changes.sets.back().writes.push_back(set_write(0, "x", true, "bytes", 1));
    ahead.changes.counters = {{1, {5, 5, 5}}};
    ahead.users.push_back({"u", {1}, {}});
    const Status status = store->commit(ahead);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::Conflict);
    EXPECT_TRUE(cells_of(*store, 1).empty());
    EXPECT_TRUE(sets_of(*store, 2).empty());
    EXPECT_TRUE(metrics().empty());
    EXPECT_TRUE(users().empty());

    ahead.expected_next = 1;
    EXPECT_TRUE(store->commit(ahead).ok());
    EXPECT_TRUE(store->commit(ahead).ok()) << "the same commit again: its answer was lost";
    const Ownership other = acquire();
    EXPECT_EQ(store->commit(ahead).error().code, ErrorCode::Conflict);
    EXPECT_EQ(other.state.next, 9U);
    EXPECT_EQ(cells_of(*store, 1), (Cells{{0, "x", 1, 1, 0, ""}}));
    EXPECT_EQ(sets_of(*store, 2), (Sets{{0, "x", {"bytes"}, 1}}));
}

TEST_P(ResultStoreContract, ACommitWithoutEventsIsDoneOnceToo) {
    const Ownership owner = acquire();
    ASSERT_TRUE(store->begin_backfill(owner.epoch, 1'000, {}).ok());
    ResultCommit adopting = commit_to(owner, 1, 1);
    adopting.adopted = {{1'000, 1}};
    adopting.changes.cells.push_back(table(1'000, Aggregate::Count, {{0, "x", 1, 1, 0, ""}}));
    EXPECT_TRUE(store->commit(adopting).ok());
    EXPECT_TRUE(store->commit(adopting).ok());
    EXPECT_EQ(cells_of(*store, 1'000), (Cells{{0, "x", 1, 1, 0, ""}}));
    ResultCommit skipping = commit_to(owner, 1, 2);
    ++skipping.number;
    EXPECT_EQ(store->commit(skipping).error().code, ErrorCode::Conflict) << "one of this owner's is missing";
}

TEST_P(ResultStoreContract, FencesAnEarlierOwner) {
    const Ownership zombie = acquire();
    ASSERT_TRUE(store->begin_backfill(zombie.epoch, 1'000, {}).ok());
    const Ownership owner = acquire();
    EXPECT_GT(owner.epoch, zombie.epoch);
    ResultCommit late = commit_to(zombie, 1, 2);
    EXPECT_EQ(store->commit(late).error().code, ErrorCode::Conflict);
    BackfillCommit backfill;
    backfill.metric = 1'000;
    backfill.state.next = 5;
    EXPECT_EQ(store->commit_backfill(zombie.epoch, backfill).error().code, ErrorCode::Conflict);
    EXPECT_EQ(store->begin_backfill(zombie.epoch, 1'001, {}).error().code, ErrorCode::Conflict);
    EXPECT_EQ(store->drop(zombie.epoch, 1'000).error().code, ErrorCode::Conflict);
    EXPECT_EQ(metrics().size(), 1U);
    number = 0;
    EXPECT_TRUE(store->commit(commit_to(owner, 1, 2)).ok());
    reopen();
    EXPECT_GT(acquire().epoch, owner.epoch);
}

TEST_P(ResultStoreContract, ReplacesAndRemovesUsers) {
    const Ownership owner = acquire();
    const std::string user("project\0u", 9);
    ResultCommit first = commit_to(owner, 1, 2);
    first.users = {{user, {5}, {{"s1", {4}}, {"", {5}}}}, {"a", {1}, {}}, {"gone", {1}, {}}};
    ASSERT_TRUE(store->commit(first).ok());
    ResultCommit second = commit_to(owner, 2, 3);
    second.users = {{user, {9}, {{"s2", {9}}}}, {"back", {8}, {}}};
    second.expired_users = {"gone", "never there", "back"};
    ASSERT_TRUE(store->commit(second).ok());
    reopen();
    EXPECT_EQ(users(), (std::vector<UserActivity>{{"a", {1}, {}}, {"back", {8}, {}}, {user, {9}, {{"s2", {9}}}}}));
}

TEST_P(ResultStoreContract, RemovesExpiredWindowsOfTheTierOnly) {
    const Ownership owner = acquire();
    ResultCommit first = commit_to(owner, 1, 2);
    const Cells all{{kNoWindow, "g", 1, 1, 0, ""}, {10, "g", 1, 1, 0, ""}, {20, "g", 1, 1, 0, ""}};
    for (const MetricId metric : {5, 6})
        for (const std::uint8_t tier : {std::uint8_t{0}, std::uint8_t{1}})
            first.changes.cells.push_back(table(metric, Aggregate::Sum, all, tier));
    first.changes.sets.push_back({7, Aggregate::TopK, {}});
    for (const std::int64_t window : {10, 20})
        first.changes.sets[0].writes.push_back(set_write(window, "g", true, "bytes"));
    first.changes.expired = {{5, 0, Aggregate::Sum, 20}, {7, 0, Aggregate::TopK, 20}};
    ASSERT_TRUE(store->commit(first).ok());
    EXPECT_EQ(cells_of(*store, 5), (Cells{all[0], all[2]}));
    EXPECT_EQ(cells_of(*store, 5, 1), all);
    EXPECT_EQ(cells_of(*store, 6), all);
    EXPECT_EQ(sets_of(*store, 7), (Sets{{20, "g", {"bytes"}, 0}}));
}

TEST_P(ResultStoreContract, RemovesManyExpiredWindowsInPieces) {
    const Ownership owner = acquire();
    ResultCommit first = commit_to(owner, 1, 2);
    CellTable many(5, 0, Aggregate::Count);
    constexpr int rows = 70'000;
    for (int i = 0; i < rows; ++i) many.add(i / 3, "group " + std::to_string(i % 3), {1, 1, 0, {}});
    first.changes.cells.push_back(std::move(many));
    ASSERT_TRUE(store->commit(first).ok());
    ResultCommit second = commit_to(owner, 2, 3);
    second.changes.expired = {{5, 0, Aggregate::Count, rows / 3 - 10}};
    ASSERT_TRUE(store->commit(second).ok());
    const std::size_t left = cells_of(*store, 5).size();
    EXPECT_LT(left, static_cast<std::size_t>(rows));
    EXPECT_GT(left, 31U) << "not all in one transaction";
    reopen();
    tidy();
    EXPECT_EQ(cells_of(*store, 5).size(), 31U);
    EXPECT_EQ(cells_of(*store, 5).front().window, rows / 3 - 10);
}

TEST_P(ResultStoreContract, KeepsTheLevelOfAGaugeWhoseWindowsExpire) {
    const Ownership owner = acquire();
    ResultCommit first = commit_to(owner, 1, 2);
    first.changes.cells.push_back(table(2, Aggregate::Gauge,
                                        {{10, "a", -4, 4, 0, ""},
                                         {20, "a", 3, 3, 1, ""},
                                         {20, "b", 7, 7, 0, ""},
                                         {30, "a", -1, 1, 0, ""},
                                         {40, "a", 1, 1, 0, ""}}));
    first.changes.expired = {{2, 0, Aggregate::Gauge, 30}};
    ASSERT_TRUE(store->commit(first).ok());
    EXPECT_EQ(cells_of(*store, 2), (Cells{{kNoWindow, "a", 3, 7, 1, ""},
                                          {kNoWindow, "b", 7, 7, 0, ""},
                                          {30, "a", -1, 1, 0, ""},
                                          {40, "a", 1, 1, 0, ""}}));
    ResultCommit second = commit_to(owner, 2, 3);
    second.changes.cells.push_back(table(2, Aggregate::Gauge, {{30, "b", -9, 9, 0, ""}}));
    second.changes.expired = {{2, 0, Aggregate::Gauge, 40}};
    ASSERT_TRUE(store->commit(second).ok());
    EXPECT_EQ(cells_of(*store, 2),
              (Cells{{kNoWindow, "a", 2, 8, 1, ""}, {kNoWindow, "b", 0, 16, 0, ""}, {40, "a", 1, 1, 0, ""}}));
}

TEST_P(ResultStoreContract, FoldsManyWindowsOfAGaugeInOrder) {
    const Ownership owner = acquire();
    ResultCommit first = commit_to(owner, 1, 2);
    CellTable many(2, 0, Aggregate::Gauge);
    std::map<std::string, std::int64_t> levels;
    constexpr int windows = 9'000;
    for (int i = 0; i < windows; ++i)
        for (int g = 0; g < 5; ++g) {
            const std::int64_t net = (i * 7 + g * 13) % 11 - 5 - (i % 97 == 0 ? 20 : 0);
            const std::string group = "g" + std::to_string(g);
            many.add(i, group, {net, 1, 0, {}});
            levels[group] = std::max<std::int64_t>(0, levels[group] + net);
        }
    first.changes.cells.push_back(std::move(many));
    first.changes.expired = {{2, 0, Aggregate::Gauge, windows}};
    ASSERT_TRUE(store->commit(first).ok());
    EXPECT_GT(cells_of(*store, 2).size(), 5U);
    reopen();
    tidy();
    Cells wanted;
    for (const auto& [group, level] : levels) wanted.push_back({kNoWindow, group, level, windows, 0, ""});
    EXPECT_EQ(cells_of(*store, 2), wanted);
}

TEST_P(ResultStoreContract, ReplacesSetsAndAddsToThem) {
    const Ownership owner = acquire();
    const auto write = [&](Offset at, std::vector<SetWrite> writes) {
        ResultCommit commit = commit_to(owner, at, at + 1);
        commit.changes.sets.push_back({9, Aggregate::Distinct, std::move(writes)});
        ASSERT_TRUE(store->commit(commit).ok());
    };
    const std::string group("p\0x", 3), bytes("\0\1", 2);
    write(1, {set_write(10, group, true, "one", 1), set_write(20, group, true, bytes)});
    write(2, {set_write(10, group, false, "two", 2), set_write(10, group + "y", false, "three")});
    write(3, {set_write(10, group, false, "", 3)});
    EXPECT_EQ(sets_of(*store, 9),
              (Sets{{10, group, {"one", "two"}, 6}, {10, group + "y", {"three"}, 0}, {20, group, {bytes}, 0}}));
    write(4, {set_write(10, group, true, "whole", 1)});
    reopen();
    EXPECT_EQ(sets_of(*store, 9),
              (Sets{{10, group, {"whole"}, 7}, {10, group + "y", {"three"}, 0}, {20, group, {bytes}, 0}}));
    auto snapshot = store->snapshot();
    const auto set = (*snapshot)->set(9, {0, 10, group}).value();
    ASSERT_TRUE(set.has_value());
    EXPECT_EQ(set->bytes, (std::vector<std::string_view>{"whole"}));
    EXPECT_EQ(set->late, 7U);
    EXPECT_EQ(metrics().front().id, 9);
}

TEST_P(ResultStoreContract, AddsUpTheChunksOfASetThatHasMany) {
    const Ownership owner = acquire();
    SetState state(Aggregate::Distinct);
    for (Offset at = 1; at <= 300; ++at) {
        state.add("value " + std::to_string(at));
        ResultCommit commit = commit_to(owner, at, at + 1);
        commit.changes.sets.push_back({9, Aggregate::Distinct, {}});
        commit.changes.sets[0].writes.push_back({0, 10, "g", *state.take_change(), 1});
        ASSERT_TRUE(store->commit(commit).ok());
    }
    auto snapshot = store->snapshot();
    const auto set = (*snapshot)->set(9, {0, 10, "g"}).value();
    ASSERT_TRUE(set.has_value());
    EXPECT_LE(set->bytes.size(), 65U);
    EXPECT_EQ(set->late, 300U);
    const Result<SetState> read = SetState::decode(Aggregate::Distinct, set->bytes);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->canonical(), state.canonical());
    EXPECT_EQ(read->distinct().count, 300U);
}

TEST_P(ResultStoreContract, BackfillsOnceAndAdopts) {
    const Ownership owner = acquire();
    ASSERT_TRUE(store->commit(commit_to(owner, 1, 100)).ok());
    PartitionState from;
    from.next = 3;
    const StoredMetric begun{1'000, {}, from};
    EXPECT_EQ(store->begin_backfill(owner.epoch, 1'000, from).value(), begun);
    BackfillCommit step;
    step.metric = 1'000;
    step.expected_next = 3;
    step.state.next = 50;
    step.state.watermark = Timestamp{8};
    step.changes.cells.push_back(table(1'000, Aggregate::Count, {{0, "x", 5, 5, 0, ""}}));
    step.changes.counters = {{1'000, {1, 2, 3}}};
    ASSERT_TRUE(store->commit_backfill(owner.epoch, step).ok());
    ASSERT_TRUE(store->commit_backfill(owner.epoch, step).ok()) << "its answer was lost";
    EXPECT_EQ(cells_of(*store, 1'000), (Cells{{0, "x", 5, 5, 0, ""}}));
    BackfillCommit elsewhere;
    elsewhere.metric = 1'000;
    elsewhere.expected_next = 49;
    elsewhere.state.next = 60;
    EXPECT_EQ(store->commit_backfill(owner.epoch, elsewhere).error().code, ErrorCode::Conflict);
    elsewhere.metric = 1'001;
    EXPECT_EQ(store->commit_backfill(owner.epoch, elsewhere).error().code, ErrorCode::NotFound);

    // The partition goes on without it, and it goes on where it was after a restart.
    reopen();
    const Ownership next = acquire();
    EXPECT_EQ(metrics(), (std::vector<StoredMetric>{{1'000, {1, 2, 3}, step.state}}));
    EXPECT_EQ(store->begin_backfill(next.epoch, 1'000, {}).value(), (StoredMetric{1'000, {1, 2, 3}, step.state}));

    ResultCommit adopt = commit_to(next, 100, 110);
    adopt.adopted = {{1'000, 49}};
    adopt.changes.cells.push_back(table(1'000, Aggregate::Count, {{0, "x", 2, 2, 0, ""}}));
    EXPECT_EQ(store->commit(adopt).error().code, ErrorCode::Conflict);
    EXPECT_EQ(state().next, 100U);
    adopt.adopted = {{1'000, 50}};
    ASSERT_TRUE(store->commit(adopt).ok());
    EXPECT_EQ(metrics(), (std::vector<StoredMetric>{{1'000, {1, 2, 3}, {}}}));
    EXPECT_EQ(cells_of(*store, 1'000), (Cells{{0, "x", 7, 7, 0, ""}}));
    EXPECT_EQ(store->commit_backfill(next.epoch, step).error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->begin_backfill(next.epoch, 1'000, {}).value(), (StoredMetric{1'000, {1, 2, 3}, {}}));
}

TEST_P(ResultStoreContract, DropsAMetricInPiecesAndShowsNothingOfIt) {
    const Ownership owner = acquire();
    ResultCommit first = commit_to(owner, 1, 2);
    for (const MetricId metric : {5, 1'000}) {
        CellTable many(metric, 0, Aggregate::Count);
        for (int i = 0; i < 50'000; ++i) many.add(i, "g", {1, 1, 0, {}});
        first.changes.cells.push_back(std::move(many));
        first.changes.sets.push_back({metric, Aggregate::Distinct, {}});
        for (int i = 0; i < 1'200; ++i) first.changes.sets.back().writes.push_back(set_write(i, "g", true, "bytes"));
    }
    ASSERT_TRUE(store->commit(first).ok());
    auto before = store->snapshot();
    ResultCommit second = commit_to(owner, 2, 3);
    second.dropped = {1'000, 1'001};
    ASSERT_TRUE(store->commit(second).ok());
    EXPECT_TRUE(cells_of(*store, 1'000).empty());
    EXPECT_TRUE(sets_of(*store, 1'000).empty());
    EXPECT_EQ(metrics().size(), 1U);
    EXPECT_EQ(store->snapshot().value()->cell(1'000, 0, 5, "g").value(), std::nullopt);
    EXPECT_FALSE(store->snapshot().value()->set(1'000, {0, 5, "g"}).value().has_value());
    EXPECT_EQ(before.value()->cell(1'000, 0, 5, "g").value(), (Cell{1, 1, 0, {}})) << "a snapshot stays as it was";
    reopen();
    EXPECT_TRUE(cells_of(*store, 1'000).empty());
    EXPECT_TRUE(store->tidy().value());
    tidy();
    EXPECT_FALSE(store->tidy().value());
    EXPECT_TRUE(cells_of(*store, 1'000).empty());
    EXPECT_EQ(cells_of(*store, 5).size(), 50'000U);
    EXPECT_EQ(sets_of(*store, 5).size(), 1'200U);
}

TEST_P(ResultStoreContract, AMetricThatIsBegunAnewHasNothingOfTheOldOne) {
    const Ownership owner = acquire();
    ResultCommit first = commit_to(owner, 1, 2);
    CellTable many(5, 0, Aggregate::Count);
    for (int i = 0; i < 50'000; ++i) many.add(i, "g", {1, 1, 0, {}});
    first.changes.cells.push_back(std::move(many));
    first.changes.counters = {{5, {1, 1, 1}}};
    ASSERT_TRUE(store->commit(first).ok());
    ASSERT_TRUE(store->drop(owner.epoch, 5).ok());
    EXPECT_EQ(store->begin_backfill(owner.epoch, 5, {}).value(), (StoredMetric{5, {}, PartitionState{}}));
    EXPECT_TRUE(cells_of(*store, 5).empty());
    EXPECT_EQ(metrics().size(), 1U);
    EXPECT_TRUE(store->drop(owner.epoch, 77).ok()) << "there is none";
}

TEST_P(ResultStoreContract, ASnapshotIsOneStateWhileCommitsGoOn) {
    const Ownership owner = acquire();
    std::atomic<bool> done{false};
    std::thread writer([&] {
        for (Offset at = 1; at <= 200; ++at) {
            ResultCommit commit = commit_to(owner, at, at + 1);
            commit.changes.cells.push_back(table(1, Aggregate::Count, {{kNoWindow, "g", 1, 1, 0, ""}}));
            EXPECT_TRUE(store->commit(commit).ok());
        }
        done = true;
    });
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&] {
            while (!done) {
                auto snapshot = store->snapshot();
                ASSERT_TRUE(snapshot.ok());
                const auto cell = (*snapshot)->cell(1, 0, kNoWindow, "g");
                std::this_thread::yield();
                const auto next = (*snapshot)->state()->next;
                EXPECT_EQ(static_cast<Offset>(cell->value_or(Cell{}).count) + 1, next);
            }
        });
    writer.join();
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(cells_of(*store, 1).front().count, 200);
}

TEST_P(ResultStoreContract, ASnapshotOutlivesTheStoreAndTooManyAreRefused) {
    const Ownership owner = acquire();
    ResultCommit commit = commit_to(owner, 1, 2);
    commit.changes.cells.push_back(table(1, Aggregate::Count, {{0, "g", 1, 1, 0, ""}}));
    ASSERT_TRUE(store->commit(commit).ok());
    std::vector<std::unique_ptr<StoreSnapshot>> open;
    for (;;) {
        auto snapshot = store->snapshot();
        if (!snapshot.ok()) {
            EXPECT_EQ(snapshot.error().code, ErrorCode::Unavailable);
            break;
        }
        open.push_back(std::move(snapshot).value());
        ASSERT_LT(open.size(), 1'000U);
    }
    EXPECT_GE(open.size(), 4U);
    open.pop_back();
    EXPECT_TRUE(store->snapshot().ok());
    store.reset();
    EXPECT_EQ(open.back()->cell(1, 0, 0, "g").value(), (Cell{1, 1, 0, {}}));
}

}  // namespace streamgauge::test
