// SPDX-License-Identifier: GPL-3.0-or-later
// Aggregates as text, the usual tiers, and what a definition must keep to.
#include "metrics/definition_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace streamgauge {
namespace {

using testing::HasSubstr;

std::string again(const AggregateParts& parts) {
    return aggregate_text(parts.aggregate, parts.of, parts.percentile, parts.plus, parts.minus);
}

TEST(AggregateText, ReadsWhatItWrites) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"count", "count"},
        {" count() ", "count"},
        {"sum(props.amount_usd)", "sum(props.amount_usd)"},
        {"sum( props.amount_usd | props.amount )", "sum(props.amount_usd|props.amount)"},
        {"min(props.x)", "min(props.x)"},
        {"max(\"props.a|b)\")", "max(\"props.a|b)\")"},
        {"avg(props.x)", "avg(props.x)"},
        {"last(page_url)", "last(page_url)"},
        {"distinct(user_id)", "distinct(user_id)"},
        {"topk(page_url)", "topk(page_url)"},
        {"p50(props.ms)", "p50(props.ms)"},
        {"p99.9(props.ms)", "p99.9(props.ms)"},
        {"p0.5(props.ms)", "p0.5(props.ms)"},
        {"gauge(event_type=viewer_join; event_type = viewer_leave)",
         "gauge(event_type = viewer_join; event_type = viewer_leave)"},
        {"gauge(event_type = \"a;b)\" or (bot = true);)", "gauge(event_type = \"a;b)\" or bot = true; )"},
    };
    for (const auto& [text, normal] : cases) {
        const Result<AggregateParts> parts = parse_aggregate(text);
        ASSERT_TRUE(parts.ok()) << text << ": " << parts.error().describe();
        EXPECT_EQ(again(*parts), normal);
        const Result<AggregateParts> twice = parse_aggregate(normal);
        ASSERT_TRUE(twice.ok()) << normal;
        EXPECT_EQ(again(*twice), normal);
    }
}

TEST(AggregateText, SaysWhereItsFaultsAre) {
    struct Case {
        std::string text;
        std::size_t offset;
        std::string says;
    };
    const std::vector<Case> cases{
        {"", 0, "expected count"},
        {"  summ(props.x)", 2, "expected count"},
        {"sum", 3, "expected ("},
        {"sum(props.x", 11, "expected )"},
        {"sum()", 4, "expected a field"},
        {"sum(props.x|)", 12, "expected a field"},
        {"sum(amount)", 4, "there is no field amount"},
        {"sum(props.x | amount)", 14, "there is no field amount"},
        {"sum(props.x props.y)", 12, "expected and"},
        {"p100(props.x)", 0, "expected count"},
        {"p0(props.x)", 0, "expected count"},
        {"p(props.x)", 0, "expected count"},
        {"p1e1(props.x)", 0, "expected count"},
        {"p-5(props.x)", 0, "expected count"},
        {"gauge(event_type = a)", 20, "expected ;"},
        {"gauge(event_type = a; event_typ = b)", 22, "there is no field event_typ"},
        {"sum(props.a|props.b|props.c|props.d|props.e)", 36, "at most 4"},
    };
    for (const Case& c : cases) {
        const Result<AggregateParts> parts = parse_aggregate(c.text);
        ASSERT_FALSE(parts.ok()) << c.text;
        EXPECT_EQ(parts.error().offset, c.offset) << c.text << ": " << parts.error().message;
        EXPECT_THAT(parts.error().message, HasSubstr(c.says)) << c.text;
    }
}

TEST(UsualTiers, NestAndAreKeptLongerTheWiderTheyAre) {
    const auto text = [](const std::vector<Tier>& tiers) {
        std::string all;
        for (const Tier& tier : tiers)
            all += window_text(tier.window_micros) + "/" + retention_text(tier.retention_micros) + " ";
        return all;
    };
    EXPECT_EQ(text(usual_tiers(10 * kSecondMicros, {}, false)), "10s/1d 1m/2w 1h/90d 1d/forever ");
    EXPECT_EQ(text(usual_tiers(kMinuteMicros, kDayMicros, false)), "1m/1d 1h/90d 1d/forever ");
    EXPECT_EQ(text(usual_tiers(kMinuteMicros, 365 * kDayMicros, false)), "1m/365d 1h/365d 1d/forever ");
    EXPECT_EQ(text(usual_tiers(kMinuteMicros, 0, false)), "1m/forever 1h/forever 1d/forever ");
    EXPECT_EQ(text(usual_tiers(45 * kSecondMicros, {}, false)), "45s/1d 1h/90d 1d/forever ");
    EXPECT_EQ(text(usual_tiers(7 * kMinuteMicros, {}, false)), "7m/2w ");
    EXPECT_EQ(text(usual_tiers(kDayMicros, {}, true)), "1d/forever ");
    EXPECT_EQ(text(usual_tiers(0, {}, false)), "all/forever ");
}

MetricDefinition good() {
    MetricDefinition definition;
    definition.name = "revenue";
    definition.tiers = usual_tiers(kMinuteMicros, {}, false);
    return definition;
}

TEST(CheckedDefinition, KeepsToWhatCanBe) {
    EXPECT_TRUE(check(good()).ok());
    using Change = std::function<void(MetricDefinition&)>;
    struct Case {
        std::string field;
        Change change;
    };
    const FieldPath user{Field::UserId, {}};
    const std::vector<Case> cases{
        {"name", [](auto& d) { d.name.clear(); }},
        {"name", [](auto& d) { d.name = "1a"; }},
        {"name", [](auto& d) { d.name = "a b"; }},
        {"name", [](auto& d) { d.name.assign(129, 'a'); }},
        {"name", [](auto& d) { d.name = "validate"; }},
        {"description", [](auto& d) { d.description.assign(1001, 'a'); }},
        {"unit", [](auto& d) { d.unit.assign(33, 'a'); }},
        {"window", [](auto& d) { d.tiers.clear(); }},
        {"tiers", [](auto& d) { d.tiers.assign(7, d.tiers[0]); }},
        {"tiers[0].window",
         [](auto& d) {
             d.tiers = {{kSecondMicros, 0}};
         }},
        {"tiers[0].window",
         [](auto& d) {
             d.tiers = {{36 * kHourMicros, 0}};
         }},
        {"tiers[0].window",
         [](auto& d) {
             d.tiers = {{400 * kDayMicros, 0}};
         }},
        {"tiers[0].window",
         [](auto& d) {
             d.tiers = {{10'500'000, 0}};
         }},
        {"tiers[1].window",
         [](auto& d) {
             d.tiers = {{kMinuteMicros, 0}, {90 * kSecondMicros, 0}};
         }},
        {"tiers[1].window",
         [](auto& d) {
             d.tiers = {{kMinuteMicros, 0}, {kMinuteMicros, 0}};
         }},
        {"tiers[1].window",
         [](auto& d) {
             d.tiers = {{kMinuteMicros, 0}, {0, 0}};
         }},
        {"tiers[0].window",
         [](auto& d) {
             d.tiers = {{0, 0}, {kMinuteMicros, 0}};
         }},
        {"tiers[0].retention",
         [](auto& d) {
             d.tiers = {{0, kDayMicros}};
         }},
        {"tiers[0].retention",
         [](auto& d) {
             d.tiers = {{kHourMicros, kMinuteMicros}};
         }},
        {"tiers[0].retention",
         [](auto& d) {
             d.allowed_lateness_micros = 2 * kDayMicros;
             d.tiers = {{kMinuteMicros, kDayMicros}};
         }},
        {"tiers[1].retention",
         [](auto& d) {
             d.tiers = {{kMinuteMicros, 0}, {kHourMicros, kDayMicros}};
         }},
        {"tiers[1].retention",
         [](auto& d) {
             d.tiers = {{kMinuteMicros, 2 * kDayMicros}, {kHourMicros, kDayMicros}};
         }},
        {"timezone", [](auto& d) { d.timezone = "Europe/Berlin", d.tiers.resize(1); }},
        {"timezone",
         [](auto& d) {
             d.timezone = "Mars/Olympus", d.tiers = {{kDayMicros, 0}};
         }},
        {"tiers",
         [](auto& d) {
             d.timezone = "Europe/Berlin", d.tiers = {{kDayMicros, 0}, {7 * kDayMicros, 0}};
         }},
        {"group_by",
         [](auto& d) {
             d.group_by.assign(9, {Field::Prop, "x"});
         }},
        {"group_by[1]",
         [&](auto& d) {
             d.group_by = {user, user};
         }},
        {"aggregate", [](auto& d) { d.aggregate = Aggregate::Sum; }},
        {"aggregate", [&](auto& d) { d.of = {user}; }},
        {"aggregate", [&](auto& d) { d.aggregate = Aggregate::Percentile, d.of = {user}; }},
        {"allowed_lateness", [](auto& d) { d.allowed_lateness_micros = 8 * kDayMicros; }},
        {"exact_budget", [](auto& d) { d.exact_budget = 1; }},
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        MetricDefinition definition = good();
        cases[i].change(definition);
        const Status checked = check(definition);
        ASSERT_FALSE(checked.ok()) << i << " " << cases[i].field;
        EXPECT_EQ(checked.error().field, cases[i].field) << i << " " << checked.error().message;
    }
    MetricDefinition days = good();
    days.tiers = {{kDayMicros, 0}};
    days.timezone = "Asia/Kathmandu";
    EXPECT_TRUE(check(days).ok());
}

TEST(SameResults, IgnoresOnlyWhatIsShown) {
    const MetricDefinition one = good();
    MetricDefinition other = one;
    other.name = "x";
    other.description = "other";
    other.unit = "EUR";
    EXPECT_TRUE(same_results(one, other));
    other.where = *Filter::parse("bot = false");
    EXPECT_FALSE(same_results(one, other));
}

}  // namespace
}  // namespace streamgauge
