// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objectives_view_model.h"

#include <QAbstractItemModelTester>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"
#include "client/scripted_objectives.h"
#include "viewmodels/console_view_model.h"
#include "viewmodels/format.h"
#include "viewmodels/manual_clock.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using slo::AlertState;
using tests::eventually;
using tests::settle_events;
using namespace Qt::Literals::StringLiterals;

QString plain(QString text) {
    return text.replace(QChar(kNarrowSpace), u' ');
}

api::ObjectiveStatus status(const char* name, std::optional<double> left, AlertState state = AlertState::Inactive) {
    api::ObjectiveStatus one;
    one.objective = tests::scripted_objective(name);
    one.objective.title = std::string("Title of ") + name;
    if (left)
        one.budget = slo::budget_of({1'000'000 - static_cast<std::uint64_t>((1 - *left) * 50'000), 1'000'000}, 0.95);
    one.burn_now = left ? std::optional(0.5) : std::nullopt;
    for (const slo::BurnRule& rule : one.objective.rules) {
        slo::RuleState of;
        of.rule = rule;
        of.state = state;
        one.alerts.push_back(of);
    }
    return one;
}

// Counts what it is asked.
class CountedObjectives final : public api::ObjectiveService {
public:
    void list(std::string, api::Done<std::vector<api::ObjectiveStatus>> done) override {
        ++lists;
        if (refusal) return done(*refusal);
        done(all);
    }
    void history(std::string name, query::TimeRange range, api::Done<api::ObjectiveHistory> done) override {
        histories.emplace_back(std::move(name), range);
        if (refusal) return done(*refusal);
        done(past);
    }
    void put(slo::Objective, api::Done<api::ObjectiveStatus> done) override { done(all.front()); }
    void remove(std::string name, api::Done<bool> done) override {
        if (refusal) return done(*refusal);
        done(std::erase_if(all, [&](const auto& one) { return one.objective.name == name; }) > 0);
    }
    void back_test(slo::Objective, query::TimeRange, api::Attendance, api::Done<api::BackTest> done) override {
        done(api::BackTest{});
    }

    std::vector<api::ObjectiveStatus> all{status("spent", -0.2), status("burning", 0.4, AlertState::Firing),
                                          status("well", 0.9), status("silent", std::nullopt, AlertState::NoData)};
    api::ObjectiveHistory past;
    std::optional<Error> refusal;
    int lists = 0;
    std::vector<std::pair<std::string, query::TimeRange>> histories;
};

class ObjectivesTest : public testing::Test {
protected:
    ObjectivesTest() { fake.objective_service = service; }
    void go_live() {
        fake.start();
        ASSERT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
        speak(true);
        ASSERT_EQ(fake.state(), ConnectionState::Live);
    }
    // As the server does, at least once a second.
    void speak(bool snapshot = false) { fake.publish(overview, snapshot); }
    void open() {
        go_live();
        app.set_page(ConsoleViewModel::ObjectivesPage);
        ASSERT_TRUE(eventually([&] { return page.phase() != u"loading"; }));
        settle_events();
    }
    QVariant row(int at, ObjectiveListModel::Role role) {
        return page.objectives()->data(page.objectives()->index(at), role);
    }
    const Tile& tile(int at) { return page.detail()->tiles()->tile(at); }

    std::shared_ptr<CountedObjectives> service = std::make_shared<CountedObjectives>();
    api::Overview overview;
    tests::StandingClock clock;
    client::FakeClient fake;
    ConsoleViewModel app{fake, clock};
    ObjectivesViewModel& page = *app.objectives();
    QAbstractItemModelTester list_tester{page.objectives()}, rules_tester{page.detail()->alerts()},
        firing_tester{app.firing()};
};

TEST_F(ObjectivesTest, ListsThemInTheServersOrderWithAWordForEach) {
    open();
    ASSERT_EQ(page.phase(), u"data");
    ASSERT_EQ(page.objectives()->count(), 4);
    const std::pair<const char16_t*, const char16_t*> expected[] = {
        {u"Spent", u"bad"}, {u"Burning", u"bad"}, {u"Healthy", u"good"}, {u"No data", u"none"}};
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(row(i, ObjectiveListModel::Word).toString(), QString::fromUtf16(expected[i].first)) << i;
        EXPECT_EQ(row(i, ObjectiveListModel::Tone).toString(), QString::fromUtf16(expected[i].second)) << i;
    }
    EXPECT_EQ(plain(row(0, ObjectiveListModel::LeftText).toString()), u"−20.0 %");
    EXPECT_DOUBLE_EQ(row(0, ObjectiveListModel::Left).toDouble(), 0);
    EXPECT_EQ(row(3, ObjectiveListModel::LeftText).toString(), none());
    EXPECT_EQ(row(3, ObjectiveListModel::ExhaustionText).toString(), none());
    EXPECT_EQ(row(2, ObjectiveListModel::ExhaustionText).toString(), u"lasts");
    EXPECT_EQ(page.selected(), u"spent") << "the worst is looked at first";
}

TEST_F(ObjectivesTest, WhatHasBeenSilentIsNotWellWhateverItsBudget) {
    api::ObjectiveStatus silent = status("silent", 1.0, AlertState::NoData);
    EXPECT_EQ(word_of(silent), (StateWord{u"No data"_s, u"none"_s}));
    silent.alerts.front().state = AlertState::Inactive;
    EXPECT_EQ(word_of(silent), (StateWord{u"Healthy"_s, u"good"_s})) << "only a longer window is empty";
}

TEST_F(ObjectivesTest, TellsStatesApart) {
    EXPECT_EQ(word_of(status("a", 0.9, AlertState::Pending)).word, u"Pending");
    EXPECT_EQ(word_of(status("a", 0.9, AlertState::Cooling)).word, u"Cooling");
    EXPECT_EQ(word_of(status("a", 0.2)), (StateWord{u"Low"_s, u"warning"_s}));
    api::ObjectiveStatus ticket = status("a", 0.9);
    ticket.alerts.back().state = AlertState::Firing;
    ASSERT_EQ(ticket.alerts.back().rule.severity, slo::Severity::Ticket);
    EXPECT_EQ(word_of(ticket), (StateWord{u"Burning"_s, u"warning"_s}));
    EXPECT_EQ(word_of(status("a", -0.001)), (StateWord{u"Spent"_s, u"bad"_s}));
}

TEST_F(ObjectivesTest, FiltersByNameTitleServiceAndWord) {
    open();
    page.set_filter(u"burn"_s);
    ASSERT_EQ(page.objectives()->count(), 1);
    EXPECT_EQ(page.selected(), u"burning") << "what is shown is one of those";
    page.set_filter(u"title DOOR no"_s);
    ASSERT_EQ(page.objectives()->count(), 1);
    EXPECT_EQ(page.selected(), u"silent");
    page.set_filter(u"nothing like it"_s);
    EXPECT_EQ(page.objectives()->count(), 0);
    EXPECT_EQ(page.selected(), u"silent");
    page.set_filter({});
    EXPECT_EQ(page.objectives()->count(), 4);
}

TEST_F(ObjectivesTest, TheTilesSayWhatWasPromisedWhatIsAndWhatIsLeft) {
    open();
    EXPECT_EQ(tile(ObjectiveDetailViewModel::Target).value, u"95");
    EXPECT_EQ(plain(tile(ObjectiveDetailViewModel::Target).detail), u"within 300 ms, POST /events");
    EXPECT_EQ(tile(ObjectiveDetailViewModel::Indicator).value, u"94.00");
    EXPECT_EQ(tile(ObjectiveDetailViewModel::Indicator).tone, u"bad");
    EXPECT_EQ(plain(tile(ObjectiveDetailViewModel::Indicator).detail), u"60 000 bad of 1.00 M");
    EXPECT_EQ(tile(ObjectiveDetailViewModel::BudgetLeft).value, u"−20.0");
    EXPECT_EQ(tile(ObjectiveDetailViewModel::BudgetLeft).tone, u"bad");
    page.select(u"silent"_s);
    EXPECT_EQ(tile(ObjectiveDetailViewModel::Indicator).value, none());
    EXPECT_EQ(tile(ObjectiveDetailViewModel::Indicator).tone, u"none") << "no data is never good";
    EXPECT_EQ(tile(ObjectiveDetailViewModel::BudgetLeft).value, none());
    EXPECT_EQ(tile(ObjectiveDetailViewModel::BudgetLeft).tone, u"none");
}

TEST_F(ObjectivesTest, ARuleIsToldInASentence) {
    api::ObjectiveStatus one = status("a", 0.4);
    slo::RuleState rule;
    rule.rule = {slo::Severity::Page, 3'600'000'000, 300'000'000, 14.4, 120'000'000};
    rule.long_burn = 17.2;
    rule.short_burn = 31;
    one.objective.target = 0.999;
    EXPECT_EQ(
        plain(sentence_of(one, rule)),
        u"Pages while the last 1 h and the last 5 min both burn the budget at least 14.4 times as fast as it may, for "
        u"2 min. Now 17.2 and 31. Were everything bad, it would fire after 2 min 51 s.");
    one.objective.target = 0.9;
    rule.rule.hold_micros = 0;
    rule.long_burn.reset();
    EXPECT_TRUE(sentence_of(one, rule).endsWith(
        u"not known to be well. It can never fire: not even everything bad burns so fast."));
}

TEST_F(ObjectivesTest, DrawsThePastAndTheForecast) {
    const auto second = [](std::int64_t at) { return Timestamp::from_seconds(at); };
    service->past.step_micros = 10'000'000;
    service->past.points = {{second(10), 90, 100, 0.5, 2.0, 3.0, 1.0, 2.0, 3.0},
                            {second(20), 0, 0, -0.5, {}, {}, {}, {}, {}}};
    service->past.forecast = {{second(30), -1.0, -0.75, -0.5}};
    clock.advance_seconds(20);
    open();
    ObjectiveDetailViewModel& detail = *page.detail();
    ASSERT_TRUE(detail.has_history());
    EXPECT_DOUBLE_EQ(detail.budget()->top(), 1);
    EXPECT_LT(detail.budget()->bottom(), -0.75) << "overspent is below zero";
    ASSERT_EQ(detail.budget()->runs(0, 100).size(), 1U);
    EXPECT_EQ(detail.budget()->runs(1, 100).at(0), (QList<QPointF>{{20, -0.5}, {30, -0.75}}))
        << "it begins where the past ends";
    EXPECT_EQ(detail.fan_low(), (QList<QPointF>{{20, -0.5}, {30, -1.0}}));
    EXPECT_EQ(detail.fan_high(), (QList<QPointF>{{20, -0.5}, {30, -0.5}}));
    EXPECT_EQ(detail.requests()->runs(0, 100).at(0), (QList<QPointF>{{10, 10}, {20, 0}}));
    EXPECT_EQ(detail.errors()->runs(0, 100).at(0), (QList<QPointF>{{10, 0.1}})) << "a share of nothing is a gap";
    EXPECT_EQ(detail.latency()->runs(2, 100).at(0), (QList<QPointF>{{10, 3}}));
    detail.budget()->zoom(0, 1);
    EXPECT_TRUE(detail.burn()->zoomed());
    page.set_range(3600);
    EXPECT_FALSE(detail.budget()->zoomed() || detail.burn()->zoomed()) << "another range is shown whole";
    bool zero = false;
    for (const QVariant& tick : detail.budget()->y_ticks()) zero = zero || tick.toMap()[u"zero"_s].toBool();
    EXPECT_TRUE(zero);
}

TEST_F(ObjectivesTest, AsksForTheRangeThatIsChosen) {
    clock.advance_seconds(3'000'000);
    open();
    ASSERT_EQ(service->histories.size(), 1U);
    EXPECT_EQ(service->histories[0].first, "spent");
    EXPECT_EQ(service->histories[0].second.to, clock.now());
    EXPECT_EQ(service->histories[0].second.to.micros - service->histories[0].second.from.micros, 86'400'000'000);
    page.set_range(3600);
    page.select(u"well"_s);
    page.set_range(0);
    settle_events();
    ASSERT_EQ(service->histories.size(), 4U);
    EXPECT_EQ(service->histories[3].first, "well");
    EXPECT_EQ(service->histories[3].second.to.micros - service->histories[3].second.from.micros, 7 * 86'400'000'000)
        << "its window";
}

TEST_F(ObjectivesTest, AsksOnceASecondWhileLookedAtAndSeldomOtherwise) {
    go_live();
    settle_events();
    const int first = service->lists;
    EXPECT_EQ(first, 1) << "for the bell and the Overview";
    EXPECT_TRUE(service->histories.empty());
    clock.advance_seconds(1);
    speak();
    settle_events();
    EXPECT_EQ(service->lists, first);
    clock.advance_seconds(4.5);
    speak();
    settle_events();
    EXPECT_EQ(service->lists, first + 1);
    app.set_page(ConsoleViewModel::ObjectivesPage);
    settle_events();
    const int watched = service->lists;
    clock.advance_seconds(1);
    speak();
    settle_events();
    EXPECT_EQ(service->lists, watched + 1);
    app.set_paused(true);
    clock.advance_seconds(1);
    speak();
    settle_events();
    EXPECT_EQ(service->lists, watched + 1) << "paused";
}

TEST_F(ObjectivesTest, AChangeOfAnAlertIsSeenWithTheNextWordOfTheFeed) {
    overview.alert_changes = 3;
    go_live();
    settle_events();
    const int before = service->lists;
    EXPECT_EQ(app.firing()->count(), 4) << "every rule of one objective";
    service->all[2] = status("well", 0.5, AlertState::Firing);
    speak();
    settle_events();
    EXPECT_EQ(service->lists, before) << "nothing changed, as far as the feed knows";
    overview.alert_changes = 4;
    speak();
    settle_events();
    EXPECT_EQ(service->lists, before + 1);
    EXPECT_EQ(app.firing()->count(), 8);
    EXPECT_EQ(app.firing()->data(app.firing()->index(0), FiringModel::Tone).toString(), u"bad") << "pages first";
    EXPECT_EQ(app.firing()->data(app.firing()->index(7), FiringModel::Tone).toString(), u"warning");
    EXPECT_EQ(app.firing()->pages(), 4);
}

TEST_F(ObjectivesTest, TheOverviewShowsTheWorstAndTheLineOfTheObjective) {
    go_live();
    settle_events();
    EXPECT_EQ(app.overview()->worst_objective(), u"spent");
    const Tile& worst = app.overview()->tiles()->tile(OverviewViewModel::Budget);
    EXPECT_EQ(worst.value, u"−20.0");
    EXPECT_EQ(worst.tone, u"bad");
    ASSERT_EQ(app.overview()->latency_lines().size(), 1);
    EXPECT_DOUBLE_EQ(app.overview()->latency_lines()[0].toMap()[u"value"_s].toDouble(), 300);
    app.showObjective(u"well"_s);
    EXPECT_EQ(app.page(), ConsoleViewModel::ObjectivesPage);
    EXPECT_EQ(page.selected(), u"well");
}

TEST_F(ObjectivesTest, SaysWhyThereIsNothing) {
    EXPECT_EQ(page.phase(), u"loading");
    service->refusal = Error::make(ErrorCode::Unavailable, "the file is not read yet");
    open();
    EXPECT_EQ(page.phase(), u"error");
    EXPECT_TRUE(page.error_text().contains(u"the file is not read yet"));
    service->refusal.reset();
    service->all.clear();
    page.refresh();
    settle_events();
    EXPECT_EQ(page.phase(), u"empty");
    EXPECT_EQ(page.selected(), QString());
}

TEST_F(ObjectivesTest, WhatIsKnownStaysAndIsOldAfterTheConnectionIsLost) {
    open();
    fake.go(ConnectionState::Degraded, "the live stream ended");
    EXPECT_EQ(page.phase(), u"data");
    EXPECT_TRUE(page.stale());
    EXPECT_EQ(page.objectives()->count(), 4);
}

TEST_F(ObjectivesTest, AServerWithoutObjectivesIsNotAsked) {
    fake.say_hello({"streamgauge", "0.1.0", 1, 1, {"live", "events"}});
    go_live();
    app.set_page(ConsoleViewModel::ObjectivesPage);
    settle_events();
    EXPECT_EQ(page.phase(), u"none");
    EXPECT_EQ(service->lists, 0);
    EXPECT_EQ(app.overview()->tiles()->tile(OverviewViewModel::Budget).title, u"Ledger difference");
}

TEST_F(ObjectivesTest, OneIsRemovedWhenThatIsConfirmed) {
    open();
    page.select(u"well"_s);
    page.askRemove();
    EXPECT_EQ(page.removing(), u"well");
    page.keep();
    EXPECT_EQ(page.removing(), QString());
    page.remove();
    settle_events();
    EXPECT_EQ(page.objectives()->count(), 4) << "nothing was asked about";
    page.askRemove();
    page.remove();
    settle_events();
    EXPECT_EQ(page.objectives()->count(), 3);
    EXPECT_EQ(page.selected(), u"spent");
    service->refusal = Error::make(ErrorCode::Forbidden, "not yours");
    page.askRemove();
    page.remove();
    settle_events();
    EXPECT_TRUE(page.notice().contains(u"not yours"));
}

}  // namespace
}  // namespace streamgauge::viewmodels
