// SPDX-License-Identifier: GPL-3.0-or-later
// Takes the group keys of a metric's rows apart: which rows a question is about, and into which of its groups they go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "query/plan.h"

namespace streamgauge::query {

// Reuses its memory. Not thread-safe. The plan and the query must outlive it.
class GroupReader {
public:
    GroupReader(const Plan& plan, const PointsQuery& query);

    // What every row that the question is about begins with.
    const std::string& prefix() const { return prefix_; }
    // False: the row is not asked for. Else group() and other() are the row's until the next call; group() may be a
    // view of `key`.
    bool read(std::string_view key);
    std::string_view group() const { return group_; }
    bool other() const { return other_; }

private:
    const std::vector<std::size_t>& group_parts_;
    const std::vector<std::size_t>& filter_parts_;
    const Filter& filter_;
    std::string project_, prefix_;
    bool every_project_, may_be_other_;
    bool whole_ = false;      // the group asked for is all that follows the prefix
    bool of_values_ = false;  // it has more than the project
    std::size_t fields_;
    std::vector<std::string_view> parts_, values_;
    std::string joined_;
    std::string_view group_;
    bool other_ = false;
};

}  // namespace streamgauge::query
