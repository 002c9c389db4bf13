// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/report_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "loadgen/hdr_encoding.h"
#include "loadgen/report_outputs.h"
#include "loadgen/report_page.h"
#include "loadgen/sample_report.h"
#include "loadgen/second_line.h"

namespace streamgauge::loadgen {
namespace {

TEST(ReportText, RoundTripIsExact) {
    const RunReport report = test::sample_report();
    const std::string text = to_json(report);
    const Result<RunReport> again = parse_run_report(text);
    ASSERT_TRUE(again.ok()) << again.error().describe();
    EXPECT_EQ(to_json(*again), text);
    EXPECT_EQ(again->durations.response.buckets(), report.durations.response.buckets());
    EXPECT_EQ(again->durations.response.exact(), report.durations.response.exact());
    EXPECT_EQ(again->durations.unanswered.count(), report.durations.unanswered.count());
    EXPECT_EQ(again->totals, report.totals);
    ASSERT_EQ(again->endpoints.size(), 2U);
    EXPECT_EQ(again->endpoints[1].totals, report.endpoints[1].totals);
    ASSERT_EQ(again->seconds.size(), report.seconds.size());
    for (std::size_t i = 0; i < report.seconds.size(); ++i) {
        EXPECT_EQ(again->seconds[i].row, report.seconds[i].row);
        EXPECT_EQ(again->seconds[i].response, report.seconds[i].response);
        EXPECT_EQ(again->seconds[i].unanswered, report.seconds[i].unanswered);
    }
    EXPECT_EQ(again->errors, report.errors);
    EXPECT_EQ(again->hand, report.hand);
    EXPECT_EQ(again->stages[2].duration.buckets(), report.stages[2].duration.buckets());
    EXPECT_EQ(again->thresholds[1].failed_at_nanos, report.thresholds[1].failed_at_nanos);
    EXPECT_EQ(again->certificate.reasons, report.certificate.reasons);
    EXPECT_EQ(again->certificate.queued, 77U);
    EXPECT_EQ(again->end_to_end->lost, 1U);
    ASSERT_EQ(again->objectives.size(), 3U);
    EXPECT_EQ(again->objectives, report.objectives);
    EXPECT_GT(again->objectives[2].alerts[0].fired, 0U);
    EXPECT_FALSE(passed(*again));
}

TEST(ReportText, OneWithoutObjectivesIsAnOlderOne) {
    nlohmann::json older = nlohmann::json::parse(to_json(test::sample_report()));
    older.erase("objectives");
    const Result<RunReport> read = parse_run_report(older.dump());
    ASSERT_TRUE(read.ok()) << read.error().describe();
    EXPECT_TRUE(read->objectives.empty());
}

TEST(ReportOutputs, SayHowManyWaitedForRoom) {
    const RunReport report = test::sample_report();
    const std::string_view said = "77 of 2400 requests waited because max_in_flight (64) requests were unanswered";
    EXPECT_NE(report_text(report).find(said), std::string::npos);
    EXPECT_NE(report_page(report).find(said), std::string::npos);
    EXPECT_NE(report_page(report).find(", queued 77;"), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(to_json(report))["certificate"]["queued"], 77);
}

TEST(ReportOutputs, SayWhatBecameOfObjectives) {
    const RunReport report = test::sample_report();
    const std::string text = report_text(report);
    EXPECT_NE(text.find("FAILED  availability: 99.9 % answered without 5xx   "), std::string::npos) << text;
    EXPECT_NE(text.find("this run would have used "), std::string::npos);
    EXPECT_NE(text.find(" after the first bad one (formula "), std::string::npos);
    const nlohmann::json k6 = nlohmann::json::parse(k6_summary(report));
    EXPECT_EQ(k6["metrics"]["objective{name:availability}"]["thresholds"]["rate>=0.999"]["ok"], false);
    const std::string junit = junit_xml(report);
    EXPECT_NE(junit.find("name=\"availability: 99.9 % answered without 5xx\"><failure"), std::string::npos) << junit;
    EXPECT_NE(junit.find("tests=\"9\""), std::string::npos) << junit;
    const std::string page = report_page(report);
    EXPECT_NE(page.find("write &amp; &lt;pay&gt;"), std::string::npos);
    EXPECT_EQ(page.find("of write & <pay>"), std::string::npos);
    EXPECT_NE(page.find("<h2>Objectives</h2>"), std::string::npos);
}

// What was not measured is no time of nothing, and a percentile of few values says so wherever it stands.
TEST(ReportOutputs, WhatIsNotKnownIsADash) {
    RunReport report = test::sample_report();
    report.endpoints[0].durations = Durations();
    for (std::int64_t i = 1; i <= 20; ++i) report.endpoints[0].durations.response.record(i * 1000);
    report.endpoints[1].durations = Durations();
    report.durations.response = Histogram();
    const std::string text = report_text(report);
    EXPECT_NE(text.find("p50    10.007   p99    20.000~ ms"), std::string::npos) << text;
    EXPECT_NE(text.find("p50         -   p99         -  ms"), std::string::npos) << text;
    EXPECT_NE(text.find("response                 -           -           -           -           -\n"),
              std::string::npos)
        << text;
    SecondRow row;
    row.planned = row.other = 5;
    EXPECT_EQ(second_line(row), "     0 |   0 |     5 |          5 |       - |       -");
}

TEST(ReportText, SecondsAddUpToTheWhole) {
    const RunReport report = test::sample_report();
    Histogram response;
    std::uint64_t planned = 0, ok = 0, dropped = 0;
    for (const SecondReport& s : report.seconds) {
        response.merge(s.response.expand());
        planned += s.row.planned;
        ok += s.row.ok;
        dropped += s.row.dropped;
    }
    EXPECT_EQ(response.buckets(), report.durations.response.buckets());
    EXPECT_EQ(planned, report.totals.planned);
    EXPECT_EQ(ok, report.totals.done());
    EXPECT_EQ(dropped, report.totals.dropped);
    EXPECT_EQ(report.endpoints[0].totals.planned + report.endpoints[1].totals.planned, planned);
    EXPECT_EQ(report.totals.unfinished(), 0U);
}

TEST(ReportText, FaultsNameTheMember) {
    const nlohmann::json whole = nlohmann::json::parse(to_json(test::sample_report()));
    const auto fault = [&](const char* pointer, const nlohmann::json& value) {
        nlohmann::json changed = whole;
        changed[nlohmann::json::json_pointer(pointer)] = value;
        const Result<RunReport> parsed = parse_run_report(changed.dump());
        return parsed ? std::string("accepted") : parsed.error().field;
    };
    EXPECT_EQ(fault("/schema", "other"), "schema");
    EXPECT_EQ(fault("/seed", -1), "seed");
    EXPECT_EQ(fault("/machine/cores", 1e20), "machine.cores");
    EXPECT_EQ(fault("/state", "asleep"), "state");
    EXPECT_EQ(fault("/certificate/verdict", "fine"), "certificate.verdict");
    EXPECT_EQ(fault("/certificate/reasons", "none"), "certificate.reasons");
    EXPECT_EQ(fault("/thresholds/1/threshold", "p95"), "thresholds[1].threshold");
    EXPECT_EQ(fault("/objectives/0/kind", "freshness"), "objectives[0].kind");
    EXPECT_EQ(fault("/objectives/1/good", 1e6), "objectives[1].good");
    EXPECT_EQ(fault("/objectives/2/alerts/0/episodes/0/fired_ns", "soon"),
              "objectives[2].alerts[0].episodes[0].fired_ns");
    EXPECT_EQ(fault("/objectives/2/alerts/1/severity", "mail"), "objectives[2].alerts[1].severity");
    EXPECT_EQ(fault("/totals/planned", 1), "totals");
    EXPECT_EQ(fault("/totals/outcomes/eaten", 1), "totals.outcomes");
    EXPECT_EQ(fault("/seconds/3/response/hdr", "AAAA"), "seconds[3].response.hdr");
    EXPECT_EQ(fault("/seconds/3/response/max_us", 1), "seconds[3].response");
    EXPECT_EQ(fault("/seconds/3/p50_ms", nullptr), "seconds[3].p50_ms");
    EXPECT_EQ(fault("/hand/0/action", 3), "hand[0].action");
    EXPECT_EQ(fault("/end_to_end/sums_equal", 1), "end_to_end.sums_equal");
    EXPECT_EQ(fault("/note", "more members do no harm"), "accepted");
    EXPECT_FALSE(parse_run_report("").ok());
    EXPECT_FALSE(parse_run_report("[]").ok());
}

TEST(HdrEncoding, ComesBackAndRefusesDamage) {
    Histogram histogram;
    for (std::int64_t i = 1; i < 2'000'000; i += 977) histogram.record(i);
    const std::string text = hdr_encode(histogram);
    EXPECT_EQ(text.rfind("HISTFAAA", 0), 0U);  // as every HdrHistogram V2 does
    const std::optional<std::string> payload = hdr_decode(text);
    ASSERT_TRUE(payload);
    EXPECT_EQ(SparseHistogram::restore(*payload, histogram.exact())->expand().buckets(), histogram.buckets());
    std::string damaged = text;
    for (std::size_t i = 0; i < text.size(); i += 7) {
        damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
        const std::optional<std::string> other = hdr_decode(damaged);
        EXPECT_TRUE(!other || *other == *payload || i > 0) << i;
        damaged[i] = text[i];
    }
    EXPECT_FALSE(hdr_decode(text.substr(0, text.size() - 4)));
    EXPECT_FALSE(hdr_decode(text + "AAAA"));
    EXPECT_FALSE(hdr_decode("HISTFAAA"));
    EXPECT_FALSE(hdr_decode(text.substr(1)));
    EXPECT_EQ(hdr_decode(hdr_encode(Histogram()))->size(), 0U);
}

// A document that a user's history has. It is not written anew when reports change: it must be read as it is.
TEST(RunReports, ThatAreKeptAreReadByEveryLaterBuild) {
    std::ifstream file(std::string(LOADGEN_TEST_DATA) + "/kept_run.json");
    const std::string kept{std::istreambuf_iterator<char>(file), {}};
    const Result<RunReport> run = parse_run_report(kept);
    ASSERT_TRUE(run.ok()) << run.error().describe();
    EXPECT_EQ(run->run_id, "01a2005d-2eef-73fc-a74d-ac0a55dad4a5");
    EXPECT_EQ(run->totals.done(), 32U);
    EXPECT_EQ(run->durations.response.count(), 32U);
    EXPECT_EQ(run->durations.response.max_micros(), 28087);
    EXPECT_EQ(run->seconds.size(), 2U);
    EXPECT_EQ(run->objectives.size(), 3U);
    EXPECT_EQ(run->certificate.verdict, Validity::Valid);
    EXPECT_EQ(run->certificate.queued, 0U) << "it was not counted then";
    // What a later build may have written besides.
    nlohmann::json later = nlohmann::json::parse(kept);
    later["new"] = later["seconds"][0]["newer"] = later["certificate"]["newest"] = {{"a", 1}};
    EXPECT_EQ(to_json(parse_run_report(later.dump()).value()), to_json(*run));
}

TEST(RunReports, SayAtTheirHeadThatEveryRequestFailed) {
    RunReport report;
    report.name = "shop";
    report.totals.planned = report.totals.sent = 3;
    report.totals.outcomes[static_cast<std::size_t>(Outcome::ServerError)] = 3;
    report.errors = {{"read", "status_503", 2, 0, 0, {}}, {"write", "status_503", 1, 0, 0, {}}};
    EXPECT_EQ(all_failed_text(report), "EVERY REQUEST FAILED: not one of the 3 that ended was good: status_503 3");
    EXPECT_NE(report_text(report).find("\nEVERY REQUEST FAILED"), std::string::npos);
    EXPECT_NE(report_page(report).find("<b>EVERY REQUEST FAILED"), std::string::npos);
    const std::string junit = junit_xml(report);
    EXPECT_NE(junit.find("name=\"some request is answered well\"><failure message=\"EVERY"), std::string::npos)
        << junit;
    EXPECT_NE(junit.find("tests=\"2\" failures=\"1\""), std::string::npos) << junit;
    report.totals.planned = 4;
    report.totals.outcomes[static_cast<std::size_t>(Outcome::Ok)] = 1;
    EXPECT_EQ(all_failed_text(report), "");
    EXPECT_EQ(all_failed_text(RunReport()), "") << "none ended";
}

TEST(RunReports, OfARunThatWasInterruptedSaySoAndHaveNotPassed) {
    RunReport report = test::sample_report();
    report.thresholds.clear();
    report.objectives.clear();
    EXPECT_TRUE(passed(report));
    report.state = RunState::Interrupted;
    report.stopped_by = "the server ended";
    EXPECT_FALSE(passed(report));
    EXPECT_EQ(parse_run_report(to_json(report))->state, RunState::Interrupted);
    EXPECT_NE(report_text(report).find("INTERRUPTED: checkout"), std::string::npos);
    EXPECT_NE(report_text(report).find("interrupted: the server ended"), std::string::npos);
    EXPECT_NE(report_page(report).find("Interrupted: the server ended"), std::string::npos);
    EXPECT_NE(junit_xml(report).find("the run came to its end"), std::string::npos);
    // A second goes alone, too.
    for (const SecondReport& second : report.seconds) {
        const Result<SecondReport> again = parse_second_report(to_json(second));
        ASSERT_TRUE(again.ok()) << again.error().describe();
        EXPECT_EQ(again->row, second.row);
        EXPECT_EQ(again->response, second.response);
        EXPECT_EQ(again->unanswered, second.unanswered);
    }
    for (const char* const text : {"", "7", "[]", R"({"second":0})", R"({"second":"x"})"})
        EXPECT_FALSE(parse_second_report(text).ok()) << text;
}

}  // namespace
}  // namespace streamgauge::loadgen
