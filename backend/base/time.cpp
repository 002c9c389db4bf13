// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/time.h"

#include <array>
#include <cmath>

namespace streamgauge {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400 * Timestamp::kMicrosPerSecond;
constexpr std::int64_t kFirst = -62'135'596'800 * Timestamp::kMicrosPerSecond;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLast = 253'402'300'800 * Timestamp::kMicrosPerSecond;   // 10000-01-01T00:00:00Z, excluded

// Days since 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
// algorithms").
constexpr std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
    y -= m <= 2;
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const auto yoe = static_cast<unsigned>(y - era * 400);
    const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146'097 + static_cast<std::int64_t>(doe) - 719'468;
}

struct Civil {
    std::int64_t year;
    unsigned month, day;
};

constexpr Civil civil_from_days(std::int64_t z) {
    z += 719'468;
    const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
    const auto doe = static_cast<unsigned>(z - era * 146'097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    const unsigned d = doy - (153 * mp + 2) / 5 + 1;
    const unsigned m = mp < 10 ? mp + 3 : mp - 9;
    return {static_cast<std::int64_t>(yoe) + era * 400 + (m <= 2), m, d};
}

constexpr unsigned days_in_month(std::int64_t y, unsigned m) {
    constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    return m == 2 && leap ? 29 : days[m - 1];
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}
    bool digits(unsigned count, unsigned& out) {
        out = 0;
        for (unsigned i = 0; i < count; ++i) {
            if (at_ >= text_.size() || text_[at_] < '0' || text_[at_] > '9') return false;
            out = out * 10 + static_cast<unsigned>(text_[at_++] - '0');
        }
        return true;
    }
    bool one_of(std::string_view allowed) {
        if (at_ >= text_.size()) return false;
        for (const char c : allowed) {
            if (c != text_[at_]) continue;
            ++at_;
            return true;
        }
        return false;
    }
    char last() const { return text_[at_ - 1]; }
    bool next_is_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
    bool done() const { return at_ == text_.size(); }
    std::size_t position() const { return at_; }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

Error not_a_time(std::size_t offset, std::string message) {
    Error e = Error::make(ErrorCode::InvalidArgument, std::move(message));
    e.offset = offset;
    e.hint = "write times as 2026-01-31T12:00:00Z";
    return e;
}

void append_digits(std::string& out, std::uint64_t value, unsigned width) {
    std::array<char, 20> buffer;
    for (unsigned i = width; i-- > 0; value /= 10) buffer[i] = static_cast<char>('0' + value % 10);
    out.append(buffer.data(), width);
}

}  // namespace

Result<Timestamp> parse_rfc3339(std::string_view text) {
    Reader in(text);
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const bool shape = in.digits(4, year) && in.one_of("-") && in.digits(2, month) && in.one_of("-") &&
                       in.digits(2, day) && in.one_of("Tt ") && in.digits(2, hour) && in.one_of(":") &&
                       in.digits(2, minute) && in.one_of(":") && in.digits(2, second);
    if (!shape) return not_a_time(in.position(), "not an RFC 3339 time");
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return not_a_time(0, "no such day");
    if (hour > 23 || minute > 59 || second > 60 || (second == 60 && minute != 59))
        return not_a_time(11, "no such time of day");

    std::int64_t micros = 0;
    if (in.one_of(".,")) {
        std::int64_t unit = 100'000;
        unsigned count = 0, digit = 0;
        for (; in.next_is_digit(); ++count, unit /= 10) {
            (void)in.digits(1, digit);
            micros += unit * digit;
        }
        if (count == 0 || count > 9) return not_a_time(in.position(), "a fraction has one to nine digits");
    }
    std::int64_t offset_minutes = 0;
    if (!in.one_of("Zz")) {
        if (!in.one_of("+-")) return not_a_time(in.position(), "a time needs Z or an offset such as +02:00");
        const bool behind = in.last() == '-';
        unsigned hours = 0, minutes = 0;
        if (!in.digits(2, hours) || !(in.one_of(":"), in.digits(2, minutes)) || hours > 23 || minutes > 59)
            return not_a_time(in.position(), "an offset is written +hh:mm");
        offset_minutes = (behind ? -1 : 1) * static_cast<std::int64_t>(hours * 60 + minutes);
    }
    if (!in.done()) return not_a_time(in.position(), "text after the time");

    const std::int64_t seconds = days_from_civil(year, month, day) * 86'400 + static_cast<std::int64_t>(hour) * 3600 +
                                 static_cast<std::int64_t>(minute) * 60 + second - offset_minutes * 60;
    const Timestamp t{seconds * Timestamp::kMicrosPerSecond + micros};
    if (t.micros < kFirst || t.micros >= kLast) return not_a_time(0, "outside the years 0001 to 9999");
    return t;
}

Result<Timestamp> timestamp_from_epoch(double value) {
    const double size = std::fabs(value);
    const double scale = size < 1e11 ? 1e6 : size < 1e14 ? 1e3 : size < 1e17 ? 1 : 1e-3;
    const double micros = value * scale;
    if (!(micros >= static_cast<double>(kFirst) && micros < static_cast<double>(kLast)))
        return not_a_time(0, "outside the years 0001 to 9999");
    return Timestamp{static_cast<std::int64_t>(std::llround(micros))};
}

Result<Timestamp> timestamp_from_epoch(std::int64_t value) {
    const std::uint64_t size = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    const std::int64_t micros = size < 100'000'000'000           ? value * 1'000'000
                                : size < 100'000'000'000'000     ? value * 1'000
                                : size < 100'000'000'000'000'000 ? value
                                                                 : value / 1'000;
    if (micros < kFirst || micros >= kLast) return not_a_time(0, "outside the years 0001 to 9999");
    return Timestamp{micros};
}

void append_rfc3339(std::string& out, Timestamp t) {
    const Timestamp day = floor_to(t, kMicrosPerDay);
    const Civil date = civil_from_days(day.micros / kMicrosPerDay);
    const auto within = static_cast<std::uint64_t>(t.micros - day.micros);
    const std::uint64_t seconds = within / 1'000'000;
    append_digits(out, static_cast<std::uint64_t>(date.year), 4);
    out += '-';
    append_digits(out, date.month, 2);
    out += '-';
    append_digits(out, date.day, 2);
    out += 'T';
    append_digits(out, seconds / 3600, 2);
    out += ':';
    append_digits(out, seconds / 60 % 60, 2);
    out += ':';
    append_digits(out, seconds % 60, 2);
    if (const std::uint64_t micros = within % 1'000'000; micros != 0) {
        out += '.';
        if (micros % 1000 == 0)
            append_digits(out, micros / 1000, 3);
        else
            append_digits(out, micros, 6);
    }
    out += 'Z';
}

std::string format_rfc3339(Timestamp t) {
    std::string out;
    out.reserve(27);
    append_rfc3339(out, t);
    return out;
}

}  // namespace streamgauge
