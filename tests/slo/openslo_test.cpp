// SPDX-License-Identifier: GPL-3.0-or-later
// OpenSLO there and back, by reference, and its faults with line, column and path.
#include "slo/openslo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "slo/burn_rate.h"

namespace streamgauge::slo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

std::string text(std::mt19937& random) {
    constexpr std::string_view kPieces[] = {"a",  "plain words", "yes", "null", "1e3", ": ",       "\"", "'", "#",
                                            "\n", "- x",         "{}",  "&a",   "*a",  "\xc3\xa9", "%",  "\t"};
    std::string out;
    for (std::size_t i = random() % 5; i > 0; --i) out += kPieces[random() % std::size(kPieces)];
    return out;
}

Objective random_objective(std::mt19937& random, std::size_t number) {
    const auto one_in = [&random](std::uint32_t n) { return random() % n == 0; };
    Objective out;
    out.name = "objective-" + std::to_string(number);
    out.title = text(random);
    out.description = text(random);
    out.service = one_in(2) ? "service-" + std::to_string(random() % 3) : "";
    out.project = one_in(3) ? "shop" : "";
    out.indicator.kind = static_cast<Indicator::Kind>(random() % 6);
    if (out.indicator.kind == Indicator::Kind::Metric) {
        out.indicator.total = "all";
        if (one_in(2)) {
            out.indicator.good = "good";
        } else {
            out.indicator.bound = static_cast<double>(random() % 1000) / 7;
            out.indicator.good_is_below = one_in(2);
        }
    } else {
        out.indicator.route = one_in(2) ? "POST /events" : "";
        out.indicator.threshold_ms = 0.5 + static_cast<double>(random() % 10'000) / 3;
        out.indicator.limited_is_bad = one_in(3);
    }
    out.target = 0.5 + static_cast<double>(random() % 4'999) / 10'000;
    out.window.rolling = one_in(2);
    if (out.window.rolling) {
        out.window.micros = one_in(3) ? 1 + static_cast<std::int64_t>(random()) * 1000 : 7 * kDay;
    } else {
        out.window.calendar = static_cast<TimeWindow::Calendar>(random() % 5);
        out.window.timezone = one_in(2) ? "Europe/Berlin" : "UTC";
    }
    if (one_in(2)) out.rules = rules_for(out.window);
    for (BurnRule& rule : out.rules) {
        rule.long_micros = std::max<std::int64_t>(rule.long_micros, 2);
        rule.short_micros = std::max<std::int64_t>(rule.short_micros, 1);
        rule.hold_micros = static_cast<std::int64_t>(random() % 4) * 45 * kSecond;
    }
    out.least_bad = random() % 4;
    out.cool_down_micros = one_in(2) ? static_cast<std::int64_t>(random() % 900) * 1'234'567 : 0;
    out.alert_when_no_data = one_in(2);
    if (one_in(2)) out.notify = {"pager", "chat-ops"};
    return out;
}

TEST(OpenSlo, WhatIsWrittenIsReadAgain) {
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        std::vector<Objective> objectives;
        for (std::size_t i = 0; i <= random() % 3; ++i) objectives.push_back(random_objective(random, i));
        const std::string yaml = write_openslo(objectives);
        const auto read = read_openslo(yaml);
        ASSERT_TRUE(read.ok()) << read.error().describe() << "\n" << yaml;
        ASSERT_EQ(read->objectives.size(), objectives.size());
        for (std::size_t i = 0; i < objectives.size(); ++i)
            ASSERT_TRUE(read->objectives[i] == objectives[i]) << "seed " << seed << "\n" << yaml;
    }
}

// As the specification shows them: each kind a document of its own, joined by references.
constexpr std::string_view kByReference = R"(apiVersion: openslo/v1
kind: DataSource
metadata: {name: here}
spec: {type: Streamgauge}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {description: The shop.}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: fast-events}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {type: Streamgauge, spec: {kind: latency, route: /events, thresholdMs: 250}}}
    total: {metricSource: {type: Streamgauge, spec: {kind: latency, route: /events}}}
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast-burn, annotations: {streamgauge/short-window: 5m}}
spec:
  severity: page
  condition: {kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h, alertAfter: 2m}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: fast-burn}
spec:
  alertWhenNoData: true
  conditions: [{conditionRef: fast-burn}]
  notificationTargets: [{targetRef: pager}]
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: pager}
spec: {target: webhook}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: events, displayName: Events}
spec:
  service: shop
  indicatorRef: fast-events
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives:
    - {displayName: Fast, target: 0.95}
    - {displayName: Mostly, targetPercent: 99.5}
  alertPolicies: [fast-burn]
)";

TEST(OpenSlo, ReadsDocumentsThatReferToEachOther) {
    const auto read = read_openslo(kByReference);
    ASSERT_TRUE(read.ok()) << read.error().describe();
    EXPECT_THAT(read->notes, ElementsAre(HasSubstr("the DataSource here")));
    ASSERT_EQ(read->objectives.size(), 2U);
    const Objective& one = read->objectives[0];
    EXPECT_EQ(one.name, "events-1");
    EXPECT_EQ(one.title, "Events");
    EXPECT_EQ(one.service, "shop");
    EXPECT_EQ(one.indicator.kind, Indicator::Kind::Latency);
    EXPECT_EQ(one.indicator.route, "/events");
    EXPECT_EQ(one.indicator.threshold_ms, 250);
    EXPECT_EQ(one.window.micros, 28 * kDay);
    EXPECT_TRUE(one.alert_when_no_data);
    EXPECT_THAT(one.notify, ElementsAre("pager"));
    EXPECT_THAT(one.rules, ElementsAre(BurnRule{Severity::Page, kHour, 5 * kMinute, 14.4, 2 * kMinute}));
    EXPECT_EQ(one.target, 0.95);
    EXPECT_DOUBLE_EQ(read->objectives[1].target, 0.995);
}

TEST(OpenSlo, FaultsSayWhere) {
    struct Case {
        std::string from, to, field, message;
    };
    for (const Case& c :
         {Case{"target: 0.95", "target: 1.5", "[6].spec.objectives[0].target",
               "line 49, column 35: [6].spec.objectives[0].target must be above 0 and below 1"},
          {"target: 0.95", "target: high", "[6].spec.objectives[0].target", "must be a number"},
          {"target: 0.95", "targets: 1", "[6].spec.objectives[0].target", "is missing"},
          {"targetPercent: 99.5", "targetPercent: 99.5, target: 0.9", "[6].spec.objectives[1].targetPercent", "beside"},
          {"indicatorRef: fast-events", "indicatorRef: slow-events", "[6].spec.indicatorRef",
           "line 45, column 17: [6].spec.indicatorRef names no SLI of this text"},
          {"type: Streamgauge, spec: {kind: latency, route: /events, thr", "type: Prometheus, spec: {query: up, thr",
           "[2].spec.ratioMetric.good.metricSource.type", "must be Streamgauge"},
          {"kind: latency, route: /events, thr", "kind: beauty, thr",
           "[2].spec.ratioMetric.good.metricSource.spec.kind", "must be availability"},
          {"threshold: 14.4", "threshold: -1", "[3].spec.condition.threshold", "must be above 0"},
          {"kind: burnrate", "kind: average", "[3].spec.condition.kind", "must be burnrate"},
          {"lookbackWindow: 1h", "lookbackWindow: 1 hour", "[3].spec.condition.lookbackWindow", "must be a duration"},
          {"short-window: 5m", "short-window: 2h", "[3].metadata.annotations.streamgauge/short-window",
           "not beyond the long window"},
          {"duration: 4w", "duration: 4 weeks", "[6].spec.timeWindow[0].duration", "must be a duration"},
          {"isRolling: true", "isRolling: false", "[6].spec.timeWindow[0].duration", "in a calendar"},
          {"name: events", "name: Events!", "[6].metadata.name", "must be 1 to 63"},
          {"kind: Service", "kind: Slide", "[1].kind", "must be SLO, SLI"},
          {"conditions: [{", "conditions: [{}, {", "[4].spec.conditions", "must be a list of one"},
          {"apiVersion: openslo/v1\nkind: SLO", "apiVersion: openslo/v2\nkind: SLO", "[6].apiVersion",
           "must be openslo/v1"},
          {"metadata: {name: pager}", "metadata: {title: x}", "[5].metadata.name", "is missing"}}) {
        std::string yaml(kByReference);
        const std::size_t at = yaml.find(c.from);
        ASSERT_NE(at, std::string::npos) << c.from;
        yaml.replace(at, c.from.size(), c.to);
        const auto read = read_openslo(yaml);
        ASSERT_FALSE(read.ok()) << c.to;
        EXPECT_EQ(read.error().field, c.field) << c.to;
        EXPECT_THAT(read.error().message, HasSubstr(c.message)) << c.to;
        EXPECT_EQ(read.error().code, ErrorCode::InvalidArgument);
    }
}

TEST(OpenSlo, WhatIsNoDocumentIsAFault) {
    EXPECT_THAT(read_openslo("a: [1, 2").error().message, HasSubstr("this is not YAML"));
    EXPECT_THAT(read_openslo(",fz").error().message, HasSubstr("do not end")) << "the parser would go on for ever";
    EXPECT_THAT(read_openslo("").error().message, HasSubstr("no SLO"));
    EXPECT_THAT(read_openslo("- 1").error().message, HasSubstr("must be a map"));
    EXPECT_EQ(read_openslo(std::string(kOpenSloBytes + 1, ' ')).error().code, ErrorCode::TooLarge);
    EXPECT_THAT(read_openslo("a: \xff").error().message, HasSubstr("UTF-8"));
    EXPECT_FALSE(read_openslo(std::string(10'000, '[')).ok());
    EXPECT_FALSE(read_openslo("a: &a [*a, *a]\n").ok());
}

}  // namespace
}  // namespace streamgauge::slo
