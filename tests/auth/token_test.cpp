// SPDX-License-Identifier: GPL-3.0-or-later
// Tokens: published examples of the RFCs, a literal of ours, and forgeries, each with the reason it is refused for.
#include "auth/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "auth/secrets.h"

namespace streamgauge::auth {
namespace {

constexpr std::int64_t kIssued = 1'700'000'000;
constexpr Timestamp kNow = Timestamp::from_seconds(kIssued + 10);

// Signed with the bytes 0 to 31 under the id k1, from 1700000000 to 1700003600.
constexpr std::string_view kLiteral =
    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0."
    "eyJhdWQiOiJzdHJlYW1nYXVnZSIsImV4cCI6MTcwMDAwMzYwMCwiaWF0IjoxNzAwMDAwMDAwLCJpc3MiOiJzdHJlYW1nYXVnZSIsIm5iZiI6MTcwMD"
    "Aw"
    "MDAwMCwicm9sZSI6InZpZXdlciIsInN1YiI6ImFkYSIsInZlciI6N30."
    "GjkK53SBrEySqXLpDsgYBRZd6MjAOUfOYYuWa0ffLus";

// RFC 7515, appendices A.1 and A.2: the same claims, signed with HS256 and with RS256.
constexpr std::string_view kRfcClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kRfcHmacKey =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
constexpr std::string_view kRfcRsaKey = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
oQIDAQAB
-----END PUBLIC KEY-----
)";
constexpr std::string_view kRfcRsaSignature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"
    "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
    "xi12jzDwusC-e"
    "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
// RFC 7638, section 3.1.
constexpr std::string_view kThumbprintKey = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJX
ZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS
oc/BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt
7/RN5w6Cf0h4QyQ5v+65YGjQR0/FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0
zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt+bFTWhAI4vMQFh6WeZu0f
M4lFd2NcRwr3XPksINHaQ+G/xBniIqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDK
gwIDAQAB
-----END PUBLIC KEY-----
)";

std::string key_bytes() {
    std::string bytes;
    for (char c = 0; c < 32; ++c) bytes += c;
    return bytes;
}

struct Ring {
    SigningKey hmac = SigningKey::hs256("k1", key_bytes()).value();
    SigningKey rsa = SigningKey::rs256(SigningKey::make_rsa_pem().value()).value();
    KeyById find = [this](std::string_view kid) -> const SigningKey* {
        if (kid == hmac.kid()) return &hmac;
        return kid == rsa.kid() ? &rsa : nullptr;
    };
};

const Ring& ring() {
    static const Ring made;
    return made;
}

std::string reason(std::string_view token, Timestamp now = kNow) {
    const auto verified = verify(token, ring().find, now);
    if (verified.ok()) return "accepted";
    EXPECT_EQ(verified.error().code, ErrorCode::Unauthorized);
    return verified.error().message;
}

// Signs any header and claims with the ring's HMAC key.
std::string signed_with(std::string_view header, std::string_view claims, const SigningKey& key = ring().hmac) {
    const std::string text = base64url(header) + '.' + base64url(claims);
    return text + '.' + base64url(key.sign(text).value());
}

constexpr std::string_view kHeader = R"({"alg":"HS256","kid":"k1","typ":"JWT"})";
constexpr std::string_view kClaims =
    R"({"iss":"streamgauge","aud":"streamgauge","sub":"ada","exp":1700003600,"nbf":1700000000,"iat":1700000000,"ver":7})";

std::string claims_with(std::string_view from, std::string_view to) {
    std::string text(kClaims);
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(SigningKey, SignsTheExampleOfRfc7515WithHs256) {
    const auto key = SigningKey::hs256("joe", *from_base64url(kRfcHmacKey));
    ASSERT_TRUE(key.ok());
    const std::string text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + std::string(kRfcClaims);
    EXPECT_EQ(base64url(key->sign(text).value()), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    EXPECT_TRUE(key->verify(text, *from_base64url("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
    EXPECT_FALSE(key->verify(text, *from_base64url("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXg")));
    EXPECT_FALSE(key->verify(text, ""));
}

TEST(SigningKey, ChecksTheExampleOfRfc7515WithRs256) {
    const auto key = SigningKey::rs256(kRfcRsaKey);
    ASSERT_TRUE(key.ok());
    EXPECT_FALSE(key->can_sign());
    EXPECT_FALSE(key->sign("x").ok());
    const std::string text = "eyJhbGciOiJSUzI1NiJ9." + std::string(kRfcClaims);
    std::string signature = *from_base64url(kRfcRsaSignature);
    EXPECT_TRUE(key->verify(text, signature));
    EXPECT_FALSE(key->verify(text + "x", signature));
    signature.back() = static_cast<char>(signature.back() ^ 1);
    EXPECT_FALSE(key->verify(text, signature));
}

TEST(SigningKey, IsNamedByItsThumbprint) {
    EXPECT_EQ(SigningKey::rs256(kThumbprintKey)->kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(SigningKey, RefusesWhatIsTooWeakOrNoKey) {
    EXPECT_FALSE(SigningKey::hs256("k", std::string(31, 'x')).ok());
    EXPECT_FALSE(SigningKey::hs256("", std::string(32, 'x')).ok());
    EXPECT_FALSE(SigningKey::rs256("").ok());
    EXPECT_FALSE(SigningKey::rs256("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").ok());
    // 1,024 bits, and an elliptic curve.
    const auto weak = SigningKey::rs256(
        "-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDXLTZPMDClD+CQhgD+uIPHZruY\n"
        "EMIdbAEl77NGVtpXHBUUNneItmGinMwytNS7qSOZ/fc1THN3wgP1Ei0ZwQVByO0b\n"
        "1fwLHcJRjkHg5HSizKTRyCuYP1nH4dpiFhhJXVute59MiAf3/1hZsZDQggm3RWpS\n"
        "Zc6Rdjf7zbCV1YURWQIDAQAB\n"
        "-----END PUBLIC KEY-----\n");
    ASSERT_FALSE(weak.ok());
    EXPECT_THAT(weak.error().message, testing::HasSubstr("1024 bits"));
    const auto curve = SigningKey::rs256(
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEl5Bvgao/gAc0ESXn/Il7Nasfpv+Z\n"
        "aPmGDiinAzLW54oOeg4Usy0KoBqoYJM7DZzBc98b3MQP/AGmz/rffbuW9Q==\n"
        "-----END PUBLIC KEY-----\n");
    ASSERT_FALSE(curve.ok());
    EXPECT_THAT(curve.error().message, testing::HasSubstr("no RSA key"));
}

TEST(Token, AcceptsTheLiteral) {
    const auto verified = verify(kLiteral, ring().find, kNow);
    ASSERT_TRUE(verified.ok()) << verified.error().message;
    EXPECT_EQ(verified->claims.subject, "ada");
    EXPECT_EQ(verified->claims.role, "viewer");
    EXPECT_EQ(verified->claims.version, 7);
    EXPECT_EQ(verified->claims.expires_at, Timestamp::from_seconds(1'700'003'600));
}

TEST(Token, IssuesTheLiteral) {
    const Claims claims{"ada", "viewer", 7, Timestamp::from_seconds(kIssued), Timestamp::from_seconds(kIssued + 3600)};
    EXPECT_EQ(issue(claims, ring().hmac).value(), kLiteral);
}

TEST(Token, GoesThroughRs256) {
    const Claims claims{"ada", "admin", 7, Timestamp::from_seconds(kIssued), Timestamp::from_seconds(kIssued + 3600)};
    const std::string token = issue(claims, ring().rsa).value();
    EXPECT_EQ(reason(token), "accepted");
    EXPECT_LT(token.size(), kTokenBytes);
}

TEST(Token, TimesAreExactAtTheEndAndHaveLeewayAtTheBeginning) {
    const auto at = [](std::int64_t seconds) { return reason(kLiteral, Timestamp::from_seconds(seconds)); };
    EXPECT_EQ(at(kIssued + 3599), "accepted");
    EXPECT_EQ(at(kIssued + 3600), "the token has expired");
    EXPECT_EQ(at(kIssued - 60), "accepted");
    EXPECT_EQ(at(kIssued - 61), "the token is not valid yet");
    const std::string from_the_future = signed_with(kHeader, claims_with(R"("nbf":1700000000,)", ""));
    EXPECT_EQ(reason(from_the_future, Timestamp::from_seconds(kIssued - 60)), "accepted");
    EXPECT_EQ(reason(from_the_future, Timestamp::from_seconds(kIssued - 61)), "the token is from the future");
}

TEST(Token, AnyOneBitLessOrMoreIsRefused) {
    for (std::size_t i = 0; i < kLiteral.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed(kLiteral);
            changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
            EXPECT_NE(reason(changed), "accepted") << "byte " << i << " bit " << bit;
        }
        EXPECT_NE(reason(kLiteral.substr(0, i)), "accepted") << "cut at " << i;
        std::string doubled(kLiteral);
        doubled.insert(i, 1, doubled[i]);
        EXPECT_NE(reason(doubled), "accepted") << "doubled at " << i;
    }
}

TEST(Token, RefusesForgeries) {
    const std::string literal(kLiteral);
    const std::string header = literal.substr(0, literal.find('.'));
    const std::string claims = literal.substr(header.size() + 1, literal.rfind('.') - header.size() - 1);
    const std::string signature = literal.substr(literal.rfind('.') + 1);
    const auto h = [](std::string_view json) { return signed_with(json, kClaims); };
    const auto c = [](std::string_view json) { return signed_with(kHeader, json); };
    const std::string rsa_kid = ring().rsa.kid();
    const SigningKey other = SigningKey::hs256("k1", std::string(32, 'o')).value();
    const char* const header_unread = "the token's header cannot be read";
    const char* const not_accepted = "the token's header has members that are not accepted";
    const char* const bad_signature = "the token's signature is wrong";
    const char* const claims_unread = "the token's claims cannot be read";
    const char* const times_unread = "the token's times cannot be read";
    const char* const not_for_us = "the token is not for this server";
    const char* const no_algorithm = "the token names no algorithm or no key";
    const struct {
        const char* name;
        std::string token;
        const char* reason;
    } forgeries[] = {
        {"nothing", "", "the token has not three parts"},
        {"two parts", header + '.' + claims, "the token has not three parts"},
        {"four parts", literal + ".e30", "the token has not three parts"},
        {"five parts, as JWE", literal + ".e30.e30", "the token has not three parts"},
        {"without signature", header + '.' + claims + '.', bad_signature},
        {"without claims", header + ".." + signature, bad_signature},
        {"without header", "." + claims + '.' + signature, header_unread},
        {"padding", header + '.' + claims + '.' + signature + "=", bad_signature},
        {"spare bits in the signature", header + '.' + claims + '.' + signature.substr(0, 42) + "t", bad_signature},
        {"standard alphabet", header + '.' + claims + '.' + signature.substr(0, 41) + "+/", bad_signature},
        {"newline", header + '.' + claims + '.' + signature + "\n", bad_signature},
        {"space", " " + literal, header_unread},
        {"zero byte", literal + std::string(1, '\0'), bad_signature},
        {"cut signature", literal.substr(0, literal.size() - 2), bad_signature},
        {"signature of other claims", header + '.' + base64url(claims_with("ada", "eve")) + '.' + signature,
         bad_signature},
        {"other key's signature", signed_with(kHeader, kClaims, other), bad_signature},
        {"alg none, unsigned", base64url(R"({"alg":"none","kid":"k1"})") + '.' + claims + '.',
         "the token's algorithm is not its key's"},
        {"alg none, signed", h(R"({"alg":"none","kid":"k1","typ":"JWT"})"), "the token's algorithm is not its key's"},
        {"alg None", h(R"({"alg":"None","kid":"k1"})"), "the token's algorithm is not its key's"},
        {"alg in small letters", h(R"({"alg":"hs256","kid":"k1"})"), "the token's algorithm is not its key's"},
        {"alg HS512", h(R"({"alg":"HS512","kid":"k1"})"), "the token's algorithm is not its key's"},
        {"alg RS256 with the secret's id", h(R"({"alg":"RS256","kid":"k1"})"),
         "the token's algorithm is not its key's"},
        {"HMAC with the public key's id", signed_with(R"({"alg":"HS256","kid":")" + rsa_kid + "\"}", kClaims),
         "the token's algorithm is not its key's"},
        {"RS256 with an HMAC signature", signed_with(R"({"alg":"RS256","kid":")" + rsa_kid + "\"}", kClaims),
         bad_signature},
        {"alg missing", h(R"({"kid":"k1","typ":"JWT"})"), no_algorithm},
        {"alg a number", h(R"({"alg":256,"kid":"k1"})"), no_algorithm},
        {"alg an array", h(R"({"alg":["HS256"],"kid":"k1"})"), no_algorithm},
        {"alg twice", h(R"({"alg":"none","alg":"HS256","kid":"k1"})"), header_unread},
        {"kid missing", h(R"({"alg":"HS256"})"), no_algorithm},
        {"kid empty", h(R"({"alg":"HS256","kid":""})"), "the token is signed by an unknown key"},
        {"kid unknown", h(R"({"alg":"HS256","kid":"k2"})"), "the token is signed by an unknown key"},
        {"kid a path", h(R"({"alg":"HS256","kid":"../../../dev/null"})"), "the token is signed by an unknown key"},
        {"kid a number", h(R"({"alg":"HS256","kid":1})"), no_algorithm},
        {"typ of another kind", h(R"({"alg":"HS256","kid":"k1","typ":"JWE"})"), "the token is of another type"},
        {"typ a number", h(R"({"alg":"HS256","kid":"k1","typ":1})"), "the token is of another type"},
        {"its own key", h(R"({"alg":"HS256","kid":"k1","jwk":{"kty":"oct","k":"AAAA"}})"), not_accepted},
        {"a key elsewhere", h(R"({"alg":"HS256","kid":"k1","jku":"https://example.com/keys"})"), not_accepted},
        {"a certificate", h(R"({"alg":"HS256","kid":"k1","x5c":["AAAA"]})"), not_accepted},
        {"critical extension", h(R"({"alg":"HS256","kid":"k1","crit":["exp"]})"), not_accepted},
        {"unencoded payload", h(R"({"alg":"HS256","kid":"k1","b64":false})"), not_accepted},
        {"compressed", h(R"({"alg":"HS256","kid":"k1","zip":"DEF"})"), not_accepted},
        {"header an array", h(R"(["HS256","k1"])"), header_unread},
        {"header with a tail", h(R"({"alg":"HS256","kid":"k1"}x)"), header_unread},
        {"header of bad UTF-8", h("{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"\xFF\"}"), header_unread},
        {"claims a text", c(R"("ada")"), claims_unread},
        {"claims with a tail", c(std::string(kClaims) + "{}"), claims_unread},
        {"claims with a comment", c("/* */" + std::string(kClaims)), claims_unread},
        {"sub twice", c(claims_with(R"("sub":"ada")", R"("sub":"ada","sub":"eve")")), claims_unread},
        {"nested name twice", c(claims_with(R"("ver":7)", R"("ver":7,"x":{"a":1,"a":2})")), claims_unread},
        {"exp missing", c(claims_with(R"("exp":1700003600,)", "")), "the token has no end"},
        {"exp null", c(claims_with("1700003600", "null")), times_unread},
        {"exp a text", c(claims_with("1700003600", R"("1700003600")")), times_unread},
        {"exp a fraction", c(claims_with("1700003600", "1700003600.5")), times_unread},
        {"exp with an exponent", c(claims_with("1700003600", "17e9")), times_unread},
        {"exp beyond 64 bits", c(claims_with("1700003600", "18446744073709551616")), times_unread},
        {"exp beyond time", c(claims_with("1700003600", "18446744073709551615")), times_unread},
        {"exp after the year 9999", c(claims_with("1700003600", "253402300800")), times_unread},
        {"exp negative", c(claims_with("1700003600", "-1")), times_unread},
        {"exp passed", c(claims_with("1700003600", "1700000010")), "the token has expired"},
        {"nbf ahead", c(claims_with(R"("nbf":1700000000)", R"("nbf":1700000071)")), "the token is not valid yet"},
        {"nbf a text", c(claims_with(R"("nbf":1700000000)", R"("nbf":"0")")), times_unread},
        {"iat ahead", c(claims_with(R"("iat":1700000000)", R"("iat":1700000071)")), "the token is from the future"},
        {"iat true", c(claims_with(R"("iat":1700000000)", R"("iat":true)")), times_unread},
        {"ver a text", c(claims_with(R"("ver":7)", R"("ver":"7")")), times_unread},
        {"iss missing", c(claims_with(R"("iss":"streamgauge",)", "")), not_for_us},
        {"iss of another", c(claims_with(R"("iss":"streamgauge")", R"("iss":"joe")")), not_for_us},
        {"iss longer", c(claims_with(R"("iss":"streamgauge")", R"("iss":"streamgauge2")")), not_for_us},
        {"aud missing", c(claims_with(R"("aud":"streamgauge",)", "")), not_for_us},
        {"aud of another", c(claims_with(R"("aud":"streamgauge")", R"("aud":"other")")), not_for_us},
        {"aud of others", c(claims_with(R"("aud":"streamgauge")", R"("aud":["a",1,null])")), not_for_us},
        {"aud an object", c(claims_with(R"("aud":"streamgauge")", R"("aud":{"streamgauge":1})")), not_for_us},
        {"sub missing", c(claims_with(R"("sub":"ada",)", "")), "the token names no user"},
        {"sub empty", c(claims_with(R"("sub":"ada")", R"("sub":"")")), "the token names no user"},
        {"sub a number", c(claims_with(R"("sub":"ada")", R"("sub":1)")), "the token names no user"},
        {"nested without end", c(std::string(1'000, '[')), claims_unread},
        {"too long", literal + std::string(kTokenBytes, 'A'), "the token is too long"},
    };
    for (const auto& forgery : forgeries) EXPECT_EQ(reason(forgery.token), forgery.reason) << forgery.name;
    // What the forgeries start from is accepted, so that each is refused for what was changed.
    EXPECT_EQ(reason(signed_with(kHeader, kClaims)), "accepted");
    EXPECT_EQ(reason(signed_with(R"({"alg":"HS256","kid":"k1"})", kClaims)), "accepted");
    EXPECT_EQ(reason(c(claims_with(R"("aud":"streamgauge")", R"("aud":["a","streamgauge"])"))), "accepted");
    EXPECT_EQ(reason(c(claims_with(R"("ver":7)", R"("x":{"a":1},"y":{"a":2},"ver":7)"))), "accepted");
}

TEST(Token, IsToldFromAnApiKey) {
    EXPECT_TRUE(is_token(kLiteral));
    EXPECT_FALSE(is_token("sgk_0123456789abcdef"));
    EXPECT_FALSE(is_token("eyJhbGciOiJIUzI1NiJ9"));
    EXPECT_FALSE(is_token("eyJ.x"));
    EXPECT_FALSE(is_token("phc_a.b.c"));
    EXPECT_FALSE(is_token(""));
}

TEST(Base64Url, IsStrict) {
    EXPECT_EQ(base64url(std::string("\xFB\xFF", 2)), "-_8");
    EXPECT_EQ(from_base64url("-_8"), std::string("\xFB\xFF", 2));
    EXPECT_EQ(from_base64url(""), "");
    for (const char* wrong : {"-_9", "+/8", "ID\xC5IBA", "I\xFF", "ID\x80I", "-_8=", "-", "-_ 8", "-_8\n", "%2D_8"})
        EXPECT_FALSE(from_base64url(wrong).has_value()) << wrong;
}

}  // namespace
}  // namespace streamgauge::auth
