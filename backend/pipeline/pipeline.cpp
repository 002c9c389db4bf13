// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/pipeline.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "journal/journal.h"
#include "pipeline/changed_windows.h"
#include "pipeline/flush_queue.h"
#include "pipeline/processing_time.h"
#include "pipeline/projection.h"
#include "pipeline/read_ahead.h"
#include "pipeline/store_writer.h"

namespace streamgauge {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Question = std::function<void(const Projection*)>;

constexpr std::chrono::milliseconds kCatchUpBudget{20};  // how long a question waits for a pipeline that is behind
constexpr std::chrono::milliseconds kFirstRetry{100};
constexpr std::chrono::milliseconds kLongestRetry{5'000};
constexpr Offset kFarBehind = 50'000;  // events from which on a thread reads ahead
constexpr int kFewerWhenBehind = 5;
constexpr std::chrono::milliseconds kFiguresEvery{300};

Error stopped() {
    return Error::make(ErrorCode::Unavailable, "the server is stopping, or another one has taken over");
}

// A metric that is to come or to go.
struct MetricChange {
    MetricId id = 0;
    std::optional<MetricAggregation> adopted;  // nothing: it is dropped
    PartitionState at;
    std::function<void(Status)> done;
};

}  // namespace

struct Pipeline::Impl {
    Impl(Journal& journal_in, ResultStore& store, const Clock& clock_in, PipelineOptions options_in,
         std::vector<MetricDefinition> definitions)
        : journal(journal_in),
          clock(clock_in),
          options(options_in),
          projection(store, std::move(definitions)),
          read_ahead(journal_in, options_in.read_events),
          flushes(options_in.forced_commit),
          writer(store, [this](Status s) {
              {
                  const std::lock_guard lock(mutex);
                  commit_result = std::move(s);
              }
              changed.notify_one();
          }) {}

    Journal& journal;
    const Clock& clock;
    const PipelineOptions options;

    // ---- shared, under mutex ---------------------------------------------------------------------------------------
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Question> inbox;
    std::vector<FlushQueue::Flush> flush_inbox;
    std::vector<MetricChange> change_inbox;
    std::optional<Status> commit_result;
    std::optional<SteadyClock::time_point> stop_by;
    bool closed = false;  // nobody answers any more
    std::function<void(const CommittedChanges&)> listener;
    std::atomic<bool> woken{true};

    mutable std::mutex status_mutex;
    PipelineStatus status;  // guarded by status_mutex
    std::atomic<Offset> next{1};
    std::vector<MetricId> missing;  // as of the start
    std::uint64_t epoch = 0;        // as of the start

    // ---- the pipeline's thread --------------------------------------------------------------------------------------
    Projection projection;
    ProcessingTime processing;
    std::vector<Question> questions;
    SteadyClock::time_point asked_at{};  // of the oldest question
    bool behind = true;                  // the journal may have something that is not applied
    bool fenced = false;
    ReadAhead read_ahead;
    FlushQueue flushes;
    std::vector<MetricChange> changes;  // that wait for their offset, or for a commit to end
    std::vector<std::function<void(Status)>> changed_by_next, changed_by_in_flight;  // told when the commit is in
    std::shared_ptr<const ResultCommit> in_flight;
    SteadyClock::time_point first_change{}, last_change{};
    std::optional<SteadyClock::time_point> retry_commit, retry_read;
    std::chrono::milliseconds backoff{0};
    SteadyClock::time_point figures_at{};

    StoreWriter writer;
    std::thread thread;

    void change(MetricChange&& change);  // any thread
    void run();
    void wait();
    void read();
    void answer(bool give_up);
    void change_metrics();
    void change_metric(MetricChange&& change);
    void start_commit(bool now_or_never);
    void finish_commit(const Status& result);
    void fail(const Error& error, std::string_view what);
    void publish(bool with_figures);
    bool overfull() const { return projection.overfull(options.max_pending_rows); }
    bool may_read() const { return !fenced && !retry_read && !(in_flight != nullptr && overfull()); }
    // When a commit is due, if anything is pending and none is under way.
    SteadyClock::time_point commit_due() const {
        if (overfull() || !changed_by_next.empty()) return first_change;
        // Far behind, fewer and larger commits write the same row less often.
        const auto interval =
            read_ahead.running() ? options.commit_interval * kFewerWhenBehind : options.commit_interval;
        return std::min(first_change + interval, last_change + options.quiet_commit);
    }
};

void Pipeline::Impl::wait() {
    std::unique_lock lock(mutex);
    const auto news = [this] {
        return woken.load(std::memory_order_acquire) || !inbox.empty() || !flush_inbox.empty() ||
               !change_inbox.empty() || commit_result || stop_by;
    };
    if (!(behind && may_read()) && questions.empty()) {
        std::optional<SteadyClock::time_point> until;
        const auto earlier = [&until](SteadyClock::time_point t) { until = until ? std::min(*until, t) : t; };
        if (in_flight == nullptr && !fenced && projection.has_changes()) earlier(commit_due());
        if (retry_commit) earlier(*retry_commit);
        if (retry_read) earlier(*retry_read);
        if (const auto due = flushes.due(projection.next(), projection.committed_next(), in_flight != nullptr))
            earlier(*due);
        if (until)
            changed.wait_until(lock, *until, news);
        else
            changed.wait(lock, news);
    }
    if (woken.exchange(false, std::memory_order_acq_rel)) behind = true;
    if (!inbox.empty()) {
        if (questions.empty()) asked_at = SteadyClock::now();
        std::move(inbox.begin(), inbox.end(), std::back_inserter(questions));
        inbox.clear();
        behind = true;  // whatever was acknowledged before the question shows in the answer
    }
    if (!flush_inbox.empty()) {
        for (FlushQueue::Flush& flush : flush_inbox) flushes.add(std::move(flush));
        flush_inbox.clear();
        behind = true;
    }
    if (!change_inbox.empty()) {
        std::move(change_inbox.begin(), change_inbox.end(), std::back_inserter(changes));
        change_inbox.clear();
        behind = true;
    }
}

void Pipeline::Impl::change(MetricChange&& change) {
    {
        const std::lock_guard lock(mutex);
        if (!closed) {
            change_inbox.push_back(std::move(change));
            change.done = nullptr;
        }
    }
    if (change.done)
        change.done(stopped());
    else
        changed.notify_one();
}

void Pipeline::Impl::run() {
    for (;;) {
        wait();
        std::optional<Status> result;
        std::optional<SteadyClock::time_point> stopping;
        {
            const std::lock_guard lock(mutex);
            result = std::exchange(commit_result, std::nullopt);
            stopping = stop_by;
        }
        const auto now = SteadyClock::now();
        if (result) finish_commit(*result);
        if (retry_read && now >= *retry_read) {
            retry_read.reset();
            behind = true;
        }
        if (behind && may_read()) read();
        answer(false);
        change_metrics();
        flushes.answer(projection.next(), projection.committed_state(), fenced);
        start_commit(stopping.has_value());
        if (!stopping) continue;
        const bool finished = !behind && in_flight == nullptr && !projection.has_changes();
        if (finished || fenced || now >= *stopping) break;
        // stop_by keeps wait() from sleeping: leave the core to the writer.
        if (in_flight != nullptr || retry_read) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    read_ahead.stop();
    answer(true);
    {
        const std::lock_guard lock(mutex);
        closed = true;
        questions.swap(inbox);
        for (FlushQueue::Flush& flush : flush_inbox) flushes.add(std::move(flush));
        flush_inbox.clear();
        std::move(change_inbox.begin(), change_inbox.end(), std::back_inserter(changes));
        change_inbox.clear();
    }
    for (Question& question : questions) question(nullptr);
    questions.clear();
    flushes.close(projection.committed_state());
    for (const MetricChange& change : changes) change.done(stopped());
    changes.clear();
    for (auto* waiting : {&changed_by_in_flight, &changed_by_next}) {
        for (const auto& done : *waiting) done(stopped());
        waiting->clear();
    }
}

// Between two commits, so that what a commit has of a metric is never of two.
void Pipeline::Impl::change_metrics() {
    if (fenced || in_flight != nullptr || changes.empty()) return;
    std::vector<MetricChange> due = std::exchange(changes, {});
    for (MetricChange& change : due) {
        if (change.adopted && change.at.next > projection.next())
            changes.push_back(std::move(change));
        else
            change_metric(std::move(change));
    }
}

void Pipeline::Impl::change_metric(MetricChange&& change) {
    if (change.adopted) {
        const Status adopted =
            projection.adopt(std::move(*change.adopted), change.at,
                             [this](Offset from, std::size_t most) { return journal.read(from, most); });
        if (!adopted) return change.done(adopted);
    } else {
        std::erase_if(changes, [&](const MetricChange& other) {
            if (other.id != change.id) return false;
            other.done(Error::make(ErrorCode::Cancelled, "the metric was dropped"));
            return true;
        });
        projection.drop(change.id);
    }
    changed_by_next.push_back(std::move(change.done));
    first_change = last_change = SteadyClock::now();
}

void Pipeline::Impl::read() {
    if (!read_ahead.running() && journal.end() > projection.next() + kFarBehind) read_ahead.start(projection.next());
    const Result<std::shared_ptr<const CommittedBatch>> found =
        read_ahead.running() ? read_ahead.next(projection.next())
                             : journal.read(projection.next(), options.read_events);
    if (!found) {
        const Error& error = found.error();
        if (error.code == ErrorCode::NotFound && error.offset && *error.offset > projection.next()) {
            log::error("events_not_aggregated", "the journal no longer holds events that were not aggregated",
                       {{"from", std::to_string(projection.next())}, {"to", std::to_string(*error.offset)}});
            projection.skip_to(*error.offset);
            return;
        }
        fail(error, "the journal cannot be read");
        retry_read = SteadyClock::now() + backoff;
        return;
    }
    const CommittedBatch* const batch = found.value().get();
    if (batch == nullptr || batch->batch.empty()) {
        behind = false;
        return;
    }
    if (batch->first > projection.next() || batch->next() <= projection.next()) {
        fail(Error::make(ErrorCode::Corrupt,
                         "the journal gave other events than those at " + std::to_string(projection.next())),
             "the journal is inconsistent");
        retry_read = SteadyClock::now() + backoff;
        return;
    }
    const std::size_t begin = static_cast<std::size_t>(projection.next() - batch->first);
    if (in_flight == nullptr) backoff = std::chrono::milliseconds{0};
    last_change = SteadyClock::now();
    if (!projection.has_changes()) first_change = last_change;
    const Status applied = projection.apply(*batch);
    const std::size_t end = static_cast<std::size_t>(projection.next() - batch->first);
    processing.add(batch->batch, begin, end, clock.now(), clock.monotonic_nanos());
    publish(false);
    if (applied.ok()) return;
    read_ahead.stop();
    // It goes on when that is committed.
    if (projection.has_changes() && projection.overfull(options.max_pending_rows)) return;
    fail(applied.error(), projection.exhausted() ? "the values of a metric need more memory than it may have"
                                                 : "a stored result cannot be read");
    retry_read = SteadyClock::now() + backoff;
}

void Pipeline::Impl::answer(bool give_up) {
    if (questions.empty()) return;
    const bool wait_more = !give_up && behind && may_read() && SteadyClock::now() - asked_at < kCatchUpBudget;
    if (wait_more) return;
    for (Question& question : questions) question(fenced ? nullptr : &projection);
    questions.clear();
}

void Pipeline::Impl::start_commit(bool now_or_never) {
    if (fenced) return;
    if (in_flight != nullptr) {
        if (!retry_commit || SteadyClock::now() < *retry_commit) return;
        retry_commit.reset();
    } else {
        if (!projection.has_changes()) return;
        // When stopping, what is still to be read goes into the same commit.
        const bool forced = flushes.wants_commit(projection.next(), projection.committed_next());
        if (now_or_never ? behind && may_read() : !forced && SteadyClock::now() < commit_due()) return;
        if (forced) flushes.forced();
        in_flight = projection.take_commit();
        changed_by_in_flight = std::exchange(changed_by_next, {});
    }
    writer.write(in_flight);
}

void Pipeline::Impl::finish_commit(const Status& result) {
    if (result.ok()) {
        const auto commit = std::exchange(in_flight, nullptr);
        projection.committed();
        backoff = std::chrono::milliseconds{0};
        const auto now = SteadyClock::now();
        first_change = std::max(first_change, now);  // what came meanwhile gets an interval of its own
        publish(true);
        std::function<void(const CommittedChanges&)> told;
        {
            const std::lock_guard lock(mutex);
            told = listener;
        }
        if (told) told(changes_of(*commit));
        for (const auto& done : std::exchange(changed_by_in_flight, {})) done({});
        return;
    }
    fail(result.error(), "the store refused a commit");
    if (result.error().code == ErrorCode::Conflict)
        fenced = true;  // another owner goes on from here; nothing of ours may be written any more
    else
        retry_commit = SteadyClock::now() + backoff;
}

void Pipeline::Impl::fail(const Error& error, std::string_view what) {
    backoff = std::clamp(backoff * 2, kFirstRetry, kLongestRetry);
    log::error("pipeline_failure", what, {{"error", error.describe()}});
    const std::lock_guard lock(status_mutex);
    status.failure = error;
}

void Pipeline::Impl::publish(bool with_figures) {
    const PartitionState& state = projection.state();
    std::optional<std::vector<MetricFigures>> figures;
    const auto now = SteadyClock::now();
    if (with_figures || now - figures_at >= kFiguresEvery) {
        figures_at = now;
        figures.emplace();
        for (const MetricAggregation& metric : projection.metrics()) figures->push_back(figures_of(metric));
    }
    {
        const std::lock_guard lock(status_mutex);
        status.next = state.next;
        status.committed = projection.committed_next();
        status.state = state;
        status.aggregated = state.aggregated;
        status.too_late = state.too_late;
        status.mean_processing_ms = processing.mean_ms(clock.monotonic_nanos());
        if (figures) status.metrics = std::move(*figures);
        if (backoff.count() == 0 && !fenced) status.failure.reset();
    }
    next.store(state.next, std::memory_order_release);
}

Pipeline::Pipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Pipeline::~Pipeline() {
    stop();
}

Result<std::unique_ptr<Pipeline>> Pipeline::start(Journal& journal, ResultStore& store, const Clock& clock,
                                                  PipelineOptions options, std::vector<MetricDefinition> definitions) {
    auto impl = std::make_unique<Impl>(journal, store, clock, options, std::move(definitions));
    if (const Status loaded = impl->projection.load(); !loaded) return loaded.error();
    impl->missing = impl->projection.missing();
    impl->epoch = impl->projection.epoch();
    if (impl->projection.next() > journal.end()) {
        Error error =
            Error::make(ErrorCode::Corrupt, "the store is at offset " + std::to_string(impl->projection.next()) +
                                                ", and the journal ends at " + std::to_string(journal.end()));
        error.hint = "remove the store's file: it is rebuilt from the journal";
        return error;
    }
    impl->publish(true);
    impl->thread = std::thread([raw = impl.get()] { raw->run(); });
    return std::unique_ptr<Pipeline>(new Pipeline(std::move(impl)));
}

void Pipeline::wake() {
    if (impl_->woken.exchange(true, std::memory_order_acq_rel)) return;
    { const std::lock_guard lock(impl_->mutex); }  // the thread is either before its check or already waiting
    impl_->changed.notify_one();
}

void Pipeline::ask(std::function<void(const Projection*)> question) {
    {
        const std::lock_guard lock(impl_->mutex);
        if (!impl_->closed) {
            impl_->inbox.push_back(std::move(question));
            question = nullptr;
        }
    }
    if (question)
        question(nullptr);
    else
        impl_->changed.notify_one();
}

void Pipeline::flush(std::function<void(Result<PartitionState>)> done) {
    FlushQueue::Flush flush{std::move(done), impl_->journal.end(), SteadyClock::now()};
    {
        const std::lock_guard lock(impl_->mutex);
        if (!impl_->closed) {
            impl_->flush_inbox.push_back(std::move(flush));
            flush.done = nullptr;
        }
    }
    if (flush.done)
        flush.done(stopped());
    else
        impl_->changed.notify_one();
}

void Pipeline::on_commit(std::function<void(const CommittedChanges&)> listener) {
    const std::lock_guard lock(impl_->mutex);
    impl_->listener = std::move(listener);
}

std::vector<MetricId> Pipeline::missing() const {
    return impl_->missing;
}

std::uint64_t Pipeline::epoch() const {
    return impl_->epoch;
}

void Pipeline::adopt(MetricAggregation metric, PartitionState at, std::function<void(Status)> done) {
    const MetricId id = metric.definition().id;
    impl_->change({id, std::move(metric), at, std::move(done)});
}

void Pipeline::drop(MetricId metric, std::function<void(Status)> done) {
    impl_->change({metric, std::nullopt, {}, std::move(done)});
}

PipelineStatus Pipeline::status() const {
    const std::lock_guard lock(impl_->status_mutex);
    return impl_->status;
}

PipelineLag Pipeline::lag() const {
    PipelineLag lag;
    const Offset next = impl_->next.load(std::memory_order_acquire);
    const Offset end = impl_->journal.end();
    if (next >= end) return lag;
    lag.events = end - next;
    const auto oldest = impl_->journal.read(next, 1);
    // A run from the journal's memory may begin earlier.
    if (oldest.ok() && oldest.value() != nullptr && oldest.value()->first <= next && next < oldest.value()->next()) {
        const EventView event = oldest.value()->batch[static_cast<std::size_t>(next - oldest.value()->first)];
        const std::int64_t age = impl_->clock.now().micros - event.received_at.micros;
        lag.seconds = static_cast<double>(std::max<std::int64_t>(age, 0)) / 1e6;
    }
    return lag;
}

void Pipeline::stop(std::chrono::milliseconds deadline) {
    {
        const std::lock_guard lock(impl_->mutex);
        if (!impl_->stop_by) impl_->stop_by = SteadyClock::now() + deadline;
        impl_->woken = true;
    }
    impl_->changed.notify_one();
    if (impl_->thread.joinable()) impl_->thread.join();
    impl_->writer.stop();
}

}  // namespace streamgauge
