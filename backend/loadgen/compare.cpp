// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/compare.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>

#include "base/histogram.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::size_t kLeastBlocks = 8, kMostBlocks = 40;
constexpr std::size_t kLeastRuns = 3;  // from so many on a side on, runs are the blocks
constexpr double kLeastBeyond = 10;    // samples beyond a quantile
constexpr double kConfidence = 0.95;   // of the interval that is shown
constexpr double kFarthest = 60;       // standard errors: beyond, a p value is nothing

// A share of a run that counts as one observation.
struct Block {
    double planned = 0, good = 0, bad = 0, answers = 0, micros = 0;  // micros: the sum of the response times
    std::map<std::uint32_t, double> response;
};

void add(Block& block, const ComparedSecond& second) {
    block.planned += static_cast<double>(second.planned);
    block.good += static_cast<double>(second.good);
    block.bad += static_cast<double>(second.bad);
    for (const auto& [bucket, count] : second.response) {
        const auto n = static_cast<double>(count);
        block.response[bucket] += n;
        block.answers += n;
        block.micros += n * static_cast<double>(Histogram::bucket_highest(bucket));
    }
}

// About twice the root of the number of seconds: blocks long enough to be nearly independent, and enough of them.
std::vector<Block> blocks_of(const std::vector<ComparedRun>& runs) {
    std::vector<Block> blocks;
    if (runs.size() >= kLeastRuns) {
        for (const ComparedRun& run : runs) {
            blocks.emplace_back();
            for (const ComparedSecond& second : run.seconds) add(blocks.back(), second);
        }
        return blocks;
    }
    std::size_t seconds = 0;
    for (const ComparedRun& run : runs) seconds += run.seconds.size();
    const auto wanted = static_cast<std::size_t>(2 * std::sqrt(static_cast<double>(seconds)));
    const std::size_t all = std::min(seconds, std::clamp(wanted, kLeastBlocks, kMostBlocks));
    for (const ComparedRun& run : runs) {
        const std::size_t n = run.seconds.size();
        const std::size_t own = std::max<std::size_t>(1, all * n / std::max<std::size_t>(1, seconds));
        const std::size_t first = blocks.size();
        blocks.resize(first + std::min(own, n));
        for (std::size_t i = 0; i < n; ++i) add(blocks[first + i * std::min(own, n) / n], run.seconds[i]);
    }
    return blocks;
}

// Sum of x / sum of n over the blocks, and the standard error of that ratio.
struct RatioEstimate {
    double value = 0, error = 0;
};

RatioEstimate ratio(const std::vector<Block>& blocks, const std::function<double(const Block&)>& part,
                    const std::function<double(const Block&)>& whole) {
    double x = 0, n = 0;
    for (const Block& b : blocks) {
        x += part(b);
        n += whole(b);
    }
    RatioEstimate out;
    if (n <= 0) return out;
    out.value = x / n;
    double squares = 0;
    for (const Block& b : blocks) {
        const double off = part(b) - out.value * whole(b);
        squares += off * off;
    }
    const auto m = static_cast<double>(blocks.size());
    if (m > 1) out.error = std::sqrt(squares * m / (m - 1)) / n;
    return out;
}

// The distribution of a side's response times, linear within each bucket.
class Distribution {
public:
    explicit Distribution(const std::vector<Block>& blocks) {
        std::map<std::uint32_t, double> all;
        for (const Block& b : blocks)
            for (const auto& [bucket, n] : b.response) all[bucket] += n;
        for (const auto& [bucket, n] : all) {
            total_ += n;
            edges_.push_back({lower_edge(bucket), static_cast<double>(Histogram::bucket_highest(bucket)), total_});
        }
    }
    double total() const { return total_; }
    // Microseconds. 0 < q < 1.
    double quantile(double q) const {
        const double wanted = q * total_;
        const auto at = std::lower_bound(edges_.begin(), edges_.end(), wanted,
                                         [](const Edge& e, double w) { return e.cumulative < w; });
        if (at == edges_.end()) return edges_.empty() ? 0 : edges_.back().high;
        const double before = at == edges_.begin() ? 0 : std::prev(at)->cumulative;
        return at->low + (at->high - at->low) * (wanted - before) / (at->cumulative - before);
    }
    static double lower_edge(std::uint32_t bucket) {
        return bucket == 0 ? 0 : static_cast<double>(Histogram::bucket_highest(bucket - 1));
    }

private:
    struct Edge {
        double low, high, cumulative;
    };
    std::vector<Edge> edges_;
    double total_ = 0;
};

double at_or_below(const Block& block, double micros) {
    double n = 0;
    for (const auto& [bucket, count] : block.response) {
        const double low = Distribution::lower_edge(bucket),
                     high = static_cast<double>(Histogram::bucket_highest(bucket));
        if (high <= micros) {
            n += count;
        } else {
            if (low < micros) n += count * (micros - low) / (high - low);
            break;
        }
    }
    return n;
}

// A value with its limits at `t` standard errors.
struct Limits {
    double value = 0, low = 0, high = 0;
};
using LimitsAt = std::function<Limits(double t)>;

double logit(double p) {
    return std::log(p / (1 - p));
}
double expit(double x) {
    return 1 / (1 + std::exp(-x));
}

// None when too few samples lie beyond it.
std::optional<LimitsAt> quantile_limits(const std::vector<Block>& blocks,
                                        const std::shared_ptr<const Distribution>& all, double q) {
    if (all->total() * (1 - q) < kLeastBeyond || all->total() * q < kLeastBeyond) return std::nullopt;
    const double at = all->quantile(q);
    const RatioEstimate below = ratio(
        blocks, [at](const Block& b) { return at_or_below(b, at); }, [](const Block& b) { return b.answers; });
    // Never surer than independent requests would be.
    const double error = std::max(below.error, std::sqrt(q * (1 - q) / all->total()));
    const double scaled = error / (q * (1 - q));
    return [q, scaled, at, all](double t) {
        return Limits{at / 1000, all->quantile(expit(logit(q) - t * scaled)) / 1000,
                      all->quantile(expit(logit(q) + t * scaled)) / 1000};
    };
}

LimitsAt plain_limits(double value, double error) {
    return [value, error](double t) { return Limits{value, value - t * error, value + t * error}; };
}

// Wilson's interval with the number of independent samples that would have the error of the blocks.
LimitsAt share_limits(const RatioEstimate& share, double samples) {
    const double p = share.value;
    double effective = samples;
    if (p > 0 && p < 1 && share.error > 0) effective = std::min(samples, p * (1 - p) / (share.error * share.error));
    return [p, effective](double t) {
        const double z = t * t / effective;
        const double middle = (p + z / 2) / (1 + z);
        const double half = t / (1 + z) * std::sqrt(p * (1 - p) / effective + z / (4 * effective));
        return Limits{p, std::max(0.0, middle - half), std::min(1.0, middle + half)};
    };
}

Limits difference(const LimitsAt& before, const LimitsAt& after, double t) {
    const Limits a = before(t), b = after(t);
    const double change = b.value - a.value;
    return {change, change - std::hypot(b.value - b.low, a.high - a.value),
            change + std::hypot(b.high - b.value, a.value - a.low)};
}

struct Measure {
    std::string name;
    bool more_is_better = false;
    bool relative = true;  // least_change is of the value; otherwise it is the change itself
    std::optional<LimitsAt> before, after;
};

class Comparison {
public:
    Comparison(const std::vector<ComparedRun>& before, const std::vector<ComparedRun>& after,
               const CompareOptions& options)
        : before_(blocks_of(before)), after_(blocks_of(after)), options_(options) {
        by_run_ = before.size() >= kLeastRuns && after.size() >= kLeastRuns;
        freedom_ = static_cast<double>(std::min(before_.size(), after_.size())) - 1;
    }

    RunComparison run() {
        RunComparison out;
        const std::size_t least = by_run_ ? kLeastRuns : kLeastBlocks;
        const bool enough = std::min(before_.size(), after_.size()) >= least;
        std::vector<double> raw;
        for (const Measure& measure : measures()) out.measures.push_back(change_of(measure, enough, raw));
        correct(out, raw);
        return out;
    }
    bool by_run() const { return by_run_; }

private:
    std::vector<Measure> measures() const {
        std::vector<Measure> out;
        const auto all_before = std::make_shared<const Distribution>(before_);
        const auto all_after = std::make_shared<const Distribution>(after_);
        for (const auto& [name, q] :
             {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}})
            out.push_back(
                {name, false, true, quantile_limits(before_, all_before, q), quantile_limits(after_, all_after, q)});
        const auto side = [](const std::vector<Block>& blocks, Measure& mean, Measure& errors, Measure& rate,
                             bool first) {
            const auto put = [first](Measure& m, LimitsAt limits) { (first ? m.before : m.after) = std::move(limits); };
            const auto answers = [](const Block& b) { return b.answers; };
            const auto ended = [](const Block& b) { return b.good + b.bad; };
            const auto planned = [](const Block& b) { return b.planned; };
            const auto sum = [&](const auto& of) {
                return std::accumulate(blocks.begin(), blocks.end(), 0.0,
                                       [&](double n, const Block& b) { return n + of(b); });
            };
            if (sum(answers) >= kLeastBeyond) {
                const RatioEstimate e = ratio(
                    blocks, [](const Block& b) { return b.micros / 1000; }, answers);
                put(mean, plain_limits(e.value, e.error));
            }
            if (sum(ended) >= kLeastBeyond)
                put(errors, share_limits(ratio(
                                             blocks, [](const Block& b) { return b.bad; }, ended),
                                         sum(ended)));
            if (sum(planned) >= kLeastBeyond)
                put(rate, share_limits(ratio(
                                           blocks, [](const Block& b) { return b.good; }, planned),
                                       sum(planned)));
        };
        Measure mean{"mean", false, true, {}, {}}, errors{"error_share", false, false, {}, {}};
        Measure rate{"good_share", true, false, {}, {}};
        side(before_, mean, errors, rate, true);
        side(after_, mean, errors, rate, false);
        out.push_back(std::move(mean));
        out.push_back(std::move(errors));
        out.push_back(std::move(rate));
        return out;
    }

    MeasureChange change_of(const Measure& measure, bool enough, std::vector<double>& raw) const {
        MeasureChange out;
        out.measure = measure.name;
        if (measure.before) out.before = (*measure.before)(0).value;
        if (measure.after) out.after = (*measure.after)(0).value;
        out.change = out.after - out.before;
        if (!enough || !measure.before || !measure.after) return out;
        const boost::math::students_t student(freedom_);
        const double shown = boost::math::quantile(student, 1 - (1 - kConfidence) / 2);
        const Limits limits = difference(*measure.before, *measure.after, shown);
        out.low = limits.low;
        out.high = limits.high;
        const double least = measure.relative ? options_.least_change * out.before : options_.least_change / 10;
        // The number of standard errors at which the interval just touches a change that matters.
        double near = 0, far = kFarthest;
        for (int i = 0; i < 40; ++i) {
            const double middle = (near + far) / 2;
            const Limits at = difference(*measure.before, *measure.after, middle);
            (at.low > least || at.high < -least ? near : far) = middle;
        }
        out.p_value = near > 0 ? 2 * boost::math::cdf(boost::math::complement(student, near)) : 1;
        out.verdict = (out.change > 0) == measure.more_is_better ? ChangeVerdict::Better : ChangeVerdict::Worse;
        raw.push_back(out.p_value);
        return out;
    }

    // Holm's step-down correction: the smallest of k counts k times, the next k - 1 times, ...
    void correct(RunComparison& out, const std::vector<double>& raw) const {
        std::vector<MeasureChange*> tested;
        for (MeasureChange& m : out.measures)
            if (m.verdict != ChangeVerdict::TooFew) tested.push_back(&m);
        std::sort(tested.begin(), tested.end(),
                  [](const MeasureChange* a, const MeasureChange* b) { return a->p_value < b->p_value; });
        double highest = 0;
        for (std::size_t i = 0; i < tested.size(); ++i) {
            highest = std::max(highest, std::min(1.0, tested[i]->p_value * static_cast<double>(raw.size() - i)));
            tested[i]->p_value = highest;
            if (highest >= options_.error_rate) tested[i]->verdict = ChangeVerdict::NoDifference;
        }
        const auto any = [&](ChangeVerdict verdict) {
            return std::any_of(tested.begin(), tested.end(),
                               [verdict](const MeasureChange* m) { return m->verdict == verdict; });
        };
        out.verdict = tested.empty()               ? ChangeVerdict::TooFew
                      : any(ChangeVerdict::Worse)  ? ChangeVerdict::Worse
                      : any(ChangeVerdict::Better) ? ChangeVerdict::Better
                                                   : ChangeVerdict::NoDifference;
    }

    std::vector<Block> before_, after_;
    CompareOptions options_;
    double freedom_ = 0;
    bool by_run_ = false;
};

void warn_of_conditions(const std::vector<ComparedRun>& before, const std::vector<ComparedRun>& after,
                        std::vector<std::string>& warnings) {
    const auto short_text = [](const std::string& text) {
        return text.size() > 80 || text.find('\n') != std::string::npos ? std::string() : text;
    };
    for (const auto& [name, value] : before.front().conditions) {
        std::string other;
        bool differs = false;
        const auto look = [&, &name = name, &value = value](const std::vector<ComparedRun>& runs) {
            for (const ComparedRun& run : runs)
                for (const auto& [its_name, its_value] : run.conditions)
                    if (!differs && its_name == name && its_value != value) {
                        differs = true;
                        other = its_value;
                    }
        };
        look(before);
        look(after);
        if (!differs) continue;
        const std::string a = short_text(value), b = short_text(other);
        warnings.push_back(a.empty() || b.empty() ? "they differ in " + name
                                                  : "they differ in " + name + ": " + a + " and " + b);
    }
    for (const auto* runs : {&before, &after})
        for (const ComparedRun& run : *runs)
            for (const std::string& doubt : run.doubts) warnings.push_back("run " + run.run_id + ": " + doubt);
}

}  // namespace

std::string_view to_string(ChangeVerdict verdict) {
    switch (verdict) {
        case ChangeVerdict::NoDifference:
            return "no detectable difference";
        case ChangeVerdict::Better:
            return "better";
        case ChangeVerdict::Worse:
            return "worse";
        case ChangeVerdict::TooFew:
            return "too few";
    }
    return "too few";
}

Result<RunComparison> compare(const std::vector<ComparedRun>& before, const std::vector<ComparedRun>& after,
                              const CompareOptions& options) {
    for (const auto* runs : {&before, &after}) {
        if (runs->empty()) return Error::make(ErrorCode::InvalidArgument, "there is no run to compare");
        for (const ComparedRun& run : *runs)
            if (run.seconds.empty())
                return Error::make(ErrorCode::InvalidArgument, "run " + run.run_id + " has no seconds to compare");
    }
    Comparison comparison(before, after, options);
    RunComparison out = comparison.run();
    warn_of_conditions(before, after, out.warnings);
    if (out.verdict == ChangeVerdict::TooFew) {
        out.warnings.emplace_back("the runs are too short: eight seconds each are the least");
    } else if (!comparison.by_run()) {
        out.warnings.emplace_back(
            "the intervals cover what varied within the runs, not from run to run: for that, compare three runs and "
            "more "
            "of each, taken in turns");
    }
    return out;
}

}  // namespace streamgauge::loadgen
