// SPDX-License-Identifier: GPL-3.0-or-later
// Searches for capacity that ended: as JSON, as they are kept and given out; compared; and their steps as a table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "loadgen/compare.h"

namespace streamgauge::api {

inline constexpr std::string_view kCapacitySchema = "streamgauge-load-capacity/2";

struct CapacityReport {
    std::string run_id;
    Timestamp started_at;
    std::string name, url;  // of the scenario
    std::string scenario;   // its text
    std::uint64_t seed = 0;
    std::string host, build;  // of the generator
    double seconds = 0;       // taken
    LoadCapacity capacity;    // `end` is "stopped" where it has no answer because it was stopped
    bool operator==(const CapacityReport&) const = default;
};
std::string encode(const CapacityReport& report);  // without line breaks
// As this build, an earlier or a later one has written it: members that are not known are ignored, and those of the
// status that are missing are as in a fresh one. InvalidArgument that names the member.
Result<CapacityReport> decode_capacity_report(std::string_view json);
// Whether a report is one of a search, by how it begins.
bool is_capacity_report(std::string_view json);

// What a list shows of it; its certificate's verdict is empty, as a search has none.
StoredLoadRun stored_search(const CapacityReport& report, std::string by);

// Whether the limit moved: one measure, "capacity" (requests a second; more is better). Of each search the limit is the
// middle of its 95 % interval; the searches of a side count as one, by their mean; the interval of the change combines
// both sides' as independent. TooFew where a search has no interval. InvalidArgument when a side has none.
Result<loadgen::RunComparison> compare_searches(const std::vector<CapacityReport>& before,
                                                const std::vector<CapacityReport>& after,
                                                const loadgen::CompareOptions& options = {});

// A row a step, in the order in which they were made; CSV as RFC 4180 has it.
std::string steps_csv(const CapacityReport& report);

}  // namespace streamgauge::api
