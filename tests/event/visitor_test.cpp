// SPDX-License-Identifier: GPL-3.0-or-later
// The expected pseudonyms were computed with Python's hashlib.blake2b from the definition in visitor.h.
#include "event/visitor.h"

#include <gtest/gtest.h>

#include <set>

#include "event/decode_support.h"
#include "event/dialect.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kHour = 3600 * Timestamp::kMicrosPerSecond;
constexpr Timestamp kNow = test::kReceivedAt;  // 02:40 UTC

std::array<std::uint8_t, 32> counting_secret() {
    std::array<std::uint8_t, 32> secret{};
    for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
    return secret;
}

std::string text(const VisitorHasher::Text& t) {
    return {t.data(), t.size()};
}

struct Visitors {
    VisitorHasher hasher{counting_secret()};
    std::string of(Timestamp now, std::string_view site, std::string_view address, std::string_view agent) {
        const auto person = hasher.person(now, address, agent);
        return text(hasher.visitor(now, site, {person.data(), person.size()}));
    }
    std::string at(Timestamp now) { return of(now, "shop.example", "203.0.113.7", "Agent/1"); }
};

TEST(VisitorHasher, IsTheKeyedHashThatTheHeaderDefines) {
    Visitors v;
    EXPECT_EQ(v.at(kNow), "610de14725c497568d7bbd99115d9ca0");
    EXPECT_EQ(text(v.hasher.person(kNow, "203.0.113.7", "Agent/1")), "4db4ace4511f80159c7253eb7ad52fae");
    EXPECT_EQ(text(v.hasher.session(kNow, "shop.example", "ada")), "697b5804576541cfd92407be76a93035");
    EXPECT_EQ(v.at({-1}), "38fe8fd67c1086d9a4d5512af1a61dc8");
}

TEST(VisitorHasher, IsNewAtMidnightAndOnlyThen) {
    Visitors v;
    const std::string today = v.at(kNow);
    EXPECT_EQ(v.at({20486 * 24 * kHour}), today);
    EXPECT_EQ(v.at({20487 * 24 * kHour - 1}), today);
    EXPECT_EQ(v.at({20487 * 24 * kHour}), "49194aab9a1c863d9d36becc4eb0b2c3");
    EXPECT_EQ(v.at(kNow), today) << "also after another day was asked for";
}

TEST(VisitorHasher, EveryPartCounts) {
    Visitors v;
    const std::set<std::string> all{
        v.at(kNow),
        v.of(kNow, "shop.example", "203.0.113.8", "Agent/1"),
        v.of(kNow, "shop.example", "203.0.113.7", "Agent/2"),
        v.of(kNow, "blog.example", "203.0.113.7", "Agent/1"),
        v.of(kNow, "shop.example203.0.113.7", "", "Agent/1"),
        v.of(kNow, "", "shop.example203.0.113.7", "Agent/1"),
    };
    EXPECT_EQ(all.size(), 6U);
    auto other = counting_secret();
    other[31] ^= 1;
    Visitors w{VisitorHasher(other)};
    EXPECT_NE(w.at(kNow), v.at(kNow));
}

TEST(VisitorHasher, AVisitEndsWithTheHour) {
    Visitors v;
    const auto session = [&](Timestamp now) { return text(v.hasher.session(now, "shop.example", "ada")); };
    EXPECT_EQ(session(floor_to(kNow, kHour)), session(kNow));
    EXPECT_EQ(session(floor_to(kNow, kHour).plus_micros(kHour - 1)), session(kNow));
    EXPECT_NE(session(floor_to(kNow, kHour).plus_micros(kHour)), session(kNow));
    EXPECT_NE(session(floor_to(kNow, kHour).plus_micros(-1)), session(kNow));
}

TEST(DigestOf, TellsListsOfTextsApart) {
    EXPECT_EQ(text(digest_of({})), "cae66941d9efbd404e4d88758ea67670");
    EXPECT_EQ(text(digest_of({"a", "bc"})), "f14abc19c330e936bb9c8506d69bac9b");
    EXPECT_NE(text(digest_of({"ab", "c"})), text(digest_of({"a", "bc"})));
    EXPECT_NE(text(digest_of({""})), text(digest_of({})));
}

TEST(DecoderSecrets, AreRandomAndTheSameThroughoutTheProcess) {
    EXPECT_EQ(DecoderSecrets::of_this_process().visitor, DecoderSecrets::of_this_process().visitor);
    EXPECT_NE(DecoderSecrets::of_this_process().visitor, DecoderSecrets{}.visitor);
}

}  // namespace
}  // namespace streamgauge
