// SPDX-License-Identifier: GPL-3.0-or-later
// The paths of dead letters against a real backend: rejected at the door, listed, mended, resent, purged.
#include <gmock/gmock.h>

#include <future>
#include <nlohmann/json.hpp>

#include "api/access.h"
#include "api/letter_codec.h"
#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DeadLettersTest : public ServedBackend {
protected:
    Config config() const override {
        Config config = ServedBackend::config();
        config.dev = true;
        config.dead_letters_max_bytes = 1 << 20;
        return config;
    }
    // As the operator: these paths always need a token.
    daemon::HttpAnswer ask_as_operator(std::string_view method, std::string_view target, std::string body = {}) const {
        if (token_.empty()) {
            const auto login = post("/api/v1/auth/login", R"({"username":"demo","password":"demo123"})");
            token_ = json::parse(login.body, nullptr, false).value("token", "");
            EXPECT_NE(token_, "") << login.body;
        }
        return ask(client(), method, target, std::move(body), {{"Authorization", "Bearer " + token_}});
    }
    json answer(std::string_view method, std::string_view target, std::string body = {}, int status = 200) const {
        const auto got = ask_as_operator(method, target, std::move(body));
        EXPECT_EQ(got.status, status) << method << " " << target << ": " << got.body;
        return json::parse(got.body, nullptr, false);
    }
    std::vector<int> ids(const std::string& query) const {
        std::vector<int> out;
        for (const json& letter : answer("GET", "/api/v1/dead-letters" + query).value("letters", json::array()))
            out.push_back(letter.value("id", 0));
        return out;
    }
    static constexpr const char* kMixed =
        R"([{"event_type":"a","event_id":"good"},{"event_type":"","event_id":"bad","user_id":"u"},{"event_type":7}])";
    mutable std::string token_;
};

TEST_F(DeadLettersTest, WhatTheDoorRefusedIsListedAtOnce) {
    EXPECT_EQ(answer("GET", "/api/v1/dead-letters"), json::parse(R"({"letters":[],"cursor":null,"total":0})"));
    EXPECT_EQ(post("/events", kMixed).status, 207);
    EXPECT_EQ(post("/ingest", "no json").status, 400);
    const json page = answer("GET", "/api/v1/dead-letters");
    EXPECT_EQ(page["total"], 3);
    EXPECT_EQ(page["cursor"], nullptr);
    ASSERT_EQ(page["letters"].size(), 3U);
    EXPECT_EQ(page["letters"][0]["source"], "/ingest");
    EXPECT_FALSE(page["letters"][0].contains("raw"));
    const json& bad = page["letters"][2];
    EXPECT_EQ(bad["id"], 1);
    EXPECT_EQ(bad["project"], "default");
    EXPECT_EQ(bad["state"], "open");
    EXPECT_EQ(bad["reason"], "must not be empty");
    EXPECT_EQ(bad["kind"], "event_type: must not be empty");
    EXPECT_EQ(bad["field"], "event_type");
    EXPECT_EQ(bad["index"], 1);
    EXPECT_EQ(bad["dialect"], "generic");
    EXPECT_EQ(bad["received_at"], "2026-01-31T12:00:30Z");
    EXPECT_EQ(bad["resent_as"], nullptr);

    const json one = answer("GET", "/api/v1/dead-letters/1");
    EXPECT_EQ(one["raw"], R"({"event_type":"","event_id":"bad","user_id":"u"})");
    EXPECT_EQ(one["raw_encoding"], "utf-8");
    EXPECT_EQ(one["mended"], nullptr);
    const std::string body = kMixed;
    EXPECT_EQ(body.substr(one["offset"].get<std::size_t>(), 2), "\"\"") << "the fault's place in the request";

    EXPECT_EQ(post("/ingest", "\xFF\xFE").status, 400);
    const json binary = answer("GET", "/api/v1/dead-letters/4");
    EXPECT_EQ(binary["raw_encoding"], "base64url");
    EXPECT_EQ(binary["raw"], "__4");
    const auto decoded = api::decode_letter(binary.dump());
    ASSERT_TRUE(decoded.ok()) << decoded.error().describe();
    EXPECT_EQ(decoded->letter.raw, "\xFF\xFE");

    restart();
    token_.clear();
    EXPECT_EQ(answer("GET", "/api/v1/dead-letters")["total"], 4);
}

TEST_F(DeadLettersTest, FiltersAndPages) {
    EXPECT_EQ(post("/events", kMixed).status, 207);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(post("/ingest", "no json").status, 400);
    EXPECT_THAT(ids("?limit=3"), ElementsAre(7, 6, 5));
    EXPECT_EQ(answer("GET", "/api/v1/dead-letters?limit=3")["cursor"], 5);
    EXPECT_THAT(ids("?limit=3&cursor=5"), ElementsAre(4, 3, 2));
    EXPECT_THAT(ids("?source=%2Fevents"), ElementsAre(2, 1));
    EXPECT_THAT(ids("?kind=event_type:+must+not+be+empty"), ElementsAre(1));
    EXPECT_THAT(ids("?reason=not+JSON&limit=2"), ElementsAre(7, 6));
    EXPECT_THAT(ids("?state=resent"), ElementsAre());
    EXPECT_THAT(ids("?dialect=generic&to=2026-01-31T12:00:31Z&from=1769860830&source=/events"), ElementsAre(2, 1));
    EXPECT_THAT(ids("?from=1769860831"), ElementsAre());
    EXPECT_THAT(ids("?project=other"), ElementsAre());
    const json reasons = answer("GET", "/api/v1/dead-letters/reasons")["reasons"];
    ASSERT_EQ(reasons.size(), 3U);
    EXPECT_EQ(reasons[0]["open"], 5);
    EXPECT_EQ(reasons[0]["source"], "/ingest");
    EXPECT_EQ(answer("GET", "/api/v1/dead-letters/reasons?source=/events")["reasons"].size(), 2U);
}

TEST_F(DeadLettersTest, AMendedLetterArrivesOnce) {
    EXPECT_EQ(post("/events", kMixed).status, 207);
    EXPECT_EQ(answer("PUT", "/api/v1/dead-letters/1", R"({"event_type":"","event_id":"bad"})", 400)["field"],
              "event_type");
    EXPECT_EQ(answer("PUT", "/api/v1/dead-letters/9", R"({"event_type":"b"})", 404)["error"], "not_found");
    const json unchanged = answer("POST", "/api/v1/dead-letters/1/resend");
    EXPECT_EQ(unchanged["failures"], 1);
    EXPECT_EQ(unchanged["failed"][0]["id"], 1);
    const json mended = answer("PUT", "/api/v1/dead-letters/1", R"({"event_type":"b","event_id":"bad","user_id":"u"})");
    EXPECT_EQ(mended["mended"], R"({"event_type":"b","event_id":"bad","user_id":"u"})");
    const json sent = answer("POST", "/api/v1/dead-letters/1/resend");
    EXPECT_EQ(sent, json::parse(R"({"resent":1,"duplicates":0,"failures":0,"stopped":false,"failed":[]})"));
    const json letter = answer("GET", "/api/v1/dead-letters/1");
    EXPECT_EQ(letter["state"], "resent");
    EXPECT_EQ(letter["resent_as"], 2);
    EXPECT_EQ(letter["resent_at"], "2026-01-31T12:00:30Z");
    EXPECT_EQ(answer("POST", "/api/v1/dead-letters/1/resend", "", 409)["error"], "conflict");
    EXPECT_EQ(answer("PUT", "/api/v1/dead-letters/1", R"({"event_type":"c"})", 409)["error"], "conflict");
    const json events = answer("GET", "/api/v1/events?event_id=bad");
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]["id"], 2);
    EXPECT_EQ(events[0]["eventType"], "b");
    EXPECT_THAT(get("/prometheus").body, HasSubstr("\nstreamgauge_ledger_difference 0\n"));
}

TEST_F(DeadLettersTest, ResendsSeveralByIdAndByAFilter) {
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(post("/events", R"({"event_type":"","event_id":"e)" + std::to_string(i) + "\"}").status, 400);
    for (int id = 1; id <= 3; ++id)
        (void)answer("PUT", "/api/v1/dead-letters/" + std::to_string(id),
                     R"({"event_type":"b","event_id":"e)" + std::to_string(id) + "\"}");
    const json some = answer("POST", "/api/v1/dead-letters/resend", R"({"ids":[1,77]})");
    EXPECT_EQ(some["resent"], 1);
    EXPECT_EQ(some["failed"][0]["id"], 77);
    const json rest =
        answer("POST", "/api/v1/dead-letters/resend", R"({"filter":{"source":"/events","state":"open"}})");
    EXPECT_EQ(rest["resent"], 2);
    EXPECT_EQ(rest["failures"], 1);
    const json progress = answer("GET", "/api/v1/dead-letters/resend");
    EXPECT_EQ(progress["running"], false);
    EXPECT_EQ(progress["total"], 3);
    EXPECT_EQ(progress["so_far"]["resent"], 2);
    EXPECT_EQ(answer("GET", "/api/v1/events").size(), 3U);
    for (const char* body : {"", "[]", "{}", R"({"ids":[]})", R"({"ids":["1"]})", R"({"ids":[-1]})", R"({"ids":[1.5]})",
                             R"({"ids":[1],"filter":{}})", R"({"filter":{"state":"lost"}})",
                             R"({"filter":{"unknown":"x"}})", R"({"filter":{"from":"now"}})", R"({"all":true})",
                             R"({"filter":{"state":"resent"}})", R"({"filter":7})", "{"})
        EXPECT_EQ(ask_as_operator("POST", "/api/v1/dead-letters/resend", body).status, 400) << body;
}

TEST_F(DeadLettersTest, PurgesOneAndByAFilterButNeverAllByMistake) {
    EXPECT_EQ(post("/events", kMixed).status, 207);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(post("/ingest", "no json").status, 400);
    EXPECT_EQ(answer("DELETE", "/api/v1/dead-letters/1")["purged"], 1);
    EXPECT_EQ(answer("DELETE", "/api/v1/dead-letters/1", "", 404)["error"], "not_found");
    EXPECT_EQ(answer("DELETE", "/api/v1/dead-letters", "", 400)["error"], "invalid_argument");
    EXPECT_EQ(answer("DELETE", "/api/v1/dead-letters?source=/ingest")["purged"], 3);
    EXPECT_THAT(ids(""), ElementsAre(2));
    EXPECT_EQ(answer("DELETE", "/api/v1/dead-letters?project=default")["purged"], 1);
    EXPECT_THAT(ids(""), ElementsAre());
    EXPECT_EQ(answer("GET", "/api/v1/dead-letters/usage"), json::parse(R"({"projects":[]})"));
}

TEST_F(DeadLettersTest, RefusesWhatMakesNoSense) {
    for (const auto& [target, field] : std::vector<std::pair<std::string, std::string>>{
             {"?limit=0", "limit"},
             {"?limit=1001", "limit"},
             {"?cursor=x", "cursor"},
             {"?state=lost", "state"},
             {"?dialect=latin", "dialect"},
             {"?from=now", "from"},
             {"?kind=%FF", "kind"},
             {"?unknown=1", "unknown"},
             {"/reasons?limit=1", "limit"},
             {"/usage?x", "x"},
         })
        EXPECT_EQ(answer("GET", "/api/v1/dead-letters" + target, "", 400)["field"], field) << target;
    for (const char* id : {"0", "-1", "abc", "1.5", "99999999999999999999", "1%00"})
        EXPECT_EQ(ask_as_operator("GET", std::string("/api/v1/dead-letters/") + id).status, 404) << id;
    EXPECT_EQ(ask_as_operator("PUT", "/api/v1/dead-letters/1", std::string((1 << 20) + 1, ' ')).status, 413);
}

// Letters are for those who administer; a key of one project reads its own events and nobody's letters.
TEST_F(DeadLettersTest, AKeyOfOneProjectKeepsToIt) {
    api::AccessService& access = backend_->services().access;
    std::promise<void> project_made;
    access.save_project({"shop", "Shop", {}, {}}, true, [&](const Result<api::Project>& made) {
        EXPECT_TRUE(made.ok());
        project_made.set_value();
    });
    project_made.get_future().wait();
    std::promise<std::string> secret;
    api::ApiKey wanted;
    wanted.name = "shop";
    wanted.project = "shop";
    wanted.permissions = auth::Permission::Ingest | auth::Permission::Query;
    access.create_key(wanted, {}, [&](const Result<api::NewApiKey>& made) {
        secret.set_value(made.ok() ? made->secret : made.error().describe());
    });
    const Headers shop{{"Authorization", "Bearer " + secret.get_future().get()}};
    const auto as_shop = [&](std::string_view method, std::string_view target, std::string body = {}) {
        return ask(client(), method, target, std::move(body), shop);
    };
    EXPECT_EQ(as_shop("POST", "/events", kMixed).status, 207);
    EXPECT_EQ(post("/events", kMixed).status, 207);
    EXPECT_EQ(answer("GET", "/api/v1/dead-letters")["total"], 4);
    EXPECT_THAT(ids("?project=shop"), ElementsAre(2, 1));
    EXPECT_THAT(answer("GET", "/api/v1/dead-letters/1")["producer"].get<std::string>(), HasSubstr("(shop)"));
    for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{{"GET", ""},
                                                                                         {"GET", "/1"},
                                                                                         {"PUT", "/1"},
                                                                                         {"DELETE", "/1"},
                                                                                         {"DELETE", "?project=shop"},
                                                                                         {"POST", "/1/resend"},
                                                                                         {"POST", "/resend"},
                                                                                         {"GET", "/resend"},
                                                                                         {"GET", "/usage"},
                                                                                         {"GET", "/reasons"}}) {
        EXPECT_EQ(as_shop(method, "/api/v1/dead-letters" + target).status, 403) << method << " " << target;
        EXPECT_EQ(ask(client(), method, "/api/v1/dead-letters" + target).status, 401) << method << " " << target;
    }
    const json events = json::parse(as_shop("GET", "/api/v1/events").body);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]["project"], "shop");
    EXPECT_EQ(as_shop("GET", "/api/v1/events?project=default").status, 403);
    EXPECT_EQ(answer("GET", "/api/v1/events").size(), 2U);
    EXPECT_EQ(answer("GET", "/api/v1/events?project=shop").size(), 1U);
}

// Beyond the cap rejected events are counted, shown and told, and the door goes on.
TEST_F(DeadLettersTest, AFullProjectLosesLettersButNoCount) {
    const std::string large = R"({"event_type":"","x":")" + std::string(60'000, 'x') + "\"}";
    for (int i = 0; i < 20; ++i) EXPECT_EQ(post("/events", large).status, 400);
    const json usage = answer("GET", "/api/v1/dead-letters/usage")["projects"];
    ASSERT_EQ(usage.size(), 1U);
    EXPECT_EQ(usage[0]["open"], 17);
    EXPECT_EQ(usage[0]["not_kept"], 3);
    EXPECT_LE(usage[0]["bytes"].get<std::uint64_t>(), 1U << 20);
    const std::string metrics = get("/prometheus").body;
    EXPECT_THAT(metrics, HasSubstr("\nstreamgauge_events_total{outcome=\"invalid\"} 20\n"));
    EXPECT_THAT(metrics, HasSubstr("\nstreamgauge_dead_letters_not_kept_total 3\n"));
    EXPECT_THAT(metrics, HasSubstr("\nstreamgauge_dead_letters{project=\"default\",state=\"open\"} 17\n"));
    EXPECT_THAT(metrics, HasSubstr("\nstreamgauge_dead_letters_cap_bytes{project=\"default\"} 1048576\n"));
    const auto health = get("/actuator/health");
    EXPECT_EQ(health.status, 200) << "the server is well all the same";
    EXPECT_THAT(health.body, HasSubstr("dead_letters"));
    EXPECT_EQ(answer("DELETE", "/api/v1/dead-letters?state=open")["purged"], 17);
    EXPECT_EQ(post("/events", large).status, 400);
    EXPECT_EQ(answer("GET", "/api/v1/dead-letters")["total"], 1);
}

}  // namespace
}  // namespace streamgauge::test
