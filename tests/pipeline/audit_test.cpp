// SPDX-License-Identifier: GPL-3.0-or-later
// Audits find what was planted and nothing else, beside a running pipeline, and for events that retention has removed.
#include "pipeline/audit.h"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/sqlite.h"
#include "journal/journal_snapshot.h"
#include "journal/span_file.h"
#include "pipeline/baseline.h"
#include "pipeline/logged_run.h"
#include "pipeline/span_release.h"

namespace streamgauge::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

AuditReport audited(const LoggedRun& run) {
    AuditOptions options;
    options.directory = run.directory();
    options.definitions = run.definitions();
    for (int tries = 0;; ++tries) {
        auto report = audit(options);
        if (!report.ok() && report.error().code == ErrorCode::Unavailable && tries < 20) continue;
        EXPECT_TRUE(report.ok()) << report.error().describe();
        // Nothing is left behind.
        for (const auto& file : std::filesystem::directory_iterator(run.directory()))
            EXPECT_FALSE(file.path().filename().string().starts_with("audit-")) << file.path();
        return report.ok() ? std::move(report).value() : AuditReport{};
    }
}

std::string told(const AuditReport& report) {
    std::string out = "decoded " + std::to_string(report.decoded_difference) + " accepted " +
                      std::to_string(report.accepted_difference) + " states " + std::to_string(report.states_agree) +
                      " users " + std::to_string(report.user_differences) + "\n";
    for (const ResultDifference& d : report.differences)
        out += std::to_string(d.metric) + " tier " + std::to_string(d.tier) + " window " + std::to_string(d.window) +
               " stored " + d.stored.value_or("-") + " recomputed " + d.recomputed.value_or("-") + "\n";
    for (const std::string& fault : report.seal_faults) out += fault + "\n";
    for (const std::string& remark : report.not_compared) out += remark + "\n";
    return out;
}

void execute(const std::string& path, const std::string& statement) {
    const auto connection = sql::open(path, false);
    ASSERT_TRUE(connection.ok()) << path;
    const Status done = sql::execute(connection->get(), statement.c_str());
    ASSERT_TRUE(done.ok()) << done.error().describe();
}

const std::vector<oracle::Metric>& metrics() {
    static const std::vector<oracle::Metric> all = oracle::test_metrics();
    return all;
}
MetricId id_of(const std::string& name) {
    for (const oracle::Metric& metric : metrics())
        if (metric.name == name) return metric.id;
    return 0;
}

// A run that has ended, with one fault planted into a copy of it at a time.
class AuditTest : public ::testing::Test {
protected:
    static void fill(LoggedRun& run, std::size_t events = 500, std::int64_t step = 4'000'000) {
        run.open();
        run.send(oracle::random_log(5, {.events = events, .step_micros = step}), 0);
        run.flush();
        run.close();
    }
};

TEST_F(AuditTest, FindsNothingWhereNothingIsWrong) {
    LoggedRun run(definitions_of(metrics()), 1);
    fill(run);
    const AuditReport report = audited(run);
    EXPECT_TRUE(report.clean()) << told(report);
    EXPECT_EQ(report.compared_to, report.journal_end);
    EXPECT_EQ(report.in_flight, 0U);
    EXPECT_GT(report.journal.duplicate, 0U);
    EXPECT_GT(report.users, 0U);
    EXPECT_THAT(report.not_compared, IsEmpty());
    std::uint64_t rows = 0;
    for (const AuditedTable& table : report.tables) rows += table.comparison.rows;
    EXPECT_GT(rows, 1'000U);
}

TEST_F(AuditTest, NamesEachKindOfFault) {
    const std::string pages = std::to_string(id_of("pages")), revenue = std::to_string(id_of("revenue")),
                      users = std::to_string(id_of("users")), all_events = std::to_string(id_of("all_events"));
    const struct {
        const char* file;
        std::string statement;
        MetricId metric;
        bool stored, recomputed;
    } faults[] = {
        // A lost row, one too many, one that was counted twice, one with other sums, sets.
        {"store.db",
         "DELETE FROM cells WHERE metric = " + pages +
             " AND tier = 1 AND window = (SELECT max(window) FROM "
             "cells WHERE metric = " +
             pages + " AND tier = 1)",
         id_of("pages"), false, true},
        {"store.db",
         "INSERT INTO cells SELECT metric, tier, window, x'6e6f626f6479', value, count, late, text FROM "
         "cells WHERE metric = " +
             all_events + " AND tier = 3 LIMIT 1",
         id_of("all_events"), true, false},
        {"store.db",
         "UPDATE cells SET value = value * 2, count = count * 2 WHERE metric = " + all_events + " AND tier = 3",
         id_of("all_events"), true, true},
        {"store.db", "UPDATE cells SET value = value + 1 WHERE metric = " + revenue + " AND tier = 2", id_of("revenue"),
         true, true},
        {"store.db",
         "DELETE FROM sets WHERE metric = " + users +
             " AND tier = 2 AND window = (SELECT max(window) FROM "
             "sets WHERE metric = " +
             users + " AND tier = 2)",
         id_of("users"), false, true},
        {"store.db", "UPDATE sets SET data = x'0102030405' WHERE metric = " + users + " AND tier = 2", id_of("users"),
         true, true},
        {"store.db", "UPDATE metrics SET too_late = too_late + 1 WHERE metric = " + pages, id_of("pages"), true, true},
        // An event that was changed in the journal after it was counted.
        {"journal-00000000000000000001.db",
         "UPDATE event SET user_id = 'somebody else' WHERE \"offset\" = (SELECT "
         "max(\"offset\") FROM event WHERE user_id <> '' AND project <> '_system')",
         id_of("users"), true, true},
    };
    LoggedRun run(definitions_of(metrics()), 1);
    fill(run, 300);
    for (const auto& fault : faults) {
        SCOPED_TRACE(fault.statement);
        const std::string path = run.directory() + "/" + fault.file, kept = run.directory() + "/kept";
        std::filesystem::copy_file(path, kept);
        execute(path, fault.statement);
        const AuditReport report = audited(run);
        EXPECT_FALSE(report.clean());
        EXPECT_THAT(report.differences, Contains(Field(&ResultDifference::metric, fault.metric))) << told(report);
        for (const ResultDifference& d : report.differences) {
            if (d.metric != fault.metric) continue;
            EXPECT_EQ(d.stored.has_value(), fault.stored) << told(report);
            EXPECT_EQ(d.recomputed.has_value(), fault.recomputed) << told(report);
            break;
        }
        for (const char* const suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
        std::filesystem::rename(kept, path);
    }
    EXPECT_TRUE(audited(run).clean());
}

TEST_F(AuditTest, LedgersAndUsersCountToo) {
    LoggedRun run(definitions_of(metrics()), 1);
    fill(run, 300);
    execute(run.store_path(), "UPDATE partition SET aggregated = aggregated - 1");
    execute(run.store_path(), "DELETE FROM users WHERE user_id = (SELECT max(user_id) FROM users)");
    execute(run.directory() + "/journal-00000000000000000001.db", "UPDATE totals SET duplicate = duplicate + 3");
    const AuditReport report = audited(run);
    EXPECT_FALSE(report.clean());
    EXPECT_EQ(report.decoded_difference, -3);
    EXPECT_EQ(report.accepted_difference, 1);
    EXPECT_FALSE(report.states_agree);
    EXPECT_EQ(report.user_differences, 1U);
    EXPECT_THAT(report.differences, IsEmpty());
}

TEST_F(AuditTest, ManyDifferencesAreCountedAndSomeListed) {
    LoggedRun run(definitions_of(metrics()), 1);
    fill(run, 1'500, 1'000'000);
    execute(run.store_path(), "UPDATE cells SET count = count + 1");
    const AuditReport report = audited(run);
    EXPECT_THAT(report.differences, SizeIs(kListedDifferences));
    EXPECT_GT(report.difference_count, kListedDifferences);
}

TEST_F(AuditTest, BesideARunningPipelineUnderLoadItIsClean) {
    LoggedRun run(definitions_of(metrics()), 1);
    run.open();
    const std::vector<oracle::Event> sent = oracle::random_log(8, {.events = 4'000});
    std::atomic<bool> done{false};
    std::thread load([&] {
        run.send(sent, 0);
        done = true;
    });
    int audits = 0;
    do {
        const AuditReport report = audited(run);
        EXPECT_TRUE(report.clean()) << told(report);
        ++audits;
    } while (!done && audits < 50);
    load.join();
    run.flush();
    const AuditReport report = audited(run);
    EXPECT_TRUE(report.clean()) << told(report);
    EXPECT_EQ(report.compared_to, oracle::without_repeats(sent).size() + 1);
    run.close();
}

// ---- events that retention has removed -----------------------------------------------------------------------------

class RetentionAuditTest : public AuditTest {
protected:
    // Some days, of which the journal keeps the last two.
    static void fill_days(LoggedRun& run, bool with_baseline, unsigned restarts_in = 0) {
        SpanRelease release(run.directory());
        run.journal_options().retention_days = 1;
        std::unique_ptr<ResultStore> reading;
        run.open();
        if (with_baseline) {
            auto store = open_sqlite_result_store(run.store_path());
            ASSERT_TRUE(store.ok());
            reading = std::move(store).value();
            release.attach(*reading, [&run] { return run.definitions(); });
            run.close();
            run.journal_options().before_unlink = [&release](const Seal& seal) { return release.before_unlink(seal); };
            run.open();
        }
        run.send(oracle::random_log(6, {.events = 700, .step_micros = 20 * kMinuteMicros}), restarts_in);
        run.flush();
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        for (Offset before = 0;;) {
            run.journal().tend_retention();
            const Offset begin = run.journal().begin();
            if (begin != before) {
                before = begin;
            } else if (begin > 1 && run.clock().now().micros - first_kept(run) < 4 * kDayMicros) {
                break;
            }
            if (std::chrono::steady_clock::now() > until) FAIL() << "retention removes nothing";
            std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between two looks, until a deadline
        }
        release.stop();
        run.close();
    }
    static std::int64_t first_kept(LoggedRun& run) {
        const auto run_of_events = run.journal().read(run.journal().begin(), 1);
        return run_of_events.ok() && *run_of_events ? (*run_of_events)->batch[0].received_at.micros : 0;
    }
    static std::string newest_span(const LoggedRun& run) {
        Offset newest = 0;
        for (const auto& file : std::filesystem::directory_iterator(run.directory()))
            newest = std::max(newest, SpanFile::first_from_name(file.path().filename().string()).value_or(0));
        return run.directory() + "/" + SpanFile::name(newest);
    }
};

TEST_F(RetentionAuditTest, TheBaselineStandsForWhatIsGone) {
    LoggedRun run(definitions_of(metrics()), 3);
    fill_days(run, true, 12);
    const AuditReport report = audited(run);
    EXPECT_TRUE(report.clean()) << told(report);
    EXPECT_GT(report.journal_begin, 1U);
    EXPECT_FALSE(report.seals.empty());
    EXPECT_FALSE(report.comparable_from.has_value());
    EXPECT_EQ(report.left_out, 0U);

    // A lost row of a window whose events are all gone.
    const std::string id = std::to_string(id_of("all_events"));
    execute(run.store_path(), "DELETE FROM cells WHERE metric = " + id +
                                  " AND tier = 3 AND window = (SELECT min(window) "
                                  "FROM cells WHERE metric = " +
                                  id + " AND tier = 3)");
    const AuditReport lost = audited(run);
    EXPECT_FALSE(lost.clean());
    EXPECT_THAT(lost.differences, Contains(AllOf(Field(&ResultDifference::metric, id_of("all_events")),
                                                 Field(&ResultDifference::stored, std::nullopt))))
        << told(lost);
}

TEST_F(RetentionAuditTest, AStoreThatIsLostBeginsWithTheBaseline) {
    LoggedRun run(definitions_of(metrics()), 8);
    fill_days(run, true);
    ASSERT_TRUE(audited(run).clean());
    const auto without_store = [&run] {
        for (const char* const suffix : {"", "-wal", "-shm"}) std::filesystem::remove(run.store_path() + suffix);
    };
    const auto begin = [&run] {
        const auto journal = JournalSnapshot::open(run.directory());
        EXPECT_TRUE(journal.ok());
        return begin_store_from_baseline(run.directory(), (*journal)->begin(), (*journal)->end());
    };
    EXPECT_FALSE(*begin()) << "there is a store";
    without_store();
    const auto begun = begin();
    ASSERT_TRUE(begun.ok()) << begun.error().describe();
    ASSERT_TRUE(*begun);
    run.journal_options().before_unlink = nullptr;
    run.journal_options().retention_days = 0;
    run.open();
    run.flush();
    run.close();
    const AuditReport report = audited(run);
    EXPECT_TRUE(report.clean()) << told(report);
    EXPECT_FALSE(report.comparable_from.has_value());

    without_store();
    std::filesystem::remove(baseline_list_path(run.directory()));
    EXPECT_FALSE(*begin()) << "there is no baseline";
}

TEST_F(RetentionAuditTest, SealsThatWereChangedAreNamed) {
    LoggedRun run(definitions_of(metrics()), 4);
    fill_days(run, true);
    const std::string newest = newest_span(run);
    const AuditReport before = audited(run);
    ASSERT_GT(before.seals.size(), 1U);
    ASSERT_TRUE(before.clean()) << told(before);
    const std::string first = std::to_string(before.seals[0].first), second = std::to_string(before.seals[1].first);
    const std::string kept = run.directory() + "/kept";
    const auto faults_after = [&](const std::string& path, const std::string& statement) {
        std::filesystem::copy_file(path, kept);
        execute(path, statement);
        const AuditReport report = audited(run);
        EXPECT_FALSE(report.clean()) << statement;
        for (const char* const suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
        std::filesystem::rename(kept, path);
        // What the baseline has too much is named, or shows in the results: it may be on its way to the next span.
        std::vector<std::string> named = report.seal_faults;
        for (const ResultDifference& d : report.differences)
            if (d.metric == id_of("all_events")) named.emplace_back("all_events");
        return named;
    };
    EXPECT_THAT(faults_after(newest, "UPDATE seal SET sha256 = x'00' WHERE first_offset = " + first),
                Contains(HasSubstr("seal of events " + first)));
    EXPECT_THAT(faults_after(newest, "UPDATE seal SET events = events + 1 WHERE first_offset = " + second),
                Contains(HasSubstr("seal of events " + second)));
    EXPECT_THAT(faults_after(newest, "DELETE FROM seal WHERE first_offset = " + first), Contains(HasSubstr("no seal")));
    EXPECT_THAT(
        faults_after(baseline_store_path(run.directory()),
                     "UPDATE cells SET value = value + 1 WHERE metric = " + std::to_string(id_of("all_events"))),
        Contains(HasSubstr("all_events")));
    std::filesystem::rename(baseline_store_path(run.directory()), kept);
    EXPECT_THAT(audited(run).seal_faults, Contains(HasSubstr("baseline.db is missing")));
    std::filesystem::rename(kept, baseline_store_path(run.directory()));
    EXPECT_TRUE(audited(run).clean());
}

TEST_F(RetentionAuditTest, WithoutABaselineItComparesWhatCanBeCompared) {
    LoggedRun run(definitions_of(metrics()), 5);
    fill_days(run, false);
    const AuditReport report = audited(run);
    EXPECT_TRUE(report.clean()) << told(report);
    ASSERT_TRUE(report.comparable_from.has_value());
    EXPECT_GT(report.left_out, 0U);
    std::uint64_t rows = 0;
    for (const AuditedTable& table : report.tables) rows += table.comparison.rows;
    EXPECT_GT(rows, 50U);
    const std::string id = std::to_string(id_of("all_events"));
    execute(run.store_path(), "DELETE FROM cells WHERE metric = " + id +
                                  " AND tier = 1 AND window = (SELECT max(window) "
                                  "FROM cells WHERE metric = " +
                                  id + " AND tier = 1)");
    EXPECT_EQ(audited(run).difference_count, 1U);
}

TEST_F(RetentionAuditTest, NothingGoesThatAMetricStillNeeds) {
    const ScratchDirectory directory;
    SpanRelease release(directory.path());
    const Seal seal{1, 10, 10, std::string(32, '\0')};
    ASSERT_FALSE(release.before_unlink(seal).ok());
    auto store = std::move(open_sqlite_result_store(directory.path() + "/store.db")).value();
    release.attach(*store, [] { return std::vector<MetricDefinition>(); });
    Status status = release.before_unlink(seal);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::Unavailable);
    const Ownership owner = store->acquire().value();
    ResultCommit commit;
    commit.epoch = owner.epoch;
    commit.state.next = 20;
    ASSERT_TRUE(store->commit(commit).ok());
    PartitionState behind;
    behind.next = 7;
    ASSERT_TRUE(store->begin_backfill(owner.epoch, 1'000, behind).ok());
    status = release.before_unlink(seal);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(status.error().message, HasSubstr("1000"));
    release.stop();
}

}  // namespace
}  // namespace streamgauge::test
