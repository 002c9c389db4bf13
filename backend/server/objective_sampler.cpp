// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/objective_sampler.h"

#include <algorithm>

#include "api/ledger.h"

namespace streamgauge {

namespace {

constexpr double kNeverSeen = 5;  // seconds: a canary is missed after them

}  // namespace

slo::SliceFigures ObjectiveSampler::take() {
    slo::SliceFigures figures = parts_.requests.take();
    const auto micros = static_cast<std::int64_t>(std::min(age_seconds(), 4'000.0) * 1e6);
    figures.freshness.answered = 1;
    figures.freshness.bins = {{slo::duration_bin(micros), 1}};
    figures.ledger = ledger();
    return figures;
}

double ObjectiveSampler::age_seconds() const {
    double age = parts_.pipeline.lag().seconds;
    if (parts_.canary == nullptr) return age;
    const api::CanaryStatus canary = parts_.canary->status();
    if (canary.fault) return std::max(age, canary.age_seconds.value_or(kNeverSeen));
    return canary.age_seconds ? std::max(age, canary.visible_ms / 1e3) : age;
}

slo::Ratio ObjectiveSampler::ledger() {
    const api::Ledger now = api::ledger_of(parts_.journal, parts_.pipeline.status().state);
    const auto wrong = static_cast<std::uint64_t>(now.difference < 0 ? -now.difference : now.difference);
    const std::uint64_t decoded = decoded_ && now.decoded > *decoded_ ? now.decoded - *decoded_ : 0;
    const std::uint64_t bad = decoded_ && wrong > wrong_ ? wrong - wrong_ : 0;
    decoded_ = now.decoded;
    wrong_ = wrong;
    const std::uint64_t total = std::max(decoded, bad);
    return {total - bad, total};
}

}  // namespace streamgauge
