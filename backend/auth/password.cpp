// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/password.h"

#include <sodium.h>

#include <array>

namespace streamgauge::auth {

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost) {
    std::array<char, crypto_pwhash_STRBYTES> out{};
    if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), cost.passes, cost.bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return Error::make(ErrorCode::Unavailable, "no memory to hash a password");
    }
    return std::string(out.data());
}

bool verify_password(std::string_view password, const std::string& hash) {
    return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

std::string unmatched_hash(const PasswordCost& cost) {
    // Salt and result of zeros, in the base64 without padding of argon2's text form: 16 and 32 bytes.
    return "$argon2id$v=19$m=" + std::to_string(cost.bytes / 1024) + ",t=" + std::to_string(cost.passes) + ",p=1$" +
           std::string(22, 'A') + '$' + std::string(43, 'A');
}

bool needs_rehash(const std::string& hash, const PasswordCost& cost) {
    return crypto_pwhash_str_needs_rehash(hash.c_str(), cost.passes, cost.bytes) != 0;
}

}  // namespace streamgauge::auth
