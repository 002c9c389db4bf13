// SPDX-License-Identifier: GPL-3.0-or-later
// How many different 64-bit hashes there were, in at most 16 KiB: HyperLogLog with p = 14 (Flajolet et al., AofA 2007),
// counted by the improved estimator of Ertl (arXiv:1702.01284, algorithm 6), which needs no tables and no switch
// between formulas.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace streamgauge {

// The registers are a function of the set of hashes alone, whatever their order and however they were merged. Up to
// 1,024 registers are kept as a sorted list, then all as an array. Not thread-safe.
class HyperLogLog {
public:
    static constexpr unsigned kPrecision = 14;
    static constexpr std::size_t kRegisters = std::size_t{1} << kPrecision;
    static constexpr double kStandardError = 0.008125;  // 1.04 / sqrt(2^14)
    static constexpr std::size_t kSparseRegisters = 1'024;

    // True when a register changed.
    bool add(std::uint64_t hash);
    void merge(const HyperLogLog& other);
    std::uint64_t estimate() const;

    std::size_t used_registers() const { return used_; }  // those that are not 0
    std::size_t memory_bytes() const;

    // One form for equal registers: used ones as (index, rank) where that is shorter, else all with 6 bits each.
    void encode(std::string& out) const;
    // False when `bytes` are not what encode() writes; then nothing can be said of the registers.
    bool decode(std::string_view bytes);
    bool operator==(const HyperLogLog& other) const;

private:
    bool raise(std::uint32_t index, std::uint8_t rank);
    template <class Visit>
    void for_each(Visit visit) const;  // (index, rank) of the used ones in order of index

    std::vector<std::uint32_t> sparse_;  // index << 8 | rank, sorted; empty once dense_ is there
    std::vector<std::uint8_t> dense_;
    std::size_t used_ = 0;
};

}  // namespace streamgauge
