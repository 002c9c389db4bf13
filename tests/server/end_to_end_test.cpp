// SPDX-License-Identifier: GPL-3.0-or-later
// A run's events, read back from a real server through a proxy that loses, repeats, delays and reorders them.
#include "loadgen/end_to_end.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "base/clock.h"
#include "loadgen/engine.h"
#include "loadgen/own_usage.h"
#include "loadgen/report_maker.h"
#include "loadgen/report_outputs.h"
#include "loadgen/report_page.h"
#include "loadgen/report_text.h"
#include "loadgen/seen_events.h"
#include "loadgen/threshold_watch.h"
#include "server/served_backend.h"
#include "support/fault_proxy.h"

namespace streamgauge::test {
namespace {

using namespace loadgen;

class EndToEndTest : public ServedBackend {
protected:
    const Clock& clock() const override { return system_; }

    std::string server_url() const { return "http://127.0.0.1:" + std::to_string(backend_->listening().front().port); }

    Scenario scenario(const std::string& url, double rate, double seconds) const {
        Scenario s;
        s.url = url;
        s.requests = {RequestKind{}};
        Stage stage;
        stage.rate = rate;
        stage.seconds = seconds;
        s.stages = {stage};
        s.max_in_flight = 1;
        s.error_brake = 0;
        s.end_to_end.check = true;
        s.end_to_end.query_url = server_url();
        s.end_to_end.settle_seconds = 20;
        s.thresholds = {*parse_threshold("lost == 0"), *parse_threshold("freshness < 20s")};
        return s;
    }

    RunReport run(const Scenario& s, EndToEndOptions reading = {}) {
        EngineOptions options;
        options.id_salt = 0xfeed'0000 + ++runs_;
        reading.id_salt = options.id_salt;
        auto check = EndToEndCheck::start(s, reading);
        if (!check) ADD_FAILURE() << check.error().describe();
        if (!check) return {};
        options.acknowledged = &(*check)->acknowledged();
        auto engine = Engine::make(s, *resolve(*parse_url(s.url), ""), options);
        if (!engine) ADD_FAILURE() << engine.error().describe();
        if (!engine) return {};
        ThresholdWatch thresholds(s);
        OwnUsage usage;
        RunFacts facts;
        const auto ended = (*engine)->run(-1, [&](const Progress& progress) {
            facts.elapsed_nanos = progress.elapsed_nanos;
            return true;
        });
        EXPECT_TRUE(ended.ok());
        const EndToEndReport found = (*check)->finish((*engine)->record());
        return make_report(s, facts, (*engine)->record(), usage, thresholds, &found);
    }

    SystemClock system_;
    std::uint64_t runs_ = 0;
};

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += text + "\n";
    return all;
}

TEST_F(EndToEndTest, WhatAServerTakesIsAllThereAndInOrder) {
    Scenario s = scenario(server_url() + "/events", 100, 2);
    s.requests.front().batch = 7;
    const RunReport report = run(s);
    const EndToEndReport& e = *report.end_to_end;
    EXPECT_EQ(e.sent, 1400U);
    EXPECT_EQ(e.acknowledged, 1400U);
    EXPECT_EQ(e.visible, 1400U);
    EXPECT_EQ(e.lost, 0U);
    EXPECT_EQ(e.repeated, 0U);
    EXPECT_EQ(e.out_of_order, 0U);
    EXPECT_TRUE(e.complete);
    EXPECT_TRUE(e.sums_equal) << joined(e.unknown);
    EXPECT_EQ(joined(e.unknown), "");
    EXPECT_EQ(e.freshness_query.count(), 1400U);
    EXPECT_EQ(e.freshness_live.count() + e.live_skipped, 1400U);
    EXPECT_GT(e.freshness_live.count(), 0U);
    for (const ThresholdResult& t : report.thresholds) EXPECT_TRUE(t.passed) << to_text(t.threshold);
    EXPECT_NE(report_text(report).find("lost 0   repeated 0   out of order 0   sums equal"), std::string::npos);
    EXPECT_NE(report_page(report).find("nothing lost, nothing twice"), std::string::npos);
    const auto again = parse_run_report(to_json(report));
    ASSERT_TRUE(again.ok()) << again.error().describe();
    EXPECT_EQ(again->end_to_end->visible, 1400U);
    EXPECT_TRUE(again->end_to_end->complete);
    // Another run is told apart from it.
    const RunReport second = run(scenario(server_url() + "/events", 50, 1));
    EXPECT_EQ(second.end_to_end->visible, 50U);
    EXPECT_TRUE(second.end_to_end->sums_equal) << joined(second.end_to_end->unknown);
}

TEST_F(EndToEndTest, EachFaultIsFoundExactly) {
    const auto faults = [](ProxyFault which, std::uint64_t every) {
        return [=](std::uint64_t n) { return n % every == every - 1 ? which : ProxyFault::None; };
    };
    {
        FaultProxy proxy(backend_->listening().front(), faults(ProxyFault::Lose, 20));
        Scenario s = scenario(proxy.url(), 100, 2);
        s.end_to_end.settle_seconds = 8;  // what does not come is waited for
        const RunReport report = run(s);
        EXPECT_EQ(report.end_to_end->acknowledged, 200U);
        EXPECT_EQ(report.end_to_end->lost, 10U);
        EXPECT_EQ(report.end_to_end->visible, 190U);
        EXPECT_FALSE(report.end_to_end->sums_equal);
        EXPECT_FALSE(report.thresholds[0].passed);
        EXPECT_EQ(report.thresholds[0].measured, 10.0);
    }
    {
        FaultProxy proxy(backend_->listening().front(), faults(ProxyFault::Repeat, 25));
        const RunReport report = run(scenario(proxy.url(), 100, 2));
        EXPECT_EQ(report.end_to_end->repeated, 8U);
        EXPECT_EQ(report.end_to_end->visible, 200U);
        EXPECT_EQ(report.end_to_end->lost, 0U);
        EXPECT_FALSE(report.end_to_end->sums_equal);
    }
    {
        FaultProxy proxy(backend_->listening().front(), faults(ProxyFault::Reorder, 10));
        // The last one has nobody behind it: it stays with the proxy.
        Scenario s = scenario(proxy.url(), 99.5, 2);
        const RunReport report = run(s);
        EXPECT_EQ(report.end_to_end->acknowledged, 199U);
        EXPECT_EQ(report.end_to_end->out_of_order, 19U);
        EXPECT_EQ(report.end_to_end->lost, 0U);
        EXPECT_TRUE(report.end_to_end->sums_equal) << joined(report.end_to_end->unknown);
    }
    {
        FaultProxy proxy(backend_->listening().front(), faults(ProxyFault::Delay, 4));
        Scenario s = scenario(proxy.url(), 100, 2);
        s.thresholds.push_back(*parse_threshold("freshness < 500ms"));
        const RunReport report = run(s);
        EXPECT_EQ(report.end_to_end->lost, 0U);
        EXPECT_TRUE(report.end_to_end->sums_equal) << joined(report.end_to_end->unknown);
        EXPECT_GE(report.end_to_end->freshness_query.quantile_micros(0.99), 700'000);
        EXPECT_GE(report.end_to_end->freshness_live.quantile_micros(0.99), 700'000);
        EXPECT_FALSE(report.thresholds.back().passed);
    }
    {
        FaultProxy proxy(backend_->listening().front(), faults(ProxyFault::Unanswered, 50));
        const RunReport report = run(scenario(proxy.url(), 100, 2));
        EXPECT_EQ(report.end_to_end->acknowledged, 196U);
        EXPECT_EQ(report.end_to_end->visible, 200U);
        EXPECT_EQ(report.end_to_end->unanswered_visible, 4U);
        EXPECT_EQ(report.end_to_end->lost, 0U);
        EXPECT_TRUE(report.end_to_end->sums_equal) << joined(report.end_to_end->unknown);
    }
}

// More between two looks than one look holds is taken in parts: none of it is lost, and none is there twice, not even
// where a question fails between two parts.
TEST_F(EndToEndTest, MoreThanOneLookHoldsIsAllFound) {
    EndToEndOptions reading;
    reading.most_held = 200;
    reading.look = std::chrono::seconds(3);  // nearly all comes between two looks
    std::atomic<std::uint64_t> older_pages{0};
    FaultProxy proxy(
        backend_->listening().front(), [](std::uint64_t) { return ProxyFault::None; },
        [&](const std::string& target) {
            if (target.find("cursor=") == std::string::npos) return false;
            const std::uint64_t number = ++older_pages;
            return number == 2 || number == 5;
        });
    for (const std::string& asked : {server_url(), proxy.url()}) {
        Scenario s = scenario(server_url() + "/events", 100, 1);
        s.requests.front().batch = 60;
        s.end_to_end.query_url = asked;
        s.end_to_end.settle_seconds = 60;
        const RunReport report = run(s, reading);
        const EndToEndReport& e = *report.end_to_end;
        EXPECT_EQ(e.acknowledged, 6000U);
        EXPECT_EQ(e.visible, 6000U);
        EXPECT_EQ(e.lost, 0U);
        EXPECT_EQ(e.repeated, 0U);
        EXPECT_EQ(e.out_of_order, 0U);
        EXPECT_TRUE(e.sums_equal) << joined(e.unknown);
        EXPECT_EQ(e.freshness_query.count(), 6000U);
        EXPECT_TRUE(report.thresholds[0].passed);
        EXPECT_NE(joined(e.unknown).find("the order where over 200 events came between two looks"), std::string::npos);
    }
    EXPECT_GE(older_pages, 6U);
}

TEST_F(EndToEndTest, WhatCannotBeReadBackIsSaidAndNotGuessed) {
    Scenario s = scenario(server_url() + "/events", 50, 1);
    EndToEndOptions options;
    s.end_to_end.query_url = "http://127.0.0.1:1";
    auto refused = EndToEndCheck::start(s, options);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(refused.error().field, "end_to_end.query_url");
    s.end_to_end.query_url = "http://192.0.2.1:8080";
    refused = EndToEndCheck::start(s, options);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Forbidden);

    // The server goes away while the last events may still come.
    s = scenario(server_url() + "/events", 50, 1);
    s.end_to_end.settle_seconds = 1;
    options.id_salt = 77;
    auto check = EndToEndCheck::start(s, options);
    ASSERT_TRUE(check.ok()) << check.error().describe();
    EngineOptions engine_options;
    engine_options.id_salt = 77;
    engine_options.acknowledged = &(*check)->acknowledged();
    auto engine = Engine::make(s, *resolve(*parse_url(s.url), ""), engine_options);
    ASSERT_TRUE(engine.ok());
    ASSERT_TRUE((*engine)->run(-1, [](const Progress&) { return true; }).ok());
    backend_->stop();
    const EndToEndReport found = (*check)->finish((*engine)->record());
    EXPECT_EQ(found.acknowledged, 50U);
    if (found.visible < 50) {
        EXPECT_FALSE(found.complete);
        EXPECT_FALSE(found.unknown.empty());
    }
    EXPECT_FALSE(found.sums_equal);
}

TEST(SeenEvents, AreReadFromPagesAndMessages) {
    const std::string page =
        R"([{"id":9,"props":{"load_run":"a","load_number":3,"load_sent_us":17}},{"id":8,"props":{"x":1}}])";
    SeenEventReader reader;
    auto seen = reader.read(page, "a");
    ASSERT_TRUE(seen.ok());
    ASSERT_EQ(seen->size(), 1U);
    EXPECT_EQ(seen->front().id, 9U);
    EXPECT_EQ(seen->front().number, 3U);
    EXPECT_EQ(seen->front().sent_micros, 17);
    std::uint64_t skipped = 0;
    seen = reader.read(
        R"({"events":[{"id":9,"props":"{\"load_run\":\"a\",\"load_number\":3,\"load_sent_us\":17}"}],"skipped":4})",
        "a", &skipped);
    ASSERT_TRUE(seen.ok());
    EXPECT_EQ(seen->size(), 1U);
    EXPECT_EQ(skipped, 4U);
    for (const char* text : {"", "null", "{}", "[1]", R"([{"id":1}])", R"([{"id":-1,"props":{"load_run":"a"}}])",
                             R"([{"id":1,"props":"["}])", R"({"events":{}})"})
        EXPECT_FALSE(reader.read(text, "a").ok()) << text;
}

}  // namespace
}  // namespace streamgauge::test
