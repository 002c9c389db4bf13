// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/load_runs.h"

#include <algorithm>
#include <utility>

#include "api/capacity_reports.h"
#include "api/run_so_far.h"
#include "base/log.h"
#include "base/wrong_field.h"
#include "loadgen/compare_report.h"
#include "loadgen/report_maker.h"
#include "loadgen/report_text.h"

namespace streamgauge::api {
namespace {

// What waits is a line that says who started the run, and the report as it came.
constexpr std::string_view kBy = "streamgauge-waiting-load-run/1 ";

std::string waiting_text(const std::string& report, std::string by) {
    std::replace(by.begin(), by.end(), '\n', ' ');
    return std::string(kBy) + by + "\n" + report;
}

}  // namespace

struct WaitingRun {
    StoredLoadRun run;
    std::string_view report;  // within the text
};

namespace {

Result<WaitingRun> read_waiting(std::string_view text) {
    const std::size_t line = text.find('\n');
    if (!text.starts_with(kBy) || line == std::string_view::npos)
        return Error::make(ErrorCode::Corrupt, "it is no load run that waits");
    const std::string_view report = text.substr(line + 1);
    Result<StoredLoadRun> run = stored_run(report, std::string(text.substr(kBy.size(), line - kBy.size())));
    if (!run) return run.error();
    return WaitingRun{std::move(run).value(), report};
}

}  // namespace

Result<StoredLoadRun> stored_run(std::string_view report, std::string by) {
    if (is_capacity_report(report)) {
        const Result<CapacityReport> search = decode_capacity_report(report);
        if (!search) return search.error();
        return stored_search(*search, std::move(by));
    }
    const Result<loadgen::RunReport> parsed = loadgen::parse_run_report(report);
    if (!parsed) return parsed.error();
    const loadgen::RunReport& r = *parsed;
    const auto ms = [&r](double q) { return static_cast<double>(r.durations.response.quantile_micros(q)) / 1000; };
    StoredLoadRun run;
    run.id = r.run_id;
    run.name = r.name;
    run.url = r.url;
    run.started_at = r.started_at;
    run.state = r.state == loadgen::RunState::Interrupted       ? std::string(kInterrupted)
                : r.state == loadgen::RunState::Stopped         ? "stopped"
                : r.totals.done() == 0 && r.totals.failed() > 0 ? "failed"  // whatever its thresholds say
                                                                : "done";
    run.verdict = to_string(r.certificate.verdict);
    run.passed = loadgen::passed(r);
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

Result<std::string> report_in(const loadgen::ReportExport& form, const std::string& report) {
    if (form.kind == "json") return report;
    if (is_capacity_report(report)) {
        if (form.kind != "csv") return wrong_field("format", "a search for capacity is given out as json or csv");
        const Result<CapacityReport> search = decode_capacity_report(report);
        if (!search) return search.error();
        return steps_csv(*search);
    }
    const Result<loadgen::RunReport> run = loadgen::parse_run_report(report);
    if (!run) return run.error();
    return form.make(*run);
}

Result<loadgen::RunComparison> compare_reports(const std::vector<std::string>& before,
                                               const std::vector<std::string>& after) {
    std::vector<CapacityReport> searches[2];
    std::vector<loadgen::ComparedRun> runs[2];
    for (const bool later : {false, true}) {
        for (const std::string& text : later ? after : before) {
            if (is_capacity_report(text)) {
                Result<CapacityReport> search = decode_capacity_report(text);
                if (!search) return search.error();
                searches[later].push_back(std::move(search).value());
            } else {
                const Result<loadgen::RunReport> run = loadgen::parse_run_report(text);
                if (!run) return run.error();
                runs[later].push_back(loadgen::compared_run(*run));
            }
        }
    }
    const bool searched = !searches[0].empty() || !searches[1].empty();
    if (!searched) return loadgen::compare(runs[0], runs[1]);
    if (!runs[0].empty() || !runs[1].empty())
        return wrong_field("after", "a search for capacity can be compared with searches only");
    return compare_searches(searches[0], searches[1]);
}

Result<std::unique_ptr<LoadRuns>> LoadRuns::open(const std::string& place, LoadRunLimits limits, const Clock& clock,
                                                 LoadRunsOptions options) {
    Result<std::unique_ptr<LoadRunStore>> store = LoadRunStore::open(place, limits);
    if (!store) return store.error();
    if (const Status reached = (*store)->check(); !reached) {
        if (reached.error().code != ErrorCode::Unavailable) return reached.error();
        log::warning("load_runs_unavailable", reached.error().describe());
    }
    std::optional<WaitingFiles> files;
    if (!options.waiting_directory.empty()) {
        Result<WaitingFiles> opened = WaitingFiles::open(options.waiting_directory);
        if (!opened) return opened.error();
        files = std::move(opened).value();
    }
    std::optional<RunNotes> notes;
    if (!options.notes_directory.empty()) {
        Result<RunNotes> opened = RunNotes::open(options.notes_directory);
        if (!opened) return opened.error();
        notes = std::move(opened).value();
    }
    std::unique_ptr<LoadRuns> runs(
        new LoadRuns(std::move(store).value(), std::move(files), std::move(notes), std::move(options), clock));
    if (Status found = runs->find_waiting(); !found) return found.error();
    if (Status found = runs->find_notes(); !found) return found.error();
    // From here on what waits is the thread's own.
    runs->some_wait_ = !runs->waiting_.empty();
    runs->retry();
    return runs;
}

// Those that an earlier process left.
Status LoadRuns::find_waiting() {
    if (!files_) return {};
    Result<std::vector<std::string>> names = files_->names();
    if (!names) return names.error();
    for (std::string& name : *names) {
        const std::uintmax_t bytes = files_->bytes(name);
        waiting_.push_back({bytes, std::move(name), {}, {}});
    }
    if (waiting_.empty()) return {};
    log::info("load_runs_waiting", "load runs wait for their database", {{"runs", std::to_string(waiting_.size())}});
    return {};
}

// Of runs whose server died. What waits is stored before them: a run may be both.
Status LoadRuns::find_notes() {
    if (!notes_) return {};
    const Result<std::vector<std::string>> ids = notes_->run_ids();
    if (!ids) return ids.error();
    for (const std::string& id : *ids) {
        Result<std::string> text = notes_->read(id);
        if (!text) {
            log::warning("load_run_waits", text.error().describe(), {{"run", id}});
            continue;
        }
        log::warning("load_run_interrupted", "a load run was under way when the server ended", {{"run", id}});
        wait({0, {}, std::move(text).value(), {}, id, true});
    }
    return {};
}

void LoadRuns::note(const std::string& run_id, std::string report, std::string by) {
    if (!notes_) return;
    if (const Status noted = notes_->write(run_id, waiting_text(report, std::move(by))); !noted)
        log::warning("load_run_not_noted", noted.error().describe(), {{"run", run_id}});
}

void LoadRuns::forget(const std::string& run_id) {
    if (!notes_ || run_id.empty()) return;
    if (const Status removed = notes_->remove(run_id); !removed)
        log::warning("load_run_file_left", removed.error().describe(), {{"run", run_id}});
}

void LoadRuns::retry() {
    if (!some_wait_ || retry_posted_.exchange(true)) return;
    const bool taken = thread_.post([this](bool running) {
        retry_posted_ = false;
        if (running) keep_waiting();
    });
    if (!taken) retry_posted_ = false;
}

// `work` on the thread, its result to `done`; Unavailable when too many wait or it stops.
template <class T, class Work>
void LoadRuns::run(Done<T> done, Work work) {
    const auto kept = std::make_shared<Done<T>>(std::move(done));
    const bool taken = thread_.post([this, kept, work = std::move(work)](bool running) {
        if (running) keep_waiting();
        (*kept)(running ? work() : Result<T>(Error::make(ErrorCode::Unavailable, "the server is stopping")));
    });
    if (!taken) (*kept)(Error::make(ErrorCode::Unavailable, "the load runs have stopped or too many wait"));
}

void LoadRuns::add(std::string report, std::string by, std::function<void(const StoredLoadRun&)> kept,
                   std::string run_id) {
    const auto text = std::make_shared<std::string>(std::move(report));
    // Also while it stops: a run that is ended by the server's stop has been measured all the same.
    const bool taken =
        thread_.post([this, text, by = std::move(by), kept = std::move(kept), run_id = std::move(run_id)](bool) {
            wait({0, {}, waiting_text(*text, by), kept, run_id});
            keep_waiting();
        });
    if (!taken) log::error("load_run_not_kept", "the load runs have stopped");
}

// Before it is stored, so that no death of this process or of the database's loses it.
void LoadRuns::wait(Ended ended) {
    if (files_) {
        Result<std::string> file = files_->put(ended.text);
        if (file) {
            ended.file = std::move(file).value();
            ended.bytes = files_->bytes(ended.file);
            ended.text = {};
            forget(std::exchange(ended.note, {}));
        } else {
            log::warning("load_run_waits", file.error().describe());
        }
    }
    if (ended.file.empty()) write_note(ended);
    waiting_.push_back(std::move(ended));
}

// What is left to do for one that no file takes: its note may be older than its report.
void LoadRuns::write_note(Ended& ended) {
    if (!notes_ || ended.note.empty() || ended.noted) return;
    const Status noted = notes_->write(ended.note, ended.text);
    ended.noted = noted.ok();
    if (!noted) log::warning("load_run_not_noted", noted.error().describe(), {{"run", ended.note}});
}

namespace {

// Of the place and not of the run: the same run may be stored later.
bool may_pass(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::Io || error.code == ErrorCode::Corrupt ||
           error.code == ErrorCode::Internal || error.code == ErrorCode::DeadlineExceeded;
}

}  // namespace

// What was noted of a run that was interrupted is less than what it had to say itself: it replaces nothing.
Status LoadRuns::store(const WaitingRun& waiting) {
    const StoredLoadRun& run = waiting.run;
    if (run.state == kInterrupted) {
        const Result<StoredLoadRun> there = store_->find(run.id);
        if (there) return {};
        if (there.error().code != ErrorCode::NotFound) return there.error();
    }
    return store_->add(run, waiting.report, clock_.now());
}

// A run that is stored again, because the process died before it removed the file, takes its own place: it has its id.
void LoadRuns::keep_waiting() {
    for (std::size_t left = waiting_.size(); left > 0; --left) {
        const Ended& ended = waiting_.front();
        const Result<std::string> text =
            ended.file.empty() ? Result<std::string>(ended.text) : files_->read(ended.file);
        if (!text && text.error().code == ErrorCode::Io) {
            log::warning("load_run_waits", text.error().describe(), {{"file", ended.file}});
            last_fault_ = text.error().message;
            put_first_last();
            continue;
        }
        const Result<WaitingRun> waiting = text ? read_waiting(*text) : text.error();
        if (!waiting) {
            set_first_aside(waiting.error());
            continue;
        }
        const StoredLoadRun& run = waiting->run;
        const Status added = store(*waiting);
        if (!added && may_pass(added.error())) {
            log::warning("load_run_waits", added.error().describe(), {{"run", run.id}});
            last_fault_ = added.error().message;
            if (added.error().code == ErrorCode::Unavailable) break;
            put_first_last();
            continue;
        }
        if (!added) {
            set_first_aside(added.error());
            continue;
        }
        if (options_.at_stored) options_.at_stored();
        if (ended.kept) ended.kept(run);
        forget(ended.note);
        drop(waiting_.begin());
    }
    keep_bounds();
    some_wait_ = !waiting_.empty();
    say_what_waits();
}

// So that it holds nobody up.
void LoadRuns::put_first_last() {
    std::rotate(waiting_.begin(), waiting_.begin() + 1, waiting_.end());
}

void LoadRuns::set_first_aside(const Error& error) {
    const std::string file = std::move(waiting_.front().file), note = std::move(waiting_.front().note);
    waiting_.pop_front();
    log::error("load_run_not_kept", error.describe(), {{"file", file}, {"run", note}});
    if (!note.empty() && notes_) {
        if (const Status aside = notes_->set_aside(note); !aside)
            log::warning("load_run_file_left", aside.error().describe());
    }
    if (file.empty()) return;
    if (const Status aside = files_->set_aside(file); !aside)
        log::warning("load_run_file_left", aside.error().describe());
}

// The oldest go.
void LoadRuns::keep_bounds() {
    std::uintmax_t bytes = 0;
    std::size_t in_memory = 0;
    for (auto ended = waiting_.rbegin(); ended != waiting_.rend(); ++ended) {
        bytes += ended->bytes;
        if (ended->file.empty()) ++in_memory;
    }
    const auto oldest = [this](bool memory) {
        return std::find_if(waiting_.begin(), waiting_.end(),
                            [memory](const Ended& ended) { return ended.file.empty() == memory; });
    };
    const auto lose = [this](std::deque<Ended>::iterator ended) {
        log::error("load_run_not_kept", "too many load runs wait for their database",
                   {{"file", ended->file}, {"run", ended->note}});
        if (!ended->noted) ++gone_;  // what is noted is found again at the next start
        drop(ended);
    };
    for (; in_memory > kMostInMemory; --in_memory) lose(oldest(true));
    while (bytes > options_.most_waiting_bytes) {
        const auto first = oldest(false);
        if (first == waiting_.end()) break;
        bytes -= first->bytes;
        lose(first);
    }
}

// For whoever looks at the server's health.
void LoadRuns::say_what_waits() {
    std::optional<Error> failure;
    if (!waiting_.empty() || gone_ > 0) {
        std::string text;
        if (!waiting_.empty()) text = std::to_string(waiting_.size()) + " load runs wait for their database";
        if (!waiting_.empty() && !last_fault_.empty()) text += ": " + last_fault_;
        if (gone_ > 0)
            text += (text.empty() ? "" : "; ") + std::to_string(gone_) + " load runs were not kept, as too many waited";
        failure = Error::make(ErrorCode::Unavailable, std::move(text));
        failure->hint = "see to the database that load.runs names";
    }
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
}

std::optional<Error> LoadRuns::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void LoadRuns::drop(std::deque<Ended>::iterator ended) {
    const std::string file = std::move(ended->file);
    waiting_.erase(ended);
    if (file.empty()) return;
    if (const Status removed = files_->remove(file); !removed)
        log::warning("load_run_file_left", removed.error().describe());
}

void LoadRuns::stop() {
    thread_.stop();
    for (Ended& ended : waiting_) {
        if (!ended.file.empty()) continue;  // for the next start
        write_note(ended);
        if (ended.noted) continue;
        const Result<WaitingRun> waiting = read_waiting(ended.text);
        log::error("load_run_not_kept", "the database did not answer until the end",
                   {{"run", waiting ? waiting->run.id : std::string()}});
    }
    waiting_.clear();
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
    run<std::string>(std::move(done), [this, id = std::move(id), &form]() -> Result<std::string> {
        const Result<std::string> text = store_->report(id);
        if (!text) return text.error();
        return report_in(form, *text);
    });
}

void LoadRuns::remove(std::string id, Done<bool> done) {
    run<bool>(std::move(done), [this, id = std::move(id)]() -> Result<bool> {
        if (Status removed = store_->remove(id); !removed) return removed.error();
        return true;
    });
}

Result<std::vector<std::string>> LoadRuns::reports(const std::vector<std::string>& ids) {
    std::vector<std::string> texts;
    for (const std::string& id : ids) {
        Result<std::string> text = store_->report(id);
        if (!text) return text.error();
        texts.push_back(std::move(text).value());
    }
    return texts;
}

void LoadRuns::compare(std::vector<std::string> before, std::vector<std::string> after,
                       Done<loadgen::RunComparison> done) {
    run<loadgen::RunComparison>(
        std::move(done),
        [this, before = std::move(before), after = std::move(after)]() -> Result<loadgen::RunComparison> {
            const auto a = reports(before), b = reports(after);
            if (!a) return a.error();
            if (!b) return b.error();
            return compare_reports(*a, *b);
        });
}

}  // namespace streamgauge::api
