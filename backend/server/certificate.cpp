// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/certificate.h"

#include "base/log.h"
#include "server/config_http.h"

namespace streamgauge {
namespace {

constexpr int kLookSeconds = 5;
constexpr int kWarnSeconds = 24 * 3600;

void report(const http::TlsContext& certificate, const Status& reloaded) {
    if (reloaded.ok()) {
        log::info("certificate_reloaded", "new connections use the new certificate",
                  {{"expires", format_rfc3339(certificate.expires())}});
    } else {
        log::error("certificate_kept",
                   "the new certificate is not right, the old one stays: " + reloaded.error().describe());
    }
}

void warn_of_the_end(const http::TlsContext& certificate) {
    if (!certificate.expires_soon()) return;
    log::warning("certificate_expires", "the certificate of the https:// listeners ends in less than two weeks",
                 {{"expires", format_rfc3339(certificate.expires())}});
}

}  // namespace

Result<std::shared_ptr<http::TlsContext>> load_certificate(const Config& config, const Clock& clock) {
    if (!speaks_tls(config)) return std::shared_ptr<http::TlsContext>();
    return http::TlsContext::load(config.tls, clock);
}

void watch_certificate(const std::shared_ptr<http::TlsContext>& certificate, Ticker& ticker) {
    if (!certificate) return;
    warn_of_the_end(*certificate);
    ticker.add([certificate, seconds = 0]() mutable {
        ++seconds;
        if (seconds % kWarnSeconds == 0) warn_of_the_end(*certificate);
        if (seconds % kLookSeconds != 0) return true;
        if (const auto reloaded = certificate->reload_if_changed()) report(*certificate, *reloaded);
        return true;
    });
}

Status reload_certificate(http::TlsContext& certificate) {
    Status reloaded = certificate.reload();
    report(certificate, reloaded);
    return reloaded;
}

}  // namespace streamgauge
