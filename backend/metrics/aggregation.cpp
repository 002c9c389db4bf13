// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/aggregation.h"

#include <algorithm>
#include <utility>

#include "journal/journal.h"
#include "metrics/decimal.h"

namespace streamgauge {
Aggregation::Aggregation(std::vector<MetricAggregation> metrics) : metrics_(std::move(metrics)) {
    std::sort(metrics_.begin(), metrics_.end(), [](const MetricAggregation& a, const MetricAggregation& b) {
        return a.definition().id < b.definition().id;
    });
}

Result<Aggregation> Aggregation::make(std::vector<MetricDefinition> definitions, const SetTable::Load& load) {
    std::vector<MetricAggregation> metrics;
    for (MetricDefinition& definition : definitions) {
        Result<MetricAggregation> metric = MetricAggregation::make(std::move(definition), load);
        if (!metric) return metric.error();
        metrics.push_back(std::move(metric).value());
    }
    return Aggregation(std::move(metrics));
}

void Aggregation::adopt(MetricAggregation metric) {
    const MetricId id = metric.definition().id;
    drop(id);
    const auto before = std::find_if(metrics_.begin(), metrics_.end(),
                                     [id](const MetricAggregation& other) { return other.definition().id > id; });
    metrics_.insert(before, std::move(metric));
}

void Aggregation::drop(MetricId id) {
    std::erase_if(metrics_, [id](const MetricAggregation& metric) { return metric.definition().id == id; });
    programs_.forget();
}

MetricAggregation* Aggregation::find(MetricId id) {
    for (MetricAggregation& metric : metrics_)
        if (metric.definition().id == id) return &metric;
    return nullptr;
}

// ---- one event ------------------------------------------------------------------------------------------------------
Aggregation::Number Aggregation::number_of(const EventProgram::Use& use, const EventReading& reading,
                                           std::int64_t& micros) {
    Number found = Number::Missing;
    for (const std::uint16_t slot : reading.program().values[use.of]) {
        const std::string_view text = reading.text(slot);
        if (text.empty()) continue;
        found = Number::None;
        const std::optional<std::int64_t> number = parse_decimal_micros(text);
        if (!number) continue;
        micros = *number;
        return Number::Read;
    }
    return found;
}

bool Aggregation::cell_of(const CellStep& step, EventReading& reading, MetricAggregation& metric, Cell& cell) {
    const EventProgram::Use& use = *step.use;
    cell = {1, 1, 0, {}};
    switch (metric.definition().aggregate) {
        case Aggregate::Count:
            return true;
        case Aggregate::Gauge: {
            const bool plus = use.ask_plus != EventProgram::kNone ? reading.says(use.ask_plus) : use.plus;
            const bool minus = use.ask_minus != EventProgram::kNone ? reading.says(use.ask_minus) : use.minus;
            cell.value = static_cast<int>(plus) - static_cast<int>(minus);
            return cell.value != 0;
        }
        case Aggregate::Last:
            cell.value = step.at;
            cell.text = reading.value(use.of).text;
            return !cell.text.empty();
        default:
            break;
    }
    const Number number = number_of(use, reading, cell.value);
    if (number == Number::None) ++metric.counters().not_numeric;
    return number == Number::Read;
}

void Aggregation::read(const EventView& view, const EventReading::Project& project, Event& event) {
    const EventProgram& program = programs_.of_type(view.event_type, metrics_);
    EventReading& reading = event.reading;
    reading.read(program, view, project, props_);
    const auto time_of = [&](const MetricAggregation& metric) {
        return metric.definition().time == TimeBasis::Activity ? event.activity.micros : view.occurred_at.micros;
    };
    event.sets.clear();
    for (const EventProgram::Use& use : program.sets) {
        if (!reading.says(use.where)) continue;
        const MetricAggregation& metric = metrics_[use.metric];
        SetStep step;
        step.use = &use;
        step.at = time_of(metric);
        if (metric.definition().aggregate == Aggregate::Percentile) {
            const Number number = number_of(use, reading, step.micros);
            step.has_value = number == Number::Read;
            step.not_numeric = number == Number::None;
        } else {
            const EventReading::Value value = reading.value(use.of);
            step.text = value.text;
            step.hash = value.hash;
            step.has_value = !value.text.empty();
            if (step.has_value) metric.sets()->prefetch(step.at, step.hash);
        }
        event.sets.push_back(step);
    }
    event.cells.clear();
    for (const EventProgram::Use& use : program.cells) {
        if (!reading.says(use.where)) continue;
        MetricAggregation& metric = metrics_[use.metric];
        CellStep step;
        step.use = &use;
        step.at = time_of(metric);
        step.group_hash = reading.group(use.group).hash;
        step.far = metric.far();
        if (step.far) step.window = metric.prefetch(step.at, step.group_hash);
        event.cells.push_back(step);
    }
}

void Aggregation::fetch(const Event& event) const {
    for (const SetStep& step : event.sets)
        if (step.hash != 0) metrics_[step.use->metric].sets()->prefetch_wider(step.at, step.hash);
    for (const CellStep& step : event.cells)
        if (step.far) metrics_[step.use->metric].prefetch_row(step.window, step.group_hash);
}

void Aggregation::fetch_groups(const Event& event) const {
    for (const CellStep& step : event.cells)
        if (step.far) metrics_[step.use->metric].prefetch_group(step.window, step.group_hash);
}

Status Aggregation::prepare_sets(Event& event) {
    for (SetStep& step : event.sets) {
        MetricAggregation& metric = metrics_[step.use->metric];
        const MetricAggregation::Place place = metric.place(step.at, event.log_clock.micros, event.watermark.micros);
        step.kept = place.kept;
        step.late = place.late;
        if (!step.has_value || !step.kept) continue;
        metric.sets()->advance(event.watermark.micros);
        const std::string_view group = event.reading.group(step.use->group).text;
        if (Status ready = metric.sets()->prepare(step.at, group, event.log_clock.micros); !ready) return ready;
    }
    return {};
}

Status Aggregation::add(Event& event, PartitionState& state) {
    if (Status ready = prepare_sets(event); !ready) return ready;

    // Nothing fails from here on: the event is in.
    state.log_clock = event.log_clock;
    state.watermark = event.watermark;
    ++state.next;
    bool taken = false, refused = false;
    const auto note = [&](MetricAggregation& metric, bool kept) {
        if (!kept) ++metric.counters().too_late;
        if (metric.definition().built_in()) (kept ? taken : refused) = true;
    };
    for (const SetStep& step : event.sets) {
        MetricAggregation& metric = metrics_[step.use->metric];
        if (step.not_numeric) ++metric.counters().not_numeric;
        if (step.has_value && step.kept) {
            const std::string_view group = event.reading.group(step.use->group).text;
            metric.sets()->add(step.at, group, step.text, step.hash, step.micros, event.log_clock.micros);
            if (step.late) ++metric.counters().late;
        }
        note(metric, step.kept);
    }
    for (const CellStep& step : event.cells) {
        MetricAggregation& metric = metrics_[step.use->metric];
        Cell cell;
        const bool has_value = cell_of(step, event.reading, metric, cell);
        if (!has_value && metric.definition().aggregate == Aggregate::Gauge) continue;
        const MetricAggregation::Place place = metric.place(step.at, event.log_clock.micros, event.watermark.micros);
        if (has_value && place.kept)
            metric.add(place, event.reading.group(step.use->group).text, step.group_hash, cell);
        note(metric, place.kept);
    }
    const EventView& view = event.reading.event();
    if (event.watermark.micros - event.activity.micros > kLateAfterMicros) ++state.late;
    if (view.occurred_at > view.received_at) ++state.future;
    ++(refused && !taken ? state.too_late : state.aggregated);
    return {};
}

Status Aggregation::apply(const EventBatch& batch, std::size_t begin, PartitionState& state) {
    const bool system = batch.project() == kSystemProject;
    const EventReading::Project project{batch.project(), text_hash(batch.project())};
    if (events_.empty()) events_.resize(kEventsAhead);
    Timestamp log_clock = state.log_clock;
    std::optional<Timestamp> watermark = state.watermark;
    for (std::size_t i = begin; i < batch.size();) {
        const std::size_t count = std::min(batch.size() - i, kEventsAhead);
        if (programs_.overfull()) programs_.forget();
        for (std::size_t n = 0; n < count; ++n) {
            const EventView view = batch[i + n];
            Event& event = events_[n];
            event.activity = activity_time(view);
            event.log_clock = log_clock = std::max(log_clock, view.received_at);
            watermark = watermark ? std::max(*watermark, event.activity) : event.activity;
            event.watermark = *watermark;
            if (!system) read(view, project, event);
        }
        i += count;
        if (system) {
            state.log_clock = log_clock;
            state.watermark = watermark;
            state.system += count;
            state.next += count;
            continue;
        }
        for (std::size_t n = 0; n < count; ++n) fetch(events_[n]);
        for (std::size_t n = 0; n < count; ++n) fetch_groups(events_[n]);
        for (std::size_t n = 0; n < count; ++n)
            if (Status added = add(events_[n], state); !added) return added;
    }
    if (state.watermark)
        for (MetricAggregation& metric : metrics_)
            if (metric.sets() != nullptr) metric.sets()->advance(state.watermark->micros);
    return {};
}

}  // namespace streamgauge
