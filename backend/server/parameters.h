// SPDX-License-Identifier: GPL-3.0-or-later
// Query parameters of one request, checked: the first fault is kept, and what is not known is ignored and counted.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/types.h"

namespace streamgauge {

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

    // InvalidArgument with the parameter's name in `field`; none when all were right.
    const std::optional<Error>& fault() const { return fault_; }
    // Parameters of the request that nobody asked for.
    std::size_t unknown(std::initializer_list<std::string_view> known) const;

private:
    void fail(std::string_view name, std::string message);

    const http::Request& request_;
    std::optional<Error> fault_;
};

}  // namespace streamgauge
