// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace streamgauge::query {
namespace {

bool is_plain(const Value& value) {
    return !value.text && value.top.empty() && value.missing_at_most == 0 && value.percentiles.empty() && value.exact;
}

std::size_t bytes_of(const Value& value) {
    std::size_t bytes = sizeof(Value) + value.percentiles.size() * sizeof(std::int64_t);
    if (value.text) bytes += value.text->size();
    for (const TopItem& item : value.top) bytes += sizeof(TopItem) + item.value.size();
    return bytes;
}

std::uint64_t hash_of(std::uint32_t step, std::string_view group) {
    return XXH3_64bits_withSeed(group.data(), group.size(), step);
}

template <class Number>
std::uint64_t mix(std::uint64_t hash, Number number) {
    return XXH3_64bits_withSeed(&number, sizeof number, hash);
}

std::uint64_t mix_text(std::uint64_t hash, std::string_view text) {
    return XXH3_64bits_withSeed(text.data(), text.size(), hash + text.size());
}

}  // namespace

Value empty_value(Aggregate aggregate) {
    Value value;
    value.micros = aggregate == Aggregate::Sum || aggregate == Aggregate::Min || aggregate == Aggregate::Max ||
                   aggregate == Aggregate::Avg || aggregate == Aggregate::Percentile;
    if (aggregate == Aggregate::Count || aggregate == Aggregate::Sum || aggregate == Aggregate::Distinct ||
        aggregate == Aggregate::Gauge)
        value.number = 0;
    return value;
}

void Table::add(std::uint32_t step, std::string_view group, Value value, std::uint64_t corrected, bool other) {
    Row row{};
    row.step = step;
    row.group = static_cast<std::uint32_t>(groups_.size());
    row.group_size = static_cast<std::uint32_t>(group.size());
    row.number = value.number.value_or(0);
    row.has_number = value.number.has_value();
    row.micros = value.micros;
    row.saturated = value.saturated;
    row.corrected = corrected;
    row.other = other;
    if (!is_plain(value)) {
        values_.push_back(std::move(value));
        row.full = static_cast<std::uint32_t>(values_.size());
    }
    groups_ += group;
    rows_.push_back(row);
}

void Table::fill_steps(std::size_t steps, const Value& zero) {
    std::vector<bool> there(steps);
    for (const Row& row : rows_) there[row.step] = true;
    for (std::size_t step = 0; step < steps; ++step)
        if (!there[step]) add(static_cast<std::uint32_t>(step), {}, zero, 0, false);
}

void Table::fill_from(const Table& before, const Value& zero) {
    std::vector<std::uint32_t> missing;
    {
        const Index index(*this);
        for (std::uint32_t row = 0; row < before.size(); ++row)
            if (!index.find(before.step(row), before.group(row))) missing.push_back(row);
    }
    for (const std::uint32_t row : missing) add(before.step(row), before.group(row), zero, 0, before.other(row));
}

std::size_t Table::memory_bytes() const {
    std::size_t bytes = rows_.capacity() * sizeof(Row) + groups_.capacity();
    for (const Value& value : values_) bytes += bytes_of(value);
    return bytes;
}

Value Table::value(std::size_t row) const {
    const Row& of = rows_[row];
    if (of.full != 0) return values_[of.full - 1];
    Value value;
    if (of.has_number) value.number = of.number;
    value.micros = of.micros;
    value.saturated = of.saturated;
    return value;
}

bool Table::before(const Row& a, const Row& b, const Order& order) const {
    if (order.by == Order::By::Value) {
        if (a.has_number != b.has_number) return a.has_number;
        if (a.number != b.number) return order.descending ? a.number > b.number : a.number < b.number;
    }
    if (order.by == Order::By::Group) {
        const int groups = group_of(a).compare(group_of(b));
        if (groups != 0) return order.descending ? groups > 0 : groups < 0;
    }
    if (a.step != b.step) return order.by == Order::By::Time && order.descending ? a.step > b.step : a.step < b.step;
    return group_of(a) < group_of(b);
}

std::vector<std::uint32_t> Table::page(const Order& order, std::size_t position, std::size_t limit) const {
    if (position >= rows_.size()) return {};
    std::vector<std::uint32_t> rows(rows_.size());
    std::iota(rows.begin(), rows.end(), 0U);
    const auto at = [&rows](std::size_t index) { return rows.begin() + static_cast<std::ptrdiff_t>(index); };
    const auto first = [&](std::uint32_t a, std::uint32_t b) { return before(rows_[a], rows_[b], order); };
    const std::size_t end = std::min(rows.size(), position + limit);
    if (end < rows.size()) std::nth_element(rows.begin(), at(end), rows.end(), first);
    if (position > 0) std::nth_element(rows.begin(), at(position), at(end), first);
    std::sort(at(position), at(end), first);
    return {at(position), at(end)};
}

Table::Index::Index(const Table& table)
    : table_(table), rows_(std::bit_ceil(std::max<std::size_t>(16, table.size() * 2))) {
    const std::size_t mask = rows_.size() - 1;
    for (std::uint32_t row = 0; row < table.size(); ++row) {
        std::size_t at = hash_of(table.step(row), table.group(row)) & mask;
        while (rows_[at] != 0) at = (at + 1) & mask;
        rows_[at] = row + 1;
    }
}

std::optional<std::size_t> Table::Index::find(std::uint32_t step, std::string_view group) const {
    const std::size_t mask = rows_.size() - 1;
    for (std::size_t at = hash_of(step, group) & mask; rows_[at] != 0; at = (at + 1) & mask) {
        const std::size_t row = rows_[at] - 1;
        if (table_.step(row) == step && table_.group(row) == group) return row;
    }
    return std::nullopt;
}

std::uint64_t Table::digest() const {
    std::uint64_t sum = rows_.size();
    for (const Row& row : rows_) {
        std::uint64_t hash = mix(hash_of(row.step, group_of(row)), row.number);
        hash = mix(hash, static_cast<std::uint64_t>(row.has_number) * 2 + static_cast<std::uint64_t>(row.saturated));
        if (row.full != 0) {
            const Value& value = values_[row.full - 1];
            if (value.text) hash = mix_text(hash, *value.text);
            for (const TopItem& item : value.top) hash = mix(mix(mix_text(hash, item.value), item.count), item.error);
            for (const std::int64_t percentile : value.percentiles) hash = mix(hash, percentile);
            hash = mix(mix(hash, value.missing_at_most), static_cast<std::uint64_t>(value.exact));
        }
        sum += hash;
    }
    return sum;
}

}  // namespace streamgauge::query
