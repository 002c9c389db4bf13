// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/query_request.h"

#include <gtest/gtest.h>

#include "query/steps.h"

namespace streamgauge::api {
namespace {

const Timestamp kNow = parse_rfc3339("2026-01-31T12:00:30Z").value();

std::string fault(const Result<QueryRequest>& read) {
    return read.ok() ? "none" : read.error().field + ": " + read.error().message;
}
std::string field_at_fault(std::string_view json) {
    const auto read = read_query(json, kNow);
    return read.ok() ? "none" : read.error().field;
}

TEST(QueryRequest, ReadsEveryMemberOfAQuestionAboutAMetric) {
    const auto read = read_query(
        R"({"metric":"views","project":"shop","from":"-15m","to":"now","step":"1m","timezone":"Asia/Kolkata",
            "group_by":["page_url","props.plan"],"filter":"page_url = / and props.plan != free","order":"-value",
            "percentiles":[50,99.9],"top":5,"limit":20,"compare":true,"cursor":"c","explain":true})",
        kNow);
    ASSERT_TRUE(read.ok()) << fault(read);
    EXPECT_TRUE(read->explain);
    EXPECT_FALSE(read->several);
    EXPECT_EQ(read->project, "shop");
    ASSERT_EQ(read->points.size(), 1U);
    const query::PointsQuery& query = read->points.front();
    EXPECT_EQ(query.metric, "views");
    EXPECT_EQ(query.range, (query::TimeRange{kNow.plus_micros(-15 * kMinuteMicros), kNow}));
    EXPECT_EQ(query.step_micros, kMinuteMicros);
    EXPECT_EQ(query.timezone, "Asia/Kolkata");
    EXPECT_EQ(query.group_by, (std::vector<FieldPath>{{Field::PageUrl, {}}, {Field::Prop, "plan"}}));
    EXPECT_EQ(query.filter.text(), "page_url = / and props.plan != free");
    ASSERT_TRUE(query.order);
    EXPECT_EQ(query.order->by, query::Order::By::Value);
    EXPECT_TRUE(query.order->descending);
    EXPECT_EQ(query.percentiles, (std::vector<double>{50, 99.9}));
    EXPECT_EQ(query.top, 5U);
    EXPECT_EQ(query.limit, 20U);
    EXPECT_TRUE(query.compare);
    EXPECT_EQ(query.cursor, "c");
}

TEST(QueryRequest, ReadsTheSameFromParameters) {
    const auto read = read_query({{"metrics", "views,users"},
                                  {"from", "2026-01-01"},
                                  {"to", "1769860830"},
                                  {"group_by", "page_url,props.plan"},
                                  {"filter", R"({"not":{"field":"page_url","value":"/"}})"},
                                  {"limit", "7"},
                                  {"percentiles", "50,99.9"},
                                  {"compare", "1"},
                                  {"explain", "true"}},
                                 kNow);
    ASSERT_TRUE(read.ok()) << fault(read);
    EXPECT_TRUE(read->several);
    ASSERT_EQ(read->points.size(), 2U);
    EXPECT_EQ(read->points[1].metric, "users");
    EXPECT_EQ(read->points[1].range.from, parse_rfc3339("2026-01-01T00:00:00Z").value());
    EXPECT_EQ(read->points[1].range.to, kNow);
    EXPECT_EQ(read->points[1].group_by.size(), 2U);
    EXPECT_EQ(read->points[1].filter.text(), "not page_url = /");
    EXPECT_EQ(read->points[1].limit, 7U);
    EXPECT_EQ(read->points[1].percentiles, (std::vector<double>{50, 99.9}));
    EXPECT_TRUE(read->points[1].compare);
    EXPECT_TRUE(read->explain);
}

TEST(QueryRequest, ReadsNestedFilters) {
    const auto read = read_query(
        R"({"metric":"m","from":"-1h","filter":{"and":[{"field":"event_type","op":"in","value":["a","b c",1.5,true]},
            {"or":[{"field":"props.n","op":">=","value":12.50},{"not":{"field":"user_id","op":"exists"}}]}]}})",
        kNow);
    ASSERT_TRUE(read.ok()) << fault(read);
    EXPECT_EQ(read->points.front().filter.text(),
              "event_type in (a, \"b c\", 1.5, true) and (props.n >= 12.5 or not exists user_id)");
}

TEST(QueryRequest, ReadsAggregatesOverStoredEvents) {
    const auto read = read_query(
        R"j({"aggregate":"p95(props.ms)","time":"activity","from":1769860000,"to":1769860001.5,"filter":"props.a = 1"})j",
        kNow);
    ASSERT_TRUE(read.ok()) << fault(read);
    const query::PointsQuery& query = read->points.front();
    ASSERT_TRUE(query.raw);
    EXPECT_EQ(query.raw->aggregate, Aggregate::Percentile);
    EXPECT_EQ(query.raw->percentile, 95);
    EXPECT_EQ(query.raw->time, TimeBasis::Activity);
    EXPECT_EQ(query.range.to.micros - query.range.from.micros, 1'500'000);
    EXPECT_TRUE(query.metric.empty());
}

TEST(QueryRequest, ReadsFunnelsAndRetention) {
    auto read = read_query(
        R"({"from":"-7d","funnel":{"steps":["event_type = view",{"field":"event_type","value":"buy"}],"within":"2h","by":"session_id"}})",
        kNow);
    ASSERT_TRUE(read.ok()) << fault(read);
    ASSERT_TRUE(read->funnel);
    ASSERT_EQ(read->funnel->steps.size(), 2U);
    EXPECT_EQ(read->funnel->steps[1].text(), "event_type = buy");
    EXPECT_EQ(read->funnel->within_micros, 2 * kHourMicros);
    EXPECT_EQ(read->funnel->by.field, Field::SessionId);
    read = read_query(
        {{"from", "-7d"}, {"timezone", "Asia/Tokyo"}, {"retention", R"({"first":"event_type = login","days":30})"}},
        kNow);
    ASSERT_TRUE(read.ok()) << fault(read);
    ASSERT_TRUE(read->retention);
    EXPECT_EQ(read->retention->again.text(), "event_type = login");
    EXPECT_EQ(read->retention->days, 30);
    EXPECT_EQ(read->retention->timezone, "Asia/Tokyo");
}

TEST(QueryRequest, NamesTheMemberAtFault) {
    for (const auto& [json, field] : std::vector<std::pair<std::string, std::string>>{
             {"", ""},
             {"[]", ""},
             {"{", ""},
             {R"({"from":"-1h"})", "metric"},
             {R"({"metric":"","from":"-1h"})", "metric"},
             {R"({"metric":5,"from":"-1h"})", "metric"},
             {R"({"metric":"m","from":"-1h","colour":"red"})", "colour"},
             {R"({"metric":"m","metrics":["a"],"from":"-1h"})", "metrics"},
             {R"({"metrics":[],"from":"-1h"})", "metrics"},
             {R"({"metric":"m","aggregate":"count","from":"-1h"})", "metric"},
             {R"({"metric":"m","time":"activity","from":"-1h"})", "time"},
             {R"({"aggregate":"sum(","from":"-1h"})", "aggregate"},
             {R"({"aggregate":"count","time":"later","from":"-1h"})", "time"},
             {R"({"metric":"m","from":"yesterday"})", "from"},
             {R"({"metric":"m","from":true})", "from"},
             {R"({"metric":"m","to":"now"})", "from"},
             {R"({"metric":"m","from":"2026-01-02","to":"2026-01-01"})", "to"},
             {R"({"metric":"m","from":"-1h","step":"fast"})", "step"},
             {R"({"metric":"m","from":"-1h","group_by":"page_url"})", "group_by"},
             {R"({"metric":"m","from":"-1h","group_by":["colour"]})", "group_by"},
             {R"({"metric":"m","from":"-1h","filter":"page_url ="})", "filter"},
             {R"({"metric":"m","from":"-1h","filter":{"and":[{"field":"page_url","op":"like","value":1}]}})",
              "filter.and[0].op"},
             {R"({"metric":"m","from":"-1h","filter":{"or":[],"and":[]}})", "filter"},
             {R"({"metric":"m","from":"-1h","filter":{"field":"page_url"}})", "filter.value"},
             {R"({"metric":"m","from":"-1h","filter":{"field":"page_url","op":"in","value":[]}})", "filter.value"},
             {R"({"metric":"m","from":"-1h","filter":{"field":"page_url","op":"exists","value":1}})", "filter.value"},
             {R"({"metric":"m","from":"-1h","filter":{"not":[]}})", "filter.not"},
             {R"({"metric":"m","from":"-1h","filter":7})", "filter"},
             {R"({"metric":"m","from":"-1h","order":"random"})", "order"},
             {R"({"metric":"m","from":"-1h","percentiles":["x"]})", "percentiles"},
             {R"({"metric":"m","from":"-1h","limit":0})", "limit"},
             {R"({"metric":"m","from":"-1h","limit":10001})", "limit"},
             {R"({"metric":"m","from":"-1h","limit":"5"})", "limit"},
             {R"({"metric":"m","from":"-1h","top":1001})", "top"},
             {R"({"metric":"m","from":"-1h","compare":"yes"})", "compare"},
             {R"({"metrics":["a","b"],"from":"-1h","cursor":"c"})", "cursor"},
             {R"({"from":"-1h","funnel":{"steps":["event_type = a"]}})", "funnel.steps"},
             {R"({"from":"-1h","funnel":{"steps":["event_type = a","="]}})", "funnel.steps[1]"},
             {R"({"from":"-1h","funnel":{"steps":["event_type = a","event_type = b"],"in":"1h"}})", "funnel.in"},
             {R"({"from":"-1h","metric":"m","funnel":{"steps":["event_type = a","event_type = b"]}})", "metric"},
             {R"({"from":"-1h","funnel":[]})", "funnel"},
             {R"({"funnel":{"steps":["event_type = a","event_type = b"]}})", "from"},
             {R"({"from":"-1h","retention":{"again":"event_type = a"}})", "retention.first"},
             {R"({"from":"-1h","retention":{"first":"event_type = a","days":91}})", "retention.days"},
         })
        EXPECT_EQ(field_at_fault(json), field) << json;
    EXPECT_EQ(field_at_fault(R"({"metric":"m"})"), "none") << "a metric without windows is asked so";
}

TEST(QueryRequest, BoundsWhatItReads) {
    const std::string deep(200, '[');
    EXPECT_FALSE(read_query(R"({"filter":)" + deep, kNow).ok());
    EXPECT_FALSE(read_query({{"metric", "m"}, {"filter", "{" + deep}}, kNow).ok());
    const auto large = read_query(std::string(kQueryBytes + 1, ' '), kNow);
    ASSERT_FALSE(large.ok());
    EXPECT_EQ(large.error().code, ErrorCode::TooLarge);
    EXPECT_EQ(fault(read_query({{"metric", "m"}, {"metric", "n"}}, kNow)).substr(0, 7), "metric:");
    EXPECT_FALSE(read_query({{"metric", "\xFF"}}, kNow).ok());
    EXPECT_FALSE(read_query(R"({"metric":"a\u0000b","from":"-1h"})", kNow).ok());
}

}  // namespace
}  // namespace streamgauge::api
