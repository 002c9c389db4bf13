// SPDX-License-Identifier: GPL-3.0-or-later
// The service of load runs while its database goes and comes back.
#include "api/load_runs.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>

#include "api/load_run_setup.h"
#include "loadgen/report_text.h"
#include "loadgen/sample_report.h"
#include "support/eventually.h"

namespace streamgauge::api {
namespace {

std::string report_of(const std::string& id) {
    loadgen::RunReport report = test::sample_report();
    report.run_id = id;
    report.started_at = SystemClock().now();
    return loadgen::to_json(report);
}

Result<std::vector<StoredLoadRun>> list(LoadRuns& runs) {
    std::promise<Result<std::vector<StoredLoadRun>>> answer;
    runs.list({}, 10, [&answer](Result<std::vector<StoredLoadRun>> found) { answer.set_value(std::move(found)); });
    return answer.get_future().get();
}

std::string interrupted_report_of(const std::string& id) {
    loadgen::RunReport report = test::sample_report();
    report.run_id = id;
    report.state = loadgen::RunState::Interrupted;
    return loadgen::to_json(report);
}

// With a file as the place nothing waits but the note itself.
TEST(LoadRunsOfAFile, ARunOfAServerThatDiedIsStoredOnceAlsoWhenTheNextOneDiesWhileItStoresIt) {
    const test::TemporaryDirectory directory;
    const SystemClock clock;
    const std::string place = (directory.path / "loadruns.db").string();
    const std::filesystem::path notes = directory.path / "under-way";
    for (int round = 0; round < 3; ++round) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            alarm(60);
            auto runs = LoadRuns::open(place, {}, clock,
                                       {{}, notes.string(), kMostWaitingBytes, [] { kill(getpid(), SIGKILL); }});
            if (!runs) _exit(3);
            if (round == 0) {
                (*runs)->note("cut", interrupted_report_of("cut"), "user ada");
                kill(getpid(), SIGKILL);
            }
            while (true) pause();
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
        EXPECT_TRUE(std::filesystem::exists(notes / "cut.json")) << "until it is stored and that is over";
    }
    auto runs = LoadRuns::open(place, {}, clock, {{}, notes.string()});
    ASSERT_TRUE(runs.ok()) << runs.error().describe();
    EXPECT_TRUE(test::eventually([&] { return std::filesystem::is_empty(notes); }));
    const auto listed = list(**runs);
    ASSERT_TRUE(listed.ok() && listed->size() == 1);
    EXPECT_EQ(listed->front().state, "interrupted");
    EXPECT_FALSE(listed->front().passed);
    EXPECT_EQ(listed->front().by, "user ada");
}

// What an earlier process left in both places is found before anything is stored.
TEST(LoadRunsOfAFile, AStartFindsARunThatWaitsAndOneThatWasUnderWay) {
    const test::TemporaryDirectory directory;
    const SystemClock clock;
    const std::filesystem::path waiting = directory.path / "waiting", notes = directory.path / "under-way";
    std::filesystem::create_directories(waiting);
    std::filesystem::create_directories(notes);
    const std::string by = "streamgauge-waiting-load-run/1 ada\n";
    for (int i = 1; i <= 4; ++i) {
        const std::string n = std::to_string(i);
        std::ofstream(waiting / ("00000000000" + n + ".json")) << by << report_of("ended-" + n);
        std::ofstream(notes / ("cut-" + n + ".json")) << by << interrupted_report_of("cut-" + n);
    }
    auto runs =
        LoadRuns::open((directory.path / "loadruns.db").string(), {}, clock, {waiting.string(), notes.string()});
    ASSERT_TRUE(runs.ok()) << runs.error().describe();
    EXPECT_TRUE(
        test::eventually([&] { return std::filesystem::is_empty(notes) && std::filesystem::is_empty(waiting); }));
    const auto listed = list(**runs);
    ASSERT_TRUE(listed.ok()) << listed.error().describe();
    EXPECT_EQ(listed->size(), 8U);
}

#if STREAMGAUGE_WITH_POSTGRESQL

TEST(LoadRunsOfADatabase, RunsThatEndWhileItIsAwayWaitForIt) {
    test::PostgresqlServer* const server = test::empty_postgresql();
    ASSERT_NE(server, nullptr);
    const SystemClock clock;
    auto runs = LoadRuns::open(server->url(), {}, clock);
    ASSERT_TRUE(runs.ok()) << runs.error().describe();
    std::atomic<int> kept{0};
    (*runs)->add(report_of("a"), "user admin", [&kept](const StoredLoadRun&) { ++kept; });
    EXPECT_TRUE(test::eventually([&] { return kept == 1; }));

    server->kill_all();
    (*runs)->add(report_of("b"), "user admin", [&kept](const StoredLoadRun&) { ++kept; });
    EXPECT_EQ(list(**runs).error().code, ErrorCode::Unavailable);
    EXPECT_EQ(kept, 1);
    ASSERT_TRUE(server->start_again());
    EXPECT_TRUE(test::eventually([&] {
        const auto listed = list(**runs);
        return listed.ok() && listed->size() == 2;
    }));
    EXPECT_EQ(kept, 2);
    EXPECT_EQ(list(**runs)->front().id, "b");
    EXPECT_TRUE(test::eventually([&] { return !(*runs)->failure(); })) << "none waits any more";
}

class LoadRunsThatWait : public ::testing::Test {
protected:
    void SetUp() override {
        server_ = test::empty_postgresql();
        ASSERT_NE(server_, nullptr);
    }
    std::unique_ptr<LoadRuns> open(std::function<void()> at_stored = {}) {
        auto runs = LoadRuns::open(server_->url(), {}, clock_,
                                   {waiting_.string(), notes_.string(), kMostWaitingBytes, std::move(at_stored)});
        EXPECT_TRUE(runs.ok()) << runs.error().describe();
        return std::move(runs).value();
    }
    std::size_t files() const { return files_in(waiting_); }
    std::size_t notes() const { return files_in(notes_); }
    static std::size_t files_in(const std::filesystem::path& directory) {
        if (!std::filesystem::exists(directory)) return 0;
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
    }
    std::vector<std::string> stored(LoadRuns& runs, std::size_t wanted) {
        std::vector<std::string> ids;
        EXPECT_TRUE(test::eventually([&] {
            ids.clear();
            const auto listed = list(runs);
            if (listed.ok())
                for (const StoredLoadRun& run : *listed) ids.push_back(run.id + " by " + run.by);
            return ids.size() == wanted;
        }));
        std::sort(ids.begin(), ids.end());
        return ids;
    }

    const SystemClock clock_;
    test::TemporaryDirectory directory_;
    const std::filesystem::path waiting_ = directory_.path / "waiting";
    const std::filesystem::path notes_ = directory_.path / "under-way";
    test::PostgresqlServer* server_ = nullptr;
};

TEST_F(LoadRunsThatWait, OutliveTheServerAndAreStoredOnceAtTheNextStart) {
    server_->kill_all();
    {
        const auto runs = open();
        runs->add(report_of("a"), "user ada\nx");
        runs->add(report_of("b"), "");
        EXPECT_TRUE(test::eventually([&] { return files() == 2; }));
    }
    EXPECT_EQ(files(), 2U) << "the stop left them";
    {
        // Nobody calls it: it tries by itself when it starts, and when it is told to.
        const auto runs = open();
        ASSERT_TRUE(server_->start_again());
        EXPECT_TRUE(test::eventually([&] {
            runs->retry();
            return files() == 0;
        }));
        EXPECT_EQ(stored(*runs, 2), (std::vector<std::string>{"a by user ada x", "b by "}));
    }
    const auto runs = open();
    EXPECT_EQ(stored(*runs, 2).size(), 2U);
}

// Killed between the database's commit and the removal of the file: it is stored once more, in its own place.
TEST_F(LoadRunsThatWait, AreStoredOnceByAProcessThatDiesBetweenTheTwo) {
    for (int round = 0; round < 2; ++round) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            alarm(60);  // it does not outlive a test that has failed
            auto runs = LoadRuns::open(
                server_->url(), {}, clock_,
                {waiting_.string(), notes_.string(), kMostWaitingBytes, [] { kill(getpid(), SIGKILL); }});
            if (!runs) _exit(3);
            // The second process finds the file, stores it as it starts, and dies there again.
            if (round == 0) (*runs)->add(report_of("killed"), "user ada");
            while (true) pause();
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
        EXPECT_EQ(files(), 1U);
        EXPECT_EQ(server_->sql("SELECT count(*) FROM streamgauge.load_runs"), "1");
    }
    const auto runs = open();
    EXPECT_TRUE(test::eventually([&] { return files() == 0; }));
    EXPECT_EQ(stored(*runs, 1), (std::vector<std::string>{"killed by user ada"}));
}

// A run was under way when its server died, while the database was away.
TEST_F(LoadRunsThatWait, AndThoseOfAServerThatDiedAreStoredOnce) {
    open()->note("cut", interrupted_report_of("cut"), "user ada");
    EXPECT_EQ(notes(), 1U);
    server_->kill_all();
    for (int round = 0; round < 2; ++round) {
        const auto runs = open();
        EXPECT_TRUE(test::eventually([&] { return files() == 1 && notes() == 0; })) << "it waits, once";
    }
    ASSERT_TRUE(server_->start_again());
    const auto runs = open();
    EXPECT_EQ(stored(*runs, 1), (std::vector<std::string>{"cut by user ada"}));
    EXPECT_TRUE(test::eventually([&] { return files() == 0; }));
    EXPECT_EQ(server_->sql("SELECT state || ' ' || verdict FROM streamgauge.load_runs").substr(0, 12), "interrupted ");
}

TEST_F(LoadRunsThatWait, ANoteReplacesNoReport) {
    {
        const auto runs = open();
        runs->add(report_of("whole"), "user ada");
        EXPECT_EQ(stored(*runs, 1).size(), 1U);
        runs->note("whole", interrupted_report_of("whole"), "user ada");
        runs->note("other", interrupted_report_of("other"), "user ada");
        runs->forget("other");
        runs->note("../elsewhere", "text", "");
    }
    EXPECT_EQ(notes(), 1U);
    const auto runs = open();
    EXPECT_TRUE(test::eventually([&] { return notes() == 0 && files() == 0; }));
    EXPECT_EQ(stored(*runs, 1), (std::vector<std::string>{"whole by user ada"}));
    EXPECT_EQ(server_->sql("SELECT state FROM streamgauge.load_runs"), "stopped");
}

TEST_F(LoadRunsThatWait, AreBoundedInBytesAndTheNewestAreKeptAndItIsSaid) {
    server_->kill_all();
    constexpr std::size_t kRuns = 70;
    LoadRunsOptions options{waiting_.string(), notes_.string()};
    options.most_waiting_bytes = (kRuns - 2) * report_of("r00").size() + report_of("r00").size() / 2;
    auto opened = LoadRuns::open(server_->url(), {}, clock_, options);
    ASSERT_TRUE(opened.ok()) << opened.error().describe();
    const std::unique_ptr<LoadRuns> runs = std::move(opened).value();
    EXPECT_FALSE(runs->failure());
    for (std::size_t i = 0; i < kRuns; ++i) {
        runs->add(report_of("r" + std::to_string(10 + i)), "");
        // One after the other, so that none is refused because too many tasks wait.
        EXPECT_EQ(list(*runs).error().code, ErrorCode::Unavailable);
        if (i != 1) continue;
        ASSERT_TRUE(runs->failure());
        EXPECT_EQ(runs->failure()->message.substr(0, 35), "2 load runs wait for their database");
    }
    const std::size_t kept = files();
    EXPECT_GE(kept, kRuns - 4) << "each has a line of its own before its report";
    EXPECT_LE(kept, kRuns - 2);
    ASSERT_TRUE(runs->failure());
    EXPECT_NE(runs->failure()->message.find(std::to_string(kRuns - kept) + " load runs were not kept"),
              std::string::npos)
        << runs->failure()->message;
    ASSERT_TRUE(server_->start_again());
    EXPECT_TRUE(test::eventually([&] {
        runs->retry();
        return files() == 0;
    }));
    EXPECT_EQ(server_->sql("SELECT count(*) FROM streamgauge.load_runs"), std::to_string(kept));
    EXPECT_EQ(server_->sql("SELECT count(*) FROM streamgauge.load_runs WHERE id IN ('r10', 'r11')"), "0");
    EXPECT_TRUE(runs->failure()) << "what is lost stays said until the server ends";
}

TEST_F(LoadRunsThatWait, WhatIsNoRunIsSetAsideAndHoldsNobodyUp) {
    std::filesystem::create_directories(waiting_);
    std::ofstream(waiting_ / "000000000001.json") << "not a run";
    std::ofstream(waiting_ / "000000000002.json.part") << "streamgauge-waiting";
    std::ofstream(waiting_ / "000000000003.json") << "streamgauge-waiting-load-run/1 ada\n{}";
    std::ofstream(waiting_ / "000000000004.json") << "streamgauge-waiting-load-run/1 ada\n" << report_of("after");
    const auto runs = open();
    EXPECT_EQ(stored(*runs, 1), (std::vector<std::string>{"after by ada"}));
    EXPECT_TRUE(test::eventually([&] { return files() == 2; }));
    EXPECT_TRUE(std::filesystem::exists(waiting_ / "000000000001.json.unreadable"));
    EXPECT_TRUE(std::filesystem::exists(waiting_ / "000000000003.json.unreadable"));
    runs->add(report_of("next"), "");
    EXPECT_EQ(stored(*runs, 2).size(), 2U);
}

// Its tables are gone, as when a copy is restored: they are made anew by the next call, and the run waits for that.
TEST_F(LoadRunsThatWait, AreNotLostByADatabaseThatRefusesThem) {
    const auto runs = open();
    runs->add(report_of("before"), "");
    EXPECT_EQ(stored(*runs, 1).size(), 1U);
    server_->sql("DROP SCHEMA streamgauge CASCADE");
    runs->add(report_of("meanwhile"), "");
    EXPECT_EQ(stored(*runs, 1), (std::vector<std::string>{"meanwhile by "}));
    EXPECT_TRUE(test::eventually([&] { return files() == 0; }));
}

// A directory that cannot be written to (here: gone) costs the memory of a few, and loses nothing meanwhile.
TEST_F(LoadRunsThatWait, WaitInMemoryWhereNoFileCanBeWritten) {
    server_->kill_all();
    const auto runs = open();
    std::filesystem::remove_all(waiting_);
    runs->add(report_of("a"), "");
    EXPECT_EQ(list(*runs).error().code, ErrorCode::Unavailable);
    ASSERT_TRUE(server_->start_again());
    EXPECT_EQ(stored(*runs, 1), (std::vector<std::string>{"a by "}));
}

// Neither a file nor its note took the report when the run ended: what was noted before is not taken for it.
TEST_F(LoadRunsThatWait, AreNotReplacedByWhatWasNotedBeforeTheyEnded) {
    server_->kill_all();
    {
        const auto runs = open();
        runs->note("whole", interrupted_report_of("whole"), "user ada");
        std::filesystem::remove_all(waiting_);
        std::filesystem::rename(notes_, directory_.path / "away");
        runs->note("whole", report_of("whole"), "user ada");
        runs->add(report_of("whole"), "user ada", {}, "whole");
        EXPECT_EQ(list(*runs).error().code, ErrorCode::Unavailable);
        std::filesystem::rename(directory_.path / "away", notes_);
    }
    ASSERT_TRUE(server_->start_again());
    const auto runs = open();
    EXPECT_EQ(stored(*runs, 1), (std::vector<std::string>{"whole by user ada"}));
    EXPECT_EQ(server_->sql("SELECT state FROM streamgauge.load_runs"), "stopped");
    EXPECT_TRUE(test::eventually([&] { return notes() == 0 && files() == 0; }));
}

TEST(LoadRunsOfADatabase, OneThatIsAwayStopsNoServerFromStarting) {
    test::PostgresqlServer* const server = test::empty_postgresql();
    ASSERT_NE(server, nullptr);
    const SystemClock clock;
    server->kill_all();
    auto runs = LoadRuns::open(server->url(), {}, clock);
    EXPECT_TRUE(runs.ok());
    ASSERT_TRUE(server->start_again());
    EXPECT_TRUE(test::eventually([&] { return list(**runs).ok(); }));
    EXPECT_EQ(LoadRuns::open("postgresql://a:b:c@[", {}, clock).error().code, ErrorCode::InvalidArgument);
}

#endif

}  // namespace
}  // namespace streamgauge::api
