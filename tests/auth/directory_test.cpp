// SPDX-License-Identifier: GPL-3.0-or-later
// What is kept of projects, keys and users, by whom it can be read, and what two processes see of each other.
#include "auth/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/auth_support.h"

namespace streamgauge::auth {
namespace {

constexpr auto kIngest = static_cast<Permissions>(Permission::Ingest);

template <class T>
ErrorCode code_of(const T& result) {
    return result.ok() ? ErrorCode::Cancelled : result.error().code;
}

mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
}

TEST(Directory, BeginsWithTheDefaultProjectAndNobody) {
    OpenDirectory open;
    const auto projects = open.directory->projects().value();
    ASSERT_EQ(projects.size(), 1U);
    EXPECT_EQ(projects[0].id, "default");
    EXPECT_EQ(projects[0].created_at, kStart);
    EXPECT_TRUE(open.directory->users().value().empty());
    EXPECT_TRUE(open.directory->keys("").value().empty());
    EXPECT_EQ(code_of(open.directory->remove_project("default")), ErrorCode::Conflict);
}

TEST(Directory, IsForItsOwnerOnly) {
    const mode_t before = umask(0);
    {
        OpenDirectory open;
        const std::string nested = open.folder.path() + "/made/here";
        const auto made = Directory::open(nested, open.clock);
        ASSERT_TRUE(made.ok());
        ASSERT_TRUE((*made)->create_user("ada", open.hash("correct horse"), Role::Viewer).ok());
        EXPECT_EQ(mode_of(nested), 0700U);
        for (const char* file : {"/auth.db", "/auth.db-wal", "/auth.db-shm"}) EXPECT_EQ(mode_of(nested + file), 0600U);
        // One that somebody opened to others is closed again.
        ASSERT_EQ(chmod((nested + "/auth.db").c_str(), 0644), 0);
        ASSERT_TRUE(Directory::open(nested, open.clock).ok());
        EXPECT_EQ(mode_of(nested + "/auth.db"), 0600U);
    }
    umask(before);
}

TEST(Directory, RefusesWhatItDoesNotKnow) {
    OpenDirectory open;
    open.directory.reset();
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open((open.folder.path() + "/auth.db").c_str(), &raw), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(raw, "PRAGMA user_version = 2", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
    EXPECT_EQ(code_of(Directory::open(open.folder.path(), open.clock)), ErrorCode::Corrupt);

    Folder other;
    std::ofstream(other.path() + "/auth.db") << std::string(8192, 'x');
    EXPECT_EQ(code_of(Directory::open(other.path(), open.clock)), ErrorCode::Corrupt);
    EXPECT_EQ(code_of(Directory::open("/proc/nowhere", open.clock)), ErrorCode::Io);
    Folder linked;
    ASSERT_EQ(symlink("/etc/hostname", (linked.path() + "/auth.db").c_str()), 0);
    EXPECT_EQ(code_of(Directory::open(linked.path(), open.clock)), ErrorCode::Io);
}

TEST(Directory, KeepsEverythingOverARestart) {
    OpenDirectory open;
    ASSERT_TRUE(open.directory->save_project({"shop", "Shop", {"b.example", "a.example"}, {}}, true).ok());
    ApiKey wanted = wanted_key("web", Permission::Ingest | Permission::Query, "shop");
    wanted.expires_at = kStart.plus_micros(90 * kSecond);
    const auto key = open.directory->create_key(wanted).value();
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Operator).ok());
    const std::string kid = open.directory->ensure_signing_key(Algorithm::Hs256).value();
    open.directory = open.reopen();

    const auto contents = open.directory->read().value();
    ASSERT_EQ(contents.projects.size(), 2U);
    EXPECT_EQ(contents.projects[1].name, "Shop");
    EXPECT_THAT(contents.projects[1].sites, testing::ElementsAre("a.example", "b.example"));
    ASSERT_EQ(contents.keys.size(), 1U);
    const ApiKey& kept = contents.keys[0].key;
    EXPECT_EQ(kept.id, key.key.id);
    EXPECT_EQ(kept.project, "shop");
    EXPECT_EQ(kept.permissions, Permission::Ingest | Permission::Query);
    EXPECT_EQ(kept.expires_at, wanted.expires_at);
    EXPECT_EQ(kept.created_at, kStart);
    EXPECT_EQ(kept.revoked_at, std::nullopt);
    EXPECT_EQ(kept.last_used_at, std::nullopt);
    EXPECT_EQ(kept.hint, key.secret.substr(0, 8));
    EXPECT_EQ(contents.keys[0].digest, digest_of(key.secret, contents.digest_key));
    ASSERT_EQ(contents.users.size(), 1U);
    EXPECT_EQ(contents.users[0].user.role, Role::Operator);
    EXPECT_EQ(contents.current_kid, kid);
}

TEST(Directory, SecretsAreNotInItsBytes) {
    OpenDirectory open;
    const auto key = open.directory->create_key(wanted_key("web", kIngest)).value();
    const std::string imported = "AnOperatorsOwnWriteKey";
    ASSERT_TRUE(open.directory->create_key(wanted_key("own", kIngest), imported).ok());
    const std::string password = "correct horse battery";
    ASSERT_TRUE(open.directory->create_user("ada", hash_password(password).value(), Role::Viewer).ok());
    const std::string bytes = open.folder.everything();
    EXPECT_NE(bytes.find("$argon2id$"), std::string::npos) << "the file is what is looked at";
    EXPECT_NE(bytes.find(key.key.hint), std::string::npos);
    EXPECT_EQ(bytes.find(key.secret), std::string::npos);
    EXPECT_EQ(bytes.find(key.secret.substr(8)), std::string::npos);
    EXPECT_EQ(bytes.find(imported), std::string::npos);
    EXPECT_EQ(bytes.find(imported.substr(4)), std::string::npos);
    EXPECT_EQ(bytes.find(password), std::string::npos);
}

TEST(Directory, KeysAre256RandomBitsShownOnce) {
    OpenDirectory open;
    const auto first = open.directory->create_key(wanted_key("a", kIngest)).value();
    const auto second = open.directory->create_key(wanted_key("a", kIngest)).value();
    EXPECT_THAT(first.secret, testing::MatchesRegex("sgk_[0-9a-f]{64}"));
    EXPECT_THAT(first.key.id, testing::MatchesRegex("k_[0-9a-f]{16}"));
    EXPECT_NE(first.secret, second.secret);
    EXPECT_NE(first.key.id, second.key.id);
}

TEST(Directory, KeysAreChecked) {
    OpenDirectory open;
    Directory& directory = *open.directory;
    EXPECT_EQ(code_of(directory.create_key(wanted_key("", kIngest))), ErrorCode::InvalidArgument);
    EXPECT_EQ(code_of(directory.create_key(wanted_key("line\nbreak", kIngest))), ErrorCode::InvalidArgument);
    EXPECT_EQ(code_of(directory.create_key(wanted_key(std::string(129, 'x'), kIngest))), ErrorCode::InvalidArgument);
    EXPECT_TRUE(directory.create_key(wanted_key(std::string(128, 'x'), kIngest)).ok());
    EXPECT_EQ(code_of(directory.create_key(wanted_key("a", 0))), ErrorCode::InvalidArgument);
    EXPECT_EQ(code_of(directory.create_key(wanted_key("a", kEverything))), ErrorCode::InvalidArgument);
    EXPECT_EQ(code_of(directory.create_key(wanted_key("a", kIngest, "nowhere"))), ErrorCode::NotFound);
    ApiKey late = wanted_key("a", kIngest);
    late.expires_at = kStart;
    EXPECT_EQ(code_of(directory.create_key(late)), ErrorCode::InvalidArgument);
    EXPECT_EQ(directory.create_key(wanted_key("a", kIngest, "")).value().key.project, "default");

    const auto import = [&](std::string secret) {
        return code_of(directory.create_key(wanted_key("i", kIngest), secret));
    };
    EXPECT_EQ(import(std::string(15, 'x')), ErrorCode::InvalidArgument);
    EXPECT_EQ(import(std::string(16, 'x')), ErrorCode::Cancelled);
    EXPECT_EQ(import(std::string(16, 'x')), ErrorCode::AlreadyExists);
    EXPECT_EQ(import(std::string(256, 'x')), ErrorCode::Cancelled);
    EXPECT_EQ(import(std::string(257, 'x')), ErrorCode::InvalidArgument);
    EXPECT_EQ(import("sixteen characters"), ErrorCode::InvalidArgument);
    EXPECT_EQ(import("eyJhbGciOiJIUzI1NiJ9.e30.x"), ErrorCode::InvalidArgument);
}

TEST(Directory, RevokingIsForGoodAndKeepsItsTime) {
    OpenDirectory open;
    const auto key = open.directory->create_key(wanted_key("a", kIngest)).value();
    EXPECT_EQ(open.directory->revoke_key(key.key.id).value().revoked_at, kStart);
    open.clock.advance(kSecond);
    EXPECT_EQ(open.directory->revoke_key(key.key.id).value().revoked_at, kStart);
    EXPECT_EQ(code_of(open.directory->revoke_key("k_0")), ErrorCode::NotFound);
}

TEST(Directory, UsesAreNotedForward) {
    OpenDirectory open;
    const auto key = open.directory->create_key(wanted_key("a", kIngest)).value();
    ASSERT_TRUE(open.directory->note_key_uses({{key.key.id, kStart.plus_micros(kSecond)}, {"k_0", kStart}}).ok());
    ASSERT_TRUE(open.directory->note_key_uses({{key.key.id, kStart}}).ok());
    EXPECT_EQ(open.directory->keys("").value()[0].last_used_at, kStart.plus_micros(kSecond));
}

TEST(Directory, ProjectsAreCheckedAndKeptWhileTheirKeysWork) {
    OpenDirectory open;
    Directory& directory = *open.directory;
    for (const char* wrong : {"", "Shop", "a b", "../x", "ä"})
        EXPECT_EQ(code_of(directory.save_project({wrong, "x", {}, {}}, true)), ErrorCode::InvalidArgument) << wrong;
    EXPECT_EQ(code_of(directory.save_project({"_system", "x", {}, {}}, true)), ErrorCode::InvalidArgument);
    EXPECT_EQ(code_of(directory.save_project({std::string(65, 'a'), "x", {}, {}}, true)), ErrorCode::InvalidArgument);
    EXPECT_EQ(code_of(directory.save_project({"shop", "Shop", {"no spaces"}, {}}, true)), ErrorCode::InvalidArgument);
    EXPECT_EQ(code_of(directory.save_project({"shop", "Shop", {}, {}}, false)), ErrorCode::NotFound);
    ASSERT_TRUE(directory.save_project({"shop", "Shop", {"shop.example"}, {}}, true).ok());
    EXPECT_EQ(code_of(directory.save_project({"shop", "Shop", {}, {}}, true)), ErrorCode::AlreadyExists);
    EXPECT_EQ(code_of(directory.save_project({"blog", "Blog", {"blog.example", "shop.example"}, {}}, true)),
              ErrorCode::Conflict);
    EXPECT_EQ(directory.projects().value().size(), 2U) << "nothing of a refused change is kept";
    open.clock.advance(kSecond);
    const auto renamed = directory.save_project({"shop", "The Shop", {"www.shop.example"}, {}}, false);
    ASSERT_TRUE(renamed.ok());
    EXPECT_EQ(renamed->created_at, kStart);
    EXPECT_THAT(directory.projects().value()[1].sites, testing::ElementsAre("www.shop.example"));

    const auto key = directory.create_key(wanted_key("a", kIngest, "shop")).value();
    EXPECT_EQ(code_of(directory.remove_project("shop")), ErrorCode::Conflict);
    ASSERT_TRUE(directory.revoke_key(key.key.id).ok());
    EXPECT_TRUE(directory.remove_project("shop").ok());
    EXPECT_EQ(code_of(directory.remove_project("shop")), ErrorCode::NotFound);
    EXPECT_TRUE(directory.keys("").value().empty());
}

TEST(Directory, OneAdminIsAlwaysLeft) {
    OpenDirectory open;
    Directory& directory = *open.directory;
    const std::string hash = open.hash("correct horse");
    for (const char* wrong : {"", "a b", "a/b", "\xC3\xA4"})
        EXPECT_EQ(code_of(directory.create_user(wrong, hash, Role::Admin)), ErrorCode::InvalidArgument) << wrong;
    ASSERT_TRUE(directory.create_user("root", hash, Role::Admin).ok());
    EXPECT_EQ(code_of(directory.create_user("root", hash, Role::Viewer)), ErrorCode::AlreadyExists);
    ASSERT_TRUE(directory.create_user("ada", hash, Role::Viewer).ok());
    EXPECT_EQ(code_of(directory.remove_user("root")), ErrorCode::Conflict);
    EXPECT_EQ(code_of(directory.change_user("root", {}, Role::Operator)), ErrorCode::Conflict);
    EXPECT_TRUE(directory.change_user("root", hash, Role::Admin).ok());
    EXPECT_TRUE(directory.change_user("ada", {}, Role::Admin).ok());
    EXPECT_TRUE(directory.remove_user("root").ok());
    EXPECT_EQ(code_of(directory.remove_user("root")), ErrorCode::NotFound);
    EXPECT_EQ(code_of(directory.change_user("root", {}, Role::Admin)), ErrorCode::NotFound);
    EXPECT_EQ(code_of(directory.remove_user("ada")), ErrorCode::Conflict);
}

TEST(Directory, DemoUsersAreTheOnesMadeAsSuch) {
    OpenDirectory open;
    EXPECT_FALSE(open.directory->remove_demo_users().value());
    ASSERT_TRUE(open.directory->create_user("demo", open.hash("demo1234"), Role::Operator, true).ok());
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("demo1234"), Role::Operator).ok());
    EXPECT_TRUE(open.directory->remove_demo_users().value());
    EXPECT_EQ(open.directory->users().value().size(), 1U);
    // One whose password was changed is somebody's own.
    ASSERT_TRUE(open.directory->create_user("demo", open.hash("demo1234"), Role::Operator, true).ok());
    ASSERT_TRUE(open.directory->change_user("demo", open.hash("my own password"), {}).ok());
    EXPECT_FALSE(open.directory->remove_demo_users().value());
}

TEST(Directory, ChangingTheAlgorithmKeepsTheOtherKeyForItsTokens) {
    OpenDirectory open;
    ASSERT_TRUE(open.directory->create_user("ada", open.hash("correct horse"), Role::Viewer).ok());
    const std::string hmac = open.directory->ensure_signing_key(Algorithm::Hs256).value();
    EXPECT_EQ(open.directory->ensure_signing_key(Algorithm::Hs256).value(), hmac);
    ASSERT_TRUE(open.directory->note_login("ada", hmac, kStart.plus_micros(3600 * kSecond)).ok());
    const std::string rsa = open.directory->ensure_signing_key(Algorithm::Rs256).value();
    const auto contents = open.directory->read().value();
    EXPECT_EQ(contents.signing_keys.size(), 2U);
    EXPECT_EQ(contents.current_kid, rsa);
    EXPECT_EQ(open.directory->find_login("ada").value()->user.last_login_at, kStart);
}

TEST(Directory, NoticesWhatAnotherProcessChanges) {
    OpenDirectory open;
    EXPECT_FALSE(open.directory->changed_elsewhere().value());
    ASSERT_TRUE(open.directory->create_key(wanted_key("own", kIngest)).ok());
    EXPECT_FALSE(open.directory->changed_elsewhere().value()) << "one's own change is no news";
    const pid_t child = fork();
    if (child == 0) {
        const auto other = Directory::open(open.folder.path(), open.clock);
        if (!other.ok()) _exit(1);
        for (int i = 0; i < 20; ++i) {
            if (!(*other)->create_key(wanted_key("theirs", kIngest)).ok()) _exit(2);
        }
        _exit(0);
    }
    // At the same time, so that both wait for each other's transactions.
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(open.directory->create_key(wanted_key("own", kIngest)).ok());
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    EXPECT_TRUE(open.directory->changed_elsewhere().value());
    EXPECT_FALSE(open.directory->changed_elsewhere().value());
    EXPECT_EQ(open.directory->keys("").value().size(), 41U);
}

TEST(Password, IsVerifiedAndRehashedWhenItsParametersRise) {
    const std::string cheap = hash_password("correct horse", kCheap).value();
    EXPECT_TRUE(verify_password("correct horse", cheap));
    EXPECT_FALSE(verify_password("correct hors", cheap));
    EXPECT_FALSE(verify_password("", cheap));
    EXPECT_NE(cheap, hash_password("correct horse", kCheap).value()) << "salted";
    EXPECT_TRUE(needs_rehash(cheap));
    EXPECT_FALSE(needs_rehash(cheap, kCheap));
    for (const char* no_hash : {"", "x", "$argon2id$", "correct horse"})
        EXPECT_FALSE(verify_password("correct horse", no_hash)) << no_hash;
    const std::string real = hash_password("correct horse").value();
    EXPECT_THAT(real, testing::StartsWith("$argon2id$v=19$m=65536,t=2,p=1$"));
    EXPECT_TRUE(verify_password("correct horse", real));
}

}  // namespace
}  // namespace streamgauge::auth
