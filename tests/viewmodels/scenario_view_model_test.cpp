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

// What the form shows is what is sent, and 64, which a run's text leaves out, is said in that of a search.
TEST_F(ScenarioTest, ASearchHasItsOwnNumberInFlightUntilOneIsSaid) {
    const auto shown = [&] { return model.form()[u"max_in_flight"_s].toString(); };
    EXPECT_EQ(shown(), u"64");
    model.choose(u"capacity"_s);
    EXPECT_EQ(shown(), u"1000");
    for (const auto& number : {u"64"_s, u"500"_s, u"64"_s}) {
        model.set(u"max_in_flight"_s, number);
        EXPECT_EQ(shown(), number);
        EXPECT_THAT(model.capacity_ask().scenario,
                    testing::HasSubstr("\nmax_in_flight: " + number.toStdString() + "\n"));
    }
    model.set(u"name"_s, u"another"_s);
    EXPECT_EQ(shown(), u"64");
}

TEST_F(ScenarioTest, ClosedLoopSpeaksOfUsers) {
    model.set(u"loop"_s, u"closed"_s);
    EXPECT_EQ(model.stages()[0].toMap()[u"args"_s].toList()[0].toMap()[u"label"_s].toString(), u"Users");
    EXPECT_TRUE(model.text().contains(u"loop: closed"));
}

TEST_F(ScenarioTest, HeadersAreRowsOfTheForm) {
    model.add(u"requests[0].headers"_s);
    model.add(u"requests[0].headers"_s);
    model.set(u"requests[0].headers[0].name"_s, u"X-Tenant"_s);
    model.set(u"requests[0].headers[1].name"_s, u"Content-Length"_s);
    EXPECT_EQ(fault(u"requests[0].headers[1].value"_s), u"is set by the generator");
    model.set(u"requests[0].headers[1].name"_s, u"not a name"_s);
    EXPECT_EQ(fault(u"requests[0].headers[1].name"_s), u"not a header's name");
    model.remove(u"requests[0].headers"_s, 1);
    for (const char* const value : {"acme: \"{{user}}\"", "acme: #1"}) {
        model.set(u"requests[0].headers[0].value"_s, QString::fromLatin1(value));
        ASSERT_EQ(model.problem(), u"") << model.problem().toStdString();
        const auto again = loadgen::parse_scenario(model.text().toStdString());
        ASSERT_TRUE(again.ok()) << model.text().toStdString();
        ASSERT_EQ(again->requests[0].headers.size(), 1U);
        EXPECT_EQ(again->requests[0].headers[0].name, "X-Tenant");
        EXPECT_EQ(again->requests[0].headers[0].value, value);
    }
    model.set_text(QString(model.text()).replace(u"X-Tenant"_s, u"X-Shop"_s));
    EXPECT_EQ(model.requests()[0].toMap()[u"headers"_s].toList()[0].toMap()[u"name"_s].toString(), u"X-Shop");
    model.set(u"requests[0].headers[7].name"_s, u"x"_s);
    EXPECT_NE(fault(u"requests[0].headers[7].name"_s), u"");
}

TEST_F(ScenarioTest, CredentialsTlsFeederAndReadingBackAreEditedBothWays) {
    model.opened(u"saturday.yaml"_s, kFile);
    const auto all = [this] {
        EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
        const auto again = loadgen::parse_scenario(model.text().toStdString());
        EXPECT_TRUE(again.ok()) << model.text().toStdString();
        EXPECT_EQ(*again, model.scenario());
        EXPECT_TRUE(model.text().contains(u"# ours") && model.text().contains(u"# promised"));
        return model.scenario();
    };
    using Kind = loadgen::Credentials::Kind;
    model.set(u"credentials.kind"_s, u"basic"_s);
    model.set(u"credentials.user"_s, u"ada"_s);
    model.set(u"credentials.environment"_s, u"SHOP_PASSWORD"_s);
    EXPECT_EQ(all().credentials.user, "ada");
    model.set(u"credentials.kind"_s, u"header"_s);
    model.set(u"credentials.header"_s, u"X-Key"_s);
    EXPECT_EQ(all().credentials.kind, Kind::Header);
    EXPECT_EQ(all().credentials.environment, "SHOP_PASSWORD") << "what goes on to make sense stays";
    EXPECT_EQ(all().credentials.user, "");
    model.set(u"credentials.environment"_s, u""_s);
    EXPECT_NE(model.problem(), u"") << "a secret has to come from somewhere";
    model.set(u"credentials.file"_s, u"/run/secrets/key"_s);
    EXPECT_EQ(all().credentials.file, "/run/secrets/key");
    model.set(u"url"_s, u"https://127.0.0.1:8443/events"_s);
    model.set(u"tls.verify"_s, u"false"_s);
    model.set(u"tls.server_name"_s, u"shop"_s);
    model.set(u"tls.ca_file"_s, u"ca.pem"_s);
    EXPECT_FALSE(all().tls.verify);
    model.set(u"tls.certificate_file"_s, u"own.pem"_s);
    model.set(u"tls.key_file"_s, u"own.key"_s);
    EXPECT_EQ(all().tls.key_file, "own.key");
    model.set(u"end_to_end.check"_s, u"true"_s);
    model.set(u"end_to_end.settle"_s, u"3s"_s);
    model.set(u"end_to_end.query_url"_s, u"http://127.0.0.1:8090"_s);
    model.set(u"end_to_end.credentials.kind"_s, u"bearer"_s);
    EXPECT_EQ(all().end_to_end.settle_seconds, 3);
    EXPECT_EQ(all().end_to_end.credentials.kind, Kind::Bearer);
    model.set(u"feeder.file"_s, u"cities.csv"_s);
    model.set(u"feeder.random"_s, u"true"_s);
    EXPECT_TRUE(all().feeder.random);
    model.set_text(QString(model.text()).replace(u"server_name: shop"_s, u"server_name: kiosk"_s));
    EXPECT_EQ(model.form()[u"tls.server_name"_s].toString(), u"kiosk");
    model.set(u"credentials.kind"_s, u"none"_s);
    EXPECT_EQ(all().credentials, loadgen::Credentials{});
}

TEST_F(ScenarioTest, WhatAServerRefusesOfAHeaderIsMarkedInItsRow) {
    model.add(u"requests[0].headers"_s);
    EXPECT_TRUE(model.refused({ErrorCode::Forbidden, "no", "requests[0].headers.X-Header-1", {}, {}}));
    EXPECT_EQ(fault(u"requests[0].headers[0].value"_s), u"no");
}

TEST_F(ScenarioTest, AReplayIsAProfileAndBothWaysTheSame) {
    model.opened(u"saturday.yaml"_s, kFile);
    model.choose(u"replay"_s);
    ASSERT_EQ(model.problem(), u"") << model.problem().toStdString();
    EXPECT_EQ(model.profile(), u"replay");
    EXPECT_TRUE(model.text().contains(u"journal: own")) << model.text().toStdString();
    EXPECT_FALSE(model.text().contains(u"stages"));
    EXPECT_TRUE(model.text().contains(u"# ours"));
    model.set(u"replay.speed"_s, u"2.5"_s);
    model.set(u"replay.from"_s, u"2026-01-31T10:00:00Z"_s);
    model.set(u"replay.keep_ids"_s, u"true"_s);
    const auto again = loadgen::parse_scenario(model.text().toStdString());
    ASSERT_TRUE(again.ok()) << model.text().toStdString();
    EXPECT_EQ(again->replay, model.scenario().replay);
    EXPECT_EQ(again->replay.speed, 2.5);
    EXPECT_TRUE(again->replays());
    model.set(u"replay.from"_s, u"yesterday"_s);
    EXPECT_NE(fault(u"replay.from"_s), u"");
    model.set(u"replay.from"_s, u""_s);
    model.set(u"replay.access_log"_s, u"access.log"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    EXPECT_EQ(model.form()[u"replay.journal"_s].toString(), u"") << "one of the two";
    EXPECT_EQ(model.form()[u"replay.keep_ids"_s].toBool(), false) << "a log has no events";
    model.set_text(QString(model.text()).replace(u"access.log"_s, u"other.log"_s));
    EXPECT_EQ(model.form()[u"replay.access_log"_s].toString(), u"other.log");
    model.set(u"replay.access_log"_s, u""_s);
    EXPECT_NE(fault(u"replay"_s), u"") << "of nothing there is nothing to replay";
    model.choose(u"constant"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    EXPECT_FALSE(model.text().contains(u"replay"));
    model.choose(u"replay"_s);
    model.choose(u"capacity"_s);
    EXPECT_EQ(model.problem(), u"") << "a search replays nothing";
    EXPECT_FALSE(model.scenario().replays());
}

TEST_F(ScenarioTest, ObjectivesAreEditedAndWhatTheFormDoesNotShowStays) {
    const QByteArray file = R"(url: http://127.0.0.1:8080/events  # ours
stages: [{rate: 200, for: 30s}]
objectives:
  - kind: availability   # promised
    target: 99.95%
    least_bad: 3
    alerts:
      - {severity: ticket, long: 2h, short: 10m, factor: 2.5, hold: 5m}
  - {name: buying, kind: latency, target: 0.9, threshold: 250ms, window: 7d, scaled_to: 1h, usual_rate: 12.5}
think_random: true
)";
    model.opened(u"promised.yaml"_s, file);
    ASSERT_EQ(model.problem(), u"") << model.problem().toStdString();
    const auto cell = [this](int row, const char* key) {
        return model.objectives()[row].toMap()[QString::fromLatin1(key)].toString();
    };
    const auto read_again = [this] {
        EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
        const auto again = loadgen::parse_scenario(model.text().toStdString());
        EXPECT_TRUE(again.ok()) << model.text().toStdString();
        EXPECT_EQ(*again, model.scenario()) << model.text().toStdString();
        EXPECT_TRUE(model.text().contains(u"# ours"));
        return *again;
    };
    ASSERT_EQ(model.objectives().size(), 2);
    EXPECT_EQ(cell(0, "name"), u"availability");
    EXPECT_EQ(cell(0, "target"), u"99.95%");
    EXPECT_EQ(cell(0, "window"), u"30d");
    EXPECT_EQ(cell(0, "scaled_to"), u"") << "as long as the run";
    EXPECT_EQ(cell(0, "alerts"), u"1");
    EXPECT_EQ(cell(1, "threshold"), u"250ms");
    EXPECT_EQ(cell(1, "scaled_to"), u"1h");
    EXPECT_EQ(cell(1, "usual_rate"), u"12.5");

    model.set(u"objectives[0].target"_s, u"99.9 %"_s);
    EXPECT_TRUE(model.text().contains(u"# promised\n    target: 99.9%\n")) << model.text().toStdString();
    EXPECT_EQ(read_again().objectives[0].objective.least_bad, 3);
    EXPECT_EQ(read_again().objectives[0].objective.rules.size(), 1U);
    model.set(u"objectives[1].threshold"_s, u"0.3s"_s);
    EXPECT_EQ(read_again().objectives[1].objective.indicator.threshold_ms, 300);
    model.set(u"objectives[1].scaled_to"_s, u""_s);
    model.set(u"objectives[1].usual_rate"_s, u""_s);
    EXPECT_EQ(read_again().objectives[1].scaled_to_seconds, 0);
    model.set(u"objectives[0].limited_is_bad"_s, u"true"_s);
    EXPECT_TRUE(read_again().objectives[0].objective.indicator.limited_is_bad);
    model.set(u"objectives[0].kind"_s, u"errors"_s);
    EXPECT_EQ(cell(0, "name"), u"errors") << "it was named as its kind";
    model.set(u"objectives[1].kind"_s, u"availability"_s);
    EXPECT_EQ(cell(1, "name"), u"buying");
    model.set(u"objectives[1].name"_s, u"errors"_s);
    EXPECT_NE(fault(u"objectives[1].name"_s), u"") << "two of a name";
    model.set(u"objectives[1].name"_s, u""_s);
    EXPECT_EQ(read_again().objectives[1].objective.name, "availability");
    model.set(u"objectives[1].target"_s, u"most"_s);
    EXPECT_EQ(fault(u"objectives[1].target"_s), u"must be a share such as 99.9%");
    model.set(u"objectives[1].target"_s, u"100%"_s);
    EXPECT_NE(fault(u"objectives[1].target"_s), u"");
    model.set(u"objectives[1].target"_s, u"0.3333333333333333"_s);
    EXPECT_EQ(read_again().objectives[1].objective.target, 1.0 / 3);
    model.set(u"objectives[1].request"_s, u"buy"_s);
    EXPECT_NE(fault(u"objectives[1].request"_s), u"") << "there is no such kind";
    model.set(u"objectives[1].request"_s, u""_s);
    model.add(u"objectives"_s);
    EXPECT_EQ(read_again().objectives[2].objective.name, "latency") << "what is not there yet";
    model.add(u"objectives"_s);
    EXPECT_EQ(read_again().objectives[3].objective.name, "objective-4");
    for (int left = 4; left > 0; --left) model.remove(u"objectives"_s, 0);
    EXPECT_TRUE(read_again().objectives.empty());
    EXPECT_FALSE(model.text().contains(u"objectives"));
    EXPECT_TRUE(model.form()[u"think_random"_s].toBool());
    model.set(u"think_random"_s, u"false"_s);
    EXPECT_FALSE(read_again().think_random);
}

TEST_F(ScenarioTest, TheDefaultObjectivesAreAWordUntilOneIsChanged) {
    model.opened(u"saturday.yaml"_s, kFile);
    model.add(u"objectives.default"_s);
    EXPECT_EQ(model.objectives().size(), 3);
    EXPECT_TRUE(model.text().contains(u"objectives: default")) << model.text().toStdString();
    model.set_text(QString(model.text()).replace(u"objectives: default"_s, u"objectives: default  # as there"_s));
    model.set(u"seed"_s, u"7"_s);
    EXPECT_TRUE(model.text().contains(u"objectives: default  # as there"));
    model.set(u"objectives[0].target"_s, u"99%"_s);
    EXPECT_FALSE(model.text().contains(u"default")) << model.text().toStdString();
    const auto again = loadgen::parse_scenario(model.text().toStdString());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, model.scenario());
    EXPECT_EQ(again->objectives.size(), 3U);
    EXPECT_EQ(again->objectives[0].objective.target, 0.99);
    EXPECT_TRUE(model.text().contains(u"# ours"));
}

TEST_F(ScenarioTest, WhatWasWrongInARowThatIsGoneDoesNotHinderTheStart) {
    model.opened(u"saturday.yaml"_s, kFile);
    model.add(u"objectives"_s);
    model.set(u"objectives[0].target"_s, u"most"_s);
    model.set(u"stages[0].rate"_s, u"fast"_s);
    model.add(u"objectives.default"_s);
    EXPECT_EQ(fault(u"objectives[0].target"_s), u"") << "another row stands there";
    EXPECT_NE(fault(u"stages[0].rate"_s), u"") << "that one is still there";
    model.set(u"stages[0].rate"_s, u"300"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    EXPECT_EQ(model.objectives().size(), 3);
}

TEST_F(ScenarioTest, WhatWasWrongInAMemberThatAnotherKindHasNotIsForgotten) {
    model.opened(u"saturday.yaml"_s, kFile);
    model.add(u"objectives"_s);
    model.set(u"objectives[0].kind"_s, u"latency"_s);
    model.set(u"objectives[0].threshold"_s, u"soon"_s);
    model.set(u"objectives[0].target"_s, u"most"_s);
    model.set(u"objectives[0].kind"_s, u"kindness"_s);
    EXPECT_NE(fault(u"objectives[0].threshold"_s), u"") << "it is still of the same kind";
    model.set(u"objectives[0].kind"_s, u"availability"_s);
    EXPECT_EQ(fault(u"objectives[0].threshold"_s), u"");
    EXPECT_NE(fault(u"objectives[0].target"_s), u"") << "that one is still to be seen";
    model.set(u"objectives[0].target"_s, u"99%"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    model.add(u"fields"_s);
    model.set(u"fields[0].to"_s, u"many"_s);
    EXPECT_NE(model.problem(), u"");
    model.set(u"fields[0].kind"_s, u"uuid4"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    model.set(u"stages[0].shape"_s, u"spike"_s);
    model.set(u"stages[0].spike_for"_s, u"long"_s);
    model.set(u"stages[0].for"_s, u"longer"_s);
    model.set(u"stages[0].shape"_s, u"constant"_s);
    EXPECT_EQ(fault(u"stages[0].spike_for"_s), u"");
    EXPECT_NE(fault(u"stages[0].for"_s), u"");
}

const char* const kShop = R"(name: shop
url: http://127.0.0.1:8080/
arrivals: poisson
stages:
  - {shape: ramp, rate: 0, to: 200, for: 30s}   # warm-up
  - {rate: 200, for: 1m}
requests:
  - {name: buy, method: POST, path: /carts, body: '{}', expect: [201, 409]}  # of the till
  - {name: look, weight: 9, method: GET, path: /items}
thresholds: [p(95) < 300, 'p(99){buy} < 500']
)";

TEST_F(ScenarioTest, WhoComesByTheReplayLosesNothing) {
    model.opened(u"shop.yaml"_s, kShop);
    ASSERT_EQ(model.problem(), u"") << model.problem().toStdString();
    for (const QString& profile : {u"capacity"_s, u"custom"_s, u"ramp"_s, u"sine"_s}) {
        ScenarioViewModel straight;
        straight.opened(u"shop.yaml"_s, kShop);
        straight.choose(profile);
        model.opened(u"shop.yaml"_s, kShop);
        model.choose(u"replay"_s);
        EXPECT_EQ(model.profile(), u"replay");
        EXPECT_NE(model.text(), straight.text());
        QSignalSpy replaced(&model, &ScenarioViewModel::textReplaced);
        model.choose(profile);
        EXPECT_GE(replaced.count(), 1) << "who shows it has to know";
        EXPECT_EQ(model.text().toStdString(), straight.text().toStdString()) << profile.toStdString();
        EXPECT_EQ(model.scenario(), straight.scenario());
        EXPECT_EQ(model.profile(), profile);
    }
}

TEST_F(ScenarioTest, WhatIsEditedInAReplayIsNotTakenBackWithIt) {
    model.opened(u"shop.yaml"_s, kShop);
    model.choose(u"replay"_s);
    model.set(u"thresholds[0]"_s, u"p(95) < 200"_s);
    model.choose(u"custom"_s);
    EXPECT_EQ(model.text(), QString::fromUtf8(kShop).replace(u"p(95) < 300"_s, u"p(95) < 200"_s));
    model.set(u"loop"_s, u"closed"_s);
    model.set(u"end_to_end.check"_s, u"true"_s);
    model.choose(u"replay"_s);
    EXPECT_FALSE(model.scenario().closed_loop || model.scenario().end_to_end.check);
    model.choose(u"capacity"_s);
    EXPECT_TRUE(model.scenario().closed_loop && model.scenario().end_to_end.check);
    // Who writes down what is to be replayed means it.
    model.choose(u"replay"_s);
    model.set(u"replay.speed"_s, u"2"_s);
    model.choose(u"constant"_s);
    EXPECT_EQ(model.requests().size(), 1);
    model.opened(u"shop.yaml"_s, kShop);
    model.choose(u"replay"_s);
    model.set_text(model.text() + u"# by hand\n"_s);
    model.choose(u"capacity"_s);
    EXPECT_EQ(model.requests().size(), 1);
    EXPECT_TRUE(model.text().contains(u"# by hand")) << model.text().toStdString();
}

TEST_F(ScenarioTest, SeveralStagesInPlaceOfAReplayAreSeveral) {
    model.opened(u"replay.yaml"_s, "url: http://127.0.0.1:8080/events\nreplay: {journal: own}\n");
    ASSERT_EQ(model.profile(), u"replay");
    model.choose(u"custom"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    EXPECT_EQ(model.profile(), u"custom");
    EXPECT_EQ(model.stages().size(), 2);
    EXPECT_FALSE(model.scenario().replays());
    EXPECT_FALSE(model.text().contains(u"replay")) << model.text().toStdString();
}

TEST_F(ScenarioTest, SeveralStagesBeginWithTheOneThatIsThere) {
    model.opened(u"saturday.yaml"_s, kFile);
    ASSERT_EQ(model.profile(), u"constant");
    model.choose(u"custom"_s);
    EXPECT_EQ(model.profile(), u"custom");
    EXPECT_EQ(model.text(), QString::fromUtf8(kFile)) << "nothing else is changed by it";
    model.set(u"stages[0].rate"_s, u"300"_s);
    EXPECT_EQ(model.profile(), u"custom") << "while it is edited";
    model.add(u"stages"_s);
    model.set(u"stages[1].shape"_s, u"pause"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    const auto both = loadgen::parse_scenario(model.text().toStdString());
    ASSERT_TRUE(both.ok()) << model.text().toStdString();
    EXPECT_EQ(both->stages, model.scenario().stages);
    EXPECT_EQ(both->stages.size(), 2U);
    EXPECT_TRUE(model.text().contains(u"# calm")) << model.text().toStdString();
    model.set_text(QString(model.text()).replace(u"300"_s, u"400"_s));
    EXPECT_EQ(model.stages().size(), 2);
    EXPECT_EQ(model.scenario().stages[0].rate, 400);
    model.remove(u"stages"_s, 1);
    EXPECT_EQ(model.profile(), u"custom") << "a list of one, in which the next one can be put";
    model.choose(u"constant"_s);
    EXPECT_EQ(model.profile(), u"constant");
    model.choose(u"custom"_s);
    model.opened(u"saturday.yaml"_s, kFile);
    EXPECT_EQ(model.profile(), u"constant") << "of a file as the file has it";
}

TEST_F(ScenarioTest, WhatAnotherChoiceHidesDoesNotHinderTheStart) {
    const auto starts = [this] { return model.problem().toStdString(); };
    // What could not be read of it.
    model.set(u"loop"_s, u"closed"_s);
    model.set(u"think"_s, u"a while"_s);
    model.set(u"timeout"_s, u"long"_s);
    model.set(u"loop"_s, u"open"_s);
    EXPECT_EQ(fault(u"think"_s), u"");
    EXPECT_NE(fault(u"timeout"_s), u"") << "that one is still to be seen";
    model.set(u"timeout"_s, u"10s"_s);
    EXPECT_EQ(starts(), "");
    model.set(u"end_to_end.check"_s, u"true"_s);
    model.set(u"end_to_end.settle"_s, u"soon"_s);
    model.set(u"end_to_end.check"_s, u"false"_s);
    EXPECT_EQ(starts(), "");
    // What no run can be made of.
    model.set(u"pipeline"_s, u"8"_s);
    model.set(u"loop"_s, u"closed"_s);
    EXPECT_EQ(starts(), "");
    EXPECT_EQ(model.scenario().pipeline, 1U);
    model.set(u"think"_s, u"2h"_s);
    EXPECT_NE(fault(u"think"_s), u"");
    model.set(u"loop"_s, u"open"_s);
    EXPECT_EQ(starts(), "");
    model.set(u"end_to_end.check"_s, u"true"_s);
    model.set(u"end_to_end.settle"_s, u"3h"_s);
    model.set(u"end_to_end.credentials.kind"_s, u"bearer"_s);
    model.set(u"end_to_end.credentials.environment"_s, u""_s);
    EXPECT_NE(starts(), "");
    model.set(u"end_to_end.check"_s, u"false"_s);
    EXPECT_EQ(starts(), "");
    model.set(u"stages[0].rate"_s, u"-3"_s);
    EXPECT_NE(starts(), "");
    model.choose(u"capacity"_s);
    EXPECT_EQ(starts(), "") << "its stages are not used, nor shown";
    EXPECT_TRUE(loadgen::parse_scenario(model.text().toStdString()).ok());
}

TEST_F(ScenarioTest, OneFaultyStageThatASearchHidesTakesNoOtherOneWithIt) {
    model.opened(u"shop.yaml"_s, kShop);
    model.remove(u"thresholds"_s, 1);  // a search is for all requests
    const loadgen::Stage warm_up = model.scenario().stages[0];
    model.set(u"stages[1].rate"_s, u"-3"_s);
    ASSERT_NE(model.problem(), u"");
    model.choose(u"capacity"_s);
    EXPECT_EQ(model.problem(), u"") << model.problem().toStdString();
    model.choose(u"custom"_s);
    ASSERT_EQ(model.scenario().stages.size(), 2U);
    EXPECT_EQ(model.scenario().stages[0], warm_up);
    EXPECT_GT(model.scenario().stages[1].rate, 0);
    EXPECT_TRUE(model.text().contains(u"# warm-up")) << model.text().toStdString();
}

TEST_F(ScenarioTest, AFaultOfAGeneratedFieldStandsAtItsRow) {
    model.add(u"fields"_s);
    model.set(u"fields[0].kind"_s, u"zipf"_s);
    model.set(u"fields[0].ranks"_s, u"0"_s);
    EXPECT_NE(fault(u"fields[0].ranks"_s), u"") << model.problem().toStdString();
    model.set(u"fields[0].kind"_s, u"hex"_s);
    EXPECT_EQ(model.problem(), u"");
    model.set(u"fields[0].length"_s, u"0"_s);
    EXPECT_NE(fault(u"fields[0].length"_s), u"");
    model.set(u"fields[0].length"_s, u"8"_s);
    model.set(u"fields[0].name"_s, u"a b"_s);
    EXPECT_NE(fault(u"fields[0].name"_s), u"");
}

}  // namespace
}  // namespace streamgauge::viewmodels
