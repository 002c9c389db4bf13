// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/query_answer.h"

#include <gtest/gtest.h>

#include <limits>

#include "metrics/decimal.h"
#include "query/steps.h"

namespace streamgauge::api {
namespace {

using query::Point;
using query::PointsAnswer;

PointsAnswer answer_of(Aggregate aggregate) {
    PointsAnswer answer;
    answer.metric = "m";
    answer.unit = "USD";
    answer.aggregate = aggregate;
    answer.range = {Timestamp::from_seconds(0), Timestamp::from_seconds(7'200)};
    answer.step_micros = kHourMicros;
    answer.group_by = {{Field::PageUrl, {}}};
    answer.as_of = Timestamp::from_seconds(7'000);
    answer.last_window_open = true;
    for (int i = 0; i < 2; ++i) {
        Point point;
        point.start = Timestamp::from_seconds(3'600 * i);
        point.end = Timestamp::from_seconds(3'600 * (i + 1));
        point.group = {i == 0 ? "/a" : "say \"b\", twice\n"};
        point.open = i == 1;
        answer.points.push_back(point);
    }
    return answer;
}

query::Value number(std::optional<std::int64_t> value, bool micros = false) {
    query::Value out;
    out.number = value;
    out.micros = micros;
    return out;
}

std::string decimal(std::int64_t micros) {
    std::string out;
    append_decimal_micros(out, micros);
    return out;
}

TEST(DecimalText, WritesEveryDigitAndNoMore) {
    EXPECT_EQ(decimal(0), "0");
    EXPECT_EQ(decimal(12'500'000), "12.5");
    EXPECT_EQ(decimal(-1), "-0.000001");
    EXPECT_EQ(decimal(100'000), "0.1");
    EXPECT_EQ(decimal(-3'000'000), "-3");
    EXPECT_EQ(decimal(std::numeric_limits<std::int64_t>::max()), "9223372036854.775807");
    EXPECT_EQ(decimal(std::numeric_limits<std::int64_t>::min()), "-9223372036854.775808");
    for (const std::int64_t micros : {1LL, 10LL, 999'999LL, 1'000'001LL, -123'456'789LL})
        EXPECT_EQ(parse_decimal_micros(decimal(micros)), micros);
}

TEST(QueryAnswer, WritesJsonWithExactDecimals) {
    PointsAnswer answer = answer_of(Aggregate::Sum);
    answer.points[0].value = number(123'456'789'000'001, true);
    answer.points[0].previous = number(-100'000, true);
    answer.points[1].value = number(std::nullopt, true);
    answer.points[1].corrected = 3;
    answer.cursor = "next";
    EXPECT_EQ(
        write_json({answer}, {}),
        R"({"metric":"m","aggregate":"sum","unit":"USD","from":"1970-01-01T00:00:00Z","to":"1970-01-01T02:00:00Z",)"
        R"("step":"1h","group_by":["page_url"],"as_of":"1970-01-01T01:56:40Z","last_window_open":true,"points":[)"
        R"({"start":"1970-01-01T00:00:00Z","end":"1970-01-01T01:00:00Z","group":["/a"],"value":123456789.000001,)"
        R"("previous":-0.1,"previous_exact":true,"open":false,"exact":true},)"
        R"({"start":"1970-01-01T01:00:00Z","end":"1970-01-01T02:00:00Z","group":["say \"b\", twice\n"],)"
        R"("value":null,"open":true,"corrected":3,"exact":true}],"cursor":"next"})");
    EXPECT_EQ(write_csv({answer}, {}),
              "start,end,page_url,value,previous,previous_exact,previous_partial,open,corrected,exact,error\r\n"
              "1970-01-01T00:00:00Z,1970-01-01T01:00:00Z,/a,123456789.000001,-0.1,true,false,false,0,true,0\r\n"
              "1970-01-01T01:00:00Z,1970-01-01T02:00:00Z,\"say \"\"b\"\", twice\n\",,,,,true,3,true,0\r\n");
    // A part of what there was, known by a sketch; and nothing that is kept.
    answer.points[0].previous->exact = false;
    answer.points[0].previous_partial = true;
    answer.points[1].previous = number(std::nullopt, true);
    const std::string partial = write_json({answer}, {});
    EXPECT_NE(partial.find(R"("previous":-0.1,"previous_exact":false,"previous_partial":true,)"), std::string::npos);
    EXPECT_NE(partial.find(R"("previous":null,"open":true)"), std::string::npos) << partial;
    const std::string table = write_csv({answer}, {});
    EXPECT_NE(table.find(",-0.1,false,true,false,0,true,0\r\n"), std::string::npos) << table;
    EXPECT_NE(table.find("twice\n\",,,,,true,3,true,0\r\n"), std::string::npos) << table;
}

TEST(QueryAnswer, LabelsWhatIsNotExact) {
    PointsAnswer answer = answer_of(Aggregate::Distinct);
    answer.points[0].value = number(1'234'567);
    answer.points[0].value.exact = false;
    answer.points[0].value.relative_error = 0.0081;
    answer.points[1].value = number(5);
    answer.points[1].value.saturated = true;
    answer.points[1].other = true;
    const std::string json = write_json({answer}, {false, true});
    EXPECT_TRUE(json.starts_with(R"({"answers":[{"metric":"m")")) << json;
    EXPECT_NE(json.find(R"("value":1234567,"open":false,"exact":false,"relative_error":0.0081})"), std::string::npos)
        << json;
    EXPECT_NE(json.find(R"("value":5,"open":true,"exact":true,"saturated":true,"other":true})"), std::string::npos)
        << json;
    EXPECT_EQ(
        write_ndjson({answer}, {}).substr(0, 100),
        R"({"start":"1970-01-01T00:00:00Z","end":"1970-01-01T01:00:00Z","group":["/a"],"value":1234567,"open":f)");
    EXPECT_TRUE(write_ndjson({answer}, {false, true}).starts_with(R"({"metric":"m","start":)"));
}

TEST(QueryAnswer, WritesItemsPercentilesAndTexts) {
    PointsAnswer answer = answer_of(Aggregate::TopK);
    answer.points[0].value.top = {{"x,y", 9, 0}, {"z", 4, 1}};
    answer.points[0].value.exact = false;
    answer.points[0].value.missing_at_most = 2;
    const std::string json = write_json({answer}, {});
    EXPECT_NE(json.find(R"("value":[{"value":"x,y","count":9},{"value":"z","count":4,"error":1}],"open":false,)"
                        R"("exact":false,"missing_at_most":2)"),
              std::string::npos)
        << json;
    EXPECT_EQ(write_csv({answer}, {}),
              "start,end,page_url,item,value,open,corrected,exact,error\r\n"
              "1970-01-01T00:00:00Z,1970-01-01T01:00:00Z,/a,\"x,y\",9,false,0,false,0\r\n"
              "1970-01-01T00:00:00Z,1970-01-01T01:00:00Z,/a,z,4,false,0,false,1\r\n");

    answer = answer_of(Aggregate::Percentile);
    answer.percentiles = {50, 99.9};
    answer.points[0].value = number(1'500'000, true);
    answer.points[0].value.percentiles = {1'500'000, 2'000'000};
    EXPECT_NE(write_json({answer}, {}).find(R"("value":1.5,"percentiles":{"p50":1.5,"p99.9":2})"), std::string::npos);
    EXPECT_NE(write_csv({answer}, {}).find("page_url,value,p50,p99.9,open"), std::string::npos);

    answer = answer_of(Aggregate::Last);
    answer.range = query::kAllTime;
    answer.points.resize(1);
    answer.points[0].start = query::kAllTime.from;
    answer.points[0].end = query::kAllTime.to;
    answer.points[0].value.text = "a \"b\"";
    EXPECT_NE(write_json({answer}, {}).find(R"({"start":null,"end":null,"group":["/a"],"value":"a \"b\"",)"),
              std::string::npos);
}

}  // namespace
}  // namespace streamgauge::api
