// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/hyperloglog.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "metrics/byte_code.h"

namespace streamgauge {
namespace {

constexpr unsigned kRankBits = 64 - HyperLogLog::kPrecision;
constexpr std::uint8_t kLargestRank = kRankBits + 1;
constexpr char kSparseForm = 's', kDenseForm = 'd';
constexpr std::size_t kDenseBytes = HyperLogLog::kRegisters * 6 / 8;
constexpr std::size_t kPairBytes = 3;  // 14 bits of index, 6 of rank

// Both series converge to the last bit in a few dozen steps and use only +, *, / and sqrt, which IEEE 754 rounds the
// same everywhere.
double sigma(double x) {
    if (x == 1) return std::numeric_limits<double>::infinity();
    double y = 1, z = x, before = 0;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

double tau(double x) {
    if (x == 0 || x == 1) return 0;
    double y = 1, z = 1 - x, before = 0;
    do {
        x = std::sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

}  // namespace

bool HyperLogLog::add(std::uint64_t hash) {
    const auto index = static_cast<std::uint32_t>(hash >> kRankBits);
    const std::uint64_t rest = hash << kPrecision;
    const auto rank = static_cast<std::uint8_t>(rest == 0 ? kLargestRank : std::countl_zero(rest) + 1);
    return raise(index, rank);
}

bool HyperLogLog::raise(std::uint32_t index, std::uint8_t rank) {
    if (!dense_.empty()) {
        std::uint8_t& present = dense_[index];
        if (present >= rank) return false;
        if (present == 0) ++used_;
        present = rank;
        return true;
    }
    const auto at = std::lower_bound(sparse_.begin(), sparse_.end(), index << 8);
    if (at != sparse_.end() && (*at >> 8) == index) {
        if ((*at & 0xff) >= rank) return false;
        *at = (index << 8) | rank;
        return true;
    }
    if (sparse_.size() < kSparseRegisters) {
        sparse_.insert(at, (index << 8) | rank);
        ++used_;
        return true;
    }
    dense_.assign(kRegisters, 0);
    for (const std::uint32_t pair : sparse_) dense_[pair >> 8] = static_cast<std::uint8_t>(pair & 0xff);
    std::vector<std::uint32_t>().swap(sparse_);
    return raise(index, rank);
}

template <class Visit>
void HyperLogLog::for_each(Visit visit) const {
    for (const std::uint32_t pair : sparse_) visit(pair >> 8, static_cast<std::uint8_t>(pair & 0xff));
    for (std::uint32_t i = 0; i < dense_.size(); ++i)
        if (dense_[i] != 0) visit(i, dense_[i]);
}

void HyperLogLog::merge(const HyperLogLog& other) {
    other.for_each([this](std::uint32_t index, std::uint8_t rank) { raise(index, rank); });
}

std::uint64_t HyperLogLog::estimate() const {
    std::array<std::uint32_t, kLargestRank + 1> ranks{};
    for_each([&ranks](std::uint32_t, std::uint8_t rank) { ++ranks[rank]; });
    ranks[0] = static_cast<std::uint32_t>(kRegisters - used_);
    constexpr auto m = static_cast<double>(kRegisters);
    double z = m * tau(1 - ranks[kLargestRank] / m);
    for (unsigned k = kRankBits; k >= 1; --k) z = 0.5 * (z + ranks[k]);
    z += m * sigma(ranks[0] / m);
    return static_cast<std::uint64_t>(m / (2 * std::numbers::ln2) * m / z + 0.5);
}

std::size_t HyperLogLog::memory_bytes() const {
    return sparse_.capacity() * sizeof(std::uint32_t) + dense_.capacity();
}

void HyperLogLog::encode(std::string& out) const {
    if (used_ * kPairBytes < kDenseBytes) {
        out.push_back(kSparseForm);
        for_each([&out](std::uint32_t index, std::uint8_t rank) { put_fixed(out, (index << 6) | rank, kPairBytes); });
        return;
    }
    out.push_back(kDenseForm);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::uint8_t rank : dense_) {  // more than kSparseRegisters are used, so this is where they are
        bits |= static_cast<std::uint32_t>(rank) << held;
        held += 6;
        for (; held >= 8; held -= 8, bits >>= 8) out.push_back(static_cast<char>(bits));
    }
}

bool HyperLogLog::decode(std::string_view bytes) {
    *this = HyperLogLog();
    ByteReader reader(bytes);
    const auto form = static_cast<char>(reader.fixed(1));
    if (form == kSparseForm) {
        if (reader.left() % kPairBytes != 0 || reader.left() >= kDenseBytes) return false;
        for (std::uint64_t before = 0; reader.left() > 0;) {
            const std::uint64_t pair = reader.fixed(kPairBytes), index = pair >> 6, rank = pair & 0x3f;
            if (index >= kRegisters || rank == 0 || rank > kLargestRank || index + 1 <= before) return false;
            before = index + 1;
            raise(static_cast<std::uint32_t>(index), static_cast<std::uint8_t>(rank));
        }
        return reader.done();
    }
    if (form != kDenseForm || reader.left() != kDenseBytes) return false;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (std::uint32_t i = 0; i < kRegisters; ++i) {
        for (; held < 6; held += 8) bits |= static_cast<std::uint32_t>(reader.fixed(1)) << held;
        const auto rank = static_cast<std::uint8_t>(bits & 0x3f);
        bits >>= 6;
        held -= 6;
        if (rank > kLargestRank) return false;
        if (rank != 0) raise(i, rank);
    }
    return reader.done() && used_ * kPairBytes >= kDenseBytes;
}

bool HyperLogLog::operator==(const HyperLogLog& other) const {
    if (used_ != other.used_) return false;
    std::string mine, theirs;
    encode(mine);
    other.encode(theirs);
    return mine == theirs;
}

}  // namespace streamgauge
