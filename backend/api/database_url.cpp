// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/database_url.h"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include "api/load_run_stores.h"

namespace streamgauge::api {
namespace {

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

void add(std::string& connection, const char* keyword, std::string_view value) {
    connection += connection.empty() ? "" : " ";
    connection += keyword;
    connection += "='";
    for (const char c : value) {
        if (c == '\'' || c == '\\') connection += '\\';
        connection += c;
    }
    connection += '\'';
}

Error unreadable() {
    Error error = Error::make(ErrorCode::InvalidArgument, "the URL of the database cannot be read");
    error.field = "load.runs";
    error.hint = "write postgresql://USER@HOST:PORT/DATABASE; the password may be in a PGPASSFILE";
    return error;
}

}  // namespace

Result<DatabaseUrl> read_database_url(const std::string& url, long long connect_seconds) {
    std::unique_ptr<PQconninfoOption, FreeOptions> options;
    char* refusal = nullptr;
    if ((url.starts_with("postgresql://") || url.starts_with("postgres://")) && url.find('\0') == std::string::npos)
        options.reset(PQconninfoParse(url.c_str(), &refusal));
    if (refusal != nullptr) PQfreemem(refusal);  // it may repeat the URL
    if (!options) return unreadable();
    DatabaseUrl read;
    std::string user, host, port, database, rest;
    bool patience = false, name = false;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string_view keyword = option->keyword, value = option->val;
        add(read.connection, option->keyword, value);
        patience = patience || keyword == "connect_timeout";
        name = name || keyword == "application_name" || keyword == "fallback_application_name";
        if (keyword == "user") {
            user = value;
        } else if (keyword == "host" || (keyword == "hostaddr" && host.empty())) {
            host = value;
        } else if (keyword == "port") {
            port = value;
        } else if (keyword == "dbname") {
            database = value;
        } else {
            const bool secret = option->dispchar[0] == '*';
            if (!secret) rest += (rest.empty() ? "?" : "&") + std::string(keyword) + "=" + std::string(value);
        }
    }
    // A password with a slash in it ends where libpq looks for a port and a database.
    if (port.find_first_not_of("0123456789,") != std::string::npos || database.find('@') != std::string::npos)
        return unreadable();
    if (!patience) add(read.connection, "connect_timeout", std::to_string(connect_seconds));
    if (!name) add(read.connection, "application_name", "streamgauge");
    read.shown = "postgresql://" + user + (user.empty() ? "" : "@") + host + (port.empty() ? "" : ":" + port) +
                 (database.empty() ? "" : "/" + database) + rest;
    return read;
}

std::string shown_database_url(const std::string& url) {
    const Result<DatabaseUrl> read = read_database_url(url, 0);
    return read ? read->shown : "********";
}

}  // namespace streamgauge::api
