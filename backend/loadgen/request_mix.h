// SPDX-License-Identifier: GPL-3.0-or-later
// Which kind each request of a run is, and which answers are good: pure functions of its number and of its status.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "loadgen/random.h"
#include "loadgen/request_event.h"
#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

class RequestMix {
public:
    explicit RequestMix(const Scenario& scenario) : random_(scenario.seed, kStream) {
        double total = 0, sum = 0;
        for (const RequestKind& kind : scenario.requests) total += kind.weight;
        for (const RequestKind& kind : scenario.requests) {
            sum += kind.weight;
            up_to_.push_back(static_cast<std::uint64_t>(std::min(sum / total, 0x1.fffffffffffffp-1) * 0x1p64));
            expected_.push_back(kind.expect);
        }
    }

    Endpoint endpoint(std::uint64_t index) const {
        if (up_to_.size() == 1) return 0;
        return static_cast<Endpoint>(std::upper_bound(up_to_.begin(), up_to_.end() - 1, random_.at(index)) -
                                     up_to_.begin());
    }

    Outcome outcome(Endpoint endpoint, int status) const {
        const std::vector<int>& expected = expected_[endpoint];
        const bool good =
            expected.empty() ? status < 300 : std::find(expected.begin(), expected.end(), status) != expected.end();
        if (good) return Outcome::Ok;
        return status < 300    ? Outcome::Unexpected
               : status < 400  ? Outcome::Redirect
               : status == 429 ? Outcome::Limited
               : status < 500  ? Outcome::ClientError
                               : Outcome::ServerError;
    }

private:
    static constexpr std::uint64_t kStream = 5;
    RandomStream random_;
    std::vector<std::uint64_t> up_to_;  // cumulative weights, of 2^64
    std::vector<std::vector<int>> expected_;
};

}  // namespace streamgauge::loadgen
