// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/live_views.h"

namespace streamgauge {
namespace {

bool is_stream(MetricId metric) {
    return metric == metric::kStreamViewers || metric == metric::kStreamChats || metric == metric::kStreamDonations;
}

}  // namespace

bool LiveViews::wants(MetricId metric) {
    return metric == metric::kTopPages || metric == metric::kEventTypes || metric == metric::kEventsTotal ||
           is_stream(metric);
}

std::int64_t LiveViews::from_window(MetricId metric, Timestamp log_clock) const {
    if (metric == metric::kTopPages || metric == metric::kEventTypes) return pages.oldest_kept(log_clock);
    return kNoWindow;
}

void LiveViews::add(MetricId metric, std::int64_t window, std::string_view group, const Cell& cell) {
    const std::size_t separator = group.find(kGroupSeparator);
    const std::string_view project = group.substr(0, separator);
    const std::string_view value =
        separator == std::string_view::npos ? std::string_view() : group.substr(separator + 1);
    if (metric == metric::kTopPages)
        pages.add(window, value, cell.value);
    else if (metric == metric::kEventTypes)
        types.add(window, value, cell.value);
    else if (is_stream(metric))
        streams.add(metric, window, value, cell.value);
    else if (metric == metric::kEventsTotal && projects.find(project) == projects.end())
        projects.emplace(project);
}

void LiveViews::expire(Timestamp log_clock) {
    pages.expire(log_clock);
    types.expire(log_clock);
}

}  // namespace streamgauge
