// SPDX-License-Identifier: GPL-3.0-or-later
// Who is there and is it well: the health checks of A, B and E, and ours.
#include <algorithm>

#include "api/codec.h"
#include "api/json_writer.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using http::Response;

int status(const api::Health& health) {
    return health.up ? 200 : 503;
}

std::string faults(const api::Health& health) {
    std::string all;
    for (const api::ComponentHealth& part : health.components) {
        if (!part.up) all += (all.empty() ? "" : "; ") + part.name + ": " + part.detail;
    }
    return all;
}

Response health_a(const api::Health& health) {
    return Response::json(status(health), health.up ? R"({"status":"UP"})" : R"({"status":"DOWN"})");
}

Response health_e(const api::Health& health) {
    if (health.up) return Response::json(200, R"({"ok":true})");
    api::JsonWriter json;
    json.begin_object().key("ok").boolean(false).key("error").string(faults(health)).end_object();
    return Response::json(503, json.take());
}

// The form of Spring Boot's actuator.
Response health_b(const api::Health& health) {
    api::JsonWriter json;
    json.begin_object().key("status").string(health.up ? "UP" : "DOWN").key("components").begin_object();
    for (const api::ComponentHealth& part : health.components) {
        json.key(part.name).begin_object().key("status").string(part.up ? "UP" : "DOWN");
        if (!part.up) json.key("details").begin_object().key("error").string(part.detail).end_object();
        json.end_object();
    }
    json.end_object().end_object();
    return Response::json(status(health), json.take());
}

Response health_details(const api::Health& health) {
    return Response::json(status(health), api::encode(health));
}

http::RouteDocs docs_of(std::string_view schema) {
    http::RouteDocs docs;
    docs.tag = "about";
    docs.answers = {{200, "application/json", schema, "Up."},
                    {503, "application/json", schema, "Down: something failed, or the server is stopping."}};
    return docs;
}

http::RouteDocs hello_docs() {
    http::RouteDocs docs;
    docs.tag = "about";
    docs.answers = {{200, "application/json", "#Hello", {}}};
    return docs;
}

}  // namespace

Status add_health_routes(http::RouteTable& table, api::AdminService& admin) {
    using http::Method, http::Plane, http::Scope;
    struct Row {
        std::string_view path, summary, schema;
        Response (*answer)(const api::Health&);
    };
    for (const Row& row :
         {Row{"/api/v1/health", "Up or down (A's form).",
              R"({"type":"object","required":["status"],"properties":{"status":{"enum":["UP","DOWN"]}}})", health_a},
          Row{"/health", "Up or down (E's form).",
              R"({"type":"object","required":["ok"],"properties":{"ok":{"type":"boolean"},"error":{"type":"string"}}})",
              health_e},
          Row{"/actuator/health", "Up or down, part by part (B's form).", "#ActuatorHealth", health_b},
          Row{"/api/v1/health/details", "Up or down, part by part, with what is wrong.", "#Health", health_details}}) {
        Status added = table.add({Method::Get, std::string(row.path), Scope::Public, Plane::Both, 0, row.summary,
                                  [&admin, answer = row.answer](const http::Request&, const http::ReplyPtr& reply) {
                                      reply->send(answer(admin.health()));
                                  },
                                  nullptr, false, false, docs_of(row.schema)});
        if (!added.ok()) return added;
    }
    return table.add({Method::Get, "/api/v1/hello", Scope::Public, Plane::Both, 0,
                      "Which program and version this is, and what it can be asked.",
                      [&admin](const http::Request& request, const http::ReplyPtr& reply) {
                          api::Hello hello = admin.hello();
                          // Load runs are asked for on the operator's listener only.
                          if (!request.management) std::erase(hello.features, "load");
                          reply->send(Response::json(200, api::encode(hello)));
                      },
                      nullptr, false, false, hello_docs()});
}

}  // namespace streamgauge
