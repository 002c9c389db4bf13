// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/token.h"

#include <nlohmann/json.hpp>

#include <utility>

#include "auth/secrets.h"

namespace streamgauge::auth {

namespace {

using nlohmann::json;

constexpr std::int64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z

Error refused(std::string message) {
    return Error::make(ErrorCode::Unauthorized, std::move(message));
}

// A JSON object with no name twice at any depth of it; nullopt otherwise.
std::optional<json> read_object(std::string_view text) {
    std::size_t names = 0, values = 0;
    const auto count = [&](int, json::parse_event_t event, json& parsed) {
        if (event == json::parse_event_t::key) ++names;
        if (event == json::parse_event_t::object_end) values += parsed.size();
        return true;
    };
    json parsed = json::parse(text, count, false);
    if (!parsed.is_object() || names != values) return std::nullopt;
    return parsed;
}

// Seconds since 1970 as a whole number; false when there and something else.
bool read_seconds(const json& object, const char* name, std::optional<std::int64_t>& out) {
    const auto found = object.find(name);
    if (found == object.end()) return true;
    if (!found->is_number_integer()) return false;
    if (found->is_number_unsigned() && found->get<std::uint64_t>() > static_cast<std::uint64_t>(kLastSecond))
        return false;
    out = found->get<std::int64_t>();
    return *out >= 0 && *out <= kLastSecond;
}

const std::string* text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

bool is_for_us(const json& claims) {
    const auto found = claims.find("aud");
    if (found == claims.end()) return false;
    if (const auto* one = found->get_ptr<const std::string*>()) return *one == kAudience;
    if (!found->is_array()) return false;
    for (const json& element : *found) {
        if (const auto* one = element.get_ptr<const std::string*>(); one != nullptr && *one == kAudience) return true;
    }
    return false;
}

Result<const SigningKey*> key_of(std::string_view encoded, const KeyById& key_by_id) {
    const auto text = from_base64url(encoded);
    const auto header = text ? read_object(*text) : std::nullopt;
    if (!header) return refused("the token's header cannot be read");
    const std::string* algorithm = text_of(*header, "alg");
    const std::string* kid = text_of(*header, "kid");
    if (algorithm == nullptr || kid == nullptr) return refused("the token names no algorithm or no key");
    std::size_t known = 2;
    if (header->contains("typ")) {
        const std::string* type = text_of(*header, "typ");
        if (type == nullptr || *type != "JWT") return refused("the token is of another type");
        ++known;
    }
    if (header->size() != known) return refused("the token's header has members that are not accepted");
    const SigningKey* key = key_by_id(*kid);
    if (key == nullptr) return refused("the token is signed by an unknown key");
    if (to_string(key->algorithm()) != *algorithm) return refused("the token's algorithm is not its key's");
    return key;
}

Result<Claims> read_claims(std::string_view encoded, Timestamp now) {
    const auto text = from_base64url(encoded);
    const auto object = text ? read_object(*text) : std::nullopt;
    if (!object) return refused("the token's claims cannot be read");
    std::optional<std::int64_t> expires, not_before, issued;
    Claims claims;
    if (!read_seconds(*object, "exp", expires) || !read_seconds(*object, "nbf", not_before) ||
        !read_seconds(*object, "iat", issued) || !read_seconds(*object, "ver", claims.version)) {
        return refused("the token's times cannot be read");
    }
    if (!expires) return refused("the token has no end");
    const std::int64_t seconds = now.seconds();
    if (seconds >= *expires) return refused("the token has expired");
    if (not_before && *not_before > seconds + kClockLeewaySeconds) return refused("the token is not valid yet");
    if (issued && *issued > seconds + kClockLeewaySeconds) return refused("the token is from the future");
    const std::string* issuer = text_of(*object, "iss");
    if (issuer == nullptr || *issuer != kIssuer || !is_for_us(*object))
        return refused("the token is not for this server");
    const std::string* subject = text_of(*object, "sub");
    if (subject == nullptr || subject->empty()) return refused("the token names no user");
    claims.subject = *subject;
    if (const std::string* role = text_of(*object, "role")) claims.role = *role;
    claims.expires_at = Timestamp::from_seconds(*expires);
    claims.issued_at = Timestamp::from_seconds(issued.value_or(0));
    return claims;
}

}  // namespace

bool is_token(std::string_view text) {
    if (!text.starts_with("eyJ")) return false;
    const std::size_t first = text.find('.');
    return first != std::string_view::npos && text.find('.', first + 1) != std::string_view::npos;
}

Result<std::string> issue(const Claims& claims, const SigningKey& key) {
    const json header{{"alg", to_string(key.algorithm())}, {"kid", key.kid()}, {"typ", "JWT"}};
    json body{{"iss", kIssuer},
              {"aud", kAudience},
              {"sub", claims.subject},
              {"role", claims.role},
              {"iat", claims.issued_at.seconds()},
              {"nbf", claims.issued_at.seconds()},
              {"exp", claims.expires_at.seconds()}};
    if (claims.version) body["ver"] = *claims.version;
    std::string token = base64url(header.dump()) + '.' + base64url(body.dump());
    const auto signature = key.sign(token);
    if (!signature.ok()) return signature.error();
    return token + '.' + base64url(*signature);
}

Result<Verified> verify(std::string_view token, const KeyById& key_by_id, Timestamp now) {
    if (token.size() > kTokenBytes) return refused("the token is too long");
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return refused("the token has not three parts");
    const auto key = key_of(token.substr(0, first), key_by_id);
    if (!key.ok()) return key.error();
    const auto signature = from_base64url(token.substr(second + 1));
    if (!signature || !(*key)->verify(token.substr(0, second), *signature))
        return refused("the token's signature is wrong");
    // Nothing of the claims is looked at before the signature has been found right.
    auto claims = read_claims(token.substr(first + 1, second - first - 1), now);
    if (!claims.ok()) return claims.error();
    return Verified{std::move(claims).value(), *key};
}

}  // namespace streamgauge::auth
