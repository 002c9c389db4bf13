// SPDX-License-Identifier: GPL-3.0-or-later
// Where a request ends and what is refused, each case fed whole and byte by byte: the verdict may not depend on
// packets.
#include "http/framing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"

namespace streamgauge::http {
namespace {

using Progress = Framing::Progress;

struct Verdict {
    Progress progress = Progress::NeedMore;
    int status = 0;
    std::size_t head_size = 0;
    Request request;
    HeadFacts facts;
    std::string head;  // what the views of `request` point into
};

// Feeds `bytes` in pieces of `step`, then parses the head if there is one.
void judge(std::string_view bytes, std::size_t step, Verdict& verdict) {
    Framing framing;
    Progress progress = Progress::NeedMore;
    for (std::size_t end = std::min(step, bytes.size()); progress == Progress::NeedMore;
         end = std::min(end + step, bytes.size())) {
        verdict.head.assign(bytes.substr(0, end));  // moves between calls, as a growing buffer does
        progress = framing.scan_head(verdict.head);
        if (end == bytes.size()) break;
    }
    if (progress == Progress::Done) {
        verdict.head_size = framing.head_size();
        verdict.head.assign(bytes.substr(0, verdict.head_size));
        progress = framing.parse_head(verdict.head, verdict.request, verdict.facts);
    }
    verdict.progress = progress;
    if (progress == Progress::Refused) verdict.status = framing.refusal().status;
}

// The status of the refusal, 0 for a whole head, -1 for more to come.
int status_of_head(std::string_view bytes) {
    Verdict whole;
    judge(bytes, bytes.size() + 1, whole);
    for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
        Verdict pieces;
        judge(bytes, step, pieces);
        EXPECT_EQ(pieces.progress, whole.progress) << "in pieces of " << step << ": " << bytes.substr(0, 200);
        EXPECT_EQ(pieces.status, whole.status) << "in pieces of " << step << ": " << bytes.substr(0, 200);
        EXPECT_EQ(pieces.head_size, whole.head_size);
    }
    if (whole.progress == Progress::NeedMore) return -1;
    return whole.progress == Progress::Done ? 0 : whole.status;
}

int status_with(std::string_view headers) {
    return status_of_head("POST /events HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n");
}

TEST(FramingHead, TakesWhatIsWellFormed) {
    for (const std::string_view head : {
             "GET / HTTP/1.1\r\nHost: localhost:8090\r\n\r\n",
             "GET / HTTP/1.1\r\nhost:[::1]:8090\r\n\r\n",
             "GET / HTTP/1.0\r\n\r\n",
             "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
             "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET http://localhost:1/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
             "BREW /pot?a=b&c=%20 HTTP/1.1\r\nHost: a\r\nX: \t v\xC3\xA9 \t\r\nEmpty:\r\n\r\n",
         }) {
        EXPECT_EQ(status_of_head(head), 0) << head;
    }
}

TEST(FramingHead, FillsTheRequest) {
    Verdict verdict;
    judge("PUT /a%2Fb/c?x=1&y=%20 HTTP/1.1\r\nHost: h\r\nX-Mixed-Case: \t v  w \r\nContent-Length: 12\r\n\r\nbody", 3,
          verdict);
    ASSERT_EQ(verdict.progress, Progress::Done);
    EXPECT_EQ(verdict.request.method, Method::Put);
    EXPECT_EQ(verdict.request.target, "/a%2Fb/c?x=1&y=%20");
    EXPECT_EQ(verdict.request.path, "/a%2Fb/c");
    EXPECT_EQ(verdict.request.query, "x=1&y=%20");
    ASSERT_EQ(verdict.request.headers.size(), 3U);
    EXPECT_EQ(verdict.request.headers[1].first, "X-Mixed-Case");
    EXPECT_EQ(verdict.request.headers[1].second, "v  w");
    EXPECT_EQ(verdict.facts.content_length, 12U);
    EXPECT_EQ(verdict.facts.authority, "h");
    EXPECT_TRUE(verdict.facts.keep_alive);
    EXPECT_FALSE(verdict.facts.chunked);
}

TEST(FramingHead, WaitsForAllOfIt) {
    const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (std::size_t size = 0; size < head.size(); ++size) EXPECT_EQ(status_of_head(head.substr(0, size)), -1) << size;
}

TEST(FramingHead, RefusesOtherLines) {
    for (const std::string_view head : {
             "GET /\r\n\r\n",                                    // HTTP/0.9
             "GET / HTTP/1.1\nHost: a\n\n",                      // bare LF
             "GET / HTTP/1.1\r\nHost: a\n\r\n",                  // one bare LF
             "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",             // lone CR
             "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",  // obs-fold
             "GET / HTTP/1.1\r\nHost: a\r\nX 1\r\n\r\n",         // no colon
             "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",       // space before the colon
             "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n",         // no name
             "GET / HTTP/1.1\r\nHost: a\r\nX@: 1\r\n\r\n",       // no token
             "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",     // control character
             "GET / HTTP/1.1\r\nHost: a\r\nX: \x7F\r\n\r\n",
             "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",  // two spaces
             "GET / /b HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET /\xE9 HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET /#f HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
             "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
             " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
             "GET / http/1.1\r\nHost: a\r\n\r\n",
             "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",  // one empty line is enough
             "\x16\x03\x01\x02",                           // a TLS hello
         }) {
        EXPECT_EQ(status_of_head(head), 400) << head;
    }
    EXPECT_EQ(status_of_head(std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 37)), 400);
    for (const std::string_view head : {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"}) {
        EXPECT_EQ(status_of_head(head), 505) << head;
    }
}

TEST(FramingHead, WantsExactlyOneHost) {
    EXPECT_EQ(status_of_head("GET / HTTP/1.1\r\n\r\n"), 400);
    EXPECT_EQ(status_with("Host: localhost\r\n"), 400);
    for (const std::string_view host : {"a b", "a/b", "user@a", "a:b", "a:99999", "[::1", ""}) {
        EXPECT_EQ(status_of_head("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 400) << host;
    }
}

TEST(FramingHead, WantsOneLengthOrChunked) {
    EXPECT_EQ(status_with("Content-Length: 0\r\n"), 0);
    EXPECT_EQ(status_with("Content-Length: 00007\r\n"), 0);
    EXPECT_EQ(status_with("Transfer-Encoding: Chunked\r\n"), 0);
    for (const std::string_view length : {"abc", "-5", "+5", "5 5", "5, 5", "0x5", "", "5.0", "18446744073709551615",
                                          "18446744073709551621", "99999999999999999999999"}) {
        EXPECT_EQ(status_with("Content-Length: " + std::string(length) + "\r\n"), 400) << length;
    }
    EXPECT_EQ(status_with("Content-Length: 5\r\nContent-Length: 5\r\n"), 400);
    EXPECT_EQ(status_with("Content-Length: 5\r\ncontent-length: 6\r\n"), 400);
    EXPECT_EQ(status_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
    EXPECT_EQ(status_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
    for (const std::string_view coding :
         {"gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "xchunked", "chunked;q=1"}) {
        const int status = status_with("Transfer-Encoding: " + std::string(coding) + "\r\n");
        EXPECT_TRUE(status == 501 || status == 400) << coding << ": " << status;
    }
    const int twice = status_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
    EXPECT_TRUE(twice == 501 || twice == 400) << twice;
    EXPECT_EQ(status_of_head("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(FramingHead, KnowsWhetherTheConnectionStays) {
    const auto keeps = [](std::string_view version, std::string_view headers) {
        Verdict verdict;
        judge("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(headers) + "\r\n", 1000, verdict);
        EXPECT_EQ(verdict.progress, Progress::Done);
        return verdict.facts.keep_alive;
    };
    EXPECT_TRUE(keeps("1.1", ""));
    EXPECT_TRUE(keeps("1.1", "Connection: keep-alive\r\n"));
    EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("1.1", "Connection: keep-alive, Close\r\n"));
    EXPECT_FALSE(keeps("1.1", "Connection: x\r\nConnection: CLOSE\r\n"));
    EXPECT_FALSE(keeps("1.0", ""));
    EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST(FramingLimits, HeadBytes) {
    const std::string start = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    const auto head_of = [&](std::size_t size) {
        return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
    };
    EXPECT_EQ(status_of_head(head_of(limits::kHeadBytes)), 0);
    EXPECT_EQ(status_of_head(head_of(limits::kHeadBytes + 1)), 431);
    // Without an end it is refused as soon as it cannot fit.
    EXPECT_EQ(status_of_head(head_of(limits::kHeadBytes + 1).substr(0, limits::kHeadBytes + 1)), 431);
}

TEST(FramingLimits, HeaderCount) {
    const auto head_with = [](std::size_t count) {
        std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\n";
        for (std::size_t i = 1; i < count; ++i) head += "X" + std::to_string(i) + ": 1\r\n";
        return head + "\r\n";
    };
    EXPECT_EQ(status_of_head(head_with(limits::kHeaderCount)), 0);
    EXPECT_EQ(status_of_head(head_with(limits::kHeaderCount + 1)), 431);
}

TEST(FramingLimits, TargetBytes) {
    const auto head_of = [](std::size_t size) {
        return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    };
    EXPECT_EQ(status_of_head(head_of(limits::kTargetBytes)), 0);
    EXPECT_EQ(status_of_head(head_of(limits::kTargetBytes + 1)), 414);
    EXPECT_EQ(status_of_head(head_of(limits::kHeadBytes * 2)), 414);
}

struct Body {
    Progress progress = Progress::NeedMore;
    int status = 0;
    std::size_t consumed = 0;
    std::string data;
};

Body decode(std::string_view bytes, std::size_t step) {
    ChunkDecoder decoder;
    Body body;
    while (body.consumed < bytes.size() && body.progress == Progress::NeedMore) {
        std::string piece(bytes.substr(body.consumed, step));
        std::string_view rest = piece;
        while (!rest.empty() && body.progress == Progress::NeedMore) {
            const ChunkDecoder::Step one = decoder.decode(rest);
            body.data += one.data;
            body.consumed += one.consumed;
            body.progress = one.progress;
            rest.remove_prefix(one.consumed);
        }
    }
    if (body.progress == Progress::Refused) body.status = decoder.refusal().status;
    return body;
}

// Whole and byte by byte agree.
Body decode_both(std::string_view bytes) {
    Body whole = decode(bytes, bytes.size());
    const Body pieces = decode(bytes, 1);
    EXPECT_EQ(pieces.progress, whole.progress) << bytes;
    EXPECT_EQ(pieces.status, whole.status) << bytes;
    EXPECT_EQ(pieces.consumed, whole.consumed) << bytes;
    EXPECT_EQ(pieces.data, whole.data) << bytes;
    return whole;
}

TEST(FramingChunks, DecodesAndStopsAtTheEnd) {
    const Body body =
        decode_both("5\r\nhello\r\n1;name=\"v\"\r\n,\r\n00A\r\n 0123456\r\n\r\n0\r\nTrailer: x\r\n\r\nGET /");
    EXPECT_EQ(body.progress, Progress::Done);
    EXPECT_EQ(body.data, "hello, 0123456\r\n");
    EXPECT_EQ(body.consumed, std::string_view("5\r\nhello\r\n1;name=\"v\"\r\n,\r\n00A\r\n 0123456\r\n\r\n0\r\nTrailer: "
                                              "x\r\n\r\n")
                                 .size());
    for (const std::string_view extensions :
         {";a", "; a", ";a;b=c", ";a ;b", ";a = b ; c", ";a=\"\"", ";a=\"b;c=\td\"", ";a=\"\\\"\\b\" ;c"})
        EXPECT_EQ(decode_both("1" + std::string(extensions) + "\r\nx\r\n0\r\n\r\n").data, "x") << extensions;
    EXPECT_EQ(decode_both("0\r\n\r\n").progress, Progress::Done);
    EXPECT_EQ(decode_both("0\r\n\r").progress, Progress::NeedMore);
    EXPECT_EQ(decode_both("3\r\nabc").progress, Progress::NeedMore);
}

TEST(FramingChunks, RefusesOtherChunks) {
    for (const std::string_view bytes : {
             "zz\r\n",
             "-5\r\nhello",
             "-1\r\n",
             "\r\n",
             "5\nhello",
             "0x5\r\nhello",
             " 5\r\nhello",
             "5 \r\nhello",
             "5\r\nhello5\r\n",
             "5\r\nhello\n0\r\n\r\n",
             "5\r\nhelloo\r\n",
             "5\r\nhello\r0\r\n",
             "5;\x01\r\nhello",
             "5 ;a\r\nhello",
             "5;\r\nhello",
             "5;;a\r\nhello",
             "5;=a\r\nhello",
             "5;a=\r\nhello",
             "5;a=;b\r\nhello",
             "5;a b\r\nhello",
             "5;a \r\nhello",
             "5;a=b \r\nhello",
             "5;a=b=c\r\nhello",
             "5;a=b\"c\"\r\nhello",
             "5;a=\"b\"c\r\nhello",
             "5;a=\"\r\nhello",
             "5;a=\"\\\r\nhello",
             "5;a=\"\x01\"\r\nhello",
             "5;a(b)\r\nhello",
             "FFFFFFFFFFFFFFFFF\r\n",
             "0\r\nBad Trailer: x\r\n\r\n",
             "0\r\n folded\r\n\r\n",
             "0\r\n: x\r\n\r\n",
             "0\r\nT: \x01\r\n\r\n",
             "0\r\nT: x\n\n",
             "0\r\n\n",
         }) {
        EXPECT_EQ(decode_both(bytes).status, 400) << bytes;
    }
}

TEST(FramingLimits, ChunkOverhead) {
    const auto extension_of = [](std::size_t size) { return "1;" + std::string(size, 'e') + "\r\nx\r\n0\r\n\r\n"; };
    EXPECT_EQ(decode_both(extension_of(limits::kHeadBytes)).progress, Progress::Done);
    EXPECT_EQ(decode_both(extension_of(limits::kHeadBytes + 1)).status, 431);
    std::string trailers = "0\r\n";
    for (std::size_t i = 0; i < limits::kHeaderCount; ++i) trailers += "T: 1\r\n";
    EXPECT_EQ(decode_both(trailers + "\r\n").progress, Progress::Done);
    EXPECT_EQ(decode_both(trailers + "T: 1\r\n\r\n").status, 431);
}

}  // namespace
}  // namespace streamgauge::http
