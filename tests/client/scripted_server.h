// SPDX-License-Identifier: GPL-3.0-or-later
// A small HTTP server in the test's own thread that puts scripted services on the wire, and misbehaves on demand.
#pragma once

#include <QByteArray>
#include <QObject>
#include <QPointer>
#include <QTcpServer>
#include <QTcpSocket>
#include <QUrl>

#include <map>
#include <memory>

#include "client/scripted_backend.h"

namespace streamgauge::tests {

class ScriptedServer final : public QObject {
public:
    explicit ScriptedServer(ScriptedServices& services);
    ~ScriptedServer() override;

    QUrl url() const;
    // Cuts every connection and refuses new ones, until come_back() on the same port.
    void go_away();
    void come_back();
    // Every request is answered with these bytes from now on; empty: as it should be.
    void answer_with(QByteArray raw) { raw_answer_ = std::move(raw); }
    void fall_silent() { silent_ = true; }  // requests from now on are read and never answered
    // Sent as they are to every open live stream.
    void send_on_streams(const QByteArray& bytes);
    // From now on everything but hello and the login needs the token that the login of `user` with `password` answers;
    // an earlier one is void.
    void ask_for_login(const QByteArray& user, const QByteArray& password);
    int logins() const { return logins_; }  // that were right
    const QList<QByteArray>& requests() const { return requests_; }

private:
    void read(QTcpSocket* socket);
    QByteArray answer_objectives(const QByteArray& method, const QUrl& target, const std::string& body);
    QByteArray answer_annotations(const QByteArray& method, const QUrl& target, const std::string& body);
    QByteArray answer_metrics(const QByteArray& method, const QString& path, const std::string& body);
    void handle(QTcpSocket* socket, const QByteArray& head, const QByteArray& body);

    ScriptedServices& services_;
    ScriptedAnnotations annotations_;
    ScriptedObjectives objectives_;
    QTcpServer server_;
    quint16 port_ = 0;
    QByteArray raw_answer_;
    bool silent_ = false;
    bool may(const QByteArray& head) const;
    QByteArray login(const QByteArray& body);

    QByteArray user_, password_, token_;
    int logins_ = 0, tokens_ = 0;
    QList<QByteArray> requests_;
    std::map<QTcpSocket*, QByteArray> sockets_;
    std::map<QTcpSocket*, std::unique_ptr<api::Subscription>> streams_;
};

}  // namespace streamgauge::tests
