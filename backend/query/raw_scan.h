// SPDX-License-Identifier: GPL-3.0-or-later
// Shows the stored events of a question to several threads, piece by piece.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "metrics/field.h"
#include "metrics/filter.h"
#include "metrics/filter_reader.h"
#include "query/query.h"
#include "query/watch.h"

namespace streamgauge::query {

// Sees the events of some of the pieces, those of one piece in order. On a thread of its own.
class RawWorker : public EventVisitor {
public:
    // No room for what it has to keep: the scan ends. Looked at after each piece.
    bool full = false;
};

struct RawScan {
    std::uint64_t events = 0;  // looked at
    bool full = false;         // a worker had no room, and not everything was seen
    // Where kept events begin, when that is within or after the range.
    std::optional<Timestamp> complete_from;
};

// Shows all events of `request` up to `end` to the workers, each on a thread of its own at a low priority: one worker
// sees them in order of offset, of several each sees some pieces. On return all threads have ended. Looks at `watch` at
// least every 50 ms. The question's progress goes from `begin` to `finish`, both 0 to 1.
Result<RawScan> scan_events(Journal& journal, const ScanRequest& request, Offset end,
                            const std::vector<RawWorker*>& workers, const Watch& watch, double begin = 0,
                            double finish = 1);

// Runs job(0), job(1), ... job(jobs - 1) on `threads` threads, and waits. Cancelled when the watch ends; jobs that have
// begun are finished.
Status run_jobs(std::size_t threads, std::size_t jobs, const std::function<void(std::size_t)>& job, const Watch& watch);

// How many threads a question gets: the processors there are, at most four.
std::size_t raw_threads();

// The fields that a question looks at, each read once from each event.
class RawFields {
public:
    // Of all fields added so far: position in what `read` gives.
    std::size_t add(const FieldPath& path);
    std::vector<std::size_t> add(const std::vector<FieldPath>& paths);
    const std::vector<FieldPath>& fields() const { return fields_; }
    unsigned columns() const;  // that a scan has to read for them

private:
    std::vector<FieldPath> fields_;
};

// A filter over values that somebody else has read.
class RawFilter {
public:
    RawFilter(Filter filter, RawFields& fields) : filter_(std::move(filter)), at_(fields.add(filter_.fields())) {
        values_.resize(at_.size());
    }
    bool takes_everything() const { return filter_.takes_everything(); }
    bool matches(const std::vector<std::string_view>& values) { return filter_.matches(gather(values)); }
    std::optional<bool> decided_without_props(const std::vector<std::string_view>& values) {
        return filter_.decided_without_props(gather(values));
    }

private:
    const std::string_view* gather(const std::vector<std::string_view>& values) {
        for (std::size_t i = 0; i < at_.size(); ++i) values_[i] = values[at_[i]];
        return values_.data();
    }
    Filter filter_;
    std::vector<std::size_t> at_;
    std::vector<std::string_view> values_;
};

}  // namespace streamgauge::query
