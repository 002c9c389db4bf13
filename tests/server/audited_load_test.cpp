// SPDX-License-Identifier: GPL-3.0-or-later
// What the audit log keeps of what was asked of a load run: enough to know it, and no key.
#include "server/audited_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace streamgauge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kScenario = R"(name: evening
url: http://127.0.0.1:8080/events?key=hidden
requests:
  - name: buy
    path: /buy?token=hidden
    headers: {Authorization: Bearer hidden, X-Shop: hidden}
    body: '{"password":"hidden","n":{{n}}}'
fields:
  n: {kind: choice, values: [hidden, other]}
stages:
  - {rate: 50, for: 600s}
)";

TEST(AuditedLoad, AScenarioStandsThereWithoutWhatMayBeAKey) {
    const std::string kept = audited_load(kScenario);
    EXPECT_THAT(kept, HasSubstr("evening"));
    EXPECT_THAT(kept, HasSubstr("http://127.0.0.1:8080/events?***"));
    EXPECT_THAT(kept, HasSubstr("Authorization"));
    EXPECT_THAT(kept, HasSubstr("rate: 50"));
    EXPECT_THAT(kept, Not(HasSubstr("hidden")));
}

TEST(AuditedLoad, SoDoesOneWithinASearch) {
    const std::string kept =
        audited_load(nlohmann::json{{"scenario", kScenario}, {"objectives", {"p(99)<300"}}, {"first_rate", 10}}.dump());
    EXPECT_THAT(kept, HasSubstr("p(99)<300"));
    EXPECT_THAT(kept, HasSubstr("evening"));
    EXPECT_THAT(kept, Not(HasSubstr("hidden")));
}

TEST(AuditedLoad, PlansAndActionsStandThereAsTheyCame) {
    EXPECT_EQ(audited_load(R"({"url":"http://192.0.2.1/events"})"), R"({"url":"http://192.0.2.1/events"})");
    EXPECT_EQ(audited_load(R"({"url":"http://192.0.2.1/?key=hidden","rate":5})"),
              R"({"url":"http://192.0.2.1/?***","rate":5})");
    EXPECT_EQ(audited_load(R"({"action":"rate","rate":2000})"), R"({"action":"rate","rate":2000})");
    EXPECT_EQ(audited_load(""), "");
}

// It will be refused: that, and who asked, is in the log.
TEST(AuditedLoad, WhatIsNeitherIsLeftOut) {
    EXPECT_EQ(audited_load("headers: {Authorization: hidden}"), "(32 bytes that are no scenario)");
    EXPECT_EQ(audited_load(R"({"headers":{"Authorization":"hidden"}})"), "(38 bytes that are no scenario)");
    EXPECT_EQ(audited_load(R"({"scenario":"headers: [hidden"})"), R"({"scenario":"***"})");
    EXPECT_EQ(audited_load("\xff\x00{"), "(1 bytes that are no scenario)");
}

}  // namespace
}  // namespace streamgauge
