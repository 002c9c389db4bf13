// SPDX-License-Identifier: GPL-3.0-or-later
// Checks of the settings around the listeners: proxies, origins, host names, certificates.
#pragma once

#include <vector>

#include "server/config.h"

namespace streamgauge {

// Whether there is an https:// listener.
bool speaks_tls(const Config& config);
// Part of check().
void check_http(const Config& config, std::vector<Error>& faults);

}  // namespace streamgauge
