// SPDX-License-Identifier: GPL-3.0-or-later
// One list of members for each type on the wire: encoding and decoding both walk it, so they cannot disagree.
// Internal to codec.cpp.
#pragma once

#include <array>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#include "api/event_trace.h"
#include "api/services.h"
#include "api/types.h"

namespace streamgauge::api {

template <class X, class T>
concept MaybeConst = std::same_as<std::remove_const_t<X>, T>;

// Words of enumerations, in the order of their values.
template <class E>
struct Words;
template <>
struct Words<Arrivals> {
    static constexpr std::array<std::string_view, 3> kAll{"even", "poisson", "replay"};
};
template <>
struct Words<LoadState> {
    static constexpr std::array<std::string_view, 6> kAll{"idle", "starting", "running", "done", "stopped", "failed"};
};
template <>
struct Words<loadgen::ChangeVerdict> {
    static constexpr std::array<std::string_view, 4> kAll{"no detectable difference", "better", "worse", "too few"};
};
template <>
struct Words<TraceVerdict> {
    static constexpr std::array<std::string_view, 4> kAll{"accepted", "rejected", "expired", "unknown"};
};
template <>
struct Words<TraceWindowState> {
    static constexpr std::array<std::string_view, 5> kAll{"open", "closed", "pending", "refused", "expired"};
};
template <>
struct Words<TraceAnswer> {
    static constexpr std::array<std::string_view, 3> kAll{"no", "yes", "unknown"};
};
template <>
struct Words<TraceSchema> {
    static constexpr std::array<std::string_view, 3> kAll{"unchecked", "kept", "broken"};
};

void visit(auto& v, MaybeConst<Hello> auto& x) {
    v("product", x.product);
    v("version", x.version);
    v("api_version", x.api_version);
    v("epoch", x.epoch);
    v("features", x.features);
}

void visit(auto& v, MaybeConst<ComponentHealth> auto& x) {
    v("name", x.name);
    v("up", x.up);
    v("detail", x.detail);
}

void visit(auto& v, MaybeConst<Health> auto& x) {
    v("up", x.up);
    v("components", x.components);
}

void visit(auto& v, MaybeConst<Outcomes> auto& x) {
    v("accepted", x.accepted);
    v("duplicate", x.duplicate);
    v("rejected", x.rejected);
    v("limited", x.limited);
}

void visit(auto& v, MaybeConst<Latency> auto& x) {
    v("count", x.count);
    v("p50_ms", x.p50_ms);
    v("p95_ms", x.p95_ms);
    v("p99_ms", x.p99_ms);
}

void visit(auto& v, MaybeConst<SecondPoint> auto& x) {
    v("second", x.second);
    v("outcomes", x.outcomes);
    v("ack", x.ack);
    v("active_users", x.active_users);
    v("lag_seconds", x.lag_seconds);
}

void visit(auto& v, MaybeConst<NamedCount> auto& x) {
    v("name", x.name);
    v("count", x.count);
}

void visit(auto& v, MaybeConst<ServerStatus> auto& x) {
    v("cpu_percent", x.cpu_percent);
    v("resident_bytes", x.resident_bytes);
    v("disk_free_bytes", x.disk_free_bytes);
    v("uptime_seconds", x.uptime_seconds);
}

void visit(auto& v, MaybeConst<Ledger> auto& x) {
    v("decoded", x.decoded);
    v("accepted", x.accepted);
    v("duplicate", x.duplicate);
    v("invalid", x.invalid);
    v("aggregated", x.aggregated);
    v("too_late", x.too_late);
    v("in_flight", x.in_flight);
    v("difference", x.difference);
}

void visit(auto& v, MaybeConst<CanarySight> auto& x) {
    v("visible_ms", x.visible_ms);
    v("seen_at", x.seen_at);
    v("missed", x.missed);
    v("fault", x.fault);
}

void visit(auto& v, MaybeConst<Overview> auto& x) {
    v("as_of", x.as_of);
    v("watermark", x.watermark);
    v("active_users", x.active_users);
    v("active_users_error", x.active_users_error);
    v("points", x.points);
    v("top_pages", x.top_pages);
    v("event_types", x.event_types);
    v("ledger", x.ledger);
    v("server", x.server);
    v("canary", x.canary);
    v("alert_changes", x.alert_changes);
}

// What every form of an event has.
void visit_texts(auto& v, auto& x) {
    v("event_id", x.event_id);
    v("event_type", x.event_type);
    v("user_id", x.user_id);
    v("session_id", x.session_id);
    v("page_url", x.page_url);
    v("props", x.props);
}

void visit(auto& v, MaybeConst<TailEvent> auto& x) {
    v("id", x.id);
    visit_texts(v, x);
    v("occurred_at", x.occurred_at);
    v("received_at", x.received_at);
}

void visit(auto& v, MaybeConst<EventTail> auto& x) {
    v("events", x.events);
    v("skipped", x.skipped);
}

void visit(auto& v, MaybeConst<LoadPlan> auto& x) {
    v("url", x.url);
    v("rate", x.rate);
    v("duration_seconds", x.duration_seconds);
    v("arrivals", x.arrivals);
    v("seed", x.seed);
    v("batch", x.batch);
    v("connections", x.connections);
}

void visit(auto& v, MaybeConst<LoadSecond> auto& x) {
    v("second", x.second);
    v("planned", x.planned);
    v("sent", x.sent);
    v("ok", x.ok);
    v("limited", x.limited);
    v("other", x.other);
    v("avg_ms", x.avg_ms);
    v("p50_ms", x.p50_ms);
    v("p95_ms", x.p95_ms);
    v("p99_ms", x.p99_ms);
    v("heat", x.heat);
}

void visit(auto& v, MaybeConst<LoadDuration> auto& x) {
    v("p50_ms", x.p50_ms);
    v("p95_ms", x.p95_ms);
    v("p99_ms", x.p99_ms);
    v("max_ms", x.max_ms);
}

void visit(auto& v, MaybeConst<LoadObjective> auto& x) {
    v("name", x.name);
    v("promise", x.promise);
    v("kind", x.kind);
    v("target", x.target);
    v("good", x.good);
    v("total", x.total);
    v("held", x.held);
    v("left", x.left);
    v("burn_rate", x.burn_rate);
    v("firing", x.firing);
    v("fired", x.fired);
}

void visit(auto& v, MaybeConst<LoadThreshold> auto& x) {
    v("text", x.text);
    v("passed", x.passed);
    v("measured", x.measured);
}

void visit(auto& v, MaybeConst<LoadCapacityStep> auto& x) {
    v("rate", x.rate);
    v("answered_rate", x.answered_rate);
    v("seconds", x.seconds);
    v("p50_ms", x.p50_ms);
    v("p99_ms", x.p99_ms);
    v("held", x.held);
    v("confirm", x.confirm);
    v("limiting", x.limiting);
}

void visit(auto& v, MaybeConst<LoadCapacity> auto& x) {
    v("end", x.end);
    v("rate", x.rate);
    v("low", x.low);
    v("high", x.high);
    v("limiting", x.limiting);
    v("limiting_stage", x.limiting_stage);
    v("budget_seconds", x.budget_seconds);
    v("objectives", x.objectives);
    v("steps", x.steps);
}

void visit(auto& v, MaybeConst<LoadEndToEnd> auto& x) {
    v("acknowledged", x.acknowledged);
    v("visible", x.visible);
    v("missing", x.missing);
    v("repeated", x.repeated);
    v("out_of_order", x.out_of_order);
    v("query_p50_ms", x.query_p50_ms);
    v("query_p99_ms", x.query_p99_ms);
    v("live_p50_ms", x.live_p50_ms);
    v("live_p99_ms", x.live_p99_ms);
}

void visit(auto& v, MaybeConst<LoadReplay> auto& x) {
    v("speed", x.speed);
    v("highest_speed", x.highest_speed);
}

void visit(auto& v, MaybeConst<CapacityAsk> auto& x) {
    v("scenario", x.scenario);
    v("objectives", x.objectives);
    v("first_rate", x.first_rate);
    v("highest_rate", x.highest_rate);
    v("budget_seconds", x.budget_seconds);
}

void visit(auto& v, MaybeConst<StoredLoadRun> auto& x) {
    v("run_id", x.id);
    v("name", x.name);
    v("url", x.url);
    v("started_at", x.started_at);
    v("state", x.state);
    v("generator", x.verdict);
    v("passed", x.passed);
    v("by", x.by);
    v("seconds", x.seconds);
    v("seed", x.seed);
    v("planned", x.planned);
    v("good", x.good);
    v("bad", x.bad);
    v("p50_ms", x.p50_ms);
    v("p95_ms", x.p95_ms);
    v("p99_ms", x.p99_ms);
}

void visit(auto& v, MaybeConst<StoredLoadRuns> auto& x) {
    v("runs", x.runs);
}

void visit(auto& v, MaybeConst<loadgen::MeasureChange> auto& x) {
    v("measure", x.measure);
    v("before", x.before);
    v("after", x.after);
    v("change", x.change);
    v("low", x.low);
    v("high", x.high);
    v("p_value", x.p_value);
    v("verdict", x.verdict);
}

void visit(auto& v, MaybeConst<loadgen::RunComparison> auto& x) {
    v("verdict", x.verdict);
    v("measures", x.measures);
    v("warnings", x.warnings);
}

void visit(auto& v, MaybeConst<LoadStatus> auto& x) {
    v("run_id", x.run_id);
    v("state", x.state);
    v("plan", x.plan);
    v("planned", x.planned);
    v("sent", x.sent);
    v("done", x.done);
    v("failed", x.failed);
    v("unfinished", x.unfinished);
    v("p50_ms", x.p50_ms);
    v("p95_ms", x.p95_ms);
    v("p99_ms", x.p99_ms);
    v("max_ms", x.max_ms);
    v("send_lag_p99_ms", x.send_lag_p99_ms);
    v("seconds", x.seconds);
    v("error", x.error);
    v("name", x.name);
    v("elapsed_seconds", x.elapsed_seconds);
    v("planned_seconds", x.planned_seconds);
    v("rate", x.rate);
    v("paused", x.paused);
    v("service", x.service);
    v("send_lag", x.send_lag);
    v("errors", x.errors);
    v("thresholds", x.thresholds);
    v("capacity", x.capacity);
    v("objectives", x.objectives);
    v("end_to_end", x.end_to_end);
    v("replay", x.replay);
}

void visit(auto& v, MaybeConst<TraceGroup> auto& x) {
    v("field", x.field);
    v("value", x.value);
}

void visit(auto& v, MaybeConst<TraceWindow> auto& x) {
    v("metric", x.metric);
    v("aggregate", x.aggregate);
    v("unit", x.unit);
    v("width", x.width);
    v("start", x.start);
    v("end", x.end);
    v("group", x.group);
    v("effect", x.effect);
    v("state", x.state);
    v("late", x.late);
    v("corrected", x.corrected);
    v("value", x.value);
    v("exact", x.exact);
}

void visit(auto& v, MaybeConst<TraceEvent> auto& x) {
    v("id", x.id);
    v("project", x.project);
    visit_texts(v, x);
    v("received_at", x.received_at);
    v("occurred_at", x.occurred_at);
    v("schema_version", x.schema_version);
    v("bot", x.bot);
    v("id_from_door", x.id_from_door);
    v("time_from_door", x.time_from_door);
    v("source", x.source);
    v("dialect", x.dialect);
    v("sender", x.sender);
    v("rule", x.rule);
    v("schema", x.schema);
    v("late", x.late);
    v("future", x.future);
    v("aggregated", x.aggregated);
    v("committed", x.committed);
    v("windows", x.windows);
    v("windows_left_out", x.windows_left_out);
}

void visit(auto& v, MaybeConst<TraceLetter> auto& x) {
    v("id", x.id);
    v("project", x.project);
    v("state", x.state);
    v("received_at", x.received_at);
    v("reason", x.reason);
    v("field", x.field);
    v("source", x.source);
    v("dialect", x.dialect);
    v("resent_as", x.resent_as);
    v("was_duplicate", x.was_duplicate);
}

void visit(auto& v, MaybeConst<TracePipeline> auto& x) {
    v("end", x.end);
    v("aggregated", x.aggregated);
    v("committed", x.committed);
    v("lag_events", x.lag_events);
    v("lag_seconds", x.lag_seconds);
    v("watermark", x.watermark);
}

void visit(auto& v, MaybeConst<TraceArchive> auto& x) {
    v("object", x.object);
    v("reason", x.reason);
}

void visit(auto& v, MaybeConst<EventTrace> auto& x) {
    v("event_id", x.event_id);
    v("verdict", x.verdict);
    v("summary", x.summary);
    v("events", x.events);
    v("letters", x.letters);
    v("pipeline", x.pipeline);
    v("archive", x.archive);
    v("looked_at", x.looked_at);
    v("hints", x.hints);
    v("complete", x.complete);
}

}  // namespace streamgauge::api
