// SPDX-License-Identifier: GPL-3.0-or-later
// A scenario over REST, from its start to its report, on the real server with its real generator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace streamgauge
