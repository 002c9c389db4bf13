// SPDX-License-Identifier: GPL-3.0-or-later
// Definitions as JSON and as TOML: one schema, strict, with the place of each fault.
#include "api/metric_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "api/metric_file.h"
#include "metrics/definition_text.h"

namespace streamgauge::api {
namespace {

using testing::HasSubstr;

TEST(MetricCodec, ReadsWhatItWrites) {
    const std::vector<std::string> definitions{
        R"j({"name":"a","window":"10s"})j",
        R"j({"name":"a","window":"all","group_by":["user_id","page_url"]})j",
        R"j({"name":"revenue","description":"Paid","unit":"USD","where":"event_type = purchase","window":"1m",
            "retention":"30d","aggregate":"sum(props.amount_usd|props.amount)","group_by":["props.currency"]})j",
        R"j({"name":"a.b-c_d","window":"1d","timezone":"Asia/Kolkata","aggregate":"distinct(user_id)",
            "exact_budget":5000,"time":"activity","allowed_lateness":"0s"})j",
        R"j({"name":"a","window":"1m","tiers":[{"window":"1m","retention":"1d"}],
            "aggregate":"gauge(event_type = a; event_type = b)"
})j",
        R"j({"name":"a","window":"1m","retention":"forever","aggregate":"p99.9(props.ms)","group_by":["props.a b"]
})j",
    };
    for (const std::string& text : definitions) {
        const Result<MetricDefinition> definition = read_definition(text);
        ASSERT_TRUE(definition.ok()) << text << ": " << definition.error().describe();
        const std::string written = write_definition(*definition);
        const Result<MetricDefinition> again = read_definition(written);
        ASSERT_TRUE(again.ok()) << written << ": " << again.error().describe();
        EXPECT_EQ(write_definition(*again), written);
        EXPECT_TRUE(same_results(*definition, *again));
    }
}

TEST(MetricCodec, KnowsTheDefaults) {
    const Result<MetricDefinition> definition = read_definition(R"j({"window":"1m"})j", "visits");
    ASSERT_TRUE(definition.ok());
    EXPECT_EQ(definition->name, "visits");
    EXPECT_EQ(definition->tiers, usual_tiers(kMinuteMicros, {}, false));
    EXPECT_EQ(definition->aggregate, Aggregate::Count);
    EXPECT_EQ(definition->allowed_lateness_micros, kMinuteMicros);
    EXPECT_EQ(definition->exact_budget, 0U);
    const Result<MetricDefinition> gauge =
        read_definition(R"j({"window":"1m","aggregate":"gauge(event_type = a; event_type = b)"})j", "there");
    EXPECT_EQ(gauge->tiers.size(), 1U);
    const Result<MetricDefinition> users = read_definition(R"j({"window":"1m","aggregate":"distinct(user_id)"
})j",
                                                           "users");
    EXPECT_EQ(users->exact_budget, kDefaultExactBudget);
}

TEST(MetricCodec, NamesTheMemberAtFault) {
    struct Case {
        std::string text, field, says;
        std::optional<std::uint64_t> offset = std::nullopt;
    };
    const std::vector<Case> cases{
        {"[]", "", "must be an object"},
        {"{", "", "not JSON"},
        {R"j({"name":"a","window":"1m","agregate":"count"})j", "agregate", "there are name, description"},
        {R"j({"name":"a"})j", "window", "is missing"},
        {R"j({"window":"1m"})j", "name", "begins with a letter"},
        {R"j({"name":7,"window":"1m"})j", "name", "must be a text"},
        {R"j({"name":"a","window":"1y"})j", "window", "no length of time"},
        {R"j({"name":"a","window":"5s"})j", "tiers[0].window", "at least 10s"},
        {R"j({"name":"a","window":"1m","where":"event_typ = x"})j", "where", "there is no field", 0},
        {R"j({"name":"a","window":"1m","aggregate":"sum(amount)"})j", "aggregate", "there is no field amount", 4},
        {R"j({"name":"a","window":"1m","time":"later"})j", "time", "occurred or activity"},
        {R"j({"name":"a","window":"1m","group_by":"user_id"})j", "group_by", "an array"},
        {R"j({"name":"a","window":"1m","group_by":["user_id","x"]})j", "group_by[1]", "there is no field x"},
        {R"j({"name":"a","window":"1m","tiers":[]})j", "tiers", "array of objects"},
        {R"j({"name":"a","tiers":[{"window":"1m"},{"windw":"1h"}]})j", "tiers[1].windw", "there are window, retention"},
        {R"j({"name":"a","tiers":[{"retention":"1h"}]})j", "tiers[0].window", "is missing"},
        {R"j({"name":"a","window":"10s","tiers":[{"window":"1m"}]})j", "window", "another window"},
        {R"j({"name":"a","retention":"1h","tiers":[{"window":"1m"}]})j", "retention", "another retention"},
        {R"j({"name":"a","window":"1m","exact_budget":1})j", "exact_budget", "only distinct"},
        {R"j({"name":"a","window":"1m","aggregate":"topk(user_id)","exact_budget":-1})j", "exact_budget",
         "whole number"},
        {R"j({"name":"a","window":"1m","timezone":"Europe/Berlin"})j", "timezone", "days"},
        {R"j({"name":"a","window":"1m","allowed_lateness":"30d"})j", "allowed_lateness", "7d"},
        {R"j({"name":"a","window":"1m","unit":"\u0000"})j", "unit", "U+0000"},
        {"{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", "", "too deeply"},
    };
    for (const Case& c : cases) {
        const Result<MetricDefinition> definition = read_definition(c.text);
        ASSERT_FALSE(definition.ok()) << c.text;
        EXPECT_EQ(definition.error().field, c.field) << c.text << ": " << definition.error().message;
        EXPECT_THAT(definition.error().message, HasSubstr(c.says)) << c.text;
        if (c.offset) {
            EXPECT_EQ(definition.error().offset, c.offset) << c.text;
        }
    }
    EXPECT_EQ(read_definition(R"j({"name":"a","window":"1m"})j", "b").error().field, "name");
}

std::vector<MetricDefinition> built_in() {
    MetricDefinition one;
    one.name = "EVENTS_TOTAL";
    return {one};
}

TEST(MetricFile, ReadsMetrics) {
    const Result<std::vector<MetricDefinition>> metrics = parse_metric_file(R"j(
[[metric]]
name = "revenue"
where = 'event_type = purchase and props.plan = "pro plus"'
window = "10s"
aggregate = "sum(props.amount)"
group_by = ["page_url"]

[[metric]]
name = "users"
aggregate = "distinct(user_id)"
exact_budget = 100_000
tiers = [ { window = "1h", retention = "7d" }, { window = "1d", retention = "forever" } ]
)j",
                                                                            "metrics.toml", built_in());
    ASSERT_TRUE(metrics.ok()) << metrics.error().message;
    ASSERT_EQ(metrics->size(), 2U);
    EXPECT_EQ((*metrics)[0].where.text(), "event_type = purchase and props.plan = \"pro plus\"");
    EXPECT_EQ((*metrics)[1].tiers.size(), 2U);
    EXPECT_EQ((*metrics)[1].exact_budget, 100'000U);
    EXPECT_TRUE(parse_metric_file("", "metrics.toml", {})->empty());
}

TEST(MetricFile, NamesEachFaultsPlace) {
    const auto faults = [](std::string_view text) {
        const auto metrics = parse_metric_file(text, "metrics.toml", built_in());
        return metrics.ok() ? std::string() : metrics.error().message;
    };
    EXPECT_THAT(faults("[[metric]]\nname = \n"), HasSubstr("metrics.toml:2:"));
    EXPECT_THAT(faults("[[metrics]]\nname = \"a\"\n"), HasSubstr("metrics.toml:1:3: there is nothing called metrics"));
    EXPECT_THAT(faults("[metric]\nname = \"a\"\n"), HasSubstr("double brackets"));
    EXPECT_THAT(faults("[[metric]]\nname = \"EVENTS_TOTAL\"\nwindow = \"1m\"\n"),
                HasSubstr("metrics.toml:2:8: EVENTS_TOTAL is built in"));
    EXPECT_THAT(faults("[[metric]]\nname = \"a\"\nwindow = \"1m\"\n[[metric]]\nname = \"a\"\nwindow = \"1m\"\n"),
                HasSubstr("metrics.toml:5:8: there are two metrics called a"));
    const std::string several = faults(
        "[[metric]]\nname = \"a\"\nwindow = \"1m\"\nwhere = \"bot == 1\"\n"
        "[[metric]]\nname = \"b\"\nwindow = 2026-01-01\n"
        "[[metric]]\nname = \"c\"\ntiers = [\n {window = \"1m\"},\n {window = \"90s\"}]\n"
        "[[metric]]\nname = \"d\"\nwindow = \"1m\"\nsum = 1\n"
        "[[metric]]\nwindow = \"1m\"\n");
    EXPECT_THAT(several, HasSubstr("metrics.toml:4:9: write = instead of == (field where, at byte 4)"));
    EXPECT_THAT(several, HasSubstr("metrics.toml:7:10: must be a text"));
    EXPECT_THAT(several, HasSubstr("metrics.toml:12:12: each tier's window"));
    EXPECT_THAT(several, HasSubstr("metrics.toml:16:7: there is no such member"));
    EXPECT_THAT(several, HasSubstr("metrics.toml:17:1: a metric's name"));
}

TEST(MetricFile, ExampleLoads) {
    const char* const source = std::getenv("STREAMGAUGE_SOURCE");
    ASSERT_NE(source, nullptr) << "run by ctest";
    const auto metrics = read_metric_file(std::string(source) + "/resources/metrics.example.toml", built_in());
    ASSERT_TRUE(metrics.ok()) << metrics.error().message;
    EXPECT_GE(metrics->size(), 8U);
    EXPECT_EQ(read_metric_file("/nowhere/metrics.toml", {}).error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace streamgauge::api
