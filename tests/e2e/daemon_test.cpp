// SPDX-License-Identifier: GPL-3.0-or-later
// streamgauged as its operator meets it: what it prints, how it stops, and what it says when it cannot serve.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <climits>
#include <fstream>
#include <future>

#include "e2e/real_daemon.h"
#include "http/raw_client.h"
#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class DaemonTest : public ::testing::Test {
protected:
    std::vector<std::string> serve(std::vector<std::string> more = {}) const {
        std::vector<std::string> all{"serve", "--data-dir", data(), "--listen", "127.0.0.1:0", "--management", "off"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    std::string data() const { return directory_.path() + "/data"; }
    std::string write_file(std::string_view text) const {
        const std::string path = directory_.path() + "/settings.toml";
        std::ofstream(path) << text;
        return path;
    }

    TemporaryDirectory directory_;
};

TEST_F(DaemonTest, ServesAndDrainsOnSigterm) {
    for (const int signal : {SIGTERM, SIGINT}) {
        RealDaemon daemon(serve());
        const auto endpoint = daemon.endpoint();
        ASSERT_TRUE(endpoint.has_value()) << daemon.errors();
        const daemon::HttpClient client(*endpoint);
        EXPECT_EQ(client.request("GET", "/health")->body, R"({"ok":true})");
        EXPECT_EQ(client.request("POST", "/events", R"({"event_type":"click"})")->status, 202);
        const auto before = std::chrono::steady_clock::now();
        daemon.signal(signal);
        const Finished finished = daemon.wait();
        EXPECT_EQ(finished.exit_code, 0) << finished.errors;
        EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
        EXPECT_THAT(finished.output, StartsWith("listening on http://127.0.0.1:"));
        EXPECT_THAT(finished.errors, HasSubstr(R"("event":"stopped")"));
    }
}

// Readiness first, then what is under way, then the end.
TEST_F(DaemonTest, StoppingSaysSoAnswersWhatIsUnderWayAndKeepsIt) {
    {
        RealDaemon daemon(serve());
        const auto endpoint = daemon.endpoint();
        ASSERT_TRUE(endpoint.has_value()) << daemon.errors();
        http::test::RawClient producer(endpoint->port), balancer(endpoint->port);
        // A request that was begun before the signal, and ends after it, is told that this server goes.
        ASSERT_TRUE(balancer.send("GET /api/v1/health HTTP/1.1\r\nHost: loc"));
        const std::string body = R"({"event_id":"in-flight","event_type":"click"})";
        ASSERT_TRUE(
            producer.send("POST /events HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: " +
                          std::to_string(body.size()) + "\r\n\r\n"));
        ASSERT_TRUE(producer.read_until("100 Continue\r\n\r\n"));  // the head is taken, the body is not there
        daemon.signal(SIGTERM);
        // Nobody is let in from now on.
        ASSERT_TRUE(http::test::eventually([&] { return !http::test::RawClient(endpoint->port).connected(); }));
        ASSERT_TRUE(balancer.send("alhost\r\n\r\n"));
        EXPECT_EQ(balancer.read().status, 503);
        ASSERT_TRUE(producer.send(body));
        const auto answer = producer.read();
        EXPECT_EQ(answer.status, 202);
        EXPECT_EQ(answer.header("Connection"), "close");
        EXPECT_EQ(daemon.wait().exit_code, 0);
    }
    RealDaemon again(serve());
    const auto endpoint = again.endpoint();
    ASSERT_TRUE(endpoint.has_value()) << again.errors();
    const daemon::HttpClient client(*endpoint);
    EXPECT_THAT(client.request("GET", "/api/v1/events?event_id=in-flight")->body,
                HasSubstr(R"("eventId":"in-flight")"));
}

TEST_F(DaemonTest, DrainingEndsStreamsAndOpenConnections) {
    RealDaemon daemon(serve());
    const auto endpoint = daemon.endpoint();
    ASSERT_TRUE(endpoint.has_value()) << daemon.errors();
    std::promise<void> reading;
    auto stream = std::async(std::launch::async, [&] {
        const daemon::HttpClient client(*endpoint, std::chrono::seconds(60));
        EXPECT_TRUE(client.read_stream_until("/metrics/stream", "\n\n").ok());
        reading.set_value();
        return client.read_stream_until("/api/v1/live?topic=overview", "this never comes");
    });
    reading.get_future().wait();
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait().exit_code, 0);
    // The stream was ended, not left hanging: whether politely or by its connection's end is the engine's business.
    ASSERT_EQ(stream.wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST_F(DaemonTest, ServeIsTheDefaultCommandAndTellsOfEveryListener) {
    RealDaemon daemon({"--data-dir", data(), "--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--management",
                       "127.0.0.1:0", "--dev", "--log-format", "text"});
    ASSERT_TRUE(daemon.line_after("listening on http://127.0.0.1:").has_value()) << daemon.errors();
    EXPECT_TRUE(daemon.line_after("listening on http://[::1]:").has_value());
    const auto management = daemon.line_after("management on http://");
    ASSERT_TRUE(management.has_value());
    const daemon::HttpClient client(http::parse_endpoint(*management).value());
    EXPECT_EQ(client.request("GET", "/api/v1/load/status")->status, 401);
    const auto login = client.request("POST", "/api/v1/auth/login", R"({"username":"demo","password":"demo123"})");
    ASSERT_EQ(login->status, 200) << login->body;
    const std::size_t begin = login->body.find(R"("token":")") + 9;
    const std::string token = login->body.substr(begin, login->body.find('"', begin) - begin);
    EXPECT_EQ(client.request("GET", "/api/v1/load/status", {}, {{"Authorization", "Bearer " + token}})->status, 200);
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait().exit_code, 0);
}

TEST_F(DaemonTest, ASecondServerOnTheSameDirectoryIsRefused) {
    RealDaemon first(serve());
    ASSERT_TRUE(first.endpoint().has_value()) << first.errors();
    const Finished second = run_daemon(serve());
    EXPECT_EQ(second.exit_code, 3);
    EXPECT_EQ(second.output, "");
    EXPECT_THAT(second.errors, HasSubstr("streamgauged: the data directory " + data() +
                                         " is in use by another server, process " + std::to_string(first.pid())));
    EXPECT_THAT(second.errors, HasSubstr("--data-dir"));
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait().exit_code, -SIGKILL);
    RealDaemon third(serve());
    EXPECT_TRUE(third.endpoint().has_value()) << third.errors();
}

TEST_F(DaemonTest, ATakenPortIsSaidSo) {
    RealDaemon first(serve());
    const auto endpoint = first.endpoint();
    ASSERT_TRUE(endpoint.has_value()) << first.errors();
    const Finished second = run_daemon(
        {"serve", "--data-dir", data() + "2", "--management", "off", "--listen", http::to_string(*endpoint)});
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.errors, HasSubstr(std::to_string(endpoint->port)));
    EXPECT_EQ(second.output, "");
}

TEST_F(DaemonTest, AddressesBeyondLoopbackAreRefusedWithoutAuthentication) {
    const Finished open = run_daemon(
        {"serve", "--data-dir", data(), "--listen", "0.0.0.0:0", "--management", "off", "--auth-required", "false"});
    EXPECT_EQ(open.exit_code, 2);
    EXPECT_THAT(open.errors, HasSubstr("0.0.0.0:0"));
    EXPECT_THAT(open.errors, HasSubstr("auth.required"));
    EXPECT_FALSE(std::filesystem::exists(data()));
    const Finished management = run_daemon({"serve", "--data-dir", data(), "--management", "192.0.2.1:8090"});
    EXPECT_EQ(management.exit_code, 2);
    EXPECT_THAT(management.errors, HasSubstr("management"));
}

TEST_F(DaemonTest, CheckConfigShowsEveryValueAndItsOrigin) {
    const std::string file =
        write_file("data_dir = \"" + data() + "\"\n[http]\nthreads = 2\n[log]\nlevel = \"debug\"\n");
    const Finished checked =
        run_daemon({"check-config", "--config", file, "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"},
                   {"STREAMGAUGE_LOG_LEVEL=error", "STREAMGAUGE_NONSENSE=1"});
    EXPECT_EQ(checked.exit_code, 0) << checked.errors;
    EXPECT_THAT(checked.output, ::testing::ContainsRegex("data_dir +"
                                                         "= .*/data +file .*settings.toml:1\n"));
    EXPECT_THAT(checked.output, ::testing::ContainsRegex("http.threads += 2 +file .*settings.toml:3\n"));
    EXPECT_THAT(checked.output, ::testing::ContainsRegex("log.level += error +environment STREAMGAUGE_LOG_LEVEL\n"));
    EXPECT_THAT(checked.output, ::testing::ContainsRegex("listen += 127.0.0.1:1,127.0.0.1:2 +flag --listen\n"));
    EXPECT_THAT(checked.output, ::testing::ContainsRegex("retention.days += 7 +default\n"));
    EXPECT_THAT(checked.errors, HasSubstr("STREAMGAUGE_NONSENSE is no setting"));
    EXPECT_FALSE(std::filesystem::exists(data()));
}

TEST_F(DaemonTest, AWrongConfigurationIsSaidSoByBothCommands) {
    const std::string file = write_file("[http]\nthread = 2\n");
    for (const std::string command : {"serve", "check-config"}) {
        const Finished finished = run_daemon({command, "--config", file});
        EXPECT_EQ(finished.exit_code, 2) << command;
        EXPECT_THAT(finished.errors,
                    HasSubstr(file + ":2:1: there is no setting http.thread; did you mean http.threads?"));
    }
    EXPECT_EQ(run_daemon({"serve", "--no-such-flag"}).exit_code, 2);
    EXPECT_EQ(run_daemon({"no-such-command"}).exit_code, 2);
    EXPECT_EQ(run_daemon({"check-config", "--http-threads", "1", "--http-threads", "2"}).exit_code, 2);
}

TEST_F(DaemonTest, CheckConfigNamesTheLinesOfFaultyMetrics) {
    const std::string file = write_file("data_dir = \"" + data() + "\"\n");
    const std::string metrics = file + ".metrics";
    const auto check = [&](const std::string& text, const std::vector<std::string>& more = {}) {
        std::ofstream(metrics) << text;
        std::vector<std::string> arguments{"check-config", "--config", file, "--metrics-file", metrics};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_daemon(arguments);
    };
    const Finished wrong = check("[[metric]]\nname = \"a\"\nwindow = \"1m\"\nwhere = \"event_typ = x\"\n");
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.errors, HasSubstr(metrics + ":4:9: there is no field event_typ"));
    const std::string users = "[[metric]]\nname = \"a\"\nwindow = \"1m\"\naggregate = \"distinct(user_id)\"\n";
    EXPECT_EQ(check(users).exit_code, 0);
    const Finished large = check(users, {"--metrics-exact-budget", "10"});
    EXPECT_EQ(large.exit_code, 2);
    EXPECT_THAT(large.errors, HasSubstr("metrics.exact_budget (10)"));
    EXPECT_EQ(run_daemon({"check-config", "--config", file, "--metrics-file", metrics + ".none"}).exit_code, 2);
}

TEST_F(DaemonTest, HelpTeachesAndVersionIsPlain) {
    const Finished version = run_daemon({"--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_EQ(version.output, "streamgauged " STREAMGAUGE_VERSION "\n");
    const Finished help = run_daemon({"--help"});
    EXPECT_EQ(help.exit_code, 0);
    for (const std::string_view word :
         {"serve", "load", "smoke", "doctor", "check-config", "reset", "Examples:", "curl"}) {
        EXPECT_THAT(help.output, HasSubstr(std::string(word)));
    }
    const Finished serve_help = run_daemon({"serve", "--help"});
    EXPECT_EQ(serve_help.exit_code, 0);
    for (const SettingSpec& spec : settings()) {
        EXPECT_THAT(serve_help.output, HasSubstr(flag_of(spec.key)));
        EXPECT_THAT(serve_help.output, HasSubstr(environment_variable_of(spec.key)));
    }
}

}  // namespace
}  // namespace streamgauge::test
