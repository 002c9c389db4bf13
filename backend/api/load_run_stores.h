// SPDX-License-Identifier: GPL-3.0-or-later
// The two places of load runs. PostgreSQL is optional in the build: without it a URL is refused.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/load_run_store.h"

namespace streamgauge::api {

Result<std::unique_ptr<LoadRunStore>> open_sqlite_load_runs(const std::string& path, LoadRunLimits limits);

// A database that does not answer holds nobody up for longer.
struct DatabasePatience {
    std::chrono::seconds connect{5};              // to one host; where the URL has no connect_timeout of its own
    std::chrono::milliseconds statement{10'000};  // after which the server itself gives a statement up
    std::chrono::milliseconds answer{15'000};     // after which the connection is given up
};
// Connects at the first call. InvalidArgument for a URL that libpq cannot read.
Result<std::unique_ptr<LoadRunStore>> open_postgresql_load_runs(const std::string& url, LoadRunLimits limits,
                                                                DatabasePatience patience = {});
// "postgresql://user@host:port/database", without passwords; what cannot be read is not shown at all.
std::string shown_database_url(const std::string& url);

}  // namespace streamgauge::api
