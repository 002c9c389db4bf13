// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/metric_limits.h"

#include <string>

namespace streamgauge::api {

Status check_budget(const std::vector<MetricDefinition>& definitions, std::uint64_t most) {
    std::uint64_t given = 0;
    for (const MetricDefinition& definition : definitions) {
        if (definition.exact_budget > most - given) {
            Error error = Error::make(ErrorCode::TooLarge,
                                      definition.name + " asks to keep " + std::to_string(definition.exact_budget) +
                                          " values exactly, and " + std::to_string(most - given) +
                                          " of metrics.exact_budget (" + std::to_string(most) + ") are left");
            error.field = "exact_budget";
            return error;
        }
        given += definition.exact_budget;
    }
    return {};
}

}  // namespace streamgauge::api
