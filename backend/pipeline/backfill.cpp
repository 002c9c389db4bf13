// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/backfill.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/log.h"
#include "journal/journal.h"
#include "pipeline/backfill_walk.h"
#include "pipeline/pipeline.h"

namespace streamgauge {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kNiceness = 10;  // ingestion, aggregation and answers come first
constexpr std::chrono::milliseconds kFirstRetry{100};
constexpr std::chrono::milliseconds kLongestRetry{5'000};
constexpr std::chrono::milliseconds kRateInterval{500};

// A metric that has failed, until it is tried again.
struct Failed {
    MetricDefinition definition;
    Error error;
    SteadyClock::time_point again_at;
};

struct Removal {
    MetricId metric = 0;
    std::function<void(Status)> done;
};

}  // namespace

struct Backfills::Impl : std::enable_shared_from_this<Backfills::Impl> {
    Impl(Journal& journal_in, ResultStore& store_in, Pipeline& pipeline_in, const Clock& clock_in,
         BackfillListener listener_in, BackfillOptions options_in)
        : journal(journal_in),
          store(store_in),
          pipeline(pipeline_in),
          clock(clock_in),
          listener(std::move(listener_in)),
          options(options_in) {}

    Journal& journal;
    ResultStore& store;
    Pipeline& pipeline;
    const Clock& clock;
    const BackfillListener listener;
    const BackfillOptions options;

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<MetricDefinition> waiting;  // guarded by mutex; the first is at hand
    std::vector<Removal> removals;         // guarded by mutex
    std::vector<Failed> failed;            // guarded by mutex
    BackfillProgress shown;                // guarded by mutex; of the first
    std::optional<Status> adoption;        // guarded by mutex; its outcome
    std::uint64_t adoption_number = 0;     // guarded by mutex; of the last one that was asked for
    bool stopping = false;                 // guarded by mutex

    // ---- the thread's own -------------------------------------------------------------------------------------------
    std::optional<BackfillWalk> walk;
    bool adopting = false;
    std::optional<Timestamp> told;  // to listener.begins, of the walk
    SteadyClock::time_point last_commit{};
    std::optional<SteadyClock::time_point> retry_at;
    std::chrono::milliseconds backoff{0};
    std::optional<std::int64_t> failing_since;  // by `clock`
    std::set<MetricId> doubtful;                // have failed, and have not committed anything since
    Offset rate_from = 0;
    std::int64_t rate_since = 0;
    std::thread thread;

    void run();
    bool wait(std::vector<Removal>& gone, std::optional<Status>& outcome, std::optional<MetricDefinition>& first);
    void remove(Removal& removal, bool at_hand);
    void step(const MetricDefinition& definition);
    void begin(const MetricDefinition& definition);
    Status tell_beginning(MetricId metric);
    Status commit(MetricId metric);
    void ask_to_adopt();
    void finish(MetricId metric);
    void abandon();
    void fail(const MetricDefinition& definition, const Error& error);
    void give_up(const MetricDefinition& definition, const Error& error);
    void proceed(MetricId metric);
    void show();
};

// Waits for something to do; false when the thread ends.
bool Backfills::Impl::wait(std::vector<Removal>& gone, std::optional<Status>& outcome,
                           std::optional<MetricDefinition>& first) {
    std::unique_lock lock(mutex);
    const auto news = [this] { return stopping || !removals.empty() || (adopting && adoption); };
    const auto any = [&] { return news() || (!adopting && !waiting.empty()); };
    std::optional<SteadyClock::time_point> next;
    for (const Failed& one : failed) next = std::min(next.value_or(one.again_at), one.again_at);
    if (retry_at)
        changed.wait_until(lock, *retry_at, news);
    else if (next)
        changed.wait_until(lock, *next, any);
    else
        changed.wait(lock, any);
    std::erase_if(failed, [this](Failed& one) {
        if (SteadyClock::now() < one.again_at) return false;
        waiting.push_back(std::move(one.definition));
        return true;
    });
    gone.swap(removals);
    if (adopting) outcome = std::exchange(adoption, std::nullopt);
    if (!waiting.empty()) first = waiting.front();
    return !stopping;
}

void Backfills::Impl::run() {
    pthread_setname_np(pthread_self(), "backfill");
    // On Linux a thread has a niceness of its own.
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
    for (;;) {
        std::vector<Removal> gone;
        std::optional<Status> outcome;
        std::optional<MetricDefinition> first;
        const bool going = wait(gone, outcome, first);
        if (!going) {
            for (Removal& removal : gone) removal.done(Error::make(ErrorCode::Unavailable, "the server stops"));
            abandon();
            return;
        }
        for (Removal& removal : gone) {
            const bool at_hand = first && first->id == removal.metric;
            remove(removal, at_hand);
            if (at_hand) first.reset();
        }
        if (!first) continue;
        if (outcome) {
            adopting = false;
            if (*outcome) {
                finish(first->id);
            } else {
                fail(*first, outcome->error());
            }
            continue;
        }
        if (adopting || (retry_at && SteadyClock::now() < *retry_at)) continue;
        retry_at.reset();
        step(*first);
    }
}

void Backfills::Impl::remove(Removal& removal, bool at_hand) {
    if (at_hand) abandon();
    {
        const std::lock_guard lock(mutex);
        std::erase_if(waiting, [&](const MetricDefinition& one) { return one.id == removal.metric; });
        std::erase_if(failed, [&](const Failed& one) { return one.definition.id == removal.metric; });
        if (at_hand) shown = {};
    }
    doubtful.erase(removal.metric);
    pipeline.drop(removal.metric, std::move(removal.done));
}

// Forgets what is at hand; the store has its progress.
void Backfills::Impl::abandon() {
    walk.reset();
    retry_at.reset();
    failing_since.reset();
    backoff = std::chrono::milliseconds{0};
    rate_from = 0;
    adopting = false;
    const std::lock_guard lock(mutex);
    ++adoption_number;
    adoption.reset();
}

void Backfills::Impl::fail(const MetricDefinition& definition, const Error& error) {
    walk.reset();
    const std::int64_t now = clock.monotonic_nanos();
    if (!failing_since) failing_since = now;
    if (doubtful.count(definition.id) != 0 || std::chrono::nanoseconds(now - *failing_since) >= options.failed_after)
        return give_up(definition, error);
    backoff = std::clamp(backoff * 2, kFirstRetry, kLongestRetry);
    retry_at = SteadyClock::now() + backoff;
    log::warning("backfill_failure", "filling a metric is tried again",
                 {{"metric", definition.name}, {"error", error.describe()}});
    const std::lock_guard lock(mutex);
    shown.failure = error;
}

void Backfills::Impl::give_up(const MetricDefinition& definition, const Error& error) {
    log::error("backfill_failed",
               "a metric cannot be filled: the journal keeps no events for it, and it is tried anew later",
               {{"metric", definition.name}, {"error", error.describe()}});
    // Where even that fails the spans stay: the store's failure keeps them anyway.
    if (Status dropped = store.drop(pipeline.epoch(), definition.id); !dropped)
        log::warning("backfill_failure", "what was filled of a metric cannot be removed",
                     {{"metric", definition.name}, {"error", dropped.error().describe()}});
    abandon();
    doubtful.insert(definition.id);
    const std::lock_guard lock(mutex);
    std::erase_if(waiting, [&](const MetricDefinition& one) { return one.id == definition.id; });
    failed.push_back({definition, error, SteadyClock::now() + options.again_after});
    shown = {};
}

// A commit is in.
void Backfills::Impl::proceed(MetricId metric) {
    last_commit = SteadyClock::now();
    backoff = std::chrono::milliseconds{0};
    failing_since.reset();
    doubtful.erase(metric);
    const std::lock_guard lock(mutex);
    shown.failure.reset();
}

void Backfills::Impl::begin(const MetricDefinition& definition) {
    BackfillWalk::Limits limits;
    limits.rows = options.rows;
    Result<BackfillWalk> started = BackfillWalk::start(journal, store, pipeline.epoch(), definition, limits);
    if (!started) return fail(definition, started.error());
    walk.emplace(std::move(started).value());
    told.reset();
    last_commit = SteadyClock::now();
    rate_from = walk->next();
    rate_since = clock.monotonic_nanos();
    const std::lock_guard lock(mutex);
    if (shown.metric != definition.id) {
        shown = {};
        shown.metric = definition.id;
        shown.begin = std::min(walk->next(), journal.begin());
    }
    shown.next = walk->next();
}

void Backfills::Impl::step(const MetricDefinition& definition) {
    if (!walk) begin(definition);
    if (!walk) return;
    if (walk->complete()) return finish(definition.id);
    const Offset goal = pipeline.status().next;
    const bool near = goal <= walk->next() + options.gap_events;
    if (!near) {
        if (Status done = walk->advance(goal, options.read_events); !done) {
            // What is known so far is kept; a set that cannot be read now may be read after a commit.
            if (Status kept = walk->has_changes() ? commit(definition.id) : Status(); !kept)
                return fail(definition, kept.error());
            return fail(definition, done.error());
        }
    }
    const auto now = SteadyClock::now();
    if (walk->has_changes() && (near || walk->overfull() || now - last_commit >= options.commit_interval)) {
        if (Status done = commit(definition.id); !done) return fail(definition, done.error());
        proceed(definition.id);
    }
    show();
    if (!near) return;
    if (Status told_it = tell_beginning(definition.id); !told_it) return fail(definition, told_it.error());
    ask_to_adopt();
}

// The store's progress does not say it, and has none any more when the metric is complete: who is told keeps it.
Status Backfills::Impl::tell_beginning(MetricId metric) {
    const std::optional<Timestamp> from = walk->begins_at();
    if (!from || from == told) return {};
    if (Status kept = listener.begins(metric, *from); !kept) return kept;
    told = from;
    return {};
}

Status Backfills::Impl::commit(MetricId metric) {
    if (Status kept = tell_beginning(metric); !kept) return kept;
    return walk->commit();
}

void Backfills::Impl::show() {
    const std::int64_t now = clock.monotonic_nanos();
    const std::int64_t past = now - rate_since;
    const Offset end = journal.end();
    const std::lock_guard lock(mutex);
    shown.next = walk->next();
    shown.end = end;
    if (past < std::chrono::nanoseconds(kRateInterval).count()) return;
    shown.events_per_second = static_cast<double>(walk->next() - rate_from) * 1e9 / static_cast<double>(past);
    rate_from = walk->next();
    rate_since = now;
}

void Backfills::Impl::ask_to_adopt() {
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex);
        adoption.reset();
        number = ++adoption_number;
    }
    adopting = true;
    const PartitionState at = walk->state();
    MetricAggregation metric = walk->take();
    walk.reset();
    pipeline.adopt(std::move(metric), at, [self = shared_from_this(), number](Status status) {
        {
            const std::lock_guard lock(self->mutex);
            if (number != self->adoption_number) return;  // it was given up meanwhile
            self->adoption = std::move(status);
        }
        self->changed.notify_all();
    });
}

void Backfills::Impl::finish(MetricId metric) {
    abandon();
    // First, so that who sees no progress any more finds the metric adopted.
    listener.adopted(metric);
    const std::lock_guard lock(mutex);
    std::erase_if(waiting, [metric](const MetricDefinition& one) { return one.id == metric; });
    shown = {};
}

Backfills::Backfills(Journal& journal, ResultStore& store, Pipeline& pipeline, const Clock& clock,
                     BackfillListener listener, BackfillOptions options)
    : impl_(std::make_shared<Impl>(journal, store, pipeline, clock, std::move(listener), options)) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

Backfills::~Backfills() {
    stop();
}

void Backfills::add(MetricDefinition definition) {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->waiting.push_back(std::move(definition));
    }
    impl_->changed.notify_all();
}

void Backfills::remove(MetricId metric, std::function<void(Status)> done) {
    {
        const std::lock_guard lock(impl_->mutex);
        if (!impl_->stopping) {
            impl_->removals.push_back({metric, std::move(done)});
            done = nullptr;
        }
    }
    if (done)
        done(Error::make(ErrorCode::Unavailable, "the server stops"));
    else
        impl_->changed.notify_all();
}

void Backfills::retry(MetricId metric) {
    {
        const std::lock_guard lock(impl_->mutex);
        std::erase_if(impl_->failed, [&](Failed& one) {
            if (one.definition.id != metric) return false;
            impl_->waiting.push_back(std::move(one.definition));
            return true;
        });
    }
    impl_->changed.notify_all();
}

std::vector<BackfillProgress> Backfills::progress() const {
    const Offset begin = impl_->journal.begin(), end = impl_->journal.end();
    std::vector<BackfillProgress> all;
    const std::lock_guard lock(impl_->mutex);
    for (const MetricDefinition& one : impl_->waiting) {
        BackfillProgress progress;
        if (one.id == impl_->shown.metric) {
            progress = impl_->shown;
        } else {
            progress.metric = one.id;
            progress.begin = progress.next = begin;
        }
        progress.end = std::max(end, progress.next);
        all.push_back(std::move(progress));
    }
    for (const Failed& one : impl_->failed) {
        BackfillProgress progress;
        progress.metric = one.definition.id;
        progress.begin = progress.next = begin;
        progress.end = end;
        progress.failure = one.error;
        progress.failed = true;
        all.push_back(std::move(progress));
    }
    return all;
}

void Backfills::stop() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->changed.notify_all();
    if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace streamgauge
