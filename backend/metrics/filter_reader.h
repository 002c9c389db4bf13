// SPDX-License-Identifier: GPL-3.0-or-later
// Holds stored events to a filter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "metrics/field.h"
#include "metrics/filter.h"
#include "metrics/props_reader.h"

namespace streamgauge {

// The texts of some fields of one event after another, props read in one pass. Reuses its memory. Not thread-safe.
class FieldReader {
public:
    explicit FieldReader(std::vector<FieldPath> fields);

    // In the order of the fields; empty for one that is not there. Valid until the next call, and as long as `event`
    // and `project`.
    const std::vector<std::string_view>& read(const EventView& event, std::string_view project);
    // The same in two steps, the second, dear one for those whose props matter after all.
    const std::vector<std::string_view>& read_canonical(const EventView& event, std::string_view project);
    const std::vector<std::string_view>& add_props(const EventView& event);
    bool has_props() const { return !names_.empty(); }

private:
    std::vector<FieldPath> fields_;
    std::vector<std::string> names_;      // of the fields in props
    std::vector<std::size_t> positions_;  // of those among the fields
    std::vector<std::string> scratch_;    // by field
    std::vector<std::string_view> values_, members_;
    PropsReader props_;
};

// Reuses its memory. Not thread-safe.
class FilterReader {
public:
    explicit FilterReader(Filter filter);

    // Reads props only where the other fields leave it open.
    bool matches(const EventView& event, std::string_view project);
    const Filter& filter() const { return filter_; }

private:
    Filter filter_;
    FieldReader fields_;
};

}  // namespace streamgauge
