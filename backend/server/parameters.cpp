// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/parameters.h"

#include <algorithm>
#include <charconv>

#include "api/json_writer.h"

namespace streamgauge {

void Parameters::fail(std::string_view name, std::string message) {
    if (fault_) return;
    fault_ = Error{ErrorCode::InvalidArgument, std::string(name) + " " + std::move(message), std::string(name), {}, {}};
}

int Parameters::integer(std::string_view name, int fallback, int low, int high) {
    const auto value = request_.query_parameter(name);
    if (!value) return fallback;
    int number = 0;
    const char* const end = value->data() + value->size();
    const auto read = std::from_chars(value->data(), end, number);
    if (value->empty() || read.ec != std::errc{} || read.ptr != end || number < low || number > high) {
        fail(name, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
        return fallback;
    }
    return number;
}

std::string Parameters::text(std::string_view name, std::size_t max_bytes) {
    auto value = request_.query_parameter(name);
    if (!value) return {};
    if (value->size() > max_bytes) {
        fail(name, "is longer than " + std::to_string(max_bytes) + " bytes");
    } else if (!api::valid_utf8(*value) || value->find('\0') != std::string::npos) {
        fail(name, "must be UTF-8 text without zero bytes");
    } else {
        return *std::move(value);
    }
    return {};
}

std::string Parameters::required_text(std::string_view name, std::size_t max_bytes) {
    std::string value = text(name, max_bytes);
    if (value.empty()) fail(name, "is missing");
    return value;
}

std::size_t Parameters::word(std::string_view name, std::initializer_list<std::string_view> words) {
    const auto value = request_.query_parameter(name);
    if (!value) return 0;
    const auto found = std::find(words.begin(), words.end(), *value);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    std::string all;
    for (const std::string_view one : words) all += (all.empty() ? "" : ", ") + std::string(one);
    fail(name, "must be one of " + all);
    return 0;
}

std::size_t Parameters::unknown(std::initializer_list<std::string_view> known) const {
    std::size_t count = 0;
    std::string_view rest = request_.query;
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        const std::string_view name = pair.substr(0, pair.find('='));
        if (!pair.empty() && std::find(known.begin(), known.end(), name) == known.end()) ++count;
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    }
    return count;
}

}  // namespace streamgauge
