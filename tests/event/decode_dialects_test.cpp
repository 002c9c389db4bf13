// SPDX-License-Identifier: GPL-3.0-or-later
// Golden bodies of the dialects A to E (contract sections 1, 2 and 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decode_support.h"

namespace streamgauge::test {
namespace {

TEST(Dialects, AHasCamelCaseAndProperties) {
    const One one(R"({"eventType":"login","userId":"u-17","occurredAt":"2026-02-02T01:00:00+02:00",
                      "properties":{"plan":"pro","seats":5}})");
    ASSERT_TRUE(one.accepted());
    const EventView e = one.event();
    EXPECT_EQ(e.event_type, "login");
    EXPECT_EQ(e.user_id, "u-17");
    EXPECT_EQ(format_rfc3339(e.occurred_at), "2026-02-01T23:00:00Z");
    EXPECT_EQ(e.props, R"({"plan":"pro","seats":5})");
    EXPECT_TRUE(e.id_from_door);
    EXPECT_EQ(one.result->naming, NamingStyle::Camel);
    EXPECT_FALSE(one.result->several);
}

TEST(Dialects, BSendsPayloadAsAStringThatHoldsJson) {
    const One one(R"({"sessionId":"s-1","eventType":"click","payload":"{\"button\":\"buy\",\"price\":9.5}"})");
    ASSERT_TRUE(one.accepted());
    const EventView e = one.event();
    EXPECT_EQ(e.session_id, "s-1");
    EXPECT_EQ(e.event_type, "click");
    EXPECT_EQ(e.props, R"({"button":"buy","price":9.5})");
    EXPECT_TRUE(e.time_from_door);
    EXPECT_EQ(e.occurred_at, kReceivedAt);
    EXPECT_EQ(one.result->naming, NamingStyle::Camel);
}

TEST(Dialects, BMaySendAnyTextAsPayload) {
    const One one(R"({"sessionId":"s-1","eventType":"click","payload":"just \"text\""})");
    ASSERT_TRUE(one.accepted());
    EXPECT_EQ(one.event().props, R"({"payload":"just \"text\""})");
}

TEST(Dialects, CHasSnakeCase) {
    const One one(R"({"timestamp":"2026-02-02T02:00:00Z","user_id":"usr_1","event_type":"page_view",
                      "page_url":"/products/phone","session_id":"sess_9"})");
    ASSERT_TRUE(one.accepted());
    const EventView e = one.event();
    EXPECT_EQ(format_rfc3339(e.occurred_at), "2026-02-02T02:00:00Z");
    EXPECT_EQ(e.user_id, "usr_1");
    EXPECT_EQ(e.event_type, "page_view");
    EXPECT_EQ(e.page_url, "/products/phone");
    EXPECT_EQ(e.session_id, "sess_9");
    EXPECT_EQ(e.props, "{}");
    EXPECT_EQ(one.result->naming, NamingStyle::Snake);
}

TEST(Dialects, DHasItsOwnIdAndTimeStamp) {
    const One one(
        R"({"event_id":"e-1","user_id":"u1","event_type":"click","page_url":"/home","time_stamp":"2026-02-02T02:00:00.5Z"})");
    ASSERT_TRUE(one.accepted());
    const EventView e = one.event();
    EXPECT_EQ(e.event_id, "e-1");
    EXPECT_FALSE(e.id_from_door);
    EXPECT_FALSE(e.time_from_door);
    EXPECT_EQ(format_rfc3339(e.occurred_at), "2026-02-02T02:00:00.500Z");
}

TEST(Dialects, EKeepsStreamFieldsAsProps) {
    const One one(
        R"({"event_id":"d1","ts":1769999000.25,"event_type":"donation","stream_id":"stream_7","user_id":42,"amount_usd":12.50})");
    ASSERT_TRUE(one.accepted());
    const EventView e = one.event();
    EXPECT_EQ(e.occurred_at.micros, 1'769'999'000'250'000);
    EXPECT_EQ(e.user_id, "42");
    EXPECT_EQ(e.props, R"({"stream_id":"stream_7","amount_usd":12.5})");
}

TEST(Dialects, EChatMessage) {
    const One one(
        R"({"event_id":"c1","ts":"2026-02-02T02:39:59+00:00","event_type":"chat_message","stream_id":"s","user_id":"u","message_len":17})");
    ASSERT_TRUE(one.accepted());
    EXPECT_EQ(one.event().props, R"({"stream_id":"s","message_len":17})");
}

}  // namespace
}  // namespace streamgauge::test
