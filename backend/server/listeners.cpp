// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/listeners.h"

#include <string>
#include <utility>

#include "server/certificate.h"

namespace streamgauge {

Status Listeners::open(const Config& config, http::EngineOptions options, Ticker& ticker) {
    // Where everybody is asked for a key, a page that reaches us under another name has none.
    options.check_host = !authentication_required(config);
    options.allowed_hosts = config.allowed_hosts;
    options.cors_origins = config.cors_origins;
    options.trusted_proxies = config.trusted_proxies;
    public_engine_ = http::make_public_engine(table_, clock_, options, config.http_threads);
    if (config.management != "off") management_engine_ = http::make_management_engine(table_, clock_, options);
    auto certificate = load_certificate(config, clock_);
    if (!certificate.ok()) return certificate.error();
    certificate_ = std::move(certificate).value();
    watch_certificate(certificate_, ticker);
    if (Status bound = listen(config); !bound.ok()) return bound;
    if (Status started = public_engine_->start(); !started.ok()) return started;
    return management_engine_ ? management_engine_->start() : Status();
}

Status Listeners::listen(const Config& config) {
    for (const std::string& address : config.listen) {
        const auto endpoint = http::parse_endpoint(address);
        if (!endpoint.ok()) return endpoint.error();
        http::ListenerOptions listener;
        listener.proxy_protocol = config.proxy_protocol;
        if (endpoint->tls) listener.tls = certificate_;
        const auto bound = public_engine_->listen(*endpoint, listener);
        if (!bound.ok()) return bound.error();
        listening_.push_back(*bound);
    }
    if (!management_engine_) return {};
    const auto endpoint = http::parse_endpoint(config.management);
    if (!endpoint.ok()) return endpoint.error();
    const auto bound = management_engine_->listen(*endpoint);
    if (!bound.ok()) return bound.error();
    management_ = *bound;
    return {};
}

void Listeners::stop(std::chrono::milliseconds deadline) {
    if (public_engine_) public_engine_->stop(deadline);
    if (management_engine_) management_engine_->stop(deadline / 4);
}

Status Listeners::reload_certificate() {
    return certificate_ ? streamgauge::reload_certificate(*certificate_) : Status();
}

http::ConnectionCounters Listeners::counters() const {
    http::ConnectionCounters all;
    for (const http::Engine* engine : {public_engine_.get(), management_engine_.get()}) {
        if (engine == nullptr) continue;
        const http::ConnectionCounters one = engine->counters();
        all.open += one.open;
        all.accepted += one.accepted;
        all.refused += one.refused;
        all.requests_arrived += one.requests_arrived;
        all.requests_answered += one.requests_answered;
        all.requests_cut += one.requests_cut;
        all.tls_failed += one.tls_failed;
    }
    return all;
}

std::optional<double> Listeners::certificate_seconds() const {
    if (!certificate_) return std::nullopt;
    return static_cast<double>(certificate_->expires().seconds() - clock_.now().seconds());
}

}  // namespace streamgauge
