// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/certificate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace streamgauge::loadgen {
namespace {

constexpr double kLateMs = 5, kTooLateMs = 50;
constexpr double kStalledShare = 0.001, kTooStalledShare = 0.01, kLongStallMs = 100;
constexpr double kTooManyDropped = 0.1;
constexpr double kEvenShare = 0.8, kEvenGapSeconds = 200e-6;
constexpr double kBursty = 1, kPoissonLow = 0.7, kPoissonHigh = 1.4;
constexpr std::uint64_t kEnoughForDispersion = 1000;
constexpr double kSecondsForDispersion = 2;
constexpr double kBusy = 0.9, kClockStepMs = 10;

template <class... Values>
std::string sentence(const char* format, Values... values) {
    std::array<char, 256> text{};
    const int n = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), n < 0 ? 0 : std::min(static_cast<std::size_t>(n), text.size() - 1)};
}

double ms(std::int64_t micros) {
    return static_cast<double>(micros) / 1000;
}

class Verdict {
public:
    explicit Verdict(Certificate& certificate) : certificate_(certificate) {}
    void said(std::string reason) { add(Validity::Valid, std::move(reason)); }
    void degraded(std::string reason) { add(Validity::Degraded, std::move(reason)); }
    void invalid(std::string reason) { add(Validity::Invalid, std::move(reason)); }
    void at_least(bool is_invalid, std::string reason) {
        add(is_invalid ? Validity::Invalid : Validity::Degraded, std::move(reason));
    }

private:
    void add(Validity validity, std::string reason) {
        certificate_.verdict = std::max(certificate_.verdict, validity);
        certificate_.reasons.push_back(std::move(reason));
    }
    Certificate& certificate_;
};

}  // namespace

std::string_view to_string(Validity validity) {
    constexpr std::array<std::string_view, 3> names{"valid", "degraded", "invalid"};
    return names[static_cast<std::size_t>(validity)];
}

Certificate certify(const CertificateFacts& facts) {
    const GeneratorWatch& watch = *facts.watch;
    const Histogram& lag = *facts.generator_lag;
    Certificate c;
    c.send_lag_p50_ms = ms(lag.quantile_micros(0.5));
    c.send_lag_p99_ms = ms(lag.quantile_micros(0.99));
    c.send_lag_max_ms = ms(lag.max_micros());
    c.even_share = watch.even_share();
    c.dispersion = watch.dispersion();
    c.dropped = facts.dropped;
    c.queued = facts.queued;
    c.cpu_share = facts.elapsed_seconds > 0 ? facts.cpu_seconds / facts.elapsed_seconds : 0;
    c.stalls = watch.stalls();
    c.longest_stall_ms = static_cast<double>(watch.longest_stall_nanos()) / 1e6;
    c.clock_step_ms = facts.clock_step_ms;

    Verdict verdict(c);
    if (c.send_lag_p99_ms > kLateMs)
        verdict.at_least(
            c.send_lag_p99_ms > kTooLateMs,
            sentence("the generator took up one request in a hundred %.1f ms late or later", c.send_lag_p99_ms));
    const double stalled_ms = static_cast<double>(watch.stalled_nanos()) / 1e6;
    const double stalled = facts.elapsed_seconds > 0 ? stalled_ms / 1000 / facts.elapsed_seconds : 0;
    if (stalled >= kStalledShare || c.longest_stall_ms >= kLongStallMs)
        verdict.at_least(stalled >= kTooStalledShare,
                         sentence("the generator did not run for %.1f ms at a time, %.2f %% of the run in all (%llu "
                                  "stalls): it was starved or stopped",
                                  c.longest_stall_ms, 100 * stalled, static_cast<unsigned long long>(c.stalls)));
    if (facts.dropped > 0) {
        const double share =
            static_cast<double>(facts.dropped) / static_cast<double>(std::max<std::uint64_t>(facts.planned, 1));
        verdict.at_least(share >= kTooManyDropped,
                         sentence("%llu requests, %.2f %% of what was due, were dropped: the percentiles are of the "
                                  "others",
                                  static_cast<unsigned long long>(facts.dropped), 100 * share));
    }
    const double mean_gap =
        facts.planned > 1 ? facts.elapsed_seconds / static_cast<double>(facts.planned) : facts.elapsed_seconds;
    if (!facts.closed_loop && facts.spacing == Spacing::Even && watch.gaps() > 0) {
        if (c.even_share < kEvenShare && mean_gap >= kEvenGapSeconds)
            verdict.degraded(
                sentence("only %.1f %% of the gaps were within 25 %% of the planned gap", 100 * c.even_share));
        if (c.dispersion > kBursty)
            verdict.degraded(
                sentence("arrivals were to be even and came in bursts: index of dispersion %.2f", c.dispersion));
    }
    if (!facts.closed_loop && facts.spacing == Spacing::Poisson && facts.planned >= kEnoughForDispersion &&
        facts.elapsed_seconds >= kSecondsForDispersion && (c.dispersion < kPoissonLow || c.dispersion > kPoissonHigh))
        verdict.degraded(
            sentence("arrivals were not those of independent users: index of dispersion %.2f, not 1", c.dispersion));
    if (c.cpu_share > kBusy)
        verdict.degraded(sentence("the generator used %.0f %% of a core: more load than this it could not have made",
                                  100 * c.cpu_share));
    if (std::abs(c.clock_step_ms) > kClockStepMs)
        verdict.degraded(
            sentence("the machine's clock was set by %.1f ms during the run: times of events jump", c.clock_step_ms));
    if (facts.queued > 0)
        verdict.said(
            sentence("%llu of %llu requests waited because max_in_flight (%u) requests were unanswered: their "
                     "response times have that waiting in them, and the server never had more at once",
                     static_cast<unsigned long long>(facts.queued), static_cast<unsigned long long>(facts.planned),
                     facts.max_in_flight));
    return c;
}

}  // namespace streamgauge::loadgen
