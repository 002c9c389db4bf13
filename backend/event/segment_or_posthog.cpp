// SPDX-License-Identifier: GPL-3.0-or-later
// Whose request it is, on the paths that Segment and PostHog share.
#include <array>

#include "event/dialect.h"
#include "event/form_body.h"
#include "event/json_scan.h"
#include "event/media_type.h"

namespace streamgauge {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view without_space(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    return text;
}

bool is_text(std::string_view text, TextSpan span) {
    return span.end - span.begin > 2 && text[span.begin] == '"';
}

std::optional<Dialect> by_object(std::string_view text) {
    static constexpr std::array<std::string_view, 4> kNames{"api_key", "token", "$token", "writeKey"};
    const auto found = find_any_member(text, kNames);
    if (found && is_text(text, found->value)) return found->name == 3 ? Dialect::Segment : Dialect::PostHog;
    // A browser's single event has its token among the properties.
    const auto properties = find_member(text, "properties");
    if (!properties) return std::nullopt;
    const std::string_view inner = text.substr(properties->begin, properties->end - properties->begin);
    const auto token = find_member(inner, "token");
    return token && is_text(inner, *token) ? std::optional(Dialect::PostHog) : std::nullopt;
}

}  // namespace

std::optional<Dialect> segment_or_posthog(const DecodeInput& input) {
    const std::string_view authorization = input.header("Authorization");
    if (equal_ignoring_case(authorization.substr(0, 6), "Basic ")) return Dialect::Segment;
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    std::string_view text = input.body;
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    text = without_space(text);
    if (text.starts_with('[')) text = without_space(text.substr(1));
    if (text.starts_with('{')) return by_object(text);
    if (form_field(text, "data") || form_field(input.query, "compression")) return Dialect::PostHog;
    return std::nullopt;
}

}  // namespace streamgauge
