// SPDX-License-Identifier: GPL-3.0-or-later
// The table of sets against plain sets of values, and against itself under other chunkings, restarts and memory limits.
#include "metrics/set_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace streamgauge {
namespace {

using Key = std::tuple<std::uint8_t, std::int64_t, std::string>;  // tier, window, group

struct Value {
    std::int64_t at = 0, watermark = 0, clock = 0;  // the clocks with this event
    std::string group, text;
    std::int64_t micros = 0;
};

MetricDefinition definition_of(Aggregate aggregate, bool grouped, std::uint64_t budget) {
    MetricDefinition definition;
    definition.id = 1'234;
    definition.aggregate = aggregate;
    definition.tiers = {
        {10 * kSecondMicros, kHourMicros}, {kMinuteMicros, 2 * kHourMicros}, {kHourMicros, 0}, {kDayMicros, 0}};
    definition.allowed_lateness_micros = 30 * kSecondMicros;
    definition.exact_budget = budget;
    if (grouped) definition.group_by = {{Field::PageUrl, {}}};
    return definition;
}

std::vector<Windows> windows_of(const MetricDefinition& definition) {
    std::vector<Windows> windows;
    for (const Tier& tier : definition.tiers) windows.emplace_back(tier.window_micros);
    return windows;
}

// In order, a little and very late, ahead of their time; groups and values of very different frequency.
std::vector<Value> values_of(unsigned seed, std::size_t count, bool grouped, std::uint32_t groups,
                             std::uint32_t texts) {
    std::mt19937 random(seed);
    const auto skewed = [&random](std::uint32_t n) {
        return static_cast<std::uint32_t>(random() % (1 + random() % n));
    };
    std::vector<Value> values;
    std::int64_t clock = 1'800'000'000'000'000, watermark = INT64_MIN;
    for (std::size_t i = 0; i < count; ++i) {
        clock += static_cast<std::int64_t>(random() % 200'000);
        if (random() % 500 == 0) clock += static_cast<std::int64_t>(random() % 600'000'000);
        Value value;
        value.at = clock;
        switch (random() % 12) {
            case 0:
                value.at -= static_cast<std::int64_t>(random() % 60'000'000);
                break;
            case 1:
                value.at -= static_cast<std::int64_t>(random() % 9'000'000) * 1'000;
                break;
            case 2:
                value.at += static_cast<std::int64_t>(random() % 90'000'000);
                break;
            default:
                break;
        }
        watermark = std::max(watermark, std::min(value.at, clock));
        value.watermark = watermark;
        value.clock = clock;
        value.group = random() % 4 == 0 ? "beta" : "alpha";
        if (grouped) {
            const std::uint32_t group = skewed(groups);
            value.group += kGroupSeparator;
            value.group += group == 3 ? std::string(kOtherGroup) : "/page/" + std::to_string(group);
        }
        value.text = "user-" + std::to_string(skewed(texts));
        value.micros = static_cast<std::int64_t>(random() % 5'000) * 1'000 - 900'000;
        values.push_back(std::move(value));
    }
    return values;
}

// What a store holds, and how far it is.
struct FakeStore {
    struct Row {
        std::vector<std::string> bytes;
        std::uint64_t late = 0;
    };
    std::map<Key, Row> rows;
    std::size_t next = 0;
    std::int64_t watermark = INT64_MIN;
    std::size_t loads = 0;

    void commit(const std::vector<SetWrite>& writes, std::size_t upto, std::int64_t at_watermark) {
        const Key* before = nullptr;
        for (const SetWrite& write : writes) {
            const auto place = rows.try_emplace({write.tier, write.window, write.group}).first;
            if (before != nullptr) {
                EXPECT_LT(*before, place->first) << "out of order";
            }
            before = &place->first;
            Row& row = place->second;
            if (write.change.replace) row.bytes.clear();
            if (!write.change.bytes.empty()) row.bytes.push_back(write.change.bytes);
            row.late += write.late;
        }
        next = upto;
        watermark = at_watermark;
    }
    static SetState read(Aggregate aggregate, const Row& row) {
        auto state = SetState::decode(aggregate, {row.bytes.begin(), row.bytes.end()});
        EXPECT_TRUE(state.ok());
        return state.ok() ? std::move(state).value() : SetState(aggregate);
    }
    SetTable::Load load(Aggregate aggregate) {
        return [this, aggregate](MetricId metric, const SetKey& key) -> Result<std::optional<SetState>> {
            EXPECT_EQ(metric, 1'234);
            ++loads;
            const auto row = rows.find({key.tier, key.window, std::string(key.group)});
            if (row == rows.end()) return std::optional<SetState>();
            return std::optional<SetState>(read(aggregate, row->second));
        };
    }
    // (tier, window, group) -> canonical state and late count.
    std::map<Key, std::pair<std::string, std::uint64_t>> digest(Aggregate aggregate) const {
        std::map<Key, std::pair<std::string, std::uint64_t>> all;
        for (const auto& [key, row] : rows) all[key] = {read(aggregate, row).canonical(), row.late};
        return all;
    }
};

void take(SetTable& table, const Value& value) {
    table.advance(value.watermark);
    ASSERT_TRUE(table.prepare(value.at, value.group, value.clock).ok());
    table.add(value.at, value.group, value.text, value.micros, value.clock);
}

FakeStore run_whole(const MetricDefinition& definition, const std::vector<Value>& values) {
    FakeStore store;
    SetTable table(definition, windows_of(definition), store.load(definition.aggregate));
    for (const Value& value : values) {
        take(table, value);
        EXPECT_LE(table.exact_values(), definition.exact_budget);
    }
    store.commit(table.take_writes(), values.size(), values.back().watermark);
    table.committed();
    EXPECT_FALSE(table.has_changes());
    EXPECT_TRUE(table.take_writes().empty());
    return store;
}

// Commits at random moments, some of which take effect later or never; crashes at random moments.
void run_in_pieces(const MetricDefinition& definition, const std::vector<Value>& values, unsigned seed,
                   std::size_t memory_limit, FakeStore& store) {
    std::mt19937 random(seed);
    std::size_t restarts = 0;
    while (store.next < values.size()) {
        SetTable table(definition, windows_of(definition), store.load(definition.aggregate), memory_limit);
        for (const auto& [key, row] : store.rows) {
            const auto& [tier, window, group] = key;
            const std::int64_t end = windows_of(definition)[tier].end_of(window);
            if (end + definition.allowed_lateness_micros > store.watermark)
                table.restore({tier, window, group}, FakeStore::read(definition.aggregate, row));
        }
        std::vector<SetWrite> writes;
        bool in_flight = false;
        std::size_t upto = 0;
        std::int64_t watermark = store.watermark;
        const std::size_t crash = restarts++ < 6 ? store.next + random() % 4'000 : values.size();
        for (std::size_t i = store.next; i < values.size(); ++i) {
            if (i >= crash) break;
            table.advance(values[i].watermark);
            if (!table.prepare(values[i].at, values[i].group, values[i].clock)) {
                if (in_flight) store.commit(writes, upto, watermark);
                in_flight = false;
                store.commit(table.take_writes(), i, i == 0 ? INT64_MIN : values[i - 1].watermark);
                table.committed();
                ASSERT_TRUE(table.prepare(values[i].at, values[i].group, values[i].clock).ok());
            }
            table.add(values[i].at, values[i].group, values[i].text, values[i].micros, values[i].clock);
            if (random() % 300 == 0 && in_flight) {
                store.commit(writes, upto, watermark);
                table.committed();
                in_flight = false;
            }
            if (random() % 400 == 0 && !in_flight) {
                writes = table.take_writes();
                upto = i + 1;
                watermark = values[i].watermark;
                in_flight = true;
            }
        }
        if (crash < values.size()) continue;
        if (in_flight) {
            store.commit(writes, upto, watermark);
            table.committed();
        }
        store.commit(table.take_writes(), values.size(), values.back().watermark);
        table.committed();
    }
}

struct Case {
    Aggregate aggregate;
    bool grouped;
    std::uint64_t budget;
};

class SetTableRuns : public testing::TestWithParam<Case> {};

TEST_P(SetTableRuns, HoldTheSameInAnyChunkingThroughRestartsAndWithLittleMemory) {
    const auto& [aggregate, grouped, budget] = GetParam();
    const MetricDefinition definition = definition_of(aggregate, grouped, budget);
    const std::vector<Value> values = values_of(7 + static_cast<unsigned>(budget), 9'000, grouped, 300, 3'000);
    const auto whole = run_whole(definition, values).digest(aggregate);
    FakeStore pieces, little;
    run_in_pieces(definition, values, 1, 0, pieces);
    EXPECT_TRUE(pieces.digest(aggregate) == whole);
    run_in_pieces(definition, values, 2, grouped ? 200'000 : 120'000, little);
    EXPECT_TRUE(little.digest(aggregate) == whole);
    if (grouped && budget == 1'000'000) {
        EXPECT_GT(little.loads, pieces.loads) << "states left the memory";
    }
    const bool overflowed = std::any_of(whole.begin(), whole.end(), [](const auto& row) {
        return std::get<2>(row.first) == "alpha" + std::string(1, kGroupSeparator) + std::string(kOtherGroup);
    });
    EXPECT_EQ(overflowed, grouped && budget < 5'000);
}

INSTANTIATE_TEST_SUITE_P(
    Budgets, SetTableRuns,
    testing::Values(Case{Aggregate::Distinct, false, 1'000'000}, Case{Aggregate::Distinct, false, 900},
                    Case{Aggregate::Distinct, true, 1'000'000}, Case{Aggregate::Distinct, true, 2'500},
                    Case{Aggregate::TopK, false, 4'000}, Case{Aggregate::TopK, true, 4'000},
                    Case{Aggregate::Percentile, true, 1'000'000}, Case{Aggregate::Percentile, true, 4'000}));

// Of every window: what has a state of its own has all of its values in it; everything else is in "(other)".
TEST(SetTable, KeepsEachGroupWholeOrInOther) {
    for (const std::uint64_t budget : {1'000'000U, 8'000U, 2'500U}) {
        const MetricDefinition definition = definition_of(Aggregate::Distinct, true, budget);
        const std::vector<Value> values = values_of(41, 12'000, true, 400, 4'000);
        const FakeStore store = run_whole(definition, values);
        const std::vector<Windows> windows = windows_of(definition);
        std::map<Key, std::pair<std::set<std::string>, std::uint64_t>> truth;
        for (const Value& value : values)
            for (std::uint8_t tier = 0; tier < windows.size(); ++tier) {
                const std::int64_t start = windows[tier].start_of(value.at), end = windows[tier].end_of(start);
                const std::int64_t retention = definition.tiers[tier].retention_micros;
                if (retention != 0 && end + retention <= value.clock) continue;
                std::string group = value.group;
                const std::size_t page = group.find(kGroupSeparator) + 1;
                if (group.substr(page) == kOtherGroup) group.insert(page, " ");
                auto& [texts, late] = truth[{tier, start, group}];
                texts.insert(value.text);
                if (end + definition.allowed_lateness_micros <= value.watermark) ++late;
            }
        std::map<Key, std::set<std::string>> others;
        std::map<Key, std::uint64_t> others_late;
        std::size_t exact = 0, sketches = 0;
        const auto check = [&](const Key& key, std::size_t size, std::uint64_t late) {
            const FakeStore::Row& row = store.rows.at(key);
            const SetState state = FakeStore::read(Aggregate::Distinct, row);
            EXPECT_EQ(row.late, late);
            ++(state.exact() ? exact : sketches);
            if (state.exact()) {
                EXPECT_EQ(state.distinct().count, size);
            } else {
                EXPECT_NEAR(static_cast<double>(state.distinct().count), static_cast<double>(size),
                            2 + static_cast<double>(size) * 0.04);
            }
        };
        for (const auto& [key, kept] : truth) {
            if (store.rows.contains(key)) {
                check(key, kept.first.size(), kept.second);
                continue;
            }
            const auto& [tier, start, group] = key;
            const std::string project = group.substr(0, group.find(kGroupSeparator) + 1);
            const Key other{tier, start, project + std::string(kOtherGroup)};
            others[other].insert(kept.first.begin(), kept.first.end());
            others_late[other] += kept.second;
        }
        for (const auto& [key, texts] : others) {
            ASSERT_TRUE(store.rows.contains(key));
            check(key, texts.size(), others_late[key]);
        }
        EXPECT_EQ(exact + sketches, store.rows.size()) << "and nothing else is there";
        EXPECT_EQ(others.empty(), budget == 1'000'000);
        EXPECT_EQ(sketches == 0, budget == 1'000'000);
    }
}

TEST(SetTable, ClosedStatesAreInOnePieceAndLeaveTheMemory) {
    const MetricDefinition definition = definition_of(Aggregate::Distinct, false, 100'000);
    FakeStore store;
    SetTable table(definition, windows_of(definition), store.load(Aggregate::Distinct));
    const std::int64_t day = 20'000 * kDayMicros;
    const auto add = [&](std::int64_t at, std::int64_t watermark, const std::string& text) {
        take(table, {at, watermark, watermark, "alpha", text, 0});
    };
    const auto commit = [&] {
        std::vector<SetWrite> writes = table.take_writes();
        store.commit(writes, 0, 0);
        table.committed();
        return writes;
    };
    add(day, day, "a");
    commit();
    EXPECT_EQ(table.states(), 4U);
    for (int i = 0; i < 40; ++i) add(day, day, "b" + std::to_string(i));
    commit();
    add(day + 1, day + 1, "c");
    EXPECT_EQ(commit().at(0).change.replace, false);
    EXPECT_EQ(store.rows.at({0, day, "alpha"}).bytes.size(), 2U);

    // 10 s and 30 s of lateness later the first window of the finest tier is closed, the others are not.
    add(day + 40 * kSecondMicros, day + 40 * kSecondMicros, "a");
    commit();
    EXPECT_EQ(store.rows.at({0, day, "alpha"}).bytes.size(), 1U);
    EXPECT_EQ(store.rows.at({2, day, "alpha"}).bytes.size(), 2U);
    EXPECT_EQ(table.states(), 4U);
    EXPECT_EQ(store.loads, 0U);

    // Late: counted and corrected in the closed window alone, and gone from memory after the commit.
    add(day, day + 40 * kSecondMicros, "late");
    add(day, day + 40 * kSecondMicros, "a");
    EXPECT_EQ(store.loads, 1U);
    EXPECT_EQ(table.states(), 5U);
    const std::vector<SetWrite> writes = commit();
    EXPECT_EQ(writes.at(0).late, 2U);
    EXPECT_EQ(store.rows.at({0, day, "alpha"}).late, 2U);
    EXPECT_EQ(store.rows.at({1, day, "alpha"}).late, 0U);
    EXPECT_EQ(FakeStore::read(Aggregate::Distinct, store.rows.at({0, day, "alpha"})).distinct().count, 43U);
    EXPECT_EQ(table.states(), 4U);

    // A late value that is there already is counted, and changes nothing else.
    add(day, day + 40 * kSecondMicros, "late");
    const std::vector<SetWrite> counted = commit();
    ASSERT_EQ(counted.size(), 1U);
    EXPECT_TRUE(counted[0].change.bytes.empty() && !counted[0].change.replace);
    EXPECT_EQ(counted[0].late, 1U);

    // Past the retention of the finest tier it is refused there, and past none of the others.
    EXPECT_TRUE(table.prepare(day, "alpha", day + 2 * kHourMicros).ok());
    EXPECT_TRUE(table.add(day, "alpha", "very late", 0, day + 2 * kHourMicros));
    for (const SetWrite& write : table.take_writes()) EXPECT_NE(write.tier, 0);
}

TEST(SetTable, PassesOnWhyAStateCannotBeRead) {
    const MetricDefinition definition = definition_of(Aggregate::Distinct, false, 1'000);
    bool broken = true;
    SetTable table(definition, windows_of(definition), [&](MetricId, const SetKey&) -> Result<std::optional<SetState>> {
        if (broken) return Error::make(ErrorCode::Io, "no disk");
        return std::optional<SetState>();
    });
    const std::int64_t now = 20'000 * kDayMicros + kHourMicros;
    table.advance(now);
    ASSERT_TRUE(table.prepare(now, "alpha", now).ok());
    EXPECT_TRUE(table.add(now, "alpha", "x", 0, now));
    const std::size_t before = table.states();
    EXPECT_EQ(table.prepare(now - kMinuteMicros * 10, "alpha", now).error().code, ErrorCode::Io);
    EXPECT_EQ(table.states(), before);
    broken = false;
    ASSERT_TRUE(table.prepare(now - kMinuteMicros * 10, "alpha", now).ok());
    EXPECT_TRUE(table.add(now - kMinuteMicros * 10, "alpha", "x", 0, now));
    EXPECT_EQ(table.states(), before + 3);  // the day is the same
}

TEST(SetTable, AsksForACommitRatherThanMoreMemory) {
    const MetricDefinition definition = definition_of(Aggregate::Distinct, true, 1'000);
    FakeStore store;
    SetTable table(definition, windows_of(definition), store.load(Aggregate::Distinct), 300'000);
    const std::int64_t now = 20'000 * kDayMicros + 10 * kMinuteMicros;
    table.advance(now);
    std::size_t commits = 0;
    for (std::int64_t i = 0; i < 5'000; ++i) {
        const std::string group = "alpha" + std::string(1, kGroupSeparator) + std::to_string(i);
        const std::int64_t at = now - 2 * kMinuteMicros - i * kSecondMicros;
        if (!table.prepare(at, group, now)) {
            EXPECT_EQ(table.prepare(at, group, now).error().code, ErrorCode::Unavailable);
            EXPECT_TRUE(table.wants_commit());
            store.commit(table.take_writes(), 0, 0);
            table.committed();
            ++commits;
            ASSERT_TRUE(table.prepare(at, group, now).ok());
        }
        table.add(at, group, "x", 0, now);
        ASSERT_LE(table.memory_bytes(), 620'000U);
    }
    EXPECT_GT(commits, 5U);
    EXPECT_LT(commits, 100U);
}

}  // namespace
}  // namespace streamgauge
