// SPDX-License-Identifier: GPL-3.0-or-later
// Runs metric definitions over events in log order: events in, rollup deltas out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "metrics/activity_time.h"
#include "metrics/delta_table.h"
#include "metrics/old_definition.h"
#include "metrics/partition_state.h"
#include "metrics/props_reader.h"
#include "metrics/string_map.h"

namespace streamgauge {

// Deterministic: state and deltas are a function of the events and their order alone, however they are cut into
// batches. Not thread-safe.
class Aggregator {
public:
    explicit Aggregator(std::vector<OldMetricDefinition> definitions);

    // Adds the events of `batch` from index `begin` on: the deltas of definitions()[i] to tables[i], counts and clocks
    // to `state`, whose `next` goes up by one for each event. Precondition: tables.size() == definitions().size().
    void apply(const EventBatch& batch, std::size_t begin, PartitionState& state, std::vector<DeltaTable>& tables);

    const std::vector<OldMetricDefinition>& definitions() const { return definitions_; }

private:
    // What is to be done for an event type.
    struct Program {
        std::vector<std::uint32_t> metrics;  // indices of definitions
        std::vector<std::string> props;      // members to read
        bool made = false;
    };
    const Program& program_for(std::string_view event_type);
    // The value of a field, empty when it is not there. props_ must have been read for Prop.
    std::string_view value_of(const FieldPath& path, const EventView& event, const Program& program) const;
    // False when a grouped or required field is missing. The group is a view into the event, props or scratch_.
    bool group_for(const OldMetricDefinition& definition, const EventView& event, const Program& program,
                   std::string_view& group);
    std::int64_t delta_for(const OldMetricDefinition& definition, const EventView& event, const Program& program) const;

    std::vector<OldMetricDefinition> definitions_;
    StringMap<Program> programs_;
    PropsReader props_reader_;
    std::vector<std::string_view> props_;
    std::string scratch_;
};

}  // namespace streamgauge
