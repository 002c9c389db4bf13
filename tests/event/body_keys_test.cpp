// SPDX-License-Identifier: GPL-3.0-or-later
// Credentials in bodies that nobody could read.
#include <gtest/gtest.h>

#include "event/body_keys.h"

namespace streamgauge {
namespace {

TEST(BodyKeys, AreMaskedWhateverElseIsBroken) {
    EXPECT_EQ(with_keys_masked(R"({"batch":[tru,{"token":"t"}],"writeKey":"secret")", Dialect::Segment),
              R"({"batch":[tru,{"token":"t"}],"writeKey":"******")");
    EXPECT_EQ(with_keys_masked("{ \"writeKey\" : \n \"a\\\"b\", \"writeKey\":\"c\"", Dialect::Segment),
              "{ \"writeKey\" : \n \"****\", \"writeKey\":\"*\"");
    EXPECT_EQ(with_keys_masked(R"([{"api_key":"k1"},{"$token":"k2","properties":{"token":"k3"}},{"token":)",
                               Dialect::PostHog),
              R"([{"api_key":"**"},{"$token":"**","properties":{"token":"**"}},{"token":)");
    EXPECT_EQ(with_keys_masked(R"({"api_key":"cut off)", Dialect::PostHogV1), R"({"api_key":"*******)");
    EXPECT_EQ(with_keys_masked("{\"api_key\":\"cut off\\", Dialect::PostHogV1), R"({"api_key":"********)");
}

TEST(BodyKeys, NothingElseIs) {
    for (const char* body :
         {"", "\"writeKey\"", R"({"writeKey":7,"x":"y"})", R"({"writeKey":null})", R"(["writeKey","x"])",
          R"({"writekey":"x","a":"writeKey"})", R"({"writeKey":""})", R"({"api_key":"x"})"})
        EXPECT_EQ(with_keys_masked(body, Dialect::Segment), body);
    for (const Dialect dialect :
         {Dialect::Generic, Dialect::Plausible, Dialect::Umami, Dialect::CloudEvents, Dialect::Otlp})
        EXPECT_EQ(with_keys_masked(R"({"token":"t","writeKey":"w","api_key":"k")", dialect),
                  R"({"token":"t","writeKey":"w","api_key":"k")");
}

}  // namespace
}  // namespace streamgauge
