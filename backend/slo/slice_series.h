// SPDX-License-Identifier: GPL-3.0-or-later
// Good and total over time, in slices of one width: sums over any window in logarithmic time. One for each objective;
// the same in a server (10 s slices, weeks) and in a load run (100 ms slices, minutes).
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

#include "slo/objective.h"

namespace streamgauge::slo {

struct Ratio {
    std::uint64_t good = 0, total = 0;
    std::uint64_t bad() const { return total - good; }
    bool operator==(const Ratio&) const = default;
};

// Not thread-safe. Memory: 24 bytes a slice that holds anything.
class SliceSeries {
public:
    // Precondition: slice_micros > 0, kept_micros >= slice_micros.
    SliceSeries(std::int64_t slice_micros, std::int64_t kept_micros);

    // Adds to the slice of `at`. What is older than what is kept is ignored; late slices are corrected.
    void add(Timestamp at, std::uint64_t good, std::uint64_t total);
    // The slice of `at` holds this instead of what it held.
    void set(Timestamp at, std::uint64_t good, std::uint64_t total);
    // Slices that start before `before` become slices of `width_micros`, a multiple of slice_micros(), with the starts
    // of those: less memory for what is long past. The same width each time.
    void thin(Timestamp before, std::int64_t width_micros);
    // Of [from, to): whole numbers. A slice in which one of them lies counts by its share, as if it were even; the
    // newest, which may not be over, is whole once it has begun. Sums of windows one after the other add up.
    Ratio sum(Timestamp from, Timestamp to) const;
    // Newest and oldest slice that hold anything.
    std::optional<Timestamp> newest() const;
    std::optional<Timestamp> oldest() const;
    std::size_t slices() const { return entries_.size(); }
    std::int64_t slice_micros() const { return slice_micros_; }

private:
    struct Entry {
        std::int64_t index = 0;             // start / slice_micros
        std::uint64_t good = 0, total = 0;  // of it and everything before it
    };
    void put(std::int64_t index, std::uint64_t good, std::uint64_t total);
    Ratio until(Timestamp at) const;
    std::int64_t slice_micros_, kept_micros_;
    std::int64_t thinned_to_ = std::numeric_limits<std::int64_t>::min();  // index before which slices are wide
    std::int64_t thinned_micros_ = 0;                                     // how wide
    std::deque<Entry> entries_;
    std::uint64_t dropped_good_ = 0, dropped_total_ = 0;
};

}  // namespace streamgauge::slo
