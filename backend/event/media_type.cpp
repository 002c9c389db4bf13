// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/media_type.h"

namespace streamgauge {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

std::string_view media_type(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (!type.empty() && (type.front() == ' ' || type.front() == '\t')) type.remove_prefix(1);
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
    return type;
}

bool names_ndjson(std::string_view content_type) {
    const std::string_view type = media_type(content_type);
    for (const std::string_view known :
         {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}) {
        if (equal_ignoring_case(type, known)) return true;
    }
    return false;
}

}  // namespace streamgauge
