// SPDX-License-Identifier: GPL-3.0-or-later
// Requests that are wrong, one row each, with the exact outcome; the same on both engines.
#include "http/engine_fixture.h"

namespace streamgauge::http::test {
namespace {

struct Case {
    std::string name;
    std::string bytes;
    std::vector<int> statuses;  // of all answers, in order
    bool ends = true;           // the server ends the connection after them
};

std::string padded_head(std::size_t size) {
    const std::string start = "GET /hello HTTP/1.1\r\nHost: localhost\r\nX: ";
    return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
}
std::string many_headers(std::size_t count) {
    std::string text = "GET /hello HTTP/1.1\r\nHost: localhost\r\n";
    for (std::size_t i = 1; i < count; ++i) text += "X-" + std::to_string(i) + ": v\r\n";
    return text + "\r\n";
}
std::string long_target(std::size_t size) {
    return get("/hello?" + std::string(size - 7, 'q'));
}

std::string echo(std::string_view headers, std::string_view body = {}) {
    return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n" + std::string(body);
}
std::string chunked(std::string_view body) {
    return echo("Transfer-Encoding: chunked\r\n", body);
}
std::string line(std::string_view first) {
    return std::string(first) + "\r\nHost: localhost\r\n\r\n";
}
std::string header(std::string_view field) {
    return get("/hello", std::string(field) + "\r\n");
}

std::vector<Case> cases() {
    const std::string next = get("/hello");  // must not be served where the connection ends
    const std::string zero(1, '\0');
    std::vector<Case> rows{
        // request line
        {"no version", line("GET /hello"), {400}},
        {"http 0.9", "GET /hello\r\n", {400}},
        {"two spaces", line("GET  /hello HTTP/1.1"), {400}},
        {"space behind the version", line("GET /hello HTTP/1.1 "), {400}},
        {"space in the target", line("GET /hel lo HTTP/1.1"), {400}},
        {"tab as separator", line("GET\t/hello\tHTTP/1.1"), {400}},
        {"leading space", " " + line("GET /hello HTTP/1.1"), {400}},
        {"empty method", line(" /hello HTTP/1.1"), {400}},
        {"method is no token", line("GE(T /hello HTTP/1.1"), {400}},
        {"http 1.2", line("GET /hello HTTP/1.2"), {505}},
        {"http 2.0", line("GET /hello HTTP/2.0"), {505}},
        {"http 2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}},
        {"http 0.9 by name", line("GET /hello HTTP/0.9"), {505}},
        {"version of two digits", line("GET /hello HTTP/1.10"), {400}},
        {"lower case http", line("GET /hello http/1.1"), {400}},
        {"another protocol", line("GET /hello ICAP/1.0"), {400}},
        {"relative target", line("GET hello HTTP/1.1"), {400}},
        {"star for get", line("GET * HTTP/1.1"), {400}},
        {"fragment", line("GET /hello#x HTTP/1.1"), {400}},
        {"control character in the target", line("GET /hel\x01lo HTTP/1.1"), {400}},
        {"delete character in the target", line("GET /hel\x7Flo HTTP/1.1"), {400}},
        {"raw utf-8 in the target", line("GET /hell\xC3\xB6 HTTP/1.1"), {400}},
        {"authority form", line("CONNECT localhost:80 HTTP/1.1"), {400}},
        {"another scheme", line("GET ftp://localhost/hello HTTP/1.1"), {400}},
        {"user in the authority", line("GET http://me@localhost/hello HTTP/1.1"), {400}},
        {"lower case method", line("get /hello HTTP/1.1"), {405}, false},
        {"two empty lines first", "\r\n\r\n" + next, {400}},
        {"tls hello", std::string("\x16\x03\x01\x02\x00\x01", 6), {400}},
        {"zero bytes", std::string(64, '\0'), {400}},
        {"smtp", "EHLO example.org\r\n", {400}},
        {"only line feeds", "GET /hello HTTP/1.1\nHost: localhost\n\n", {400}},
        {"one bare line feed", "GET /hello HTTP/1.1\r\nHost: localhost\n\r\n", {400}},
        {"a bare carriage return", "GET /hello HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n", {400}},
        {"carriage return before the end", "GET /hello HTTP/1.1\r\r\nHost: localhost\r\n\r\n", {400}},
        // header fields
        {"folded", header("X: a\r\n b"), {400}},
        {"folded by tab", header("X: a\r\n\tb"), {400}},
        {"folded at once", "GET /hello HTTP/1.1\r\n Host: localhost\r\n\r\n", {400}},
        {"no colon", header("NoColon"), {400}},
        {"no name", header(": value"), {400}},
        {"space before the colon", header("X : value"), {400}},
        {"space in the name", header("X Y: value"), {400}},
        {"name is no token", header("X(Y): value"), {400}},
        {"utf-8 in the name", header("X\xC3\xA4: value"), {400}},
        {"zero in a value", header("X: a" + zero + "b"), {400}},
        {"control in a value", header("X: a\x02"), {400}},
        {"utf-8 in a value", header("X: \xC3\xA4"), {200}, false},
        {"empty value", header("X:"), {200}, false},
        {"no host", "GET /hello HTTP/1.1\r\n\r\n", {400}},
        {"two hosts", header("Host: localhost"), {400}},
        {"two hosts in 1.0", "GET /hello HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n\r\n", {400}},
        {"empty host", "GET /hello HTTP/1.1\r\nHost:\r\n\r\n", {400}},
        {"list of hosts", "GET /hello HTTP/1.1\r\nHost: localhost, evil\r\n\r\n", {400}},
        {"user in host", "GET /hello HTTP/1.1\r\nHost: localhost@evil\r\n\r\n", {400}},
        {"path in host", "GET /hello HTTP/1.1\r\nHost: localhost/evil\r\n\r\n", {400}},
        {"port out of range", "GET /hello HTTP/1.1\r\nHost: localhost:65536\r\n\r\n", {400}},
        {"two origins", get("/hello", "Origin: null\r\nOrigin: null\r\n"), {400}},
        // limits of the head, at n and n + 1
        {"head at its limit", padded_head(limits::kHeadBytes), {200}, false},
        {"head beyond its limit", padded_head(limits::kHeadBytes + 1), {431}},
        {"head without end", padded_head(limits::kHeadBytes * 2), {431}},
        {"headers at their limit", many_headers(limits::kHeaderCount), {200}, false},
        {"headers beyond their limit", many_headers(limits::kHeaderCount + 1), {431}},
        {"target at its limit", long_target(limits::kTargetBytes), {200}, false},
        {"target beyond its limit", long_target(limits::kTargetBytes + 1), {414}},
        {"request line without end", "GET /" + std::string(limits::kHeadBytes, 'a'), {414}},
        // Content-Length
        {"length with plus", echo("Content-Length: +5\r\n", "hello" + next), {400}},
        {"negative length", echo("Content-Length: -1\r\n", next), {400}},
        {"length in hexadecimal", echo("Content-Length: 0x5\r\n", "hello" + next), {400}},
        {"length with fraction", echo("Content-Length: 5.0\r\n", "hello" + next), {400}},
        {"length of two words", echo("Content-Length: 5 5\r\n", "hello" + next), {400}},
        {"list of lengths", echo("Content-Length: 5, 5\r\n", "hello" + next), {400}},
        {"list of unequal lengths", echo("Content-Length: 5, 6\r\n", "hello" + next), {400}},
        {"length twice", echo("Content-Length: 5\r\nContent-Length: 5\r\n", "hello" + next), {400}},
        {"two lengths", echo("Content-Length: 5\r\nContent-Length: 6\r\n", "hello" + next), {400}},
        {"empty length", echo("Content-Length:\r\n", next), {400}},
        {"length beyond 64 bits", echo("Content-Length: 18446744073709551621\r\n", "hello" + next), {400}},
        {"length of many digits", echo("Content-Length: 99999999999999999999999999\r\n", next), {400}},
        {"huge length", echo("Content-Length: 999999999999999999\r\n", next), {413}},
        {"length with leading zeros", echo("Content-Length: 0005\r\n", "hello" + next), {200, 200}, false},
        {"length of a get", get("/hello", "Content-Length: 3\r\n"), {413}},
        {"body that was not announced", echo("", "{}" + next), {200, 400}},
        // Transfer-Encoding
        {"both framings", echo("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + next), {400}},
        {"both the other way", echo("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n" + next), {400}},
        {"both, not chunked", echo("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello" + next), {400}},
        {"gzip", echo("Transfer-Encoding: gzip\r\n", next), {501}},
        {"gzip and chunked", echo("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n" + next), {501}},
        {"chunked and gzip", echo("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n" + next), {501}},
        {"identity", echo("Transfer-Encoding: identity\r\n", next), {501}},
        {"chunked in quotes", echo("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n" + next), {501}},
        {"vertical tab before chunked",
         echo("Transfer-Encoding: \x0B"
              "chunked\r\n",
              "0\r\n\r\n" + next),
         {400}},
        {"chunked in capitals", echo("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n" + next), {200, 200}, false},
        {"chunked in 1.0",
         "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         {400}},
        // chunks
        {"chunk size is no number", chunked("x\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"empty chunk size", chunked("\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"chunk size with plus", chunked("+5\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"negative chunk size", chunked("-1\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"space before the chunk size", chunked(" 5\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"space behind the chunk size", chunked("5 \r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"chunk size that wraps", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"chunk size of 64 bits", chunked("FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"chunk longer than said", chunked("5\r\nhello!\r\n0\r\n\r\n" + next), {400}},
        {"chunk shorter than said", chunked("6\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"line feed behind the size", chunked("5\nhello\r\n0\r\n\r\n" + next), {400}},
        {"line feed behind the data", chunked("5\r\nhello\n0\r\n\r\n" + next), {400}},
        {"line feed in an extension", chunked("5;a=\nb\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"control in an extension", chunked("5;a=\x01\r\nhello\r\n0\r\n\r\n" + next), {400}},
        {"endless extension", chunked("5;" + std::string(limits::kHeadBytes + 1, 'e')), {431}},
        {"extension at its limit",
         chunked("5;" + std::string(limits::kHeadBytes, 'e') + "\r\nhello\r\n0\r\n\r\n" + next),
         {200, 200},
         false},
        {"folded trailer", chunked("0\r\n X: y\r\n\r\n" + next), {400}},
        {"trailer without colon", chunked("0\r\nX\r\n\r\n" + next), {400}},
        {"line feed in the trailers", chunked("0\r\nX: y\n\r\n" + next), {400}},
        {"bare end of the trailers", chunked("0\r\n\n" + next), {400}},
        // bodies, at n and n + 1
        {"body at its limit", post("/small", std::string(64, 'b')) + next, {200, 200}, false},
        {"body beyond its limit", post("/small", std::string(65, 'b')) + next, {413}},
        {"no body where none is taken", post("/none", "") + next, {200, 200}, false},
        {"a body where none is taken", post("/none", "b") + next, {413}},
        {"chunked body at its limit",
         "POST /small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + std::string(32, 'b') +
             "\r\n20\r\n" + std::string(32, 'b') + "\r\n0\r\n\r\n" + next,
         {200, 200},
         false},
        {"chunked body beyond its limit",
         "POST /small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + std::string(32, 'b') +
             "\r\n21\r\n" + std::string(33, 'b') + "\r\n0\r\n\r\n" + next,
         {413}},
        {"a chunk where none is taken",
         "POST /none HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n" + next,
         {413}},
        {"refused by length alone",
         echo("Content-Length: " + std::to_string(limits::kIngestBodyBytes + 1) + "\r\n"),
         {413}},
        {"small body for nobody",
         post("/nothing", std::string(limits::kSmallBodyBytes, 'b')) + next,
         {404, 200},
         false},
        {"larger body for nobody", post("/nothing", std::string(limits::kSmallBodyBytes + 1, 'b')), {404}},
        {"good, then bad", next + "BAD\r\n\r\n" + next, {200, 400}},
        {"bad, then good", "BAD\r\n\r\n" + next, {400}},
    };
    std::string trailers = chunked("0\r\n");
    for (std::size_t i = 0; i < limits::kHeaderCount; ++i) trailers += "X: y\r\n";
    rows.push_back({"trailers at their limit", trailers + "\r\n" + next, {200, 200}, false});
    rows.push_back({"trailers beyond their limit", trailers + "X: y\r\n\r\n" + next, {431}});
    return rows;
}

class Hostile : public EngineTest {};
INSTANTIATE_TEST_SUITE_P(Engines, Hostile, ::testing::Values(Kind::Public, Kind::Management), kind_name);

TEST_P(Hostile, EveryRowHasItsOutcome) {
    for (const Case& row : cases()) {
        SCOPED_TRACE(row.name);
        RawClient client(port);
        std::thread sender([&] { client.send(row.bytes); });
        for (const int status : row.statuses) {
            const Answer answer = client.read();
            EXPECT_EQ(answer.status, status) << answer.head << answer.body;
            if (status >= 400) {
                EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
                EXPECT_NE(answer.body.find("\"status\":" + std::to_string(status)), std::string::npos);
            }
        }
        if (row.ends) {
            EXPECT_TRUE(client.ended()) << client.rest();
        } else {
            sender.join();
            EXPECT_EQ(client.exchange(get("/who/me")).body, "me|||127.0.0.1") << "the connection goes on";
        }
        if (sender.joinable()) sender.join();
    }
    expect_alive();
    EXPECT_TRUE(eventually([&] { return balanced(); }));
}

// However the bytes are cut into segments, the outcome is the same.
TEST_P(Hostile, EveryRowHasItsOutcomeByteByByte) {
    for (const Case& row : cases()) {
        if (row.bytes.size() > 600) continue;
        SCOPED_TRACE(row.name);
        RawClient client(port);
        for (const char c : row.bytes) {
            if (!client.send({&c, 1})) break;
        }
        for (const int status : row.statuses) EXPECT_EQ(client.read().status, status);
        if (row.ends) {
            EXPECT_TRUE(client.ended()) << client.rest();
        }
    }
    EXPECT_TRUE(eventually([&] { return balanced(); }));
}

TEST_P(Hostile, ThereAreManyRows) {
    EXPECT_GE(cases().size(), 100U);
}

TEST_P(Hostile, ARequestThatStopsInTheMiddleIsNoRequest) {
    for (const std::string& part : {std::string("GET /hel"), std::string("GET /hello HTTP/1.1\r\nHost: localhost\r\n"),
                                    echo("Content-Length: 5\r\n", "hell"), echo("Content-Length: 100000\r\n", "hell"),
                                    chunked("5\r\nhel"), chunked("5\r\nhello\r\n0\r\n")}) {
        SCOPED_TRACE(part);
        RawClient client(port);
        ASSERT_TRUE(client.send(part));
        client.end_sending();
        EXPECT_TRUE(client.ended());
    }
    EXPECT_EQ(echoes, 0);
    EXPECT_TRUE(eventually([&] { return balanced(); }));
}

}  // namespace
}  // namespace streamgauge::http::test
