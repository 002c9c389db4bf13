// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/response_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace streamgauge::loadgen {
namespace {

using State = ResponseParser::State;

State feed_whole(ResponseParser& parser, std::string_view text) {
    parser.reset();
    return parser.feed(text);
}

State feed_bytewise(ResponseParser& parser, std::string_view text) {
    parser.reset();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const State state = parser.feed(text.substr(i, 1));
        if (state == State::Malformed || i + 1 == text.size()) return state;
        if (state == State::Complete) return State::Malformed;  // before the end
    }
    return State::NeedMore;
}

struct Case {
    const char* text;
    int status;
    bool keep_alive;
};

TEST(ResponseParser, CompleteAnswersWholeAndByteByByte) {
    const std::vector<Case> cases{
        {"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok", 202, true},
        {"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, true},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, true},
        {"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 429, false},
        {"HTTP/1.1 429 X\r\nConnection: close, keep-alive\r\nContent-Length: 0\r\n\r\n", 429, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, false},
        {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", 200, true},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\nno!", 503, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA;n=v\r\n0123456789\r\n2\r\nab\r\n0\r\nX: y\r\n\r\n",
         200, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, true},
    };
    ResponseParser parser;
    for (const Case& c : cases) {
        EXPECT_EQ(feed_whole(parser, c.text), State::Complete) << c.text;
        EXPECT_EQ(parser.status(), c.status) << c.text;
        EXPECT_EQ(parser.keep_alive(), c.keep_alive) << c.text;
        EXPECT_EQ(feed_bytewise(parser, c.text), State::Complete) << c.text;
        EXPECT_EQ(parser.status(), c.status) << c.text;
        EXPECT_EQ(parser.keep_alive(), c.keep_alive) << c.text;
    }
}

TEST(ResponseParser, TakesOneAnswerAfterTheOtherHoweverTheyAreCut) {
    const std::vector<std::string> answers{
        "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nServer-Timing: queue;dur=1\r\n\r\nok",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\nno!",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"};
    std::string all;
    for (const std::string& answer : answers) all += answer;
    for (std::size_t cut = 1; cut <= all.size(); ++cut) {
        ResponseParser parser;
        std::vector<int> statuses;
        for (std::size_t at = 0; at < all.size(); at += cut) {
            std::string_view bytes = std::string_view(all).substr(at, cut);
            while (!bytes.empty()) {
                const State state = parser.take(bytes);
                if (state == State::NeedMore) break;
                ASSERT_EQ(state, State::Complete) << "pieces of " << cut;
                EXPECT_EQ(parser.server_timing(), statuses.empty() ? "queue;dur=1" : "");
                statuses.push_back(parser.status());
                parser.reset();
            }
            ASSERT_TRUE(bytes.empty());
        }
        EXPECT_EQ(statuses, (std::vector<int>{202, 204, 503, 200, 404})) << "pieces of " << cut;
        EXPECT_FALSE(parser.started());
    }
}

TEST(ResponseParser, AnswerThatEndsWithTheConnection) {
    ResponseParser parser;
    EXPECT_EQ(feed_whole(parser, "HTTP/1.1 200 OK\r\n\r\nsome"), State::NeedMore);
    EXPECT_EQ(parser.feed(" more"), State::NeedMore);
    EXPECT_EQ(parser.finish(), State::Complete);
    EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, CutAnswersAreMalformedAtTheEnd) {
    for (const char* text : {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Le",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
        ResponseParser parser;
        EXPECT_EQ(feed_whole(parser, text), State::NeedMore) << text;
        EXPECT_EQ(parser.finish(), State::Malformed) << text;
    }
}

TEST(ResponseParser, MalformedAnswers) {
    for (const char* text : {
             "hello\r\n\r\n",
             "HTTP/2.0 200 OK\r\n\r\n",
             "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 101 Switching Protocols\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!",
             "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
             "HTTP/1.1 200 OK\r\n folded: 1\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000001\r\na",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx",
             "HTTP/1.1 204 No Content\r\n\r\nx",
         }) {
        ResponseParser parser;
        EXPECT_EQ(feed_whole(parser, text), State::Malformed) << text;
    }
}

TEST(ResponseParser, HeadLimit) {
    const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
    const std::string fits = start + std::string(ResponseParser::kHeadBytes - start.size(), 'x') + "\r\n\r\n";
    const std::string too_long = start + std::string(ResponseParser::kHeadBytes - start.size() + 1, 'x') + "\r\n\r\n";
    ResponseParser parser;
    EXPECT_EQ(feed_whole(parser, fits), State::Complete);
    EXPECT_EQ(feed_bytewise(parser, fits), State::Complete);
    EXPECT_EQ(feed_whole(parser, too_long), State::Malformed);
    EXPECT_EQ(feed_bytewise(parser, too_long), State::Malformed);
    EXPECT_EQ(feed_bytewise(parser, std::string(ResponseParser::kHeadBytes + 8, 'x')), State::Malformed);
}

TEST(ResponseParser, NextAnswerAfterReset) {
    ResponseParser parser;
    EXPECT_EQ(feed_whole(parser, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), State::Complete);
    EXPECT_EQ(feed_whole(parser, "HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\n"), State::NeedMore);
    EXPECT_TRUE(parser.started());
    EXPECT_EQ(parser.feed("x"), State::Complete);
    EXPECT_EQ(parser.status(), 500);
}

}  // namespace
}  // namespace streamgauge::loadgen
