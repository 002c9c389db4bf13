// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/duration.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace streamgauge::loadgen {

Result<double> parse_duration(std::string_view text) {
    // Longest first: "ms" must not be read as minutes.
    constexpr std::array<std::pair<std::string_view, double>, 5> units{
        {{"ms", 0.001}, {"s", 1.0}, {"m", 60.0}, {"h", 3600.0}, {"d", 86'400.0}}};
    const auto refused = [](std::size_t offset) {
        Error error = Error::make(ErrorCode::InvalidArgument, "not a duration");
        error.offset = offset;
        error.hint = "write it as 500ms, 30s, 5m, 1h or 1m30s";
        return error;
    };
    double seconds = 0;
    std::size_t at = 0;
    if (text.empty()) return refused(0);
    while (at < text.size()) {
        double number = 0;
        const char* const end = text.data() + text.size();
        const auto [next, error] = std::from_chars(text.data() + at, end, number, std::chars_format::fixed);
        if (error != std::errc{} || !(number >= 0) || std::isinf(number)) return refused(at);
        const bool bare = next == end && at == 0;
        at = static_cast<std::size_t>(next - text.data());
        if (bare) return number;
        double unit = 0;
        for (const auto& [name, factor] : units) {
            if (text.substr(at, name.size()) != name) continue;
            unit = factor;
            at += name.size();
            break;
        }
        if (unit == 0) return refused(at);
        seconds += number * unit;
    }
    return seconds;
}

}  // namespace streamgauge::loadgen
