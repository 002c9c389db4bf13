// SPDX-License-Identifier: GPL-3.0-or-later
// A scenario over REST, from its start to its report, on the real server with its real generator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "server/served_backend.h"

namespace streamgauge {
namespace {

using ::testing::HasSubstr;

class LoadRunsTest : public test::ServedBackend {
protected:
    daemon::HttpAnswer as_operator(std::string_view method, std::string_view target, std::string body = {},
                                   const std::string& type = "application/json") const {
        Headers headers = as_admin();
        headers.emplace_back("Content-Type", type);
        return ask(operator_client(), method, target, std::move(body), std::move(headers));
    }
    nlohmann::json json_of(std::string_view target) const {
        return nlohmann::json::parse(as_operator("GET", target).body, nullptr, false);
    }
    // The generator is a process of its own and stamps its events with the present time.
    const Clock& clock() const override { return present_; }
    std::string own_url() const { return http::url_of(backend_->listening().front()) + "/events"; }

private:
    const SystemClock present_;
};

TEST_F(LoadRunsTest, AScenarioRunsUnderAHandAndItsReportIsKept) {
    const std::string scenario = "name: evening\nurl: " + own_url() + "\nstages:\n  - {rate: 50, for: 600s}\n";
    const auto started = as_operator("POST", "/api/v1/load/runs", scenario, "application/yaml");
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string id = nlohmann::json::parse(started.body)["run_id"];
    EXPECT_EQ(as_operator("POST", "/api/v1/load/runs", scenario, "application/yaml").status, 409);
    const auto has_done = [&](int wanted) {
        return [wanted](const nlohmann::json& status) { return status["done"].get<int>() > wanted; };
    };
    test::ask_until([&] { return json_of("/api/v1/load/status"); }, has_done(20));
    EXPECT_EQ(as_operator("POST", "/api/v1/load/hand", R"({"action":"rate","rate":60000})").status, 403);
    EXPECT_EQ(as_operator("POST", "/api/v1/load/hand", R"({"action":"fly"})").status, 400);
    EXPECT_EQ(as_operator("POST", "/api/v1/load/hand", R"({"action":"rate","rate":400})").status, 202);
    test::ask_until([&] { return json_of("/api/v1/load/status"); }, has_done(400));
    EXPECT_EQ(as_operator("POST", "/api/v1/load/hand", R"({"action":"stop"})").status, 202);
    const auto runs = test::ask_until([&] { return json_of("/api/v1/load/runs")["runs"]; },
                                      [](const nlohmann::json& found) { return !found.empty(); });
    ASSERT_EQ(runs.size(), 1U) << runs.dump();
    EXPECT_EQ(runs[0]["run_id"], id);
    EXPECT_EQ(runs[0]["name"], "evening");
    EXPECT_EQ(runs[0]["state"], "stopped");
    EXPECT_EQ(runs[0]["by"], "console");
    EXPECT_GT(runs[0]["good"].get<int>(), 400);

    const auto report = json_of("/api/v1/load/runs/" + id + "/report");
    EXPECT_EQ(report["schema"], "streamgauge-load-run/1");
    EXPECT_EQ(report["scenario"], scenario);
    EXPECT_THAT(report.dump(), HasSubstr(R"("action":"rate")"));
    EXPECT_THAT(report.dump(), HasSubstr(R"("commit")")) << "the server's stages";
    EXPECT_EQ(json_of("/api/v1/load/runs/" + id)["run_id"], id);

    const auto exported = [&](const std::string& format) {
        return as_operator("GET", "/api/v1/load/runs/" + id + "/report?format=" + format);
    };
    EXPECT_THAT(exported("summary").body, HasSubstr("http_req_duration"));
    EXPECT_EQ(exported("csv").body.substr(0, 15), "second,planned,");
    EXPECT_THAT(exported("hdr").body, HasSubstr("#[Histogram log format version 1.3]"));
    EXPECT_THAT(exported("junit").body, HasSubstr("<testsuites"));
    EXPECT_THAT(exported("html").body, HasSubstr("<!doctype html>"));
    EXPECT_THAT(exported("html").headers["content-type"], HasSubstr("text/html"));
    EXPECT_EQ(exported("pdf").status, 400);
    EXPECT_EQ(as_operator("GET", "/api/v1/load/runs/other/report?format=csv").status, 404);

    const auto compared = json_of("/api/v1/load/compare?before=" + id + "&after=" + id);
    EXPECT_EQ(compared["measures"].size(), 8U) << compared.dump();
    EXPECT_THAT(compared["verdict"], testing::AnyOf("no detectable difference", "too few"));
    EXPECT_EQ(as_operator("GET", "/api/v1/load/compare?before=" + id + "&after=other").status, 404);

    // The mark is made when the run is kept.
    const auto marks =
        test::ask_until([&] { return json_of("/api/v1/annotations?from=0&to=4000000000"); },
                        [](const nlohmann::json& found) { return found.dump().find("load_run") != std::string::npos; });
    const std::string all_marks = marks.dump(), mark = R"("kind":"load_run")";
    const std::size_t only = all_marks.find(mark);
    EXPECT_NE(only, std::string::npos) << all_marks;
    EXPECT_EQ(all_marks.find(mark, only + 1), std::string::npos) << "one mark for a run: " << all_marks;
    EXPECT_THAT(get("/api/v1/audit-log", as_admin()).body, HasSubstr("POST /api/v1/load/hand"));

    restart();
    EXPECT_EQ(json_of("/api/v1/load/runs")["runs"].size(), 1U);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/load/runs/" + id).status, 204);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/load/runs/" + id).status, 404);
}

// As on the command line: tests/daemon/capacity_objectives_test.py.
TEST_F(LoadRunsTest, ASearchHasAThousandInFlightWhereItsScenarioDoesNotSay) {
    for (const auto& [text, in_flight] : {std::pair{"", 1000}, std::pair{"max_in_flight: 7\n", 7}}) {
        const auto started =
            as_operator("POST", "/api/v1/load/capacity",
                        nlohmann::json{{"scenario", "url: " + own_url() + "\nstages: [{rate: 1, for: 1s}]\n" + text},
                                       {"objectives", {"p(99)<300"}},
                                       {"first_rate", 10},
                                       {"highest_rate", 0},
                                       {"budget_seconds", 60}}
                            .dump());
        ASSERT_EQ(started.status, 202) << started.body;
        EXPECT_EQ(nlohmann::json::parse(started.body)["plan"]["connections"], in_flight);
        EXPECT_EQ(as_operator("POST", "/api/v1/load/stop").status, 200);
    }
}

TEST_F(LoadRunsTest, GoesToThisServerOnlyAndReadsNoFile) {
    const auto start = [&](const std::string& scenario) {
        return as_operator("POST", "/api/v1/load/runs", scenario, "application/yaml").status;
    };
    const std::string stages = "stages:\n  - {rate: 50, for: 600s}\n";
    EXPECT_EQ(start("url: http://127.0.0.1:1/events\n" + stages), 403) << "another port of this machine";
    EXPECT_EQ(start("url: http://192.0.2.1/events\n" + stages), 403);
    EXPECT_EQ(start("url: " + own_url() + "\n" + stages + "feeder: {file: /etc/passwd}\n"), 403);
    EXPECT_EQ(start("url: " + own_url() + "\nstages:\n  - {rate: 60000, for: 1s}\n"), 403);
    EXPECT_EQ(start("url: " + own_url() + "\nstages: 7\n"), 400);
    EXPECT_EQ(ask(operator_client(), "POST", "/api/v1/load/runs", {}, {}).status, 401);
    EXPECT_EQ(json_of("/api/v1/load/status")["state"], "idle");
}

// ---- replay
class ReplayRunsTest : public LoadRunsTest {
protected:
    Config config() const override {
        Config config = LoadRunsTest::config();
        config.load_max_rate = 100;
        return config;
    }
    void take(int requests) {
        for (int i = 0; i < requests; ++i) {
            const std::string event = R"({"event_id":"e)" + std::to_string(taken_++) + R"(","event_type":"view"})";
            ASSERT_EQ(post("/events", event).status, 202);
        }
    }
    int taken_ = 0;
    daemon::HttpAnswer start(const std::string& replay) const {
        return as_operator("POST", "/api/v1/load/runs",
                           "name: again\nurl: " + own_url() + "\nreplay: {" + replay + "}\n", "application/yaml");
    }
    nlohmann::json ended() const {
        return test::ask_until([&] { return json_of("/api/v1/load/status"); },
                               [](const nlohmann::json& status) {
                                   const std::string state = status["state"];
                                   return state == "done" || state == "stopped" || state == "failed";
                               });
    }
};

TEST_F(ReplayRunsTest, TheServersOwnJournalIsReplayedAndTheRunSaysSo) {
    take(20);
    const auto started = start("journal: own, speed: 0.5");
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string id = nlohmann::json::parse(started.body)["run_id"];
    const nlohmann::json status = ended();
    ASSERT_EQ(status["state"], "done") << status.dump();
    EXPECT_EQ(status["done"], 20) << status.dump();
    EXPECT_GT(status["plan"]["duration_seconds"].get<double>(), 0) << "known once the recording was read";
    const auto events = test::ask_until([&] { return json_of("/api/v1/events?limit=100"); },
                                        [](const nlohmann::json& found) { return found.size() >= 40; });
    EXPECT_EQ(events.size(), 40U) << "new ids, so that nothing is a duplicate";
    test::ask_until([&] { return json_of("/api/v1/load/runs")["runs"]; },
                    [](const nlohmann::json& found) { return !found.empty(); });
    const auto report = json_of("/api/v1/load/runs/" + id + "/report");
    EXPECT_EQ(report["replay"]["source"], "journal own") << report.dump().substr(0, 2000);
    EXPECT_EQ(report["replay"]["requests"], 20);
    EXPECT_EQ(report["replay"]["speed"], 0.5);
    EXPECT_THAT(report["scenario"].get<std::string>(), HasSubstr("journal: own"));
    EXPECT_THAT(as_operator("GET", "/api/v1/load/runs/" + id + "/report?format=html").body,
                HasSubstr("replayed journal own, 20 requests"));
    EXPECT_THAT(get("/api/v1/audit-log", as_admin()).body, HasSubstr("POST /api/v1/load/runs"));
}

TEST_F(ReplayRunsTest, AHandPausesAndStopsItAndHasNoRate) {
    take(20);
    const auto started = start("journal: own, speed: 0.001");
    ASSERT_EQ(started.status, 202);
    const auto begun = nlohmann::json::parse(started.body);
    EXPECT_EQ(begun["plan"]["arrivals"], "replay");
    EXPECT_GT(begun["plan"]["duration_seconds"].get<double>(), 0) << "it was read before the answer";
    test::ask_until([&] { return json_of("/api/v1/load/status"); },
                    [](const nlohmann::json& status) { return status["done"].get<int>() > 0; });
    const auto hand = [&](const std::string& action) { return as_operator("POST", "/api/v1/load/hand", action); };
    EXPECT_EQ(hand(R"({"action":"rate","rate":50})").status, 400);
    EXPECT_EQ(hand(R"({"action":"spike","rate":50,"seconds":1})").status, 400);
    EXPECT_EQ(hand(R"({"action":"pause"})").status, 202);
    EXPECT_EQ(hand(R"({"action":"resume"})").status, 202);
    EXPECT_EQ(hand(R"({"action":"stop"})").status, 202);
    EXPECT_EQ(ended()["state"], "stopped");
}

TEST_F(ReplayRunsTest, AHandChangesItsSpeedAndTheReportSaysSo) {
    take(10);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // a gap that lasts for 100 s at 0.001
    take(10);
    const auto started = start("journal: own, speed: 0.001");
    ASSERT_EQ(started.status, 202);
    const std::string id = nlohmann::json::parse(started.body)["run_id"];
    const auto hand = [&](const std::string& action) { return as_operator("POST", "/api/v1/load/hand", action); };
    const nlohmann::json status = json_of("/api/v1/load/status");
    EXPECT_EQ(status["plan"]["arrivals"], "replay");
    EXPECT_EQ(status["replay"]["speed"], 0.001);
    EXPECT_EQ(status["replay"]["highest_speed"], 1000) << "20 requests are within the 100 of a second at any speed";
    EXPECT_EQ(hand(R"({"action":"speed","speed":1000.5})").status, 400);
    EXPECT_EQ(hand(R"({"action":"spike","speed":0.002,"seconds":0.1})").status, 202);
    EXPECT_EQ(hand(R"({"action":"speed","speed":1000})").status, 202);
    EXPECT_EQ(ended()["state"], "done") << "at 0.001 it would have lasted for minutes";
    test::ask_until([&] { return json_of("/api/v1/load/runs")["runs"]; },
                    [](const nlohmann::json& found) { return !found.empty(); });
    const auto report = json_of("/api/v1/load/runs/" + id + "/report");
    ASSERT_EQ(report["hand"].size(), 2U) << report["hand"].dump();
    EXPECT_EQ(report["hand"][0]["action"]["speed"], 0.002);
    EXPECT_EQ(report["hand"][1]["action"]["action"], "speed");
    EXPECT_EQ(report["hand"][1]["action"]["speed"], 1000);
    // Only a replay has a speed.
    ASSERT_EQ(as_operator("POST", "/api/v1/load/runs", "url: " + own_url() + "\nstages: [{rate: 5, for: 600s}]\n",
                          "application/yaml")
                  .status,
              202);
    EXPECT_EQ(hand(R"({"action":"speed","speed":2})").status, 400);
    EXPECT_TRUE(json_of("/api/v1/load/status")["replay"].is_null());
    EXPECT_EQ(hand(R"({"action":"stop"})").status, 202);
    ended();
}

TEST_F(ReplayRunsTest, ReplaysNoFileNoOtherHostAndNothingFasterThanAllowed) {
    EXPECT_EQ(start("journal: /var/lib/streamgauge").status, 403);
    EXPECT_EQ(start("access_log: /var/log/nginx/access.log").status, 403);
    EXPECT_EQ(start("journal: own, speed: 1001").status, 400);
    EXPECT_EQ(
        as_operator("POST", "/api/v1/load/runs", "url: http://192.0.2.1/\nreplay: {journal: own}\n", "application/yaml")
            .status,
        403);
    EXPECT_EQ(as_operator("POST", "/api/v1/load/capacity",
                          nlohmann::json{{"scenario", "url: " + own_url() + "\nreplay: {journal: own}\n"},
                                         {"objectives", {"p(99)<300"}},
                                         {"first_rate", 10},
                                         {"highest_rate", 0},
                                         {"budget_seconds", 60}}
                              .dump())
                  .status,
              400);
    EXPECT_EQ(as_operator("POST", "/api/v1/load/runs",
                          R"({"url":")" + own_url() +
                              R"(","rate":1,"duration_seconds":1,"arrivals":"replay","seed":1,"batch":1,)" +
                              R"("connections":1})")
                  .status,
              400);
    // Nothing is recorded yet: whoever starts it is told, and nothing has happened.
    const auto empty = start("journal: own");
    EXPECT_EQ(empty.status, 400);
    EXPECT_THAT(empty.body, HasSubstr("there is nothing in it"));
    EXPECT_EQ(json_of("/api/v1/load/status")["state"], "idle");
    take(50);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // a gap that lasts for 100 s at 0.001
    take(51);
    const auto refused = start("journal: own, speed: 1000");
    EXPECT_EQ(refused.status, 403) << refused.body;
    const auto problem = nlohmann::json::parse(refused.body);
    EXPECT_EQ(problem["field"], "replay.speed");
    EXPECT_THAT(problem["detail"].get<std::string>(),
                testing::MatchesRegex("at this speed the second that begins with what was received at .*Z has 101 "
                                      "requests, and load.max_rate is 100; speed .* would fit.*"));
    EXPECT_EQ(json_of("/api/v1/load/status")["state"], "idle") << "as before";
    // At the speed that it says, it runs; and a hand makes a slower one no faster.
    const std::string detail = problem["detail"];
    const std::size_t at = detail.find("; speed ") + 8;
    const std::string fitting = detail.substr(at, detail.find(' ', at) - at);
    const auto started = start("journal: own, speed: " + fitting);
    ASSERT_EQ(started.status, 202) << started.body;
    EXPECT_EQ(as_operator("POST", "/api/v1/load/stop").status, 200);
    // One that is refused after a run leaves no mark beside that of the run.
    const auto marks = [&] {
        const std::string all = json_of("/api/v1/annotations?from=0&to=4000000000").dump();
        int found = 0;
        for (std::size_t from = 0; (from = all.find(R"("kind":"load_run")", from)) != std::string::npos; ++from)
            ++found;
        return found;
    };
    test::ask_until(marks, [](int found) { return found > 0; });
    EXPECT_EQ(start("journal: own, speed: 1000").status, 403);
    ASSERT_EQ(start("journal: own, speed: 0.001").status, 202);
    const auto faster = as_operator("POST", "/api/v1/load/hand", R"({"action":"speed","speed":1000})");
    EXPECT_EQ(faster.status, 403);
    EXPECT_THAT(faster.body, HasSubstr("faster than " + fitting));
    EXPECT_EQ(as_operator("POST", "/api/v1/load/hand", R"({"action":"stop"})").status, 202);
    EXPECT_EQ(ended()["state"], "stopped");
    test::ask_until(marks, [](int found) { return found > 1; });
    EXPECT_EQ(marks(), 2);
}

}  // namespace
}  // namespace streamgauge
