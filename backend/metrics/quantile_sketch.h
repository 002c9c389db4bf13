// SPDX-License-Identifier: GPL-3.0-or-later
// Percentiles of decimals with a relative error of 1 %: DDSketch (Masson, Rim, Lee, VLDB 2019) over integers of
// micro-units. The borders of its buckets are integers made by integer arithmetic, not logarithms, so that no
// mathematical library of any machine decides which bucket a value is in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/set_state.h"

namespace streamgauge {

// A function of the values alone, whatever their order and however they were merged. Not thread-safe.
class QuantileSketch {
public:
    static constexpr std::uint64_t kBucketBytes = 16;

    void add(std::int64_t micros);
    void merge(const QuantileSketch& other);

    std::uint64_t values() const { return values_; }
    // The value of rank floor(q * (n - 1)), of the smallest 0, within 1 % of it; the smallest and the largest exactly.
    // Nothing without values.
    std::optional<std::int64_t> quantile(double q) const;
    std::uint64_t sketch_bytes() const { return buckets_.size() * kBucketBytes; }
    std::size_t memory_bytes() const { return buckets_.capacity() * sizeof(Bucket); }

    std::optional<SetChange> take_change();
    bool stored_whole() const { return !changed_; }
    static Result<QuantileSketch> decode(const std::vector<std::string_view>& bytes);
    std::string canonical() const;

private:
    // 0 for zero, n for the n-th bucket of positive values, -n for the n-th of negative ones: in the order of values.
    struct Bucket {
        std::int32_t index;
        std::uint64_t count;
    };
    void add_to(std::int32_t index, std::uint64_t count);

    std::vector<Bucket> buckets_;  // in order of index
    std::size_t last_ = 0;         // where the value before went
    std::uint64_t values_ = 0;
    std::int64_t smallest_ = 0, largest_ = 0;  // with values
    bool changed_ = true;
};

}  // namespace streamgauge
