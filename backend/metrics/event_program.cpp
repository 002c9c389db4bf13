// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/event_program.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "metrics/inline_hash.h"
#include "metrics/short_text.h"

namespace streamgauge {
namespace {

// Event types and programs that are remembered.
constexpr std::size_t kRememberedTypes = 10'000;
constexpr std::size_t kRememberedPrograms = 1'000;

char mark(const std::optional<bool>& decided) {
    return !decided ? '?' : *decided ? '+' : '-';
}

template <class List, class Item>
std::uint16_t place_in(List& list, const Item& item) {
    const auto found = std::find(list.begin(), list.end(), item);
    const auto place = static_cast<std::uint16_t>(found - list.begin());
    if (found == list.end()) list.push_back(item);
    return place;
}

class ProgramMaker {
public:
    explicit ProgramMaker(std::string_view event_type) : event_type_(event_type) {}

    std::unique_ptr<EventProgram> make(const std::vector<MetricAggregation>& metrics) {
        // Canonical fields stand before members of props: first all that are looked at are collected.
        for (const bool place : {false, true}) {
            placing_ = place;
            program_->sets.clear();
            program_->cells.clear();
            program_->filters.clear();
            program_->groups.clear();
            program_->values.clear();
            for (std::uint32_t i = 0; i < metrics.size(); ++i) add(i, metrics[i].definition());
        }
        return std::move(program_);
    }

private:
    void add(std::uint32_t place, const MetricDefinition& definition) {
        const std::optional<bool> taken = definition.where.decided_by_type(event_type_);
        if (taken == false) return;
        EventProgram::Use use;
        use.metric = place;
        if (definition.aggregate == Aggregate::Gauge) {
            const std::optional<bool> plus = definition.plus.decided_by_type(event_type_);
            const std::optional<bool> minus = definition.minus.decided_by_type(event_type_);
            if (plus && minus && *plus == *minus) return;
            use.plus = plus.value_or(false);
            use.minus = minus.value_or(false);
            if (!plus) use.ask_plus = question(definition.plus);
            if (!minus) use.ask_minus = question(definition.minus);
        }
        if (!taken) use.where = question(definition.where);
        use.group = place_in(program_->groups, slots(definition.group_by));
        use.of = place_in(program_->values, slots(definition.of));
        (is_set(definition.aggregate) ? program_->sets : program_->cells).push_back(use);
    }

    std::uint16_t slot(const FieldPath& path) {
        if (path.field != Field::Prop) return place_in(program_->fields, path);
        const std::uint16_t member = place_in(program_->props, path.prop);
        return placing_ ? static_cast<std::uint16_t>(program_->fields.size() + member) : member;
    }
    EventProgram::Slots slots(const std::vector<FieldPath>& paths) {
        EventProgram::Slots out;
        for (const FieldPath& path : paths) out.push_back(slot(path));
        return out;
    }

    // Precondition: the type does not decide. Then what a conjunction says of the type alone is true.
    std::uint16_t question(const Filter& filter) {
        EventProgram::Question question;
        const FilterNode& tree = filter.tree();
        const auto look = [&](const FilterNode& node) {
            if (node.kind != FilterNode::Kind::Compare) return false;
            if (node.field.field == Field::EventType) return true;
            if (node.op != Operator::Exists) return false;
            question.slots.push_back(slot(node.field));
            return true;
        };
        question.only_exists = tree.kind == FilterNode::Kind::And
                                   ? std::all_of(tree.children.begin(), tree.children.end(), look)
                                   : look(tree);
        if (!question.only_exists) {
            question.filter = filter;
            question.slots = slots(filter.fields());
        }
        return place_in(program_->filters, question);
    }

    const std::string_view event_type_;
    std::unique_ptr<EventProgram> program_ = std::make_unique<EventProgram>();
    bool placing_ = false;
};

}  // namespace

// ---- programs -------------------------------------------------------------------------------------------------------

bool EventPrograms::overfull() const {
    return types_.size() >= kRememberedTypes || programs_.size() >= kRememberedPrograms;
}

void EventPrograms::forget() {
    types_.clear();
    programs_.clear();
    last_ = nullptr;
}

const EventProgram& EventPrograms::of_type(std::string_view event_type, const std::vector<MetricAggregation>& metrics) {
    if (last_ != nullptr && event_type == last_type_) return *last_;
    const EventProgram* const* known = types_.find(event_type);
    if (known == nullptr) {
        std::string said;
        for (const MetricAggregation& metric : metrics) {
            const MetricDefinition& definition = metric.definition();
            said += mark(definition.where.decided_by_type(event_type));
            if (definition.aggregate != Aggregate::Gauge) continue;
            said += mark(definition.plus.decided_by_type(event_type));
            said += mark(definition.minus.decided_by_type(event_type));
        }
        std::unique_ptr<EventProgram>& program = programs_[said];
        if (program == nullptr) program = ProgramMaker(event_type).make(metrics);
        const EventProgram** const entry = types_.find_or_insert(event_type).first;
        *entry = program.get();
        known = entry;
    }
    last_type_.assign(event_type);
    last_ = *known;
    return *last_;
}

// ---- one event ------------------------------------------------------------------------------------------------------

void EventReading::read(const EventProgram& program, const EventView& event, const Project& project,
                        PropsReader& props) {
    program_ = &program;
    event_ = event;
    project_ = project;
    ++reading_;
    group_bytes_ = 0;
    if (said_.size() < program.filters.size()) said_.resize(program.filters.size());
    if (groups_.size() < program.groups.size()) groups_.resize(program.groups.size());
    if (values_.size() < program.values.size()) values_.resize(program.values.size());

    texts_.clear();
    std::size_t made = 0;
    for (const FieldPath& path : program.fields)
        texts_.push_back(path.field <= Field::EventId ? canonical_text(path.field, event)
                                                      : field_text(path.field, event, project.name, scratch_[made++]));
    if (program.props.empty()) return;
    // What the reader gives is there until its next call.
    props.read(event.props, program.props, members_, true);
    std::size_t bytes = 0;
    for (const std::string_view member : members_) bytes += member.size();
    own_.resize(bytes);
    char* at = own_.data();
    for (const std::string_view member : members_) {
        texts_.emplace_back(at, member.copy(at, member.size()));
        at += member.size();
    }
}

bool EventReading::ask(const EventProgram::Question& question) {
    if (question.only_exists)
        return std::none_of(question.slots.begin(), question.slots.end(),
                            [this](std::uint16_t slot) { return texts_[slot].empty(); });
    arguments_.clear();
    for (const std::uint16_t slot : question.slots) arguments_.push_back(texts_[slot]);
    return question.filter.matches(arguments_.data());
}

void EventReading::make_group(std::uint16_t group, GroupPlace& place) {
    const EventProgram::Slots& slots = program_->groups[group];
    std::size_t size = project_.name.size() + slots.size();
    for (const std::uint16_t slot : slots) size += texts_[slot].size();
    if (group_bytes_ + size > group_texts_.size()) group_texts_.resize(2 * (group_bytes_ + size));
    char* const begin = group_texts_.data() + group_bytes_;
    char* at = short_text::copy(project_.name, begin);
    for (const std::uint16_t slot : slots) {
        *at++ = kGroupSeparator;
        at = short_text::copy(texts_[slot], at);
    }
    place = {reading_, inlined::text_hash({begin, size}, seed_), static_cast<std::uint32_t>(group_bytes_),
             static_cast<std::uint32_t>(size)};
    group_bytes_ += size;
}

void EventReading::make_value(std::uint16_t value, ValuePlace& place) {
    place = {reading_, {}};
    for (const std::uint16_t slot : program_->values[value]) {
        if (texts_[slot].empty()) continue;
        place.value = {texts_[slot], inlined::value_hash(texts_[slot])};
        return;
    }
}

}  // namespace streamgauge
