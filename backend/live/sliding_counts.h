// SPDX-License-Identifier: GPL-3.0-or-later
// The windows of one metric of one project over the last hour, for questions about the newest minutes: what happened
// most?
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metrics/string_map.h"

namespace streamgauge {

inline constexpr std::int64_t kSlidingWindowMicros = 10'000'000;        // width of the windows of C's questions
inline constexpr std::int64_t kSlidingRetentionMicros = 3'600'000'000;  // the longest question: 60 minutes

// How much is kept. Tests take less.
struct SlidingBounds {
    std::size_t groups = 200'000;
    std::size_t cells = 2'000'000;  // counts of a group in a window
};

// Exact within the bounds. Beyond them the groups that were least frequent within the hour are let go, half of what is
// there at once; those of them that come again start anew, so counts are too low by at most missing_at_most() (as in
// lossy counting: Manku and Motwani, VLDB 2002). Not thread-safe.
class SlidingCounts {
public:
    // Both in microseconds.
    SlidingCounts(std::int64_t window_micros, std::int64_t retention_micros, SlidingBounds bounds = {});

    void add(std::int64_t window, std::string_view group, std::int64_t count);
    // Forgets the windows that ended at or before log_clock - retention. True when there were any.
    bool expire(Timestamp log_clock);
    // The start of the oldest window that is kept when the log's clock stands at `log_clock`.
    std::int64_t oldest_kept(Timestamp log_clock) const;

    using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
    // The groups with most counts in the windows that reach into the `minutes` before `now`, most first, ties in byte
    // order; at most `limit`.
    Counts top(int minutes, Timestamp now, std::size_t limit) const;
    // Adds all of them up into `totals`.
    void add_totals(int minutes, Timestamp now, StringMap<std::uint64_t>& totals) const;
    // Of counts in those minutes; 0: they are exact.
    std::uint64_t missing_at_most(int minutes, Timestamp now) const;
    // Groups that are in any window.
    std::size_t groups() const { return ids_.size(); }
    std::size_t memory_bytes() const;

private:
    // Open addressing from a group's number to its count within one window.
    class Window {
    public:
        // True when the group is new here.
        bool add(std::uint32_t group, std::int64_t count);
        template <class Visit>
        void for_each(Visit visit) const {
            for (const Cell& cell : cells_)
                if (cell.group != 0) visit(cell.group - 1, cell.count);
        }
        std::size_t used() const { return used_; }

    private:
        struct Cell {
            std::uint32_t group = 0;  // number + 1; 0: free
            std::int64_t count = 0;
        };
        void grow();
        std::vector<Cell> cells_;
        std::size_t used_ = 0;
    };
    struct Group {
        std::string name;
        std::uint32_t windows = 0;  // that it is in; its number is used again at 0
    };
    struct Loss {
        std::int64_t window = 0;  // the newest then
        std::uint64_t most = 0;   // that a group had which was let go
    };

    std::vector<std::uint32_t> totals_since(std::int64_t after) const;
    void let_go();
    void forget(std::uint32_t id);

    std::int64_t window_micros_, retention_micros_;
    SlidingBounds bounds_;
    StringMap<std::uint32_t> ids_;
    std::vector<Group> groups_;
    std::vector<std::uint32_t> free_;
    std::map<std::int64_t, Window> windows_;
    std::size_t cells_ = 0;
    std::vector<Loss> losses_;
    mutable std::vector<std::int64_t> totals_;  // scratch of top(), all zero between calls
};

// `limit` of the largest, most first, ties in byte order.
SlidingCounts::Counts largest(const StringMap<std::uint64_t>& totals, std::size_t limit);

}  // namespace streamgauge
