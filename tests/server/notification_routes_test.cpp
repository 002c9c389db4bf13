// SPDX-License-Identifier: GPL-3.0-or-later
// Webhooks from the real server to a real receiver: signed as Standard Webhooks says, repeated with the same id,
// not redirected, nowhere that is not allowed, and never with the key in an answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/served_backend.h"
#include "server/webhook.h"
#include "server/webhook_receiver.h"
#include "support/eventually.h"

namespace streamgauge {
namespace {

using test::eventually;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class NotificationRoutesTest : public test::ServedBackend {
protected:
    daemon::HttpAnswer as_operator(std::string_view method, std::string_view target, std::string body = {}) const {
        return ask(client(), method, target, std::move(body), as_admin());
    }
    void send_test(const std::string& name) const {
        EXPECT_EQ(as_operator("POST", "/api/v1/notification-targets/" + name + "/test").status, 202);
    }
    std::string target(const std::string& name) const {
        return as_operator("GET", "/api/v1/notification-targets/" + name).body;
    }
    test::WebhookReceiver receiver_;
};

// The vector of https://github.com/standard-webhooks/standard-webhooks (libraries' tests).
TEST(WebhookSignature, IsThatOfStandardWebhooks) {
    EXPECT_EQ(webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                R"({"test": 2432232314})"),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_F(NotificationRoutesTest, WebhooksArriveSigned) {
    std::filesystem::create_directories(directory_.path() + "/data/secrets");
    std::ofstream(directory_.path() + "/data/secrets/pager") << "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
    const std::string body = R"({"url":")" + receiver_.url() + R"(","secret":"file:pager"})";
    EXPECT_EQ(ask(client(), "PUT", "/api/v1/notification-targets/pager", body).status, 401);
    const auto put = as_operator("PUT", "/api/v1/notification-targets/pager", body);
    ASSERT_EQ(put.status, 200) << put.body;
    EXPECT_THAT(put.body, Not(HasSubstr("whsec_")));
    EXPECT_EQ(get("/api/v1/notification-targets").status, 401) << "nobody without a key may see where pages go";
    send_test("pager");
    ASSERT_TRUE(eventually([&] { return receiver_.received().size() == 1; }));
    const test::ReceivedWebhook one = receiver_.received()[0];
    EXPECT_THAT(one.head, StartsWith("POST /page?who=me HTTP/1.1"));
    EXPECT_EQ(one.headers.at("content-type"), "application/json");
    EXPECT_THAT(one.body, HasSubstr(R"("id":")" + one.headers.at("webhook-id") + '"'));
    EXPECT_THAT(one.body, HasSubstr(R"("type":"test")"));
    const std::int64_t at = std::stoll(one.headers.at("webhook-timestamp"));
    EXPECT_EQ(one.headers.at("webhook-signature"),
              webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", one.headers.at("webhook-id"), at, one.body));
    EXPECT_TRUE(eventually([&] { return target("pager").find(R"("delivered":1)") != std::string::npos; }));
}

TEST_F(NotificationRoutesTest, WhatFailsIsSentAgainWithTheSameId) {
    receiver_.answer_next("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    receiver_.answer_next("HTTP/1.1 302 Found\r\nLocation: " + receiver_.url() +
                          "/elsewhere\r\nContent-Length: 0\r\n\r\n");
    as_operator("PUT", "/api/v1/notification-targets/pager", R"({"url":")" + receiver_.url() + "\"}");
    send_test("pager");
    ASSERT_TRUE(eventually([&] { return receiver_.received().size() == 3; }));
    const auto all = receiver_.received();
    EXPECT_EQ(all[0].headers.at("webhook-id"), all[1].headers.at("webhook-id"));
    EXPECT_EQ(all[1].headers.at("webhook-id"), all[2].headers.at("webhook-id"));
    EXPECT_EQ(all[0].body, all[2].body);
    EXPECT_THAT(all[2].head, StartsWith("POST /page?who=me ")) << "a redirect is not followed";
    EXPECT_FALSE(all[0].headers.contains("webhook-signature")) << "there is no key";
    EXPECT_TRUE(eventually([&] { return target("pager").find(R"("waiting":0)") != std::string::npos; }));
}

TEST_F(NotificationRoutesTest, ARestartLosesNoPage) {
    as_operator("PUT", "/api/v1/notification-targets/pager", R"({"url":")" + receiver_.url() + "\"}");
    for (int i = 0; i < 2; ++i) receiver_.answer_next("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
    send_test("pager");
    ASSERT_TRUE(eventually([&] { return !receiver_.received().empty(); }));
    const std::size_t before = receiver_.received().size();
    restart();
    ASSERT_TRUE(eventually([&] { return receiver_.received().size() > before; }));
    const auto all = receiver_.received();
    EXPECT_EQ(all.back().headers.at("webhook-id"), all.front().headers.at("webhook-id"));
}

TEST_F(NotificationRoutesTest, NowhereThatIsNotAllowed) {
    for (const std::string url : {"http://192.0.2.1/x", "http://169.254.169.254/latest", "http://[fe80::1]/"}) {
        const auto put = as_operator("PUT", "/api/v1/notification-targets/pager", R"({"url":")" + url + "\"}");
        EXPECT_EQ(put.status, 403) << url << put.body;
    }
    for (const std::string url : {"ftp://127.0.0.1/", "http://ada:pw@127.0.0.1/", "http://127.0.0.1/#x", "http://",
                                  "http://127.0.0.1:0/", "http://127.0.0.1/a b", "gopher"}) {
        const auto put = as_operator("PUT", "/api/v1/notification-targets/pager", R"({"url":")" + url + "\"}");
        EXPECT_EQ(put.status, 400) << url << put.body;
        EXPECT_THAT(put.body, HasSubstr(R"("field":"url")"));
    }
    const auto no_key = as_operator("PUT", "/api/v1/notification-targets/pager",
                                    R"({"url":"http://127.0.0.1/","secret":"env:STREAMGAUGE_SECRET_NOT_THERE"})");
    EXPECT_EQ(no_key.status, 400);
    EXPECT_THAT(no_key.body, HasSubstr(R"("field":"secret")"));
    EXPECT_EQ(as_operator("GET", "/api/v1/notification-targets/pager").status, 404);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/notification-targets/pager").status, 404);
    EXPECT_EQ(as_operator("POST", "/api/v1/notification-targets/pager/test").status, 404);
}

TEST(AllowedTargets, NamesDoNotLeadToThisMachine) {
    const auto allowed = http::AllowedTargets::parse({"hooks.example.com", "10.0.0.0/8", "::1"});
    ASSERT_TRUE(allowed.ok());
    const auto may = [&](std::string_view host, std::string_view address) {
        return allowed->allows(host, *http::parse_address(address));
    };
    EXPECT_TRUE(may("Hooks.Example.com", "192.0.2.7"));
    EXPECT_FALSE(may("hooks.example.com", "127.0.0.1")) << "a name that leads home";
    EXPECT_FALSE(may("hooks.example.com", "169.254.169.254"));
    EXPECT_FALSE(may("hooks.example.com", "0.0.0.0"));
    EXPECT_FALSE(may("evil.example.com", "192.0.2.7"));
    EXPECT_TRUE(may("anything.example", "10.2.3.4"));
    EXPECT_TRUE(may("::1", "::1"));
    EXPECT_FALSE(may("127.0.0.1", "127.0.0.1"));
    for (const std::string wrong : {"", "10.0.0.0/33", "https://x", "a b", "*"})
        EXPECT_FALSE(http::AllowedTargets::parse({wrong}).ok()) << wrong;
}

TEST(Outgoing, WaitsNoLongerThanItsDeadline) {
    // Listens and never accepts: the kernel takes the connection, and nobody answers.
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(listener, any, length), 0);
    ASSERT_EQ(listen(listener, 4), 0);
    ASSERT_EQ(getsockname(listener, any, &length), 0);
    const auto url = http::parse_outgoing_url("http://localhost:" + std::to_string(ntohs(address.sin_port)) + "/");
    ASSERT_TRUE(url.ok());
    http::OutgoingOptions options;
    options.deadline = std::chrono::milliseconds(200);
    const auto loopback = http::AllowedTargets::parse({"loopback"}).value();
    EXPECT_EQ(http::post(*url, {}, "{}", loopback, options).error().code, ErrorCode::DeadlineExceeded);
    const std::atomic<bool> stopping{true};
    options.deadline = std::chrono::seconds(60);
    options.stopping = &stopping;
    EXPECT_EQ(http::post(*url, {}, "{}", loopback, options).error().code, ErrorCode::Cancelled);
    options.stopping = nullptr;
    const auto nowhere = http::AllowedTargets::parse({"10.0.0.0/8"}).value();
    EXPECT_EQ(http::post(*url, {}, "{}", nowhere, options).error().code, ErrorCode::Forbidden);
    close(listener);
}

}  // namespace
}  // namespace streamgauge
