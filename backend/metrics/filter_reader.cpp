// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/filter_reader.h"

#include <optional>
#include <utility>

namespace streamgauge {

FieldReader::FieldReader(std::vector<FieldPath> fields)
    : fields_(std::move(fields)), scratch_(fields_.size()), values_(fields_.size()) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (fields_[i].field != Field::Prop) continue;
        names_.push_back(fields_[i].prop);
        positions_.push_back(i);
    }
}

const std::vector<std::string_view>& FieldReader::read(const EventView& event, std::string_view project) {
    read_canonical(event, project);
    return add_props(event);
}

const std::vector<std::string_view>& FieldReader::read_canonical(const EventView& event, std::string_view project) {
    for (std::size_t i = 0; i < fields_.size(); ++i)
        values_[i] = field_text(fields_[i].field, event, project, scratch_[i]);
    return values_;
}

const std::vector<std::string_view>& FieldReader::add_props(const EventView& event) {
    if (names_.empty()) return values_;
    props_.read(event.props, names_, members_, true);
    for (std::size_t i = 0; i < positions_.size(); ++i) values_[positions_[i]] = members_[i];
    return values_;
}

FilterReader::FilterReader(Filter filter) : filter_(std::move(filter)), fields_(filter_.fields()) {}

bool FilterReader::matches(const EventView& event, std::string_view project) {
    const std::string_view* values = fields_.read_canonical(event, project).data();
    if (fields_.has_props()) {
        if (const std::optional<bool> known = filter_.decided_without_props(values)) return *known;
        values = fields_.add_props(event).data();
    }
    return filter_.matches(values);
}

}  // namespace streamgauge
