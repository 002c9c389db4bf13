// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/threshold_watch.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace streamgauge::loadgen {
namespace {

using Measure = Threshold::Measure;
using Comparison = Threshold::Comparison;

double ms(double micros) {
    return micros / 1000;
}

bool is_latency(Measure measure) {
    return measure <= Measure::Median;
}
bool counts_the_good(Measure measure) {
    return measure == Measure::Rate || measure == Measure::Requests;
}
bool wants_more(Comparison comparison) {
    return comparison == Comparison::Greater || comparison == Comparison::GreaterOrEqual;
}
// What only grows can be above a bound early, and below one only at the end.
bool may_come_to_hold(const Threshold& threshold, double measured) {
    if (threshold.measure != Measure::Requests && threshold.measure != Measure::Dropped) return false;
    return wants_more(threshold.comparison) ||
           (threshold.comparison == Comparison::Equal && measured <= threshold.value);
}

// The measured value that is worse for the threshold.
double worse(const Threshold& threshold, double a, double b) {
    if (threshold.comparison == Comparison::Equal)
        return std::abs(a - threshold.value) >= std::abs(b - threshold.value) ? a : b;
    return wants_more(threshold.comparison) ? std::min(a, b) : std::max(a, b);
}

// Of two histograms as if they were one.
std::int64_t quantile(const Histogram& a, const Histogram& b, double q) {
    if (b.count() == 0) return a.quantile_micros(q);
    const std::uint64_t count = a.count() + b.count();
    const auto wanted =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count) - 1e-9)));
    const std::int64_t highest = std::max(a.max_micros(), b.max_micros());
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < a.buckets().size(); ++i) {
        seen += a.buckets()[i] + b.buckets()[i];
        if (seen >= wanted) return std::min(Histogram::bucket_highest(i), highest);
    }
    return highest;
}

std::optional<double> latency(const Threshold& threshold, const Histogram& answered, const Histogram& unanswered) {
    const std::uint64_t count = answered.count() + unanswered.count();
    if (count == 0) return std::nullopt;
    switch (threshold.measure) {
        case Measure::Percentile:
            return ms(static_cast<double>(quantile(answered, unanswered, threshold.percentile / 100)));
        case Measure::Median:
            return ms(static_cast<double>(quantile(answered, unanswered, 0.5)));
        case Measure::Minimum: {
            const std::int64_t a = answered.min_micros(), b = unanswered.min_micros();
            return ms(static_cast<double>(a == 0 ? b : b == 0 ? a : std::min(a, b)));
        }
        case Measure::Maximum:
            return ms(static_cast<double>(std::max(answered.max_micros(), unanswered.max_micros())));
        default:
            return ms((answered.mean_micros() * static_cast<double>(answered.count()) +
                       unanswered.mean_micros() * static_cast<double>(unanswered.count())) /
                      static_cast<double>(count));
    }
}

std::optional<double> error_share(std::uint64_t good, std::uint64_t bad) {
    if (good + bad == 0) return std::nullopt;
    return static_cast<double>(bad) / static_cast<double>(good + bad);
}

}  // namespace

// The last `length` seconds of a log.
class ThresholdWatch::Window {
public:
    explicit Window(const Threshold& threshold)
        : threshold_(threshold), length_(static_cast<std::size_t>(threshold.window_seconds)) {
        // Buckets are added and taken away one by one: Histogram cannot forget.
        if (is_latency(threshold.measure)) buckets_.resize(Histogram().buckets().size());
    }

    // Seconds of which the good answers are counted: those in which requests were due from beginning to end.
    void take(const SecondLog& log, double counted_seconds) {
        for (; next_ < log.rows().size(); ++next_) {
            add(log, next_);
            if (next_ >= length_) remove(log, next_ - length_);
            const auto end = static_cast<double>(next_ + 1);
            if (next_ + 1 < length_ || (counts_the_good(threshold_.measure) && end > counted_seconds)) continue;
            judge(static_cast<std::int64_t>(end * 1e9));
        }
    }

    // At the end of a run: the second that it ended in is a part of a window too. Counts of what is good say nothing of
    // it, unless the run was shorter than a window: then it is the window.
    void close(const SecondLog& log, const CurrentSecond& current, double counted_seconds) {
        take(log, counted_seconds);
        const bool good = counts_the_good(threshold_.measure);
        if (good && judged_) return;
        add_row(current.row);
        add_histogram(*current.response);
        add_histogram(*current.unanswered);
        if (!good && next_ >= length_) remove(log, next_ - length_);
        judge((current.row.second + 1) * 1'000'000'000, good ? std::max(counted_seconds, 1e-3) : 0);
    }

    const std::optional<double>& worst() const { return worst_; }
    const std::optional<std::int64_t>& failed_at() const { return failed_at_; }

private:
    void add_row(const SecondRow& row) {
        good_ += row.ok;
        bad_ += row.limited + row.other;
        dropped_ += row.dropped;
    }
    void add_histogram(const Histogram& histogram) {
        if (buckets_.empty() || histogram.count() == 0) return;
        for (std::size_t i = Histogram::bucket_index(histogram.min_micros());
             i <= Histogram::bucket_index(histogram.max_micros()); ++i)
            buckets_[i] += histogram.buckets()[i];
        count_ += histogram.count();
        sum_ += histogram.mean_micros() * static_cast<double>(histogram.count());
    }
    template <class Change>
    void change(const SecondLog& log, std::size_t index, Change&& by) {
        if (buckets_.empty()) return;
        for (const std::string_view payload : {log.response_payload(index), log.unanswered_payload(index)}) {
            const auto changed = histogram_buckets(payload);
            if (!changed) continue;
            for (const auto& [bucket, n] : *changed) by(bucket, n);
        }
    }
    void add(const SecondLog& log, std::size_t index) {
        add_row(log.rows()[index]);
        change(log, index, [this](std::uint32_t bucket, std::uint64_t n) {
            buckets_[bucket] += n;
            count_ += n;
            sum_ += middle(bucket) * static_cast<double>(n);
        });
    }
    void remove(const SecondLog& log, std::size_t index) {
        const SecondRow& row = log.rows()[index];
        good_ -= row.ok;
        bad_ -= row.limited + row.other;
        dropped_ -= row.dropped;
        change(log, index, [this](std::uint32_t bucket, std::uint64_t n) {
            buckets_[bucket] -= n;
            count_ -= n;
            sum_ -= middle(bucket) * static_cast<double>(n);
        });
    }
    // Of a bucket's values: as near as a histogram knows them.
    static double middle(std::size_t bucket) {
        const std::int64_t below = bucket == 0 ? -1 : Histogram::bucket_highest(bucket - 1);
        return static_cast<double>(below + 1 + Histogram::bucket_highest(bucket)) / 2;
    }

    std::optional<double> measured(double seconds) const {
        switch (threshold_.measure) {
            case Measure::Errors:
                return error_share(good_, bad_);
            case Measure::Rate:
                return static_cast<double>(good_) / seconds;
            case Measure::Requests:
                return static_cast<double>(good_);
            case Measure::Dropped:
                return static_cast<double>(dropped_);
            default:
                break;
        }
        if (count_ == 0) return std::nullopt;
        if (threshold_.measure == Measure::Average) return ms(sum_ / static_cast<double>(count_));
        const double q = threshold_.measure == Measure::Percentile ? threshold_.percentile / 100
                         : threshold_.measure == Measure::Median   ? 0.5
                         : threshold_.measure == Measure::Maximum  ? 1
                                                                   : 0;
        const auto wanted =
            std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_) - 1e-9)));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen >= wanted) return ms(static_cast<double>(Histogram::bucket_highest(i)));
        }
        return std::nullopt;
    }

    void judge(std::int64_t end, double seconds = 0) {
        const std::optional<double> value = measured(seconds > 0 ? seconds : static_cast<double>(length_));
        if (!value) return;
        judged_ = true;
        worst_ = worst_ ? worse(threshold_, *worst_, *value) : *value;
        if (!failed_at_ && !holds(threshold_.comparison, *value, threshold_.value)) failed_at_ = end;
    }

    const Threshold threshold_;
    const std::size_t length_;
    std::size_t next_ = 0;  // first second that was not taken
    bool judged_ = false;
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
    std::uint64_t good_ = 0, bad_ = 0, dropped_ = 0;
    std::optional<double> worst_;
    std::optional<std::int64_t> failed_at_;
};

struct ThresholdWatch::Watched {
    Threshold threshold;
    std::optional<std::size_t> endpoint;  // none: all
    std::unique_ptr<Window> window;
    std::optional<std::int64_t> failed_at;  // of the whole run, when it ended it

    const Totals& totals(const RunRecord& r) const { return endpoint ? r.endpoint_totals(*endpoint) : r.totals(); }
    const Durations& durations(const RunRecord& r) const {
        return endpoint ? r.endpoint_durations(*endpoint) : r.durations();
    }
    const SecondLog* seconds(const RunRecord& r) const {
        return endpoint ? r.endpoint_seconds(*endpoint) : &r.seconds();
    }
};

ThresholdWatch::ThresholdWatch(const Scenario& scenario) : planned_seconds_(planned_seconds(scenario.stages)) {
    for (const Threshold& threshold : scenario.thresholds) {
        Watched watched;
        watched.threshold = threshold;
        for (std::size_t i = 0; i < scenario.requests.size(); ++i)
            if (!threshold.endpoint.empty() && scenario.requests[i].name == threshold.endpoint) watched.endpoint = i;
        if (threshold.window_seconds > 0) watched.window = std::make_unique<Window>(threshold);
        watched_.push_back(std::move(watched));
    }
}
ThresholdWatch::~ThresholdWatch() = default;
ThresholdWatch::ThresholdWatch(ThresholdWatch&&) noexcept = default;

std::optional<double> ThresholdWatch::whole(const Watched& watched, const RunRecord& record, std::int64_t elapsed_nanos,
                                            const EndToEndReport* end_to_end) const {
    const Threshold& threshold = watched.threshold;
    const Totals& totals = watched.totals(record);
    switch (threshold.measure) {
        case Measure::Errors:
            return error_share(totals.done(), totals.failed());
        case Measure::Rate: {
            constexpr double kDrain = 1;  // seconds in which the last answers may come
            const double elapsed = static_cast<double>(elapsed_nanos) / 1e9;
            const double seconds = elapsed > planned_seconds_ + kDrain ? elapsed : std::min(elapsed, planned_seconds_);
            if (seconds <= 0) return std::nullopt;
            return static_cast<double>(totals.done()) / seconds;
        }
        case Measure::Requests:
            return static_cast<double>(totals.done());
        case Measure::Dropped:
            return static_cast<double>(totals.dropped);
        case Measure::Unfinished:
            return static_cast<double>(totals.unfinished());
        case Measure::SendLag:
            if (record.generator_lag().count() == 0) return std::nullopt;
            return ms(static_cast<double>(record.generator_lag().quantile_micros(0.99)));
        case Measure::Freshness:
            if (end_to_end == nullptr || end_to_end->freshness_query.count() == 0) return std::nullopt;
            return ms(static_cast<double>(end_to_end->freshness_query.quantile_micros(0.99)));
        case Measure::Lost:
            if (end_to_end == nullptr || !end_to_end->complete) return std::nullopt;
            return static_cast<double>(end_to_end->lost);
        default: {
            const Durations& durations = watched.durations(record);
            return latency(threshold, durations.response, durations.unanswered);
        }
    }
}

std::optional<std::size_t> ThresholdWatch::update(const RunRecord& record, std::int64_t elapsed_nanos) {
    std::optional<std::size_t> ended_by;
    for (std::size_t i = 0; i < watched_.size(); ++i) {
        Watched& watched = watched_[i];
        const Threshold& threshold = watched.threshold;
        if (watched.window) {
            if (const SecondLog* const log = watched.seconds(record)) watched.window->take(*log, planned_seconds_);
        }
        if (!threshold.abort || ended_by || static_cast<double>(elapsed_nanos) / 1e9 < threshold.abort_after_seconds)
            continue;
        if (watched.window) {
            if (watched.window->failed_at()) ended_by = i;
            continue;
        }
        const std::optional<double> value = whole(watched, record, elapsed_nanos, nullptr);
        if (!value || holds(threshold.comparison, *value, threshold.value) || may_come_to_hold(threshold, *value))
            continue;
        watched.failed_at = elapsed_nanos;
        ended_by = i;
    }
    return ended_by;
}

std::vector<ThresholdResult> ThresholdWatch::now(const RunRecord& record, std::int64_t elapsed_nanos) const {
    std::vector<ThresholdResult> results;
    for (const Watched& watched : watched_) {
        ThresholdResult result;
        result.threshold = watched.threshold;
        if (watched.window) {
            result.measured = watched.window->worst();
            result.failed_at_nanos = watched.window->failed_at();
            result.passed = !result.failed_at_nanos;
        } else {
            result.measured = whole(watched, record, elapsed_nanos, nullptr);
            result.passed =
                !result.measured || holds(watched.threshold.comparison, *result.measured, watched.threshold.value);
        }
        results.push_back(std::move(result));
    }
    return results;
}

std::vector<ThresholdResult> ThresholdWatch::finish(const RunRecord& record, std::int64_t elapsed_nanos, bool stopped,
                                                    const EndToEndReport* end_to_end) {
    // A run that was stopped sent nothing more in its last second.
    const double elapsed = static_cast<double>(elapsed_nanos) / 1e9;
    const double counted = stopped ? std::min(planned_seconds_, std::floor(elapsed)) : planned_seconds_;
    std::vector<ThresholdResult> results;
    for (Watched& watched : watched_) {
        ThresholdResult result;
        result.threshold = watched.threshold;
        if (watched.window) {
            if (const SecondLog* const log = watched.seconds(record))
                watched.window->close(*log, record.current(watched.endpoint), counted);
            result.measured = watched.window->worst();
            result.failed_at_nanos = watched.window->failed_at();
            result.passed = result.measured && !result.failed_at_nanos;
        } else {
            result.measured = whole(watched, record, elapsed_nanos, end_to_end);
            result.passed =
                result.measured && holds(watched.threshold.comparison, *result.measured, watched.threshold.value);
            // One that ended the run has failed, even if the last answers made it good again.
            if (watched.failed_at) result.passed = false;
            result.failed_at_nanos = watched.failed_at;
        }
        results.push_back(std::move(result));
    }
    return results;
}

}  // namespace streamgauge::loadgen
