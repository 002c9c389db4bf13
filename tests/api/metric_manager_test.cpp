// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics that are declared, changed, removed and given up while the server runs and over restarts, on a real journal
// and a real store.
#include "api/metric_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "api/metric_codec.h"
#include "pipeline/backfill_support.h"
#include "support/memory_journal.h"

namespace streamgauge::api {
namespace {

using test::eventually;
using test::system_clock;
using testing::HasSubstr;

MetricDefinition declared(const std::string& name, const std::string& members) {
    Result<MetricDefinition> definition = read_definition("{" + members + "}", name);
    EXPECT_TRUE(definition.ok()) << (definition ? "" : definition.error().describe());
    return definition ? std::move(definition).value() : MetricDefinition();
}

// A server's parts that matter here.
struct Server {
    std::unique_ptr<MetricManager> metrics;
    std::unique_ptr<test::Running> running;

    ~Server() {
        if (metrics) metrics->stop();
        running.reset();
    }
    template <class T, class Call>
    Result<T> ask(Call call) {
        auto answer = std::make_shared<std::promise<Result<T>>>();
        auto future = answer->get_future();
        call([answer](Result<T> result) { answer->set_value(std::move(result)); });
        if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready)
            return Error::make(ErrorCode::DeadlineExceeded, "no answer");
        return future.get();
    }
    Result<MetricStatus> put(MetricDefinition definition) {
        return ask<MetricStatus>([&](auto done) { metrics->put(std::move(definition), done); });
    }
    Result<bool> remove(const std::string& name) {
        return ask<bool>([&](auto done) { metrics->remove(name, done); });
    }
    Result<bool> cancel(const std::string& name) {
        return ask<bool>([&](auto done) { metrics->cancel_backfill(name, done); });
    }
    std::optional<MetricStatus> status(const std::string& name) {
        const auto all = ask<std::vector<MetricStatus>>([&](auto done) { metrics->list(done); });
        for (const MetricStatus& one : *all)
            if (one.definition.name == name) return one;
        return std::nullopt;
    }
    bool filled(const std::string& name) {
        return eventually([&] {
            const auto one = status(name);
            return one && !one->backfill;
        });
    }
    // What the store has of it, without its digest.
    bool is_stored(MetricId id) {
        auto snapshot = running->store->snapshot();
        const auto stored = (*snapshot)->metrics();
        return std::any_of(stored->begin(), stored->end(), [id](const StoredMetric& one) { return one.id == id; });
    }
};

class MetricManagerTest : public testing::Test {
protected:
    std::unique_ptr<Server> start() {
        MetricManagerOptions options;
        options.catalogue = directory_.path() + "/metrics.db";
        options.built_in = built_in_metrics();
        options.from_file = from_file_;
        options.exact_budget = budget_;
        options.backfill = backfill_;
        auto server = std::make_unique<Server>();
        auto manager = MetricManager::open(std::move(options), system_clock());
        EXPECT_TRUE(manager.ok()) << (manager ? "" : manager.error().describe());
        if (!manager) return nullptr;
        server->metrics = std::move(manager).value();
        server->running = test::run(directory_.path(), server->metrics->definitions());
        if (!server->running) return nullptr;
        const Status started =
            server->metrics->start(*server->running->journal, *server->running->store, *server->running->pipeline);
        EXPECT_TRUE(started.ok());
        return server;
    }
    // What the metric holds is what it would hold had it been there from the beginning.
    void expect_right(Server& server, const std::string& name) {
        ASSERT_TRUE(server.running->settled());
        const auto asked = server.metrics->find(name);
        ASSERT_NE(asked, nullptr);
        const MetricDefinition definition = asked->definition;
        const auto stored = test::held(*server.running->store, definition);
        server.metrics->stop();
        server.running->pipeline->stop();
        server.running->journal->close();
        EXPECT_EQ(stored, test::from_the_beginning(directory_.path(), {definition}).at(0));
    }
    // A backfill that is slow enough to be met.
    void slowly() {
        backfill_.read_events = 20;
        backfill_.gap_events = 10;
        backfill_.commit_interval = std::chrono::milliseconds(0);
    }

    const test::ScratchDirectory directory_;
    std::vector<MetricDefinition> from_file_;
    std::uint64_t budget_ = 24'000'000;
    BackfillOptions backfill_;
};

TEST_F(MetricManagerTest, FillsANewMetricAndKeepsItOverARestart) {
    MetricId id = 0;
    {
        const auto server = start();
        test::append_random(*server->running->journal, 1, 2'000);
        ASSERT_TRUE(server->running->settled());
        const auto put = server->put(declared("plans", R"j("window":"1m","group_by":["props.plan"])j"));
        ASSERT_TRUE(put.ok()) << put.error().describe();
        id = put->definition.id;
        EXPECT_EQ(id, kFirstUserMetric);
        EXPECT_NE(server->metrics->find("plans"), nullptr) << "it answers with what is filled so far";
        ASSERT_TRUE(server->filled("plans"));
        EXPECT_EQ(server->status("plans")->definition.id, id);
        test::append_random(*server->running->journal, 2, 200);
        ASSERT_TRUE(server->running->settled());
    }
    const auto server = start();
    EXPECT_TRUE(server->running->pipeline->missing().empty());
    EXPECT_FALSE(server->status("plans")->backfill);
    EXPECT_EQ(server->metrics->find("plans")->definition.id, id);
    expect_right(*server, "plans");
}

TEST_F(MetricManagerTest, LetsTheOldDefinitionAnswerUntilTheNewOneIsFilled) {
    slowly();
    const auto server = start();
    test::append_random(*server->running->journal, 1, 3'000);
    ASSERT_TRUE(server->put(declared("visits", R"j("window":"1h")j")).ok());
    ASSERT_TRUE(server->filled("visits"));
    const MetricId before = server->status("visits")->definition.id;

    const auto changed = server->put(declared("visits", R"j("window":"1h","where":"event_type = page_view")j"));
    ASSERT_TRUE(changed.ok());
    EXPECT_NE(changed->definition.id, before);
    EXPECT_TRUE(changed->backfill);
    EXPECT_EQ(server->metrics->find("visits")->definition.id, before);
    ASSERT_TRUE(server->filled("visits"));
    EXPECT_EQ(server->metrics->find("visits")->definition.id, changed->definition.id);
    EXPECT_TRUE(eventually([&] { return !server->is_stored(before); }));

    // Only what is shown: at once.
    const auto described =
        server->put(declared("visits", R"j("window":"1h","where":"event_type = page_view","unit":"views")j"));
    ASSERT_TRUE(described.ok());
    EXPECT_FALSE(described->backfill);
    EXPECT_EQ(described->definition.id, changed->definition.id);
    EXPECT_EQ(server->metrics->find("visits")->definition.unit, "views");
    expect_right(*server, "visits");
}

TEST_F(MetricManagerTest, GivesABackfillUp) {
    slowly();
    const auto server = start();
    test::append_random(*server->running->journal, 1, 4'000);
    ASSERT_TRUE(server->put(declared("visits", R"j("window":"1h")j")).ok());
    EXPECT_TRUE(server->cancel("visits").ok());
    EXPECT_EQ(server->metrics->find("visits"), nullptr);
    EXPECT_EQ(server->status("visits"), std::nullopt);
    EXPECT_EQ(server->cancel("visits").error().code, ErrorCode::NotFound);
    EXPECT_EQ(server->remove("visits").error().code, ErrorCode::NotFound);

    ASSERT_TRUE(server->put(declared("visits", R"j("window":"1h")j")).ok());
    ASSERT_TRUE(server->filled("visits"));
    const MetricId before = server->status("visits")->definition.id;
    EXPECT_GT(before, kFirstUserMetric) << "ids are not used again";
    const auto changed = server->put(declared("visits", R"j("window":"1m")j"));
    ASSERT_TRUE(changed.ok());
    ASSERT_TRUE(server->cancel("visits").ok());
    EXPECT_EQ(server->status("visits")->definition.id, before);
    EXPECT_FALSE(server->status("visits")->backfill);
    // Changed again and back.
    ASSERT_TRUE(server->put(declared("visits", R"j("window":"1m")j")).ok());
    const auto back = server->put(declared("visits", R"j("window":"1h")j"));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->definition.id, before);
    EXPECT_FALSE(back->backfill);
    EXPECT_TRUE(eventually([&] { return !server->is_stored(changed->definition.id); }));
    expect_right(*server, "visits");
}

TEST_F(MetricManagerTest, RemovesAMetricWithWhatItHeld) {
    const auto server = start();
    test::append_random(*server->running->journal, 1, 500);
    const auto put = server->put(declared("visits", R"j("window":"1h")j"));
    ASSERT_TRUE(server->filled("visits"));
    EXPECT_TRUE(server->remove("visits").ok());
    EXPECT_EQ(server->metrics->find("visits"), nullptr);
    EXPECT_TRUE(eventually([&] { return !server->is_stored(put->definition.id); }));
}

TEST_F(MetricManagerTest, RefusesWhatCannotBeChanged) {
    from_file_ = {declared("visits", R"j("window":"1h")j")};
    const auto server = start();
    const std::string built_in = built_in_metrics().front().name;
    const auto conflict = server->put(declared(built_in, R"j("window":"1h")j"));
    EXPECT_EQ(conflict.error().code, ErrorCode::Conflict);
    EXPECT_THAT(conflict.error().message, HasSubstr("built in"));
    EXPECT_EQ(server->remove(built_in).error().code, ErrorCode::Conflict);
    EXPECT_THAT(server->put(declared("visits", R"j("window":"1m")j")).error().message, HasSubstr("file of metrics"));
    EXPECT_EQ(server->remove("visits").error().code, ErrorCode::Conflict);
    EXPECT_TRUE(server->status("visits")->from_file);
    MetricDefinition wrong = declared("other", R"j("window":"1h")j");
    wrong.tiers.clear();
    EXPECT_EQ(server->put(wrong).error().field, "window");
    const auto tried = server->ask<MetricStatus>(
        [&](auto done) { server->metrics->try_put(declared("other", R"j("window":"1h")j"), done); });
    EXPECT_TRUE(tried.ok());
    EXPECT_EQ(server->status("other"), std::nullopt);
}

TEST_F(MetricManagerTest, HoldsMetricsToTheBudget) {
    std::uint64_t built_in = 0;
    for (const MetricDefinition& one : built_in_metrics()) built_in += one.exact_budget;
    budget_ = built_in + 100;
    const auto server = start();
    const auto users = [](const std::string& name, int share) {
        return declared(name,
                        R"j("window":"1h","aggregate":"distinct(user_id)","exact_budget":)j" + std::to_string(share));
    };
    ASSERT_TRUE(server->put(users("a", 60)).ok());
    const auto refused = server->put(users("b", 41));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::TooLarge);
    EXPECT_EQ(refused.error().field, "exact_budget");
    EXPECT_THAT(refused.error().message, HasSubstr("and 40 of metrics.exact_budget"));
    EXPECT_TRUE(server->put(users("b", 40)).ok());
    EXPECT_TRUE(server->put(users("a", 50)).ok()) << "a change gives its own share back";
    EXPECT_TRUE(server->remove("b").ok());
    EXPECT_TRUE(server->put(users("c", 50)).ok());
}

TEST_F(MetricManagerTest, FollowsTheFileAtEachStart) {
    from_file_ = {declared("a", R"j("window":"1h")j"), declared("b", R"j("window":"1h")j")};
    MetricId a = 0, b = 0;
    {
        const auto server = start();
        test::append_random(*server->running->journal, 1, 500);
        ASSERT_TRUE(server->filled("a") && server->filled("b"));
        ASSERT_TRUE(server->put(declared("c", R"j("window":"1h")j")).ok());
        ASSERT_TRUE(server->filled("c"));
        a = server->status("a")->definition.id;
        b = server->status("b")->definition.id;
    }
    // a is as it was, b is not there any more, c has moved into the file and changed, d is new.
    from_file_ = {declared("a", R"j("window":"1h","description":"as before")j"), declared("c", R"j("window":"1m")j"),
                  declared("d", R"j("window":"1d","aggregate":"distinct(user_id)")j")};
    const auto server = start();
    EXPECT_EQ(server->status("a")->definition.id, a);
    EXPECT_EQ(server->status("a")->definition.description, "as before");
    EXPECT_EQ(server->status("b"), std::nullopt);
    EXPECT_TRUE(server->status("c")->from_file);
    ASSERT_TRUE(server->filled("c") && server->filled("d"));
    EXPECT_TRUE(eventually([&] { return !server->is_stored(b); }));
    expect_right(*server, "d");
}

TEST_F(MetricManagerTest, FollowsTheFileWhileItRuns) {
    from_file_ = {declared("a", R"j("window":"1h")j"), declared("b", R"j("window":"1h")j")};
    const auto server = start();
    test::append_random(*server->running->journal, 1, 500);
    ASSERT_TRUE(server->filled("a") && server->filled("b"));
    const MetricId a = server->status("a")->definition.id, b = server->status("b")->definition.id;
    const auto follow = [&](std::vector<MetricDefinition> metrics) {
        return server->ask<bool>([&](auto done) { server->metrics->follow_file(metrics, done); });
    };
    ASSERT_TRUE(follow({declared("a", R"j("window":"1h")j"), declared("c", R"j("window":"1m")j")}).ok());
    EXPECT_EQ(server->status("a")->definition.id, a);
    EXPECT_EQ(server->status("b"), std::nullopt);
    ASSERT_TRUE(server->filled("c"));
    EXPECT_TRUE(eventually([&] { return !server->is_stored(b); }));
    const auto faulty = follow({declared("a", R"j("window":"1h")j"), declared("EVENTS_TOTAL", R"j("window":"1m")j"),
                                declared("c", R"j("window":"1m","unit":"x")j")});
    EXPECT_THAT(faulty.error().message, HasSubstr("EVENTS_TOTAL is built in"));
    EXPECT_EQ(server->status("c")->definition.unit, "x");
    expect_right(*server, "c");
}

TEST_F(MetricManagerTest, FinishesWhatAStopInterrupted) {
    slowly();
    {
        const auto server = start();
        test::append_random(*server->running->journal, 1, 3'000);
        ASSERT_TRUE(server->running->settled());
        ASSERT_TRUE(server->put(declared("visits", R"j("window":"1h")j")).ok());
        ASSERT_TRUE(server->put(declared("users", R"j("window":"1h","aggregate":"distinct(user_id)")j")).ok());
        ASSERT_TRUE(server->status("users")->backfill);
    }
    const auto server = start();
    ASSERT_TRUE(server->filled("visits") && server->filled("users"));
    expect_right(*server, "users");
}

TEST_F(MetricManagerTest, FillsAgainWhatTheStoreHasLost) {
    {
        const auto server = start();
        test::append_random(*server->running->journal, 1, 500);
        ASSERT_TRUE(server->put(declared("visits", R"j("window":"1h")j")).ok());
        ASSERT_TRUE(server->filled("visits"));
    }
    for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(directory_.path() + "/store.db" + ending);
    // Somebody who does not know of it has gone on.
    { ASSERT_TRUE(test::run(directory_.path(), built_in_metrics())->settled()); }
    const auto server = start();
    ASSERT_TRUE(server->filled("visits"));
    expect_right(*server, "visits");
}

// Also of one that the file declares, which is known before the journal is, and over a restart.
TEST_F(MetricManagerTest, SaysWhereAMetricBeginsThatTheJournalHasNotAllOf) {
    for (const bool walks : {false, true}) {
        SCOPED_TRACE(walks ? "over many commits" : "the pipeline takes it over at once");
        const test::ScratchDirectory directory;
        test::MemoryJournal journal;
        auto store = open_sqlite_result_store(directory.path() + "/store.db");
        ASSERT_TRUE(store.ok());
        if (walks) slowly();
        std::optional<Timestamp> begins;
        for (int times = 0; times < 3; ++times) {
            MetricManagerOptions options;
            options.catalogue = directory.path() + "/metrics.db";
            options.built_in = built_in_metrics();
            options.backfill = backfill_;
            // The first time only to have something aggregated.
            if (times > 0) options.from_file = {declared("visits", R"j("window":"1h")j")};
            Server server;
            auto manager = MetricManager::open(std::move(options), system_clock());
            ASSERT_TRUE(manager.ok());
            server.metrics = std::move(manager).value();
            ASSERT_TRUE(server.metrics->prepare(journal, **store).ok());
            auto pipeline = Pipeline::start(journal, **store, system_clock(), {}, server.metrics->definitions());
            ASSERT_TRUE(pipeline.ok());
            server.running = std::make_unique<test::Running>();
            server.running->pipeline = std::move(pipeline).value();
            journal.on_commit([running = server.running->pipeline.get()] { running->wake(); });
            ASSERT_TRUE(server.metrics->start(journal, **store, *server.running->pipeline).ok());
            if (times == 0) {
                test::append_random(journal, 1, 2'000);
                ASSERT_TRUE(eventually([&] { return server.running->pipeline->status().committed == journal.end(); }));
                journal.forget_before(501);
                begins = journal.read(501, 1).value()->batch[0].received_at;
                continue;
            }
            ASSERT_TRUE(server.filled("visits"));
            EXPECT_EQ(server.status("visits")->complete_from, begins);
            EXPECT_EQ(server.metrics->find("visits")->complete_from, begins);
        }
    }
}

}  // namespace
}  // namespace streamgauge::api
