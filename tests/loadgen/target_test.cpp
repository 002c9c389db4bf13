// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/target.h"

#include <gtest/gtest.h>

namespace streamgauge::loadgen {
namespace {

TEST(Target, ReadsUrls) {
    const Url plain = *parse_url("http://127.0.0.1:8080/events?a=b");
    EXPECT_EQ(plain.host, "127.0.0.1");
    EXPECT_EQ(plain.port, 8080);
    EXPECT_EQ(plain.target, "/events?a=b");
    EXPECT_EQ(plain.authority, "127.0.0.1:8080");
    const Url six = *parse_url("http://[::1]:81");
    EXPECT_EQ(six.host, "::1");
    EXPECT_EQ(six.port, 81);
    EXPECT_EQ(six.target, "/");
    EXPECT_EQ(six.authority, "[::1]:81");
    const Url secure = *parse_url("https://localhost/a");
    EXPECT_TRUE(secure.secure);
    EXPECT_EQ(secure.port, 443);
    EXPECT_FALSE(plain.secure);
    const Url bare = *parse_url("http://localhost?x");
    EXPECT_EQ(bare.port, 80);
    EXPECT_EQ(bare.target, "/?x");
}

TEST(Target, RefusesOtherUrlsAndSaysWhere) {
    for (const char* text :
         {"", "ftp://127.0.0.1/", "127.0.0.1:80", "http://", "http:///x", "http://user@127.0.0.1/", "http://h:0/",
          "http://h:65536/", "http://h:/", "http://h:80x/", "http://::1/", "http://[::1/", "http://[::1]x/",
          "http://[zz]/", "http://h/a b", "http://h/#f", "http://h/\r\nX: y", "http://h\\x/", "http://h%41/"}) {
        const auto url = parse_url(text);
        ASSERT_FALSE(url.ok()) << text;
        EXPECT_EQ(url.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(url.error().field, "url");
        EXPECT_TRUE(url.error().offset.has_value());
    }
    EXPECT_EQ(parse_url("http://h/a b").error().offset, 10U);
}

TEST(Target, KnowsLoopbackByItsText) {
    for (const char* text : {"http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]/", "http://localhost:1/",
                             "http://[::ffff:127.0.0.1]/"})
        EXPECT_TRUE(names_loopback(*parse_url(text))) << text;
    for (const char* text : {"http://10.0.0.1/", "http://128.0.0.1/", "http://[::2]/", "http://example.com/",
                             "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://0.0.0.0/",
                             "http://[::ffff:10.0.0.1]/", "http://2130706433/"})
        EXPECT_FALSE(names_loopback(*parse_url(text))) << text;
}

TEST(Target, OtherHostsNeedConfirmation) {
    const Url loopback = *parse_url("http://127.0.0.1:9/");
    EXPECT_TRUE(resolve(loopback, "").ok());
    const Url other = *parse_url("http://192.0.2.1:9/");
    ASSERT_FALSE(resolve(other, "").ok());
    EXPECT_EQ(resolve(other, "").error().code, ErrorCode::Forbidden);
    EXPECT_EQ(resolve(other, "192.0.2.2").error().code, ErrorCode::Forbidden);
    EXPECT_TRUE(resolve(other, "192.0.2.1").ok());
}

// Whoever may write in a name's zone must not turn a server's generator against its own machine or a cloud's metadata.
TEST(Target, ANameMayNotLeadToThisMachineOrToALinkLocalAddress) {
    const auto led = [](const char* name, const char* to) {
        const Url there = *parse_url(std::string("http://") + to + ":9/");
        return check_where_it_led(*parse_url(name), *resolve(there, there.host));
    };
    for (const char* to : {"127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254",
                           "[::ffff:169.254.169.254]", "[fe80::1]", "0.0.0.0", "[::]", "[::ffff:0.0.0.0]"}) {
        const Status found = led("http://shop.example:9/", to);
        ASSERT_FALSE(found.ok()) << to;
        EXPECT_EQ(found.error().code, ErrorCode::Forbidden);
        EXPECT_EQ(found.error().field, "url");
        EXPECT_TRUE(led((std::string("http://") + to + ":9/").c_str(), to).ok()) << "it is what was asked for";
    }
    EXPECT_TRUE(led("http://localhost:9/", "127.0.0.1").ok());
    for (const char* to : {"192.0.2.1", "10.0.0.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"})
        EXPECT_TRUE(led("http://shop.example:9/", to).ok()) << to;
}

}  // namespace
}  // namespace streamgauge::loadgen
