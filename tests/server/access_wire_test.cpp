// SPDX-License-Identifier: GPL-3.0-or-later
// Who may, on the real server: every row of the real table is asked by every kind of caller, with and without
// auth.required; and limits as clients see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <set>

#include "http/text.h"
#include "server/served_backend.h"

namespace streamgauge {
namespace {

using auth::Permission;
using auth::Role;
using http::Scope;
using test::ServedBackend;
using ::testing::HasSubstr;

std::string header(const daemon::HttpAnswer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
        if (http::equal_ignoring_case(key, name)) return value;
    }
    return {};
}

template <class T, class Ask>
T settled(Ask ask) {
    std::promise<Result<T>> promise;
    ask([&](Result<T> result) { promise.set_value(std::move(result)); });
    auto result = promise.get_future().get();
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().describe());
    return result.ok() ? std::move(result).value() : T{};
}

class AccessWireTest : public ServedBackend, public ::testing::WithParamInterface<bool> {
protected:
    Config config() const override {
        Config config = ServedBackend::config();
        config.auth_required = GetParam() ? AuthRequired::Always : AuthRequired::Never;
        config.load_program.clear();  // no run shall begin
        return config;
    }
    const Clock& clock() const override { return system_clock_; }
    api::AccessService& access() { return backend_->services().access; }

    std::string key(std::string project, auth::Permissions permissions, bool revoked = false) {
        api::ApiKey wanted;
        wanted.name = "test " + std::to_string(++keys_);
        wanted.project = std::move(project);
        wanted.permissions = permissions;
        const auto made = settled<api::NewApiKey>([&](auto done) { access().create_key(wanted, {}, done); });
        if (revoked) settled<api::ApiKey>([&](auto done) { access().revoke_key(made.key.id, done); });
        return made.secret;
    }
    std::string user(std::string name, Role role) {
        settled<api::User>([&](auto done) { access().create_user(name, "correct horse battery", role, done); });
        return settled<api::Login>([&](auto done) { access().login(name, "correct horse battery", "127.0.0.1", done); })
            .token;
    }

    SystemClock system_clock_;
    int keys_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Required, AccessWireTest, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "Required" : "Open"; });

TEST_P(AccessWireTest, EveryRouteAsksEveryCallerForItsScope) {
    const bool required = GetParam();
    constexpr auto kIngest = static_cast<auth::Permissions>(Permission::Ingest);
    constexpr auto kQuery = static_cast<auth::Permissions>(Permission::Query);
    constexpr auto kAdmin = static_cast<auth::Permissions>(Permission::Administer);
    settled<api::Project>([&](auto done) { access().save_project({"shop", "Shop", {}, {}}, true, done); });

    struct Caller {
        std::string name, secret;
        auth::Permissions may = 0;
        bool known = true, one_project = false;
    };
    std::vector<Caller> callers{
        {"nobody", "", 0, false},
        {"ingest key", key("default", kIngest), kIngest, true, true},
        {"query key", key("default", kQuery), kQuery, true, true},
        {"shop's query key", key("shop", kQuery), kQuery, true, true},
        {"admin key", key("default", kAdmin), auth::kEverything},
        {"viewer", user("vera", Role::Viewer), kQuery},
        {"operator", user("olaf", Role::Operator), kIngest | Permission::Query | Permission::Operate},
        {"admin", user("ada", Role::Admin), auth::kEverything},
        {"console", access().console_login().token, auth::kEverything},
        {"revoked key", key("default", kIngest | Permission::Query, true), 0, false},
        {"garbage", "garbage", 0, false},
        {"tampered token", user("tom", Role::Admin) + "x", 0, false},
    };

    const auto& rows = backend_->routes().rows();
    ASSERT_GT(rows.size(), 40U);
    std::set<Scope> seen;
    std::size_t asked = 0;
    for (const http::Route& row : rows) {
        seen.insert(row.scope);
        std::string path = row.path;
        for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{'))
            path.replace(open, path.find('}') - open + 1, "0");
        // Administration, load, dead letters and schemas are never open.
        if (row.path.starts_with("/api/v1/load") || row.path.starts_with("/api/v1/dead-letters") ||
            row.path.starts_with("/api/v1/schemas")) {
            EXPECT_TRUE(row.scope == Scope::Operate || row.scope == Scope::Admin) << row.path;
        }
        for (const std::string_view word :
             {"/api/v1/keys", "/api/v1/users", "/api/v1/projects", "/api/v1/auth/rotate"}) {
            if (row.path.starts_with(word)) {
                EXPECT_EQ(row.scope, Scope::Admin) << row.path;
            }
        }
        for (const Caller& caller : callers) {
            int expected = 0;  // neither 401 nor 403
            if (row.scope != Scope::Public) {
                const auto wanted = row.scope == Scope::Ingest    ? Permission::Ingest
                                    : row.scope == Scope::Query   ? Permission::Query
                                    : row.scope == Scope::Operate ? Permission::Operate
                                                                  : Permission::Administer;
                const bool ingestion = wanted == Permission::Ingest;
                const bool open = !required && (ingestion || wanted == Permission::Query);
                if (caller.known) {
                    const bool may = (caller.may & static_cast<auth::Permissions>(wanted)) != 0;
                    const bool all_projects = wanted == Permission::Query && !row.by_project;
                    expected = may && !(all_projects && caller.one_project) ? 0 : 403;
                } else if (caller.name == "nobody") {
                    expected = open ? 0 : 401;
                } else if (caller.name == "garbage") {
                    expected = ingestion && !required ? 0 : 401;
                } else {
                    expected = 401;
                }
            }
            const auto listener = row.plane == http::Plane::ManagementOnly ? operator_client() : client();
            Headers headers;
            if (!caller.secret.empty()) headers.emplace_back("Authorization", "Bearer " + caller.secret);
            const std::string where = std::string(http::to_string(row.method)) + " " + path + " by " + caller.name;
            // A stream that opens is proof enough; its answer has no end.
            if (expected == 0 && (row.path == "/metrics/stream" || row.path == "/api/v1/live")) {
                EXPECT_TRUE(listener.read_stream_until(path, "data:", headers).ok()) << where;
                continue;
            }
            if (expected == 0 && row.path == "/api/v1/auth/rotate") continue;  // the others' tokens are still needed
            const auto answer = ask(listener, http::to_string(row.method), path, {}, headers);
            ++asked;
            if (expected != 0 && row.errors != nullptr) {
                // The dialect's own status, but never a success.
                const Error error =
                    Error::make(expected == 401 ? ErrorCode::Unauthorized : ErrorCode::Forbidden, "asked");
                expected = row.errors(error).status;
            }
            if (expected != 0) {
                EXPECT_EQ(answer.status, expected) << where << "\n" << answer.body;
            } else if (!(row.scope == Scope::Ingest && row.key_in_body && required)) {
                EXPECT_NE(answer.status, 403) << where << "\n" << answer.body;
                // A login without a name is refused in the same words.
                if (row.path != "/api/v1/auth/login") {
                    EXPECT_NE(answer.status, 401) << where << "\n" << answer.body;
                }
            }
        }
    }
    for (const Scope scope : {Scope::Public, Scope::Ingest, Scope::Query, Scope::Operate, Scope::Admin})
        EXPECT_TRUE(seen.contains(scope)) << "no route has scope " << static_cast<int>(scope);
    EXPECT_GT(asked, 400U);
}

TEST_P(AccessWireTest, ARefusalTellsHowToAsk) {
    const auto answer = ask(operator_client(), "GET", "/api/v1/keys");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(header(answer, "WWW-Authenticate"), "Bearer");
    EXPECT_THAT(answer.body, HasSubstr(R"("error":"unauthorized")"));
    const std::string viewer = user("vera", Role::Viewer);
    const auto forbidden = ask(client(), "GET", "/api/v1/keys", {}, {{"Authorization", "Bearer " + viewer}});
    EXPECT_EQ(forbidden.status, 403);
    EXPECT_THAT(forbidden.body, HasSubstr("permission to administer; this user may: query"));
}

class LimitWireTest : public ServedBackend {
protected:
    static std::string repeated_track(int events) {
        std::string all;
        for (int i = 0; i < events; ++i) all += R"({"type":"track","event":"x","userId":"u"},)";
        all.pop_back();
        return all;
    }
    Config config() const override {
        Config config = ServedBackend::config();
        config.limits_preset = LimitPreset::CompatC;
        config.limits.events[static_cast<std::size_t>(LimitScope::Address)] = {50, std::chrono::minutes(1)};
        return config;
    }
};

TEST_F(LimitWireTest, ABurstOfHundredAndFiftyIsHundredAnswersAndFiftyRefusals) {
    std::map<int, int> statuses;
    const auto begin = std::chrono::steady_clock::now();
    daemon::HttpAnswer last;
    for (int i = 0; i < 150; ++i) {
        last = get("/metrics/active_users");
        ++statuses[last.status];
        EXPECT_EQ(header(last, "RateLimit-Limit"), "100");
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    if (took < std::chrono::milliseconds(900)) {
        EXPECT_EQ(statuses, (std::map<int, int>{{200, 100}, {429, 50}}));
        EXPECT_EQ(last.status, 429);
        EXPECT_EQ(header(last, "RateLimit-Remaining"), "0");
        EXPECT_EQ(header(last, "Retry-After"), "1");
        EXPECT_THAT(last.body, HasSubstr(R"("error":"rate_limited")"));
    } else {
        // On a machine this busy the window slid meanwhile: never more than its hundred in each second.
        EXPECT_LE(statuses[200], 100 * (1 + static_cast<int>(took / std::chrono::seconds(1))));
    }
    EXPECT_EQ(get("/health").status, 200) << "health checks are not limited";
}

TEST_F(LimitWireTest, EventsAreCountedWhereverTheyComeIn) {
    std::string thirty = "[", sixty = "[";
    for (int i = 0; i < 60; ++i) {
        const std::string event = R"({"event_type":"x"})";
        if (i < 30) thirty += (i == 0 ? "" : ",") + event;
        sixty += (i == 0 ? "" : ",") + event;
    }
    thirty += "]";
    sixty += "]";
    EXPECT_EQ(post("/events", sixty).status, 413) << "waiting would not help";
    EXPECT_EQ(post("/events", thirty).status, 202);
    const auto refused = post("/events", thirty);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(header(refused, "Retry-After"), "60");
    // The limit that was hit, and not the one of requests that applies as well.
    EXPECT_EQ(header(refused, "RateLimit-Limit"), "50");
    EXPECT_EQ(header(refused, "RateLimit-Remaining"), "20");
    EXPECT_EQ(header(refused, "RateLimit-Reset"), "60");
    const auto in_words_of_segment = post("/v1/batch", R"({"writeKey":"k","batch":[)" + repeated_track(30) + "]}");
    EXPECT_EQ(in_words_of_segment.status, 429);
    EXPECT_EQ(header(in_words_of_segment, "RateLimit-Limit"), "50");
    EXPECT_EQ(post("/events", R"({"event_type":"x"})").status, 202);
    const std::string scrape = get("/prometheus").body;
    EXPECT_THAT(scrape, HasSubstr("\nrtap_rate_limited_total 3\n"));
    EXPECT_THAT(scrape, HasSubstr("\nstreamgauge_rate_limited_events_total{scope=\"address\"} 120\n"));
    EXPECT_THAT(scrape, HasSubstr("\nstreamgauge_rate_limited_requests_total{scope=\"address\"} 0\n"));
    EXPECT_THAT(scrape, HasSubstr("\nstreamgauge_events_total{outcome=\"accepted\"} 31\n"));
}

}  // namespace
}  // namespace streamgauge
