// SPDX-License-Identifier: GPL-3.0-or-later
// Query parameters of one request, checked: the first fault is kept, and what is not known is ignored and counted.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "http/types.h"
#include "metrics/filter.h"

namespace streamgauge {

// What stands in the parameter `filter`. InvalidArgument with that in `field` and the byte at fault in `offset`.
Result<Filter> filter_parameter(std::string_view text);

// Valid as long as the request.
class Parameters {
public:
    explicit Parameters(const http::Request& request) : request_(request) {}

    // The value as a whole number from `low` to `high`; `fallback` when the parameter is absent.
    int integer(std::string_view name, int fallback, int low, int high);
    // The value as text of valid UTF-8 without U+0000, at most `max_bytes`; empty when absent.
    std::string text(std::string_view name, std::size_t max_bytes);
    // The same, but absent or empty is a fault.
    std::string required_text(std::string_view name, std::size_t max_bytes);
    // The index of the value in `words`, 0 when absent.
    std::size_t word(std::string_view name, std::initializer_list<std::string_view> words);

    // The value as a position or number: a whole number from 0; nullopt when absent.
    std::optional<std::uint64_t> number(std::string_view name);
    // The value as "true" or "false"; nullopt when absent.
    std::optional<bool> truth(std::string_view name);
    // The value as a point in time, in RFC 3339 or as epoch seconds or milliseconds; nullopt when absent.
    std::optional<Timestamp> time(std::string_view name);
    // Parameters whose names begin with `prefix`: what stands behind it, and the value as text() gives it. Of those
    // with the same name the first.
    std::vector<std::pair<std::string, std::string>> with_prefix(std::string_view prefix, std::size_t max_bytes);

    // InvalidArgument with the parameter's name in `field`; none when all were right.
    const std::optional<Error>& fault() const { return fault_; }
    // Parameters of the request that nobody asked for; `prefix` is of those that with_prefix() took.
    std::size_t unknown(std::initializer_list<std::string_view> known, std::string_view prefix = {}) const;
    // For routes where they are a fault: the first of them becomes one.
    void refuse_unknown(std::initializer_list<std::string_view> known);
    // A fault that only the route can see: "name message".
    void refuse(std::string_view name, std::string message) { fail(name, std::move(message)); }

private:
    void fail(std::string_view name, std::string message);
    // Names of the request's parameters, decoded, in its order.
    std::vector<std::string> names() const;

    const http::Request& request_;
    std::optional<Error> fault_;
};

}  // namespace streamgauge
