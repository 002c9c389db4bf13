// SPDX-License-Identifier: GPL-3.0-or-later
// What the engine tells the record of a run, one value for each thing that happens to a request. Times are nanoseconds
// from the start of the run. Every request that is due ends as exactly one of: dropped, answered, failed, unfinished.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace streamgauge::loadgen {

// Interrupted: of a report only, of a run whose process, or whose server, died before it was over.
enum class RunState { Running, Done, Stopped, Interrupted };

// Why a run was stopped before its plan was done.
enum class StopReason : std::uint8_t {
    None,
    Hand,         // HandAction::Kind::Stop
    Interrupted,  // the stop descriptor became readable: a signal, or the service that started the run
    Asked,        // the progress callback said so: a threshold that aborts, or nobody reads the reports
    ErrorBrake,   // Scenario::error_brake
};
// "", "hand", "interrupted", "asked", "error brake".
std::string_view to_string(StopReason reason);

// What became of one request that was not dropped.
enum class Outcome : std::uint8_t {
    Ok,              // a status that the request expects: 2xx unless it says which
    Redirect,        // 1xx never ends a request; 3xx is not followed
    Limited,         // 429
    ClientError,     // 4xx without 429
    ServerError,     // 5xx
    Unexpected,      // 2xx that is not among the expected statuses
    ConnectRefused,  // nobody listens
    ConnectFailed,   // no connection for another reason
    TlsFailed,       // the handshake failed: certificate, name or protocol
    Reset,           // the connection ended before the answer did
    Timeout,         // no complete answer in time
    Malformed,       // the answer is not HTTP
};
inline constexpr std::size_t kOutcomes = 12;
// "ok", "status_3xx", "status_429", ...: stable, used in reports.
std::string_view to_string(Outcome outcome);
constexpr bool is_answer(Outcome outcome) {
    return outcome <= Outcome::Unexpected;
}

// Index into Scenario::requests.
using Endpoint = std::uint16_t;

struct Due {
    Endpoint endpoint = 0;
    std::int64_t planned = 0;
    std::int64_t seen = 0;  // when the generator saw that it was due; several in one turn have the same
};

struct Sent {
    Endpoint endpoint = 0;
    std::int64_t planned = 0, at = 0;
};

// Due while as many requests as allowed were under way, and not sent (WhenFull::Drop).
struct Dropped {
    Endpoint endpoint = 0;
    std::int64_t planned = 0, at = 0;
};

// Response time counts from `planned`, service time from `sent_at`.
struct Answered {
    Endpoint endpoint = 0;
    Outcome outcome = Outcome::Ok;  // is_answer()
    int status = 200;
    std::int64_t planned = 0, sent_at = 0, at = 0;
    std::string_view server_timing;  // value of the answer's Server-Timing, valid during the call; empty: none
};

// No answer: the response time is at least at - planned. sent_at is -1 when it was not sent (no connection).
struct Failed {
    Endpoint endpoint = 0;
    Outcome outcome = Outcome::Reset;  // not is_answer()
    std::int64_t planned = 0, sent_at = -1, at = 0;
    std::string_view detail{};  // why, in the words of who found it; valid during the call; may be empty
};

// The run is over and the request has neither answer nor failure.
struct Unfinished {
    Endpoint endpoint = 0;
    std::int64_t planned = 0, sent_at = -1, at = 0;
};

// A connection was made: `began` to `connected` is TCP, to `ready` TLS too (equal without).
struct Connected {
    std::int64_t began = 0, connected = 0, ready = 0;
};

}  // namespace streamgauge::loadgen
