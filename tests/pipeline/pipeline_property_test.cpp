// SPDX-License-Identifier: GPL-3.0-or-later
// Everything between the door and the results, real: random events, repeats among them, through the journal, a pipeline
// that is killed and started again, and the store; against the oracle, and against a replay from zero.
#include <gmock/gmock.h>

#include "journal/journal_snapshot.h"
#include "pipeline/logged_run.h"
#include "pipeline/replay.h"

namespace streamgauge::test {
namespace {

using oracle::Event;
using oracle::Metric;

void expect_what_the_oracle_says(const LoggedRun& run, const std::vector<Metric>& metrics,
                                 const std::vector<Event>& sent) {
    const std::vector<Event> log = oracle::without_repeats(sent);
    const auto snapshot = open_result_store_readonly(run.store_path());
    ASSERT_TRUE(snapshot.ok());
    const PartitionState state = (*snapshot)->state().value();
    const auto stored = (*snapshot)->metrics().value();
    EXPECT_EQ(state.next, log.size() + 1);
    for (const Metric& metric : metrics) {
        const oracle::Results expected = oracle::evaluate(metric, log);
        EXPECT_EQ(state.log_clock.micros, expected.log_clock);
        EXPECT_EQ(state.watermark->micros, expected.watermark);
        EXPECT_EQ(state.system, expected.system);
        EXPECT_EQ(state.aggregated + state.too_late + state.system, log.size());
        const auto counters =
            std::find_if(stored.begin(), stored.end(), [&](const auto& m) { return m.id == metric.id; });
        ASSERT_NE(counters, stored.end());
        EXPECT_EQ(counters->counters.too_late, expected.too_late) << metric.name;
        oracle::expect_equal(metric, expected, held_in(**snapshot, oracle::definition_of(metric), state.log_clock));
    }
}

TEST(PipelineProperty, EveryResultIsWhatTheOracleSaysAndWhatAReplayGives) {
    for (const std::uint64_t seed : oracle::seeds(1)) {
        SCOPED_TRACE("STREAMGAUGE_SEED=" + std::to_string(seed));
        const std::vector<Event> sent = oracle::random_log(seed, {.events = 1'500});
        const std::vector<Metric> metrics = oracle::test_metrics();
        LoggedRun run(definitions_of(metrics), seed);
        run.open();
        run.send(sent);
        ASSERT_FALSE(HasFatalFailure());
        run.flush();
        run.close();
        expect_what_the_oracle_says(run, metrics, sent);
        if (HasFailure()) return;

        // From zero, at once.
        const ResultDigest live = run.digest();
        EXPECT_THAT(live.left_out, ::testing::IsEmpty());
        const std::string path = run.directory() + "/again.db";
        {
            auto journal = JournalSnapshot::open(run.directory());
            ASSERT_TRUE(journal.ok());
            auto store = open_sqlite_result_store(path);
            ASSERT_TRUE(store.ok());
            const auto state = replay(**journal, **store, run.definitions());
            ASSERT_TRUE(state.ok()) << state.error().describe();
            EXPECT_EQ(state->next, (*journal)->end());
        }
        const auto snapshot = open_result_store_readonly(path);
        const auto again = digest_results(**snapshot, run.definitions());
        ASSERT_TRUE(again.ok());
        EXPECT_EQ(again->sha256, live.sha256);
        EXPECT_EQ(again->users_sha256, live.users_sha256);
        for (std::size_t i = 0; i < live.tables.size() && i < again->tables.size(); ++i)
            EXPECT_EQ(again->tables[i].sha256, live.tables[i].sha256)
                << "metric " << live.tables[i].metric << " tier " << int{live.tables[i].tier};
    }
}

}  // namespace
}  // namespace streamgauge::test
