// SPDX-License-Identifier: GPL-3.0-or-later
// What the program can be asked and what it answers: plain values, no transport, no Qt. JSON is in api/codec.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "event/event.h"

namespace streamgauge::api {

// ---- who is there -------------------------------------------------------------------------------------------------
struct Hello {
    std::string product = "streamgauge";
    std::string version;
    int api_version = 1;
    std::uint64_t epoch = 0;            // changes at every server start
    std::vector<std::string> features;  // "live", "events", "load", ...: the console enables by these, never by mode
    bool operator==(const Hello&) const = default;
};

struct ComponentHealth {
    std::string name;  // "journal", "store", ...
    bool up = false;
    std::string detail;
    bool operator==(const ComponentHealth&) const = default;
};

struct Health {
    bool up = false;
    std::vector<ComponentHealth> components;
    bool operator==(const Health&) const = default;
};

// ---- live overview ------------------------------------------------------------------------------------------------
struct Outcomes {  // events, by what became of them at the door
    std::uint64_t accepted = 0, duplicate = 0, rejected = 0, limited = 0;
    bool operator==(const Outcomes&) const = default;
};

struct Latency {  // of answers to ingestion requests, arrival of the head to answer handed to the socket
    std::uint64_t count = 0;
    double p50_ms = 0, p95_ms = 0, p99_ms = 0;  // meaningless when count is 0
    bool operator==(const Latency&) const = default;
};

struct SecondPoint {
    std::int64_t second = 0;  // epoch seconds, by the server's clock
    Outcomes outcomes;        // within this second
    Latency ack;
    std::uint64_t active_users = 0;
    double lag_seconds = 0;  // age of the oldest accepted event that is not aggregated yet; 0 when there is none
    bool operator==(const SecondPoint&) const = default;
};

struct NamedCount {
    std::string name;
    std::uint64_t count = 0;
    bool operator==(const NamedCount&) const = default;
};

struct ServerStatus {
    double cpu_percent = 0;  // of one core, over the last second
    std::uint64_t resident_bytes = 0;
    std::uint64_t disk_free_bytes = 0;
    double uptime_seconds = 0;
    bool operator==(const ServerStatus&) const = default;
};

struct Ledger {  // durable event ledger: decoded = accepted + duplicate + invalid; accepted = aggregated + too_late +
                 // in_flight
    std::uint64_t decoded = 0, accepted = 0, duplicate = 0, invalid = 0;
    std::uint64_t aggregated = 0, too_late = 0, in_flight = 0;
    std::int64_t difference = 0;  // what does not add up; not zero for long is our bug
    bool operator==(const Ledger&) const = default;
};

struct CanarySight {                   // of the server's own events (api/canary.h)
    double visible_ms = 0;             // of the newest that arrived: sent to seen by questions about metrics
    std::optional<Timestamp> seen_at;  // when that was, by the server's clock; none: none has arrived yet
    std::uint64_t missed = 0;          // since the start
    std::string fault;                 // since one was missed, until one arrives: which stage it did not reach
    bool operator==(const CanarySight&) const = default;
};

struct Overview {
    Timestamp as_of;                      // server's clock
    std::optional<Timestamp> watermark;   // newest event time seen, none before the first event
    std::uint64_t active_users = 0;       // distinct in the last five minutes
    double active_users_error = 0;        // of active_users: one standard error, relative; 0: it is exact
    std::vector<SecondPoint> points;      // snapshot: up to the last 600 seconds; delta: new or changed ones. Ascending
    std::vector<NamedCount> top_pages;    // last 15 minutes, most first, ties by name, at most 10
    std::vector<NamedCount> event_types;  // last 15 minutes, most first, ties by name, at most 10
    Ledger ledger;
    ServerStatus server;
    std::optional<CanarySight> canary;  // none: no canary is sent
    // How often an alert of an objective has changed its state since the start: another number, other states.
    std::optional<std::uint64_t> alert_changes;
    bool operator==(const Overview&) const = default;
};

// ---- live tail ----------------------------------------------------------------------------------------------------
struct TailEvent {
    Offset id = 0;
    std::string event_id, event_type, user_id, session_id, page_url, props;
    Timestamp occurred_at, received_at;
    bool operator==(const TailEvent&) const = default;
};

struct EventTail {
    std::vector<TailEvent> events;  // ascending by id; snapshot: the newest up to 200; delta: what came since
    std::uint64_t skipped = 0;      // matching events since the last message that are not in it: too many for a screen
    bool operator==(const EventTail&) const = default;
};

// ---- load runs ----------------------------------------------------------------------------------------------------
enum class Arrivals { Even, Poisson, Replay };  // Replay: as they were recorded

struct LoadPlan {
    std::string url;               // http://host:port/events
    double rate = 1000;            // requests per second, > 0
    double duration_seconds = 30;  // > 0
    Arrivals arrivals = Arrivals::Even;
    std::uint64_t seed = 1;
    std::uint32_t batch = 1;         // events per request
    std::uint32_t connections = 64;  // most kept open; the in-flight cap
    bool operator==(const LoadPlan&) const = default;
};

enum class LoadState { Idle, Starting, Running, Done, Stopped, Failed };

struct LoadSecond {
    std::int64_t second = 0;  // 0 is the first of the run
    std::uint64_t planned = 0, sent = 0, ok = 0, limited = 0, other = 0;
    double avg_ms = 0, p50_ms = 0, p95_ms = 0, p99_ms = 0;
    // How many answers took how long: slot i counts those of at most heat_bound_ms(i) that no slot before it has; the
    // last of kHeatSlots has the rest. Trailing zeros are left out.
    std::vector<std::uint32_t> heat = {};
    bool operator==(const LoadSecond&) const = default;
};

inline constexpr std::size_t kHeatSlots = 24;
// 0.1 ms, and four slots to each power of ten.
double heat_bound_ms(std::size_t slot);

// One of the durations of a load run so far, milliseconds.
struct LoadDuration {
    double p50_ms = 0, p95_ms = 0, p99_ms = 0, max_ms = 0;
    bool operator==(const LoadDuration&) const = default;
};

// How a threshold stands.
struct LoadThreshold {
    std::string text;                // loadgen/threshold.h
    bool passed = false;             // it has not failed so far
    std::optional<double> measured;  // none: nothing to measure yet
    bool operator==(const LoadThreshold&) const = default;
};

// How an objective of a run stands, on the laboratory's scale (loadgen/lab_objective.h).
struct LoadObjective {
    std::string name, promise;          // "95 % within 300 ms"
    std::string kind;                   // "availability", "latency", "errors"
    double target = 0;                  // share
    std::uint64_t good = 0, total = 0;  // counted so far
    bool held = true;                   // no window was overspent so far
    std::optional<double> left;         // of the budget of the window before now, share; none: nothing counted yet
    std::optional<double> burn_rate;    // of the shortest long window
    std::vector<std::string> firing;    // "page", "ticket": one for each alert that fires now
    std::uint64_t fired = 0;            // alerts so far
    bool operator==(const LoadObjective&) const = default;
};

struct LoadCapacityStep {
    double rate = 0, answered_rate = 0, seconds = 0, p50_ms = 0, p99_ms = 0;
    bool held = false, confirm = false;
    std::string limiting;  // the objective that failed
    bool operator==(const LoadCapacityStep&) const = default;
};

// A search for the highest rate that a server holds (loadgen/capacity_search.h).
struct LoadCapacity {
    std::string end;  // "found", "nothing held", ...; empty while it goes on
    double rate = 0, low = 0, high = 0;
    std::string limiting, limiting_stage;
    double budget_seconds = 0;
    std::vector<std::string> objectives;
    std::vector<LoadCapacityStep> steps;
    bool operator==(const LoadCapacity&) const = default;
};

// What was sent and is read back again, so far (loadgen/end_to_end.h).
struct LoadEndToEnd {
    std::uint64_t acknowledged = 0, visible = 0;  // events
    std::uint64_t missing = 0;                    // acknowledged and not visible yet; at the end: lost
    std::uint64_t repeated = 0, out_of_order = 0;
    double query_p50_ms = 0, query_p99_ms = 0;  // sent to visible, by asking
    double live_p50_ms = 0, live_p99_ms = 0;    // by the live feed
    bool operator==(const LoadEndToEnd&) const = default;
};

// How fast what was recorded is sent again: times as fast as it came.
struct LoadReplay {
    double speed = 1;          // now
    double highest_speed = 0;  // at which no second has more requests than may be sent; 0: not known yet
    bool operator==(const LoadReplay&) const = default;
};

struct LoadStatus {
    std::string run_id;  // empty while Idle
    LoadState state = LoadState::Idle;
    LoadPlan plan;
    std::uint64_t planned = 0, sent = 0, done = 0, failed = 0, unfinished = 0;  // whole run so far, requests
    double p50_ms = 0, p95_ms = 0, p99_ms = 0, max_ms = 0;                      // from planned time
    double send_lag_p99_ms = 0;                                                 // how late the generator itself was
    std::vector<LoadSecond> seconds;  // snapshot: the newest, up to 3,600; delta: new or changed ones
    std::string error;                // why it failed, and what to do
    std::string name = {};            // of the scenario
    double elapsed_seconds = 0, planned_seconds = 0;
    double rate = 0;  // planned now, with what a hand made of it: requests a second, or users
    bool paused = false;
    LoadDuration service = {}, send_lag = {};     // sent to answered; planned to sent
    std::vector<NamedCount> errors = {};          // "status_503", "timeout", ...: most frequent first
    std::vector<LoadThreshold> thresholds = {};   // in the scenario's order
    std::optional<LoadCapacity> capacity = {};    // where it is a search
    std::vector<LoadObjective> objectives = {};   // in the scenario's order
    std::optional<LoadEndToEnd> end_to_end = {};  // where its events are read back
    std::optional<LoadReplay> replay = {};        // where it is one
    bool operator==(const LoadStatus&) const = default;
};

// What a list shows of a load run that ended.
struct StoredLoadRun {
    std::string id, name, url;
    Timestamp started_at;
    std::string state;    // "done", "stopped", "failed", "interrupted"; of a search how it ended: "found", ...
    std::string verdict;  // of the certificate: "valid", "degraded", "invalid"
    bool passed = false;  // every threshold; true without any
    std::string by;       // who started it; empty: on the command line
    double seconds = 0;
    std::uint64_t seed = 0;
    std::uint64_t planned = 0, good = 0, bad = 0;
    double p50_ms = 0, p95_ms = 0, p99_ms = 0;  // response time
    bool operator==(const StoredLoadRun&) const = default;
};
struct StoredLoadRuns {
    std::vector<StoredLoadRun> runs;
};

// ---- queries of the contract's section 3 ----------------------------------------------------------------------------
struct ActiveUsers {
    std::uint64_t active_users = 0;
    double relative_error = 0;  // one standard error; 0: exact
};
struct TopPages {
    std::vector<NamedCount> pages;
    std::uint64_t missing_at_most = 0;  // by which counts may be too low; 0: exact
};
struct ActiveSessions {
    std::vector<std::string> sessions;
};
struct PairCount {
    std::string user_id, page_url;
    std::uint64_t count = 0;
};

struct StreamMinute {  // E's row
    Timestamp window_start;
    std::string stream_id;
    std::int64_t active_viewers = 0;
    std::uint64_t chat_messages = 0;
    std::int64_t donations_cents = 0;
};

enum class StreamOrder { ActiveViewers, ChatMessages, Donations };

struct PipelineStats {  // B's /metrics/stream
    std::uint64_t received_total = 0, written_total = 0;
    double avg_processing_ms = 0;
    std::uint64_t lag = 0;  // events
};

}  // namespace streamgauge::api
