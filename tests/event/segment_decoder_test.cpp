// SPDX-License-Identifier: GPL-3.0-or-later
// Segment's dialect: what its own SDK and RudderStack's sent, and the rules one by one.
#include <gtest/gtest.h>

#include "event/golden_request.h"

namespace streamgauge {
namespace {

using test::at;
using test::golden;
using test::SdkRequest;

TEST(SegmentGolden, TheNodeSdksBatch) {
    SdkRequest request = golden("segment_node_batch");
    EXPECT_EQ(request.path, "/v1/batch");
    request.received_at = at("2026-11-21T03:22:08.331Z");  // as it was sent: no correction
    const auto decoded = request.decode(Dialect::Segment);
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    ASSERT_EQ(decoded->batch.size(), 7U);
    EXPECT_TRUE(decoded->rejected.empty());
    EXPECT_TRUE(decoded->several);
    EXPECT_EQ(decoded->key, "WRITEKEY-0123456789abcdef");
    EXPECT_EQ(decoded->request_index, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
    constexpr std::string_view kTail = R"("context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"}},)"
                                       R"("_metadata":{"nodeVersion":"v20.20.2","jsRuntime":"node"}})";

    const EventView identify = decoded->batch[0];
    EXPECT_EQ(identify.event_id, "node-next-1795231328324-535851a0-65f9-4207-9aa0-2448a908acb9");
    EXPECT_EQ(identify.event_type, "identify");
    EXPECT_EQ(identify.user_id, "user-1");
    EXPECT_EQ(identify.session_id, "");
    EXPECT_EQ(identify.page_url, "");
    EXPECT_EQ(identify.occurred_at, at("2026-01-15T09:30:00.250Z"));
    EXPECT_EQ(identify.received_at, at("2026-11-21T03:22:08.331Z"));
    EXPECT_FALSE(identify.id_from_door || identify.time_from_door || identify.bot);
    EXPECT_EQ(identify.props, R"({"email":"ada@example.com","plan":"pro","seats":3,)" + std::string(kTail));

    const EventView track = decoded->batch[1];
    EXPECT_EQ(track.event_type, "Order Completed");
    EXPECT_EQ(track.props,
              R"({"order_id":"o-1","revenue":25.5,"currency":"USD","products":[{"sku":"a","quantity":2}],)" +
                  std::string(kTail));

    const EventView page = decoded->batch[2];
    EXPECT_EQ(page.event_type, "page_view");
    EXPECT_EQ(page.page_url, "https://example.com/pricing?x=1");
    EXPECT_EQ(page.props,
              R"({"url":"https://example.com/pricing?x=1","path":"/pricing","title":"Pricing","category":"Docs",)"
              R"("name":"Pricing",)" +
                  std::string(kTail));

    const EventView screen = decoded->batch[3];
    EXPECT_EQ(screen.event_type, "page_view");
    EXPECT_EQ(screen.user_id, "anon-7");
    EXPECT_EQ(screen.page_url, "Home");
    EXPECT_EQ(screen.props, R"({"variation":"b","name":"Home",)" + std::string(kTail));

    EXPECT_EQ(decoded->batch[4].event_type, "group");
    EXPECT_EQ(decoded->batch[4].props, R"({"name":"Acme","groupId":"g-9",)" + std::string(kTail));
    EXPECT_EQ(decoded->batch[5].event_type, "alias");
    EXPECT_EQ(decoded->batch[5].user_id, "user-1");
    EXPECT_EQ(decoded->batch[5].props, R"({"previousId":"anon-7",)" + std::string(kTail));

    const EventView robot = decoded->batch[6];
    EXPECT_EQ(robot.event_type, "Song Played");
    EXPECT_EQ(robot.page_url, "https://example.com/songs");
    EXPECT_TRUE(robot.bot);
}

TEST(SegmentGolden, ThePythonSdksBatch) {
    for (const char* name : {"segment_python_batch", "segment_python_batch_gzip"}) {
        const bool gzip = std::string_view(name).ends_with("gzip");
        SdkRequest request = golden(name);
        request.received_at = at(gzip ? "2026-11-21T03:44:17.126669Z" : "2026-11-21T03:44:15.067145Z");
        const auto decoded = request.decode(Dialect::Segment);
        ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
        ASSERT_EQ(decoded->batch.size(), 6U);
        EXPECT_TRUE(decoded->rejected.empty());
        EXPECT_EQ(decoded->key, "WRITEKEY-0123456789abcdef");
        const EventView identify = decoded->batch[0];
        EXPECT_EQ(identify.event_id,
                  gzip ? "f3dfd095-cb98-4f73-80c5-2bc11d665b33" : "4c7ed174-9c81-4d85-8bd0-ccef3de086f8");
        EXPECT_EQ(identify.event_type, "identify");
        EXPECT_EQ(identify.user_id, "user-1");
        EXPECT_EQ(identify.occurred_at, at("2026-01-15T09:30:00.250Z"));
        EXPECT_EQ(identify.props,
                  R"({"plan":"pro","context":{"library":{"name":"analytics-python","version":"2.4.0"}}})");
        EXPECT_EQ(decoded->batch[1].event_type, "Order Completed");
        EXPECT_EQ(decoded->batch[2].event_type, "page_view");
        EXPECT_EQ(decoded->batch[2].page_url, "https://example.com/pricing");
        EXPECT_EQ(decoded->batch[3].user_id, "anon-7");
        EXPECT_EQ(decoded->batch[3].page_url, "Home");
        EXPECT_EQ(decoded->batch[4].event_type, "group");
        EXPECT_EQ(decoded->batch[5].event_type, "alias");
        EXPECT_EQ(decoded->batch[5].props, R"({"previousId":"anon-7","context":{"library":)"
                                           R"({"name":"analytics-python","version":"2.4.0"}}})");
    }
}

TEST(SegmentGolden, TheBrowserSdksSingleCalls) {
    SdkRequest page = golden("segment_browser_page");
    EXPECT_EQ(page.path, "/v1/p");
    page.received_at = at("2026-11-21T03:47:11.152Z");  // 100 ms after it was sent
    const auto viewed = page.decode(Dialect::Segment);
    ASSERT_TRUE(viewed.ok()) << viewed.error().describe();
    ASSERT_EQ(viewed->batch.size(), 1U);
    EXPECT_FALSE(viewed->several);
    EXPECT_EQ(viewed->key, "WRITEKEY-0123456789abcdef");
    const EventView view = viewed->batch[0];
    EXPECT_EQ(view.event_id, "ajs-next-1795232831026-623536ef-bb59-44f2-aca1-60a07b34e704");
    EXPECT_EQ(view.event_type, "page_view");
    EXPECT_EQ(view.user_id, "3536efbb-59c4-42ec-a160-a07b34e704d2");
    EXPECT_EQ(view.page_url, "https://shop.example/pricing?x=1");
    EXPECT_EQ(view.occurred_at, at("2026-11-21T03:47:11.126Z"));
    EXPECT_EQ(view.props.find("WRITEKEY"), std::string_view::npos);
    EXPECT_TRUE(view.props.starts_with(R"({"path":"/pricing","referrer":"","search":"?x=1","title":"Pricing",)"));

    SdkRequest track = golden("segment_browser_track");
    EXPECT_EQ(track.path, "/v1/t");
    const auto tracked = track.decode(Dialect::Segment);
    ASSERT_TRUE(tracked.ok() && tracked->batch.size() == 1);
    EXPECT_EQ(tracked->batch[0].event_type, "Order Completed");
    EXPECT_EQ(tracked->batch[0].page_url, "https://shop.example/pricing?x=1");
    EXPECT_TRUE(tracked->batch[0].props.starts_with(R"({"revenue":25.5,)"));

    const auto screen = golden("segment_browser_screen").decode(Dialect::Segment);
    ASSERT_TRUE(screen.ok() && screen->batch.size() == 1);
    EXPECT_EQ(screen->batch[0].event_type, "page_view");
    EXPECT_EQ(screen->batch[0].user_id, "user-1");
}

TEST(SegmentGolden, RudderStacksNodeSdk) {
    SdkRequest first = golden("rudderstack_node_first");
    first.received_at = at("2026-11-21T03:22:09.776Z");
    const auto one = first.decode(Dialect::Segment);
    ASSERT_TRUE(one.ok()) << one.error().describe();
    ASSERT_EQ(one->batch.size(), 1U);
    EXPECT_EQ(one->key, "");
    EXPECT_EQ(one->batch[0].event_id, "62d06f47-b91e-4c81-9883-eac2b33572e6");
    EXPECT_EQ(one->batch[0].event_type, "identify");
    EXPECT_EQ(one->batch[0].occurred_at, at("2026-01-15T09:30:00.250Z"));

    SdkRequest request = golden("rudderstack_node_batch");
    request.received_at = at("2026-11-21T03:22:10.036Z");  // 200 ms after it was sent
    const auto decoded = request.decode(Dialect::Segment);
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    ASSERT_EQ(decoded->batch.size(), 5U);
    EXPECT_TRUE(decoded->rejected.empty());
    const EventView track = decoded->batch[0];
    EXPECT_EQ(track.event_id, "88dda90f-27d3-4108-8043-374b2b696fe2");
    EXPECT_EQ(track.event_type, "Order Completed");
    EXPECT_EQ(track.session_id, "1768469400");
    EXPECT_EQ(track.occurred_at, at("2026-01-15T09:30:00.450Z"));
    EXPECT_EQ(track.props, R"({"revenue":25.5,"context":{"sessionId":1768469400,"library":{"name":"analytics-node",)"
                           R"("version":"3.0.13"}},"channel":"server","_metadata":{"nodeVersion":"20.20.2"}})");
    EXPECT_EQ(decoded->batch[1].event_type, "page_view");
    EXPECT_EQ(decoded->batch[1].page_url, "/pricing");
    EXPECT_EQ(decoded->batch[1].occurred_at, at("2026-01-15T09:30:00.450Z"));
    EXPECT_EQ(decoded->batch[2].page_url, "Home");
    EXPECT_EQ(decoded->batch[2].occurred_at, at("2026-11-21T03:22:09.980Z"));
    EXPECT_EQ(decoded->batch[3].event_type, "group");
    EXPECT_EQ(decoded->batch[4].event_type, "alias");
}

}  // namespace
}  // namespace streamgauge
