// SPDX-License-Identifier: GPL-3.0-or-later
// The oracle itself, against answers worked out by hand.
#include <gmock/gmock.h>

#include "metrics/oracle.h"
#include "metrics/random_log.h"

namespace streamgauge::oracle {
namespace {

using ::testing::ElementsAre;

TEST(Oracle, ReadsMembersAsTheyAreWritten) {
    Event e;
    e.props = R"({"a":1.50,"b":"x\u00e9","c":true,"d":null,"e":{"a":9},"f":[1],"a":2,"g":1e3})";
    EXPECT_EQ(field_of(prop("a"), e), "1.50");
    EXPECT_EQ(field_of(prop("b"), e), "x\xc3\xa9");
    EXPECT_EQ(field_of(prop("c"), e), "true");
    EXPECT_EQ(field_of(prop("d"), e), "");
    EXPECT_EQ(field_of(prop("e"), e), "");
    EXPECT_EQ(field_of(prop("f"), e), "");
    EXPECT_EQ(field_of(prop("g"), e), "1e3");
    EXPECT_EQ(field_of(prop("h"), e), "");
    e.props = R"({"e":{"x":1},"e":2})";
    EXPECT_EQ(field_of(prop("e"), e), "");
}

TEST(Oracle, ReadsNumbersExactly) {
    const auto micros = [](const std::string& text) {
        std::int64_t value = -1;
        return number_of(text, value) ? value : INT64_MIN;
    };
    EXPECT_EQ(micros("0.1"), 100'000);
    EXPECT_EQ(micros("-7"), -7'000'000);
    EXPECT_EQ(micros("1e3"), 1'000'000'000);
    EXPECT_EQ(micros("2.5E-3"), 2'500);
    EXPECT_EQ(micros("0.0000005"), 1);
    EXPECT_EQ(micros("-0.0000005"), -1);
    EXPECT_EQ(micros("0.00000049"), 0);
    EXPECT_EQ(micros("1000000000"), 1'000'000'000'000'000);
    EXPECT_EQ(micros("1000000000.000001"), INT64_MIN);
    EXPECT_EQ(micros("1.999999999"), 2'000'000);
    EXPECT_EQ(micros(".5"), 500'000);
    EXPECT_EQ(micros("+5."), 5'000'000);
    for (const char* const none : {"", "x", ".", "-", "1e", "--1", "1 ", "0x10"})
        EXPECT_EQ(micros(none), INT64_MIN) << none;
}

// Both edges of daylight saving time, from the zone database's own announcements.
TEST(Oracle, KnowsTheDaysOfZones) {
    const auto hours = [](const char* zone, std::int64_t at_seconds) {
        const auto [start, end] = window_of(kDayMicros, zone, at_seconds * 1'000'000);
        EXPECT_LE(start, at_seconds * 1'000'000);
        EXPECT_GT(end, at_seconds * 1'000'000);
        return static_cast<double>(end - start) / static_cast<double>(kHourMicros);
    };
    EXPECT_EQ(hours("America/New_York", 1'805'040'000), 23);       // 2027-03-14
    EXPECT_EQ(hours("America/New_York", 1'825'599'600), 25);       // 2027-11-07
    EXPECT_EQ(hours("Australia/Lord_Howe", 1'822'532'400), 23.5);  // 2027-10-03 turns half an hour
    EXPECT_EQ(hours("Asia/Kathmandu", 1'800'000'000), 24);
    EXPECT_EQ(window_of(kDayMicros, "Asia/Kathmandu", 1'800'000'000'000'000).first, 1'799'950'500'000'000);  // 18:15Z
    EXPECT_EQ(window_of(10'000'000, "", -1), std::make_pair(std::int64_t{-10'000'000}, std::int64_t{0}));
}

TEST(Oracle, AddsUpByWindowAndGroup) {
    Metric m;
    m.aggregate = Aggregate::Sum;
    m.of = {prop("amount")};
    m.group_by = {prop("plan")};
    m.tiers = {{kMinuteMicros, kHourMicros}, {kDayMicros, 0}};
    Event e;
    e.props = R"({"amount":1.5,"plan":"pro"})";
    e.occurred_at = e.received_at = kDayMicros + 30 * kSecondMicros;
    Event later = e;
    later.occurred_at = later.received_at = kDayMicros + 20 * kMinuteMicros;
    Event late = e;
    late.received_at = later.received_at + 1;
    Event gone = e;
    gone.occurred_at = kHourMicros;
    gone.received_at = late.received_at;
    Event numberless = later;
    numberless.props = R"({"plan":"pro"})";
    Event system = later;
    system.project = "_system";
    const Results results = evaluate(m, {e, later, late, gone, numberless, system});
    const std::string group = std::string("default") + '\0' + "pro";
    ASSERT_EQ(results.rows.size(), 4U);
    const Row& minute = results.rows.at({0, kDayMicros, group});
    EXPECT_EQ(minute.count, 2);
    EXPECT_EQ(static_cast<std::int64_t>(minute.sum), 3'000'000);
    EXPECT_EQ(minute.late, 1);
    const Row& day = results.rows.at({1, kDayMicros, group});
    EXPECT_EQ(day.count, 3);
    EXPECT_EQ(day.late, 0);
    EXPECT_EQ(results.rows.at({1, 0, group}).late, 1);  // its day was over, and is kept
    EXPECT_EQ(results.system, 1U);
    EXPECT_EQ(results.too_late, 0U);
}

TEST(Oracle, LogsHaveEverythingThatCanGoWrong) {
    const std::vector<Event> sent = random_log(7);
    const std::vector<Event> log = without_repeats(sent);
    EXPECT_LT(log.size(), sent.size());
    std::size_t ahead = 0, late = 0;
    for (const Event& e : log) {
        ahead += e.occurred_at > e.received_at ? 1 : 0;
        late += e.occurred_at < e.received_at - kHourMicros ? 1 : 0;
    }
    EXPECT_GT(ahead, 50U);
    EXPECT_GT(late, 50U);
    for (const Metric& metric : test_metrics()) {
        const Results results = evaluate(metric, log);
        EXPECT_GT(results.rows.size(), 3U) << metric.name;
        EXPECT_GT(results.system, 0U);
    }
}

}  // namespace
}  // namespace streamgauge::oracle
