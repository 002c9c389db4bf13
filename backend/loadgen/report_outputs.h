// SPDX-License-Identifier: GPL-3.0-or-later
// A run's report in the forms that other programs and people read. Each is a pure function of the report; its JSON is
// in report_text.h, its page in report_page.h.
#pragma once

#include <string>
#include <string_view>

#include "loadgen/run_report.h"

namespace streamgauge::loadgen {

// A quantile is worth reading when at least ten values lie beyond it: n(1 - q) >= 10.
bool enough_for_quantile(std::uint64_t count, double q);

// What a threshold was measured at, in its own unit: shares in percent.
std::string measured_text(const ThresholdResult& result);

// For a terminal: counts, response beside service beside lag, thresholds, errors, the generator's certificate. A
// percentile with fewer than ten values beyond it is marked with ~.
std::string report_text(const RunReport& report);
// That no request was good, loudly, with the most frequent errors; empty where one was, or none ended.
std::string all_failed_text(const RunReport& report);

// One sentence without its full stop: what was replayed, and how fast.
std::string replay_text(const ReplayReport& replay);

// As k6 gives it to handleSummary() and jslib's reporters read it: root_group, options, state, metrics with type,
// contains, values and thresholds. http_req_duration is the response time from the planned time, in milliseconds.
std::string k6_summary(const RunReport& report);

// RFC 4180 with a head, a row a second.
std::string seconds_csv(const RunReport& report);

// HdrHistogram's log, version 1.3: an interval a second (tag response), then the whole run of each kind. Values are
// microseconds; Interval_Max is in milliseconds.
std::string hdr_log(const RunReport& report);

// A test case for each threshold and for the generator's certificate, and for what has failed altogether.
std::string junit_xml(const RunReport& report);

// For XML and HTML, in text and in attributes; control characters that XML cannot have become spaces.
std::string xml_escaped(std::string_view text);

}  // namespace streamgauge::loadgen
