// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/body_keys.h"

#include <array>
#include <span>

namespace streamgauge {
namespace {

constexpr std::array<std::string_view, 1> kSegment{"\"writeKey\""};
constexpr std::array<std::string_view, 3> kPostHog{"\"api_key\"", "\"token\"", "\"$token\""};

std::span<const std::string_view> names_in(Dialect dialect) {
    switch (dialect) {
        case Dialect::Segment:
            return kSegment;
        case Dialect::PostHog:
        case Dialect::PostHogV1:
            return kPostHog;
        default:
            return {};
    }
}

// Masks the string that follows `:` at `at`, if one does.
void mask_value(std::string& text, std::size_t at) {
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string::npos || text[at] != ':') return;
    at = text.find_first_not_of(" \t\r\n", at + 1);
    if (at == std::string::npos || text[at] != '"') return;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) text[at++] = '*';
        text[at] = '*';
    }
}

}  // namespace

std::string with_keys_masked(std::string_view body, Dialect dialect) {
    std::string text(body);
    for (const std::string_view name : names_in(dialect))
        for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + name.size()))
            mask_value(text, at + name.size());
    return text;
}

}  // namespace streamgauge
