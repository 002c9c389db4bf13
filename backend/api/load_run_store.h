// SPDX-License-Identifier: GPL-3.0-or-later
// Load runs that ended, on disk: what a list shows of each, and its whole report, compressed. One file, one connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "base/time.h"

namespace streamgauge::api {

struct LoadRunLimits {
    std::uint64_t most_runs = 500;
    std::int64_t most_age_seconds = 90 * 86'400;
};

// One thread at a time.
class LoadRunStore {
public:
    static constexpr std::size_t kReportBytes = 256 * 1024 * 1024;  // of one report, as JSON

    // The file is made where it is missing. Corrupt when it is of a newer version or none of ours.
    static Result<std::unique_ptr<LoadRunStore>> open(const std::string& path, LoadRunLimits limits);

    // Durable when it returns. A run of the same id is replaced. Then removes what is beyond the limits, by `now`.
    // TooLarge for a report above kReportBytes.
    Status add(const StoredLoadRun& run, std::string_view report, Timestamp now);
    // Newest first, at most `limit`; those that began before `before` where that is given.
    Result<std::vector<StoredLoadRun>> list(std::optional<Timestamp> before, std::size_t limit);
    // NotFound.
    Result<StoredLoadRun> find(std::string_view id);
    Result<std::string> report(std::string_view id);
    Status remove(std::string_view id);

private:
    LoadRunStore(sql::Connection connection, LoadRunLimits limits)
        : connection_(std::move(connection)), limits_(limits) {}
    Status prepare();
    Result<std::vector<StoredLoadRun>> read(sql::Statement& rows);

    sql::Connection connection_;
    LoadRunLimits limits_;
};

}  // namespace streamgauge::api
