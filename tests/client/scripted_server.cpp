// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/scripted_server.h"

#include <QHostAddress>
#include <QJsonDocument>
#include <QJsonObject>
#include <QUrlQuery>

#include "api/codec.h"
#include "api/metric_answers.h"
#include "api/metric_codec.h"
#include "api/objective_codec.h"
#include "api/query_answer.h"
#include "api/query_request.h"

namespace streamgauge::tests {

using namespace Qt::Literals::StringLiterals;

namespace {

QByteArray reply(int status, const std::string& body, const char* type = "application/json") {
    return "HTTP/1.1 " + QByteArray::number(status) + " X\r\nContent-Type: " + type +
           "\r\nContent-Length: " + QByteArray::number(static_cast<qulonglong>(body.size())) + "\r\n\r\n" +
           QByteArray::fromStdString(body);
}

QByteArray problem_reply(const Error& error) {
    const int status = error.code == ErrorCode::Conflict ? 409 : error.code == ErrorCode::NotFound ? 404 : 400;
    return reply(status,
                 R"({"type":"about:blank","title":"Bad","status":400,"detail":")" + error.message + R"(","field":")" +
                     error.field + R"(","hint":")" + error.hint + R"("})",
                 "application/problem+json");
}

template <class T>
QByteArray reply_of(const Result<T>& result) {
    return result.ok() ? reply(200, api::encode(*result)) : problem_reply(result.error());
}

}  // namespace

ScriptedServer::ScriptedServer(ScriptedServices& services) : services_(services) {
    connect(&server_, &QTcpServer::newConnection, this, [this] {
        while (QTcpSocket* socket = server_.nextPendingConnection()) {
            sockets_[socket] = {};
            connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
            connect(socket, &QTcpSocket::disconnected, this, [this, socket] {
                streams_.erase(socket);
                sockets_.erase(socket);
                socket->deleteLater();
            });
        }
    });
    come_back();
}

ScriptedServer::~ScriptedServer() {
    go_away();
}

QUrl ScriptedServer::url() const {
    return QUrl(u"http://127.0.0.1:%1"_s.arg(port_));
}

void ScriptedServer::come_back() {
    const bool listening = server_.listen(QHostAddress::LocalHost, port_);
    Q_ASSERT(listening);
    (void)listening;
    port_ = server_.serverPort();
}

void ScriptedServer::go_away() {
    server_.close();
    streams_.clear();
    for (const auto& [socket, unread] : std::exchange(sockets_, {})) {
        socket->disconnect(this);
        socket->abort();
        socket->deleteLater();
    }
}

void ScriptedServer::send_on_streams(const QByteArray& bytes) {
    for (const auto& [socket, subscription] : streams_) socket->write(bytes);
}

void ScriptedServer::read(QTcpSocket* socket) {
    QByteArray& unread = sockets_[socket];
    unread += socket->readAll();
    while (true) {
        const qsizetype end = unread.indexOf("\r\n\r\n");
        if (end < 0) return;
        const QByteArray head = unread.left(end);
        qsizetype length = 0;
        for (const QByteArray& line : head.split('\n')) {
            if (line.toLower().startsWith("content-length:")) length = line.mid(15).trimmed().toLongLong();
        }
        if (unread.size() < end + 4 + length) return;
        const QByteArray body = unread.mid(end + 4, length);
        unread.remove(0, end + 4 + length);
        handle(socket, head, body);
    }
}

void ScriptedServer::ask_for_login(const QByteArray& user, const QByteArray& password) {
    user_ = user;
    password_ = password;
    token_ = "token-" + QByteArray::number(++tokens_);
}

bool ScriptedServer::may(const QByteArray& head) const {
    const QByteArray wanted = "Authorization: Bearer " + token_ + "\r";
    return token_.isEmpty() || QByteArray(head + "\r").contains(wanted);
}

QByteArray ScriptedServer::login(const QByteArray& body) {
    const QJsonObject given = QJsonDocument::fromJson(body).object();
    if (given["username"_L1].toString().toUtf8() != user_ || given["password"_L1].toString().toUtf8() != password_) {
        return reply(401, R"({"title":"Unauthorized","detail":"the name or the password is wrong","status":401})",
                     "application/problem+json");
    }
    ++logins_;
    return reply(200, R"({"token":")" + token_.toStdString() + "\"}");
}

QByteArray ScriptedServer::answer_annotations(const QByteArray& method, const QUrl& target, const std::string& body) {
    QByteArray answer;
    const auto written = [&answer](auto write) {
        return [&answer, write](const auto& result) {
            answer = result.ok() ? reply(200, write(*result)) : problem_reply(result.error());
        };
    };
    if (method == "GET") {
        const QUrlQuery asked(target);
        const auto instant = [&asked](const char* name) {
            return parse_rfc3339(asked.queryItemValue(QLatin1StringView(name)).toStdString()).value_or(Timestamp{});
        };
        annotations_.list({}, {instant("from"), instant("to")}, 200,
                          written([](const std::vector<api::Annotation>& all) { return api::encode(all); }));
    } else if (method == "POST") {
        const auto asked = api::read_new_annotation(body, Timestamp{});
        if (!asked.ok()) return problem_reply(asked.error());
        annotations_.add(*asked, written([](const api::Annotation& one) { return api::encode(one); }));
    } else {
        annotations_.remove({}, target.path().mid(20).toStdString(), written([](bool) { return std::string("{}"); }));
    }
    return answer;
}

QByteArray ScriptedServer::answer_objectives(const QByteArray& method, const QUrl& target, const std::string& body) {
    QByteArray answer;
    const auto written = [&answer](auto write) {
        return [&answer, write](const auto& result) {
            answer = result.ok() ? reply(200, write(*result)) : problem_reply(result.error());
        };
    };
    const std::string name = target.path().section(u'/', 4, 4).toStdString();
    if (name.empty()) {
        objectives_.list({}, written([](const std::vector<api::ObjectiveStatus>& all) {
                             std::string text;
                             for (const api::ObjectiveStatus& one : all)
                                 text += (text.empty() ? "" : ",") + api::write_status(one);
                             return R"({"objectives":[)" + text + "]}";
                         }));
    } else if (name == "back-test") {
        const auto asked = api::read_back_test_request(body, Timestamp{});
        if (!asked.ok()) return problem_reply(asked.error());
        objectives_.back_test(asked->draft, asked->range, {}, written(api::write_back_test));
    } else if (target.path().endsWith("/history"_L1)) {
        const QUrlQuery asked(target);
        const auto instant = [&asked](const char* word) {
            return parse_rfc3339(asked.queryItemValue(QLatin1StringView(word)).toStdString()).value_or(Timestamp{});
        };
        objectives_.history(name, {instant("from"), instant("to")}, written(api::write_history));
    } else if (method == "PUT") {
        const auto asked = api::read_objective(body, name);
        if (!asked.ok()) return problem_reply(asked.error());
        objectives_.put(*asked, written([](const api::ObjectiveStatus& one) { return api::write_status(one); }));
    } else {
        objectives_.remove(name, written([](bool) { return std::string("{}"); }));
    }
    return answer;
}

// The scripted metrics answer at once.
QByteArray ScriptedServer::answer_metrics(const QByteArray& method, const QString& path, const std::string& body) {
    QByteArray answer;
    const auto written = [&answer](auto write) {
        return [&answer, write](const auto& result) {
            answer = result.ok() ? reply(200, write(*result)) : problem_reply(result.error());
        };
    };
    const auto nothing = written([](bool) { return std::string("{}"); });
    const std::string rest = path.mid(16).toStdString();
    ScriptedMetrics& metrics = services_.metrics();
    if (path == "/api/v1/query"_L1) {
        const auto request = api::read_query(body, Timestamp{});
        if (!request.ok()) return problem_reply(request.error());
        metrics.points(request->points.at(0), {},
                       written([](const query::PointsAnswer& points) { return api::write_json({points}, {}); }));
    } else if (method == "GET") {
        metrics.list(written([](const std::vector<api::MetricStatus>& all) {
            std::string text = R"({"metrics":[)";
            for (const api::MetricStatus& one : all) text += (text.back() == '[' ? "" : ",") + api::write_status(one);
            return text + "]}";
        }));
    } else if (method == "PUT") {
        const auto definition = api::read_definition(body, rest);
        if (!definition.ok()) return problem_reply(definition.error());
        metrics.put(*definition, written([](const api::MetricStatus& one) { return api::write_status(one); }));
    } else if (method == "POST") {
        if (rest.ends_with("/backfill")) {
            metrics.retry_backfill(rest.substr(0, rest.size() - 9),
                                   written([](const api::MetricStatus& one) { return api::write_status(one); }));
            return answer;
        }
        if (rest != "validate") return reply(404, "{}");
        const auto definition = api::read_definition(body);
        if (!definition.ok()) return problem_reply(definition.error());
        metrics.try_put(*definition, written([](const api::MetricStatus& one) {
            return R"({"definition":)" + api::write_definition(one.definition) + "}";
        }));
    } else if (rest.ends_with("/backfill")) {
        metrics.cancel_backfill(rest.substr(0, rest.size() - 9), nothing);
    } else {
        metrics.remove(rest, nothing);
    }
    return answer;
}

void ScriptedServer::handle(QTcpSocket* socket, const QByteArray& head, const QByteArray& body) {
    requests_ += head;
    if (silent_) return;
    if (!raw_answer_.isEmpty()) {
        socket->write(raw_answer_);
        socket->disconnectFromHost();
        return;
    }
    const QList<QByteArray> words = head.left(head.indexOf('\r')).split(' ');
    const QUrl target = QUrl::fromEncoded(words.value(1));
    const QString path = target.path();
    const QPointer<QTcpSocket> to(socket);
    const auto done = [to, this](Result<api::LoadStatus> status) {
        QMetaObject::invokeMethod(this, [to, bytes = reply_of(status)] {
            if (to) to->write(bytes);
        });
    };
    if (path == "/api/v1/hello"_L1) {
        socket->write(reply(200, api::encode(services_.hello())));
    } else if (path == "/api/v1/auth/login"_L1) {
        socket->write(login(body));
    } else if (!may(head)) {
        socket->write(reply(401, R"({"title":"Unauthorized","detail":"this needs a token","status":401})",
                            "application/problem+json"));
    } else if (path == "/api/v1/auth/me"_L1) {
        socket->write(reply(200, R"({"kind":"user"})"));
    } else if (path == "/api/v1/health/details"_L1) {
        socket->write(reply(200, api::encode(services_.health())));
    } else if (path == "/api/v1/load/runs"_L1) {
        const auto plan = api::decode_load_plan(body.toStdString());
        if (plan.ok()) {
            services_.start(*plan, done);
        } else {
            done(plan.error());
        }
    } else if (path == "/api/v1/load/stop"_L1) {
        services_.stop(done);
    } else if (path == "/api/v1/load/status"_L1) {
        done(services_.status());
    } else if (path.startsWith("/api/v1/events/"_L1) && path.endsWith("/trace"_L1)) {
        const QByteArray raw = target.path(QUrl::FullyEncoded).toLatin1();
        const std::string id = QByteArray::fromPercentEncoding(raw.mid(15, raw.size() - 21)).toStdString();
        ScriptedTrace(services_).trace(id, {}, [to, this](const Result<api::EventTrace>& trace) {
            QMetaObject::invokeMethod(this, [to, bytes = reply_of(trace)] {
                if (to) to->write(bytes);
            });
        });
    } else if (path.startsWith("/api/v1/metrics"_L1) || path == "/api/v1/query"_L1) {
        socket->write(answer_metrics(words.value(0), path, body.toStdString()));
    } else if (path.startsWith("/api/v1/objectives"_L1)) {
        socket->write(answer_objectives(words.value(0), target, body.toStdString()));
    } else if (path.startsWith("/api/v1/annotations"_L1)) {
        socket->write(answer_annotations(words.value(0), target, body.toStdString()));
    } else if (path == "/api/v1/live"_L1) {
        const QUrlQuery query(target);
        const auto topic = api::topic_from(query.queryItemValue(u"topic"_s).toStdString());
        const std::string type = query.queryItemValue(u"event_type"_s, QUrl::FullyDecoded).toStdString();
        const std::string filter = query.queryItemValue(u"filter"_s, QUrl::FullyDecoded).toStdString();
        socket->write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        streams_[socket] = services_.subscribe(*topic, {type, filter}, {}, [to](const api::LiveMessage& message) {
            if (to) to->write(QByteArray::fromStdString(api::to_sse(message)));
        });
    } else {
        socket->write(reply(404, R"({"title":"Not found","status":404})", "application/problem+json"));
    }
}

}  // namespace streamgauge::tests
