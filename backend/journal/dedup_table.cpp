// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/dedup_table.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace streamgauge {

DedupHash dedup_hash(std::string_view project, std::string_view event_id, const DedupSecret& secret) {
    static_assert(sizeof(DedupSecret) == crypto_shorthash_siphashx24_KEYBYTES);
    static_assert(sizeof(DedupHash) == crypto_shorthash_siphashx24_BYTES);
    // The project's length keeps ("a", "bc") and ("ab", "c") apart.
    thread_local std::string text;
    const auto size = static_cast<std::uint32_t>(project.size());
    text.assign(reinterpret_cast<const char*>(&size), sizeof size);
    text.append(project).append(event_id);
    DedupHash hash;
    crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(&hash),
                                reinterpret_cast<const unsigned char*>(text.data()), text.size(), secret.data());
    return hash;
}

const DedupEntry* DedupTable::find(const DedupHash& hash) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t slot = slot_of(hash); slots_[slot].offset != 0; slot = (slot + 1) & (slots_.size() - 1))
        if (slots_[slot].hash == hash) return &slots_[slot];
    return nullptr;
}

std::optional<DedupEntry> DedupTable::put(const DedupEntry& entry) {
    if ((size_ + 1) * 10 > slots_.size() * 7) grow();
    std::size_t slot = slot_of(entry.hash);
    for (; slots_[slot].offset != 0; slot = (slot + 1) & (slots_.size() - 1))
        if (slots_[slot].hash == entry.hash) return std::exchange(slots_[slot], entry);
    slots_[slot] = entry;
    ++size_;
    return std::nullopt;
}

void DedupTable::erase(const DedupHash& hash) {
    if (slots_.empty()) return;
    const std::size_t mask = slots_.size() - 1;
    std::size_t hole = slot_of(hash);
    while (slots_[hole].offset != 0 && slots_[hole].hash != hash) hole = (hole + 1) & mask;
    if (slots_[hole].offset == 0) return;
    // Entries behind the hole move up unless that would put them before the slot where their search begins.
    for (std::size_t next = (hole + 1) & mask; slots_[next].offset != 0; next = (next + 1) & mask) {
        const std::size_t home = slot_of(slots_[next].hash);
        if (((next - home) & mask) < ((next - hole) & mask)) continue;
        slots_[hole] = slots_[next];
        hole = next;
    }
    slots_[hole] = DedupEntry{};
    --size_;
}

void DedupTable::grow() {
    std::vector<DedupEntry> old(slots_.empty() ? 1024 : slots_.size() * 2);
    old.swap(slots_);
    for (const DedupEntry& entry : old) {
        if (entry.offset == 0) continue;
        std::size_t slot = slot_of(entry.hash);
        while (slots_[slot].offset != 0) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = entry;
    }
}

std::vector<DedupEntry> DedupTable::sorted() const {
    std::vector<DedupEntry> out;
    out.reserve(size_);
    std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(out), [](const auto& e) { return e.offset != 0; });
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
    return out;
}

}  // namespace streamgauge
