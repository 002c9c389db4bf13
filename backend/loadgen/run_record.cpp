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

std::string_view to_string(Outcome outcome) {
    constexpr std::array<std::string_view, kOutcomes> names{
        "ok",    "status_3xx", "status_429", "status_4xx", "status_5xx", "connect_refused", "connect_failed",
        "reset", "timeout",    "malformed"};
    return names[static_cast<std::size_t>(outcome)];
}

std::uint64_t Totals::failed() const {
    return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0}) - done();
}

std::uint64_t Totals::answered() const {
    return std::accumulate(outcomes.begin(), outcomes.begin() + static_cast<std::ptrdiff_t>(Outcome::ServerError) + 1,
                           std::uint64_t{0});
}

RunRecord::RunRecord(std::size_t seconds) {
    rows_.reserve(seconds);
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

void RunRecord::due(std::int64_t planned, std::int64_t seen) {
    ++totals_.planned;
    ++current_.planned;
    generator_lag_.record(to_micros(seen - planned));
}

void RunRecord::sent(std::int64_t planned, std::int64_t at) {
    ++totals_.sent;
    ++current_.sent;
    send_lag_.record(to_micros(at - planned));
}

void RunRecord::answered(Outcome outcome, std::int64_t planned, std::int64_t sent_at, std::int64_t at) {
    ++totals_.outcomes[static_cast<std::size_t>(outcome)];
    ++(outcome == Outcome::Ok ? current_.ok : outcome == Outcome::Limited ? current_.limited : current_.other);
    const std::int64_t micros = to_micros(at - planned);
    response_.record(micros);
    current_response_.record(micros);
    service_.record(to_micros(at - sent_at));
}

void RunRecord::failed(Outcome outcome, std::int64_t planned, std::int64_t at) {
    ++totals_.outcomes[static_cast<std::size_t>(outcome)];
    ++current_.other;
    unanswered_.record(to_micros(at - planned));
}

void RunRecord::unfinished(std::int64_t planned, std::int64_t at) {
    unanswered_.record(to_micros(at - planned));
}

}  // namespace streamgauge::loadgen
