// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics that are added while the server runs, whatever happens meanwhile, hold what they would hold if they had been
// there from the beginning of the log.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "pipeline/backfill_support.h"
#include "support/memory_journal.h"

namespace streamgauge::test {
namespace {

std::vector<MetricDefinition> with_built_in(const std::vector<MetricDefinition>& more) {
    std::vector<MetricDefinition> all = built_in_metrics();
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

class BackfillTest : public testing::Test {
protected:
    // A log that the store has aggregated without the users' metrics.
    void prepare(std::size_t events) {
        const auto running = run(directory_.path(), built_in_metrics());
        ASSERT_NE(running, nullptr);
        append_random(*running->journal, 1, events);
        ASSERT_TRUE(running->settled());
    }
    std::unique_ptr<Backfills> backfills(Running& running, BackfillOptions options = {}) {
        return std::make_unique<Backfills>(*running.journal, *running.store, *running.pipeline, system_clock(),
                                           listener(), options);
    }
    BackfillListener listener() {
        return {[this](MetricId metric) {
                    const std::lock_guard lock(mutex_);
                    adopted_.insert(metric);
                },
                [this](MetricId, Timestamp from) {
                    const std::lock_guard lock(mutex_);
                    from_ = from;
                    return Status();
                }};
    }
    bool is_adopted(MetricId metric) {
        const std::lock_guard lock(mutex_);
        return adopted_.count(metric) != 0;
    }
    void expect_as_from_the_beginning(ResultStore& store, const std::vector<MetricDefinition>& metrics) {
        const std::vector<Held> expected = from_the_beginning(directory_.path(), metrics);
        ASSERT_EQ(expected.size(), metrics.size());
        for (std::size_t i = 0; i < metrics.size(); ++i)
            EXPECT_EQ(held(store, metrics[i]), expected[i]) << metrics[i].name;
    }
    static BackfillOptions small_steps() {
        BackfillOptions options;
        options.read_events = 100;
        options.gap_events = 50;
        options.commit_interval = std::chrono::milliseconds(0);  // after each step, whatever time it took
        return options;
    }

    const ScratchDirectory directory_;
    std::mutex mutex_;
    std::set<MetricId> adopted_;
    std::optional<Timestamp> from_;
};

TEST_F(BackfillTest, FillsEveryAggregateWhileEventsArrive) {
    prepare(4'000);
    const std::vector<MetricDefinition> metrics = user_metrics();
    const auto running = run(directory_.path(), with_built_in(metrics));
    ASSERT_NE(running, nullptr);
    EXPECT_EQ(running->pipeline->missing().size(), metrics.size());
    const auto filling = backfills(*running, small_steps());
    for (const MetricDefinition& metric : metrics) filling->add(metric);
    std::uint64_t seed = 2;
    ASSERT_TRUE(eventually(
        [&] {
            if (seed < 14) append_random(*running->journal, seed++, 100);
            return filling->progress().empty();
        },
        std::chrono::seconds(100)));
    append_random(*running->journal, seed++, 300);
    ASSERT_TRUE(running->settled());
    for (const MetricDefinition& metric : metrics) EXPECT_TRUE(is_adopted(metric.id)) << metric.name;
    EXPECT_EQ(from_, std::nullopt);
    filling->stop();
    running->pipeline->stop();
    running->journal->close();
    expect_as_from_the_beginning(*running->store, metrics);
}

TEST_F(BackfillTest, GoesOnAfterARestart) {
    prepare(20'000);  // two hundred commits, so that some are left when it is stopped
    const MetricDefinition metric = user_metrics()[1];
    Offset reached = 0;
    {
        const auto running = run(directory_.path(), with_built_in({metric}));
        const auto filling = backfills(*running, small_steps());
        filling->add(metric);
        ASSERT_TRUE(eventually([&] {
            const auto progress = filling->progress();
            if (!progress.empty()) reached = progress[0].next;
            return reached > 1'000 || progress.empty();
        }));
        const auto begun = std::chrono::steady_clock::now();
        filling->stop();
        EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
        ASSERT_FALSE(is_adopted(metric.id)) << "too fast to be stopped in the middle";
    }
    const auto running = run(directory_.path(), with_built_in({metric}));
    EXPECT_THAT(running->pipeline->missing(), testing::ElementsAre(metric.id));
    const auto filling = backfills(*running);
    filling->add(metric);
    ASSERT_TRUE(eventually([&] { return is_adopted(metric.id); }));
    EXPECT_TRUE(eventually([&] { return filling->progress().empty(); }));
    filling->stop();
    running->pipeline->stop();
    running->journal->close();
    expect_as_from_the_beginning(*running->store, {metric});
}

TEST_F(BackfillTest, CanBeGivenUpAtAnyTime) {
    prepare(3'000);
    const std::vector<MetricDefinition> all = user_metrics();
    const MetricDefinition first = all[0], second = all[1], third = all[2];
    const auto running = run(directory_.path(), with_built_in({first, second, third}));
    const auto filling = backfills(*running, small_steps());
    const auto remove = [&](MetricId metric) {
        auto answer = std::make_shared<std::promise<Status>>();
        filling->remove(metric, [answer](Status status) { answer->set_value(std::move(status)); });
        return answer->get_future().get();
    };
    filling->add(first);
    filling->add(second);
    filling->add(third);
    EXPECT_TRUE(remove(second.id).ok());  // waits
    EXPECT_TRUE(remove(first.id).ok());   // at hand
    ASSERT_TRUE(eventually([&] { return is_adopted(third.id); }));
    EXPECT_FALSE(is_adopted(first.id));
    EXPECT_FALSE(is_adopted(second.id));
    EXPECT_EQ(held(*running->store, first), std::nullopt);
    EXPECT_EQ(held(*running->store, second), std::nullopt);
    EXPECT_TRUE(held(*running->store, third)->complete);
    EXPECT_TRUE(remove(third.id).ok());  // complete by now
    EXPECT_EQ(held(*running->store, third), std::nullopt);
    filling->stop();
    EXPECT_EQ(remove(third.id).error().code, ErrorCode::Unavailable);
}

// Refuses what is filled, as a full disk does.
class FullStore final : public ResultStore {
public:
    explicit FullStore(ResultStore& store) : store_(store) {}
    // From the commit after the next `granted` on.
    void refuse(MetricId metric, int granted = 0) {
        granted_ = granted;
        refused_ = metric;
    }
    int refusals() const { return refusals_; }

    Result<Ownership> acquire() override { return store_.acquire(); }
    Status commit(const ResultCommit& commit) override { return store_.commit(commit); }
    Result<StoredMetric> begin_backfill(std::uint64_t epoch, MetricId metric, const PartitionState& from) override {
        return store_.begin_backfill(epoch, metric, from);
    }
    Status commit_backfill(std::uint64_t epoch, const BackfillCommit& commit) override {
        if (commit.metric == refused_ && --granted_ < 0) {
            ++refusals_;
            return Error::make(ErrorCode::Io, "the disk is full");
        }
        return store_.commit_backfill(epoch, commit);
    }
    Status drop(std::uint64_t epoch, MetricId metric) override { return store_.drop(epoch, metric); }
    Result<bool> tidy() override { return store_.tidy(); }
    Result<std::unique_ptr<StoreSnapshot>> snapshot() override { return store_.snapshot(); }

private:
    ResultStore& store_;
    std::atomic<MetricId> refused_{0};
    std::atomic<int> granted_{0}, refusals_{0};
};

TEST_F(BackfillTest, OneThatFailsForLongKeepsNoEventsAndIsTriedAnew) {
    prepare(2'000);
    const std::vector<MetricDefinition> all = user_metrics();
    const MetricDefinition failing = all[0], next = all[1];
    const auto running = run(directory_.path(), with_built_in({failing, next}));
    FullStore store(*running->store);
    store.refuse(failing.id);
    BackfillOptions options = small_steps();
    options.failed_after = std::chrono::milliseconds(300);
    options.again_after = std::chrono::milliseconds(200);
    Backfills filling(*running->journal, store, *running->pipeline, system_clock(), listener(), options);
    filling.add(failing);
    filling.add(next);
    ASSERT_TRUE(eventually([&] {
        const auto progress = filling.progress();
        return !progress.empty() && progress.back().metric == failing.id && progress.back().failed;
    }));
    ASSERT_TRUE(eventually([&] { return is_adopted(next.id); })) << "it has its turn";
    // Between two tries the store has nothing of it, so that retention waits for nothing.
    EXPECT_TRUE(eventually([&] { return !held(*running->store, failing); }));
    store.refuse(0);
    ASSERT_TRUE(eventually([&] { return is_adopted(failing.id); }));
    EXPECT_TRUE(eventually([&] { return filling.progress().empty(); }));
    filling.stop();
    running->pipeline->stop();
    running->journal->close();
    expect_as_from_the_beginning(*running->store, {failing, next});
}

TEST_F(BackfillTest, OneThatHasFailedIsRetriedWhenSomebodyAsks) {
    prepare(3'000);
    const std::vector<MetricDefinition> metrics = user_metrics();
    const auto running = run(directory_.path(), with_built_in(metrics));
    ASSERT_NE(running, nullptr);
    FullStore store(*running->store);
    BackfillOptions options = small_steps();
    options.failed_after = std::chrono::milliseconds(0);
    options.again_after = std::chrono::hours(10);  // nobody but the test
    Backfills filling(*running->journal, store, *running->pipeline, system_clock(), listener(), options);
    const auto has_failed = [&] {
        const auto progress = filling.progress();
        return progress.size() == 1 && progress[0].failed && progress[0].failure;
    };
    for (const MetricDefinition& metric : metrics) {
        store.refuse(metric.id, 5);  // some of it is in when it fails
        const int before = store.refusals();
        filling.add(metric);
        ASSERT_TRUE(eventually(has_failed)) << metric.name;
        EXPECT_EQ(held(*running->store, metric), std::nullopt) << "what was filled is removed";
        store.refuse(metric.id);
        filling.retry(metric.id);
        ASSERT_TRUE(eventually([&] { return store.refusals() >= before + 2 && has_failed(); }))
            << metric.name << ": the disk is still full";
        store.refuse(0);
        filling.retry(metric.id);
        filling.retry(metric.id);  // no matter
        ASSERT_TRUE(eventually([&] { return is_adopted(metric.id) && filling.progress().empty(); })) << metric.name;
        filling.retry(metric.id);  // complete: nothing to do
    }
    append_random(*running->journal, 2, 300);
    ASSERT_TRUE(running->settled());
    EXPECT_TRUE(filling.progress().empty());
    filling.stop();
    running->pipeline->stop();
    running->journal->close();
    expect_as_from_the_beginning(*running->store, metrics);
}

// What the journal lost meanwhile is told before anything is committed, for the progress does not say it later.
TEST_F(BackfillTest, TellsWhatIsGoneBeforeItCommits) {
    const MetricDefinition metric = user_metrics()[0];
    MemoryJournal journal;
    const auto opened = open_sqlite_result_store(directory_.path() + "/store.db");
    ASSERT_TRUE(opened.ok());
    FullStore store(**opened);
    const auto pipeline = [&](const std::vector<MetricDefinition>& metrics) {
        auto started = Pipeline::start(journal, store, system_clock(), {}, metrics);
        EXPECT_TRUE(started.ok());
        journal.on_commit([raw = started->get()] { raw->wake(); });
        return std::move(started).value();
    };
    {
        const auto running = pipeline(built_in_metrics());
        append_random(journal, 1, 4'000);
        ASSERT_TRUE(eventually([&] { return running->status().committed == journal.end(); }));
        running->stop();
    }
    const auto progress_in_store = [&]() -> std::optional<PartitionState> {
        const auto snapshot = store.snapshot();
        const auto stored = (*snapshot)->metrics();
        for (const StoredMetric& one : *stored)
            if (one.id == metric.id) return one.backfill;
        return std::nullopt;
    };
    const auto running = pipeline(with_built_in({metric}));
    BackfillOptions options = small_steps();
    options.failed_after = std::chrono::milliseconds(0);
    options.again_after = std::chrono::hours(10);
    options.commit_interval = std::chrono::milliseconds(0);
    std::atomic<bool> in_time{true}, refused{true};
    BackfillListener listening = listener();
    listening.begins = [&, keep = listening.begins](MetricId id, Timestamp from) -> Status {
        const auto progress = progress_in_store();
        if (!progress || progress->watermark) in_time = false;
        if (refused.exchange(false)) return Error::make(ErrorCode::Io, "it cannot be kept");
        return keep(id, from);
    };
    const auto start = [&] {
        return std::make_unique<Backfills>(journal, store, *running, system_clock(), listening, options);
    };
    // It fails with some of it in, the journal loses its beginning, and it is tried again.
    store.refuse(metric.id, 3);
    auto filling = start();
    filling->add(metric);
    ASSERT_TRUE(eventually([&] { return filling->progress().size() == 1 && filling->progress()[0].failed; }));
    EXPECT_TRUE(refused) << "nothing is gone so far";
    journal.forget_before(1'001);
    const Timestamp first = journal.read(1'001, 1).value()->batch[0].received_at;
    filling->retry(metric.id);
    ASSERT_TRUE(eventually([&] { return !refused && filling->progress()[0].failed; }));
    EXPECT_FALSE(progress_in_store()) << "nobody knows when it begins";
    EXPECT_EQ(from_, std::nullopt);
    filling->stop();
    // Now it is kept, and the backfill is stopped in the middle.
    options.failed_after = std::chrono::hours(1);
    store.refuse(metric.id, 2);
    const int before = store.refusals();
    filling = start();
    filling->add(metric);
    ASSERT_TRUE(eventually([&] { return store.refusals() > before; }));
    filling->stop();
    ASSERT_TRUE(progress_in_store() && progress_in_store()->watermark);
    EXPECT_EQ(from_, first);
    EXPECT_TRUE(in_time);
    // What it told is kept by who was told.
    store.refuse(0);
    filling = start();
    filling->add(metric);
    ASSERT_TRUE(eventually([&] { return is_adopted(metric.id); }));
    EXPECT_EQ(from_, first);
    filling->stop();
    running->stop();
}

// Runs the child until it has written `bytes`, then kills it. What it wrote.
std::string run_and_kill(const std::string& directory, std::size_t bytes) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return {};
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl(BACKFILL_CHILD, BACKFILL_CHILD, directory.c_str(), nullptr);
        _exit(127);
    }
    ::close(ends[1]);
    std::string text;
    for (bool killed = false;;) {
        if (text.size() >= bytes && !killed) {
            kill(child, SIGKILL);
            killed = true;
        }
        pollfd ready{ends[0], POLLIN, 0};
        if (poll(&ready, 1, 60'000) <= 0) break;
        char buffer[4096];
        const ssize_t got = read(ends[0], buffer, sizeof buffer);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    kill(child, SIGKILL);
    ::close(ends[0]);
    waitpid(child, nullptr, 0);
    return text;
}

TEST_F(BackfillTest, SurvivesBeingKilled) {
    prepare(4'000);
    std::mt19937 random(5);
    int kills = 0;
    for (; kills < 60; ++kills) {
        const std::string text = run_and_kill(directory_.path(), 40 + random() % 500);
        if (text.find("all\n") != std::string::npos) break;
        ASSERT_NE(text.find(' '), std::string::npos) << text;
    }
    EXPECT_GE(kills, 3);
    const std::vector<MetricDefinition> metrics = user_metrics();
    const auto running = run(directory_.path(), with_built_in(metrics));
    ASSERT_NE(running, nullptr);
    const auto filling = backfills(*running);
    for (const MetricDefinition& metric : metrics)
        for (const MetricId missing : running->pipeline->missing())
            if (metric.id == missing) filling->add(metric);
    ASSERT_TRUE(eventually([&] { return filling->progress().empty(); }, std::chrono::seconds(60)));
    append_random(*running->journal, 9, 200);
    ASSERT_TRUE(running->settled());
    filling->stop();
    running->pipeline->stop();
    running->journal->close();
    expect_as_from_the_beginning(*running->store, metrics);
}

}  // namespace
}  // namespace streamgauge::test
