// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/replay.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/clock.h"
#include "pipeline/backfill.h"
#include "pipeline/pipeline.h"

namespace streamgauge {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kLook{20};
constexpr std::chrono::seconds kPatience{20};  // with a failure that may pass
constexpr std::chrono::minutes kLastCommit{10};

bool may_pass(const Error& error) {
    return error.code == ErrorCode::Io || error.code == ErrorCode::Unavailable;
}

}  // namespace

Result<PartitionState> replay(Journal& journal, ResultStore& store, std::vector<MetricDefinition> definitions,
                              const ReplayOptions& options) {
    const SystemClock clock;
    std::atomic<std::size_t> adopted{0};  // outlives whoever counts in it
    Result<std::unique_ptr<Pipeline>> started = Pipeline::start(journal, store, clock, {}, definitions);
    if (!started.ok()) return started.error();
    Pipeline& pipeline = **started;
    // Metrics that a store which has begun does not have are filled as they are in a server.
    const std::vector<MetricId> missing = pipeline.missing();
    Backfills backfills(journal, store, pipeline, clock,
                        {[&adopted](MetricId) { adopted.fetch_add(1); }, [](MetricId, Timestamp) { return Status(); }});
    for (const MetricDefinition& definition : definitions)
        if (std::find(missing.begin(), missing.end(), definition.id) != missing.end()) backfills.add(definition);

    const Offset end = journal.end();
    std::optional<SteadyClock::time_point> failing_since;
    for (;;) {
        const PipelineStatus status = pipeline.status();
        if (options.progress) options.progress(status.next, end);
        std::optional<Error> failure = status.failure;
        if (!failure && adopted.load() != missing.size())
            for (const BackfillProgress& progress : backfills.progress())
                if (progress.failure) failure = progress.failure;
        if (failure) {
            const auto now = SteadyClock::now();
            if (!failing_since) failing_since = now;
            if (!may_pass(*failure) || now - *failing_since > kPatience) return *failure;
        } else {
            failing_since.reset();
            if (status.next >= end && adopted.load() == missing.size()) break;
        }
        if (options.cancelled != nullptr && options.cancelled->load())
            return Error::make(ErrorCode::Cancelled, "the replay was cancelled");
        std::this_thread::sleep_for(kLook);
    }
    backfills.stop();
    pipeline.stop(kLastCommit);
    const PipelineStatus status = pipeline.status();
    if (status.failure) return *status.failure;
    if (status.committed != end) return Error::make(ErrorCode::Io, "the store did not take the last commit");
    return status.state;
}

}  // namespace streamgauge
