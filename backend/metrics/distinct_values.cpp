// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/distinct_values.h"

#include "metrics/byte_code.h"

namespace streamgauge {
namespace {

constexpr std::size_t kHashBytes = 8;

// The store is given the whole set again when it has had so many additions that reading them costs more than a little,
// or when the set has grown by half: all that is written stays within a small multiple of the set.
constexpr std::uint32_t kMostAdditions = 64;
constexpr std::size_t kHashesPerAddition = 1'024;

template <class Hashes>
std::string with_hashes(char kind, const Hashes& hashes) {
    std::string out(1 + hashes.size() * kHashBytes, kind);
    char* at = out.data() + 1;
    for (const std::uint64_t hash : hashes) {
        for (std::size_t byte = 0; byte < kHashBytes; ++byte) at[byte] = static_cast<char>(hash >> (8 * byte));
        at += kHashBytes;
    }
    return out;
}

Error corrupt(const char* what) {
    return Error::make(ErrorCode::Corrupt, std::string("state of distinct values: ") + what);
}

}  // namespace

void DistinctValues::note(std::uint64_t hash) {
    changed_ = true;
    if (unsaved_ == Unsaved::NewHashes) new_hashes_.push_back(hash);
}

bool DistinctValues::add(std::uint64_t hash) {
    if (sketch_) {
        if (!sketch_->add(hash)) return false;
        changed_ = true;
        return true;
    }
    if (!hashes_.insert(hash)) return false;
    note(hash);
    if (hashes_.size() > kExactDistinct) to_sketch();
    return true;
}

void DistinctValues::merge(const DistinctValues& other) {
    if (!other.exact()) {
        to_sketch();
        changed_ = true;
        unsaved_ = Unsaved::Everything;
        sketch_->merge(*other.sketch_);
        return;
    }
    other.hashes_.for_each([this](std::uint64_t hash) { add(hash); });
}

void DistinctValues::to_sketch() {
    if (sketch_) return;
    sketch_ = std::make_unique<HyperLogLog>();
    hashes_.for_each([this](std::uint64_t hash) { sketch_->add(hash); });
    hashes_.clear();
    std::vector<std::uint64_t>().swap(new_hashes_);
    unsaved_ = Unsaved::Everything;
    changed_ = true;
}

std::uint64_t DistinctValues::exact_cost(std::uint64_t hash) const {
    return sketch_ || hashes_.size() >= kExactDistinct || hashes_.contains(hash) ? 0 : 1;
}

std::uint64_t DistinctValues::sketch_bytes() const {
    if (!sketch_) return 0;
    const std::size_t used = sketch_->used_registers();
    return used <= HyperLogLog::kSparseRegisters ? used * sizeof(std::uint32_t) : HyperLogLog::kRegisters;
}

std::size_t DistinctValues::memory_bytes() const {
    return hashes_.memory_bytes() + new_hashes_.capacity() * sizeof(std::uint64_t) +
           (sketch_ ? sizeof(HyperLogLog) + sketch_->memory_bytes() : 0);
}

DistinctCount DistinctValues::count() const {
    if (!sketch_) return {hashes_.size(), true, 0};
    return {sketch_->estimate(), false, HyperLogLog::kStandardError};
}

std::optional<SetChange> DistinctValues::take_change() {
    if (!changed_) return std::nullopt;
    const bool add_on = unsaved_ == Unsaved::NewHashes &&
                        additions_ < kMostAdditions + hashes_.size() / kHashesPerAddition &&
                        new_hashes_.size() <= hashes_.size() / 3;
    if (add_on) {
        changed_ = false;
        ++additions_;
        SetChange change{false, with_hashes(kMoreHashes, new_hashes_)};
        new_hashes_.clear();
        return change;
    }
    return take_whole();
}

std::optional<SetChange> DistinctValues::take_canonical() {
    if (stored_whole()) return std::nullopt;
    return take_whole();
}

SetChange DistinctValues::take_whole() {
    changed_ = false;
    additions_ = 0;
    std::vector<std::uint64_t>().swap(new_hashes_);
    if (!sketch_) unsaved_ = Unsaved::NewHashes;
    return {true, canonical()};
}

Result<DistinctValues> DistinctValues::decode(const std::vector<std::string_view>& bytes) {
    if (bytes.empty() || bytes.front().empty()) return corrupt("nothing there");
    DistinctValues values;
    values.changed_ = false;
    if (bytes.front().front() == kSketch) {
        values.sketch_ = std::make_unique<HyperLogLog>();
        if (bytes.size() != 1 || !values.sketch_->decode(bytes.front().substr(1))) return corrupt("no such registers");
        return values;
    }
    std::size_t total = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::string_view piece = bytes[i];
        if (piece.size() % kHashBytes != 1 || piece.front() != (i == 0 ? kHashes : kMoreHashes))
            return corrupt("no such form");
        total += piece.size() / kHashBytes;
    }
    if (total > kExactDistinct) return corrupt("too many values");
    values.hashes_.reserve(total);
    for (const std::string_view piece : bytes) {
        ByteReader reader(piece.substr(1));
        while (reader.left() > 0) {
            const std::uint64_t hash = reader.fixed(kHashBytes);
            if (hash == 0 || !values.hashes_.insert(hash)) return corrupt("a value is there twice");
        }
    }
    values.additions_ = static_cast<std::uint32_t>(bytes.size() - 1);
    values.unsaved_ = Unsaved::NewHashes;
    return values;
}

std::string DistinctValues::canonical() const {
    if (!sketch_) return with_hashes(kHashes, hashes_.sorted());
    std::string out(1, kSketch);
    sketch_->encode(out);
    return out;
}

}  // namespace streamgauge
