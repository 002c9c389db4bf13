// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/time_text.h"
#include "base/wrong_field.h"

namespace streamgauge::query {
namespace {

constexpr std::size_t kMostPieces = 1'000;
// The oldest window of each tier that is kept.
std::vector<std::int64_t> oldest_kept(const AskedMetric& metric, const PartitionState& state) {
    std::vector<std::int64_t> oldest;
    for (std::size_t i = 0; i < metric.windows.size(); ++i) {
        const std::int64_t retention = state.next > 1 ? metric.definition.tiers[i].retention_micros : 0;
        oldest.push_back(metric.windows[i].oldest_kept(retention, state.log_clock.micros));
    }
    return oldest;
}

class Planner {
public:
    Planner(const AskedMetric& metric, const PartitionState& state)
        : metric_(metric), windows_(metric.windows), oldest_(oldest_kept(metric, state)) {}

    // Where the range begins and ends when it is widened to windows that are kept. Nothing of it may be: then from is
    // not before to.
    struct Widened {
        TimeRange range;
        std::size_t edge = 0;  // the tier at `from`
        bool cut = false;
    };
    Widened widen(TimeRange range, bool one_tier) const {
        Widened out{range, 0, false};
        std::optional<std::size_t> left = finest_keeping(range.from.micros);
        if (!left) {
            left = static_cast<std::size_t>(std::min_element(oldest_.begin(), oldest_.end()) - oldest_.begin());
            out.cut = true;
            out.range.from.micros = oldest_[*left];
        } else {
            out.range.from.micros = windows_[*left].start_of(range.from.micros);
        }
        out.edge = *left;
        if (out.range.from >= range.to) return out;
        const std::int64_t last = range.to.micros - 1;
        const std::size_t right = one_tier ? *left : finest_keeping(last).value_or(*left);
        out.range.to.micros = windows_[right].end_of(windows_[right].start_of(last));
        return out;
    }

    bool keeps(Timestamp at) const { return finest_keeping(at.micros).has_value(); }

    // The windows that make up the steps; nothing when some step begins or ends inside of the finest window that is
    // kept there. No tier beyond `widest` is used, and nothing before `from`.
    std::optional<std::vector<Piece>> cover(const Steps& steps, std::size_t widest, std::int64_t from) const {
        std::vector<Piece> pieces;
        for (std::size_t step = 0; step < steps.size(); ++step) {
            const std::int64_t end = steps.end(step).micros;
            for (std::int64_t at = std::max(from, steps.start(step).micros); at < end;) {
                const std::optional<Piece> piece = next(at, end, widest);
                if (!piece) return std::nullopt;
                at = piece->to;
                if (!pieces.empty() && pieces.back().tier == piece->tier && pieces.back().to == piece->from) {
                    pieces.back().to = piece->to;
                } else {
                    pieces.push_back(*piece);
                }
            }
        }
        return pieces;
    }
    std::optional<std::vector<Piece>> cover(const Steps& steps) const {
        for (std::size_t widest = windows_.size(); widest-- > 0;) {
            auto pieces = cover(steps, widest, steps.range().from.micros);
            if (!pieces || pieces->size() <= kMostPieces || widest == 0) return pieces;
        }
        return std::nullopt;
    }

    // The same of what is still kept of the steps, from `from` on; what is before is not. Everything may be gone.
    std::vector<Piece> cover_kept(const Steps& steps, Timestamp& from) const {
        for (std::size_t step = 0; step < steps.size(); ++step) {
            for (const std::int64_t begin : kept_edges(steps.start(step).micros, steps.end(step).micros)) {
                auto pieces = cover(steps, windows_.size() - 1, begin);
                if (!pieces) continue;
                if (pieces->size() > kMostPieces)
                    if (auto fewer = cover(steps, 0, begin)) pieces = std::move(fewer);
                from = {begin};
                return *pieces;
            }
        }
        from = steps.range().to;
        return {};
    }

    // Levels go through every window of one tier: the finest that all boundaries lie on and that is kept from `kept`
    // on. What came before is in the level that the first window which is kept starts from.
    std::optional<Piece> through(const Steps& steps, Timestamp kept) const {
        for (std::size_t tier = 0; tier < windows_.size(); ++tier) {
            if (oldest_[tier] > kept.micros) continue;
            bool fits = true;
            for (std::size_t step = 0; fits && step < steps.size(); ++step) fits = on_edge(tier, steps.end(step));
            fits = fits && on_edge(tier, steps.range().from);
            if (fits) return Piece{static_cast<std::uint8_t>(tier), kNoWindow, steps.range().to.micros};
        }
        return std::nullopt;
    }

private:
    bool on_edge(std::size_t tier, Timestamp at) const { return windows_[tier].start_of(at.micros) == at.micros; }

    std::optional<std::size_t> finest_keeping(std::int64_t at) const {
        for (std::size_t tier = 0; tier < windows_.size(); ++tier)
            if (windows_[tier].start_of(at) >= oldest_[tier]) return tier;
        return std::nullopt;
    }

    // Where windows that are kept begin, in [start, end): the first of each tier, ascending.
    std::vector<std::int64_t> kept_edges(std::int64_t start, std::int64_t end) const {
        std::vector<std::int64_t> edges;
        for (std::size_t tier = 0; tier < windows_.size(); ++tier) {
            const std::int64_t at = std::max(start, oldest_[tier]);
            if (at >= end) continue;
            const std::int64_t window = windows_[tier].start_of(at);
            const std::int64_t edge = window == at ? at : windows_[tier].end_of(window);
            if (edge < end) edges.push_back(edge);
        }
        std::sort(edges.begin(), edges.end());
        return edges;
    }

    // From `at` on, as far as one tier goes: the widest that fits.
    std::optional<Piece> next(std::int64_t at, std::int64_t end, std::size_t widest) const {
        for (std::size_t tier = widest + 1; tier-- > 0;) {
            const Windows& windows = windows_[tier];
            if (at < oldest_[tier] || windows.start_of(at) != at || windows.end_of(at) > end) continue;
            std::int64_t to = windows.start_of(end);
            // As soon as a wider window fits, it takes over.
            for (std::size_t wider = tier + 1; wider <= widest; ++wider) {
                const std::int64_t from = std::max(at + 1, oldest_[wider]);
                if (from >= to) continue;
                const std::int64_t start = windows_[wider].start_of(from);
                const std::int64_t begin = start == from ? start : windows_[wider].end_of(start);
                if (begin < to && windows_[wider].end_of(begin) <= end) to = begin;
            }
            return Piece{static_cast<std::uint8_t>(tier), at, to};
        }
        return std::nullopt;
    }

    const AskedMetric& metric_;
    const std::vector<Windows>& windows_;
    const std::vector<std::int64_t> oldest_;
};

Result<std::vector<std::size_t>> parts_of(const std::vector<FieldPath>& fields, const MetricDefinition& metric,
                                          std::string_view member) {
    std::vector<std::size_t> parts;
    for (const FieldPath& field : fields) {
        const auto found = std::find(metric.group_by.begin(), metric.group_by.end(), field);
        if (found != metric.group_by.end()) {
            parts.push_back(static_cast<std::size_t>(found - metric.group_by.begin()) + 1);
        } else if (field.field == Field::Project) {
            parts.push_back(0);
        } else {
            std::string known;
            for (const FieldPath& group : metric.group_by) known += (known.empty() ? "" : ", ") + to_text(group);
            return wrong_field(std::string(member), "the metric " + metric.name + " is not grouped by " +
                                                        to_text(field) + ", but by " +
                                                        (known.empty() ? "nothing" : known));
        }
    }
    return parts;
}

Status check_members(const PointsQuery& query, const MetricDefinition& metric) {
    const auto whole = [](double p) { return p > 0 && p < 100; };
    if (!query.percentiles.empty() && metric.aggregate != Aggregate::Percentile)
        return wrong_field("percentiles", "the metric " + metric.name + " has none");
    if (!std::all_of(query.percentiles.begin(), query.percentiles.end(), whole))
        return wrong_field("percentiles", "a percentile is more than 0 and less than 100");
    if (query.order && query.order->by == Order::By::Value &&
        (metric.aggregate == Aggregate::TopK || metric.aggregate == Aggregate::Last))
        return wrong_field("order", "the metric " + metric.name + " has no numbers to order by");
    return {};
}

Result<Steps> steps_of(const PointsQuery& query, const AskedMetric& metric, TimeRange range) {
    if (query.step_micros == 0) return Steps(range);
    const bool days = query.step_micros % kDayMicros == 0;
    if (!days && !query.timezone.empty())
        return wrong_field("timezone", "a time zone is of steps of whole days; others are the same everywhere");
    const std::string& zone = query.timezone.empty() && days ? metric.definition.timezone : query.timezone;
    const std::int64_t finest = metric.windows.front().width();
    if (query.step_micros % finest != 0)
        return wrong_field("step", "step must be a multiple of " + format_span(finest) + ", the metric's window");
    const Result<Windows> windows = Windows::make(query.step_micros, zone);
    if (!windows) {
        Error error = windows.error();
        error.field = "timezone";
        return error;
    }
    return Steps::make(range, *windows);
}

Error not_on_windows(const AskedMetric& metric) {
    std::string kept;
    for (const Tier& tier : metric.definition.tiers)
        kept += (kept.empty() ? "" : ", ") + format_span(tier.window_micros) +
                (tier.retention_micros == 0 ? " for ever" : " for " + format_span(tier.retention_micros));
    return wrong_field("step", "the steps do not begin and end where windows do that are still kept (" + kept + ")");
}

Status read_levels(const Planner& planner, const AskedMetric& metric, Timestamp kept, Reading& reading) {
    const std::optional<Piece> piece = planner.through(reading.steps, kept);
    if (!piece) return not_on_windows(metric);
    reading.pieces = {*piece};
    return {};
}

Status read_from(const Planner& planner, const AskedMetric& metric, Reading& reading) {
    if (metric.definition.aggregate == Aggregate::Gauge)
        return read_levels(planner, metric, reading.steps.range().from, reading);
    std::optional<std::vector<Piece>> pieces = planner.cover(reading.steps);
    if (!pieces) return not_on_windows(metric);
    reading.pieces = *std::move(pieces);
    return {};
}

// Steps before what is kept have no windows. Levels after it are whole all the same: the store keeps what the windows
// that are gone came to.
Status read_before(const Planner& planner, const AskedMetric& metric, Plan& plan) {
    Reading& reading = *plan.before;
    const auto in_compare = [](Error error) {
        error.field = "compare";
        return error;
    };
    if (metric.definition.aggregate == Aggregate::Gauge) {
        const Planner::Widened kept = planner.widen(reading.steps.range(), true);
        if (kept.cut) plan.before_kept_from = std::min(kept.range.from, reading.steps.range().to);
        if (kept.range.from >= reading.steps.range().to) return {};
        Status read = read_levels(planner, metric, kept.range.from, reading);
        return read.ok() ? read : Status(in_compare(read.error()));
    }
    if (planner.keeps(reading.steps.range().from)) {
        Status read = read_from(planner, metric, reading);
        return read.ok() ? read : Status(in_compare(read.error()));
    }
    Timestamp from = reading.steps.range().to;
    reading.pieces = planner.cover_kept(reading.steps, from);
    plan.before_kept_from = from;
    return {};
}

}  // namespace

Result<Plan> make_plan(const PointsQuery& query, std::shared_ptr<const AskedMetric> metric,
                       const PartitionState& state) {
    const MetricDefinition& definition = metric->definition;
    if (Status checked = check_members(query, definition); !checked.ok()) return checked.error();
    Plan plan;
    plan.metric = metric;
    auto group_parts = parts_of(query.group_by, definition, "group_by");
    if (!group_parts) return group_parts.error();
    plan.group_parts = *std::move(group_parts);
    auto filter_parts = parts_of(query.filter.fields(), definition, "filter");
    if (!filter_parts) return filter_parts.error();
    plan.filter_parts = *std::move(filter_parts);

    if (metric->windows.front().width() == 0) {
        if (query.range != kAllTime)
            return wrong_field("from",
                               "the metric " + definition.name + " has no windows: it is asked without from and to");
        if (query.step_micros != 0)
            return wrong_field("step", "the metric " + definition.name + " has no windows, and no steps");
        if (query.compare)
            return wrong_field("compare", "the metric " + definition.name + " has no windows, and no period before");
        plan.now.steps = Steps(kAllTime);
        plan.now.pieces = {Piece{0, kNoWindow, kNoWindow + 1}};
        plan.edges = metric->windows.front();
        return plan;
    }
    if (query.range == kAllTime) return wrong_field("from", "from is missing");
    if (query.range.from >= query.range.to) return wrong_field("to", "to must be after from");

    const Planner planner(*metric, state);
    const Planner::Widened widened = planner.widen(query.range, definition.aggregate == Aggregate::Gauge);
    if (widened.cut) plan.kept_from = widened.range.from;
    plan.edges = metric->windows[widened.edge];
    if (widened.range.from >= query.range.to) {  // nothing of it is kept
        plan.now.steps = Steps(query.range);
        return plan;
    }
    Result<Steps> steps = steps_of(query, *metric, widened.range);
    if (!steps) return steps.error();
    plan.now.steps = *std::move(steps);
    if (Status read = read_from(planner, *metric, plan.now); !read.ok()) return read.error();
    if (!query.compare) return plan;
    plan.before = Reading{plan.now.steps.before(), {}};
    if (Status read = read_before(planner, *metric, plan); !read.ok()) return read.error();
    return plan;
}

std::string source_text(const Plan& plan) {
    const MetricDefinition& metric = plan.metric->definition;
    std::set<std::uint8_t> tiers;
    for (const Piece& piece : plan.now.pieces) tiers.insert(piece.tier);
    std::string out = is_set(metric.aggregate) ? "sets" : "cells";
    std::string_view before = " ";
    for (const std::uint8_t tier : tiers) {
        const std::int64_t width = metric.tiers[tier].window_micros;
        out.append(before).append(width == 0 ? "for ever" : format_span(width));
        before = " + ";
    }
    return out;
}

}  // namespace streamgauge::query
