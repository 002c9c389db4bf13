// SPDX-License-Identifier: GPL-3.0-or-later
// The composition root of the backend: makes every part, wires them, starts and stops them in order.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "api/services.h"
#include "base/clock.h"
#include "http/engine.h"
#include "server/config.h"

namespace streamgauge {

// What the backend can be asked in-process. Valid as long as the Backend lives; after stop() calls answer Unavailable.
struct Services {
    api::QueryService& query;
    api::LiveService& live;
    api::LoadService& load;
    api::AdminService& admin;
};

class Backend {
public:
    // Takes the data directory (Conflict when another server has it: the message names its process id), recovers, binds
    // the listeners and serves. Needs a QCoreApplication unless management is "off". `clock` must outlive it.
    static Result<std::unique_ptr<Backend>> start(const Config& config, const Clock& clock);
    virtual ~Backend() = default;  // stops

    virtual Services services() = 0;
    virtual std::vector<http::Endpoint> listening() const = 0;  // public, with real ports
    virtual std::optional<http::Endpoint> management() const = 0;
    // Drains: readiness goes false, listeners stop accepting, what is in flight commits and is answered. Blocks, at
    // most about `deadline`. Idempotent.
    virtual void stop(std::chrono::milliseconds deadline = std::chrono::seconds(4)) = 0;
};

}  // namespace streamgauge
