// SPDX-License-Identifier: GPL-3.0-or-later
// Compares and copies texts of a few bytes without a call of the C library: names and ids of events mostly are that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace streamgauge::short_text {

template <class Word>
Word word_at(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

inline bool equal(std::string_view a, std::string_view b) {
    const std::size_t size = a.size();
    if (size != b.size()) return false;
    const char *x = a.data(), *y = b.data();
    // The last word may overlap the one before it.
    if (size >= 8) {
        std::size_t at = 0;
        for (; at + 8 < size; at += 8)
            if (word_at<std::uint64_t>(x + at) != word_at<std::uint64_t>(y + at)) return false;
        return word_at<std::uint64_t>(x + size - 8) == word_at<std::uint64_t>(y + size - 8);
    }
    if (size >= 4)
        return word_at<std::uint32_t>(x) == word_at<std::uint32_t>(y) &&
               word_at<std::uint32_t>(x + size - 4) == word_at<std::uint32_t>(y + size - 4);
    for (std::size_t at = 0; at < size; ++at)
        if (x[at] != y[at]) return false;
    return true;
}

// The end of what was written. The two do not overlap.
inline char* copy(std::string_view text, char* to) {
    const std::size_t size = text.size();
    const char* from = text.data();
    if (size > 64) {
        std::memcpy(to, from, size);
    } else if (size >= 8) {
        for (std::size_t at = 0; at + 8 < size; at += 8) std::memcpy(to + at, from + at, 8);
        std::memcpy(to + size - 8, from + size - 8, 8);
    } else {
        for (std::size_t at = 0; at < size; ++at) to[at] = from[at];
    }
    return to + size;
}

}  // namespace streamgauge::short_text
