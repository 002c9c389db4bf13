// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/run_record.h"

#include <numeric>

namespace streamgauge::loadgen {
namespace {

double to_ms(double micros) {
    return micros / 1000;
}
double quantile_ms(const Histogram& h, double q) {
    return to_ms(static_cast<double>(h.quantile_micros(q)));
}
std::int64_t to_micros(std::int64_t nanos) {
    return (nanos + 500) / 1000;
}

}  // namespace

std::uint64_t Totals::failed() const {
    return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0}) - done();
}

std::uint64_t Totals::answered() const {
    return std::accumulate(outcomes.begin(), outcomes.begin() + static_cast<std::ptrdiff_t>(Outcome::Unexpected) + 1,
                           std::uint64_t{0});
}

RunRecord::RunRecord(const Scenario& scenario) {
    rows_.reserve(static_cast<std::size_t>(planned_seconds(scenario.stages) + scenario.grace_seconds) + 2);
}

SecondRow RunRecord::current_second() const {
    SecondRow row = current_;
    row.avg_ms = to_ms(current_response_.mean_micros());
    row.p50_ms = quantile_ms(current_response_, 0.50);
    row.p95_ms = quantile_ms(current_response_, 0.95);
    row.p99_ms = quantile_ms(current_response_, 0.99);
    return row;
}

void RunRecord::advance_to(std::int64_t now) {
    while (now >= (current_.second + 1) * kNanosPerSecond) {
        rows_.push_back(current_second());
        const std::int64_t next = current_.second + 1;
        current_ = SecondRow{};
        current_.second = next;
        current_response_.reset();
    }
}

void RunRecord::due(const Due& event) {
    ++totals_.planned;
    ++current_.planned;
    generator_lag_.record(to_micros(event.seen - event.planned));
}

void RunRecord::sent(const Sent& event) {
    ++totals_.sent;
    ++current_.sent;
    send_lag_.record(to_micros(event.at - event.planned));
}

void RunRecord::dropped(const Dropped&) {
    ++totals_.dropped;
}

void RunRecord::answered(const Answered& event) {
    ++totals_.outcomes[static_cast<std::size_t>(event.outcome)];
    ++(event.outcome == Outcome::Ok        ? current_.ok
       : event.outcome == Outcome::Limited ? current_.limited
                                           : current_.other);
    const std::int64_t micros = to_micros(event.at - event.planned);
    response_.record(micros);
    current_response_.record(micros);
    service_.record(to_micros(event.at - event.sent_at));
}

void RunRecord::failed(const Failed& event) {
    ++totals_.outcomes[static_cast<std::size_t>(event.outcome)];
    ++current_.other;
    unanswered_.record(to_micros(event.at - event.planned));
}

void RunRecord::unfinished(const Unfinished& event) {
    unanswered_.record(to_micros(event.at - event.planned));
}

void RunRecord::connected(const Connected&) {
    ++connections_;
}

void RunRecord::hand(const HandAction& action) {
    actions_.push_back(action);
}

}  // namespace streamgauge::loadgen
