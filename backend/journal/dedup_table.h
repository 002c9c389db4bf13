// SPDX-License-Identifier: GPL-3.0-or-later
// Event ids in memory, exactly: a flat open-addressing table of 128-bit keyed hashes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "journal/span_file.h"

namespace streamgauge {

// Keyed SipHash-2-4 with 128 bits of (project, event_id). Of n ids two share a hash with probability below n^2 / 2^129:
// for 10^10 ids within the horizon about 10^-19.
struct DedupHash {
    std::uint64_t high = 0, low = 0;
    auto operator<=>(const DedupHash&) const = default;
};
DedupHash dedup_hash(std::string_view project, std::string_view event_id, const DedupSecret& secret);

struct DedupEntry {
    DedupHash hash;
    Offset offset = 0;  // 0: an empty slot
    Timestamp received_at;
};

// Not thread-safe for changes; linear probing with backward-shift deletion.
class DedupTable {
public:
    const DedupEntry* find(const DedupHash& hash) const;
    // Puts `entry` in, and hands out the one with the same hash that it takes the place of.
    std::optional<DedupEntry> put(const DedupEntry& entry);
    void erase(const DedupHash& hash);
    std::size_t size() const { return size_; }
    std::size_t memory_bytes() const { return slots_.size() * sizeof(DedupEntry); }
    // All entries, ascending by hash.
    std::vector<DedupEntry> sorted() const;

private:
    std::size_t slot_of(const DedupHash& hash) const { return hash.low & (slots_.size() - 1); }
    void grow();
    std::vector<DedupEntry> slots_;  // a power of two, at most seven tenths full
    std::size_t size_ = 0;
};

}  // namespace streamgauge
