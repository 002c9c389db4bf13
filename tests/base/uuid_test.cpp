// SPDX-License-Identifier: GPL-3.0-or-later
// UUIDs: their layout (RFC 9562), order within and across milliseconds, and no repeats.
#include "base/uuid.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace streamgauge {
namespace {

TEST(Uuid, Version7HasTheLayoutOfTheStandard) {
    UuidGenerator uuids(1);
    // RFC 9562, appendix A.6: the time 2022-02-22T19:22:22Z is 017F22E2-79B0.
    const std::string id = uuids.v7({1'645'557'742'000'000});
    EXPECT_EQ(id.substr(0, 13), "017f22e2-79b0");
    const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(std::regex_match(uuids.v7({1'645'557'742'000'000}), shape));
}

TEST(Uuid, Version4HasTheLayoutOfTheStandard) {
    UuidGenerator uuids;
    const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string id = uuids.v4();
        EXPECT_TRUE(std::regex_match(id, shape)) << id;
        EXPECT_TRUE(seen.insert(id).second);
    }
}

TEST(Uuid, Version7RisesWithinAMillisecondAndWhenTheClockGoesBack) {
    UuidGenerator uuids(2);
    std::string last;
    for (int i = 0; i < 20'000; ++i) {
        const std::int64_t millis = 1'770'000'000'000 + (i < 10'000 ? 0 : i % 3 == 0 ? -5 : i / 1000);
        const std::string id = uuids.v7({millis * 1000});
        ASSERT_LT(last, id);
        last = id;
    }
}

TEST(Uuid, SeedsDecideAndSystemSeedsDiffer) {
    EXPECT_EQ(UuidGenerator(7).v7({1}), UuidGenerator(7).v7({1}));
    EXPECT_NE(UuidGenerator(7).v7({1}), UuidGenerator(8).v7({1}));
    EXPECT_NE(UuidGenerator().v4(), UuidGenerator().v4());
}

TEST(Uuid, AppendsToWhatIsThere) {
    std::string text = "id=";
    UuidGenerator(1).append_v7(text, {0});
    EXPECT_EQ(text.size(), 39U);
    EXPECT_TRUE(text.starts_with("id=00000000-0000-7"));
}

}  // namespace
}  // namespace streamgauge
