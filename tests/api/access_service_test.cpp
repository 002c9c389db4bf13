// SPDX-License-Identifier: GPL-3.0-or-later
// Logins and administration as the routes and the console ask for them, over a real directory.
#include "api/access_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "auth/auth_support.h"

namespace streamgauge::api {
namespace {

using auth::Folder;
using auth::kCheap;
using auth::kSecond;
using auth::kStart;
using auth::Permission;
using auth::Role;

class AccessServiceTest : public testing::Test {
protected:
    void SetUp() override { start(); }

    AccessOptions options() const {
        AccessOptions chosen;
        chosen.data_dir = folder.path();
        chosen.password_cost = kCheap;
        chosen.look_every = std::chrono::milliseconds(5);
        return chosen;
    }
    void start() { start(options()); }
    void start(const AccessOptions& chosen) {
        access.reset();
        auto started = AccessManager::start(chosen, clock);
        ASSERT_TRUE(started.ok()) << started.error().describe();
        access = std::move(started).value();
    }
    // Waits for the answer of `ask(done)`.
    template <class T, class Ask>
    Result<T> answer(Ask ask) {
        std::promise<Result<T>> promise;
        auto future = promise.get_future();
        ask([&promise](Result<T> result) { promise.set_value(std::move(result)); });
        return future.get();
    }
    Result<Login> login(const std::string& name, const std::string& password, const std::string& from = "192.0.2.1") {
        return answer<Login>([&](Done<Login> done) { access->login(name, password, from, std::move(done)); });
    }
    Result<User> add_user(const std::string& name, const std::string& password, Role role) {
        return answer<User>([&](Done<User> done) { access->create_user(name, password, role, std::move(done)); });
    }
    Result<NewApiKey> add_key(const std::string& name) {
        return answer<NewApiKey>([&](Done<NewApiKey> done) {
            access->create_key(auth::wanted_key(name, static_cast<auth::Permissions>(Permission::Ingest)), {},
                               std::move(done));
        });
    }
    Result<auth::PrincipalPtr> who(std::string_view bearer) {
        return access->authenticator().authenticate({bearer, {}, false}, clock.now());
    }

    test::ManualClock clock{kStart};
    Folder folder;
    std::unique_ptr<AccessManager> access;
};

TEST_F(AccessServiceTest, ALoginGivesATokenThatHoldsAsLongAsTheSettingSays) {
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Operator).ok());
    const auto got = login("ada", "correct horse");
    ASSERT_TRUE(got.ok()) << got.error().describe();
    EXPECT_EQ(got->expires_at, kStart.plus_micros(12 * 3600 * kSecond));
    EXPECT_EQ(who(got->token).value()->name, "ada");
    clock.advance((12 * 3600 - 1) * kSecond);
    EXPECT_TRUE(who(got->token).ok());
    clock.advance(kSecond);
    EXPECT_FALSE(who(got->token).ok());

    AccessOptions shorter = options();
    shorter.token_lifetime = std::chrono::seconds(90);
    start(shorter);
    EXPECT_EQ(login("ada", "correct horse")->expires_at, clock.now().plus_micros(90 * kSecond));
}

TEST_F(AccessServiceTest, TokensOutliveARestart) {
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Operator).ok());
    const std::string token = login("ada", "correct horse")->token;
    start();
    EXPECT_TRUE(who(token).ok());
}

TEST_F(AccessServiceTest, AWrongNameAndAWrongPasswordAreToldAlike) {
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Operator).ok());
    const auto wrong_password = login("ada", "correct hors");
    const auto wrong_name = login("eve", "correct horse", "192.0.2.2");
    const auto neither = login("", "", "192.0.2.3");
    for (const auto* refused : {&wrong_password, &wrong_name, &neither}) {
        ASSERT_FALSE(refused->ok());
        EXPECT_EQ(refused->error().code, ErrorCode::Unauthorized);
        EXPECT_EQ(refused->error().message, "invalid credentials");
        EXPECT_EQ(refused->error().field, "");
    }
    EXPECT_FALSE(login("ada", std::string("correct horse\0", 14), "192.0.2.4").ok());
    EXPECT_FALSE(login(std::string(100'000, 'a'), std::string(100'000, 'b'), "192.0.2.5").ok());
}

TEST_F(AccessServiceTest, AnUnknownNameCostsAsMuchAsAKnownOne) {
    AccessOptions costly = options();
    costly.password_cost = {4, 32 * 1024 * 1024};
    costly.throttle.free_failures = 1'000;
    start(costly);
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Operator).ok());
    // The quickest of several, so that a busy machine does not decide.
    const auto quickest = [&](const char* name) {
        auto best = std::chrono::steady_clock::duration::max();
        for (int i = 0; i < 3; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            EXPECT_FALSE(login(name, "wrong horse").ok());
            best = std::min(best, std::chrono::steady_clock::now() - begin);
        }
        return std::chrono::duration<double, std::milli>(best).count();
    };
    const double known = quickest("ada");
    const double unknown = quickest("eve");
    std::printf("known name %.1f ms, unknown name %.1f ms\n", known, unknown);
    EXPECT_GT(unknown, known / 3);
    EXPECT_LT(unknown, known * 3);
}

TEST_F(AccessServiceTest, GuessingIsSlowedDownByNameAndByAddress) {
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Operator).ok());
    for (int i = 0; i < 5; ++i) EXPECT_EQ(login("ada", "wrong").error().code, ErrorCode::Unauthorized);
    const auto limited = login("ada", "correct horse", "198.51.100.1");
    ASSERT_FALSE(limited.ok());
    EXPECT_EQ(limited.error().code, ErrorCode::RateLimited);
    EXPECT_EQ(limited.error().retry_after_seconds, 2);
    EXPECT_EQ(login("bob", "wrong").error().code, ErrorCode::RateLimited) << "the same address";
    clock.advance(2 * kSecond);
    EXPECT_EQ(login("ada", "wrong").error().code, ErrorCode::Unauthorized);
    EXPECT_EQ(login("ada", "wrong").error().retry_after_seconds, 4);
    clock.advance(4 * kSecond);
    EXPECT_TRUE(login("ada", "correct horse").ok());
    EXPECT_TRUE(login("ada", "correct horse", "198.51.100.1").ok());
}

TEST_F(AccessServiceTest, AHashOfOtherParametersIsMadeAnewAtTheNextLogin) {
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Operator).ok());
    AccessOptions costlier = options();
    costlier.password_cost = {2, 16 * 1024};
    start(costlier);
    const std::string token = login("ada", "correct horse").value().token;
    EXPECT_NE(folder.everything().find("$m=16,t=2,p=1$"), std::string::npos);
    EXPECT_TRUE(login("ada", "correct horse").ok());
    EXPECT_TRUE(who(token).ok()) << "the password is the same: tokens stay";
}

TEST_F(AccessServiceTest, AChangeHoldsWhenItIsAnswered) {
    ASSERT_TRUE(add_user("root", "correct horse", Role::Admin).ok());
    const auto key = add_key("web").value();
    EXPECT_TRUE(who(key.secret).ok());
    const auto revoked = answer<ApiKey>([&](Done<ApiKey> done) { access->revoke_key(key.key.id, std::move(done)); });
    EXPECT_TRUE(revoked->revoked_at.has_value());
    EXPECT_EQ(who(key.secret).error().code, ErrorCode::Unauthorized);

    ASSERT_TRUE(add_user("ada", "correct horse", Role::Operator).ok());
    const std::string token = login("ada", "correct horse")->token;
    EXPECT_TRUE(
        answer<User>([&](Done<User> done) { access->change_user("ada", {}, Role::Viewer, std::move(done)); }).ok());
    EXPECT_FALSE(who(token).ok());
    EXPECT_TRUE(answer<bool>([&](Done<bool> done) { access->remove_user("ada", std::move(done)); }).ok());
    EXPECT_FALSE(login("ada", "correct horse").ok());

    const std::string before = login("root", "correct horse")->token;
    const auto kid = answer<std::string>([&](Done<std::string> done) { access->rotate_signing_key(std::move(done)); });
    ASSERT_TRUE(kid.ok());
    const std::string after = login("root", "correct horse")->token;
    EXPECT_TRUE(who(before).ok());
    EXPECT_TRUE(who(after).ok());
    EXPECT_NE(before.substr(0, before.find('.')), after.substr(0, after.find('.')));

    const auto project = answer<Project>([&](Done<Project> done) {
        access->save_project({"shop", "Shop", {"shop.example"}, {}}, true, std::move(done));
    });
    ASSERT_TRUE(project.ok());
    EXPECT_EQ(access->authenticator().project_of_site("shop.example"), "shop");
    EXPECT_TRUE(answer<bool>([&](Done<bool> done) { access->remove_project("shop", std::move(done)); }).ok());
    EXPECT_EQ(access->authenticator().project_of_site("shop.example"), std::nullopt);
}

TEST_F(AccessServiceTest, WhatAnotherProcessChangesIsTakenByItself) {
    const auto elsewhere = auth::Directory::open(folder.path(), clock).value();
    const auto key =
        elsewhere->create_key(auth::wanted_key("cli", static_cast<auth::Permissions>(Permission::Query))).value();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!who(key.secret).ok() && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(who(key.secret).ok());
}

TEST_F(AccessServiceTest, UsesOfKeysAreKept) {
    const auto key = add_key("web").value();
    (void)who(key.secret);
    const auto keys = [&] {
        return answer<std::vector<ApiKey>>([&](Done<std::vector<ApiKey>> done) { access->keys("", std::move(done)); })
            .value();
    };
    EXPECT_EQ(keys()[0].last_used_at, kStart);
    clock.advance(61 * kSecond);
    (void)who(key.secret);
    start();
    EXPECT_EQ(keys()[0].last_used_at, kStart.plus_micros(61 * kSecond)) << "written when the service stopped";
}

TEST_F(AccessServiceTest, TheFirstAdminIsMadeOnceAndOnlyWhereAskedFor) {
    EXPECT_EQ(access->take_first_password(), std::nullopt);
    AccessOptions first = options();
    first.first_admin = true;
    start(first);
    const auto password = access->take_first_password();
    ASSERT_TRUE(password.has_value());
    EXPECT_EQ(access->take_first_password(), std::nullopt) << "told once";
    const auto token = login("admin", *password);
    ASSERT_TRUE(token.ok());
    EXPECT_EQ(who(token->token).value()->permissions, auth::kEverything);
    start(first);
    EXPECT_EQ(access->take_first_password(), std::nullopt);
    EXPECT_TRUE(login("admin", *password).ok());
    EXPECT_EQ(folder.everything().find(*password), std::string::npos);
}

TEST_F(AccessServiceTest, TheDemoUserComesAndGoesWithTheDevelopmentMode) {
    AccessOptions dev = options();
    dev.dev = true;
    dev.first_admin = true;
    start(dev);
    EXPECT_EQ(access->take_first_password(), std::nullopt);
    const auto demo = login("demo", "demo123");
    ASSERT_TRUE(demo.ok());
    EXPECT_EQ(who(demo->token).value()->permissions, Permission::Ingest | Permission::Query | Permission::Operate);
    start();
    EXPECT_FALSE(login("demo", "demo123").ok());
    EXPECT_FALSE(who(demo->token).ok());
    // Somebody's own user of that name stays as it is.
    ASSERT_TRUE(add_user("demo", "my own password", Role::Viewer).ok());
    start(dev);
    EXPECT_TRUE(login("demo", "my own password").ok());
    start();
    EXPECT_TRUE(login("demo", "my own password").ok());
}

TEST_F(AccessServiceTest, TheConsoleHasACredentialOfThisRun) {
    const Login console = access->console_login();
    EXPECT_EQ(who(console.token).value()->kind, auth::Principal::Kind::Console);
    EXPECT_GT(console.expires_at, kStart.plus_micros(365LL * 86'400 * kSecond));
    EXPECT_EQ(folder.everything().find(console.token), std::string::npos);
    start();
    EXPECT_FALSE(who(console.token).ok());
}

TEST_F(AccessServiceTest, KeyFilesSignAndAreChecked) {
    const std::string private_file = folder.path() + "/private.pem";
    std::ofstream(private_file) << auth::SigningKey::make_rsa_pem().value();
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Admin).ok());
    AccessOptions rsa = options();
    rsa.algorithm = auth::Algorithm::Rs256;
    rsa.private_key_file = private_file;
    start(rsa);
    const std::string token = login("ada", "correct horse")->token;
    EXPECT_TRUE(who(token).ok());
    const auto rotated =
        answer<std::string>([&](Done<std::string> done) { access->rotate_signing_key(std::move(done)); });
    EXPECT_EQ(rotated.error().code, ErrorCode::Conflict);
    // Another server that knows only the public half accepts it; one that does not, does not.
    AccessOptions other = options();
    other.public_key_files = {private_file};
    start(other);
    EXPECT_TRUE(who(token).ok());
    start();
    EXPECT_FALSE(who(token).ok());

    access.reset();
    for (const auto& [setting, file, text] : {std::tuple{"auth.jwt_private_key", "/nowhere.pem", ""},
                                              {"auth.jwt_private_key", "/bad.pem", "no key"},
                                              {"auth.jwt_public_keys", "/empty.pem", ""}}) {
        AccessOptions wrong = options();
        const std::string path = folder.path() + file;
        if (path.find("nowhere") == std::string::npos) std::ofstream(path) << text;
        if (std::string_view(setting) == "auth.jwt_private_key") {
            wrong.private_key_file = path;
        } else {
            wrong.public_key_files = {path};
        }
        const auto refused = AccessManager::start(wrong, clock);
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(refused.error().field, setting);
        EXPECT_THAT(refused.error().message, testing::HasSubstr(path));
    }
}

TEST_F(AccessServiceTest, RotatedAlgorithmsKeepTokens) {
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Admin).ok());
    const std::string token = login("ada", "correct horse")->token;
    AccessOptions rsa = options();
    rsa.algorithm = auth::Algorithm::Rs256;
    start(rsa);
    EXPECT_TRUE(who(token).ok());
    const std::string newer = login("ada", "correct horse")->token;
    EXPECT_GT(newer.size(), token.size());
    start();
    EXPECT_TRUE(who(newer).ok());
}

TEST_F(AccessServiceTest, AFloodOfLoginsIsTurnedAwayAndLeavesAdministrationThrough) {
    AccessOptions slow = options();
    slow.password_cost = {2, 32 * 1024 * 1024};
    slow.throttle.free_failures = 1'000'000;
    start(slow);
    std::mutex mutex;
    std::condition_variable all_answered;
    int answered = 0, busy = 0, refused = 0;
    constexpr int kLogins = 3 * static_cast<int>(kLoginsWaiting);
    for (int i = 0; i < kLogins; ++i) {
        access->login("eve", "guess", "192.0.2.1", [&](const Result<Login>& result) {
            const std::lock_guard lock(mutex);
            if (result.error().code == ErrorCode::Unavailable) {
                EXPECT_EQ(result.error().retry_after_seconds, 1);
                ++busy;
            } else {
                ++refused;
            }
            ++answered;
            all_answered.notify_one();
        });
    }
    // Administration goes first, however many logins wait.
    EXPECT_TRUE(add_key("web").ok());
    std::unique_lock lock(mutex);
    EXPECT_LT(answered, kLogins);
    all_answered.wait(lock, [&] { return answered == kLogins; });
    EXPECT_GE(busy, kLogins - static_cast<int>(kLoginsWaiting) * 2);
    EXPECT_GE(refused, static_cast<int>(kLoginsWaiting));
}

TEST_F(AccessServiceTest, StoppingAnswersEverybody) {
    int answered = 0;
    std::mutex mutex;
    for (int i = 0; i < 20; ++i) {
        access->login("eve", "guess", "192.0.2.1", [&](const Result<Login>&) {
            const std::lock_guard lock(mutex);
            ++answered;
        });
    }
    access->stop();
    EXPECT_EQ(answered, 20);
    EXPECT_EQ(add_key("late").error().code, ErrorCode::Unavailable);
    EXPECT_EQ(login("ada", "x").error().code, ErrorCode::Unavailable);
    access->stop();
}

TEST_F(AccessServiceTest, SecretsAreNeverLogged) {
    testing::internal::CaptureStderr();
    AccessOptions first = options();
    first.first_admin = true;
    first.dev = false;
    start(first);
    const std::string first_password = *access->take_first_password();
    ASSERT_TRUE(add_user("ada", "correct horse", Role::Operator).ok());
    const std::string token = login("ada", "correct horse")->token;
    EXPECT_FALSE(login("ada", "mistyped horse").ok());
    EXPECT_FALSE(login("my password in the wrong box", "x").ok());
    const auto key = add_key("web").value();
    (void)who(key.secret);
    access->stop();
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, testing::HasSubstr("\"event\":\"login\""));
    EXPECT_THAT(log, testing::HasSubstr("\"event\":\"login_failed\""));
    EXPECT_THAT(log, testing::HasSubstr("\"event\":\"first_admin\""));
    for (const std::string& secret : {first_password, std::string("correct horse"), std::string("mistyped horse"),
                                      std::string("wrong box"), token, key.secret, access->console_login().token}) {
        EXPECT_EQ(log.find(secret), std::string::npos) << secret;
        EXPECT_EQ(folder.everything().find(secret), std::string::npos) << secret;
    }
}

}  // namespace
}  // namespace streamgauge::api
