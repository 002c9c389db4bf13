// SPDX-License-Identifier: GPL-3.0-or-later
// What metrics do with events of a type, and what they look at in one of them: each field, filter, group and hash once,
// however many metrics share it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/event.h"
#include "metrics/field.h"
#include "metrics/filter.h"
#include "metrics/hash.h"
#include "metrics/metric_aggregation.h"
#include "metrics/props_reader.h"
#include "metrics/string_map.h"

namespace streamgauge {

// What is done with events of a type. Types for which the filters say the same share one.
struct EventProgram {
    // Where texts are among those that are read of an event.
    using Slots = std::vector<std::uint16_t>;
    static constexpr std::uint16_t kNone = 0xffff;

    // What one metric does.
    struct Use {
        std::uint32_t metric = 0;         // its place in the aggregation
        std::uint16_t where = kNone;      // the filter that has to be asked
        std::uint16_t group = 0, of = 0;  // in `groups` and `values`
        // Gauge: what its filters say; asked where they are not decided by the type.
        bool plus = false, minus = false;
        std::uint16_t ask_plus = kNone, ask_minus = kNone;
    };
    struct Question {
        Filter filter;
        Slots slots;
        bool only_exists = false;  // it says yes when every one of `slots` is there
        bool operator==(const Question& other) const {
            return only_exists == other.only_exists && slots == other.slots &&
                   (only_exists || filter.tree() == other.filter.tree());
        }
    };

    std::vector<Use> sets, cells;
    std::vector<Question> filters;
    std::vector<Slots> groups, values;
    std::vector<FieldPath> fields;   // canonical; their texts come first
    std::vector<std::string> props;  // then those of these members
};

// The programs of a list of metrics, by event type. Not thread-safe.
class EventPrograms {
public:
    // Valid until forget(). `metrics` must be the same at each call until then.
    const EventProgram& of_type(std::string_view event_type, const std::vector<MetricAggregation>& metrics);
    void forget();
    // Producers may send types without end: true when there are so many that the memory should start anew.
    bool overfull() const;

private:
    StringMap<const EventProgram*> types_;
    std::unordered_map<std::string, std::unique_ptr<EventProgram>> programs_;  // by what the filters say
    std::string last_type_;
    const EventProgram* last_ = nullptr;
};

// One event as a program reads it. Its memory is used again by the next read(). Stays where it is once it was read.
class EventReading {
public:
    // `event` must stay where it is, as must `program` and the text of `project`.
    struct Project {
        std::string_view name;
        std::uint64_t hash = 0;  // text_hash()
    };
    void read(const EventProgram& program, const EventView& event, const Project& project, PropsReader& props);

    const EventView& event() const { return event_; }
    const EventProgram& program() const { return *program_; }
    std::string_view text(std::uint16_t slot) const { return texts_[slot]; }

    // Of program().filters; kNone says yes.
    bool says(std::uint16_t filter) {
        if (filter == EventProgram::kNone) return true;
        Said& said = said_[filter];
        if (said.reading != reading_) said = {reading_, ask(program_->filters[filter])};
        return said.yes;
    }
    struct Group {
        std::string_view text;
        std::uint64_t hash = 0;  // text_hash() of it
    };
    // Of program().groups. The text is valid until a group is asked for that was not before.
    Group group(std::uint16_t group) {
        GroupPlace& place = groups_[group];
        if (program_->groups[group].empty()) return {project_.name, project_.hash};
        if (place.reading != reading_) make_group(group, place);
        return {{group_texts_.data() + place.begin, place.size}, place.hash};
    }
    struct Value {
        std::string_view text;   // the first of the fields that is there, or empty
        std::uint64_t hash = 0;  // value_hash() of it, if it is not
    };
    // Of program().values.
    Value value(std::uint16_t value) {
        ValuePlace& place = values_[value];
        if (place.reading != reading_) make_value(value, place);
        return place.value;
    }

private:
    // What is known of the event has the reading's number.
    struct Said {
        std::uint64_t reading = 0;
        bool yes = false;
    };
    struct GroupPlace {
        std::uint64_t reading = 0, hash = 0;
        std::uint32_t begin = 0, size = 0;
    };
    struct ValuePlace {
        std::uint64_t reading = 0;
        Value value;
    };
    bool ask(const EventProgram::Question& question);
    void make_group(std::uint16_t group, GroupPlace& place);
    void make_value(std::uint16_t value, ValuePlace& place);

    const std::uint64_t seed_ = text_seed();
    std::uint64_t reading_ = 0;
    const EventProgram* program_ = nullptr;
    EventView event_;
    Project project_;
    std::vector<std::string_view> texts_;
    std::string own_;  // texts that are none in the event
    std::array<std::string, 5> scratch_;
    std::vector<Said> said_;
    std::vector<GroupPlace> groups_;
    std::string group_texts_;
    std::size_t group_bytes_ = 0;
    std::vector<ValuePlace> values_;
    std::vector<std::string_view> arguments_, members_;
};

}  // namespace streamgauge
