// SPDX-License-Identifier: GPL-3.0-or-later
// Results, errors and clocks.
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/clock.h"

namespace streamgauge {
namespace {

TEST(Result, HoldsAValueOrAnError) {
    const Result<int> good = 5;
    ASSERT_TRUE(good.ok());
    EXPECT_EQ(*good, 5);
    EXPECT_EQ(good.value_or(7), 5);
    const Result<int> bad = Error::make(ErrorCode::NotFound, "nothing");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ErrorCode::NotFound);
    EXPECT_EQ(bad.value_or(7), 7);
}

TEST(Result, MovesWhatCannotBeCopied) {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
    const std::unique_ptr<int> taken = std::move(result).value();
    EXPECT_EQ(*taken, 3);
}

TEST(Status, IsGoodUntilToldOtherwise) {
    EXPECT_TRUE(Status().ok());
    const Status bad = Error::make(ErrorCode::Io, "disk");
    EXPECT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().message, "disk");
}

TEST(Error, DescribesItselfForAPerson) {
    EXPECT_EQ(Error::make(ErrorCode::Io, "disk").describe(), "disk");
    Error e = Error::make(ErrorCode::InvalidArgument, "too long");
    e.field = "user_id";
    EXPECT_EQ(e.describe(), "too long (field user_id)");
    e.offset = 17;
    EXPECT_EQ(e.describe(), "too long (field user_id, at byte 17)");
    e.hint = "send less";
    EXPECT_EQ(e.describe(), "too long (field user_id, at byte 17); send less");
    e.field.clear();
    EXPECT_EQ(e.describe(), "too long (at byte 17); send less");
}

TEST(Error, EveryCodeHasANameOfItsOwn) {
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::Internal); ++code) {
        const std::string_view name = to_string(static_cast<ErrorCode>(code));
        EXPECT_FALSE(name.empty());
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
    }
}

TEST(SystemClock, RunsForward) {
    const SystemClock clock;
    const std::int64_t first = clock.monotonic_nanos();
    EXPECT_GT(clock.now().micros, Timestamp::from_seconds(1'700'000'000).micros);
    EXPECT_GE(clock.monotonic_nanos(), first);
}

}  // namespace
}  // namespace streamgauge
