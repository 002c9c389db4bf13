// SPDX-License-Identifier: GPL-3.0-or-later
// Days of a zone are found by Howard Hinnant's date library, which reads the system's zone database.
#include "metrics/window.h"

#include <date/tz.h>

#include <chrono>
#include <exception>

namespace streamgauge {
namespace {

constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    const std::int64_t q = a / b;
    return q - (a % b < 0 ? 1 : 0);
}

Error no_zone(std::string_view name, const std::string& why) {
    Error error = Error::make(ErrorCode::InvalidArgument, "there is no time zone \"" + std::string(name) + "\"" +
                                                              (why.empty() ? std::string() : " (" + why + ")"));
    error.field = "timezone";
    error.hint = "names are those of the IANA zone database, for example Asia/Kolkata";
    return error;
}

// Files of the zone database that are no zones of their own: what they say differs from machine to machine, or counts
// leap seconds.
bool is_name_of_a_zone(std::string_view name) {
    return name != "localtime" && name != "posixrules" && name != "Factory" && !name.starts_with("posix/") &&
           !name.starts_with("right/");
}

}  // namespace

struct Windows::Zone {
    const date::time_zone* rules = nullptr;  // of the process's zone database, for ever
    std::int64_t days = 1;                   // of a window

    // The first instant whose local date is not before the day, counted from 1970-01-01, in seconds.
    std::int64_t first_instant(std::int64_t day) const {
        const date::local_seconds midnight{std::chrono::seconds(day * (kDayMicros / kSecondMicros))};
        const date::local_info info = rules->get_info(midnight);
        if (info.result == date::local_info::nonexistent) return info.first.end.time_since_epoch().count();
        return (midnight.time_since_epoch() - info.first.offset).count();  // of two the earlier
    }
    // How many windows after that of 1970-01-01 the local date of `at` is in.
    std::int64_t number_of(std::int64_t at_seconds) const {
        const date::sys_seconds at{std::chrono::seconds(at_seconds)};
        const std::int64_t local = at_seconds + rules->get_info(at).offset.count();
        return floor_div(floor_div(local, kDayMicros / kSecondMicros), days);
    }
    std::int64_t start_of_number(std::int64_t number) const { return first_instant(number * days); }

    // Dates may come back where clocks are set back over midnight, and be skipped where a zone crosses the date line:
    // windows follow each other all the same, by their first instants.
    std::int64_t start_of(std::int64_t at_seconds) const {
        std::int64_t number = number_of(at_seconds);
        std::int64_t start = start_of_number(number);
        while (start > at_seconds) start = start_of_number(--number);
        for (;;) {
            const std::int64_t next = start_of_number(number + 1);
            if (next > at_seconds) return start;
            start = next;
            ++number;
        }
    }
    std::int64_t end_of(std::int64_t start_seconds) const {
        std::int64_t number = number_of(start_seconds) + 1;
        std::int64_t end = start_of_number(number);
        while (end <= start_seconds) end = start_of_number(++number);
        return end;
    }
};

Windows::Windows(std::int64_t width_micros) : width_(width_micros) {}
Windows::~Windows() = default;
Windows::Windows(const Windows&) = default;
Windows& Windows::operator=(const Windows&) = default;

Result<Windows> Windows::make(std::int64_t width_micros, std::string_view timezone) {
    if (width_micros < 0) return Error::make(ErrorCode::InvalidArgument, "a window must not be shorter than nothing");
    Windows windows(width_micros);
    if (timezone.empty()) return windows;
    if (width_micros == 0 || width_micros % kDayMicros != 0) {
        Error error = Error::make(ErrorCode::InvalidArgument, "only windows of one or more days follow a time zone");
        error.field = "timezone";
        return error;
    }
    if (!is_name_of_a_zone(timezone)) return no_zone(timezone, {});
    auto zone = std::make_shared<Zone>();
    zone->days = width_micros / kDayMicros;
    try {
        zone->rules = date::locate_zone(timezone);
        zone->number_of(0);  // reads the zone's file
    } catch (const std::exception& failure) {
        return no_zone(timezone, failure.what());
    }
    if (timezone != "UTC") windows.zone_ = std::move(zone);
    return windows;
}

std::int64_t Windows::start_of(std::int64_t at_micros) const {
    if (width_ == 0) return kNoWindow;
    if (zone_ != nullptr) return zone_->start_of(floor_div(at_micros, kSecondMicros)) * kSecondMicros;
    return floor_to({at_micros}, width_).micros;
}

std::int64_t Windows::end_of(std::int64_t start) const {
    if (width_ == 0 || start == kNoWindow) return kForever;
    if (zone_ != nullptr) return zone_->end_of(floor_div(start, kSecondMicros)) * kSecondMicros;
    return start > kForever - width_ ? kForever : start + width_;
}

std::int64_t Windows::start_of_date(std::int64_t day) const {
    return zone_ == nullptr ? day * kDayMicros : zone_->first_instant(day) * kSecondMicros;
}

std::int64_t Windows::oldest_kept(std::int64_t retention_micros, std::int64_t log_clock_micros) const {
    if (retention_micros == 0 || width_ == 0) return kNoWindow;
    return start_of(log_clock_micros - retention_micros);
}

}  // namespace streamgauge
