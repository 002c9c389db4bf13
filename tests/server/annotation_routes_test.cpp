// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on the time axis over REST on the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/annotation_codec.h"
#include "server/served_backend.h"

namespace streamgauge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AnnotationRoutesTest : public test::ServedBackend {
protected:
    daemon::HttpAnswer as_operator(std::string_view method, std::string_view target, std::string body = {}) const {
        return ask(client(), method, target, std::move(body), as_admin());
    }
};

TEST_F(AnnotationRoutesTest, AreAddedListedAndRemoved) {
    const std::string deploy = R"({"kind":"deploy","text":"checkout 2.3.1","tags":["eu"]})";
    EXPECT_EQ(post("/api/v1/annotations", deploy).status, 401) << "never without a key";
    const auto made = as_operator("POST", "/api/v1/annotations", deploy);
    ASSERT_EQ(made.status, 201) << made.body;
    const auto one = api::decode_annotation(made.body);
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(format_rfc3339(one->at), "2026-01-31T12:00:30Z");
    EXPECT_FALSE(one->by.empty());
    EXPECT_EQ(made.headers.at("location"), "/api/v1/annotations/" + one->id);
    as_operator("POST", "/api/v1/annotations", R"({"text":"old","at":"2026-01-29T00:00:00Z"})");

    restart();
    const auto day = get("/api/v1/annotations?to=2026-02-01");
    EXPECT_EQ(day.status, 200);
    EXPECT_THAT(day.body, HasSubstr(R"("text":"checkout 2.3.1")"));
    EXPECT_THAT(day.body, Not(HasSubstr("old")));
    EXPECT_THAT(get("/api/v1/annotations?from=-7d").body, HasSubstr(R"("text":"old")"));
    EXPECT_THAT(get("/api/v1/annotations?from=-7d&to=-1d").body, Not(HasSubstr("checkout")));

    EXPECT_EQ(ask(client(), "DELETE", "/api/v1/annotations/" + one->id).status, 401);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/annotations/" + one->id).status, 204);
    EXPECT_EQ(as_operator("DELETE", "/api/v1/annotations/" + one->id).status, 404);
    EXPECT_THAT(get("/api/v1/annotations?to=2026-02-01").body, Not(HasSubstr("checkout")));
}

TEST_F(AnnotationRoutesTest, FaultsAreNamed) {
    const auto wrong_body = as_operator("POST", "/api/v1/annotations", R"({"kind":"De ploy","text":"x"})");
    EXPECT_EQ(wrong_body.status, 400);
    EXPECT_THAT(wrong_body.body, HasSubstr(R"("field":"kind")"));
    for (const std::string query : {"from=yesterday", "to=tomorrow", "limit=0", "limit=1001", "form=-1h"}) {
        const auto answer = get("/api/v1/annotations?" + query);
        EXPECT_EQ(answer.status, 400) << query;
        EXPECT_THAT(answer.body, HasSubstr(R"("field":")" + query.substr(0, query.find('=')) + "\"")) << answer.body;
    }
}

}  // namespace
}  // namespace streamgauge
