// SPDX-License-Identifier: GPL-3.0-or-later
// Rules for Prometheus: accepted by promtool, and firing when our own alerts do on the same requests. What needs
// promtool (Debian: prometheus) is skipped where it is not installed.
#include "slo/prometheus_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "slo/alert.h"
#include "support/temporary_directory.h"

namespace streamgauge::slo {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
constexpr std::int64_t kScrape = 15 * kSecond;
constexpr std::array<double, 4> kBounds{0.1, 0.25, 0.3, 1};

bool has_promtool() {
    return std::system("promtool --version > /dev/null 2>&1") == 0;
}

Objective events_availability() {
    Objective out;
    out.name = "events-availability";
    out.target = 0.99;
    out.indicator.route = "POST /events";
    out.rules = {{Severity::Page, kHour, 5 * kMinute, 14.4, kMinute}};
    return out;
}

struct Promtool {
    test::TemporaryDirectory directory;
    void write(const std::string& name, const std::string& text) const { std::ofstream(directory.path / name) << text; }
    // What it said where it was not content.
    std::string run(const std::string& arguments) const {
        const std::string out = (directory.path / "out").string();
        const std::string command =
            "cd '" + directory.path.string() + "' && promtool " + arguments + " > '" + out + "' 2>&1";
        if (std::system(command.c_str()) == 0) return {};
        std::ifstream file(out);
        return {std::istreambuf_iterator<char>(file), {}};
    }
};

// What is no request, or not told apart by the requests' families, is counted by the objective.
TEST(PrometheusRules, CountWithTheObjectiveWhatTheRequestsCannotSay) {
    for (const auto kind : {Indicator::Kind::Latency, Indicator::Kind::Freshness, Indicator::Kind::Correctness,
                            Indicator::Kind::Metric}) {
        Objective objective = events_availability();
        objective.indicator.kind = kind;
        objective.indicator.threshold_ms = 200;
        EXPECT_THAT(prometheus_rules({objective}, kBounds, {}),
                    HasSubstr("sum(rate(streamgauge_objective_events_total{objective=\\\"events-availability\\\","
                              "outcome=\\\"good\\\"}[1h]))"));
    }
    Objective bucket = events_availability();
    bucket.indicator.kind = Indicator::Kind::Latency;
    bucket.indicator.threshold_ms = 250;
    EXPECT_THAT(prometheus_rules({bucket}, kBounds, {}), Not(HasSubstr("streamgauge_objective_events_total")));
    bucket.target = 0.99;
    EXPECT_THAT(prometheus_rules({bucket}, kBounds, {}), HasSubstr(" * (1 - 0.99)")) << "as its author wrote it";
}

TEST(PrometheusRules, AreTakenByPromtool) {
    if (!has_promtool()) GTEST_SKIP() << "promtool is not installed";
    std::vector<Objective> objectives;
    for (const auto kind : {Indicator::Kind::Availability, Indicator::Kind::Errors, Indicator::Kind::Latency,
                            Indicator::Kind::Freshness, Indicator::Kind::Correctness, Indicator::Kind::Metric}) {
        for (const bool lab : {false, true}) {
            Objective one;
            one.name = "objective-" + std::to_string(objectives.size());
            one.indicator.kind = kind;
            one.indicator.limited_is_bad = lab;
            one.indicator.route = lab ? R"(/a"b\c.{x})" : "";
            one.window.micros = lab ? kHour : one.window.micros;
            one.least_bad = lab ? 5 : 1;
            one.cool_down_micros = lab ? 10 * kSecond : 0;
            one.alert_when_no_data = lab;
            objectives.push_back(one);
        }
    }
    const std::string rules = prometheus_rules(objectives, kBounds, {"/health", "/api/v1/live", R"(/x.{y})"});
    const Promtool promtool;
    promtool.write("rules.yml", rules);
    EXPECT_EQ(promtool.run("check rules rules.yml"), "") << rules;
}

// 10 good or bad ones at each scrape: good for 70 minutes, bad for 20, good again. Ours ticks with each scrape.
void fire_when_ours_does(const Objective& objective, const std::string& good_series, const std::string& bad_series) {
    constexpr int kGood = 280, kBad = 80, kAfter = 120;
    AlertMachine machine(objective);
    SliceSeries series(kScrape, 24 * kHour);
    std::int64_t fired = 0, ended = 0;
    for (int i = 0; i < kGood + kBad + kAfter; ++i) {
        const bool bad = i >= kGood && i < kGood + kBad;
        series.add({i * kScrape}, bad ? 0 : 10, 10);
        for (const AlertChange& change : machine.evaluate(series, {(i + 1) * kScrape})) {
            if (change.news == AlertNews::Fired) fired = change.at.micros;
            if (change.news == AlertNews::Resolved) ended = change.at.micros;
        }
    }
    ASSERT_GT(fired, 0);
    ASSERT_GT(ended, fired);

    const auto at = [](std::int64_t micros, bool fires) {
        std::string out =
            "      - eval_time: " + std::to_string(micros / kSecond) + "s\n        alertname: StreamgaugeBudgetBurn\n";
        if (!fires) return out + "        exp_alerts: []\n";
        return out +
               "        exp_alerts:\n          - exp_labels: {objective: events-availability, severity: page, long: "
               "1h, "
               "short: 5m}\n            exp_annotations: {summary: events-availability burns at least 14.4 times as "
               "fast as it may (1h and 5m)}\n";
    };
    const std::string good = std::to_string(kGood), bad = std::to_string(kBad), after = std::to_string(kAfter);
    const std::string sum = std::to_string(10 * kGood);
    // One scrape earlier or later than ours is the same tick.
    const std::string tests =
        "rule_files: [rules.yml]\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n"
        "    input_series:\n"
        "      - series: '" +
        good_series +
        "'\n"
        "        values: '0+10x" +
        good + " " + sum + "+0x" + bad + " " + sum + "+10x" + after +
        "'\n"
        "      - series: '" +
        bad_series +
        "'\n"
        "        values: '0+0x" +
        good + " 0+10x" + bad + " " + std::to_string(10 * kBad) + "+0x" + after + "'\n    alert_rule_test:\n" +
        at(fired - 2 * kScrape, false) + at(fired + 2 * kScrape, true) + at(ended - 2 * kScrape, true) +
        at(ended + 2 * kScrape, false);
    const Promtool promtool;
    promtool.write("rules.yml", prometheus_rules({objective}, kBounds, {}));
    promtool.write("tests.yml", tests);
    EXPECT_EQ(promtool.run("test rules tests.yml"), "")
        << "ours fired at " << fired / kSecond << " s and ended at " << ended / kSecond << " s";
}

TEST(PrometheusRules, FireWhenOurOwnAlertsDo) {
    if (!has_promtool()) GTEST_SKIP() << "promtool is not installed";
    const std::string requests = R"(api_http_requests_total{method="POST",path="/events",status=")";
    fire_when_ours_does(events_availability(), requests + "202\"}", requests + "503\"}");
}

TEST(PrometheusRules, FireWhenTheAlertsOfAMetricDo) {
    if (!has_promtool()) GTEST_SKIP() << "promtool is not installed";
    Objective metric = events_availability();
    metric.indicator.kind = Indicator::Kind::Metric;
    const std::string counted = R"(streamgauge_objective_events_total{objective="events-availability",outcome=")";
    fire_when_ours_does(metric, counted + "good\"}", counted + "bad\"}");
}

}  // namespace
}  // namespace streamgauge::slo
