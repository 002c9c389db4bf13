// SPDX-License-Identifier: GPL-3.0-or-later
// What both engines offer: listen, serve the table, count, stop. Exact limits are in base/limits.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/route_table.h"

namespace streamgauge::http {

struct Endpoint {
    std::string address;     // "127.0.0.1", "::1"
    std::uint16_t port = 0;  // 0: pick a free one
    bool tls = false;
};
// "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; with "http://" before it the same, with "https://" TLS.
// InvalidArgument with a hint otherwise.
Result<Endpoint> parse_endpoint(std::string_view text);
std::string to_string(const Endpoint& endpoint);  // "127.0.0.1:8080", "[::1]:8080"
std::string url_of(const Endpoint& endpoint);     // "https://127.0.0.1:8080"
bool is_loopback(const Endpoint& endpoint);

// Told of every answer, on the engine's thread; must not block. `route` is nullptr for what no route took.
struct Answered {
    const Route* route;
    Method method;
    int status;
    std::int64_t duration_nanos;  // head complete to answer handed to the socket
};
// Looks at a request when its head is complete, before its body is read: who asks (sets request.principal), may they,
// and not too often. A refusal is answered instead of calling the handler. `extra` is added to the headers of whatever
// the answer is. On the engine's thread; must not block.
using Gate = std::function<std::optional<Response>(const Route& route, Request& request, Headers& extra)>;

struct EngineOptions {
    std::function<void(const Answered&)> on_answered;
    Gate gate;
    // Peers, as addresses or networks ("10.0.0.0/8", "::1"), whose PROXY header and X-Forwarded-For are believed, and
    // to whose own address connection caps do not apply.
    std::vector<std::string> trusted_proxies;
    // Origins that may call routes with `cors` from a web page; "*" is every origin.
    std::vector<std::string> cors_origins{"*"};
    // Open loopback: the Host header must name a loopback host or one of `allowed_hosts`, and an Origin, when there is
    // one, must be one of ours or, for routes with `cors`, of `cors_origins`; otherwise 403 (DNS rebinding, cross-site
    // requests). The management engine checks in any case, and knows no other origins than its own.
    bool check_host = true;
    // Names beside loopback's that a reverse proxy hands on in Host; no ports.
    std::vector<std::string> allowed_hosts;
    // Deadlines divided by this: lets tests see them without waiting.
    int deadline_divisor = 1;
};

struct ConnectionCounters {  // requests: arrived = answered + cut
    std::uint64_t accepted = 0, refused = 0, open = 0, requests_arrived = 0, requests_answered = 0, requests_cut = 0;
    std::uint64_t tls_failed = 0;  // handshakes
};

class TlsContext;  // http/tls.h

struct ListenerOptions {
    std::shared_ptr<TlsContext> tls;  // nullptr: plain HTTP
    bool proxy_protocol = false;      // trusted proxies begin each connection with a PROXY header, version 1 or 2
};

// Lives on the thread that made it; runs threads of its own. Handlers run on those.
class Engine {
public:
    virtual ~Engine() = default;
    // Binds and listens; returns the bound endpoint with its real port. Unavailable when the port is taken (hint says
    // by what to find out), Forbidden when the engine may not bind there (management: loopback only).
    virtual Result<Endpoint> listen(const Endpoint& endpoint, const ListenerOptions& options = {}) = 0;
    virtual Status start() = 0;
    // Stops accepting and ends idle connections and streams; what is in flight is answered until the deadline, then
    // cut. Blocks until done. Idempotent.
    virtual void stop(std::chrono::milliseconds deadline) = 0;
    virtual ConnectionCounters counters() const = 0;
};

// Boost.Asio and Beast, for public listeners. `table` and `clock` must outlive the engine.
std::unique_ptr<Engine> make_public_engine(const RouteTable& table, const Clock& clock, EngineOptions options,
                                           int threads = 1);
// QtHttpServer behind guard and adapter, loopback only. Needs a QCoreApplication in the process.
std::unique_ptr<Engine> make_management_engine(const RouteTable& table, const Clock& clock, EngineOptions options);

}  // namespace streamgauge::http
