// SPDX-License-Identifier: GPL-3.0-or-later
// Server-sent events: B's GET /metrics/stream, and the console's GET /api/v1/live.
#include "api/codec.h"
#include "api/json_writer.h"
#include "base/limits.h"
#include "server/live_reader.h"
#include "server/parameters.h"
#include "server/request_metrics.h"
#include "server/routes.h"
#include "server/ticker.h"

namespace streamgauge {

namespace {

// Of a filter in the address of a request, which has little room: longer ones go into a question (POST /api/v1/query).
constexpr std::size_t kFilterInAddressBytes = 2048;

constexpr std::size_t kFullMetricsBacklog =
    64 * 1024;  // a reader this far behind misses messages: each says all there is

std::shared_ptr<const std::string> metrics_message(const RouteServices& services) {
    const api::PipelineStats stats = services.query.pipeline_stats();
    api::JsonWriter json;
    json.begin_object().key("receivedTotal").unsigned_integer(stats.received_total);
    json.key("writtenTotal")
        .unsigned_integer(stats.written_total)
        .key("avgProcessingMs")
        .number(stats.avg_processing_ms);
    json.key("lag").unsigned_integer(stats.lag).key("ts").string(format_rfc3339(services.clock.now())).end_object();
    return std::make_shared<const std::string>("event: metrics\ndata: " + json.take() + "\n\n");
}

// One message at once, and one every second until the reader is gone.
void send_metrics(const RouteServices& services, std::shared_ptr<http::Stream> stream) {
    stream->push(metrics_message(services));
    services.ticker.add([&services, stream = std::move(stream)] {
        if (stream->closed()) return false;
        if (stream->backlog() < kFullMetricsBacklog) stream->push(metrics_message(services));
        return true;
    });
}

http::Handler live_handler(const RouteServices& services) {
    // One for each topic, so that topics do not take each other's place.
    std::vector<std::shared_ptr<SharedText>> texts;
    texts.reserve(3);
    for (int i = 0; i < 3; ++i) texts.push_back(std::make_shared<SharedText>());
    return [&services, texts](const http::Request& request, const http::ReplyPtr& reply) {
        Parameters in(request);
        const auto topic = static_cast<api::Topic>(in.word("topic", {"overview", "events", "load"}));
        api::TopicFilter filter{in.text("event_type", limits::kEventTypeBytes),
                                in.text("filter", kFilterInAddressBytes)};
        if (const std::size_t unknown = in.unknown({"topic", "event_type", "filter"}); unknown != 0) {
            services.requests.ignored_parameters(unknown);
        }
        if (in.fault()) return reply->send(http::problem(*in.fault()));
        if (const auto where = filter_parameter(filter.filter); !where.ok())
            return reply->send(http::problem(where.error()));
        std::optional<api::ResumePoint> resume;
        // A point that cannot be read is one that cannot be resumed from: the answer starts with a snapshot.
        if (const auto point = api::parse_resume_point(request.header("Last-Event-ID")); point.ok()) resume = *point;
        auto stream = reply->stream();
        if (!stream) return;
        std::make_shared<LiveReader>(std::move(stream), services.ticker, texts[static_cast<std::size_t>(topic)])
            ->open(services.live, topic, std::move(filter), resume);
    };
}

http::RouteDocs metrics_docs() {
    http::RouteDocs docs;
    docs.tag = "live";
    docs.answers = {{200, "text/event-stream", R"({"type":"string"})",
                     "Events `metrics` with receivedTotal, writtenTotal, avgProcessingMs, lag and ts."}};
    return docs;
}

http::RouteDocs live_docs() {
    http::RouteDocs docs;
    docs.tag = "live";
    docs.parameters = {
        {"topic", "query", R"({"enum":["overview","events","load"],"default":"overview"})", "What to hear of.", false},
        {"event_type", "query", R"({"type":"string","maxLength":128})", "Of the topic events: only those of this type.",
         false},
        {"filter", "query", R"({"type":"string","maxLength":2048})",
         "Of the topic events: only those that match, in the filter language.", false},
        {"Last-Event-ID", "header", R"({"type":"string"})", "The last event that was read: goes on after it.", false}};
    docs.answers = {{200, "text/event-stream", R"({"type":"string"})", "An event `snapshot`, then events `delta`."},
                    {400, "application/problem+json", "",
                     "A parameter is wrong; `field` names it, and of a filter "
                     "`offset` the byte at fault."}};
    return docs;
}

}  // namespace

Status add_live_routes(http::RouteTable& table, const RouteServices& services) {
    using http::Method, http::Plane, http::Scope;
    Status added = table.add({Method::Get, "/metrics/stream", Scope::Query, Plane::Both, 0,
                              "Server-sent events: what was received and written, once a second (B's form).",
                              [&services](const http::Request&, const http::ReplyPtr& reply) {
                                  if (auto stream = reply->stream()) send_metrics(services, std::move(stream));
                              },
                              nullptr, false, false, metrics_docs()});
    if (!added.ok()) return added;
    return table.add(
        {Method::Get, "/api/v1/live", Scope::Query, Plane::Both, 0,
         "Server-sent events of a topic (overview, events, load): a snapshot, then deltas; Last-Event-ID resumes.",
         live_handler(services), nullptr, false, false, live_docs()});
}

}  // namespace streamgauge
