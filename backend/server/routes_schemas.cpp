// SPDX-License-Identifier: GPL-3.0-or-later
// Schemas of event types over REST: list, register, look at, remove, change their mode, try out. All but reading is
// done on the schemas' own thread.
#include <charconv>
#include <nlohmann/json.hpp>

#include "api/json_writer.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/wrong_field.h"
#include "schema/json_schema.h"
#include "schema/schema_document.h"
#include "schema/schema_registry.h"
#include "server/parameters.h"
#include "server/route_rows.h"
#include "server/routes.h"
#include "server/schema_worker.h"

namespace streamgauge {

namespace {

using api::JsonWriter;
using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;
using nlohmann::json;

constexpr std::size_t kBodyBytes = 2 * schema::kSchemaBytes;  // a schema, and an event to try
constexpr std::size_t kBodyDepth = 100;

// Who asks, kept beyond the request.
struct Asking {
    std::string name, project;  // project: empty for all
};
Asking asking(const Request& request) {
    const auth::Principal& principal = *request.principal;
    Asking out;
    out.name = !principal.name.empty() ? principal.name : principal.id;
    if (!principal.every_project) out.project = principal.project;
    return out;
}

// The project that is meant; Forbidden for another than the caller's own.
Result<std::string> project_of(const Asking& who, const std::string& named) {
    if (who.project.empty()) return named.empty() ? std::string("default") : named;
    if (!named.empty() && named != who.project)
        return Error::make(ErrorCode::Forbidden, "this key is of the project " + who.project);
    return who.project;
}

void write(JsonWriter& out, const EventSchema& one) {
    out.begin_object().key("project").string(one.project).key("event_type").string(one.event_type);
    out.key("version").integer(one.version).key("mode").string(to_string(one.mode));
    out.key("compatibility").string(to_string(one.compatibility));
    out.key("registered_at").string(format_rfc3339(one.registered_at));
    out.key("registered_by").string(one.registered_by).key("schema").raw(one.schema).end_object();
}

std::string text_of(const EventSchema& one) {
    JsonWriter out;
    write(out, one);
    return out.take();
}

// ---- bodies ---------------------------------------------------------------------------------------------------------
class Body {
public:
    Body(const std::string& text, std::initializer_list<std::string_view> known) {
        if (schema::is_nested_deeper(text, kBodyDepth)) {
            fail("", "the body is nested too deeply");
            return;
        }
        value_ = json::parse(text, nullptr, false);
        if (!value_.is_object()) {
            fail("", "the body must be a JSON object");
            return;
        }
        for (const auto& [name, ignored] : value_.items()) {
            if (std::find(known.begin(), known.end(), name) == known.end()) fail(name, "is not known");
        }
    }

    std::string text(const char* name, bool required) {
        const json* const found = member(name, required);
        if (found == nullptr) return {};
        if (!found->is_string()) {
            fail(name, "must be a text");
            return {};
        }
        return found->get<std::string>();
    }
    std::int32_t version() {
        const json* const found = member("version", true);
        if (found == nullptr) return 1;
        if (!found->is_number_integer() || *found < 1 || *found > 1'000'000'000) {
            fail("version", "must be a whole number from 1 to 1000000000");
            return 1;
        }
        return found->get<std::int32_t>();
    }
    std::string object(const char* name, bool required) {
        const json* const found = member(name, required);
        if (found == nullptr) return {};
        if (!found->is_object()) {
            fail(name, "must be an object");
            return {};
        }
        return found->dump();  // valid UTF-8, or the parser would have refused it
    }
    template <class Word>
    void word(const char* name, bool required, std::optional<Word> (*read)(std::string_view), Word& out,
              const char* words) {
        const std::string value = text(name, required);
        if (value.empty() && (fault_ || !value_.contains(name))) return;
        const auto found = read(value);
        if (!found) return fail(name, std::string("must be ") + words);
        out = *found;
    }
    const std::optional<Error>& fault() const { return fault_; }

private:
    const json* member(const char* name, bool required) {
        if (fault_) return nullptr;
        const auto found = value_.find(name);
        if (found != value_.end() && !found->is_null()) return &*found;
        if (required) fail(name, "is missing");
        return nullptr;
    }
    void fail(std::string_view name, std::string message) {
        if (!fault_) fault_ = wrong_field(std::string(name), (name.empty() ? "" : std::string(name) + " ") + message);
    }

    json value_;
    std::optional<Error> fault_;
};

constexpr const char* kModeWords = "off, warn or enforce";
constexpr const char* kCompatibilityWords = "none, backward, forward or full";

Result<EventSchema> read_schema(Body& body, const Asking& who) {
    EventSchema out;
    out.event_type = body.text("event_type", true);
    out.version = body.version();
    out.schema = body.object("schema", true);
    body.word("mode", false, schema_mode_from, out.mode, kModeWords);
    body.word("compatibility", false, compatibility_from, out.compatibility, kCompatibilityWords);
    auto project = project_of(who, body.text("project", false));
    if (body.fault()) return *body.fault();
    if (!project.ok()) return project.error();
    out.project = std::move(project).value();
    out.registered_by = who.name;
    return out;
}

// ---- handlers -------------------------------------------------------------------------------------------------------
void post(const RouteServices& services, const ReplyPtr& reply, SchemaWorker::Task task) {
    if (services.schema_worker.post(std::move(task))) return;
    reply->send(http::problem(Error::make(ErrorCode::Unavailable, "too many changes of schemas wait")));
}

bool refused(const Request& request, const ReplyPtr& reply, Parameters& in,
             std::initializer_list<std::string_view> known) {
    static_cast<void>(request);
    if (in.unknown(known) != 0) {
        reply->send(http::problem(wrong_field("query", "there is a query parameter that this path does not know")));
        return true;
    }
    if (in.fault()) reply->send(http::problem(*in.fault()));
    return in.fault().has_value();
}

void list(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const std::string named = in.text("project", limits::kEventTypeBytes);
    const std::string type = in.text("event_type", limits::kEventTypeBytes);
    if (refused(request, reply, in, {"project", "event_type"})) return;
    const Asking who = asking(request);
    if (!who.project.empty() && !named.empty() && named != who.project)
        return reply->send(http::problem(project_of(who, named).error()));
    JsonWriter out;
    out.begin_object().key("schemas").begin_array();
    for (const EventSchema& one : services.schemas.list(who.project.empty() ? named : who.project)) {
        if (type.empty() || one.event_type == type) write(out, one);
    }
    out.end_array().end_object();
    reply->send(Response::json(200, out.take()));
}

// The type, version and project that the path and the query name.
struct Named {
    std::string project, event_type;
    std::int32_t version = 0;
};
std::optional<Named> named(const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const std::string project = in.text("project", limits::kEventTypeBytes);
    if (refused(request, reply, in, {"project"})) return std::nullopt;
    auto own = project_of(asking(request), project);
    if (!own.ok()) {
        reply->send(http::problem(own.error()));
        return std::nullopt;
    }
    Named out;
    out.project = std::move(own).value();
    for (const auto& [name, value] : request.path_parameters) {
        if (name == "event_type") out.event_type = value;
        // Anything but a number is version 0, which nobody has.
        if (name == "version") std::from_chars(value.data(), value.data() + value.size(), out.version);
    }
    return out;
}

void find(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    const auto wanted = named(request, reply);
    if (!wanted) return;
    for (const EventSchema& one : services.schemas.list(wanted->project)) {
        if (one.event_type == wanted->event_type && one.version == wanted->version)
            return reply->send(Response::json(200, text_of(one)));
    }
    reply->send(http::problem(Error::make(ErrorCode::NotFound, "there is no such schema")));
}

void add(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(request, reply, in, {})) return;
    post(services, reply, [&services, reply, text = std::string(request.body), who = asking(request)] {
        Body body(text, {"project", "event_type", "version", "schema", "mode", "compatibility"});
        auto wanted = read_schema(body, who);
        if (!wanted.ok()) return reply->send(http::problem(wanted.error()));
        const auto added = services.schemas.add(std::move(wanted).value());
        if (!added.ok()) return reply->send(http::problem(added.error()));
        log::info("schema_registered", "a schema was registered",
                  {{"project", added->project},
                   {"event_type", added->event_type},
                   {"version", std::to_string(added->version)},
                   {"by", who.name}});
        reply->send(Response::json(201, text_of(*added)));
    });
}

void remove(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    const auto wanted = named(request, reply);
    if (!wanted) return;
    post(services, reply, [&services, reply, gone = *wanted, who = asking(request)] {
        const Status removed = services.schemas.remove(gone.project, gone.event_type, gone.version);
        if (!removed.ok()) return reply->send(http::problem(removed.error()));
        log::info("schema_removed", "a schema was removed",
                  {{"project", gone.project},
                   {"event_type", gone.event_type},
                   {"version", std::to_string(gone.version)},
                   {"by", who.name}});
        reply->send({204, "", {}, {}});
    });
}

void set_mode(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    const auto wanted = named(request, reply);
    if (!wanted) return;
    post(services, reply, [&services, reply, type = *wanted, text = std::string(request.body), who = asking(request)] {
        Body body(text, {"mode", "compatibility"});
        SchemaMode mode = SchemaMode::Warn;
        Compatibility compatibility = Compatibility::Backward;
        body.word("mode", true, schema_mode_from, mode, kModeWords);
        body.word("compatibility", true, compatibility_from, compatibility, kCompatibilityWords);
        if (body.fault()) return reply->send(http::problem(*body.fault()));
        const Status set = services.schemas.set_mode(type.project, type.event_type, mode, compatibility);
        if (!set.ok()) return reply->send(http::problem(set.error()));
        log::info("schema_mode", "a schema's mode was set",
                  {{"project", type.project},
                   {"event_type", type.event_type},
                   {"mode", std::string(to_string(mode))},
                   {"compatibility", std::string(to_string(compatibility))},
                   {"by", who.name}});
        JsonWriter out;
        out.begin_object().key("project").string(type.project).key("event_type").string(type.event_type);
        out.key("mode").string(to_string(mode)).key("compatibility").string(to_string(compatibility)).end_object();
        reply->send(Response::json(200, out.take()));
    });
}

// A dry run: would it be taken, and does an event follow it?
void check(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    if (refused(request, reply, in, {})) return;
    post(services, reply, [&services, reply, text = std::string(request.body), who = asking(request)] {
        Body body(text, {"project", "event_type", "version", "schema", "mode", "compatibility", "props"});
        auto wanted = read_schema(body, who);
        const std::string props = body.object("props", false);
        if (body.fault()) return reply->send(http::problem(*body.fault()));
        if (!wanted.ok()) return reply->send(http::problem(wanted.error()));
        const auto compiled = schema::JsonSchema::compile(wanted->schema);
        if (!compiled.ok()) return reply->send(http::problem(compiled.error()));
        const auto tried = services.schemas.try_out(std::move(wanted).value());
        if (!tried.ok() && tried.error().code != ErrorCode::Conflict && tried.error().code != ErrorCode::AlreadyExists)
            return reply->send(http::problem(tried.error()));
        JsonWriter out;
        out.begin_object().key("accepted").boolean(tried.ok());
        if (!tried.ok()) out.key("reason").string(tried.error().message);
        if (!props.empty()) {
            const auto fault = (*compiled)->check(props);
            out.key("valid").boolean(!fault);
            if (fault) {
                out.key("fault").begin_object().key("pointer").string(fault->pointer);
                out.key("reason").string(fault->reason).end_object();
            }
        }
        out.end_object();
        reply->send(Response::json(200, out.take()));
    });
}

// ---- documentation --------------------------------------------------------------------------------------------------
constexpr std::string_view kSchemaOut =
    R"({"type":"object","required":["project","event_type","version","mode","compatibility","registered_at","registered_by","schema"],"properties":{"project":{"type":"string"},"event_type":{"type":"string"},"version":{"type":"integer","minimum":1},"mode":{"enum":["off","warn","enforce"]},"compatibility":{"enum":["none","backward","forward","full"]},"registered_at":{"type":"string"},"registered_by":{"type":"string"},"schema":{"type":"object"}}})";
constexpr std::string_view kSchemasOut =
    R"({"type":"object","required":["schemas"],"properties":{"schemas":{"type":"array","items":{"type":"object"}}}})";
constexpr std::string_view kSchemaIn =
    R"({"type":"object","required":["event_type","version","schema"],"additionalProperties":false,"properties":{"project":{"type":"string"},"event_type":{"type":"string","minLength":1,"maxLength":128},"version":{"type":"integer","minimum":1},"schema":{"type":"object"},"mode":{"enum":["off","warn","enforce"]},"compatibility":{"enum":["none","backward","forward","full"]}}})";
constexpr std::string_view kCheckIn =
    R"({"type":"object","required":["event_type","version","schema"],"additionalProperties":false,"properties":{"project":{"type":"string"},"event_type":{"type":"string","minLength":1,"maxLength":128},"version":{"type":"integer","minimum":1},"schema":{"type":"object"},"mode":{"enum":["off","warn","enforce"]},"compatibility":{"enum":["none","backward","forward","full"]},"props":{"type":"object"}}})";
constexpr std::string_view kCheckOut =
    R"({"type":"object","required":["accepted"],"properties":{"accepted":{"type":"boolean"},"reason":{"type":"string"},"valid":{"type":"boolean"},"fault":{"type":"object","required":["pointer","reason"],"properties":{"pointer":{"type":"string"},"reason":{"type":"string"}}}}})";
constexpr std::string_view kModeIn =
    R"({"type":"object","required":["mode","compatibility"],"additionalProperties":false,"properties":{"mode":{"enum":["off","warn","enforce"]},"compatibility":{"enum":["none","backward","forward","full"]}}})";
constexpr std::string_view kModeOut =
    R"({"type":"object","required":["project","event_type","mode","compatibility"],"properties":{"project":{"type":"string"},"event_type":{"type":"string"},"mode":{"type":"string"},"compatibility":{"type":"string"}}})";

http::AnswerDoc bad(int status, std::string_view summary) {
    return {status, "application/problem+json", "#Problem", summary};
}

http::RouteDocs docs_of(bool takes_project, std::string_view body_schema, std::vector<http::AnswerDoc> answers) {
    http::RouteDocs docs;
    docs.tag = "schemas";
    if (takes_project)
        docs.parameters.push_back({"project", "query", R"({"type":"string"})", "default where it is not named."});
    if (!body_schema.empty()) docs.body_types = {"application/json"};
    docs.body_schema = body_schema;
    docs.answers = std::move(answers);
    docs.answers.push_back(bad(400, "A parameter or the body is wrong; `field` names it."));
    return docs;
}

}  // namespace

Status add_schema_routes(http::RouteTable& table, const RouteServices& services) {
    struct Row {
        Method method;
        std::string_view path, summary;
        void (*handler)(const RouteServices&, const Request&, const ReplyPtr&);
        std::size_t body_limit;
        http::RouteDocs docs;
    };
    constexpr std::string_view kOne = "/api/v1/schemas/{event_type}/{version}";
    http::RouteDocs listing = docs_of(true, {}, {{200, "application/json", kSchemasOut, "By type, then version."}});
    listing.parameters.push_back({"event_type", "query", R"({"type":"string"})", "Those of this type."});
    const http::AnswerDoc gone = bad(404, "There is no such schema.");
    const http::AnswerDoc large = bad(413, "The schema is too large, or there are too many.");
    const std::vector<Row> rows{
        {Method::Get, "/api/v1/schemas", "Schemas of event types.", list, 0, listing},
        {Method::Post, "/api/v1/schemas", "Register a schema for a version of an event type.", add, kBodyBytes,
         docs_of(
             false, kSchemaIn,
             {{201, "application/json", kSchemaOut, "It is registered; the same again changes nothing."},
              bad(409, "This version has another text, or is not compatible with the one before: what breaks, where."),
              large})},
        {Method::Post, "/api/v1/schemas/check",
         "Try a schema out: would it be taken, and do the props of an event follow it?", check, kBodyBytes,
         docs_of(false, kCheckIn,
                 {{200, "application/json", kCheckOut, "What became of it; nothing is changed."}, large})},
        // Before the one with a version: of templates with parameters the first that fits is taken.
        {Method::Put, "/api/v1/schemas/{event_type}/mode", "What becomes of events that break the schemas of a type.",
         set_mode, limits::kSmallBodyBytes,
         docs_of(true, kModeIn, {{200, "application/json", kModeOut, "As it is now."}, gone})},
        {Method::Get, kOne, "One schema.", find, 0,
         docs_of(true, {}, {{200, "application/json", kSchemaOut, "The schema."}, gone})},
        {Method::Delete, kOne,
         "Remove a schema: events of its version are at fault from now on, unless it was the last.", remove, 0,
         docs_of(true, {}, {{204, {}, {}, "It is gone."}, gone})},
    };
    for (const Row& row : rows) {
        if (Status added = add_row(table, row, http::Scope::Operate, row.body_limit, services); !added.ok())
            return added;
    }
    return {};
}

}  // namespace streamgauge
