// SPDX-License-Identifier: GPL-3.0-or-later
// The filter language: which events a metric takes, a question is about, or the console shows.
//
//   event_type = purchase and props.amount > 100 and not (user_id = u_1 or page_url starts_with "/admin")
//   event_type in (login, "sign up") and exists props.plan
//
// Operators: = != < <= > >= contains starts_with ends_with in exists; and, or, not, parentheses. Words are not
// case-sensitive, values are. A value is bare where it has only letters, digits and _ - . / : @ %, else in double
// quotes with JSON's escapes, so is the name of a field with other characters ("props.a b"), and a value that is one of
// the language's words. () is everything. = and != compare as decimal numbers where both sides are numbers ("1.0" = 1),
// else as bytes; < <= > >= as numbers, or as instants for occurred_at and received_at (RFC 3339, a date in UTC, or
// epoch seconds to nanoseconds), and are false where either side is neither. Numbers are of any size and compared
// exactly. A comparison with a field that is not there is false, != included; `not` turns that around.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/field.h"

namespace streamgauge {

enum class Operator : std::uint8_t {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    StartsWith,
    EndsWith,
    In,
    Exists,
};

// A filter as a tree, as the JSON form of questions has it. Leaves compare, inner nodes join.
struct FilterNode {
    enum class Kind : std::uint8_t { And, Or, Not, Compare };
    Kind kind = Kind::And;             // And without children: everything; Or without: nothing
    std::vector<FilterNode> children;  // And, Or: any number; Not: one
    FieldPath field;                   // Compare and the next two
    Operator op = Operator::Equal;
    std::vector<std::string> values;  // one; In: at least one; Exists: none
    bool operator==(const FilterNode&) const = default;
};

inline constexpr std::size_t kFilterBytes = 8192;  // of the text
inline constexpr std::size_t kFilterDepth = 32;
inline constexpr std::size_t kFilterNodes = 512;

// Immutable once made; copies are cheap and may be used on several threads.
class Filter {
public:
    Filter() = default;  // everything
    // InvalidArgument, with the byte offset of the fault in Error::offset and a message that says what was expected.
    static Result<Filter> parse(std::string_view text);
    static Result<Filter> from_tree(FilterNode tree);

    bool takes_everything() const;
    // Without needless nodes: And and Or have two or more children, none of their own kind; there is no "everything"
    // inside; nothing at all is Not of everything.
    const FilterNode& tree() const;
    // In one normal form: equal for equal trees, and parse() gives the tree again. Empty for everything, "not ()" for
    // nothing.
    std::string text() const;

    // What it looks at, each once. matches() gets their texts in this order.
    const std::vector<FieldPath>& fields() const;
    // Empty for a field that is not there, else as field.h and field_text() have it. Precondition: values.size() ==
    // fields().size(). Allocates nothing.
    bool matches(const std::string_view* values) const;
    // What it says of every event of this type, if that alone decides.
    std::optional<bool> decided_by_type(std::string_view event_type) const;
    // What it says of every event with these values (as for matches()), whatever its props are, if that decides.
    std::optional<bool> decided_without_props(const std::string_view* values) const;

private:
    struct Compiled;
    std::shared_ptr<const Compiled> compiled_;  // nullptr: everything
};

}  // namespace streamgauge
