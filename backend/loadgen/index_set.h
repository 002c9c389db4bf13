// SPDX-License-Identifier: GPL-3.0-or-later
// A set of small numbers, 0 to a bound, in which each operation takes the same short time and nothing is allocated:
// which of the engine's connections can be used now.
#pragma once

#include <cstdint>
#include <vector>

namespace streamgauge::loadgen {

class IndexSet {
public:
    explicit IndexSet(std::uint32_t bound) : positions_(bound, kOutside) { members_.reserve(bound); }

    bool empty() const { return members_.empty(); }
    std::uint32_t size() const { return static_cast<std::uint32_t>(members_.size()); }
    bool has(std::uint32_t index) const { return positions_[index] != kOutside; }
    void add(std::uint32_t index) {
        if (has(index)) return;
        positions_[index] = size();
        members_.push_back(index);
    }
    void remove(std::uint32_t index) {
        const std::uint32_t position = positions_[index];
        if (position == kOutside) return;
        members_[position] = members_.back();
        positions_[members_[position]] = position;
        members_.pop_back();
        positions_[index] = kOutside;
    }
    // Preconditions of both: not empty. The one that came last: it is the one in the cache.
    std::uint32_t last() const { return members_.back(); }
    // Each in turn.
    std::uint32_t next() { return members_[turn_++ % members_.size()]; }

private:
    static constexpr std::uint32_t kOutside = UINT32_MAX;
    std::vector<std::uint32_t> members_, positions_;
    std::size_t turn_ = 0;
};

}  // namespace streamgauge::loadgen
