// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/distinct_union.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "metrics/distinct_values.h"

namespace streamgauge {
namespace {

Error corrupt(const char* what) {
    return Error::make(ErrorCode::Corrupt, std::string("state of distinct values: ") + what);
}

// Appends the hashes of a piece.
void append(std::vector<std::uint64_t>& out, std::string_view hashes) {
    static_assert(std::endian::native == std::endian::little, "hashes are stored with the lowest byte first");
    const std::size_t before = out.size();
    out.resize(before + hashes.size() / sizeof(std::uint64_t));
    if (!hashes.empty()) std::memcpy(out.data() + before, hashes.data(), hashes.size());
}

// Without a branch that depends on a hash: those cannot be predicted.
std::vector<std::uint64_t> united(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
    std::vector<std::uint64_t> out(a.size() + b.size());
    std::size_t i = 0, j = 0, n = 0;
    while (i < a.size() && j < b.size()) {
        const std::uint64_t x = a[i], y = b[j];
        out[n++] = x < y ? x : y;
        i += static_cast<std::size_t>(x <= y);
        j += static_cast<std::size_t>(y <= x);
    }
    const auto at = [](const std::vector<std::uint64_t>& run, std::size_t index) {
        return run.begin() + static_cast<std::ptrdiff_t>(index);
    };
    auto end = std::copy(at(a, i), a.end(), out.begin() + static_cast<std::ptrdiff_t>(n));
    end = std::copy(at(b, j), b.end(), end);
    out.erase(end, out.end());
    return out;
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
    Run run;
    run.reserve(total);
    for (const std::string_view piece : bytes) append(run, piece.substr(1));
    // Additions come as they came.
    if (bytes.size() > 1) std::sort(run.begin(), run.end());
    if (std::adjacent_find(run.begin(), run.end(), std::greater_equal<>()) != run.end())
        return corrupt("values that are there twice, or not in order");
    push(std::move(run));
    return {};
}

void DistinctUnion::push(Run run) {
    if (sketch_) {
        for (const std::uint64_t hash : run) sketch_->add(hash);
        return;
    }
    runs_.push_back(std::move(run));
    while (runs_.size() > 1 && runs_[runs_.size() - 2].size() < 2 * runs_.back().size()) unite_last();
    if (runs_.front().size() > kExactDistinct) settle();
}

void DistinctUnion::unite_last() {
    Run last = united(runs_[runs_.size() - 2], runs_.back());
    runs_.pop_back();
    runs_.back() = std::move(last);
}

void DistinctUnion::settle() {
    if (!sketch_) {
        while (runs_.size() > 1) unite_last();
        if (runs_.empty() || runs_.front().size() <= kExactDistinct) return;
        sketch_ = std::make_unique<HyperLogLog>();
    }
    for (const Run& run : runs_)
        for (const std::uint64_t hash : run) sketch_->add(hash);
    std::vector<Run>().swap(runs_);
}

DistinctCount DistinctUnion::count() {
    settle();
    if (sketch_) return {sketch_->estimate(), false, HyperLogLog::kStandardError};
    return {runs_.empty() ? 0 : runs_.front().size(), true, 0};
}

std::size_t DistinctUnion::memory_bytes() const {
    std::size_t bytes = sketch_ ? sketch_->memory_bytes() : 0;
    for (const Run& run : runs_) bytes += run.capacity() * sizeof(std::uint64_t);
    return bytes;
}

}  // namespace streamgauge
