// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/metric_form.h"

#include <gmock/gmock.h>

#include "api/metric_codec.h"
#include "metrics/definition_text.h"

namespace streamgauge::viewmodels {
namespace {

using namespace Qt::Literals::StringLiterals;

// Every member that REST has, in every kind of aggregate.
const char* const kDefinitions[] = {
    R"~({"name":"all","window":"1m"})~",
    R"~({"name":"revenue","description":"What was paid","unit":"USD","where":"event_type = purchase","window":"1m",
        "retention":"30d","group_by":["props.currency","user_id"],"aggregate":"sum(props.amount|props.amount_usd)"})~",
    R"~({"name":"by_day","window":"1d","timezone":"Asia/Kathmandu","aggregate":"distinct(user_id)",
        "exact_budget":5000})~",
    R"~({"name":"latency","window":"10s","aggregate":"p99.9(\"props.load ms\")","time":"activity",
        "allowed_lateness":"0s"})~",
    R"~({"name":"tiers","window":"1m","tiers":[{"window":"1m","retention":"3d"},
        {"window":"2h","retention":"forever"}]})~",
    R"~({"name":"one","window":"1m","tiers":[{"window":"1m","retention":"14d"}],"aggregate":"topk(props.query)"})~",
    R"~({"name":"viewers","window":"1m","aggregate":"gauge(event_type = join and props.a = \"x; y\"; event_type = leave)",
        "allowed_lateness":"2h"})~",
    R"~({"name":"ever","window":"all","aggregate":"last(props.plan)"})~",
    R"~({"name":"kept","window":"1h","retention":"forever","aggregate":"avg(props.n)"})~"};

TEST(MetricForm, ReadsTheSameDefinitionAgain) {
    for (const char* text : kDefinitions) {
        const auto definition = api::read_definition(text);
        ASSERT_TRUE(definition.ok()) << text << definition.error().describe();
        const FormReading reading = read_form(form_of(*definition));
        ASSERT_TRUE(reading.definition) << text << ": " << reading.faults.first().toStdString();
        EXPECT_EQ(api::write_definition(*reading.definition), api::write_definition(*definition));
    }
    for (const MetricDefinition& definition : built_in_metrics()) {
        const FormReading reading = read_form(form_of(definition));
        ASSERT_TRUE(reading.definition) << definition.name;
        EXPECT_TRUE(same_results(*reading.definition, definition)) << definition.name;
    }
}

TEST(MetricForm, TheUsualTiersAreNotWrittenOut) {
    const auto definition = api::read_definition(kDefinitions[0]);
    const FormTexts form = form_of(*definition);
    EXPECT_EQ(form[u"wider"_s], u"");
    EXPECT_EQ(form[u"retention"_s], u"");
    EXPECT_EQ(form[u"window"_s], u"1m");
    EXPECT_EQ(form_of(*api::read_definition(kDefinitions[4]))[u"wider"_s], u"2h forever");
    EXPECT_EQ(form_of(*api::read_definition(kDefinitions[5]))[u"wider"_s], u"none");
}

// What is wrong at which key, when a form that is right has this text there.
QString fault_at(const QString& key, const QString& text, FormTexts form = {}) {
    if (form.isEmpty()) form = form_of(*api::read_definition(kDefinitions[1]));
    form[key] = text;
    const FormReading reading = read_form(form);
    EXPECT_FALSE(reading.definition) << key.toStdString();
    EXPECT_EQ(reading.faults.size(), 1) << key.toStdString();
    return reading.faults[key];
}

TEST(MetricForm, EachFaultStandsAtItsKey) {
    EXPECT_TRUE(fault_at(u"name"_s, u"9 lives"_s).contains(u"letters"));
    EXPECT_TRUE(fault_at(u"unit"_s, QString(40, u'x')).contains(u"32 bytes"));
    EXPECT_TRUE(fault_at(u"where"_s, u"event_type = purchase and"_s).contains(u"expected"));
    EXPECT_TRUE(fault_at(u"where"_s, u"päivä = 1"_s).size() > 0);
    EXPECT_TRUE(fault_at(u"window"_s, u"90x"_s).size() > 0);
    EXPECT_EQ(fault_at(u"window"_s, u"1s"_s), u"a window has at least 10s");
    EXPECT_TRUE(fault_at(u"retention"_s, u"soon"_s).size() > 0);
    EXPECT_TRUE(fault_at(u"wider"_s, u"90s 30d"_s).contains(u"whole number of windows"));
    EXPECT_TRUE(fault_at(u"wider"_s, u"1h 30d, 1d 2d"_s).contains(u"at least as long"));
    EXPECT_TRUE(fault_at(u"timezone"_s, u"Mars/Olympus"_s, form_of(*api::read_definition(kDefinitions[2]))).size() > 0);
    EXPECT_TRUE(fault_at(u"lateness"_s, u"8d"_s).contains(u"7d"));
    EXPECT_TRUE(fault_at(u"groupBy"_s, u"user_id, nothing"_s).size() > 0);
    EXPECT_TRUE(fault_at(u"field"_s, u""_s).contains(u"field"));
    EXPECT_TRUE(fault_at(u"field"_s, u"props.a|wrong"_s).size() > 0);
    const FormTexts percentile = form_of(*api::read_definition(kDefinitions[3]));
    EXPECT_EQ(fault_at(u"percentile"_s, u"101"_s, percentile), u"a percentage between 0 and 100");
    EXPECT_TRUE(fault_at(u"budget"_s, u"many"_s, percentile).contains(u"whole number"));
    const FormTexts gauge = form_of(*api::read_definition(kDefinitions[6]));
    EXPECT_TRUE(fault_at(u"plus"_s, u"event_type ="_s, gauge).size() > 0);
    EXPECT_TRUE(fault_at(u"minus"_s, u"user_id ?? 4"_s, gauge).contains(u"after \"user_id"));
}

TEST(MetricForm, ShowsEveryFaultAtOnce) {
    FormTexts form = new_form();
    form[u"where"_s] = u"user_id ="_s;
    form[u"window"_s] = u"3"_s;
    form[u"kind"_s] = u"sum"_s;
    form[u"groupBy"_s] = u"nothing"_s;
    const FormReading reading = read_form(form);
    EXPECT_FALSE(reading.definition);
    EXPECT_THAT(reading.faults.keys(),
                testing::UnorderedElementsAre(u"name"_s, u"where"_s, u"window"_s, u"field"_s, u"groupBy"_s));
}

TEST(MetricForm, WhatBelongsNowhereIsTold) {
    Error error = Error::make(ErrorCode::Forbidden, "you may not change metrics");
    EXPECT_EQ(fault_of(error, {}).key, u"");
    EXPECT_EQ(fault_of(error, {}).text, u"you may not change metrics");
    error.field = "sliding";
    EXPECT_EQ(fault_of(error, {}).text, u"sliding: you may not change metrics");
}

}  // namespace
}  // namespace streamgauge::viewmodels
