// SPDX-License-Identifier: GPL-3.0-or-later
// One metric at work: which windows an event goes into, and what came since the store was last given something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/cell_table.h"
#include "metrics/definition.h"
#include "metrics/metric_counters.h"
#include "metrics/set_table.h"
#include "metrics/window.h"

namespace streamgauge {

// A function of the definition and of the events added, in log order. Events that are in time for the finest tier are
// kept there only, and folded into the wider tiers when the store is given them; late ones go into each tier on their
// own, because a wider window may still be open, or still be kept. Movable. Not thread-safe.
class MetricAggregation {
public:
    // InvalidArgument for a zone that the machine does not know, or tiers that do not nest. `load` reads states of sets
    // that are not in memory; it is not called for cells.
    static Result<MetricAggregation> make(MetricDefinition definition, SetTable::Load load);

    const MetricDefinition& definition() const { return definition_; }
    const std::vector<Windows>& windows() const { return windows_; }  // by tier
    // Since the log began: to be set from the store at the start.
    MetricCounters& counters() { return counters_; }
    const MetricCounters& counters() const { return counters_; }
    // The start of the oldest window that the tier keeps.
    std::int64_t oldest_kept(std::size_t tier, Timestamp log_clock) const;

    // ---- events (called by Aggregation) ----------------------------------------------------------------------------
    // Where an event of the time `at` belongs, as the clocks stand with it. Valid until the next call.
    struct Place {
        std::int64_t window = kNoWindow;  // of the finest tier
        bool kept = true;                 // by any tier
        bool in_time = true;              // for the finest tier, which keeps it
        bool late = false;                // the window of the finest tier is closed
    };
    Place place(std::int64_t at, std::int64_t log_clock, std::int64_t watermark) {
        TierState& finest = tiers_[0];
        Place place;
        place.window = finest.window.start_of(at);
        const std::int64_t retention = definition_.tiers[0].retention_micros;
        finest.kept = retention == 0 || place.window >= finest.oldest.start_of(log_clock - retention);
        finest.late = watermark - definition_.allowed_lateness_micros >= finest.window.end_of_last();
        if (finest.kept && !finest.late) return place;
        return place_in_wider(place, at, log_clock, watermark);
    }
    // Precondition: place() was called for the event, and it is kept. `group_hash`: text_hash() of it. Not for sets.
    void add(const Place& place, std::string_view group, std::uint64_t group_hash, const Cell& cell) {
        if (place.in_time) return coming().add(place.window, group, group_hash, cell);
        add_out_of_time(place, group, group_hash, cell);
    }
    // The table of the finest tier is so large that it is worth fetching from before add(), in three steps. The window
    // is that of an event of the time `at`.
    bool far() const { return (watched_ ? fresh_ : in_time_).far(); }
    std::int64_t prefetch(std::int64_t at, std::uint64_t group_hash) {
        const std::int64_t window = tiers_[0].window.start_of(at);
        coming().prefetch(window, group_hash);
        return window;
    }
    void prefetch_row(std::int64_t window, std::uint64_t group_hash) const {
        (watched_ ? fresh_ : in_time_).prefetch_row(window, group_hash);
    }
    void prefetch_group(std::int64_t window, std::uint64_t group_hash) const {
        (watched_ ? fresh_ : in_time_).prefetch_group(window, group_hash);
    }
    SetTable* sets() { return sets_ ? &*sets_ : nullptr; }  // nullptr for cells
    const SetTable* sets() const { return sets_ ? &*sets_ : nullptr; }

    // ---- watching ---------------------------------------------------------------------------------------------------
    // Keeps what comes apart until take_fresh(), for live views.
    void watch() { watched_ = true; }
    // Calls visit(window, group, cell) for what the finest tier gained since the last call. With watch(), this must
    // come before each take_cells().
    template <class Visit>
    void take_fresh(Visit visit) {
        take_fresh_from(fresh_, in_time_, visit);
        take_fresh_from(fresh_late_, late_[0], visit);
    }

    // ---- committing -------------------------------------------------------------------------------------------------
    // What came since the last call, for each tier that gained something, for merge_cell() with what the store has.
    // Windows that are not kept any more at `log_clock` may be missing (but those of a Gauge).
    // The tables know which of their windows are closed at the watermark.
    std::vector<CellTable> take_cells(Timestamp log_clock, std::optional<Timestamp> watermark);
    // What the finest tier gained since the last take_cells().
    std::optional<Cell> pending(std::int64_t window, std::string_view group) const;
    bool has_cells() const;
    std::size_t rows() const;          // of cells that were not taken
    std::size_t memory_bytes() const;  // of those; sets not included

private:
    MetricAggregation(MetricDefinition definition, std::vector<Windows> windows);
    CellTable table(std::size_t tier) const;
    CellTable& coming() { return watched_ ? fresh_ : in_time_; }
    Place place_in_wider(Place place, std::int64_t at, std::int64_t log_clock, std::int64_t watermark);
    void add_out_of_time(const Place& place, std::string_view group, std::uint64_t group_hash, const Cell& cell);
    template <class Visit>
    void take_fresh_from(CellTable& fresh, CellTable& pending, Visit& visit) {
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            const CellTable::Row row = fresh[i];
            visit(row.window, row.group, row.cell);
        }
        if (fresh.empty()) return;
        pending.add_all(fresh, windows_[0], kNoWindow);
        fresh.clear();
    }

    struct TierState {
        WindowCursor window;             // of events
        WindowCursor oldest;             // of the log's clock less the retention
        bool late = false, kept = true;  // of the last place()
    };

    MetricDefinition definition_;
    std::vector<Windows> windows_;
    std::vector<TierState> tiers_;
    CellTable in_time_;            // the finest tier
    std::vector<CellTable> late_;  // by tier
    bool watched_ = false;
    CellTable fresh_, fresh_late_;  // the finest tier's since take_fresh()
    std::optional<SetTable> sets_;
    MetricCounters counters_;
};

}  // namespace streamgauge
