// SPDX-License-Identifier: GPL-3.0-or-later
// A build without PostgreSQL refuses its URLs.
#include "api/load_run_stores.h"

namespace streamgauge::api {

Result<std::unique_ptr<LoadRunStore>> open_postgresql_load_runs(const std::string&, LoadRunLimits, DatabasePatience) {
    Error error = Error::make(ErrorCode::InvalidArgument, "this build keeps no load runs in PostgreSQL");
    error.field = "load.runs";
    error.hint = "name a file, or build with STREAMGAUGE_WITH_POSTGRESQL";
    return error;
}

std::string shown_database_url(const std::string&) {
    return "********";
}

}  // namespace streamgauge::api
