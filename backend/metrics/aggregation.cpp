// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/aggregation.h"

#include <algorithm>
#include <utility>

#include "journal/journal.h"
#include "metrics/decimal.h"

namespace streamgauge {
namespace {

// Event types and programs that are remembered. Producers may send types without end; then the memory starts anew.
constexpr std::size_t kRememberedTypes = 10'000;
constexpr std::size_t kRememberedPrograms = 1'000;

char mark(const std::optional<bool>& decided) {
    return !decided ? '?' : *decided ? '+' : '-';
}

}  // namespace

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
    forget_programs();
}

MetricAggregation* Aggregation::find(MetricId id) {
    for (MetricAggregation& metric : metrics_)
        if (metric.definition().id == id) return &metric;
    return nullptr;
}

// ---- programs -------------------------------------------------------------------------------------------------------
void Aggregation::forget_programs() {
    types_.clear();
    programs_.clear();
    last_program_ = nullptr;
}

const Aggregation::Program& Aggregation::program_for(std::string_view event_type) {
    if (last_program_ != nullptr && event_type == last_type_) return *last_program_;
    const Program* const* known = types_.find(event_type);
    if (known == nullptr) {
        if (types_.size() >= kRememberedTypes || programs_.size() >= kRememberedPrograms) forget_programs();
        std::string said;
        for (const MetricAggregation& metric : metrics_) {
            const MetricDefinition& definition = metric.definition();
            said += mark(definition.where.decided_by_type(event_type));
            if (definition.aggregate != Aggregate::Gauge) continue;
            said += mark(definition.plus.decided_by_type(event_type));
            said += mark(definition.minus.decided_by_type(event_type));
        }
        std::unique_ptr<Program>& program = programs_[said];
        if (program == nullptr) program = make_program(event_type);
        const Program** const entry = types_.find_or_insert(event_type).first;
        *entry = program.get();
        known = entry;
    }
    last_type_.assign(event_type);
    last_program_ = *known;
    return *last_program_;
}

std::unique_ptr<Aggregation::Program> Aggregation::make_program(std::string_view event_type) const {
    auto program = std::make_unique<Program>();
    constexpr std::uint16_t kPropSlot = 0x8000;  // until it is known how many canonical fields come before
    const auto slot = [&program](const FieldPath& path) {
        const auto place_in = [](auto& list, const auto& item) {
            const auto found = std::find(list.begin(), list.end(), item);
            const auto place = static_cast<std::uint16_t>(found - list.begin());
            if (found == list.end()) list.push_back(item);
            return place;
        };
        if (path.field != Field::Prop) return place_in(program->fields, path);
        return static_cast<std::uint16_t>(kPropSlot | place_in(program->props, path.prop));
    };
    const auto slots = [&slot](const std::vector<FieldPath>& paths) {
        Slots out;
        for (const FieldPath& path : paths) out.push_back(slot(path));
        return out;
    };
    for (std::uint32_t i = 0; i < metrics_.size(); ++i) {
        const MetricDefinition& definition = metrics_[i].definition();
        const std::optional<bool> taken = definition.where.decided_by_type(event_type);
        if (taken == false) continue;
        Use use;
        use.metric = i;
        use.filtered = !taken;
        if (definition.aggregate == Aggregate::Gauge) {
            const std::optional<bool> plus = definition.plus.decided_by_type(event_type);
            const std::optional<bool> minus = definition.minus.decided_by_type(event_type);
            use.plus = plus.value_or(false);
            use.minus = minus.value_or(false);
            use.ask_plus = !plus;
            use.ask_minus = !minus;
            if (plus && minus && *plus == *minus) continue;
            if (use.ask_plus) use.plus_values = slots(definition.plus.fields());
            if (use.ask_minus) use.minus_values = slots(definition.minus.fields());
        }
        if (use.filtered) use.where = slots(definition.where.fields());
        use.group = slots(definition.group_by);
        use.of = slots(definition.of);
        (is_set(definition.aggregate) ? program->sets : program->cells).push_back(std::move(use));
    }
    for (std::vector<Use>* const uses : {&program->sets, &program->cells})
        for (Use& use : *uses)
            for (Slots* const list : {&use.where, &use.plus_values, &use.minus_values, &use.group, &use.of})
                for (std::uint16_t& place : *list)
                    if ((place & kPropSlot) != 0)
                        place =
                            static_cast<std::uint16_t>((place ^ kPropSlot) + static_cast<int>(program->fields.size()));
    return program;
}

// ---- one event ------------------------------------------------------------------------------------------------------
void Aggregation::read_values(const Program& program, const EventView& event, std::string_view project) {
    values_.clear();
    std::size_t text = 0;
    for (const FieldPath& path : program.fields) {
        if (path.field <= Field::EventId)
            values_.push_back(canonical_text(path.field, event));
        else if (path.field == Field::Project || path.field == Field::Bot)
            values_.push_back(field_text(path.field, event, project, texts_[0]));
        else
            values_.push_back(field_text(path.field, event, project, texts_[text++]));
    }
    if (program.props.empty()) return;
    props_reader_.read(event.props, program.props, props_, true);
    values_.insert(values_.end(), props_.begin(), props_.end());
}

bool Aggregation::matches(const Filter& filter, const Slots& slots) {
    arguments_.clear();
    for (const std::uint16_t slot : slots) arguments_.push_back(values_[slot]);
    return filter.matches(arguments_.data());
}

bool Aggregation::matches(const Use& use, const MetricAggregation& metric) {
    return !use.filtered || matches(metric.definition().where, use.where);
}

std::string_view Aggregation::group_of(const Use& use) {
    group_.resize(project_bytes_);
    for (const std::uint16_t slot : use.group) {
        group_ += kGroupSeparator;
        group_.append(values_[slot]);
    }
    return group_;
}

std::string_view Aggregation::text_of(const Use& use) const {
    for (const std::uint16_t slot : use.of)
        if (!values_[slot].empty()) return values_[slot];
    return {};
}

Aggregation::Number Aggregation::number_of(const Use& use, std::int64_t& micros) const {
    Number found = Number::Missing;
    for (const std::uint16_t slot : use.of) {
        if (values_[slot].empty()) continue;
        found = Number::None;
        const std::optional<std::int64_t> number = parse_decimal_micros(values_[slot]);
        if (!number) continue;
        micros = *number;
        return Number::Read;
    }
    return found;
}

bool Aggregation::cell_of(const Use& use, MetricAggregation& metric, std::int64_t at, Cell& cell) {
    cell = {1, 1, 0, {}};
    switch (metric.definition().aggregate) {
        case Aggregate::Count:
            return true;
        case Aggregate::Gauge: {
            const bool plus = use.ask_plus ? matches(metric.definition().plus, use.plus_values) : use.plus;
            const bool minus = use.ask_minus ? matches(metric.definition().minus, use.minus_values) : use.minus;
            cell.value = static_cast<int>(plus) - static_cast<int>(minus);
            return cell.value != 0;
        }
        case Aggregate::Last:
            cell.value = at;
            cell.text = text_of(use);
            return !cell.text.empty();
        default:
            break;
    }
    const Number number = number_of(use, cell.value);
    if (number == Number::None) ++metric.counters().not_numeric;
    return number == Number::Read;
}

Status Aggregation::prepare_sets(const Program& program, const EventView& event, Timestamp log_clock,
                                 Timestamp watermark) {
    set_count_ = 0;
    for (const Use& use : program.sets) {
        MetricAggregation& metric = metrics_[use.metric];
        if (!matches(use, metric)) continue;
        if (set_count_ == set_values_.size()) set_values_.emplace_back();
        SetValue& value = set_values_[set_count_++];
        const MetricDefinition& definition = metric.definition();
        value.use = &use;
        value.at = definition.time == TimeBasis::Activity ? activity_time(event).micros : event.occurred_at.micros;
        if (definition.aggregate == Aggregate::Percentile) {
            const Number number = number_of(use, value.micros);
            value.has_value = number == Number::Read;
            value.not_numeric = number == Number::None;
        } else {
            value.text = text_of(use);
            value.has_value = !value.text.empty();
            value.not_numeric = false;
        }
        const MetricAggregation::Place place = metric.place(value.at, log_clock.micros, watermark.micros);
        value.kept = place.kept;
        value.late = place.late;
        if (!value.has_value || !value.kept) continue;
        value.group.assign(group_of(use));
        metric.sets()->advance(watermark.micros);
        if (Status ready = metric.sets()->prepare(value.at, value.group, log_clock.micros); !ready) return ready;
    }
    return {};
}

Status Aggregation::apply(const EventBatch& batch, std::size_t begin, PartitionState& state) {
    group_.assign(batch.project());
    project_bytes_ = group_.size();
    const bool system = batch.project() == kSystemProject;
    for (std::size_t i = begin; i < batch.size(); ++i) {
        const EventView event = batch[i];
        const Timestamp activity = activity_time(event);
        const Timestamp log_clock = std::max(state.log_clock, event.received_at);
        const Timestamp watermark = state.watermark ? std::max(*state.watermark, activity) : activity;
        if (system) {
            state.log_clock = log_clock;
            state.watermark = watermark;
            ++state.system;
            ++state.next;
            continue;
        }
        const Program& program = program_for(event.event_type);
        read_values(program, event, batch.project());
        if (Status ready = prepare_sets(program, event, log_clock, watermark); !ready) return ready;

        // Nothing fails from here on: the event is in.
        state.log_clock = log_clock;
        state.watermark = watermark;
        ++state.next;
        bool taken = false, refused = false;
        const auto note = [&](MetricAggregation& metric, bool kept) {
            if (!kept) ++metric.counters().too_late;
            if (metric.definition().built_in()) (kept ? taken : refused) = true;
        };
        for (std::size_t s = 0; s < set_count_; ++s) {
            SetValue& value = set_values_[s];
            MetricAggregation& metric = metrics_[value.use->metric];
            if (value.not_numeric) ++metric.counters().not_numeric;
            if (value.has_value && value.kept) {
                metric.sets()->add(value.at, value.group, value.text, value.micros, log_clock.micros);
                if (value.late) ++metric.counters().late;
            }
            note(metric, value.kept);
        }
        for (const Use& use : program.cells) {
            MetricAggregation& metric = metrics_[use.metric];
            if (!matches(use, metric)) continue;
            const bool by_activity = metric.definition().time == TimeBasis::Activity;
            const std::int64_t at = by_activity ? activity.micros : event.occurred_at.micros;
            Cell cell;
            const bool has_value = cell_of(use, metric, at, cell);
            if (!has_value && metric.definition().aggregate == Aggregate::Gauge) continue;
            const MetricAggregation::Place place = metric.place(at, log_clock.micros, watermark.micros);
            if (has_value && place.kept) metric.add(place, group_of(use), cell);
            note(metric, place.kept);
        }
        if (watermark.micros - activity.micros > kLateAfterMicros) ++state.late;
        if (event.occurred_at > event.received_at) ++state.future;
        ++(refused && !taken ? state.too_late : state.aggregated);
    }
    if (state.watermark)
        for (MetricAggregation& metric : metrics_)
            if (metric.sets() != nullptr) metric.sets()->advance(state.watermark->micros);
    return {};
}

}  // namespace streamgauge
