// SPDX-License-Identifier: GPL-3.0-or-later
// The forms in which a run's report is given out, by name: one table for --out, stored runs and REST.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "loadgen/run_report.h"

namespace streamgauge::loadgen {

struct ReportExport {
    std::string_view kind;        // "json", "summary", "csv", "hdr", "junit", "html"
    std::string_view media_type;  // with its charset
    std::string (*make)(const RunReport&);
};
std::span<const ReportExport> report_exports();
// Null: there is none of this name.
const ReportExport* find_report_export(std::string_view kind);

}  // namespace streamgauge::loadgen
