// SPDX-License-Identifier: GPL-3.0-or-later
// Lines of access logs as they are read: usual forms, unusual ones, and what somebody wrote to harm.
#include "loadgen/access_log.h"

#include <gtest/gtest.h>

namespace streamgauge::loadgen {
namespace {

Timestamp at(const char* text) {
    return parse_rfc3339(text).value();
}

class AccessLog : public ::testing::Test {
protected:
    AccessLogEntry read(const std::string& line) {
        const Result<AccessLogEntry> entry = reader_.read(line);
        EXPECT_TRUE(entry.ok()) << line << "\n" << (entry ? "" : entry.error().describe());
        return entry ? *entry : AccessLogEntry{};
    }
    std::string fault(const std::string& line) {
        const Result<AccessLogEntry> entry = reader_.read(line);
        EXPECT_FALSE(entry.ok()) << line;
        return entry ? "" : entry.error().message;
    }

private:
    AccessLogReader reader_;
};

TEST_F(AccessLog, ReadsCommonAndCombined) {
    for (const char* line :
         {R"(127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.0" 200 2326)",
          R"(127.0.0.1 - - [10/Oct/2000:20:55:36 +0000] "GET /a?b=1 HTTP/1.1" 200 2326 "http://x/" "Mozilla \"4\"")",
          R"(2001:db8::7 - frank [11/Oct/2000:02:25:36 +0530] "GET /a?b=1 HTTP/2.0" - - "-" "-")",
          R"([2001:db8::7]:4711 - - [10/Oct/2000:20:55:36 +0000] "GET /a?b=1 HTTP/1.1" 200 1)",
          R"(example.org:443 10.0.0.1 - "fra nk" [10/Oct/2000:20:55:36 +0000] "GET /a?b=1 HTTP/1.1" 200 1)",
          R"(10.0.0.1 - - [2000-10-10T20:55:36Z] "GET /a?b=1 HTTP/1.1" 200 1)",
          R"(10.0.0.1 - - [2000-10-10T22:55:36+02:00] "GET /a?b=1 HTTP/1.1" 200 1)",
          R"("GET /a?b=1 HTTP/1.1" 200 [10/Oct/2000:20:55:36 +0000])"}) {
        const AccessLogEntry entry = read(line);
        EXPECT_EQ(entry.at, at("2000-10-10T20:55:36Z")) << line;
        EXPECT_TRUE(entry.whole_seconds) << line;
        EXPECT_EQ(entry.method + " " + entry.target, "GET /a?b=1") << line;
        const AccessLogEntry from_windows = read(std::string(line) + "\r");
        EXPECT_EQ(from_windows.at, entry.at) << line;
    }
    EXPECT_EQ(read(R"(- - - [29/Feb/2024:23:59:59 +0000] "DELETE /x HTTP/1.1" 200 1)").at, at("2024-02-29T23:59:59Z"));
}

TEST_F(AccessLog, PartsOfASecondAreKept) {
    for (const char* line :
         {R"(::1 - - [1700000000.125] "POST /events HTTP/1.1" 202 2)",
          R"(1700000000.125 ::1 - - [14/Nov/2023:22:13:20 +0000] "POST /events HTTP/1.1" 202 2)",
          R"(::1 - - [14/Nov/2023:22:13:20 +0000] "POST /events HTTP/1.1" 202 2 1700000000.125)",
          R"(::1 - - [2023-11-14T22:13:20.125Z] "POST /events HTTP/1.1" 202 2 0.005)",
          R"({"msec":"1700000000.125","request":"POST /events HTTP/1.1"})",
          R"({"msec":1700000000.125,"request":"POST /events HTTP/1.1"})",
          R"({"time":1700000000125,"method":"POST","uri":"/events"})",
          R"({"time":"2023-11-14T22:13:20.125Z","request_method":"POST","uri":"/events"})",
          R"({"@timestamp":"2023-11-14T23:13:20.125+01:00","method":"POST","request_uri":"/events"})",
          R"({"level":"info","ts":1700000000.125,"request":{"method":"POST","uri":"/events"}})",
          R"({"ts":1700000000.125,"method":"POST","path":"/events","body":{"a":1}})"}) {
        const AccessLogEntry entry = read(line);
        EXPECT_EQ(entry.at, at("2023-11-14T22:13:20.125Z")) << line;
        EXPECT_FALSE(entry.whole_seconds) << line;
        EXPECT_EQ(entry.method + " " + entry.target, "POST /events") << line;
    }
    EXPECT_EQ(read(R"(::1 - - [1700000000.123456789] "GET / HTTP/1.1" 1 1)").at, at("2023-11-14T22:13:20.123456Z"));
    EXPECT_TRUE(read(R"({"ts":1700000000,"method":"GET","path":"/"})").whole_seconds);
    EXPECT_TRUE(read(R"({"time_local":"14/Nov/2023:22:13:20 +0000","request":"GET / HTTP/1.1"})").whole_seconds);
}

TEST_F(AccessLog, WhatIsEscapedMeansWhatItStandsFor) {
    EXPECT_EQ(read(R"(- - - [1700000000.1] "GET /\x22q\x22?a=\"b\\c HTTP/1.1" 200 1)").target, R"(/"q"?a="b\c)");
    // Bytes beyond ASCII, escaped or not, go percent-encoded: a target has none.
    EXPECT_EQ(read(R"(- - - [1700000000.1] "GET /\xC3\xA4 HTTP/1.1" 200 1)").target, "/%C3%A4");
    EXPECT_EQ(read("- - - [1700000000.1] \"GET /\xC3\xA4 HTTP/1.1\" 200 1").target, "/%C3%A4");
    EXPECT_EQ(read(R"({"ts":1700000000.1,"method":"GET","uri":"/ä"})").target, "/%C3%A4");
    EXPECT_EQ(read(R"({"ts":1700000000.1,"method":"POST","uri":"/","body":"{\"a\": 1}"})").body, R"({"a": 1})");
    EXPECT_EQ(read(R"({"ts":1700000000.1,"method":"POST","uri":"/","body": {"a" : [1, "x y"]} })").body,
              R"({"a":[1,"x y"]})");
}

TEST_F(AccessLog, RefusesWhatIsNoRequest) {
    for (const char* line : {"",
                             " \t",
                             "x",
                             "{",
                             "[1]",
                             R"(::1 - - [soon] "GET / HTTP/1.1" 200 1)",
                             R"(::1 - - [1700000000.1] "-" 400 0)",
                             R"(::1 - - [1700000000.1] "GET / HTTP/1.1)",
                             R"(::1 - - "GET / HTTP/1.1" 200 1)",
                             R"(::1 - - [1700000000.1] "GET http://x/ HTTP/1.1" 200 1)",
                             R"({"ts":-1,"method":"GET","path":"/"})",
                             R"(::1 - - [1700000000.1] "CONNECT x:443 HTTP/1.1" 200 1)",
                             R"(::1 - - [1700000000.1] "OPTIONS * HTTP/1.1" 1 1)",
                             R"(::1 - - [1700000000.1] "GET /\x0d\x0aX HTTP/1.1" 200 1)",
                             R"(::1 - - [1700000000.1] "GET /\n HTTP/1.1" 1 1)",
                             R"(::1 - - [1700000000.1] "get / HTTP/1.1" 200 1)",
                             R"(::1 - - [1700000000.1] "GET /a b#c HTTP/1.1" 200 1)",
                             R"(::1 - - [32/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1)",
                             R"(::1 - - [10/Oct/2000:25:55:36 -0700] "GET / HTTP/1.1" 200 1)",
                             R"(::1 - - [10/Okt/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1)",
                             R"(::1 - - [99999999999999999999.1] "GET / HTTP/1.1" 200 1)",
                             R"({"ts":1e300,"method":"GET","path":"/"})",
                             R"({"ts":"1700000000.","method":"GET","path":"/"})",
                             R"({"ts":true,"method":"GET","path":"/"})",
                             R"({"ts":1700000000.1,"method":"GET"})",
                             R"({"ts":1700000000.1,"method":7,"path":"/"})",
                             R"({"ts":1700000000.1,"method":"GET","path":"/\r\nX: y"})",
                             R"({"ts":1700000000.1,"path":"/","method":"G T"})",
                             R"({"ts":1700000000.1,"method":"GET","path":"/"} trailing)"})
        EXPECT_FALSE(fault(line).empty()) << line;
    // What a client says about itself is no request, even when it looks like one.
    fault(R"(::1 - - [1700000000.1] "-" 400 0 "GET /evil HTTP/1.1" "GET /evil HTTP/1.1")");
}

TEST_F(AccessLog, HugeAndDeepLinesAreFaultsAndNothingElse) {
    EXPECT_EQ(fault(std::string(kAccessLogLineBytes + 1, 'x')), "the line is too long");
    fault(std::string(kAccessLogLineBytes, '"'));
    fault(std::string(kAccessLogLineBytes, '['));
    fault("{" + std::string(kAccessLogLineBytes - 1, '{'));
    fault(R"({"ts":1700000000.1,"method":"POST","path":"/","body":)" + std::string(200'000, '['));
    fault(R"({"ts":1700000000.1,"method":"POST","path":"/","body":)" + std::string(100'000, '[') +
          std::string(100'000, ']') + "}");
    fault(std::string("\0\0\0", 3));
    const std::string large = "/" + std::string(200'000, 'a');
    EXPECT_EQ(read("- - - [1700000000.1] \"GET " + large + " HTTP/1.1\" 200 1").target, large);
}

}  // namespace
}  // namespace streamgauge::loadgen
