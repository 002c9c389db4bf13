// SPDX-License-Identifier: GPL-3.0-or-later
// A histogram of one moment, kept small: HdrHistogram's V2 payload, a variable-length number for each count and one for
// each run of empty buckets. A second of ten thousand requests takes under a kilobyte where the array takes 196.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"

namespace streamgauge {

// Appends the payload of `histogram` to `bytes`: signed numbers, zigzag and LEB128 of at most nine bytes
// (ZigZagEncoding.java of HdrHistogram); positive is a bucket's count, negative that many empty ones.
// Coarse: values within 0.4 % of each other count as one, but for the least and the greatest.
void append_histogram_payload(const Histogram& histogram, std::string& bytes, bool coarse = false);
// Its buckets that are not empty, ascending. None when it is not such a payload, or has more buckets than there are.
std::optional<std::vector<std::pair<std::uint32_t, std::uint64_t>>> histogram_buckets(std::string_view payload);

// Immutable value.
class SparseHistogram {
public:
    SparseHistogram() = default;
    explicit SparseHistogram(const Histogram& histogram);
    // None when the payload is damaged or contradicts the rest.
    static std::optional<SparseHistogram> restore(std::string payload, const Histogram::Exact& exact);

    std::uint64_t count() const { return count_; }
    const Histogram::Exact& exact() const { return exact_; }
    const std::string& payload() const { return payload_; }
    double mean_micros() const;
    // The whole histogram again.
    Histogram expand() const;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> buckets() const;
    bool operator==(const SparseHistogram&) const = default;

private:
    std::string payload_;
    Histogram::Exact exact_;
    std::uint64_t count_ = 0;
};

}  // namespace streamgauge
