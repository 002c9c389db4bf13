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

SecondLog::Packed SecondLog::keep(const Histogram& histogram) {
    scratch_.clear();
    append_histogram_payload(histogram, scratch_, coarse_);
    if (scratch_.size() > kChunkBytes - used_) {
        chunks_.push_back(std::make_unique<char[]>(kChunkBytes));
        used_ = 0;
    }
    char* const at = chunks_.back().get() + used_;
    std::copy(scratch_.begin(), scratch_.end(), at);
    used_ += scratch_.size();
    return {{at, scratch_.size()}, histogram.exact()};
}

void SecondLog::append(const SecondRow& row, const Histogram& response, const Histogram& unanswered) {
    rows_.push_back(row);
    packed_.push_back({keep(response), keep(unanswered)});
}

SparseHistogram SecondLog::Packed::restore() const {
    return SparseHistogram::restore(std::string(payload), exact).value_or(SparseHistogram());
}

SparseHistogram SecondLog::response(std::size_t index) const {
    return packed_[index].response.restore();
}

SparseHistogram SecondLog::unanswered(std::size_t index) const {
    return packed_[index].unanswered.restore();
}

}  // namespace streamgauge::loadgen
