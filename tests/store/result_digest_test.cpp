// SPDX-License-Identifier: GPL-3.0-or-later
// The digest over all results, and the comparison of two stores row by row.
#include <gmock/gmock.h>

#include <filesystem>

#include "base/sqlite.h"
#include "journal/sqlite_support.h"
#include "store/result_compare.h"
#include "store/result_digest.h"
#include "store/sqlite_result_store.h"

namespace streamgauge::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

MetricDefinition metric(MetricId id, Aggregate aggregate, std::vector<Tier> tiers) {
    MetricDefinition d;
    d.id = id;
    d.name = "m" + std::to_string(id);
    d.aggregate = aggregate;
    d.tiers = std::move(tiers);
    return d;
}

const std::vector<MetricDefinition>& definitions() {
    static const std::vector<MetricDefinition> all = {
        metric(1'000, Aggregate::Count, {{kMinuteMicros, kHourMicros}, {kDayMicros, 0}}),
        metric(1'001, Aggregate::Gauge, {{kMinuteMicros, kHourMicros}}),
        metric(1'002, Aggregate::Distinct, {{kDayMicros, 0}}), metric(1'003, Aggregate::Last, {{0, 0}})};
    return all;
}

struct Addition {
    MetricId metric;
    std::uint8_t tier;
    std::int64_t window;
    std::string group, text;
    std::int64_t value;
};

// A store that is given additions, a few in each commit.
class Filled {
public:
    Filled() : store_(std::move(open_sqlite_result_store(path())).value()), owner_(store_->acquire().value()) {}
    std::string path() const { return directory_.path() + "/store.db"; }
    void commit(const std::vector<Addition>& additions, Timestamp log_clock) {
        ResultCommit commit;
        commit.epoch = owner_.epoch;
        commit.number = ++number_;
        commit.expected_next = state_.next;
        state_.next += additions.size();
        state_.log_clock = log_clock;
        commit.state = state_;
        for (const Addition& a : additions) {
            const auto definition = std::find_if(definitions().begin(), definitions().end(),
                                                 [&a](const MetricDefinition& d) { return d.id == a.metric; });
            if (is_set(definition->aggregate)) {
                SetState& set = sets_.try_emplace({a.metric, a.window, a.group}, definition->aggregate).first->second;
                set.add(a.text);
                SetWrite write{a.tier, a.window, a.group, {}, 0};
                if (auto change = set.take_change()) write.change = std::move(*change);
                commit.changes.sets.push_back({a.metric, definition->aggregate, {}});
                commit.changes.sets.back().writes.push_back(std::move(write));
            } else {
                commit.changes.cells.emplace_back(a.metric, a.tier, definition->aggregate);
                commit.changes.cells.back().add(a.window, a.group, Cell{a.value, 1, 0, a.text});
            }
        }
        const Status committed = store_->commit(commit);
        ASSERT_TRUE(committed.ok()) << committed.error().describe();
    }
    void expire(Timestamp log_clock, std::int64_t before) {
        ResultCommit commit;
        commit.epoch = owner_.epoch;
        commit.number = ++number_;
        commit.expected_next = state_.next;
        state_.log_clock = log_clock;
        commit.state = state_;
        commit.changes.expired = {{1'000, 0, Aggregate::Count, before}, {1'001, 0, Aggregate::Gauge, before}};
        ASSERT_TRUE(store_->commit(commit).ok());
    }
    std::unique_ptr<StoreSnapshot> snapshot() { return std::move(store_->snapshot()).value(); }
    ResultDigest digest() { return digest_results(*snapshot(), definitions()).value(); }
    void execute(const char* statement) {
        auto connection = sql::open(path(), false);
        ASSERT_TRUE(connection.ok());
        const Status done = sql::execute(connection->get(), statement);
        ASSERT_TRUE(done.ok()) << done.error().describe();
    }

private:
    const ScratchDirectory directory_;
    std::unique_ptr<ResultStore> store_;
    Ownership owner_;
    PartitionState state_;
    std::uint64_t number_ = 0;
    std::map<std::tuple<MetricId, std::int64_t, std::string>, SetState> sets_;
};

const std::vector<Addition>& additions() {
    static const std::vector<Addition> all = {{1'000, 0, 0, "default", "", 1},
                                              {1'000, 0, kMinuteMicros, "default", "", 2},
                                              {1'000, 0, kMinuteMicros, "shop", "", 1},
                                              {1'000, 1, 0, "default", "", 3},
                                              {1'001, 0, 0, "a", "", -2},
                                              {1'001, 0, kMinuteMicros, "a", "", 3},
                                              {1'001, 0, 3 * kHourMicros, "a", "", 1},
                                              {1'002, 0, 0, "default", "u1", 0},
                                              {1'002, 0, 0, "default", "u2", 0},
                                              {1'002, 0, 0, "default", "u1", 0},
                                              {1'003, 0, kNoWindow, "default", "x", 5},
                                              {1'003, 0, kNoWindow, "default", "y", 7}};
    return all;
}

void fill(Filled& store, std::size_t each, Timestamp log_clock) {
    for (std::size_t i = 0; i < additions().size(); i += each)
        store.commit({additions().begin() + static_cast<std::ptrdiff_t>(i),
                      additions().begin() + static_cast<std::ptrdiff_t>(std::min(i + each, additions().size()))},
                     log_clock);
}

std::vector<ResultDifference> differences(Filled& a, Filled& b, Timestamp log_clock, std::int64_t from = kNoWindow) {
    std::vector<ResultDifference> all;
    for (const MetricDefinition& definition : definitions())
        for (std::uint8_t tier = 0; tier < definition.tiers.size(); ++tier) {
            const auto compared = compare_results(*a.snapshot(), *b.snapshot(), definition, tier, log_clock, from,
                                                  [&all](ResultDifference&& d) { all.push_back(std::move(d)); });
            EXPECT_TRUE(compared.ok()) << compared.error().describe();
        }
    return all;
}

TEST(ResultDigest, DoesNotDependOnCommits) {
    Filled one, many, some;
    fill(one, 100, {kMinuteMicros});
    fill(many, 1, {kMinuteMicros});
    fill(some, 5, {kMinuteMicros});
    const ResultDigest digest = one.digest();
    EXPECT_THAT(digest.sha256, SizeIs(64));
    EXPECT_THAT(digest.tables, SizeIs(5));
    EXPECT_EQ(digest.next, 13U);
    EXPECT_THAT(digest.left_out, IsEmpty());
    EXPECT_EQ(many.digest().sha256, digest.sha256);
    EXPECT_EQ(some.digest().sha256, digest.sha256);
    EXPECT_THAT(differences(one, many, {kMinuteMicros}), IsEmpty());
}

// What is past its retention is in neither, removed already or not; levels of gauges go on from it.
TEST(ResultDigest, LeavesOutWhatIsToBeRemoved) {
    const Timestamp late{3 * kHourMicros};
    Filled kept, removed;
    fill(kept, 100, late);
    fill(removed, 3, late);
    removed.expire(late, 2 * kHourMicros);
    EXPECT_EQ(kept.digest().sha256, removed.digest().sha256);
    EXPECT_THAT(differences(kept, removed, late), IsEmpty());
    // -2 does not go below 0, 3 follows: the level is 3, and 1 has a row of its own.
    EXPECT_EQ(kept.digest().tables[2].rows, 2U);
}

TEST(ResultDigest, EachKindOfRowCounts) {
    for (const char* const change :
         {"UPDATE cells SET value = value + 1 WHERE metric = 1000 AND tier = 0 AND window = 0",
          "UPDATE cells SET late = late + 1 WHERE metric = 1000 AND tier = 1", "DELETE FROM cells WHERE metric = 1003",
          "INSERT INTO cells SELECT metric, tier, window + 60000000, grp, value, count, late, text FROM cells WHERE "
          "metric = 1000 AND tier = 0 AND window = 60000000",
          "UPDATE cells SET text = 'z' WHERE metric = 1003", "DELETE FROM sets WHERE metric = 1002",
          "UPDATE sets SET data = x'00' WHERE metric = 1002", "UPDATE sets SET late = 9 WHERE metric = 1002"}) {
        Filled honest, changed;
        fill(honest, 100, {kMinuteMicros});
        fill(changed, 100, {kMinuteMicros});
        changed.execute(change);
        EXPECT_NE(honest.digest().sha256, changed.digest().sha256) << change;
        EXPECT_FALSE(differences(changed, honest, {kMinuteMicros}).empty()) << change;
    }
}

TEST(ResultDigest, ADefinitionIsPartOfIt) {
    Filled store;
    fill(store, 100, {kMinuteMicros});
    std::vector<MetricDefinition> other = definitions();
    other[0].allowed_lateness_micros += 1;
    EXPECT_NE(digest_results(*store.snapshot(), other)->sha256, store.digest().sha256);
    other = definitions();
    other.pop_back();
    EXPECT_THAT(digest_results(*store.snapshot(), other)->left_out, ::testing::ElementsAre(1'003));
    other = definitions();
    other[0].description = "in other words";
    EXPECT_EQ(digest_results(*store.snapshot(), other)->sha256, store.digest().sha256);
}

TEST(ResultCompare, NamesWhatDiffers) {
    Filled stored, recomputed;
    fill(stored, 100, {kMinuteMicros});
    fill(recomputed, 100, {kMinuteMicros});
    stored.execute("UPDATE cells SET value = 9 WHERE metric = 1000 AND tier = 0 AND grp = x'73686f70'");
    stored.execute("DELETE FROM cells WHERE metric = 1000 AND tier = 0 AND window = 0");
    const auto all = differences(stored, recomputed, {kMinuteMicros});
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].window, 0);
    EXPECT_EQ(all[0].group, "default");
    EXPECT_FALSE(all[0].stored.has_value());
    EXPECT_EQ(all[0].recomputed, "value 1, events 1, late 0");
    EXPECT_EQ(all[1].group, "shop");
    EXPECT_EQ(all[1].stored, "value 9, events 1, late 0");
    EXPECT_EQ(all[1].recomputed, "value 1, events 1, late 0");
    // Windows before a time may be left out.
    EXPECT_THAT(differences(stored, recomputed, {kMinuteMicros}, kMinuteMicros), SizeIs(1));
}

TEST(ResultCompare, ManyRowsGoThroughInPieces) {
    Filled stored, recomputed;
    std::vector<Addition> many;
    for (int i = 0; i < 20'000; ++i) many.push_back({1'003, 0, kNoWindow, "g" + std::to_string(i), "t", i});
    stored.commit(many, {});
    many.erase(many.begin() + 11'111);
    recomputed.commit(many, {});
    std::vector<ResultDifference> all;
    const auto compared = compare_results(*stored.snapshot(), *recomputed.snapshot(), definitions()[3], 0, {},
                                          kNoWindow, [&all](ResultDifference&& d) { all.push_back(std::move(d)); });
    ASSERT_TRUE(compared.ok());
    EXPECT_EQ(compared->rows, 20'000U);
    EXPECT_EQ(compared->differences, 1U);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].group, "g11111");
    EXPECT_FALSE(all[0].recomputed.has_value());
}

}  // namespace
}  // namespace streamgauge::test
