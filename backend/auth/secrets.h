// SPDX-License-Identifier: GPL-3.0-or-later
// Random secrets, their digests, and base64url, by libsodium.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace streamgauge::auth {

// Once before everything else here; idempotent and thread-safe.
Status start_crypto();

std::string random_bytes(std::size_t count);
std::string hex(std::string_view bytes);  // lower case
std::string new_api_key_secret();         // "sgk_" and 256 random bits
std::string new_password();               // 20 letters and digits without those that look alike: 114 bits

using Digest = std::array<unsigned char, 32>;
struct DigestHash {
    // A digest is uniform already.
    std::size_t operator()(const Digest& digest) const;
};
// BLAKE2b-256 keyed with the directory's own 32 random bytes: secrets are random, so a slow hash would only cost.
Digest digest_of(std::string_view secret, std::string_view key);

// RFC 4648 section 5 without padding. Decoding is strict: no other character, no spare bits.
std::string base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

// In time that depends on the length alone.
bool equal_secrets(std::string_view a, std::string_view b);
// Overwrites it, then empties it.
void wipe(std::string& secret);

}  // namespace streamgauge::auth
