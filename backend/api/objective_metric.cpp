// SPDX-License-Identifier: GPL-3.0-or-later
// Asked in stretches of at most kStepsAtOnce windows, one after the other.
#include "api/objective_metric.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/wrong_field.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kStepsAtOnce = 5'000;

struct Asking : std::enable_shared_from_this<Asking> {
    Asking(AnalysisService& whom, slo::Objective about, query::TimeRange of, std::int64_t width,
           Done<std::vector<slo::Slice>> then)
        : analysis(whom), objective(std::move(about)), range(of), step(width), done(std::move(then)) {}

    AnalysisService& analysis;
    const slo::Objective objective;
    const query::TimeRange range;
    const std::int64_t step;
    const Done<std::vector<slo::Slice>> done;
    std::map<std::int64_t, double> totals, goods;  // by start; one answer after the other

    void ask(bool good, Timestamp from) {
        query::PointsQuery question;
        question.metric = good ? objective.indicator.good : objective.indicator.total;
        question.project = objective.project;
        question.range = {from, std::min(range.to, from.plus_micros(kStepsAtOnce * step))};
        question.step_micros = step;
        question.limit = static_cast<std::size_t>(kStepsAtOnce) + 2;
        const Timestamp next = question.range.to;
        analysis.points(std::move(question), {},
                        [self = shared_from_this(), good, next](const Result<query::PointsAnswer>& answer) {
                            if (!answer) return self->done(answer.error());
                            self->take(good, answer->points);
                            if (next < self->range.to) return self->ask(good, next);
                            if (!good && !self->objective.indicator.good.empty())
                                return self->ask(true, self->range.from);
                            self->finish();
                        });
    }

    void take(bool good, const std::vector<query::Point>& points) {
        for (const query::Point& point : points) {
            // A window that is open may still reach its bound.
            if (!point.value.number || (point.open && objective.indicator.good.empty())) continue;
            const auto number = static_cast<double>(*point.value.number);
            (good ? goods : totals)[point.start.micros] = point.value.micros ? number / 1e6 : number;
        }
    }

    void finish() {
        const slo::Indicator& indicator = objective.indicator;
        const auto whole = [](double value) {
            return value <= 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(std::min(std::round(value), 9e15));
        };
        std::vector<slo::Slice> slices;
        for (const auto& [start, value] : totals) {
            slo::Slice slice{{start}, 0, 1};
            if (indicator.good.empty()) {
                slice.good = (indicator.good_is_below ? value < indicator.bound : value > indicator.bound) ? 1 : 0;
            } else {
                const auto found = goods.find(start);
                slice.total = whole(value);
                slice.good = std::min(slice.total, found == goods.end() ? 0 : whole(found->second));
            }
            if (slice.total > 0) slices.push_back(slice);
        }
        done(std::move(slices));
    }
};

}  // namespace

Result<std::int64_t> metric_slice_micros(const query::MetricDirectory& metrics, const slo::Indicator& indicator) {
    std::int64_t widest = 0;
    for (const auto& [member, name] : {std::pair<const char*, const std::string&>{"indicator.total", indicator.total},
                                       {"indicator.good", indicator.good}}) {
        if (name.empty()) continue;
        const auto metric = metrics.find(name);
        if (metric == nullptr) {
            Error error = Error::make(ErrorCode::NotFound, "there is no metric " + name);
            error.field = member;
            return error;
        }
        const std::int64_t width =
            metric->definition.tiers.empty() ? 0 : metric->definition.tiers.front().window_micros;
        if (width <= 0) return wrong_field(member, "the metric " + name + " has no windows");
        widest = std::max(widest, width);
    }
    return widest;
}

void ask_metric_slices(AnalysisService& analysis, const query::MetricDirectory& metrics,
                       const slo::Objective& objective, query::TimeRange range, Done<std::vector<slo::Slice>> done) {
    const Result<std::int64_t> step = metric_slice_micros(metrics, objective.indicator);
    if (!step) return done(step.error());
    range.from = floor_to(range.from, *step);
    if (range.from >= range.to) return done(std::vector<slo::Slice>());
    std::make_shared<Asking>(analysis, objective, range, *step, std::move(done))->ask(false, range.from);
}

}  // namespace streamgauge::api
