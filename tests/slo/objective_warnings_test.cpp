// SPDX-License-Identifier: GPL-3.0-or-later
// Each trap with its numbers, and an objective without any.
#include "slo/objective_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace streamgauge::slo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

Objective objective(double target) {
    Objective out;
    out.name = "x";
    out.target = target;
    return out;
}

Traffic traffic(std::uint64_t total, std::int64_t over = 30 * kDay) {
    return {{total, total}, over, total > 0};
}

TEST(ObjectiveWarnings, AreSilentWhereAllIsWell) {
    EXPECT_THAT(warnings_of(objective(0.999), traffic(100'000'000)), IsEmpty());
    EXPECT_THAT(warnings_of(objective(0.999), std::nullopt), IsEmpty());
}

TEST(ObjectiveWarnings, RulesThatCanNeverFire) {
    const auto found = warnings_of(objective(0.93), std::nullopt);
    EXPECT_THAT(found, ElementsAre("page 1h/5m can never fire: 14.4 times the budget is more than the 14.29 times that "
                                   "everything bad burns at a target of 93 %; it needs a target above 93.06 % or a "
                                   "factor of at most 14.2"));
    EXPECT_THAT(warnings_of(objective(0.931), std::nullopt), IsEmpty());
}

TEST(ObjectiveWarnings, LessThanOneEventOfBudget) {
    const auto found = warnings_of(objective(0.999), traffic(100, 6 * kDay));
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0],
              "the budget is less than one event: 0.1 % of about 500 in 30d is 0.5; the first bad one spends it");
}

TEST(ObjectiveWarnings, AHandfulOfEvents) {
    // 10 an hour: 14.4 % of them are two.
    const auto found = warnings_of(objective(0.99), traffic(7'200));
    ASSERT_THAT(found, testing::SizeIs(testing::Ge(1)));
    EXPECT_EQ(found[0],
              "page 1h/5m fires by 2 bad events: about 10 come in 1h; ask for at least 3 bad ones (least_bad)");
    Objective careful = objective(0.99);
    careful.least_bad = 12;
    EXPECT_EQ(warnings_of(careful, traffic(7'200))[0],
              "page 1h/5m needs 12 bad events, and about 10 come in 1h: it can hardly ever fire");
}

TEST(ObjectiveWarnings, NoData) {
    EXPECT_THAT(warnings_of(objective(0.99), traffic(0)),
                ElementsAre(HasSubstr("nothing is counted, and never was in 30d")));
    Objective told = objective(0.99);
    told.notify = {"pager"};
    EXPECT_THAT(warnings_of(told, traffic(100'000'000)), ElementsAre(HasSubstr("nobody is told when data stop")));
    told.alert_when_no_data = true;
    EXPECT_THAT(warnings_of(told, traffic(100'000'000)), IsEmpty());
}

TEST(ObjectiveWarnings, RulesOfAnotherWindow) {
    Objective week = objective(0.999);
    week.rules = rules_for(week.window);
    week.window.micros = kDay;
    const auto found = warnings_of(week, std::nullopt);
    EXPECT_THAT(found, ElementsAre("page 6h/30m fires when 150 % of the budget of 1d is spent: its windows are of "
                                   "another length of objective",
                                   HasSubstr("ticket 1d/2h fires when 300 %"),
                                   "ticket 3d/6h looks further back than the window of 1d"));
}

TEST(ObjectiveWarnings, LaboratoriesHaveShortWindows) {
    Objective lab = objective(0.93);
    lab.window.micros = kHour;
    EXPECT_THAT(warnings_of(lab, std::nullopt), ElementsAre(HasSubstr("page 5s/0.4167s can never fire")));
}

}  // namespace
}  // namespace streamgauge::slo
