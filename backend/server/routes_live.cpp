// SPDX-License-Identifier: GPL-3.0-or-later
// Server-sent events: B's GET /metrics/stream, and the console's GET /api/v1/live.
#include <algorithm>
#include <atomic>

#include "api/analysis_service.h"
#include "api/codec.h"
#include "api/json_writer.h"
#include "base/limits.h"
#include "http/text.h"
#include "server/gate.h"
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

std::shared_ptr<const std::string> metrics_message(const RouteServices& services, const api::PipelineStats& stats) {
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
    stream->push(metrics_message(services, services.query.pipeline_stats()));
    services.ticker.add([&services, stream = std::move(stream)] {
        if (stream->closed()) return false;
        if (stream->backlog() < kFullMetricsBacklog)
            stream->push(metrics_message(services, services.query.pipeline_stats()));
        return true;
    });
}

// The same of one project: its events as EVENTS_TOTAL counts them, which is after all that was acknowledged is in.
class ProjectMetrics : public std::enable_shared_from_this<ProjectMetrics> {
public:
    ProjectMetrics(const RouteServices& services, std::string project, std::shared_ptr<http::Stream> stream)
        : services_(services), project_(std::move(project)), stream_(std::move(stream)) {}

    // False when the reader is gone.
    bool send() {
        if (stream_->closed()) return false;
        if (stream_->backlog() >= kFullMetricsBacklog || asking_.exchange(true)) return true;
        query::PointsQuery query;
        query.metric = "EVENTS_TOTAL";
        query.project = project_;
        query.range = {{0}, services_.clock.now().plus_micros(2 * kDayMicros)};  // dated ahead included
        const auto self = shared_from_this();
        services_.analysis.points(std::move(query), {{}, [self] { return self->stream_->closed(); }},
                                  [self](const Result<query::PointsAnswer>& answer) { self->take(answer); });
        return true;
    }

private:
    void take(const Result<query::PointsAnswer>& answer) {
        asking_ = false;
        if (!answer.ok()) return;  // the next second may have one
        api::PipelineStats stats = services_.query.pipeline_stats();
        std::int64_t events = 0;
        for (const query::Point& point : answer->points) events += point.value.number.value_or(0);
        stats.received_total = stats.written_total = static_cast<std::uint64_t>(std::max<std::int64_t>(0, events));
        stats.lag = 0;
        stream_->push(metrics_message(services_, stats));
    }

    const RouteServices& services_;
    const std::string project_;
    const std::shared_ptr<http::Stream> stream_;
    std::atomic<bool> asking_{false};
};

void metrics_stream(const RouteServices& services, const http::Request& request, const http::ReplyPtr& reply) {
    auto stream = reply->stream();
    if (!stream) return;
    if (services.gate.may_see_all(*request.principal).ok()) return send_metrics(services, std::move(stream));
    auto of_project = std::make_shared<ProjectMetrics>(services, request.principal->project, std::move(stream));
    of_project->send();
    services.ticker.add([of_project] { return of_project->send(); });
}

// The filter of a caller that is confined to one project.
std::string within(const std::string& project, const std::string& filter) {
    std::string out = "project = \"" + project + '"';  // projects have no quotes in their names
    if (!http::trim(filter).empty()) out += " and (" + filter + ")";
    return out;
}

http::Handler live_handler(const RouteServices& services) {
    // One for each topic, so that topics do not take each other's place.
    std::vector<std::shared_ptr<SharedText>> texts;
    texts.reserve(3);
    for (int i = 0; i < 3; ++i) texts.push_back(std::make_shared<SharedText>());
    return [&services, texts](const http::Request& request, const http::ReplyPtr& reply) {
        Parameters in(request);
        auto topic = static_cast<api::Topic>(in.word("topic", {"overview", "events", "load"}));
        api::TopicFilter filter{in.text("event_type", limits::kEventTypeBytes),
                                in.text("filter", kFilterInAddressBytes)};
        if (const std::size_t unknown = in.unknown({"topic", "event_type", "filter"}); unknown != 0) {
            services.requests.ignored_parameters(unknown);
        }
        if (in.fault()) return reply->send(http::problem(*in.fault()));
        if (const auto where = filter_parameter(filter.filter); !where.ok())
            return reply->send(http::problem(where.error()));
        if (const Status all = services.gate.may_see_all(*request.principal); !all.ok()) {
            if (!request.query_parameter("topic")) topic = api::Topic::Events;
            if (topic != api::Topic::Events) return reply->send(http::problem(all.error()));
            filter.filter = within(request.principal->project, filter.filter);
        }
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
    docs.answers = {
        {200, "text/event-stream", R"({"type":"string"})",
         "Events `metrics` with receivedTotal, writtenTotal, avgProcessingMs, lag and ts. For a key of one project "
         "among several: its own events that metrics count, all of them written, so without a lag."}};
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
    docs.answers = {
        {200, "text/event-stream", R"({"type":"string"})", "An event `snapshot`, then events `delta`."},
        {403, "application/problem+json", "",
         "Keys of one project among several hear of the topic events (then the default), and of theirs only."},
        {400, "application/problem+json", "",
         "A parameter is wrong; `field` names it, and of a filter "
         "`offset` the byte at fault."}};
    return docs;
}

}  // namespace

Status add_live_routes(http::RouteTable& table, const RouteServices& services) {
    using http::Method, http::Plane, http::Scope;
    http::Route stream{Method::Get,
                       "/metrics/stream",
                       Scope::Query,
                       Plane::Both,
                       0,
                       "Server-sent events: what was received and written, once a second (B's form).",
                       [&services](const http::Request& request, const http::ReplyPtr& reply) {
                           metrics_stream(services, request, reply);
                       },
                       nullptr,
                       false,
                       false,
                       metrics_docs()};
    stream.by_project = true;
    if (Status added = table.add(std::move(stream)); !added.ok()) return added;
    http::Route live{
        Method::Get,
        "/api/v1/live",
        Scope::Query,
        Plane::Both,
        0,
        "Server-sent events of a topic (overview, events, load): a snapshot, then deltas; Last-Event-ID resumes.",
        live_handler(services),
        nullptr,
        false,
        false,
        live_docs()};
    live.by_project = true;
    return table.add(std::move(live));
}

}  // namespace streamgauge
