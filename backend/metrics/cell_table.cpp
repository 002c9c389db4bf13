// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/cell_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <numeric>

#include "metrics/decimal.h"
#include "metrics/hash.h"

namespace streamgauge {
namespace {

constexpr std::size_t kFirstIndex = 64;
constexpr std::size_t kKeptIndex = 1 << 18;  // clear() gives larger tables back

bool at_an_end(std::int64_t sum) {
    return sum == std::numeric_limits<std::int64_t>::max() || sum == std::numeric_limits<std::int64_t>::min();
}

std::int64_t add_sums(std::int64_t a, std::int64_t b) {
    if (at_an_end(a)) return a;
    return at_an_end(b) ? b : saturating_add(a, b);
}

}  // namespace

void merge_cell(Aggregate aggregate, Cell& into, const Cell& later) {
    switch (aggregate) {
        case Aggregate::Min:
            if (later.count > 0 && (into.count == 0 || later.value < into.value)) into.value = later.value;
            break;
        case Aggregate::Max:
            if (later.count > 0 && (into.count == 0 || later.value > into.value)) into.value = later.value;
            break;
        case Aggregate::Last:
            if (later.count > 0 && (into.count == 0 || later.value >= into.value)) {
                into.value = later.value;
                into.text = later.text;
            }
            break;
        default:
            into.value = add_sums(into.value, later.value);
    }
    into.count = saturating_add(into.count, later.count);
    into.late = saturating_add(into.late, later.late);
}

Cell CellTable::cell_of(const Entry& entry) const {
    return {entry.value, entry.count, entry.late, {texts_.data() + entry.text, entry.text_size}};
}

void CellTable::put_text(Entry& entry, std::string_view text) {
    if (text.size() > entry.text_room) {
        // Room in powers of two: what longer and longer texts leave behind is no more than they take.
        const std::size_t room = std::bit_ceil(text.size());
        entry.text = static_cast<std::uint32_t>(texts_.size());
        entry.text_room = static_cast<std::uint32_t>(room);
        texts_.resize(texts_.size() + room);
    }
    text.copy(texts_.data() + entry.text, text.size());
    entry.text_size = static_cast<std::uint32_t>(text.size());
}

void CellTable::merge(Entry& entry, const Cell& cell) {
    if (aggregate_ == Aggregate::Count) {  // as merge_cell() does it
        entry.value = add_sums(entry.value, cell.value);
        entry.count = saturating_add(entry.count, cell.count);
        entry.late = saturating_add(entry.late, cell.late);
        return;
    }
    Cell merged = cell_of(entry);
    merge_cell(aggregate_, merged, cell);
    entry.value = merged.value;
    entry.count = merged.count;
    entry.late = merged.late;
    if (aggregate_ == Aggregate::Last && merged.text.data() == cell.text.data()) put_text(entry, cell.text);
}

void CellTable::add(std::int64_t window, std::string_view group, const Cell& cell) {
    add(window, group, text_hash(group), cell);
}

void CellTable::add(std::int64_t window, std::string_view group, std::uint64_t group_hash, const Cell& cell) {
    const std::uint64_t hash = hash_of(window, group_hash);
    if (last_ < rows_.size() && is(rows_[last_], hash, window, group)) return merge(rows_[last_], cell);
    add_hashed(hash, window, group, cell);
}

void CellTable::add_hashed(std::uint64_t hash, std::int64_t window, std::string_view group, const Cell& cell) {
    if ((rows_.size() + 1) * 8 > index_.size() * 5) grow(index_.empty() ? kFirstIndex : index_.size() * 2);
    const std::size_t mask = index_.size() - 1;
    std::size_t at = home(hash);
    for (; index_[at] != 0; at = (at + 1) & mask) {
        if (((index_[at] ^ hash) & ~kRow) != 0) continue;
        const std::size_t row = (index_[at] & kRow) - 1;
        if (!is(rows_[row], hash, window, group)) continue;
        last_ = row;
        return merge(rows_[row], cell);
    }
    assert(texts_.size() + group.size() <= std::numeric_limits<std::uint32_t>::max());
    const auto group_at = static_cast<std::uint32_t>(texts_.size());
    texts_.append(group);
    Entry entry{hash, window, cell.value, cell.count, cell.late, group_at, static_cast<std::uint32_t>(group.size()),
                0,    0,      0};
    if (aggregate_ == Aggregate::Last) put_text(entry, cell.text);
    last_ = rows_.size();
    rows_.push_back(entry);
    index_[at] = (hash & ~kRow) | rows_.size();
}

void CellTable::add_all(const CellTable& finer, const Windows& windows, std::int64_t oldest_kept) {
    assert(&finer != this);
    WindowCursor cursor(windows);
    for (const Entry& entry : finer.rows_) {
        const std::int64_t window = cursor.start_of(entry.window);
        if (window < oldest_kept) continue;
        const std::uint64_t group_hash = hash_of(entry.window, entry.hash);  // it is its own inverse
        add_hashed(hash_of(window, group_hash), window, finer.group_of(entry), finer.cell_of(entry));
    }
}

std::optional<Cell> CellTable::find(std::int64_t window, std::string_view group) const {
    if (rows_.empty()) return std::nullopt;
    const std::uint64_t hash = hash_of(window, text_hash(group));
    const std::size_t mask = index_.size() - 1;
    for (std::size_t at = home(hash); index_[at] != 0; at = (at + 1) & mask) {
        const Entry& entry = rows_[(index_[at] & kRow) - 1];
        if (is(entry, hash, window, group)) return cell_of(entry);
    }
    return std::nullopt;
}

void CellTable::prefetch_group(std::int64_t window, std::uint64_t group_hash) const {
    const std::size_t row = find_hash(hash_of(window, group_hash));
    if (row >= rows_.size()) return;
    const std::string_view group = group_of(rows_[row]);
    __builtin_prefetch(group.data());
    __builtin_prefetch(group.data() + group.size());
}

void CellTable::reserve(std::size_t rows, std::size_t text_bytes) {
    rows_.reserve(rows);
    texts_.reserve(text_bytes);
    std::size_t slots = kFirstIndex;
    while ((rows + 1) * 8 > slots * 5) slots *= 2;
    if (rows > 0 && slots > index_.size()) grow(slots);
}

std::size_t CellTable::memory_bytes() const {
    return rows_.size() * sizeof(Entry) + index_.size() * sizeof(std::uint64_t) + texts_.size();
}

CellTable::Row CellTable::operator[](std::size_t index) const {
    const Entry& entry = rows_[index];
    return {entry.window, group_of(entry), cell_of(entry)};
}

std::vector<std::uint32_t> CellTable::sorted() const {
    // Groups have their beginning in common, the project at least: what decides is in the eight bytes after it.
    std::size_t common = rows_.empty() ? 0 : rows_[0].group_size;
    const std::string_view first = rows_.empty() ? std::string_view() : group_of(rows_[0]);
    for (const Entry& row : rows_) {
        const std::string_view group = group_of(row).substr(0, common);
        common =
            static_cast<std::size_t>(std::mismatch(group.begin(), group.end(), first.begin()).first - group.begin());
    }
    struct Key {
        std::int64_t window;
        std::uint64_t decides;
        std::uint32_t row;
    };
    std::vector<Key> keys;
    keys.reserve(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const std::string_view rest = group_of(rows_[i]).substr(common, 8);
        std::uint64_t decides = 0;
        for (std::size_t byte = 0; byte < 8; ++byte)
            decides = decides << 8 | (byte < rest.size() ? static_cast<unsigned char>(rest[byte]) : 0U);
        keys.push_back({rows_[i].window, decides, static_cast<std::uint32_t>(i)});
    }
    std::sort(keys.begin(), keys.end(), [this](const Key& a, const Key& b) {
        if (a.window != b.window) return a.window < b.window;
        if (a.decides != b.decides) return a.decides < b.decides;
        return group_of(rows_[a.row]) < group_of(rows_[b.row]);
    });
    std::vector<std::uint32_t> order(keys.size());
    std::transform(keys.begin(), keys.end(), order.begin(), [](const Key& key) { return key.row; });
    return order;
}

void CellTable::clear() {
    rows_.clear();
    texts_.clear();
    if (index_.size() > kKeptIndex) {
        index_ = {};
        rows_.shrink_to_fit();
        texts_.shrink_to_fit();
    } else {
        std::fill(index_.begin(), index_.end(), std::uint64_t{0});
    }
}

void CellTable::grow(std::size_t slots) {
    index_.assign(slots, 0);
    const std::size_t mask = index_.size() - 1;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        std::size_t at = home(rows_[row].hash);
        while (index_[at] != 0) at = (at + 1) & mask;
        index_[at] = (rows_[row].hash & ~kRow) | (row + 1);
    }
}

}  // namespace streamgauge
