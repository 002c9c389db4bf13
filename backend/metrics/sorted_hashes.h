// SPDX-License-Identifier: GPL-3.0-or-later
// Sorted runs of 64-bit hashes, and how two become one. A run is in four ranges by its hashes' highest two bits, which
// are united side by side: one alone waits for each comparison before it can begin the next.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "metrics/large_blocks.h"

namespace streamgauge {

static_assert(std::endian::native == std::endian::little, "hashes are stored with the lowest byte first");

// Ascending, each once; somebody else's, and not aligned: as the store has them.
struct HashRange {
    const char* at = nullptr;
    std::size_t size = 0;

    std::uint64_t operator[](std::size_t index) const {
        std::uint64_t hash = 0;
        std::memcpy(&hash, at + index * sizeof hash, sizeof hash);
        return hash;
    }
};

struct HashRun {
    std::array<HashRange, 4> ranges;

    std::size_t size() const { return ranges[0].size + ranges[1].size + ranges[2].size + ranges[3].size; }
};

// `bytes`: 8 a hash.
bool is_ascending(std::string_view bytes);
// Precondition: is_ascending(bytes).
HashRun to_run(std::string_view bytes);
// What is in `a` or `b`, written from `out` on, where there is room for both; it may leave gaps between the ranges.
HashRun unite(const HashRun& a, const HashRun& b, std::uint64_t* out);
HashRun copy(const HashRun& run, std::uint64_t* out);

// Memory for hashes, as it comes. Movable.
class HashMemory {
public:
    HashMemory() = default;
    explicit HashMemory(std::size_t hashes) : hashes_(LargeBlocks<std::uint64_t>().allocate(hashes)), room_(hashes) {}
    ~HashMemory() { release(); }
    HashMemory(HashMemory&& other) noexcept
        : hashes_(std::exchange(other.hashes_, nullptr)), room_(std::exchange(other.room_, 0)) {}
    HashMemory& operator=(HashMemory&& other) noexcept {
        if (this == &other) return *this;
        release();
        hashes_ = std::exchange(other.hashes_, nullptr);
        room_ = std::exchange(other.room_, 0);
        return *this;
    }
    HashMemory(const HashMemory&) = delete;
    HashMemory& operator=(const HashMemory&) = delete;

    std::uint64_t* hashes() const { return hashes_; }
    std::size_t room() const { return room_; }

private:
    void release() {
        if (hashes_ != nullptr) LargeBlocks<std::uint64_t>().deallocate(hashes_, room_);
    }
    std::uint64_t* hashes_ = nullptr;
    std::size_t room_ = 0;
};

}  // namespace streamgauge
