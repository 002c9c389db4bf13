// SPDX-License-Identifier: GPL-3.0-or-later
// JSON Web Tokens (RFC 7519) in the one form that is accepted here: JWS compact serialization, HS256 or RS256, a header
// of alg, typ and kid and nothing else, base64url without padding or spare bits, no member twice.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "auth/signing_key.h"
#include "base/result.h"
#include "base/time.h"

namespace streamgauge::auth {

inline constexpr std::size_t kTokenBytes = 4096;              // longer ones are refused unread
inline constexpr std::int64_t kClockLeewaySeconds = 60;       // for nbf and iat; exp is exact
inline constexpr std::string_view kIssuer = "streamgauge";    // iss
inline constexpr std::string_view kAudience = "streamgauge";  // aud, or one of them

struct Claims {
    std::string subject;  // sub: the user's name
    std::string role;     // for people who look into their token; what counts is the user's role here
    // Of the user when it was signed: tokens of a changed user are void. Only tokens by others' keys may leave it out.
    std::optional<std::int64_t> version;
    Timestamp issued_at, expires_at;  // whole seconds
};

// Looks like a token and nothing like an API key: begins with "eyJ" and has two dots.
bool is_token(std::string_view text);

Result<std::string> issue(const Claims& claims, const SigningKey& key);

struct Verified {
    Claims claims;
    const SigningKey* key = nullptr;
};
using KeyById = std::function<const SigningKey*(std::string_view kid)>;
// Unauthorized, with the reason, for everything else than a token by one of the keys that is valid now.
Result<Verified> verify(std::string_view token, const KeyById& key_by_id, Timestamp now);

}  // namespace streamgauge::auth
