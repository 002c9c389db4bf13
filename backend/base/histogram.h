// SPDX-License-Identifier: GPL-3.0-or-later
// Latency histogram in constant memory: HdrHistogram's bucket layout (http://hdrhistogram.org), three significant
// digits.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace streamgauge {

// Values are microseconds, 1 us to 1 h; smaller counts as 1, larger as 1 h (and is counted in overflow()).
// Any recorded value is reported within 0.1 % of itself. Not thread-safe.
class Histogram {
public:
    static constexpr std::int64_t kHighestMicros = 3'600'000'000;

    Histogram();
    void record(std::int64_t micros, std::uint64_t count = 1);
    void merge(const Histogram& other);
    void reset();

    // As it was, from its buckets (index, count) and what they do not hold. False, and empty, when they contradict each
    // other: an index beyond the last, a zero count, a count that overflows, min or max outside their buckets.
    struct Exact {
        std::uint64_t overflow = 0;
        std::int64_t min = 0, max = 0;
        std::uint64_t sum = 0;  // of all values; UINT64_MAX when it is larger
        bool operator==(const Exact&) const = default;
    };
    Exact exact() const;
    bool restore(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& buckets, const Exact& exact);

    std::uint64_t count() const { return count_; }
    std::uint64_t overflow() const { return overflow_; }
    std::int64_t max_micros() const { return max_; }
    std::int64_t min_micros() const;
    double mean_micros() const;
    // The smallest recorded value that at least quantile * count() values do not exceed. 0 when empty.
    // Precondition: 0 <= quantile <= 1.
    std::int64_t quantile_micros(double quantile) const;
    // Values recorded at or below `micros` (bucket resolution).
    std::uint64_t count_at_or_below(std::int64_t micros) const;

    static std::size_t bucket_index(std::int64_t micros);
    static std::int64_t bucket_highest(std::size_t index);
    const std::vector<std::uint64_t>& buckets() const { return buckets_; }

private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t overflow_ = 0;
    std::int64_t min_ = 0;
    std::int64_t max_ = 0;
    long double sum_ = 0;
};

}  // namespace streamgauge
