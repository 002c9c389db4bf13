// SPDX-License-Identifier: GPL-3.0-or-later
// The composition root of the backend: makes every part, wires them, starts and stops them in order.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/access.h"
#include "api/analysis_service.h"
#include "api/annotation_service.h"
#include "api/metric_service.h"
#include "api/objective_service.h"
#include "api/services.h"
#include "api/trace_service.h"
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
    api::AccessService& access;
    api::TraceService& trace;
    api::MetricService& metrics;
    api::AnalysisService& analysis;
    api::AnnotationService& annotations;
    api::ObjectiveService& objectives;
    api::LoadRunService& load_runs;
};

struct StartOptions {
    // Where nobody can log in yet, make the user admin; Backend::take_first_password() tells the password.
    bool first_admin = false;
    // How full the data directory's disk is, in percent; empty: the operating system's answer.
    std::function<Result<double>()> disk_probe{};
};

class Backend {
public:
    // Takes the data directory (Conflict when another server has it: the message names its process id), recovers, binds
    // the listeners and serves. Needs a QCoreApplication unless management is "off". `clock` must outlive it.
    static Result<std::unique_ptr<Backend>> start(const Config& config, const Clock& clock,
                                                  const StartOptions& options = {});
    virtual ~Backend() = default;  // stops

    virtual Services services() = 0;
    // The password of the user admin when this start made it: once, then nothing. For the operator's eyes, never the
    // log.
    virtual std::optional<std::string> take_first_password() = 0;
    virtual const http::RouteTable& routes() const = 0;         // what is served
    virtual std::vector<http::Endpoint> listening() const = 0;  // public, with real ports
    virtual std::optional<http::Endpoint> management() const = 0;
    // Reads the files of the https:// listeners' certificate again; the old one stays when they are not right.
    virtual Status reload_certificate() { return {}; }
    // Reads the file of metrics again; what cannot be is logged, and the metric stays as it was.
    virtual void reload_metrics() {}
    // Drains: readiness goes false, listeners stop accepting, what is in flight commits and is answered. Blocks, at
    // most about `deadline`. Idempotent.
    virtual void stop(std::chrono::milliseconds deadline = std::chrono::seconds(4)) = 0;
};

}  // namespace streamgauge
