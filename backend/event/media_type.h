// SPDX-License-Identifier: GPL-3.0-or-later
// What a Content-Type says, as far as decoders ask.
#pragma once

#include <string_view>

namespace streamgauge {

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII
// "application/json; charset=utf-8" -> "application/json", without surrounding space.
std::string_view media_type(std::string_view content_type);
// One JSON value a line: application/x-ndjson and its other names.
bool names_ndjson(std::string_view content_type);

}  // namespace streamgauge
