// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/recent_batches.h"

#include <algorithm>

namespace streamgauge {
namespace {

constexpr std::size_t kRecordBytes = 48;  // of an event beside its text

std::size_t bytes_of(const CommittedBatch& batch) {
    return batch.batch.text_bytes() + batch.batch.size() * kRecordBytes + sizeof(CommittedBatch);
}

}  // namespace

void RecentBatches::push(std::shared_ptr<const CommittedBatch> batch) {
    std::vector<std::shared_ptr<const CommittedBatch>> dropped;  // destroyed outside the lock
    const std::lock_guard lock(mutex_);
    bytes_ += bytes_of(*batch);
    batches_.push_back(std::move(batch));
    while (bytes_ > max_bytes_ && batches_.size() > 1) {
        bytes_ -= bytes_of(*batches_.front());
        dropped.push_back(std::move(batches_.front()));
        batches_.pop_front();
    }
}

std::shared_ptr<const CommittedBatch> RecentBatches::find(Offset from) const {
    std::shared_ptr<const CommittedBatch> found;
    {
        const std::lock_guard lock(mutex_);
        const auto after = std::upper_bound(batches_.begin(), batches_.end(), from,
                                            [](Offset offset, const auto& batch) { return offset < batch->first; });
        if (after == batches_.begin()) return nullptr;
        found = *std::prev(after);
    }
    if (from >= found->next()) return nullptr;
    if (from == found->first) return found;
    auto rest = std::make_shared<CommittedBatch>();
    rest->first = from;
    rest->batch = EventBatch(found->batch.project());
    for (Offset at = from; at < found->next(); ++at) rest->batch.add(found->batch[at - found->first]);
    return rest;
}

}  // namespace streamgauge
