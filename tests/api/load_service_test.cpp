// SPDX-License-Identifier: GPL-3.0-or-later
// The load service with a real generator process and a real server.
#include "api/load_service.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "api/codec.h"
#include "loadgen/report_text.h"
#include "loadgen/scenario_text.h"
#include "support/child_program.h"
#include "support/stall_server.h"
#include "support/temporary_directory.h"

namespace streamgauge::api {
namespace {

using test::eventually;
using test::StallServer;

// The real streamgauged where it is built, else the subcommand alone.
std::string load_program() {
    const std::filesystem::path real = test::built_program("streamgauged");
    return std::filesystem::exists(real) ? real : test::test_program("streamgauge_load_program");
}

class LoadServiceTest : public testing::Test {
protected:
    std::unique_ptr<LoadService> make(std::string program = load_program(), double highest_rate = 200'000) {
        LoadServiceOptions options;
        options.program = std::move(program);
        options.highest_rate = highest_rate;
        return make_load_service(options, [this](const LoadStatus& update) {
            const std::lock_guard lock(mutex_);
            updates_.push_back(update);
        });
    }
    std::vector<LoadStatus> updates() {
        const std::lock_guard lock(mutex_);
        return updates_;
    }
    static LoadPlan plan(const StallServer& server, double rate = 100, double seconds = 3600) {
        return plan(server.url(), rate, seconds);
    }
    static LoadPlan plan(std::string url, double rate = 100, double seconds = 3600) {
        LoadPlan p;
        p.url = std::move(url);
        p.rate = rate;
        p.duration_seconds = seconds;
        return p;
    }
    static Result<LoadStatus> start(LoadService& service, LoadPlan p) {
        std::promise<Result<LoadStatus>> promise;
        auto future = promise.get_future();
        service.start(std::move(p), [&promise](Result<LoadStatus> r) { promise.set_value(std::move(r)); });
        return future.get();
    }
    static Result<LoadStatus> stop(LoadService& service) {
        std::promise<Result<LoadStatus>> promise;
        auto future = promise.get_future();
        service.stop([&promise](Result<LoadStatus> r) { promise.set_value(std::move(r)); });
        return future.get();
    }

private:
    std::mutex mutex_;
    std::vector<LoadStatus> updates_;
};

TEST_F(LoadServiceTest, RunsAPlanToItsEnd) {
    StallServer server;
    auto service = make();
    EXPECT_EQ(service->status().state, LoadState::Idle);
    const auto started = start(*service, plan(server, 200, 1.5));
    ASSERT_TRUE(started.ok()) << started.error().describe();
    EXPECT_EQ(started->state, LoadState::Starting);
    EXPECT_FALSE(started->run_id.empty());
    ASSERT_TRUE(eventually([&] { return service->status().state == LoadState::Done; }));

    const LoadStatus end = service->status();
    EXPECT_EQ(end.run_id, started->run_id);
    EXPECT_EQ(end.plan, plan(server, 200, 1.5));
    EXPECT_EQ(end.planned, 300U);
    EXPECT_EQ(end.done, 300U);
    EXPECT_EQ(server.requests(), 300U);
    std::uint64_t planned = 0;
    for (std::size_t i = 0; i < end.seconds.size(); ++i) {
        EXPECT_EQ(end.seconds[i].second, static_cast<std::int64_t>(i));
        planned += end.seconds[i].planned;
    }
    EXPECT_EQ(planned, 300U);

    const std::vector<LoadStatus> all = updates();
    ASSERT_GE(all.size(), 4U);
    EXPECT_EQ(all.front().state, LoadState::Starting);
    EXPECT_EQ(all.back().state, LoadState::Done);
    for (const LoadStatus& update : all) EXPECT_EQ(update.run_id, started->run_id);
}

TEST_F(LoadServiceTest, OneRunAtATimeAndAnotherAfterIt) {
    StallServer server;
    auto service = make();
    const auto first = start(*service, plan(server));
    ASSERT_TRUE(first.ok());
    const auto second = start(*service, plan(server));
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
    ASSERT_TRUE(eventually([&] { return service->status().done > 10; }));
    const auto stopped = stop(*service);
    ASSERT_TRUE(stopped.ok());
    EXPECT_EQ(stopped->state, LoadState::Stopped);
    EXPECT_GT(stopped->done, 10U);
    EXPECT_EQ(stopped->done, server.requests());
    const auto third = start(*service, plan(server, 100, 0.2));
    ASSERT_TRUE(third.ok());
    EXPECT_NE(third->run_id, first->run_id);
    EXPECT_TRUE(third->seconds.empty());
    EXPECT_TRUE(eventually([&] { return service->status().state == LoadState::Done; }));
    EXPECT_EQ(service->status().done, 20U);
}

TEST_F(LoadServiceTest, StopWithoutARunAnswersTheStatus) {
    auto service = make();
    const auto stopped = stop(*service);
    ASSERT_TRUE(stopped.ok());
    EXPECT_EQ(stopped->state, LoadState::Idle);
}

TEST_F(LoadServiceTest, RefusesPlansThatMakeNoSense) {
    StallServer server;
    auto service = make();
    const auto refused = [&](auto change) {
        LoadPlan p = plan(server);
        change(p);
        const auto result = start(*service, p);
        EXPECT_FALSE(result.ok());
        return result ? std::string() : std::string(to_string(result.error().code)) + " " + result.error().field;
    };
    EXPECT_EQ(refused([](LoadPlan& p) { p.url = "nonsense"; }), "invalid_argument url");
    EXPECT_EQ(refused([](LoadPlan& p) { p.url = "ftp://127.0.0.1/"; }), "invalid_argument url");
    EXPECT_EQ(refused([](LoadPlan& p) { p.rate = 0; }), "invalid_argument rate");
    EXPECT_EQ(refused([](LoadPlan& p) { p.rate = std::nan(""); }), "invalid_argument rate");
    EXPECT_EQ(refused([](LoadPlan& p) { p.rate = 200'001; }), "invalid_argument rate");
    EXPECT_EQ(refused([](LoadPlan& p) { p.duration_seconds = 0; }), "invalid_argument duration_seconds");
    EXPECT_EQ(refused([](LoadPlan& p) { p.duration_seconds = 86'401; }), "invalid_argument duration_seconds");
    EXPECT_EQ(refused([](LoadPlan& p) { p.batch = 0; }), "invalid_argument batch");
    EXPECT_EQ(refused([](LoadPlan& p) { p.batch = 10'001; }), "invalid_argument batch");
    EXPECT_EQ(refused([](LoadPlan& p) { p.connections = 0; }), "invalid_argument connections");
    EXPECT_EQ(refused([](LoadPlan& p) { p.connections = 10'001; }), "invalid_argument connections");
    EXPECT_EQ(refused([](LoadPlan& p) { p.url = "http://192.0.2.1/events"; }), "forbidden url");
    EXPECT_EQ(refused([](LoadPlan& p) { p.url = "http://example.com/events"; }), "forbidden url");
    EXPECT_EQ(service->status().state, LoadState::Idle);
    EXPECT_TRUE(updates().empty());
}

TEST_F(LoadServiceTest, AMissingProgramIsSaidSo) {
    StallServer server;
    auto service = make("/nowhere/streamgauged");
    const auto started = start(*service, plan(server));
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().code, ErrorCode::Unavailable);
    EXPECT_NE(started.error().message.find("/nowhere/streamgauged"), std::string::npos);
    EXPECT_EQ(service->status().state, LoadState::Idle);
}

TEST_F(LoadServiceTest, ATargetThatNeverAnswersFailsWithTheReason) {
    const test::DeadPort nobody;
    auto service = make();
    LoadPlan p;
    p.url = nobody.url();
    p.rate = 50;
    p.duration_seconds = 0.4;
    ASSERT_TRUE(start(*service, p).ok());
    ASSERT_TRUE(eventually([&] { return service->status().state == LoadState::Failed; }));
    EXPECT_NE(service->status().error.find("connect_refused"), std::string::npos) << service->status().error;
    EXPECT_EQ(service->status().failed, 20U);
}

TEST_F(LoadServiceTest, TheErrorBrakeEndsAPlanThatOnlyFails) {
    const test::DeadPort nobody;
    auto service = make();
    ASSERT_TRUE(start(*service, plan(nobody.url(), 50, 3600)).ok());
    ASSERT_TRUE(eventually([&] { return service->status().state == LoadState::Failed; }, std::chrono::seconds(120)));
    EXPECT_NE(service->status().error.find("connect_refused"), std::string::npos) << service->status().error;
    EXPECT_GE(service->status().failed, 10U);
}

TEST_F(LoadServiceTest, AProgramThatIsNoGeneratorFailsWithItsWords) {
    StallServer server;
    auto service = make("/bin/cat");  // refuses the options and says so
    ASSERT_TRUE(start(*service, plan(server)).ok());
    ASSERT_TRUE(eventually([&] { return service->status().state == LoadState::Failed; }));
    EXPECT_NE(service->status().error.find("exit code 1"), std::string::npos) << service->status().error;
    EXPECT_NE(service->status().error.find("cat:"), std::string::npos) << service->status().error;
}

// A program that says nothing has sent nothing: no run is kept. One that began and ended without its report is.
TEST_F(LoadServiceTest, ARunIsKeptAsInterruptedOnlyWhenSomethingWasHeardOfIt) {
    const test::TemporaryDirectory directory;
    const std::filesystem::path begins = directory.path / "begins";
    LoadStatus first;
    first.state = LoadState::Running;
    first.planned = first.sent = 7;
    first.done = 5;
    std::ofstream(begins) << "#!/bin/sh\ncat <<'END'\n" << encode(first) << "\nEND\n";
    std::filesystem::permissions(begins, std::filesystem::perms::owner_all);
    StallServer server;
    for (const bool heard : {false, true}) {
        std::mutex mutex;
        std::vector<std::string> reports, noted, forgotten;
        LoadServiceOptions options;
        options.program = heard ? begins.string() : "/bin/false";
        options.on_report = [&](std::string report, const std::string&, const std::string&) {
            const std::lock_guard lock(mutex);
            reports.push_back(std::move(report));
        };
        options.notes.note = [&](const std::string& run_id, const std::string&, const std::string&) {
            const std::lock_guard lock(mutex);
            noted.push_back(run_id);
        };
        options.notes.forget = [&](const std::string& run_id) {
            const std::lock_guard lock(mutex);
            forgotten.push_back(run_id);
        };
        auto service = make_load_service(options, [](const LoadStatus&) {});
        const auto started = start(*service, plan(server));
        ASSERT_TRUE(started.ok()) << started.error().describe();
        ASSERT_TRUE(eventually([&] { return service->status().state == LoadState::Failed; }));
        service.reset();  // nothing is told any more
        ASSERT_FALSE(noted.empty());
        EXPECT_EQ(noted.front(), started->run_id) << "before its process starts";
        if (!heard) {
            EXPECT_TRUE(reports.empty()) << reports.front();
            EXPECT_EQ(forgotten, (std::vector<std::string>{started->run_id}));
            continue;
        }
        EXPECT_TRUE(forgotten.empty()) << "until it is stored";
        ASSERT_EQ(reports.size(), 1U);
        const auto report = loadgen::parse_run_report(reports.front());
        ASSERT_TRUE(report.ok()) << report.error().describe();
        EXPECT_EQ(report->run_id, started->run_id);
        EXPECT_EQ(report->state, loadgen::RunState::Interrupted);
        EXPECT_EQ(report->totals.done(), 5U);
    }
}

// The generator's process id, from the outside: the one child of this process.
pid_t only_child() {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream in(task.path() / "children");
        pid_t id = 0;
        if (in >> id) return id;
    }
    return 0;
}

TEST_F(LoadServiceTest, AGeneratorThatIsKilledFailsTheRun) {
    StallServer server;
    auto service = make();
    ASSERT_TRUE(start(*service, plan(server)).ok());
    ASSERT_TRUE(eventually([&] { return service->status().done > 5; }));
    const pid_t child = only_child();
    ASSERT_GT(child, 0);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_TRUE(eventually([&] { return service->status().state == LoadState::Failed; }));
    EXPECT_NE(service->status().error.find("signal 9"), std::string::npos) << service->status().error;
    EXPECT_GT(service->status().done, 5U);
    EXPECT_FALSE(service->status().seconds.empty());
}

TEST_F(LoadServiceTest, AGeneratorThatDoesNotStopIsKilled) {
    StallServer server;
    auto service = make();
    ASSERT_TRUE(start(*service, plan(server)).ok());
    ASSERT_TRUE(eventually([&] { return service->status().done > 5; }));
    const pid_t child = only_child();
    ASSERT_GT(child, 0);
    ASSERT_EQ(kill(child, SIGSTOP), 0);
    const auto stopped = stop(*service);
    ASSERT_TRUE(stopped.ok());
    EXPECT_EQ(stopped->state, LoadState::Stopped);
    EXPECT_NE(stopped->error.find("killed"), std::string::npos);
    EXPECT_EQ(kill(child, 0), -1);
}

TEST_F(LoadServiceTest, DestroyingTheServiceEndsTheRunAndAnswersWhoWaits) {
    StallServer server;
    std::promise<Result<LoadStatus>> promise;
    auto service = make();
    ASSERT_TRUE(start(*service, plan(server)).ok());
    ASSERT_TRUE(eventually([&] { return service->status().done > 5; }));
    const pid_t child = only_child();
    service->stop([&promise](Result<LoadStatus> r) { promise.set_value(std::move(r)); });
    service.reset();
    EXPECT_EQ(kill(child, 0), -1);
    const auto answer = promise.get_future().get();
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->state, LoadState::Stopped);
}

// A server that is killed cannot end its generator: the generator must see to that itself.
TEST_F(LoadServiceTest, TheGeneratorDiesWithItsServer) {
    std::array<int, 2> ends{}, go_on{};
    ASSERT_EQ(pipe(ends.data()), 0);
    ASSERT_EQ(pipe(go_on.data()), 0);
    // While this process has one thread: what the others hold nobody would give back in the child.
    const pid_t parent = fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
        close(go_on[1]);
        std::string url;
        for (char c = 0; read(go_on[0], &c, 1) == 1;) url += c;
        LoadServiceOptions options;
        options.program = load_program();
        const auto service = make_load_service(options, [](const LoadStatus&) {});
        service->start(plan(url), [](const Result<LoadStatus>&) {});
        if (!eventually([&] { return service->status().done >= 5; })) _exit(1);
        const pid_t child = only_child();
        [[maybe_unused]] const ssize_t n = write(ends[1], &child, sizeof child);
        eventually([] { return false; });  // to be killed
        _exit(2);
    }
    StallServer server;
    const std::string url = server.url();
    ASSERT_EQ(write(go_on[1], url.data(), url.size()), static_cast<ssize_t>(url.size()));
    for (const int fd : {go_on[0], go_on[1]}) close(fd);
    close(ends[1]);
    pid_t child = 0;
    ASSERT_EQ(read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
    ASSERT_GT(child, 0);
    ASSERT_EQ(kill(parent, SIGKILL), 0);
    ASSERT_EQ(waitpid(parent, nullptr, 0), parent);
    // It ends, or is a zombie that nobody waits for.
    EXPECT_TRUE(eventually([child] {
        std::ifstream in("/proc/" + std::to_string(child) + "/stat");
        std::string id, name, state;
        return !(in >> id >> name >> state) || state == "Z";
    }));
    close(ends[0]);
}

loadgen::Scenario scenario_for(const StallServer& server, double rate, double seconds) {
    loadgen::Scenario scenario;
    scenario.url = server.url();
    scenario.requests = {loadgen::RequestKind{}};
    loadgen::Stage stage;
    stage.rate = rate;
    stage.seconds = seconds;
    scenario.stages = {stage};
    return scenario;
}

Result<LoadStatus> start_scenario(LoadService& service, const loadgen::Scenario& scenario) {
    std::promise<Result<LoadStatus>> promise;
    auto future = promise.get_future();
    service.start_scenario({loadgen::to_text(scenario), "someone"},
                           [&promise](Result<LoadStatus> r) { promise.set_value(std::move(r)); });
    return future.get();
}

Result<LoadStatus> lay_hand(LoadService& service, loadgen::HandAction::Kind kind, double rate = 0) {
    loadgen::HandAction action;
    action.kind = kind;
    action.rate = rate;
    std::promise<Result<LoadStatus>> promise;
    auto future = promise.get_future();
    service.hand(action, [&promise](Result<LoadStatus> r) { promise.set_value(std::move(r)); });
    return future.get();
}

TEST_F(LoadServiceTest, RunsAScenarioUnderALiveHand) {
    using Kind = loadgen::HandAction::Kind;
    StallServer server;
    const auto service = make();
    EXPECT_EQ(lay_hand(*service, Kind::Pause).error().code, ErrorCode::NotFound);
    const auto started = start_scenario(*service, scenario_for(server, 20, 600));
    ASSERT_TRUE(started.ok()) << started.error().describe();
    EXPECT_EQ(started->plan.rate, 20);
    ASSERT_TRUE(eventually([&] { return service->status().done > 5; }));
    ASSERT_TRUE(lay_hand(*service, Kind::Rate, 1000).ok());
    ASSERT_TRUE(eventually([&] { return service->status().done > 1000; })) << "at 20/s that takes 50 s";
    ASSERT_TRUE(lay_hand(*service, Kind::Pause).ok());
    // Two statuses a quarter of a second apart say the same once the pause has come through.
    std::uint64_t last = 0;
    ASSERT_TRUE(eventually([&] {
        const std::uint64_t now = service->status().planned;
        const bool still = now == last && now == server.requests();
        last = now;
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        return still;
    }));
    ASSERT_TRUE(lay_hand(*service, Kind::Resume).ok());
    ASSERT_TRUE(eventually([&] { return service->status().planned > last; }));
    EXPECT_EQ(lay_hand(*service, Kind::Rate, 1e9).error().code, ErrorCode::Forbidden);
    ASSERT_TRUE(lay_hand(*service, Kind::Stop).ok());
    ASSERT_TRUE(eventually([&] { return service->status().state == LoadState::Stopped; }));
    EXPECT_EQ(service->status().done, server.requests());
}

TEST_F(LoadServiceTest, UsersMaySendNoMoreThanTheHighestRate) {
    using Kind = loadgen::HandAction::Kind;
    StallServer server;
    const auto service = make(load_program(), 40);
    loadgen::Scenario scenario = scenario_for(server, 60, 2);
    scenario.closed_loop = true;
    ASSERT_TRUE(start_scenario(*service, scenario).ok()) << "sixty users are no sixty requests a second";
    ASSERT_TRUE(eventually([&] { return service->status().state == LoadState::Done; }));
    EXPECT_GT(server.requests(), 20U);
    EXPECT_LE(server.requests(), 81U) << "who do not think, and are answered at once";
    scenario.stages[0].seconds = 600;
    ASSERT_TRUE(start_scenario(*service, scenario).ok());
    ASSERT_TRUE(eventually([&] { return service->status().done > 0; }));
    EXPECT_TRUE(lay_hand(*service, Kind::Rate, 100).ok()) << "users";
    EXPECT_EQ(lay_hand(*service, Kind::Rate, 10'001).error().field, "rate");
    EXPECT_TRUE(stop(*service).ok());
}

TEST_F(LoadServiceTest, ASearchTakesNoHand) {
    StallServer server;
    const auto service = make();
    CapacityAsk ask;
    ask.scenario = loadgen::to_text(scenario_for(server, 1, 1));
    ask.objectives = {"errors<1%"};
    ask.first_rate = 20;
    ask.budget_seconds = 60;
    std::promise<Result<LoadStatus>> promise;
    service->find_capacity(ask, [&](Result<LoadStatus> r) { promise.set_value(std::move(r)); });
    const Result<LoadStatus> started = promise.get_future().get();
    ASSERT_TRUE(started.ok()) << started.error().describe();
    const auto refused = lay_hand(*service, loadgen::HandAction::Kind::Stop);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_TRUE(stop(*service).ok());
}

TEST_F(LoadServiceTest, AScenarioMayNotReadThisMachine) {
    StallServer server;
    const auto service = make();
    const auto refused = [&](auto change) {
        loadgen::Scenario scenario = scenario_for(server, 20, 600);
        change(scenario);
        const auto result = start_scenario(*service, scenario);
        EXPECT_FALSE(result.ok());
        return result ? std::string() : std::string(to_string(result.error().code)) + " " + result.error().field;
    };
    using loadgen::Scenario;
    EXPECT_EQ(refused([](Scenario& s) {
                  s.credentials = {loadgen::Credentials::Kind::Bearer, "", "", "HOME", ""};
              }),
              "forbidden credentials.environment");
    EXPECT_EQ(refused([](Scenario& s) {
                  s.credentials = {loadgen::Credentials::Kind::Bearer, "", "", "", "/etc/passwd"};
              }),
              "forbidden credentials.file");
    EXPECT_EQ(refused([](Scenario& s) { s.feeder.file = "/etc/passwd"; }), "forbidden feeder.file");
    EXPECT_EQ(refused([](Scenario& s) { s.url = "http://192.0.2.1/events"; }), "forbidden url");
    std::promise<Result<LoadStatus>> promise;
    service->start_scenario({"stages: [", ""}, [&](Result<LoadStatus> r) { promise.set_value(std::move(r)); });
    EXPECT_EQ(promise.get_future().get().error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(server.requests(), 0U);
}

TEST_F(LoadServiceTest, GoesOnlyWhereItMay) {
    EXPECT_TRUE(check_load_target("http://127.0.0.1:8080/events", {"loopback"}).ok());
    EXPECT_TRUE(check_load_target("http://localhost:8080/events", {"loopback:8080"}).ok());
    EXPECT_TRUE(check_load_target("http://[::1]:8080/", {"loopback:8080"}).ok());
    EXPECT_FALSE(check_load_target("http://127.0.0.1:22/", {"loopback:8080"}).ok());
    EXPECT_FALSE(check_load_target("http://10.0.0.1:8080/", {"loopback"}).ok());
    EXPECT_TRUE(check_load_target("http://10.0.0.1:8080/", {"10.0.0.1"}).ok());
    EXPECT_TRUE(check_load_target("http://shop.example:8080/", {"shop.example:8080"}).ok());
    EXPECT_FALSE(check_load_target("http://shop.example/", {"shop.example:8080"}).ok());
    EXPECT_FALSE(check_load_target("http://shop.example.evil.example:8080/", {"shop.example:8080"}).ok());
    EXPECT_FALSE(check_load_target("http://127.0.0.1:8080/", {}).ok());
}

}  // namespace
}  // namespace streamgauge::api
