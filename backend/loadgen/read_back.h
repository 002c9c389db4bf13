// SPDX-License-Identifier: GPL-3.0-or-later
// Questions to a server while a run lasts: blocking HTTP/1.1 over one connection, with a deadline for each question,
// for a thread of its own. The server's bytes are as hostile as any: bodies and lines are bounded.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "loadgen/scenario.h"
#include "loadgen/target.h"

namespace streamgauge::loadgen {

struct QueryAnswer {
    int status = 0;
    std::string body;
    std::string cursor;  // Streamgauge-Cursor
};

// For one thread; `stopping` may be set by another one and ends a call within 100 ms (Cancelled).
class QueryClient {
public:
    static constexpr std::size_t kAnswerBytes = 64 * 1024 * 1024;

    // `credentials`: credentials_line(). InvalidArgument for TLS files that cannot be used.
    static Result<std::unique_ptr<QueryClient>> make(const Url& url, const Address& address, const TlsChoices& tls,
                                                     std::string credentials, const std::atomic<bool>& stopping);
    virtual ~QueryClient() = default;

    // Any status is an answer. DeadlineExceeded, Cancelled, TooLarge, otherwise Disconnected.
    virtual Result<QueryAnswer> ask(std::string_view method, const std::string& target, const std::string& body,
                                    std::chrono::milliseconds deadline) = 0;

    // Reads a stream of server-sent events until it ends, `stopping`, or `event` returns false. The data of each event
    // that has some go to `event`. Ok when it was left, errors as ask(); a status that is not 200 is Unavailable.
    virtual Status follow(const std::string& target, const std::function<bool(std::string_view data)>& event) = 0;
};

// For the part of a target behind '?'.
std::string percent_encoded(std::string_view text);

}  // namespace streamgauge::loadgen
