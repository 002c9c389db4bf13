// SPDX-License-Identifier: GPL-3.0-or-later
// What the events that retention has removed had come to: a second store, left behind at the journal's beginning. It is
// brought forward over each span before that is removed, by a walk of its own, so that the baseline and what is still
// in the journal together must give exactly what the live store has.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/seal.h"
#include "metrics/definition.h"
#include "store/result_digest.h"

namespace streamgauge {

// A span as it was when the baseline took it in, and what the baseline held afterwards.
struct SealedSpan {
    Seal seal;
    std::vector<TableDigest> tables;
    std::string users_sha256;
};

// Files of a data directory: baseline.db, and baseline.ndjson with one line for each span.
std::string baseline_store_path(const std::string& directory);
std::string baseline_list_path(const std::string& directory);

// Computes the span into the baseline; what that has already is left as it is. Both files are on disk when this returns
// without an error. NotFound where there is no baseline and the span is not the journal's first: what came before is
// not known, so that there never will be one. Conflict where the baseline ends somewhere else, Cancelled when
// `cancelled` was set. Reads the journal's files in `directory`. One call at a time.
Status take_into_baseline(const std::string& directory, const Seal& seal,
                          const std::vector<MetricDefinition>& definitions, const std::atomic<bool>& cancelled);

// Makes store.db from the baseline where it is missing and the journal has lost its beginning: the pipeline goes on
// from there, and nothing is missing. False, and nothing is done, where there is a store, or the journal has its first
// event, or no baseline that reaches to where the journal begins. To be called before the store is opened.
Result<bool> begin_store_from_baseline(const std::string& directory, Offset journal_begin, Offset journal_end);

// In order. Corrupt when a line is none of ours; empty without a baseline.
Result<std::vector<SealedSpan>> read_baseline_list(const std::string& directory);

}  // namespace streamgauge
