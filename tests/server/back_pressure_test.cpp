// SPDX-License-Identifier: GPL-3.0-or-later
// A burst beyond the journal's queue: each dialect's clients are told so in their own way, nothing that was taken is
// lost, and once the queue has drained everything is taken.
#include <gmock/gmock.h>

#include <future>

#include "server/door_fixture.h"

namespace streamgauge::test {
namespace {

// What each dialect's client sends, and what it is answered while the queue is full; 0: the connection is closed.
struct Client {
    std::string path, body;
    daemon::HttpClient::Headers headers;
    int while_full;
};

std::vector<Client> clients() {
    return {
        {"/events", R"({"event_id":"p1","event_type":"click"})", {}, 503},
        {"/events", R"([{"event_id":"p2","event_type":"click"}])", {}, 503},
        {"/ingest", R"({"event_id":"p3","event_type":"click"})", {}, 503},
        {"/api/v1/events", R"({"eventId":"p4","eventType":"click"})", {}, 503},
        {"/v1/track", R"({"event":"Bought","messageId":"p5","userId":"u1","writeKey":"wk_1"})", {}, 503},
        {"/track", R"({"event":"Bought","messageId":"p6","userId":"u1","writeKey":"wk_1"})", {}, 503},
        {"/batch/",
         R"({"api_key":"phc_1","batch":[{"event":"bought","distinct_id":"u1","uuid":"0199a3f0-7d52-7b1c-9c3e-0000000000a1"}]})",
         {},
         0},
        {"/i/v0/e/",
         R"({"api_key":"phc_1","event":"bought","distinct_id":"u1","uuid":"0199a3f0-7d52-7b1c-9c3e-0000000000a2"})",
         {},
         0},
        {"/i/v1/analytics/events",
         R"({"created_at":"2026-01-31T12:00:00Z","batch":[{"event":"bought","distinct_id":"u1","uuid":"0199a3f0-7d52-7b1c-9c3e-0000000000a3","timestamp":"2026-01-31T12:00:00Z"}]})",
         {},
         503},
        {"/api/event", R"({"n":"pageview","u":"https://shop.example/","d":"shop.example"})", {}, 503},
        {"/api/send",
         R"({"type":"event","payload":{"website":"50429a93-8479-4073-be80-d5d29c09c2ec","url":"/"}})",
         {},
         503},
        {"/",
         R"({"specversion":"1.0","id":"p7","source":"/shop","type":"bought"})",
         {{"Content-Type", "application/cloudevents+json"}},
         503},
        {"/v1/logs",
         R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1769860800000000000","eventName":"bought"}]}]}]})",
         {{"Content-Type", "application/json"}},
         503},
    };
}

class BackPressureTest : public DoorFixture {
protected:
    BackPressureTest() : DoorFixture(2) {}
};

TEST_F(BackPressureTest, AFullQueueIsToldToEveryDialectAndDrainsWithoutLoss) {
    journal_.hold(true);
    auto waiting = std::async(std::launch::async, [this] {
        return post("/events", R"([{"event_id":"w1","event_type":"click"},{"event_id":"w2","event_type":"click"}])");
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (journal_.pending() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    ASSERT_EQ(journal_.pending(), 2u);

    std::uint64_t refused = 0;
    for (const Client& client : clients()) {
        const auto answer = post(client.path, client.body, client.headers);
        EXPECT_EQ(answer.status, client.while_full) << client.path << answer.body;
        if (client.while_full == 503) {
            EXPECT_EQ(answer.headers.at("retry-after"), "1") << client.path;
            EXPECT_EQ(answer.headers.count("streamgauge-durability"), 0u) << client.path;
        }
        ++refused;
    }
    // What is undecodable cannot be kept either, and is not answered as if it were.
    EXPECT_EQ(post("/events", "nonsense").status, 503);
    EXPECT_EQ(stats_.totals().limited, refused + 1);
    EXPECT_EQ(journal_.counters().decoded, 0u);
    EXPECT_EQ(waiting.wait_for(std::chrono::seconds(0)), std::future_status::timeout);

    journal_.hold(false);
    EXPECT_EQ(waiting.get().body, R"({"status":"accepted","accepted":2,"duplicates":0})");
    for (const Client& client : clients()) {
        const auto answer = post(client.path, client.body, client.headers);
        EXPECT_GE(answer.status, 200) << client.path;
        EXPECT_LT(answer.status, 300) << client.path << answer.body;
    }
    EXPECT_EQ(journal_.counters().accepted, 2 + refused);
    EXPECT_EQ(journal_.counters().duplicate, 0u);
}

}  // namespace
}  // namespace streamgauge::test
