// SPDX-License-Identifier: GPL-3.0-or-later
// What an objective says that its author will not have meant, in sentences with numbers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slo/burn_rate.h"

namespace streamgauge::slo {

// What is known of the traffic that the objective is about.
struct Traffic {
    Ratio counted;                    // over the part of the window that there is history of
    std::int64_t counted_micros = 0;  // how long that is; at most the window
    bool ever = false;                // there has been something to count
};

struct Warning {
    std::string field;  // the member of the objective that it is about: "rules[0].factor", "target", "least_bad", ...
    std::string text;
    bool operator==(const Warning&) const = default;
};

// In this order: rules that can never fire; a budget of less than one event; alerts by a handful of events, or that
// least_bad makes impossible; nothing to count, and nobody told; rules that do not fit the window. Without `traffic`
// only what needs none. "page 1h/5m: 14.4 times ..."
std::vector<Warning> find_warnings(const Objective& objective, const std::optional<Traffic>& traffic);
// Their texts.
std::vector<std::string> warnings_of(const Objective& objective, const std::optional<Traffic>& traffic);

}  // namespace streamgauge::slo
