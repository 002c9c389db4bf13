// SPDX-License-Identifier: GPL-3.0-or-later
// POST and GET /api/v1/query, and GET /api/v1/metrics/daily (A): questions over metrics and stored events.
#include <algorithm>
#include <map>

#include "api/analysis_service.h"
#include "api/json_writer.h"
#include "api/query_request.h"
#include "base/limits.h"
#include "metrics/decimal.h"
#include "query/metric_directory.h"
#include "query/steps.h"
#include "server/parameters.h"
#include "server/question_reply.h"
#include "server/request_metrics.h"
#include "server/route_rows.h"
#include "server/routes.h"

namespace streamgauge {
namespace {

using api::QueryRequest;
using http::ReplyPtr;
using http::Request;
using http::Response;
using query::PointsAnswer;

using ReplyOf = std::shared_ptr<QuestionReply>;

void ask(const RouteServices& services, const Request& request, const ReplyOf& to, QueryRequest asked) {
    std::string project = asked.project;
    if (!request.principal->every_project) {
        if (!project.empty() && project != request.principal->project)
            return to->refuse(Error::make(ErrorCode::Forbidden, "this key or user is of one project"));
        project = request.principal->project;
    }
    to->begin({asked.explain, asked.several, std::move(asked.places), asked.named},
              std::max<std::size_t>(1, asked.points.size()));
    if (asked.funnel) {
        asked.funnel->project = project;
        return services.analysis.funnel(*std::move(asked.funnel), to->attendance(0),
                                        [to](Result<query::FunnelAnswer> answer) { to->take(std::move(answer)); });
    }
    if (asked.retention) {
        asked.retention->project = project;
        return services.analysis.retention(
            *std::move(asked.retention), to->attendance(0),
            [to](Result<query::RetentionAnswer> answer) { to->take(std::move(answer)); });
    }
    for (std::size_t i = 0; i < asked.points.size(); ++i) {
        asked.points[i].project = project;
        services.analysis.points(std::move(asked.points[i]), to->attendance(i),
                                 [to, i](Result<PointsAnswer> answer) { to->take(i, std::move(answer)); });
    }
}

void query_route(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    const auto to = std::make_shared<QuestionReply>(reply, services.clock, request.arrived_nanos,
                                                    answer_form(request.header("Accept")));
    Parameters in(request);
    Result<QueryRequest> asked = [&]() -> Result<QueryRequest> {
        if (request.method == http::Method::Post) {
            in.refuse_unknown({"explain"});
            const std::optional<std::string> explain = request.query_parameter("explain");
            const bool on = explain == "1" || explain == "true";
            if (explain && !on && *explain != "0" && *explain != "false") in.refuse("explain", "must be true or false");
            if (in.fault()) return *in.fault();
            Result<QueryRequest> read = api::read_query(request.body, services.clock.now());
            if (read.ok()) read->explain = read->explain || on;
            return read;
        }
        auto parameters = in.with_prefix("", limits::kTargetBytes);
        if (in.fault()) return *in.fault();
        return api::read_query(parameters, services.clock.now());
    }();
    if (!asked.ok()) return to->refuse(asked.error());
    ask(services, request, to, std::move(asked).value());
}

// ---- GET /api/v1/metrics/daily ------------------------------------------------------------------------------------
constexpr int kMostDays = 3'660;

struct Date {
    std::int64_t day = 0;  // since 1970-01-01
    std::string text;
};

std::optional<Date> date_of(Parameters& in, std::string_view name) {
    const std::string text = in.required_text(name, 32);
    if (in.fault()) return std::nullopt;
    const Result<Timestamp> midnight = parse_rfc3339(text + "T00:00:00Z");
    if (text.size() == 10 && midnight.ok()) return Date{midnight->micros / kDayMicros, text};
    in.refuse(name, "must be a date: 2026-01-31");
    return std::nullopt;
}

std::string date_text(std::int64_t day) {
    return format_rfc3339({day * kDayMicros}).substr(0, 10);
}

std::string daily_body(const PointsAnswer& answer, const std::string& name, const Date& from, const Date& to,
                       const Windows& days) {
    std::map<std::int64_t, const query::Value*> values;
    for (const query::Point& point : answer.points) values[point.start.micros] = &point.value;
    api::JsonWriter json;
    json.begin_object().key("name").string(name).key("from").string(from.text).key("to").string(to.text);
    json.key("points").begin_array();
    for (std::int64_t day = from.day; day <= to.day; ++day) {
        json.begin_object().key("date").string(date_text(day)).key("value");
        const auto found = values.find(days.start_of_date(day));
        const query::Value* const value = found == values.end() ? nullptr : found->second;
        if (value == nullptr || !value->number) {
            json.integer(0);
        } else if (value->micros) {
            std::string decimal;
            append_decimal_micros(decimal, *value->number);
            json.raw(decimal);
        } else {
            json.integer(*value->number);
        }
        json.end_object();
    }
    json.end_array().end_object();
    return json.take();
}

void daily(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    const auto to_client =
        std::make_shared<QuestionReply>(reply, services.clock, request.arrived_nanos, AnswerForm::Json);
    Parameters in(request);
    services.requests.ignored_parameters(in.unknown({"name", "from", "to"}));
    const std::string name = in.required_text("name", 128);
    const auto from = date_of(in, "from"), to = date_of(in, "to");
    if (!in.fault() && to->day < from->day) in.refuse("to", "is before from");
    if (!in.fault() && to->day - from->day >= kMostDays) in.refuse("to", "is more than ten years after from");
    if (in.fault()) return to_client->refuse(*in.fault());

    const auto metric = services.metric_directory.find(name);
    const auto has_days = [&] {
        const Aggregate aggregate = metric->definition.aggregate;
        if (aggregate == Aggregate::TopK || aggregate == Aggregate::Last) return false;
        for (const Tier& tier : metric->definition.tiers)
            if (tier.window_micros == kDayMicros) return true;
        return false;
    };
    if (metric == nullptr || !has_days()) {
        Error error = Error::make(ErrorCode::NotFound, "there is no metric " + name + " with a number for each day");
        error.field = "name";
        return to_client->refuse(error);
    }
    const Result<Windows> days = Windows::make(kDayMicros, metric->definition.timezone);
    if (!days.ok()) return to_client->refuse(days.error());
    query::PointsQuery query;
    query.metric = name;
    if (!request.principal->every_project) query.project = request.principal->project;
    query.range = {{days->start_of_date(from->day)}, {days->start_of_date(to->day + 1)}};
    query.step_micros = kDayMicros;
    query.limit = 10'000;
    services.analysis.points(std::move(query), to_client->attendance(0),
                             [to_client, name, from = *from, to = *to, days = *days](Result<PointsAnswer> answer) {
                                 if (!answer.ok()) return to_client->refuse(answer.error());
                                 to_client->send(Response::json(200, daily_body(*answer, name, from, to, days)),
                                                 answer->explanation);
                             });
}

// ---- documentation ------------------------------------------------------------------------------------------------
constexpr std::string_view kText = R"({"type":"string"})";

std::vector<http::AnswerDoc> answers() {
    return {{200, "application/json", "#QueryAnswer", "The answer; with metrics, a list of them in answers."},
            {200, "text/csv; charset=utf-8; header=present", kText,
             "A row for each point. The cursor is in Streamgauge-Cursor, the watermark in Streamgauge-As-Of."},
            {200, "application/x-ndjson", kText, "A point on each line, with the same headers."},
            {200, "text/event-stream", kText,
             "Events `progress` with how far it is, then one `answer`, or `error` with the problem document."},
            {400, "application/problem+json", "", "The question makes no sense; `field` names the member."},
            {404, "application/problem+json", "", "There is no such metric."},
            {409, "application/problem+json", "", "What the cursor pages through has changed: ask again without it."}};
}

http::RouteDocs post_docs() {
    http::RouteDocs docs;
    docs.tag = "queries";
    docs.parameters = {
        {"explain", "query", R"({"enum":["0","1","false","true"]})", "Also how the question was answered.", false}};
    docs.body_types = {"application/json"};
    docs.body_schema = "#Query";
    docs.answers = answers();
    docs.examples = {
        {"days", "application/json", R"({"metric":"EVENTS_TOTAL","from":"2026-01-01","to":"2026-02-01","step":"1d"})"},
        {"top-pages", "application/json",
         R"({"metric":"page_views","from":"-15m","group_by":["page_url"],"order":"-value","limit":10,"compare":true})"},
        {"filtered", "application/json",
         R"({"metric":"page_views","from":"-1h","step":"1m","filter":{"or":[{"field":"page_url","op":"=","value":"/"},{"not":{"field":"page_url","op":"contains","value":"admin"}}]}})"},
    };
    return docs;
}

http::RouteDocs get_docs() {
    http::RouteDocs docs;
    docs.tag = "queries";
    docs.parameters = {
        {"metric", "query", kText, "A metric by name."},
        {"metrics", "query", kText, "Several, with commas."},
        {"aggregate", "query", kText, "In place of a metric: an aggregate over stored events, as sum(props.amount)."},
        {"time", "query", R"({"enum":["occurred","activity"]})", "Of aggregate: which time of an event counts."},
        {"project", "query", kText, "Of those who may ask about all projects: one of them."},
        {"from", "query", kText, "2026-01-31, RFC 3339, epoch seconds or milliseconds, or -15m."},
        {"to", "query", kText, "The same, excluded; now where it is missing."},
        {"step", "query", kText, "10s, 5m, 1h, 1d: one point for each. Without it one for the whole range."},
        {"timezone", "query", kText, "Of steps of whole days: Asia/Kolkata."},
        {"group_by", "query", kText, "Fields, with commas."},
        {"filter", "query", kText, "In the language of filters, or as JSON."},
        {"order", "query", R"({"enum":["time","-time","value","-value","group","-group"]})",
         "With - the largest first."},
        {"percentiles", "query", kText, "Of a metric of percentiles: 50,99."},
        {"top", "query", R"({"type":"integer","minimum":1,"maximum":1000})", "Of a topk: most items of a point."},
        {"limit", "query", R"({"type":"integer","minimum":1,"maximum":10000,"default":1000})",
         "Most points of a page."},
        {"compare", "query", R"({"enum":["0","1","false","true"]})", "Also the period right before."},
        {"cursor", "query", kText, "Of the page before."},
        {"funnel", "query", kText, "A funnel, as JSON."},
        {"retention", "query", kText, "Retention, as JSON."},
        {"explain", "query", R"({"enum":["0","1","false","true"]})", "Also how the question was answered."},
    };
    docs.answers = answers();
    return docs;
}

http::RouteDocs daily_docs() {
    http::RouteDocs docs;
    docs.tag = "queries";
    docs.parameters = {{"name", "query", kText, "EVENTS_TOTAL, DAU, or any metric with a window of a day.", true},
                       {"from", "query", R"({"type":"string","format":"date"})", "The first day.", true},
                       {"to", "query", R"({"type":"string","format":"date"})", "The last day.", true}};
    docs.answers = {
        {200, "application/json",
         R"({"type":"object","required":["name","from","to","points"],"properties":{"name":{"type":"string"},)"
         R"("from":{"type":"string","format":"date"},"to":{"type":"string","format":"date"},"points":{"type":"array",)"
         R"("items":{"type":"object","required":["date","value"],"properties":{"date":{"type":"string",)"
         R"("format":"date"},"value":{"type":"number"}}}}}})",
         "A point for each day; 0 where there were no events."},
        {400, "application/problem+json", "", "A date is wrong, or `to` is before `from`."},
        {404, "application/problem+json", "", "There is no such metric."}};
    return docs;
}

}  // namespace

Status add_analysis_routes(http::RouteTable& table, const RouteServices& services) {
    struct Row {
        http::Method method;
        std::string_view path, summary;
        void (*handler)(const RouteServices&, const Request&, const ReplyPtr&);
        http::RouteDocs docs;
        std::size_t body_limit;
    };
    for (const Row& row :
         {Row{http::Method::Post, "/api/v1/query", "Asks metrics or stored events, funnels or retention.", query_route,
              post_docs(), api::kQueryBytes},
          Row{http::Method::Get, "/api/v1/query", "The same by query parameters.", query_route, get_docs(), 0},
          Row{http::Method::Get, "/api/v1/metrics/daily", "A metric's number for each day.", daily, daily_docs(), 0}}) {
        if (Status added = add_row(table, row, http::Scope::Query, row.body_limit, services); !added.ok()) return added;
    }
    return {};
}

}  // namespace streamgauge
