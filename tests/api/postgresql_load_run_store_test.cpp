// SPDX-License-Identifier: GPL-3.0-or-later
// Load runs in PostgreSQL when the database fails, stands still, is shared, or is of another version.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "api/load_run_setup.h"
#include "api/load_run_stores.h"
#include "support/eventually.h"

#if STREAMGAUGE_WITH_POSTGRESQL

namespace streamgauge::api {
namespace {

using namespace std::chrono_literals;
using test::load_run;
using SteadyClock = std::chrono::steady_clock;

constexpr Timestamp kNow{2'000'000'000};

class PostgresqlLoadRunStoreTest : public ::testing::Test {
protected:
    void SetUp() override {
        server_ = test::empty_postgresql();
        ASSERT_NE(server_, nullptr);
    }
    std::unique_ptr<LoadRunStore> open(LoadRunLimits limits = {}, DatabasePatience patience = {}) const {
        auto store = open_postgresql_load_runs(server_->url(), limits, patience);
        EXPECT_TRUE(store.ok()) << store.error().describe();
        return std::move(store).value();
    }
    test::PostgresqlServer* server_ = nullptr;
};

TEST_F(PostgresqlLoadRunStoreTest, WhatWasKeptIsThereAfterTheServerWasKilled) {
    const auto store = open();
    ASSERT_TRUE(store->check().ok());
    std::atomic<int> kept{0};
    std::atomic<bool> go_on{true}, refused{false};
    std::vector<std::string> durable;
    std::optional<Error> refusal;  // these two are the thread's until it was joined
    std::thread adding([&] {
        const std::string report(200'000, 'r');
        for (int i = 0; go_on; ++i) {
            const std::string id = "run" + std::to_string(i);
            if (const Status added = store->add(load_run(id, 1000 + i), report, kNow); !added) {
                refusal = added.error();
                refused = true;
                return;
            }
            durable.push_back(id);
            ++kept;
        }
    });
    EXPECT_TRUE(test::eventually([&] { return kept >= 5; }));
    server_->kill_all();
    EXPECT_TRUE(test::eventually([&] { return refused.load(); }));
    go_on = false;
    adding.join();
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, ErrorCode::Unavailable) << refusal->describe();
    EXPECT_EQ(store->list({}, 10).error().code, ErrorCode::Unavailable) << "nobody is there";

    ASSERT_TRUE(server_->start_again());
    // A failure that took long is the answer for a while.
    ASSERT_TRUE(test::eventually([&] { return store->check().ok(); }));
    for (const std::string& id : durable) EXPECT_TRUE(store->find(id).ok()) << id;
    EXPECT_LE(store->list({}, 500)->size(), durable.size() + 1) << "one may have been kept and not been confirmed";
    EXPECT_TRUE(store->add(load_run("after", 1000), "{}", kNow).ok());
}

TEST_F(PostgresqlLoadRunStoreTest, AConnectionThatEndedMeanwhileIsMadeAnew) {
    const auto store = open();
    ASSERT_TRUE(store->add(load_run("a", 1000), "{}", kNow).ok());
    server_->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'streamgauge'");
    EXPECT_TRUE(store->add(load_run("b", 1001), "{}", kNow).ok()) << "the caller sees nothing of it";
    server_->kill_all();
    ASSERT_TRUE(server_->start_again());
    EXPECT_EQ(store->list({}, 10)->size(), 2U);
}

TEST_F(PostgresqlLoadRunStoreTest, AServerThatStandsStillHoldsNobodyUp) {
    const auto store = open({}, {2s, 1s, 2s});
    ASSERT_TRUE(test::eventually([&] { return store->check().ok(); })) << "within 2 s on a machine that is not loaded";
    server_->signal(SIGSTOP);
    const auto began = SteadyClock::now();
    const Status added = store->add(load_run("a", 1000), "{}", kNow);
    const Status again = store->add(load_run("b", 1000), "{}", kNow);
    const auto took = SteadyClock::now() - began;
    server_->signal(SIGCONT);
    ASSERT_FALSE(added.ok());
    EXPECT_EQ(added.error().code, ErrorCode::Unavailable) << added.error().describe();
    ASSERT_FALSE(again.ok()) << "its failure is the answer for a while";
    EXPECT_EQ(again.error().code, ErrorCode::Unavailable);
    EXPECT_LT(took, 30s) << "2 s, and what a loaded machine adds";
    EXPECT_TRUE(test::eventually([&] { return store->add(load_run("c", 1000), "{}", kNow).ok(); }));
}

TEST_F(PostgresqlLoadRunStoreTest, AConnectionThatNobodyAcceptsHoldsNobodyUp) {
    server_->signal(SIGSTOP);
    const auto store = open({}, {2s, 1s, 2s});
    const auto began = SteadyClock::now();
    const Status reached = store->check();
    const auto took = SteadyClock::now() - began;
    server_->signal(SIGCONT);
    ASSERT_FALSE(reached.ok());
    EXPECT_EQ(reached.error().code, ErrorCode::Unavailable);
    EXPECT_LT(took, 30s);
}

TEST_F(PostgresqlLoadRunStoreTest, WhatOthersHoldIsWaitedForNoLongerThanSet) {
    const auto store = open({}, {5s, 300ms, 20s});
    ASSERT_TRUE(store->add(load_run("a", 1000), "{}", kNow).ok());
    std::thread holder([&] {
        server_->sql("BEGIN; LOCK TABLE streamgauge.load_runs IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60); COMMIT");
    });
    EXPECT_TRUE(test::eventually([&] {
        return server_->sql(
                   "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND "
                   "relation = 'streamgauge.load_runs'::regclass") == "1";
    }));
    const Status added = store->add(load_run("b", 1000), "{}", kNow);
    EXPECT_EQ(added.ok() ? ErrorCode::Internal : added.error().code, ErrorCode::Unavailable);
    server_->sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND "
        "pid <> pg_backend_pid()");
    holder.join();
    EXPECT_EQ(store->find("b").error().code, ErrorCode::NotFound) << "all or nothing";
    EXPECT_TRUE(store->add(load_run("b", 1000), "{}", kNow).ok());
}

TEST_F(PostgresqlLoadRunStoreTest, SeveralServersKeepWithinOneLimit) {
    constexpr int kServers = 4, kRuns = 25;
    constexpr std::uint64_t kMost = 10;
    std::mutex mutex;
    std::string wrong;
    const auto failed = [&](std::string what) {
        const std::lock_guard lock(mutex);
        wrong += what + "\n";
    };
    std::vector<std::thread> servers;
    for (int server = 0; server < kServers; ++server)
        servers.emplace_back([&, server] {
            // Each also makes the tables, where another one has not.
            const auto store = open({kMost, 1'000'000});
            for (int i = 0; i < kRuns; ++i) {
                const std::string id = std::to_string(server) + "-" + std::to_string(i);
                if (const Status added = store->add(load_run(id, 1000 + i), "{}", kNow); !added)
                    failed(added.error().describe());
                const auto listed = store->list({}, 1000);
                if (!listed.ok() || listed->size() > kMost)
                    failed(listed.ok() ? std::to_string(listed->size()) : listed.error().describe());
            }
        });
    for (std::thread& server : servers) server.join();
    EXPECT_EQ(wrong, "");
    const auto listed = open()->list({}, 1000);
    ASSERT_EQ(listed->size(), kMost);
    for (const StoredLoadRun& run : *listed) EXPECT_GE(run.started_at.micros, (1000 + kRuns - 3) * 1'000'000LL);
}

TEST_F(PostgresqlLoadRunStoreTest, ANewerVersionIsRefusedAndLeftAlone) {
    ASSERT_TRUE(open()->add(load_run("a", 1000), "{}", kNow).ok());
    server_->sql("UPDATE streamgauge.layouts SET layout = 9");
    const auto store = open();
    EXPECT_EQ(store->check().error().code, ErrorCode::Corrupt);
    EXPECT_EQ(store->add(load_run("b", 1000), "{}", kNow).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(server_->sql("SELECT count(*) FROM streamgauge.load_runs"), "1");
}

TEST_F(PostgresqlLoadRunStoreTest, TablesThatVanishAreMadeAgain) {
    const auto store = open();
    ASSERT_TRUE(store->add(load_run("a", 1000), "{}", kNow).ok());
    server_->sql("SET client_min_messages = error; DROP SCHEMA streamgauge CASCADE");
    EXPECT_EQ(store->list({}, 10).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(store->list({}, 10)->size(), 0U);
}

TEST_F(PostgresqlLoadRunStoreTest, WhoMayMakeNoSchemaUsesTheOneThatIsThere) {
    server_->sql("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN; CREATE SCHEMA streamgauge AUTHORIZATION guest");
    std::string url = server_->url();
    url.replace(url.find("gauge@"), 5, "guest");
    auto store = open_postgresql_load_runs(url, {});
    ASSERT_TRUE(store.ok());
    EXPECT_TRUE((*store)->add(load_run("a", 1000), "{}", kNow).ok());
    server_->sql("REVOKE ALL ON streamgauge.load_runs FROM guest");
    const Status refused = (*store)->add(load_run("b", 1000), "{}", kNow);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Io) << refused.error().describe();
    server_->sql("DROP SCHEMA streamgauge CASCADE; DROP ROLE guest");
}

TEST_F(PostgresqlLoadRunStoreTest, AListReadsNoReportAndSortsNothing) {
    ASSERT_TRUE(open()->check().ok());
    EXPECT_EQ(
        server_->sql("INSERT INTO streamgauge.load_runs SELECT i::text, 'n', 'u', i, 'done', 'valid', true, 'b', 1,"
                     " 1, 1, 1, 1, 1, 1, 1, '' FROM generate_series(1, 20000) i; ANALYZE streamgauge.load_runs"),
        "");
    const std::string plan = server_->sql(
        "EXPLAIN SELECT id FROM streamgauge.load_runs WHERE started_at < 15000 ORDER BY started_at DESC, id DESC LIMIT "
        "50");
    EXPECT_NE(plan.find("load_runs_by_time"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Sort"), std::string::npos) << plan;
    EXPECT_EQ(open()->list(Timestamp{15'000}, 50)->front().id, "14999");
}

TEST_F(PostgresqlLoadRunStoreTest, IsDurableAlsoWhereTheDatabaseIsSetNotToBe) {
    server_->sql("ALTER ROLE gauge SET synchronous_commit = off");
    server_->sql("CREATE SCHEMA streamgauge");
    ASSERT_TRUE(open()->check().ok());
    server_->sql(
        "CREATE TABLE streamgauge.seen(v text); CREATE FUNCTION streamgauge.see() RETURNS trigger AS 'BEGIN "
        "INSERT INTO streamgauge.seen VALUES(current_setting(''synchronous_commit'')); RETURN NEW; END' "
        "LANGUAGE plpgsql; CREATE TRIGGER see BEFORE INSERT ON streamgauge.load_runs FOR EACH ROW EXECUTE "
        "FUNCTION streamgauge.see()");
    ASSERT_TRUE(open()->add(load_run("a", 1000), "{}", kNow).ok());
    EXPECT_EQ(server_->sql("SELECT v FROM streamgauge.seen"), "on");
    server_->sql("ALTER ROLE gauge RESET synchronous_commit");
}

}  // namespace
}  // namespace streamgauge::api

#endif
