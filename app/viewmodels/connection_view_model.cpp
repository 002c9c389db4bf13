// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/connection_view_model.h"

#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;

ConnectionViewModel::ConnectionViewModel(client::BackendClient& client, QObject* parent)
    : QObject(parent), client_(client) {
    connect(&client, &client::BackendClient::stateChanged, this, &ConnectionViewModel::changed);
    connect(&client, &client::BackendClient::loginWanted, this, &ConnectionViewModel::loginWanted);
    connect(&client, &client::BackendClient::latencyChanged, this, &ConnectionViewModel::latencyChanged);
}

QString ConnectionViewModel::state() const {
    const std::string_view name = client::to_string(client_.state());
    return QString::fromLatin1(name.data(), static_cast<qsizetype>(name.size()));
}

QString ConnectionViewModel::state_text() const {
    switch (client_.state()) {
        case ConnectionState::Idle:
            return u"Not connected"_s;
        case ConnectionState::Connecting:
            return u"Connecting"_s;
        case ConnectionState::Authenticating:
            return u"Logging in"_s;
        case ConnectionState::Syncing:
            return u"Loading"_s;
        case ConnectionState::Live:
            return u"Live"_s;
        case ConnectionState::Degraded:
            return u"Degraded"_s;
        case ConnectionState::Failed:
            return u"Failed"_s;
    }
    return {};
}

QString ConnectionViewModel::tone() const {
    switch (client_.state()) {
        case ConnectionState::Live:
            return u"good"_s;
        case ConnectionState::Degraded:
            return u"warning"_s;
        case ConnectionState::Failed:
            return u"bad"_s;
        default:
            return u"none"_s;
    }
}

QString ConnectionViewModel::endpoint() const {
    return QString::fromStdString(client_.endpoint());
}

QString ConnectionViewModel::latency_text() const {
    const auto ms = client_.latency_ms();
    return ms ? milliseconds(*ms).text() : QString();
}

QString ConnectionViewModel::error_text() const {
    return QString::fromStdString(client_.error_text());
}

QString ConnectionViewModel::server_version() const {
    const auto& hello = client_.hello();
    return hello ? QString::fromStdString(hello->version) : QString();
}

bool ConnectionViewModel::live() const {
    return client_.state() == ConnectionState::Live;
}

bool ConnectionViewModel::can_load() const {
    return client_.has_feature("load");
}

QString ConnectionViewModel::ingest_url() const {
    return QString::fromStdString(client_.ingest_url());
}

QString ConnectionViewModel::curl() const {
    const QString url = ingest_url();
    if (url.isEmpty()) return {};
    return uR"(curl %1 -H 'Content-Type: application/json' -d '{"event_type":"page_view","user_id":"u_1","page_url":"/"}')"_s
        .arg(url);
}

void ConnectionViewModel::reconnect() {
    if (client_.state() != ConnectionState::Failed && client_.state() != ConnectionState::Idle) client_.stop();
    client_.start();
}

void ConnectionViewModel::logIn(const QString& user, const QString& password) {
    client_.log_in(user.toStdString(), password.toStdString());
}

QString ConnectionViewModel::loginName() const {
    return QString::fromStdString(client_.login_name());
}

}  // namespace streamgauge::viewmodels
