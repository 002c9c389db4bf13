// SPDX-License-Identifier: GPL-3.0-or-later
// A reader that keeps up gets every message; one that falls behind gets a snapshot once it has drained, and never a
// delta after a gap.
#include "server/live_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "api/codec.h"
#include "server/served_backend.h"
#include "server/ticker.h"

namespace streamgauge::test {
namespace {

class FakeStream final : public http::Stream {
public:
    bool push(std::shared_ptr<const std::string> chunk) override {
        const std::lock_guard lock(mutex_);
        chunks_.push_back(std::move(chunk));
        return true;
    }
    std::size_t backlog() const override { return backlog_; }
    bool closed() const override { return closed_; }
    void end() override { closed_ = true; }
    void on_closed(std::function<void()> callback) override { callback_ = std::move(callback); }

    void leave() {
        closed_ = true;
        std::exchange(callback_, nullptr)();
    }
    std::vector<std::shared_ptr<const std::string>> chunks() const {
        const std::lock_guard lock(mutex_);
        return chunks_;
    }
    std::atomic<std::size_t> backlog_{0};
    std::atomic<bool> closed_{false};

private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<const std::string>> chunks_;
    std::function<void()> callback_;
};

// Delivers what the test says, on the test's thread; counts what is asked of it.
class FakeLive final : public api::LiveService {
public:
    std::unique_ptr<api::Subscription> subscribe(api::Topic, api::TopicFilter filter,
                                                 std::optional<api::ResumePoint> resume,
                                                 std::function<void(const api::LiveMessage&)> receive) override {
        class Handle final : public api::Subscription {
        public:
            explicit Handle(FakeLive& live) : live_(live) {}
            ~Handle() override { live_.receive_ = nullptr; }
            void request_snapshot() override { ++live_.snapshots_asked_; }

        private:
            FakeLive& live_;
        };
        filter_ = std::move(filter);
        resume_ = resume;
        receive_ = std::move(receive);
        return std::make_unique<Handle>(*this);
    }
    void deliver(std::uint64_t seq, bool snapshot) const {
        api::LiveMessage message;
        message.epoch = 1;
        message.seq = seq;
        message.snapshot = snapshot;
        message.load = load_;
        receive_(message);
    }
    std::atomic<int> snapshots_asked_{0};
    std::function<void(const api::LiveMessage&)> receive_;
    api::TopicFilter filter_;
    std::optional<api::ResumePoint> resume_;
    std::shared_ptr<const api::LoadStatus> load_ = std::make_shared<api::LoadStatus>();
};

class LiveReaderTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::make_shared<LiveReader>(stream_, ticker_, texts_)
            ->open(live_, api::Topic::Load, {"click"}, api::ResumePoint{1, 7});
    }
    void TearDown() override {
        ticker_.stop();
        if (live_.receive_) stream_->leave();
    }
    std::vector<std::string> ids() const {
        std::vector<std::string> all;
        for (const auto& chunk : stream_->chunks()) all.push_back(chunk->substr(4, chunk->find('\n') - 4));
        return all;
    }

    FakeLive live_;
    Ticker ticker_;
    std::shared_ptr<SharedText> texts_ = std::make_shared<SharedText>();
    std::shared_ptr<FakeStream> stream_ = std::make_shared<FakeStream>();
};

TEST_F(LiveReaderTest, OneThatKeepsUpGetsEverything) {
    EXPECT_EQ(live_.filter_.event_type, "click");
    EXPECT_EQ(live_.resume_->seq, 7u);
    live_.deliver(1, true);
    live_.deliver(2, false);
    live_.deliver(3, false);
    EXPECT_EQ(ids(), (std::vector<std::string>{"1:1", "1:2", "1:3"}));
    EXPECT_EQ(live_.snapshots_asked_, 0);
}

TEST_F(LiveReaderTest, OneThatFallsBehindGetsASnapshotOnceItHasDrained) {
    live_.deliver(1, true);
    stream_->backlog_ = LiveReader::kFullBacklog + 1;
    for (std::uint64_t seq = 2; seq < 100; ++seq) live_.deliver(seq, false);
    live_.deliver(100, true);  // not even a snapshot is queued behind a full backlog
    EXPECT_EQ(ids().size(), 1u);
    EXPECT_EQ(live_.snapshots_asked_, 0);
    stream_->backlog_ = 0;
    live_.deliver(101, false);  // a delta after a gap would mean nothing
    EXPECT_EQ(ids().size(), 1u);
    EXPECT_GT(ask_until([&] { return live_.snapshots_asked_.load(); }, [](int asked) { return asked > 0; }), 0);
    live_.deliver(101, true);
    live_.deliver(102, false);
    EXPECT_EQ(ids(), (std::vector<std::string>{"1:1", "1:101", "1:102"}));
}

TEST_F(LiveReaderTest, TheSubscriptionEndsWithTheStream) {
    stream_->leave();
    EXPECT_FALSE(live_.receive_);
}

TEST_F(LiveReaderTest, ReadersOfTheSameMessageShareItsText) {
    const auto other = std::make_shared<FakeStream>();
    FakeLive other_live;
    other_live.load_ = live_.load_;
    std::make_shared<LiveReader>(other, ticker_, texts_)->open(other_live, api::Topic::Load, {}, std::nullopt);
    live_.deliver(1, true);
    other_live.deliver(1, true);
    EXPECT_EQ(stream_->chunks()[0], other->chunks()[0]);
    live_.deliver(2, false);
    other_live.load_ = std::make_shared<api::LoadStatus>();
    other_live.deliver(2, false);
    EXPECT_NE(stream_->chunks()[1], other->chunks()[1]);
    other->leave();
}

TEST(TickerTest, RunsTasksUntilTheySayNoAndStopsAtOnce) {
    Ticker ticker;
    std::atomic<int> runs{0};
    ticker.add([&runs] { return ++runs < 2; });
    EXPECT_EQ(ask_until([&] { return runs.load(); }, [](int n) { return n >= 2; }), 2);
    ticker.stop();
    ticker.add([&runs] { return ++runs > 0; });
    EXPECT_EQ(runs, 2);
    // It does not wait for its next second; a loaded machine may keep one of them waiting, and not all.
    std::chrono::steady_clock::duration quickest = std::chrono::hours(1);
    for (int i = 0; i < 10 && quickest >= std::chrono::milliseconds(500); ++i) {
        Ticker other;
        other.add([] { return true; });
        const auto before = std::chrono::steady_clock::now();
        other.stop();
        quickest = std::min(quickest, std::chrono::steady_clock::now() - before);
    }
    EXPECT_LT(quickest, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace streamgauge::test
