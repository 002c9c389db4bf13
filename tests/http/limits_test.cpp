// SPDX-License-Identifier: GPL-3.0-or-later
// Every limit and deadline of a connection at n and at n + 1, on both engines. Time is the test's.
#include "http/engine_fixture.h"

namespace streamgauge::http::test {
namespace {

class Limits : public EngineTest {
protected:
    // Holds at the deadline itself; falls a nanosecond after it.
    template <class Duration>
    void pass_deadline(Duration deadline, const std::function<bool()>& holds) {
        clock.advance(scaled(deadline));
        clock.let_tick();
        EXPECT_TRUE(holds());
        clock.advance(std::chrono::nanoseconds(1));
    }
    std::uint64_t open() const { return engine->counters().open; }
};
INSTANTIATE_TEST_SUITE_P(Engines, Limits, ::testing::Values(Kind::Public, Kind::Management), kind_name);

TEST_P(Limits, ASlowHeadIsAnswered408) {
    RawClient client(port);
    ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost:"));
    ASSERT_TRUE(eventually([&] { return open() == 1; }));
    clock.let_tick();  // the bytes are surely read
    pass_deadline(limits::kHeadDeadline, [&] { return client.send(" localhost\r\nX: y\r\n"); });
    const Answer answer = client.read();
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.ended());
}

TEST_P(Limits, AHeadInTimeIsServed) {
    RawClient client(port);
    ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost:"));
    clock.let_tick();
    clock.advance(scaled(limits::kHeadDeadline));
    clock.let_tick();
    EXPECT_EQ(client.exchange(" localhost\r\n\r\n").status, 200);
}

TEST_P(Limits, AnIdleConnectionIsClosedWithoutAWord) {
    RawClient fresh(port);
    RawClient used(port);
    EXPECT_EQ(used.exchange(get("/hello")).status, 200);
    ASSERT_TRUE(eventually([&] { return open() == 2; }));
    pass_deadline(limits::kIdleDeadline, [&] { return open() == 2; });
    EXPECT_TRUE(fresh.ended());
    EXPECT_TRUE(used.ended());
    EXPECT_EQ(used.rest(), "");
}

TEST_P(Limits, AnAnswerThatIsOwedIsNotIdle) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/later?long")));
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    clock.advance(scaled(limits::kIdleDeadline) * 10);
    clock.let_tick();
    answer_held();
    EXPECT_EQ(client.read().body, "long");
}

TEST_P(Limits, ASlowBodyIsAnswered408) {
    for (const std::string& head : {std::string("Content-Length: 100000\r\n"), std::string("Content-Length: 5000\r\n"),
                                    std::string("Transfer-Encoding: chunked\r\n")}) {
        SCOPED_TRACE(head);
        RawClient client(port);
        ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n"));
        clock.let_tick();
        clock.advance(scaled(limits::kBodyGrace));
        clock.let_tick();
        // 1024 bytes for the first second after the grace: enough, and then one second more without a byte is not.
        ASSERT_TRUE(client.send(head.front() == 'T' ? "7C0\r\n" + std::string(1019, 'b') : std::string(1024, 'b')));
        clock.let_tick();
        pass_deadline(std::chrono::seconds(1), [&] { return true; });
        EXPECT_EQ(client.read().status, 408);
        EXPECT_TRUE(client.ended());
    }
}

TEST_P(Limits, ASteadyBodyIsServed) {
    RawClient client(port);
    const std::size_t seconds = 30;
    ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                            std::to_string(seconds * limits::kBodyBytesPerSecond) + "\r\n\r\n"));
    clock.let_tick();
    clock.advance(scaled(limits::kBodyGrace));
    for (std::size_t i = 0; i < seconds; ++i) {
        ASSERT_TRUE(client.send(std::string(limits::kBodyBytesPerSecond, 'b')));
        if (i + 1 == seconds) break;
        clock.let_tick();
        clock.advance(scaled(std::chrono::seconds(1)));
        clock.let_tick();
    }
    EXPECT_EQ(client.read().body.size(), seconds * limits::kBodyBytesPerSecond);
}

TEST_P(Limits, AnAnswerThatIsNotReadIsCut) {
    RawClient client(port, nullptr, 4096);
    ASSERT_TRUE(client.send(get("/large?bytes=20000000")));
    ASSERT_TRUE(eventually([&] { return engine->counters().requests_answered == 1; }));
    clock.let_tick();
    pass_deadline(limits::kAnswerDrainDeadline, [&] { return open() == 1; });
    EXPECT_TRUE(eventually([&] { return open() == 0; }));
    while (client.read().status != 0) {
    }
    EXPECT_TRUE(client.was_reset());
}

TEST_P(Limits, PipelinedRequestsWaitForAnswers) {
    RawClient client(port);
    std::string wire;
    for (std::size_t i = 0; i < limits::kPipelinedRequests + 8; ++i) wire += get("/later?" + std::to_string(i));
    ASSERT_TRUE(client.send(wire));
    ASSERT_TRUE(eventually([&] { return held() == limits::kPipelinedRequests; }));
    clock.let_tick();
    expect_alive();
    EXPECT_EQ(held(), limits::kPipelinedRequests);
    auto replies = take_held();
    replies[0].second->send({200, "text/plain", "0", {}});
    EXPECT_EQ(client.read().body, "0");
    ASSERT_TRUE(eventually([&] { return held() == 1; })) << "one answer out, one request in";
    clock.let_tick();
    EXPECT_EQ(held(), 1U);
    for (std::size_t i = 1; i < replies.size(); ++i)
        replies[i].second->send({200, "text/plain", std::to_string(i), {}});
    for (std::size_t i = 1; i < limits::kPipelinedRequests; ++i) ASSERT_EQ(client.read().body, std::to_string(i));
    ASSERT_TRUE(eventually([&] { return held() == 8; }));
    answer_held();
    for (std::size_t i = 0; i < 8; ++i) ASSERT_EQ(client.read().body, std::to_string(limits::kPipelinedRequests + i));
}

TEST_P(Limits, UnreadAnswersStopTheReading) {
    RawClient client(port, nullptr, 16 * 1024);
    constexpr int kRequests = 400;
    constexpr std::size_t kBytes = 100'000;
    std::string wire;
    for (int i = 0; i < kRequests; ++i) wire += get("/large?bytes=" + std::to_string(kBytes));
    std::thread sender([&] { client.send(wire); });
    std::uint64_t before = 0;
    ASSERT_TRUE(eventually([&] {
        const std::uint64_t last = std::exchange(before, engine->counters().requests_answered);
        clock.let_tick();
        return last > 0 && last == engine->counters().requests_answered;
    }));
    // 1 MiB of ours, one answer more, and what the kernel holds (at most 4 MiB of send buffer by its defaults).
    EXPECT_LT(before * kBytes, 8U * 1024 * 1024);
    for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.read().body.size(), kBytes) << i;
    sender.join();
}

TEST_P(Limits, BodiesInFlightAreBounded) {
    const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: ";
    std::vector<RawClient> holders;
    for (std::size_t i = 0; i < limits::kBodyBytesInFlight / limits::kIngestBodyBytes; ++i) {
        holders.emplace_back(port);
        ASSERT_TRUE(
            holders.back().send(head + std::to_string(limits::kIngestBodyBytes) + "\r\nExpect: 100-continue\r\n\r\n"));
        ASSERT_EQ(holders.back().read().status, 100) << "64 MiB are let in, to the byte";
    }
    RawClient waiting(port);
    RawClient refused(port);
    ASSERT_TRUE(waiting.send(head + "2\r\n\r\n1"));
    ASSERT_TRUE(refused.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1"));
    clock.let_tick();
    EXPECT_EQ(client().exchange(post("/echo", "whole")).body, "whole")
        << "a body that came with its head needs no room";
    holders.pop_back();  // a client leaves: there is room again
    ASSERT_TRUE(waiting.send("2"));
    EXPECT_EQ(waiting.read().body, "12");
    EXPECT_EQ(refused.exchange("2\r\n0\r\n\r\n").body, "12");

    holders.emplace_back(port);
    ASSERT_TRUE(
        holders.back().send(head + std::to_string(limits::kIngestBodyBytes) + "\r\nExpect: 100-continue\r\n\r\n"));
    ASSERT_EQ(holders.back().read().status, 100);
    ASSERT_TRUE(waiting.send(head + "2\r\n\r\n1"));
    ASSERT_TRUE(refused.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1"));
    clock.let_tick();
    // The holders are slow, but not so slow that they are cut before the others were told.
    for (RawClient& holder : holders) ASSERT_TRUE(holder.send(std::string(64 * 1024, 'b')));
    clock.let_tick();
    pass_deadline(limits::kBodyGrace, [&] { return open() == holders.size() + 2; });
    for (RawClient* client : {&waiting, &refused}) {
        const Answer answer = client->read();
        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(answer.header("Retry-After"), "1");
        EXPECT_TRUE(client->ended());
    }
    holders.clear();
    waiting.close();
    refused.close();
    EXPECT_TRUE(eventually([&] { return balanced(); }));
    expect_alive();
}

TEST_P(Limits, ConnectionsPerAddressAreBounded) {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < limits::kConnectionsPerAddress; ++i) clients.emplace_back(port);
    EXPECT_EQ(clients.back().exchange(get("/hello")).status, 200);
    RawClient beyond(port);
    const Answer answer = beyond.read();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("Retry-After"), "1");
    EXPECT_TRUE(beyond.ended());
    EXPECT_EQ(engine->counters().refused, 1U);
    EXPECT_EQ(engine->counters().open, limits::kConnectionsPerAddress);
    EXPECT_EQ(RawClient(port, "127.0.0.2").exchange(get("/hello")).status, 200) << "another address has its own share";
    clients.pop_back();
    ASSERT_TRUE(eventually([&] { return open() < limits::kConnectionsPerAddress; }));
    expect_alive();
}

TEST_P(Limits, ConnectionsAreBounded) {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < limits::kConnections; ++i) {
        const std::string from = "127.0.1." + std::to_string(1 + i / limits::kConnectionsPerAddress);
        clients.emplace_back(port, from.c_str());
        ASSERT_TRUE(clients.back().connected()) << i << ": are there enough descriptors?";
    }
    EXPECT_EQ(clients.back().exchange(get("/hello")).status, 200);
    ASSERT_TRUE(eventually([&] { return open() == limits::kConnections; }));
    RawClient beyond(port);
    EXPECT_EQ(beyond.read().status, 503);
    EXPECT_TRUE(beyond.ended());
    // Beyond those that are told, connections are closed without a word; none of it hurts the others.
    std::vector<RawClient> flood;
    for (int i = 0; i < 400; ++i) flood.emplace_back(port);
    for (RawClient& client : flood) {
        const int status = client.read().status;
        ASSERT_TRUE(status == 503 || status == 0) << status;
    }
    EXPECT_EQ(clients.front().exchange(get("/hello")).status, 200);
    flood.clear();
    clients.clear();
    EXPECT_TRUE(eventually([&] { return balanced(); }));
    expect_alive();
}

TEST_P(Limits, AClientThatKeepsSendingIsNotResetBeforeItReadsItsAnswer) {
    RawClient client(port);
    const std::string body(3 * 1024 * 1024, 'b');
    std::thread sender([&] { client.send(post("/small", body)); });
    EXPECT_EQ(client.read().status, 413);
    sender.join();
    EXPECT_TRUE(client.ended());
    EXPECT_FALSE(client.was_reset());
}

TEST_P(Limits, AClientThatNeverClosesIsClosed) {
    RawClient client(port);
    EXPECT_EQ(client.exchange("BAD\r\n\r\n").status, 400);
    EXPECT_EQ(open(), 1U);
    clock.let_tick();
    clock.advance(std::chrono::seconds(2));
    EXPECT_TRUE(eventually([&] { return open() == 0; }));
}

}  // namespace
}  // namespace streamgauge::http::test
