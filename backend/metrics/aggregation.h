// SPDX-License-Identifier: GPL-3.0-or-later
// Runs metric definitions over events in log order: events in, changes of results out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "metrics/activity_time.h"
#include "metrics/event_program.h"
#include "metrics/metric_aggregation.h"
#include "metrics/partition_state.h"
#include "metrics/props_reader.h"

namespace streamgauge {

// Deterministic and, metric by metric, independent of the other metrics: what a metric holds after an offset is a
// function of its definition and the log before that offset, however that is cut into batches. Events of
// kSystemProject move the clocks and are in no metric. Movable. Not thread-safe.
class Aggregation {
public:
    // Precondition: no two have the same id.
    explicit Aggregation(std::vector<MetricAggregation> metrics);
    // InvalidArgument where MetricAggregation::make() says so.
    static Result<Aggregation> make(std::vector<MetricDefinition> definitions, const SetTable::Load& load);

    // Adds the events of `batch` from index `begin` on. state.next goes up by one for each event that is in, and
    // aggregated + too_late + system with it; an event is too late when every built-in metric that it matches refuses
    // it. Stops with the error of SetTable::prepare() (Unavailable: commit first): go on from state.next.
    Status apply(const EventBatch& batch, std::size_t begin, PartitionState& state);

    // Between two apply(): a metric with all that it holds at the same offset, in place of one of its id if there is
    // any; and one that is no longer wanted.
    void adopt(MetricAggregation metric);
    void drop(MetricId id);

    // By id. May be changed one by one, not in number or order.
    std::vector<MetricAggregation>& metrics() { return metrics_; }
    const std::vector<MetricAggregation>& metrics() const { return metrics_; }
    MetricAggregation* find(MetricId id);  // nullptr: none

private:
    // An event is read, and what it will look at in memory is fetched, some events before it is added: a table that is
    // larger than the caches answers one look-up after the other only slowly, and many at once as fast.
    static constexpr std::size_t kEventsAhead = 24;

    // A value on its way into a set: it is added when all sets of the event are at hand.
    struct SetStep {
        const EventProgram::Use* use = nullptr;
        std::string_view text;
        std::uint64_t hash = 0;
        std::int64_t micros = 0, at = 0;
        bool has_value = false, not_numeric = false, kept = false, late = false;
    };
    struct CellStep {
        const EventProgram::Use* use = nullptr;
        std::uint64_t group_hash = 0;
        std::int64_t at = 0, window = 0;
        bool far = false;  // its table is large: the window is known, and fetched from
    };
    struct Event {
        EventReading reading;
        Timestamp activity, log_clock, watermark;  // as the clocks stand with it
        std::vector<SetStep> sets;
        std::vector<CellStep> cells;
    };

    void read(const EventView& view, const EventReading::Project& project, Event& event);
    // What read() asked for tells where these look, one after the other.
    void fetch(const Event& event) const;
    void fetch_groups(const Event& event) const;
    Status add(Event& event, PartitionState& state);
    Status prepare_sets(Event& event);
    // The value of an aggregate; false where there is none.
    static bool cell_of(const CellStep& step, EventReading& reading, MetricAggregation& metric, Cell& cell);
    enum class Number : std::uint8_t { Missing, None, Read };
    static Number number_of(const EventProgram::Use& use, const EventReading& reading, std::int64_t& micros);

    std::vector<MetricAggregation> metrics_;
    EventPrograms programs_;
    PropsReader props_;
    std::vector<Event> events_;  // those that are read
};

}  // namespace streamgauge
