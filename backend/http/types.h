// SPDX-License-Identifier: GPL-3.0-or-later
// Requests and answers as handlers see them. No engine's type is in here: the same handler runs on both.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/principal.h"
#include "base/error.h"

namespace streamgauge::http {

enum class Method { Get, Head, Post, Put, Delete, Options, Patch, Other };
std::string_view to_string(Method method);
Method method_from(std::string_view token);  // case-sensitive, as methods are; Other when unknown
std::string_view reason_phrase(int status);

using Headers = std::vector<std::pair<std::string, std::string>>;

// Valid only during the call of the handler: keep what you need.
struct Request {
    Method method = Method::Get;
    std::string_view target;                                             // as sent
    std::string_view path;                                               // as sent, without the query
    std::string_view query;                                              // as sent, without '?'
    std::vector<std::pair<std::string_view, std::string_view>> headers;  // names as sent
    std::string_view body;                                               // dechunked; not decompressed
    std::size_t padded_capacity = 0;  // readable bytes from body.data(): for parsers that overread
    std::string_view remote_address;  // "127.0.0.1", "::1": the client's own, behind trusted proxies too
    std::vector<std::pair<std::string_view, std::string>> path_parameters;  // of the route's template
    std::int64_t arrived_nanos = 0;                                         // monotonic, when the head was complete
    bool management = false;       // came in by the operator's listener; RouteTable::find says so
    bool secure = false;           // came in by TLS, here or at a trusted proxy
    auth::PrincipalPtr principal;  // who asks: the gate's finding; anonymous without a gate. Never null in a handler

    // First header of that name, case-insensitive; empty when absent.
    std::string_view header(std::string_view name) const;
    // First value of a query parameter, percent-decoded ('+' is a space); nullopt when absent.
    std::optional<std::string> query_parameter(std::string_view name) const;
};

// How long this server took for the stages of an answer, for the Server-Timing header
// (https://www.w3.org/TR/server-timing/). Nanoseconds; what is negative is not said.
struct StageTimes {
    std::int64_t guard = -1;   // from the request's head to the door: the body's bytes, who asks, limits
    std::int64_t decode = -1;  // body to events
    std::int64_t queue = -1;   // until a commit took them
    std::int64_t commit = -1;  // until they were on disk
};

struct Response {
    int status = 200;
    std::string_view content_type = "application/json";  // must point to a literal; empty with an empty body
    std::string body;
    Headers headers;  // Content-Length, Date, Connection are the engine's
    // Whole header lines, each with its CRLF, beside `headers`: a literal, so that they cost no memory of their own.
    std::string_view header_lines = {};
    // Close the connection without an answer (all else is ignored): for clients that give an event up when they read a
    // status, and keep it when the connection breaks.
    bool cut = false;
    StageTimes stages = {};

    static Response json(int status, std::string body) { return {status, "application/json", std::move(body), {}}; }
};

// RFC 9457 problem document with the contract's extra member `error` (the code's name), and `field`, `offset` and
// `hint` where the error has them; status derived from the code in one place. 429 and 503 carry Retry-After.
Response problem(const Error& error);
// RateLimit-Limit, -Remaining and -Reset of the limit that `error` names; nothing when it names none.
void add_limit_headers(const Error& error, Headers& out);
Response problem(int status, std::string_view title, std::string_view detail, std::string_view error_word);
int status_of(ErrorCode code);

// A stream of bytes that stays open (server-sent events). Thread-safe. The engine sends a heartbeat comment every
// limits::kStreamHeartbeat and cuts a reader that leaves limits::kUnreadAnswerBytes unread.
class Stream {
public:
    virtual ~Stream() = default;
    // Queues `chunk`. False when the client is gone.
    virtual bool push(std::shared_ptr<const std::string> chunk) = 0;
    virtual std::size_t backlog() const = 0;  // bytes queued and not taken by the kernel
    virtual bool closed() const = 0;
    virtual void end() = 0;
    // Called once, on the engine's thread, when the client is gone or the server stops. Set before the first push.
    virtual void on_closed(std::function<void()> callback) = 0;
};

// The one answer to a request. Thread-safe: from any thread, later, exactly once; dropped quietly when the client is
// gone. Answers leave in request order per connection. Destroyed unanswered, it answers 500.
class Reply {
public:
    virtual ~Reply() = default;
    virtual void send(Response response) = 0;
    // Instead of send(): an event stream ("text/event-stream", no-store). nullptr when the client is gone or
    // limits::kStreamsPerServer is reached (503 is then sent).
    virtual std::shared_ptr<Stream> stream() = 0;
    // Nobody waits for the answer: the client is gone, or has closed its sending side (which is all that is seen of one
    // that closes its socket). To be asked now and then by whoever works long for an answer.
    virtual bool abandoned() const { return false; }
};
using ReplyPtr = std::shared_ptr<Reply>;

}  // namespace streamgauge::http
