// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/sparse_histogram.h"

#include <algorithm>
#include <bit>

namespace streamgauge {
namespace {

constexpr int kMostBytes = 9;

void append_number(std::int64_t value, std::string& bytes) {
    std::uint64_t zigzag = (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0);
    // Seven bits a byte, lowest first; the ninth has all eight that are left.
    for (int i = 1; zigzag >= 0x80 && i < kMostBytes; ++i) {
        bytes.push_back(static_cast<char>(zigzag | 0x80));
        zigzag >>= 7;
    }
    bytes.push_back(static_cast<char>(zigzag));
}

// The bucket in the middle of those with the same eight leading bits.
std::size_t coarse_bucket(std::size_t index) {
    constexpr unsigned kBits = 8;
    const auto value = static_cast<std::uint64_t>(Histogram::bucket_highest(index));
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kBits) return index;
    const unsigned shift = width - kBits;
    return Histogram::bucket_index(
        static_cast<std::int64_t>((value >> shift << shift) + (std::uint64_t{1} << shift) / 2));
}

std::optional<std::int64_t> take_number(std::string_view& bytes) {
    std::uint64_t zigzag = 0;
    for (int i = 0; i < kMostBytes; ++i) {
        if (bytes.empty()) return std::nullopt;
        const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(bytes.front()));
        bytes.remove_prefix(1);
        if (i == kMostBytes - 1) {
            zigzag |= byte << (7 * i);
            break;
        }
        zigzag |= (byte & 0x7F) << (7 * i);
        if (byte < 0x80) break;
    }
    return static_cast<std::int64_t>((zigzag >> 1) ^ (0 - (zigzag & 1)));
}

}  // namespace

void append_histogram_payload(const Histogram& histogram, std::string& bytes, bool coarse) {
    if (histogram.count() == 0) return;
    const std::vector<std::uint64_t>& buckets = histogram.buckets();
    const std::size_t first = Histogram::bucket_index(histogram.min_micros());
    const std::size_t last = Histogram::bucket_index(histogram.max_micros());
    std::size_t next = 0;  // first bucket that nothing was said of
    std::size_t open = first;
    std::uint64_t count = 0;  // of `open`
    const auto say = [&] {
        if (open > next) append_number(-static_cast<std::int64_t>(open - next), bytes);
        append_number(static_cast<std::int64_t>(count), bytes);
        next = open + 1;
        count = 0;
    };
    for (std::size_t i = first; i <= last; ++i) {
        if (buckets[i] == 0) continue;
        const std::size_t target = coarse && i > first && i < last ? std::max(coarse_bucket(i), first + 1) : i;
        if (target != open && count > 0) say();
        open = std::min(target, last);
        count += buckets[i];
    }
    say();
}

std::optional<std::vector<std::pair<std::uint32_t, std::uint64_t>>> histogram_buckets(std::string_view payload) {
    static const std::size_t most = Histogram::bucket_index(Histogram::kHighestMicros) + 1;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> buckets;
    buckets.reserve(std::min(payload.size(), most));
    std::size_t index = 0;
    while (!payload.empty()) {
        const std::optional<std::int64_t> number = take_number(payload);
        if (!number) return std::nullopt;
        if (*number <= 0) {
            // Zero is an empty bucket by itself.
            const std::uint64_t empty = *number == 0 ? 1 : 0 - static_cast<std::uint64_t>(*number);
            if (empty > most - index) return std::nullopt;
            index += static_cast<std::size_t>(empty);
            continue;
        }
        if (index >= most) return std::nullopt;
        buckets.emplace_back(static_cast<std::uint32_t>(index++), static_cast<std::uint64_t>(*number));
    }
    return buckets;
}

SparseHistogram::SparseHistogram(const Histogram& histogram) : exact_(histogram.exact()), count_(histogram.count()) {
    append_histogram_payload(histogram, payload_);
    payload_.shrink_to_fit();
}

std::optional<SparseHistogram> SparseHistogram::restore(std::string payload, const Histogram::Exact& exact) {
    const auto buckets = histogram_buckets(payload);
    Histogram histogram;
    if (!buckets || !histogram.restore(*buckets, exact)) return std::nullopt;
    SparseHistogram sparse;
    sparse.payload_ = std::move(payload);
    sparse.exact_ = exact;
    sparse.count_ = histogram.count();
    return sparse;
}

double SparseHistogram::mean_micros() const {
    return count_ == 0 ? 0 : static_cast<double>(exact_.sum) / static_cast<double>(count_);
}

std::vector<std::pair<std::uint32_t, std::uint64_t>> SparseHistogram::buckets() const {
    return histogram_buckets(payload_).value_or(std::vector<std::pair<std::uint32_t, std::uint64_t>>{});
}

Histogram SparseHistogram::expand() const {
    Histogram histogram;
    histogram.restore(buckets(), exact_);
    return histogram;
}

}  // namespace streamgauge
