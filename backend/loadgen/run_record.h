// SPDX-License-Identifier: GPL-3.0-or-later
// What a run measured, in constant memory: one histogram for each kind of duration over the whole run, one for the
// current second, and one small row for each second that ended.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/histogram.h"

namespace streamgauge::loadgen {

enum class RunState { Running, Done, Stopped };

// What became of one request. Every planned request ends as exactly one of these, or is unfinished.
enum class Outcome : std::uint8_t {
    Ok,              // 2xx
    Redirect,        // 1xx never ends a request; 3xx is not followed
    Limited,         // 429
    ClientError,     // 4xx without 429
    ServerError,     // 5xx
    ConnectRefused,  // nobody listens
    ConnectFailed,   // no connection for another reason
    Reset,           // the connection ended before the answer did
    Timeout,         // no complete answer in time
    Malformed,       // the answer is not HTTP
};
inline constexpr std::size_t kOutcomes = 10;
// "ok", "status_3xx", "status_429", ...: stable, used in reports.
std::string_view to_string(Outcome outcome);
constexpr bool is_answer(Outcome outcome) {
    return outcome <= Outcome::ServerError;
}

struct SecondRow {
    std::int64_t second = 0;                                // 0 is the first of the run
    std::uint64_t planned = 0, sent = 0;                    // due, and sent, within it
    std::uint64_t ok = 0, limited = 0, other = 0;           // ended within it: 2xx, 429, everything else
    double avg_ms = 0, p50_ms = 0, p95_ms = 0, p99_ms = 0;  // response time of the answers that came within it
};

struct Totals {
    std::uint64_t planned = 0;  // due so far
    std::uint64_t sent = 0;
    std::array<std::uint64_t, kOutcomes> outcomes{};

    std::uint64_t of(Outcome outcome) const { return outcomes[static_cast<std::size_t>(outcome)]; }
    std::uint64_t done() const { return of(Outcome::Ok); }
    std::uint64_t failed() const;
    std::uint64_t answered() const;
    // Planned, but neither done nor failed: waiting for a connection or for an answer.
    std::uint64_t unfinished() const { return planned - done() - failed(); }
};

// All times are nanoseconds from the start of the run, never before the last one given. Not thread-safe.
class RunRecord {
public:
    // Reserves rows for `seconds`, so that none is allocated while the run lasts that long.
    explicit RunRecord(std::size_t seconds);

    // Ends every second that is over at `now`. Call before what happened at `now`.
    void advance_to(std::int64_t now);
    // A request was due at `planned` and the generator saw so at `seen`.
    void due(std::int64_t planned, std::int64_t seen);
    void sent(std::int64_t planned, std::int64_t at);
    // An answer: response time counts from `planned`, service time from `sent_at`.
    void answered(Outcome outcome, std::int64_t planned, std::int64_t sent_at, std::int64_t at);
    // No answer: the request waited from `planned` to `at` and its response time is at least that.
    void failed(Outcome outcome, std::int64_t planned, std::int64_t at);
    // The run is over and the request has neither answer nor failure.
    void unfinished(std::int64_t planned, std::int64_t at);

    const Totals& totals() const { return totals_; }
    const std::vector<SecondRow>& ended_seconds() const { return rows_; }
    SecondRow current_second() const;

    const Histogram& response() const { return response_; }  // planned to answered
    const Histogram& service() const { return service_; }    // sent to answered
    const Histogram& send_lag() const { return send_lag_; }  // planned to sent: own lag and wait for a connection
    const Histogram& generator_lag() const { return generator_lag_; }  // planned to seen: the generator's own lateness
    // Ages at which requests without an answer ended: lower bounds of their response times.
    const Histogram& unanswered() const { return unanswered_; }

private:
    static constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

    Totals totals_;
    SecondRow current_;
    std::vector<SecondRow> rows_;
    Histogram current_response_, response_, service_, send_lag_, generator_lag_, unanswered_;
};

}  // namespace streamgauge::loadgen
