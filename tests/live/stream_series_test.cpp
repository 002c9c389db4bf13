// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/stream_series.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "metrics/gauge.h"

namespace streamgauge {

void PrintTo(const StreamRow& row, std::ostream* out) {
    *out << '{' << row.stream_id << ' ' << row.window << ' ' << row.active_viewers << ' ' << row.chat_messages << ' '
         << row.donations_micros << '}';
}

namespace {

using Rows = std::vector<StreamRow>;

std::int64_t minute(std::int64_t n) {
    return n * kMinuteMicros;
}

TEST(StreamSeries, RanksStreamsOverTheLastMinutes) {
    StreamSeries series;
    series.add(metric::kStreamViewers, minute(1), "a", -4);  // a leave without a join: the level stays 0
    series.add(metric::kStreamViewers, minute(2), "a", 3);
    series.add(metric::kStreamViewers, minute(9), "b", 3);
    series.add(metric::kStreamChats, minute(8), "a", 10);
    series.add(metric::kStreamChats, minute(2), "b", 100);
    series.add(metric::kStreamDonations, minute(9), "c", 5'000);
    series.add(metric::kStreamDonations, minute(5), "c", 5'000);
    const auto top = [&series](int minutes, StreamRank by, std::size_t n) {
        return ranked(series.sums_from(series.newest_minute() - minute(minutes - 1)), by, n);
    };
    EXPECT_EQ(top(60, StreamRank::Viewers, 2), (Rows{{"a", minute(8), 3, 10, 0}, {"b", minute(9), 3, 100, 0}}));
    EXPECT_EQ(top(5, StreamRank::Donations, 1), (Rows{{"c", minute(9), 0, 0, 10'000}}));
    EXPECT_EQ(top(4, StreamRank::Chats, 9),
              (Rows{{"a", minute(8), 3, 10, 0}, {"b", minute(9), 3, 0, 0}, {"c", minute(9), 0, 0, 5'000}}));
    series.add(metric::kStreamViewers, minute(1), "a", 5);  // late, and the levels after it follow
    EXPECT_EQ(series.latest().front(), (StreamRow{"a", minute(8), 4, 10, 0}));
    EXPECT_EQ(series.level_at("a", minute(1)), 1);
    EXPECT_EQ(series.level_at("a", minute(0)), 0);
    EXPECT_EQ(series.level_at("nobody", minute(3)), 0);
    EXPECT_TRUE(StreamSeries().sums_from(0).empty());
}

TEST(StreamSeries, GoesOnFromTheStoredLevelAndFoldsWhatIsOlderThanTheRetention) {
    StreamSeries series;
    const std::int64_t day = 24 * 60;
    series.advance({minute(100 * day)});
    series.add(metric::kStreamViewers, kGaugeBase, "a", 7);
    series.add(metric::kStreamViewers, minute(69 * day), "a", -9);  // what the store did not fold yet
    series.add(metric::kStreamViewers, minute(99 * day), "a", 2);
    EXPECT_EQ(series.latest(), (Rows{{"a", minute(99 * day), 2, 0, 0}}));
    series.advance({minute(130 * day)});
    EXPECT_TRUE(series.latest().empty());
    series.add(metric::kStreamViewers, minute(130 * day), "a", 1);
    EXPECT_EQ(series.latest(), (Rows{{"a", minute(130 * day), 3, 0, 0}}));
}

TEST(StreamSeries, IsNotMovedByAnEventDatedAhead) {
    StreamSeries series;
    series.advance({minute(1'000)});
    series.add(metric::kStreamChats, minute(999), "a", 1);
    series.add(metric::kStreamChats, minute(90'000'000), "b", 1);
    EXPECT_EQ(series.newest_minute(), minute(1'000));
    EXPECT_EQ(series.rows_from(series.newest_minute() - minute(9), 10).size(), 2U);
}

TEST(StreamSeries, KeepsTheNewestWhenThereIsTooMuch) {
    StreamSeries series({100, 1'000});
    for (int m = 0; m < 10'000; ++m) {
        series.advance({minute(m)});
        for (const char* id : {"a", "b"}) series.add(metric::kStreamViewers, minute(m), id, m % 3 == 0 ? 2 : -1);
    }
    EXPECT_LT(series.memory_bytes(), 120'000U);
    const Rows rows = series.rows_from(minute(9'900), 1'000);
    ASSERT_EQ(rows.size(), 200U);
    std::vector<std::int64_t> nets;
    for (int m = 0; m < 10'000; ++m) nets.push_back(m % 3 == 0 ? 2 : -1);
    EXPECT_EQ(rows.front().active_viewers, gauge_levels(0, nets).back()) << "levels go on from what was folded";
}

TEST(StreamSeries, HasACeilingWhateverTheNumberOfStreams) {
    StreamSeries series({2'000, 40'000});  // a fiftieth of the default
    std::size_t most = 0;
    for (int m = -10; m < 0; ++m) series.add(metric::kStreamViewers, minute(m), "steady", 1);
    for (int i = 0; i < 500'000; ++i) {
        const std::int64_t at = minute(i / 10'000);
        if (i % 10'000 == 0) series.advance({at});
        series.add(metric::kStreamViewers, at, "stream-" + std::to_string(i), 1);
        if (i % 100 == 0) {
            series.add(metric::kStreamViewers, at, "steady", i % 200 == 0 ? 2 : -1);
            most = std::max(most, series.memory_bytes());
        }
    }
    EXPECT_LT(most, 1U << 20U);
    EXPECT_LE(series.streams(), 2'000U);
    EXPECT_EQ(series.level_at("steady", minute(1'000)), 2'510);
}

}  // namespace
}  // namespace streamgauge
