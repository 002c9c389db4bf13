// SPDX-License-Identifier: GPL-3.0-or-later
// Requests as bytes: generated fields, feeders, credentials, and the mix of kinds.
#include "loadgen/request_writer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "loadgen/credentials.h"
#include "loadgen/request_mix.h"
#include "loadgen/run_load.h"

namespace streamgauge::loadgen {
namespace {

using Json = nlohmann::json;
using FieldKind = GeneratedField::Kind;

const Timestamp kNow{1'767'225'600'000'042}, kPlanned{1'767'225'599'999'999};
const CsvRows kRows = *CsvRows::parse("city,note\r\nOslo,\"a \"\"b\"\"\n\"\nBern,x\n");

GeneratedField field(const char* name, FieldKind kind, std::int64_t from = 0, std::int64_t to = 0,
                     const char* text = "") {
    GeneratedField f;
    f.name = name;
    f.kind = kind;
    f.from = from;
    f.to = to;
    f.text = text;
    return f;
}

Scenario scenario(RequestKind kind) {
    Scenario s = test::constant_load("http://127.0.0.1:8080/base?x=1", 1, 1);
    s.requests = {std::move(kind)};
    s.feeder.file = "cities.csv";
    s.fields = {field("id", FieldKind::Uuid7),
                field("random", FieldKind::Uuid4),
                field("n", FieldKind::Sequence, 100),
                field("age", FieldKind::Integer, -5, 5),
                field("price", FieldKind::Decimal, -2, 9),
                field("user", FieldKind::Zipf, 0, 50, "u_"),
                field("trace", FieldKind::Hex, 0, 20),
                field("at", FieldKind::Now),
                field("due", FieldKind::Planned),
                field("city", FieldKind::Column, 0, 0, "city"),
                field("note", FieldKind::Column, 0, 0, "note"),
                field("fixed", FieldKind::Constant, 0, 0, "a/b \"c\"")};
    GeneratedField plan = field("plan", FieldKind::Choice);
    plan.values = {"free", "pro", "never"};
    plan.weights = {3, 1, 0};
    s.fields.push_back(plan);
    return s;
}

std::vector<std::string> requests(const Scenario& s, std::uint64_t from, std::uint64_t to, std::uint64_t salt = 1) {
    const Url url = *parse_url(s.url);
    EXPECT_EQ(validate(s).ok(), true);
    auto writer = RequestWriter::make(s, 0, url, {"Authorization: Bearer {{id}}\r\n", salt, &kRows, nullptr});
    EXPECT_TRUE(writer.ok()) << (writer ? "" : writer.error().describe());
    std::vector<std::string> all;
    if (!writer) return all;
    // A byte behind the capacity must stay as it is.
    std::string buffer(writer->capacity() + 1, '#');
    writer->initialise(buffer.data());
    for (std::uint64_t i = from; i < to; ++i) {
        all.emplace_back(writer->fill(buffer.data(), i, kNow, kPlanned));
        EXPECT_EQ(buffer.back(), '#');
    }
    return all;
}

Json body_of(const std::string& request) {
    return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

RequestKind full_kind() {
    RequestKind kind;
    kind.path = "/{{city}}/{{fixed}}?n={{n}}";
    kind.headers = {{"X-Trace", "{{trace}}"}, {"User-Agent", "mine"}};
    kind.body =
        R"({"id":"{{id}}","random":"{{random}}","n":{{n}},"age":{{age}},"price":{{price}},"user":"{{user}}",)"
        R"("at":"{{at}}","due":"{{due}}","city":"{{city}}","note":"{{note}}","fixed":"{{fixed}}","plan":"{{plan}}"})";
    return kind;
}

TEST(RequestWriter, PutsFieldsWhereTheyAreNamed) {
    const std::vector<std::string> all = requests(scenario(full_kind()), 0, 2);
    const std::string& first = all[0];
    EXPECT_EQ(first.substr(0, first.find("\r\n")), "POST /Oslo/a%2Fb%20%22c%22?n=100 HTTP/1.1");
    EXPECT_TRUE(std::regex_search(first, std::regex("\r\nX-Trace: [0-9a-f]{20}\r\n")));
    EXPECT_NE(first.find("\r\nHost: 127.0.0.1:8080\r\n"), std::string::npos);
    EXPECT_NE(first.find("\r\nUser-Agent: mine\r\n"), std::string::npos);
    EXPECT_EQ(first.find("streamgauge-load"), std::string::npos);
    EXPECT_NE(first.find("\r\nAuthorization: Bearer {{id}}\r\n"), std::string::npos);  // a secret is no template
    EXPECT_NE(first.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
    const std::size_t body = first.size() - first.find("\r\n\r\n") - 4;
    EXPECT_NE(first.find("\r\nContent-Length: " + std::to_string(body) + "\r\n"), std::string::npos);
    const Json json = body_of(first);
    EXPECT_EQ(json["n"], 100);
    EXPECT_TRUE(std::regex_match(json["id"].get<std::string>(), std::regex("019b76da-a800-7.{21}")));
    EXPECT_TRUE(std::regex_match(json["random"].get<std::string>(), std::regex(".{14}4.{4}[89ab].{16}")))
        << json["random"];
    EXPECT_EQ(json["at"], "2026-01-01T00:00:00.000042Z");
    EXPECT_EQ(json["due"], "2025-12-31T23:59:59.999999Z");
    EXPECT_EQ(json["note"], "a \"b\"\n");
    EXPECT_EQ(json["fixed"], "a/b \"c\"");
    EXPECT_EQ(body_of(all[1])["city"], "Bern");
    EXPECT_EQ(body_of(all[1])["n"], 101);
}

TEST(RequestWriter, ValuesAreWhatTheirFieldsSay) {
    std::map<std::string, int> plans, users;
    std::set<int> ages;
    std::set<std::string> ids;
    double lowest = 100, highest = -100;
    for (const std::string& request : requests(scenario(full_kind()), 0, 20'000)) {
        const Json json = body_of(request);
        ++plans[json["plan"]];
        ++users[json["user"]];
        ages.insert(json["age"].get<int>());
        ids.insert(json["id"]);
        lowest = std::min(lowest, json["price"].get<double>());
        highest = std::max(highest, json["price"].get<double>());
    }
    EXPECT_EQ(plans.size(), 2U);
    EXPECT_NEAR(plans["free"], 15'000, 300);
    EXPECT_EQ(ages.size(), 11U);
    EXPECT_EQ(ids.size(), 20'000U);
    EXPECT_EQ(users.size(), 50U);
    // Rank k has weight 1 / (k + 1); the sum of fifty is 4.4992.
    EXPECT_NEAR(users["u_0"], 20'000 / 4.4992, 250);
    EXPECT_NEAR(users["u_9"], 2'000 / 4.4992, 80);
    EXPECT_GE(lowest, -2);
    EXPECT_LT(lowest, -1.97);
    EXPECT_LE(highest, 9);
    EXPECT_GT(highest, 8.97);
}

TEST(RequestWriter, SameSeedSameBytesAndAnotherSaltOtherIds) {
    const Scenario s = scenario(full_kind());
    EXPECT_EQ(requests(s, 5, 50), requests(s, 5, 50));
    EXPECT_EQ(requests(s, 0, 50).back(), requests(s, 49, 50).back());  // what was in the buffer leaves no trace
    Scenario other = s;
    other.seed = 2;
    EXPECT_NE(body_of(requests(s, 0, 20)[13])["user"].dump() + body_of(requests(s, 0, 20)[14])["user"].dump(),
              body_of(requests(other, 0, 20)[13])["user"].dump() + body_of(requests(other, 0, 20)[14])["user"].dump());
    const Json a = body_of(requests(s, 7, 8, 1)[0]), b = body_of(requests(s, 7, 8, 2)[0]);
    EXPECT_NE(a["random"], b["random"]);
    EXPECT_EQ(a["user"], b["user"]);
    EXPECT_EQ(a["price"], b["price"]);
}

TEST(RequestWriter, BatchesMethodsAndOtherBodies) {
    RequestKind kind;
    kind.body = "{\"n\":{{n}}}";
    kind.batch = 3;
    const std::vector<std::string> batches = requests(scenario(kind), 0, 2);
    EXPECT_EQ(body_of(batches[0]).dump(), R"([{"n":100},{"n":101},{"n":102}])");
    EXPECT_EQ(body_of(batches[1])[2]["n"], 105);
    kind = {};
    kind.method = "GET";
    EXPECT_EQ(requests(scenario(kind), 0, 1)[0].find("Content-"), std::string::npos);
    EXPECT_EQ(requests(scenario(kind), 0, 1)[0].rfind("GET /base?x=1 HTTP/1.1\r\n", 0), 0U);
    kind.method = "PUT";
    EXPECT_NE(requests(scenario(kind), 0, 1)[0].find("\r\nContent-Length: 0\r\n\r\n"), std::string::npos);
    kind.headers = {{"Content-Type", "text/plain"}};
    kind.body = "{{fixed}}\n{{note}}";
    const std::string text = requests(scenario(kind), 0, 1)[0];
    EXPECT_EQ(text.substr(text.find("\r\n\r\n") + 4), "a/b \"c\"\na \"b\"\n");
    Scenario closing = scenario(kind);
    closing.connections = ConnectionUse::NewEachRequest;
    EXPECT_NE(requests(closing, 0, 1)[0].find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(RequestWriter, RefusesWhatCannotBeWritten) {
    const auto refused = [](RequestKind kind) {
        const Scenario s = scenario(std::move(kind));
        const auto writer = RequestWriter::make(s, 0, *parse_url(s.url), {"", 1, &kRows, nullptr});
        return writer ? std::string("accepted") : writer.error().field;
    };
    EXPECT_EQ(refused({"a", 1, "POST", "/x", {}, "{{nobody}}", 1, {}}), "requests[0].body");
    EXPECT_EQ(refused({"a", 1, "GET", "/{{nobody}}", {}, "", 1, {}}), "requests[0].path");
    EXPECT_EQ(refused({"a", 1, "GET", "/", {{"A", "{{nobody}}"}}, "", 1, {}}), "requests[0].headers");
    EXPECT_EQ(refused({"a", 1, "GET", "/", {{"A", "{{note}}"}}, "", 1, {}}),
              "fields.note");                                                           // a line break in a header
    EXPECT_EQ(refused({"a", 1, "POST", "/{{n}}", {}, "", 1, {}}), "requests[0].body");  // the product's own events
    Scenario s = scenario({"a", 1, "GET", "/{{city}}", {}, "", 1, {}});
    s.fields[9].text = "town";
    EXPECT_EQ(RequestWriter::make(s, 0, *parse_url(s.url), {"", 1, &kRows, nullptr}).error().field, "fields.city");
}

TEST(RequestWriter, TablesOfFieldsHaveACeilingAndAreMadeOnce) {
    Scenario s = scenario({"a", 1, "GET", "/{{user}}/{{user}}", {{"A", "{{user}}"}}, "", 1, {}});
    s.fields[5].to = 1000;
    const std::size_t table = 1000 * sizeof(std::uint64_t);
    for (const auto& [left, accepted] : {std::pair{2 * table, false}, std::pair{3 * table, true}}) {  // path and header
        std::size_t memory = left;
        const auto writer = RequestWriter::make(s, 0, *parse_url(s.url), {"", 1, &kRows, &memory});
        EXPECT_EQ(writer.ok(), accepted);
        EXPECT_EQ(writer ? "fields.user" : writer.error().field, "fields.user");
    }
}

TEST(CsvRows, ReadsWhatRfc4180Writes) {
    EXPECT_EQ(kRows.rows(), 2U);
    EXPECT_EQ(kRows.value(0, 1), "a \"b\"\n");
    EXPECT_EQ(*kRows.column("note"), 1U);
    EXPECT_FALSE(kRows.column("x").ok());
    EXPECT_EQ(CsvRows::parse("a\n\n1\n")->rows(), 2U);  // one column: an empty line is an empty value
    const auto message = [](std::string_view text) {
        const auto rows = CsvRows::parse(text);
        return rows ? std::string("accepted") : rows.error().message;
    };
    EXPECT_EQ(message("a,b\n1,2\n3\n"), "line 3: there are 1 values for 2 columns");
    EXPECT_EQ(message("a,a\n1,2\n"), "line 1: two columns have one name");
    EXPECT_EQ(message("a,b\n"), "line 2: there is no row under the columns' names");
    EXPECT_EQ(message(""), "line 1: there is no row under the columns' names");
    EXPECT_EQ(message("a\n\"x\ny\"z\n"), "line 2: a quote stands where none can");
    EXPECT_EQ(message("a\nx\"y\n"), "line 2: a quote stands where none can");
    EXPECT_EQ(message("a\n\"x"), "line 2: a quote stands where none can");
    EXPECT_FALSE(CsvRows::load("/nowhere/at/all").ok());
}

TEST(Credentials, AreReadWhenTheRunStartsAndNeverRepeated) {
    Credentials c;
    EXPECT_EQ(*credentials_line(c), "");
    setenv("STREAMGAUGE_TEST_SECRET", "s3cret", 1);
    c.kind = Credentials::Kind::Bearer;
    c.environment = "STREAMGAUGE_TEST_SECRET";
    EXPECT_EQ(*credentials_line(c), "Authorization: Bearer s3cret\r\n");
    c.kind = Credentials::Kind::Basic;
    c.user = "ada";
    EXPECT_EQ(*credentials_line(c), "Authorization: Basic YWRhOnMzY3JldA==\r\n");
    c.kind = Credentials::Kind::Header;
    c.header = "X-Key";
    EXPECT_EQ(*credentials_line(c), "X-Key: s3cret\r\n");
    setenv("STREAMGAUGE_TEST_SECRET", "two\r\nlines", 1);
    EXPECT_EQ(credentials_line(c).error().field, "credentials.environment");
    EXPECT_EQ(credentials_line(c).error().describe().find("two"), std::string::npos);
    unsetenv("STREAMGAUGE_TEST_SECRET");
    EXPECT_FALSE(credentials_line(c).ok());
    c.environment.clear();
    c.file = "/nowhere/at/all";
    EXPECT_EQ(credentials_line(c).error().field, "credentials.file");
}

TEST(RequestMix, FollowsTheWeights) {
    Scenario s;
    s.requests.resize(3);
    s.requests[0].weight = 1;
    s.requests[1].weight = 2;
    s.requests[2].weight = 7;
    s.requests[2].expect = {404, 202};
    const RequestMix mix(s);
    std::array<int, 3> seen{};
    for (std::uint64_t i = 0; i < 10'000; ++i) ++seen[mix.endpoint(i)];
    EXPECT_NEAR(seen[0], 1000, 100);
    EXPECT_NEAR(seen[1], 2000, 150);
    EXPECT_EQ(mix.outcome(0, 204), Outcome::Ok);
    EXPECT_EQ(mix.outcome(2, 204), Outcome::Unexpected);
    EXPECT_EQ(mix.outcome(2, 404), Outcome::Ok);
    EXPECT_EQ(mix.outcome(0, 404), Outcome::ClientError);
    EXPECT_EQ(mix.outcome(0, 429), Outcome::Limited);
    EXPECT_EQ(mix.outcome(0, 302), Outcome::Redirect);
    EXPECT_EQ(mix.outcome(0, 500), Outcome::ServerError);
}

}  // namespace
}  // namespace streamgauge::loadgen
