// SPDX-License-Identifier: GPL-3.0-or-later
// The files that a load run leaves: --out summary=run.json,csv=run.csv.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "base/result.h"
#include "loadgen/run_report.h"

namespace streamgauge::daemon {

// Opened before the run: one that cannot be written is told at once, not after an hour.
class LoadOutputs {
public:
    // `texts`: each one or more of KIND=FILE, comma between; KIND is summary, json, csv, hdr, junit or html.
    // InvalidArgument, field out.
    static Result<LoadOutputs> open(const std::vector<std::string>& texts);

    // Io naming the file that could not be written.
    Status write(const loadgen::RunReport& report);

private:
    struct Output {
        std::string kind, path;
        std::ofstream file;
    };
    std::vector<Output> outputs_;
};

}  // namespace streamgauge::daemon
