// SPDX-License-Identifier: GPL-3.0-or-later
// The steps of a question's range: where each begins and ends, and which one an instant is in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "metrics/window.h"
#include "query/query.h"

namespace streamgauge::query {

inline constexpr std::size_t kMostSteps = 100'000;

// The range of what has no windows, and of questions that name none.
inline constexpr TimeRange kAllTime{{std::numeric_limits<std::int64_t>::min()},
                                    {std::numeric_limits<std::int64_t>::max()}};

// Immutable. The steps are the windows of their width that the range touches, the first and the last cut at its edges.
class Steps {
public:
    // One step: the whole range. Precondition: range.from < range.to.
    explicit Steps(TimeRange range);
    // InvalidArgument (field "step") when there would be more than kMostSteps. Precondition: range.from < range.to, and
    // `windows` are no kNoWindow's.
    static Result<Steps> make(TimeRange range, const Windows& windows);

    std::size_t size() const { return bounds_.size() - 1; }
    Timestamp start(std::size_t step) const { return {bounds_[step]}; }
    Timestamp end(std::size_t step) const { return {bounds_[step + 1]}; }
    TimeRange range() const { return {{bounds_.front()}, {bounds_.back()}}; }
    // Nothing outside of the range. The first instant of a window belongs to it.
    std::optional<std::size_t> find(std::int64_t at_micros) const {
        if (at_micros < bounds_.front() || at_micros >= bounds_.back()) return std::nullopt;
        if (bounds_.size() == 2 || at_micros < bounds_[1]) return 0;
        if (width_ != 0) return static_cast<std::size_t>((at_micros - bounds_[1]) / width_) + 1;
        return search(at_micros);
    }

    // As many steps right before: whole windows where these are whole windows (so that days of a time zone stay days),
    // else moved by the length of the range.
    Steps before() const;

private:
    Steps() = default;
    std::size_t search(std::int64_t at_micros) const;

    std::vector<std::int64_t> bounds_;  // of n steps n + 1, ascending
    std::int64_t width_ = 0;            // of every step but the first and the last; 0: they differ
    std::optional<Windows> windows_;
};

}  // namespace streamgauge::query
