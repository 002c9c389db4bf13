// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace streamgauge {
namespace {

// Values up to 2 * kHalf - 1 are exact; above, each power of two is cut into kHalf buckets: relative width 1 / kHalf.
constexpr unsigned kHalfBits = 10;
constexpr std::int64_t kHalf = 1 << kHalfBits;
constexpr std::size_t kBuckets = 23 * static_cast<std::size_t>(kHalf) + static_cast<std::size_t>(kHalf);

}  // namespace

Histogram::Histogram() : buckets_(kBuckets, 0) {}

std::size_t Histogram::bucket_index(std::int64_t micros) {
    const auto value = static_cast<std::uint64_t>(micros);
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kHalfBits + 1) return static_cast<std::size_t>(value);
    const unsigned shift = width - kHalfBits - 1;
    return static_cast<std::size_t>(shift) * kHalf + static_cast<std::size_t>(value >> shift);
}

std::int64_t Histogram::bucket_highest(std::size_t index) {
    const auto i = static_cast<std::int64_t>(index);
    if (i < 2 * kHalf) return i;
    const std::int64_t shift = i / kHalf - 1;
    const std::int64_t sub = i - shift * kHalf;
    return ((sub + 1) << shift) - 1;
}

void Histogram::record(std::int64_t micros, std::uint64_t count) {
    if (count == 0) return;
    if (micros > kHighestMicros) {
        micros = kHighestMicros;
        overflow_ += count;
    }
    micros = std::max<std::int64_t>(micros, 1);
    buckets_[bucket_index(micros)] += count;
    min_ = count_ == 0 ? micros : std::min(min_, micros);
    max_ = std::max(max_, micros);
    count_ += count;
    sum_ += static_cast<long double>(micros) * static_cast<long double>(count);
}

void Histogram::merge(const Histogram& other) {
    if (other.count_ == 0) return;
    for (std::size_t i = bucket_index(other.min_); i <= bucket_index(other.max_); ++i) buckets_[i] += other.buckets_[i];
    min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    count_ += other.count_;
    overflow_ += other.overflow_;
    sum_ += other.sum_;
}

void Histogram::reset() {
    if (count_ != 0)
        std::fill(buckets_.begin() + static_cast<std::ptrdiff_t>(bucket_index(min_)),
                  buckets_.begin() + static_cast<std::ptrdiff_t>(bucket_index(max_)) + 1, 0);
    count_ = overflow_ = 0;
    min_ = max_ = 0;
    sum_ = 0;
}

Histogram::Exact Histogram::exact() const {
    constexpr auto most = static_cast<long double>(UINT64_MAX);
    return {overflow_, min_, max_, sum_ >= most ? UINT64_MAX : static_cast<std::uint64_t>(sum_)};
}

bool Histogram::restore(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& buckets, const Exact& exact) {
    reset();
    if (buckets.empty()) return exact == Exact{};
    const auto in_range = [](std::int64_t micros) { return micros >= 1 && micros <= kHighestMicros; };
    if (!in_range(exact.min) || !in_range(exact.max)) return false;
    const std::size_t first = bucket_index(exact.min), last = bucket_index(exact.max);
    std::uint64_t count = 0;
    std::size_t next = first;
    for (const auto& [index, n] : buckets) {
        if (index < next || index > last || n == 0 || n > UINT64_MAX - count) return false;
        next = std::size_t{index} + 1;
        count += n;
    }
    if (buckets.front().first != first || buckets.back().first != last || exact.overflow > count) return false;
    for (const auto& [index, n] : buckets) buckets_[index] = n;
    count_ = count;
    overflow_ = exact.overflow;
    min_ = exact.min;
    max_ = exact.max;
    sum_ = static_cast<long double>(exact.sum);
    return true;
}

std::int64_t Histogram::min_micros() const {
    return min_;
}

double Histogram::mean_micros() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_ / static_cast<long double>(count_));
}

std::int64_t Histogram::quantile_micros(double quantile) const {
    if (count_ == 0) return 0;
    const auto wanted = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_) - 1e-9)));
    std::uint64_t seen = 0;
    for (std::size_t i = bucket_index(min_); i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= wanted) return std::min(bucket_highest(i), max_);
    }
    return max_;
}

std::uint64_t Histogram::count_at_or_below(std::int64_t micros) const {
    if (count_ == 0 || micros < min_) return 0;
    const std::size_t last = bucket_index(std::min(micros, max_));
    std::uint64_t seen = 0;
    for (std::size_t i = bucket_index(min_); i <= last; ++i) seen += buckets_[i];
    return seen;
}

}  // namespace streamgauge
