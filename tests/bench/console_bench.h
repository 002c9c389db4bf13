// SPDX-License-Identifier: GPL-3.0-or-later
// What benchmarks of the console's real window share: how it is drawn, and the embedded server behind it.
#pragma once

#include <QCoreApplication>
#include <QTemporaryDir>

#include <algorithm>
#include <cmath>
#include <vector>

#include "server/backend.h"

namespace streamgauge::bench {

// Before the application is made: drawn in software, without a display, unless the environment says otherwise.
inline void draw_in_software() {
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    if (!qEnvironmentVariableIsSet("QT_QUICK_BACKEND")) qputenv("QT_QUICK_BACKEND", "software");
    qputenv("QT_NO_GLIB", "1");
}

// A server of its own in `directory`, on a free port; its generator is the one that was built beside the benchmark.
inline Config own_server(const QTemporaryDir& directory) {
    Config config;
    config.data_dir = directory.path().toStdString();
    config.listen = {"127.0.0.1:0"};
    config.management = "off";
    config.load_program = QCoreApplication::applicationDirPath().toStdString() + "/streamgauged";
    return config;
}

// The smallest value that at least the share `q` of all is not above. Precondition: there are some, ascending.
inline double quantile(const std::vector<double>& sorted, double q) {
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace streamgauge::bench
