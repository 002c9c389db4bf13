// SPDX-License-Identifier: GPL-3.0-or-later
// What is the management engine's own: where it may bind, that requests pass QtHttpServer unharmed, and that clients
// who leave at any moment harm nobody. What both engines share is in the conformance suite.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <QCoreApplication>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "http/engine.h"
#include "support/eventually.h"

namespace streamgauge::http {
namespace {

using namespace std::chrono_literals;
using streamgauge::test::eventually;
constexpr auto kPatience = 20s;

// A blocking client socket; bytes are exactly what the test says.
class Client {
public:
    explicit Client(std::uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const void* raw = &address;
        connected_ = connect(descriptor_, static_cast<const sockaddr*>(raw), sizeof(address)) == 0;
    }
    ~Client() { close(descriptor_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool connected() const { return connected_; }
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    void reset() const {  // closing sends RST
        const linger now{1, 0};
        setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    void half_close() const { shutdown(descriptor_, SHUT_WR); }
    // Until `enough`, the end of the connection, or the end of patience.
    std::string read_until(const std::function<bool(const std::string&)>& enough) const {
        std::string text;
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (!enough(text)) {
            pollfd ready{descriptor_, POLLIN, 0};
            const auto left = deadline - std::chrono::steady_clock::now();
            if (left <= 0s) break;
            poll(&ready, 1, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count()));
            std::array<char, 65536> bytes;
            const ssize_t count = recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (count > 0) {
                text.append(bytes.data(), static_cast<std::size_t>(count));
            } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
                break;
            }
        }
        return text;
    }
    std::string read_to_end() const {
        return read_until([](const std::string&) { return false; });
    }

private:
    int descriptor_;
    bool connected_ = false;
};

// Answers on a thread of its own, so that replies race with their clients' leaving.
class Answerer {
public:
    Answerer() : thread_([this] { run(); }) {}
    ~Answerer() {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        ready_.notify_one();
        thread_.join();
    }
    void later(ReplyPtr reply) {
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(reply));
        }
        ready_.notify_one();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            ready_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            std::vector<ReplyPtr> batch;
            batch.swap(waiting_);
            lock.unlock();
            for (const ReplyPtr& reply : batch) reply->send(Response::json(200, R"({"late":true})"));
            batch.clear();
            lock.lock();
        }
    }
    std::mutex mutex_;
    std::condition_variable ready_;
    std::vector<ReplyPtr> waiting_;
    bool stop_ = false;
    std::thread thread_;
};

class ManagementEngineTest : public testing::Test {
protected:
    void add(Method method, std::string path, Handler handler, std::size_t body_limit = limits::kIngestBodyBytes) {
        ASSERT_TRUE(table_
                        .add({method, std::move(path), Scope::Public, Plane::ManagementOnly, body_limit, "Test.",
                              std::move(handler)})
                        .ok());
    }
    void start(EngineOptions options = {}) {
        engine_ = make_management_engine(table_, clock_, std::move(options));
        const auto bound = engine_->listen({"127.0.0.1", 0});
        ASSERT_TRUE(bound.ok()) << bound.error().describe();
        port_ = bound.value().port;
        const Status started = engine_->start();
        ASSERT_TRUE(started.ok()) << started.error().describe();
    }

    SystemClock clock_;
    RouteTable table_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Engine> engine_;
};

TEST_F(ManagementEngineTest, BindsLoopbackOnly) {
    const auto engine = make_management_engine(table_, clock_, {});
    for (const char* address : {"0.0.0.0", "::", "192.0.2.1", "128.0.0.1"}) {
        const auto bound = engine->listen({address, 0});
        ASSERT_FALSE(bound.ok()) << address;
        EXPECT_EQ(bound.error().code, ErrorCode::Forbidden) << address;
        EXPECT_FALSE(bound.error().hint.empty());
    }
    EXPECT_TRUE(engine->listen({"127.0.0.2", 0}).ok());
}

TEST_F(ManagementEngineTest, SaysWhoHoldsATakenPort) {
    start();
    const auto other = make_management_engine(table_, clock_, {});
    const auto bound = other->listen({"127.0.0.1", port_});
    ASSERT_FALSE(bound.ok());
    EXPECT_EQ(bound.error().code, ErrorCode::Unavailable);
    EXPECT_NE(bound.error().hint.find(std::to_string(port_)), std::string::npos);
}

// Each of these was lost, reordered or misread by QtHttpServer alone.
TEST_F(ManagementEngineTest, RequestsPassQtHttpServerUnharmed) {
    add(Method::Post, "/echo", [](const Request& request, const ReplyPtr& reply) {
        std::string text(request.target);
        for (const auto& [name, value] : request.headers) text += "|" + std::string(name) + "=" + std::string(value);
        text += "|" + std::string(request.body);
        // What lies behind the body is readable.
        EXPECT_GE(request.padded_capacity, request.body.size() + 64);
        volatile char last = request.body.data()[request.padded_capacity - 1];
        static_cast<void>(last);
        reply->send(Response::json(200, text));
    });
    start();
    const Client client(port_);
    // Chunked with an extension and a trailer, odd target, Upgrade, then a pipelined one, in one packet.
    ASSERT_TRUE(
        client.send("POST /echo?a=%2F&b=+ HTTP/1.1\r\nHost: localhost\r\nX-Mixed: Case\r\nConnection: Upgrade\r\n"
                    "Upgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: r\r\n\r\n"
                    "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"));
    const std::string answers = client.read_to_end();
    const std::size_t first = answers.find("/echo?a=%2F&b=+|Host=localhost|X-Mixed=Case|Connection=Upgrade|");
    const std::size_t second = answers.find("/echo|Host=localhost|Content-Length=2|Connection=close|hi");
    ASSERT_NE(first, std::string::npos) << answers;
    ASSERT_NE(second, std::string::npos) << answers;
    EXPECT_LT(first, second);
    EXPECT_NE(answers.find("|abc"), std::string::npos);
    EXPECT_EQ(answers.find("404"), std::string::npos);
}

TEST_F(ManagementEngineTest, LargeBodiesArriveWhole) {
    add(Method::Post, "/size", [](const Request& request, const ReplyPtr& reply) {
        std::size_t sum = 0;
        for (const char c : request.body) sum += static_cast<unsigned char>(c);
        reply->send(Response::json(200, std::to_string(request.body.size()) + ":" + std::to_string(sum)));
    });
    start();
    std::string body(limits::kIngestBodyBytes, 'x');
    body.back() = '\n';
    const std::size_t sum = (body.size() - 1) * 'x' + '\n';
    const Client client(port_);
    ASSERT_TRUE(client.send("POST /size HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n"));
    ASSERT_TRUE(client.send(body));
    const std::string answer = client.read_to_end();
    EXPECT_NE(answer.find(std::to_string(body.size()) + ":" + std::to_string(sum)), std::string::npos) << answer;
}

TEST_F(ManagementEngineTest, HalfClosedClientGetsItsLateAnswer) {
    Answerer answerer;
    add(Method::Get, "/late", [&](const Request&, const ReplyPtr& reply) { answerer.later(reply); });
    start();
    const Client client(port_);
    ASSERT_TRUE(client.send("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    client.half_close();
    EXPECT_NE(client.read_to_end().find(R"({"late":true})"), std::string::npos);
    engine_->stop(1s);
}

// Where QtHttpServer alone crashed on 6.4, 6.8 and 6.11: clients leave while answers and streams are on their way.
TEST_F(ManagementEngineTest, ClientsMayLeaveAtAnyMoment) {
    Answerer answerer;
    add(Method::Get, "/now", [](const Request&, const ReplyPtr& reply) { reply->send(Response::json(200, "{}")); });
    add(Method::Get, "/late", [&](const Request&, const ReplyPtr& reply) { answerer.later(reply); });
    add(Method::Get, "/stream", [](const Request&, const ReplyPtr& reply) {
        const auto stream = reply->stream();
        if (!stream) return;
        stream->on_closed([] {});
        for (int i = 0; i < 4; ++i) stream->push(std::make_shared<const std::string>("data: x\n\n"));
    });
    start();
    constexpr int kClients = 3000;
    constexpr std::string_view kGet = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    std::uint32_t random = 12345;
    for (int i = 0; i < kClients; ++i) {
        const Client client(port_);
        ASSERT_TRUE(client.connected());
        std::string requests;
        random = random * 1664525 + 1013904223;
        const unsigned shape = random >> 24U;
        for (unsigned n = 0; n <= shape % 4; ++n) requests += "GET /now" + std::string(kGet);
        requests += (shape & 4U) != 0 ? "GET /late" : "GET /stream";
        requests += kGet;
        if ((shape & 8U) != 0) requests += "GET /late" + std::string(kGet);
        if ((shape & 16U) != 0) requests.resize(requests.size() - 7);
        ASSERT_TRUE(client.send(requests));
        if ((shape & 32U) != 0) client.read_until([](const std::string& text) { return !text.empty(); });
        if ((shape & 64U) != 0) client.reset();
    }
    ASSERT_TRUE(eventually([&] { return engine_->counters().open == 0; }));
    const Client last(port_);
    ASSERT_TRUE(last.send("GET /now HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    EXPECT_EQ(last.read_to_end().substr(0, 15), "HTTP/1.1 200 OK");
    engine_->stop(5s);
    const ConnectionCounters counters = engine_->counters();
    EXPECT_GE(counters.accepted, kClients / 4U);  // a client that resets before it is accepted is never seen
    EXPECT_EQ(counters.requests_arrived, counters.requests_answered + counters.requests_cut);
    EXPECT_EQ(counters.open, 0U);
}

TEST_F(ManagementEngineTest, StopCutsWhatIsNotAnsweredInTime) {
    std::vector<ReplyPtr> held;
    std::mutex mutex;
    add(Method::Get, "/never", [&](const Request&, const ReplyPtr& reply) {
        const std::lock_guard lock(mutex);
        held.push_back(reply);
    });
    start();
    const Client client(port_);
    ASSERT_TRUE(client.send("GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(eventually([&] {
        const std::lock_guard lock(mutex);
        return !held.empty();
    }));
    engine_->stop(50ms);
    engine_->stop(50ms);
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(engine_->counters().requests_cut, 1U);
    held.front()->send(Response::json(200, "{}"));  // dropped quietly
    engine_.reset();
    held.clear();
}

}  // namespace
}  // namespace streamgauge::http

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const QCoreApplication application(argc, argv);
    return RUN_ALL_TESTS();
}
