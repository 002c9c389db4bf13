// SPDX-License-Identifier: GPL-3.0-or-later
// OpenSLO on any bytes: objectives or a fault with its place; what is read is written and read again as the same, and
// becomes rules for Prometheus.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "slo/objective_warnings.h"
#include "slo/openslo.h"
#include "slo/prometheus_rules.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace streamgauge;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto read = slo::read_openslo(text);
    if (!read.ok()) {
        require(!read.error().message.empty());
        return 0;
    }
    const auto again = slo::read_openslo(slo::write_openslo(read->objectives));
    require(again.ok());
    require(again->objectives == read->objectives);
    for (const slo::Objective& objective : read->objectives)
        static_cast<void>(slo::warnings_of(objective, slo::Traffic{{1, 100}, 3'600'000'000, true}));
    const double bounds[] = {0.1, 0.3};
    require(!slo::prometheus_rules(read->objectives, bounds, {"/health"}).empty());
    return 0;
}
