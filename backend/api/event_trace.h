// SPDX-License-Identifier: GPL-3.0-or-later
// "Where is my event?": what is known of one event id, as it is answered. JSON is in api/codec.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "event/event.h"

namespace streamgauge::api {

enum class TraceVerdict {
    Accepted,  // it is in the log
    Rejected,  // it is in the dead letters alone
    Expired,   // it was in the log, and is no longer kept
    Unknown,   // it was not found where was looked
};

enum class TraceWindowState {
    Open,     // more may come
    Closed,   // what comes now is a correction
    Pending,  // its value does not have the event yet
    Refused,  // was no longer kept when the event came: too late
    Expired,  // is no longer kept
};

enum class TraceAnswer { No, Yes, Unknown };

enum class TraceSchema {
    Unchecked,  // no schema was there for its type, or it was switched off
    Kept,
    Broken,  // which only warned
};

struct TraceGroup {
    std::string field, value;  // value: empty when the event has none
    bool operator==(const TraceGroup&) const = default;
};

// A window of a metric that the event belongs to.
struct TraceWindow {
    std::string metric, unit;
    std::string aggregate;                // "count", "sum(props.amount)"
    std::string width;                    // "10s", "1d"; empty: one window for ever
    std::optional<Timestamp> start, end;  // none: one window for ever
    std::vector<TraceGroup> group;
    std::string effect;  // what the event added: "+1", "12.5"; empty: nothing, it has no such field
    TraceWindowState state = TraceWindowState::Open;
    TraceAnswer late = TraceAnswer::No;  // whether it came after the window was closed, and corrected it
    std::uint64_t corrected = 0;         // events that did
    std::string value;                   // that the window's group has now, of a gauge its net change; empty: none
    bool exact = true;
    bool operator==(const TraceWindow&) const = default;
};

// An event in the log.
struct TraceEvent {
    Offset id = 0;  // its number
    std::string project, event_id, event_type, user_id, session_id, page_url, props;
    Timestamp received_at, occurred_at;
    std::int32_t schema_version = 1;
    bool bot = false;
    bool id_from_door = false, time_from_door = false;  // the producer sent none
    std::string source, dialect, sender;                // the door; empty: not known
    std::string rule;                                   // why it is in the log
    TraceSchema schema = TraceSchema::Unchecked;
    bool late = false;    // more than a minute behind the watermark when it came
    bool future = false;  // occurred after it was received
    bool aggregated = false, committed = false;
    std::vector<TraceWindow> windows;
    std::uint64_t windows_left_out = 0;  // beyond what one answer holds
    bool operator==(const TraceEvent&) const = default;
};

// An event, or a piece of a request, that was rejected. Who sent it, and what, only those may see who may mend it.
struct TraceLetter {
    std::uint64_t id = 0;
    std::string project, state;  // "open", "resending", "resent"
    Timestamp received_at;
    std::string reason, field, source, dialect;
    Offset resent_as = 0;  // 0: not resent
    bool was_duplicate = false;
    bool operator==(const TraceLetter&) const = default;
};

struct TracePipeline {
    Offset end = 1;         // of the log
    Offset aggregated = 1;  // the first that is not
    Offset committed = 1;   // the first that is not
    std::uint64_t lag_events = 0;
    double lag_seconds = 0;
    std::optional<Timestamp> watermark;
    bool operator==(const TracePipeline&) const = default;
};

struct TraceArchive {
    std::string object;  // empty: none, for the reason
    std::string reason;
    bool operator==(const TraceArchive&) const = default;
};

struct EventTrace {
    std::string event_id;
    TraceVerdict verdict = TraceVerdict::Unknown;
    std::string summary;               // for a person
    std::vector<TraceEvent> events;    // one for each project that has the id, and what letters were resent as
    std::vector<TraceLetter> letters;  // newest first
    TracePipeline pipeline;
    TraceArchive archive;
    std::vector<std::string> looked_at;  // where, and how far
    std::vector<std::string> hints;      // what else it may be
    bool complete = true;                // false: events older than those that were looked at may have the id
    bool operator==(const EventTrace&) const = default;
};

}  // namespace streamgauge::api
