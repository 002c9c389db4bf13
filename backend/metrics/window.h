// SPDX-License-Identifier: GPL-3.0-or-later
// Tumbling windows: where an instant's window starts and ends, also for days of a time zone.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/time.h"

namespace streamgauge {

// Identifies a metric's rows in the store. Never reused for another meaning.
using MetricId = std::int32_t;

// Which instant of an event decides its window.
enum class TimeBasis : std::uint8_t {
    Occurred,  // occurred_at
    Activity,  // the earlier of occurred_at and received_at: an event dated ahead counts when it came
};

// Window start of metrics without windows.
inline constexpr std::int64_t kNoWindow = std::numeric_limits<std::int64_t>::min();

inline constexpr std::int64_t kSecondMicros = 1'000'000;
inline constexpr std::int64_t kMinuteMicros = 60 * kSecondMicros;
inline constexpr std::int64_t kHourMicros = 60 * kMinuteMicros;
inline constexpr std::int64_t kDayMicros = 24 * kHourMicros;

// The group of a row: the project, then the values of group_by, joined by U+0000, which no field may contain. Byte
// order of groups is therefore the order of the tuples. A value that is not there is empty.
inline constexpr char kGroupSeparator = '\0';

// Windows of one width. In UTC they start at multiples of the width since 1970. Those of a day and longer may follow a
// time zone: they start at the zone's midnights, so they last 23 to 25 hours where clocks change; of n days, those
// start at every n-th local midnight since 1970-01-01. A day starts at the first instant of its date: where midnight
// does not exist, after the gap; where it comes twice, at the first. Rules as the machine's zone database has them, to
// the end of 2037; the last one goes on from there. Times are those of the years 0001 to 9999. Immutable, so it may be
// used on several threads; copies share the zone's rules.
class Windows {
public:
    // width_micros 0: one window for ever. InvalidArgument for a zone that the machine's zone database does not have,
    // or a zone with a width that is not a number of days.
    static Result<Windows> make(std::int64_t width_micros, std::string_view timezone = {});
    // UTC.
    explicit Windows(std::int64_t width_micros);
    ~Windows();
    Windows(const Windows&);
    Windows& operator=(const Windows&);

    std::int64_t start_of(std::int64_t at_micros) const;
    // Of the window that starts at `start`; the largest integer for kNoWindow.
    std::int64_t end_of(std::int64_t start) const;
    std::int64_t width() const { return width_; }
    // Where a date begins in the windows' zone. `day`: days since 1970-01-01.
    std::int64_t start_of_date(std::int64_t day) const;
    // The start of the oldest window that is kept when windows are kept until the log's clock is `retention_micros`
    // past their end. kNoWindow when that is 0: all are kept.
    std::int64_t oldest_kept(std::int64_t retention_micros, std::int64_t log_clock_micros) const;

private:
    struct Zone;
    std::int64_t width_ = 0;
    std::shared_ptr<const Zone> zone_;  // nullptr: UTC
};

// Remembers the window of the last instant: asked for events in a row, start_of() is two comparisons. For one thread.
class WindowCursor {
public:
    explicit WindowCursor(Windows windows) : windows_(std::move(windows)) {}
    std::int64_t start_of(std::int64_t at_micros) {
        if (at_micros < start_ || at_micros >= end_) move_to(at_micros);
        return start_;
    }
    // Of the window that start_of() gave last.
    std::int64_t start_of_last() const { return start_; }
    std::int64_t end_of_last() const { return end_; }
    const Windows& windows() const { return windows_; }

private:
    void move_to(std::int64_t at_micros) {
        start_ = windows_.start_of(at_micros);
        end_ = windows_.end_of(start_);
    }
    Windows windows_;
    std::int64_t start_ = 0, end_ = 0;  // empty
};

}  // namespace streamgauge
