// SPDX-License-Identifier: GPL-3.0-or-later
// Aggregation of random logs in random pieces, with commits and deaths in between, against the oracle.
#include <gtest/gtest.h>

#include "metrics/aggregation.h"
#include "metrics/event_view.h"
#include "metrics/held_results.h"
#include "metrics/random_log.h"

namespace streamgauge::oracle {
namespace {

// Holds what was committed, by the rules of the store: cells are merged, bytes of sets replaced or added.
struct Committed {
    PartitionState state;
    std::map<MetricId, MetricCounters> counters;
    std::map<MetricId, Held> cells;
    struct Bytes {
        std::vector<std::string> parts;
        std::int64_t late = 0;
    };
    std::map<MetricId, std::map<Key, Bytes>> sets;

    static Result<SetState> decode(Aggregate aggregate, const Bytes& bytes) {
        return SetState::decode(aggregate, {bytes.parts.begin(), bytes.parts.end()});
    }
};

class Walk {
public:
    Walk(const std::vector<Metric>& metrics, const std::vector<Event>& log, std::uint64_t seed)
        : log_(log), random_(seed) {
        for (const Metric& metric : metrics) definitions_.push_back(definition_of(metric));
    }

    void run() {
        start();
        while (state_.next <= log_.size()) {
            step();
            if (::testing::Test::HasFatalFailure()) return;
            if (random_() % 3 == 0) commit();
            if (random_() % 12 == 0) start();  // what was not committed is lost
        }
        commit();
        start();
    }
    const Committed& committed() const { return committed_; }
    Held held(const Metric& metric) {
        Held held = std::move(committed_.cells[metric.id]);
        for (const auto& [key, bytes] : committed_.sets[metric.id]) {
            auto state = Committed::decode(metric.aggregate, bytes);
            EXPECT_TRUE(state.ok());
            if (!state.ok()) continue;
            HeldRow& row = held[key];
            row.late = bytes.late;
            row.set.emplace(std::move(state).value());
        }
        const MetricAggregation* const at_work = aggregation_->find(metric.id);
        std::erase_if(held, [&](const auto& row) {
            const auto tier = static_cast<std::size_t>(std::get<0>(row.first));
            return std::get<1>(row.first) < at_work->oldest_kept(tier, state_.log_clock);
        });
        return held;
    }

    std::uint64_t refusals() const { return refusals_; }

private:
    // As a process that has just begun.
    void start() {
        const auto load = [this](MetricId metric, const SetKey& key) -> Result<std::optional<SetState>> {
            if (random_() % 8 == 0) return Error::make(ErrorCode::Unavailable, "not now");
            const auto& sets = committed_.sets[metric];
            const auto found = sets.find({key.tier, key.window, std::string(key.group)});
            if (found == sets.end()) return std::optional<SetState>();
            auto state = Committed::decode(aggregate_of(metric), found->second);
            if (!state.ok()) return state.error();
            return std::optional<SetState>(std::move(state).value());
        };
        auto made = Aggregation::make(definitions_, load);
        ASSERT_TRUE(made.ok()) << made.error().describe();
        aggregation_.emplace(std::move(made).value());
        state_ = committed_.state;
        for (MetricAggregation& metric : aggregation_->metrics()) {
            const MetricDefinition& definition = metric.definition();
            metric.counters() = committed_.counters[definition.id];
            if (metric.sets() == nullptr || !state_.watermark) continue;
            const std::int64_t closed_before = state_.watermark->micros - definition.allowed_lateness_micros;
            for (const auto& [key, bytes] : committed_.sets[definition.id]) {
                const auto tier = static_cast<std::uint8_t>(std::get<0>(key));
                if (std::get<1>(key) < metric.windows()[tier].start_of(closed_before)) continue;
                auto state = Committed::decode(definition.aggregate, bytes);
                ASSERT_TRUE(state.ok());
                metric.sets()->restore({tier, std::get<1>(key), std::get<2>(key)}, std::move(state).value());
            }
        }
    }

    // A run of events of one project, as long as chance will have it.
    void step() {
        std::size_t at = state_.next - 1;
        const std::size_t most = 1 + random_() % 200;
        EventBatch batch(log_[at].project);
        for (std::size_t n = 0; n < most && at < log_.size() && log_[at].project == batch.project(); ++n, ++at) {
            const Event& e = log_[at];
            batch.add(view_of(e));
        }
        // Sets cannot always be read: it goes on with the event for which they could not.
        const Offset first = state_.next;
        for (;;) {
            const Status applied = aggregation_->apply(batch, static_cast<std::size_t>(state_.next - first), state_);
            if (applied.ok()) break;
            ASSERT_EQ(applied.error().code, ErrorCode::Unavailable) << applied.error().describe();
            ++refusals_;
        }
        ASSERT_EQ(state_.next, at + 1);
    }

    void commit() {
        committed_.state = state_;
        for (MetricAggregation& metric : aggregation_->metrics()) {
            const MetricDefinition& definition = metric.definition();
            committed_.counters[definition.id] = metric.counters();
            for (const CellTable& table : metric.take_cells(state_.log_clock, state_.watermark))
                for (std::size_t i = 0; i < table.size(); ++i) merge(definition, table, table[i]);
            if (metric.sets() == nullptr) continue;
            for (SetWrite& write : metric.sets()->take_writes()) {
                Committed::Bytes& bytes = committed_.sets[definition.id][{write.tier, write.window, write.group}];
                if (write.change.replace) bytes.parts.clear();
                if (write.change.replace || !write.change.bytes.empty())
                    bytes.parts.push_back(std::move(write.change.bytes));
                bytes.late += static_cast<std::int64_t>(write.late);
            }
            metric.sets()->committed();
        }
    }
    void merge(const MetricDefinition& definition, const CellTable& table, const CellTable::Row& row) {
        Held& held = committed_.cells[definition.id];
        const Key key{table.tier(), row.window, std::string(row.group)};
        const auto there = held.find(key);
        Cell cell = row.cell;
        if (there != held.end()) {
            cell = {there->second.value, there->second.count, there->second.late, there->second.text};
            merge_cell(definition.aggregate, cell, row.cell);
        }
        const std::string text(cell.text);
        HeldRow& into = held[key];
        into.value = cell.value;
        into.count = cell.count;
        into.late = cell.late;
        into.text = text;
    }
    Aggregate aggregate_of(MetricId metric) const {
        for (const MetricDefinition& definition : definitions_)
            if (definition.id == metric) return definition.aggregate;
        return Aggregate::Count;
    }

    const std::vector<Event>& log_;
    std::mt19937_64 random_;
    std::uint64_t refusals_ = 0;
    std::vector<MetricDefinition> definitions_;
    std::optional<Aggregation> aggregation_;
    PartitionState state_;
    Committed committed_;
};

TEST(AggregationProperty, EveryAggregateIsWhatTheOracleSays) {
    for (const std::uint64_t seed : seeds(2)) {
        SCOPED_TRACE("STREAMGAUGE_SEED=" + std::to_string(seed));
        const std::vector<Event> log = without_repeats(random_log(seed, {.events = 2'000}));
        const std::vector<Metric> metrics = test_metrics();
        Walk walk(metrics, log, seed);
        walk.run();
        ASSERT_FALSE(HasFatalFailure());
        EXPECT_GT(walk.refusals(), 0U);
        for (const Metric& metric : metrics) {
            const Results expected = evaluate(metric, log);
            const PartitionState& state = walk.committed().state;
            EXPECT_EQ(state.log_clock.micros, expected.log_clock);
            EXPECT_EQ(state.watermark->micros, expected.watermark);
            EXPECT_EQ(state.system, expected.system);
            EXPECT_EQ(state.next, log.size() + 1);
            EXPECT_EQ(walk.committed().counters.at(metric.id).too_late, expected.too_late) << metric.name;
            expect_equal(metric, expected, walk.held(metric));
        }
        if (HasFailure()) return;
    }
}

// What is exact and what is estimated, too, is a function of the log alone.
TEST(AggregationProperty, BudgetsDoNotDependOnPieces) {
    for (const std::uint64_t seed : seeds(0)) {
        SCOPED_TRACE("STREAMGAUGE_SEED=" + std::to_string(seed));
        const std::vector<Event> log = without_repeats(random_log(seed, {.events = 1'500, .users = 900}));
        std::vector<Metric> metrics;
        for (const std::uint64_t budget : {0U, 30U, 300U}) {
            for (Metric metric : test_metrics()) {
                if (!is_set(metric.aggregate)) continue;
                metric.id += static_cast<MetricId>(budget) * 100;
                metric.exact_budget = budget;
                metrics.push_back(std::move(metric));
            }
        }
        std::map<std::pair<MetricId, Key>, std::string> first;
        std::size_t estimated = 0, exact = 0;
        for (std::uint64_t pieces = 0; pieces < 3; ++pieces) {
            Walk walk(metrics, log, seed * 10 + pieces);
            walk.run();
            ASSERT_FALSE(HasFatalFailure());
            std::map<std::pair<MetricId, Key>, std::string> all;
            for (const Metric& metric : metrics)
                for (const auto& [key, row] : walk.held(metric)) {
                    all[{metric.id, key}] = std::to_string(row.late) + ' ' + row.set->canonical();
                    if (metric.aggregate != Aggregate::Percentile) ++(row.set->exact() ? exact : estimated);
                }
            if (pieces == 0) first = all;
            ASSERT_EQ(all.size(), first.size());
            for (const auto& [key, content] : first)
                ASSERT_EQ(all[key], content) << "metric " << key.first << ' ' << printable(key.second);
        }
        EXPECT_GT(estimated, 50U);
        EXPECT_GT(exact, 50U);
    }
}

}  // namespace
}  // namespace streamgauge::oracle
