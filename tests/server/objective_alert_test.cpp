// SPDX-License-Identifier: GPL-3.0-or-later
// From a request that was too slow to whoever is told of it, over the real server: the alert fires, its webhook arrives
// signed (also over TLS, where the authority is known), it is marked on the time axis, and the live feed says so within
// a second. And objectives out of one server and into it again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "base/clock.h"
#include "http/certificates.h"
#include "server/served_backend.h"
#include "server/webhook.h"
#include "server/webhook_receiver.h"
#include "support/eventually.h"

namespace streamgauge {
namespace {

using test::eventually;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
// No request is so fast: all are bad, which burns twice as fast as it may.
constexpr const char* kImpossible =
    R"({"indicator":{"kind":"latency","route":"POST /events","threshold_ms":0.001},"target":0.5,"window":{"rolling":"3h"},)"
    R"("rules":[{"severity":"page","long":"1m","short":"10s","factor":1.5}],"notify":["pager","secure","nobody"]})";

class ObjectiveAlertTest : public test::ServedBackend {
protected:
    ObjectiveAlertTest() { certificate_.write(files_.file("receiver.pem"), files_.file("receiver.key")); }
    Config config() const override {
        Config config = ServedBackend::config();
        config.notify_authorities = trusts_ ? files_.file("receiver.pem") : "";
        return config;
    }
    const Clock& clock() const override { return system_; }
    daemon::HttpAnswer as_operator(std::string_view method, std::string_view target, std::string body = {},
                                   Headers headers = {}) const {
        for (const auto& header : as_admin()) headers.push_back(header);
        return ask(client(), method, target, std::move(body), std::move(headers));
    }
    void make_target(const std::string& name, const std::string& url) const {
        const auto put = as_operator("PUT", "/api/v1/notification-targets/" + name,
                                     R"({"url":")" + url + R"(","secret":"file:pager"})");
        ASSERT_EQ(put.status, 200) << put.body;
    }
    void keep_key() const {
        std::filesystem::create_directories(directory_.path() + "/data/secrets");
        std::ofstream(directory_.path() + "/data/secrets/pager") << kKey << '\n';
    }

    SystemClock system_;
    http::test::CertificateDirectory files_;
    http::test::Certificate certificate_{"localhost"};  // signs itself
    bool trusts_ = true;
};

TEST_F(ObjectiveAlertTest, IsToldToEverybodyWhoIsToKnow) {
    test::WebhookReceiver receiver, secure(files_.file("receiver.pem"), files_.file("receiver.key"));
    keep_key();
    make_target("pager", receiver.url());
    make_target("secure", secure.url());
    ASSERT_EQ(as_operator("PUT", "/api/v1/objectives/impossible", kImpossible).status, 200);

    // What a console sees: the count of changes in the live feed, which speaks at least once a second.
    std::mutex mutex;
    std::optional<std::uint64_t> first;
    int spoken = 0;
    std::optional<int> changed;  // the message that said so
    const auto feed = backend_->services().live.subscribe(
        api::Topic::Overview, {}, std::nullopt, [&](const api::LiveMessage& message) {
            const std::lock_guard lock(mutex);
            if (!message.overview || !message.overview->alert_changes || changed) return;
            ++spoken;
            if (!first) first = message.overview->alert_changes;
            if (*message.overview->alert_changes != *first) changed = spoken;
        });
    ASSERT_TRUE(eventually([&] {
        const std::lock_guard lock(mutex);
        return first.has_value();
    }));
    for (int i = 0; i < 5; ++i) ASSERT_EQ(post("/events", R"({"event_type":"purchase"})").status, 202);

    ASSERT_TRUE(eventually([&] { return receiver.received().size() == 1; })) << "it fires";
    const test::ReceivedWebhook one = receiver.received()[0];
    EXPECT_THAT(one.body, AllOf(HasSubstr(R"("type":"alert.fired")"), HasSubstr("impossible burns 2.0 times"),
                                HasSubstr(R"("severity":"page")")));
    EXPECT_EQ(one.headers.at("webhook-signature"),
              webhook_signature(kKey, one.headers.at("webhook-id"), std::stoll(one.headers.at("webhook-timestamp")),
                                one.body));
    EXPECT_NE(one.headers.at("webhook-signature"),
              webhook_signature(kKey, one.headers.at("webhook-id"), std::stoll(one.headers.at("webhook-timestamp")),
                                one.body + " "))
        << "of this body alone";

    ASSERT_TRUE(eventually([&] { return secure.received().size() == 1; })) << "over TLS";
    EXPECT_EQ(secure.received()[0].headers.at("webhook-id"), one.headers.at("webhook-id")) << "it is the same page";
    EXPECT_EQ(secure.refused(), 0);

    const auto is_marked = [&] {
        return as_operator("GET", "/api/v1/annotations").body.find("impossible burns 2.0 times") != std::string::npos;
    };
    ASSERT_TRUE(eventually(is_marked));
    int before = 0;
    {
        const std::lock_guard lock(mutex);
        before = changed.value_or(spoken);
    }
    ASSERT_TRUE(eventually([&] {
        const std::lock_guard lock(mutex);
        return changed.has_value();
    }));
    {
        const std::lock_guard lock(mutex);
        // One may be in the making while it is marked.
        EXPECT_LE(*changed, before + 2);
    }
    EXPECT_THAT(as_operator("GET", "/api/v1/annotations").body,
                AllOf(HasSubstr("impossible burns 2.0 times"), HasSubstr(R"("fired")")))
        << "whoever hears of it finds its mark";
    EXPECT_THAT(get("/api/v1/objectives/impossible").body, HasSubstr(R"("state":"firing")"));
}

TEST_F(ObjectiveAlertTest, AReceiverThatNobodyVouchesForGetsNothing) {
    trusts_ = false;
    restart();
    test::WebhookReceiver receiver, secure(files_.file("receiver.pem"), files_.file("receiver.key"));
    keep_key();
    make_target("secure", secure.url());
    make_target("pager", receiver.url());
    ASSERT_EQ(as_operator("PUT", "/api/v1/objectives/impossible", kImpossible).status, 200);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(post("/events", R"({"event_type":"purchase"})").status, 202);
    ASSERT_TRUE(eventually([&] { return secure.refused() > 0; }));
    ASSERT_TRUE(eventually([&] { return receiver.received().size() == 1; })) << "the other one is told all the same";
    EXPECT_TRUE(secure.received().empty());
    EXPECT_TRUE(eventually([&] {
        const std::string told = as_operator("GET", "/api/v1/notification-targets/secure").body;
        return told.find(R"("waiting":1)") != std::string::npos && told.find("failure") != std::string::npos;
    }));
}

TEST_F(ObjectiveAlertTest, ObjectivesGoOutAndComeInAgain) {
    ASSERT_EQ(as_operator("PUT", "/api/v1/objectives/impossible", kImpossible).status, 200);
    const std::string before = as_operator("GET", "/api/v1/objectives/export").body;
    EXPECT_THAT(before, AllOf(HasSubstr("apiVersion: openslo/v1"), HasSubstr("impossible"), HasSubstr("freshness")));
    const std::string rules = as_operator("GET", "/api/v1/objectives/export?format=prometheus").body;
    EXPECT_THAT(rules, AllOf(HasSubstr("groups:"), HasSubstr("impossible")));
    EXPECT_EQ(as_operator("GET", "/api/v1/objectives/export?format=yaml").status, 400);

    for (const char* name : {"impossible", "latency"})
        ASSERT_EQ(as_operator("DELETE", std::string("/api/v1/objectives/") + name).status, 204);
    const auto dry = as_operator("POST", "/api/v1/objectives/import?dry_run=true", before);
    ASSERT_EQ(dry.status, 200) << dry.body;
    EXPECT_THAT(dry.body, AllOf(HasSubstr(R"("kept":false)"), HasSubstr(R"("impossible")")));
    EXPECT_EQ(get("/api/v1/objectives/impossible").status, 404) << "it was only checked";

    const auto kept = as_operator("POST", "/api/v1/objectives/import", before);
    ASSERT_EQ(kept.status, 200) << kept.body;
    EXPECT_THAT(kept.body, HasSubstr(R"("kept":true)"));
    EXPECT_EQ(as_operator("GET", "/api/v1/objectives/export").body, before) << "the same again";

    const auto wrong = as_operator("POST", "/api/v1/objectives/import", "apiVersion: openslo/v1\nkind: SLO\nspec: 7\n");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, HasSubstr("line "));
    EXPECT_EQ(ask(client(), "POST", "/api/v1/objectives/import", before).status, 401);
}

}  // namespace
}  // namespace streamgauge
