// SPDX-License-Identifier: GPL-3.0-or-later
// Where rollups, live state, counters and the partition's offset are kept, so that a restart needs only the log's tail.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "metrics/delta_table.h"
#include "metrics/old_definition.h"
#include "metrics/partition_state.h"
#include "store/user_activity.h"

namespace streamgauge {

struct WindowExpiry {
    MetricId metric = 0;
    std::int64_t before = 0;  // windows that start earlier are removed
};

// One transaction. Immutable once handed over.
struct StoreCommit {
    std::uint64_t epoch = 0;                    // what acquire() gave
    Offset expected_next = 1;                   // PartitionState::next as the store has it now
    PartitionState state;                       // as it is afterwards
    std::vector<DeltaTable> rollups;            // value = value + delta for each row
    std::vector<UserActivity> users;            // replace what is there for the user
    std::vector<std::string> expired_users;     // removed (before `users` are written)
    std::vector<WindowExpiry> expired_windows;  // removed (after `rollups` are added)
};

struct Acquired {
    std::uint64_t epoch = 0;
    PartitionState state;
};

// A value together with the point of the log at which it holds.
struct StoredValue {
    std::optional<std::int64_t> value;
    Offset next = 1;  // PartitionState::next of the same snapshot
};

// commit() may be called on one thread while another thread reads; neither waits for the other. Contract suite:
// tests/store/store_contract.h.
class Store {
public:
    virtual ~Store() = default;

    // Makes the caller the partition's owner: every earlier owner's commits get Conflict from now on.
    virtual Result<Acquired> acquire() = 0;
    // All of it or nothing. Io and Unavailable: try again. Conflict (and nothing changed) when another owner has taken
    // over, or `expected_next` is not where the store is. A commit that this owner has already made is Ok and changes
    // nothing: its answer may have been lost.
    virtual Status commit(const StoreCommit& commit) = 0;

    // The reads below are for one thread at a time and see one committed snapshot each.
    virtual Result<StoredValue> rollup(MetricId metric, std::int64_t window, std::string_view group) = 0;
    // Every row of a metric whose window starts at or after `from_window`, in (group, window) order, byte order of
    // groups. The view ends with the call.
    using RollupVisitor = std::function<void(std::int64_t window, std::string_view group, std::int64_t value)>;
    virtual Status for_each_rollup(MetricId metric, std::int64_t from_window, const RollupVisitor& visit) = 0;
    virtual Status for_each_user(const std::function<void(UserActivity&&)>& visit) = 0;
};

}  // namespace streamgauge
