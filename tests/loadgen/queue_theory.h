// SPDX-License-Identifier: GPL-3.0-or-later
// Response times of a queue with one server, first come, first served: from formulas, and of one row of arrivals and
// service times.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace streamgauge::test {

// M/M/1: Poisson arrivals, exponential service. The response time is exponential with rate mu - lambda (Kleinrock,
// "Queueing Systems" I, 3.2). Seconds.
inline double mm1_quantile(double arrivals_per_second, double capacity, double q) {
    return -std::log1p(-q) / (capacity - arrivals_per_second);
}

// M/D/1: Poisson arrivals, each service takes `service` seconds. P(wait <= x) is Erlang's sum (1 - rho) *
// sum over k <= x/D of (lambda (kD - x))^k / k! * e^(-lambda (kD - x)); its terms alternate, so that it holds for
// waits of up to about 30 services. The response time is the wait and the service. Seconds.
inline double md1_quantile(double arrivals_per_second, double service, double q) {
    const long double lambda = arrivals_per_second, d = service;
    const auto waits_at_most = [&](long double x) {
        long double sum = 0;
        for (int k = 0; static_cast<long double>(k) * d <= x; ++k) {
            const long double y = lambda * (static_cast<long double>(k) * d - x);
            const long double size = k == 0 ? 1 : std::exp(k * std::log(-y) - std::lgamma(k + 1.0L));
            sum += (k % 2 == 0 ? size : -size) * std::exp(-y);
        }
        return (1 - lambda * d) * sum;
    };
    long double low = 0, high = 30 * d;
    for (int i = 0; i < 100; ++i) {
        const long double middle = (low + high) / 2;
        (waits_at_most(middle) < q ? low : high) = middle;
    }
    return static_cast<double>(high + d);
}

// What each request of one row of arrivals takes, by Lindley's recursion: it begins when it comes or when the one
// before it is done. All in nanoseconds.
inline std::vector<std::int64_t> responses_of(const std::vector<std::int64_t>& arrivals,
                                              const std::vector<std::int64_t>& services) {
    std::vector<std::int64_t> responses(arrivals.size());
    std::int64_t done = 0;
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
        done = std::max(done, arrivals[i]) + services[i];
        responses[i] = done - arrivals[i];
    }
    return responses;
}

// The smallest value that at least q of them do not exceed. Precondition: not empty.
inline std::int64_t exact_quantile(std::vector<std::int64_t> values, double q) {
    const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(q * static_cast<double>(values.size()) - 1e-9)));
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

}  // namespace streamgauge::test
