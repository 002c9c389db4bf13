// SPDX-License-Identifier: GPL-3.0-or-later
// The load runs that ended, for those who ask: kept, listed, given out and compared, on a thread of their own.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/load_run_store.h"
#include "api/run_notes.h"
#include "api/service_thread.h"
#include "api/services.h"
#include "api/waiting_files.h"
#include "base/clock.h"
#include "loadgen/compare.h"
#include "loadgen/report_export.h"

namespace streamgauge::api {

struct WaitingRun;

// What a list shows of a run or a search, from its report.
Result<StoredLoadRun> stored_run(std::string_view report, std::string by);
// A kept report in another form. InvalidArgument (field format) for a form that a search does not have.
Result<std::string> report_in(const loadgen::ReportExport& form, const std::string& report);
// Whether reports differ; those of each side count as one. InvalidArgument for searches beside runs.
Result<loadgen::RunComparison> compare_reports(const std::vector<std::string>& before,
                                               const std::vector<std::string>& after);

// Of runs that wait in files: thousands of them, as reports are some hundred kilobytes an hour.
inline constexpr std::uintmax_t kMostWaitingBytes = std::uintmax_t{1} << 30;

struct LoadRunsOptions {
    // Where runs that ended wait while a database does not answer, each in a file of its own; also through a stop of
    // the server, or its death. Empty: in memory.
    std::string waiting_directory;
    // Where runs that are under way are noted; what an earlier process left there is stored. Empty: nowhere.
    std::string notes_directory = {};
    std::uintmax_t most_waiting_bytes = kMostWaitingBytes;  // in files; of more the oldest go
    // Called on the service's thread after a run was stored and before its file is removed.
    std::function<void()> at_stored = {};
};

// Thread-safe. Callbacks on the service's own thread.
class LoadRuns final : public LoadRunService {
public:
    // `place`: of a LoadRunStore, with its errors. A database that does not answer now is logged and asked again by
    // each call. `clock` must outlive it.
    static Result<std::unique_ptr<LoadRuns>> open(const std::string& place, LoadRunLimits limits, const Clock& clock,
                                                  LoadRunsOptions options = {});
    ~LoadRuns() override { stop(); }

    // Durable when it returns, unless that fails, on the calling thread: what is stored at the next start if nothing
    // more is heard of the run. The report of one that was interrupted replaces no other of the same run. A failure is
    // logged; add() comes back to it.
    void note(const std::string& run_id, std::string report, std::string by);
    // It has no note any more; add() does the same once it has the run.
    void forget(const std::string& run_id);
    // The report of a run that ended; what cannot be kept is logged. Then `kept` is called with it, unless this process
    // ended before. `run_id`: of the run, where it has a note. While the place does not take them they wait: in files
    // up to most_waiting_bytes, or kMostInMemory where no file can be written, of more the newest. What is no run is
    // set aside in its file.
    void add(std::string report, std::string by, std::function<void(const StoredLoadRun&)> kept = {},
             std::string run_id = {});
    void list(std::optional<Timestamp> before, std::size_t limit, Done<std::vector<StoredLoadRun>> done) override;
    void find(std::string id, Done<StoredLoadRun> done);
    void report(std::string id, Done<std::string> done) override;
    // The report in another form. Precondition: `form` is one of loadgen::report_exports().
    void report_as(std::string id, const loadgen::ReportExport& form, Done<std::string> done);
    void remove(std::string id, Done<bool> done) override;
    void compare(std::vector<std::string> before, std::vector<std::string> after,
                 Done<loadgen::RunComparison> done) override;
    // Tries to store what waits; every call does that, too. Does nothing while nothing waits.
    void retry();
    void stop();

    // That runs wait, or that some had to go, with the reason of the place. Thread-safe, quick.
    std::optional<Error> failure() const;

    static constexpr std::size_t kMostInMemory = 8;  // reports of which each may be some MB

private:
    struct Ended {
        std::uintmax_t bytes = 0;
        std::string file;  // where it waits; empty: in `text`
        std::string text;  // as it is in the file (load_runs.cpp)
        std::function<void(const StoredLoadRun&)> kept;
        std::string note = {};  // id of the run, where it has a note; empty: none
        bool noted = false;     // the note is this report, and not what was known before it
    };
    LoadRuns(std::unique_ptr<LoadRunStore> store, std::optional<WaitingFiles> files, std::optional<RunNotes> notes,
             LoadRunsOptions options, const Clock& clock)
        : store_(std::move(store)),
          files_(std::move(files)),
          notes_(std::move(notes)),
          options_(std::move(options)),
          clock_(clock) {}
    Status find_waiting();
    Status find_notes();
    void wait(Ended ended);
    void write_note(Ended& ended);
    void keep_waiting();
    void put_first_last();
    void set_first_aside(const Error& error);
    void keep_bounds();
    void say_what_waits();
    void drop(std::deque<Ended>::iterator ended);
    Status store(const WaitingRun& waiting);
    template <class T, class Work>
    void run(Done<T> done, Work work);
    Result<std::vector<std::string>> reports(const std::vector<std::string>& ids);

    std::unique_ptr<LoadRunStore> store_;  // the thread's own
    std::optional<WaitingFiles> files_;    // the thread's own, and so what waits, oldest first
    const std::optional<RunNotes> notes_;
    std::deque<Ended> waiting_;
    std::uint64_t gone_ = 0;  // of too many that waited, since the start
    std::string last_fault_;  // the place's, when it last took none
    std::atomic<bool> some_wait_{false}, retry_posted_{false};
    mutable std::mutex mutex_;
    std::optional<Error> failure_;  // under mutex_
    const LoadRunsOptions options_;
    const Clock& clock_;
    ServiceThread thread_{"load runs", 256};
};

}  // namespace streamgauge::api
