// SPDX-License-Identifier: GPL-3.0-or-later
// A small blocking HTTP/1.1 client for the operator's commands: one connection for each request, a deadline on each.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/engine.h"

namespace streamgauge::daemon {

struct HttpAnswer {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case; of repeated ones the first
    std::string body;
};

// "http://127.0.0.1:8080" (a trailing slash is ignored). InvalidArgument for another scheme or a path.
Result<http::Endpoint> parse_server_url(std::string_view url);

// Not thread-safe; owns nothing between calls.
class HttpClient {
public:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    explicit HttpClient(http::Endpoint server, std::chrono::milliseconds deadline = std::chrono::seconds(10))
        : server_(std::move(server)), deadline_(deadline) {}

    // Sends and waits for the whole answer. Disconnected when nobody listens or the peer leaves, DeadlineExceeded when
    // it takes longer than the deadline. Any status is an answer.
    Result<HttpAnswer> request(std::string_view method, std::string_view target, std::string body = {},
                               Headers headers = {}) const;
    // Reads an event stream until its body contains `until`, then leaves. Errors as request(); the answer's body holds
    // what came, also when the status is not 200.
    Result<HttpAnswer> read_stream_until(std::string_view target, std::string_view until, Headers headers = {}) const;

    const http::Endpoint& server() const { return server_; }

private:
    Result<HttpAnswer> exchange(std::string_view method, std::string_view target, std::string body, Headers headers,
                                std::string_view until) const;

    http::Endpoint server_;
    std::chrono::milliseconds deadline_;
};

}  // namespace streamgauge::daemon
