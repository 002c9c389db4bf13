// SPDX-License-Identifier: GPL-3.0-or-later
// SHA-256 over all that a store has come to: equal for equal logs and definitions, whether the log was read live, again
// from zero, in other pieces, or with restarts in between.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/definition.h"
#include "store/result_store.h"

namespace streamgauge {

struct TableDigest {
    MetricId metric = 0;
    std::uint8_t tier = 0;
    std::uint64_t rows = 0;
    std::string sha256;  // 64 hexadecimal digits
};

struct ResultDigest {
    Offset next = 1;                  // of the log: what the store holds is what is before it
    std::string sha256;               // over everything below, counters and the partition's state
    std::vector<TableDigest> tables;  // by metric and tier
    std::uint64_t users = 0;          // whose last activity is kept
    std::string users_sha256;
    std::vector<MetricId> left_out;  // metrics that are still being filled, or that are not among the definitions
};

// Of the metrics in `definitions` that are complete. What a definition says of results is part of it, its
// name and description are not.
Result<ResultDigest> digest_results(StoreSnapshot& snapshot, const std::vector<MetricDefinition>& definitions);

// Everything that decides what a metric's results are.
std::string identity_of(const MetricDefinition& definition);

}  // namespace streamgauge
