// SPDX-License-Identifier: GPL-3.0-or-later
// Load runs that ended: what a list shows of each, and its whole report, compressed. Kept in an SQLite file or in
// PostgreSQL; a place says where: the file's path, or a postgresql:// URL.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "base/time.h"

namespace streamgauge::api {

struct LoadRunLimits {
    std::uint64_t most_runs = 500;
    std::int64_t most_age_seconds = 90 * 86'400;
};

// Whether a place is meant as a URL of PostgreSQL and not as a path.
bool is_database_url(std::string_view place);
// A place without its secrets, for logs, errors and lists of settings.
std::string shown_place(const std::string& place);

// One thread at a time. Unavailable: the database does not answer, for now; the next call tries again.
class LoadRunStore {
public:
    static constexpr std::size_t kReportBytes = 256 * 1024 * 1024;  // of one report, as JSON

    // A file is made where it is missing; a database is asked for by the first call, or by check(). InvalidArgument
    // (field load.runs) for a URL that cannot be read; Corrupt for a file of a newer version or none of ours.
    static Result<std::unique_ptr<LoadRunStore>> open(const std::string& place, LoadRunLimits limits);
    virtual ~LoadRunStore() = default;

    // Whether runs can be kept now: makes the tables where they are missing. Corrupt when they are of a newer version.
    virtual Status check() = 0;

    // Durable when it returns. A run of the same id is replaced. Then removes what is beyond the limits, by `now`.
    // TooLarge for a report above kReportBytes, InvalidArgument for an id that is empty or no text. What is no text in
    // its other words is kept as U+FFFD.
    Status add(const StoredLoadRun& run, std::string_view report, Timestamp now);
    // Newest first, at most `limit`; those that began before `before` where that is given.
    virtual Result<std::vector<StoredLoadRun>> list(std::optional<Timestamp> before, std::size_t limit) = 0;
    // NotFound.
    Result<StoredLoadRun> find(std::string_view id);
    Result<std::string> report(std::string_view id);
    Status remove(std::string_view id);

protected:
    // Ids and words are valid UTF-8 without a zero byte; a report is compressed.
    virtual Status keep(const StoredLoadRun& run, std::string packed, Timestamp now) = 0;
    virtual Result<std::optional<StoredLoadRun>> look_up(const std::string& id) = 0;
    virtual Result<std::optional<std::string>> packed_report(const std::string& id) = 0;
    virtual Result<bool> erase(const std::string& id) = 0;  // false: there is none
};

// The columns of a run in both kinds of table, in the order of a RunRow. Times are in microseconds.
inline constexpr std::string_view kLoadRunColumns =
    "id, name, url, started_at, state, verdict, passed, by, micros, seed, planned, good, bad, p50_micros, p95_micros, "
    "p99_micros";
// Durations as whole microseconds, and back.
std::int64_t whole_micros(double value, double micros);

}  // namespace streamgauge::api
