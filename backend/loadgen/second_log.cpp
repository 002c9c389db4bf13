// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/second_log.h"

#include <algorithm>

namespace streamgauge::loadgen {
namespace {

constexpr std::size_t kFineSeconds = 3700;  // an hour, and waiting for the last answers

}  // namespace

SecondLog::SecondLog(std::size_t seconds) : coarse_(seconds > kFineSeconds) {
    rows_.reserve(seconds);
    packed_.reserve(seconds);
    constexpr std::size_t kLongestPayload = 9 * 24 * 1024;
    static_assert(kLongestPayload <= kChunkBytes);
    scratch_.reserve(kLongestPayload);
    constexpr std::size_t kChunksOfADay = 1024;
    chunks_.reserve(kChunksOfADay);
    chunks_.push_back(std::make_unique<char[]>(kChunkBytes));
    used_ = 0;
}

std::string_view SecondLog::keep(const Histogram& histogram) {
    scratch_.clear();
    append_histogram_payload(histogram, scratch_, coarse_);
    if (scratch_.size() > kChunkBytes - used_) {
        chunks_.push_back(std::make_unique<char[]>(kChunkBytes));
        used_ = 0;
    }
    char* const at = chunks_.back().get() + used_;
    std::copy(scratch_.begin(), scratch_.end(), at);
    used_ += scratch_.size();
    return {at, scratch_.size()};
}

void SecondLog::append(const SecondRow& row, const Histogram& response, const Histogram& unanswered) {
    Packed packed;
    packed.response = keep(response);
    packed.response_exact = response.exact();
    packed.unanswered = keep(unanswered);
    packed.unanswered_exact = unanswered.exact();
    rows_.push_back(row);
    packed_.push_back(packed);
}

SparseHistogram SecondLog::response(std::size_t index) const {
    const Packed& packed = packed_[index];
    return SparseHistogram::restore(std::string(packed.response), packed.response_exact).value_or(SparseHistogram());
}

SparseHistogram SecondLog::unanswered(std::size_t index) const {
    const Packed& packed = packed_[index];
    return SparseHistogram::restore(std::string(packed.unanswered), packed.unanswered_exact)
        .value_or(SparseHistogram());
}

}  // namespace streamgauge::loadgen
