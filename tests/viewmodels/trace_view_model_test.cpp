// SPDX-License-Identifier: GPL-3.0-or-later
// "Where is my event?" in the console, and what may be typed into the filter field.
#include "viewmodels/trace_view_model.h"

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"
#include "viewmodels/events_view_model.h"
#include "viewmodels/filter_completion.h"

namespace streamgauge::viewmodels {
namespace {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;
using tests::eventually;

class TraceTest : public testing::Test {
protected:
    TraceTest() {
        fake.start();
        EXPECT_TRUE(eventually([&] { return fake.state() == ConnectionState::Live; }));
    }
    client::FakeClient fake;
    TraceViewModel model{fake};
};

TEST_F(TraceTest, AsksForTheIdAndTellsTheAnswer) {
    EXPECT_TRUE(model.offered());
    EXPECT_EQ(model.phase(), u"asking");
    fake.on_trace = [](const std::string& id) {
        api::EventTrace trace;
        trace.event_id = id;
        trace.verdict = api::TraceVerdict::Accepted;
        api::TraceEvent event;
        event.id = 7;
        event.committed = true;
        event.windows.resize(2);
        event.windows[0].metric = "page_views";
        event.windows[0].state = api::TraceWindowState::Refused;
        trace.events = {event};
        return Result<api::EventTrace>(trace);
    };
    model.ask(u"  some id "_s);
    EXPECT_TRUE(model.is_open());
    EXPECT_EQ(model.phase(), u"loading");
    ASSERT_TRUE(eventually([&] { return model.phase() == u"accepted"; }));
    EXPECT_EQ(fake.traced(), std::vector<std::string>{"some id"});
    EXPECT_EQ(model.tone(), u"good");
    ASSERT_EQ(model.windows().size(), 2);
    EXPECT_EQ(model.windows()[0].toMap()[u"state"_s].toString(), u"too late");
    EXPECT_EQ(model.sections().size(), 2);
    EXPECT_TRUE(model.json().contains(u"\"verdict\": \"accepted\""_s));
    model.close();
    EXPECT_FALSE(model.is_open());
    EXPECT_EQ(model.phase(), u"asking");
    EXPECT_EQ(model.json(), u"");
}

TEST_F(TraceTest, AnAnswerToAnEarlierQuestionIsNotShown) {
    fake.on_trace = [](const std::string& id) {
        api::EventTrace trace;
        trace.summary = id;
        return Result<api::EventTrace>(trace);
    };
    model.ask(u"first"_s);
    model.ask(u"second"_s);
    ASSERT_TRUE(eventually([&] { return model.phase() == u"unknown"; }));
    EXPECT_EQ(model.summary(), u"second");
}

TEST_F(TraceTest, TellsWhyItCouldNotBeAsked) {
    fake.on_trace = [](const std::string&) {
        return Result<api::EventTrace>(Error::make(ErrorCode::Unavailable, "too many questions"));
    };
    model.ask(u"id"_s);
    ASSERT_TRUE(eventually([&] { return model.phase() == u"error"; }));
    EXPECT_TRUE(model.summary().contains(u"too many questions"));
    EXPECT_EQ(model.tone(), u"bad");
}

TEST(EventIds, AreToldFromOtherTexts) {
    EXPECT_TRUE(looks_like_event_id(u" 0198f0a2-7c1e-7b3a-9d10-000000000042\n"_s));
    EXPECT_TRUE(looks_like_event_id(u"order-2026-17"_s));
    for (const char16_t* other : {u"", u"purchase", u"add_to_cart_button", u"Order Completed 2026", u"event_type=a123",
                                  u"short-1", u"(a12345678901)"})
        EXPECT_FALSE(looks_like_event_id(QString::fromUtf16(other))) << QString::fromUtf16(other).toStdString();
    EXPECT_FALSE(looks_like_event_id(QString(129, u'1')));
}

TEST(FilterField, TellsFiltersFromTypes) {
    for (const char16_t* text : {u"event_type = a", u"user_id", u"not bot = true", u"(a", u"exists props.x", u"a=b"})
        EXPECT_TRUE(is_filter(QString::fromUtf16(text))) << QString::fromUtf16(text).toStdString();
    for (const char16_t* text : {u"", u"purchase", u"Order Completed", u"sign in", u"\"a = b\""})
        EXPECT_FALSE(is_filter(QString::fromUtf16(text))) << QString::fromUtf16(text).toStdString();
}

TEST(FilterField, CompletesWhatMayComeNext) {
    const auto words = [](const QString& text) {
        return complete_filter(text, static_cast<int>(text.size()), {u"purchase"_s, u"Order Completed"_s}).words;
    };
    EXPECT_EQ(words(u"ev"_s), (QStringList{u"event_type"_s, u"event_id"_s}));
    EXPECT_TRUE(words(u"event_type "_s).contains(u"starts_with"_s));
    EXPECT_EQ(words(u"event_type s"_s), QStringList{u"starts_with"_s});
    EXPECT_EQ(words(u"event_type = "_s), (QStringList{u"purchase"_s, u"\"Order Completed\""_s}));
    EXPECT_EQ(words(u"event_type in (purchase, "_s), (QStringList{u"purchase"_s, u"\"Order Completed\""_s}));
    EXPECT_EQ(words(u"event_type = purchase "_s), (QStringList{u"and"_s, u"or"_s}));
    EXPECT_EQ(words(u"event_type = purchase and not pr"_s), (QStringList{u"props."_s, u"project"_s}));
    EXPECT_EQ(words(u"exists pr"_s), (QStringList{u"props."_s, u"project"_s}));
    EXPECT_EQ(words(u"bot = t"_s), QStringList{u"true"_s});
    const Completions at = complete_filter(u"event_type = x and us = 1"_s, 21, {});
    EXPECT_EQ(at.from, 19);
    EXPECT_EQ(at.words, QStringList{u"user_id"_s});
}

TEST(FilterField, TheEventsPageTakesTypesAndFiltersAndKeepsTheLastThatWasOne) {
    client::FakeClient fake;
    fake.start();
    ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Live; }));
    EventsViewModel model(fake);
    const auto asked = [&] { return fake.subscribed(api::Topic::Events).back(); };
    model.set_filter_text(u"purchase"_s);
    EXPECT_EQ(asked(), (api::TopicFilter{"purchase", ""}));
    EXPECT_EQ(model.event_type(), u"purchase");
    model.set_filter_text(u"event_type = purchase and props.amount > 10"_s);
    EXPECT_EQ(asked(), (api::TopicFilter{"", "event_type = purchase and props.amount > 10"}));
    EXPECT_TRUE(model.filtered());
    model.set_filter_text(u"event_type = purchase and props.ä >"_s);
    EXPECT_NE(model.filter_error(), u"");
    EXPECT_GT(model.filter_error_at(), 20);
    EXPECT_EQ(asked().filter, "event_type = purchase and props.amount > 10");
    model.set_filter_text({});
    EXPECT_EQ(asked(), api::TopicFilter{});
    EXPECT_EQ(model.filter_error(), u"");
    EXPECT_FALSE(model.filtered());
}

}  // namespace
}  // namespace streamgauge::viewmodels
