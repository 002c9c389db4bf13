// SPDX-License-Identifier: GPL-3.0-or-later
// PostHog's dialects, v0 and v1: what its own SDK sent, and the rules one by one.
#include <gtest/gtest.h>

#include "event/golden_request.h"

namespace streamgauge {
namespace {

using test::at;
using test::golden;
using test::SdkRequest;

constexpr std::string_view kLib =
    R"("$lib":"posthog-node","$lib_version":"5.70.0","$is_server":true,"$geoip_disable":true})";

TEST(PostHogGolden, TheNodeSdksBatch) {
    SdkRequest request = golden("posthog_node_batch_gzip");
    EXPECT_EQ(request.path, "/batch/");
    request.received_at = at("2026-11-21T03:22:12.429Z");  // 100 ms after it was sent
    const auto decoded = request.decode(Dialect::PostHog);
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    ASSERT_EQ(decoded->batch.size(), 5U);
    EXPECT_TRUE(decoded->rejected.empty());
    EXPECT_TRUE(decoded->several);
    EXPECT_EQ(decoded->key, "phc_0123456789abcdefghij");

    const EventView order = decoded->batch[0];
    EXPECT_EQ(order.event_id, "01a1fc20-37e7-7847-860b-2caf86518ce3");
    EXPECT_EQ(order.event_type, "order completed");
    EXPECT_EQ(order.user_id, "user-1");
    EXPECT_EQ(order.occurred_at, at("2026-01-15T09:30:00.350Z"));
    EXPECT_EQ(order.props, R"({"revenue":25.5,"type":"premium","$set":{"plan":"pro"},)" + std::string(kLib));

    const EventView page = decoded->batch[1];
    EXPECT_EQ(page.event_type, "page_view");
    EXPECT_EQ(page.page_url, "https://example.com/pricing");
    EXPECT_EQ(page.session_id, "0190163d-8694-739b-aea5-966c26f8ad91");
    EXPECT_TRUE(page.bot);
    EXPECT_NE(page.props.find(R"("$groups":{"company":"acme"})"), std::string_view::npos);

    EXPECT_EQ(decoded->batch[2].event_type, "$identify");
    EXPECT_EQ(decoded->batch[2].props, R"({"$set":{"email":"ada@example.com"},"$set_once":{},)" + std::string(kLib));
    EXPECT_EQ(decoded->batch[3].event_type, "$create_alias");
    EXPECT_EQ(decoded->batch[3].props, R"({"distinct_id":"user-1","alias":"anon-7",)" + std::string(kLib));
    EXPECT_EQ(decoded->batch[4].event_type, "$groupidentify");
    EXPECT_EQ(decoded->batch[4].user_id, "$company_acme");
}

TEST(PostHogGolden, ThePythonSdksBatch) {
    SdkRequest request = golden("posthog_python_batch_gzip");
    request.received_at = at("2026-11-21T03:44:18.656798Z");  // as it was sent: no correction
    const auto decoded = request.decode(Dialect::PostHog);
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    ASSERT_EQ(decoded->batch.size(), 5U);
    EXPECT_TRUE(decoded->rejected.empty());
    EXPECT_EQ(decoded->key, "phc_0123456789abcdefghij");
    const EventView order = decoded->batch[0];
    EXPECT_EQ(order.event_id, "33a7dacc-7da2-4041-a026-aaeb824b672a");
    EXPECT_EQ(order.event_type, "order completed");
    EXPECT_EQ(order.occurred_at, at("2026-01-15T09:30:00.250Z"));
    EXPECT_EQ(decoded->batch[1].event_type, "page_view");
    EXPECT_EQ(decoded->batch[1].page_url, "https://example.com/pricing");
    EXPECT_EQ(decoded->batch[2].event_type, "$set");
    EXPECT_EQ(decoded->batch[2].occurred_at, at("2026-11-21T03:44:18.656349Z"));
    EXPECT_EQ(decoded->batch[2].props, R"({"$lib":"posthog-python","$lib_version":"7.91.1","$geoip_disable":true,)"
                                       R"("$is_server":true,"$set":{"plan":"pro"}})");
    EXPECT_EQ(decoded->batch[3].event_type, "$create_alias");
    EXPECT_EQ(decoded->batch[3].user_id, "anon-7");
    EXPECT_EQ(decoded->batch[4].user_id, "c569b532-57d9-47c7-94d3-f75a7b3291a7");
}

TEST(PostHogGolden, TheBrowserSdksSingleEvents) {
    SdkRequest request = golden("posthog_browser_pageview_gzip");
    EXPECT_EQ(request.path, "/e/");
    EXPECT_EQ(request.query, "ip=0&_=1795232818191&ver=1.257.0&compression=gzip-js");
    request.received_at = at("2026-11-21T03:46:58.291Z");  // 100 ms after it was sent
    const auto decoded = request.decode(Dialect::PostHog);
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    ASSERT_EQ(decoded->batch.size(), 1U);
    EXPECT_FALSE(decoded->several);
    EXPECT_EQ(decoded->key, "phc_0123456789abcdefghij");
    const EventView page = decoded->batch[0];
    EXPECT_EQ(page.event_id, "01a1fc36-e40b-7589-8d26-d942cd17618e");
    EXPECT_EQ(page.event_type, "page_view");
    EXPECT_EQ(page.user_id, "user-1");
    EXPECT_EQ(page.session_id, "01a1fc36-e3c6-75f5-8820-8cc0f17fbe26");
    EXPECT_EQ(page.page_url, "https://shop.example/pricing?x=1");
    EXPECT_EQ(page.occurred_at, at("2026-11-21T03:46:58.287Z"));
    EXPECT_EQ(page.props.find("phc_"), std::string_view::npos);

    const auto identify = golden("posthog_browser_identify_gzip").decode(Dialect::PostHog);
    ASSERT_TRUE(identify.ok() && identify->batch.size() == 1);
    EXPECT_EQ(identify->batch[0].event_type, "$identify");
    EXPECT_NE(identify->batch[0].props.find(R"("$set":{"plan":"pro"})"), std::string_view::npos);
    EXPECT_NE(identify->batch[0].props.find(R"("$set_once":{"$initial_referrer":"$direct")"), std::string_view::npos);
}

TEST(PostHogGolden, TheBrowserSdksArrays) {
    SdkRequest request = golden("posthog_browser_array_gzip");
    request.received_at = at("2026-11-21T03:46:58.726Z");
    const auto decoded = request.decode(Dialect::PostHog);
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    ASSERT_EQ(decoded->batch.size(), 1U);
    EXPECT_TRUE(decoded->several);
    EXPECT_EQ(decoded->key, "phc_0123456789abcdefghij");
    const EventView order = decoded->batch[0];
    EXPECT_EQ(order.event_id, "01a1fc36-e3cf-7f47-ad8c-39395b1f22bf");
    EXPECT_EQ(order.event_type, "order completed");
    EXPECT_EQ(order.user_id, "01a1fc36-e3cc-7192-b784-51090d88f39b");
    EXPECT_EQ(order.occurred_at, at("2026-11-21T03:46:58.227Z"));  // it says: 499 ms ago
    EXPECT_EQ(order.props.find(R"("offset")"), std::string_view::npos);
}

TEST(PostHogGolden, AHistoricalMigrationsTimesAreRight) {
    SdkRequest request = golden("posthog_node_historical");
    request.received_at = at("2026-11-21T03:42:12.429Z");
    const auto decoded = request.decode(Dialect::PostHog);
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    ASSERT_EQ(decoded->batch.size(), 5U);
    EXPECT_EQ(decoded->batch[0].occurred_at, at("2026-01-15T09:30:00.250Z"));
    EXPECT_EQ(decoded->batch[0].props.find("historical_migration"), std::string_view::npos);
    EXPECT_EQ(decoded->batch[0].props.find("original_timestamp"), std::string_view::npos);
}

TEST(PostHogGolden, TheNodeSdksV1) {
    SdkRequest request = golden("posthog_node_v1_gzip");
    EXPECT_EQ(request.path, "/i/v1/analytics/events");
    request.received_at = at("2026-11-21T03:22:14.853Z");  // 100 ms after the time in the header
    const auto decoded = request.decode(Dialect::PostHogV1);
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    ASSERT_EQ(decoded->batch.size(), 5U);
    EXPECT_EQ(decoded->key, "");
    const EventView order = decoded->batch[0];
    EXPECT_EQ(order.event_id, "01a1fc20-415e-79fe-b7ef-f4371298f95d");
    EXPECT_EQ(order.event_type, "order completed");
    EXPECT_EQ(order.user_id, "user-1");
    EXPECT_EQ(order.occurred_at, at("2026-01-15T09:30:00.350Z"));
    EXPECT_EQ(order.props,
              R"({"revenue":25.5,"type":"premium","$set":{"plan":"pro"},"$is_server":true,"$geoip_disable":true})");
    EXPECT_EQ(decoded->batch[1].event_type, "page_view");
    EXPECT_EQ(decoded->batch[1].session_id, "0190163d-8694-739b-aea5-966c26f8ad91");
    EXPECT_EQ(decoded->batch[1].props.find("session_id"), std::string_view::npos);
    EXPECT_TRUE(decoded->batch[1].bot);
    EXPECT_EQ(decoded->batch[4].user_id, "$company_acme");
}

}  // namespace
}  // namespace streamgauge
