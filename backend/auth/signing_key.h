// SPDX-License-Identifier: GPL-3.0-or-later
// Keys that sign tokens: HS256 with 256 random bits, RS256 with RSA of at least 2048 bits (RFC 7518, sections 3.2 and
// 3.3). A key signs and checks by its own algorithm only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace streamgauge::auth {

enum class Algorithm { Hs256, Rs256 };
std::string_view to_string(Algorithm algorithm);  // "HS256", "RS256"
std::optional<Algorithm> algorithm_from(std::string_view name);

// Immutable; const calls are thread-safe.
class SigningKey {
public:
    // `secret` has 32 bytes or more: InvalidArgument otherwise.
    static Result<SigningKey> hs256(std::string kid, std::string secret);
    // A private (signs and checks) or public (checks) RSA key in PEM. Its kid is its thumbprint (RFC 7638).
    // InvalidArgument when it cannot be read, needs a passphrase, is not RSA or has fewer than 2048 bits.
    static Result<SigningKey> rs256(std::string_view pem);
    // A private RSA key of 3072 bits, as PEM. Takes up to a second.
    static Result<std::string> make_rsa_pem();

    const std::string& kid() const { return kid_; }
    Algorithm algorithm() const { return algorithm_; }
    bool can_sign() const { return can_sign_; }

    Result<std::string> sign(std::string_view text) const;  // the raw signature
    bool verify(std::string_view text, std::string_view signature) const;

private:
    SigningKey() = default;
    Algorithm algorithm_ = Algorithm::Hs256;
    bool can_sign_ = false;
    std::string kid_;
    std::string secret_;
    std::shared_ptr<evp_pkey_st> rsa_;
};

}  // namespace streamgauge::auth
