// SPDX-License-Identifier: GPL-3.0-or-later
// A hash map from text to V with open addressing: a hit costs no allocation and about one cache line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/hash.h"

namespace streamgauge {

// Linear probing, erasure by shifting back (Knuth, TAOCP vol. 3, section 6.4, algorithm R). Pointers to values are
// valid until the next insertion or erasure. Not thread-safe.
template <class V>
class StringMap {
public:
    // The value of `key`, made by V{} when it is new.
    std::pair<V*, bool> find_or_insert(std::string_view key) {
        if ((size_ + 1) * 8 > slots_.size() * 5) grow();
        const std::uint64_t hash = text_hash(key);
        std::size_t at = probe(hash, key);
        if (slots_[at].hash != 0) return {&slots_[at].value, false};
        slots_[at].hash = hash;
        slots_[at].key.assign(key);
        ++size_;
        return {&slots_[at].value, true};
    }
    V* find(std::string_view key) { return const_cast<V*>(std::as_const(*this).find(key)); }
    const V* find(std::string_view key) const {
        if (size_ == 0) return nullptr;
        const std::size_t at = probe(text_hash(key), key);
        return slots_[at].hash == 0 ? nullptr : &slots_[at].value;
    }
    void erase(std::string_view key) {
        if (size_ == 0) return;
        const std::size_t at = probe(text_hash(key), key);
        if (slots_[at].hash != 0) erase_at(at);
    }
    // Calls remove(key, value) for up to `count` slots from `cursor` on, and erases those for which it is true. The
    // cursor goes round; every entry is met within one round and a little.
    template <class Remove>
    void sweep(std::size_t& cursor, std::size_t count, Remove remove) {
        if (slots_.empty()) return;
        for (; count > 0; --count) {
            if (cursor >= slots_.size()) cursor = 0;
            Slot& slot = slots_[cursor];
            if (slot.hash != 0 && remove(std::string_view(slot.key), slot.value))
                erase_at(cursor);  // another may have moved here: look again
            else
                ++cursor;
        }
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Slot& slot : slots_)
            if (slot.hash != 0) visit(std::string_view(slot.key), slot.value);
    }
    void clear() {
        slots_.clear();
        size_ = 0;
    }
    std::size_t size() const { return size_; }
    std::size_t slots() const { return slots_.size(); }

private:
    struct Slot {
        std::uint64_t hash = 0;  // 0: free
        std::string key;
        V value{};
    };
    std::size_t mask() const { return slots_.size() - 1; }
    std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> 8) & mask(); }
    std::size_t probe(std::uint64_t hash, std::string_view key) const {
        std::size_t at = home(hash);
        while (slots_[at].hash != 0 && !(slots_[at].hash == hash && slots_[at].key == key)) at = (at + 1) & mask();
        return at;
    }
    void grow() {
        std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 16 : slots_.size() * 2));
        for (Slot& slot : old) {
            if (slot.hash == 0) continue;
            std::size_t at = home(slot.hash);
            while (slots_[at].hash != 0) at = (at + 1) & mask();
            slots_[at] = std::move(slot);
        }
    }
    void erase_at(std::size_t hole) {
        --size_;
        for (std::size_t next = (hole + 1) & mask(); slots_[next].hash != 0; next = (next + 1) & mask()) {
            // An entry may fill the hole when the hole is not before its home on the way from there.
            if (((next - home(slots_[next].hash)) & mask()) < ((next - hole) & mask())) continue;
            slots_[hole] = std::move(slots_[next]);
            hole = next;
        }
        slots_[hole] = Slot{};
    }

    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

}  // namespace streamgauge
