// SPDX-License-Identifier: GPL-3.0-or-later
// A question's whole answer, and the pages that are cut from it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "query/plan.h"
#include "query/query.h"
#include "query/table.h"

namespace streamgauge::query {

// Immutable: shared between the cache and those who cut pages.
struct Answer {
    PointsAnswer head;  // all but points and cursor; as_of is that of the state it was read from
    Steps steps{TimeRange{{0}, {1}}};
    std::optional<Steps> steps_before;
    std::int64_t lateness_micros = kMinuteMicros;
    Table table;
    std::optional<Table> before;  // compare

    std::size_t memory_bytes() const {
        return sizeof(*this) + table.memory_bytes() + (before ? before->memory_bytes() : 0);
    }
};
using AnswerPtr = std::shared_ptr<const Answer>;

// What is wrong with a question whatever it is about: limit, percentiles, group_by, compare. InvalidArgument with the
// member in Error::field.
Status check_question(const PointsQuery& query);

// One text for all ways to ask the same, but for range, limit and cursor.
std::string canonical_text(const PointsQuery& query);
// The same with the steps and windows that are read: equal for equal answers as long as no window of them changes.
std::string canonical_text(const PointsQuery& query, const Plan& plan);

// Where a page begins, and what it is a page of. As text it is opaque, and checked when it comes back. A question with
// a cursor has its range from there, so that "-15m" stays the same fifteen minutes from page to page.
struct Cursor {
    std::uint64_t question = 0;  // canonical_text() without a plan, hashed
    TimeRange range;             // as asked
    std::uint64_t position = 0;  // rows before the page
    std::uint64_t digest = 0;    // of the table
    bool operator==(const Cursor&) const = default;
};
std::uint64_t question_hash(const PointsQuery& query);
std::string to_text(const Cursor& cursor);
// InvalidArgument (field "cursor") for a text that is none, or is of another question than `query`.
Result<Cursor> parse_cursor(std::string_view text, const PointsQuery& query);

// The points from `position` on. `asked` is the range of the question, for the next cursor; as_of is the watermark now:
// what is open is told by it.
PointsAnswer cut_page(const Answer& answer, const PointsQuery& query, TimeRange asked, std::size_t position,
                      std::optional<Timestamp> as_of);

}  // namespace streamgauge::query
