// SPDX-License-Identifier: GPL-3.0-or-later
// The rate limits as the configuration names them.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"
#include "live/rate_limiter.h"

namespace streamgauge {

enum class LimitScope { Key, User, Address };
inline constexpr std::size_t kLimitScopes = 3;
std::string_view to_string(LimitScope scope);  // "key", "user", "address"

// Off where the amount is 0.
struct LimitSettings {
    std::array<RateLimit, kLimitScopes> requests, events;  // by LimitScope
    bool operator==(const LimitSettings&) const = default;
};

// "100/1s", "5000/500ms", "1000000/1h"; "off". InvalidArgument otherwise.
Result<RateLimit> parse_rate_limit(std::string_view text);
std::string to_string(const RateLimit& limit);

enum class LimitPreset { Off, CompatC };  // C's: 100 requests a second for each address
// The settings with the preset where it has a limit and they have none.
LimitSettings with_preset(LimitSettings settings, LimitPreset preset);

}  // namespace streamgauge
