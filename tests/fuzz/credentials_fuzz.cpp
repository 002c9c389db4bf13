// SPDX-License-Identifier: GPL-3.0-or-later
// What stands in Authorization, X-Api-Key and ?access_token=, over any bytes: nobody is let in but by the very key or
// token that was given out, and what a right signature covers is still read strictly. The first byte says where the
// rest of the input goes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/names.h"
#include "auth/secrets.h"
#include "auth/snapshot_authenticator.h"
#include "auth/token.h"
#include "http/types.h"
#include "server/gate.h"

namespace {

using namespace streamgauge;
using namespace streamgauge::auth;

constexpr Timestamp kNow = Timestamp::from_seconds(1'700'000'010);
constexpr std::string_view kKey = "sgk_0123456789abcdef";

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

// One user, one API key, one signing key.
struct World {
    World() {
        require(start_crypto().ok(), "libsodium does not start");
        Contents contents;
        contents.digest_key = std::string(32, 'd');
        contents.projects = {{"default", "Default", {"shop.example"}, kNow}};
        Contents::Key key;
        key.key.id = "k_1";
        key.key.name = "web";
        key.key.project = "default";
        key.key.permissions = static_cast<Permissions>(Permission::Ingest);
        key.digest = digest_of(kKey, contents.digest_key);
        contents.keys = {key};
        contents.users = {{{"ada", Role::Viewer, kNow, {}}, 7}};
        contents.signing_keys = {signing};
        contents.current_kid = signing.kid();
        authenticator.publish(contents, {});
        token =
            issue({"ada", "viewer", 7, Timestamp::from_seconds(1'700'000'000), Timestamp::from_seconds(1'700'003'600)},
                  signing)
                .value();
    }
    SigningKey signing = SigningKey::hs256("k1", std::string(32, 's')).value();
    SnapshotAuthenticator authenticator;
    std::string token;
};

const World& world() {
    static const World made;
    return made;
}

void must_be_known(const Credentials& credentials) {
    const auto principal = world().authenticator.authenticate(credentials, kNow);
    if (!principal.ok()) return;
    switch ((*principal)->kind) {
        case Principal::Kind::Anonymous:
            require(credentials.bearer.empty() && !credentials.basic, "credentials were taken for none");
            break;
        case Principal::Kind::Key:
            require((credentials.bearer.empty() ? credentials.basic_user : credentials.bearer) == kKey,
                    "another key was let in");
            break;
        case Principal::Kind::User:
            require(credentials.bearer == world().token, "another token was let in");
            break;
        case Principal::Kind::Console:
            require(false, "there is no console");
    }
}

void ask_with(http::Request& request) {
    std::string decoded;
    const auto credentials = credentials_of(request, decoded);
    if (credentials.ok()) must_be_known(*credentials);
}

// Header or claims of one's own under a right signature: whoever holds the key cannot confuse the parser either.
void signed_by_us(std::string_view header, std::string_view claims) {
    std::string token = base64url(header) + '.' + base64url(claims);
    token += '.' + base64url(world().signing.sign(token).value());
    const auto verified = verify(
        token, [](std::string_view kid) { return kid == "k1" ? &world().signing : nullptr; }, kNow);
    if (!verified.ok()) return;
    require(!verified->claims.subject.empty(), "a token without a user was accepted");
    require(verified->claims.expires_at > kNow, "an expired token was accepted");
    require(header.find("\"none\"") == std::string_view::npos, "none was accepted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    http::Request request;
    std::string query;
    switch (data[0] % 8) {
        case 0:
            request.headers = {{"Authorization", input}};
            break;
        case 1:
            request.headers = {{"X-Api-Key", input}};
            break;
        case 2:
            query = "access_token=" + std::string(input);
            request.query = query;
            break;
        case 3:
            signed_by_us(R"({"alg":"HS256","kid":"k1","typ":"JWT"})", input);
            return 0;
        case 4:
            signed_by_us(input, R"({"iss":"streamgauge","aud":"streamgauge","sub":"ada","exp":1700003600,"ver":7})");
            return 0;
        case 5: {
            const auto bytes = from_base64url(input);
            require(!bytes || base64url(*bytes) == input, "two texts are read as the same bytes");
            (void)check_imported_secret(input);
            (void)check_display_name(input);
            (void)scopes_from(input);
            return 0;
        }
        case 6: {  // a token that was given out, changed in one place
            std::string token = world().token;
            if (input.size() < 2) return 0;
            token[static_cast<std::uint8_t>(input[0]) % token.size()] = input[1];
            must_be_known({token, {}, false});
            return 0;
        }
        default:
            request.headers = {{"Authorization", input}, {"X-Api-Key", kKey}};
            break;
    }
    ask_with(request);
    return 0;
}
