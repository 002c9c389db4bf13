// SPDX-License-Identifier: GPL-3.0-or-later
// JSON for the types that cross the console's wire. Strict: a missing member, a wrong type or an unknown word is an
// InvalidArgument that names the path. decode(encode(x)) == x for every type (tested).
#pragma once

#include <string>
#include <string_view>

#include "api/event_trace.h"
#include "api/services.h"
#include "api/types.h"
#include "base/result.h"

namespace streamgauge::api {

std::string encode(const Hello&);
std::string encode(const Health&);
std::string encode(const Overview&);
std::string encode(const EventTail&);
std::string encode(const EventTrace&);
std::string encode(const LoadPlan&);
std::string encode(const LoadStatus&);
std::string encode(const CapacityAsk&);  // without who asks
std::string encode(const StoredLoadRun&);
std::string encode(const StoredLoadRuns&);
std::string encode(const loadgen::RunComparison&);

Result<Hello> decode_hello(std::string_view json);
Result<Health> decode_health(std::string_view json);
Result<Overview> decode_overview(std::string_view json);
Result<EventTail> decode_event_tail(std::string_view json);
Result<EventTrace> decode_event_trace(std::string_view json);
Result<LoadPlan> decode_load_plan(std::string_view json);
Result<LoadStatus> decode_load_status(std::string_view json);
Result<CapacityAsk> decode_capacity_ask(std::string_view json);
Result<StoredLoadRuns> decode_load_runs(std::string_view json);
Result<loadgen::RunComparison> decode_run_comparison(std::string_view json);

// A live message as one server-sent event: "id: <epoch>:<seq>", "event: snapshot" or "event: delta", "data: <json>".
std::string to_sse(const LiveMessage& message);
// The inverse, from the three fields of a parsed event.
Result<LiveMessage> from_sse(Topic topic, std::string_view id, std::string_view event, std::string_view data);
Result<ResumePoint> parse_resume_point(std::string_view id);

std::string_view to_string(Topic topic);  // "overview", "events", "load"
std::optional<Topic> topic_from(std::string_view name);

}  // namespace streamgauge::api
