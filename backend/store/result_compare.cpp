// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/result_compare.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "store/result_rows.h"

namespace streamgauge {
namespace {

constexpr std::size_t kRowsOfBatch = 1'000;
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kBatches = 4;  // that wait for the other side

struct OwnedRow {
    std::int64_t window = 0;
    std::string group, content;
};

// Rows of one side, read ahead on a thread of its own.
class RowReader {
public:
    RowReader(StoreSnapshot& snapshot, const MetricDefinition& definition, std::uint8_t tier, Timestamp log_clock)
        : thread_([this, &snapshot, &definition, tier, log_clock] {
              std::vector<OwnedRow> batch;
              std::size_t bytes = 0;
              Status read = visit_results(snapshot, definition, tier, log_clock, [&](const ResultRow& row) {
                  batch.push_back({row.window, std::string(row.group), std::string(row.content)});
                  bytes += row.group.size() + row.content.size();
                  if (batch.size() < kRowsOfBatch && bytes < kBatchBytes) return true;
                  bytes = 0;
                  return hand_over(std::exchange(batch, {}));
              });
              if (!batch.empty()) hand_over(std::move(batch));
              const std::lock_guard lock(mutex_);
              status_ = std::move(read);
              ended_ = true;
              changed_.notify_all();
          }) {}
    ~RowReader() {
        {
            const std::lock_guard lock(mutex_);
            left_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    RowReader(const RowReader&) = delete;
    RowReader& operator=(const RowReader&) = delete;

    // nullptr at the end, and after an error.
    const OwnedRow* next() {
        if (at_ < current_.size()) return &current_[at_++];
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ended_ || !batches_.empty(); });
        if (batches_.empty()) return nullptr;
        current_ = std::move(batches_.front());
        batches_.pop_front();
        changed_.notify_all();
        at_ = 0;
        return &current_[at_++];
    }
    Status status() {
        const std::lock_guard lock(mutex_);
        return status_;
    }

private:
    bool hand_over(std::vector<OwnedRow> batch) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return left_ || batches_.size() < kBatches; });
        if (left_) return false;
        batches_.push_back(std::move(batch));
        changed_.notify_all();
        return true;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::vector<OwnedRow>> batches_;  // guarded by mutex_, as are the next three
    bool ended_ = false, left_ = false;
    Status status_;
    std::vector<OwnedRow> current_;
    std::size_t at_ = 0;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace

Result<Comparison> compare_results(StoreSnapshot& stored, StoreSnapshot& recomputed, const MetricDefinition& definition,
                                   std::uint8_t tier, Timestamp log_clock, std::int64_t from,
                                   const std::function<void(ResultDifference&&)>& on_difference) {
    Comparison comparison;
    RowReader ours(stored, definition, tier, log_clock), theirs(recomputed, definition, tier, log_clock);
    const OwnedRow* a = ours.next();
    const OwnedRow* b = theirs.next();
    while (a != nullptr || b != nullptr) {
        const auto before = [](const OwnedRow* x, const OwnedRow* y) {
            return x != nullptr &&
                   (y == nullptr || x->window < y->window || (x->window == y->window && x->group < y->group));
        };
        const bool only_ours = before(a, b), only_theirs = before(b, a);
        const OwnedRow& row = only_theirs ? *b : *a;
        if (row.window < from) {
            ++comparison.left_out;
        } else {
            ++comparison.rows;
            if (only_ours || only_theirs || a->content != b->content) {
                ++comparison.differences;
                ResultDifference difference{definition.id, tier, row.window, row.group, {}, {}};
                if (!only_theirs) difference.stored = describe_content(definition.aggregate, a->content);
                if (!only_ours) difference.recomputed = describe_content(definition.aggregate, b->content);
                on_difference(std::move(difference));
            }
        }
        if (!only_theirs) a = ours.next();
        if (!only_ours) b = theirs.next();
    }
    if (Status s = ours.status(); !s.ok()) return s.error();
    if (Status s = theirs.status(); !s.ok()) return s.error();
    return comparison;
}

}  // namespace streamgauge
