// SPDX-License-Identifier: GPL-3.0-or-later
// Clients that leave before their answer, in every way and at every point, while other threads answer late. How many is
// in STREAMGAUGE_LEAVING_CLIENTS.
#include <condition_variable>
#include <cstdlib>
#include <random>

#include "http/engine_fixture.h"

namespace streamgauge::http::test {
namespace {

constexpr int kClientThreads = 4;

int how_many() {
    const char* const wanted = std::getenv("STREAMGAUGE_LEAVING_CLIENTS");
    return wanted == nullptr ? 2000 : std::atoi(wanted);
}

class LeavingClients : public EngineTest {
protected:
    void configure(EngineOptions&) override {
        const auto later = [this](const Request& request, const ReplyPtr& reply) {
            ++taken_;
            const std::lock_guard lock(queue_mutex_);
            queue_.push_back({reply, request.query_parameter("stream").has_value(), request.body.size()});
            queue_changed_.notify_one();
        };
        add(Method::Get, "/slow", 0, later);
        add(Method::Post, "/slow", limits::kIngestBodyBytes, later);
        for (unsigned seed = 1; seed <= 3; ++seed) answerers_.emplace_back([this, seed] { answer(seed); });
    }
    void TearDown() override {
        {
            const std::lock_guard lock(queue_mutex_);
            stop_ = true;
        }
        queue_changed_.notify_all();
        for (std::thread& thread : answerers_) thread.join();
        queue_.clear();
        EngineTest::TearDown();
    }

    struct Pending {
        ReplyPtr reply;
        bool stream = false;
        std::size_t size = 0;
    };
    // Answers what waits in any order, after none, some or many of the others.
    void answer(unsigned seed) {
        std::mt19937 random(seed);
        std::unique_lock lock(queue_mutex_);
        while (true) {
            queue_changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
            if (stop_) return;
            std::swap(queue_[random() % queue_.size()], queue_.back());
            Pending pending = std::move(queue_.back());
            queue_.pop_back();
            lock.unlock();
            if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
            if (pending.stream) {
                if (const auto stream = pending.reply->stream()) {
                    stream->on_closed([this] { ++closed_; });
                    for (int i = 0; i < 5; ++i) stream->push(std::make_shared<const std::string>("data: x\n\n"));
                    if (random() % 2 == 0) stream->end();
                }
            } else if (random() % 16 != 0) {  // else it is destroyed unanswered
                pending.reply->send({200, "text/plain", std::string(random() % 3 == 0 ? 100'000 : 10, 'a'), {}});
            }
            pending.reply = nullptr;
            lock.lock();
        }
    }

    // One client's short life. What it sends is cut anywhere; how it leaves is one of four ways.
    void live(std::mt19937& random) {
        const std::string from = "127.0.2." + std::to_string(1 + random() % 8);
        RawClient client(port, from.c_str());
        const std::string body(random() % 3 == 0 ? 20'000 : 50, 'b');
        std::string wire;
        switch (random() % 6) {
            case 0:
                wire = get("/slow");
                break;
            case 1:
                wire = post("/slow", body);
                break;
            case 2:
                for (int i = 0; i < 10; ++i) wire += i % 3 == 0 ? post("/slow", body) : get("/slow");
                break;
            case 3:
                wire = get("/hello") + get("/slow") + get("/hello") + get("/slow") + "BAD\r\n\r\n";
                break;
            case 4:
                wire = get("/slow") + get("/slow?stream=1");
                break;
            default:
                wire =
                    "POST /slow HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" +
                    get("/slow");
                break;
        }
        const bool cut = random() % 3 == 0;  // in the middle of a head or a body
        client.send(std::string_view(wire).substr(0, cut ? random() % wire.size() : wire.size()));
        if (random() % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 1500));
        switch (random() % 4) {
            case 0:
                return client.reset();
            case 1:
                client.end_sending();
                return client.close();
            case 2:
                if (!cut) client.read_some();  // the first of what comes
                return client.reset();
            default:
                return client.close();
        }
    }

    std::atomic<int> taken_{0}, closed_{0};
    std::mutex queue_mutex_;
    std::condition_variable queue_changed_;
    std::vector<Pending> queue_;  // guarded by queue_mutex_
    bool stop_ = false;           // guarded by queue_mutex_
    std::vector<std::thread> answerers_;
};
INSTANTIATE_TEST_SUITE_P(Engines, LeavingClients,
                         ::testing::Values(Kind::Public, Kind::PublicTwoThreads, Kind::Management), kind_name);

TEST_P(LeavingClients, HurtNobody) {
    const int clients = how_many();
    std::atomic<int> left{clients};
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < kClientThreads; ++seed) {
        threads.emplace_back([&, seed] {
            std::mt19937 random(100 + seed);
            while (left.fetch_sub(1) > 0) live(random);
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(eventually([&] {
        clock.advance(std::chrono::milliseconds(1));  // connections that linger
        return balanced();
    }));
    expect_alive();
    const ConnectionCounters counters = engine->counters();
    // Those that were gone before they were accepted are not among them.
    EXPECT_LE(counters.accepted + counters.refused, static_cast<std::uint64_t>(clients) + 1);
    EXPECT_GT(taken_, clients / 2);
    EXPECT_GT(counters.requests_cut, static_cast<std::uint64_t>(clients / 10));
}

}  // namespace
}  // namespace streamgauge::http::test
