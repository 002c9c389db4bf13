// SPDX-License-Identifier: GPL-3.0-or-later
// A run's report as JSON, schema "streamgauge-load-run/1", and back without loss. Each histogram is
// {"hdr": HdrHistogram's V2 compressed form, "overflow", "min_us", "max_us", "sum_us"}, and for people "count" and
// percentiles in milliseconds, which are not read back.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "loadgen/run_report.h"

namespace streamgauge::loadgen {

inline constexpr std::string_view kRunReportSchema = "streamgauge-load-run/1";

std::string to_json(const RunReport& report);
// InvalidArgument with the member at fault as field ("seconds[3].response.hdr").
Result<RunReport> parse_run_report(std::string_view json);

// One second of it, as a line and without its end.
std::string to_json(const SecondReport& second);
Result<SecondReport> parse_second_report(std::string_view json);

}  // namespace streamgauge::loadgen
