// SPDX-License-Identifier: GPL-3.0-or-later
// The doors behind a real engine, on a journal in memory that fails and stalls on demand, and a policy that does what
// the test says.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/ingest_service.h"
#include "api/ingest_stats.h"
#include "daemon/http_client.h"
#include "http/engine.h"
#include "server/routes.h"
#include "support/memory_journal.h"
#include "support/scripted_policy.h"

namespace streamgauge::test {

class DoorFixture : public ::testing::Test {
protected:
    using Headers = daemon::HttpClient::Headers;

    // The wall clock stands still where it is set, so that answers can be literal; deadlines go on.
    class DoorClock final : public Clock {
    public:
        Timestamp now() const override { return {now_.load()}; }
        void set(std::string_view time) { now_.store(parse_rfc3339(time).value().micros); }
        std::int64_t monotonic_nanos() const override { return system_.monotonic_nanos(); }

    private:
        SystemClock system_;
        std::atomic<std::int64_t> now_{parse_rfc3339("2026-01-31T12:00:30Z").value().micros};
    };

    explicit DoorFixture(std::size_t queue_events = limits::kJournalQueueEvents) : journal_(queue_events) {}

    void SetUp() override {
        ASSERT_TRUE(add_ingest_routes(table_, ingest_).ok());
        ASSERT_TRUE(add_dialect_routes(table_, ingest_).ok());
        engine_ = http::make_public_engine(table_, clock_, {});
        const auto bound = engine_->listen({"127.0.0.1", 0});
        ASSERT_TRUE(bound.ok()) << bound.error().describe();
        server_ = *bound;
        ASSERT_TRUE(engine_->start().ok());
    }
    void TearDown() override {
        journal_.hold(false);
        if (engine_) engine_->stop(std::chrono::seconds(2));
        journal_.close();
    }

    // Status 0: the connection was closed without an answer.
    daemon::HttpAnswer post(std::string_view target, std::string body, Headers headers = {}) const {
        const daemon::HttpClient client(server_, std::chrono::seconds(60));
        auto answer = client.request("POST", target, std::move(body), std::move(headers));
        if (answer.ok()) return *answer;
        EXPECT_EQ(answer.error().code, ErrorCode::Disconnected) << answer.error().describe();
        return {};
    }

    DoorClock clock_;
    api::IngestStats stats_;
    ScriptedPolicy policy_;
    MemoryJournal journal_;
    api::IngestService ingest_{api::IngestParts{journal_, clock_, stats_, policy_}};
    http::RouteTable table_;
    std::unique_ptr<http::Engine> engine_;
    http::Endpoint server_;
};

}  // namespace streamgauge::test
