// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/gauge.h"

#include <gtest/gtest.h>

#include <random>

namespace streamgauge {
namespace {

std::vector<std::int64_t> random_nets(std::mt19937& random, std::size_t count) {
    std::vector<std::int64_t> nets;
    for (std::size_t i = 0; i < count; ++i) nets.push_back(static_cast<std::int64_t>(random() % 21) - 11);
    return nets;
}

GaugeStep steps_of(const std::vector<std::int64_t>& nets, std::size_t begin, std::size_t end) {
    GaugeStep all;
    for (std::size_t i = begin; i < end; ++i) all = all.then(GaugeStep::of_window(nets[i]));
    return all;
}

TEST(GaugeLevels, NeverFallBelowZero) {
    EXPECT_EQ(gauge_levels(0, {3, -1, -5, 2, 0, -1}), (std::vector<std::int64_t>{3, 2, 0, 2, 2, 1}));
    EXPECT_EQ(gauge_levels(4, {-3, -3, 7}), (std::vector<std::int64_t>{1, 0, 7}));
}

TEST(GaugeStep, ComposesAssociativelyToWhatTheWindowsDoOneByOne) {
    std::mt19937 random(3);
    for (int round = 0; round < 2'000; ++round) {
        const std::vector<std::int64_t> nets = random_nets(random, random() % 12);
        const std::size_t a = random() % (nets.size() + 1), b = a + random() % (nets.size() + 1 - a);
        const GaugeStep first = steps_of(nets, 0, a), second = steps_of(nets, a, b),
                        third = steps_of(nets, b, nets.size());
        EXPECT_EQ(first.then(second).then(third), first.then(second.then(third)));
        const auto before = static_cast<std::int64_t>(random() % 8);
        const std::vector<std::int64_t> levels = gauge_levels(before, nets);
        EXPECT_EQ(first.then(second).then(third).apply(before), nets.empty() ? before : levels.back());
    }
    EXPECT_EQ(GaugeStep{}.then(GaugeStep::of_window(3)), GaugeStep::of_window(3));
    EXPECT_EQ(GaugeStep::of_window(-3).then(GaugeStep{}), GaugeStep::of_window(-3));
    EXPECT_EQ(GaugeStep{}.apply(-7), -7);
}

TEST(GaugeBase, KeepsLaterLevelsWhateverExpires) {
    std::mt19937 random(5);
    for (int round = 0; round < 500; ++round) {
        std::vector<std::int64_t> nets = random_nets(random, 1 + random() % 30);
        const std::size_t expired = random() % nets.size();
        Cell base;
        for (std::size_t i = 0; i < expired; ++i) fold_into_gauge_base(base, {nets[i], 2, 1, {}});
        EXPECT_EQ(base.count, static_cast<std::int64_t>(2 * expired));
        EXPECT_EQ(base.late, static_cast<std::int64_t>(expired));
        const auto from = static_cast<std::ptrdiff_t>(expired);
        // An event that corrects a window which is still there moves the levels with and without the others alike.
        nets[expired + random() % (nets.size() - expired)] -= 4;
        const std::vector<std::int64_t> whole = gauge_levels(0, nets);
        EXPECT_EQ(gauge_levels(base.value, {nets.begin() + from, nets.end()}),
                  (std::vector<std::int64_t>{whole.begin() + from, whole.end()}));
    }
}

TEST(GaugeStep, HoldsAtTheEndsOfTheInteger) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(GaugeStep::of_window(5).apply(kMost - 2), kMost);
    EXPECT_EQ(GaugeStep::of_window(kMost).then(GaugeStep::of_window(kMost)).apply(0), kMost);
}

}  // namespace
}  // namespace streamgauge
