// SPDX-License-Identifier: GPL-3.0-or-later
// Reads states of sets that are not in memory out of the store: those of closed windows for which late values came.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/result.h"
#include "metrics/set_table.h"
#include "store/result_store.h"

namespace streamgauge {

// Not thread-safe. The store must outlive it.
class SetLoader {
public:
    explicit SetLoader(ResultStore& store) : store_(store) {}

    // From a snapshot that is taken at the first call and kept until release(): to be called after each commit, and
    // when nothing is to be loaded for a while.
    Result<std::optional<SetState>> load(Aggregate aggregate, MetricId metric, const SetKey& key);
    void release() { snapshot_.reset(); }

    std::size_t loaded_bytes() const { return loaded_bytes_; }  // since forget()
    void forget() { loaded_bytes_ = 0; }

private:
    ResultStore& store_;
    std::unique_ptr<StoreSnapshot> snapshot_;
    std::size_t loaded_bytes_ = 0;
};

}  // namespace streamgauge
