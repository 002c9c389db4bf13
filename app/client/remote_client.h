// SPDX-License-Identifier: GPL-3.0-or-later
// A backend elsewhere, by HTTP and server-sent events. A connection that breaks is made again with growing, jittered
// pauses, and each live stream resumes where it was.
#pragma once

#include <QNetworkAccessManager>
#include <QPointer>
#include <QTimer>
#include <QUrl>

#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "client/client_base.h"
#include "client/sse_parser.h"

class QNetworkReply;

namespace streamgauge::client {

// Who the console is to a server. A token, or a user with a password; all empty: nobody, unless the server asks. A user
// without a password: the person is asked for it.
struct Identity {
    std::string user, password, token;
};

// "host:8443", "http://host:8443/", "https://[::1]:8443": a base address without path, query or user.
// InvalidArgument with a hint otherwise.
Result<QUrl> parse_server_address(const QString& text);

// How RemoteClient asks for something.
struct CallManner {
    QString type = QStringLiteral("application/json");  // of what is sent
    QByteArray accept{};                                // empty: JSON
    bool question = false;                              // may take RemoteClient::Options::question
};

// Lives on: GUI thread.
class RemoteClient final : public ClientBase {
    Q_OBJECT
public:
    struct Options {
        std::chrono::milliseconds answer{10'000};  // a call that takes longer ends in Disconnected
        // The same of a question over the past: the server takes up to 60 s, and is silent for as long as 15 s.
        std::chrono::milliseconds question{75'000};
        std::chrono::milliseconds ping{2'000};
        std::chrono::milliseconds silence{40'000};   // of a live stream; the server's heartbeat is 15 s
        std::chrono::milliseconds first_retry{500};  // doubled at each failure, +- 25 %
        std::chrono::milliseconds longest_retry{10'000};
    };

    explicit RemoteClient(QUrl base);
    RemoteClient(QUrl base, Options options, Identity identity = {});
    ~RemoteClient() override;

    void start() override;
    void stop() override;
    std::string endpoint() const override;
    void log_in(std::string user, std::string password) override;
    std::string login_name() const override { return identity_.user; }

protected:
    void health(QObject* context, Done<api::Health> done) override;
    void start_load(api::LoadPlan plan, QObject* context, Done<api::LoadStatus> done) override;
    void stop_load(QObject* context, Done<api::LoadStatus> done) override;
    void start_scenario(std::string text, QObject* context, Done<api::LoadStatus> done) override;
    void find_capacity(api::CapacityAsk ask, QObject* context, Done<api::LoadStatus> done) override;
    void lay_hand(loadgen::HandAction action, QObject* context, Done<api::LoadStatus> done) override;
    void list_runs(std::size_t limit, QObject* context, Done<std::vector<api::StoredLoadRun>> done) override;
    void run_report(std::string id, QObject* context, Done<std::string> done) override;
    void remove_run(std::string id, QObject* context, Done<bool> done) override;
    void compare_runs(std::string before, std::string after, QObject* context,
                      Done<loadgen::RunComparison> done) override;
    void load_status(QObject* context, Done<api::LoadStatus> done) override;
    void trace(std::string event_id, QObject* context, Done<api::EventTrace> done) override;
    void list_metrics(QObject* context, Done<std::vector<api::MetricStatus>> done) override;
    void points(query::PointsQuery query, std::function<void(double)> progress, QObject* context,
                Done<query::PointsAnswer> done) override;
    void put_metric(MetricDefinition definition, QObject* context, Done<api::MetricStatus> done) override;
    void try_metric(MetricDefinition definition, QObject* context, Done<bool> done) override;
    void remove_metric(std::string name, QObject* context, Done<bool> done) override;
    void cancel_backfill(std::string name, QObject* context, Done<bool> done) override;
    void retry_backfill(std::string name, QObject* context, Done<bool> done) override;
    void list_annotations(query::TimeRange range, QObject* context, Done<std::vector<api::Annotation>> done) override;
    void add_annotation(api::Annotation annotation, QObject* context, Done<api::Annotation> done) override;
    void remove_annotation(std::string id, QObject* context, Done<bool> done) override;
    void list_objectives(QObject* context, Done<std::vector<api::ObjectiveStatus>> done) override;
    void objective_history(std::string name, query::TimeRange range, QObject* context,
                           Done<api::ObjectiveHistory> done) override;
    void put_objective(slo::Objective objective, QObject* context, Done<api::ObjectiveStatus> done) override;
    void remove_objective(std::string name, QObject* context, Done<bool> done) override;
    void back_test(slo::Objective draft, query::TimeRange range, std::function<void(double)> progress, QObject* context,
                   Done<api::BackTest> done) override;
    void import_objectives(std::string openslo, bool dry_run, QObject* context,
                           Done<api::ImportedObjectives> done) override;
    void export_objectives(api::ObjectiveForm form, QObject* context, Done<std::string> done) override;
    void feed_opened(const Feed& feed) override;
    void feed_closed(std::uint64_t id) override;

private:
    struct Stream {
        QPointer<QNetworkReply> reply;
        SseParser parser;
        std::chrono::steady_clock::time_point heard;
        std::vector<SseEvent> events;
    };
    template <class T>
    using Decode = Result<T> (*)(std::string_view json);

    void say_hello();
    void authenticate(api::Hello hello);
    void let_in(api::Hello hello);
    // The server does not believe us, or not any more: logs in again where it can, otherwise asks the person.
    void not_known(const Error& error);
    void want_login(const std::string& why);
    void open_stream(const Feed& feed);
    void read_stream(std::uint64_t feed_id);
    void lost(const std::string& why);
    void refused(const std::string& why);
    void drop_connection();
    void ping();
    QNetworkRequest request(const QString& path) const;
    // Calls back once, unless the connection is dropped first. call(): nullptr where nothing was asked.
    template <class T>
    QNetworkReply* exchange(const QByteArray& method, const QString& path, const std::string& body, Decode<T> decode,
                            std::function<void(Result<T>)> then, const CallManner& manner = {});
    template <class T>
    QNetworkReply* call(const QByteArray& method, const QString& path, const std::string& body, Decode<T> decode,
                        QObject* context, Done<T> done, const CallManner& manner = {});

    const QUrl base_;
    const Options options_;
    Identity identity_;
    std::string token_;  // sent with everything; empty: nobody asks
    QNetworkAccessManager network_;
    std::unique_ptr<QObject> connection_;  // context of everything of one connection; replaced when it is dropped
    std::map<std::uint64_t, Stream> streams_;
    bool reachable_ = false;  // hello was answered and nothing broke since
    bool was_live_ = false;
    int failures_ = 0;
    QTimer retry_timer_;
    QTimer ping_timer_;
    bool ping_under_way_ = false;
};

}  // namespace streamgauge::client
