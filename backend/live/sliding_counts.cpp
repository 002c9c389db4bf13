// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/sliding_counts.h"

#include <algorithm>

namespace streamgauge {

SlidingCounts::SlidingCounts(std::int64_t window_micros, std::int64_t retention_micros, SlidingBounds bounds)
    : window_micros_(window_micros), retention_micros_(retention_micros), bounds_(bounds) {}

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
    if (windows_[window].add(*id, count)) {
        ++groups_[*id].windows;
        ++cells_;
    }
    if (ids_.size() > bounds_.groups || cells_ > bounds_.cells) let_go();
}

void SlidingCounts::forget(std::uint32_t id) {
    ids_.erase(groups_[id].name);
    groups_[id].name.clear();
    free_.push_back(id);
}

void SlidingCounts::let_go() {
    std::vector<std::uint32_t> seen = totals_since(windows_.begin()->first - 1);
    std::sort(seen.begin(), seen.end(), [this](std::uint32_t a, std::uint32_t b) {
        return totals_[a] != totals_[b] ? totals_[a] > totals_[b] : groups_[a].name < groups_[b].name;
    });
    std::size_t kept = 0, cells = 0;
    std::vector<bool> stays(groups_.size());
    for (; kept < seen.size() && kept < bounds_.groups / 2; ++kept) {
        cells += groups_[seen[kept]].windows;
        if (cells > bounds_.cells / 2) break;
        stays[seen[kept]] = true;
    }
    if (kept < seen.size())
        losses_.push_back({windows_.rbegin()->first, static_cast<std::uint64_t>(totals_[seen[kept]])});
    for (const std::uint32_t id : seen) totals_[id] = 0;
    for (std::uint32_t id = 0; id < groups_.size(); ++id)
        if (!stays[id] && groups_[id].windows > 0) {
            groups_[id].windows = 0;
            forget(id);
        }
    cells_ = 0;
    for (auto& [start, window] : windows_) {
        Window smaller;
        window.for_each([&](std::uint32_t id, std::int64_t count) {
            if (stays[id]) smaller.add(id, count);
        });
        cells_ += smaller.used();
        window = std::move(smaller);
    }
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
            if (--groups_[id].windows == 0) forget(id);
        });
        cells_ -= windows_.begin()->second.used();
        windows_.erase(windows_.begin());
        any = true;
    }
    if (any) std::erase_if(losses_, [oldest](const Loss& loss) { return loss.window < oldest; });
    return any;
}

// Leaves the totals of the groups that it gives in totals_.
std::vector<std::uint32_t> SlidingCounts::totals_since(std::int64_t after) const {
    std::vector<std::uint32_t> seen;
    for (auto window = windows_.upper_bound(after); window != windows_.end(); ++window) {
        window->second.for_each([&](std::uint32_t id, std::int64_t count) {
            if (totals_[id] == 0 && count > 0) seen.push_back(id);
            totals_[id] += count;
        });
    }
    return seen;
}

SlidingCounts::Counts SlidingCounts::top(int minutes, Timestamp now, std::size_t limit) const {
    std::vector<std::uint32_t> seen = totals_since(now.micros - minutes * std::int64_t{60'000'000} - window_micros_);
    const auto before = [this](std::uint32_t a, std::uint32_t b) {
        return totals_[a] != totals_[b] ? totals_[a] > totals_[b] : groups_[a].name < groups_[b].name;
    };
    const std::size_t count = std::min(limit, seen.size());
    std::partial_sort(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(count), seen.end(), before);
    Counts most;
    most.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        most.emplace_back(groups_[seen[i]].name, static_cast<std::uint64_t>(totals_[seen[i]]));
    for (const std::uint32_t id : seen) totals_[id] = 0;
    return most;
}

void SlidingCounts::add_totals(int minutes, Timestamp now, StringMap<std::uint64_t>& totals) const {
    for (const std::uint32_t id : totals_since(now.micros - minutes * std::int64_t{60'000'000} - window_micros_)) {
        *totals.find_or_insert(groups_[id].name).first += static_cast<std::uint64_t>(totals_[id]);
        totals_[id] = 0;
    }
}

std::uint64_t SlidingCounts::missing_at_most(int minutes, Timestamp now) const {
    const std::int64_t after = now.micros - minutes * std::int64_t{60'000'000} - window_micros_;
    std::uint64_t missing = 0;
    for (const Loss& loss : losses_)
        if (loss.window > after) missing += loss.most;
    return missing;
}

std::size_t SlidingCounts::memory_bytes() const {
    // Windows are at most 5/8 and at least 5/16 full.
    return cells_ * 16 * 16 / 5 + ids_.slots() * 56 + groups_.capacity() * sizeof(Group) + totals_.capacity() * 8;
}

SlidingCounts::Counts largest(const StringMap<std::uint64_t>& totals, std::size_t limit) {
    SlidingCounts::Counts all;
    all.reserve(totals.size());
    totals.for_each([&all](std::string_view name, std::uint64_t count) { all.emplace_back(name, count); });
    const std::size_t count = std::min(limit, all.size());
    std::partial_sort(
        all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
        [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
    all.resize(count);
    return all;
}

}  // namespace streamgauge
