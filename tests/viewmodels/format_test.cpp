// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/format.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace streamgauge::viewmodels {
namespace {

std::string text(const Quantity& quantity) {
    return quantity.text().replace(QChar(kNarrowSpace), u'_').toStdString();
}
std::string text(QString value) {
    return value.replace(QChar(kNarrowSpace), u'_').toStdString();
}

TEST(Format, GroupsWithThinSpaces) {
    EXPECT_EQ(text(grouped(0)), "0");
    EXPECT_EQ(text(grouped(999)), "999");
    EXPECT_EQ(text(grouped(1000)), "1_000");
    EXPECT_EQ(text(grouped(12345678)), "12_345_678");
    EXPECT_EQ(text(grouped(std::numeric_limits<std::uint64_t>::max())), "18_446_744_073_709_551_615");
    EXPECT_EQ(text(grouped_signed(-1234)), "−1_234");
    EXPECT_EQ(text(grouped_signed(7)), "+7");
    EXPECT_EQ(text(grouped_signed(0)), "0");
    EXPECT_EQ(text(grouped_signed(std::numeric_limits<std::int64_t>::min())), "−9_223_372_036_854_775_808");
}

TEST(Format, RatesHaveThreeDigits) {
    EXPECT_EQ(text(rate(0)), "0_/s");
    EXPECT_EQ(text(rate(7)), "7_/s");
    EXPECT_EQ(text(rate(1.234)), "1.23_/s");
    EXPECT_EQ(text(rate(12.34)), "12.3_/s");
    EXPECT_EQ(text(rate(999)), "999_/s");
    EXPECT_EQ(text(rate(999.6)), "1.00_k/s");
    EXPECT_EQ(text(rate(1234)), "1.23_k/s");
    EXPECT_EQ(text(rate(99'950)), "100_k/s");
    EXPECT_EQ(text(rate(123'456)), "123_k/s");
    EXPECT_EQ(text(rate(999'600)), "1.00_M/s");
    EXPECT_EQ(text(count(1'234'567)), "1.23_M");
    EXPECT_EQ(text(count(950)), "950");
}

TEST(Format, WhatIsNotKnownIsADash) {
    const double none_known = std::nan("");
    EXPECT_EQ(text(rate(none_known)), "–");
    EXPECT_EQ(text(milliseconds(none_known)), "–");
    EXPECT_EQ(text(percent(none_known)), "–");
    EXPECT_EQ(text(duration(-1)), "–");
}

TEST(Format, Times) {
    EXPECT_EQ(text(milliseconds(0)), "0_ms");
    EXPECT_EQ(text(milliseconds(0.85)), "850_µs");
    EXPECT_EQ(text(milliseconds(0.0001)), "1_µs");
    EXPECT_EQ(text(milliseconds(1.234)), "1.23_ms");
    EXPECT_EQ(text(milliseconds(999.4)), "999_ms");
    EXPECT_EQ(text(milliseconds(1200)), "1.20_s");
    EXPECT_EQ(text(seconds(0)), "0_s");
    EXPECT_EQ(text(seconds(300)), "5.00_min");
    EXPECT_EQ(text(duration(4.9)), "4_s");
    EXPECT_EQ(text(duration(192)), "3_min 12_s");
    EXPECT_EQ(text(duration(180)), "3_min");
    EXPECT_EQ(text(duration(7500)), "2_h 5_min");
    EXPECT_EQ(text(duration(3 * 86400 + 4 * 3600)), "3_d 4_h");
    EXPECT_EQ(text(age(0.4)), "now");
    EXPECT_EQ(text(age(3)), "3_s ago");
    EXPECT_EQ(text(clock_time_millis(Timestamp{1'767'268'801'234'567})), "12:00:01.234");
    EXPECT_EQ(text(utc_time(Timestamp{1'767'268'801'234'567})), "2026-01-01 12:00:01.234 UTC");
}

TEST(Format, SharesAndSizes) {
    EXPECT_EQ(text(percent(0)), "0_%");
    EXPECT_EQ(text(percent(0.0123)), "1.23_%");
    EXPECT_EQ(text(percent(1)), "100_%");
    EXPECT_EQ(text(percent(0.00001)), "<0.01_%");
    EXPECT_EQ(text(bytes(512)), "512_B");
    EXPECT_EQ(text(bytes(1536)), "1.50_KiB");
    EXPECT_EQ(text(bytes(50ULL << 20)), "50.0_MiB");
}

}  // namespace
}  // namespace streamgauge::viewmodels
