// SPDX-License-Identifier: GPL-3.0-or-later
// How long the stages of an answer took, on the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/served_backend.h"

namespace streamgauge {
namespace {

class ServerTimingTest : public test::ServedBackend {};

TEST_F(ServerTimingTest, AnswersToEventsSayHowLongTheirStagesTook) {
    const auto answer = post("/events", R"({"event_type":"click"})");
    ASSERT_EQ(answer.status, 202);
    ASSERT_EQ(answer.headers.count("server-timing"), 1U);
    EXPECT_THAT(answer.headers.at("server-timing"),
                testing::MatchesRegex("guard;dur=[0-9]+\\.[0-9][0-9][0-9], decode;dur=[0-9]+\\.[0-9][0-9][0-9], "
                                      "queue;dur=[0-9]+\\.[0-9][0-9][0-9], commit;dur=[0-9]+\\.[0-9][0-9][0-9]"));
    EXPECT_EQ(get("/api/v1/metrics").headers.count("server-timing"), 0U);
}

}  // namespace
}  // namespace streamgauge
