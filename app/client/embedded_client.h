// SPDX-License-Identifier: GPL-3.0-or-later
// The backend in this process, on a thread of its own: the window shows at once while the backend recovers. Questions
// are posted to that thread and answers are posted back; live messages come through a bounded mailbox.
#pragma once

#include <QThread>
#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>
#include <unordered_map>

#include "client/client_base.h"
#include "client/live_mailbox.h"

namespace streamgauge {
class Backend;
namespace api {
struct Login;
}
}  // namespace streamgauge

namespace streamgauge::client {

// Lives on: GUI thread. The backend is made, asked and destroyed on the thread that this class runs.
class EmbeddedClient final : public ClientBase {
    Q_OBJECT
public:
    // Called on the backend thread at every start().
    using Factory = std::function<Result<std::unique_ptr<Backend>>()>;
    struct Options {
        std::chrono::milliseconds ping{1000};     // how often it is asked how it is
        std::chrono::milliseconds silence{3000};  // an answer that takes longer makes the connection Degraded
    };

    explicit EmbeddedClient(Factory factory);
    EmbeddedClient(Factory factory, Options options);
    ~EmbeddedClient() override;  // stops, and waits until the backend has drained

    void start() override;
    // Returns at once; the backend drains on its thread, after which stopped() is emitted.
    void stop() override;
    std::string endpoint() const override { return "embedded"; }

Q_SIGNALS:
    void stopped();

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
    class Worker;
    struct Inlet {
        std::shared_ptr<LiveMailbox> mailbox = std::make_shared<LiveMailbox>();
        bool asked_for_snapshot = false;
    };
    // For a question that ends with `context`.
    api::Attendance attend(QObject* context, std::function<void(double)> progress);
    template <class T, class Ask>
    void ask(QObject* context, Done<T> done, Ask question);
    void opened(std::uint64_t session, Result<api::Hello> hello, const std::string& ingest_url,
                const api::Login& login);
    void collect(std::uint64_t session, std::uint64_t feed_id);
    void ping();
    void ponged(std::uint64_t session, std::chrono::steady_clock::time_point sent, const api::Health& health);
    void subscribe_on_worker(const Feed& feed);

    const Options options_;
    QThread thread_;
    Worker* worker_;  // lives on thread_, deleted there
    std::unordered_map<std::uint64_t, Inlet> inlets_;
    std::uint64_t session_ = 0;  // answers of an earlier one are ignored
    QTimer ping_timer_;
    std::optional<std::chrono::steady_clock::time_point> ping_sent_;
};

}  // namespace streamgauge::client
