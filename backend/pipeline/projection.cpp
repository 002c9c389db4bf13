// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/projection.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "metrics/decimal.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kLastWindow = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kCellBytes = 256 * 1024 * 1024;   // of rows that are not committed
constexpr std::size_t kSetBytes = 128 * 1024 * 1024;    // by which sets may grow between commits
constexpr std::size_t kLoadedBytes = 64 * 1024 * 1024;  // of sets of closed windows, between commits

}  // namespace

Projection::Projection(ResultStore& store, std::vector<MetricDefinition> definitions)
    : store_(store),
      definitions_(std::move(definitions)),
      aggregation_(std::vector<MetricAggregation>()),
      sets_(store) {}

// ---- the start ------------------------------------------------------------------------------------------------------

SetTable::Load Projection::loader() {
    return [this](MetricId metric, const SetKey& key) -> Result<std::optional<SetState>> {
        // What is in memory goes with a commit. One event's sets are always read, so that it gets on.
        if (sets_.loaded_bytes() > kLoadedBytes && state_.next != taken_) {
            exhausted_ = true;
            return Error::make(ErrorCode::Unavailable, "late values for so many sets that they are committed first");
        }
        const auto definition =
            std::find_if(definitions_.begin(), definitions_.end(), [&](const auto& d) { return d.id == metric; });
        assert(definition != definitions_.end());
        return sets_.load(definition->aggregate, metric, key);
    };
}

Status Projection::load() {
    Result<Ownership> acquired = store_.acquire();
    if (!acquired) return acquired.error();
    epoch_ = acquired->epoch;
    state_ = committed_ = acquired->state;
    taken_ = state_.next;
    Result<std::unique_ptr<StoreSnapshot>> snapshot = store_.snapshot();
    if (!snapshot) return snapshot.error();
    const Result<std::vector<StoredMetric>> stored = (*snapshot)->metrics();
    if (!stored) return stored.error();
    if (Status s = make_aggregation(*stored); !s) return s;
    if (Status s = restore_sets(**snapshot); !s) return s;
    live_.start_at(state_.log_clock);
    for (MetricAggregation& metric : aggregation_.metrics()) {
        const MetricId id = metric.definition().id;
        if (!LiveViews::wants(id)) continue;
        metric.watch();
        if (Status s = load_live(**snapshot, id, state_.log_clock); !s) return s;
    }
    set_bytes_taken_ = set_bytes();
    return (*snapshot)->for_each_user([this](UserActivity&& user) { live_.restore(std::move(user)); });
}

Status Projection::make_aggregation(const std::vector<StoredMetric>& stored) {
    std::vector<MetricDefinition> running;
    for (const MetricDefinition& definition : definitions_) {
        const auto found =
            std::find_if(stored.begin(), stored.end(), [&](const StoredMetric& m) { return m.id == definition.id; });
        const bool complete = found != stored.end() ? !found->backfill : state_.next == 1;
        if (complete)
            running.push_back(definition);
        else
            missing_.push_back(definition.id);
    }
    Result<Aggregation> made = Aggregation::make(std::move(running), loader());
    if (!made) return made.error();
    aggregation_ = std::move(made).value();
    for (const StoredMetric& metric : stored) {
        if (metric.backfill) continue;
        if (MetricAggregation* const found = aggregation_.find(metric.id)) {
            found->counters() = metric.counters;
            given_[metric.id].counters = metric.counters;
        } else {
            dropped_.push_back(metric.id);  // it would not be complete any more after the next event
        }
    }
    return {};
}

Status Projection::restore_sets(StoreSnapshot& snapshot) {
    if (!state_.watermark) return {};
    for (MetricAggregation& metric : aggregation_.metrics()) {
        if (metric.sets() == nullptr) continue;
        const MetricDefinition& definition = metric.definition();
        const std::int64_t closed_before = state_.watermark->micros - definition.allowed_lateness_micros;
        for (std::size_t tier = 0; tier < metric.windows().size(); ++tier) {
            const auto number = static_cast<std::uint8_t>(tier);
            Status restored;
            Status read = snapshot.sets(definition.id, number, metric.windows()[tier].start_of(closed_before),
                                        kLastWindow, {}, [&](auto window, auto group, const StoreSnapshot::Set& set) {
                                            Result<SetState> state = SetState::decode(definition.aggregate, set.bytes);
                                            if (!state) {
                                                restored = state.error();
                                                return false;
                                            }
                                            metric.sets()->restore({number, window, group}, std::move(*state));
                                            return true;
                                        });
            if (!read) return read;
            if (!restored) return restored;
        }
    }
    return {};
}

Status Projection::load_live(StoreSnapshot& snapshot, MetricId metric, Timestamp log_clock) {
    return snapshot.cells(metric, 0, LiveViews::from_window(metric, log_clock), kLastWindow, {},
                          [&](auto window, auto group, const Cell& cell) {
                              live_.add(metric, window, group, cell);
                              return true;
                          });
}

// ---- going on -------------------------------------------------------------------------------------------------------

Status Projection::apply(const CommittedBatch& batch) {
    assert(batch.first <= state_.next && state_.next < batch.next());
    const auto begin = static_cast<std::size_t>(state_.next - batch.first);
    const Timestamp clock_before = state_.log_clock;
    Status status = aggregation_.apply(batch.batch, begin, state_);
    sets_.release();
    if (!status.ok())
        if (const std::optional<Error> refusal = refusal_of_sets()) status = *refusal;
    const auto end = static_cast<std::size_t>(state_.next - batch.first);
    if (batch.batch.project() != kSystemProject) live_.add_events(batch.batch, begin, end, clock_before);
    for (MetricAggregation& metric : aggregation_.metrics()) feed(metric);
    live_.expire(state_.log_clock);
    return status;
}

std::optional<Error> Projection::refusal_of_sets() {
    for (const MetricAggregation& metric : aggregation_.metrics()) {
        if (metric.sets() == nullptr || !metric.sets()->refuses()) continue;
        exhausted_ = true;
        const auto mib = [](std::size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
        Error error =
            Error::make(ErrorCode::Unavailable, "values of metric " + metric.definition().name + " take " +
                                                    mib(metric.sets()->memory_bytes()) + " of memory and may take " +
                                                    mib(metric.sets()->memory_limit()) + " until they are committed");
        error.hint = "give the metric a larger exact_budget, or group it by fields with fewer values";
        return error;
    }
    return std::nullopt;
}

void Projection::feed(MetricAggregation& metric) {
    const MetricId id = metric.definition().id;
    if (!LiveViews::wants(id)) return;
    metric.take_fresh(
        [&](std::int64_t window, std::string_view group, const Cell& cell) { live_.add(id, window, group, cell); });
}

void Projection::skip_to(Offset next) {
    assert(next > state_.next);
    state_.next = next;
}

// ---- metrics that come and go ---------------------------------------------------------------------------------------

Status Projection::adopt(MetricAggregation metric, const PartitionState& at, const Read& read) {
    assert(in_flight_ == nullptr && at.next <= state_.next);
    const MetricDefinition definition = metric.definition();
    Result<std::unique_ptr<StoreSnapshot>> snapshot = store_.snapshot();
    if (!snapshot) return snapshot.error();
    const Result<std::vector<StoredMetric>> stored = (*snapshot)->metrics();
    if (!stored) return stored.error();
    const auto there = std::find_if(stored->begin(), stored->end(),
                                    [&](const StoredMetric& found) { return found.id == definition.id; });
    if (there == stored->end() || !there->backfill || there->backfill->next != at.next)
        return Error::make(ErrorCode::Conflict, "the store does not have metric " + definition.name + " at offset " +
                                                    std::to_string(at.next));
    const bool watched = LiveViews::wants(definition.id);
    if (watched) {
        metric.watch();
        if (Status s = load_live(**snapshot, definition.id, at.log_clock); !s) return s;
    }
    const MetricCounters counters = there->counters;
    snapshot->reset();

    std::vector<MetricAggregation> alone;
    alone.push_back(std::move(metric));
    Aggregation walk(std::move(alone));
    PartitionState state = at;
    while (state.next < state_.next) {
        const auto run = read(state.next, static_cast<std::size_t>(state_.next - state.next));
        if (!run) return run.error();
        const CommittedBatch* const batch = run->get();
        if (batch == nullptr || batch->first > state.next || batch->next() <= state.next)
            return Error::make(ErrorCode::Corrupt,
                               "the journal gave other events than those at " + std::to_string(state.next));
        // A run from the journal's memory may go beyond.
        const auto begin = static_cast<std::size_t>(state.next - batch->first);
        const auto end = static_cast<std::size_t>(std::min(batch->next(), state_.next) - batch->first);
        EventBatch part(batch->batch.project());
        for (std::size_t i = begin; i < end; ++i) part.add(batch->batch[i]);
        if (Status s = walk.apply(part, 0, state); !s) return s;
    }
    MetricAggregation& arrived = walk.metrics().front();
    if (watched) feed(arrived);
    given_[definition.id].counters = counters;
    given_[definition.id].expired_before.clear();
    definitions_.push_back(definition);
    // Until here each state was read from a snapshot of its own.
    if (arrived.sets() != nullptr) arrived.sets()->read_by(loader());
    aggregation_.adopt(std::move(arrived));
    adopted_.push_back({definition.id, at.next});
    std::erase(missing_, definition.id);
    return {};
}

void Projection::drop(MetricId metric) {
    aggregation_.drop(metric);
    given_.erase(metric);
    std::erase_if(definitions_, [metric](const MetricDefinition& d) { return d.id == metric; });
    std::erase_if(adopted_, [metric](const Adoption& a) { return a.metric == metric; });
    std::erase(missing_, metric);
    dropped_.push_back(metric);
}

// ---- committing -----------------------------------------------------------------------------------------------------

std::size_t Projection::set_bytes() const {
    std::size_t bytes = 0;
    for (const MetricAggregation& metric : aggregation_.metrics())
        if (metric.sets() != nullptr) bytes += metric.sets()->memory_bytes();
    return bytes;
}

bool Projection::overfull(std::size_t most_rows) const {
    std::size_t rows = live_.changed_users(), bytes = 0;
    for (const MetricAggregation& metric : aggregation_.metrics()) {
        rows += metric.rows();
        bytes += metric.memory_bytes();
    }
    return exhausted_ || rows >= most_rows || bytes >= kCellBytes || set_bytes() > set_bytes_taken_ + kSetBytes;
}

std::shared_ptr<const ResultCommit> Projection::take_commit() {
    assert(in_flight_ == nullptr);
    auto commit = std::make_shared<ResultCommit>();
    commit->epoch = epoch_;
    commit->number = ++commits_;
    commit->expected_next = committed_.next;
    commit->state = state_;
    commit->adopted = std::exchange(adopted_, {});
    commit->dropped = std::exchange(dropped_, {});
    for (MetricAggregation& metric : aggregation_.metrics()) take_metric(metric, commit->changes);
    ActivityTracker::Changes changes = live_.take_changes();
    commit->users = std::move(changes.users);
    commit->expired_users = std::move(changes.expired);
    taken_ = state_.next;
    set_bytes_taken_ = set_bytes();
    in_flight_ = std::move(commit);
    return in_flight_;
}

void Projection::take_metric(MetricAggregation& metric, ResultChanges& changes) {
    const MetricDefinition& definition = metric.definition();
    for (CellTable& cells : metric.take_cells(state_.log_clock, state_.watermark))
        changes.cells.push_back(std::move(cells));
    if (metric.sets() != nullptr && metric.sets()->has_changes())
        changes.sets.push_back({definition.id, definition.aggregate, metric.sets()->take_writes()});
    Given& given = given_[definition.id];
    if (given.counters != metric.counters()) {
        given.counters = metric.counters();
        changes.counters.push_back({definition.id, metric.counters()});
    }
    given.expired_before.resize(definition.tiers.size(), kNoWindow);
    for (std::size_t tier = 0; tier < definition.tiers.size(); ++tier) {
        if (definition.tiers[tier].retention_micros == 0) continue;
        const std::int64_t oldest = metric.oldest_kept(tier, state_.log_clock);
        if (oldest == given.expired_before[tier]) continue;
        given.expired_before[tier] = oldest;
        changes.expired.push_back({definition.id, static_cast<std::uint8_t>(tier), definition.aggregate, oldest});
    }
}

void Projection::committed() {
    assert(in_flight_ != nullptr);
    committed_ = in_flight_->state;
    for (MetricAggregation& metric : aggregation_.metrics())
        if (metric.sets() != nullptr) metric.sets()->committed();
    sets_.forget();
    exhausted_ = false;
    in_flight_.reset();
}

// ---- questions ------------------------------------------------------------------------------------------------------

Result<std::uint64_t> Projection::pair_count(std::string_view project, std::string_view user_id,
                                             std::string_view page_url) const {
    Result<std::unique_ptr<StoreSnapshot>> snapshot = store_.snapshot();
    if (!snapshot) return snapshot.error();
    const Result<PartitionState> stored = (*snapshot)->state();
    if (!stored) return stored.error();
    std::int64_t count = 0;
    const auto& metrics = aggregation_.metrics();
    const auto clicks = std::find_if(metrics.begin(), metrics.end(),
                                     [](const auto& m) { return m.definition().id == metric::kPageClicks; });
    const std::vector<std::string_view> asked =
        project.empty() ? live_.projects() : std::vector<std::string_view>{project};
    for (const std::string_view name : asked) {
        std::string group(name);
        group.append(1, kGroupSeparator).append(user_id).append(1, kGroupSeparator).append(page_url);
        const auto cell = (*snapshot)->cell(metric::kPageClicks, 0, kNoWindow, group);
        if (!cell) return cell.error();
        if (cell.value()) count = saturating_add(count, (*cell)->value);
        // The commit in flight may already be in the snapshot that was read: its offset tells.
        if (in_flight_ != nullptr && stored->next < in_flight_->state.next)
            for (const CellTable& table : in_flight_->changes.cells)
                if (table.metric() == metric::kPageClicks)
                    if (const auto part = table.find(kNoWindow, group)) count = saturating_add(count, part->value);
        if (clicks != metrics.end())
            if (const auto part = clicks->pending(kNoWindow, group)) count = saturating_add(count, part->value);
    }
    return static_cast<std::uint64_t>(count);
}

}  // namespace streamgauge
