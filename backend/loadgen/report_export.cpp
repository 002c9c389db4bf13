// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/report_export.h"

#include <array>

#include "loadgen/report_outputs.h"
#include "loadgen/report_page.h"
#include "loadgen/report_text.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::array<ReportExport, 6> kExports{{{"summary", "application/json", k6_summary},
                                                {"json", "application/json", to_json},
                                                {"csv", "text/csv; charset=utf-8", seconds_csv},
                                                {"hdr", "text/plain; charset=utf-8", hdr_log},
                                                {"junit", "application/xml", junit_xml},
                                                {"html", "text/html; charset=utf-8", report_page}}};

}  // namespace

std::span<const ReportExport> report_exports() {
    return kExports;
}

const ReportExport* find_report_export(std::string_view kind) {
    for (const ReportExport& one : kExports)
        if (one.kind == kind) return &one;
    return nullptr;
}

}  // namespace streamgauge::loadgen
