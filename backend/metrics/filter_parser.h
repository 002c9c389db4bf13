// SPDX-License-Identifier: GPL-3.0-or-later
// From the filter language's text to its tree and back; metrics/filter.h has the language.
#pragma once

#include <string>
#include <string_view>

#include "metrics/filter.h"

namespace streamgauge {

// As it is written, with redundant nodes. At most kFilterBytes, kFilterNodes, and kFilterDepth - 1 brackets and "not"
// inside one another. InvalidArgument with the offset of what cannot be right.
Result<FilterNode> parse_filter(std::string_view text);

// Appends the text of a tree that has no redundant nodes.
void append_filter(std::string& out, const FilterNode& node);

// Appends a value or the name of a field as the language has it: bare, or in double quotes.
void append_value(std::string& out, std::string_view text);

// "starts_with"
std::string_view to_text(Operator op);

}  // namespace streamgauge
