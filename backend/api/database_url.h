// SPDX-License-Identifier: GPL-3.0-or-later
// postgresql:// URLs as libpq reads them: what to connect with, and what of it may be shown.
#pragma once

#include <string>

#include "base/result.h"

namespace streamgauge::api {

struct DatabaseUrl {
    std::string connection;  // libpq's keywords and values, with the defaults given to read_database_url
    std::string shown;       // without passwords
};

// `connect_seconds` holds where the URL has no connect_timeout. InvalidArgument, which says nothing of the URL's words:
// what cannot be read may be a password.
Result<DatabaseUrl> read_database_url(const std::string& url, long long connect_seconds);

}  // namespace streamgauge::api
