// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/secrets.h"

#include <sodium.h>

#include <cstring>

namespace streamgauge::auth {

namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Status start_crypto() {
    if (sodium_init() < 0) return Error::make(ErrorCode::Internal, "libsodium does not start");
    return {};
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    randombytes_buf(out.data(), out.size());
    return out;
}

std::string hex(std::string_view bytes) {
    std::string out(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(out.data(), out.size(), bytes_of(bytes), bytes.size());
    out.pop_back();
    return out;
}

std::string new_api_key_secret() {
    return "sgk_" + hex(random_bytes(32));
}

std::string new_password() {
    constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    std::string out;
    for (int i = 0; i < 20; ++i) out += kLetters[randombytes_uniform(static_cast<std::uint32_t>(kLetters.size()))];
    return out;
}

std::size_t DigestHash::operator()(const Digest& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
}

Digest digest_of(std::string_view secret, std::string_view key) {
    Digest out{};
    crypto_generichash(out.data(), out.size(), bytes_of(secret), secret.size(), bytes_of(key), key.size());
    return out;
}

std::string base64url(std::string_view bytes) {
    std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
    sodium_bin2base64(out.data(), out.size(), bytes_of(bytes), bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    out.pop_back();  // its terminating zero
    return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
    // Looked at here: libsodium takes some bytes beyond ASCII for letters.
    for (const char c : text) {
        const bool known =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!known) return std::nullopt;
    }
    std::string out(text.size() / 4 * 3 + 3, '\0');
    std::size_t length = 0;
    const char* end = nullptr;
    const int failed = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                                         text.size(), nullptr, &length, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    if (failed != 0 || end != text.data() + text.size()) return std::nullopt;
    out.resize(length);
    return out;
}

bool equal_secrets(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& secret) {
    sodium_memzero(secret.data(), secret.size());
    secret.clear();
}

}  // namespace streamgauge::auth
