// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/capacity_step.h"

#include <algorithm>
#include <cmath>

#include "loadgen/lab_objective.h"

namespace streamgauge::loadgen {
namespace {

constexpr double kSure = 2.6;           // standard errors: 1 % on both sides, looked at several times
constexpr double kGrowth = 0.005;       // of the rate: a backlog that grows by more is one that grows
constexpr double kGrowthMissed = 0.02;  // of the rate: what a step that holds has shown not to be there
constexpr double kLateShare = 0.3;      // of the slices: then the generator is the limit
constexpr std::size_t kLeastSlices = 5;

// Standard errors that are as sure when the error itself is estimated from `slices`: within 4 % of Student's t.
double sure(std::size_t slices) {
    return kSure * (1 + 2.4 / (static_cast<double>(slices) - 2));
}

bool is_time(const CapacityObjective& objective) {
    return objective.indicator ? objective.indicator->kind == slo::Indicator::Kind::Latency
                               : objective.measure != Threshold::Measure::Errors;
}

}  // namespace

Result<CapacityObjective> capacity_objective(const Threshold& threshold, std::string name) {
    CapacityObjective out;
    out.name = std::move(name);
    out.measure = threshold.measure;
    const bool below = threshold.comparison == Threshold::Comparison::Less ||
                       threshold.comparison == Threshold::Comparison::LessOrEqual;
    bool share = below && threshold.endpoint.empty();
    out.bound_ms = threshold.value;
    switch (threshold.measure) {
        case Threshold::Measure::Percentile:
            out.allowed = 1 - threshold.percentile / 100;
            break;
        case Threshold::Measure::Median:
            out.allowed = 0.5;
            break;
        case Threshold::Measure::Freshness:
            out.allowed = 0.01;
            break;
        case Threshold::Measure::Errors:
            out.allowed = threshold.value;
            break;
        default:
            share = false;
    }
    if (share && out.allowed > 0 && out.allowed < 1 && threshold.value > 0) return out;
    Error error =
        Error::make(ErrorCode::InvalidArgument, "\"" + out.name + "\" is no objective that a rate can be found for");
    error.field = "objective";
    error.hint = "such as p(99)<300, med<50, errors<1% or freshness<1s, of all requests";
    return error;
}

CapacityObjective capacity_objective(const slo::Objective& objective) {
    CapacityObjective out;
    out.name = objective.name + ": " + promise_text(objective);
    out.bound_ms = objective.indicator.threshold_ms;
    out.allowed = 1 - objective.target;
    out.indicator = objective.indicator;
    return out;
}

CapacityStep::CapacityStep(double rate, std::vector<CapacityObjective> objectives, StepLimits limits)
    : rate_(rate), objectives_(std::move(objectives)), limits_(limits) {}

StepJudgement CapacityStep::take(const CapacitySlice& slice) {
    const bool settling = seconds_ + 1e-6 < limits_.settle_seconds;
    seconds_ += slice.seconds;
    if (slice.generator_late) ++late_slices_;
    if (settling) {
        first_backlog_ = slice.backlog;
    } else {
        slices_.push_back(slice);
        for (const StageTime& stage : slice.stages) {
            const auto known =
                std::find_if(stages_.begin(), stages_.end(), [&](const StageTime& s) { return s.name == stage.name; });
            if (known == stages_.end()) {
                stages_.push_back(stage);
            } else {
                known->count += stage.count;
                known->sum_ms += stage.sum_ms;
            }
        }
    }
    return judge();
}

double CapacityStep::offered_rate() const {
    double planned = 0, seconds = 0;
    for (const CapacitySlice& s : slices_) {
        planned += static_cast<double>(s.planned);
        seconds += s.seconds;
    }
    return seconds > 0 ? planned / seconds : rate_;
}

double CapacityStep::answered_rate() const {
    double answered = 0, seconds = 0;
    for (const CapacitySlice& s : slices_) {
        answered += static_cast<double>(s.answered);
        seconds += s.seconds;
    }
    return seconds > 0 ? answered / seconds : 0;
}

double CapacityStep::mean_of(double CapacitySlice::*member) const {
    double answered = 0, sum = 0;
    for (const CapacitySlice& s : slices_) {
        answered += static_cast<double>(s.answered);
        sum += s.*member * static_cast<double>(s.answered);
    }
    return answered > 0 ? sum / answered : 0;
}

double CapacityStep::mean_ms() const {
    return mean_of(&CapacitySlice::mean_ms);
}

double CapacityStep::service_ms() const {
    return mean_of(&CapacitySlice::service_ms);
}

bool CapacityStep::in_flight_full() const {
    const auto full =
        std::count_if(slices_.begin(), slices_.end(), [](const CapacitySlice& s) { return s.in_flight_full; });
    return full > 0 && 2 * static_cast<std::size_t>(full) >= slices_.size();
}

double CapacityStep::bad_share(std::size_t objective) const {
    double bad = 0, total = 0;
    for (const CapacitySlice& s : slices_) {
        bad += static_cast<double>(s.objectives[objective].bad);
        total += static_cast<double>(s.objectives[objective].total);
    }
    return total > 0 ? bad / total : 0;
}

// Wilson's interval, with the number of independent requests that the variance between slices leaves: those of one
// slice share their fate. A step in which so much is bad that even its longest form could not make up for it has
// failed.
CapacityStep::Look CapacityStep::look_at_share(std::size_t objective) const {
    const double allowed = objectives_[objective].allowed;
    double bad = 0, total = 0;
    for (const CapacitySlice& s : slices_) {
        bad += static_cast<double>(s.objectives[objective].bad);
        total += static_cast<double>(s.objectives[objective].total);
    }
    if (total <= 0) return {};
    const double p = bad / total;
    Look look{0, p / allowed};
    if (bad > allowed * rate_ * (limits_.most_seconds - limits_.settle_seconds)) look.sign = 1;
    if (slices_.size() < kLeastSlices) return look;
    double squares = 0;
    for (const CapacitySlice& s : slices_) {
        const double off =
            static_cast<double>(s.objectives[objective].bad) - p * static_cast<double>(s.objectives[objective].total);
        squares += off * off;
    }
    const auto m = static_cast<double>(slices_.size());
    const double variance = squares * m / (m - 1) / (total * total);
    const double samples = variance > 0 ? std::min(total, p * (1 - p) / variance) : total;
    const double t = variance > 0 ? sure(slices_.size()) : kSure;
    const double z = t * t / samples;
    const double middle = (p + z / 2) / (1 + z);
    const double half = t / (1 + z) * std::sqrt(p * (1 - p) / samples + z / (4 * samples));
    if (middle - half > allowed) look.sign = 1;
    if (middle + half < allowed) look.sign = -1;
    return look;
}

// A backlog that is in balance moves up and down; one that is not grows by so much each slice. The mean of its steps
// over their standard error tells the two apart, and is cautious where the backlog is in balance: its steps then make
// up for each other, which the error does not count.
CapacityStep::Look CapacityStep::look_at_queue() const {
    if (slices_.size() < kLeastSlices) return {};
    double seconds = 0, squares = 0;
    for (const CapacitySlice& s : slices_) seconds += s.seconds;
    const double growth =
        (static_cast<double>(slices_.back().backlog) - static_cast<double>(first_backlog_)) / seconds;  // a second
    auto last = static_cast<double>(first_backlog_);
    for (const CapacitySlice& s : slices_) {
        const double off = static_cast<double>(s.backlog) - last - growth * s.seconds;
        squares += off * off;
        last = static_cast<double>(s.backlog);
    }
    const auto m = static_cast<double>(slices_.size());
    const double error = std::sqrt(squares * m / (m - 1)) / seconds;
    const double t = sure(slices_.size());
    Look look{0, std::max(0.0, growth / (kGrowthMissed * rate_))};
    // A request or two more than at the beginning say nothing.
    if (growth - t * error > kGrowth * rate_ && growth * seconds > 3) look.sign = 1;
    if (growth + t * error < kGrowthMissed * rate_ || growth * seconds <= 3) look.sign = -1;
    return look;
}

StepJudgement CapacityStep::judge() const {
    StepJudgement out;
    double nearest = -1;
    bool failed = false, unsure = false;
    const auto consider = [&](const Look& look, const std::string& name, bool of_time) {
        // What has failed for certain comes before what is only likely.
        const double weight = look.nearness + (look.sign > 0 ? 1e9 : 0);
        if (weight > nearest) {
            nearest = weight;
            out.limiting = name;
            out.limiting_is_time = of_time;
        }
        failed = failed || look.sign > 0;
        unsure = unsure || look.sign == 0;
    };
    double worst = 0;
    for (std::size_t i = 0; i < objectives_.size(); ++i) {
        const Look look = look_at_share(i);
        consider(look, objectives_[i].name, is_time(objectives_[i]));
        worst = std::max(worst, look.nearness);
    }
    const Look queue = look_at_queue();
    consider(queue, "queue", true);
    // Growing by half of what is missed is as likely within as beyond what counts as growth.
    worst = std::max(worst, 2 * queue.nearness);

    const double looked = seconds_ - limits_.settle_seconds;
    out.generator_limited = late_slices_ > kLateShare * seconds_ / 0.5 && late_slices_ >= 3;
    if (failed) {
        out.state = StepState::Failed;
        out.clear = true;
    } else if (!unsure && looked + 1e-6 >= limits_.least_seconds) {
        out.state = StepState::Held;
        out.clear = true;
    } else if (seconds_ + 1e-6 >= limits_.most_seconds) {
        out.state = worst > 1 ? StepState::Failed : StepState::Held;
    }
    return out;
}

}  // namespace streamgauge::loadgen
