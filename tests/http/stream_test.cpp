// SPDX-License-Identifier: GPL-3.0-or-later
// Event streams, clients that leave before their answer, and stopping, on both engines.
#include <random>

#include "http/engine_fixture.h"

namespace streamgauge::http::test {
namespace {

std::shared_ptr<const std::string> event(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
}

class Streams : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Streams, ::testing::Values(Kind::Public, Kind::PublicTwoThreads, Kind::Management),
                         kind_name);

TEST_P(Streams, CarryEventsInOrder) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/stream")));
    const auto out = stream();
    const Answer head = client.read();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
    EXPECT_EQ(head.header("Cache-Control"), "no-store");
    EXPECT_EQ(head.header("Connection"), "close");
    EXPECT_EQ(head.header("Content-Length"), "");
    for (int i = 0; i < 2000; ++i) {
        ASSERT_TRUE(out->push(
            event("data: " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 7) * 1000, '.') + "\n\n")));
        ASSERT_TRUE(client.read_until("data: " + std::to_string(i)));
        ASSERT_TRUE(client.read_until("\n\n"));
    }
    EXPECT_TRUE(eventually([&] { return out->backlog() == 0; }));
    EXPECT_FALSE(out->closed());
    out->push(event("data: last\n\n"));
    out->end();
    EXPECT_FALSE(out->push(event("data: too late\n\n")));
    EXPECT_TRUE(client.read_until("data: last\n\n"));
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(streams_closed, 0) << "we ended it ourselves";
}

TEST_P(Streams, WaitForTheAnswersBeforeThem) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/later?first") + get("/stream") + get("/hello")));
    const auto out = stream();
    EXPECT_TRUE(out->push(event("data: early\n\n")));
    EXPECT_GT(out->backlog(), 0U);
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    answer_held();
    EXPECT_EQ(client.read().body, "first");
    EXPECT_EQ(client.read().status, 200);
    EXPECT_TRUE(client.read_until("data: early\n\n"));
    out->end();
    EXPECT_TRUE(client.ended()) << "nothing behind a stream is served";
}

TEST_P(Streams, AreKeptAliveByComments) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/stream")));
    const auto out = stream();
    ASSERT_EQ(client.read().status, 200);
    clock.let_tick();
    for (int i = 0; i < 3; ++i) {
        clock.advance(scaled(limits::kStreamHeartbeat) + std::chrono::nanoseconds(1));
        EXPECT_TRUE(client.read_until(":\n\n"));
    }
    EXPECT_TRUE(out->push(event("data: x\n\n")));
    EXPECT_TRUE(client.read_until("data: x\n\n"));
}

TEST_P(Streams, CutReadersThatAreTooSlow) {
    RawClient client(port, nullptr, 4096);
    ASSERT_TRUE(client.send(get("/stream")));
    const auto out = stream();
    ASSERT_EQ(client.read().status, 200);
    const auto chunk = event(std::string(64 * 1024, 'x'));
    std::size_t most = 0;
    ASSERT_TRUE(eventually([&] {
        const bool kept = out->push(chunk);
        most = std::max(most, out->backlog());
        return !kept;
    }));
    EXPECT_LE(most, limits::kUnreadAnswerBytes);
    EXPECT_TRUE(eventually([&] { return streams_closed == 1; }));
    EXPECT_TRUE(out->closed());
    EXPECT_FALSE(out->push(chunk));
    EXPECT_TRUE(eventually([&] { return balanced(); }));
    expect_alive();
}

TEST_P(Streams, HoldExactlyTheirBacklog) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/later?blocks") + get("/stream")));  // the stream cannot start: all of it is backlog
    const auto out = stream();
    EXPECT_TRUE(out->push(event(std::string(limits::kUnreadAnswerBytes, 'x'))));
    EXPECT_EQ(out->backlog(), limits::kUnreadAnswerBytes);
    EXPECT_FALSE(out->push(event("y")));
    EXPECT_TRUE(eventually([&] { return streams_closed == 1; }));
}

TEST_P(Streams, NoticeReadersThatVanish) {
    for (const bool reset : {false, true}) {
        RawClient client(port);
        ASSERT_TRUE(client.send(get("/stream")));
        const auto out = stream(reset ? 1 : 0);
        ASSERT_EQ(client.read().status, 200);
        reset ? client.reset() : client.close();
        EXPECT_TRUE(eventually([&] { return out->closed(); }));
        EXPECT_TRUE(eventually([&] { return streams_closed == (reset ? 2 : 1); }));
        EXPECT_FALSE(out->push(event("data\n\n")));
        out->end();
    }
    EXPECT_TRUE(eventually([&] { return balanced(); }));
}

TEST_P(Streams, AnswerHeadWithoutEvents) {
    RawClient client(port);
    ASSERT_TRUE(client.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    EXPECT_EQ(client.read(true).status, 200);
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(eventually([&] { return streams_closed == 1; }));
}

TEST_P(Streams, AreBoundedInNumber) {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < limits::kStreamsPerServer; ++i) {
        const std::string from = "127.0.2." + std::to_string(1 + i / limits::kConnectionsPerAddress);
        clients.emplace_back(port, from.c_str());
        ASSERT_TRUE(clients.back().send(get("/stream")));
        ASSERT_EQ(clients.back().read().status, 200) << i;
    }
    RawClient beyond(port);
    EXPECT_EQ(beyond.exchange(get("/stream")).status, 503);
    EXPECT_EQ(beyond.exchange(get("/hello")).status, 200);
    clients.pop_back();
    EXPECT_TRUE(eventually([&] { return streams_closed == 1; }));
    ASSERT_TRUE(beyond.send(get("/stream")));
    EXPECT_EQ(beyond.read().status, 200);
    engine->stop(std::chrono::seconds(5));
    EXPECT_EQ(streams_closed, static_cast<int>(limits::kStreamsPerServer) + 1) << "stopping tells every stream";
    EXPECT_TRUE(balanced());
}

class Leaving : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Leaving, ::testing::Values(Kind::Public, Kind::PublicTwoThreads, Kind::Management),
                         kind_name);

// Clients go at every point of an exchange while answers and events come from other threads.
TEST_P(Leaving, RacesWithItsAnswers) {
    std::atomic<bool> stop{false};
    std::vector<std::thread> answerers;
    for (int i = 0; i < 2; ++i) {
        answerers.emplace_back([&] {
            while (!stop) {
                answer_held();
                std::vector<std::shared_ptr<Stream>> streams;
                {
                    const std::lock_guard lock(mutex_);
                    streams = streams_;
                }
                for (const auto& out : streams) out->push(event("data: x\n\n"));
                if (streams.size() > 50) {
                    const std::lock_guard lock(mutex_);
                    std::erase_if(streams_, [](const auto& out) { return out->closed(); });
                }
                std::this_thread::yield();
            }
        });
    }
    std::mt19937 random(3);
    for (int i = 0; i < 3000; ++i) {
        RawClient client(port);
        std::string wire;
        for (auto request = random() % 6; request > 0; --request)
            wire += request == 3 ? get("/hello") : get("/later?x");
        switch (random() % 6) {
            case 0:
                wire += get("/stream");
                break;
            case 1:
                wire += "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\nbody";
                break;
            case 2:
                wire += "GET /hel";
                break;
            case 3:
                wire += "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
                break;
            default:
                break;
        }
        ASSERT_TRUE(client.connected());
        client.send(wire);
        if (random() % 3 == 0 && wire.starts_with("GET /l")) client.read();
        switch (random() % 3) {
            case 0:
                client.reset();
                break;
            case 1:
                client.end_sending();
                break;
            default:
                break;
        }
    }
    EXPECT_TRUE(eventually([&] { return balanced(); }))
        << engine->counters().open << " open, " << engine->counters().requests_arrived << " arrived, "
        << engine->counters().requests_answered << " answered, " << engine->counters().requests_cut << " cut";
    stop = true;
    for (std::thread& answerer : answerers) answerer.join();
    EXPECT_GT(engine->counters().requests_cut, 100U) << "the race was not one";
    expect_alive();
}

TEST_P(Leaving, IsToldToNobodyWhenTheEngineIsGone) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 10; ++i) {
        clients.emplace_back(port);
        ASSERT_TRUE(clients.back().send(get("/later?x")));
    }
    RawClient reader(port);
    ASSERT_TRUE(reader.send(get("/stream")));
    const auto out = stream();
    ASSERT_TRUE(eventually([&] { return held() == 10; }));
    engine->stop(std::chrono::milliseconds(1));
    EXPECT_EQ(engine->counters().requests_cut, 10U);
    EXPECT_TRUE(balanced());
    engine.reset();
    answer_held();
    EXPECT_TRUE(out->closed());
    EXPECT_FALSE(out->push(event("data\n\n")));
    out->end();
    EXPECT_EQ(streams_closed, 1);
}

class Stopping : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Stopping, ::testing::Values(Kind::Public, Kind::PublicTwoThreads, Kind::Management),
                         kind_name);

TEST_P(Stopping, AnswersWhatIsInFlight) {
    RawClient idle(port);
    EXPECT_EQ(idle.exchange(get("/hello")).status, 200);
    RawClient waiting(port);
    ASSERT_TRUE(waiting.send(get("/later?one") + get("/later?two")));
    RawClient sending(port);
    ASSERT_TRUE(
        sending.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n"));
    EXPECT_EQ(sending.read().status, 100);
    RawClient reader(port);
    ASSERT_TRUE(reader.send(get("/stream")));
    stream();
    EXPECT_EQ(reader.read().status, 200);
    ASSERT_TRUE(eventually([&] { return held() == 2; }));

    std::atomic<bool> stopped{false};
    std::thread stopper([&] {
        engine->stop(std::chrono::seconds(20));
        stopped = true;
    });
    EXPECT_TRUE(idle.ended());
    EXPECT_TRUE(reader.ended());
    EXPECT_EQ(streams_closed, 1);
    // Each thread closes its own listener.
    EXPECT_TRUE(eventually([&] { return !RawClient(port).connected(); })) << "nobody new is let in";
    EXPECT_FALSE(stopped);
    answer_held();
    EXPECT_EQ(waiting.read().body, "one");
    const Answer last = waiting.read();
    EXPECT_EQ(last.body, "two");
    EXPECT_EQ(last.header("Connection"), "close");
    EXPECT_EQ(sending.exchange("tropfe").body, "tropfe");
    EXPECT_TRUE(waiting.ended());
    EXPECT_TRUE(sending.ended());
    waiting.close();
    sending.close();
    stopper.join();
    EXPECT_TRUE(balanced());
    EXPECT_EQ(engine->counters().requests_cut, 0U);
    engine->stop(std::chrono::seconds(1));
}

TEST_P(Stopping, CutsAtTheDeadline) {
    RawClient client(port);
    ASSERT_TRUE(client.send(get("/later?x")));
    ASSERT_TRUE(eventually([&] { return held() == 1; }));
    engine->stop(std::chrono::milliseconds(50));
    EXPECT_EQ(engine->counters().requests_cut, 1U);
    EXPECT_TRUE(client.ended());
}

TEST_P(Stopping, IsHarmlessBeforeStarting) {
    const auto other = make({});
    ASSERT_TRUE(other->listen({"127.0.0.1", 0}).ok());
    other->stop(std::chrono::seconds(1));
    other->stop(std::chrono::seconds(1));
}

}  // namespace
}  // namespace streamgauge::http::test
