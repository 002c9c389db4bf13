// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/admin_service.h"

namespace streamgauge::api {

Health ServerAdmin::health() {
    Health health;
    health.up = !draining_.load();
    for (const Part& part : parts_) {
        const std::optional<Error> fault = part.fault();
        if (!part.vital && !fault) continue;
        std::string detail;
        if (fault) {
            detail = fault->describe();
        } else if (part.remark) {
            detail = part.remark();
        }
        health.components.push_back({part.name, !fault, std::move(detail)});
        health.up = health.up && (!fault || !part.vital);
    }
    if (draining_.load()) health.components.push_back({"server", false, "the server is stopping"});
    return health;
}

}  // namespace streamgauge::api
