// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/request_template.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "base/limits.h"

namespace streamgauge::loadgen {
namespace {

using Json = nlohmann::json;

const Timestamp kNow{1'767'225'600'000'042};  // 2026-01-01T00:00:00.000042Z

const std::string kHead = "POST /events?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n";

// The bytes of the requests with the given numbers, written one after the other into one buffer as a connection does.
std::vector<std::string> requests(const EventOptions& options, const std::vector<std::uint64_t>& numbers,
                                  Timestamp now = kNow) {
    RequestTemplate templ = *RequestTemplate::make(kHead, options);
    std::string buffer(templ.size(), '\0');
    templ.initialise(buffer.data());
    std::vector<std::string> all;
    for (const std::uint64_t number : numbers) {
        templ.fill(buffer.data(), number, now);
        all.push_back(buffer);
    }
    return all;
}

Json body_of(const std::string& request) {
    return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

TEST(RequestTemplate, HeadNamesTheTargetAndTheExactLength) {
    const std::string request = requests({}, {0}).front();
    EXPECT_EQ(request.substr(0, request.find("\r\n")), "POST /events?x=1 HTTP/1.1");
    EXPECT_NE(request.find("\r\nHost: 127.0.0.1:8080\r\n"), std::string::npos);
    const std::size_t body = request.size() - request.find("\r\n\r\n") - 4;
    EXPECT_NE(request.find("\r\nContent-Length: " + std::to_string(body) + "\r\n"), std::string::npos);
}

TEST(RequestTemplate, OneEventIsAnObjectWithAllFields) {
    const Json event = body_of(requests({}, {7}).front());
    EXPECT_EQ(event.size(), 6U);
    EXPECT_EQ(event["occurred_at"], "2026-01-01T00:00:00.000042Z");
    EXPECT_TRUE(std::regex_match(event["user_id"].get<std::string>(), std::regex("u_[0-9]{1,3}")));
    EXPECT_EQ(event["session_id"].get<std::string>().substr(2), event["user_id"].get<std::string>().substr(2));
    EXPECT_TRUE(std::regex_match(event["page_url"].get<std::string>(), std::regex("/page/[0-9]{1,2}")));
}

TEST(RequestTemplate, IdsAreHalfVersion4AndHalfVersion7) {
    const Json events = body_of(requests({.batch = 10}, {0}).front());
    const std::regex v4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    const std::regex v7("019b76da-a800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    for (std::size_t i = 0; i < events.size(); ++i) {
        const std::string id = events[i]["event_id"];
        EXPECT_TRUE(std::regex_match(id, i % 2 == 0 ? v4 : v7)) << i << " " << id;
    }
}

TEST(RequestTemplate, IdsAreDistinctWithinARunAndBetweenRuns) {
    std::set<std::string> ids;
    for (const std::uint64_t salt : {1U, 2U})
        for (const std::string& request : requests({.batch = 100, .id_salt = salt}, {0, 1, 2, 3, 4}))
            for (const Json& event : body_of(request)) ids.insert(event["event_id"]);
    EXPECT_EQ(ids.size(), 1000U);
}

TEST(RequestTemplate, SameSeedSameBytes) {
    const EventOptions options{.batch = 3, .users = 77, .pages = 5, .seed = 9, .id_salt = 4};
    EXPECT_EQ(requests(options, {5, 6, 1'000'000'000'000}), requests(options, {5, 6, 1'000'000'000'000}));
    // What was in the buffer before leaves no trace.
    EXPECT_EQ(requests(options, {5, 6}).back(), requests(options, {6}).back());
    EventOptions other = options;
    other.seed = 10;
    EXPECT_NE(requests(options, {5}), requests(other, {5}));
}

TEST(RequestTemplate, UsersPagesAndTypesAreAllChosenAndNoOthers) {
    std::map<std::string, std::set<std::string>> seen;
    std::map<std::string, int> types;
    for (const Json& event : body_of(requests({.batch = 10'000, .users = 12, .pages = 3}, {0}).front())) {
        seen["user"].insert(event["user_id"]);
        seen["page"].insert(event["page_url"]);
        ++types[event["event_type"]];
    }
    EXPECT_EQ(seen["user"].size(), 12U);
    EXPECT_TRUE(seen["user"].count("u_0") == 1 && seen["user"].count("u_11") == 1);
    EXPECT_EQ(seen["page"], (std::set<std::string>{"/page/0", "/page/1", "/page/2"}));
    EXPECT_EQ(types.size(), 5U);
    EXPECT_NEAR(types["page_view"], 7000, 200);
}

TEST(RequestTemplate, LimitsOfItsOptions) {
    const auto field = [](const EventOptions& options) {
        const auto made = RequestTemplate::make(kHead, options);
        return made ? std::string("accepted") : made.error().field;
    };
    EXPECT_EQ(field({.batch = 0}), "batch");
    EXPECT_EQ(field({.batch = limits::kEventsPerRequest}), "accepted");
    EXPECT_EQ(field({.batch = limits::kEventsPerRequest + 1}), "batch");
    EXPECT_EQ(field({.users = 0}), "users");
    EXPECT_EQ(field({.users = 1}), "accepted");
    EXPECT_EQ(field({.users = 1'000'000'001}), "users");
    EXPECT_EQ(field({.pages = 0}), "pages");
}

}  // namespace
}  // namespace streamgauge::loadgen
