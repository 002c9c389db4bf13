// SPDX-License-Identifier: GPL-3.0-or-later
// One table of routes for both engines. Labels of metrics, 405 and Allow, CORS and the documentation come from its
// rows.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "http/types.h"

namespace streamgauge::http {

enum class Scope { Public, Ingest, Query, Operate, Admin, Unnamed };  // the table takes no route that is Unnamed
enum class Plane { Both, ManagementOnly };

using Handler = std::function<void(const Request&, const ReplyPtr&)>;
// How a path's clients want to be told of an error. nullptr: problem().
using ErrorForm = Response (*)(const Error&);

// What the documentation (GET /openapi.json) says of a route beyond what its row says already. Texts are literals.
struct ParameterDoc {
    std::string_view name, where;  // where: "query", "header", or "path" to say more than the template does
    std::string_view schema;       // JSON: {"type":"integer","minimum":1,"maximum":60,"default":5}
    std::string_view summary;
    bool required = false;
};
struct AnswerDoc {
    int status = 200;
    std::string_view content_type;  // empty: no body
    std::string_view schema;        // JSON, or the name of one in server/openapi_schemas.cpp ("#Event"); empty: any
    std::string_view summary;
};
// A body that a client really sends; the tests send each, and the answer must be a success.
struct ExampleDoc {
    std::string_view name;  // of one word: "page-view"
    std::string_view content_type;
    std::string_view body;
};
struct RouteDocs {
    std::string_view tag;  // "ingestion", "queries", "administration", ...
    std::vector<ParameterDoc> parameters;
    std::vector<std::string_view> body_types;  // content types; empty: no body
    std::string_view body_schema;              // as in AnswerDoc
    // Successes and what is special to the path. What every route of its scope can answer (400 of the framing, 401,
    // 403, 408, 413, 429, 503, ...) is added by the generator.
    std::vector<AnswerDoc> answers;
    std::vector<ExampleDoc> examples = {};
};

struct Route {
    Method method;
    std::string path;  // template: "/api/v1/events/{event_id}"; a parameter is one whole segment
    Scope scope = Scope::Unnamed;
    Plane plane;
    std::size_t body_limit;    // bytes; 0: a body is refused with 413 unless it is empty
    std::string_view summary;  // one sentence for the documentation
    Handler handler;
    ErrorForm errors = nullptr;  // for what the engine and the gate refuse before the handler is called
    bool key_in_body = false;    // Ingest: the credential may be in the body, so the handler asks for it
    bool cors = false;           // web pages of other origins may call it (never with credentials)
    RouteDocs docs = {};
    // Query: the handler keeps to the project of request.principal. Where it does not, the answer is about all
    // projects, and keys that are for one of several may not ask.
    bool by_project = false;
};

// Built once, then shared read-only between engines and threads.
class RouteTable {
public:
    // AlreadyExists when the same method and template is there, InvalidArgument for a template or handler that cannot
    // be.
    Status add(Route route);
    // Every handler of a row that is added from now on becomes what `decorator` makes of it.
    void decorate(std::function<Handler(const Route&, Handler)> decorator) { decorator_ = std::move(decorator); }

    enum class Match { Found, NoSuchPath, OtherMethods };
    struct Lookup {
        Match match = Match::NoSuchPath;
        const Route* route = nullptr;  // Found
        std::string allow;             // OtherMethods: "GET, HEAD, POST, OPTIONS"
        std::string cors_methods;      // OtherMethods, for OPTIONS: those of rows with `cors`; empty: there are none
    };
    // `listener` is Plane::Both for a public listener, Plane::ManagementOnly for the management one, which serves every
    // row. HEAD is answered by the GET route. One trailing slash is tolerated. `request.path_parameters` is filled
    // (values percent-decoded). Static templates win over those with parameters, and cost one hash and no allocation.
    Lookup find(Plane listener, Request& request) const;

    const std::vector<Route>& rows() const { return routes_; }

private:
    static constexpr std::size_t kMethods = 8;
    // The rows of one template by method: positions in routes_, or -1.
    struct Entry {
        std::array<int, kMethods> rows{-1, -1, -1, -1, -1, -1, -1, -1};
    };
    struct Pattern {
        std::vector<std::string> segments;  // "{name}" is a parameter
        std::size_t entry = 0;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    const Entry* find_entry(std::string_view path, Request& request) const;
    const Route* visible(int row, Plane listener) const;

    std::function<Handler(const Route&, Handler)> decorator_;
    std::vector<Route> routes_;
    std::vector<Entry> entries_;
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> by_path_;  // those without parameters
    std::vector<Pattern> patterns_;  // those with, in the order they were added
};

}  // namespace streamgauge::http
