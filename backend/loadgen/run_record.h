// SPDX-License-Identifier: GPL-3.0-or-later
// What a run measured, in constant memory: one histogram for each kind of duration over the whole run and for each kind
// of request, one for the current second, and for each second that ended a row and its histogram, packed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "loadgen/generator_watch.h"
#include "loadgen/hand.h"
#include "loadgen/request_event.h"
#include "loadgen/scenario.h"
#include "loadgen/second_log.h"

namespace streamgauge::loadgen {

class RunObjectives;

struct Totals {
    std::uint64_t planned = 0;  // due so far
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0;
    std::array<std::uint64_t, kOutcomes> outcomes{};

    std::uint64_t of(Outcome outcome) const { return outcomes[static_cast<std::size_t>(outcome)]; }
    std::uint64_t done() const { return of(Outcome::Ok); }
    std::uint64_t failed() const;
    std::uint64_t answered() const;
    // Planned, but neither dropped, done nor failed: waiting for a connection or for an answer.
    std::uint64_t unfinished() const { return planned - dropped - done() - failed(); }
    bool operator==(const Totals&) const = default;
};

// One kind of duration: from planned to answered (response), sent to answered (service), planned to sent (send lag: own
// lateness and wait for a connection), planned to seen by the generator (generator lag: its own lateness).
struct Durations {
    Histogram response, service, send_lag, generator_lag;
    Histogram unanswered;  // lower bounds of the response times of what was not answered: censored
};

struct ErrorGroup {
    std::string endpoint;
    std::string kind;  // "timeout", "reset", "connect_refused", "status_503", ...
    std::uint64_t count = 0;
    std::int64_t first_nanos = 0, last_nanos = 0;  // from the start of the run
    std::string detail;                            // of the first: why a handshake failed; mostly empty
    bool operator==(const ErrorGroup&) const = default;
};

// Of the server's Server-Timing header: how long each of its stages took.
struct ServerStage {
    std::string name;  // as the header says: guard, decode, queue, commit, ...
    Histogram duration;
};

// A second that has not ended. Valid until the record changes.
struct CurrentSecond {
    SecondRow row;
    const Histogram* response = nullptr;
    const Histogram* unanswered = nullptr;
};

// All times are nanoseconds from the start of the run, never before the last one given. Not thread-safe.
class RunRecord {
public:
    // Reserves what the scenario's planned length needs, so that nothing is allocated while the run lasts that long.
    explicit RunRecord(const Scenario& scenario);

    // It is told of every request that ends, and outlives the record's events; null: none are watched.
    void watch(RunObjectives* objectives) { objectives_ = objectives; }

    // Ends every second that is over at `now`. Call before what happened at `now`.
    void advance_to(std::int64_t now);
    void due(const Due& event);
    void sent(const Sent& event);
    void dropped(const Dropped& event);
    // The last `requests` of those that were due cannot be sent, as max_in_flight are under way. Each counts once.
    void wait_for_room(std::uint64_t requests);
    void answered(const Answered& event);
    void failed(const Failed& event);
    void unfinished(const Unfinished& event);
    void connected(const Connected& event);
    // An action took effect, at its at_nanos.
    void hand(const HandAction& action);

    const Totals& totals() const { return totals_; }
    const SecondLog& seconds() const { return seconds_.log; }
    const std::vector<SecondRow>& ended_seconds() const { return seconds_.log.rows(); }
    SecondRow current_second() const { return seconds_.row(); }
    // The same with its histograms, of one kind of request where endpoint_seconds() has them.
    CurrentSecond current(std::optional<std::size_t> endpoint = {}) const;

    const std::vector<HandAction>& actions() const { return actions_; }
    std::uint64_t connections() const { return connections_; }  // made so far
    std::uint64_t queued() const { return queued_; }            // requests that waited for room under max_in_flight
    const GeneratorWatch& generator() const { return generator_; }

    const Durations& durations() const { return durations_; }
    const Histogram& response() const { return durations_.response; }
    const Histogram& service() const { return durations_.service; }
    const Histogram& send_lag() const { return durations_.send_lag; }
    const Histogram& generator_lag() const { return durations_.generator_lag; }
    const Histogram& unanswered() const { return durations_.unanswered; }

    // By the order of Scenario::requests.
    std::size_t endpoints() const { return names_.size(); }
    const std::string& endpoint_name(std::size_t endpoint) const { return names_[endpoint]; }
    const Totals& endpoint_totals(std::size_t endpoint) const;
    const Durations& endpoint_durations(std::size_t endpoint) const;
    // Its seconds; none unless a threshold with a window is on this kind of request alone.
    const SecondLog* endpoint_seconds(std::size_t endpoint) const;
    // Most frequent first. Beyond a thousand different ones the rest is "other".
    std::vector<ErrorGroup> errors() const;
    // In the order in which they were first seen.
    const std::vector<ServerStage>& stages() const { return stages_; }

private:
    static constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

    // The current second and those before it.
    struct Seconds {
        explicit Seconds(std::size_t reserved) : log(reserved) {}
        SecondRow row() const;
        void end();
        void count(Outcome outcome);

        SecondLog log;
        SecondRow current;
        Histogram response, unanswered;
    };
    struct EndpointRecord {
        Totals totals;
        Durations durations;
        std::unique_ptr<Seconds> seconds;
    };
    struct ErrorEntry {
        Endpoint endpoint = 0;
        int kind = 0;  // a status, or kNoAnswer + outcome
        std::uint64_t count = 0;
        std::int64_t first = 0, last = 0;
        std::string detail;
    };
    static constexpr int kNoAnswer = 1000, kOtherKind = 2000;

    void count_error(Endpoint endpoint, int kind, std::int64_t at, std::string_view detail = {});
    void add_stages(std::string_view server_timing);
    EndpointRecord* of(Endpoint endpoint) { return of_.empty() ? nullptr : &of_[endpoint]; }

    RunObjectives* objectives_ = nullptr;
    std::vector<std::string> names_;
    Totals totals_;
    Durations durations_;
    Seconds seconds_;
    std::vector<EndpointRecord> of_;  // empty with one kind of request: it is the whole
    std::vector<ErrorEntry> errors_;
    std::vector<ServerStage> stages_;
    std::vector<HandAction> actions_;
    GeneratorWatch generator_;
    std::uint64_t connections_ = 0;
    std::uint64_t queued_ = 0, queued_until_ = 0;  // queued_until_: of the requests in their order, those looked at
};

}  // namespace streamgauge::loadgen
