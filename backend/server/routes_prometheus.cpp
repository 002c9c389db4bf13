// SPDX-License-Identifier: GPL-3.0-or-later
// The exposition: the series that A's and E's dashboards read, and ours.
#include <limits>

#include "schema/schema_registry.h"
#include "server/access_limits.h"
#include "server/exposition.h"
#include "server/gate.h"
#include "server/process_memory.h"
#include "server/request_metrics.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

constexpr std::size_t kTypesTold = 100;  // event types with a series of their own
constexpr int kRecentMinutes = 10;
constexpr int kRecentRows = 1'000;  // beyond that many the gauges stay at it

void expose_streams(Exposition& out, const std::vector<api::StreamMinute>& rows, Timestamp now, bool known) {
    std::uint64_t donations = 0;
    for (const api::StreamMinute& row : rows) donations += row.donations_cents != 0 ? 1 : 0;
    double age = std::numeric_limits<double>::quiet_NaN();  // no window yet
    if (!rows.empty()) {
        age = static_cast<double>(now.micros - rows.front().window_start.micros) / Timestamp::kMicrosPerSecond;
    }
    out.gauge("api_db_ok", "1 when the store answers.", known ? 1 : 0);
    out.gauge("api_stream_metrics_rows_recent", "Stream minutes of the last ten minutes.",
              static_cast<double>(rows.size()));
    out.gauge("api_donation_rows_recent", "Stream minutes of the last ten minutes with donations.",
              static_cast<double>(donations));
    out.gauge("api_latest_window_age_seconds", "Time since the newest stream minute began.", age);
}

void expose_events(Exposition& out, const ServerFigures& figures) {
    const api::Ledger& ledger = figures.ledger;
    out.gauge("rtap_events_raw_count", "Events stored.", static_cast<double>(ledger.accepted));
    out.gauge("rtap_etl_last_run_ok", "1 when the last aggregation was committed.", figures.pipeline_ok ? 1 : 0);
    out.family("streamgauge_events_total", "counter", "Events that were decoded, by what became of them at the door.");
    out.sample("streamgauge_events_total", {{"outcome", "accepted"}}, ledger.accepted);
    out.sample("streamgauge_events_total", {{"outcome", "duplicate"}}, ledger.duplicate);
    out.sample("streamgauge_events_total", {{"outcome", "invalid"}}, ledger.invalid);
    out.counter("streamgauge_events_decoded_total", "Events that were decoded.", ledger.decoded);
    out.counter("streamgauge_events_aggregated_total", "Accepted events that are in the aggregates.",
                ledger.aggregated);
    out.counter("streamgauge_events_too_late_total", "Accepted events older than what is kept.", ledger.too_late);
    out.counter("streamgauge_events_late_total", "Aggregated events more than a minute behind the watermark.",
                figures.aggregation.late);
    out.counter("streamgauge_events_future_total", "Aggregated events dated ahead of their arrival.",
                figures.aggregation.future);
    out.counter("streamgauge_events_system_total", "Events of the program itself, which are in no metric.",
                figures.aggregation.system);
    if (figures.aggregation.watermark)
        out.gauge("streamgauge_watermark_timestamp_seconds", "The newest activity that is aggregated, since 1970.",
                  static_cast<double>(figures.aggregation.watermark->micros) / 1e6);
    out.gauge("streamgauge_events_in_flight", "Accepted events that are not aggregated yet.",
              static_cast<double>(ledger.in_flight));
    out.gauge("streamgauge_ledger_difference", "Events that the ledger cannot account for.",
              static_cast<double>(ledger.difference));
    out.gauge("streamgauge_consumer_lag_events", "Committed events that are not aggregated yet.",
              static_cast<double>(figures.lag_events));
    out.gauge("streamgauge_consumer_lag_seconds", "Age of the oldest of them.", figures.lag_seconds);
    out.gauge("streamgauge_journal_pending_events", "Events taken and not committed yet.",
              static_cast<double>(figures.journal_pending));
    out.gauge("streamgauge_dedup_horizon_seconds",
              "How far back every event id is known; less than 172800 when dedup.max_bytes is too small for more.",
              static_cast<double>(figures.dedup_horizon_seconds));
    out.gauge("streamgauge_dedup_memory_bytes", "Memory that event ids take.",
              static_cast<double>(figures.dedup_memory_bytes));
    out.counter("streamgauge_events_by_bots_total", "Accepted events that robots caused.", figures.bots);
    out.counter("streamgauge_events_off_schema_total", "Accepted events that break a schema which only warns.",
                figures.off_schema);
    out.gauge("streamgauge_disk_used_ratio", "Share of the data directory's disk that is used.",
              figures.disk_used_percent / 100);
    out.counter("streamgauge_disk_refused_requests_total", "Ingestion requests refused because the disk is full.",
                figures.disk_refused);
    out.gauge("streamgauge_storage_up", "1 when journal and store work.", figures.storage_ok ? 1 : 0);
}

void expose_metrics(Exposition& out, const ServerFigures& figures) {
    const auto family = [&](const char* name, const char* type, const char* help, bool of_sets, auto value) {
        out.family(name, type, help);
        for (const MetricFigures& metric : figures.metrics)
            if (!of_sets || metric.set)
                out.sample(name, {{"metric", metric.name}}, static_cast<std::uint64_t>(value(metric)));
    };
    using Figures = const MetricFigures&;
    family("streamgauge_metric_late_total", "counter", "Events that corrected a closed window of the finest tier.",
           false, [](Figures m) { return m.counters.late; });
    family("streamgauge_metric_too_late_total", "counter", "Events older than every window that is kept.", false,
           [](Figures m) { return m.counters.too_late; });
    family("streamgauge_metric_not_numeric_total", "counter", "Events whose value should be a number and is none.",
           false, [](Figures m) { return m.counters.not_numeric; });
    family("streamgauge_metric_exact_values", "gauge", "Values kept exactly in open windows.", true,
           [](Figures m) { return m.exact_values; });
    family("streamgauge_metric_exact_budget", "gauge", "How many may be; beyond that sketches begin.", true,
           [](Figures m) { return m.exact_budget; });
    family("streamgauge_metric_overflowed_total", "counter", "Values for groups beyond those that there may be.", true,
           [](Figures m) { return m.overflowed; });
    family("streamgauge_metric_set_bytes", "gauge", "Memory of distinct values, rankings and percentiles.", true,
           [](Figures m) { return m.memory_bytes; });
}

void expose_dead_letters(Exposition& out, const ServerFigures& figures) {
    out.family("streamgauge_dead_letters", "gauge", "Dead letters, by project and what became of them.");
    for (const LetterUsage& one : figures.dead_letters) {
        out.sample("streamgauge_dead_letters", {{"project", one.project}, {"state", "open"}}, one.open);
        out.sample("streamgauge_dead_letters", {{"project", one.project}, {"state", "resending"}}, one.resending);
        out.sample("streamgauge_dead_letters", {{"project", one.project}, {"state", "resent"}}, one.resent);
    }
    out.family("streamgauge_dead_letters_bytes", "gauge", "Bytes of dead letters that count against the cap.");
    for (const LetterUsage& one : figures.dead_letters)
        out.sample("streamgauge_dead_letters_bytes", {{"project", one.project}}, one.bytes);
    out.family("streamgauge_dead_letters_cap_bytes", "gauge", "Most of them.");
    for (const LetterUsage& one : figures.dead_letters)
        out.sample("streamgauge_dead_letters_cap_bytes", {{"project", one.project}}, one.cap_bytes);
    out.counter("streamgauge_dead_letters_not_kept_total", "Rejected events beyond the cap: counted, not kept.",
                figures.dead_letters_not_kept);
}

void expose_schemas(Exposition& out, const SchemaRegistry& schemas) {
    out.family("streamgauge_schema_violations_total", "counter", "Events that broke the schema of their type.");
    std::uint64_t others = 0;
    std::size_t told = 0;
    for (const auto& [event_type, count] : schemas.violations()) {
        if (told++ < kTypesTold) {
            out.sample("streamgauge_schema_violations_total", {{"event_type", event_type}}, count);
        } else {
            others += count;
        }
    }
    if (told > kTypesTold) out.sample("streamgauge_schema_violations_total", {{"event_type", "(others)"}}, others);
}

void expose_answers(Exposition& out, const ServerFigures& figures) {
    out.counter("streamgauge_query_cache_hits_total", "Questions about metrics that were answered from the cache.",
                figures.answers_hit);
    out.counter("streamgauge_query_cache_misses_total", "Those that were read from the store.", figures.answers_missed);
    out.counter("streamgauge_query_cache_invalidated_total", "Answers that a commit made wrong, and removed.",
                figures.answers_invalidated);
    out.gauge("streamgauge_query_cache_bytes", "Memory of answers that are kept.",
              static_cast<double>(figures.answers_bytes));
    out.counter("streamgauge_questions_total", "Questions about metrics and stored events.", figures.questions_asked);
    out.counter("streamgauge_questions_cancelled_total", "Those that ended because nobody waited any more.",
                figures.questions_cancelled);
    out.gauge("streamgauge_questions_waiting", "Those that wait for their answers.",
              static_cast<double>(figures.questions_waiting));
}

void expose_canary(Exposition& out, const std::optional<api::CanaryStatus>& canary) {
    if (!canary) return;
    out.counter("streamgauge_canary_sent_total", "Events of the server's own that were sent the whole way.",
                canary->sent);
    out.counter("streamgauge_canary_missed_total", "Those that questions did not see within 5 seconds.",
                canary->missed);
    out.gauge("streamgauge_canary_up", "0 since one was missed, until one arrives.", canary->fault ? 0 : 1);
    if (!canary->age_seconds) return;
    out.gauge("streamgauge_canary_age_seconds", "Since the last one arrived.", *canary->age_seconds);
    out.family("streamgauge_canary_latency_seconds", "gauge",
               "How long the last one took to be on disk, to be aggregated, and to be seen by every question.");
    out.sample("streamgauge_canary_latency_seconds", {{"stage", "stored"}}, canary->stored_ms / 1e3);
    out.sample("streamgauge_canary_latency_seconds", {{"stage", "aggregated"}}, canary->aggregated_ms / 1e3);
    out.sample("streamgauge_canary_latency_seconds", {{"stage", "visible"}}, canary->visible_ms / 1e3);
}

void expose_process(Exposition& out, const ServerFigures& figures) {
    out.gauge("streamgauge_resident_memory_bytes", "Memory of the server.", static_cast<double>(resident_bytes()));
    out.gauge("streamgauge_http_connections_open", "Connections.", static_cast<double>(figures.connections.open));
    out.counter("streamgauge_http_connections_accepted_total", "Connections accepted.", figures.connections.accepted);
    out.counter("streamgauge_http_connections_refused_total", "Connections refused at a limit.",
                figures.connections.refused);
    out.counter("streamgauge_http_requests_arrived_total", "Requests whose head was complete.",
                figures.connections.requests_arrived);
    out.counter("streamgauge_http_requests_answered_total", "Requests that were answered.",
                figures.connections.requests_answered);
    out.counter("streamgauge_http_requests_cut_total", "Requests whose client left before the answer.",
                figures.connections.requests_cut);
    out.counter("streamgauge_tls_handshakes_failed_total", "TLS handshakes that failed.",
                figures.connections.tls_failed);
    if (figures.certificate_seconds) {
        out.gauge("streamgauge_tls_certificate_expiry_seconds", "Until the certificate expires.",
                  *figures.certificate_seconds);
    }
    out.family("streamgauge_build_info", "gauge", "Always 1; the version is in the label.");
    out.sample("streamgauge_build_info", {{"version", STREAMGAUGE_VERSION}}, std::uint64_t{1});
}

}  // namespace

void answer_exposition(const RouteServices& services, const http::ReplyPtr& reply) {
    services.query.stream_minutes({}, kRecentMinutes, kRecentRows,
                                  [&services, reply](Result<std::vector<api::StreamMinute>> rows) {
                                      const ServerFigures figures = services.figures();
                                      Exposition out;
                                      expose_streams(out, rows.ok() ? *rows : std::vector<api::StreamMinute>{},
                                                     services.clock.now(), rows.ok() && figures.storage_ok);
                                      expose_events(out, figures);
                                      expose_metrics(out, figures);
                                      expose_dead_letters(out, figures);
                                      services.gate.expose(out);
                                      services.limits.expose(out);
                                      expose_schemas(out, services.schemas);
                                      services.requests.expose(out);
                                      expose_answers(out, figures);
                                      expose_canary(out, figures.canary);
                                      if (figures.objectives) expose_objectives(out, *figures.objectives);
                                      expose_process(out, figures);
                                      reply->send({200, Exposition::kContentType, out.take(), {}});
                                  });
}

Status add_prometheus_routes(http::RouteTable& table, const RouteServices& services) {
    http::RouteDocs docs;
    docs.tag = "monitoring";
    docs.answers = {{200, Exposition::kContentType, R"({"type":"string"})", "The exposition."}};
    for (const std::string_view path : {"/prometheus", "/actuator/prometheus"}) {
        Status added = table.add(
            {http::Method::Get, std::string(path), http::Scope::Query, http::Plane::Both, 0,
             "Prometheus' text exposition of every series.",
             [&services](const http::Request&, const http::ReplyPtr& reply) { answer_exposition(services, reply); },
             nullptr, false, false, docs});
        if (!added.ok()) return added;
    }
    return {};
}

}  // namespace streamgauge
