// SPDX-License-Identifier: GPL-3.0-or-later
// A backend in memory that does what it is told, for the tests of view models and for screenshots. It keeps every rule
// of BackendClient (the contract suite runs over it).
#pragma once

#include <map>
#include <string>

#include "client/client_base.h"

namespace streamgauge::client {

class FakeClient final : public ClientBase {
    Q_OBJECT
public:
    explicit FakeClient(QObject* parent = nullptr);

    // ---- BackendClient
    void start() override;  // walks to Syncing, or to Live when nothing is subscribed; then publish() makes it Live
    void stop() override;
    std::string endpoint() const override { return endpoint_; }
    void log_in(std::string user, std::string password) override {
        logins_.emplace_back(std::move(user), std::move(password));
    }
    std::string login_name() const override { return "ada"; }

    // ---- the script
    void set_endpoint(std::string text) { endpoint_ = std::move(text); }
    void say_hello(api::Hello hello) { next_hello_ = std::move(hello); }
    void post_events_to(std::string url) { set_ingest_url(std::move(url)); }
    void measure_latency(double ms) { set_latency(ms); }
    // The connection is in `state` from now on; Failed and Idle settle what is pending with Disconnected.
    void go(ConnectionState state, std::string error_text = {});
    // Asks the person for a login, as a server that refuses does; in `state` from then on.
    void want_login(ConnectionState state, std::string error_text);
    // To every matching subscription, as a snapshot or as the next delta; dropped when not connected.
    void publish(api::Overview overview, bool snapshot = false);
    void publish(api::EventTail tail, bool snapshot = false);
    void publish(api::LoadStatus status, bool snapshot = false);
    // Calls are answered with these; while `hold` is set they stay pending.
    std::function<Result<api::Health>()> on_health;
    std::function<Result<api::LoadStatus>(const api::LoadPlan&)> on_start_load;
    std::function<Result<api::LoadStatus>()> on_stop_load;
    // By default as on_start_load; the hand changes the rate that is shown.
    std::function<Result<api::LoadStatus>(const std::string& text)> on_start_scenario;
    std::function<Result<api::LoadStatus>(const api::CapacityAsk&)> on_find_capacity;
    std::function<Result<api::LoadStatus>(const loadgen::HandAction&)> on_hand;
    // The runs that are kept, newest first, and their reports by id.
    std::vector<api::StoredLoadRun> stored_runs;
    std::map<std::string, std::string> run_reports;
    std::function<Result<loadgen::RunComparison>(const std::string& before, const std::string& after)> on_compare_runs;
    // By default nobody knows the id.
    std::function<Result<api::EventTrace>(const std::string& event_id)> on_trace;
    // By default there are none.
    std::function<Result<std::vector<api::MetricStatus>>()> on_metrics;
    std::function<Result<query::PointsAnswer>(const query::PointsQuery&)> on_points;
    std::function<Result<api::MetricStatus>(const MetricDefinition&)> on_put_metric;
    std::function<Result<bool>(const MetricDefinition&)> on_try_metric;
    std::function<Result<bool>(const std::string&name)> on_remove_metric, on_cancel_backfill, on_retry_backfill;
    // What was added, and what a test puts there; the id is its number.
    std::vector<api::Annotation> marks;
    // Answers for objectives, at once; without one they are NotFound.
    std::shared_ptr<api::ObjectiveService> objective_service;
    bool hold = false;

    // ---- what was asked
    const std::vector<api::LoadPlan>& started_plans() const { return started_plans_; }
    const std::vector<std::pair<std::string, std::string>>& logins() const { return logins_; }
    int stops_asked() const { return stops_asked_; }
    const std::vector<std::string>& started_scenarios() const { return started_scenarios_; }
    const std::vector<loadgen::HandAction>& hands() const { return hands_; }
    const std::vector<std::string>& traced() const { return traced_; }
    const std::vector<MetricDefinition>& tried_metrics() const { return tried_metrics_; }
    const std::vector<slo::Objective>& tested_drafts() const { return tested_drafts_; }
    const std::vector<query::PointsQuery>& asked_points() const { return asked_points_; }
    // Of the newest question about points.
    const std::function<void(double)>& points_progress() const { return points_progress_; }
    int ended_points() const { return ended_points_; }  // whose context is gone
    // Filters of the open subscriptions to `topic`, oldest first.
    std::vector<api::TopicFilter> subscribed(api::Topic topic) const;

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
    template <class T>
    void answer(QObject* context, Done<T> done, std::function<Result<T>()> make);
    template <class T, class Ask>
    void ask_objectives(QObject* context, Done<T> done, Ask ask);
    void send(api::LiveMessage message);

    std::string endpoint_ = "embedded";
    api::Hello next_hello_;
    std::uint64_t epoch_ = 1;
    std::uint64_t seq_ = 0;
    api::LoadStatus load_;
    std::vector<api::LoadPlan> started_plans_;
    std::vector<std::pair<std::string, std::string>> logins_;
    int stops_asked_ = 0;
    std::vector<std::string> started_scenarios_;
    std::vector<loadgen::HandAction> hands_;
    int annotations_made_ = 0;
    std::vector<std::string> traced_;
    std::vector<query::PointsQuery> asked_points_;
    std::function<void(double)> points_progress_;
    int ended_points_ = 0;
    std::vector<MetricDefinition> tried_metrics_;
    std::vector<slo::Objective> tested_drafts_;
};

}  // namespace streamgauge::client
