// SPDX-License-Identifier: GPL-3.0-or-later
// The one piece of the management engine that touches QtHttpServer's interface, and so the one that has to know its
// versions: 6.4 hands a socket to handleRequest(), 6.5 and later a responder. Neither is kept: answers leave by the
// guarded socket's session, later and from any thread.
#pragma once

#include <QAbstractHttpServer>
#include <QHttpServerRequest>
#include <QHttpServerResponder>
#include <functional>

namespace streamgauge::http {

// Lives on the engine's thread.
class HttpServerAdapter final : public QAbstractHttpServer {
public:
    // `on_request` is called for each request that QtHttpServer has read from a guarded socket.
    explicit HttpServerAdapter(std::function<void(const QHttpServerRequest&)> on_request);

    // Connections of `server`, which listens already, are read by QtHttpServer from now on. False when it will not.
    bool serve(QTcpServer* server);

protected:
#if QT_VERSION < QT_VERSION_CHECK(6, 5, 0)
    bool handleRequest(const QHttpServerRequest& request, QTcpSocket* socket) override;
    void missingHandler(const QHttpServerRequest& request, QTcpSocket* socket) override;
#else
    // The responder stays where it is: moved out, it would have to outlive this call and not the connection, and Qt
    // 6.5 to 6.11 leave it dangling when the connection goes first.
    bool handleRequest(const QHttpServerRequest& request, QHttpServerResponder& responder) override;
#if QT_VERSION < QT_VERSION_CHECK(6, 8, 0)
    void missingHandler(const QHttpServerRequest& request, QHttpServerResponder&& responder) override;
#else
    void missingHandler(const QHttpServerRequest& request, QHttpServerResponder& responder) override;
#endif
#endif

private:
    std::function<void(const QHttpServerRequest&)> on_request_;
};

}  // namespace streamgauge::http
