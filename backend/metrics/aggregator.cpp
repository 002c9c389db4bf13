// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/aggregator.h"

#include <algorithm>

#include "metrics/decimal.h"

namespace streamgauge {
namespace {

// Event types whose programs are remembered. Producers may send types without end; then the memory starts anew.
constexpr std::size_t kRememberedTypes = 10'000;

void note_props(const std::vector<FieldPath>& paths, std::vector<std::string>& props) {
    for (const FieldPath& path : paths)
        if (path.field == Field::Prop && std::find(props.begin(), props.end(), path.prop) == props.end())
            props.push_back(path.prop);
}

}  // namespace

Aggregator::Aggregator(std::vector<OldMetricDefinition> definitions) : definitions_(std::move(definitions)) {}

const Aggregator::Program& Aggregator::program_for(std::string_view event_type) {
    if (programs_.size() >= kRememberedTypes && programs_.find(event_type) == nullptr) programs_.clear();
    Program& program = *programs_.find_or_insert(event_type).first;
    if (program.made) return program;
    for (std::uint32_t i = 0; i < definitions_.size(); ++i) {
        const OldMetricDefinition& definition = definitions_[i];
        const auto& types = definition.event_types;
        if (!types.empty() && std::find(types.begin(), types.end(), event_type) == types.end()) continue;
        program.metrics.push_back(i);
        note_props(definition.required, program.props);
        note_props(definition.group_by, program.props);
        note_props(definition.sum_of, program.props);
    }
    program.made = true;
    return program;
}

std::string_view Aggregator::value_of(const FieldPath& path, const EventView& event, const Program& program) const {
    if (path.field != Field::Prop) return canonical_text(path.field, event);
    const auto name = std::find(program.props.begin(), program.props.end(), path.prop);
    return props_[static_cast<std::size_t>(name - program.props.begin())];
}

bool Aggregator::group_for(const OldMetricDefinition& definition, const EventView& event, const Program& program,
                           std::string_view& group) {
    for (const FieldPath& path : definition.required)
        if (value_of(path, event, program).empty()) return false;
    group = {};
    const auto& fields = definition.group_by;
    if (fields.size() == 1) {
        group = value_of(fields.front(), event, program);
        return !group.empty();
    }
    scratch_.clear();
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string_view value = value_of(fields[i], event, program);
        if (value.empty()) return false;
        if (i > 0) scratch_ += kGroupSeparator;
        scratch_.append(value);
    }
    group = scratch_;
    return true;
}

std::int64_t Aggregator::delta_for(const OldMetricDefinition& definition, const EventView& event,
                                   const Program& program) const {
    switch (definition.aggregate) {
        case OldAggregate::Count:
            return 1;
        case OldAggregate::Net:
            return event.event_type == definition.plus ? 1 : event.event_type == definition.minus ? -1 : 0;
        case OldAggregate::Sum:
            for (const FieldPath& path : definition.sum_of)
                if (const auto micros = parse_decimal_micros(value_of(path, event, program))) return *micros;
            return 0;
    }
    return 0;
}

void Aggregator::apply(const EventBatch& batch, std::size_t begin, PartitionState& state,
                       std::vector<DeltaTable>& tables) {
    for (std::size_t i = begin; i < batch.size(); ++i) {
        const EventView event = batch[i];
        const Timestamp activity = activity_time(event);
        state.log_clock = std::max(state.log_clock, event.received_at);
        state.watermark = state.watermark ? std::max(*state.watermark, activity) : activity;
        ++state.next;

        const Program& program = program_for(event.event_type);
        if (!program.props.empty()) props_reader_.read(event.props, program.props, props_);
        bool taken = false, refused = false;
        for (const std::uint32_t index : program.metrics) {
            const OldMetricDefinition& definition = definitions_[index];
            std::string_view group;
            if (!group_for(definition, event, program, group)) continue;
            std::int64_t window = kNoWindow;
            if (definition.window_micros > 0) {
                const Timestamp at = definition.time == TimeBasis::Activity ? activity : event.occurred_at;
                window = floor_to(at, definition.window_micros).micros;
                if (definition.retention_micros > 0 &&
                    window + definition.window_micros <= state.log_clock.micros - definition.retention_micros) {
                    refused = true;
                    continue;
                }
            }
            tables[index].add(window, group, delta_for(definition, event, program));
            taken = true;
        }
        ++(refused && !taken ? state.too_late : state.aggregated);
    }
}

}  // namespace streamgauge
