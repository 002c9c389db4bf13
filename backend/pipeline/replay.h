// SPDX-License-Identifier: GPL-3.0-or-later
// Brings a store up to the end of a journal, as fast as it goes: for rebuilding and for checking.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "metrics/definition.h"
#include "metrics/partition_state.h"
#include "store/result_store.h"

namespace streamgauge {

struct ReplayOptions {
    std::function<void(Offset next, Offset end)> progress;  // some times a second, on the caller's thread. May be empty
    const std::atomic<bool>* cancelled = nullptr;           // set to true by anybody: it ends soon, with Cancelled
};

// Takes ownership of the store and goes on where it stands; what lies between that and the journal's begin is passed
// over. Everything up to journal.end() is committed when this returns. Blocks.
Result<PartitionState> replay(Journal& journal, ResultStore& store, std::vector<MetricDefinition> definitions,
                              const ReplayOptions& options = {});

}  // namespace streamgauge
