// SPDX-License-Identifier: GPL-3.0-or-later
// How much room each project's dead letters have left, for the door, which must not wait for a disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "store/letters.h"

namespace streamgauge::api {

// Thread-safe. Room is promised before the letter is in the journal and taken back when it reaches the store; a promise
// whose letter never comes (the commit failed) lapses after one to two kPatienceSeconds. Until then it only makes the
// cap tighter.
class LetterCaps {
public:
    static constexpr std::int64_t kPatienceSeconds = 120;

    // `clock` must outlive it.
    LetterCaps(const Clock& clock, std::uint64_t cap_bytes) : clock_(clock), cap_bytes_(cap_bytes) {}

    // Whether a letter of so many raw bytes fits. When not, it counts as not kept and, once a minute, is logged.
    bool reserve(std::string_view project, std::uint64_t raw_bytes);
    // A letter has reached the store: its promise, if there was one, is kept.
    void arrived(const std::string& project, std::uint64_t raw_bytes);
    // What the store holds now.
    void set_used(const std::vector<LetterUsage>& usage);

    // `stored` with the cap and what was not kept; also projects of which nothing is stored.
    std::vector<LetterUsage> complete(std::vector<LetterUsage> stored) const;
    // Projects that had no room within the last few minutes.
    std::vector<std::string> full() const;
    std::uint64_t cap_bytes() const { return cap_bytes_; }

private:
    struct Project {
        std::uint64_t used = 0, promised = 0, promised_before = 0, not_kept = 0;
        std::int64_t refused_at = -1;  // monotonic nanoseconds
    };
    void let_lapse(std::int64_t now);

    const Clock& clock_;
    const std::uint64_t cap_bytes_;
    mutable std::mutex mutex_;
    std::map<std::string, Project, std::less<>> projects_;  // guarded by mutex_, as the next two
    std::int64_t lapsed_at_ = 0;
    std::int64_t warned_at_ = -1;
};

}  // namespace streamgauge::api
