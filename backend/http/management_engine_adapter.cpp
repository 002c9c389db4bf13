// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/management_engine_adapter.h"

#include <QTcpServer>

#if QT_VERSION >= QT_VERSION_CHECK(6, 10, 0)
#include <QHttpServerConfiguration>
#include <chrono>
#endif

namespace streamgauge::http {

HttpServerAdapter::HttpServerAdapter(std::function<void(const QHttpServerRequest&)> on_request)
    : on_request_(std::move(on_request)) {
#if QT_VERSION >= QT_VERSION_CHECK(6, 10, 0)
    // Idle connections are the session's to close: QtHttpServer does not see when a request begins to arrive.
    QHttpServerConfiguration settings = configuration();
    settings.setKeepAliveTimeout(std::chrono::hours(24));
    setConfiguration(settings);
#endif
}

bool HttpServerAdapter::serve(QTcpServer* server) {
#if QT_VERSION < QT_VERSION_CHECK(6, 8, 0)
    bind(server);
    return true;
#else
    return bind(server);
#endif
}

#if QT_VERSION < QT_VERSION_CHECK(6, 5, 0)
bool HttpServerAdapter::handleRequest(const QHttpServerRequest& request, QTcpSocket*) {
    on_request_(request);
    return true;
}
void HttpServerAdapter::missingHandler(const QHttpServerRequest&, QTcpSocket*) {}
#else
bool HttpServerAdapter::handleRequest(const QHttpServerRequest& request, QHttpServerResponder&) {
    on_request_(request);
    return true;
}
#if QT_VERSION < QT_VERSION_CHECK(6, 8, 0)
void HttpServerAdapter::missingHandler(const QHttpServerRequest&, QHttpServerResponder&&) {}
#else
void HttpServerAdapter::missingHandler(const QHttpServerRequest&, QHttpServerResponder&) {}
#endif
#endif

}  // namespace streamgauge::http
