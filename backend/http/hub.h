// SPDX-License-Identifier: GPL-3.0-or-later
// What the connections of one engine thread share, and the rules that are the same on every connection.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/engine.h"
#include "http/mailbox.h"
#include "http/network.h"
#include "http/origin_rules.h"
#include "http/session.h"

namespace streamgauge::http {

// Connections that are told "503" and closed may be this many beyond the limit; more are closed without a word.
inline constexpr std::size_t kRefusedConnections = 256;
inline constexpr std::size_t kConnectionSlots = limits::kConnections + kRefusedConnections;
// How long a closed connection's late bytes are dropped, so that the client can read its last answer before a reset.
inline constexpr std::chrono::seconds kLinger{2};
inline constexpr Refusal kTooManyConnections{503, "too many connections"};
// Bytes behind a body that a parser may read beyond its end (simdjson reads in whole vectors).
inline constexpr std::size_t kPadding = 64;

// One per engine; shared by its threads, read-only once they run.
struct EngineContext {
    EngineContext(const RouteTable& routes, Plane listener, const Clock& time, EngineOptions settings)
        : table(routes),
          plane(listener),
          clock(time),
          options(std::move(settings)),
          origins(listener, options),
          admission(std::make_shared<Admission>()) {
        if (listener == Plane::ManagementOnly) return;  // has no proxy before it
        Result<TrustedProxies> proxies = TrustedProxies::parse(options.trusted_proxies);
        if (proxies.ok()) {
            trusted = std::move(proxies).value();
        } else {
            fault = proxies.error();
        }
    }

    template <class Rep, class Period>
    std::int64_t nanos(std::chrono::duration<Rep, Period> deadline) const {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(deadline).count() /
               std::max(1, options.deadline_divisor);
    }

    const RouteTable& table;
    Plane plane;
    const Clock& clock;
    EngineOptions options;
    OriginRules origins;
    TrustedProxies trusted;
    std::optional<Error> fault;  // of the options: nothing is listened to
    std::shared_ptr<Admission> admission;
    std::vector<std::uint16_t> ports;  // that this engine listens on: the origins that are ours
};

// What the engine itself answers with: a problem document for `status`.
Response engine_problem(int status, std::string_view detail);
// The same in the words of the route's clients, where it has its own: 400, 403, 413 and 503.
Response engine_problem(const Route* route, int status, std::string_view detail);

// Lives on its engine thread, except for construction and destruction, which happen while no thread runs it.
class Hub {
public:
    Hub(EngineContext& context, std::function<void()> wake);
    virtual ~Hub();
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

    // Calls the route's handler. The management engine goes through QtHttpServer here.
    virtual void dispatch(Session& session, const Request& request, const Route& route, const ReplyPtr& reply);
    // The session has something to do: let it advance, write, close.
    virtual void pump(std::uint32_t connection) = 0;
    virtual Session* session(std::uint32_t connection) = 0;

    void own_mailbox();    // first thing on the engine thread
    void take_messages();  // when woken

    // Status line and headers: the engine's, the answer's, and `extra`.
    void append_head(std::string& out, const Response& response, const Headers& extra, bool http_1_0, bool keep_alive);
    static void append_headers(std::string& out, const Headers& headers);
    std::string_view date();
    std::string& scratch() { return scratch_; }

    std::int64_t now() const { return context_.clock.monotonic_nanos(); }
    std::chrono::nanoseconds tick_period() const {
        return std::chrono::nanoseconds(std::max<std::int64_t>(context_.nanos(std::chrono::seconds(1)) / 4, 1'000'000));
    }
    EngineContext& context() { return context_; }
    const std::shared_ptr<Mailbox>& mailbox() { return mailbox_; }
    // Who asks where nobody says so.
    const auth::PrincipalPtr& anonymous() const { return anonymous_; }

private:
    void receive(Message&& message);

    EngineContext& context_;
    std::shared_ptr<Mailbox> mailbox_;
    const auth::PrincipalPtr anonymous_ = std::make_shared<const auth::Principal>();
    std::vector<Message> messages_;
    std::vector<std::uint32_t> touched_;
    bool taking_ = false;
    std::int64_t date_second_ = -1;
    std::string date_, scratch_;
};

}  // namespace streamgauge::http
