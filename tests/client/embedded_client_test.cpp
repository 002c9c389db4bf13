// SPDX-License-Identifier: GPL-3.0-or-later
// What only a backend in the same process can do to the console.
#include "client/embedded_client.h"

#include <QCoreApplication>
#include <QSignalSpy>

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "client/eventually.h"
#include "client/scripted_backend.h"

namespace streamgauge::client {
namespace {

using namespace std::chrono_literals;
using api::Topic;
using tests::eventually;
using State = ConnectionState;

class EmbeddedTest : public testing::Test {
protected:
    EmbeddedClient::Factory factory() {
        return [this]() -> Result<std::unique_ptr<Backend>> {
            ++starts;
            started_on = std::this_thread::get_id();
            if (fail) return Error{ErrorCode::Conflict, "process 123 has the data directory", {}, {}, "stop it first"};
            return std::unique_ptr<Backend>(std::make_unique<tests::ScriptedBackend>(services));
        };
    }
    tests::ScriptedServices services;
    std::atomic<int> starts = 0;
    std::atomic<bool> fail = false;
    std::thread::id started_on;
    QObject context;
};

TEST_F(EmbeddedTest, StartsOnAThreadOfItsOwn) {
    EmbeddedClient client(factory());
    client.start();
    EXPECT_EQ(client.state(), State::Connecting) << "start() does not wait";
    ASSERT_TRUE(eventually([&] { return client.state() == State::Live; }));
    EXPECT_NE(started_on, std::this_thread::get_id());
}

TEST_F(EmbeddedTest, SaysWhyItCouldNotStartAndTriesAgain) {
    fail = true;
    EmbeddedClient client(factory());
    client.start();
    ASSERT_TRUE(eventually([&] { return client.state() == State::Failed; }));
    EXPECT_THAT(client.error_text(), testing::HasSubstr("process 123"));
    fail = false;
    client.start();
    EXPECT_TRUE(eventually([&] { return client.state() == State::Live; }));
    EXPECT_EQ(starts, 2);
}

TEST_F(EmbeddedTest, TellsWhenItHasDrained) {
    EmbeddedClient client(factory());
    QSignalSpy stopped(&client, &EmbeddedClient::stopped);
    client.start();
    ASSERT_TRUE(eventually([&] { return client.state() == State::Live; }));
    client.stop();
    EXPECT_EQ(stopped.count(), 0) << "stop() does not wait";
    EXPECT_TRUE(eventually([&] { return stopped.count() == 1; }));
}

TEST_F(EmbeddedTest, AnUnwellBackendIsDegraded) {
    EmbeddedClient client(factory(), {10ms, 3000ms});
    client.start();
    ASSERT_TRUE(eventually([&] { return client.state() == State::Live; }));
    services.set_health({false, {{"journal", false, "the disk is full"}}});
    ASSERT_TRUE(eventually([&] { return client.state() == State::Degraded; }));
    EXPECT_THAT(client.error_text(), testing::HasSubstr("the disk is full"));
    services.set_health({true, {}});
    EXPECT_TRUE(eventually([&] { return client.state() == State::Live; }));
}

// The GUI does not run its loop while a thousand messages come: it must not find a thousand afterwards.
TEST_F(EmbeddedTest, AGuiThatFallsBehindGetsOneSnapshot) {
    EmbeddedClient client(factory());
    std::vector<api::LiveMessage> received;
    const auto subscription = client.live().subscribe(
        Topic::Overview, {}, &context, [&](const api::LiveMessage& message) { received.push_back(message); });
    client.start();
    ASSERT_TRUE(eventually([&] { return !received.empty(); }));
    const std::size_t before = received.size();
    std::thread live([&] {
        for (int i = 0; i < 1000; ++i) services.publish(api::Overview{});
    });
    live.join();
    ASSERT_TRUE(eventually([&] { return received.size() > before; }));
    tests::settle_events();
    EXPECT_LE(received.size() - before, LiveMailbox::kMessages + 1);
    EXPECT_TRUE(received[before].snapshot) << "what was lost is covered by a snapshot";
    services.publish(api::Overview{});
    const std::size_t caught_up = received.size();
    EXPECT_TRUE(eventually([&] { return received.size() > caught_up; })) << "and deltas go on after it";
}

TEST(LiveMailbox, WakesOncePerBatch) {
    LiveMailbox box;
    api::LiveMessage message;
    EXPECT_TRUE(box.put(message));
    EXPECT_FALSE(box.put(message)) << "one wake-up in flight";
    EXPECT_EQ(box.take().messages.size(), 2U);
    EXPECT_TRUE(box.put(message));
}

TEST(LiveMailbox, HoldsEightAndThenAsks) {
    LiveMailbox box;
    api::LiveMessage delta;
    for (std::size_t i = 0; i < LiveMailbox::kMessages; ++i) (void)box.put(delta);
    EXPECT_EQ(box.take().messages.size(), LiveMailbox::kMessages) << "at the bound nothing is lost";
    for (std::size_t i = 0; i < LiveMailbox::kMessages + 1; ++i) (void)box.put(delta);
    const auto mail = box.take();
    EXPECT_TRUE(mail.messages.empty());
    EXPECT_TRUE(mail.ask_for_snapshot);
    EXPECT_FALSE(box.put(delta)) << "nothing until the snapshot";
    EXPECT_FALSE(box.take().ask_for_snapshot) << "asked once";
    api::LiveMessage snapshot;
    snapshot.snapshot = true;
    EXPECT_TRUE(box.put(snapshot));
    (void)box.put(delta);
    EXPECT_EQ(box.take().messages.size(), 2U);
}

}  // namespace
}  // namespace streamgauge::client

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
