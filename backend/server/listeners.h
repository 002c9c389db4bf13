// SPDX-License-Identifier: GPL-3.0-or-later
// The doors of the server: both engines, the addresses they listen on, and the certificate of those that speak TLS.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "http/engine.h"
#include "server/config.h"
#include "server/ticker.h"

namespace streamgauge {

// Not thread-safe, but for counters(). What it is given must outlive it.
class Listeners {
public:
    Listeners(const http::RouteTable& table, const Clock& clock) : table_(table), clock_(clock) {}

    // Binds everything that the configuration names (errors as http::Engine::listen and load_certificate), then
    // answers. `options`: what the configuration says is added to it.
    Status open(const Config& config, http::EngineOptions options, Ticker& ticker);
    // Blocks, at most about `deadline`: no new connections, what is in flight is answered.
    void stop(std::chrono::milliseconds deadline);
    // Reads the certificate's files again; Ok where nothing speaks TLS.
    Status reload_certificate();

    const std::vector<http::Endpoint>& listening() const { return listening_; }  // public, with real ports
    const std::optional<http::Endpoint>& management() const { return management_; }
    http::ConnectionCounters counters() const;  // of both engines
    // Until the certificate expires; nothing where nothing speaks TLS.
    std::optional<double> certificate_seconds() const;

private:
    Status listen(const Config& config);

    const http::RouteTable& table_;
    const Clock& clock_;
    std::shared_ptr<http::TlsContext> certificate_;  // nullptr: no listener speaks TLS
    std::unique_ptr<http::Engine> public_engine_, management_engine_;
    std::vector<http::Endpoint> listening_;
    std::optional<http::Endpoint> management_;
};

}  // namespace streamgauge
