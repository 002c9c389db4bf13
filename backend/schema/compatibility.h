// SPDX-License-Identifier: GPL-3.0-or-later
// Whether everything that one schema accepts is accepted by another: shown from their structure, or not at all.
#pragma once

#include <string>
#include <vector>

#include "schema/json_schema.h"

namespace streamgauge::schema {

struct Break {
    std::string pointer;  // RFC 6901, into the reader's schema
    std::string what;     // for a person: "is required", "cannot be shown: ..."
};

// What the reader would refuse of what the writer accepts; empty: nothing, for certain. Where the structure does not
// show it (anyOf, not, if, patterns, ...) that is a break, too, unless both say the same.
std::vector<Break> breaks(const JsonSchema& writer, const JsonSchema& reader);

}  // namespace streamgauge::schema
