// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the route table, a function for each concern: what the contract's paths ask of which service, and the
// form of the answers. Handlers run on the engines' threads and never block.
#pragma once

#include <cstdint>
#include <functional>

#include "api/services.h"
#include "base/clock.h"
#include "http/route_table.h"
#include "server/server_figures.h"

namespace streamgauge {

namespace query {
class MetricDirectory;
}
namespace api {
class AnalysisService;
class AnnotationService;
class DeadLetterService;
class EventSearch;
class AccessService;
class IngestService;
class MetricService;
class ObjectiveService;
struct ObjectiveStatus;
class NotificationService;
class TraceService;
}  // namespace api
struct AccessLimits;
class Exposition;
class Gate;
class SchemaRegistry;
class SchemaWorker;
class Ticker;
class RequestMetrics;

// All of it must outlive the table.
struct RouteServices {
    const Clock& clock;
    api::IngestService& ingest;
    api::QueryService& query;
    api::AnalysisService& analysis;
    const streamgauge::query::MetricDirectory& metric_directory;
    api::EventSearch& events;
    api::LiveService& live;
    api::LoadService& load;
    api::AdminService& admin;
    api::AccessService& access;
    api::DeadLetterService& letters;
    const Gate& gate;
    const AccessLimits& limits;
    SchemaRegistry& schemas;
    api::TraceService& trace;
    SchemaWorker& schema_worker;
    api::MetricService& metrics;
    api::ObjectiveService& objectives;
    RequestMetrics& requests;
    api::AnnotationService& annotations;
    api::NotificationService& notifications;
    Ticker& ticker;
    std::function<ServerFigures()> figures;
};

// Each fails only when two rows are the same.
Status add_access_routes(http::RouteTable& table, api::AccessService& access);
Status add_ingest_routes(http::RouteTable& table, api::IngestService& ingest);
// The doors for the clients of other systems.
Status add_dialect_routes(http::RouteTable& table, api::IngestService& ingest);
Status add_health_routes(http::RouteTable& table, api::AdminService& admin);
Status add_dead_letter_routes(http::RouteTable& table, const RouteServices& services);
Status add_event_routes(http::RouteTable& table, const RouteServices& services);
// POST and GET /api/v1/query, /api/v1/metrics/daily.
Status add_analysis_routes(http::RouteTable& table, const RouteServices& services);
Status add_query_routes(http::RouteTable& table, const RouteServices& services);
Status add_trace_routes(http::RouteTable& table, const RouteServices& services);
Status add_live_routes(http::RouteTable& table, const RouteServices& services);
Status add_prometheus_routes(http::RouteTable& table, const RouteServices& services);
Status add_schema_routes(http::RouteTable& table, const RouteServices& services);
Status add_metric_routes(http::RouteTable& table, const RouteServices& services);
Status add_notification_routes(http::RouteTable& table, const RouteServices& services);
Status add_annotation_routes(http::RouteTable& table, const RouteServices& services);
Status add_load_routes(http::RouteTable& table, const RouteServices& services);
// OpenSLO and rules for Prometheus.
Status add_objective_exchange_routes(http::RouteTable& table, const RouteServices& services);
Status add_objective_routes(http::RouteTable& table, const RouteServices& services);
// The page that lists all rows: add it last.
Status add_index_route(http::RouteTable& table);
// All of the above.
Status add_all_routes(http::RouteTable& table, const RouteServices& services);

// Adds the families of objectives.
void expose_objectives(Exposition& out, const std::vector<api::ObjectiveStatus>& objectives);
// Renders the exposition and answers with it; also behind GET /metrics when a scrape asks.
void answer_exposition(const RouteServices& services, const http::ReplyPtr& reply);

}  // namespace streamgauge
