// SPDX-License-Identifier: GPL-3.0-or-later
// `load --keep`, `load runs` and `load compare` as processes, over both places of load runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "api/load_run_setup.h"
#include "api/load_runs.h"
#include "base/clock.h"
#include "loadgen/load_process.h"
#include "loadgen/report_text.h"
#include "loadgen/sample_report.h"
#include "support/stall_server.h"
#include "support/temporary_directory.h"

namespace streamgauge::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Ended load(std::vector<std::string> arguments) {
    api::ChildProcess child = start_load_program(std::move(arguments));
    return wait(child);
}

class KeptRunsCommandTest : public LoadRunPlaces, public ::testing::WithParamInterface<LoadRunPlace> {
protected:
    void SetUp() override { use(GetParam()); }

    void keep(loadgen::RunReport report, const std::string& id) {
        report.run_id = id;
        report.started_at = SystemClock().now();
        const std::string text = loadgen::to_json(report);
        const auto stored = api::stored_run(text, "");
        ASSERT_TRUE(stored.ok()) << stored.error().describe();
        ASSERT_TRUE(open()->add(*stored, text, SystemClock().now()).ok());
    }
};

TEST_P(KeptRunsCommandTest, ARunIsKeptListedAndGivenOut) {
    StallServer server;
    const std::string keep = GetParam() == LoadRunPlace::File ? directory_.path.string() : place_;
    const Ended run = load({"load", "--url", server.url(), "--rate", "100", "--duration", "500ms", "--keep", keep});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const auto kept = open()->list({}, 10);
    ASSERT_TRUE(kept.ok());
    ASSERT_EQ(kept->size(), 1U);
    EXPECT_EQ(kept->front().planned, 50U);
    const std::string id = kept->front().id;

    const Ended listed = load({"load-runs", "--runs", place_});
    EXPECT_EQ(listed.exit_code, 0) << listed.errors;
    EXPECT_THAT(listed.output, HasSubstr(id));
    const Ended given = load({"load-runs", id, "--runs", place_});
    EXPECT_EQ(given.exit_code, 0) << given.errors;
    const auto report = loadgen::parse_run_report(given.output);
    ASSERT_TRUE(report.ok()) << report.error().describe();
    EXPECT_EQ(report->run_id, id);
    EXPECT_NE(report->machine.build, "");
    EXPECT_NE(report->machine.host, "");
    EXPECT_NE(report->scenario, "");
    EXPECT_EQ(load({"load-runs", "none", "--runs", place_}).exit_code, 1);
}

TEST_P(KeptRunsCommandTest, WhatDiffersBetweenTwoRunsIsSaidBesideTheirFigures) {
    const loadgen::RunReport before = sample_report();
    loadgen::RunReport after = before;
    after.machine.build = "another build";
    after.machine.host = "another machine";
    after.seed = before.seed + 1;
    after.scenario += "# another plan\n";
    keep(before, "a");
    keep(before, "b");
    keep(after, "c");
    const Ended same = load({"load-compare", "--before", "a", "--after", "b", "--runs", place_});
    EXPECT_EQ(same.exit_code, 0) << same.errors;
    EXPECT_THAT(same.output, HasSubstr("no detectable difference"));
    EXPECT_THAT(same.output, Not(HasSubstr("they differ in")));
    const Ended different = load({"load-compare", "--before", "a", "--after", "c", "--runs", place_});
    EXPECT_EQ(different.exit_code, 0) << different.errors;
    EXPECT_THAT(different.output,
                HasSubstr("they differ in generator: " + before.machine.build + " and another build"));
    EXPECT_THAT(different.output, HasSubstr("they differ in machine: " + before.machine.host + " and another machine"));
    EXPECT_THAT(different.output, HasSubstr("they differ in seed: "));
    EXPECT_THAT(different.output, HasSubstr("they differ in scenario"));
}

INSTANTIATE_TEST_SUITE_P(Places, KeptRunsCommandTest, ::testing::ValuesIn(LoadRunPlaces::all()),
                         [](const auto& place) { return name_of(place.param); });

TEST(KeptRunsCommand, SaysWhatIsWrongWithAPlaceAndNotItsPassword) {
    for (const std::string url : {"postgresql://gauge:swordfish@127.0.0.1:1/runs", "postgresql:/gauge:swordfish@db"}) {
        const Ended run =
            load({"load", "--url", "http://127.0.0.1:9", "--rate", "10", "--duration", "1s", "--keep", url});
        EXPECT_EQ(run.exit_code, 104) << "before anything is sent";
        EXPECT_THAT(run.errors + run.output, Not(HasSubstr("swordfish")));
        const Ended listed = load({"load-runs", "--runs", url});
        EXPECT_THAT(listed.exit_code, ::testing::AnyOf(1, 2)) << "nobody is there, or no URL";
        EXPECT_THAT(listed.errors, HasSubstr("load runs"));
        EXPECT_THAT(listed.errors + listed.output, Not(HasSubstr("swordfish")));
    }
    const Ended none = load({"load-runs", "--runs", "/nowhere/runs.db"});
    EXPECT_THAT(none.errors, HasSubstr("there are no load runs in \"/nowhere/runs.db\""));
    EXPECT_THAT(load({"load-runs"}).errors, HasSubstr("--data-dir DIR"));
}

// A run of a few seconds cannot be told from another, and what it has no value of is no 0.
TEST(KeptRunsCommand, WhatWasNotMeasuredIsNotNothing) {
    const TemporaryDirectory directory;
    loadgen::RunReport report = sample_report();
    report.seconds.resize(2);
    const std::string path = (directory.path / "short.json").string();
    std::ofstream(path) << loadgen::to_json(report);
    const Ended told = load({"load-compare", "--before", path, "--after", path});
    EXPECT_EQ(told.exit_code, 1) << told.errors;
    EXPECT_THAT(told.output, HasSubstr("p99.9 ms                -            -            -"));
    EXPECT_THAT(told.output, Not(HasSubstr(" +0 ")));
    EXPECT_THAT(load({"load-compare", "--help"}).output, HasSubstr("99 worse"));
}

}  // namespace
}  // namespace streamgauge::test
