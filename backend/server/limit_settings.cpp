// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/limit_settings.h"

#include <charconv>

namespace streamgauge {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMostAmount = 1'000'000'000'000;
constexpr milliseconds kLongestWindow = std::chrono::hours(24);

struct Unit {
    std::string_view name;
    milliseconds length;
};
constexpr std::array<Unit, 4> kUnits{Unit{"ms", milliseconds(1)}, Unit{"s", milliseconds(1000)},
                                     Unit{"m", std::chrono::minutes(1)}, Unit{"h", std::chrono::hours(1)}};

}  // namespace

std::string_view to_string(LimitScope scope) {
    switch (scope) {
        case LimitScope::Key:
            return "key";
        case LimitScope::User:
            return "user";
        case LimitScope::Address:
            break;
    }
    return "address";
}

Result<RateLimit> parse_rate_limit(std::string_view text) {
    const Error wrong = Error::make(ErrorCode::InvalidArgument,
                                    "must be an amount for each window, such as 100/1s, 5000/500ms or 1000000/1h (at "
                                    "most 24h), or off");
    if (text == "off") return RateLimit{};
    const auto number = [](std::string_view digits, std::uint64_t& out) {
        const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), out);
        return end.ec == std::errc{} && end.ptr == digits.data() + digits.size();
    };
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return wrong;
    RateLimit limit;
    if (!number(text.substr(0, slash), limit.amount) || limit.amount == 0 || limit.amount > kMostAmount) return wrong;
    std::string_view window = text.substr(slash + 1);
    const std::size_t digits = window.find_first_not_of("0123456789");
    if (digits == std::string_view::npos) return wrong;
    std::uint64_t count = 0;
    if (!number(window.substr(0, digits), count)) return wrong;
    for (const Unit& unit : kUnits) {
        if (window.substr(digits) != unit.name) continue;
        if (count == 0 || count > static_cast<std::uint64_t>(kLongestWindow / unit.length)) return wrong;
        limit.window = unit.length * static_cast<std::int64_t>(count);
        return limit;
    }
    return wrong;
}

std::string to_string(const RateLimit& limit) {
    if (limit.amount == 0) return "off";
    const Unit* largest = kUnits.data();
    for (const Unit& unit : kUnits) {
        if (limit.window % unit.length == milliseconds(0)) largest = &unit;
    }
    return std::to_string(limit.amount) + "/" + std::to_string(limit.window / largest->length) +
           std::string(largest->name);
}

LimitSettings with_preset(LimitSettings settings, LimitPreset preset) {
    RateLimit& address = settings.requests[static_cast<std::size_t>(LimitScope::Address)];
    if (preset == LimitPreset::CompatC && address.amount == 0) address = {100, milliseconds(1000)};
    return settings;
}

}  // namespace streamgauge
