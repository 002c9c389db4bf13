// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/sliding_counts.h"

#include <algorithm>

namespace streamgauge {

SlidingCounts::SlidingCounts(std::int64_t window_micros, std::int64_t retention_micros)
    : window_micros_(window_micros), retention_micros_(retention_micros) {}

bool SlidingCounts::Window::add(std::uint32_t group, std::int64_t count) {
    if ((used_ + 1) * 8 > cells_.size() * 5) grow();
    const std::size_t mask = cells_.size() - 1;
    std::size_t at = (group * 2'654'435'769U) & mask;  // Fibonacci hashing (Knuth, TAOCP vol. 3, section 6.4)
    while (cells_[at].group != 0 && cells_[at].group != group + 1) at = (at + 1) & mask;
    const bool fresh = cells_[at].group == 0;
    if (fresh) {
        cells_[at].group = group + 1;
        ++used_;
    }
    cells_[at].count += count;
    return fresh;
}

void SlidingCounts::Window::grow() {
    std::vector<Cell> old = std::exchange(cells_, std::vector<Cell>(cells_.empty() ? 8 : cells_.size() * 2));
    const std::size_t mask = cells_.size() - 1;
    for (const Cell& cell : old) {
        if (cell.group == 0) continue;
        std::size_t at = ((cell.group - 1) * 2'654'435'769U) & mask;
        while (cells_[at].group != 0) at = (at + 1) & mask;
        cells_[at] = cell;
    }
}

void SlidingCounts::add(std::int64_t window, std::string_view group, std::int64_t count) {
    const auto [id, fresh] = ids_.find_or_insert(group);
    if (fresh) {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(groups_.size()));
            groups_.emplace_back();
            totals_.push_back(0);
        }
        *id = free_.back();
        free_.pop_back();
        groups_[*id].name.assign(group);
    }
    if (windows_[window].add(*id, count)) ++groups_[*id].windows;
}

std::int64_t SlidingCounts::oldest_kept(Timestamp log_clock) const {
    // A window is kept while window + width > log_clock - retention.
    return floor_to({log_clock.micros - retention_micros_}, window_micros_).micros;
}

bool SlidingCounts::expire(Timestamp log_clock) {
    const std::int64_t oldest = oldest_kept(log_clock);
    bool any = false;
    while (!windows_.empty() && windows_.begin()->first < oldest) {
        windows_.begin()->second.for_each([this](std::uint32_t id, std::int64_t) {
            if (--groups_[id].windows > 0) return;
            ids_.erase(groups_[id].name);
            groups_[id].name.clear();
            free_.push_back(id);
        });
        windows_.erase(windows_.begin());
        any = true;
    }
    return any;
}

std::vector<std::pair<std::string, std::uint64_t>> SlidingCounts::top(int minutes, Timestamp now,
                                                                      std::size_t limit) const {
    const std::int64_t after = now.micros - minutes * std::int64_t{60'000'000} - window_micros_;
    std::vector<std::uint32_t> seen;
    for (auto window = windows_.upper_bound(after); window != windows_.end(); ++window) {
        window->second.for_each([&](std::uint32_t id, std::int64_t count) {
            if (totals_[id] == 0 && count > 0) seen.push_back(id);
            totals_[id] += count;
        });
    }
    const auto before = [this](std::uint32_t a, std::uint32_t b) {
        return totals_[a] != totals_[b] ? totals_[a] > totals_[b] : groups_[a].name < groups_[b].name;
    };
    const std::size_t count = std::min(limit, seen.size());
    std::partial_sort(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(count), seen.end(), before);
    std::vector<std::pair<std::string, std::uint64_t>> most;
    most.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        most.emplace_back(groups_[seen[i]].name, static_cast<std::uint64_t>(totals_[seen[i]]));
    for (const std::uint32_t id : seen) totals_[id] = 0;
    return most;
}

}  // namespace streamgauge
