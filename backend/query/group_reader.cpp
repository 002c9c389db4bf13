// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/group_reader.h"

#include <algorithm>

#include "metrics/set_table.h"

namespace streamgauge::query {

GroupReader::GroupReader(const Plan& plan, const PointsQuery& query)
    : group_parts_(plan.group_parts),
      filter_parts_(plan.filter_parts),
      filter_(query.filter),
      project_(query.project),
      every_project_(query.project.empty()),
      may_be_other_(is_set(plan.metric->definition.aggregate)),
      fields_(plan.metric->definition.group_by.size()) {
    prefix_ = project_;
    if (!every_project_ && fields_ > 0) prefix_ += kGroupSeparator;
    whole_ = !every_project_ && fields_ > 0 && filter_.takes_everything() && group_parts_.size() == fields_;
    for (std::size_t i = 0; whole_ && i < fields_; ++i) whole_ = group_parts_[i] == i + 1;
    of_values_ = std::any_of(group_parts_.begin(), group_parts_.end(), [](std::size_t part) { return part > 0; });
    values_.resize(filter_parts_.size());
}

bool GroupReader::read(std::string_view key) {
    if (whole_) {
        group_ = key.substr(prefix_.size());
        other_ = may_be_other_ && group_ == kOtherGroup;
        return true;
    }
    parts_.clear();
    for (std::string_view rest = key;;) {
        const std::size_t end = parts_.size() == fields_ ? std::string_view::npos : rest.find(kGroupSeparator);
        parts_.push_back(rest.substr(0, end));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    if (!every_project_ && parts_[0] != project_) return false;
    other_ = may_be_other_ && fields_ > 0 && parts_.size() == 2 && parts_[1] == kOtherGroup;
    parts_.resize(fields_ + 1, other_ ? kOtherGroup : std::string_view());
    if (!filter_.takes_everything()) {
        if (other_) return false;
        for (std::size_t i = 0; i < filter_parts_.size(); ++i) values_[i] = parts_[filter_parts_[i]];
        if (!filter_.matches(values_.data())) return false;
    }
    other_ = other_ && of_values_;
    if (group_parts_.size() == 1) {
        group_ = parts_[group_parts_[0]];
        return true;
    }
    joined_.clear();
    for (std::size_t i = 0; i < group_parts_.size(); ++i) {
        if (i > 0) joined_ += kGroupSeparator;
        joined_ += parts_[group_parts_[i]];
    }
    group_ = joined_;
    return true;
}

}  // namespace streamgauge::query
