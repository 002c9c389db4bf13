// SPDX-License-Identifier: GPL-3.0-or-later
// How numbers and times are written: three significant digits, thin-space groups, a unit. What is not known is a dash,
// never a zero.
#pragma once

#include <QString>

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace streamgauge::viewmodels {

// A number and its unit, apart, so that a tile can set them in two sizes.
struct Quantity {
    QString number;
    QString unit;
    // "12.3 k/s", with a narrow no-break space before a unit that is a word.
    QString text() const;
    bool operator==(const Quantity&) const = default;
};

inline constexpr char16_t kNarrowSpace = u'\u202F';
QString none();  // an en dash: no data

QString grouped(std::uint64_t count);        // "12 345 678"
QString grouped_signed(std::int64_t count);  // with a true minus sign, and a plus above zero
QString whole_count(std::uint64_t count);    // exact below a million, then "56.2 M"
// For axes and plans, whose values are round: "20 k/s" in place of "20.0 k/s".
QString trimmed(const Quantity& quantity);
Quantity count(double value);         // "950", "1.23" "k", "45.6" "M"
Quantity rate(double per_second);     // "12.3" "k/s"
Quantity milliseconds(double value);  // "0.42" "ms", "1.20" "s", "850" "µs" below 1 ms
Quantity seconds(double value);       // "0" "s", "1.23" "s", "4.5" "min"
Quantity percent(double fraction);    // 0.0123 -> "1.23" "%"
Quantity bytes(std::uint64_t value);  // "1.23" "GiB"
QString estimate(double error);       // 0.0081 -> "estimate ±0.8 %": one standard error, relative
QString duration(double seconds);     // "4 s", "3 min 12 s", "2 h 5 min", "3 d 4 h"
QString age(double seconds);          // "3 s ago"

// In the person's zone.
QString clock_time(std::int64_t epoch_seconds);  // "14:03:07"
QString clock_time_millis(Timestamp t);          // "14:03:07.123"
QString utc_time(Timestamp t);                   // "2026-01-31 12:00:00.123 UTC"

}  // namespace streamgauge::viewmodels
