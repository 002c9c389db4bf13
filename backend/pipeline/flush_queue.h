// SPDX-License-Identifier: GPL-3.0-or-later
// Who waits for a commit, up to which offset, and when one has to be made for them.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "metrics/partition_state.h"

namespace streamgauge {

// Lives on the pipeline's thread.
class FlushQueue {
public:
    using SteadyClock = std::chrono::steady_clock;
    struct Flush {
        std::function<void(Result<PartitionState>)> done;
        Offset target = 0;  // what lies before it is to be committed
        SteadyClock::time_point asked_at;
        bool cut = false;  // `target` was lowered to what was aggregated in time
    };
    // `interval` between forced commits.
    explicit FlushQueue(std::chrono::milliseconds interval) : interval_(interval) {}

    void add(Flush&& flush) { waiting_.push_back(std::move(flush)); }
    // Answers those who have what they want, or who waited too long.
    void answer(Offset next, const PartitionState& committed, bool fenced);
    // Answers everybody.
    void close(const PartitionState& committed);

    // A commit would help somebody, and it is time for one.
    bool wants_commit(Offset next, Offset committed) const;
    void forced() { last_forced_ = SteadyClock::now(); }
    // When to look again; nothing when nobody waits.
    std::optional<SteadyClock::time_point> due(Offset next, Offset committed, bool commit_under_way) const;

private:
    bool commit_helps(Offset next, Offset committed) const;

    const std::chrono::milliseconds interval_;
    std::vector<Flush> waiting_;
    SteadyClock::time_point last_forced_{};
};

}  // namespace streamgauge
