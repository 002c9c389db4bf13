// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/quantile_sketch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "metrics/byte_code.h"

namespace streamgauge {
namespace {

constexpr char kForm = 'Q';

// Bucket n holds the magnitudes above upper[n - 1] and up to upper[n]; upper[0] = 0. It is as wide as it can be while
// one integer in it, which stands for all of them, is within 1 % of each.
struct Borders {
    std::vector<std::uint64_t> upper;
    // By the magnitude's highest set bit and the five below: the bucket of the smallest such magnitude.
    std::array<std::uint16_t, 64 * 32> first{};
    static constexpr std::uint64_t kLargest = std::uint64_t{1} << 63;  // the magnitude of the smallest integer

    static std::size_t key(std::uint64_t magnitude) {
        const auto top = static_cast<unsigned>(63 - std::countl_zero(magnitude));
        const std::uint64_t below = top >= 5 ? magnitude >> (top - 5) : magnitude << (5 - top);
        return top * 32 + static_cast<std::size_t>(below & 31);
    }

    Borders() {
        upper.push_back(0);
        while (upper.back() < kLargest) {
            const std::uint64_t middle = middle_from(upper.back() + 1);
            upper.push_back(std::min(kLargest, middle + middle / 99));
        }
        for (std::size_t i = 0; i < first.size(); ++i) {
            const std::size_t top = i / 32;
            const std::uint64_t lead = 32 + i % 32;
            const std::uint64_t smallest = top >= 5 ? lead << (top - 5) : std::max<std::uint64_t>(lead >> (5 - top), 1);
            first[i] =
                static_cast<std::uint16_t>(std::lower_bound(upper.begin(), upper.end(), smallest) - upper.begin());
        }
    }

    // Precondition: 0 < magnitude <= kLargest.
    std::int32_t bucket_of(std::uint64_t magnitude) const {
        std::size_t at = first[key(magnitude)];
        while (upper[at] < magnitude) ++at;
        return static_cast<std::int32_t>(at);
    }

    static std::uint64_t middle_from(std::uint64_t low) { return low + low / 100; }
    std::uint64_t middle(std::int32_t bucket) const {
        return middle_from(upper[static_cast<std::size_t>(bucket) - 1] + 1);
    }
    std::int32_t last() const { return static_cast<std::int32_t>(upper.size()) - 1; }
};

const Borders& borders() {
    static const Borders made;
    return made;
}

std::uint64_t magnitude_of(std::int64_t value) {
    return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
}

std::int32_t index_of(std::int64_t micros) {
    if (micros == 0) return 0;
    const std::int32_t bucket = borders().bucket_of(magnitude_of(micros));
    return micros < 0 ? -bucket : bucket;
}

}  // namespace

void QuantileSketch::add_to(std::int32_t index, std::uint64_t count) {
    if (last_ < buckets_.size() && buckets_[last_].index == index) {
        buckets_[last_].count += count;
        return;
    }
    auto at = std::lower_bound(buckets_.begin(), buckets_.end(), index,
                               [](const Bucket& bucket, std::int32_t wanted) { return bucket.index < wanted; });
    if (at != buckets_.end() && at->index == index)
        at->count += count;
    else
        at = buckets_.insert(at, Bucket{index, count});
    last_ = static_cast<std::size_t>(at - buckets_.begin());
}

void QuantileSketch::add(std::int64_t micros) {
    changed_ = true;
    smallest_ = values_ == 0 ? micros : std::min(smallest_, micros);
    largest_ = values_ == 0 ? micros : std::max(largest_, micros);
    ++values_;
    add_to(index_of(micros), 1);
}

void QuantileSketch::merge(const QuantileSketch& other) {
    if (other.values_ == 0) return;
    changed_ = true;
    smallest_ = values_ == 0 ? other.smallest_ : std::min(smallest_, other.smallest_);
    largest_ = values_ == 0 ? other.largest_ : std::max(largest_, other.largest_);
    values_ += other.values_;
    for (const Bucket& bucket : other.buckets_) add_to(bucket.index, bucket.count);
}

std::optional<std::int64_t> QuantileSketch::quantile(double q) const {
    if (values_ == 0) return std::nullopt;
    const double place = q * static_cast<double>(values_ - 1);
    const std::uint64_t rank = place > 0 ? std::min(static_cast<std::uint64_t>(place), values_ - 1) : 0;
    if (rank == 0) return smallest_;
    if (rank == values_ - 1) return largest_;
    std::uint64_t below = 0;
    std::int32_t index = 0;
    for (const Bucket& bucket : buckets_) {
        below += bucket.count;
        index = bucket.index;
        if (below > rank) break;
    }
    if (index == 0) return 0;
    // No middle but that of the last bucket reaches beyond the largest integer, and there the ends below hold it.
    const std::uint64_t middle =
        std::min<std::uint64_t>(borders().middle(index < 0 ? -index : index), std::numeric_limits<std::int64_t>::max());
    const auto value = static_cast<std::int64_t>(middle);
    return std::clamp(index < 0 ? -value : value, smallest_, largest_);
}

std::optional<SetChange> QuantileSketch::take_change() {
    if (!changed_) return std::nullopt;
    changed_ = false;
    return SetChange{true, canonical()};
}

std::string QuantileSketch::canonical() const {
    std::string out(1, kForm);
    put_varint(out, buckets_.size());
    if (values_ > 0) {
        put_signed(out, smallest_);
        put_signed(out, largest_);
    }
    std::int64_t before = -borders().last() - 1;
    for (const Bucket& bucket : buckets_) {
        put_varint(out, static_cast<std::uint64_t>(bucket.index - before));
        put_varint(out, bucket.count);
        before = bucket.index;
    }
    return out;
}

Result<QuantileSketch> QuantileSketch::decode(const std::vector<std::string_view>& bytes) {
    const auto corrupt = [](const char* what) {
        return Error::make(ErrorCode::Corrupt, std::string("state of percentiles: ") + what);
    };
    if (bytes.size() != 1 || bytes.front().empty() || bytes.front().front() != kForm) return corrupt("no such form");
    ByteReader reader(bytes.front().substr(1));
    QuantileSketch sketch;
    const std::uint64_t size = reader.varint();
    const std::int32_t last = borders().last();
    if (size > static_cast<std::uint64_t>(last) * 2 + 1) return corrupt("too many buckets");
    if (size > 0) {
        sketch.smallest_ = reader.signed_varint();
        sketch.largest_ = reader.signed_varint();
    }
    sketch.buckets_.reserve(std::min<std::size_t>(size, reader.left() / 2));
    std::int64_t index = -last - 1;
    for (std::uint64_t i = 0; i < size; ++i) {
        const std::uint64_t step = reader.varint(), count = reader.varint();
        if (reader.failed() || step == 0 || step > static_cast<std::uint64_t>(last - index)) return corrupt("no order");
        index += static_cast<std::int64_t>(step);
        if (count == 0 || count > UINT64_MAX / 2 - sketch.values_) return corrupt("no such count");
        sketch.values_ += count;
        sketch.buckets_.push_back({static_cast<std::int32_t>(index), count});
    }
    if (!reader.done()) return corrupt("no such length");
    if (size > 0 && (index_of(sketch.smallest_) != sketch.buckets_.front().index ||
                     index_of(sketch.largest_) != sketch.buckets_.back().index || sketch.smallest_ > sketch.largest_))
        return corrupt("ends outside the buckets");
    sketch.changed_ = false;
    return sketch;
}

}  // namespace streamgauge
