// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/decimal.h"

#include <gtest/gtest.h>

#include <string>

namespace streamgauge {
namespace {

struct Case {
    std::string_view text;
    std::optional<std::int64_t> micros;
};

class Decimals : public ::testing::TestWithParam<Case> {};

TEST_P(Decimals, AreReadExactly) {
    EXPECT_EQ(parse_decimal_micros(GetParam().text), GetParam().micros) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Decimals,
    ::testing::Values(Case{"0", 0}, Case{"12.34", 12'340'000}, Case{"-12.34", -12'340'000}, Case{"0.1", 100'000},
                      Case{"+5", 5'000'000}, Case{"007.50", 7'500'000}, Case{".5", 500'000}, Case{"5.", 5'000'000},
                      Case{"1e3", 1'000'000'000}, Case{"1.5E-3", 1'500}, Case{"1e-7", 0}, Case{"5e-7", 1},
                      Case{"-5e-7", -1}, Case{"0.0000004999999999999999999999999", 0},
                      Case{"0.00000050000000000000000000", 1}, Case{"1.0000005", 1'000'001},
                      Case{"999999999.999999", 999'999'999'999'999}, Case{"1000000000", 1'000'000'000'000'000},
                      Case{"1000000000.000001", std::nullopt}, Case{"0e999999999", 0},
                      Case{"1e999999999", std::nullopt}, Case{"1e-999999999", 0},
                      Case{"123456789012345678901234567890e-25", 12'345'678'901},
                      Case{"0.000000000000000000000000000001e30", 1'000'000}, Case{"", std::nullopt},
                      Case{"-", std::nullopt}, Case{".", std::nullopt}, Case{"1e", std::nullopt},
                      Case{"1e+", std::nullopt}, Case{"1 ", std::nullopt}, Case{"NaN", std::nullopt},
                      Case{"0x10", std::nullopt}, Case{"1,5", std::nullopt}, Case{"--1", std::nullopt}));

TEST(Cents, RoundHalfAwayFromZero) {
    EXPECT_EQ(micros_to_cents(4'999), 0);
    EXPECT_EQ(micros_to_cents(5'000), 1);
    EXPECT_EQ(micros_to_cents(-4'999), 0);
    EXPECT_EQ(micros_to_cents(-5'000), -1);
    EXPECT_EQ(micros_to_cents(12'345'678), 1'235);
}

TEST(SaturatingAdd, StopsAtTheEnds) {
    EXPECT_EQ(saturating_add(INT64_MAX, 1), INT64_MAX);
    EXPECT_EQ(saturating_add(INT64_MIN, -1), INT64_MIN);
    EXPECT_EQ(saturating_add(INT64_MAX, -1), INT64_MAX - 1);
}

}  // namespace
}  // namespace streamgauge
