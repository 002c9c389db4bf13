// SPDX-License-Identifier: GPL-3.0-or-later
// A service level objective, as plain values: what is good, how much of it there must be, over which window, and who is
// told when it burns. Terms as in the SRE workbook (https://sre.google/workbook/alerting-on-slos/).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace streamgauge::slo {

// What an indicator counts. Good and total are events of one kind, except for Freshness and a metric that is compared
// with a bound, which count slices of time.
struct Indicator {
    enum class Kind : std::uint8_t {
        Availability,  // requests answered without a 5xx (and without 429 where `limited_is_bad`), of all requests
        Latency,       // requests answered within threshold_ms, of those that were answered
        Errors,        // 1 - the same as Availability, told as a ratio of errors: one formula, another name
        Freshness,     // slices in which the age of what can be asked is below threshold_ms
        Correctness,   // the ledger: events that are where they should be, of those that were decoded
        Metric,        // a declared metric, see below
    };
    Kind kind = Kind::Availability;
    // Availability, Latency, Errors: which requests. Empty: all of the public listeners but health and scrapes.
    std::string route;  // template as in the route table, for example /events
    double threshold_ms = 300;
    bool limited_is_bad = false;
    // Metric: good events are those of metric `good`, all are those of `total`; or, with `good` empty, each window of
    // `total` is good where its value compares with `bound`.
    std::string good, total;
    bool good_is_below = true;  // value < bound; otherwise value > bound
    double bound = 0;
    bool operator==(const Indicator&) const = default;
};

struct TimeWindow {
    bool rolling = true;
    std::int64_t micros = 30LL * 86'400'000'000;  // rolling
    enum class Calendar : std::uint8_t { Day, Week, Month, Quarter, Year };
    Calendar calendar = Calendar::Month;
    std::string timezone = "UTC";  // calendar
    bool operator==(const TimeWindow&) const = default;
};

enum class Severity : std::uint8_t { Page, Ticket };

// One row of a multi-window, multi-burn-rate policy: fires while the burn rate of both windows is at least `factor`.
struct BurnRule {
    Severity severity = Severity::Page;
    std::int64_t long_micros = 0, short_micros = 0;
    double factor = 0;
    std::int64_t hold_micros = 0;  // must burn so long before it fires
    bool operator==(const BurnRule&) const = default;
};

struct Objective {
    std::string name;  // [a-z0-9-]{1,63}: its name in addresses
    std::string title, description, service;
    std::string project;  // empty: all
    Indicator indicator;
    double target = 0.99;  // share of good, above 0, below 1
    TimeWindow window;
    std::vector<BurnRule> rules;        // empty: those that rules_for(window) gives (burn_rate.h)
    std::uint64_t least_bad = 1;        // bad events in the long window before a rule may fire: little traffic
    std::int64_t cool_down_micros = 0;  // after the burn is over, before the alert is
    bool alert_when_no_data = false;
    std::vector<std::string> notify;  // names of targets (notification.h); the log is always one
    bool operator==(const Objective&) const = default;
};

// Good and total within one slice of time; what everything above is computed from.
struct Slice {
    Timestamp start;
    std::uint64_t good = 0, total = 0;
    bool operator==(const Slice&) const = default;
};

}  // namespace streamgauge::slo
