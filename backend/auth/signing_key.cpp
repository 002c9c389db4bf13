// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/signing_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <utility>

#include "auth/secrets.h"

namespace streamgauge::auth {

namespace {

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr int kLeastRsaBits = 2048;
constexpr unsigned kMadeRsaBits = 3072;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Error invalid(std::string message) {
    return Error::make(ErrorCode::InvalidArgument, std::move(message));
}

// An encrypted key is refused instead of asking at the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

std::optional<std::string> number_of(EVP_PKEY* key, const char* name) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return std::nullopt;
    const Owned<BIGNUM> number(raw);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(raw)), '\0');
    BN_bn2bin(raw, reinterpret_cast<unsigned char*>(bytes.data()));
    return base64url(bytes);
}

// RFC 7638: SHA-256 over the members that make the key, in alphabetical order.
std::optional<std::string> thumbprint(EVP_PKEY* key) {
    const auto e = number_of(key, OSSL_PKEY_PARAM_RSA_E);
    const auto n = number_of(key, OSSL_PKEY_PARAM_RSA_N);
    if (!e || !n) return std::nullopt;
    const std::string json = R"({"e":")" + *e + R"(","kty":"RSA","n":")" + *n + R"("})";
    std::string digest(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()), bytes_of(json), json.size());
    return base64url(digest);
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
    return algorithm == Algorithm::Hs256 ? "HS256" : "RS256";
}

std::optional<Algorithm> algorithm_from(std::string_view name) {
    if (name == "HS256") return Algorithm::Hs256;
    if (name == "RS256") return Algorithm::Rs256;
    return std::nullopt;
}

Result<SigningKey> SigningKey::hs256(std::string kid, std::string secret) {
    if (kid.empty()) return invalid("a signing key needs an id");
    if (secret.size() < crypto_auth_hmacsha256_KEYBYTES) return invalid("an HS256 key has at least 256 bits");
    SigningKey key;
    key.kid_ = std::move(kid);
    key.secret_ = std::move(secret);
    key.can_sign_ = true;
    return key;
}

Result<SigningKey> SigningKey::rs256(std::string_view pem) {
    const bool is_private = pem.find("PRIVATE KEY") != std::string_view::npos;
    const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!bio) return Error::make(ErrorCode::Unavailable, "no memory for a signing key");
    EVP_PKEY* raw = is_private ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)
                               : PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr);
    if (raw == nullptr) return invalid("no key in PEM form without a passphrase");
    SigningKey key;
    key.algorithm_ = Algorithm::Rs256;
    key.can_sign_ = is_private;
    key.rsa_ = std::shared_ptr<EVP_PKEY>(raw, EVP_PKEY_free);
    if (EVP_PKEY_get_base_id(raw) != EVP_PKEY_RSA) return invalid("the key is no RSA key");
    if (EVP_PKEY_get_bits(raw) < kLeastRsaBits)
        return invalid("the RSA key has " + std::to_string(EVP_PKEY_get_bits(raw)) + " bits; at least 2048 are needed");
    auto kid = thumbprint(raw);
    if (!kid) return invalid("the RSA key cannot be read");
    key.kid_ = std::move(*kid);
    return key;
}

Result<std::string> SigningKey::make_rsa_pem() {
    const std::shared_ptr<EVP_PKEY> key(EVP_RSA_gen(kMadeRsaBits), EVP_PKEY_free);
    const Owned<BIO> bio(BIO_new(BIO_s_mem()));
    if (!key || !bio ||
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return Error::make(ErrorCode::Internal, "OpenSSL could not make an RSA key");
    }
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(length));
}

Result<std::string> SigningKey::sign(std::string_view text) const {
    if (!can_sign_) return Error::make(ErrorCode::Internal, "a public key cannot sign");
    if (algorithm_ == Algorithm::Hs256) {
        crypto_auth_hmacsha256_state state;
        crypto_auth_hmacsha256_init(&state, bytes_of(secret_), secret_.size());
        crypto_auth_hmacsha256_update(&state, bytes_of(text), text.size());
        std::string out(crypto_auth_hmacsha256_BYTES, '\0');
        crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(out.data()));
        return out;
    }
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(rsa_.get()));
    std::string out(length, '\0');
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, rsa_.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length, bytes_of(text),
                       text.size()) != 1) {
        return Error::make(ErrorCode::Internal, "OpenSSL could not sign a token");
    }
    out.resize(length);
    return out;
}

bool SigningKey::verify(std::string_view text, std::string_view signature) const {
    if (algorithm_ == Algorithm::Hs256) {
        const auto expected = sign(text);
        return expected.ok() && equal_secrets(*expected, signature);
    }
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, rsa_.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

}  // namespace streamgauge::auth
