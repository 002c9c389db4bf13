// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/steps.h"

#include <algorithm>
#include <string>

namespace streamgauge::query {

Steps::Steps(TimeRange range) : bounds_{range.from.micros, range.to.micros} {}

Result<Steps> Steps::make(TimeRange range, const Windows& windows) {
    // Windows of a time zone are an hour shorter or longer where clocks change: the count is bounded below exactly.
    const auto too_many = [] {
        Error error =
            Error::make(ErrorCode::InvalidArgument, "step makes more than " + std::to_string(kMostSteps) +
                                                        " steps of the range: take a longer step or a shorter range");
        error.field = "step";
        return error;
    };
    const std::uint64_t length =
        static_cast<std::uint64_t>(range.to.micros) - static_cast<std::uint64_t>(range.from.micros);
    if (length / static_cast<std::uint64_t>(windows.width()) > kMostSteps) return too_many();
    Steps steps;
    steps.windows_ = windows;
    steps.bounds_.push_back(range.from.micros);
    bool even = true;
    for (std::int64_t start = windows.start_of(range.from.micros);;) {
        const std::int64_t end = windows.end_of(start);
        even = even && end - start == windows.width();
        if (end >= range.to.micros) break;
        if (steps.bounds_.size() >= kMostSteps) return too_many();
        steps.bounds_.push_back(end);
        start = end;
    }
    steps.bounds_.push_back(range.to.micros);
    steps.width_ = even ? windows.width() : 0;
    return steps;
}

std::size_t Steps::search(std::int64_t at_micros) const {
    return static_cast<std::size_t>(std::upper_bound(bounds_.begin(), bounds_.end(), at_micros) - bounds_.begin()) - 1;
}

Steps Steps::before() const {
    Steps out;
    out.windows_ = windows_;
    out.bounds_.resize(bounds_.size());
    const auto on_edge = [this](std::int64_t at) { return windows_->start_of(at) == at; };
    if (windows_ && on_edge(bounds_.front()) && on_edge(bounds_.back())) {
        out.bounds_.back() = bounds_.front();
        bool even = true;
        for (std::size_t i = out.bounds_.size() - 1; i > 0; --i) {
            out.bounds_[i - 1] = windows_->start_of(out.bounds_[i] - 1);
            even = even && out.bounds_[i] - out.bounds_[i - 1] == windows_->width();
        }
        out.width_ = even ? windows_->width() : 0;
        return out;
    }
    const std::int64_t length = bounds_.back() - bounds_.front();
    for (std::size_t i = 0; i < bounds_.size(); ++i) out.bounds_[i] = bounds_[i] - length;
    out.width_ = width_;
    return out;
}

}  // namespace streamgauge::query
