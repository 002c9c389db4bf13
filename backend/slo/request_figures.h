// SPDX-License-Identifier: GPL-3.0-or-later
// What is written down of a slice of time, so that any objective, also one that is declared later, can be computed for
// it: requests by route and outcome with a histogram of their durations, freshness, and the ledger.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "slo/slice_series.h"

namespace streamgauge::slo {

// Bins of durations: one for each microsecond below 256, then 128 to each doubling, so that a bin is at most 1/128
// (0.8 %) wide. A threshold counts what is in its bin as within it. The last bin ends at 2^32 us (71 minutes).
inline constexpr std::uint32_t kDurationBins = 3'328;
constexpr std::uint32_t duration_bin(std::int64_t micros) {
    if (micros < 0) return 0;
    if (micros > 0xffff'ffffLL) return kDurationBins - 1;
    const auto value = static_cast<std::uint32_t>(micros);
    const auto beyond = static_cast<std::uint32_t>(std::bit_width(value | 255U)) - 8;
    return beyond * 128 + (value >> beyond);
}

// Requests of one route, or samples of an age.
struct RequestFigures {
    std::uint64_t answered = 0;             // all of them
    std::uint64_t failed = 0, limited = 0;  // status 5xx; status 429
    struct Bin {
        std::uint32_t bin = 0;
        std::uint64_t count = 0;
        bool operator==(const Bin&) const = default;
    };
    std::vector<Bin> bins;  // ascending, none with 0

    void merge(const RequestFigures& other);
    // That took at most `threshold_ms`, by bins.
    std::uint64_t within(double threshold_ms) const;
    // The duration that `share` of them (0..1) do not exceed, in milliseconds: the end of its bin. None without any.
    std::optional<double> percentile_ms(double share) const;
    bool operator==(const RequestFigures&) const = default;
};

struct SliceFigures {
    // "POST /events": method and template; with a '~' in front for what an objective counts only when it names it
    // (health, scrapes, streams).
    std::map<std::string, RequestFigures, std::less<>> routes;
    RequestFigures freshness;  // samples of the age of what can be asked
    Ratio ledger;

    void merge(const SliceFigures& other);
    bool empty() const { return routes.empty() && freshness.answered == 0 && ledger.total == 0; }
    bool operator==(const SliceFigures&) const = default;
};

// What the slice says of an indicator; nothing of one over a metric. `Indicator::route` is a template of any method, or
// method and template.
Ratio count(const Indicator& indicator, const SliceFigures& figures);

// Durations of what an indicator counts: of its requests, or ages of what can be asked; empty of the others.
RequestFigures durations(const Indicator& indicator, const SliceFigures& figures);

// A compact form for the disk. `id_of` numbers routes from 0; `name_of` is nullptr for a number that it does not know.
std::string encode(const SliceFigures& figures, const std::function<std::uint64_t(const std::string&)>& id_of);
// Corrupt for bytes that encode() did not make.
Result<SliceFigures> decode_figures(std::string_view bytes,
                                    const std::function<const std::string*(std::uint64_t)>& name_of);

}  // namespace streamgauge::slo
