// SPDX-License-Identifier: GPL-3.0-or-later
// Load runs, for the operator on this machine only.
#include "api/codec.h"
#include "base/limits.h"
#include "event/media_type.h"
#include "loadgen/hand.h"
#include "loadgen/scenario_text.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

api::Done<api::LoadStatus> answer_status(const http::ReplyPtr& reply, int status) {
    return [reply, status](Result<api::LoadStatus> result) {
        reply->send(result.ok() ? http::Response::json(status, api::encode(*result)) : http::problem(result.error()));
    };
}

http::RouteDocs docs_of(int status, std::string_view summary) {
    http::RouteDocs docs;
    docs.tag = "load";
    docs.answers = {{status, "application/json", "#LoadStatus", summary}};
    return docs;
}

http::RouteDocs start_docs() {
    http::RouteDocs docs = docs_of(202, "It has started.");
    docs.body_types = {"application/json", "application/yaml"};
    docs.body_schema = "#LoadPlan";
    docs.answers.push_back({403, "application/problem+json", "#Problem",
                            "The target is not among load.allowed_targets, the rate or a second of a replay is above "
                            "load.max_rate, or the scenario names a file or a variable."});
    docs.answers.push_back(
        {409, "application/problem+json", "#Problem", "A load run is under way, or it was stopped before it began."});
    return docs;
}

constexpr std::string_view kHandAction =
    R"({"type":"object","required":["action"],"properties":{"action":{"enum":["rate","spike","speed","pause","resume","stop"]},"rate":{"type":"number","minimum":0},"speed":{"type":"number","minimum":0,"maximum":1000,"description":"Of a replay, with the actions speed and spike."},"seconds":{"type":"number","exclusiveMinimum":0}}})";

http::RouteDocs hand_docs() {
    http::RouteDocs docs = docs_of(202, "The run has been told.");
    docs.body_types = {"application/json"};
    docs.body_schema = kHandAction;
    docs.answers.push_back(
        {403, "application/problem+json", "#Problem", "The rate is above load.max_rate, or would be at the speed."});
    docs.answers.push_back({404, "application/problem+json", "#Problem", "No load run is under way."});
    docs.answers.push_back({409, "application/problem+json", "#Problem", "The recording is still being read."});
    return docs;
}

constexpr std::string_view kCapacityAsk =
    R"({"type":"object","required":["scenario","objectives","first_rate","highest_rate","budget_seconds"],"properties":{"scenario":{"type":"string","description":"A scenario file; its stages are not used, and its objectives are to hold."},"objectives":{"type":"array","items":{"type":"string"},"description":"Such as p(99)<300 and errors<1%; may be empty where the scenario has objectives."},"first_rate":{"type":"number","exclusiveMinimum":0},"highest_rate":{"type":"number","minimum":0,"description":"0: load.max_rate."},"budget_seconds":{"type":"number","description":"30 to 3600."}}})";

http::RouteDocs capacity_docs() {
    http::RouteDocs docs = docs_of(202, "It has started: the run's status has the member capacity.");
    docs.body_types = {"application/json"};
    docs.body_schema = kCapacityAsk;
    docs.answers.push_back({403, "application/problem+json", "#Problem",
                            "The target is not among load.allowed_targets, the rate is above load.max_rate, or the "
                            "scenario names a file or a variable."});
    docs.answers.push_back({409, "application/problem+json", "#Problem", "A load run is under way."});
    return docs;
}

std::string asker(const http::Request& request) {
    const auth::Principal& who = *request.principal;
    return who.kind == auth::Principal::Kind::Console ? "console" : !who.name.empty() ? who.name : who.id;
}

// A plan as JSON, or a scenario file as it is.
void start(api::LoadService& load, const http::Request& request, const http::ReplyPtr& reply) {
    const std::string_view type = media_type(request.header("Content-Type"));
    if (equal_ignoring_case(type, "application/yaml") || equal_ignoring_case(type, "text/yaml") ||
        equal_ignoring_case(type, "application/x-yaml"))
        return load.start_scenario({std::string(request.body), asker(request)}, answer_status(reply, 202));
    auto plan = api::decode_load_plan(request.body);
    if (!plan.ok()) return reply->send(http::problem(plan.error()));
    load.start_for(asker(request), std::move(plan).value(), answer_status(reply, 202));
}

void lay_hand(api::LoadService& load, const http::Request& request, const http::ReplyPtr& reply) {
    const Result<loadgen::HandAction> action = loadgen::parse_hand_action(request.body);
    if (!action.ok()) return reply->send(http::problem(action.error()));
    load.hand(*action, answer_status(reply, 202));
}

void find_capacity(api::LoadService& load, const http::Request& request, const http::ReplyPtr& reply) {
    Result<api::CapacityAsk> ask = api::decode_capacity_ask(request.body);
    if (!ask.ok()) return reply->send(http::problem(ask.error()));
    ask->by = asker(request);
    load.find_capacity(std::move(ask).value(), answer_status(reply, 202));
}

}  // namespace

Status add_load_routes(http::RouteTable& table, const RouteServices& services) {
    using http::Method, http::Plane, http::Scope;
    api::LoadService& load = services.load;
    Status added =
        table.add({Method::Post, "/api/v1/load/runs", Scope::Operate, Plane::ManagementOnly, loadgen::kScenarioBytes,
                   "Start a load run by its plan, or by a scenario in YAML; 409 while one runs.",
                   [&load](const http::Request& request, const http::ReplyPtr& reply) { start(load, request, reply); },
                   nullptr, false, false, start_docs()});
    if (!added.ok()) return added;
    added = table.add(
        {Method::Post, "/api/v1/load/hand", Scope::Operate, Plane::ManagementOnly, limits::kSmallBodyBytes,
         "Change the rate or, of a replay, the speed of the load run, spike, pause, resume or stop it.",
         [&load](const http::Request& request, const http::ReplyPtr& reply) { lay_hand(load, request, reply); },
         nullptr, false, false, hand_docs()});
    if (!added.ok()) return added;
    added = table.add(
        {Method::Post, "/api/v1/load/capacity", Scope::Operate, Plane::ManagementOnly, 2 * loadgen::kScenarioBytes,
         "Look for the highest rate that holds all objectives; 409 while a load run is under way.",
         [&load](const http::Request& request, const http::ReplyPtr& reply) { find_capacity(load, request, reply); },
         nullptr, false, false, capacity_docs()});
    if (!added.ok()) return added;
    added = table.add({Method::Get, "/api/v1/load/status", Scope::Operate, Plane::ManagementOnly, 0,
                       "The load run: its plan, its figures and every second of it.",
                       [&load](const http::Request&, const http::ReplyPtr& reply) {
                           reply->send(http::Response::json(200, api::encode(load.status())));
                       },
                       nullptr, false, false, docs_of(200, {})});
    if (!added.ok()) return added;
    return table.add(
        {Method::Post, "/api/v1/load/stop", Scope::Operate, Plane::ManagementOnly, limits::kSmallBodyBytes,
         "Stop the load run; what is in flight is waited for.",
         [&load](const http::Request&, const http::ReplyPtr& reply) { load.stop(answer_status(reply, 200)); }, nullptr,
         false, false, docs_of(200, "There is no run any more.")});
}

}  // namespace streamgauge
