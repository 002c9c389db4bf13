// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/load_runs.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "loadgen/compare_report.h"
#include "loadgen/report_text.h"

namespace streamgauge::api {

Result<StoredLoadRun> stored_run(std::string_view report, std::string by) {
    const Result<loadgen::RunReport> parsed = loadgen::parse_run_report(report);
    if (!parsed) return parsed.error();
    const loadgen::RunReport& r = *parsed;
    const auto ms = [&r](double q) { return static_cast<double>(r.durations.response.quantile_micros(q)) / 1000; };
    StoredLoadRun run;
    run.id = r.run_id;
    run.name = r.name;
    run.url = r.url;
    run.started_at = r.started_at;
    run.state = r.state == loadgen::RunState::Stopped ? "stopped" : "done";
    run.verdict = to_string(r.certificate.verdict);
    run.passed = std::all_of(r.thresholds.begin(), r.thresholds.end(), [](const auto& one) { return one.passed; });
    run.by = std::move(by);
    run.seconds = r.elapsed_seconds;
    run.seed = r.seed;
    run.planned = r.totals.planned;
    run.good = r.totals.done();
    run.bad = r.totals.failed();
    run.p50_ms = ms(0.5);
    run.p95_ms = ms(0.95);
    run.p99_ms = ms(0.99);
    return run;
}

Result<std::unique_ptr<LoadRuns>> LoadRuns::open(const std::string& path, LoadRunLimits limits, const Clock& clock) {
    Result<std::unique_ptr<LoadRunStore>> store = LoadRunStore::open(path, limits);
    if (!store) return store.error();
    return std::unique_ptr<LoadRuns>(new LoadRuns(std::move(store).value(), clock));
}

// `work` on the thread, its result to `done`; Unavailable when too many wait or it stops.
template <class T, class Work>
void LoadRuns::run(Done<T> done, Work work) {
    const auto kept = std::make_shared<Done<T>>(std::move(done));
    const bool taken = thread_.post([kept, work = std::move(work)](bool running) {
        (*kept)(running ? work() : Result<T>(Error::make(ErrorCode::Unavailable, "the server is stopping")));
    });
    if (!taken) (*kept)(Error::make(ErrorCode::Unavailable, "the load runs have stopped or too many wait"));
}

void LoadRuns::add(std::string report, std::string by, std::function<void(const StoredLoadRun&)> kept) {
    const auto text = std::make_shared<std::string>(std::move(report));
    // Also while it stops: a run that is ended by the server's stop has been measured all the same.
    const bool taken = thread_.post([this, text, by = std::move(by), kept = std::move(kept)](bool) {
        Result<StoredLoadRun> stored = stored_run(*text, by);
        const Status added = stored ? store_->add(*stored, *text, clock_.now()) : Status(stored.error());
        if (!added) return log::error("load_run_not_kept", added.error().describe());
        if (kept) kept(*stored);
    });
    if (!taken) log::error("load_run_not_kept", "the load runs have stopped");
}

void LoadRuns::list(std::optional<Timestamp> before, std::size_t limit, Done<std::vector<StoredLoadRun>> done) {
    run<std::vector<StoredLoadRun>>(std::move(done), [this, before, limit] { return store_->list(before, limit); });
}

void LoadRuns::find(std::string id, Done<StoredLoadRun> done) {
    run<StoredLoadRun>(std::move(done), [this, id = std::move(id)] { return store_->find(id); });
}

void LoadRuns::report(std::string id, Done<std::string> done) {
    run<std::string>(std::move(done), [this, id = std::move(id)] { return store_->report(id); });
}

void LoadRuns::report_as(std::string id, const loadgen::ReportExport& form, Done<std::string> done) {
    run<std::string>(std::move(done), [this, id = std::move(id), make = form.make]() -> Result<std::string> {
        const Result<std::string> text = store_->report(id);
        if (!text) return text.error();
        const Result<loadgen::RunReport> report = loadgen::parse_run_report(*text);
        if (!report) return report.error();
        return make(*report);
    });
}

void LoadRuns::remove(std::string id, Done<bool> done) {
    run<bool>(std::move(done), [this, id = std::move(id)]() -> Result<bool> {
        if (Status removed = store_->remove(id); !removed) return removed.error();
        return true;
    });
}

Result<std::vector<loadgen::ComparedRun>> LoadRuns::compared(const std::vector<std::string>& ids) {
    std::vector<loadgen::ComparedRun> runs;
    for (const std::string& id : ids) {
        const Result<std::string> text = store_->report(id);
        if (!text) return text.error();
        const Result<loadgen::RunReport> report = loadgen::parse_run_report(*text);
        if (!report) return report.error();
        runs.push_back(loadgen::compared_run(*report));
    }
    return runs;
}

void LoadRuns::compare(std::vector<std::string> before, std::vector<std::string> after,
                       Done<loadgen::RunComparison> done) {
    run<loadgen::RunComparison>(
        std::move(done),
        [this, before = std::move(before), after = std::move(after)]() -> Result<loadgen::RunComparison> {
            const auto a = compared(before), b = compared(after);
            if (!a) return a.error();
            if (!b) return b.error();
            return loadgen::compare(*a, *b);
        });
}

}  // namespace streamgauge::api
