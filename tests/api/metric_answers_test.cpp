// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/metric_answers.h"

#include <gtest/gtest.h>

#include <random>

#include "api/metric_codec.h"
#include "api/query_answer.h"
#include "api/query_request.h"
#include "query/steps.h"

namespace streamgauge::api {
namespace {

query::PointsAnswer answer_of(Aggregate aggregate) {
    query::PointsAnswer answer;
    answer.metric = "m";
    answer.aggregate = aggregate;
    answer.range = {Timestamp{1'800'000'000'000'000}, Timestamp{1'800'003'600'000'000}};
    answer.step_micros = kHourMicros;
    query::Point point;
    point.start = answer.range.from;
    point.end = answer.range.to;
    answer.points = {point};
    return answer;
}

std::string text_of(const query::PointsAnswer& answer) {
    return write_json({answer}, {});
}

TEST(MetricAnswers, AreReadAsTheyWereWritten) {
    query::PointsAnswer top = answer_of(Aggregate::TopK);
    top.points[0].value.top = {{"a\"b", 12, 3}, {"c", 4, 0}};
    top.points[0].value.exact = false;
    top.points[0].value.missing_at_most = 7;
    query::PointsAnswer percentiles = answer_of(Aggregate::Percentile);
    percentiles.percentiles = {50, 99.9};
    percentiles.points[0].value.number = 1'500'000;
    percentiles.points[0].value.micros = true;
    percentiles.points[0].value.percentiles = {1'500'000, -2'000'001};
    query::PointsAnswer last = answer_of(Aggregate::Last);
    last.points[0].value.text = "ready";
    query::PointsAnswer count = answer_of(Aggregate::Count);
    count.range = query::kAllTime;
    count.step_micros = 0;
    count.points[0].start = query::kAllTime.from;
    count.points[0].end = query::kAllTime.to;
    count.points[0].value.number = 9'007'199'254'740'993;  // what a double would not hold
    query::PointsAnswer distinct = answer_of(Aggregate::Distinct);
    distinct.points[0].value.number = 1'048'576;
    distinct.points[0].value.exact = false;
    distinct.points[0].value.relative_error = 0.008125;
    for (const query::PointsAnswer& answer : {top, percentiles, last, count, distinct}) {
        const Result<query::PointsAnswer> read = read_points(text_of(answer));
        ASSERT_TRUE(read.ok()) << read.error().describe();
        EXPECT_EQ(text_of(*read), text_of(answer));
    }
}

TEST(MetricAnswers, TakeForExactOnlyWhatIsSaidToBe) {
    const auto read = [](const std::string& more) {
        const auto answer = read_points(R"({"aggregate":"count","points":[{"start":null,"end":null,"value":1,)" + more +
                                        R"("open":false,"exact":true}]})");
        EXPECT_TRUE(answer.ok());
        return answer.ok() ? answer->points.at(0).previous.value_or(query::Value()) : query::Value();
    };
    EXPECT_TRUE(read(R"("previous":2,"previous_exact":true,)").exact);
    EXPECT_FALSE(read(R"("previous":2,)").exact) << "an older server";
    EXPECT_FALSE(read(R"("previous":null,)").exact);
}

TEST(MetricAnswers, TellOfBuiltInMetrics) {
    for (const MetricDefinition& definition : built_in_metrics()) {
        MetricStatus status;
        status.definition = definition;
        const Result<MetricStatus> read = read_status(write_status(status));
        ASSERT_TRUE(read.ok()) << definition.name << ": " << read.error().describe();
        EXPECT_TRUE(read->definition.built_in());
        EXPECT_EQ(write_status(*read), write_status(status));
    }
}

TEST(MetricAnswers, QuestionsAreReadAsTheyWereWritten) {
    query::PointsQuery query;
    query.metric = "m";
    query.range = {Timestamp{1'800'000'000'123'456}, Timestamp{1'800'003'600'000'000}};
    query.step_micros = kMinuteMicros;
    query.group_by = {{Field::Prop, "plan"}, {Field::UserId, {}}};
    query.filter = *Filter::parse("props.plan = \"a b\" and not exists user_id");
    query.percentiles = {50, 99.9};
    query.order = query::Order{query::Order::By::Group, true};
    query.top = 3;
    query.limit = 17;
    query.compare = true;
    const Result<QueryRequest> read = read_query(write_question(query), Timestamp{});
    ASSERT_TRUE(read.ok()) << read.error().describe();
    ASSERT_EQ(read->points.size(), 1U);
    EXPECT_EQ(read->points[0].range, query.range);
    EXPECT_EQ(read->points[0].filter.text(), query.filter.text());
    EXPECT_EQ(read->points[0].group_by, query.group_by);
    EXPECT_EQ(read->points[0].percentiles, query.percentiles);
    EXPECT_EQ(read->points[0].limit, 17U);
    EXPECT_EQ(write_question(read->points[0]), write_question(query));
}

TEST(MetricAnswers, TakeNothingOnTrust) {
    query::PointsAnswer answer = answer_of(Aggregate::TopK);
    answer.points[0].value.top = {{"a", 12, 3}};
    const std::string good = text_of(answer);
    std::mt19937 random(5);
    for (int i = 0; i < 3'000; ++i) {
        std::string bad = good;
        for (unsigned n = 1 + static_cast<unsigned>(random() % 3); n > 0 && !bad.empty(); --n) {
            const std::size_t at = random() % bad.size();
            if (random() % 2 == 0) {
                bad[at] = "0{}[],:\"tn-"[random() % 11];
            } else {
                bad.erase(at, random() % 9);
            }
        }
        const auto read = read_points(bad);
        if (!read.ok()) {
            EXPECT_EQ(read.error().code, ErrorCode::InvalidArgument);
        }
    }
    for (const char* text : {"", "[]", "{}", "{\"metrics\":5}", "[{}]", "[{\"definition\":{\"name\":7}}]"})
        EXPECT_EQ(read_statuses(text).ok(), std::string(text) == "[]") << text;
    EXPECT_FALSE(read_points(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace streamgauge::api
