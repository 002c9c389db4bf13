// SPDX-License-Identifier: GPL-3.0-or-later
// Entries hold running sums, so that a window is the difference of two of them.
#include "slo/slice_series.h"

#include <algorithm>

namespace streamgauge::slo {

namespace {

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

// The first index whose slice does not start before `at`.
std::int64_t first_from(Timestamp at, std::int64_t width) {
    return floor_div(at.micros, width) + (at.micros % width == 0 ? 0 : 1);
}

// count * passed / width, rounded, without the product.
std::uint64_t part_of(std::uint64_t count, std::int64_t passed, std::int64_t width) {
    const auto share = static_cast<std::uint64_t>(passed), whole = static_cast<std::uint64_t>(width);
    return count / whole * share + (count % whole * share + whole / 2) / whole;
}

}  // namespace

SliceSeries::SliceSeries(std::int64_t slice_micros, std::int64_t kept_micros)
    : slice_micros_(slice_micros), kept_micros_(kept_micros) {}

void SliceSeries::add(Timestamp at, std::uint64_t good, std::uint64_t total) {
    if (total != 0) put(floor_div(at.micros, slice_micros_), good, total);
}

void SliceSeries::set(Timestamp at, std::uint64_t good, std::uint64_t total) {
    const std::int64_t index = floor_div(at.micros, slice_micros_);
    const Timestamp start{index * slice_micros_};
    const Ratio held = sum(start, start.plus_micros(slice_micros_));
    // What is taken away is a difference modulo 2^64, as all running sums are.
    if (held != Ratio{good, total}) put(index, good - held.good, total - held.total);
}

void SliceSeries::thin(Timestamp before, std::int64_t width_micros) {
    const std::int64_t ratio = width_micros / slice_micros_, end = first_from(before, slice_micros_);
    std::deque<Entry> thinned;
    for (const Entry& entry : entries_) {
        const std::int64_t wide = floor_div(entry.index, ratio) * ratio;
        const bool whole = wide + ratio <= end;
        if (whole && !thinned.empty() && thinned.back().index >= wide) {
            thinned.back().good = entry.good;
            thinned.back().total = entry.total;
        } else {
            thinned.push_back({whole ? wide : entry.index, entry.good, entry.total});
        }
    }
    entries_ = std::move(thinned);
    thinned_to_ = std::max(thinned_to_, floor_div(end, ratio) * ratio);
    thinned_micros_ = width_micros;
}

void SliceSeries::put(std::int64_t index, std::uint64_t good, std::uint64_t total) {
    const auto older = [](const Entry& entry, std::int64_t than) { return entry.index < than; };
    if (entries_.empty() || index > entries_.back().index) {
        Entry next = entries_.empty() ? Entry{0, dropped_good_, dropped_total_} : entries_.back();
        next.index = index;
        next.good += good;
        next.total += total;
        entries_.push_back(next);
        const std::int64_t oldest = index - kept_micros_ / slice_micros_;
        while (entries_.front().index < oldest) {
            dropped_good_ = entries_.front().good;
            dropped_total_ = entries_.front().total;
            entries_.pop_front();
        }
        return;
    }
    if (index < entries_.back().index - kept_micros_ / slice_micros_) return;
    auto entry = std::lower_bound(entries_.begin(), entries_.end(), index, older);
    if (entry->index != index) {
        const Entry before = entry == entries_.begin() ? Entry{0, dropped_good_, dropped_total_} : *std::prev(entry);
        entry = entries_.insert(entry, Entry{index, before.good, before.total});
    }
    for (; entry != entries_.end(); ++entry) {
        entry->good += good;
        entry->total += total;
    }
}

// Running sums until `at`.
Ratio SliceSeries::until(Timestamp at) const {
    const auto next = std::lower_bound(entries_.begin(), entries_.end(), first_from(at, slice_micros_),
                                       [](const Entry& entry, std::int64_t than) { return entry.index < than; });
    if (next == entries_.begin()) return {dropped_good_, dropped_total_};
    const auto last = std::prev(next);  // of those that start before `at`
    const std::int64_t width = last->index < thinned_to_ ? thinned_micros_ : slice_micros_;
    const std::int64_t passed = at.micros - last->index * slice_micros_;
    if (next == entries_.end() || passed >= width) return {last->good, last->total};
    const Ratio before = last == entries_.begin() ? Ratio{dropped_good_, dropped_total_}
                                                  : Ratio{std::prev(last)->good, std::prev(last)->total};
    const std::uint64_t good = last->good - before.good, bad = last->total - before.total - good;
    // Good and bad ones each by themselves, so that neither ever falls as `at` goes on.
    const std::uint64_t good_part = part_of(good, passed, width);
    return {before.good + good_part, before.total + good_part + part_of(bad, passed, width)};
}

Ratio SliceSeries::sum(Timestamp from, Timestamp to) const {
    if (from >= to) return {};
    const Ratio end = until(to), start = until(from);
    return {end.good - start.good, end.total - start.total};
}

std::optional<Timestamp> SliceSeries::newest() const {
    if (entries_.empty()) return std::nullopt;
    return Timestamp{entries_.back().index * slice_micros_};
}

std::optional<Timestamp> SliceSeries::oldest() const {
    if (entries_.empty()) return std::nullopt;
    return Timestamp{entries_.front().index * slice_micros_};
}

}  // namespace streamgauge::slo
