// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/window.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "base/time.h"

namespace streamgauge {
namespace {

std::int64_t at(std::string_view text) {
    const Result<Timestamp> time = parse_rfc3339(text);
    EXPECT_TRUE(time.ok()) << text;
    return time.ok() ? time->micros : 0;
}

Windows days(std::string_view zone, int count = 1) {
    Result<Windows> windows = Windows::make(count * kDayMicros, zone);
    EXPECT_TRUE(windows.ok()) << zone;
    return windows.ok() ? *windows : Windows(kDayMicros);
}

struct Day {
    const char *zone, *start, *end;
};

void PrintTo(const Day& day, std::ostream* out) {
    *out << day.zone << ' ' << day.start;
}

class LocalDays : public ::testing::TestWithParam<Day> {};

TEST_P(LocalDays, StartAndEndWhereTheDateDoes) {
    const Windows windows = days(GetParam().zone);
    const std::int64_t start = at(GetParam().start), end = at(GetParam().end);
    EXPECT_EQ(windows.start_of(start), start);
    EXPECT_EQ(windows.end_of(start), end);
    EXPECT_EQ(windows.start_of(start + 1), start);
    EXPECT_EQ(windows.start_of(end - 1), start);
    EXPECT_EQ(windows.start_of(end), end);
    EXPECT_LT(windows.start_of(start - 1), start);
    EXPECT_EQ(windows.end_of(windows.start_of(start - 1)), start);
    for (std::int64_t t = start; t < end; t += 10 * kMinuteMicros + 1) ASSERT_EQ(windows.start_of(t), start);
}

INSTANTIATE_TEST_SUITE_P(
    Zones, LocalDays,
    ::testing::Values(
        Day{"UTC", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"},
        Day{"Asia/Kolkata", "2026-03-09T18:30:00Z", "2026-03-10T18:30:00Z"},         // +05:30
        Day{"Asia/Kathmandu", "2026-03-09T18:15:00Z", "2026-03-10T18:15:00Z"},       // +05:45
        Day{"Pacific/Chatham", "2026-04-04T10:15:00Z", "2026-04-05T11:15:00Z"},      // +13:45 to +12:45
        Day{"America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},     // 23 hours
        Day{"America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},     // 25 hours
        Day{"Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},        // 23 hours
        Day{"Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},        // 25 hours
        Day{"Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},  // clocks change by half an hour
        Day{"Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"},
        Day{"America/Sao_Paulo", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
        Day{"America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},  // midnight does not exist
        Day{"America/Sao_Paulo", "2019-02-16T02:00:00Z", "2019-02-17T03:00:00Z"},  // its last hour comes twice
        Day{"Asia/Beirut", "2022-03-26T22:00:00Z", "2022-03-27T21:00:00Z"},        // midnight does not exist
        Day{"Asia/Beirut", "2022-10-28T21:00:00Z", "2022-10-29T22:00:00Z"},
        Day{"Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},      // midnight does not exist
        Day{"America/Havana", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},    // midnight comes twice
        Day{"America/St_Johns", "2006-10-28T02:30:00Z", "2006-10-29T02:30:00Z"},  // 00:01 back to 23:01: the first one
        Day{"America/St_Johns", "2006-10-29T02:30:00Z", "2006-10-30T03:30:00Z"},
        Day{"Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},  // the 30th was left out
        Day{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"}));

TEST(Windows, InUtcStartAtMultiplesOfTheWidth) {
    const Windows minutes(kMinuteMicros);
    EXPECT_EQ(minutes.start_of(at("2026-01-01T00:00:59.999999Z")), at("2026-01-01T00:00:00Z"));
    EXPECT_EQ(minutes.start_of(-1), -kMinuteMicros);
    EXPECT_EQ(minutes.end_of(-kMinuteMicros), 0);
    EXPECT_EQ(Windows(7 * kDayMicros).start_of(at("2026-01-01T00:00:00Z")), at("2026-01-01T00:00:00Z"));
}

TEST(Windows, OfNoWidthAreOneForEver) {
    const Windows one(0);
    EXPECT_EQ(one.start_of(12), kNoWindow);
    EXPECT_EQ(one.end_of(kNoWindow), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(one.oldest_kept(kDayMicros, at("2026-01-01T00:00:00Z")), kNoWindow);
}

TEST(Windows, OfSeveralDaysStartAtEveryNthLocalMidnight) {
    // 2026-03-05 is day 20,517 = 7 * 2,931; New York's clocks change on the 8th.
    const Windows weeks = days("America/New_York", 7);
    EXPECT_EQ(weeks.start_of(at("2026-03-08T12:00:00Z")), at("2026-03-05T05:00:00Z"));
    EXPECT_EQ(weeks.end_of(at("2026-03-05T05:00:00Z")), at("2026-03-12T04:00:00Z"));
    EXPECT_EQ(weeks.start_of(at("2026-03-05T04:59:59Z")), at("2026-02-26T05:00:00Z"));
}

TEST(Windows, FollowEachOtherWithoutGapInEveryZoneThatIsOdd) {
    for (const char* zone : {"America/St_Johns", "Pacific/Apia", "Pacific/Kwajalein", "Africa/Monrovia", "Asia/Manila",
                             "America/Toronto", "Antarctica/Troll", "Europe/Dublin", "Asia/Gaza", "Asia/Tehran"}) {
        const Windows windows = days(zone);
        std::int64_t start = windows.start_of(at("1935-06-01T12:00:00Z"));
        const std::int64_t last = at("2038-06-01T00:00:00Z");
        while (start < last) {
            const std::int64_t end = windows.end_of(start);
            ASSERT_GT(end, start) << zone << ' ' << format_rfc3339({start});
            ASSERT_LE(end - start, 49 * kHourMicros) << zone << ' ' << format_rfc3339({start});
            ASSERT_EQ(windows.start_of(end - 1), start) << zone << ' ' << format_rfc3339({start});
            ASSERT_EQ(windows.start_of(end), end) << zone << ' ' << format_rfc3339({start});
            start = end;
        }
    }
}

TEST(Windows, RefuseWhatIsNoZone) {
    for (const char* name : {"Mars/Olympus", "right/UTC", "posix/Europe/Berlin", "localtime", "../../../etc/passwd",
                             "zone.tab", "europe/berlin", " UTC"}) {
        const Result<Windows> made = Windows::make(kDayMicros, name);
        ASSERT_FALSE(made.ok()) << name;
        EXPECT_EQ(made.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(made.error().field, "timezone");
    }
    EXPECT_FALSE(Windows::make(kHourMicros, "Europe/Berlin").ok());
    EXPECT_FALSE(Windows::make(36 * kHourMicros, "Europe/Berlin").ok());
    EXPECT_FALSE(Windows::make(0, "Europe/Berlin").ok());
}

TEST(Windows, KeepAWindowUntilItsRetentionHasPassed) {
    const Windows minutes(kMinuteMicros);
    const std::int64_t start = at("2026-01-01T10:00:00Z"), hour = kHourMicros;
    EXPECT_EQ(minutes.oldest_kept(hour, start + kMinuteMicros + hour - 1), start);
    EXPECT_EQ(minutes.oldest_kept(hour, start + kMinuteMicros + hour), start + kMinuteMicros);
    EXPECT_EQ(minutes.oldest_kept(0, start), kNoWindow);
    const Windows berlin = days("Europe/Berlin");
    EXPECT_EQ(berlin.oldest_kept(kDayMicros, at("2026-10-26T22:59:59.999999Z")), at("2026-10-24T22:00:00Z"));
    EXPECT_EQ(berlin.oldest_kept(kDayMicros, at("2026-10-26T23:00:00Z")), at("2026-10-25T23:00:00Z"));
}

TEST(WindowCursor, AnswersAsItsWindowsDo) {
    const Windows berlin = days("Europe/Berlin");
    WindowCursor cursor(berlin);
    std::mt19937_64 random(5);
    const std::int64_t from = at("2026-03-20T00:00:00Z");
    for (int i = 0; i < 2'000; ++i) {
        const std::int64_t t = from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(20 * kDayMicros));
        ASSERT_EQ(cursor.start_of(t), berlin.start_of(t));
    }
    WindowCursor forever{Windows(0)};
    EXPECT_EQ(forever.start_of(0), kNoWindow);
    EXPECT_EQ(forever.start_of(from), kNoWindow);
}

TEST(Windows, AreReadByManyThreads) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([] {
            for (int day = 0; day < 200; ++day) {
                const Windows windows = days("Asia/Kathmandu");
                const std::int64_t noon = day * kDayMicros + kDayMicros / 2 + at("2026-01-01T00:00:00Z");
                EXPECT_EQ(windows.start_of(noon), noon - kDayMicros / 2 - 345 * kMinuteMicros);
            }
        });
    for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace streamgauge
