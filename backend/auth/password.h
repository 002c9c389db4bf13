// SPDX-License-Identifier: GPL-3.0-or-later
// Passwords as argon2id hashes, by libsodium.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace streamgauge::auth {

// Two passes over 64 MiB (libsodium's interactive limits, above RFC 9106's and OWASP's least): about a tenth of a
// second of one core. One at a time: the memory is taken for each.
struct PasswordCost {
    unsigned long long passes = 2;
    std::size_t bytes = 64 * 1024 * 1024;
};

// The hash as text with its parameters and salt ("$argon2id$v=19$..."). Unavailable without the memory.
Result<std::string> hash_password(std::string_view password, const PasswordCost& cost = {});
// Takes as long as the hash's own parameters say, whatever the answer is. False for a text that is no hash.
bool verify_password(std::string_view password, const std::string& hash);
// A hash of these parameters that no password matches: who asks for an unknown user waits as long as for a known one.
std::string unmatched_hash(const PasswordCost& cost = {});
// The hash was made with other parameters than these.
bool needs_rehash(const std::string& hash, const PasswordCost& cost = {});

}  // namespace streamgauge::auth
