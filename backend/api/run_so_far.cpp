// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/run_so_far.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "api/capacity_reports.h"
#include "api/load_service.h"
#include "loadgen/arrival_plan.h"
#include "loadgen/lab_objective.h"
#include "loadgen/own_usage.h"
#include "loadgen/report_text.h"
#include "loadgen/scenario_text.h"

namespace streamgauge::api {
namespace {

using loadgen::Outcome;

constexpr std::chrono::seconds kBetweenNotes{5};
constexpr int kTimesItsCost = 50;

// Of a kind of error as a status has it: "status_503", "timeout".
Outcome outcome_of(std::string_view kind) {
    for (std::size_t i = 0; i < loadgen::kOutcomes; ++i)
        if (to_string(static_cast<Outcome>(i)) == kind) return static_cast<Outcome>(i);
    constexpr std::string_view kStatus = "status_";
    int status = 0;
    if (kind.starts_with(kStatus)) std::from_chars(kind.data() + kStatus.size(), kind.data() + kind.size(), status);
    if (status == 429) return Outcome::Limited;
    if (status >= 500) return Outcome::ServerError;
    if (status >= 400) return Outcome::ClientError;
    if (status >= 300) return Outcome::Redirect;
    return Outcome::Unexpected;
}

loadgen::Totals totals_of(const LoadStatus& status, std::uint64_t dropped) {
    loadgen::Totals totals;
    totals.planned = status.planned;
    totals.sent = status.sent;
    totals.outcomes[static_cast<std::size_t>(Outcome::Ok)] = status.done;
    std::uint64_t left = status.failed;
    for (const NamedCount& error : status.errors) {
        const std::uint64_t count = std::min(left, error.count);
        totals.outcomes[static_cast<std::size_t>(outcome_of(error.name))] += count;
        left -= count;
    }
    // A status names the most frequent kinds only.
    totals.outcomes[static_cast<std::size_t>(Outcome::Unexpected)] += left;
    const std::uint64_t ended = totals.done() + totals.failed();
    totals.dropped = std::min(dropped, totals.planned - std::min(totals.planned, ended));
    return totals;
}

}  // namespace

RunSoFar::RunSoFar(RunNoteKeeper keeper, const LoadStatus& begun, std::string scenario, std::string by, Timestamp now)
    : keeper_(std::move(keeper)),
      run_id_(begun.run_id),
      scenario_(std::move(scenario)),
      by_(std::move(by)),
      started_at_(now),
      machine_(loadgen::this_machine()) {
    note(begun);
}

void RunSoFar::take(loadgen::SecondReport second) {
    response_.merge(second.response.expand());
    unanswered_.merge(second.unanswered.expand());
    dropped_ += second.row.dropped;
    seconds_.push_back(std::move(second));
    if (seconds_.size() > kLoadSecondsKept) seconds_.pop_front();
}

void RunSoFar::take(const loadgen::HandAction& action) {
    hand_.push_back(action);
    next_note_ = {};
}

void RunSoFar::take(const LoadStatus& status) {
    heard_ = true;
    if (!ended_ && std::chrono::steady_clock::now() >= next_note_) note(status);
}

void RunSoFar::note(const LoadStatus& status) {
    if (!keeper_.note) return;
    const auto began = std::chrono::steady_clock::now();
    keeper_.note(run_id_, interrupted(status, "the server ended"), by_);
    const auto now = std::chrono::steady_clock::now();
    next_note_ = now + std::max<std::chrono::steady_clock::duration>(kBetweenNotes, kTimesItsCost * (now - began));
}

void RunSoFar::ended(std::string report) {
    ended_ = true;
    if (keeper_.note) keeper_.note(run_id_, std::move(report), by_);
}

void RunSoFar::forget() {
    if (keeper_.forget) keeper_.forget(run_id_);
}

std::string RunSoFar::interrupted(const LoadStatus& status, std::string_view cause) const {
    const std::string why = std::string(kInterrupted) + ": " + std::string(cause);
    if (status.capacity) {
        CapacityReport search;
        search.run_id = run_id_;
        search.started_at = started_at_;
        search.name = status.name;
        search.url = status.plan.url;
        search.scenario = scenario_;
        search.seed = status.plan.seed;
        search.host = machine_.host;
        search.build = machine_.build;
        search.seconds = status.elapsed_seconds;
        search.capacity = *status.capacity;
        search.capacity.end = why;
        return encode(search);
    }
    loadgen::RunReport report;
    report.run_id = run_id_;
    report.started_at = started_at_;
    report.name = status.name;
    report.url = status.plan.url;
    report.scenario = scenario_;
    report.seed = status.plan.seed;
    report.machine = machine_;
    report.state = loadgen::RunState::Interrupted;
    report.stopped_by = cause;
    report.elapsed_seconds = status.elapsed_seconds;
    report.planned_seconds = status.planned_seconds;
    report.totals = totals_of(status, dropped_);
    report.durations.response = response_;
    report.durations.unanswered = unanswered_;
    report.seconds.assign(seconds_.begin(), seconds_.end());
    report.hand = hand_;
    const auto elapsed = static_cast<std::int64_t>(status.elapsed_seconds * 1e9);
    for (const NamedCount& error : status.errors)
        report.errors.push_back({"", error.name, error.count, 0, elapsed, ""});
    for (const LoadThreshold& one : status.thresholds)
        if (const Result<loadgen::Threshold> threshold = loadgen::parse_threshold(one.text); threshold.ok())
            report.thresholds.push_back({*threshold, false, one.measured, std::nullopt});
    if (const Result<loadgen::Scenario> scenario = loadgen::parse_scenario(scenario_); scenario.ok()) {
        if (scenario->requests.size() == 1)
            report.endpoints.push_back({scenario->requests.front().name, report.totals, report.durations});
        for (std::size_t i = 0; i < std::min(scenario->objectives.size(), status.objectives.size()); ++i) {
            loadgen::ObjectiveResult& result = report.objectives.emplace_back();
            result.objective = scenario->objectives[i].objective;
            result.counted.good = status.objectives[i].good;
            result.counted.total = status.objectives[i].total;
            // How low it was between two statuses, and what its alerts did, is not known.
            result.left = status.objectives[i].left;
            const double planned =
                scenario->replays() ? status.planned_seconds : loadgen::planned_seconds(scenario->stages);
            result.lasts_micros = loadgen::lab_scaled(scenario->objectives[i], planned).objective.window.micros;
            const double total = static_cast<double>(result.counted.total);
            result.usual_rate = scenario->objectives[i].usual_rate;
            if (result.usual_rate == 0 && status.elapsed_seconds > 0)
                result.usual_rate = total / status.elapsed_seconds;
            const slo::Objective& asked = result.objective;
            const double allowed = (1 - asked.target) * result.usual_rate * static_cast<double>(asked.window.micros);
            if (allowed > 0) result.budget_used = static_cast<double>(result.counted.bad()) * 1e6 / allowed;
        }
    }
    loadgen::Certificate& certificate = report.certificate;
    certificate.verdict = loadgen::Validity::Invalid;
    certificate.reasons = {why + "; what came after its last known second, and how the generator did, is not known"};
    certificate.send_lag_p99_ms = status.send_lag_p99_ms;
    certificate.dropped = report.totals.dropped;
    return loadgen::to_json(report);
}

}  // namespace streamgauge::api
