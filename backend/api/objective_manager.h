// SPDX-License-Identifier: GPL-3.0-or-later
// ObjectiveService over the figures of this server: writes them down slice by slice, evaluates every objective once a
// second, and answers from what it holds.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/analysis_service.h"
#include "api/objective_metric.h"
#include "api/objective_service.h"
#include "api/objective_store.h"
#include "api/service_thread.h"
#include "base/clock.h"

namespace streamgauge::api {

// p95 below 300 ms, fewer than 1 % errors, more than 99 % available, answers fresher than 1 s: over 30 days.
std::vector<slo::Objective> default_objectives();

struct ObjectiveOptions {
    std::string path;                                          // of objectives.db
    std::vector<slo::Objective> first = default_objectives();  // of a fresh install
    std::int64_t kept_micros = 400LL * 86'400'000'000;         // of figures: the longest window
    std::int64_t narrow_micros = 3LL * 86'400'000'000;         // in slices of 10 s; older ones are minutes
    std::uint64_t most_bytes = 1'073'741'824;                  // of the file; the oldest slices go first
    std::size_t most_objectives = 100;
};

// What a change of an alert is told with.
struct ObjectiveAlert {
    slo::Objective objective;
    slo::AlertChange change;
    slo::BurnRule rule;
};

// All must outlive the manager.
struct ObjectiveParts {
    const Clock& clock;
    // What happened since the last call: requests, one sample of freshness, the ledger's change. One thread calls it.
    std::function<slo::SliceFigures()> figures;
    // Of indicators over metrics; nullptr: there are none.
    AnalysisService* analysis = nullptr;
    const query::MetricDirectory* metrics = nullptr;
    // Told of every change in order, on the manager's thread, before the alert's state is durable: what it cannot keep
    // it is told again with the next tick, and after a crash anew. Blocks no longer than a write. May be empty.
    std::function<Status(const ObjectiveAlert&)> changed = {};
    // Whether there is a target of notifications of this name; asked on the manager's threads. Empty: all are there.
    std::function<bool(const std::string&)> has_target = {};
};

// Three threads of its own: one for everything, one for back-tests, one for the past of
// charts and of what is declared. Thread-safe.
class ObjectiveManager final : public ObjectiveService {
public:
    // Blocks until the objectives are read; the history is read on the thread.
    static Result<std::unique_ptr<ObjectiveManager>> open(ObjectiveOptions options, ObjectiveParts parts);
    ~ObjectiveManager() override { stop(); }

    // Takes the figures and evaluates: to be called once a second. Never blocks.
    void tick();
    // Writes the slice at hand. Idempotent.
    void stop();

    // As of the last tick; least budget first.
    std::shared_ptr<const std::vector<ObjectiveStatus>> statuses() const;
    // The file, or its disk, has been refusing what is written; or a metric cannot be asked.
    std::optional<Error> failure() const;

    void list(std::string project, Done<std::vector<ObjectiveStatus>> done) override;
    void history(std::string name, query::TimeRange range, Done<ObjectiveHistory> done) override;
    void put(slo::Objective objective, Done<ObjectiveStatus> done) override;
    void remove(std::string name, Done<bool> done) override;
    void back_test(slo::Objective draft, query::TimeRange range, Attendance attendance, Done<BackTest> done) override;

private:
    struct Watched {
        Watched(KeptObjective from, slo::Objective with_rules, const ObjectiveOptions& options, Timestamp since);
        void count(Timestamp at, const slo::Ratio& counted);
        // Of a metric: what a slice holds instead of what it held.
        void correct(const slo::Slice& slice);
        KeptObjective kept;
        slo::Objective objective;  // with its rules
        slo::SliceSeries series;
        slo::AlertMachine machine;
        std::vector<slo::AlertChange> unsaved;  // since the states were written
        std::size_t told = 0;                   // of those
        Timestamp since;                        // what is older is the past, and not counted
        std::int64_t good = 0, bad = 0;         // since then, with corrections
        ObjectiveCounters counters;             // the most that good and bad were
        std::vector<std::optional<double>> day;
        Timestamp day_at{};
        bool asking = false;                   // a metric's points are on their way
        Timestamp asked_at{}, asked_all_at{};  // the latter for the whole window
        Timestamp answered_at{};               // when what was answered was asked
    };
    ObjectiveManager(ObjectiveOptions options, ObjectiveParts parts, std::unique_ptr<ObjectiveStore> store);

    Status seed();
    void watch(KeptObjective kept);
    void read_history(const std::vector<Watched*>& into);
    void look();
    void take_figures(Timestamp now);
    void write_slice();
    void tend(Timestamp now);
    void ask_metric(Watched& watched, Timestamp now);
    void take_metric(const slo::Objective& asked, Timestamp asked_at, bool all,
                     const Result<std::vector<slo::Slice>>& slices);
    void evaluate(Watched& watched, Timestamp now);
    Status save_changes(Watched& watched);
    void publish(Timestamp now);
    ObjectiveStatus status_of(Watched& watched, Timestamp now);
    std::vector<std::string> warnings_of(const slo::Objective& objective, const slo::SliceSeries& series,
                                         Timestamp now) const;
    ObjectiveHistory history_of(const Watched& watched, query::TimeRange range);
    void add_durations(const slo::Indicator& indicator, ObjectiveHistory& history) const;
    void put_now(slo::Objective objective, const Done<ObjectiveStatus>& done);
    void put_read(KeptObjective kept, slo::SliceSeries series, Timestamp read_to, const Done<ObjectiveStatus>& done);
    Result<bool> remove_now(const std::string& name);
    void finish_back_test(const slo::Objective& draft, query::TimeRange range, const slo::SliceSeries& series,
                          const Attendance& attendance, const Done<BackTest>& done) const;
    void note(const Status& written, const char* doing);
    void note_asked(const std::string& name, const Status& asked);
    template <class T, class Task>
    void post(ServiceThread& thread, Done<T> done, Task task);

    const ObjectiveOptions options_;
    const ObjectiveParts parts_;
    // The thread's own, once there is one.
    std::unique_ptr<ObjectiveStore> store_;
    std::map<std::string, std::unique_ptr<Watched>, std::less<>> watched_;
    slo::SliceFigures pending_;
    Timestamp pending_start_{}, last_{}, tended_{};
    std::int64_t maintenance_ = 0;

    mutable std::mutex mutex_;
    std::shared_ptr<const std::vector<ObjectiveStatus>> statuses_;  // guarded by mutex_, as the next two
    std::optional<Error> failure_;
    std::map<std::string, Error> unasked_;  // metrics that cannot be asked, by objective
    std::atomic<bool> ticking_{false};      // a tick waits: another one would add nothing
    std::unique_ptr<ServiceThread> thread_, past_, charts_;
};

}  // namespace streamgauge::api
