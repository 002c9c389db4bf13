// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/login_throttle.h"

#include <gtest/gtest.h>

namespace streamgauge::auth {
namespace {

constexpr std::int64_t kSecondNanos = 1'000'000'000;

TEST(LoginThrottle, WaitsGrowFromTheFifthFailureAndEnd) {
    LoginThrottle throttle;
    std::int64_t now = 0;
    for (int i = 0; i < 4; ++i) {
        throttle.failed("ada", "192.0.2.1", now);
        EXPECT_EQ(throttle.wait_seconds("ada", "192.0.2.1", now), 0) << i;
    }
    for (const std::int64_t wait : {2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900}) {
        throttle.failed("ada", "192.0.2.1", now);
        EXPECT_EQ(throttle.wait_seconds("ada", "192.0.2.1", now), wait);
        EXPECT_EQ(throttle.wait_seconds("ada", "192.0.2.1", now + (wait - 1) * kSecondNanos), 1);
        now += wait * kSecondNanos;
        EXPECT_EQ(throttle.wait_seconds("ada", "192.0.2.1", now), 0);
    }
    // A quarter of an hour after the last wait it begins anew.
    throttle.failed("ada", "192.0.2.1", now + 900 * kSecondNanos);
    EXPECT_EQ(throttle.wait_seconds("ada", "192.0.2.1", now + 900 * kSecondNanos), 0);
}

TEST(LoginThrottle, CountsNamesAndAddressesEach) {
    LoginThrottle throttle;
    for (int i = 0; i < 5; ++i) throttle.failed("ada", "192.0.2." + std::to_string(i), 0);
    EXPECT_EQ(throttle.wait_seconds("ada", "198.51.100.1", 0), 2);  // one name from many addresses
    EXPECT_EQ(throttle.wait_seconds("bob", "192.0.2.1", 0), 0);
    for (int i = 0; i < 5; ++i) throttle.failed("user" + std::to_string(i), "203.0.113.1", 0);
    EXPECT_EQ(throttle.wait_seconds("bob", "203.0.113.1", 0), 2);  // many names from one address
    EXPECT_EQ(throttle.wait_seconds("bob", "203.0.113.2", 0), 0);
}

TEST(LoginThrottle, SuccessForgivesTheNameAndNotTheAddress) {
    LoginThrottle throttle;
    for (int i = 0; i < 5; ++i) throttle.failed("ada", "192.0.2.1", 0);
    throttle.succeeded("ada");
    EXPECT_EQ(throttle.wait_seconds("ada", "192.0.2.2", 0), 0);
    EXPECT_EQ(throttle.wait_seconds("ada", "192.0.2.1", 0), 2);
    throttle.succeeded("nobody");
}

TEST(LoginThrottle, MemoryIsBoundedAndKeepsWhoFailedLast) {
    ThrottleOptions options;
    options.entries = 100;
    LoginThrottle throttle(options);
    for (int i = 0; i < 5; ++i) throttle.failed("early", "192.0.2.1", 0);
    for (int i = 0; i < 5'000; ++i) {
        throttle.failed("name" + std::to_string(i), "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256),
                        0);
        if (i % 50 == 0) throttle.failed("early", "192.0.2.1", 0);
        EXPECT_LE(throttle.entries(), 200U);
    }
    EXPECT_GT(throttle.wait_seconds("early", "", 0), 0);
    EXPECT_GT(throttle.wait_seconds("", "192.0.2.1", 0), 0);
    const std::string endless(1'000'000, 'x');
    for (int i = 0; i < 5; ++i) throttle.failed(endless, endless, 0);
    EXPECT_EQ(throttle.wait_seconds(endless, "", 0), 2);
}

TEST(LoginThrottle, OneNetworkOfIpv6IsOneAddress) {
    EXPECT_EQ(throttle_address("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(throttle_address("2001:db8:1:2::1"), "2001:db8:1:2::/64");
    EXPECT_EQ(throttle_address("::ffff:192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(throttle_address("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(throttle_address("::1"), "::/64");
}

}  // namespace
}  // namespace streamgauge::auth
