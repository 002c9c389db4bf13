// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/delta_table.h"

#include <algorithm>
#include <numeric>

#include "metrics/decimal.h"
#include "metrics/hash.h"

namespace streamgauge {
namespace {

constexpr std::size_t kFirstIndex = 64;
constexpr std::size_t kKeptIndex = 1 << 18;  // clear() gives larger tables back

}  // namespace

std::uint64_t DeltaTable::hash_of(std::int64_t window, std::string_view group) {
    // Fibonacci hashing spreads the window (Knuth, TAOCP vol. 3, section 6.4).
    return text_hash(group) ^ (static_cast<std::uint64_t>(window) * 0x9E3779B97F4A7C15ULL);
}

void DeltaTable::add(std::int64_t window, std::string_view group, std::int64_t delta) {
    if ((rows_.size() + 1) * 8 > index_.size() * 5) grow();
    const std::uint64_t hash = hash_of(window, group);
    const std::size_t mask = index_.size() - 1;
    std::size_t at = static_cast<std::size_t>(hash >> 8) & mask;
    for (; index_[at] != 0; at = (at + 1) & mask) {
        Entry& entry = rows_[index_[at] - 1];
        if (entry.hash == hash && entry.window == window && group_of(entry) == group) {
            entry.delta = saturating_add(entry.delta, delta);
            return;
        }
    }
    rows_.push_back(
        {hash, window, delta, static_cast<std::uint32_t>(groups_.size()), static_cast<std::uint32_t>(group.size())});
    groups_.append(group);
    index_[at] = static_cast<std::uint32_t>(rows_.size());
}

std::optional<std::int64_t> DeltaTable::find(std::int64_t window, std::string_view group) const {
    if (rows_.empty()) return std::nullopt;
    const std::uint64_t hash = hash_of(window, group);
    const std::size_t mask = index_.size() - 1;
    for (std::size_t at = static_cast<std::size_t>(hash >> 8) & mask; index_[at] != 0; at = (at + 1) & mask) {
        const Entry& entry = rows_[index_[at] - 1];
        if (entry.hash == hash && entry.window == window && group_of(entry) == group) return entry.delta;
    }
    return std::nullopt;
}

std::size_t DeltaTable::memory_bytes() const {
    return rows_.size() * sizeof(Entry) + index_.size() * sizeof(std::uint32_t) + groups_.size();
}

DeltaTable::Row DeltaTable::operator[](std::size_t index) const {
    const Entry& entry = rows_[index];
    return {entry.window, group_of(entry), entry.delta};
}

std::vector<std::uint32_t> DeltaTable::sorted() const {
    std::vector<std::uint32_t> order(rows_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
        const int by_group = group_of(rows_[a]).compare(group_of(rows_[b]));
        return by_group != 0 ? by_group < 0 : rows_[a].window < rows_[b].window;
    });
    return order;
}

void DeltaTable::clear() {
    rows_.clear();
    groups_.clear();
    if (index_.size() > kKeptIndex) {
        index_ = {};
        rows_.shrink_to_fit();
        groups_.shrink_to_fit();
    } else {
        std::fill(index_.begin(), index_.end(), 0U);
    }
}

void DeltaTable::grow() {
    index_.assign(index_.empty() ? kFirstIndex : index_.size() * 2, 0U);
    const std::size_t mask = index_.size() - 1;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        std::size_t at = static_cast<std::size_t>(rows_[row].hash >> 8) & mask;
        while (index_[at] != 0) at = (at + 1) & mask;
        index_[at] = static_cast<std::uint32_t>(row + 1);
    }
}

}  // namespace streamgauge
