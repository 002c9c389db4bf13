// SPDX-License-Identifier: GPL-3.0-or-later
// A server with a few small routes on either engine, a clock that tests can move, and replies that tests can hold.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/limits.h"
#include "http/engine.h"
#include "http/raw_client.h"

namespace streamgauge::http::test {

// Stands still until it is moved. Counts how often it is read, so that a test can wait until deadlines were looked at.
class TestClock final : public Clock {
public:
    Timestamp now() const override { return Timestamp::from_seconds(1'767'225'600); }
    std::int64_t monotonic_nanos() const override {
        ++reads_;
        return nanos_.load();
    }
    template <class Duration>
    void advance(Duration by) {
        nanos_ += std::chrono::duration_cast<std::chrono::nanoseconds>(by).count();
    }
    // Until the engine's timer has come round several times.
    void let_tick() const {
        const std::uint64_t before = reads_.load();
        EXPECT_TRUE(eventually([&] { return reads_.load() > before + 20; })) << "the engine's timer does not run";
    }

private:
    mutable std::atomic<std::uint64_t> reads_{0};
    std::atomic<std::int64_t> nanos_{1'000'000'000'000};
};

enum class Kind { Public, PublicTwoThreads, Management };
inline std::string kind_name(const ::testing::TestParamInfo<Kind>& info) {
    return info.param == Kind::Public ? "Public" : info.param == Kind::Management ? "Management" : "PublicTwoThreads";
}

// "GET /path HTTP/1.1" with Host and whatever else.
inline std::string get(std::string_view target, std::string_view headers = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}
inline std::string post(std::string_view target, std::string_view body, std::string_view headers = {}) {
    return "POST " + std::string(target) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(headers) + "\r\n" + std::string(body);
}

class EngineTest : public ::testing::TestWithParam<Kind> {
protected:
    // Ticks come a thousand times as often; the engine's deadlines shrink with them and so do those that tests wait
    // for.
    static constexpr int kDivisor = 250;
    template <class Duration>
    static std::chrono::nanoseconds scaled(Duration deadline) {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(deadline) / kDivisor;
    }

    void SetUp() override {
        add_routes();
        EngineOptions options;
        options.deadline_divisor = kDivisor;
        options.on_answered = [this](const Answered& answered) {
            const std::lock_guard lock(mutex_);
            answered_.emplace_back(answered.route == nullptr ? "" : answered.route->path, answered.status);
        };
        configure(options);
        engine = make(options);
        const auto bound = engine->listen({"127.0.0.1", 0});
        ASSERT_TRUE(bound.ok()) << bound.error().describe();
        port = bound->port;
        ASSERT_TRUE(engine->start().ok());
    }
    // What a group of tests needs beside: options and routes.
    virtual void configure(EngineOptions&) {}

    void TearDown() override {
        answer_held();
        engine.reset();
    }

    std::unique_ptr<Engine> make(const EngineOptions& options) {
        if (GetParam() == Kind::Management) return make_management_engine(table, clock, options);
        return make_public_engine(table, clock, options, GetParam() == Kind::PublicTwoThreads ? 2 : 1);
    }

    void add(Method method, std::string path, std::size_t body_limit, Handler handler, Plane plane = Plane::Both) {
        ASSERT_TRUE(
            table.add({method, std::move(path), Scope::Public, plane, body_limit, "A test's row.", std::move(handler)})
                .ok());
    }

    void add_routes() {
        const auto hello = [](const Request&, const ReplyPtr& reply) {
            reply->send({200, "text/plain", "hello", {{"X-Kind", "greeting"}}});
        };
        const auto echo = [this](const Request& request, const ReplyPtr& reply) {
            ++echoes;
            if (request.padded_capacity < request.body.size() + 64)
                return reply->send(Response::json(500, "no padding"));
            // Reads the padding, so that a sanitizer sees it if it is not there.
            volatile char last = request.body.data()[request.body.size() + 63];
            static_cast<void>(last);
            reply->send({200, "application/octet-stream", std::string(request.body), {}});
        };
        add(Method::Get, "/hello", 0, hello);
        add(Method::Post, "/echo", limits::kIngestBodyBytes, echo);
        add(Method::Post, "/small", 64, echo);
        add(Method::Post, "/none", 0, echo);
        add(Method::Get, "/who/{name}", 0, [](const Request& request, const ReplyPtr& reply) {
            reply->send({200,
                         "text/plain",
                         request.path_parameters.at(0).second + "|" + std::string(request.query) + "|" +
                             std::string(request.header("x-test")) + "|" + std::string(request.remote_address),
                         {}});
        });
        add(Method::Get, "/large", 0, [](const Request& request, const ReplyPtr& reply) {
            reply->send(
                {200,
                 "text/plain",
                 std::string(static_cast<std::size_t>(std::stoul(request.query_parameter("bytes").value_or("0"))), 'x'),
                 {}});
        });
        add(Method::Get, "/later", 0, [this](const Request& request, const ReplyPtr& reply) {
            const std::lock_guard lock(mutex_);
            held_.emplace_back(request.query, reply);
        });
        add(Method::Get, "/never", 0, [](const Request&, const ReplyPtr&) {});
        add(Method::Get, "/throws", 0,
            [](const Request&, const ReplyPtr&) { throw std::runtime_error("a handler's own"); });
        add(Method::Get, "/split", 0, [](const Request&, const ReplyPtr& reply) {
            reply->send({200, "text/plain", "ok", {{"X-Evil", "a\r\nX-Injected: b"}, {"X-Good", "c"}}});
        });
        add(Method::Get, "/empty", 0, [](const Request&, const ReplyPtr& reply) { reply->send({204, "", "", {}}); });
        add(Method::Get, "/stream", 0, [this](const Request&, const ReplyPtr& reply) {
            auto stream = reply->stream();
            if (!stream) return;
            stream->on_closed([this] { ++streams_closed; });
            const std::lock_guard lock(mutex_);
            streams_.push_back(std::move(stream));
        });
        add(Method::Get, "/operate", 0, hello, Plane::ManagementOnly);
    }

    std::size_t held() const {
        const std::lock_guard lock(mutex_);
        return held_.size();
    }
    std::vector<std::pair<std::string, ReplyPtr>> take_held() {
        const std::lock_guard lock(mutex_);
        return std::exchange(held_, {});
    }
    void answer_held() {
        for (auto& [query, reply] : take_held()) reply->send({200, "text/plain", query, {}});
    }
    std::size_t stream_count() const {
        const std::lock_guard lock(mutex_);
        return streams_.size();
    }
    std::shared_ptr<Stream> stream(std::size_t at = 0) const {
        EXPECT_TRUE(eventually([&] { return stream_count() > at; }));
        const std::lock_guard lock(mutex_);
        return streams_.at(at);
    }
    bool balanced() const {
        const ConnectionCounters counters = engine->counters();
        return counters.open == 0 && counters.requests_arrived == counters.requests_answered + counters.requests_cut;
    }
    RawClient client() const { return RawClient(port); }
    void expect_alive() const { EXPECT_EQ(client().exchange(get("/hello")).body, "hello"); }

    TestClock clock;
    RouteTable table;
    std::unique_ptr<Engine> engine;
    std::uint16_t port = 0;
    std::atomic<int> streams_closed{0};
    std::atomic<int> echoes{0};
    mutable std::mutex mutex_;
    std::vector<std::pair<std::string, ReplyPtr>> held_;
    std::vector<std::shared_ptr<Stream>> streams_;
    std::vector<std::pair<std::string, int>> answered_;
};

}  // namespace streamgauge::http::test
