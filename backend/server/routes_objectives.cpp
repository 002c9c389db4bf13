// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives over REST: list, declare, change, remove, their history, and what a draft would have done.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/json_writer.h"
#include "api/objective_codec.h"
#include "api/objective_service.h"
#include "base/log.h"
#include "base/time_text.h"
#include "server/exposition.h"
#include "server/parameters.h"
#include "server/question_reply.h"
#include "server/route_rows.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

using api::JsonWriter;
using api::ObjectiveStatus;
using http::Method;
using http::ReplyPtr;
using http::Request;
using http::Response;

constexpr std::size_t kMostInstantBytes = 64;
constexpr std::int64_t kUsualHistory = 86'400'000'000;

bool refused(const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    in.refuse_unknown({});
    if (in.fault()) reply->send(http::problem(*in.fault()));
    return in.fault().has_value();
}

// What the asker may see: everything, or the objectives of the own project.
std::string seen_by(const Request& request) {
    return request.principal->every_project ? std::string() : std::string(request.principal->project);
}

bool may_not_change(const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return true;
    if (request.principal->every_project) return false;
    reply->send(http::problem(Error::make(
        ErrorCode::Forbidden,
        "objectives are the operator's, and this key is of one project: " + std::string(request.principal->project))));
    return true;
}

std::string asker(const Request& request) {
    return !request.principal->name.empty() ? request.principal->name : request.principal->id;
}

std::string name_of(const Request& request) {
    for (const auto& [name, value] : request.path_parameters)
        if (name == "name") return value;
    return {};
}

Error unknown(const std::string& name) {
    return Error::make(ErrorCode::NotFound, "there is no objective " + name);
}

void list(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    services.objectives.list(seen_by(request), [reply](const Result<std::vector<ObjectiveStatus>>& all) {
        if (!all) return reply->send(http::problem(all.error()));
        JsonWriter out;
        out.begin_object().key("objectives").begin_array();
        for (const ObjectiveStatus& one : *all) out.raw(api::write_status(one));
        out.end_array().end_object();
        reply->send(Response::json(200, out.take()));
    });
}

// Calls `then` with the objective, if the asker may see it.
template <class Then>
void with_objective(const RouteServices& services, const Request& request, const ReplyPtr& reply, Then then) {
    services.objectives.list(seen_by(request), [reply, name = name_of(request), then = std::move(then)](
                                                   const Result<std::vector<ObjectiveStatus>>& all) {
        if (!all) return reply->send(http::problem(all.error()));
        const auto found = std::find_if(all->begin(), all->end(),
                                        [&](const ObjectiveStatus& one) { return one.objective.name == name; });
        if (found == all->end()) return reply->send(http::problem(unknown(name)));
        then(*found);
    });
}

void find(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    if (refused(request, reply)) return;
    with_objective(services, request, reply,
                   [reply](const ObjectiveStatus& one) { reply->send(Response::json(200, api::write_status(one))); });
}

void history(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    Parameters in(request);
    const Timestamp now = services.clock.now();
    const auto instant = [&](std::string_view name, Timestamp fallback) {
        const std::string text = in.text(name, kMostInstantBytes);
        if (text.empty() || in.fault()) return fallback;
        const Result<Timestamp> read = parse_instant(text, now);
        if (read) return *read;
        in.refuse(name, read.error().message);
        return fallback;
    };
    query::TimeRange range;
    range.to = instant("to", now);
    range.from = instant("from", range.to.plus_micros(-kUsualHistory));
    in.refuse_unknown({"from", "to"});
    if (in.fault()) return reply->send(http::problem(*in.fault()));
    with_objective(services, request, reply, [&services, reply, range](const ObjectiveStatus& one) {
        services.objectives.history(one.objective.name, range, [reply](const Result<api::ObjectiveHistory>& found) {
            if (!found) return reply->send(http::problem(found.error()));
            reply->send(Response::json(200, api::write_history(*found)));
        });
    });
}

void put(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    if (may_not_change(request, reply)) return;
    Result<slo::Objective> objective = api::read_objective(request.body, name_of(request));
    if (!objective) return reply->send(http::problem(objective.error()));
    services.objectives.put(std::move(objective).value(),
                            [reply, by = asker(request)](const Result<ObjectiveStatus>& done) {
                                if (!done) return reply->send(http::problem(done.error()));
                                log::info("objective_declared", "an objective was declared or changed",
                                          {{"objective", done->objective.name}, {"by", by}});
                                reply->send(Response::json(200, api::write_status(*done)));
                            });
}

void remove(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    if (may_not_change(request, reply)) return;
    const std::string name = name_of(request);
    services.objectives.remove(name, [reply, name, by = asker(request)](const Result<bool>& done) {
        if (!done) return reply->send(http::problem(done.error()));
        log::info("objective_removed", "an objective was removed", {{"objective", name}, {"by", by}});
        reply->send({204, "", {}, {}});
    });
}

// As events: how far it is, in hundredths, then the answer.
void back_test_as_events(const RouteServices& services, api::BackTestRequest asked, const ReplyPtr& reply) {
    const std::shared_ptr<http::Stream> stream = reply->stream();
    if (!stream) return;
    send_progress(*stream, 0);
    api::Attendance attendance;
    attendance.cancelled = [stream] { return stream->closed(); };
    attendance.progress = [stream, told = std::make_shared<std::atomic<int>>(0)](double share) {
        const int hundredths = static_cast<int>(share * 100);
        if (hundredths > told->exchange(hundredths)) send_progress(*stream, hundredths);
    };
    services.objectives.back_test(std::move(asked.draft), asked.range, attendance,
                                  [stream](const Result<api::BackTest>& done) {
                                      if (done) {
                                          send_event(*stream, "answer", api::write_back_test(*done));
                                      } else {
                                          send_event(*stream, "error", http::problem(done.error()).body);
                                      }
                                      stream->end();
                                  });
}

void back_test(const RouteServices& services, const Request& request, const ReplyPtr& reply) {
    if (may_not_change(request, reply)) return;
    Result<api::BackTestRequest> asked = api::read_back_test_request(request.body, services.clock.now());
    if (!asked) return reply->send(http::problem(asked.error()));
    if (answer_form(request.header("Accept")) == AnswerForm::Events)
        return back_test_as_events(services, std::move(asked).value(), reply);
    services.objectives.back_test(std::move(asked->draft), asked->range, {{}, [reply] { return reply->abandoned(); }},
                                  [reply](const Result<api::BackTest>& done) {
                                      if (!done) return reply->send(http::problem(done.error()));
                                      reply->send(Response::json(200, api::write_back_test(*done)));
                                  });
}

// ---- documentation --------------------------------------------------------------------------------------------------
constexpr std::string_view kObjectivesOut =
    R"({"type":"object","required":["objectives"],"properties":{"objectives":{"type":"array","items":{"$ref":"#/components/schemas/ObjectiveStatus"}}}})";
constexpr std::string_view kBackTestIn =
    R"({"type":"object","required":["objective"],"additionalProperties":false,"properties":{"objective":{"$ref":"#/components/schemas/Objective"},"from":{"type":"string","description":"A time, or \"-30d\" (the default)."},"to":{"type":"string"}}})";
constexpr std::string_view kExample =
    R"j({"indicator":{"kind":"latency","route":"POST /events","threshold_ms":100},"target":0.99,"window":{"rolling":"7d"},"cool_down":"5m"
})j";
constexpr std::string_view kDraftExample =
    R"j({"objective":{"name":"draft","indicator":{"kind":"errors"},"target":0.999},"from":"-7d"
})j";

http::AnswerDoc bad(int status, std::string_view summary) {
    return {status, "application/problem+json", "#Problem", summary};
}

http::RouteDocs docs_of(std::string_view body, std::vector<http::AnswerDoc> answers) {
    http::RouteDocs docs;
    docs.tag = "objectives";
    if (!body.empty()) {
        docs.body_types = {"application/json"};
        docs.body_schema = body;
        answers.push_back(bad(400, "The objective is wrong: `field` names the member."));
    }
    docs.answers = std::move(answers);
    return docs;
}

struct Row {
    Method method;
    std::string_view path, summary;
    http::Scope scope;
    void (*handler)(const RouteServices&, const Request&, const ReplyPtr&);
    http::RouteDocs docs;
};

std::vector<Row> rows() {
    const http::AnswerDoc gone = bad(404, "There is no such objective.");
    const http::AnswerDoc one{200, "application/json", "#ObjectiveStatus", "The objective and how it stands."};
    http::RouteDocs putting = docs_of("#Objective", {one, bad(413, "There are too many objectives.")});
    putting.examples = {{"fast-events", "application/json", kExample}};
    http::RouteDocs testing =
        docs_of(kBackTestIn, {{200, "application/json", "#BackTest", "What it would have done."},
                              {200, "text/event-stream", R"({"type":"string"})",
                               "Events `progress` with how far it is, then one `answer`, or `error` with the problem "
                               "document."},
                              bad(404, "There is no such metric.")});
    testing.examples = {{"draft", "application/json", kDraftExample}};
    http::RouteDocs past = docs_of({}, {{200, "application/json", "#ObjectiveHistory",
                                         "Good and total by step, budget and burn rates at the end of each, a "
                                         "forecast, and what its alerts did."},
                                        gone});
    past.parameters = {{"from", "query", R"({"type":"string"})", "A time, or \"-24h\" (the default)."},
                       {"to", "query", R"({"type":"string"})", "A time, or \"now\" (the default)."}};
    constexpr std::string_view kOne = "/api/v1/objectives/{name}";
    return {
        {Method::Get, "/api/v1/objectives", "Objectives, budgets and alerts; least budget first.", http::Scope::Query,
         list, docs_of({}, {{200, "application/json", kObjectivesOut, "As of the last second."}})},
        {Method::Post, "/api/v1/objectives/back-test", "What a draft would have done in what is kept of the past.",
         http::Scope::Operate, back_test, testing},
        {Method::Get, kOne, "One objective.", http::Scope::Query, find, docs_of({}, {one, gone})},
        {Method::Get, "/api/v1/objectives/{name}/history", "The past and the forecast of an objective.",
         http::Scope::Query, history, past},
        {Method::Put, kOne, "Declare an objective, or put it in place of the one of this name.", http::Scope::Operate,
         put, putting},
        {Method::Delete, kOne, "Remove an objective.", http::Scope::Operate, remove,
         docs_of({}, {{204, {}, {}, "It is gone."}, gone})},
    };
}

}  // namespace

Status add_objective_routes(http::RouteTable& table, const RouteServices& services) {
    for (const Row& row : rows()) {
        const std::size_t limit = row.docs.body_types.empty() ? 0 : api::kObjectiveBytes;
        if (Status added = add_row(table, row, row.scope, limit, services); !added.ok()) return added;
    }
    return {};
}

void expose_objectives(Exposition& out, const std::vector<ObjectiveStatus>& objectives) {
    const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
        out.family(name, "gauge", help);
        for (const ObjectiveStatus& one : objectives)
            if (const std::optional<double> known = value(one))
                out.sample(name, {{"objective", one.objective.name}}, *known);
    };
    gauge("streamgauge_objective_target", "Share of good that there must be.",
          [](const ObjectiveStatus& one) { return std::optional(one.objective.target); });
    gauge("streamgauge_objective_indicator", "Share of good in the window.",
          [](const ObjectiveStatus& one) { return one.budget.indicator; });
    gauge("streamgauge_objective_budget_left", "Share of the error budget that is left; negative when overspent.",
          [](const ObjectiveStatus& one) { return one.budget.left; });
    out.family("streamgauge_objective_events_total", "counter",
               "What the objective counted since the server started or it was changed: good and bad ones.");
    for (const ObjectiveStatus& one : objectives) {
        const auto sample = [&](std::string_view outcome, std::uint64_t count) {
            out.sample("streamgauge_objective_events_total", {{"objective", one.objective.name}, {"outcome", outcome}},
                       count);
        };
        sample("good", one.counters.good);
        sample("bad", one.counters.bad);
    }
    out.family("streamgauge_objective_burn_rate", "gauge", "Burn rate of the windows of each alert rule.");
    for (const ObjectiveStatus& one : objectives) {
        for (std::size_t i = 0; i < one.alerts.size(); ++i) {
            const std::string rule = std::to_string(i);
            const auto sample = [&](std::string_view window, const std::optional<double>& burn) {
                if (burn)
                    out.sample("streamgauge_objective_burn_rate",
                               {{"objective", one.objective.name}, {"rule", rule}, {"window", window}}, *burn);
            };
            sample("long", one.alerts[i].long_burn);
            sample("short", one.alerts[i].short_burn);
        }
    }
    out.family("streamgauge_objective_alert_firing", "gauge", "1 while the rule's alert fires.");
    for (const ObjectiveStatus& one : objectives) {
        for (std::size_t i = 0; i < one.alerts.size(); ++i) {
            const std::string rule = std::to_string(i);
            const bool page = one.alerts[i].rule.severity == slo::Severity::Page;
            out.sample("streamgauge_objective_alert_firing",
                       {{"objective", one.objective.name}, {"rule", rule}, {"severity", page ? "page" : "ticket"}},
                       std::uint64_t{one.alerts[i].state == slo::AlertState::Firing ? 1U : 0U});
        }
    }
}

}  // namespace streamgauge
