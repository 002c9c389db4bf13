// SPDX-License-Identifier: GPL-3.0-or-later
// Checks what a store holds against the journal: every result computed again and compared row by row, the chain of
// seals of what is gone, and the ledger of events.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "journal/seal.h"
#include "metrics/definition.h"
#include "metrics/partition_state.h"
#include "store/result_compare.h"

namespace streamgauge {

inline constexpr std::size_t kListedDifferences = 1'000;

struct AuditOptions {
    std::string directory;                      // of the data; nothing is changed in it
    std::vector<MetricDefinition> definitions;  // of the metrics that are to be checked
    // Where the results are computed again: a directory of its own is made in it, and removed at the end. It grows to
    // twice the size of store.db. Empty: `directory`.
    std::string scratch;
    // 0 to 1, on the caller's thread. May be empty.
    std::function<void(const char* step, double part)> progress;
    const std::atomic<bool>* cancelled = nullptr;  // set to true by anybody: it ends soon, with Cancelled
};

// One tier of one metric.
struct AuditedTable {
    MetricId metric = 0;
    std::string name;
    std::uint8_t tier = 0;
    std::int64_t window_micros = 0;
    Comparison comparison;
};

struct AuditReport {
    Offset compared_to = 1;  // everything is as of the events before this offset
    // ---- the ledger of events ----
    JournalCounters journal;  // of the whole journal
    Offset journal_end = 1;
    PartitionState stored, recomputed;
    std::int64_t decoded_difference = 0;   // decoded - (accepted + duplicate + invalid)
    std::int64_t accepted_difference = 0;  // accepted + system - (aggregated + too late + system in + in flight)
    std::uint64_t in_flight = 0;           // in the journal, not in the store yet
    bool states_agree = true;              // counts and clocks of both
    // ---- results ----
    std::vector<AuditedTable> tables;
    std::vector<ResultDifference> differences;  // the first kListedDifferences
    std::uint64_t difference_count = 0;
    std::uint64_t users = 0, user_differences = 0;  // last activities
    std::vector<std::string> not_compared;          // metrics, and why
    // ---- what is gone ----
    Offset journal_begin = 1;
    std::vector<Seal> seals;
    std::vector<std::string> seal_faults;  // each names its span
    // With a baseline (pipeline/baseline.h) everything can be compared. Without: windows that start before this moment
    // may hold events that are gone, and were left out.
    std::optional<Timestamp> comparable_from;
    std::uint64_t left_out = 0;  // rows

    bool clean() const {
        return decoded_difference == 0 && accepted_difference == 0 && states_agree && difference_count == 0 &&
               user_differences == 0 && seal_faults.empty();
    }
};

// Reads beside a running server: one snapshot of the store fixes the offset, the journal is read up to it. Blocks.
// NotFound where there is no journal or no store; Unavailable when retention removed events while they were read: try
// again.
Result<AuditReport> audit(const AuditOptions& options);

}  // namespace streamgauge
