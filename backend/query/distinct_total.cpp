// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/distinct_total.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <limits>
#include <system_error>

#include "metrics/distinct_union.h"
#include "query/group_reader.h"

namespace streamgauge::query {
namespace {

constexpr std::size_t kWorthAThread = std::size_t{2} << 20;  // bytes of sets; a thread costs what reading 50 KB does
constexpr std::size_t kBetweenLooks = std::size_t{256} << 10;
constexpr std::size_t kRowBytes = 64;  // what a row counts as beside its set
constexpr std::chrono::milliseconds kLookInterval{20};

// What the windows of a stretch of time come to.
struct Part {
    DistinctUnion values;
    std::uint64_t late = 0, rows = 0;
    bool any = false;
};

class Stretch {
public:
    Stretch(const Plan& plan, const PointsQuery& query) : plan_(plan), groups_(plan, query) {}

    // The windows with from <= start < to, where `read` may lower `to`: it is told of each window that was read, and
    // how many bytes there have been so far. False: leave.
    template <class Read>
    Status add(StoreSnapshot& snapshot, const Reading& reading, std::int64_t from, const std::int64_t& to,
               const Read& read) {
        Status failed;
        bool goes_on = true;
        const auto visit = [&](std::int64_t window, std::string_view key, const StoreSnapshot::Set& set) {
            goes_on = window < to;
            if (!goes_on) return false;
            ++part.rows;
            bytes_ += kRowBytes;
            for (const std::string_view bytes : set.bytes) bytes_ += bytes.size();
            if (groups_.read(key)) {
                part.any = true;
                part.late += set.late;
                failed = part.values.add(set.bytes);
            }
            goes_on = failed.ok() && read(window, bytes_);
            return goes_on;
        };
        for (const Piece& piece : reading.pieces) {
            if (!goes_on) break;
            Status s = snapshot.sets(plan_.metric->definition.id, piece.tier, std::max(piece.from, from),
                                     std::min(piece.to, to), groups_.prefix(), visit);
            if (!s.ok()) return s;
        }
        return failed;
    }

    Part part;

private:
    const Plan& plan_;
    GroupReader groups_;
    std::size_t bytes_ = 0;
};

// The later half, on a thread of its own, which ends before this does.
class LaterHalf {
public:
    LaterHalf(const Plan& plan, const PointsQuery& query) : stretch_(plan, query) {}
    ~LaterHalf() { leave_ = true; }  // the future waits
    LaterHalf(const LaterHalf&) = delete;
    LaterHalf& operator=(const LaterHalf&) = delete;

    // False: there is no thread for it.
    bool start(std::unique_ptr<StoreSnapshot> snapshot, const Reading& reading, std::int64_t from) {
        snapshot_ = std::move(snapshot);
        try {
            done_ = std::async(std::launch::async, [this, &reading, from] {
                pthread_setname_np(pthread_self(), "question");
                return stretch_.add(*snapshot_, reading, from, std::numeric_limits<std::int64_t>::max(),
                                    [this](std::int64_t, std::size_t) { return !leave_.load(); });
            });
        } catch (const std::system_error&) {
            return false;
        }
        return true;
    }
    bool started() const { return done_.valid(); }
    Status wait(const Watch& watch) {
        while (done_.wait_for(kLookInterval) != std::future_status::ready)
            if (watch.ended()) return Watch::cancelled_error();
        return done_.get();
    }
    Part& part() { return stretch_.part; }

private:
    std::unique_ptr<StoreSnapshot> snapshot_;
    Stretch stretch_;
    std::atomic<bool> leave_{false};
    std::future<Status> done_;
};

}  // namespace

bool is_distinct_total(const Plan& plan, const Reading& reading, const PointsQuery& query) {
    return plan.metric->definition.aggregate == Aggregate::Distinct && query.group_by.empty() &&
           reading.steps.size() == 1;
}

Result<Executed> execute_distinct_total(StoreSnapshot& snapshot, const AnotherSnapshot& another, const Plan& plan,
                                        const Reading& reading, const PointsQuery& query, const Watch& watch) {
    const std::int64_t first = reading.pieces.front().from, end = reading.pieces.back().to;
    Stretch stretch(plan, query);
    LaterHalf later(plan, query);
    std::int64_t stop = end;  // where the later half begins
    std::size_t looked = 0;
    bool tried = !another, cancelled = false;
    const auto read = [&](std::int64_t window, std::size_t bytes) {
        if (bytes - looked >= kBetweenLooks) {
            looked = bytes;
            watch.report(static_cast<double>(window - first) / static_cast<double>(stop - first));
            cancelled = watch.ended();
            if (cancelled) return false;
        }
        if (tried || bytes < kWorthAThread) return true;
        tried = true;
        const std::int64_t middle = window + (end - window) / 2 + 1;
        if (middle >= end) return true;
        std::unique_ptr<StoreSnapshot> same = another();
        if (same != nullptr && later.start(std::move(same), reading, middle)) stop = middle;
        return true;
    };
    if (Status s = stretch.add(snapshot, reading, first, stop, read); !s) return s.error();
    if (cancelled) return Watch::cancelled_error();
    Part& all = stretch.part;
    if (later.started()) {
        if (Status s = later.wait(watch); !s) return s.error();
        Part& rest = later.part();
        all.values.merge(std::move(rest.values));
        all.late += rest.late;
        all.rows += rest.rows;
        all.any = all.any || rest.any;
    }
    Executed out;
    out.rows_read = all.rows;
    if (all.any) out.table.add(0, {}, count_value(all.values.count()), all.late, false);
    return out;
}

}  // namespace streamgauge::query
