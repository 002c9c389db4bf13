// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/answer.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/wrong_field.h"
#include "metrics/set_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace streamgauge::query {
namespace {

constexpr std::size_t kMostRows = 10'000;
constexpr std::size_t kMostPercentiles = 16;
constexpr std::size_t kMostGroups = 16;

// Each part with its length before it, so that no two questions run into one.
void put(std::string& out, std::string_view part) {
    out += std::to_string(part.size());
    out += ':';
    out += part;
}
template <class Number>
void put_number(std::string& out, Number number) {
    if constexpr (std::is_floating_point_v<Number>) {
        put(out, std::to_string(std::bit_cast<std::uint64_t>(static_cast<double>(number))));
    } else {
        put(out, std::to_string(static_cast<std::int64_t>(number)));
    }
}
void put_fields(std::string& out, const std::vector<FieldPath>& fields) {
    put_number(out, fields.size());
    for (const FieldPath& field : fields) put(out, to_text(field));
}

void put_reading(std::string& out, const Reading& reading) {
    put_number(out, reading.steps.range().from.micros);
    put_number(out, reading.steps.range().to.micros);
    put_number(out, reading.pieces.size());
    for (const Piece& piece : reading.pieces) {
        put_number(out, piece.tier);
        put_number(out, piece.from);
        put_number(out, piece.to);
    }
}

// ---- cursors
constexpr std::size_t kWords = 6;  // five of the cursor, and the check
using Words = std::array<std::uint64_t, kWords>;
constexpr std::uint64_t kCheckSeed = 0x73675F6375727331;  // of this form of cursors
constexpr std::size_t kWordDigits = 16;

std::uint64_t check_of(const Words& words) {
    return XXH3_64bits_withSeed(words.data(), (kWords - 1) * sizeof(std::uint64_t), kCheckSeed);
}

std::vector<std::string> values_of(std::string_view group, std::size_t fields, bool other) {
    std::vector<std::string> values;
    values.reserve(fields);
    for (std::size_t i = 0; i < fields; ++i) {
        const std::size_t end = i + 1 < fields ? group.find(kGroupSeparator) : std::string_view::npos;
        values.emplace_back(group.substr(0, end));
        group = end == std::string_view::npos ? std::string_view() : group.substr(end + 1);
        if (end == std::string_view::npos && i + 1 < fields && other) group = kOtherGroup;
    }
    return values;
}

}  // namespace

Status check_question(const PointsQuery& query) {
    if (query.raw.has_value() == !query.metric.empty())
        return wrong_field("metric", query.raw ? "either metric or aggregate, not both" : "metric is missing");
    if (query.limit < 1 || query.limit > kMostRows) return wrong_field("limit", "limit must be 1 to 10000");
    if (query.percentiles.size() > kMostPercentiles) return wrong_field("percentiles", "at most 16 percentiles");
    if (query.group_by.size() > kMostGroups) return wrong_field("group_by", "at most 16 fields");
    for (std::size_t i = 0; i < query.group_by.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (query.group_by[i] == query.group_by[j])
                return wrong_field("group_by", "group_by names " + to_text(query.group_by[i]) + " twice");
    if (query.top < 1 || query.top > 1'000) return wrong_field("top", "top must be 1 to 1000");
    return {};
}

std::string canonical_text(const PointsQuery& query) {
    std::string out = "1;";
    put(out, query.metric);
    put(out, query.project);
    if (query.raw) {
        put_number(out, query.raw->aggregate);
        put_fields(out, query.raw->of);
        put_number(out, query.raw->percentile);
        put(out, query.raw->plus.text());
        put(out, query.raw->minus.text());
        put_number(out, query.raw->time);
    }
    put_number(out, query.step_micros);
    put(out, query.timezone);
    put_fields(out, query.group_by);
    put(out, query.filter.text());
    put_number(out, query.percentiles.size());
    for (const double percentile : query.percentiles) put_number(out, percentile);
    put_number(out, query.top);
    const Order order = query.order.value_or(Order{});
    put_number(out, order.by);
    put_number(out, order.descending ? 1 : 0);
    put_number(out, query.compare ? 1 : 0);
    return out;
}

std::string canonical_text(const PointsQuery& query, const Plan& plan) {
    PointsQuery unordered = query;  // whatever the order, the table is the same
    unordered.order.reset();
    std::string out = canonical_text(unordered);
    // What may change while the id stays.
    put_number(out, plan.metric->definition.id);
    put(out, plan.metric->definition.unit);
    put_number(out, plan.metric->definition.percentile);
    put_reading(out, plan.now);
    if (plan.before) put_reading(out, *plan.before);
    if (plan.before_kept_from) put_number(out, plan.before_kept_from->micros);  // levels are read by the same pieces
    return out;
}

std::uint64_t question_hash(const PointsQuery& query) {
    const std::string text = canonical_text(query);
    return XXH3_64bits(text.data(), text.size());
}

std::string to_text(const Cursor& cursor) {
    Words words{cursor.question,
                static_cast<std::uint64_t>(cursor.range.from.micros),
                static_cast<std::uint64_t>(cursor.range.to.micros),
                cursor.position,
                cursor.digest,
                0};
    words.back() = check_of(words);
    std::string out;
    for (const std::uint64_t word : words)
        for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(word >> shift) & 15];
    return out;
}

Result<Cursor> parse_cursor(std::string_view text, const PointsQuery& query) {
    Words words{};
    bool right = text.size() == kWords * kWordDigits;
    for (std::size_t i = 0; right && i < kWords; ++i) {
        const std::string_view digits = text.substr(i * kWordDigits, kWordDigits);
        const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), words.at(i), 16);
        right = failed == std::errc{} && end == digits.data() + digits.size();
    }
    if (!right || words.back() != check_of(words))
        return wrong_field("cursor", "this is no cursor of an answer of this server");
    Cursor cursor;
    cursor.question = words[0];
    cursor.range = {{static_cast<std::int64_t>(words[1])}, {static_cast<std::int64_t>(words[2])}};
    cursor.position = words[3];
    cursor.digest = words[4];
    if (cursor.question != question_hash(query))
        return wrong_field("cursor", "the cursor is of another question: only limit, from and to may differ");
    return cursor;
}

PointsAnswer cut_page(const Answer& answer, const PointsQuery& query, TimeRange asked, std::size_t position,
                      std::optional<Timestamp> as_of) {
    PointsAnswer out = answer.head;
    out.as_of = as_of;
    const auto open = [&](Timestamp end) {
        return !as_of || end == kAllTime.to || *as_of < end.plus_micros(answer.lateness_micros);
    };
    out.last_window_open = open(answer.steps.range().to);
    const std::vector<std::uint32_t> rows = answer.table.page(query.order.value_or(Order{}), position, query.limit);
    std::optional<Table::Index> before;
    if (answer.before && !rows.empty()) before.emplace(*answer.before);
    out.points.reserve(rows.size());
    for (const std::uint32_t row : rows) {
        Point point;
        const std::uint32_t step = answer.table.step(row);
        point.start = answer.steps.start(step);
        point.end = answer.steps.end(step);
        point.group = values_of(answer.table.group(row), query.group_by.size(), answer.table.other(row));
        point.value = answer.table.value(row);
        if (before) {
            const auto found = before->find(step, answer.table.group(row));
            point.previous = found ? answer.before->value(*found) : empty_value(answer.head.aggregate);
            if (const auto& kept = answer.head.previous_complete_from) {
                // A metric's level goes on from what is gone; one over events begins with those that are kept.
                const bool level = answer.head.aggregate == Aggregate::Gauge;
                const bool over_events = answer.head.metric.empty();
                const bool known = *kept < answer.steps_before->end(step);
                if (!known) {
                    point.previous = Value{};
                    point.previous->exact = false;
                }
                point.previous_partial = known && (level ? over_events : answer.steps_before->start(step) < *kept);
            }
        }
        point.open = open(point.end);
        point.corrected = answer.table.corrected(row);
        point.other = answer.table.other(row);
        out.points.push_back(std::move(point));
    }
    if (position + rows.size() < answer.table.size())
        out.cursor = to_text(Cursor{question_hash(query), asked, position + rows.size(), answer.table.digest()});
    return out;
}

}  // namespace streamgauge::query
