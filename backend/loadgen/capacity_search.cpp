// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/capacity_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace streamgauge::loadgen {
namespace {

constexpr std::size_t kGrid = 2000;
constexpr double kBlur = 0.012;        // of the rate: so near the limit a step goes either way
constexpr double kWrongClear = 0.015;  // of clear outcomes that are wrong all the same
constexpr double kWrongUnclear = 0.2;
constexpr double kHintSpread = 0.04;  // of the rate that an overloaded server answers, as an estimate of the limit
constexpr double kHintTrust = 0.5;    // as much for the estimate as for all rates between
// Of the probability: the rate to confirm is at most so likely too high. After a confirmation that failed, less.
constexpr double kConfirmQuantile = 0.1, kConfirmAgainQuantile = 0.05;
constexpr StepLimits kDoublingLimits{1, 2.5, 5};
constexpr StepLimits kNarrowingLimits{1, 5, 16};
// One step in which the generator was late says that its machine stood still; a generator that can do no more is late
// again at once.
constexpr int kLateInARow = 3;
constexpr double kDrainSeconds = 1.5;  // what a drain is reckoned to take
// Of what more requests in flight may come to in longer service times, where they are not waiting for the server: of
// twice as many a quarter.
constexpr double kServiceShare = 0.25;

}  // namespace

std::string_view to_string(CapacityEnd end) {
    switch (end) {
        case CapacityEnd::Found:
            return "found";
        case CapacityEnd::NothingHeld:
            return "nothing held";
        case CapacityEnd::NoLimit:
            return "no limit up to the highest rate";
        case CapacityEnd::GeneratorLimited:
            return "the generator is the limit";
        case CapacityEnd::OutOfTime:
            return "out of time";
    }
    return "";
}

Result<CapacitySearch> CapacitySearch::make(const CapacityOptions& options) {
    const auto wrong = [](const char* field, std::string message) {
        Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
        error.field = field;
        return error;
    };
    if (!(options.first_rate >= 1)) return wrong("first_rate", "the first rate must be at least one request a second");
    if (!(options.highest_rate > options.first_rate && options.highest_rate <= 1e6))
        return wrong("highest_rate", "the highest rate must be above the first one, and at most 1000000");
    if (!(options.budget_seconds >= 30 && options.budget_seconds <= 3600))
        return wrong("budget_seconds", "the search may take 30 to 3600 seconds");
    return CapacitySearch(options);
}

CapacitySearch::CapacitySearch(const CapacityOptions& options) : options_(options) {}

std::optional<CapacityTask> CapacitySearch::next(double at) {
    if (over_) return std::nullopt;
    elapsed_ = std::max(elapsed_, at);
    const double left = options_.budget_seconds - elapsed_;
    const auto with_drain = [](const CapacityTask& task) { return kDrainSeconds + task.seconds(); };
    CapacityTask task{held_ ? std::min(options_.highest_rate, held_->rate * 2) : options_.first_rate, kDoublingLimits,
                      false};
    if (narrowing_) {
        const CapacityTask step{std::min(options_.highest_rate, quantile(0.5)), kNarrowingLimits, false};
        const double rate = failed_confirmations_ == 0
                                ? std::max(quantile(kConfirmQuantile), quantile(0.5) * (1 - options_.width / 2))
                                : quantile(kConfirmAgainQuantile);
        const CapacityTask confirm{
            std::min(options_.highest_rate, rate), {1, options_.confirm_seconds - 1, options_.confirm_seconds}, true};
        // Time for a second confirmation, in case that the first fails.
        const double confirmations = with_drain(confirm) * (failed_confirmations_ == 0 ? 2 : 1);
        const bool enough = narrow() || quantile(kConfirmQuantile) >= options_.highest_rate;
        task = enough || left < confirmations + with_drain(step) ? confirm : step;
    }
    // The first one has nothing to wait for.
    if (left < (steps_.empty() ? task.seconds() : with_drain(task))) {
        over_ = true;
        return std::nullopt;
    }
    return task;
}

void CapacitySearch::outcome(CapacityOutcome outcome) {
    elapsed_ = std::max(elapsed_, outcome.at_seconds);
    const bool highest = outcome.rate >= options_.highest_rate;
    // While doubling, the next step tells more than a longer one would: only a clear failure ends it, or one at the
    // highest rate, which has no next.
    const bool failed = outcome.state == StepState::Failed && (narrowing_ || outcome.clear || highest);
    if (outcome.state == StepState::Failed && in_flight_limits(outcome)) {
        outcome.in_flight_limited = true;
        outcome.limiting =
            "max_in_flight: " + std::to_string(outcome.full_at) + " requests were in flight; the server may take more";
    }
    steps_.push_back(outcome);
    late_in_a_row_ = outcome.generator_limited ? late_in_a_row_ + 1 : 0;
    if (outcome.generator_limited) {
        // It says nothing of the server: the same is tried again.
        over_ = late_in_a_row_ >= kLateInARow;
        if (over_ && end_ != CapacityEnd::Found) end_ = CapacityEnd::GeneratorLimited;
    } else if (outcome.confirm && !failed) {
        learn(outcome.offered_rate, false, true);
        confirmed_ = std::max(confirmed_, std::min(outcome.rate, outcome.offered_rate));
        end_ = highest ? CapacityEnd::NoLimit : CapacityEnd::Found;
        // Where what is known moved away from it, and there is time, the search goes on.
        over_ = highest || (narrow() && confirmed_ >= quantile(0.025) * (1 - kBlur));
    } else if (narrowing_) {
        if (outcome.confirm) ++failed_confirmations_;
        learn(outcome.offered_rate, failed, outcome.clear);
    } else if (failed && !held_) {
        over_ = true;
        end_ = CapacityEnd::NothingHeld;
    } else if (failed) {
        start_narrowing(outcome);
    } else {
        held_ = outcome;
        over_ = highest;
        if (over_) {
            end_ = CapacityEnd::NoLimit;
            confirmed_ = outcome.rate;
        }
    }
}

// What an overloaded server still answers is often near what it can, but one that collapses answers less: half of the
// belief goes to that rate, half to all rates between a step below the last that held and a little above the first that
// failed.
void CapacitySearch::start_narrowing(const CapacityOutcome& failed) {
    narrowing_ = true;
    low_rate_ = held_->rate / 2;
    high_rate_ = failed.rate * 1.2;
    probability_.assign(kGrid, 1.0 / kGrid);
    const double hint = std::log(std::max(1e-9, failed.answered_rate));
    std::vector<double> near(kGrid);
    for (std::size_t i = 0; i < kGrid; ++i) {
        const double x = std::log(low_rate_) + std::log(high_rate_ / low_rate_) * static_cast<double>(i) / (kGrid - 1);
        near[i] = std::exp(-0.5 * std::pow((x - hint) / kHintSpread, 2));
    }
    const double sum = std::accumulate(near.begin(), near.end(), 0.0);
    if (sum > 1e-6)
        for (std::size_t i = 0; i < kGrid; ++i)
            probability_[i] = (1 - kHintTrust) * probability_[i] + kHintTrust * near[i] / sum;
    learn(held_->rate, held_->state == StepState::Failed, held_->clear);
    learn(failed.rate, true, failed.clear);
}

// Random arrivals make a step heavier or lighter than its plan: what counts is what was due in it. P(fails at r | limit
// c) rises from nearly nothing to nearly one around c.
void CapacitySearch::learn(double rate, bool failed, bool clear) {
    const double wrong = clear ? kWrongClear : kWrongUnclear;
    double sum = 0;
    for (std::size_t i = 0; i < kGrid; ++i) {
        const double x = std::log(low_rate_) + std::log(high_rate_ / low_rate_) * static_cast<double>(i) / (kGrid - 1);
        const double above = 1 / (1 + std::exp(-(std::log(rate) - x) / kBlur));
        const double fails = wrong + (1 - 2 * wrong) * above;
        probability_[i] *= failed ? fails : 1 - fails;
        sum += probability_[i];
    }
    for (double& p : probability_) p /= sum;
}

bool CapacitySearch::narrow() const {
    return quantile(0.975) / quantile(0.025) <= 1 + options_.width;
}

double CapacitySearch::quantile(double q) const {
    double seen = 0;
    for (std::size_t i = 0; i < kGrid; ++i) {
        if (seen + probability_[i] >= q) {
            const double at = static_cast<double>(i) - 0.5 + (q - seen) / probability_[i];
            return low_rate_ * std::pow(high_rate_ / low_rate_, std::clamp(at / (kGrid - 1), 0.0, 1.0));
        }
        seen += probability_[i];
    }
    return high_rate_;
}

// Whether a step that failed with max_in_flight under way waited for this generator's own ceiling: a server at its
// limit answers each request later the more of them it has. Looked at against the highest rate that held with at most
// half as many in flight (answered rate times service time: Little 1961), or else with the fewest.
bool CapacitySearch::in_flight_limits(const CapacityOutcome& failed) const {
    if (failed.full_at == 0 || failed.generator_limited) return false;
    const double most = failed.full_at;
    const auto in_flight = [](const CapacityOutcome& step) { return step.answered_rate * step.service_ms / 1000; };
    const auto few = [&](const CapacityOutcome& step) { return in_flight(step) <= most / 2; };
    const CapacityOutcome* held = nullptr;
    for (const CapacityOutcome& step : steps_) {
        if (step.state != StepState::Held || step.generator_limited || in_flight(step) <= 0) continue;
        if (held == nullptr ||
            (few(step) ? !few(*held) || step.rate > held->rate : !few(*held) && in_flight(step) < in_flight(*held)))
            held = &step;
    }
    if (held == nullptr) return false;
    const double more = std::min(2.0, most / in_flight(*held)) - 1;
    return more > 0 && failed.service_ms / held->service_ms - 1 <= kServiceShare * more;
}

// The lowest rate above the answer that failed.
const CapacityOutcome* CapacitySearch::nearest_failed() const {
    const CapacityOutcome* found = nullptr;
    for (const CapacityOutcome& step : steps_) {
        if (step.state != StepState::Failed || step.generator_limited || step.rate <= confirmed_) continue;
        if (found == nullptr || step.rate < found->rate) found = &step;
    }
    return found;
}

// The stage whose mean grew most between the highest rate that held and the lowest above it that failed, where it
// explains a good part of what the response time grew by.
std::string CapacitySearch::limiting_stage() const {
    const CapacityOutcome* failed = nearest_failed();
    if (failed != nullptr && failed->in_flight_limited) return {};
    const CapacityOutcome* held = nullptr;
    for (const CapacityOutcome& step : steps_)
        if (step.state == StepState::Held && (held == nullptr || step.rate >= held->rate)) held = &step;
    // The step that shows most: the rate that overloaded it first.
    for (const CapacityOutcome& step : steps_)
        if (failed != nullptr && step.state == StepState::Failed && !step.generator_limited &&
            step.mean_ms > failed->mean_ms)
            failed = &step;
    if (failed == nullptr || held == nullptr || failed->stages.empty()) return {};
    const auto mean = [](const CapacityOutcome& step, const std::string& name) {
        for (const StageTime& s : step.stages)
            if (s.name == name && s.count > 0) return s.sum_ms / static_cast<double>(s.count);
        return 0.0;
    };
    std::string found;
    double most = 0;
    for (const StageTime& stage : failed->stages) {
        if (stage.name == "total") continue;
        const double growth = mean(*failed, stage.name) - mean(*held, stage.name);
        if (growth > most) {
            most = growth;
            found = stage.name;
        }
    }
    constexpr double kGoodPart = 0.3;
    const double all = failed->mean_ms - held->mean_ms;
    return most > 0 && most >= kGoodPart * all ? found : "outside of the server's stages";
}

CapacityAnswer CapacitySearch::answer() const {
    CapacityAnswer out;
    out.end = end_;
    out.steps = steps_;
    out.seconds = elapsed_;
    if (narrowing_ && end_ != CapacityEnd::NoLimit) {
        out.low = quantile(0.025) * (1 - kBlur);
        out.high = quantile(0.975) * (1 + kBlur);
        out.rate = confirmed_ > 0 ? confirmed_ : out.low;
        const CapacityOutcome* failed = nearest_failed();
        if (failed != nullptr) out.limiting = failed->limiting;
        out.limiting_stage = limiting_stage();
        return out;
    }
    for (const CapacityOutcome& step : steps_) {
        if (step.state == StepState::Held && !step.generator_limited) out.rate = std::max(out.rate, step.rate);
        if (step.state == StepState::Failed && end_ != CapacityEnd::NoLimit) out.limiting = step.limiting;
    }
    out.low = out.rate;
    out.high = out.end == CapacityEnd::NothingHeld ? options_.first_rate : 0;
    return out;
}

}  // namespace streamgauge::loadgen
