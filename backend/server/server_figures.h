// SPDX-License-Identifier: GPL-3.0-or-later
// What the exposition shows of the server itself, and where it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "api/canary.h"
#include "api/objective_service.h"
#include "api/types.h"
#include "http/engine.h"
#include "pipeline/pipeline.h"
#include "store/letters.h"

namespace streamgauge {

namespace api {
class Analyst;
class DeadLetters;
class IngestService;
class IngestStats;
}  // namespace api
class DiskGuard;
class Journal;
class Listeners;

// What the exposition shows of the server itself.
struct ServerFigures {
    api::Ledger ledger;
    std::uint64_t lag_events = 0;
    double lag_seconds = 0;
    std::uint64_t journal_pending = 0;
    std::int64_t dedup_horizon_seconds = 0;
    std::uint64_t dedup_memory_bytes = 0;
    http::ConnectionCounters connections;
    std::vector<LetterUsage> dead_letters;
    std::uint64_t dead_letters_not_kept = 0;    // ever, durable
    std::optional<double> certificate_seconds;  // until it expires; nullopt: no listener speaks TLS
    std::uint64_t bots = 0, off_schema = 0;     // of the accepted events
    double disk_used_percent = 0;
    std::uint64_t disk_refused = 0;
    std::uint64_t answers_hit = 0, answers_missed = 0, answers_invalidated = 0;  // of questions about metrics
    std::size_t answers_bytes = 0;
    std::uint64_t questions_asked = 0, questions_cancelled = 0;
    std::size_t questions_waiting = 0;
    bool pipeline_ok = true, storage_ok = true;
    std::optional<api::CanaryStatus> canary;  // nullopt: none is sent
    PartitionState aggregation;
    std::vector<MetricFigures> metrics;
    std::shared_ptr<const std::vector<api::ObjectiveStatus>> objectives;  // as of the last second
};

// All of it must outlive the call.
struct FigureSources {
    const Clock& clock;
    const Journal& journal;
    const Pipeline& pipeline;
    const api::IngestService& ingest;
    const api::IngestStats& ingest_stats;
    const api::DeadLetters& letters;
    api::Analyst& analyst;
    const api::Canary* canary;  // nullptr: none is sent
    DiskGuard& disk;
    const Listeners& listeners;
};

// Each figure as it is; those of the ledger belong together. Any thread.
ServerFigures server_figures(const FigureSources& from);

}  // namespace streamgauge
