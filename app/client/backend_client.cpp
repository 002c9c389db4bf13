// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/backend_client.h"

#include <algorithm>

namespace streamgauge::client {

void BackendClient::log_in(std::string, std::string) {}

bool BackendClient::has_feature(std::string_view name) const {
    const auto& known = hello();
    return known && std::find(known->features.begin(), known->features.end(), name) != known->features.end();
}

}  // namespace streamgauge::client
