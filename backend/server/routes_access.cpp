// SPDX-License-Identifier: GPL-3.0-or-later
// Logins, and the administration of projects, API keys and users. Every change is logged with who made it; secrets
// never.
#include <set>

#include "api/access.h"
#include "auth/names.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/access_json.h"
#include "server/parameters.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

constexpr std::string_view kNone = "";

// What holds a secret must not stay in anybody's cache.
Response secret_answer(int status, std::string body) {
    Response response = Response::json(status, std::move(body));
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

// 401 in the words that A's clients read.
Response login_problem(const Error& error) {
    if (error.code != ErrorCode::Unauthorized) return http::problem(error);
    return http::problem(401, http::reason_phrase(401), "the name or the password is wrong", "invalid credentials");
}

// Answers with the fault of a parameter that administration does not know.
bool refused(const Request& request, const ReplyPtr& reply, std::initializer_list<std::string_view> known = {}) {
    const Parameters parameters(request);
    if (parameters.unknown(known) == 0) return false;
    Error error = Error::make(ErrorCode::InvalidArgument, "there is a query parameter that this path does not know");
    error.field = "query";
    std::string names;
    for (const std::string_view name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    error.hint = names.empty() ? "it knows none" : "it knows " + names;
    reply->send(http::problem(error));
    return true;
}

std::string path_parameter(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.path_parameters) {
        if (key == name) return value;
    }
    return {};
}

// "user ada", "key grafana (k_...)", "console".
std::string who(const Request& request) {
    const auth::Principal& principal = *request.principal;
    switch (principal.kind) {
        case auth::Principal::Kind::Anonymous:
            break;
        case auth::Principal::Kind::Key:
            return "key " + principal.name + " (" + principal.id + ")";
        case auth::Principal::Kind::User:
            return "user " + principal.name;
        case auth::Principal::Kind::Console:
            return "console";
    }
    return "nobody";
}

// Answers with `render(value)` and logs the change, or answers with the problem.
template <class T, class Render>
api::Done<T> changed(const Request& request, const ReplyPtr& reply, std::string_view what, std::string subject,
                     int status, Render render) {
    return [reply, what, subject = std::move(subject), status, by = who(request), render](Result<T> result) {
        if (!result.ok()) return reply->send(http::problem(result.error()));
        log::info(what, "access was changed", {{"subject", subject}, {"by", by}, {"detail", detail_of(*result)}});
        if (status == 204) return reply->send({204, kNone, {}, {}});
        reply->send(secret_answer(status, render(*result)));
    };
}

template <class T, class Render>
api::Done<T> answered(const ReplyPtr& reply, Render render) {
    return [reply, render](Result<T> result) {
        reply->send(result.ok() ? Response::json(200, render(*result)) : http::problem(result.error()));
    };
}

std::string nothing(bool) {
    return {};
}

// ---- logins ---------------------------------------------------------------------------------------------------------
void login(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    JsonBody body(request.body, {"username", "password"});
    std::string name = body.text("username");
    std::string password = body.text("password");
    if (body.fault()) return reply->send(http::problem(*body.fault()));
    access.login(std::move(name), std::move(password), std::string(request.remote_address),
                 [reply](const Result<api::Login>& result) {
                     reply->send(result.ok() ? secret_answer(200, json_of(*result)) : login_problem(result.error()));
                 });
}

void me(api::AccessService&, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    reply->send(secret_answer(200, json_of(*request.principal)));
}

void rotate(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    access.rotate_signing_key(
        changed<std::string>(request, reply, "signing_key_rotated", {}, 200, json_of_signing_key));
}

// ---- projects -------------------------------------------------------------------------------------------------------
void list_projects(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    access.projects(answered<std::vector<api::Project>>(reply, json_of_projects));
}

void save_project(api::AccessService& access, const Request& request, const ReplyPtr& reply, bool create) {
    if (refused(request, reply)) return;
    JsonBody body(request.body, create ? std::initializer_list<std::string_view>{"id", "name", "sites"}
                                       : std::initializer_list<std::string_view>{"name", "sites"});
    api::Project project;
    project.id = create ? body.text("id") : path_parameter(request, "id");
    project.name = body.optional_text("name").value_or(project.id);
    project.sites = body.texts("sites");
    if (body.fault()) return reply->send(http::problem(*body.fault()));
    std::string id = project.id;
    access.save_project(std::move(project), create,
                        changed<api::Project>(request, reply, create ? "project_created" : "project_changed",
                                              std::move(id), create ? 201 : 200, json_of_project));
}

void create_project(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    save_project(access, request, reply, true);
}

void change_project(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    save_project(access, request, reply, false);
}

void remove_project(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    const std::string id = path_parameter(request, "id");
    access.remove_project(id, changed<bool>(request, reply, "project_removed", id, 204, nothing));
}

// ---- keys -----------------------------------------------------------------------------------------------------------
void list_keys(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply, {"project"})) return;
    Parameters in(request);
    std::string project = in.text("project", 64);
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    access.keys(std::move(project), answered<std::vector<api::ApiKey>>(reply, json_of_keys));
}

void create_key(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    JsonBody body(request.body, {"name", "project", "scopes", "expires_at", "secret"});
    api::ApiKey wanted;
    wanted.name = body.text("name");
    wanted.project = body.optional_text("project").value_or("default");
    for (const std::string& word : body.texts("scopes")) {
        const auto scope = auth::scope_from(word);
        if (!scope) {
            body.fail("scopes", "scopes are ingest, query and admin");
            break;
        }
        wanted.permissions = wanted.permissions | *scope;
    }
    wanted.expires_at = body.optional_time("expires_at");
    std::optional<std::string> secret = body.optional_text("secret");
    if (body.fault()) return reply->send(http::problem(*body.fault()));
    std::string name = wanted.name;
    access.create_key(std::move(wanted), std::move(secret),
                      changed<api::NewApiKey>(request, reply, "key_created", std::move(name), 201, json_of_new_key));
}

void revoke_key(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    const std::string id = path_parameter(request, "id");
    access.revoke_key(id, changed<api::ApiKey>(request, reply, "key_revoked", id, 200, json_of_key));
}

// ---- users ----------------------------------------------------------------------------------------------------------
void list_users(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    access.users(answered<std::vector<api::User>>(reply, json_of_users));
}

std::optional<auth::Role> role_in(JsonBody& body) {
    const auto word = body.optional_text("role");
    if (!word) return std::nullopt;
    const auto role = auth::role_from(*word);
    if (!role) body.fail("role", "a role is viewer, operator or admin");
    return role;
}

void create_user(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    JsonBody body(request.body, {"name", "password", "role"});
    std::string name = body.text("name");
    std::string password = body.text("password");
    const auth::Role role = role_in(body).value_or(auth::Role::Viewer);
    if (body.fault()) return reply->send(http::problem(*body.fault()));
    access.create_user(name, std::move(password), role,
                       changed<api::User>(request, reply, "user_created", name, 201, json_of_user));
}

void change_user(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    JsonBody body(request.body, {"password", "role"});
    std::optional<std::string> password = body.optional_text("password");
    const auto role = role_in(body);
    if (!password && !role) body.fail("", "name a password, a role, or both");
    if (body.fault()) return reply->send(http::problem(*body.fault()));
    const std::string name = path_parameter(request, "name");
    access.change_user(name, std::move(password), role,
                       changed<api::User>(request, reply, "user_changed", name, 200, json_of_user));
}

void remove_user(api::AccessService& access, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    const std::string name = path_parameter(request, "name");
    access.remove_user(name, changed<bool>(request, reply, "user_removed", name, 204, nothing));
}

// ---- documentation --------------------------------------------------------------------------------------------------
http::RouteDocs docs_of(std::string_view body, std::vector<http::AnswerDoc> answers) {
    http::RouteDocs docs;
    docs.tag = "access";
    if (!body.empty()) docs.body_types = {"application/json"};
    docs.body_schema = body;
    docs.answers = std::move(answers);
    return docs;
}

http::AnswerDoc good(int status, std::string_view schema, std::string_view summary) {
    if (status == 204) return {204, {}, {}, summary};
    return {status, "application/json", schema, summary};
}

http::AnswerDoc bad(int status, std::string_view summary) {
    return {status, "application/problem+json", "#Problem", summary};
}

http::RouteDocs keys_docs() {
    http::RouteDocs docs = docs_of({}, {good(200, "#ApiKeys", "Oldest first, revoked ones too.")});
    docs.parameters = {{"project", "query", R"({"type":"string","maxLength":64})", "Only those of this project."}};
    return docs;
}

http::AnswerDoc wrong_argument() {
    return bad(400, "A member or a query parameter is unknown, missing or not as it must be.");
}

}  // namespace

Status add_access_routes(http::RouteTable& table, api::AccessService& access) {
    using http::Scope;
    struct Row {
        Method method;
        std::string_view path;
        Scope scope;
        std::string_view summary;
        void (*handler)(api::AccessService&, const Request&, const ReplyPtr&);
        http::RouteDocs docs;
    };
    const http::AnswerDoc wrong = wrong_argument();
    const http::AnswerDoc gone = bad(404, "There is none of this name.");
    const http::AnswerDoc there = bad(409, "There is one already.");
    const http::AnswerDoc last = bad(409, "No admin would be left.");
    const std::vector<Row> rows{
        {Method::Post, "/api/v1/auth/login", Scope::Public, "A token for a user's name and password.", login,
         docs_of("#Credentials", {good(200, "#Token", "Send it as Authorization: Bearer."), wrong,
                                  bad(401, "The name or the password is wrong."),
                                  bad(429, "Too many failures of this name or address; Retry-After says how long.")})},
        {Method::Get, "/api/v1/auth/me", Scope::Query, "Who asks, and what they may.", me,
         docs_of({}, {good(200, "#Principal", {}), wrong})},
        {Method::Post, "/api/v1/auth/rotate", Scope::Admin,
         "Sign tokens with a new key; those that are out stay valid until they expire.", rotate,
         docs_of({}, {good(200, "#SigningKey", {}), wrong, bad(409, "The key is a file's: auth.jwt_private_key.")})},
        {Method::Get, "/api/v1/projects", Scope::Admin, "All projects.", list_projects,
         docs_of({}, {good(200, "#Projects", {}), wrong})},
        {Method::Post, "/api/v1/projects", Scope::Admin, "Make a project.", create_project,
         docs_of("#NewProject", {good(201, "#Project", {}), wrong, there})},
        {Method::Put, "/api/v1/projects/{id}", Scope::Admin, "Change a project's name and sites.", change_project,
         docs_of("#ProjectChange", {good(200, "#Project", {}), wrong, gone, bad(409, "A site is another project's.")})},
        {Method::Delete, "/api/v1/projects/{id}", Scope::Admin, "Remove a project; its events stay.", remove_project,
         docs_of({}, {good(204, {}, "It is gone."), wrong, gone, bad(409, "It has keys that work, or is default.")})},
        {Method::Get, "/api/v1/keys", Scope::Admin, "API keys, without their secrets.", list_keys, keys_docs()},
        {Method::Post, "/api/v1/keys", Scope::Admin, "Make an API key; the answer holds its secret, this once.",
         create_key,
         docs_of("#WantedApiKey", {good(201, "#NewApiKey", {}), wrong, bad(404, "There is no such project."), there})},
        {Method::Delete, "/api/v1/keys/{id}", Scope::Admin, "Revoke an API key, for good and at once.", revoke_key,
         docs_of({}, {good(200, "#ApiKey", {}), wrong, gone})},
        {Method::Get, "/api/v1/users", Scope::Admin, "All users.", list_users,
         docs_of({}, {good(200, "#Users", {}), wrong})},
        {Method::Post, "/api/v1/users", Scope::Admin, "Make a user.", create_user,
         docs_of("#NewUser", {good(201, "#User", {}), wrong, there})},
        {Method::Patch, "/api/v1/users/{name}", Scope::Admin,
         "Change a user's password or role; tokens that are out become void.", change_user,
         docs_of("#UserChange", {good(200, "#User", {}), wrong, gone, last})},
        {Method::Delete, "/api/v1/users/{name}", Scope::Admin, "Remove a user; tokens that are out become void.",
         remove_user, docs_of({}, {good(204, {}, "It is gone."), wrong, gone, last})},
    };
    for (const Row& row : rows) {
        const std::size_t body_limit = row.docs.body_types.empty() ? 0 : limits::kSmallBodyBytes;
        Status added =
            table.add({row.method, std::string(row.path), row.scope, http::Plane::Both, body_limit, row.summary,
                       [&access, handler = row.handler](const Request& request, const ReplyPtr& reply) {
                           handler(access, request, reply);
                       },
                       nullptr, false, false, row.docs, row.scope == Scope::Query});
        if (!added.ok()) return added;
    }
    return {};
}

}  // namespace streamgauge
