// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/distinct_union.h"

#include <algorithm>
#include <utility>

#include "metrics/distinct_values.h"

namespace streamgauge {
namespace {

Error corrupt(const char* what) {
    return Error::make(ErrorCode::Corrupt, std::string("state of distinct values: ") + what);
}

// Memory that is kept for the next runs: what goes around while runs are united, where it is worth it.
constexpr std::size_t kMostSpare = 2, kLeastSpare = 4'096;

template <class Visit>
void for_each(const HashRun& run, Visit visit) {
    for (const HashRange& range : run.ranges)
        for (std::size_t i = 0; i < range.size; ++i) visit(range[i]);
}

}  // namespace

Status DistinctUnion::add(const std::vector<std::string_view>& bytes) {
    if (bytes.empty() || bytes.front().empty()) return corrupt("nothing there");
    if (bytes.front().front() == DistinctValues::kSketch) {
        HyperLogLog other;
        if (bytes.size() != 1 || !other.decode(bytes.front().substr(1))) return corrupt("no such registers");
        if (!sketch_) sketch_ = std::make_unique<HyperLogLog>();
        sketch_->merge(other);
        settle();
        return {};
    }
    std::size_t total = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char kind = i == 0 ? DistinctValues::kHashes : DistinctValues::kMoreHashes;
        if (bytes[i].size() % sizeof(std::uint64_t) != 1 || bytes[i].front() != kind) return corrupt("no such form");
        total += bytes[i].size() / sizeof(std::uint64_t);
    }
    if (total > kExactDistinct) return corrupt("too many values");
    if (bytes.size() == 1) {
        const std::string_view hashes = bytes.front().substr(1);
        if (!is_ascending(hashes)) return corrupt("values that are there twice, or not in order");
        push(to_run(hashes));
        return {};
    }
    // Additions come as they came.
    HashMemory memory = take_memory(total);
    char* const begin = reinterpret_cast<char*>(memory.hashes());
    char* end = begin;
    for (const std::string_view piece : bytes) end = std::copy(piece.begin() + 1, piece.end(), end);
    std::sort(memory.hashes(), memory.hashes() + total);
    const std::string_view sorted(begin, static_cast<std::size_t>(end - begin));
    if (!is_ascending(sorted)) return corrupt("values that are there twice, or not in order");
    push(to_run(sorted));
    keep(std::move(memory));
    return {};
}

void DistinctUnion::merge(DistinctUnion&& other) {
    if (other.sketch_) {
        if (!sketch_) sketch_ = std::make_unique<HyperLogLog>();
        sketch_->merge(*other.sketch_);
        settle();
        return;
    }
    for (const Run& run : other.runs_) push(run.hashes);
    other.runs_.clear();
}

void DistinctUnion::push(const HashRun& hashes) {
    if (sketch_) {
        for_each(hashes, [this](std::uint64_t hash) { sketch_->add(hash); });
        return;
    }
    if (hashes.size() == 0) return;
    if (!runs_.empty() && runs_.back().hashes.size() < 2 * hashes.size()) {
        Run& last = runs_.back();
        HashMemory memory = take_memory(last.hashes.size() + hashes.size());
        last.hashes = unite(last.hashes, hashes, memory.hashes());
        keep(std::exchange(last.memory, std::move(memory)));
    } else {
        HashMemory memory = take_memory(hashes.size());
        const HashRun copied = copy(hashes, memory.hashes());
        runs_.push_back({std::move(memory), copied});
    }
    while (runs_.size() > 1 && runs_[runs_.size() - 2].hashes.size() < 2 * runs_.back().hashes.size()) unite_last();
    if (runs_.front().hashes.size() > kExactDistinct) settle();
}

void DistinctUnion::unite_last() {
    Run& before = runs_[runs_.size() - 2];
    Run& last = runs_.back();
    HashMemory memory = take_memory(before.hashes.size() + last.hashes.size());
    before.hashes = unite(before.hashes, last.hashes, memory.hashes());
    keep(std::exchange(before.memory, std::move(memory)));
    keep(std::move(last.memory));
    runs_.pop_back();
}

HashMemory DistinctUnion::take_memory(std::size_t hashes) {
    for (auto spare = spare_.begin(); spare != spare_.end(); ++spare) {
        if (spare->room() < hashes) continue;
        HashMemory found = std::move(*spare);
        spare_.erase(spare);
        return found;
    }
    return HashMemory(hashes);
}

void DistinctUnion::keep(HashMemory memory) {
    if (memory.room() < kLeastSpare) return;
    spare_.push_back(std::move(memory));
    if (spare_.size() <= kMostSpare) return;
    spare_.erase(std::min_element(spare_.begin(), spare_.end(),
                                  [](const HashMemory& a, const HashMemory& b) { return a.room() < b.room(); }));
}

void DistinctUnion::settle() {
    if (!sketch_) {
        while (runs_.size() > 1) unite_last();
        if (runs_.empty() || runs_.front().hashes.size() <= kExactDistinct) return;
        sketch_ = std::make_unique<HyperLogLog>();
    }
    for (const Run& run : runs_) for_each(run.hashes, [this](std::uint64_t hash) { sketch_->add(hash); });
    std::vector<Run>().swap(runs_);
    std::vector<HashMemory>().swap(spare_);
}

DistinctCount DistinctUnion::count() {
    settle();
    if (sketch_) return {sketch_->estimate(), false, HyperLogLog::kStandardError};
    return {runs_.empty() ? 0 : runs_.front().hashes.size(), true, 0};
}

std::size_t DistinctUnion::memory_bytes() const {
    std::size_t bytes = sketch_ ? sketch_->memory_bytes() : 0;
    for (const Run& run : runs_) bytes += run.memory.room() * sizeof(std::uint64_t);
    for (const HashMemory& spare : spare_) bytes += spare.room() * sizeof(std::uint64_t);
    return bytes;
}

}  // namespace streamgauge
