// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/raw_rows.h"

#include <algorithm>
#include <array>
#include <limits>

#include "metrics/hash.h"

namespace streamgauge::query {
namespace {

constexpr std::uint64_t kStateBytes = 256;  // of a set, beside what it holds
// New groups are taken while sketches have no more than a part of the room: the rest is for those that are there.
constexpr std::uint64_t kPartForNewGroups = 2;
constexpr std::size_t kRowsBetweenLooks = 4'096;  // at the watch
constexpr std::size_t kWaiting = 32;              // inputs whose memory is fetched at once

std::int64_t clamped(Wide value, bool& saturated) {
    const Wide low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
    saturated = value <= low || value >= high;
    return static_cast<std::int64_t>(std::clamp(value, low, high));
}

// Half away from zero.
Wide mean(Wide sum, std::uint64_t count) {
    const Wide n = count, whole = sum / n, rest = sum % n;
    if (2 * (rest < 0 ? -rest : rest) < n) return whole;
    return sum < 0 ? whole - 1 : whole + 1;
}

}  // namespace

// ---- index ---------------------------------------------------------------------------------------------------------

// The number moves the text's hash by a product with an odd constant (Knuth, TAOCP vol. 3, section 6.4).
std::uint64_t RawIndex::hash_of(std::int64_t number, std::string_view text) {
    return (text_hash(text) + static_cast<std::uint64_t>(number) * 0x9E37'79B9'7F4A'7C15) | 1;
}

std::size_t RawIndex::slot_of(std::uint64_t hash, std::int64_t number, std::string_view text) const {
    for (std::size_t at = home(hash);; at = (at + 1) & (slots_.size() - 1)) {
        const Slot& slot = slots_[at];
        if (slot.entry == 0) return at;
        if (slot.tag != tag_of(hash)) continue;
        const Entry& entry = entries_[slot.entry - 1];
        if (entry.hash == hash && entry.number == number && is_text(entry, text)) return at;
    }
}

std::uint32_t RawIndex::fetch_entry(std::uint64_t hash) const {
    if (slots_.empty()) return kNone;
    std::size_t at = home(hash);
    while (slots_[at].entry != 0 && slots_[at].tag != tag_of(hash)) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at].entry == 0) return kNone;
    __builtin_prefetch(&entries_[slots_[at].entry - 1]);
    return slots_[at].entry - 1;
}

std::uint32_t RawIndex::find_or_add(std::uint64_t hash, std::int64_t number, std::string_view text) {
    if ((entries_.size() + 1) * 8 > slots_.size() * 5) grow();
    const std::size_t at = slot_of(hash, number, text);
    if (slots_[at].entry != 0) return slots_[at].entry - 1;
    if (entries_.size() >= most_ || bytes_ + text.size() > most_bytes_) return kNone;
    const bool is_short = text.size() <= kInline;
    entries_.push_back(
        {hash, number, is_short ? short_text(text) : texts_.size(), static_cast<std::uint32_t>(text.size())});
    if (!is_short) texts_ += text;
    bytes_ += text.size();
    slots_[at] = {static_cast<std::uint32_t>(entries_.size()), tag_of(hash)};
    return slots_[at].entry - 1;
}

std::uint32_t RawIndex::add_apart(std::int64_t number) {
    entries_.push_back({0, number, 0, 0});
    return static_cast<std::uint32_t>(entries_.size() - 1);
}

void RawIndex::grow() {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, Slot{});
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].hash == 0) continue;
        std::size_t at = home(entries_[i].hash);
        while (slots_[at].entry != 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = {i + 1, tag_of(entries_[i].hash)};
    }
}

// ---- adding --------------------------------------------------------------------------------------------------------

RawRows::RawRows(const RawAggregate& aggregate, const RawLimits& limits, RawOrder order)
    : aggregate_(aggregate.aggregate),
      limits_(limits),
      order_(order),
      pairs_wanted_(aggregate.aggregate == Aggregate::TopK && order == RawOrder::Any),
      index_(limits.rows, limits.text_bytes),
      pairs_(limits.values, limits.text_bytes) {}

void RawRows::make_room() {
    if (aggregate_ == Aggregate::Last) {
        newest_.resize(index_.size());
    } else if (is_set(aggregate_) && !pairs_wanted_) {
        while (sets_.size() < index_.size()) {
            sets_.emplace_back(aggregate_);
            set_bytes_ += kStateBytes;
        }
    } else {
        cells_.resize(index_.size());
    }
}

std::uint32_t RawRows::row_of(std::uint64_t hash, std::int64_t step, std::string_view group) {
    const std::size_t before = index_.size();
    std::uint32_t row = RawIndex::kNone;
    const bool crowded =
        order_ == RawOrder::Log && is_set(aggregate_) && set_bytes_ > limits_.set_bytes / kPartForNewGroups;
    if (!crowded || index_.contains(step, group)) row = index_.find_or_add(hash, step, group);
    if (row == RawIndex::kNone && order_ == RawOrder::Log) {
        const auto [known, is_new] = others_.try_emplace(step, 0);
        if (is_new) {
            known->second = index_.add_apart(step);
            is_other_.resize(known->second + std::size_t{1});
            is_other_[known->second] = true;
        }
        row = known->second;
    }
    if (index_.size() != before) make_room();
    return row;
}

bool RawRows::add(const Input& input) {
    if (order_ == RawOrder::Any && index_.size() >= limits_.few_rows) {
        wait(input);
        return waiting_.size() < kWaiting || add_waiting();
    }
    return add_to_row(row_of(RawIndex::hash_of(input.step, input.group), input.step, input.group), input);
}

void RawRows::wait(const Input& input) {
    Waiting& waiting = waiting_.emplace_back();
    waiting.input = input;
    waiting.hash = RawIndex::hash_of(input.step, input.group);
    index_.fetch_slot(waiting.hash);
    waiting.group = waiting_texts_.size();
    waiting_texts_ += input.group;
    waiting.text = waiting_texts_.size();
    waiting_texts_ += input.text;
}

void RawRows::fetch_row(std::uint32_t row) const {
    if (row == RawIndex::kNone) return;
    index_.fetch_text(row);
    if (row < cells_.size()) __builtin_prefetch(&cells_[row]);
    if (row < sets_.size()) __builtin_prefetch(&sets_[row]);
}

bool RawRows::add_waiting() {
    const std::string_view texts = waiting_texts_;
    for (Waiting& waiting : waiting_) waiting.row = index_.fetch_entry(waiting.hash);
    for (const Waiting& waiting : waiting_) fetch_row(waiting.row);
    bool fits = true;
    for (Waiting& waiting : waiting_) {
        Input& input = waiting.input;
        input.group = texts.substr(waiting.group, input.group.size());
        input.text = texts.substr(waiting.text, input.text.size());
        fits = fits && add_to_row(row_of(waiting.hash, input.step, input.group), input);
    }
    waiting_.clear();
    waiting_texts_.clear();
    return fits;
}

bool RawRows::add_waiting_values() {
    for (const WaitingValue& value : waiting_values_) {
        SetState& state = sets_[value.row];
        if (state.add({}, value.hash) && state.exact()) ++values_;
    }
    waiting_values_.clear();
    return values_ <= limits_.values && set_bytes_ <= limits_.set_bytes;
}

bool RawRows::settle() {
    const bool fits = add_waiting();
    return add_waiting_values() && fits;
}

bool RawRows::add_to_row(std::uint32_t row, const Input& input) {
    if (row == RawIndex::kNone) return false;
    switch (aggregate_) {
        case Aggregate::Count:
            ++cells_[row].count;
            return true;
        case Aggregate::Sum:
        case Aggregate::Avg:
        case Aggregate::Gauge:
            ++cells_[row].count;
            cells_[row].number += input.number;
            return true;
        case Aggregate::Min:
        case Aggregate::Max: {
            Cell& cell = cells_[row];
            const bool first = cell.count++ == 0;
            if (first || (aggregate_ == Aggregate::Min ? input.number < cell.number : input.number > cell.number))
                cell.number = input.number;
            return true;
        }
        case Aggregate::Last:
            return offer(newest_[row], input.at_micros, input.offset, input.text, input.text.size());
        case Aggregate::TopK:
            if (pairs_wanted_) return add_pair(row, input.text, 1);
            return add_to_set(row, input);
        case Aggregate::Distinct:
        case Aggregate::Percentile:
            return add_to_set(row, input);
    }
    return false;
}

bool RawRows::offer(Newest& newest, std::int64_t at_micros, Offset offset, std::string_view text, std::size_t longest) {
    if (longest > newest.longest) {
        newest_bytes_ += longest - newest.longest;
        newest.longest = longest;
    }
    if (newest.offset == 0 || at_micros > newest.at_micros ||
        (at_micros == newest.at_micros && offset > newest.offset)) {
        newest.at_micros = at_micros;
        newest.offset = offset;
        newest.text.assign(text);
    }
    return newest_bytes_ <= limits_.text_bytes;
}

bool RawRows::add_pair(std::uint32_t row, std::string_view value, std::uint64_t count) {
    const std::uint32_t pair = pairs_.find_or_add(row, value);
    if (pair == RawIndex::kNone) return false;
    if (pair == pair_counts_.size()) pair_counts_.push_back(0);
    pair_counts_[pair] += count;
    return true;
}

// What a distinct count is charged with never falls, also when it becomes a sketch by itself.
std::uint64_t RawRows::charge(const SetState& state) const {
    if (aggregate_ != Aggregate::Distinct) return 0;
    return state.exact() ? state.exact_values() : kExactDistinct;
}

bool RawRows::add_to_set(std::uint32_t row, const Input& input) {
    SetState& state = sets_[row];
    if (aggregate_ == Aggregate::Percentile) {
        const std::uint64_t before = state.sketch_bytes();
        state.add(input.number);
        set_bytes_ += state.sketch_bytes() - before;
        return set_bytes_ <= limits_.set_bytes;
    }
    const std::uint64_t hash = value_hash(input.text);
    if (order_ == RawOrder::Any) {  // then it is a distinct count, which knows values by their hash
        state.prefetch(hash);
        waiting_values_.push_back({row, hash});
        return waiting_values_.size() < kWaiting || add_waiting_values();
    }
    if (state.exact() && values_ + state.exact_cost(input.text, hash) > limits_.values) {
        values_ -= state.exact_values();
        state.to_sketch();
        set_bytes_ += state.sketch_bytes();
    }
    const std::uint64_t exact = state.exact_values(), bytes = state.sketch_bytes();
    state.add(input.text, hash);
    values_ += state.exact_values() - exact;  // may fall: both are unsigned and wrap around alike
    set_bytes_ += state.sketch_bytes() - bytes;
    return set_bytes_ <= limits_.set_bytes;
}

bool RawRows::merge_set(SetState& into, const SetState& other) {
    const std::uint64_t charged = charge(into), bytes = into.sketch_bytes();
    into.merge(other);
    values_ += charge(into) - charged;
    if (aggregate_ == Aggregate::Percentile) set_bytes_ += into.sketch_bytes() - bytes;
    return values_ <= limits_.values && set_bytes_ <= limits_.set_bytes;
}

void RawRows::fetch_rows(const RawIndex& other, std::uint32_t begin, std::uint32_t end) const {
    for (std::uint32_t i = begin; i < end; ++i) index_.fetch_slot(other.hash(i));
    std::array<std::uint32_t, kWaiting> rows{};
    for (std::uint32_t i = begin; i < end; ++i) rows[i - begin] = index_.fetch_entry(other.hash(i));
    for (std::uint32_t i = begin; i < end; ++i) fetch_row(rows[i - begin]);
}

bool RawRows::merge_row(const RawRows& other, std::uint32_t from, std::uint32_t row) {
    if (aggregate_ == Aggregate::Last) {
        const Newest& newest = other.newest_[from];
        return offer(newest_[row], newest.at_micros, newest.offset, newest.text, newest.longest);
    }
    if (is_set(aggregate_)) return pairs_wanted_ || merge_set(sets_[row], other.sets_[from]);
    const Cell& cell = other.cells_[from];
    Cell& into = cells_[row];
    if (aggregate_ == Aggregate::Min || aggregate_ == Aggregate::Max) {
        const bool smaller = cell.number < into.number;
        if (into.count == 0 || smaller == (aggregate_ == Aggregate::Min)) into.number = cell.number;
    } else {
        into.number += cell.number;
    }
    into.count += cell.count;
    return true;
}

bool RawRows::merge(const RawRows& other, const Watch& watch) {
    const auto size = static_cast<std::uint32_t>(other.size());
    std::vector<std::uint32_t> rows(size);
    for (std::uint32_t i = 0; i < size; ++i) {
        if (i % kRowsBetweenLooks == 0 && watch.ended()) return false;
        if (i % kWaiting == 0) fetch_rows(other.index_, i, std::min<std::uint32_t>(i + kWaiting, size));
        rows[i] = row_of(other.index_.hash(i), other.index_.number(i), other.index_.text(i));
        if (rows[i] == RawIndex::kNone || !merge_row(other, i, rows[i])) return false;
    }
    for (std::uint32_t i = 0; i < other.pairs_.size(); ++i) {
        if (i % kRowsBetweenLooks == 0 && watch.ended()) return false;
        if (!add_pair(rows[static_cast<std::size_t>(other.pairs_.number(i))], other.pairs_.text(i),
                      other.pair_counts_[i]))
            return false;
    }
    return true;
}

// ---- reading -------------------------------------------------------------------------------------------------------

Value RawRows::value_of(std::size_t row, const std::vector<double>& percentiles, std::size_t top) const {
    Value value;
    switch (aggregate_) {
        case Aggregate::Count:
            value.number = static_cast<std::int64_t>(cells_[row].count);
            break;
        case Aggregate::Gauge:
            value.number = net(row);
            break;
        case Aggregate::Sum:
        case Aggregate::Min:
        case Aggregate::Max:
            value.micros = true;
            value.number = clamped(cells_[row].number, value.saturated);
            break;
        case Aggregate::Avg:
            value.micros = true;
            value.number = static_cast<std::int64_t>(mean(cells_[row].number, cells_[row].count));
            break;
        case Aggregate::Last:
            value.text = newest_[row].text;
            break;
        case Aggregate::Distinct: {
            const DistinctCount count = sets_[row].distinct();
            value.number = static_cast<std::int64_t>(count.count);
            value.exact = count.exact;
            value.relative_error = count.relative_error;
            break;
        }
        case Aggregate::TopK: {
            if (pairs_wanted_) break;
            TopList list = sets_[row].top(top);
            value.top = std::move(list.items);
            value.exact = list.exact;
            value.missing_at_most = list.missing_at_most;
            break;
        }
        case Aggregate::Percentile:
            value.micros = true;
            value.exact = false;
            value.relative_error = kQuantileError;
            for (const double p : percentiles)
                if (const auto at = sets_[row].quantile(p / 100)) value.percentiles.push_back(*at);
            if (!value.percentiles.empty()) value.number = value.percentiles.front();
            break;
    }
    return value;
}

std::vector<Value> RawRows::values(const std::vector<double>& percentiles, std::size_t top, const Watch& watch) const {
    std::vector<Value> out;
    out.reserve(size());
    for (std::size_t row = 0; row < size(); ++row) {
        if (row % kRowsBetweenLooks == 0 && watch.ended()) return out;
        out.push_back(value_of(row, percentiles, top));
    }
    if (pairs_wanted_) add_top(out, top, watch);
    return out;
}

// Pairs by row, then the first of each row's.
void RawRows::add_top(std::vector<Value>& values, std::size_t top, const Watch& watch) const {
    std::vector<std::uint32_t> begin(size() + 1, 0), order(pairs_.size());
    for (std::uint32_t i = 0; i < pairs_.size(); ++i) ++begin[static_cast<std::size_t>(pairs_.number(i)) + 1];
    for (std::size_t row = 0; row < size(); ++row) begin[row + 1] += begin[row];
    std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
    for (std::uint32_t i = 0; i < pairs_.size(); ++i) order[next[static_cast<std::size_t>(pairs_.number(i))]++] = i;
    for (std::size_t row = 0; row < size(); ++row) {
        if (row % kRowsBetweenLooks == 0 && watch.ended()) return;
        const auto first = order.begin() + begin[row], last = order.begin() + begin[row + 1];
        const auto shown = first + static_cast<std::ptrdiff_t>(std::min<std::size_t>(top, begin[row + 1] - begin[row]));
        std::partial_sort(first, shown, last, [this](std::uint32_t a, std::uint32_t b) {
            if (pair_counts_[a] != pair_counts_[b]) return pair_counts_[a] > pair_counts_[b];
            return pairs_.text(a) < pairs_.text(b);
        });
        for (auto pair = first; pair != shown; ++pair)
            values[row].top.push_back({std::string(pairs_.text(*pair)), pair_counts_[*pair], 0});
    }
}

}  // namespace streamgauge::query
