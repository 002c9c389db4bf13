// SPDX-License-Identifier: GPL-3.0-or-later
// A set of request or event numbers, a bit each: address space for all of them at once, memory only where numbers are.
// Adding allocates nothing and locks nothing, so that the sending thread can do it.
#pragma once

#include <atomic>
#include <cstdint>

namespace streamgauge::loadgen {

// One thread adds; any may ask meanwhile, and sees what was added before a while ago.
class NumberSet {
public:
    // Numbers from 0 to most - 1; the others are passed over. Memory: an eighth of a byte each, as they come.
    explicit NumberSet(std::uint64_t most);
    ~NumberSet();
    NumberSet(const NumberSet&) = delete;
    NumberSet& operator=(const NumberSet&) = delete;

    // False when it was there, or has no room here.
    bool add(std::uint64_t number) {
        if (number >= most_) return false;
        std::atomic<std::uint64_t>& word = words_[number / 64];
        const std::uint64_t bit = std::uint64_t{1} << (number % 64), before = word.load(std::memory_order_relaxed);
        if ((before & bit) != 0) return false;
        word.store(before | bit, std::memory_order_relaxed);
        count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return true;
    }
    bool has(std::uint64_t number) const {
        return number < most_ && (words_[number / 64].load(std::memory_order_relaxed) >> (number % 64) & 1) != 0;
    }
    std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
    // Numbers that fit; fewer than asked for where there is no address space.
    std::uint64_t most() const { return most_; }

private:
    std::uint64_t most_ = 0;
    std::atomic<std::uint64_t>* words_ = nullptr;
    std::atomic<std::uint64_t> count_{0};
};

}  // namespace streamgauge::loadgen
