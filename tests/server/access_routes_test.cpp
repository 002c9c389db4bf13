// SPDX-License-Identifier: GPL-3.0-or-later
// Logins and administration over HTTP, on the real server: the exact answers, and every wrong word a 400 that names it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class AccessRoutesTest : public ServedBackend {
protected:
    void SetUp() override {
        auto started = Backend::start(config(), clock(), {.first_admin = true});
        ASSERT_TRUE(started.ok()) << started.error().describe();
        backend_ = std::move(started).value();
        password_ = backend_->take_first_password().value_or("");
        const auto login = post("/api/v1/auth/login", json{{"username", "admin"}, {"password", password_}}.dump());
        ASSERT_EQ(login.status, 200) << login.body;
        // A's clients read exactly this.
        const json body = json::parse(login.body);
        ASSERT_EQ(body.size(), 1U);
        token_ = body.at("token");
    }
    // As the admin.
    daemon::HttpAnswer asked(std::string_view method, std::string_view target, const std::string& body = {}) const {
        return ask(client(), method, target, body, {{"Authorization", "Bearer " + token_}});
    }
    json good(int status, std::string_view method, std::string_view target, const std::string& body = {}) const {
        const auto answer = asked(method, target, body);
        EXPECT_EQ(answer.status, status) << method << " " << target << " " << body << ": " << answer.body;
        return answer.body.empty() ? json() : json::parse(answer.body, nullptr, false);
    }

    std::string password_, token_;
};

TEST_F(AccessRoutesTest, ABadLoginIsTheProblemThatClientsKnow) {
    const auto answer = post("/api/v1/auth/login", R"({"username":"admin","password":"wrong"})");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, R"({"type":"about:blank","title":"Unauthorized","status":401,)"
                           R"("detail":"the name or the password is wrong","error":"invalid credentials"})");
    for (int i = 0; i < 4; ++i) (void)post("/api/v1/auth/login", R"({"username":"admin","password":"wrong"})");
    const auto limited = post("/api/v1/auth/login", json{{"username", "admin"}, {"password", password_}}.dump());
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(json::parse(limited.body)["error"], "rate_limited");
    EXPECT_EQ(limited.headers.count("retry-after"), 1U);
}

TEST_F(AccessRoutesTest, SaysWhoAsks) {
    EXPECT_EQ(good(200, "GET", "/api/v1/auth/me"),
              json::parse(R"({"kind":"user","id":"admin","name":"admin","project":"default","every_project":true,
                              "permissions":["ingest","query","operate","administer"]})"));
}

TEST_F(AccessRoutesTest, ProjectsFromBirthToEnd) {
    const json made = good(201, "POST", "/api/v1/projects", R"({"id":"shop","name":"Shop","sites":["shop.example"]})");
    EXPECT_EQ(made, json::parse(R"({"id":"shop","name":"Shop","sites":["shop.example"],
                                    "created_at":"2026-01-31T12:00:30Z"})"));
    EXPECT_EQ(good(409, "POST", "/api/v1/projects", R"({"id":"shop"})")["error"], "already_exists");
    EXPECT_EQ(good(200, "PUT", "/api/v1/projects/shop", R"({"name":"The shop"})")["sites"], json::array());
    EXPECT_EQ(good(404, "PUT", "/api/v1/projects/none", R"({"name":"x"})")["error"], "not_found");
    EXPECT_EQ(good(200, "GET", "/api/v1/projects")["projects"].size(), 2U);
    const json key = good(201, "POST", "/api/v1/keys", R"({"name":"web","project":"shop","scopes":["ingest"]})");
    EXPECT_EQ(good(409, "DELETE", "/api/v1/projects/shop")["hint"], "revoke them first");
    good(200, "DELETE", "/api/v1/keys/" + key["id"].get<std::string>());
    EXPECT_TRUE(good(204, "DELETE", "/api/v1/projects/shop").is_null());
    good(404, "DELETE", "/api/v1/projects/shop");
    good(409, "DELETE", "/api/v1/projects/default");
}

TEST_F(AccessRoutesTest, KeysAreShownOnceAndRevokedForGood) {
    const auto answer = asked("POST", "/api/v1/keys",
                              R"({"name":"web","scopes":["query","ingest"],"expires_at":"2026-03-01T01:00:00+01:00"})");
    ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(answer.headers.at("cache-control"), "no-store");
    json made = json::parse(answer.body);
    const std::string secret = made["secret"];
    EXPECT_THAT(secret, testing::MatchesRegex("sgk_[0-9a-f]{64}"));
    EXPECT_EQ(made["scopes"], json::parse(R"(["ingest","query"])"));
    EXPECT_EQ(made["expires_at"], "2026-03-01T00:00:00Z");
    EXPECT_EQ(made["hint"], secret.substr(0, 8));
    EXPECT_EQ(made["last_used_at"], nullptr);

    const auto me = get("/api/v1/auth/me", {{"Authorization", "Bearer " + secret}});
    EXPECT_EQ(json::parse(me.body)["id"], made["id"]);
    const std::string all = asked("GET", "/api/v1/keys?project=default").body;
    EXPECT_EQ(all.find(secret), std::string::npos);
    EXPECT_THAT(all, HasSubstr(R"("last_used_at":"2026-01-31T12:00:30Z")"));
    EXPECT_EQ(json::parse(asked("GET", "/api/v1/keys?project=shop").body)["keys"], json::array());

    const std::string path = "/api/v1/keys/" + made["id"].get<std::string>();
    EXPECT_EQ(good(200, "DELETE", path)["revoked_at"], "2026-01-31T12:00:30Z");
    EXPECT_EQ(get("/api/v1/auth/me", {{"Authorization", "Bearer " + secret}}).status, 401);
    good(404, "DELETE", "/api/v1/keys/k_0");
    const json own = good(201, "POST", "/api/v1/keys",
                          R"({"name":"segment","scopes":["ingest"],"secret":"MyOldSegmentWriteKey01"})");
    EXPECT_EQ(own["hint"], "MyOl");
    good(409, "POST", "/api/v1/keys", R"({"name":"again","scopes":["ingest"],"secret":"MyOldSegmentWriteKey01"})");
}

TEST_F(AccessRoutesTest, UsersFromBirthToEnd) {
    EXPECT_EQ(
        good(201, "POST", "/api/v1/users", R"({"name":"ada","password":"correct horse","role":"operator"})"),
        json::parse(R"({"name":"ada","role":"operator","created_at":"2026-01-31T12:00:30Z","last_login_at":null})"));
    good(409, "POST", "/api/v1/users", R"({"name":"ada","password":"correct horse"})");
    const auto login = post("/api/v1/auth/login", R"({"username":"ada","password":"correct horse"})");
    const std::string ada = json::parse(login.body)["token"];
    EXPECT_EQ(good(200, "PATCH", "/api/v1/users/ada", R"({"role":"viewer"})")["role"], "viewer");
    EXPECT_EQ(get("/api/v1/auth/me", {{"Authorization", "Bearer " + ada}}).status, 401) << "the old token is void";
    good(200, "PATCH", "/api/v1/users/ada", R"({"password":"battery staple"})");
    EXPECT_EQ(post("/api/v1/auth/login", R"({"username":"ada","password":"battery staple"})").status, 200);
    EXPECT_EQ(good(200, "GET", "/api/v1/users")["users"].size(), 2U);
    good(204, "DELETE", "/api/v1/users/ada");
    good(404, "DELETE", "/api/v1/users/ada");
    EXPECT_EQ(good(409, "DELETE", "/api/v1/users/admin")["hint"], "make another admin first");
    good(409, "PATCH", "/api/v1/users/admin", R"({"role":"viewer"})");
}

TEST_F(AccessRoutesTest, RotationKeepsTokens) {
    EXPECT_THAT(good(200, "POST", "/api/v1/auth/rotate")["kid"].get<std::string>(),
                testing::MatchesRegex("[0-9a-f]{16}"));
    good(200, "GET", "/api/v1/auth/me");
    EXPECT_EQ(post("/api/v1/auth/login", json{{"username", "admin"}, {"password", password_}}.dump()).status, 200);
}

TEST_F(AccessRoutesTest, WrongWordsAreNamed) {
    const struct {
        const char* method;
        const char* target;
        const char* body;
        const char* field;
    } wrong[] = {
        {"POST", "/api/v1/auth/login", "", nullptr},
        {"POST", "/api/v1/auth/login", "[]", nullptr},
        {"POST", "/api/v1/auth/login", R"({"username":"a"})", "password"},
        {"POST", "/api/v1/auth/login", R"({"password":"a"})", "username"},
        {"POST", "/api/v1/auth/login", R"({"username":1,"password":"a"})", "username"},
        {"POST", "/api/v1/auth/login", R"({"username":"a","password":"b","otp":"1"})", "otp"},
        {"GET", "/api/v1/auth/me?x=1", "", "query"},
        {"POST", "/api/v1/auth/rotate?x=1", "", "query"},
        {"GET", "/api/v1/projects?limit=1", "", "query"},
        {"POST", "/api/v1/projects", "{", nullptr},
        {"POST", "/api/v1/projects", R"({"name":"x"})", "id"},
        {"POST", "/api/v1/projects", R"({"id":"A"})", "id"},
        {"POST", "/api/v1/projects", R"({"id":"a","name":""})", "name"},
        {"POST", "/api/v1/projects", R"({"id":"a","sites":"x"})", "sites"},
        {"POST", "/api/v1/projects", R"({"id":"a","sites":[1]})", "sites"},
        {"POST", "/api/v1/projects", R"({"id":"a","sites":["a b"]})", "sites"},
        {"PUT", "/api/v1/projects/default", R"({"id":"default"})", "id"},
        {"DELETE", "/api/v1/projects/default?force=1", "", "query"},
        {"GET", "/api/v1/keys?projects=default", "", "query"},
        {"POST", "/api/v1/keys", R"({"scopes":["ingest"]})", "name"},
        {"POST", "/api/v1/keys", R"({"name":"a"})", "scopes"},
        {"POST", "/api/v1/keys", R"({"name":"a","scopes":[]})", "scopes"},
        {"POST", "/api/v1/keys", R"({"name":"a","scopes":["all"]})", "scopes"},
        {"POST", "/api/v1/keys", R"({"name":"a","scopes":"ingest"})", "scopes"},
        {"POST", "/api/v1/keys", R"({"name":"a","scopes":["ingest"],"expires_at":"soon"})", "expires_at"},
        {"POST", "/api/v1/keys", R"({"name":"a","scopes":["ingest"],"expires_at":"2026-01-31T12:00:30Z"})",
         "expires_at"},
        {"POST", "/api/v1/keys", R"({"name":"a","scopes":["ingest"],"secret":"short"})", "secret"},
        {"POST", "/api/v1/keys", R"({"name":"a\u0000b","scopes":["ingest"]})", "name"},
        {"POST", "/api/v1/users", R"({"name":"a b","password":"12345678"})", "name"},
        {"POST", "/api/v1/users", R"({"name":"a","password":"1234567"})", "password"},
        {"POST", "/api/v1/users", R"({"name":"a","password":"12345678","role":"king"})", "role"},
        {"PATCH", "/api/v1/users/admin", "{}", nullptr},
        {"PATCH", "/api/v1/users/admin", R"({"name":"root"})", "name"},
        {"DELETE", "/api/v1/users/admin?x", "", "query"},
    };
    for (const auto& each : wrong) {
        const auto answer = asked(each.method, each.target, each.body);
        EXPECT_EQ(answer.status, 400) << each.method << " " << each.target << " " << each.body << ": " << answer.body;
        const json body = json::parse(answer.body, nullptr, false);
        ASSERT_TRUE(body.is_object()) << answer.body;
        EXPECT_EQ(body.value("error", ""), "invalid_argument") << each.body;
        EXPECT_EQ(body.value("field", ""), each.field == nullptr ? "" : each.field) << each.target << " " << each.body;
    }
}

}  // namespace
}  // namespace streamgauge::test
