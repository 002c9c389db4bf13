// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/trace_windows.h"

#include <algorithm>
#include <map>

#include "base/time_text.h"
#include "metrics/affected_windows.h"
#include "metrics/definition_text.h"
#include "store/result_store.h"

namespace streamgauge::api {
namespace {

constexpr std::size_t kTopShown = 3;

std::int64_t rounded_quotient(std::int64_t value, std::int64_t count) {
    const std::int64_t whole = value / count, rest = value % count;
    const std::int64_t away = value < 0 ? -1 : 1;
    return 2 * (rest < 0 ? -rest : rest) >= count ? whole + away : whole;
}

std::string text_of(Aggregate aggregate, const Cell& cell) {
    switch (aggregate) {
        case Aggregate::Count:
        case Aggregate::Gauge:
            return std::to_string(cell.value);
        case Aggregate::Last:
            return std::string(cell.text);
        case Aggregate::Avg:
            return cell.count == 0 ? std::string() : micros_text(rounded_quotient(cell.value, cell.count));
        default:
            return cell.count == 0 ? std::string() : micros_text(cell.value);
    }
}

void read_set(const MetricDefinition& metric, const SetState& state, TraceWindow& window) {
    window.exact = state.exact();
    if (metric.aggregate == Aggregate::Distinct) {
        window.value = std::to_string(state.distinct().count);
    } else if (metric.aggregate == Aggregate::TopK) {
        for (const TopItem& item : state.top(kTopShown).items)
            window.value += (window.value.empty() ? "" : ", ") + item.value + " (" + std::to_string(item.count) + ")";
    } else if (const auto quantile = state.quantile(metric.percentile / 100)) {
        window.value = micros_text(*quantile);
    }
}

Status read_value(const MetricDefinition& metric, std::uint8_t tier, std::int64_t start, std::string_view group,
                  StoreSnapshot& snapshot, TraceWindow& window) {
    if (!is_set(metric.aggregate)) {
        const auto cell = snapshot.cell(metric.id, tier, start, group);
        if (!cell.ok()) return cell.error();
        if (!*cell) return {};
        window.value = text_of(metric.aggregate, **cell);
        window.corrected = static_cast<std::uint64_t>((*cell)->late);
        return {};
    }
    auto set = snapshot.set(metric.id, {tier, start, group});
    if (!set.ok()) return set.error();
    if (!*set) {
        // Beyond the metric's bound.
        const std::string other =
            std::string(group.substr(0, group.find(kGroupSeparator))) + kGroupSeparator + std::string(kOtherGroup);
        set = snapshot.set(metric.id, {tier, start, other});
        if (!set.ok()) return set.error();
        if (!*set) return {};
        window.group.assign(1, {"", std::string(kOtherGroup)});
    }
    window.corrected = (*set)->late;
    const auto state = SetState::decode(metric.aggregate, (*set)->bytes);
    if (!state.ok()) return state.error();
    read_set(metric, *state, window);
    return {};
}

TraceAnswer came_late(std::int64_t closes, const WatermarkBounds& watermark) {
    if (watermark.at_least.micros >= closes) return TraceAnswer::Yes;
    return watermark.at_most.micros < closes ? TraceAnswer::No : TraceAnswer::Unknown;
}

struct Known {
    PartitionState state;
    std::map<MetricId, Offset> next;  // of each metric that the store knows
};

Result<Known> known_by(StoreSnapshot* snapshot) {
    Known known;
    if (snapshot == nullptr) return known;
    auto state = snapshot->state();
    if (!state.ok()) return state.error();
    known.state = *state;
    const auto metrics = snapshot->metrics();
    if (!metrics.ok()) return metrics.error();
    for (const StoredMetric& metric : *metrics)
        known.next[metric.id] = metric.backfill ? metric.backfill->next : state->next;
    return known;
}

}  // namespace

Status trace_windows(const std::vector<MetricDefinition>& metrics, const WindowQuestion& question, TraceEvent& trace) {
    const Result<Known> known = known_by(question.snapshot);
    if (!known.ok()) return known.error();
    const Timestamp log_clock = std::max(question.watermark.at_most, question.event.received_at);
    for (const MetricDefinition& metric : metrics) {
        const auto affected = affected_windows(metric, question.event, question.project, log_clock);
        if (!affected.ok()) return affected.error();
        if (!*affected) continue;
        const auto next = known->next.find(metric.id);
        const bool pending = question.snapshot == nullptr || next == known->next.end() || next->second <= question.id;
        for (const AffectedWindow& at : (*affected)->windows) {
            if (trace.windows.size() >= question.most) {
                ++trace.windows_left_out;
                continue;
            }
            const Tier& tier = metric.tiers[at.tier];
            const bool forever = at.start == kNoWindow;
            TraceWindow window;
            window.metric = metric.name;
            window.aggregate = aggregate_text(metric);
            window.unit = metric.unit;
            window.effect = (*affected)->effect;
            for (std::size_t i = 0; i < metric.group_by.size(); ++i)
                window.group.push_back({to_text(metric.group_by[i]), (*affected)->values[i]});
            if (!forever) {
                window.width = format_span(tier.window_micros);
                window.start = Timestamp{at.start};
                window.end = Timestamp{at.end};
                window.late = came_late(at.end + metric.allowed_lateness_micros, question.watermark);
            }
            if (at.refused) {
                window.state = TraceWindowState::Refused;
                trace.windows.push_back(std::move(window));
                continue;
            }
            if (pending) {
                window.state = TraceWindowState::Pending;
            } else if (!forever && tier.retention_micros != 0 &&
                       at.end + tier.retention_micros <= known->state.log_clock.micros) {
                window.state = TraceWindowState::Expired;
            } else if (!forever && known->state.watermark &&
                       known->state.watermark->micros >= at.end + metric.allowed_lateness_micros) {
                window.state = TraceWindowState::Closed;
            }
            if (question.snapshot != nullptr && window.state != TraceWindowState::Expired) {
                Status read = read_value(metric, at.tier, at.start, (*affected)->group, *question.snapshot, window);
                if (!read.ok()) return read;
            }
            trace.windows.push_back(std::move(window));
        }
    }
    return {};
}

}  // namespace streamgauge::api
