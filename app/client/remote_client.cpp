// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/remote_client.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QRandomGenerator>
#include <QUrlQuery>

#include <algorithm>
#include <memory>
#include <utility>

#include "api/annotation_codec.h"
#include "api/codec.h"
#include "api/metric_answers.h"
#include "api/metric_codec.h"
#include "api/objective_codec.h"

namespace streamgauge::client {

using namespace Qt::Literals::StringLiterals;

namespace {

// Bytes that wait unread in one stream; beyond it the server feels the slow reader and sends snapshots.
constexpr qint64 kStreamBufferBytes = 1024 * 1024;
constexpr qint64 kAnswerBytes = 256 * 1024 * 1024;  // the report of a load run of a day

ErrorCode code_of(int status) {
    switch (status) {
        case 400:
        case 422:
            return ErrorCode::InvalidArgument;
        case 401:
            return ErrorCode::Unauthorized;
        case 403:
            return ErrorCode::Forbidden;
        case 404:
        case 405:
            return ErrorCode::NotFound;
        case 409:
            return ErrorCode::Conflict;
        case 413:
            return ErrorCode::TooLarge;
        case 429:
            return ErrorCode::RateLimited;
        case 503:
            return ErrorCode::Unavailable;
        case 504:
            return ErrorCode::DeadlineExceeded;
        default:
            return ErrorCode::Internal;
    }
}

// From an RFC 9457 problem document, as far as there is one.
Error problem(int status, const QByteArray& body) {
    const QJsonObject document = QJsonDocument::fromJson(body).object();
    Error error = Error::make(code_of(status), document["detail"_L1].toString().toStdString());
    if (error.message.empty()) error.message = document["title"_L1].toString().toStdString();
    if (error.message.empty()) error.message = "the server answered with status " + std::to_string(status);
    error.field = document["field"_L1].toString().toStdString();
    error.hint = document["hint"_L1].toString().toStdString();
    if (const QJsonValue offset = document["offset"_L1]; offset.isDouble() && offset.toDouble() >= 0) {
        error.offset = static_cast<std::uint64_t>(offset.toInteger());
    }
    return error;
}

int status_of(const QNetworkReply& reply) {
    return reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
}

std::string_view view(const QByteArray& bytes) {
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

Result<std::string> decode_token(std::string_view json) {
    const QByteArray bytes(json.data(), static_cast<qsizetype>(json.size()));
    const QString token = QJsonDocument::fromJson(bytes).object()["token"_L1].toString();
    if (token.isEmpty()) return Error::make(ErrorCode::Internal, "the server answered a login without a token");
    return token.toStdString();
}

const QString kAnnotationsPath = u"/api/v1/annotations"_s;
const QString kObjectivesPath = u"/api/v1/objectives"_s;
const QString kMetricsPath = u"/api/v1/metrics"_s;

QString objective_path(const std::string& name) {
    return kObjectivesPath + u'/' + QString::fromLatin1(QByteArray::fromStdString(name).toPercentEncoding());
}

QString metric_path(const std::string& name) {
    return kMetricsPath + u'/' + QString::fromLatin1(QByteArray::fromStdString(name).toPercentEncoding());
}

QString run_path(const std::string& id) {
    return u"/api/v1/load/runs/"_s + QString::fromLatin1(QByteArray::fromStdString(id).toPercentEncoding());
}

Result<std::vector<api::StoredLoadRun>> decode_runs(std::string_view json) {
    Result<api::StoredLoadRuns> runs = api::decode_load_runs(json);
    if (!runs.ok()) return runs.error();
    return std::move(runs->runs);
}

Result<std::string> as_it_is(std::string_view text) {
    return std::string(text);
}

// As one document, or as events of which the last is the answer or why there is none.
template <class T>
Result<T> decode_attended(std::string_view text, Result<T> (*read)(std::string_view)) {
    if (!text.starts_with("event:")) return read(text);
    std::vector<SseEvent> events;
    SseParser parser(std::max<std::size_t>(text.size(), 1) + 1);
    if (Status fed = parser.feed(text, events); !fed) return fed.error();
    if (events.empty() || events.back().event == "progress")
        return Error{ErrorCode::Disconnected, "the connection ended before the answer came", {}, {}, {}};
    if (events.back().event == "answer") return read(events.back().data);
    const QByteArray fault = QByteArray::fromStdString(events.back().data);
    return problem(QJsonDocument::fromJson(fault).object()["status"_L1].toInt(), fault);
}

Result<api::BackTest> decode_back_test(std::string_view text) {
    return decode_attended<api::BackTest>(text, &api::read_back_test);
}

Result<query::PointsAnswer> decode_points(std::string_view text) {
    return decode_attended<query::PointsAnswer>(text, &api::read_points);
}

constexpr const char* kAttended = "text/event-stream, application/json;q=0.9";

// The question of this reply ends with `context`; until then `progress` is told what its events say.
void attend(QNetworkReply* reply, QObject* context, std::function<void(double)> progress) {
    QObject::connect(context, &QObject::destroyed, reply, &QNetworkReply::abort);
    if (!progress) return;
    // What has come stays where it is until the end; `seen` of it was looked at.
    auto parser = std::make_shared<SseParser>();
    QObject::connect(
        reply, &QNetworkReply::readyRead, context,
        [reply, parser, progress = std::move(progress), seen = qint64{0}]() mutable {
            if (!reply->header(QNetworkRequest::ContentTypeHeader).toString().startsWith("text/event-stream"_L1))
                return;
            const QByteArray come = reply->peek(reply->bytesAvailable());
            std::vector<SseEvent> events;
            static_cast<void>(parser->feed(view(come).substr(static_cast<std::size_t>(seen)), events));
            seen = come.size();
            for (const SseEvent& event : events) {
                if (event.event != "progress") continue;
                const QJsonObject told = QJsonDocument::fromJson(QByteArray::fromStdString(event.data)).object();
                const double share = told["progress"_L1].toDouble();
                progress(share > 0 ? std::min(share, 1.0) : 0);
            }
        });
}

// The status said it all.
Result<bool> decode_nothing(std::string_view) {
    return true;
}

}  // namespace

Result<QUrl> parse_server_address(const QString& text) {
    const QString trimmed = text.trimmed();
    QUrl url(trimmed.contains("://"_L1) ? trimmed : "http://"_L1 + trimmed, QUrl::StrictMode);
    const bool scheme_known = url.scheme() == "http"_L1 || url.scheme() == "https"_L1;
    const bool bare = (url.path().isEmpty() || url.path() == "/"_L1) && !url.hasQuery() && !url.hasFragment() &&
                      url.userInfo().isEmpty();
    if (trimmed.isEmpty() || !url.isValid() || url.host().isEmpty() || !scheme_known || !bare) {
        return Error{ErrorCode::InvalidArgument,
                     "\"" + text.toStdString() + "\" is not the address of a server",
                     "connect",
                     {},
                     "write it as http://127.0.0.1:8090 or https://host:8443"};
    }
    url.setPath(QString());
    return url;
}

RemoteClient::RemoteClient(QUrl base) : RemoteClient(std::move(base), Options{}) {}

RemoteClient::RemoteClient(QUrl base, Options options, Identity identity)
    : base_(std::move(base)), options_(options), identity_(std::move(identity)), token_(identity_.token) {
    network_.setAutoDeleteReplies(true);
    retry_timer_.setSingleShot(true);
    connect(&retry_timer_, &QTimer::timeout, this, [this] { say_hello(); });
    ping_timer_.setInterval(options_.ping);
    connect(&ping_timer_, &QTimer::timeout, this, [this] { ping(); });
    set_ingest_url(base_.toString().toStdString() + "/events");
}

RemoteClient::~RemoteClient() {
    blockSignals(true);
    stop();
}

std::string RemoteClient::endpoint() const {
    return base_.authority().toStdString();
}

void RemoteClient::start() {
    if (state() != ConnectionState::Idle && state() != ConnectionState::Failed) return;
    failures_ = 0;
    was_live_ = false;
    set_state(ConnectionState::Connecting);
    say_hello();
}

void RemoteClient::stop() {
    drop_connection();
    set_state(ConnectionState::Idle);
    pending().fail_all(Error::make(ErrorCode::Cancelled, "the connection was closed"));
}

void RemoteClient::drop_connection() {
    retry_timer_.stop();
    ping_timer_.stop();
    ping_under_way_ = false;
    reachable_ = false;
    connection_.reset();  // nothing of the old connection is heard from here on
    for (auto& [id, stream] : std::exchange(streams_, {})) {
        if (stream.reply) stream.reply->abort();
    }
}

QNetworkRequest RemoteClient::request(const QString& path) const {
    QUrl url(base_);
    const qsizetype query = path.indexOf(u'?');
    url.setPath(path.left(query), QUrl::StrictMode);  // what is encoded stays so
    if (query >= 0) url.setQuery(path.mid(query + 1), QUrl::StrictMode);
    QNetworkRequest request(url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    request.setAttribute(QNetworkRequest::CacheLoadControlAttribute, QNetworkRequest::AlwaysNetwork);
    request.setRawHeader("Accept", "application/json");
    if (!token_.empty()) request.setRawHeader("Authorization", "Bearer " + QByteArray::fromStdString(token_));
    return request;
}

template <class T>
QNetworkReply* RemoteClient::exchange(const QByteArray& method, const QString& path, const std::string& body,
                                      Decode<T> decode, std::function<void(Result<T>)> then, const CallManner& manner) {
    QNetworkRequest asked = request(path);
    asked.setTransferTimeout(static_cast<int>((manner.question ? options_.question : options_.answer).count()));
    asked.setHeader(QNetworkRequest::ContentTypeHeader, manner.type);
    if (!manner.accept.isEmpty()) asked.setRawHeader("Accept", manner.accept);
    if (!connection_) connection_ = std::make_unique<QObject>();
    QNetworkReply* reply = network_.sendCustomRequest(asked, method, QByteArray::fromStdString(body));
    connect(reply, &QNetworkReply::finished, connection_.get(), [reply, decode, then = std::move(then)] {
        const int status = status_of(*reply);
        const QByteArray answer = reply->isOpen() ? reply->read(kAnswerBytes) : QByteArray();  // not when it was ended
        const bool cut = reply->error() != QNetworkReply::NoError && status >= 200 && status < 300;
        if (status == 0 || cut) {
            then(Error{ErrorCode::Disconnected,
                       reply->errorString().toStdString(),
                       {},
                       {},
                       "see that the server runs and can be reached from here"});
        } else if (status < 200 || status > 299) {
            then(problem(status, answer));
        } else {
            then(decode(view(answer)));
        }
    });
    return reply;
}

template <class T>
QNetworkReply* RemoteClient::call(const QByteArray& method, const QString& path, const std::string& body,
                                  Decode<T> decode, QObject* context, Done<T> done, const CallManner& manner) {
    const auto call = pending().open<T>(context, std::move(done));
    if (!reachable_) {
        refuse(call);
        return nullptr;
    }
    const auto settle = [this, call](Result<T> result) {
        const bool unknown = !result.ok() && result.error().code == ErrorCode::Unauthorized;
        const Error error = unknown ? result.error() : Error{};
        call->settle(std::move(result));
        // Its receiver may have stopped us.
        if (!unknown || !reachable_) return;
        if (!token_.empty() && !identity_.password.empty()) return not_known(error);
        // Open to everybody but for this: what is shown stays live while the person decides.
        Q_EMIT loginWanted();
    };
    return exchange<T>(method, path, body, decode, settle, manner);
}

void RemoteClient::say_hello() {
    exchange<api::Hello>("GET", u"/api/v1/hello"_s, {}, &api::decode_hello, [this](Result<api::Hello> hello) {
        if (hello.ok()) {
            if (hello->product != "streamgauge") return refused("What answers there is not a Streamgauge server.");
            return authenticate(std::move(hello).value());
        }
        const Error& error = hello.error();
        switch (error.code) {
            case ErrorCode::Disconnected:
            case ErrorCode::Unavailable:
            case ErrorCode::DeadlineExceeded:
            case ErrorCode::RateLimited:
                return lost(error.describe());
            case ErrorCode::Unauthorized:
            case ErrorCode::Forbidden:
                return refused("The server refused: " + error.describe());
            default:
                return refused("What answers there does not speak as a Streamgauge server does: " + error.describe());
        }
    });
}

void RemoteClient::authenticate(api::Hello hello) {
    if (!was_live_) set_state(ConnectionState::Authenticating);
    if (!connection_) return;  // a listener of the signal stopped us
    const auto failed = [this](const Error& error) {
        switch (error.code) {
            case ErrorCode::Unauthorized:
                return want_login(identity_.password.empty() ? "The server asks for a login."
                                                             : "The login was refused: " + error.describe() + ".");
            case ErrorCode::Disconnected:
            case ErrorCode::Unavailable:
            case ErrorCode::DeadlineExceeded:
            case ErrorCode::RateLimited:
                return lost(error.describe());
            default:
                return refused("The server refused: " + error.describe());
        }
    };
    if (token_.empty() && !identity_.password.empty()) {
        const QJsonObject login{{u"username"_s, QString::fromStdString(identity_.user)},
                                {u"password"_s, QString::fromStdString(identity_.password)}};
        exchange<std::string>("POST", u"/api/v1/auth/login"_s,
                              QJsonDocument(login).toJson(QJsonDocument::Compact).toStdString(), &decode_token,
                              [this, failed, hello = std::move(hello)](const Result<std::string>& token) {
                                  if (!token.ok()) return failed(token.error());
                                  token_ = *token;
                                  let_in(hello);
                              });
        return;
    }
    if (token_.empty() && !identity_.user.empty()) return want_login("Log in to go on.");
    exchange<bool>("GET", u"/api/v1/auth/me"_s, {}, &decode_nothing,
                   [this, failed, hello = std::move(hello)](const Result<bool>& known) {
                       // A server that has no such question asks nobody.
                       if (known.ok() || known.error().code == ErrorCode::NotFound) return let_in(hello);
                       if (known.error().code == ErrorCode::Unauthorized && !token_.empty()) {
                           return not_known(known.error());
                       }
                       failed(known.error());
                   });
}

void RemoteClient::not_known(const Error& error) {
    if (!std::exchange(token_, {}).empty() && !identity_.password.empty()) {
        return lost("The login has ended; logging in again.");
    }
    if (!identity_.token.empty()) {
        identity_.token.clear();
        return want_login("The server does not accept the token: " + error.describe() + ".");
    }
    want_login("The server asks for a login.");
}

void RemoteClient::want_login(const std::string& why) {
    identity_.password.clear();
    refused(why);
    Q_EMIT loginWanted();
}

void RemoteClient::log_in(std::string user, std::string password) {
    identity_ = {std::move(user), std::move(password), {}};
    token_.clear();
    stop();
    start();
}

void RemoteClient::let_in(api::Hello hello) {
    failures_ = 0;
    reachable_ = true;
    set_hello(std::move(hello));
    if (!reachable_) return;  // a listener of the signal stopped us
    if (!was_live_) set_state(ConnectionState::Syncing);
    for (const auto& [id, feed] : std::map(feeds())) open_stream(*feed);
    if (feeds().empty()) {
        was_live_ = true;
        set_state(ConnectionState::Live);
    }
    ping_timer_.start();
    ping();
}

void RemoteClient::open_stream(const Feed& feed) {
    QNetworkRequest asked = request(u"/api/v1/live"_s);
    QUrl url = asked.url();
    QUrlQuery query;
    query.addQueryItem(u"topic"_s, QString::fromStdString(std::string(api::to_string(feed.topic))));
    const auto add = [&query](const QString& name, const std::string& value) {
        if (!value.empty()) {
            query.addQueryItem(name, QString::fromUtf8(QByteArray::fromStdString(value).toPercentEncoding()));
        }
    };
    add(u"event_type"_s, feed.filter.event_type);
    add(u"filter"_s, feed.filter.filter);
    url.setQuery(query);
    asked.setUrl(url);
    asked.setRawHeader("Accept", "text/event-stream");
    if (feed.last) {
        asked.setRawHeader("Last-Event-ID", QByteArray::number(static_cast<qulonglong>(feed.last->epoch)) + ':' +
                                                QByteArray::number(static_cast<qulonglong>(feed.last->seq)));
    }
    Stream& stream = streams_[feed.id];
    if (stream.reply) {
        stream.reply->disconnect(connection_.get());
        stream.reply->abort();
    }
    stream.parser = SseParser();
    stream.heard = std::chrono::steady_clock::now();
    stream.reply = network_.get(asked);
    stream.reply->setReadBufferSize(kStreamBufferBytes);
    QNetworkReply* reply = stream.reply;
    connect(reply, &QNetworkReply::readyRead, connection_.get(), [this, id = feed.id] { read_stream(id); });
    connect(reply, &QNetworkReply::finished, connection_.get(), [this, reply, id = feed.id] {
        read_stream(id);
        const auto found = streams_.find(id);
        if (found == streams_.end() || found->second.reply != reply) return;
        const int status = status_of(*reply);
        if (status == 401) return not_known(problem(status, reply->read(kAnswerBytes)));
        if (status == 403 || status == 404) {
            return refused("The server gives no live view: " + problem(status, reply->read(kAnswerBytes)).describe());
        }
        lost(status == 0 || status == 200 ? "The live stream ended: " + reply->errorString().toStdString()
                                          : problem(status, reply->read(kAnswerBytes)).describe());
    });
}

void RemoteClient::read_stream(std::uint64_t feed_id) {
    const auto found = streams_.find(feed_id);
    if (found == streams_.end() || !found->second.reply || status_of(*found->second.reply) != 200) return;
    Stream& stream = found->second;
    const api::Topic topic = feeds().at(feed_id)->topic;
    stream.heard = std::chrono::steady_clock::now();
    std::vector<SseEvent> events;
    const Status fed = stream.parser.feed(view(stream.reply->readAll()), events);
    const QPointer<QNetworkReply> reply = stream.reply;
    for (const SseEvent& event : events) {
        Result<api::LiveMessage> message = api::from_sse(topic, event.id, event.event, event.data);
        if (!message.ok()) return lost("The live stream is not understood: " + message.error().describe());
        const bool followed = deliver(feed_id, *message);
        // The callback may have ended this subscription or the connection.
        const auto still = streams_.find(feed_id);
        if (still == streams_.end() || still->second.reply != reply) return;
        if (!followed) return open_stream(*feeds().at(feed_id));  // from a fresh snapshot
        was_live_ = true;
        set_state(ConnectionState::Live);
    }
    if (!fed.ok()) lost(fed.error().describe());
}

void RemoteClient::lost(const std::string& why) {
    drop_connection();
    // 2^5 times the first pause is beyond the longest one already.
    const auto pause = std::min(options_.longest_retry, options_.first_retry * (1 << std::min(failures_, 5)));
    ++failures_;
    const double jitter = 0.75 + 0.5 * QRandomGenerator::global()->generateDouble();
    retry_timer_.start(
        std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(pause.count()) * jitter)));
    set_state(was_live_ ? ConnectionState::Degraded : ConnectionState::Failed, why);
    pending().fail_all(
        Error{ErrorCode::Disconnected, why, {}, {}, "the connection comes back by itself; then try again"});
}

void RemoteClient::refused(const std::string& why) {
    drop_connection();
    set_state(ConnectionState::Failed, why);
    pending().fail_all(Error::make(ErrorCode::Disconnected, why));
}

void RemoteClient::ping() {
    if (!reachable_) return;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [id, stream] : streams_) {
        if (now - stream.heard > options_.silence) return lost("The live stream has been silent for too long.");
    }
    if (std::exchange(ping_under_way_, true)) return;
    exchange<api::Health>(
        "GET", u"/api/v1/health/details"_s, {}, &api::decode_health, [this, now](Result<api::Health> health) {
            ping_under_way_ = false;
            if (!health.ok() && health.error().code == ErrorCode::Unauthorized) return not_known(health.error());
            if (!health.ok() && health.error().code == ErrorCode::Disconnected) return lost(health.error().describe());
            if (!health.ok()) {
                if (state() == ConnectionState::Live) set_state(ConnectionState::Degraded, health.error().describe());
                return;
            }
            follow_health(*health);
            set_latency(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - now).count());
        });
}

void RemoteClient::feed_opened(const Feed& feed) {
    if (reachable_) open_stream(feed);
}

void RemoteClient::feed_closed(std::uint64_t id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    const QPointer<QNetworkReply> reply = found->second.reply;
    streams_.erase(found);
    if (reply) reply->abort();
}

void RemoteClient::health(QObject* context, Done<api::Health> done) {
    call<api::Health>("GET", u"/api/v1/health/details"_s, {}, &api::decode_health, context, std::move(done));
}

void RemoteClient::start_load(api::LoadPlan plan, QObject* context, Done<api::LoadStatus> done) {
    call<api::LoadStatus>("POST", u"/api/v1/load/runs"_s, api::encode(plan), &api::decode_load_status, context,
                          std::move(done));
}

void RemoteClient::trace(std::string event_id, QObject* context, Done<api::EventTrace> done) {
    const QByteArray id = QByteArray::fromStdString(event_id).toPercentEncoding();
    call<api::EventTrace>("GET", u"/api/v1/events/"_s + QString::fromLatin1(id) + u"/trace"_s, {},
                          &api::decode_event_trace, context, std::move(done));
}

void RemoteClient::list_metrics(QObject* context, Done<std::vector<api::MetricStatus>> done) {
    call<std::vector<api::MetricStatus>>("GET", kMetricsPath, {}, &api::read_statuses, context, std::move(done));
}

// Of stored events it can take long: then it is answered as events, unless the answer is too large for that.
void RemoteClient::points(query::PointsQuery query, std::function<void(double)> progress, QObject* context,
                          Done<query::PointsAnswer> done) {
    const bool attended = query.raw.has_value() && progress;
    const std::string question = api::write_question(query);
    Done<query::PointsAnswer> then = done;
    if (attended)
        then = [this, query = std::move(query), context, done](Result<query::PointsAnswer> told) {
            if (told.ok() || told.error().field != "limit") return done(std::move(told));
            points(query, {}, context, done);
        };
    QNetworkReply* const reply =
        call<query::PointsAnswer>("POST", u"/api/v1/query"_s, question, &decode_points, context, std::move(then),
                                  {.accept = QByteArray(attended ? kAttended : ""), .question = true});
    if (reply) attend(reply, context, attended ? std::move(progress) : nullptr);
}

void RemoteClient::put_metric(MetricDefinition definition, QObject* context, Done<api::MetricStatus> done) {
    call<api::MetricStatus>("PUT", metric_path(definition.name), api::write_definition(definition), &api::read_status,
                            context, std::move(done));
}

void RemoteClient::try_metric(MetricDefinition definition, QObject* context, Done<bool> done) {
    call<bool>("POST", kMetricsPath + u"/validate"_s, api::write_definition(definition), &decode_nothing, context,
               std::move(done));
}

void RemoteClient::remove_metric(std::string name, QObject* context, Done<bool> done) {
    call<bool>("DELETE", metric_path(name), {}, &decode_nothing, context, std::move(done));
}

void RemoteClient::cancel_backfill(std::string name, QObject* context, Done<bool> done) {
    call<bool>("DELETE", metric_path(name) + u"/backfill"_s, {}, &decode_nothing, context, std::move(done));
}

void RemoteClient::retry_backfill(std::string name, QObject* context, Done<bool> done) {
    call<bool>("POST", metric_path(name) + u"/backfill"_s, {}, &decode_nothing, context, std::move(done));
}

void RemoteClient::list_annotations(query::TimeRange range, QObject* context, Done<std::vector<api::Annotation>> done) {
    const std::string asked = "?from=" + format_rfc3339(range.from) + "&to=" + format_rfc3339(range.to);
    call<std::vector<api::Annotation>>("GET", kAnnotationsPath + QString::fromStdString(asked), {},
                                       &api::decode_annotations, context, std::move(done));
}

void RemoteClient::add_annotation(api::Annotation annotation, QObject* context, Done<api::Annotation> done) {
    call<api::Annotation>("POST", kAnnotationsPath, api::encode_new(annotation), &api::decode_annotation, context,
                          std::move(done));
}

void RemoteClient::remove_annotation(std::string id, QObject* context, Done<bool> done) {
    const QByteArray encoded = QByteArray::fromStdString(id).toPercentEncoding();
    call<bool>("DELETE", kAnnotationsPath + u'/' + QString::fromLatin1(encoded), {}, &decode_nothing, context,
               std::move(done));
}

void RemoteClient::list_objectives(QObject* context, Done<std::vector<api::ObjectiveStatus>> done) {
    call<std::vector<api::ObjectiveStatus>>("GET", kObjectivesPath, {}, &api::read_objective_statuses, context,
                                            std::move(done));
}

void RemoteClient::objective_history(std::string name, query::TimeRange range, QObject* context,
                                     Done<api::ObjectiveHistory> done) {
    const std::string asked = "/history?from=" + format_rfc3339(range.from) + "&to=" + format_rfc3339(range.to);
    call<api::ObjectiveHistory>("GET", objective_path(name) + QString::fromStdString(asked), {}, &api::read_history,
                                context, std::move(done));
}

void RemoteClient::put_objective(slo::Objective objective, QObject* context, Done<api::ObjectiveStatus> done) {
    call<api::ObjectiveStatus>("PUT", objective_path(objective.name), api::write_objective(objective),
                               &api::read_objective_status, context, std::move(done));
}

void RemoteClient::remove_objective(std::string name, QObject* context, Done<bool> done) {
    call<bool>("DELETE", objective_path(name), {}, &decode_nothing, context, std::move(done));
}

void RemoteClient::back_test(slo::Objective draft, query::TimeRange range, std::function<void(double)> progress,
                             QObject* context, Done<api::BackTest> done) {
    QNetworkReply* const reply = call<api::BackTest>(
        "POST", kObjectivesPath + u"/back-test"_s, api::write_back_test_request({draft, range}), &decode_back_test,
        context, std::move(done), {.accept = QByteArray(kAttended), .question = true});
    if (reply) attend(reply, context, std::move(progress));
}

void RemoteClient::import_objectives(std::string openslo, bool dry_run, QObject* context,
                                     Done<api::ImportedObjectives> done) {
    call<api::ImportedObjectives>("POST", kObjectivesPath + (dry_run ? u"/import?dry_run=true"_s : u"/import"_s),
                                  openslo, &api::read_imported, context, std::move(done),
                                  {.type = u"application/yaml"_s});
}

void RemoteClient::export_objectives(api::ObjectiveForm form, QObject* context, Done<std::string> done) {
    const QString asked = form == api::ObjectiveForm::Prometheus ? u"/export?format=prometheus"_s : u"/export"_s;
    call<std::string>("GET", kObjectivesPath + asked, {}, &as_it_is, context, std::move(done));
}

void RemoteClient::start_scenario(std::string text, QObject* context, Done<api::LoadStatus> done) {
    call<api::LoadStatus>("POST", u"/api/v1/load/runs"_s, text, &api::decode_load_status, context, std::move(done),
                          {.type = u"application/yaml"_s});
}

void RemoteClient::find_capacity(api::CapacityAsk ask, QObject* context, Done<api::LoadStatus> done) {
    call<api::LoadStatus>("POST", u"/api/v1/load/capacity"_s, api::encode(ask), &api::decode_load_status, context,
                          std::move(done));
}

void RemoteClient::lay_hand(loadgen::HandAction action, QObject* context, Done<api::LoadStatus> done) {
    call<api::LoadStatus>("POST", u"/api/v1/load/hand"_s, loadgen::to_json(action), &api::decode_load_status, context,
                          std::move(done));
}

void RemoteClient::list_runs(std::size_t limit, QObject* context, Done<std::vector<api::StoredLoadRun>> done) {
    call<std::vector<api::StoredLoadRun>>("GET", u"/api/v1/load/runs?limit="_s + QString::number(limit), {},
                                          &decode_runs, context, std::move(done));
}

void RemoteClient::run_report(std::string id, QObject* context, Done<std::string> done) {
    call<std::string>("GET", run_path(id) + u"/report"_s, {}, &as_it_is, context, std::move(done));
}

void RemoteClient::remove_run(std::string id, QObject* context, Done<bool> done) {
    call<bool>("DELETE", run_path(id), {}, &decode_nothing, context, std::move(done));
}

void RemoteClient::compare_runs(std::string before, std::string after, QObject* context,
                                Done<loadgen::RunComparison> done) {
    const auto encoded = [](const std::string& id) {
        return QString::fromLatin1(QByteArray::fromStdString(id).toPercentEncoding());
    };
    call<loadgen::RunComparison>("GET",
                                 u"/api/v1/load/compare?before="_s + encoded(before) + u"&after="_s + encoded(after),
                                 {}, &api::decode_run_comparison, context, std::move(done));
}

void RemoteClient::stop_load(QObject* context, Done<api::LoadStatus> done) {
    call<api::LoadStatus>("POST", u"/api/v1/load/stop"_s, "{}", &api::decode_load_status, context, std::move(done));
}

void RemoteClient::load_status(QObject* context, Done<api::LoadStatus> done) {
    call<api::LoadStatus>("GET", u"/api/v1/load/status"_s, {}, &api::decode_load_status, context, std::move(done));
}

}  // namespace streamgauge::client
