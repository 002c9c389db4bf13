// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/embedded_client.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "server/backend.h"
#include "server/objective_forms.h"

namespace streamgauge::client {

// Lives on: backend thread.
class EmbeddedClient::Worker final : public QObject {
public:
    Worker(EmbeddedClient* client, Factory factory) : client_(client), factory_(std::move(factory)) {}

    void open(std::uint64_t session) {
        session_ = session;
        auto backend = factory_();
        Result<api::Hello> hello = Error::make(ErrorCode::Internal, "no backend");
        std::string ingest_url;
        api::Login login;
        if (backend.ok()) {
            backend_ = std::move(backend).value();
            hello = backend_->services().admin.hello();
            login = backend_->services().access.console_login();
            const auto listening = backend_->listening();
            const auto plain = std::find_if(listening.begin(), listening.end(),
                                            [](const http::Endpoint& endpoint) { return !endpoint.tls; });
            if (!listening.empty())
                ingest_url = http::url_of(plain == listening.end() ? listening.front() : *plain) + "/events";
        } else {
            hello = backend.error();
        }
        to_client([session, hello, ingest_url, login](EmbeddedClient& client) {
            client.opened(session, hello, ingest_url, login);
        });
    }

    void close() {
        subscriptions_.clear();
        backend_.reset();
        to_client([](EmbeddedClient& client) { Q_EMIT client.stopped(); });
    }

    void subscribe(std::uint64_t feed_id, api::Topic topic, const api::TopicFilter& filter,
                   const std::shared_ptr<LiveMailbox>& mailbox) {
        if (!backend_) return;
        // The subscription ends before the client does, so its pointer stays good on the live thread.
        subscriptions_[feed_id] = backend_->services().live.subscribe(
            topic, filter, std::nullopt,
            [client = client_, session = session_, feed_id, mailbox](const api::LiveMessage& message) {
                if (!mailbox->put(message)) return;
                QMetaObject::invokeMethod(
                    client, [client, session, feed_id] { client->collect(session, feed_id); }, Qt::QueuedConnection);
            });
    }
    void unsubscribe(std::uint64_t feed_id) { subscriptions_.erase(feed_id); }
    void request_snapshot(std::uint64_t feed_id) {
        if (const auto found = subscriptions_.find(feed_id); found != subscriptions_.end()) {
            found->second->request_snapshot();
        }
    }
    Backend* backend() { return backend_.get(); }

    template <class F>
    void to_client(F work) {
        QMetaObject::invokeMethod(
            client_, [client = client_, work = std::move(work)] { work(*client); }, Qt::QueuedConnection);
    }

private:
    EmbeddedClient* const client_;
    const Factory factory_;
    std::uint64_t session_ = 0;
    std::unique_ptr<Backend> backend_;
    std::unordered_map<std::uint64_t, std::unique_ptr<api::Subscription>> subscriptions_;
};

EmbeddedClient::EmbeddedClient(Factory factory) : EmbeddedClient(std::move(factory), Options{}) {}

EmbeddedClient::EmbeddedClient(Factory factory, Options options)
    : options_(options), worker_(new Worker(this, std::move(factory))) {
    thread_.setObjectName(QStringLiteral("backend"));
    worker_->moveToThread(&thread_);
    connect(&thread_, &QThread::finished, worker_, &QObject::deleteLater);
    thread_.start();
    ping_timer_.setInterval(options_.ping);
    connect(&ping_timer_, &QTimer::timeout, this, [this] { ping(); });
}

EmbeddedClient::~EmbeddedClient() {
    blockSignals(true);
    stop();
    thread_.quit();  // after what stop() posted
    thread_.wait();
}

void EmbeddedClient::start() {
    if (state() != ConnectionState::Idle && state() != ConnectionState::Failed) return;
    ++session_;
    set_state(ConnectionState::Connecting);
    QMetaObject::invokeMethod(
        worker_, [worker = worker_, session = session_] { worker->open(session); }, Qt::QueuedConnection);
}

void EmbeddedClient::stop() {
    if (state() == ConnectionState::Idle) return;
    ++session_;
    ping_timer_.stop();
    ping_sent_.reset();
    inlets_.clear();
    QMetaObject::invokeMethod(
        worker_, [worker = worker_] { worker->close(); }, Qt::QueuedConnection);
    set_state(ConnectionState::Idle);
    pending().fail_all(Error::make(ErrorCode::Cancelled, "the server in this program was stopped"));
}

void EmbeddedClient::opened(std::uint64_t session, Result<api::Hello> hello, const std::string& ingest_url,
                            const api::Login& login) {
    if (session != session_) return;
    if (!hello.ok()) {
        set_state(ConnectionState::Failed, hello.error().describe());
        return;
    }
    set_state(ConnectionState::Authenticating);
    if (login.token.empty()) {
        set_state(ConnectionState::Failed, "The server in this program does not know its own console.");
        return;
    }
    set_hello(std::move(hello).value());
    set_ingest_url(ingest_url);
    set_state(ConnectionState::Syncing);
    for (const auto& [id, feed] : feeds()) subscribe_on_worker(*feed);
    if (feeds().empty()) set_state(ConnectionState::Live);
    ping_timer_.start();
    ping();
}

void EmbeddedClient::subscribe_on_worker(const Feed& feed) {
    Inlet& inlet = inlets_[feed.id];
    inlet = Inlet{};
    QMetaObject::invokeMethod(
        worker_,
        [worker = worker_, id = feed.id, topic = feed.topic, filter = feed.filter, mailbox = inlet.mailbox] {
            worker->subscribe(id, topic, filter, mailbox);
        },
        Qt::QueuedConnection);
}

void EmbeddedClient::feed_opened(const Feed& feed) {
    if (connected()) subscribe_on_worker(feed);
}

void EmbeddedClient::feed_closed(std::uint64_t id) {
    if (inlets_.erase(id) == 0) return;
    QMetaObject::invokeMethod(
        worker_, [worker = worker_, id] { worker->unsubscribe(id); }, Qt::QueuedConnection);
}

void EmbeddedClient::collect(std::uint64_t session, std::uint64_t feed_id) {
    if (session != session_) return;
    const auto found = inlets_.find(feed_id);
    if (found == inlets_.end()) return;
    LiveMailbox::Mail mail = found->second.mailbox->take();
    bool ask = mail.ask_for_snapshot;
    for (const api::LiveMessage& message : mail.messages) {
        const bool followed = deliver(feed_id, message);
        // The callback may have ended this subscription or the session.
        const auto still = inlets_.find(feed_id);
        if (session != session_ || still == inlets_.end()) return;
        if (message.snapshot) still->second.asked_for_snapshot = false;
        if (followed && state() == ConnectionState::Syncing) set_state(ConnectionState::Live);
        ask = ask || !followed;
    }
    const auto still = inlets_.find(feed_id);
    if (!ask || still == inlets_.end() || std::exchange(still->second.asked_for_snapshot, true)) return;
    QMetaObject::invokeMethod(
        worker_, [worker = worker_, feed_id] { worker->request_snapshot(feed_id); }, Qt::QueuedConnection);
}

void EmbeddedClient::ping() {
    const auto now = std::chrono::steady_clock::now();
    if (ping_sent_) {
        if (now - *ping_sent_ > options_.silence && connected()) {
            set_state(ConnectionState::Degraded,
                      "The server in this program has not answered for some seconds: the disk may be slow or full. "
                      "What is shown is old; it comes back by itself.");
        }
        return;
    }
    ping_sent_ = now;
    QMetaObject::invokeMethod(
        worker_,
        [worker = worker_, session = session_, now] {
            if (!worker->backend()) return;
            worker->to_client([session, now, health = worker->backend()->services().admin.health()](
                                  EmbeddedClient& client) { client.ponged(session, now, health); });
        },
        Qt::QueuedConnection);
}

void EmbeddedClient::ponged(std::uint64_t session, std::chrono::steady_clock::time_point sent,
                            const api::Health& health) {
    if (session != session_) return;
    ping_sent_.reset();
    follow_health(health);
    set_latency(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - sent).count());
}

// `question(services, done)` runs on the backend thread; its answer may come from any thread.
template <class T, class Ask>
void EmbeddedClient::ask(QObject* context, Done<T> done, Ask question) {
    const auto call = pending().open<T>(context, std::move(done));
    if (!connected()) return refuse(call);
    QMetaObject::invokeMethod(
        worker_,
        [worker = worker_, client = this, call, question = std::move(question)] {
            const auto settle = [client, call](Result<T> result) {
                QMetaObject::invokeMethod(
                    client, [call, result = std::move(result)] { call->settle(result); }, Qt::QueuedConnection);
            };
            if (!worker->backend()) return settle(not_connected());
            const Services services = worker->backend()->services();
            question(services, settle);
        },
        Qt::QueuedConnection);
}

void EmbeddedClient::health(QObject* context, Done<api::Health> done) {
    ask<api::Health>(context, std::move(done), [](const Services& services, const api::Done<api::Health>& settle) {
        settle(services.admin.health());
    });
}

void EmbeddedClient::start_load(api::LoadPlan plan, QObject* context, Done<api::LoadStatus> done) {
    ask<api::LoadStatus>(context, std::move(done),
                         [plan = std::move(plan)](const Services& services, const api::Done<api::LoadStatus>& settle) {
                             services.load.start_for("console", plan, settle);
                         });
}

void EmbeddedClient::trace(std::string event_id, QObject* context, Done<api::EventTrace> done) {
    ask<api::EventTrace>(
        context, std::move(done),
        [event_id = std::move(event_id)](const Services& services, const api::Done<api::EventTrace>& settle) {
            services.trace.trace(event_id, {}, settle);
        });
}

void EmbeddedClient::list_metrics(QObject* context, Done<std::vector<api::MetricStatus>> done) {
    ask<std::vector<api::MetricStatus>>(
        context, std::move(done),
        [](const Services& services, const api::Done<std::vector<api::MetricStatus>>& settle) {
            services.metrics.list(settle);
        });
}

api::Attendance EmbeddedClient::attend(QObject* context, std::function<void(double)> progress) {
    const auto cancelled = std::make_shared<std::atomic<bool>>(false);
    connect(context, &QObject::destroyed, this, [cancelled] { *cancelled = true; });
    api::Attendance attendance;
    attendance.cancelled = [cancelled] { return cancelled->load(); };
    // The backend's threads end before this does.
    if (progress)
        attendance.progress = [this, cancelled, progress = std::move(progress)](double share) {
            QMetaObject::invokeMethod(
                this,
                [cancelled, progress, share] {
                    if (!*cancelled) progress(share);
                },
                Qt::QueuedConnection);
        };
    return attendance;
}

void EmbeddedClient::points(query::PointsQuery query, std::function<void(double)> progress, QObject* context,
                            Done<query::PointsAnswer> done) {
    ask<query::PointsAnswer>(context, std::move(done),
                             [query = std::move(query), attendance = attend(context, std::move(progress))](
                                 const Services& services, const api::Done<query::PointsAnswer>& settle) {
                                 services.analysis.points(query, attendance, settle);
                             });
}

void EmbeddedClient::put_metric(MetricDefinition definition, QObject* context, Done<api::MetricStatus> done) {
    ask<api::MetricStatus>(
        context, std::move(done),
        [definition = std::move(definition)](const Services& services, const api::Done<api::MetricStatus>& settle) {
            services.metrics.put(definition, settle);
        });
}

void EmbeddedClient::try_metric(MetricDefinition definition, QObject* context, Done<bool> done) {
    ask<bool>(context, std::move(done),
              [definition = std::move(definition)](const Services& services, const api::Done<bool>& settle) {
                  services.metrics.try_put(definition, [settle](const Result<api::MetricStatus>& tried) {
                      settle(tried.ok() ? Result<bool>(true) : Result<bool>(tried.error()));
                  });
              });
}

void EmbeddedClient::remove_metric(std::string name, QObject* context, Done<bool> done) {
    ask<bool>(context, std::move(done),
              [name = std::move(name)](const Services& services, const api::Done<bool>& settle) {
                  services.metrics.remove(name, settle);
              });
}

void EmbeddedClient::cancel_backfill(std::string name, QObject* context, Done<bool> done) {
    ask<bool>(context, std::move(done),
              [name = std::move(name)](const Services& services, const api::Done<bool>& settle) {
                  services.metrics.cancel_backfill(name, settle);
              });
}

void EmbeddedClient::retry_backfill(std::string name, QObject* context, Done<bool> done) {
    ask<bool>(context, std::move(done),
              [name = std::move(name)](const Services& services, const api::Done<bool>& settle) {
                  services.metrics.retry_backfill(name, [settle](const Result<api::MetricStatus>& status) {
                      settle(status ? Result<bool>(true) : Result<bool>(status.error()));
                  });
              });
}

void EmbeddedClient::list_annotations(query::TimeRange range, QObject* context,
                                      Done<std::vector<api::Annotation>> done) {
    ask<std::vector<api::Annotation>>(
        context, std::move(done),
        [range](const Services& services, const api::Done<std::vector<api::Annotation>>& settle) {
            services.annotations.list({}, range, 200, settle);
        });
}

void EmbeddedClient::add_annotation(api::Annotation annotation, QObject* context, Done<api::Annotation> done) {
    annotation.by = "console";
    ask<api::Annotation>(
        context, std::move(done),
        [annotation = std::move(annotation)](const Services& services, const api::Done<api::Annotation>& settle) {
            services.annotations.add(annotation, settle);
        });
}

void EmbeddedClient::remove_annotation(std::string id, QObject* context, Done<bool> done) {
    ask<bool>(context, std::move(done), [id = std::move(id)](const Services& services, const api::Done<bool>& settle) {
        services.annotations.remove({}, id, settle);
    });
}

void EmbeddedClient::list_objectives(QObject* context, Done<std::vector<api::ObjectiveStatus>> done) {
    ask<std::vector<api::ObjectiveStatus>>(
        context, std::move(done),
        [](const Services& services, const api::Done<std::vector<api::ObjectiveStatus>>& settle) {
            services.objectives.list({}, settle);
        });
}

void EmbeddedClient::objective_history(std::string name, query::TimeRange range, QObject* context,
                                       Done<api::ObjectiveHistory> done) {
    ask<api::ObjectiveHistory>(
        context, std::move(done),
        [name = std::move(name), range](const Services& services, const api::Done<api::ObjectiveHistory>& settle) {
            services.objectives.history(name, range, settle);
        });
}

void EmbeddedClient::put_objective(slo::Objective objective, QObject* context, Done<api::ObjectiveStatus> done) {
    ask<api::ObjectiveStatus>(
        context, std::move(done),
        [objective = std::move(objective)](const Services& services, const api::Done<api::ObjectiveStatus>& settle) {
            services.objectives.put(objective, settle);
        });
}

void EmbeddedClient::remove_objective(std::string name, QObject* context, Done<bool> done) {
    ask<bool>(context, std::move(done),
              [name = std::move(name)](const Services& services, const api::Done<bool>& settle) {
                  services.objectives.remove(name, settle);
              });
}

void EmbeddedClient::back_test(slo::Objective draft, query::TimeRange range, std::function<void(double)> progress,
                               QObject* context, Done<api::BackTest> done) {
    ask<api::BackTest>(context, std::move(done),
                       [draft = std::move(draft), range, attendance = attend(context, std::move(progress))](
                           const Services& services, const api::Done<api::BackTest>& settle) {
                           services.objectives.back_test(draft, range, attendance, settle);
                       });
}

// The worker has a backend while it asks.
void EmbeddedClient::import_objectives(std::string openslo, bool dry_run, QObject* context,
                                       Done<api::ImportedObjectives> done) {
    ask<api::ImportedObjectives>(
        context, std::move(done),
        [worker = worker_, text = std::move(openslo), dry_run](const Services& services,
                                                               const api::Done<api::ImportedObjectives>& settle) {
            const auto exchange = exchange_of(services.objectives, worker->backend()->routes());
            exchange->import(text, dry_run,
                             [exchange, settle](Result<api::ImportedObjectives> told) { settle(std::move(told)); });
        });
}

void EmbeddedClient::export_objectives(api::ObjectiveForm form, QObject* context, Done<std::string> done) {
    ask<std::string>(context, std::move(done),
                     [worker = worker_, form](const Services& services, const api::Done<std::string>& settle) {
                         const auto exchange = exchange_of(services.objectives, worker->backend()->routes());
                         exchange->write(form, {},
                                         [exchange, settle](Result<std::string> yaml) { settle(std::move(yaml)); });
                     });
}

void EmbeddedClient::start_scenario(std::string text, QObject* context, Done<api::LoadStatus> done) {
    ask<api::LoadStatus>(context, std::move(done),
                         [text = std::move(text)](const Services& services, const api::Done<api::LoadStatus>& settle) {
                             services.load.start_scenario({text, "console"}, settle);
                         });
}

void EmbeddedClient::find_capacity(api::CapacityAsk ask_for, QObject* context, Done<api::LoadStatus> done) {
    ask_for.by = "console";
    ask<api::LoadStatus>(
        context, std::move(done),
        [ask_for = std::move(ask_for)](const Services& services, const api::Done<api::LoadStatus>& settle) {
            services.load.find_capacity(ask_for, settle);
        });
}

void EmbeddedClient::lay_hand(loadgen::HandAction action, QObject* context, Done<api::LoadStatus> done) {
    ask<api::LoadStatus>(context, std::move(done),
                         [action](const Services& services, const api::Done<api::LoadStatus>& settle) {
                             services.load.hand(action, settle);
                         });
}

void EmbeddedClient::list_runs(std::size_t limit, QObject* context, Done<std::vector<api::StoredLoadRun>> done) {
    ask<std::vector<api::StoredLoadRun>>(
        context, std::move(done),
        [limit](const Services& services, const api::Done<std::vector<api::StoredLoadRun>>& settle) {
            services.load_runs.list({}, limit, settle);
        });
}

void EmbeddedClient::run_report(std::string id, QObject* context, Done<std::string> done) {
    ask<std::string>(context, std::move(done),
                     [id = std::move(id)](const Services& services, const api::Done<std::string>& settle) {
                         services.load_runs.report(id, settle);
                     });
}

void EmbeddedClient::remove_run(std::string id, QObject* context, Done<bool> done) {
    ask<bool>(context, std::move(done), [id = std::move(id)](const Services& services, const api::Done<bool>& settle) {
        services.load_runs.remove(id, settle);
    });
}

void EmbeddedClient::compare_runs(std::string before, std::string after, QObject* context,
                                  Done<loadgen::RunComparison> done) {
    ask<loadgen::RunComparison>(context, std::move(done),
                                [before = std::move(before), after = std::move(after)](
                                    const Services& services, const api::Done<loadgen::RunComparison>& settle) {
                                    services.load_runs.compare({before}, {after}, settle);
                                });
}

void EmbeddedClient::stop_load(QObject* context, Done<api::LoadStatus> done) {
    ask<api::LoadStatus>(
        context, std::move(done),
        [](const Services& services, const api::Done<api::LoadStatus>& settle) { services.load.stop(settle); });
}

void EmbeddedClient::load_status(QObject* context, Done<api::LoadStatus> done) {
    ask<api::LoadStatus>(
        context, std::move(done),
        [](const Services& services, const api::Done<api::LoadStatus>& settle) { settle(services.load.status()); });
}

}  // namespace streamgauge::client
