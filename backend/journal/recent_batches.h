// SPDX-License-Identifier: GPL-3.0-or-later
// The newest committed batches in memory, so that readers that keep up never touch the disk.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "journal/journal.h"

namespace streamgauge {

// Thread-safe. Keeps at most `max_bytes`, but always the newest batch.
class RecentBatches {
public:
    explicit RecentBatches(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    // `batch` follows the one pushed before without a gap.
    void push(std::shared_ptr<const CommittedBatch> batch);
    // The batch that starts at `from`, whole; when `from` is inside one, the rest of it as a copy. nullptr: not here.
    std::shared_ptr<const CommittedBatch> find(Offset from) const;

private:
    const std::size_t max_bytes_;
    mutable std::mutex mutex_;
    std::deque<std::shared_ptr<const CommittedBatch>> batches_;
    std::size_t bytes_ = 0;
};

}  // namespace streamgauge
