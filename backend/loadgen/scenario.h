// SPDX-License-Identifier: GPL-3.0-or-later
// What a load run is to do, as plain values: target, requests with generated fields, arrivals, thresholds. A scenario
// file (scenario_text.h) says the same in YAML; the console edits the file, and nothing of it is lost on the way.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loadgen/arrival_plan.h"
#include "loadgen/lab_objective.h"
#include "loadgen/threshold.h"

namespace streamgauge::loadgen {

// One field of a request's body, path or headers, written as {{name}} there.
struct GeneratedField {
    enum class Kind : std::uint8_t {
        Constant,  // `text`
        Sequence,  // from, from + 1, ...: the number of the event in the run
        Integer,   // from..to, each as likely
        Decimal,   // the same, with `digits` digits behind the point
        Choice,    // one of `values` by `weights` (all equal when empty)
        Zipf,      // `text` followed by 0..to-1; rank k has weight 1 / (k + 1)^exponent
        Uuid4,     // random
        Uuid7,     // ordered by time
        Hex,       // `to` random hexadecimal digits
        Now,       // RFC 3339 with microseconds, the time at which the request is sent
        Planned,   // the same, the time at which it was planned
        Column,    // of the CSV feeder
    };
    std::string name;
    Kind kind = Kind::Constant;
    std::string text;  // Constant, Zipf: prefix; Column: the column's name
    std::int64_t from = 0, to = 0;
    int digits = 2;
    double exponent = 1;
    std::vector<std::string> values;
    std::vector<double> weights;
    bool operator==(const GeneratedField&) const = default;
};

struct Header {
    std::string name, value;
    bool operator==(const Header&) const = default;
};

// One kind of request; its name is its row in every report.
struct RequestKind {
    std::string name = "events";
    double weight = 1;
    std::string method = "POST";
    std::string path;  // empty: the path of the target's URL
    std::vector<Header> headers;
    std::string body;         // {{field}} is replaced; empty with `events`: the product's own events
    std::uint32_t batch = 1;  // bodies in a request; above 1 they are sent as a JSON array
    std::vector<int> expect;  // statuses that count as good; empty: 200 to 299
    bool operator==(const RequestKind&) const = default;
};

// Rows are used in order and from the beginning again, or at random by the seed.
struct CsvFeeder {
    std::string file;
    bool random = false;
    bool operator==(const CsvFeeder&) const = default;
};

// The secret itself is never in a scenario: it is read from the environment or a file when the run starts.
struct Credentials {
    enum class Kind : std::uint8_t { None, Bearer, Basic, Header };
    Kind kind = Kind::None;
    std::string header;       // Header: its name
    std::string user;         // Basic
    std::string environment;  // variable that holds the secret; or
    std::string file;         // file whose first line is it
    bool operator==(const Credentials&) const = default;
};

struct TlsChoices {
    std::string ca_file;  // empty: the system's
    bool verify = true;
    std::string server_name;  // empty: the URL's host
    std::string certificate_file, key_file;
    bool operator==(const TlsChoices&) const = default;
};

// What happens to a request that is due while max_in_flight requests are under way. Either way the certificate says how
// many.
enum class WhenFull : std::uint8_t {
    Queue,  // it waits; its response time counts from the planned time
    Drop,   // it is not sent, and counted as dropped
};

enum class ConnectionUse : std::uint8_t { KeepAlive, NewEachRequest };

// Recorded traffic in place of stages (Spacing::Recorded). One of journal and access_log.
struct Replay {
    std::string journal;     // a data directory; kOwnJournal: that of the server which runs it
    std::string access_log;  // a file (access_log.h)
    double speed = 1;        // so many times as fast as it was: 0.001 to 1000, three digits behind the point
    std::string from, to;    // RFC 3339, of what was received; `to` is excluded; empty: all
    std::string project;     // of a journal: only its events; empty: all
    // Of a journal. Otherwise ids are new, as repeated ones would be swallowed, and events occur now, as much earlier
    // than they are sent as they occurred before they were received.
    bool keep_ids = false, keep_times = false;
    // Of an access log: those that are sent, of kReplayedMethods. What changes or removes something is sent only where
    // that is said.
    std::vector<std::string> methods{"GET", "POST"};
    bool operator==(const Replay&) const = default;
};
inline constexpr const char* kOwnJournal = "own";
inline constexpr std::array<std::string_view, 5> kReplayedMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};

struct Recording;

struct EndToEnd {
    bool check = false;          // read back what was sent: freshness, loss, repeats, order, sums
    std::string query_url;       // empty: the target's server
    Credentials credentials;     // of the questions; none: the scenario's
    double settle_seconds = 10;  // most time that the last events may take to show
    bool operator==(const EndToEnd&) const = default;
};

struct Scenario {
    std::string name = "load";
    std::string url;  // http(s)://host[:port][/path]
    std::vector<RequestKind> requests;
    std::vector<GeneratedField> fields;
    CsvFeeder feeder;
    Credentials credentials;
    TlsChoices tls;
    // Open loop: stages are requests a second. Closed loop: stages are users, each of whom sends, waits for the answer,
    // and thinks.
    bool closed_loop = false;
    std::vector<Stage> stages;
    Spacing spacing = Spacing::Even;
    std::uint64_t seed = 1;
    double think_seconds = 0;  // closed loop; drawn exponentially where think_random
    bool think_random = false;
    double jitter_percent = 0;  // of each planned gap, even spacing: JITTER_PCT
    std::uint32_t max_in_flight = 64;
    // Requests that one connection carries at once, the later ones behind the earlier (RFC 9112 section 9.3.2); 1: each
    // waits for the answer to the one before. Open loop with kept connections.
    std::uint32_t pipeline = 1;
    WhenFull when_full = WhenFull::Queue;
    ConnectionUse connections = ConnectionUse::KeepAlive;
    double timeout_seconds = 30;
    double grace_seconds = 5;  // wait for answers after the last planned time
    // Stops the run when more than this share of the requests of ten seconds failed. 0: never.
    double error_brake = 0.9;
    std::uint32_t users = 1000, pages = 50;  // of the product's own events
    std::vector<Threshold> thresholds;
    std::vector<LabObjective> objectives;
    EndToEnd end_to_end;
    Replay replay;
    std::shared_ptr<const Recording> recording;  // attach_recording() (recording.h): what `replay` says, read

    bool replays() const { return spacing == Spacing::Recorded; }
    bool operator==(const Scenario&) const = default;
};

// Whether a run can be made of it. InvalidArgument with the member at fault as field, as it is written in a file:
// "stages[1].rate", "requests[0].batch", "max_in_flight".
Status validate(const Scenario& scenario);

}  // namespace streamgauge::loadgen
