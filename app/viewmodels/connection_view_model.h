// SPDX-License-Identifier: GPL-3.0-or-later
// The connection pill: whom we talk to, how it stands, how fast it answers.
#pragma once

#include <QObject>

#include "client/backend_client.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` must outlive it.
class ConnectionViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(QString state READ state NOTIFY changed)           // "live", "degraded", ...
    Q_PROPERTY(QString stateText READ state_text NOTIFY changed)  // for people
    Q_PROPERTY(QString tone READ tone NOTIFY changed)             // "good", "warning", "bad", "none"
    Q_PROPERTY(QString endpoint READ endpoint NOTIFY changed)
    Q_PROPERTY(QString latencyText READ latency_text NOTIFY latencyChanged)
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)
    Q_PROPERTY(QString serverVersion READ server_version NOTIFY changed)
    Q_PROPERTY(bool live READ live NOTIFY changed)
    Q_PROPERTY(bool canLoad READ can_load NOTIFY changed)  // the server offers load runs
    Q_PROPERTY(QString ingestUrl READ ingest_url NOTIFY changed)
    Q_PROPERTY(QString curl READ curl NOTIFY changed)  // sends one event; empty while the address is unknown
public:
    explicit ConnectionViewModel(client::BackendClient& client, QObject* parent = nullptr);

    QString state() const;
    QString state_text() const;
    QString tone() const;
    QString endpoint() const;
    QString latency_text() const;
    QString error_text() const;
    QString server_version() const;
    bool live() const;
    bool can_load() const;
    QString ingest_url() const;
    QString curl() const;

    Q_INVOKABLE void reconnect();
    Q_INVOKABLE void logIn(const QString& user, const QString& password);
    Q_INVOKABLE QString loginName() const;

Q_SIGNALS:
    void changed();
    void loginWanted();
    void latencyChanged();

private:
    client::BackendClient& client_;
};

}  // namespace streamgauge::viewmodels
