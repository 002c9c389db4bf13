// SPDX-License-Identifier: GPL-3.0-or-later
// RFC 3339, epoch numbers by magnitude, flooring, and formatting that reads back.
#include "base/time.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

namespace streamgauge {
namespace {

std::int64_t micros_of(std::string_view text) {
    const auto time = parse_rfc3339(text);
    EXPECT_TRUE(time.ok()) << text << ": " << (time.ok() ? "" : time.error().describe());
    return time.ok() ? time->micros : -1;
}

TEST(Rfc3339, ReadsOffsetsFractionsAndSeparators) {
    EXPECT_EQ(micros_of("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(micros_of("2026-01-31T12:00:00Z"), 1'769'860'800'000'000);
    EXPECT_EQ(micros_of("2026-01-31t12:00:00z"), 1'769'860'800'000'000);
    EXPECT_EQ(micros_of("2026-01-31 14:30:00+02:30"), 1'769'860'800'000'000);
    EXPECT_EQ(micros_of("2026-01-31T14:30:00+0230"), 1'769'860'800'000'000);
    EXPECT_EQ(micros_of("2026-01-30T22:00:00-14:00"), 1'769'860'800'000'000);
    EXPECT_EQ(micros_of("2026-01-31T12:00:00.5Z"), 1'769'860'800'500'000);
    EXPECT_EQ(micros_of("2026-01-31T12:00:00.000001Z"), 1'769'860'800'000'001);
    EXPECT_EQ(micros_of("2026-01-31T12:00:00.123456789Z"), 1'769'860'800'123'456);
    EXPECT_EQ(micros_of("1969-12-31T23:59:59.999999Z"), -1);
    EXPECT_EQ(micros_of("0001-01-01T00:00:00Z"), -62'135'596'800'000'000);
    EXPECT_EQ(micros_of("9999-12-31T23:59:59.999999Z"), 253'402'300'799'999'999);
    EXPECT_EQ(micros_of("2024-02-29T00:00:00Z"), 1'709'164'800'000'000);
    EXPECT_EQ(micros_of("2016-12-31T23:59:60Z"), micros_of("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesTheRestAndSaysWhere) {
    const std::pair<const char*, std::uint64_t> cases[] = {
        {"", 0},
        {"yesterday", 0},
        {"2026-1-31T12:00:00Z", 6},
        {"2026-01-31", 10},
        {"2026-01-31T12:00Z", 16},
        {"2026-01-31T12:00:00", 19},
        {"2026-01-31T12:00:00.Z", 20},
        {"2026-01-31T12:00:00.1234567890Z", 30},
        {"2026-01-31T12:00:00+2:00", 21},
        {"2026-01-31T12:00:00+24:00", 25},
        {"2026-01-31T12:00:00Z ", 20},
        {"2026-02-29T00:00:00Z", 0},
        {"2100-02-29T00:00:00Z", 0},
        {"2026-13-01T00:00:00Z", 0},
        {"2026-00-01T00:00:00Z", 0},
        {"2026-01-00T00:00:00Z", 0},
        {"0000-01-01T00:00:00Z", 0},
        {"2026-01-31T24:00:00Z", 11},
        {"2026-01-31T12:60:00Z", 11},
        {"2026-01-31T12:30:60Z", 11},
        {"0001-01-01T00:00:00+00:01", 0},
        {"9999-12-31T23:59:59-00:01", 0},
    };
    for (const auto& [text, offset] : cases) {
        const auto time = parse_rfc3339(text);
        ASSERT_FALSE(time.ok()) << text;
        EXPECT_EQ(time.error().code, ErrorCode::InvalidArgument) << text;
        EXPECT_EQ(time.error().offset, offset) << text << ": " << time.error().message;
    }
}

TEST(Rfc3339, AgreesWithTheSystemsCalendar) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        const auto seconds = static_cast<std::int64_t>(random() % 315'000'000'000ULL) - 62'135'596'800;
        const std::time_t t = seconds;
        std::tm parts{};
        gmtime_r(&t, &parts);
        char text[64];
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                      parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
        ASSERT_EQ(format_rfc3339(Timestamp::from_seconds(seconds)), text);
        ASSERT_EQ(micros_of(text), seconds * 1'000'000);
    }
}

TEST(Rfc3339, WritesWhatReadsBack) {
    EXPECT_EQ(format_rfc3339({0}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_rfc3339({1'500'000}), "1970-01-01T00:00:01.500Z");
    EXPECT_EQ(format_rfc3339({1}), "1970-01-01T00:00:00.000001Z");
    EXPECT_EQ(format_rfc3339({-1}), "1969-12-31T23:59:59.999999Z");
    std::mt19937_64 random(2);
    for (int i = 0; i < 20'000; ++i) {
        const Timestamp t{static_cast<std::int64_t>(random() % 315'537'897'600'000'000ULL) - 62'135'596'800'000'000};
        ASSERT_EQ(micros_of(format_rfc3339(t)), t.micros);
    }
}

TEST(Epoch, IsReadByItsMagnitude) {
    EXPECT_EQ(timestamp_from_epoch(std::int64_t{1'769'860'800})->micros, 1'769'860'800'000'000);
    EXPECT_EQ(timestamp_from_epoch(std::int64_t{1'769'860'800'123})->micros, 1'769'860'800'123'000);
    EXPECT_EQ(timestamp_from_epoch(std::int64_t{1'769'860'800'123'456})->micros, 1'769'860'800'123'456);
    EXPECT_EQ(timestamp_from_epoch(std::int64_t{1'769'860'800'123'456'789})->micros, 1'769'860'800'123'456);
    EXPECT_EQ(timestamp_from_epoch(std::int64_t{99'999'999'999})->micros, 99'999'999'999'000'000);
    EXPECT_EQ(timestamp_from_epoch(std::int64_t{100'000'000'000})->micros, 100'000'000'000'000);
    EXPECT_EQ(timestamp_from_epoch(std::int64_t{-1})->micros, -1'000'000);
    EXPECT_EQ(timestamp_from_epoch(1'769'860'800.25)->micros, 1'769'860'800'250'000);
    EXPECT_EQ(timestamp_from_epoch(1'769'860'800'123.5)->micros, 1'769'860'800'123'500);
}

TEST(Epoch, RefusesWhatIsNoDate) {
    for (const double value : {1e300, -1e300, std::numeric_limits<double>::infinity(), std::nan("")})
        EXPECT_FALSE(timestamp_from_epoch(value).ok()) << value;
    EXPECT_FALSE(timestamp_from_epoch(std::int64_t{-99'999'999'999}).ok());
    EXPECT_TRUE(timestamp_from_epoch(std::numeric_limits<std::int64_t>::max()).ok());  // nanoseconds, the year 2262
    EXPECT_TRUE(timestamp_from_epoch(std::numeric_limits<std::int64_t>::min()).ok());  // nanoseconds, the year 1677
}

TEST(FloorTo, IsRightOnBothSidesOf1970) {
    EXPECT_EQ(floor_to({59}, 60).micros, 0);
    EXPECT_EQ(floor_to({60}, 60).micros, 60);
    EXPECT_EQ(floor_to({-1}, 60).micros, -60);
    EXPECT_EQ(floor_to({-60}, 60).micros, -60);
    EXPECT_EQ(floor_to({-61}, 60).micros, -120);
}

}  // namespace
}  // namespace streamgauge
