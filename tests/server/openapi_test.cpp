// SPDX-License-Identifier: GPL-3.0-or-later
// The OpenAPI document says what the server serves: against rows made here, and against a real server's own.
#include "server/openapi.h"

#include <gmock/gmock.h>

#include <QCoreApplication>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

http::Route row(http::Method method, std::string path, http::Scope scope, http::RouteDocs docs = {},
                http::ErrorForm errors = nullptr) {
    return {method,
            std::move(path),
            scope,
            http::Plane::Both,
            0,
            "Does something.",
            [](const http::Request&, const http::ReplyPtr&) {},
            errors,
            false,
            false,
            std::move(docs)};
}

json document_of(const http::RouteTable& table, http::Plane listener = http::Plane::ManagementOnly) {
    const auto text = openapi_document(table, listener);
    EXPECT_TRUE(text.ok()) << text.error().describe();
    return text.ok() ? json::parse(*text) : json::object();
}

void collect_refs(const json& value, std::set<std::string>& refs) {
    if (value.is_object() && value.contains("$ref") && value["$ref"].is_string()) {
        refs.insert(value["$ref"].get<std::string>());
    }
    for (const json& child : value) {
        if (child.is_structured()) collect_refs(child, refs);
    }
}

// "GET /health" of everything in the document.
std::set<std::string> operations_of(const json& document) {
    std::set<std::string> out;
    for (const auto& [path, methods] : document.at("paths").items()) {
        for (const auto& [method, operation] : methods.items()) {
            std::string name = method;
            std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
            out.insert(name + " " + path);
        }
    }
    return out;
}

TEST(OpenApi, ParametersOfTheTemplateAndOfTheRow) {
    http::RouteDocs docs;
    docs.parameters = {{"limit", "query", R"({"type":"integer"})", "How many.", true},
                       {"id", "path", R"({"type":"string","format":"uuid"})", "Which.", false}};
    http::RouteTable table;
    ASSERT_TRUE(table.add(row(http::Method::Delete, "/things/{id}/parts/{part}", http::Scope::Admin, docs)).ok());
    const json operation = document_of(table)["paths"]["/things/{id}/parts/{part}"]["delete"];
    EXPECT_EQ(operation["operationId"], "deleteThingsByIdPartsByPart");
    EXPECT_EQ(operation["parameters"], json::parse(R"([{"name":"id","in":"path","description":"Which.","required":true,
                               "schema":{"type":"string","format":"uuid"}},
                              {"name":"part","in":"path","required":true,"schema":{"type":"string","minLength":1}},
                              {"name":"limit","in":"query","description":"How many.","required":true,
                               "schema":{"type":"integer"}}])"));
    EXPECT_EQ(operation["x-scope"], "admin");
}

TEST(OpenApi, CredentialsByScope) {
    http::RouteTable table;
    ASSERT_TRUE(table.add(row(http::Method::Get, "/public", http::Scope::Public)).ok());
    ASSERT_TRUE(table.add(row(http::Method::Post, "/ingest", http::Scope::Ingest)).ok());
    ASSERT_TRUE(table.add(row(http::Method::Get, "/query", http::Scope::Query)).ok());
    ASSERT_TRUE(table.add(row(http::Method::Get, "/admin", http::Scope::Admin)).ok());
    const json paths = document_of(table)["paths"];
    EXPECT_EQ(paths["/public"]["get"]["security"], json::array());
    EXPECT_FALSE(paths["/public"]["get"]["responses"].contains("401"));
    EXPECT_EQ(paths["/ingest"]["post"]["security"], json::parse(R"([{},{"bearer":[]},{"apiKey":[]},{"basic":[]}])"));
    EXPECT_TRUE(paths["/ingest"]["post"]["responses"].contains("415"));
    EXPECT_EQ(paths["/query"]["get"]["security"], json::parse(R"([{},{"bearer":[]},{"apiKey":[]}])"));
    EXPECT_EQ(paths["/admin"]["get"]["security"], json::parse(R"([{"bearer":[]},{"apiKey":[]}])"));
    for (const char* path : {"/query", "/admin"}) {
        for (const char* status :
             {"400", "401", "403", "408", "413", "414", "417", "429", "431", "501", "503", "505"}) {
            EXPECT_TRUE(paths[path]["get"]["responses"].contains(status)) << path << " " << status;
        }
    }
}

TEST(OpenApi, APathsOwnErrorFormIsDocumentedAsItIsMade) {
    http::RouteTable table;
    const http::ErrorForm form = [](const Error& error) {
        http::Response response = http::Response::json(http::status_of(error.code), R"({"code":"x","message":"y"})");
        if (error.code == ErrorCode::TooLarge) response.status = 422;
        return response;
    };
    ASSERT_TRUE(table.add(row(http::Method::Post, "/v1/batch", http::Scope::Ingest, {}, form)).ok());
    const json responses = document_of(table)["paths"]["/v1/batch"]["post"]["responses"];
    const json shape = json::parse(R"({"type":"object","required":["code","message"],
                                       "properties":{"code":{"type":"string"},"message":{"type":"string"}}})");
    for (const char* status : {"400", "401", "403", "422", "429", "503"}) {
        EXPECT_EQ(responses[status]["content"]["application/json"]["schema"], shape) << status;
    }
    EXPECT_TRUE(responses["400"]["content"].contains("application/problem+json"));  // the framing's own
    EXPECT_EQ(responses["429"]["headers"].size(), 4U);
}

TEST(OpenApi, RowsWhoseTextsAreWrongAreRefused) {
    http::RouteDocs docs;
    docs.answers = {{200, "application/json", "#NoSuchThing", {}}};
    http::RouteTable unknown;
    ASSERT_TRUE(unknown.add(row(http::Method::Get, "/a", http::Scope::Public, docs)).ok());
    EXPECT_THAT(openapi_document(unknown, http::Plane::Both).error().message,
                HasSubstr("GET /a: there is no schema NoSuchThing"));
    docs.answers = {{200, "application/json", R"({"type":)", {}}};
    http::RouteTable broken;
    ASSERT_TRUE(broken.add(row(http::Method::Get, "/b", http::Scope::Public, docs)).ok());
    EXPECT_THAT(openapi_document(broken, http::Plane::Both).error().message,
                HasSubstr("GET /b: this schema is not JSON"));
    EXPECT_FALSE(add_openapi_route(broken).ok());
}

class OpenApiServed : public ServedBackend {
protected:
    json fetch(const daemon::HttpClient& from) {
        const auto answer = ask(from, "GET", "/openapi.json");
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.headers.at("content-type"), "application/json");
        return json::parse(answer.body);
    }
};

// The operator's page lists every row; the document must have the same ones, and each listener its own.
TEST_F(OpenApiServed, EveryRowIsInTheDocumentAndNothingElse) {
    const std::string page = ask(operator_client(), "GET", "/").body;
    std::set<std::string> all, everybody;
    const std::regex rows(R"(<tr><td>([A-Z]+)</td><td><code>(?:<a[^>]*>)?([^<]+).*?</tr>)");
    for (auto at = std::sregex_iterator(page.begin(), page.end(), rows); at != std::sregex_iterator(); ++at) {
        const std::string name = (*at)[1].str() + " " + (*at)[2].str();
        all.insert(name);
        if (at->str().find("<em>operator</em>") == std::string::npos) everybody.insert(name);
    }
    ASSERT_GT(all.size(), 20U);
    ASSERT_LT(everybody.size(), all.size());
    EXPECT_EQ(operations_of(fetch(operator_client())), all);
    EXPECT_EQ(operations_of(fetch(client())), everybody);
}

TEST_F(OpenApiServed, ReferencesResolveAndNamesAreUnique) {
    for (const daemon::HttpClient& from : {client(), operator_client()}) {
        const json document = fetch(from);
        std::set<std::string> refs;
        collect_refs(document, refs);
        EXPECT_GT(refs.size(), 20U);
        for (const std::string& ref : refs) {
            ASSERT_EQ(ref.substr(0, 2), "#/") << ref;
            EXPECT_TRUE(document.contains(json::json_pointer(ref.substr(1)))) << ref;
        }
        std::set<std::string> ids, tags;
        for (const json& tag : document["tags"]) tags.insert(tag["name"].get<std::string>());
        for (const auto& [path, methods] : document["paths"].items()) {
            for (const auto& [method, operation] : methods.items()) {
                EXPECT_TRUE(ids.insert(operation["operationId"].get<std::string>()).second) << method << " " << path;
                EXPECT_FALSE(operation["summary"].get<std::string>().empty());
                EXPECT_TRUE(tags.contains(operation["tags"][0].get<std::string>()))
                    << method << " " << path << ": its RouteDocs name no tag of openapi_tags()";
                const auto success = [&] {
                    for (const auto& [status, answer] : operation["responses"].items()) {
                        if (status[0] == '2' && (status == "204" || answer.contains("content"))) return true;
                    }
                    return false;
                };
                EXPECT_TRUE(success()) << method << " " << path << ": its RouteDocs name no success";
            }
        }
    }
    // No named schema is left over.
    const json document = fetch(operator_client());
    std::set<std::string> refs;
    collect_refs(document, refs);
    for (const auto& [name, schema] : document["components"]["schemas"].items()) {
        EXPECT_TRUE(refs.contains("#/components/schemas/" + name)) << name << " is used by nothing";
    }
}

TEST_F(OpenApiServed, EveryExampleIsTaken) {
    std::size_t sent = 0;
    const json document = fetch(operator_client());
    for (const auto& [path, methods] : document["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            if (!operation.contains("requestBody") || operation["tags"][0] != "ingestion") continue;
            for (const auto& [type, media] : operation["requestBody"]["content"].items()) {
                if (!media.contains("examples")) continue;
                for (const auto& [name, example] : media["examples"].items()) {
                    const json& value = example["value"];
                    const auto answer =
                        ask(client(), "POST", path, value.is_string() ? value.get<std::string>() : value.dump(),
                            {{"Content-Type", type}});
                    EXPECT_TRUE(answer.status >= 200 && answer.status < 207 &&
                                operation["responses"].contains(std::to_string(answer.status)))
                        << path << " " << name << ": " << answer.status << " " << answer.body;
                    ++sent;
                }
            }
        }
    }
    EXPECT_GE(sent, 8U);
}

}  // namespace
}  // namespace streamgauge::test

int main(int argc, char** argv) {
    const QCoreApplication application(argc, argv);
    ::testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
