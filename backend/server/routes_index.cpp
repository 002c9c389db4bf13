// SPDX-License-Identifier: GPL-3.0-or-later
// The operator's first page: what this server can be asked, from the rows of the table themselves.
#include "server/openapi.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '<') {
            out += "&lt;";
        } else if (c == '&') {
            out += "&amp;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string line(const http::Route& route) {
    const bool link = route.method == http::Method::Get && route.path.find('{') == std::string::npos;
    const std::string path = escaped(route.path);
    std::string html = "<tr><td>" + std::string(to_string(route.method)) + "</td><td><code>";
    html += link ? "<a href=\"" + path + "\">" + path + "</a>" : path;
    html += "</code></td><td>" + escaped(route.summary);
    if (route.plane == http::Plane::ManagementOnly) html += " <em>operator</em>";
    return html + "</td></tr>";
}

std::string page(const http::RouteTable& table) {
    std::string html =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Streamgauge</title>"
        "<style>body{font:15px system-ui,sans-serif;margin:2rem;max-width:60rem}td{padding:.2rem 1rem .2rem 0;"
        "vertical-align:top}code{white-space:nowrap}</style>"
        "<h1>Streamgauge " STREAMGAUGE_VERSION
        "</h1><p>The operator's listener. Everything below is also served on the public listeners, unless it says "
        "<em>operator</em>. For programs: <a href=\"/openapi.json\">openapi.json</a>.</p>";
    std::vector<TagDoc> groups = openapi_tags();
    groups.push_back({kOtherTag, {}});
    for (const TagDoc& group : groups) {
        std::string lines;
        for (const http::Route& route : table.rows()) {
            if (openapi_tag(route) == group.name) lines += line(route);
        }
        if (lines.empty()) continue;
        html += "<h2>" + escaped(group.name) + "</h2><p>" + escaped(group.summary) + "</p><table>" + lines + "</table>";
    }
    return html + "</html>\n";
}

}  // namespace

Status add_index_route(http::RouteTable& table) {
    const auto html = std::make_shared<std::string>();
    http::RouteDocs docs;
    docs.tag = "about";
    docs.answers = {{200, "text/html; charset=utf-8", R"({"type":"string"})", "The page."}};
    Status added = table.add({http::Method::Get, "/", http::Scope::Public, http::Plane::ManagementOnly, 0, "This page.",
                              [html](const http::Request&, const http::ReplyPtr& reply) {
                                  reply->send({200, "text/html; charset=utf-8", *html, {}});
                              },
                              nullptr, false, false, docs});
    if (!added.ok()) return added;
    if (Status documented = add_openapi_route(table); !documented.ok()) return documented;
    *html = page(table);
    return added;
}

Status add_all_routes(http::RouteTable& table, const RouteServices& services) {
    if (Status added = add_health_routes(table, services.admin); !added.ok()) return added;
    if (Status added = add_access_routes(table, services.access); !added.ok()) return added;
    for (const auto add : {add_ingest_routes, add_dialect_routes}) {
        if (Status added = add(table, services.ingest); !added.ok()) return added;
    }
    for (const auto add :
         {add_event_routes, add_trace_routes, add_dead_letter_routes, add_query_routes, add_analysis_routes,
          add_live_routes, add_prometheus_routes, add_schema_routes, add_metric_routes, add_load_routes,
          add_annotation_routes, add_objective_exchange_routes, add_objective_routes, add_notification_routes}) {
        if (Status added = add(table, services); !added.ok()) return added;
    }
    return add_index_route(table);
}

}  // namespace streamgauge
