// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/time_text.h"

#include <gtest/gtest.h>

namespace streamgauge {
namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

TEST(TimeText, SpansAreWholeNumbersWithAUnit) {
    EXPECT_EQ(parse_span("10s").value(), 10'000'000);
    EXPECT_EQ(parse_span("15m").value(), 900'000'000);
    EXPECT_EQ(parse_span("1h").value(), 3'600'000'000);
    EXPECT_EQ(parse_span("1d").value(), 86'400'000'000);
    EXPECT_EQ(parse_span("2w").value(), 14 * 86'400'000'000LL);
    for (const char* wrong : {"", "s", "10", "-1s", "+1s", "0s", "1.5h", "1y", "1 s", "99999999999d", "600w"})
        EXPECT_FALSE(parse_span(wrong).ok()) << wrong;
}

TEST(TimeText, SpansAreWrittenInTheLargestWholeUnit) {
    for (const char* text : {"10s", "15m", "1h", "3d", "2w", "90s"})
        EXPECT_EQ(format_span(parse_span(text).value()), text);
    EXPECT_EQ(format_span(parse_span("60s").value()), "1m");
}

TEST(TimeText, InstantsAreRelativeOrAbsolute) {
    EXPECT_EQ(parse_instant("now", kNow).value(), kNow);
    EXPECT_EQ(parse_instant("-15m", kNow).value().micros, kNow.micros - 900'000'000);
    EXPECT_EQ(parse_instant("2026-01-31", kNow).value(), parse_rfc3339("2026-01-31T00:00:00Z").value());
    EXPECT_EQ(parse_instant("2026-01-31T01:00:00+01:00", kNow).value(), parse_rfc3339("2026-01-31T00:00:00Z").value());
    EXPECT_EQ(parse_instant("1800000000", kNow).value(), kNow);
    EXPECT_EQ(parse_instant("1800000000000", kNow).value(), kNow);
    for (const char* wrong : {"", "-", "-15x", "yesterday", "2026-02-30", "2026-1-1"})
        EXPECT_FALSE(parse_instant(wrong, kNow).ok()) << wrong;
}

}  // namespace
}  // namespace streamgauge
