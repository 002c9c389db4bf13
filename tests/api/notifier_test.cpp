// SPDX-License-Identifier: GPL-3.0-or-later
// Notifications arrive at least once: after failures with growing pauses, after a restart, in order, each target by
// itself, and never more than the queue holds.
#include "api/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "api/notification_codec.h"
#include "support/eventually.h"
#include "support/temporary_directory.h"

namespace streamgauge::api {
namespace {

using test::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class NotifierTest : public testing::Test {
protected:
    void SetUp() override {
        options_.first_pause_nanos = 1'000'000;
        options_.longest_pause_nanos = 4'000'000;
        open();
        ASSERT_TRUE(put("pager").ok());
    }
    void TearDown() override { notifier_.reset(); }
    void open() {
        notifier_.reset();
        NotifierParts parts{clock_, file(), {}, {}};
        parts.deliver = [this](const NotificationTarget& target, const Notification& one,
                               const std::atomic<bool>& stopping) -> Status {
            std::unique_lock lock(mutex_);
            tried_.push_back(target.name + " " + one.id);
            while (hanging_.contains(target.name) && !stopping) {
                lock.unlock();
                std::this_thread::yield();
                lock.lock();
            }
            if (failing_.contains(target.name)) return Error::make(ErrorCode::Disconnected, "nobody is there");
            arrived_.push_back(target.name + " " + one.id);
            return {};
        };
        parts.check = [](const NotificationTarget&) { return Status(); };
        auto opened = Notifier::open(std::move(parts), options_);
        ASSERT_TRUE(opened.ok()) << opened.error().describe();
        notifier_ = std::move(opened).value();
    }
    Result<NotificationTargetStatus> put(const std::string& name) {
        NotificationTarget target;
        target.name = name;
        target.url = "http://127.0.0.1:1/";
        std::promise<Result<NotificationTargetStatus>> answer;
        notifier_->put_target(target, [&](auto done) { answer.set_value(std::move(done)); });
        return answer.get_future().get();
    }
    NotificationTargetStatus status(const std::string& name) {
        std::promise<NotificationTargetStatus> answer;
        notifier_->targets([&](const Result<std::vector<NotificationTargetStatus>>& all) {
            NotificationTargetStatus found;
            for (const auto& one : *all)
                if (one.target.name == name) found = one;
            answer.set_value(found);
        });
        return answer.get_future().get();
    }
    bool remove(const std::string& name) {
        std::promise<bool> answer;
        notifier_->remove_target(name, [&](const Result<bool>& done) { answer.set_value(done.ok()); });
        return answer.get_future().get();
    }
    Status try_notify(const std::vector<std::string>& names, const std::string& id) {
        return notifier_->notify(names, {id, "it burns", R"({"id":")" + id + "\"}"});
    }
    void notify(const std::vector<std::string>& names, const std::string& id) {
        const Status done = try_notify(names, id);
        EXPECT_TRUE(done) << done.error().describe();
    }
    std::string file() const { return (directory_.path / "notifications.db").string(); }
    void hang(const std::string& name, bool hanging) {
        const std::lock_guard lock(mutex_);
        if (hanging) {
            hanging_.insert(name);
        } else {
            hanging_.erase(name);
        }
    }
    void fail(const std::string& name, bool failing) {
        const std::lock_guard lock(mutex_);
        if (failing) {
            failing_.insert(name);
        } else {
            failing_.erase(name);
        }
    }
    std::vector<std::string> arrived() {
        const std::lock_guard lock(mutex_);
        return arrived_;
    }
    std::size_t tried() {
        const std::lock_guard lock(mutex_);
        return tried_.size();
    }

    SystemClock clock_;
    NotifierOptions options_;
    test::TemporaryDirectory directory_;
    std::mutex mutex_;
    std::set<std::string> failing_, hanging_;
    std::vector<std::string> tried_, arrived_;
    std::unique_ptr<Notifier> notifier_;
};

TEST_F(NotifierTest, ArriveInOrderAfterFailures) {
    fail("pager", true);
    notify({"pager"}, "1");
    notify({"pager"}, "2");
    ASSERT_TRUE(eventually([&] { return tried() >= 4; }));
    EXPECT_EQ(status("pager").waiting, 2U);
    EXPECT_THAT(status("pager").failure, HasSubstr("nobody is there"));
    EXPECT_THAT(arrived(), SizeIs(0));
    fail("pager", false);
    ASSERT_TRUE(eventually([&] { return status("pager").delivered == 2; }));
    EXPECT_THAT(arrived(), ElementsAre("pager 1", "pager 2"));
    EXPECT_EQ(status("pager").failure, "");
    EXPECT_EQ(status("pager").waiting, 0U);
}

TEST_F(NotifierTest, ARestartLosesNone) {
    fail("pager", true);
    notify({"pager"}, "1");
    notify({"pager"}, "2");
    ASSERT_TRUE(eventually([&] { return status("pager").waiting == 2 && tried() > 0; }));
    notifier_.reset();
    fail("pager", false);
    open();
    ASSERT_TRUE(eventually([&] { return arrived().size() == 2; }));
    EXPECT_THAT(arrived(), ElementsAre("pager 1", "pager 2"));
    // What arrived is not sent again.
    ASSERT_TRUE(eventually([&] { return status("pager").waiting == 0; }));
    open();
    notify({"pager"}, "3");
    ASSERT_TRUE(eventually([&] { return arrived().size() >= 3; }));
    EXPECT_THAT(arrived(), ElementsAre("pager 1", "pager 2", "pager 3"));
}

// A crash right after: the file as it is when notify() has returned, opened by another.
TEST_F(NotifierTest, WhatIsHandedOverIsWrittenDown) {
    fail("pager", true);
    notify({"pager"}, "1");
    auto connection = sql::open(file(), false);
    ASSERT_TRUE(connection);
    auto rows = sql::Statement::prepare(connection->get(), "SELECT id FROM waiting");
    ASSERT_TRUE(rows);
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->bytes(0), "1");
}

TEST_F(NotifierTest, WhatCannotBeWrittenDownForAllIsRefused) {
    ASSERT_TRUE(put("chat").ok());
    auto connection = sql::open(file(), false);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(sql::execute(connection->get(),
                             "CREATE TRIGGER full BEFORE INSERT ON waiting WHEN new.target = 'chat' BEGIN"
                             " SELECT RAISE(ABORT, 'the disk is full'); END"));
    EXPECT_FALSE(try_notify({"pager", "chat"}, "1"));
    EXPECT_EQ(status("pager").waiting, 0U) << "it would come twice";
    notify({"pager", "nobody"}, "2");
    ASSERT_TRUE(eventually([&] { return status("pager").delivered == 1; })) << "nothing is written any more";
    ASSERT_TRUE(sql::execute(connection->get(), "DROP TRIGGER full"));
    notify({"pager", "chat"}, "1");
    ASSERT_TRUE(eventually([&] { return arrived().size() == 3; }));
    EXPECT_EQ(status("pager").delivered + status("chat").delivered, 3U);
}

TEST_F(NotifierTest, WhatIsHandedOverJustBeforeTheEndIsKept) {
    fail("pager", true);
    for (int i = 0; i < 20; ++i) notify({"pager"}, std::to_string(i));
    notifier_->stop();
    fail("pager", false);
    open();
    EXPECT_TRUE(eventually([&] { return arrived().size() == 20; }));
}

TEST_F(NotifierTest, ATargetThatIsDownHoldsUpNobodyElse) {
    ASSERT_TRUE(put("chat").ok());
    fail("pager", true);
    notify({"pager", "chat", "nobody"}, "1");
    notify({"pager", "chat"}, "2");
    ASSERT_TRUE(eventually([&] { return arrived().size() == 2; }));
    EXPECT_THAT(arrived(), ElementsAre("chat 1", "chat 2"));
}

TEST_F(NotifierTest, ATargetThatHangsDelaysNoOther) {
    ASSERT_TRUE(put("desk").ok());
    hang("desk", true);
    notify({"desk"}, "1");
    ASSERT_TRUE(eventually([&] { return tried() == 1; })) << "it hangs";
    notify({"desk", "pager"}, "2");
    notify({"pager"}, "3");
    ASSERT_TRUE(eventually([&] { return arrived().size() == 2; })) << "while that goes on";
    EXPECT_THAT(arrived(), ElementsAre("pager 2", "pager 3"));
    hang("desk", false);
    ASSERT_TRUE(eventually([&] { return arrived().size() == 4; }));
    EXPECT_THAT(arrived(), ElementsAre("pager 2", "pager 3", "desk 1", "desk 2")) << "its own are in order";
}

TEST_F(NotifierTest, OfTooManyTheOldestAreDropped) {
    options_.most_waiting = 3;
    open();
    fail("pager", true);
    for (int i = 0; i < 10; ++i) notify({"pager"}, std::to_string(i));
    ASSERT_TRUE(eventually([&] { return status("pager").dropped == 7; }));
    notifier_.reset();
    fail("pager", false);
    open();
    ASSERT_TRUE(eventually([&] { return arrived().size() == 3; }));
    EXPECT_THAT(arrived(), ElementsAre("pager 7", "pager 8", "pager 9"));
}

TEST_F(NotifierTest, WhatIsTooOldIsGivenUp) {
    options_.given_up_after_micros = 0;
    open();
    fail("pager", true);
    notify({"pager"}, "1");
    ASSERT_TRUE(eventually([&] { return status("pager").dropped == 1; }));
    EXPECT_EQ(status("pager").waiting, 0U);
}

TEST_F(NotifierTest, RemovedTargetsTakeTheirQueueAlong) {
    fail("pager", true);
    notify({"pager"}, "1");
    ASSERT_TRUE(eventually([&] { return status("pager").waiting == 1; }));
    EXPECT_TRUE(notifier_->has_target("pager"));
    EXPECT_TRUE(remove("pager"));
    EXPECT_FALSE(remove("pager"));
    EXPECT_FALSE(notifier_->has_target("pager"));
    fail("pager", false);
    open();
    ASSERT_TRUE(put("pager").ok());
    open();
    EXPECT_TRUE(notifier_->has_target("pager")) << "also of an earlier run";
    notify({"pager"}, "2");
    ASSERT_TRUE(eventually([&] { return !arrived().empty(); }));
    EXPECT_THAT(arrived(), ElementsAre("pager 2"));
}

TEST_F(NotifierTest, TestsSayThatTheyAre) {
    std::promise<bool> answer;
    notifier_->test_target("pager", [&](const Result<bool>& done) { answer.set_value(done.ok()); });
    EXPECT_TRUE(answer.get_future().get());
    EXPECT_TRUE(eventually([&] { return arrived().size() == 1; }));
}

TEST_F(NotifierTest, ThereMayBe64Targets) {
    for (std::size_t i = 1; i < Notifier::kMostTargets; ++i) ASSERT_TRUE(put("t" + std::to_string(i)).ok()) << i;
    EXPECT_EQ(put("one-more").error().code, ErrorCode::Conflict);
    EXPECT_TRUE(put("t1").ok()) << "the same again";
}

TEST(NotificationCodec, TargetsAreReadBackAndFaultsNamed) {
    NotificationTarget target;
    target.name = "pager";
    target.url = "https://hooks.example.com/x";
    target.secret = "env:STREAMGAUGE_SECRET_PAGER";
    EXPECT_EQ(*read_target(write_target(target)), target);
    EXPECT_EQ(read_target(R"({"kind":"log"})", "l")->name, "l");
    for (const auto& [body, field] : {std::pair{"", ""},
                                      {"[]", ""},
                                      {R"({"kind":"log"})", "name"},
                                      {R"({"name":"A","kind":"log"})", "name"},
                                      {R"({"name":"x","kind":"fax"})", "kind"},
                                      {R"({"name":"x"})", "url"},
                                      {R"({"name":"x","kind":"log","url":"http://a"})", "url"},
                                      {R"({"name":"x","url":7})", "url"},
                                      {R"({"name":"x","kind":"log","secret":"env:STREAMGAUGE_SECRET_A"})", "secret"},
                                      {R"({"name":"x","url":"http://a","secret":"hunter2"})", "secret"},
                                      {R"({"name":"x","url":"http://a","secret":"env:HOME"})", "secret"},
                                      {R"({"name":"x","url":"http://a","secret":"file:../auth.db"})", "secret"},
                                      {R"({"name":"x","url":"http://a","secret":"file:.."})", "secret"},
                                      {R"({"name":"x","url":"http://a","headers":"b"})", "headers"}}) {
        const auto read = read_target(body);
        ASSERT_FALSE(read.ok()) << body;
        EXPECT_EQ(read.error().field, field) << body;
    }
    EXPECT_EQ(read_target(R"({"name":"a","kind":"log"})", "b").error().field, "name");
}

TEST(NotificationCodec, AChangeHasOneId) {
    slo::Objective objective;
    objective.name = "events-latency";
    slo::AlertChange change{{1'770'000'000'000'000}, 0,  slo::AlertState::Inactive,
                            slo::AlertState::Firing, "", slo::AlertNews::Fired};
    const std::string id = alert_id(objective, change);
    EXPECT_EQ(id, "events-latency-0-1770000000000000");
    EXPECT_EQ(alert_id(objective, change), id);
    change.rule = 1;
    EXPECT_NE(alert_id(objective, change), id);
}

TEST(NotificationCodec, AnAlertIsToldInFull) {
    slo::Objective objective;
    objective.name = "events";
    slo::AlertChange change{
        {1'770'000'000'000'000}, 0, slo::AlertState::Inactive, slo::AlertState::Firing, "events burns",
        slo::AlertNews::Fired};
    const Notification told =
        alert_notification(objective, change, {slo::Severity::Page, 3'600'000'000, 300'000'000, 14.4, 0}, "id-1");
    EXPECT_EQ(told.id, "id-1");
    EXPECT_EQ(told.body,
              R"({"id":"id-1","type":"alert.fired","timestamp":"2026-02-02T02:40:00Z","data":{"objective":"events",)"
              R"("title":"","service":"","project":"","severity":"page","state":"firing","target":0.99,"factor":14.4,)"
              R"("long_seconds":3600,"short_seconds":300,"sentence":"events burns"}})");
}

}  // namespace
}  // namespace streamgauge::api
