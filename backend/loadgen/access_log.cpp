// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/access_log.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>

namespace streamgauge::loadgen {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr double kLatest = 253'402'300'799;                // seconds: the year 9999
constexpr double kEarliestMilliseconds = 100'000'000'000;  // a larger number is no seconds of this millennium

Error fault(std::string message, std::size_t offset) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.offset = offset;
    return error;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Digits only; no sign, no space.
std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc{}) return std::nullopt;
    return value;
}

struct LoggedTime {
    Timestamp at;
    bool whole_seconds = false;
};

// "1700000000.123": seconds with one to nine digits behind the point; those beyond microseconds are left away.
std::optional<LoggedTime> epoch_seconds(std::string_view text) {
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos || point < 9 || text.size() - point < 2 || text.size() - point > 10)
        return std::nullopt;
    const std::optional<std::int64_t> seconds = whole_number(text.substr(0, point));
    if (!seconds || static_cast<double>(*seconds) > kLatest) return std::nullopt;
    std::string digits(text.substr(point + 1));
    if (!whole_number(digits)) return std::nullopt;
    digits.resize(6, '0');
    return LoggedTime{Timestamp{*seconds * Timestamp::kMicrosPerSecond + *whole_number(digits)}, false};
}

// "10/Oct/2000:13:55:36 -0700".
std::optional<LoggedTime> local_time(std::string_view text) {
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 26 || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[20] != ' ')
        return std::nullopt;
    const auto month = std::find(months.begin(), months.end(), text.substr(3, 3));
    if (month == months.end()) return std::nullopt;
    const int number = static_cast<int>(month - months.begin()) + 1;
    std::string rfc(text.substr(7, 4));
    rfc += number < 10 ? "-0" : "-";
    rfc += std::to_string(number) + "-" + std::string(text.substr(0, 2)) + "T" + std::string(text.substr(12, 8)) +
           std::string(text.substr(21, 3)) + ":" + std::string(text.substr(24, 2));
    const Result<Timestamp> time = parse_rfc3339(rfc);
    if (!time) return std::nullopt;
    return LoggedTime{*time, true};
}

std::optional<LoggedTime> any_time(std::string_view text) {
    if (const auto epoch = epoch_seconds(text)) return epoch;
    if (const auto local = local_time(text)) return local;
    const Result<Timestamp> rfc = parse_rfc3339(text);
    if (!rfc) return std::nullopt;
    return LoggedTime{*rfc, text.find('.') == std::string_view::npos};
}

bool take_request(std::string_view request, AccessLogEntry& entry) {
    const std::size_t first = request.find(' '), last = request.rfind(' ');
    if (first == std::string_view::npos || last <= first || first == 0 || first > 10) return false;
    if (!request.substr(last + 1).starts_with("HTTP/")) return false;
    entry.method = request.substr(0, first);
    entry.target = request.substr(first + 1, last - first - 1);
    return true;
}

bool can_be_sent(AccessLogEntry& entry) {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (entry.method.empty() || !std::all_of(entry.method.begin(), entry.method.end(), upper)) return false;
    if (entry.target.empty() || entry.target.front() != '/') return false;
    if (std::any_of(entry.target.begin(), entry.target.end(),
                    [](char c) { return (c >= 0 && c <= ' ') || c == 0x7F || c == '#'; }))
        return false;
    if (std::all_of(entry.target.begin(), entry.target.end(), [](char c) { return c > 0; })) return true;
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : entry.target) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            encoded += c;
        } else {
            encoded += {'%', hex[byte >> 4], hex[byte & 15]};
        }
    }
    entry.target = std::move(encoded);
    return true;
}

// Up to the quote that ends it; what nginx and Apache escape (\x22, \", \n) is put back.
std::optional<std::string> quoted(std::string_view line, std::size_t& at) {
    std::string text;
    for (++at; at < line.size(); ++at) {
        const char c = line[at];
        if (c == '"') {
            ++at;
            return text;
        }
        if (c != '\\' || at + 1 >= line.size()) {
            text += c;
            continue;
        }
        const char next = line[++at];
        unsigned value = 0;
        if (next == 'x' && at + 2 < line.size() &&
            std::from_chars(line.data() + at + 1, line.data() + at + 3, value, 16).ptr == line.data() + at + 3) {
            text += static_cast<char>(value);
            at += 2;
        } else {
            constexpr std::string_view letters = "abfnrtv";  // a control character: such a request is not sent
            text += letters.find(next) == std::string_view::npos ? next : '\n';
        }
    }
    return std::nullopt;
}

Result<AccessLogEntry> from_text(std::string_view line) {
    AccessLogEntry entry;
    std::optional<LoggedTime> exact, in_brackets;
    std::optional<std::size_t> unreadable_time;
    bool has_request = false;
    for (std::size_t at = 0; at < line.size();) {
        if (line[at] == ' ' || line[at] == '\t') {
            ++at;
        } else if (line[at] == '[' && !in_brackets && line.find(']', at) != std::string_view::npos) {
            const std::size_t end = line.find(']', at);
            in_brackets = any_time(line.substr(at + 1, end - at - 1));
            if (!in_brackets && !has_request) unreadable_time = at;
            at = in_brackets ? end + 1 : std::min(line.find_first_of(" \t", at), line.size());
        } else if (line[at] == '"') {
            const std::size_t begin = at;
            const std::optional<std::string> text = quoted(line, at);
            if (!text) return fault("a quoted field does not end", begin);
            if (has_request) continue;
            has_request = take_request(*text, entry);
            // Before the time there may be another quoted field, a user's name.
            if (!has_request && !in_brackets && !exact) continue;
            if (!has_request || !can_be_sent(entry)) return fault("the request is not METHOD /target HTTP/1.x", begin);
        } else {
            const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
            if (!exact && (at == 0 || has_request)) exact = epoch_seconds(line.substr(at, end - at));
            at = end;
        }
    }
    if (!exact && !in_brackets)
        return unreadable_time ? fault("the time is not $time_local, $msec or RFC 3339", *unreadable_time)
                               : fault("there is no time in it", 0);
    if (!has_request) return fault("there is no request in it", 0);
    const LoggedTime& time = exact ? *exact : *in_brackets;
    entry.at = time.at;
    entry.whole_seconds = time.whole_seconds;
    return entry;
}

std::optional<element> member(const object& of, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        element value;
        if (of.at_key(name).get(value) == simdjson::SUCCESS && !value.is_null()) return value;
    }
    return std::nullopt;
}

std::string text_of(const std::optional<element>& value) {
    std::string_view text;
    return value && value->get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::optional<LoggedTime> time_of(const element& value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return any_time(text);
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS || !(number >= 0)) return std::nullopt;
    const bool milliseconds = number >= kEarliestMilliseconds;
    if (milliseconds) number /= 1000;
    if (number > kLatest) return std::nullopt;
    return LoggedTime{Timestamp{std::llround(number * 1e6)},
                      !milliseconds && value.type() != simdjson::dom::element_type::DOUBLE};
}

Result<AccessLogEntry> from_object(const object& json) {
    AccessLogEntry entry;
    const auto time = member(json, {"msec", "time", "timestamp", "ts", "time_iso8601", "@timestamp", "time_local"});
    if (!time) return fault("there is no time in it: msec, time, timestamp, ts, time_iso8601 or time_local", 0);
    const std::optional<LoggedTime> at = time_of(*time);
    if (!at) return fault("the time is neither epoch seconds nor RFC 3339", 0);
    entry.at = at->at;
    entry.whole_seconds = at->whole_seconds;
    const std::optional<element> request = member(json, {"request"});
    object inner;
    if (!request || request->get(inner) != simdjson::SUCCESS) inner = json;
    if (!take_request(text_of(request), entry)) {
        entry.method = text_of(member(inner, {"method", "request_method"}));
        entry.target = text_of(member(inner, {"uri", "request_uri", "path"}));
    }
    if (!can_be_sent(entry)) return fault("the request is not a METHOD and a /target", 0);
    const std::optional<element> body = member(json, {"body", "request_body"});
    if (body) entry.body = body->is_string() ? text_of(body) : std::string(simdjson::minify(*body));
    return entry;
}

}  // namespace

struct AccessLogReader::Json {
    simdjson::dom::parser parser;
    std::string padded;
};

AccessLogReader::AccessLogReader() : json_(std::make_unique<Json>()) {}
AccessLogReader::~AccessLogReader() = default;

Result<AccessLogEntry> AccessLogReader::read(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kAccessLogLineBytes) return fault("the line is too long", kAccessLogLineBytes);
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return fault("the line is empty", 0);
    if (line[begin] != '{') return from_text(line);
    std::string& padded = json_->padded;
    padded.assign(line);
    padded.resize(line.size() + simdjson::SIMDJSON_PADDING);
    object json;
    if (json_->parser.parse(padded.data(), line.size(), false).get(json) != simdjson::SUCCESS)
        return fault("neither a line of an access log nor a JSON object", begin);
    return from_object(json);
}

}  // namespace streamgauge::loadgen
