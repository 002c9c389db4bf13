// SPDX-License-Identifier: GPL-3.0-or-later
// A kept report, of a run or of a search for capacity, read into what a page shows of it. Reading one of an hour takes
// a good part of a second, so it is done beside the GUI thread, and what comes of it is only handed over there.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/capacity_reports.h"
#include "api/types.h"
#include "base/result.h"
#include "loadgen/run_report.h"

namespace streamgauge::viewmodels {

struct LoadReading {
    std::optional<loadgen::RunReport> run;  // or a search
    std::optional<api::CapacityReport> search;
    api::LoadStatus status;  // what a status would have said at the end, without its seconds
    std::vector<api::LoadSecond> seconds;

    // Neither came to its end by itself, nor was it stopped: its server or its generator died.
    bool interrupted() const;
    const std::string& name() const { return run ? run->name : search->name; }
    const std::string& scenario() const { return run ? run->scenario : search->scenario; }
    Timestamp started_at() const { return run ? run->started_at : search->started_at; }
};
using LoadReadingPtr = std::shared_ptr<const LoadReading>;

// Any thread. InvalidArgument as loadgen::parse_run_report() and api::decode_capacity_report() have it.
Result<LoadReadingPtr> read_load_report(const std::string& text);
LoadReadingPtr reading_of(loadgen::RunReport report);

// A report as a file: "html", "json", "csv", "junit", "hdr", "summary"; of a search "json" and "csv". Empty for others.
std::string load_report_as(const LoadReading& report, const std::string& kind);

}  // namespace streamgauge::viewmodels
