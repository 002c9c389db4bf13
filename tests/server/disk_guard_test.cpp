// SPDX-License-Identifier: GPL-3.0-or-later
// A disk that fills up stops the door and nothing else; buffered answers say so.
#include "server/disk_guard.h"

#include <gmock/gmock.h>

#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using ::testing::HasSubstr;

Timestamp second(std::int64_t n) {
    return Timestamp::from_seconds(1'767'225'600 + n);
}

TEST(DiskGuard, StopsAtTheShareLooksOnceASecondAndTakesFailuresForNothing) {
    Result<double> used = 94.9;
    int looks = 0;
    DiskGuard guard(95, [&] {
        ++looks;
        return used;
    });
    EXPECT_TRUE(guard.may_store(second(0)));
    used = 95.0;
    EXPECT_TRUE(guard.may_store(second(0)));  // the same second
    EXPECT_EQ(looks, 1);
    EXPECT_FALSE(guard.may_store(second(1)));
    EXPECT_EQ(looks, 2);
    used = Error::make(ErrorCode::Io, "no such disk");
    EXPECT_FALSE(guard.may_store(second(2)));
    EXPECT_THAT(guard.fault(second(2))->message, HasSubstr("95 % full"));
    EXPECT_EQ(guard.refusal().retry_after_seconds, 30);
    EXPECT_EQ(guard.refused_requests(), 1u);
    used = 40.0;
    EXPECT_TRUE(guard.may_store(second(1)));  // the clock was set back
    EXPECT_FALSE(guard.fault(second(3)).has_value());
    EXPECT_EQ(guard.used_percent(), 40.0);
}

TEST(DiskGuard, AHundredNeverStops) {
    DiskGuard guard(100, [] { return Result<double>(100.0); });
    EXPECT_TRUE(guard.may_store(second(0)));
}

TEST(DiskGuard, ReadsTheRealDisk) {
    const TemporaryDirectory directory;
    const auto used = disk_used_percent(directory.path());
    ASSERT_TRUE(used.ok());
    EXPECT_GE(*used, 0);
    EXPECT_LE(*used, 100);
    EXPECT_FALSE(disk_used_percent(directory.path() + "/nothing/here").ok());
}

// A wall clock that moves, so that the guard looks again.
class FullDiskTest : public ServedBackend {
protected:
    StartOptions options() const override {
        StartOptions options;
        options.disk_probe = [this] { return Result<double>(used_.load()); };
        return options;
    }
    const Clock& clock() const override { return moving_; }

    SystemClock moving_;
    std::atomic<double> used_{10};
};

TEST_F(FullDiskTest, EventsAreRefusedQueriesGoOnAndHealthSaysWhy) {
    EXPECT_EQ(post("/events", R"({"event_type":"click"})").status, 202);
    used_ = 97;
    const auto refused = ask_until([&] { return post("/events", R"({"event_type":"click"})"); },
                                   [](const auto& answer) { return answer.status == 503; });
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.headers.at("retry-after"), "30");
    EXPECT_THAT(refused.body, HasSubstr("97 % full"));
    EXPECT_EQ(post("/v1/batch", R"({"batch":[],"writeKey":"k"})").status, 503);
    EXPECT_EQ(get("/metrics/active_users").status, 200);
    const auto health = get("/api/v1/health/details");
    EXPECT_EQ(health.status, 503);
    EXPECT_THAT(health.body, HasSubstr(R"({"name":"disk","up":false,"detail":"the disk is 97 % full)"));
    EXPECT_THAT(get("/prometheus").body, HasSubstr("streamgauge_disk_refused_requests_total "));
    used_ = 50;
    const auto taken = ask_until([&] { return post("/events", R"({"event_type":"click"})"); },
                                 [](const auto& answer) { return answer.status == 202; });
    EXPECT_EQ(taken.status, 202);
    EXPECT_EQ(get("/health").status, 200);
}

class BufferedTest : public ServedBackend {
protected:
    Config config() const override {
        Config config = ServedBackend::config();
        config.buffered = true;
        return config;
    }
};

TEST_F(BufferedTest, AnswersSayThatTheyAreAndNothingOfRepeats) {
    const auto several = post("/events", R"([{"event_id":"1","event_type":"a"},{"event_id":"1","event_type":"a"}])");
    EXPECT_EQ(several.status, 202);
    EXPECT_EQ(several.body, R"({"status":"accepted","accepted":2})");
    EXPECT_EQ(several.headers.at("streamgauge-durability"), "buffered");
    const auto stored = post("/api/v1/events", R"({"event_id":"2","event_type":"a"})");
    EXPECT_EQ(stored.status, 200);
    EXPECT_THAT(stored.body, HasSubstr(R"({"id":null,)"));
    // What is refused is on disk before its answer, and so is what came with it.
    const auto partly = post("/events", R"([{"event_type":"a"},{"x":1}])");
    EXPECT_EQ(partly.status, 207);
    EXPECT_EQ(partly.headers.at("streamgauge-durability"), "committed");
    EXPECT_THAT(partly.body, HasSubstr(R"("duplicates":0)"));
    const auto all =
        ask_until([&] { return get("/prometheus"); },
                  [](const auto& answer) {
                      return answer.body.find("streamgauge_events_total{outcome=\"accepted\"} 3") != std::string::npos;
                  });
    EXPECT_THAT(all.body, HasSubstr("streamgauge_events_total{outcome=\"accepted\"} 3"));
}

}  // namespace
}  // namespace streamgauge::test
