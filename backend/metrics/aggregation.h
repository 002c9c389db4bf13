// SPDX-License-Identifier: GPL-3.0-or-later
// Runs metric definitions over events in log order: events in, changes of results out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/event.h"
#include "metrics/activity_time.h"
#include "metrics/metric_aggregation.h"
#include "metrics/partition_state.h"
#include "metrics/props_reader.h"
#include "metrics/string_map.h"

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
    // Where the values of a filter, a group or an aggregate are among those that a program reads.
    using Slots = std::vector<std::uint16_t>;
    // What one metric does with events of a type.
    struct Use {
        std::uint32_t metric = 0;
        bool filtered = false;  // `where` has to be asked
        // Gauge: what its filters say; asked where they are not decided by the type.
        bool plus = false, minus = false, ask_plus = false, ask_minus = false;
        Slots where, plus_values, minus_values, group, of;
    };
    // What is done with events of a type. Types for which the filters say the same share one.
    struct Program {
        std::vector<Use> sets, cells;
        std::vector<FieldPath> fields;   // canonical; their values come first
        std::vector<std::string> props;  // then those of these members
    };
    // A value on its way into a set: it is added when all sets of the event are at hand.
    struct SetValue {
        const Use* use = nullptr;
        std::string group;
        std::string_view text;
        std::int64_t micros = 0, at = 0;
        bool has_value = false, not_numeric = false, kept = false, late = false;
    };

    const Program& program_for(std::string_view event_type);
    std::unique_ptr<Program> make_program(std::string_view event_type) const;
    void read_values(const Program& program, const EventView& event, std::string_view project);
    bool matches(const Filter& filter, const Slots& slots);
    bool matches(const Use& use, const MetricAggregation& metric);
    std::string_view group_of(const Use& use);
    // The value of an aggregate; false where there is none.
    bool cell_of(const Use& use, MetricAggregation& metric, std::int64_t at, Cell& cell);
    enum class Number : std::uint8_t { Missing, None, Read };
    Number number_of(const Use& use, std::int64_t& micros) const;
    std::string_view text_of(const Use& use) const;
    Status prepare_sets(const Program& program, const EventView& event, Timestamp log_clock, Timestamp watermark);
    void forget_programs();

    std::vector<MetricAggregation> metrics_;
    StringMap<const Program*> types_;
    std::unordered_map<std::string, std::unique_ptr<Program>> programs_;  // by what the filters say
    std::string last_type_;
    const Program* last_program_ = nullptr;

    // ---- of the event at hand -------------------------------------------------------------------------------------
    PropsReader props_reader_;
    std::vector<std::string_view> values_, props_, arguments_;
    std::array<std::string, 3> texts_;  // of fields that are no text in an event
    std::string group_;                 // begins with the batch's project
    std::size_t project_bytes_ = 0;
    std::vector<SetValue> set_values_;
    std::size_t set_count_ = 0;
};

}  // namespace streamgauge
