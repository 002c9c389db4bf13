// SPDX-License-Identifier: GPL-3.0-or-later
// Who is behind which credentials, over a real directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "auth/auth_support.h"
#include "auth/names.h"
#include "auth/snapshot_authenticator.h"
#include "auth/token.h"

namespace streamgauge::auth {
namespace {

class AuthenticatorTest : public testing::Test {
protected:
    void publish() { authenticator.publish(open.directory->read().value(), extra); }

    NewApiKey make_key(const ApiKey& wanted, std::optional<std::string> secret = {}) {
        auto made = open.directory->create_key(wanted, secret);
        EXPECT_TRUE(made.ok()) << made.error().describe();
        return made.value();
    }
    std::string token_for(const std::string& name, std::int64_t lifetime_seconds = 3600) {
        const auto login = open.directory->find_login(name).value();
        const Timestamp now = open.clock.now();
        const Claims claims{name, "", login->version, now, now.plus_micros(lifetime_seconds * kSecond)};
        return issue(claims, *authenticator.signing_key()).value();
    }
    Result<PrincipalPtr> ask(std::string_view bearer) const {
        return authenticator.authenticate({bearer, {}, false}, open.clock.now());
    }
    ErrorCode refusal(std::string_view bearer) const {
        const auto asked = ask(bearer);
        EXPECT_FALSE(asked.ok());
        return asked.ok() ? ErrorCode::Internal : asked.error().code;
    }

    OpenDirectory open;
    ExtraCredentials extra;
    SnapshotAuthenticator authenticator;
};

TEST_F(AuthenticatorTest, NobodyIsKnownBeforeTheFirstSnapshot) {
    EXPECT_EQ(authenticator.authenticate({}, kStart).error().code, ErrorCode::Unavailable);
    EXPECT_EQ(authenticator.signing_key(), nullptr);
}

TEST_F(AuthenticatorTest, WithoutCredentialsItIsAnonymousAndMayNothing) {
    publish();
    const auto principal = authenticator.authenticate({}, open.clock.now()).value();
    EXPECT_EQ(principal->kind, Principal::Kind::Anonymous);
    EXPECT_EQ(principal->permissions, 0);
    EXPECT_EQ(principal->project, "default");
}

TEST_F(AuthenticatorTest, AKeyMayWhatItsScopesSayInItsProject) {
    ASSERT_TRUE(open.directory->save_project({"shop", "Shop", {}, {}}, true).ok());
    const auto ingest = make_key(wanted_key("web", Permission::Ingest | Permission::Ingest, "shop"));
    const auto query = make_key(wanted_key("grafana", static_cast<Permissions>(Permission::Query)));
    const auto admin = make_key(wanted_key("terraform", static_cast<Permissions>(Permission::Administer), "shop"));
    publish();

    const PrincipalPtr web = ask(ingest.secret).value();
    EXPECT_EQ(web->kind, Principal::Kind::Key);
    EXPECT_EQ(web->id, ingest.key.id);
    EXPECT_EQ(web->name, "web");
    EXPECT_EQ(web->project, "shop");
    EXPECT_FALSE(web->every_project);
    EXPECT_TRUE(web->may(Permission::Ingest));
    EXPECT_FALSE(web->may(Permission::Query));
    EXPECT_FALSE(web->may(Permission::Operate));
    EXPECT_FALSE(web->may(Permission::Administer));

    EXPECT_EQ(ask(query.secret).value()->permissions, static_cast<Permissions>(Permission::Query));
    EXPECT_EQ(ask(admin.secret).value()->permissions, kEverything);
    EXPECT_TRUE(ask(admin.secret).value()->every_project);
    // As Basic user, and as SDKs write it into the body.
    EXPECT_EQ(authenticator.authenticate({{}, ingest.secret, true}, kStart).value(), web);
    EXPECT_EQ(authenticator.authenticate_key(ingest.secret, kStart).value(), web);
}

TEST_F(AuthenticatorTest, UnknownRevokedAndExpiredKeysAreTold) {
    ApiKey wanted = wanted_key("short", static_cast<Permissions>(Permission::Ingest));
    wanted.expires_at = kStart.plus_micros(kSecond);
    const auto expiring = make_key(wanted);
    const auto revoked = make_key(wanted_key("gone", static_cast<Permissions>(Permission::Ingest)));
    publish();
    EXPECT_TRUE(ask(expiring.secret).ok());
    EXPECT_TRUE(ask(revoked.secret).ok());

    ASSERT_TRUE(open.directory->revoke_key(revoked.key.id).ok());
    EXPECT_TRUE(ask(revoked.secret).ok()) << "the snapshot is what counts";
    publish();
    open.clock.advance(kSecond);
    EXPECT_EQ(refusal(expiring.secret), ErrorCode::Unauthorized);
    EXPECT_EQ(refusal(revoked.secret), ErrorCode::Unauthorized);
    EXPECT_EQ(authenticator.authenticate_key(revoked.secret, kStart).error().code, ErrorCode::Unauthorized);
    for (const char* unknown : {"x", "sgk_", "phc_unknown", "sgk_0000000000000000", "eyJ"})
        EXPECT_EQ(refusal(unknown), ErrorCode::NotFound) << unknown;
    EXPECT_EQ(refusal(revoked.secret + "0"), ErrorCode::NotFound);
    EXPECT_EQ(refusal(revoked.secret.substr(1)), ErrorCode::NotFound);
    EXPECT_EQ(authenticator.authenticate({{}, "", true}, kStart).error().code, ErrorCode::NotFound);
}

TEST_F(AuthenticatorTest, ImportedWriteKeysWork) {
    make_key(wanted_key("segment", static_cast<Permissions>(Permission::Ingest)), "MyOldSegmentWriteKey01");
    publish();
    EXPECT_EQ(ask("MyOldSegmentWriteKey01").value()->name, "segment");
    EXPECT_EQ(refusal("MyOldSegmentWriteKey02"), ErrorCode::NotFound);
}

TEST_F(AuthenticatorTest, LastUseIsExactToAMinuteAndOutlivesASnapshot) {
    const auto key = make_key(wanted_key("web", static_cast<Permissions>(Permission::Ingest)));
    make_key(wanted_key("unused", static_cast<Permissions>(Permission::Ingest)));
    publish();
    EXPECT_TRUE(authenticator.take_key_uses().empty());
    (void)ask(key.secret);
    open.clock.advance(59 * kSecond);
    (void)ask(key.secret);
    publish();
    using testing::ElementsAre;
    using testing::Pair;
    EXPECT_THAT(authenticator.take_key_uses(), ElementsAre(Pair(key.key.id, kStart)));
    EXPECT_TRUE(authenticator.take_key_uses().empty());
    (void)ask(key.secret);
    EXPECT_TRUE(authenticator.take_key_uses().empty()) << "used less than a minute after the use that is known";
    open.clock.advance(kSecond);
    (void)ask(key.secret);
    EXPECT_THAT(authenticator.take_key_uses(), ElementsAre(Pair(key.key.id, kStart.plus_micros(60 * kSecond))));
}

TEST_F(AuthenticatorTest, ATokenIsItsUserUntilItExpires) {
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Operator).ok());
    ASSERT_TRUE(open.directory->ensure_signing_key(Algorithm::Hs256).ok());
    publish();
    const std::string token = token_for("ada");
    for (int i = 0; i < 3; ++i) {  // verified, then remembered
        const auto principal = ask(token);
        ASSERT_TRUE(principal.ok()) << principal.error().message;
        EXPECT_EQ((*principal)->kind, Principal::Kind::User);
        EXPECT_EQ((*principal)->name, "ada");
        EXPECT_TRUE((*principal)->every_project);
        EXPECT_EQ((*principal)->permissions, Permission::Ingest | Permission::Query | Permission::Operate);
    }
    open.clock.advance(3599 * kSecond);
    EXPECT_TRUE(ask(token).ok());
    open.clock.advance(kSecond);
    EXPECT_EQ(refusal(token), ErrorCode::Unauthorized);
    EXPECT_EQ(refusal(token), ErrorCode::Unauthorized);
}

TEST_F(AuthenticatorTest, ATokenIsNotBelievedBecauseItsLikeWasRemembered) {
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Viewer).ok());
    ASSERT_TRUE(open.directory->ensure_signing_key(Algorithm::Hs256).ok());
    publish();
    const std::string token = token_for("ada");
    ASSERT_TRUE(ask(token).ok());
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(ask(changed).ok()) << i;
    }
    EXPECT_FALSE(ask(token + "A").ok());
    EXPECT_FALSE(ask(token.substr(0, token.size() - 1)).ok());
    EXPECT_FALSE(ask("eyJ." + std::string(kTokenBytes, 'x') + ".y").ok());
    // The clock stepped back to before the token was made.
    open.clock.set(kStart.plus_micros(-61 * kSecond));
    EXPECT_EQ(refusal(token), ErrorCode::Unauthorized);
}

TEST_F(AuthenticatorTest, TokensOfChangedAndRemovedUsersDie) {
    ASSERT_TRUE(open.directory->ensure_signing_key(Algorithm::Hs256).ok());
    ASSERT_TRUE(open.directory->create_user("root", open.hash("correct horse"), Role::Admin).ok());
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Operator).ok());
    publish();
    std::string token = token_for("ada");
    ASSERT_TRUE(ask(token).ok());

    ASSERT_TRUE(open.directory->change_user("ada", {}, Role::Viewer).ok());
    publish();
    EXPECT_EQ(refusal(token), ErrorCode::Unauthorized);
    token = token_for("ada");
    EXPECT_EQ(ask(token).value()->permissions, static_cast<Permissions>(Permission::Query));

    ASSERT_TRUE(open.directory->change_user("ada", open.hash("battery staple"), {}).ok());
    publish();
    EXPECT_EQ(refusal(token), ErrorCode::Unauthorized);
    token = token_for("ada");
    ASSERT_TRUE(ask(token).ok());

    ASSERT_TRUE(open.directory->remove_user("ada").ok());
    publish();
    EXPECT_EQ(refusal(token), ErrorCode::Unauthorized);
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Viewer).ok());
    publish();
    EXPECT_EQ(refusal(token), ErrorCode::Unauthorized) << "the same name is another user";
    EXPECT_TRUE(ask(token_for("ada")).ok());
}

TEST_F(AuthenticatorTest, RotationKeepsTokensUntilTheyExpire) {
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Viewer).ok());
    const std::string first = open.directory->ensure_signing_key(Algorithm::Hs256).value();
    publish();
    const std::string old_token = token_for("ada");
    ASSERT_TRUE(open.directory->note_login("ada", first, kStart.plus_micros(3600 * kSecond)).ok());
    const std::string second = open.directory->rotate_signing_key(Algorithm::Hs256).value();
    EXPECT_NE(first, second);
    publish();
    EXPECT_EQ(authenticator.signing_key()->kid(), second);
    const std::string new_token = token_for("ada");
    EXPECT_TRUE(ask(old_token).ok());
    EXPECT_TRUE(ask(new_token).ok());

    open.clock.advance(3600 * kSecond + 121 * kSecond);
    EXPECT_EQ(open.directory->ensure_signing_key(Algorithm::Hs256).value(), second);
    const auto contents = open.directory->read().value();
    ASSERT_EQ(contents.signing_keys.size(), 1U) << "the rotated key is gone with its last token";
    EXPECT_EQ(contents.signing_keys[0].kid(), second);
}

TEST_F(AuthenticatorTest, OtherPublicKeysMaySignForUsersThatAreKnownHere) {
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Viewer).ok());
    ASSERT_TRUE(open.directory->ensure_signing_key(Algorithm::Hs256).ok());
    const SigningKey others = SigningKey::rs256(SigningKey::make_rsa_pem().value()).value();
    const auto token = [&](const char* name, std::optional<std::int64_t> version) {
        return issue({name, "admin", version, kStart, kStart.plus_micros(60 * kSecond)}, others).value();
    };
    publish();
    EXPECT_EQ(refusal(token("ada", {})), ErrorCode::Unauthorized);
    extra.keys.push_back(others);
    publish();
    EXPECT_EQ(ask(token("ada", {})).value()->permissions, static_cast<Permissions>(Permission::Query))
        << "the role is the one that is known here";
    EXPECT_EQ(refusal(token("eve", {})), ErrorCode::Unauthorized);
    EXPECT_EQ(refusal(token("ada", 999)), ErrorCode::Unauthorized);
    // The same key as our own: then the version is needed.
    extra.signs_with = others.kid();
    publish();
    EXPECT_EQ(authenticator.signing_key()->kid(), others.kid());
    EXPECT_EQ(refusal(token("ada", {})), ErrorCode::Unauthorized);
    EXPECT_TRUE(ask(token("ada", open.directory->find_login("ada").value()->version)).ok());
}

TEST_F(AuthenticatorTest, TheConsolesTokenIsItsOwn) {
    extra.console_token = "sgc_" + hex(random_bytes(32));
    publish();
    const PrincipalPtr console = ask(extra.console_token).value();
    EXPECT_EQ(console->kind, Principal::Kind::Console);
    EXPECT_EQ(console->permissions, kEverything);
    EXPECT_EQ(refusal("sgc_"), ErrorCode::NotFound);
    EXPECT_TRUE(authenticator.take_key_uses().empty());
}

TEST_F(AuthenticatorTest, KnowsWhenThereIsOnlyOneProject) {
    EXPECT_FALSE(authenticator.is_only_project("default")) << "nothing is known yet";
    publish();
    EXPECT_TRUE(authenticator.is_only_project("default"));
    EXPECT_FALSE(authenticator.is_only_project("shop"));
    EXPECT_FALSE(authenticator.is_only_project(""));
    ASSERT_TRUE(open.directory->save_project({"shop", "Shop", {}, {}}, true).ok());
    publish();
    EXPECT_FALSE(authenticator.is_only_project("default"));
}

TEST_F(AuthenticatorTest, SitesBelongToProjects) {
    ASSERT_TRUE(open.directory->save_project({"shop", "Shop", {"shop.example", "b59e9c65-ae32-47f1"}, {}}, true).ok());
    publish();
    EXPECT_EQ(authenticator.project_of_site("shop.example"), "shop");
    EXPECT_EQ(authenticator.project_of_site("b59e9c65-ae32-47f1"), "shop");
    EXPECT_EQ(authenticator.project_of_site("other.example"), std::nullopt);
    EXPECT_EQ(authenticator.project_of_site(""), std::nullopt);
}

TEST_F(AuthenticatorTest, ThreadsSeeAChangeAtTheirNextRequest) {
    const auto key = make_key(wanted_key("web", static_cast<Permissions>(Permission::Ingest)));
    publish();
    std::atomic<int> known{0};
    std::atomic<bool> revoked{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            bool counted = false;
            for (;;) {
                const bool was_revoked = revoked.load();
                const auto asked = authenticator.authenticate({key.secret, {}, false}, kStart);
                if (asked.ok() && !counted) {
                    ++known;
                    counted = true;
                }
                if (was_revoked) {
                    if (asked.ok()) ++wrong;
                    return;
                }
            }
        });
    }
    while (known < 3) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) publish();
    ASSERT_TRUE(open.directory->revoke_key(key.key.id).ok());
    publish();
    revoked = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST_F(AuthenticatorTest, TwoOfThemOnOneThreadDoNotMixUp) {
    const auto key = make_key(wanted_key("web", static_cast<Permissions>(Permission::Ingest)));
    publish();
    OpenDirectory elsewhere;
    SnapshotAuthenticator other;
    other.publish(elsewhere.directory->read().value(), {});
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(ask(key.secret).ok());
        EXPECT_EQ(other.authenticate({key.secret, {}, false}, kStart).error().code, ErrorCode::NotFound);
    }
}

// What a request costs is printed; the bounds are far above it, for slow machines and sanitizers.
TEST_F(AuthenticatorTest, ARequestCostsMicroseconds) {
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Viewer).ok());
    ASSERT_TRUE(open.directory->ensure_signing_key(Algorithm::Hs256).ok());
    const auto key = make_key(wanted_key("web", static_cast<Permissions>(Permission::Ingest)));
    publish();
    const std::string token = token_for("ada");
    const auto nanoseconds_each = [&](const Credentials& credentials) {
        constexpr int kTimes = 20'000;
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < kTimes; ++i) {
            if (!authenticator.authenticate(credentials, kStart).ok()) ADD_FAILURE();
        }
        return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count() /
               kTimes;
    };
    for (const auto& [name, credentials] : {std::pair{"anonymous", Credentials{}},
                                            {"key", Credentials{key.secret, {}, false}},
                                            {"token", Credentials{token, {}, false}}}) {
        const auto each = nanoseconds_each(credentials);
        std::printf("%s: %lld ns\n", name, static_cast<long long>(each));
        EXPECT_LT(each, 50'000);
    }
}

}  // namespace
}  // namespace streamgauge::auth
