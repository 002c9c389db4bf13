// SPDX-License-Identifier: GPL-3.0-or-later
// Small text helpers of the HTTP layer: ASCII case, percent-decoding, JSON strings.
#pragma once

#include <string>
#include <string_view>

namespace streamgauge::http {

constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
    }
    return true;
}

// Without spaces and tabs at both ends.
constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// True when `token` is an element of the comma-separated list `list`, case-insensitive ("keep-alive, Upgrade").
bool list_has(std::string_view list, std::string_view token);

// Percent-decoded; a '%' that two hex digits do not follow stays as it is. `plus_is_space`: form rules, for queries.
std::string percent_decode(std::string_view text, bool plus_is_space);

// Appends `text` as a JSON string with its quotes. Bytes that are no valid UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace streamgauge::http
