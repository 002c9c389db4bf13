// SPDX-License-Identifier: GPL-3.0-or-later
// Exactly once, by brute force: the process dies between any two steps, and everything is as if it never had.
#include "pipeline/projection.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "pipeline/faulty_store.h"
#include "pipeline/oracle.h"

namespace streamgauge {
namespace {

using test::PlainEvent;
using test::Rollups;

CommittedBatch slice(const std::vector<PlainEvent>& events, std::size_t begin, std::size_t end) {
    CommittedBatch batch;
    batch.first = begin + 1;
    for (std::size_t i = begin; i < end; ++i) batch.batch.add(events[i].view());
    return batch;
}

constexpr std::int64_t kLastWindow = std::numeric_limits<std::int64_t>::max();

// The finest tier of the metrics that are cells.
Rollups stored_rows(ResultStore& store) {
    Rollups rows;
    const auto snapshot = std::move(store.snapshot()).value();
    for (const MetricDefinition& definition : built_in_metrics()) {
        const Status status = snapshot->cells(definition.id, 0, kNoWindow, kLastWindow, {},
                                              [&](auto window, auto group, const Cell& cell) {
                                                  rows[{definition.id, window, std::string(group)}] = cell.value;
                                                  return true;
                                              });
        EXPECT_TRUE(status.ok());
    }
    return rows;
}

// Everything that the store has, but for what has expired and is not removed yet.
std::vector<std::string> everything(ResultStore& store) {
    std::vector<std::string> all;
    while (store.tidy().value()) continue;
    const auto snapshot = std::move(store.snapshot()).value();
    const PartitionState state = snapshot->state().value();
    std::ostringstream head;
    head << state.next << ' ' << state.aggregated << ' ' << state.too_late << ' ' << state.late << ' ' << state.future
         << ' ' << state.system << ' ' << state.log_clock.micros << ' ' << state.watermark.value_or(Timestamp{}).micros;
    all.push_back(head.str());
    const auto metrics = std::move(snapshot->metrics()).value();
    for (const StoredMetric& metric : metrics) {
        std::ostringstream line;
        line << "metric " << metric.id << ' ' << metric.counters.late << ' ' << metric.counters.too_late << ' '
             << metric.counters.not_numeric << ' ' << metric.backfill.has_value();
        all.push_back(line.str());
    }
    for (const MetricDefinition& definition : built_in_metrics()) {
        for (std::uint8_t tier = 0; tier < definition.tiers.size(); ++tier) {
            const std::string place = std::to_string(definition.id) + '/' + std::to_string(tier) + ' ';
            EXPECT_TRUE(snapshot
                            ->cells(definition.id, tier, kNoWindow, kLastWindow, {},
                                    [&](auto window, auto group, const Cell& cell) {
                                        std::ostringstream line;
                                        line << place << window << ' ' << group << ' ' << cell.value << ' '
                                             << cell.count << ' ' << cell.late << ' ' << cell.text;
                                        all.push_back(line.str());
                                        return true;
                                    })
                            .ok());
            EXPECT_TRUE(snapshot
                            ->sets(definition.id, tier, kNoWindow, kLastWindow, {},
                                   [&](auto window, auto group, const StoreSnapshot::Set& set) {
                                       const Result<SetState> read = SetState::decode(definition.aggregate, set.bytes);
                                       EXPECT_TRUE(read.ok());
                                       std::ostringstream line;
                                       line << place << window << ' ' << group << ' ' << set.late << ' '
                                            << read->canonical();
                                       all.push_back(line.str());
                                       return true;
                                   })
                            .ok());
        }
    }
    EXPECT_TRUE(snapshot
                    ->for_each_user([&](UserActivity&& user) {
                        std::ostringstream line;
                        line << "user " << user.user_id << ' ' << user.last.micros;
                        all.push_back(line.str());
                    })
                    .ok());
    return all;
}

std::vector<std::string> lines_of(const Rollups& rows) {
    std::vector<std::string> lines;
    for (const auto& [key, value] : rows) {
        std::ostringstream line;
        line << std::get<0>(key) << ' ' << std::get<1>(key) << ' ' << std::get<2>(key) << ' ' << value;
        lines.push_back(line.str());
    }
    return lines;
}

// Names the first differences.
void expect_same(const std::vector<std::string>& is, const std::vector<std::string>& wanted) {
    EXPECT_EQ(is.size(), wanted.size());
    int named = 0;
    for (std::size_t i = 0; i < std::min(is.size(), wanted.size()) && named < 3; ++i) {
        if (is[i] == wanted[i]) continue;
        ++named;
        EXPECT_EQ(is[i], wanted[i]);
    }
}

// What a process that never dies leaves behind, having taken everything in at once.
std::vector<std::string> without_interruption(const std::vector<PlainEvent>& events) {
    const test::StoreDirectory directory;
    const auto store = directory.open();
    Projection projection(*store);
    EXPECT_TRUE(projection.load().ok());
    EXPECT_TRUE(projection.apply(slice(events, 0, events.size())).ok());
    EXPECT_TRUE(store->commit(*projection.take_commit()).ok());
    projection.committed();
    return everything(*store);
}

void expect_answers(const Projection& projection, const std::vector<PlainEvent>& events, const std::string& where) {
    SCOPED_TRACE(where);
    const Rollups rows = test::oracle_rollups(events);
    const std::int64_t now_micros = events.back().received_at + 1'700'000;
    const Timestamp now{now_micros};
    for (const int minutes : {1, 5, 15, 60}) {
        EXPECT_EQ(projection.live().active_users({}, minutes, now).users,
                  test::oracle_active_users(events, minutes, now_micros));
        EXPECT_EQ(projection.live().top(metric::kTopPages, {}, minutes, now, 7).counts,
                  test::oracle_top(rows, metric::kTopPages, minutes, now_micros, 7));
        EXPECT_EQ(projection.live().top(metric::kEventTypes, {}, minutes, now, 50).counts,
                  test::oracle_top(rows, metric::kEventTypes, minutes, now_micros, 50));
    }
    for (int user = 0; user < 41; ++user) {
        const std::string name = "user-" + std::to_string(user);
        EXPECT_EQ(projection.live().active_sessions({}, name, now), test::oracle_sessions(events, name, now_micros));
        for (int page = 0; page < 16; page += 5) {
            const std::string url = "/page/" + std::to_string(page);
            const auto wanted =
                rows.find({metric::kPageClicks, kNoWindow, test::kDefaultProject + name + std::string(1, '\0') + url});
            const Result<std::uint64_t> count = projection.pair_count({}, name, url);
            ASSERT_TRUE(count.ok());
            EXPECT_EQ(*count, wanted == rows.end() ? 0U : static_cast<std::uint64_t>(wanted->second)) << name << url;
        }
    }
    std::vector<StreamRow> streams = test::oracle_streams(rows);
    std::vector<StreamRow> latest;
    for (std::size_t i = 0; i < streams.size(); ++i)
        if (i + 1 == streams.size() || streams[i + 1].stream_id != streams[i].stream_id) latest.push_back(streams[i]);
    EXPECT_EQ(projection.live().latest_streams({}), latest);
    std::stable_sort(streams.begin(), streams.end(), [](const auto& a, const auto& b) { return a.window > b.window; });
    std::int64_t log_clock = 0;
    for (const PlainEvent& e : events) log_clock = std::max(log_clock, e.received_at);
    const std::int64_t newest =
        streams.empty() ? 0 : std::min(streams.front().window, floor_to({log_clock}, kMinuteMicros).micros);
    std::erase_if(streams, [&](const StreamRow& row) { return row.window <= newest - 90 * kMinuteMicros; });
    EXPECT_EQ(projection.live().stream_minutes({}, 90, 100'000), streams);
    if (streams.size() > 3) streams.resize(3);
    EXPECT_EQ(projection.live().stream_minutes({}, 90, 3), streams);
}

void expect_store(ResultStore& store, const std::vector<PlainEvent>& events) {
    Rollups expected = test::oracle_rollups(events);
    std::int64_t log_clock = 0;
    for (const PlainEvent& e : events) log_clock = std::max(log_clock, e.received_at);
    test::drop_expired(expected, log_clock);
    expect_same(lines_of(stored_rows(store)), lines_of(expected));
    expect_same(everything(store), without_interruption(events));
}

class CrashingProjection : public ::testing::TestWithParam<std::uint64_t> {};

// Each step is chosen at random: aggregate some, start a commit, let it happen (or not, or with its answer lost), hear
// of it, or die and start anew from the store.
TEST_P(CrashingProjection, IsAsIfItHadNeverCrashed) {
    std::mt19937_64 random(GetParam());
    const auto events = test::random_events(GetParam() * 77, 3'000, 4'000'000);
    const test::StoreDirectory directory;
    std::unique_ptr<ResultStore> store;
    test::FaultyStore* faulty = nullptr;
    const auto open = [&] {
        store.reset();
        auto made = std::make_unique<test::FaultyStore>(directory.open());
        faulty = made.get();
        store = std::move(made);
    };
    open();
    auto projection = std::make_unique<Projection>(*store);
    ASSERT_TRUE(projection->load().ok());
    std::shared_ptr<const ResultCommit> in_flight;
    int crashes = 0;
    const auto crash = [&] {
        ++crashes;
        in_flight.reset();
        projection.reset();
        open();
        projection = std::make_unique<Projection>(*store);
        ASSERT_TRUE(projection->load().ok());
    };
    for (std::size_t step = 0; projection->next() <= events.size(); ++step) {
        ASSERT_LT(step, 100'000U);
        const auto at = static_cast<std::size_t>(projection->next() - 1);
        switch (random() % 8) {
            case 0:
            case 1:
            case 2: {
                // A batch may begin before what is wanted.
                const std::size_t begin = at - std::min<std::size_t>(at, random() % 3);
                if (random() % 4 == 0) faulty->fail_snapshots(static_cast<int>(random() % 3));
                // When a set cannot be read it stops somewhere in between, and goes on from there later.
                (void)projection->apply(slice(events, begin, std::min(events.size(), at + 1 + random() % 200)));
                faulty->fail_snapshots(0);
                break;
            }
            case 3:
                if (in_flight == nullptr && projection->has_changes()) in_flight = projection->take_commit();
                break;
            case 4:
            case 5:
                if (in_flight == nullptr) break;
                ASSERT_TRUE(store->commit(*in_flight).ok());
                if (random() % 3 == 0) {
                    crash();  // committed, and nobody heard of it
                } else {
                    projection->committed();
                    in_flight.reset();
                }
                break;
            case 6:
                if (random() % 2 == 0) crash();
                break;
            default:
                if (random() % 8 == 0 && at > 0)
                    expect_answers(*projection, {events.begin(), events.begin() + static_cast<std::ptrdiff_t>(at)},
                                   "step " + std::to_string(step));
        }
    }
    EXPECT_GT(crashes, 0);
    expect_answers(*projection, events, "end, not committed");
    if (in_flight != nullptr) {
        ASSERT_TRUE(store->commit(*in_flight).ok());
        expect_answers(*projection, events, "committed, not heard of");
        projection->committed();
    }
    if (projection->has_changes()) {
        ASSERT_TRUE(store->commit(*projection->take_commit()).ok());
        projection->committed();
    }
    expect_store(*store, events);
    const PartitionState before = projection->state();
    crash();
    EXPECT_EQ(projection->state(), before);
    EXPECT_EQ(before.aggregated, events.size());
    EXPECT_EQ(before.too_late, 0U);
    expect_answers(*projection, events, "started anew");
}

INSTANTIATE_TEST_SUITE_P(Seeds, CrashingProjection, ::testing::Range<std::uint64_t>(1, 9));

TEST(Projection, AnEarlierOwnerChangesNothing) {
    const auto events = test::random_events(3, 400, 1'000'000);
    const test::StoreDirectory directory;
    const auto store = directory.open();
    Projection zombie(*store);
    ASSERT_TRUE(zombie.load().ok());
    ASSERT_TRUE(zombie.apply(slice(events, 0, 300)).ok());
    Projection owner(*store);
    ASSERT_TRUE(owner.load().ok());
    ASSERT_TRUE(owner.apply(slice(events, 0, 400)).ok());
    const auto late = zombie.take_commit();
    EXPECT_EQ(store->commit(*late).error().code, ErrorCode::Conflict);
    ASSERT_TRUE(store->commit(*owner.take_commit()).ok());
    EXPECT_EQ(store->commit(*late).error().code, ErrorCode::Conflict);
    expect_store(*store, events);
}

// Windows far ahead stay open, and their states in memory until they are committed.
TEST(Projection, SaysThatValuesTakeTooMuchMemoryAndGoesOnAfterACommit) {
    MetricDefinition users;
    users.id = kFirstUserMetric;
    users.name = "users_by_ten_seconds";
    users.aggregate = Aggregate::Distinct;
    users.of = {{Field::UserId, {}}};
    users.tiers = {{10 * kSecondMicros, 0}};
    users.exact_budget = 1;
    std::vector<PlainEvent> events(100'000);
    for (std::size_t i = 0; i < events.size(); ++i) {
        events[i].event_type = "view";
        events[i].user_id = "ann";
        events[i].received_at = test::kStreamStart;
        events[i].occurred_at = test::kStreamStart + static_cast<std::int64_t>(i) * 10 * kSecondMicros;
    }
    const test::StoreDirectory directory;
    const auto store = directory.open();
    Projection projection(*store, {users});
    ASSERT_TRUE(projection.load().ok());
    const CommittedBatch all = slice(events, 0, events.size());
    int refusals = 0;
    for (;;) {
        const Status applied = projection.apply(all);
        const auto commit = projection.take_commit();
        if (!applied) {
            ++refusals;
            EXPECT_EQ(applied.error().code, ErrorCode::Unavailable);
            EXPECT_NE(applied.error().message.find(users.name), std::string::npos) << applied.error().describe();
            EXPECT_FALSE(applied.error().hint.empty());
            EXPECT_TRUE(projection.exhausted());
            EXPECT_TRUE(projection.overfull(events.size() * 2)) << "it is committed at once";
        }
        ASSERT_TRUE(store->commit(*commit).ok());
        projection.committed();
        EXPECT_FALSE(projection.exhausted());
        if (applied.ok()) break;
    }
    EXPECT_GT(refusals, 0);
    EXPECT_EQ(projection.next(), events.size() + 1);
}

TEST(Projection, ForgetsUsersAfterAnHour) {
    std::vector<PlainEvent> events;
    for (int i = 0; i < 3'000; ++i) {
        PlainEvent e;
        e.event_type = "view";
        e.user_id = "user-" + std::to_string(i);
        e.occurred_at = e.received_at = test::kStreamStart + i * std::int64_t{5'000'000};
        events.push_back(e);
    }
    const test::StoreDirectory directory;
    const auto store = directory.open();
    Projection projection(*store);
    ASSERT_TRUE(projection.load().ok());
    for (std::size_t at = 0; at < events.size(); at += 50) {
        ASSERT_TRUE(projection.apply(slice(events, at, at + 50)).ok());
        ASSERT_TRUE(store->commit(*projection.take_commit()).ok());
        projection.committed();
    }
    std::size_t stored = 0;
    ASSERT_TRUE(store->snapshot().value()->for_each_user([&](UserActivity&&) { ++stored; }).ok());
    EXPECT_LT(stored, 900U) << "720 were active within the last hour; the others go within some minutes";
    EXPECT_EQ(projection.live().active_users({}, 60, {events.back().received_at}).users, 720U);
}

}  // namespace
}  // namespace streamgauge
