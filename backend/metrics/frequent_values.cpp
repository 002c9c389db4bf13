// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/frequent_values.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "metrics/byte_code.h"
#include "metrics/hash.h"

namespace streamgauge {
namespace {

constexpr char kForm = 'T';
constexpr std::size_t kDigestDigits = 16;
constexpr std::uint64_t kLargestCount = std::uint64_t{1} << 60;  // leaves room for sums
constexpr std::string_view kCut = "\xE2\x80\xA6#";               // an ellipsis

// What a value is known by: itself, or its beginning, cut between characters, and its hash in hexadecimal digits.
std::string_view known_as(std::string_view value, std::uint64_t hash, std::string& scratch) {
    if (value.size() <= kTopValueBytes) return value;
    std::size_t end = kTopValueBytes - kCut.size() - kDigestDigits;
    while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
    scratch.assign(value.substr(0, end));
    scratch += kCut;
    for (int shift = 60; shift >= 0; shift -= 4) scratch.push_back("0123456789abcdef"[(hash >> shift) & 0xf]);
    return scratch;
}

std::uint64_t cost_of(std::string_view value) {
    return 4 + value.size() / 16;
}

// More often first, then by value: the order of answers, and of what is kept when lists are merged.
template <class Item>
bool ranks_before(const Item& a, const Item& b) {
    return a.count != b.count ? a.count > b.count : a.value < b.value;
}

}  // namespace

std::size_t FrequentValues::home(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash * factor_) >> 32) & (index_.size() - 1);
}

std::uint32_t FrequentValues::find(std::string_view value, std::uint64_t hash) const {
    if (index_.empty()) return kNone;
    for (std::size_t at = home(hash); index_[at] != 0; at = (at + 1) & (index_.size() - 1)) {
        const Item& item = items_[index_[at] - 1];
        if (item.hash == hash && item.value == value) return index_[at] - 1;
    }
    return kNone;
}

void FrequentValues::index_item(std::uint32_t item) {
    std::size_t at = home(items_[item].hash);
    while (index_[at] != 0) at = (at + 1) & (index_.size() - 1);
    index_[at] = item + 1;
}

// By shifting back (Knuth, TAOCP vol. 3, section 6.4, algorithm R).
void FrequentValues::forget_item(std::uint32_t item) {
    const std::size_t mask = index_.size() - 1;
    std::size_t hole = home(items_[item].hash);
    while (index_[hole] != item + 1) hole = (hole + 1) & mask;
    for (std::size_t next = (hole + 1) & mask; index_[next] != 0; next = (next + 1) & mask) {
        if (((next - home(items_[index_[next] - 1].hash)) & mask) < ((next - hole) & mask)) continue;
        index_[hole] = index_[next];
        hole = next;
    }
    index_[hole] = 0;
}

void FrequentValues::rebuild_index() {
    std::size_t slots = 8;
    while (items_.size() * 8 > slots * 5) slots *= 2;
    factor_ = process_factor();
    index_.assign(slots, 0);
    for (std::uint32_t i = 0; i < items_.size(); ++i) index_item(i);
}

void FrequentValues::insert(std::string_view value, std::uint64_t hash, std::uint64_t count, std::uint64_t error) {
    items_.push_back({hash, count, error, std::string(value)});
    text_bytes_ += value.size();
    cost_ += cost_of(value);
    if (items_.size() * 8 > index_.size() * 5)
        rebuild_index();
    else
        index_item(static_cast<std::uint32_t>(items_.size() - 1));
}

// Counts only grow, so an item whose count at the top of the heap is still right is the lowest of all.
std::uint32_t FrequentValues::lowest() {
    const auto later = [this](const Candidate& a, const Candidate& b) { return goes_before(b, a); };
    if (lowest_.size() != items_.size()) {
        lowest_.clear();
        for (std::uint32_t i = 0; i < items_.size(); ++i) lowest_.push_back({items_[i].count, i});
        std::make_heap(lowest_.begin(), lowest_.end(), later);
    }
    while (lowest_.front().count != items_[lowest_.front().item].count) {
        std::pop_heap(lowest_.begin(), lowest_.end(), later);
        lowest_.back().count = items_[lowest_.back().item].count;
        std::push_heap(lowest_.begin(), lowest_.end(), later);
    }
    return lowest_.front().item;
}

bool FrequentValues::goes_before(const Candidate& a, const Candidate& b) const {
    if (a.count != b.count) return a.count < b.count;
    const Item &x = items_[a.item], &y = items_[b.item];
    return x.hash != y.hash ? x.hash < y.hash : x.value < y.value;
}

// Precondition: `item` is at the top of the heap.
void FrequentValues::replace(std::uint32_t item, std::string_view value, std::uint64_t hash, std::uint64_t count,
                             std::uint64_t error) {
    const auto later = [this](const Candidate& a, const Candidate& b) { return goes_before(b, a); };
    std::pop_heap(lowest_.begin(), lowest_.end(), later);
    forget_item(item);
    Item& place = items_[item];
    text_bytes_ = text_bytes_ - place.value.size() + value.size();
    cost_ = cost_ - cost_of(place.value) + cost_of(value);
    place.hash = hash;
    place.count = count;
    place.error = error;
    place.value.assign(value);
    index_item(item);
    lowest_.back() = {count, item};
    std::push_heap(lowest_.begin(), lowest_.end(), later);
}

void FrequentValues::add(std::string_view value, std::uint64_t hash) {
    std::string scratch;
    value = known_as(value, hash, scratch);
    if (!scratch.empty()) hash = value_hash(value);
    changed_ = true;
    const std::uint32_t found = find(value, hash);
    if (found != kNone) {
        ++items_[found].count;
        return;
    }
    if (items_.size() < capacity_) {
        insert(value, hash, floor_ + 1, floor_);
        return;
    }
    sketch_ = true;
    const std::uint32_t item = lowest();
    floor_ = std::max(floor_, items_[item].count);
    replace(item, value, hash, floor_ + 1, floor_);
}

void FrequentValues::merge(const FrequentValues& other) {
    changed_ = true;
    lowest_.clear();
    // The floor of either list bounds what it may have seen of a value that it does not keep.
    const std::uint64_t floor = floor_, theirs = other.floor_;
    for (Item& item : items_) {
        const std::uint32_t found = other.find(item.value, item.hash);
        item.count += found == kNone ? theirs : other.items_[found].count;
        item.error += found == kNone ? theirs : other.items_[found].error;
    }
    for (const Item& item : other.items_)
        if (find(item.value, item.hash) == kNone) insert(item.value, item.hash, item.count + floor, item.error + floor);
    floor_ = floor + theirs;
    sketch_ = sketch_ || other.sketch_ || items_.size() > kTopItems;
    capacity_ = std::max(capacity_, other.capacity_);
    shrink();
}

void FrequentValues::shrink() {
    if (items_.size() <= capacity_) return;
    std::sort(items_.begin(), items_.end(), ranks_before<Item>);
    floor_ = std::max(floor_, items_[capacity_].count);
    items_.resize(capacity_);
    text_bytes_ = cost_ = 0;
    for (const Item& item : items_) {
        text_bytes_ += item.value.size();
        cost_ += cost_of(item.value);
    }
    rebuild_index();
}

void FrequentValues::to_sketch() {
    if (sketch_) return;
    sketch_ = true;
    capacity_ = static_cast<std::uint32_t>(std::clamp(items_.size(), kFewItems, kTopItems));
    changed_ = true;
}

std::uint64_t FrequentValues::exact_cost(std::string_view value, std::uint64_t hash) const {
    if (sketch_ || items_.size() >= capacity_) return 0;
    std::string scratch;
    value = known_as(value, hash, scratch);
    if (!scratch.empty()) hash = value_hash(value);
    return find(value, hash) == kNone ? cost_of(value) : 0;
}

std::size_t FrequentValues::memory_bytes() const {
    return items_.capacity() * sizeof(Item) + index_.capacity() * sizeof(std::uint32_t) +
           lowest_.capacity() * sizeof(Candidate) + text_bytes_;
}

TopList FrequentValues::top(std::size_t most) const {
    std::vector<std::uint32_t> order(items_.size());
    std::iota(order.begin(), order.end(), 0U);
    const std::size_t wanted = std::min(most, order.size());
    const auto before = [this](std::uint32_t a, std::uint32_t b) { return ranks_before(items_[a], items_[b]); };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(), before);
    TopList list;
    list.exact = floor_ == 0;
    list.missing_at_most = floor_;
    for (std::size_t i = 0; i < wanted; ++i) {
        const Item& item = items_[order[i]];
        list.items.push_back({item.value, item.count, item.error});
    }
    return list;
}

std::optional<SetChange> FrequentValues::take_change() {
    if (!changed_) return std::nullopt;
    changed_ = false;
    return SetChange{true, canonical()};
}

std::string FrequentValues::canonical() const {
    std::vector<std::uint32_t> order(items_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(),
              [this](std::uint32_t a, std::uint32_t b) { return items_[a].value < items_[b].value; });
    std::string out(1, kForm);
    put_varint(out, sketch_ ? 1 : 0);
    put_varint(out, capacity_);
    put_varint(out, floor_);
    put_varint(out, items_.size());
    for (const std::uint32_t i : order) {
        put_text(out, items_[i].value);
        put_varint(out, items_[i].count);
        put_varint(out, items_[i].error);
    }
    return out;
}

Result<FrequentValues> FrequentValues::decode(const std::vector<std::string_view>& bytes) {
    const auto corrupt = [](const char* what) {
        return Error::make(ErrorCode::Corrupt, std::string("state of most frequent values: ") + what);
    };
    if (bytes.size() != 1 || bytes.front().empty() || bytes.front().front() != kForm) return corrupt("no such form");
    ByteReader reader(bytes.front().substr(1));
    FrequentValues counts;
    const std::uint64_t sketch = reader.varint(), capacity = reader.varint();
    counts.floor_ = reader.varint();
    const std::uint64_t size = reader.varint();
    if (reader.failed() || sketch > 1 || capacity < kFewItems || capacity > kTopItems || size > capacity)
        return corrupt("no such sizes");
    if (sketch == 0 && (capacity != kTopItems || counts.floor_ != 0)) return corrupt("exact and bounded at once");
    counts.sketch_ = sketch == 1;
    counts.capacity_ = static_cast<std::uint32_t>(capacity);
    // Each takes at least three bytes: a size that is made up does not make memory.
    counts.items_.reserve(std::min<std::size_t>(size, reader.left() / 3));
    for (std::uint64_t i = 0; i < size; ++i) {
        const std::string_view value = reader.text(kTopValueBytes);
        const std::uint64_t count = reader.varint(), error = reader.varint();
        if (reader.failed() || count == 0 || count > kLargestCount || error >= count || error > counts.floor_)
            return corrupt("no such count");
        if (i > 0 && counts.items_.back().value >= value) return corrupt("out of order");
        counts.insert(value, value_hash(value), count, error);
    }
    if (!reader.done()) return corrupt("no such length");
    counts.changed_ = false;
    return counts;
}

}  // namespace streamgauge
