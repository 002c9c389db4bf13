// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/scenario_view_model.h"

#include <QSignalSpy>

#include <gmock/gmock.h>

#include "loadgen/scenario_text.h"

namespace streamgauge::viewmodels {
namespace {

using namespace Qt::Literals::StringLiterals;

const char* const kFile = R"(# ours
name: saturday   # the day
url: http://127.0.0.1:8080/events
stages:
  - {rate: 200, for: 25s}  # calm
thresholds:
  - p(95) < 300   # promised
)";

class ScenarioTest : public testing::Test {
protected:
    QString fault(const QString& member) { return model.faults()[member].toString(); }
    ScenarioViewModel model;
};

TEST_F(ScenarioTest, BeginsWithARunThatCanStart) {
    model.follow("http://127.0.0.1:9999/events");
    EXPECT_EQ(model.problem(), u"");
    EXPECT_TRUE(model.text().contains(u"http://127.0.0.1:9999/events"));
    EXPECT_EQ(model.profile(), u"constant");
    EXPECT_TRUE(model.preview()->has_data());
}

TEST_F(ScenarioTest, TheFormChangesTheTextAndLeavesTheRestOfIt) {
    model.opened(u"saturday.yaml"_s, kFile);
    QSignalSpy replaced(&model, &ScenarioViewModel::textReplaced);
    model.set(u"stages[0].rate"_s, u"1 500"_s);
    EXPECT_EQ(replaced.count(), 1);
    EXPECT_EQ(model.text(), QString::fromUtf8(kFile).replace(u"rate: 200"_s, u"rate: 1500"_s));
    model.set(u"thresholds[0]"_s, u"p(99) < 1s"_s);
    EXPECT_TRUE(model.text().contains(u"# promised"));
    EXPECT_EQ(loadgen::parse_scenario(model.text().toStdString())->thresholds[0].percentile, 99);
    model.add(u"thresholds"_s);
    EXPECT_EQ(model.thresholds().size(), 2);
    model.remove(u"thresholds"_s, 1);
    EXPECT_EQ(model.thresholds().size(), 1);
    EXPECT_TRUE(model.text().contains(u"# ours"));
}

TEST_F(ScenarioTest, TheTextChangesTheForm) {
    QSignalSpy replaced(&model, &ScenarioViewModel::textReplaced);
    model.set_text(QString::fromUtf8(kFile));
    EXPECT_EQ(model.form()[u"name"_s].toString(), u"saturday");
    EXPECT_EQ(replaced.count(), 0) << "who writes in it keeps the cursor";
    model.set_text(
        QString::fromUtf8(kFile).replace(u"{rate: 200, for: 25s}"_s, u"{shape: ramp, rate: 0, to: 10, for: 1m30s}"_s));
    EXPECT_EQ(model.profile(), u"ramp");
    const QVariantList args = model.stages()[0].toMap()[u"args"_s].toList();
    ASSERT_EQ(args.size(), 3);
    EXPECT_EQ(args[2].toMap()[u"value"_s].toString(), u"90s");
}

TEST_F(ScenarioTest, AFaultOfTheTextHasItsPlaceAndTheFormRests) {
    model.set_text(QString::fromUtf8(kFile).replace(u"rate: 200"_s, u"rate: -2"_s));
    EXPECT_FALSE(model.readable());
    EXPECT_EQ(model.fault_line(), 5);
    EXPECT_TRUE(model.fault_text().startsWith(u"line 5, column 12"_s)) << model.fault_text().toStdString();
    EXPECT_EQ(model.text().mid(model.fault_position(), 2), u"-2");
    EXPECT_NE(model.problem(), u"");
    const QString before = model.text();
    model.set(u"name"_s, u"other"_s);
    model.add(u"fields"_s);
    EXPECT_EQ(model.text(), before);
    model.set_text(QString::fromUtf8(kFile));
    EXPECT_EQ(model.problem(), u"");
}

TEST_F(ScenarioTest, PlacesAreCountedInCharactersNotInBytes) {
    model.set_text(u"name: Zürich\nurl: http://127.0.0.1/\nstages: [{rate: x, for: 1s}]\n"_s);
    EXPECT_EQ(model.fault_line(), 3);
    EXPECT_EQ(model.text().mid(model.fault_position(), 1), u"x");
}

TEST_F(ScenarioTest, AFaultOfTheFormStandsAtItsMemberAndTheTextWaits) {
    const QString before = model.text();
    model.set(u"stages[0].rate"_s, u"fast"_s);
    EXPECT_EQ(fault(u"stages[0].rate"_s), u"must be a number");
    model.set(u"stages[0].for"_s, u"1 fortnight"_s);
    EXPECT_NE(fault(u"stages[0].for"_s), u"");
    model.set(u"thresholds[0]"_s, u"p(95) below 300"_s);
    EXPECT_NE(fault(u"thresholds[0]"_s), u"");
    EXPECT_EQ(model.text(), before);
    EXPECT_NE(model.problem(), u"");
    model.set(u"stages[0].rate"_s, u"300"_s);
    model.set(u"stages[0].for"_s, u"5s"_s);
    EXPECT_EQ(model.text(), before) << "one of them is still wrong";
    model.set(u"thresholds[0]"_s, u"p(90) < 300"_s);
    EXPECT_EQ(model.problem(), u"");
    EXPECT_TRUE(model.text().contains(u"p(90) < 300"));
    model.set(u"stages[0].rate"_s, u"-1"_s);
    EXPECT_NE(fault(u"stages[0].rate"_s), u"") << "what a run cannot be made of";
}

TEST_F(ScenarioTest, EveryProfileMakesAScenarioThatReadsBack) {
    for (const QString& profile : {u"ramp"_s, u"spike"_s, u"steps"_s, u"soak"_s, u"sine"_s, u"constant"_s}) {
        model.choose(profile);
        EXPECT_EQ(model.problem(), u"") << profile.toStdString() << ": " << model.problem().toStdString();
        EXPECT_EQ(model.profile(), profile);
        const auto again = loadgen::parse_scenario(model.text().toStdString());
        ASSERT_TRUE(again.ok()) << model.text().toStdString();
        EXPECT_EQ(*again, model.scenario()) << profile.toStdString();
        EXPECT_TRUE(model.preview()->has_data());
    }
    model.add(u"stages"_s);
    EXPECT_EQ(model.profile(), u"custom");
}

TEST_F(ScenarioTest, KindsAndFieldsGoThroughTheForm) {
    model.add(u"requests"_s);
    model.set(u"requests[1].path"_s, u"/items/{{item}}"_s);
    model.add(u"fields"_s);
    model.set(u"fields[0].name"_s, u"item"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    for (const QString& kind : {u"sequence"_s, u"integer"_s, u"decimal"_s, u"choice"_s, u"zipf"_s, u"uuid4"_s,
                                u"uuid7"_s, u"hex"_s, u"now"_s, u"planned"_s}) {
        model.set(u"fields[0].kind"_s, kind);
        EXPECT_EQ(model.problem(), u"") << kind.toStdString() << ": " << model.problem().toStdString();
    }
    model.set(u"requests[1].weight"_s, u"9"_s);
    model.set(u"requests[1].expect"_s, u"200, 404"_s);
    const auto again = loadgen::parse_scenario(model.text().toStdString());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->requests[1].weight, 9);
    EXPECT_THAT(again->requests[1].expect, testing::ElementsAre(200, 404));
    model.remove(u"requests"_s, 1);
    model.remove(u"requests"_s, 0);
    EXPECT_EQ(model.requests().size(), 1) << "something has to be sent";
}

TEST_F(ScenarioTest, AnotherMachineHasToBeConfirmedInFull) {
    model.follow("http://10.0.0.1:8080/events");
    EXPECT_FALSE(model.foreign()) << "this backend";
    model.set(u"url"_s, u"http://127.0.0.1:1/"_s);
    EXPECT_FALSE(model.foreign());
    model.set(u"url"_s, u"https://shop.example:8443/"_s);
    EXPECT_TRUE(model.foreign());
    EXPECT_TRUE(model.problem().contains(u"shop.example"));
    model.set_confirmed_host(u"shop"_s);
    EXPECT_FALSE(model.confirmed());
    model.set_confirmed_host(u"shop.example"_s);
    EXPECT_EQ(model.problem(), u"");
    model.set(u"url"_s, u"https://shop2.example:8443/"_s);
    EXPECT_FALSE(model.confirmed()) << "that was another one";
    model.follow("http://10.0.0.2:8080/events");
    EXPECT_TRUE(model.text().contains(u"shop2.example")) << "what was written stays";
}

TEST_F(ScenarioTest, ASearchNeedsObjectivesThatAreShares) {
    model.choose(u"capacity"_s);
    EXPECT_EQ(model.problem(), u"");
    model.set(u"budget_seconds"_s, u"5s"_s);
    EXPECT_NE(fault(u"budget_seconds"_s), u"");
    model.set(u"budget_seconds"_s, u"2m"_s);
    EXPECT_DOUBLE_EQ(model.capacity_ask().budget_seconds, 120);
    model.set(u"thresholds[0]"_s, u"rate >= 1000"_s);
    EXPECT_NE(fault(u"thresholds[0]"_s), u"");
    model.remove(u"thresholds"_s, 1);
    model.remove(u"thresholds"_s, 0);
    EXPECT_NE(fault(u"thresholds"_s), u"");
}

TEST_F(ScenarioTest, ClosedLoopSpeaksOfUsers) {
    model.set(u"loop"_s, u"closed"_s);
    EXPECT_EQ(model.stages()[0].toMap()[u"args"_s].toList()[0].toMap()[u"label"_s].toString(), u"Users");
    EXPECT_TRUE(model.text().contains(u"loop: closed"));
}

}  // namespace
}  // namespace streamgauge::viewmodels
