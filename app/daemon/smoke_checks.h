// SPDX-License-Identifier: GPL-3.0-or-later
// What `streamgauged smoke` tries: events in the forms of the contract's five clients (A to E), the answers to them,
// and the numbers afterwards. Every name it sends is unique to the run, so that it can run against a server in use.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "daemon/http_client.h"

namespace streamgauge::daemon {

// One line each, as they happen: "ok    C  one event                         202 {"status":"accepted"}".
class SmokeReport {
public:
    explicit SmokeReport(std::ostream& out) : out_(out) {}
    // `problem` empty: ok, and `seen` is shown. Otherwise a miss, with the problem.
    void line(std::string_view client, std::string_view what, const std::string& problem, const std::string& seen);
    int missed() const { return missed_; }
    int checked() const { return checked_; }

private:
    std::ostream& out_;
    int checked_ = 0, missed_ = 0;
};

class SmokeChecks {
public:
    // `run`: a word that nobody used before. `now`: the time the events are given. `fresh`: the server holds nothing
    // else, so totals must be exact.
    SmokeChecks(SmokeReport& report, std::string run, Timestamp now, bool fresh)
        : report_(report), run_(std::move(run)), now_(now), fresh_(fresh) {}

    // Says how each further line is marked, such as "after kill -9: ". Empty at first.
    void set_stage(std::string stage) { stage_ = std::move(stage); }
    void check_health(const HttpClient& server);
    void send_events(const HttpClient& server);
    void send_repeats(const HttpClient& server);
    void send_bad_input(const HttpClient& server);
    // Waits, up to a deadline, until each number is what was sent.
    void check_numbers(const HttpClient& server);
    // One outcome that is not an answer.
    void check_that(std::string_view what, const Status& outcome, const std::string& seen);

private:
    // What is wrong with an answer, or empty.
    using Expect = std::function<std::string(const HttpAnswer&)>;

    void send(std::string_view client, std::string_view what, const HttpClient& server, std::string_view path,
              std::string body, const Expect& expect, std::string_view content_type = "application/json");
    // Asks until the answer is as expected or the deadline has passed.
    void ask(std::string_view client, std::string_view what, const HttpClient& server, std::string_view target,
             const Expect& expect, std::string body = {}, const HttpClient::Headers& headers = {});
    // Every event that was sent is accounted for in the exposition.
    void check_ledger(const HttpClient& server);
    void show(std::string_view client, std::string_view what, const Result<HttpAnswer>& answer, const Expect& expect);
    std::string id(int number) const { return run_ + "-" + std::to_string(number); }

    SmokeReport& report_;
    std::string run_;
    Timestamp now_;
    bool fresh_;
    std::string stage_;
    int repeats_ = 0, rejected_ = 0;  // sent so far
    std::string first_a_id_;          // the stored event's numeric id, as A was told
};

}  // namespace streamgauge::daemon
