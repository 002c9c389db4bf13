// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/metric_aggregation.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace streamgauge {
namespace {

constexpr std::size_t kRowsAtOnce = 200'000;

Error no_tiers(const std::string& name, const char* why) {
    Error error = Error::make(ErrorCode::InvalidArgument, "the tiers of " + name + ' ' + why);
    error.field = "tiers";
    return error;
}

}  // namespace

Result<MetricAggregation> MetricAggregation::make(MetricDefinition definition, SetTable::Load load) {
    const std::vector<Tier>& tiers = definition.tiers;
    if (tiers.empty() || tiers.size() > 255) return no_tiers(definition.name, "are none, or too many");
    std::vector<Windows> windows;
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        Result<Windows> made = Windows::make(tiers[i].window_micros, definition.timezone);
        if (!made) return made.error();
        if (i > 0 && (tiers[i - 1].window_micros <= 0 || tiers[i].window_micros % tiers[i - 1].window_micros != 0 ||
                      tiers[i].window_micros == tiers[i - 1].window_micros))
            return no_tiers(definition.name, "do not nest");
        windows.push_back(*made);
    }
    MetricAggregation metric(std::move(definition), windows);
    if (is_set(metric.definition_.aggregate))
        metric.sets_.emplace(metric.definition_, std::move(windows), std::move(load));
    return metric;
}

MetricAggregation::MetricAggregation(MetricDefinition definition, std::vector<Windows> windows)
    : definition_(std::move(definition)),
      windows_(std::move(windows)),
      in_time_(table(0)),
      fresh_(table(0)),
      fresh_late_(table(0)) {
    for (std::size_t tier = 0; tier < windows_.size(); ++tier) {
        tiers_.push_back({WindowCursor(windows_[tier]), WindowCursor(windows_[tier])});
        late_.push_back(table(tier));
    }
}

CellTable MetricAggregation::table(std::size_t tier) const {
    return CellTable(definition_.id, static_cast<std::uint8_t>(tier), definition_.aggregate);
}

std::int64_t MetricAggregation::oldest_kept(std::size_t tier, Timestamp log_clock) const {
    return windows_[tier].oldest_kept(definition_.tiers[tier].retention_micros, log_clock.micros);
}

MetricAggregation::Place MetricAggregation::place_in_wider(Place place, std::int64_t at, std::int64_t log_clock,
                                                           std::int64_t watermark) {
    const std::int64_t closed_before = watermark - definition_.allowed_lateness_micros;
    place.in_time = false;
    place.late = tiers_[0].late;
    place.kept = tiers_[0].kept;
    for (std::size_t i = 1; i < tiers_.size(); ++i) {
        TierState& tier = tiers_[i];
        const std::int64_t retention = definition_.tiers[i].retention_micros;
        const std::int64_t window = tier.window.start_of(at);
        tier.kept = retention == 0 || window >= tier.oldest.start_of(log_clock - retention);
        tier.late = closed_before >= tier.window.end_of_last();
        place.kept |= tier.kept;
    }
    return place;
}

void MetricAggregation::add_out_of_time(const Place& place, std::string_view group, std::uint64_t group_hash,
                                        const Cell& cell) {
    if (place.late) ++counters_.late;
    Cell own = cell;
    for (std::size_t i = 0; i < tiers_.size(); ++i) {
        TierState& tier = tiers_[i];
        if (!tier.kept) continue;
        own.late = tier.late ? 1 : 0;
        CellTable& into = i == 0 && watched_ ? fresh_late_ : late_[i];
        into.add(tier.window.start_of_last(), group, group_hash, own);
    }
}

std::vector<CellTable> MetricAggregation::take_cells(Timestamp log_clock, std::optional<Timestamp> watermark) {
    assert(fresh_.empty() && fresh_late_.empty());
    std::vector<CellTable> taken;
    taken.push_back(std::exchange(in_time_, table(0)));
    // The next commit's will be as many.
    if (const CellTable& last = taken.back(); last.size() <= kRowsAtOnce)
        in_time_.reserve(last.size(), last.text_bytes());
    for (std::size_t tier = 1; tier < windows_.size(); ++tier) {
        CellTable wider = table(tier);
        if (!taken.back().empty()) wider.add_all(taken.back(), windows_[tier], kNoWindow);
        taken.push_back(std::move(wider));
    }
    for (std::size_t tier = 0; tier < windows_.size(); ++tier) {
        CellTable& cells = taken[tier];
        // Those in time were before the late ones in the log.
        if (!late_[tier].empty()) cells.add_all(late_[tier], windows_[tier], kNoWindow);
        late_[tier].clear();
        // A walk through a long log leaves rows that nobody keeps any more.
        const std::int64_t oldest = oldest_kept(tier, log_clock);
        if (definition_.aggregate == Aggregate::Gauge || cells.empty() || cells[0].window >= oldest) continue;
        CellTable kept = table(tier);
        kept.add_all(cells, windows_[tier], oldest);
        cells = std::move(kept);
    }
    std::erase_if(taken, [](const CellTable& cells) { return cells.empty(); });
    if (watermark)
        for (CellTable& cells : taken)
            cells.set_closed_before(
                windows_[cells.tier()].start_of(watermark->micros - definition_.allowed_lateness_micros));
    return taken;
}

std::optional<Cell> MetricAggregation::pending(std::int64_t window, std::string_view group) const {
    std::optional<Cell> found;
    for (const CellTable* part : {&in_time_, &fresh_, &late_[0], &fresh_late_}) {
        const std::optional<Cell> cell = part->find(window, group);
        if (!cell) continue;
        if (found)
            merge_cell(definition_.aggregate, *found, *cell);
        else
            found = cell;
    }
    return found;
}

bool MetricAggregation::has_cells() const {
    return rows() > 0;
}

std::size_t MetricAggregation::rows() const {
    std::size_t rows = in_time_.size() + fresh_.size() + fresh_late_.size();
    for (const CellTable& late : late_) rows += late.size();
    return rows;
}

std::size_t MetricAggregation::memory_bytes() const {
    std::size_t bytes = in_time_.memory_bytes() + fresh_.memory_bytes() + fresh_late_.memory_bytes();
    for (const CellTable& late : late_) bytes += late.memory_bytes();
    return bytes;
}

}  // namespace streamgauge
