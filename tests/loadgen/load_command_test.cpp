// SPDX-License-Identifier: GPL-3.0-or-later
// `load` as a process: its words, its exit codes, its signals.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "api/child_process.h"
#include "api/codec.h"
#include "api/load_run_store.h"
#include "loadgen/load_process.h"
#include "loadgen/report_text.h"
#include "slo/openslo.h"
#include "support/child_program.h"
#include "support/stall_server.h"

namespace streamgauge {
namespace {

using api::ChildProcess;
using test::eventually;
using test::StallServer;

using test::Ended;
using test::wait;

ChildProcess start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "load");
    return test::start_load_program(std::move(arguments));
}

Ended load(std::vector<std::string> arguments) {
    ChildProcess child = start(std::move(arguments));
    return wait(child);
}

std::vector<api::LoadStatus> statuses(const std::string& lines) {
    std::vector<api::LoadStatus> all;
    std::istringstream stream(lines);
    for (std::string line; std::getline(stream, line);) {
        auto status = api::decode_load_status(line);
        EXPECT_TRUE(status.ok()) << line;
        if (status) all.push_back(std::move(status).value());
    }
    return all;
}

class TemporaryFile {
public:
    TemporaryFile() {
        char name[] = "/tmp/streamgauge-load-XXXXXX";
        const int fd = mkstemp(name);
        if (fd >= 0) close(fd);
        path_ = name;
    }
    ~TemporaryFile() { std::remove(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

TEST(LoadCommand, PrintsSecondsAndSummaryAndWritesJson) {
    StallServer server({}, [](std::uint64_t n) { return n % 4 == 0 ? 429 : 202; });
    const TemporaryFile file;
    const Ended run =
        load({"--url", server.url(), "--rate", "200", "--duration", "1500ms", "--out", "json=" + file.path()});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_EQ(run.output.substr(0, run.output.find('\n')), "    OK | 429 | Other | RPS target | avg(ms) | p95(ms)");
    EXPECT_NE(run.output.find("planned 300   sent 300   done 225   failed 75   unfinished 0"), std::string::npos)
        << run.output;
    EXPECT_NE(run.output.find("status_429"), std::string::npos);
    std::ifstream in(file.path());
    const nlohmann::json json = nlohmann::json::parse(in);
    EXPECT_EQ(json["schema"], "streamgauge-load-run/1");
    EXPECT_EQ(json["totals"]["planned"], 300);
    EXPECT_EQ(json["totals"]["done"], 225);
    EXPECT_EQ(json["totals"]["outcomes"]["status_429"], 75);
    EXPECT_EQ(json["seconds"][0]["planned"], 200);
    EXPECT_EQ(json["url"], server.url());
    EXPECT_EQ(json["durations"]["response"]["count"], 300);
}

TEST(LoadCommand, RunsAScenarioFileJudgesItAndLeavesEveryOutput) {
    StallServer server({}, [](std::uint64_t n) { return n % 10 == 0 ? 503 : 202; });
    const TemporaryFile scenario, summary, report, csv, hdr, junit, page;
    std::ofstream(scenario.path()) << "name: <checkout>\nurl: " << server.url()
                                   << "\nstages:\n  - {shape: ramp, rate: 100, to: 300, for: 1s}\n"
                                      "thresholds: [p(95) < 10s, errors < 1%, 'requests >= 100 over 1s']\n";
    const Ended run =
        load({scenario.path(), "--out", "summary=" + summary.path() + ",json=" + report.path() + ",csv=" + csv.path(),
              "--out", "hdr=" + hdr.path() + ",junit=" + junit.path() + ",html=" + page.path()});
    EXPECT_EQ(run.exit_code, 99) << run.errors;
    EXPECT_NE(run.output.find("FAILED  errors < 1%   10.000 %"), std::string::npos) << run.output;
    const auto text = [](const TemporaryFile& file) {
        std::ifstream in(file.path());
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const nlohmann::json k6 = nlohmann::json::parse(text(summary));
    EXPECT_EQ(k6["metrics"]["http_req_duration"]["thresholds"]["p(95) < 10000"]["ok"], true);
    EXPECT_EQ(k6["metrics"]["http_req_failed"]["thresholds"]["errors < 1%"]["ok"], false);
    EXPECT_EQ(k6["metrics"]["iterations"]["values"]["count"], 180);
    EXPECT_EQ(k6["metrics"]["http_req_failed"]["values"]["passes"], 20);
    const auto again = loadgen::parse_run_report(text(report));
    ASSERT_TRUE(again.ok()) << again.error().describe();
    EXPECT_EQ(again->totals.planned, 200U);
    for (std::size_t i = 1; i < again->seconds.size(); ++i) {
        const loadgen::SecondRow& row = again->seconds[i].row;
        EXPECT_GT(row.planned + row.ok + row.limited + row.other, 0U) << "second " << row.second << " of one";
    }
    EXPECT_EQ(text(csv).rfind("second,planned,", 0), 0U);
    EXPECT_NE(text(hdr).find("#[Histogram log format version 1.3]"), std::string::npos);
    EXPECT_NE(text(hdr).find("Tag=run_response,"), std::string::npos);
    // The errors, and on a machine that starved the generator the generator, too.
    const bool believed = again->certificate.verdict != loadgen::Validity::Invalid;
    EXPECT_NE(text(junit).find(believed ? "tests=\"4\" failures=\"1\"" : "tests=\"4\" failures=\"2\""),
              std::string::npos)
        << text(junit);
    EXPECT_NE(text(page).find("&lt;checkout&gt;"), std::string::npos);
    EXPECT_EQ(text(page).find("<script"), std::string::npos);
    EXPECT_EQ(text(page).find("<checkout>"), std::string::npos);
    EXPECT_NE(text(page).find("<td>10.000 %</td>"), std::string::npos);  // a share, in percent
}

TEST(LoadCommand, AThresholdEndsTheRun) {
    StallServer server({}, [](std::uint64_t) { return 503; });
    const Ended run =
        load({"--url", server.url(), "--rate", "100", "--duration", "1h", "--threshold", "errors<10% abort"});
    EXPECT_EQ(run.exit_code, 99);
    EXPECT_NE(run.output.find("stopped by: threshold"), std::string::npos) << run.output;
}

// A phase of errors at a known time of the run. The alert is where its formula says, within a slice; an hour of the
// laboratory's page is a long window of 5 s and a limit of 14.4 %. A machine that kept the generator or the server
// waiting is another traffic than the formula is about: then only the order is sure.
TEST(LoadCommand, AnObjectiveBurnsItsAlertFiresAndIsOverAndTheRunHasFailed) {
    StallServer server({}, [](std::uint64_t n) { return n >= 1200 && n < 1600 ? 503 : 202; });
    const TemporaryFile scenario, file, junit;
    std::ofstream(scenario.path()) << "url: " << server.url()
                                   << "\nstages: [{rate: 200, for: 11s}]\n"
                                      "objectives:\n"
                                      "  - {kind: availability, target: 99%, scaled_to: 1h}\n"
                                      "  - {kind: latency, target: 50%, threshold: 10s, scaled_to: 1h}\n";
    const Ended run = load({scenario.path(), "--out", "json=" + file.path() + ",junit=" + junit.path()});
    EXPECT_EQ(run.exit_code, 99) << run.errors;
    EXPECT_NE(run.output.find("  availability fires: page"), std::string::npos) << run.output;
    EXPECT_NE(run.output.find("FAILED  availability: 99 % answered without 5xx"), std::string::npos) << run.output;
    EXPECT_NE(run.output.find("held    latency: 50 % within 10000 ms"), std::string::npos) << run.output;
    EXPECT_NE(run.output.find("this run would have used "), std::string::npos) << run.output;
    std::ifstream in(file.path());
    const auto report = loadgen::parse_run_report(std::string(std::istreambuf_iterator<char>(in), {}));
    ASSERT_TRUE(report.ok()) << report.error().describe();
    ASSERT_EQ(report->objectives.size(), 2U);
    const loadgen::ObjectiveResult& availability = report->objectives[0];
    EXPECT_EQ(availability.counted, (slo::Ratio{1800, 2200}));
    EXPECT_FALSE(availability.held);
    EXPECT_TRUE(report->objectives[1].held);
    ASSERT_EQ(availability.alerts.size(), 4U);
    const loadgen::ObjectiveAlert& page = availability.alerts[0];
    ASSERT_GE(page.fired, 1U);
    const loadgen::AlertEpisode& episode = page.episodes[0];
    ASSERT_TRUE(episode.resolved_nanos) << run.output;
    EXPECT_GT(episode.fired_nanos, episode.began_nanos);
    EXPECT_GT(*episode.resolved_nanos, episode.fired_nanos);
    const std::int64_t slowest = report->durations.response.max_micros();
    if (slowest < 30'000 && report->certificate.longest_stall_ms < 30) {
        constexpr double kTick = 0.1, kUneven = 0.05;
        EXPECT_EQ(page.fired, 1U);
        EXPECT_NEAR(static_cast<double>(episode.began_nanos) / 1e9, 6, kTick);
        EXPECT_NEAR(static_cast<double>(episode.fired_nanos - episode.began_nanos) / 1e9, episode.expected_seconds,
                    kTick + kUneven);
        EXPECT_NEAR(episode.expected_seconds, page.fastest_seconds.value(), kTick + kUneven);
        EXPECT_LE(static_cast<double>(*episode.resolved_nanos - episode.last_bad_nanos.value()) / 1e9,
                  episode.expected_reset_seconds.value_or(0) + kTick + kUneven);
    }
    std::ifstream cases(junit.path());
    const std::string xml(std::istreambuf_iterator<char>(cases), {});
    EXPECT_NE(xml.find("name=\"availability: 99 % answered without 5xx\"><failure message=\"81.82 % good"),
              std::string::npos)
        << xml;
}

TEST(LoadCommand, HoldsTheObjectivesOfAFreshServerAndThoseOfAFile) {
    StallServer server;
    const TemporaryFile document;
    slo::Objective mine;
    mine.name = "mine";
    mine.indicator.kind = slo::Indicator::Kind::Latency;
    mine.indicator.route = "POST /events";
    mine.indicator.threshold_ms = 5000;
    slo::Objective fresh;
    fresh.name = "fresh";
    fresh.indicator.kind = slo::Indicator::Kind::Freshness;
    std::ofstream(document.path()) << slo::write_openslo({mine, fresh});
    const Ended run = load({"--url", server.url(), "--rate", "100", "--duration", "1500ms", "--objectives", "default",
                            "--objectives", document.path(), "--report-json-lines"});
    const std::vector<api::LoadStatus> reports = statuses(run.output);
    ASSERT_FALSE(reports.empty());
    ASSERT_EQ(reports.back().objectives.size(), 4U);
    EXPECT_EQ(reports.back().objectives[2].name, "availability");
    EXPECT_TRUE(reports.back().objectives[2].held);
    EXPECT_EQ(reports.back().objectives[2].left, 1);
    EXPECT_EQ(reports.back().objectives[3].promise, "99 % within 5000 ms");
    EXPECT_EQ(run.errors,
              "streamgauged load: objective left out: fresh: a run sees availability, latency and errors\n");
}

// What agrees depends on how busy the machine is; that both sides are said and the verdict follows from them does not.
TEST(LoadCommand, SelfTestPrintsMeasuredBesideTheory) {
    const Ended run = load({"--self-test", "--self-test-seconds", "3"});
    for (const char* text : {"stall of 0.1 s in 3 s at 200/s, p99", "at 2000/s, p99.9", "70.00 ms", "unanswered",
                             "even arrivals at 1000/s", "index of dispersion"})
        EXPECT_NE(run.output.find(text), std::string::npos) << text << "\n" << run.output;
    const auto says = [&](const char* text) { return run.output.find(text) != std::string::npos; };
    const bool disagrees = says("DOES NOT AGREE"), untold = says("machine too busy to tell");
    EXPECT_EQ(run.exit_code, disagrees || untold ? 99 : 0) << run.output;
    EXPECT_EQ(says("all agree"), !disagrees && !untold) << run.output;
    EXPECT_EQ(says("something is wrong"), disagrees) << run.output;
    EXPECT_EQ(says("A thread that only sleeps"), untold) << run.output;
}

// A run that a hand changed is run again by its report: the same plan, and the same actions at the same nanoseconds.
TEST(LoadCommand, RepeatsARunWithWhatAHandDidToIt) {
    StallServer server;
    const TemporaryFile scenario, first, changed, again;
    std::ofstream(scenario.path()) << "name: hands\nurl: " << server.url()
                                   << "\nseed: 7\narrivals: poisson\nstages: [{rate: 100, for: 2s}]\n";
    EXPECT_EQ(load({scenario.path(), "--out", "json=" + first.path()}).exit_code, 0);
    std::ifstream in(first.path());
    nlohmann::json report = nlohmann::json::parse(in);
    EXPECT_EQ(report["totals"]["planned"], 200);
    report["hand"] = nlohmann::json::parse(
        R"([{"action":{"action":"rate","rate":300},"at_ns":500000001},{"action":{"action":"rate","rate":0},"at_ns":1000000007}])");
    std::ofstream(changed.path()) << report;
    const Ended run = load({"--repeat", changed.path(), "--out", "json=" + again.path()});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    std::ifstream second(again.path());
    const nlohmann::json repeated = nlohmann::json::parse(second);
    EXPECT_EQ(repeated["seed"], 7);
    EXPECT_EQ(repeated["name"], "hands");
    EXPECT_EQ(repeated["scenario"], report["scenario"]);
    ASSERT_EQ(repeated["hand"].size(), 2U);
    EXPECT_EQ(repeated["hand"][0]["at_ns"], 500000001);
    EXPECT_EQ(repeated["hand"][0]["action"]["rate"], 300);
    EXPECT_EQ(repeated["hand"][1]["at_ns"], 1000000007);
    EXPECT_GT(repeated["totals"]["planned"], 250);  // 0.5 s at three times the rate
    const TemporaryFile third;
    EXPECT_EQ(load({"--repeat", again.path(), "--out", "json=" + third.path()}).exit_code, 0);
    std::ifstream last(third.path());
    const nlohmann::json twice = nlohmann::json::parse(last);
    EXPECT_EQ(twice["hand"], repeated["hand"]);
    ASSERT_GE(twice["seconds"].size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(twice["seconds"][i]["planned"], repeated["seconds"][i]["planned"]);
    EXPECT_EQ(twice["totals"]["planned"], repeated["totals"]["planned"]);
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--repeat", scenario.path()},
                                                  {"--repeat", first.path(), "--seed", "3"},
                                                  {"--repeat", first.path(), scenario.path()},
                                                  {"--repeat", "/nowhere.json"}})
        EXPECT_EQ(load(wrong).exit_code, 104) << wrong.back();
}

// What an option says and a scenario says, too, would be one of them in silence.
TEST(LoadCommand, AnOptionBesideAScenarioIsRefusedWhereTheScenarioSaysIt) {
    const TemporaryFile scenario;
    std::ofstream(scenario.path()) << "url: http://127.0.0.1:9/\nstages: [{rate: 1, for: 1s}]\n";
    for (const auto& [option, value] :
         std::vector<std::pair<std::string, std::string>>{{"--rate", "5"},
                                                          {"--duration", "3s"},
                                                          {"--seed", "5"},
                                                          {"--batch", "5"},
                                                          {"--arrivals", "poisson"},
                                                          {"--connections", "5"},
                                                          {"--timeout", "5s"},
                                                          {"--url", "http://127.0.0.1:1/"},
                                                          {"--replay-log", "x"}}) {
        const Ended run = load({scenario.path(), option, value});
        EXPECT_EQ(run.exit_code, 104) << option;
        EXPECT_NE(run.errors.find("leave " + option + " out"), std::string::npos) << run.errors;
    }
    std::ofstream(scenario.path(), std::ios::trunc).flush();
    const Ended empty = load({scenario.path()});
    EXPECT_EQ(empty.exit_code, 104);
    EXPECT_NE(empty.errors.find("is empty"), std::string::npos) << empty.errors;
}

TEST(LoadCommand, AReportThatCannotBeWrittenIsNoSuccess) {
    StallServer server;
    const Ended run = load({"--url", server.url(), "--rate", "20", "--duration", "100ms", "--out", "junit=/dev/full"});
    EXPECT_EQ(run.exit_code, 103);
    EXPECT_NE(run.errors.find("cannot write /dev/full"), std::string::npos) << run.errors;
}

TEST(LoadCommand, SaysWhatTheEnvironmentChanged) {
    StallServer server;
    const std::vector<std::pair<const char*, const char*>> variables{
        {"BASE_RPS", "50"}, {"BASE_SEC", "0.2"}, {"SPIKE_RPS", "100"}, {"SPIKE_SEC", "0.1"}, {"COOLDOWN_SEC", "0"}};
    for (const auto& [name, value] : variables) setenv(name, value, 1);
    const Ended run = load({"--url", server.url()});
    for (const auto& [name, value] : variables) unsetenv(name);
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_NE(run.errors.find("by the environment: BASE_RPS=50 BASE_SEC=0.2 SPIKE_RPS=100"), std::string::npos)
        << run.errors;
    EXPECT_NE(run.output.find("done: spike of 100 requests/s on 50 (even), planned for 0.3 s"), std::string::npos)
        << run.output;
    EXPECT_NE(run.output.find("planned 20 "), std::string::npos) << run.output;
}

TEST(LoadCommand, HelpTeachesByExample) {
    const Ended help = load({"--help"});
    EXPECT_EQ(help.exit_code, 0);
    for (const char* text : {"--url", "--rate", "--duration", "--arrivals", "--seed", "--batch", "--connections",
                             "--target-confirm", "Examples:", "planned"})
        EXPECT_NE(help.output.find(text), std::string::npos) << text;
}

TEST(LoadCommand, WrongValuesHaveTheirExitCodeAndNameTheField) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"--url", "http://127.0.0.1:9/", "--rate", "0"}, "rate"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "200001"}, "rate"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--duration", "soon"}, "duration"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--duration", "25h"}, "duration"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--batch", "10001"}, "batch"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--connections", "0"}, "connections"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--timeout", "0s"}, "timeout"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--users", "0"}, "users"},
        {{"--url", "ftp://127.0.0.1/", "--rate", "1"}, "url"},
        {{"--url", "http://192.0.2.1/", "--rate", "1"}, "--target-confirm 192.0.2.1"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--threshold", "p(95){nobody}<3"}, "nobody"},
        {{"--rate", "1"}, "--url"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--threshold", "p95<3"}, "threshold"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--out", "pdf=x"}, "out"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--out", "csv=-"}, "out"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--out", "csv=/nowhere/at/all"}, "out"},
        {{"/nowhere.yaml"}, "scenario"},
        {{"--url", "http://127.0.0.1:9/"}, "--rate"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--seed", "-1"}, "seed"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--seed", "18446744073709551616"}, "seed"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--threshold", "lost==0"}, "end-to-end"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--threshold", "freshness<1s"}, "end-to-end"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--objectives", "/nowhere.yaml"}, "objectives"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--objectives", "default", "--objectives", "default"},
         "objectives[3].name"},
        {{"--url", "http://127.0.0.1:9/", "--rate", "1", "--arrivals", "odd"}, "arrivals"},
    };
    for (const auto& [arguments, text] : cases) {
        const Ended run = load(arguments);
        EXPECT_EQ(run.exit_code, text == "arrivals" ? 2 : 104) << text;
        EXPECT_NE(run.errors.find(text), std::string::npos) << text << ": " << run.errors;
    }
}

TEST(LoadCommand, NobodyThereIsExitCodeOne) {
    const test::DeadPort nobody;
    const Ended run = load({"--url", nobody.url(), "--rate", "50", "--duration", "400ms"});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_NE(run.errors.find("20 connect_refused"), std::string::npos) << run.errors;
    EXPECT_NE(run.output.find("planned 20   sent 0   done 0   failed 20"), std::string::npos) << run.output;
}

TEST(LoadCommand, InterruptEndsEarlyWithASummary) {
    StallServer server;
    ChildProcess child = start({"--url", server.url(), "--rate", "100", "--duration", "1h"});
    ASSERT_TRUE(eventually([&] { return server.requests() > 20; }));
    child.signal(SIGINT);
    const Ended run = wait(child);
    EXPECT_EQ(run.exit_code, 105);
    EXPECT_NE(run.output.find("stopped: 100 requests/s"), std::string::npos) << run.output;
}

TEST(LoadCommand, ReportsJsonLines) {
    StallServer server;
    const Ended run = load({"--url", server.url(), "--rate", "200", "--duration", "1200ms", "--report-json-lines",
                            "--arrivals", "poisson", "--seed", "5", "--run-id", "the-run"});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    const std::vector<api::LoadStatus> reports = statuses(run.output);
    ASSERT_GE(reports.size(), 3U);
    EXPECT_EQ(reports.front().state, api::LoadState::Starting);
    EXPECT_EQ(reports[1].state, api::LoadState::Running);
    const api::LoadStatus& last = reports.back();
    EXPECT_EQ(last.state, api::LoadState::Done);
    EXPECT_EQ(last.run_id, "the-run");
    EXPECT_EQ(last.plan.arrivals, api::Arrivals::Poisson);
    EXPECT_EQ(last.plan.seed, 5U);
    EXPECT_EQ(last.planned, 240U);
    EXPECT_EQ(last.done, 240U);
    EXPECT_EQ(last.unfinished, 0U);
    EXPECT_GT(last.p99_ms, 0);
    // Applied in order, the deltas give every second once.
    std::map<std::int64_t, api::LoadSecond> seconds;
    for (const api::LoadStatus& report : reports)
        for (const api::LoadSecond& second : report.seconds) seconds[second.second] = second;
    std::uint64_t planned = 0, ok = 0;
    for (const auto& [number, second] : seconds) {
        planned += second.planned;
        ok += second.ok;
    }
    EXPECT_EQ(planned, 240U);
    EXPECT_EQ(ok, 240U);
}

TEST(LoadCommand, KeepsARunThatIsAskedTo) {
    StallServer server;
    const TemporaryFile name;
    const std::string directory = name.path() + ".runs";
    const Ended run = load({"--url", server.url(), "--rate", "100", "--duration", "500ms", "--keep", directory});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_EQ(run.errors, "");
    auto store = api::LoadRunStore::open(directory + "/loadruns.db", {});
    ASSERT_TRUE(store.ok()) << store.error().describe();
    const auto runs = (*store)->list({}, 10);
    ASSERT_TRUE(runs.ok());
    ASSERT_EQ(runs->size(), 1U);
    EXPECT_EQ(runs->front().planned, 50U);
    EXPECT_EQ(runs->front().by, "");
    const auto report = (*store)->report(runs->front().id);
    ASSERT_TRUE(report.ok());
    EXPECT_TRUE(loadgen::parse_run_report(*report).ok());
    std::filesystem::remove_all(directory);
    const Ended refused =
        load({"--url", server.url(), "--rate", "100", "--duration", "500ms", "--keep", name.path() + "/x"});
    EXPECT_EQ(refused.exit_code, 104) << "a file is no directory: told before anything is sent";
    EXPECT_EQ(server.requests(), 50U);
}

TEST(LoadCommand, StopsWhenItsReaderVanishes) {
    StallServer server;
    pid_t id = -1;
    {
        ChildProcess child = start({"--url", server.url(), "--rate", "100", "--duration", "1h", "--report-json-lines"});
        ASSERT_TRUE(eventually([&] { return server.requests() > 5; }));
        id = child.id();
        child.close_output();
        pollfd ended{child.exit_fd(), POLLIN, 0};
        EXPECT_EQ(poll(&ended, 1, 30'000), 1);
    }
    EXPECT_EQ(kill(id, 0), -1);
}

// The generator itself stands still: a closed loop, or a start point at the actual send, would not show it.
TEST(LoadCommand, StandingStillItselfShowsInResponseAndGeneratorLag) {
    StallServer server;
    const TemporaryFile file;
    ChildProcess child =
        start({"--url", server.url(), "--rate", "200", "--duration", "4s", "--out", "json=" + file.path()});
    ASSERT_TRUE(eventually([&] { return server.requests() >= 200; }));
    const auto begin = std::chrono::steady_clock::now();
    child.signal(SIGSTOP);
    const std::uint64_t before = server.requests();
    EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() - begin >= std::chrono::seconds(1); }));
    EXPECT_LT(server.requests(), before + 100) << "what was on its way; 200 would have been sent";
    child.signal(SIGCONT);
    const Ended run = wait(child);
    EXPECT_EQ(run.exit_code, 0);
    std::ifstream in(file.path());
    const nlohmann::json json = nlohmann::json::parse(in);
    EXPECT_EQ(json["totals"]["done"], 800);
    // One second in four: p95 is 1 - 0.05 * 4 = 0.8 s, p99 0.96 s. Standing still longer only adds.
    EXPECT_GE(json["durations"]["response"]["p95_ms"].get<double>(), 780);
    EXPECT_GE(json["durations"]["response"]["p99_ms"].get<double>(), 940);
    EXPECT_GE(json["durations"]["generator_lag"]["p99_ms"].get<double>(), 940);
    EXPECT_LT(json["durations"]["service"]["p95_ms"].get<double>(), 400);
    EXPECT_NE(run.output.find("the generator: invalid"), std::string::npos) << run.output;
    EXPECT_NE(run.output.find("did not run for"), std::string::npos);
}

}  // namespace
}  // namespace streamgauge
