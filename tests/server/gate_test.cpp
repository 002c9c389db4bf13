// SPDX-License-Identifier: GPL-3.0-or-later
// The gate and the ingestion policy: every caller at every scope, credentials in every form, limits and their headers.
#include "server/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "http/types.h"
#include "server/checked_ingest_policy.h"
#include "server/exposition.h"
#include "server/known_callers.h"
#include "support/manual_clock.h"

namespace streamgauge {
namespace {

using http::Scope;
using std::chrono::milliseconds;
using test::KnownCallers;
using test::ManualClock;
using ::testing::HasSubstr;

constexpr std::int64_t kMilli = 1'000;  // ManualClock moves by microseconds

http::Response in_own_words(const Error& error) {
    return http::Response::json(error.code == ErrorCode::RateLimited ? 503 : http::status_of(error.code),
                                R"({"own":")" + std::string(to_string(error.code)) + "\"}");
}

http::Route route(Scope scope, bool by_project = false) {
    http::Route one{http::Method::Post, "/here", scope, http::Plane::Both, 0, "", nullptr};
    one.by_project = by_project;
    return one;
}

std::string header(const http::Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

class GateTest : public ::testing::Test {
protected:
    using Sent = std::vector<std::pair<std::string_view, std::string_view>>;

    void make(bool required, const LimitSettings& settings = {}) {
        limits = std::make_unique<AccessLimits>(settings);
        gate = std::make_unique<Gate>(Gate::Parts{callers, clock, *limits, required, [this] { ++limited_ingestion; }});
        policy = std::make_unique<CheckedIngestPolicy>(
            CheckedIngestPolicy::Parts{callers, clock, *limits, required, [this] { ++limited_ingestion; }});
    }
    // The status of the refusal, or 0; the principal is in `who`.
    int ask(const http::Route& at, const Sent& headers, std::string_view query = {}) {
        http::Request request;
        request.headers = headers;
        request.query = query;
        request.remote_address = address;
        request.arrived_nanos = clock.monotonic_nanos();
        extra.clear();
        const auto refusal = gate->check(at, request, extra);
        who = request.principal;
        answer = refusal.value_or(http::Response{});
        return refusal ? refusal->status : 0;
    }

    KnownCallers callers;
    ManualClock clock{parse_rfc3339("2026-01-31T12:00:00Z").value()};
    std::unique_ptr<AccessLimits> limits;
    std::unique_ptr<Gate> gate;
    std::unique_ptr<CheckedIngestPolicy> policy;
    std::string address = "192.0.2.1";
    http::Headers extra;
    http::Response answer;
    auth::PrincipalPtr who;
    int limited_ingestion = 0;
};

TEST_F(GateTest, DecidesForEveryCallerAtEveryScope) {
    struct Row {
        std::string_view caller;  // empty: nobody
        // Ingest, Query, Operate, Admin; 0: may
        std::array<int, 4> open, required;
    };
    for (const Row& row : {
             Row{"", {0, 0, 401, 401}, {401, 401, 401, 401}},
             Row{"ingest-key", {0, 403, 403, 403}, {0, 403, 403, 403}},
             Row{"query-key", {403, 403, 403, 403}, {403, 403, 403, 403}},  // there are other projects
             Row{"shop-key", {0, 403, 403, 403}, {0, 403, 403, 403}},
             Row{"empty-key", {403, 403, 403, 403}, {403, 403, 403, 403}},
             Row{"admin-key", {0, 0, 0, 0}, {0, 0, 0, 0}},
             Row{"viewer", {403, 0, 403, 403}, {403, 0, 403, 403}},
             Row{"operator", {0, 0, 0, 403}, {0, 0, 0, 403}},
             Row{"admin", {0, 0, 0, 0}, {0, 0, 0, 0}},
             Row{"console", {0, 0, 0, 0}, {0, 0, 0, 0}},
             Row{"revoked-key", {401, 401, 401, 401}, {401, 401, 401, 401}},
             Row{"expired", {401, 401, 401, 401}, {401, 401, 401, 401}},
             Row{"nobody's", {0, 401, 401, 401}, {401, 401, 401, 401}},
         }) {
        for (const bool required : {false, true}) {
            make(required);
            const std::string bearer = "Bearer " + std::string(row.caller);
            const Sent headers = row.caller.empty() ? Sent{} : Sent{{"Authorization", bearer}};
            EXPECT_EQ(ask(route(Scope::Public), headers), 0) << row.caller;
            ASSERT_NE(who, nullptr);
            std::size_t at = 0;
            for (const Scope scope : {Scope::Ingest, Scope::Query, Scope::Operate, Scope::Admin}) {
                const int expected = (required ? row.required : row.open)[at++];
                EXPECT_EQ(ask(route(scope), headers), expected)
                    << row.caller << " at scope " << static_cast<int>(scope) << (required ? " required" : " open");
                if (expected == 401) {
                    EXPECT_EQ(header(answer.headers, "WWW-Authenticate"), "Bearer");
                }
                if (expected == 403) {
                    EXPECT_THAT(answer.body, HasSubstr(R"("error":"forbidden")"));
                }
                ASSERT_NE(who, nullptr);
                if (expected == 0 && callers.callers.contains(std::string(row.caller))) {
                    EXPECT_EQ(who->name, row.caller);
                }
                if (expected == 0 && !callers.callers.contains(std::string(row.caller))) {
                    EXPECT_EQ(who->kind, auth::Principal::Kind::Anonymous);
                    EXPECT_EQ(who->project, "default");
                }
            }
        }
    }
}

TEST_F(GateTest, SaysWhatIsMissing) {
    make(true);
    ask(route(Scope::Operate), {{"X-Api-Key", "shop-key"}});
    EXPECT_THAT(answer.body, HasSubstr("this needs the permission to operate; this key may: ingest, query"));
    ask(route(Scope::Admin), {{"Authorization", "bearer viewer"}});
    EXPECT_THAT(answer.body, HasSubstr("this needs the permission to administer; this user may: query"));
    ask(route(Scope::Query), {});
    EXPECT_THAT(answer.body, HasSubstr("this needs a token or an API key"));
    Exposition out;
    gate->expose(out);
    const std::string text = out.take();
    EXPECT_THAT(text, HasSubstr("streamgauge_requests_refused_total{reason=\"unauthorized\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("streamgauge_requests_refused_total{reason=\"forbidden\"} 2\n"));
}

TEST_F(GateTest, AnswersAboutAllProjectsAreNotForKeysOfOne) {
    make(true);
    const Sent default_key{{"X-Api-Key", "query-key"}}, shop_key{{"X-Api-Key", "shop-key"}};
    EXPECT_EQ(ask(route(Scope::Query), shop_key), 403);
    EXPECT_THAT(answer.body, HasSubstr("about all projects together, and this key is for the project shop alone"));
    EXPECT_EQ(ask(route(Scope::Query), default_key), 403);
    EXPECT_EQ(ask(route(Scope::Query, true), shop_key), 0) << "the handler keeps to the project";
    EXPECT_EQ(ask(route(Scope::Query, true), default_key), 0);
    callers.only_default = true;
    EXPECT_EQ(ask(route(Scope::Query), default_key), 0) << "there is nothing else to see";
}

TEST_F(GateTest, ReadsCredentialsInEveryForm) {
    make(true);
    struct Row {
        Sent headers;
        std::string_view query, name;  // name empty: 401
    };
    const http::Route admin = route(Scope::Admin);
    for (const Row& row : {
             Row{{{"Authorization", "Bearer admin"}}, "", "admin"},
             Row{{{"authorization", "bearer   admin  "}}, "", "admin"},
             Row{{{"AUTHORIZATION", "BEARER admin"}}, "", "admin"},
             Row{{{"X-Api-Key", " admin-key "}}, "", "admin-key"},
             Row{{{"x-api-key", "admin-key"}}, "access_token=viewer", "admin-key"},
             Row{{{"Authorization", "Bearer admin"}, {"X-Api-Key", "revoked-key"}}, "", "admin"},
             Row{{{"X-Api-Key", ""}}, "x=1&access_token=admin", "admin"},
             Row{{}, "access_token=%61dmin-key", "admin-key"},
             Row{{{"Authorization", "Basic YWRtaW4ta2V5Og=="}}, "", "admin-key"},  // admin-key:
             Row{{{"Authorization", "basic YWRtaW4ta2V5Og"}}, "", "admin-key"},
             Row{{}, "access_token=", ""},
             Row{{}, "my_access_token=admin", ""},
             Row{{{"Authorization", ""}}, "access_token=admin", ""},
             Row{{{"Authorization", "Bearer"}}, "access_token=admin", ""},
             Row{{{"Authorization", "Bearer "}}, "", ""},
             Row{{{"Authorization", "Bearer a b"}}, "", ""},
             Row{{{"Authorization", "admin"}}, "", ""},
             Row{{{"Authorization", "Digest admin"}}, "", ""},
             Row{{{"Authorization", "Basic admin-key:"}}, "", ""},    // not Base64
             Row{{{"Authorization", "Basic YWRtaW4ta2V5"}}, "", ""},  // admin-key without a colon
             Row{{{"Authorization", "Basic YWRtaW4tA2V5Og=="}}, "", ""},
             Row{{{"Authorization", "Basic YWRtaW46c2VjcmV0"}}, "", ""},  // admin:secret
             Row{{{"Authorization", "Basic Og=="}}, "", ""},              // :
             Row{{{"Authorization", "Basic YQA6"}}, "", ""},              // a\0:
             Row{{{"Authorization", "Basic"}}, "", ""},
             Row{{{"Authorization", "Bearer nobody"}, {"Authorization", "Bearer admin"}}, "", ""},
         }) {
        const std::string shown = row.headers.empty() ? std::string(row.query) : std::string(row.headers[0].second);
        EXPECT_EQ(ask(admin, row.headers, row.query), row.name.empty() ? 401 : 0) << shown;
        if (!row.name.empty()) {
            EXPECT_EQ(who->name, row.name) << shown;
        }
    }
    // Malformed is refused where it would be open, too.
    make(false);
    EXPECT_EQ(ask(route(Scope::Ingest), {{"Authorization", "Digest x"}}), 401);
    EXPECT_THAT(answer.body, HasSubstr(R"("field":"Authorization")"));
}

TEST_F(GateTest, ABodyMayHoldTheKeyOnlyWhereItsRouteSaysSo) {
    make(true);
    http::Route with_key = route(Scope::Ingest);
    with_key.key_in_body = true;
    EXPECT_EQ(ask(with_key, {}), 0);
    EXPECT_EQ(who->kind, auth::Principal::Kind::Anonymous);
    EXPECT_EQ(ask(with_key, {{"X-Api-Key", "nobody's"}}), 401);
    EXPECT_EQ(ask(with_key, {{"X-Api-Key", "query-key"}}), 403);
    http::Route query = route(Scope::Query);
    query.key_in_body = true;
    EXPECT_EQ(ask(query, {}), 401) << "ingestion only";
}

LimitSettings limited(RateLimit key, RateLimit user, RateLimit address) {
    LimitSettings settings;
    settings.requests = {key, user, address};
    return settings;
}

TEST_F(GateTest, WithoutLimitsSaysNothingAboutThem) {
    make(false);
    EXPECT_EQ(ask(route(Scope::Ingest), {}), 0);
    EXPECT_TRUE(extra.empty());
}

TEST_F(GateTest, LimitsByAddressSlideAndSaySo) {
    make(false, with_preset({}, LimitPreset::CompatC));
    const http::Route ingest = route(Scope::Ingest);
    int allowed = 0;
    for (int i = 0; i < 150; ++i) {
        const int status = ask(ingest, {});
        allowed += status == 0 ? 1 : 0;
        EXPECT_EQ(header(extra, "RateLimit-Limit"), "100");
        EXPECT_EQ(header(extra, "RateLimit-Remaining"), std::to_string(std::max(0, 99 - i)));
        EXPECT_EQ(header(extra, "RateLimit-Reset"), "1");
        EXPECT_EQ(status, i < 100 ? 0 : 429);
        clock.advance(kMilli * 6);
    }
    EXPECT_EQ(allowed, 100);
    EXPECT_EQ(header(answer.headers, "Retry-After"), "1");
    EXPECT_THAT(answer.body, HasSubstr(R"("error":"rate_limited")"));
    EXPECT_EQ(limited_ingestion, 50);
    EXPECT_EQ(ask(route(Scope::Query), {}), 429) << "the same address, whatever it asks";
    EXPECT_EQ(limited_ingestion, 50);
    EXPECT_EQ(ask(route(Scope::Public), {}), 0);
    EXPECT_TRUE(extra.empty());
    address = "192.0.2.2";
    EXPECT_EQ(ask(ingest, {}), 0);
    clock.advance(kMilli * 100);
    address = "192.0.2.1";
    EXPECT_EQ(ask(ingest, {}), 0) << "the first ones are a second ago";
    EXPECT_EQ(limits->requests.refusals(), 51U);
}

TEST_F(GateTest, OneSixthGenerationClientHasOneWindow) {
    make(false, limited({}, {}, {2, milliseconds(1000)}));
    for (const auto& [from, status] :
         {std::pair("2001:db8::1", 0), std::pair("2001:db8::2", 0), std::pair("2001:db8:0:0:ffff::3", 429),
          std::pair("2001:db8:0:1::1", 0), std::pair("::ffff:192.0.2.9", 0), std::pair("192.0.2.9", 0),
          std::pair("192.0.2.9", 429)}) {
        address = from;
        EXPECT_EQ(ask(route(Scope::Ingest), {}), status) << from;
    }
}

TEST_F(GateTest, KeysAndUsersHaveLimitsOfTheirOwn) {
    make(false, limited({2, milliseconds(60'000)}, {1, milliseconds(10'000)}, {10, milliseconds(1000)}));
    const http::Route ingest = route(Scope::Ingest);
    const Sent key{{"X-Api-Key", "ingest-key"}}, user{{"Authorization", "Bearer operator"}};
    EXPECT_EQ(ask(ingest, key), 0);
    EXPECT_EQ(header(extra, "RateLimit-Limit"), "2") << "the tighter of the key's and the address's";
    EXPECT_EQ(extra.size(), 3U);
    EXPECT_EQ(ask(ingest, key), 0);
    EXPECT_EQ(ask(ingest, key), 429);
    EXPECT_EQ(header(answer.headers, "Retry-After"), "60");
    EXPECT_EQ(header(extra, "RateLimit-Remaining"), "0");
    EXPECT_EQ(ask(ingest, user), 0);
    EXPECT_EQ(ask(ingest, user), 429);
    EXPECT_THAT(answer.body, HasSubstr("this user is at its limit of 1 requests"));
    address = "192.0.2.77";
    EXPECT_EQ(ask(ingest, key), 429) << "from wherever";
    EXPECT_EQ(ask(ingest, {}), 0);
    EXPECT_EQ(header(extra, "RateLimit-Limit"), "10");
    // Those who guess keys are limited by their address.
    address = "192.0.2.99";
    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(route(Scope::Admin), {{"X-Api-Key", "guess"}}), 401);
    EXPECT_EQ(header(extra, "RateLimit-Remaining"), "0");
    EXPECT_EQ(ask(route(Scope::Admin), {{"X-Api-Key", "guess"}}), 429);
    EXPECT_EQ(limits->requests.refused(LimitScope::Key), 2U);
    EXPECT_EQ(limits->requests.refused(LimitScope::User), 1U);
    EXPECT_EQ(limits->requests.refused(LimitScope::Address), 1U);
}

TEST_F(GateTest, RefusalsSpeakTheRoutesLanguage) {
    make(true, limited({}, {}, {2, milliseconds(3000)}));
    http::Route own = route(Scope::Ingest);
    own.errors = in_own_words;
    EXPECT_EQ(ask(own, {}), 401);
    EXPECT_EQ(answer.body, R"({"own":"unauthorized"})");
    EXPECT_EQ(header(answer.headers, "WWW-Authenticate"), "Bearer");
    EXPECT_EQ(ask(own, {{"X-Api-Key", "ingest-key"}}), 0);
    EXPECT_EQ(ask(own, {{"X-Api-Key", "ingest-key"}}), 503) << "the form decides the status";
    EXPECT_EQ(answer.body, R"({"own":"rate_limited"})");
    EXPECT_EQ(header(answer.headers, "Retry-After"), "3");
}

TEST_F(GateTest, KeepsWhatTheEngineAddedToTheHeaders) {
    make(false, limited({5, milliseconds(1000)}, {}, {9, milliseconds(1000)}));
    http::Request request;
    request.headers = {{"X-Api-Key", "ingest-key"}};
    request.remote_address = address;
    request.arrived_nanos = clock.monotonic_nanos();
    http::Headers headers{{"Access-Control-Allow-Origin", "*"}};
    EXPECT_FALSE(gate->check(route(Scope::Ingest), request, headers));
    ASSERT_EQ(headers.size(), 4U);
    EXPECT_EQ(headers[0].second, "*");
    EXPECT_EQ(headers[1].second, "5");
}

// ---- the ingestion policy -------------------------------------------------------------------------------------------
api::IngestPolicy::Caller from(auth::PrincipalPtr principal, std::string_view address = "192.0.2.1") {
    return {std::move(principal), address};
}

TEST_F(GateTest, TheBodysKeyNamesTheSender) {
    struct Row {
        std::string_view by_header, in_body;
        ErrorCode open, required;  // Internal: none
        std::string_view name;
    };
    constexpr ErrorCode kNone = ErrorCode::Internal;
    for (const Row& row : {
             Row{"", "", kNone, ErrorCode::Unauthorized, ""},
             Row{"", "ingest-key", kNone, kNone, "ingest-key"},
             Row{"", "shop-key", kNone, kNone, "shop-key"},
             Row{"", "query-key", ErrorCode::Forbidden, ErrorCode::Forbidden, ""},
             Row{"", "revoked-key", ErrorCode::Unauthorized, ErrorCode::Unauthorized, ""},
             Row{"", "some write key", kNone, ErrorCode::Unauthorized, ""},
             Row{"", "shop.example", kNone, kNone, "site shop.example"},
             Row{"ingest-key", "revoked-key", kNone, kNone, "ingest-key"},
             Row{"viewer", "ingest-key", ErrorCode::Forbidden, ErrorCode::Forbidden, ""},
         }) {
        for (const bool required : {false, true}) {
            make(required);
            const auto caller = row.by_header.empty() ? std::make_shared<const auth::Principal>()
                                                      : callers.callers.at(std::string(row.by_header));
            const auto sender = policy->sender(from(caller), row.in_body);
            const ErrorCode expected = required ? row.required : row.open;
            EXPECT_EQ(sender.ok(), expected == kNone) << row.by_header << "/" << row.in_body;
            if (sender.ok()) {
                EXPECT_EQ((*sender)->name, row.name);
            } else {
                EXPECT_EQ(sender.error().code, expected) << row.by_header << "/" << row.in_body;
            }
        }
    }
    EXPECT_EQ((*policy->sender(from(nullptr), "shop.example"))->project, "shop");
}

TEST_F(GateTest, SitesBelongToProjects) {
    make(false);
    const auth::Principal nobody;
    EXPECT_EQ(policy->project_of_site(nobody, "shop.example"), "shop");
    EXPECT_EQ(policy->project_of_site(nobody, "else.example"), "default");
    EXPECT_EQ(policy->project_of_site(*callers.callers.at("admin"), "shop.example"), "shop");
    EXPECT_EQ(policy->project_of_site(*callers.callers.at("ingest-key"), "shop.example"), "default")
        << "a key of one project stays in it";
}

TEST_F(GateTest, EventsAreLimitedAllOrNone) {
    LimitSettings settings;
    settings.events = {RateLimit{100, milliseconds(1000)}, {}, RateLimit{150, milliseconds(1000)}};
    make(false, settings);
    const auto key = callers.callers.at("ingest-key");
    EXPECT_TRUE(policy->take_events(from(key), *key, 60).ok());
    Status taken = policy->take_events(from(key), *key, 41);
    ASSERT_FALSE(taken.ok());
    EXPECT_EQ(taken.error().code, ErrorCode::RateLimited);
    EXPECT_EQ(taken.error().retry_after_seconds, 1);
    EXPECT_TRUE(policy->take_events(from(key), *key, 40).ok()) << "what was refused was not taken";
    EXPECT_FALSE(policy->take_events(from(key), *key, 1).ok());
    // The address has 50 left: what the key was refused is not taken from it either.
    const auth::Principal nobody;
    EXPECT_TRUE(policy->take_events(from(nullptr), nobody, 50).ok());
    EXPECT_FALSE(policy->take_events(from(nullptr), nobody, 1).ok());
    EXPECT_TRUE(policy->take_events(from(nullptr, "192.0.2.2"), nobody, 150).ok());
    taken = policy->take_events(from(key, "192.0.2.3"), *key, 101);
    ASSERT_FALSE(taken.ok());
    EXPECT_EQ(taken.error().code, ErrorCode::TooLarge) << "waiting would not help";
    EXPECT_EQ(limits->events.refused(LimitScope::Key), 41U + 1U + 101U);
    EXPECT_EQ(limits->events.refused(LimitScope::Address), 1U);
}

TEST_F(GateTest, AKeyInTheBodyIsLimitedByItsRequests) {
    make(false, limited({2, milliseconds(5000)}, {}, {}));
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(policy->sender(from(nullptr), "ingest-key").ok());
    const auto sender = policy->sender(from(nullptr), "ingest-key");
    ASSERT_FALSE(sender.ok());
    EXPECT_EQ(sender.error().code, ErrorCode::RateLimited);
    EXPECT_EQ(sender.error().retry_after_seconds, 5);
    EXPECT_EQ(limited_ingestion, 1);
    // By header the gate has counted it already.
    const auto key = callers.callers.at("shop-key");
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(policy->sender(from(key), "").ok());
}

TEST(LimitSettingsTest, AreReadAndShownTheSame) {
    for (const auto& [text, shown] :
         {std::pair("100/1s", "100/1s"), std::pair("5000/500ms", "5000/500ms"), std::pair("60/60s", "60/1m"),
          std::pair("1000000/24h", "1000000/24h"), std::pair("7/90m", "7/90m"), std::pair("1/1000ms", "1/1s"),
          std::pair("off", "off")}) {
        const auto limit = parse_rate_limit(text);
        ASSERT_TRUE(limit.ok()) << text;
        EXPECT_EQ(to_string(*limit), shown);
    }
    for (const std::string_view bad : {"", "100", "100/", "/1s", "0/1s", "100/0s", "100/1", "100/1d", "-1/1s", "1e3/1s",
                                       "100/25h", "100/1 s", " 100/1s", "100/1s ", "10000000000000/1s", "100/1s/2s",
                                       "99999999999999999999/1s", "5/99999999999999999999ms"}) {
        EXPECT_FALSE(parse_rate_limit(bad).ok()) << bad;
    }
}

TEST(LimitSettingsTest, ThePresetFillsOnlyWhatIsOff) {
    LimitSettings own;
    own.requests[static_cast<std::size_t>(LimitScope::Address)] = {7, milliseconds(1000)};
    EXPECT_EQ(with_preset(own, LimitPreset::CompatC), own);
    EXPECT_EQ(with_preset({}, LimitPreset::Off), LimitSettings{});
    EXPECT_EQ(with_preset({}, LimitPreset::CompatC).requests[2], (RateLimit{100, milliseconds(1000)}));
}

}  // namespace
}  // namespace streamgauge
