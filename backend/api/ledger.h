// SPDX-License-Identifier: GPL-3.0-or-later
// The ledger of durable events (api/types.h) of one moment, wherever it is shown.
#pragma once

#include "api/types.h"
#include "journal/journal.h"
#include "metrics/partition_state.h"

namespace streamgauge::api {

// `state` was taken before the call: what the journal took since is in flight, and no difference. Takes the journal's
// counters and its end again (a few times) when an append came between the two. Any thread.
Ledger ledger_of(const Journal& journal, const PartitionState& state);

}  // namespace streamgauge::api
