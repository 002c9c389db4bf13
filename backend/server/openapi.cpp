// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/openapi.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include <nlohmann/json.hpp>

namespace streamgauge {

namespace {

using http::Route;
using http::Scope;
using nlohmann::ordered_json;

constexpr std::string_view kProblemType = "application/problem+json";
// Bodies whose type says what they are, on whatever path they come.
constexpr std::string_view kCloudEvent = "application/cloudevents+json";
constexpr std::string_view kCloudEvents = "application/cloudevents-batch+json";
constexpr std::string_view kCloudEventList = R"({"type":"array","items":{"$ref":"#/components/schemas/CloudEvent"}})";

constexpr std::string_view kDescription =
    "Events in over HTTP, numbers and live views out. This document is made from the server's own table of routes.\n\n"
    "Every GET is also answered to HEAD. Any other method of a known path is answered 405 with `Allow`, OPTIONS 204. "
    "One "
    "trailing slash is tolerated. Bodies may come chunked; those that carry events also compressed "
    "(`Content-Encoding: gzip`).\n\n"
    "What needs credentials for ingestion and queries (`auth.required`) is a setting: while every listener is on "
    "loopback they may be left out.\n\n"
    "Errors are RFC 9457 problem documents, unless the path belongs to clients that read another form.";

// What the engines and the gate answer of their own: to every request, or by what the route is.
enum class When { Always, NotPublic, Events };
struct Common {
    int status;
    When when;
    std::string_view summary;
};
constexpr std::array<Common, 13> kCommon{{
    {400, When::Always, "The request is malformed, or a value is wrong; `field` and `offset` say where."},
    {401, When::NotPublic, "Credentials are missing, unknown or expired."},
    {403, When::Always,
     "Whoever asks may not do this; or the Host or Origin header names something else than this server."},
    {408, When::Always, "The head or the body did not arrive in time."},
    {413, When::Always, "The body is larger than this path takes."},
    {414, When::Always, "The request target is too long."},
    {415, When::Events, "The body is compressed with something else than gzip, or of a type this path does not read."},
    {417, When::Always, "Only the expectation 100-continue is understood."},
    {429, When::NotPublic, "Too many requests or events; try again after Retry-After seconds."},
    {431, When::Always, "The head is too large or has too many headers."},
    {501, When::Always, "A transfer coding other than chunked."},
    {503, When::Always, "Too busy, out of room or stopping; a repeat is safe after Retry-After seconds."},
    {505, When::Always, "A version of HTTP other than 1.0 and 1.1."},
}};

bool applies(const Common& common, const Route& route) {
    switch (common.when) {
        case When::Always:
            return true;
        case When::NotPublic:
            return route.scope != Scope::Public;
        case When::Events:
            return route.scope == Scope::Ingest;
    }
    return false;
}

// Refusals that only come when the route is known, so that they have its form.
ErrorCode code_of(int status) {
    switch (status) {
        case 401:
            return ErrorCode::Unauthorized;
        case 403:
            return ErrorCode::Forbidden;
        case 413:
            return ErrorCode::TooLarge;
        case 429:
            return ErrorCode::RateLimited;
        case 503:
            return ErrorCode::Unavailable;
        default:
            return ErrorCode::InvalidArgument;
    }
}

// "Content Too Large" -> "ContentTooLarge".
std::string component_of(int status) {
    std::string name(http::reason_phrase(status));
    std::erase_if(name, [](char c) { return c == ' ' || c == '-'; });
    return name;
}

std::string upper_first(std::string_view word) {
    std::string out(word);
    if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
    return out;
}

// GET /api/v1/events/{event_id} -> "getApiV1EventsByEventId".
std::string operation_id(const Route& route) {
    std::string id(to_string(route.method));
    std::transform(id.begin(), id.end(), id.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    std::string word;
    const auto finish = [&] {
        id += upper_first(word);
        word.clear();
    };
    for (const char c : route.path) {
        if (c == '{') {
            finish();
            id += "By";
        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
            word += c;
        } else {
            finish();
        }
    }
    finish();
    return route.path == "/" ? id + "Root" : id;
}

bool is_json(std::string_view content_type) {
    return content_type.find("json") != std::string_view::npos &&
           content_type.find("ndjson") == std::string_view::npos &&
           content_type.find("jsonl") == std::string_view::npos;
}

std::string method_key(http::Method method) {
    std::string key(to_string(method));
    for (char& c : key) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return key;
}

// The shape of one JSON value: types and members, all required.
ordered_json shape_of(const ordered_json& sample) {
    if (sample.is_object()) {
        ordered_json properties = ordered_json::object(), required = ordered_json::array();
        for (const auto& [name, value] : sample.items()) {
            properties[name] = shape_of(value);
            required.push_back(name);
        }
        return {{"type", "object"}, {"properties", properties}, {"required", required}};
    }
    if (sample.is_string()) return {{"type", "string"}};
    if (sample.is_number_integer()) return {{"type", "integer"}};
    if (sample.is_boolean()) return {{"type", "boolean"}};
    return ordered_json::object();
}

ordered_json response_headers(int status) {
    const auto header = [](std::string_view name) {
        return ordered_json{{"$ref", "#/components/headers/" + std::string(name)}};
    };
    ordered_json headers = ordered_json::object();
    if (status == 401) headers["WWW-Authenticate"] = header("WWW-Authenticate");
    if (status == 429 || status == 503) headers["Retry-After"] = header("Retry-After");
    if (status == 429) {
        for (const std::string_view name : {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}) {
            headers[std::string(name)] = header(name);
        }
    }
    return headers;
}

class Generator {
public:
    Generator(const http::RouteTable& table, http::Plane listener) : table_(table), listener_(listener) {}

    Result<std::string> run() {
        ordered_json paths = ordered_json::object();
        for (const Route& route : table_.rows()) {
            if (route.plane == http::Plane::ManagementOnly && listener_ != http::Plane::ManagementOnly) continue;
            at_ = std::string(to_string(route.method)) + " " + route.path;
            paths[route.path][method_key(route.method)] = operation(route);
        }
        at_ = "the named schemas";
        ordered_json document;
        document["openapi"] = "3.1.0";
        document["info"] = {{"title", "Streamgauge"},
                            {"version", STREAMGAUGE_VERSION},
                            {"description", kDescription},
                            {"license", {{"name", "GPL-3.0-or-later"}, {"identifier", "GPL-3.0-or-later"}}}};
        document["servers"] = ordered_json::array({{{"url", "/"}}});
        document["tags"] = ordered_json::array();
        for (const TagDoc& tag : openapi_tags()) {
            document["tags"].push_back({{"name", tag.name}, {"description", tag.summary}});
        }
        document["paths"] = std::move(paths);
        document["components"] = components();
        if (!fault_.empty()) return Error::make(ErrorCode::InvalidArgument, fault_);
        return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    }

private:
    void fail(const std::string& what) {
        if (fault_.empty()) fault_ = at_ + ": " + what;
    }

    // "#Event", or JSON, or nothing: any value.
    ordered_json schema(std::string_view text) {
        if (text.empty()) return ordered_json::object();
        if (text.front() == '#') {
            const std::string_view name = text.substr(1);
            const auto& all = openapi_schemas();
            if (std::none_of(all.begin(), all.end(), [&](const NamedSchema& one) { return one.name == name; })) {
                fail("there is no schema " + std::string(name));
            }
            return {{"$ref", "#/components/schemas/" + std::string(name)}};
        }
        ordered_json parsed = ordered_json::parse(text, nullptr, false);
        if (parsed.is_discarded()) fail("this schema is not JSON: " + std::string(text));
        return parsed;
    }

    ordered_json parameters(const Route& route) {
        ordered_json out = ordered_json::array();
        const auto add = [&](const http::ParameterDoc& doc, bool required) {
            ordered_json one{{"name", doc.name}, {"in", doc.where}};
            if (!doc.summary.empty()) one["description"] = doc.summary;
            if (required) one["required"] = true;
            one["schema"] = schema(doc.schema);
            out.push_back(std::move(one));
        };
        std::size_t at = 0;
        while ((at = route.path.find('{', at)) != std::string::npos) {
            const std::size_t end = route.path.find('}', at);
            const std::string_view name = std::string_view(route.path).substr(at + 1, end - at - 1);
            const auto said =
                std::find_if(route.docs.parameters.begin(), route.docs.parameters.end(),
                             [&](const http::ParameterDoc& doc) { return doc.where == "path" && doc.name == name; });
            if (said != route.docs.parameters.end()) {
                add(*said, true);
            } else {
                add({name, "path", R"({"type":"string","minLength":1})", {}, true}, true);
            }
            at = end;
        }
        for (const http::ParameterDoc& doc : route.docs.parameters) {
            if (doc.where != "path") add(doc, doc.required);
        }
        return out;
    }

    void add_examples(const Route& route, std::string_view type, ordered_json& media) {
        for (const http::ExampleDoc& example : route.docs.examples) {
            if (example.content_type != type) continue;
            ordered_json value = std::string(example.body);
            if (is_json(type)) {
                value = ordered_json::parse(example.body, nullptr, false);
                if (value.is_discarded()) fail("the example " + std::string(example.name) + " is not JSON");
            }
            media["examples"][std::string(example.name)] = {{"value", std::move(value)}};
        }
    }

    ordered_json request_body(const Route& route) {
        ordered_json content = ordered_json::object();
        for (const std::string_view type : route.docs.body_types) {
            ordered_json media;
            if (type == kCloudEvent || type == kCloudEvents) {
                media["schema"] = schema(type == kCloudEvent ? "#CloudEvent" : kCloudEventList);
                add_examples(route, type, media);
                content[std::string(type)] = std::move(media);
                continue;
            }
            // What is not JSON by its type is text of any form to whoever checks this document.
            media["schema"] = is_json(type) ? schema(route.docs.body_schema) : ordered_json{{"type", "string"}};
            add_examples(route, type, media);
            content[std::string(type)] = std::move(media);
        }
        return {{"content", std::move(content)}, {"required", route.method != http::Method::Get}};
    }

    ordered_json responses(const Route& route) {
        std::map<int, ordered_json> out;  // by status, as people look for it
        for (const http::AnswerDoc& answer : route.docs.answers) {
            ordered_json& one = out[answer.status];
            const std::string text(answer.summary.empty() ? http::reason_phrase(answer.status) : answer.summary);
            if (!one.contains("description")) {
                one["description"] = text;
            } else if (!answer.summary.empty()) {
                one["description"] = one["description"].get<std::string>() + " " + text;
            }
            if (!answer.content_type.empty()) {
                one["content"][std::string(answer.content_type)]["schema"] = schema(answer.schema);
            }
        }
        if (out.empty()) out[200]["description"] = "Done.";
        for (const Common& common : kCommon) {
            if (!applies(common, route)) continue;
            const auto known = out.find(common.status);
            if (known == out.end() && route.errors == nullptr) {
                out[common.status] = {{"$ref", "#/components/responses/" + component_of(common.status)}};
                continue;
            }
            add_common(out, common);
        }
        if (route.errors != nullptr) add_own_form(route, out);
        ordered_json all = ordered_json::object();
        for (auto& [status, response] : out) {
            if (route.scope == Scope::Ingest && status < 300) {
                response["headers"]["Streamgauge-Durability"] = {
                    {"$ref", "#/components/headers/Streamgauge-Durability"}};
            }
            all[std::to_string(status)] = std::move(response);
        }
        return all;
    }

    static void add_common(std::map<int, ordered_json>& out, const Common& common) {
        ordered_json& one = out[common.status];
        if (!one.contains("description")) one["description"] = common.summary;
        const ordered_json headers = response_headers(common.status);
        if (!headers.empty()) one["headers"] = headers;
        if (!one["content"].contains(kProblemType)) {
            one["content"][std::string(kProblemType)]["schema"] = {{"$ref", "#/components/schemas/Problem"}};
        }
    }

    // The form of a path's own clients: its status and shape are what the function really makes.
    static void add_own_form(const Route& route, std::map<int, ordered_json>& out) {
        for (const int status : {400, 401, 403, 413, 429, 503}) {
            const http::Response sample = route.errors(Error::make(code_of(status), "why"));
            ordered_json& one = out[sample.status];
            if (!one.contains("description")) one["description"] = http::reason_phrase(sample.status);
            if (sample.content_type.empty()) continue;
            ordered_json& content = one["content"];
            const std::string type(sample.content_type);
            if (content.contains(type)) continue;
            const ordered_json parsed = ordered_json::parse(sample.body, nullptr, false);
            content[type]["schema"] = parsed.is_discarded() ? ordered_json{{"type", "string"}} : shape_of(parsed);
        }
    }

    ordered_json operation(const Route& route) {
        static constexpr std::array<std::string_view, 5> kScopes{"public", "ingest", "query", "operate", "admin"};
        ordered_json out;
        out["operationId"] = operation_id(route);
        out["tags"] = ordered_json::array({openapi_tag(route)});
        out["summary"] = route.summary;
        if (ordered_json list = parameters(route); !list.empty()) out["parameters"] = std::move(list);
        if (!route.docs.body_types.empty()) out["requestBody"] = request_body(route);
        out["responses"] = responses(route);
        out["security"] = security(route);
        out["x-scope"] = kScopes.at(static_cast<std::size_t>(route.scope));
        if (route.plane == http::Plane::ManagementOnly) out["x-listener"] = "operator";
        return out;
    }

    static ordered_json security(const Route& route) {
        const auto scheme = [](std::string_view name) {
            return ordered_json{{std::string(name), ordered_json::array()}};
        };
        ordered_json out = ordered_json::array();
        if (route.scope == Scope::Public) return out;
        if (route.scope == Scope::Ingest || route.scope == Scope::Query) out.push_back(ordered_json::object());
        out.push_back(scheme("bearer"));
        out.push_back(scheme("apiKey"));
        if (route.scope == Scope::Ingest) out.push_back(scheme("basic"));
        return out;
    }

    ordered_json components() {
        ordered_json out;
        for (const NamedSchema& one : openapi_schemas()) out["schemas"][std::string(one.name)] = schema(one.json);
        for (const Common& common : kCommon) {
            std::map<int, ordered_json> single;
            add_common(single, common);
            out["responses"][component_of(common.status)] = single.at(common.status);
        }
        const auto header = [&](std::string_view name, std::string_view type, std::string_view summary) {
            out["headers"][std::string(name)] = {{"description", summary}, {"schema", {{"type", type}}}};
        };
        header("Retry-After", "integer", "Seconds to wait before a repeat.");
        header("RateLimit-Limit", "integer", "What the window allows.");
        header("RateLimit-Remaining", "integer", "What is left of it.");
        header("RateLimit-Reset", "integer", "Seconds until some of it is free again.");
        header("Streamgauge-Durability", "string",
               "committed: it is on disk and survives a power loss; buffered: it is not yet.");
        header("WWW-Authenticate", "string", "Which credentials are taken.");
        out["securitySchemes"] = {
            {"bearer",
             {{"type", "http"},
              {"scheme", "bearer"},
              {"description", "The token of a login (POST /api/v1/auth/login), or an API key."}}},
            {"apiKey", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-Api-Key"}, {"description", "An API key."}}},
            {"basic",
             {{"type", "http"},
              {"scheme", "basic"},
              {"description", "An API key as the user name with an empty password, as SDKs send their write key."}}}};
        return out;
    }

    const http::RouteTable& table_;
    const http::Plane listener_;
    std::string at_, fault_;
};

}  // namespace

std::string_view openapi_tag(const Route& route) {
    const auto& tags = openapi_tags();
    const bool known =
        std::any_of(tags.begin(), tags.end(), [&](const TagDoc& tag) { return tag.name == route.docs.tag; });
    return known ? route.docs.tag : kOtherTag;
}

Result<std::string> openapi_document(const http::RouteTable& table, http::Plane listener) {
    return Generator(table, listener).run();
}

Status add_openapi_route(http::RouteTable& table) {
    struct Documents {
        std::string everybody, operators;
    };
    const auto documents = std::make_shared<Documents>();
    http::RouteDocs docs;
    docs.tag = "about";
    docs.answers = {{200, "application/json", R"({"type":"object"})", "The document of this listener's routes."}};
    Status added = table.add(
        {http::Method::Get, "/openapi.json", Scope::Public, http::Plane::Both, 0,
         "This interface as an OpenAPI 3.1 document.",
         [documents](const http::Request& request, const http::ReplyPtr& reply) {
             reply->send(http::Response::json(200, request.management ? documents->operators : documents->everybody));
         },
         nullptr, false, false, docs});
    if (!added.ok()) return added;
    auto everybody = openapi_document(table, http::Plane::Both);
    if (!everybody.ok()) return everybody.error();
    auto operators = openapi_document(table, http::Plane::ManagementOnly);
    if (!operators.ok()) return operators.error();
    documents->everybody = std::move(everybody).value();
    documents->operators = std::move(operators).value();
    return {};
}

}  // namespace streamgauge
