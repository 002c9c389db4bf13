// SPDX-License-Identifier: GPL-3.0-or-later
// What objectives read of the requests: each answer once, by route, with what is not to be counted set apart.
#include "server/request_metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace streamgauge {
namespace {

class TakenRequestsTest : public ::testing::Test {
protected:
    TakenRequestsTest() {
        add("/events", "ingestion");
        add("/health", "about");
        add("/api/v1/live", "live");
        metrics_.prepare(table_);
    }
    void add(const std::string& path, std::string_view tag) {
        http::Route route{http::Method::Get, path, http::Scope::Query, http::Plane::Both, 0, "", {}};
        route.handler = [](const http::Request&, const http::ReplyPtr&) {};
        route.docs.tag = tag;
        EXPECT_TRUE(table_.add(std::move(route)));
    }
    void answer(std::size_t row, int status, std::int64_t micros) {
        metrics_.answered(
            {row < table_.rows().size() ? &table_.rows()[row] : nullptr, http::Method::Get, status, micros * 1000});
    }

    http::RouteTable table_;
    RequestMetrics metrics_;
};

TEST_F(TakenRequestsTest, AreTakenOnce) {
    answer(0, 200, 900);
    answer(0, 429, 20);
    answer(0, 503, 5'000'000);
    answer(1, 200, 10);
    answer(2, 200, 60'000'000);
    answer(9, 404, 30);
    const slo::SliceFigures first = metrics_.take();
    ASSERT_EQ(first.routes.size(), 4U);
    const slo::RequestFigures& events = first.routes.at("GET /events");
    EXPECT_EQ(events.answered, 3U);
    EXPECT_EQ(events.failed, 1U);
    EXPECT_EQ(events.limited, 1U);
    EXPECT_EQ(events.within(1), 2U);
    EXPECT_EQ(events.within(6'000), 3U);
    EXPECT_EQ(first.routes.count("~GET /health"), 1U);
    EXPECT_EQ(first.routes.count("~GET /api/v1/live"), 1U);
    EXPECT_EQ(first.routes.count("UNKNOWN"), 1U);
    EXPECT_EQ(slo::count({}, first), (slo::Ratio{3, 4})) << "neither the probe nor the stream";
    EXPECT_TRUE(metrics_.take().routes.empty());
    answer(0, 200, 901);
    EXPECT_EQ(metrics_.take().routes.at("GET /events").answered, 1U);
    EXPECT_EQ(metrics_.with_status(200), 4U) << "what Prometheus shows goes on";
}

TEST_F(TakenRequestsTest, LoseNothingWhileTheyAreTaken) {
    constexpr std::uint64_t kAnswers = 20'000;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([this] {
            for (std::uint64_t n = 0; n < kAnswers; ++n) answer(n % 2, n % 5 == 0 ? 500 : 200, static_cast<int>(n));
        });
    }
    slo::SliceFigures all;
    for (int i = 0; i < 100; ++i) all.merge(metrics_.take());
    for (std::thread& thread : threads) thread.join();
    all.merge(metrics_.take());
    EXPECT_EQ(all.routes.at("GET /events").answered, 3 * kAnswers / 2);
    EXPECT_EQ(all.routes.at("~GET /health").answered, 3 * kAnswers / 2);
    EXPECT_EQ(all.routes.at("GET /events").failed, 3 * kAnswers / 10);
    std::uint64_t binned = 0;
    for (const auto& bin : all.routes.at("GET /events").bins) binned += bin.count;
    EXPECT_EQ(binned, 3 * kAnswers / 2);
}

}  // namespace
}  // namespace streamgauge
