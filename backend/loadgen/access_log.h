// SPDX-License-Identifier: GPL-3.0-or-later
// One line of a web server's access log: nginx's and Apache's common and combined formats, with $time_local or $msec,
// or a JSON object.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace streamgauge::loadgen {

struct AccessLogEntry {
    Timestamp at;
    bool whole_seconds = false;  // the log knows no parts of a second
    std::string method, target;  // "GET", "/items/7?x=1"
    std::string body;            // only JSON can have one
};

inline constexpr std::size_t kAccessLogLineBytes = 256 * 1024;

// Reuses its memory from line to line. Not thread-safe.
class AccessLogReader {
public:
    AccessLogReader();
    ~AccessLogReader();
    AccessLogReader(const AccessLogReader&) = delete;
    AccessLogReader& operator=(const AccessLogReader&) = delete;

    // host ident user [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.1" 200 2326 ..., where the time in brackets may be
    // RFC 3339 or epoch seconds (1700000000.123), and where a field of its own, first or anywhere behind the request,
    // may be $msec: it then counts. What is escaped (\x22, \") means what it stands for; bytes beyond ASCII in the
    // target are percent-encoded.
    // JSON: msec, time, timestamp, ts, time_iso8601, @timestamp or time_local (epoch seconds or milliseconds, or a time
    // as above); request, or method (or request_method) and uri (or request_uri, path), also within an object request;
    // body (or request_body).
    // InvalidArgument, with the offset where it is known, for everything else: also for a request that is not METHOD
    // /target HTTP/x.
    Result<AccessLogEntry> read(std::string_view line);

private:
    struct Json;
    std::unique_ptr<Json> json_;
};

}  // namespace streamgauge::loadgen
