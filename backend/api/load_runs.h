// SPDX-License-Identifier: GPL-3.0-or-later
// The load runs that ended, for those who ask: kept, listed, given out and compared, on a thread of their own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/load_run_store.h"
#include "api/service_thread.h"
#include "api/services.h"
#include "base/clock.h"
#include "loadgen/compare.h"
#include "loadgen/report_export.h"

namespace streamgauge::api {

// What a list shows of a run, from its report.
Result<StoredLoadRun> stored_run(std::string_view report, std::string by);

// Thread-safe. Callbacks on the service's own thread.
class LoadRuns final : public LoadRunService {
public:
    // The file is made where it is missing. `clock` must outlive it.
    static Result<std::unique_ptr<LoadRuns>> open(const std::string& path, LoadRunLimits limits, const Clock& clock);
    ~LoadRuns() override { stop(); }

    // The report of a run that ended; what cannot be kept is logged. Then `kept` is called with it.
    void add(std::string report, std::string by, std::function<void(const StoredLoadRun&)> kept = {});
    void list(std::optional<Timestamp> before, std::size_t limit, Done<std::vector<StoredLoadRun>> done) override;
    void find(std::string id, Done<StoredLoadRun> done);
    void report(std::string id, Done<std::string> done) override;
    // The report in another form. Precondition: `form` is one of loadgen::report_exports().
    void report_as(std::string id, const loadgen::ReportExport& form, Done<std::string> done);
    void remove(std::string id, Done<bool> done) override;
    void compare(std::vector<std::string> before, std::vector<std::string> after,
                 Done<loadgen::RunComparison> done) override;
    void stop() { thread_.stop(); }

private:
    LoadRuns(std::unique_ptr<LoadRunStore> store, const Clock& clock) : store_(std::move(store)), clock_(clock) {}
    template <class T, class Work>
    void run(Done<T> done, Work work);
    Result<std::vector<loadgen::ComparedRun>> compared(const std::vector<std::string>& ids);

    std::unique_ptr<LoadRunStore> store_;  // the thread's own
    const Clock& clock_;
    ServiceThread thread_{"load runs", 256};
};

}  // namespace streamgauge::api
