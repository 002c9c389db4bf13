// SPDX-License-Identifier: GPL-3.0-or-later
// The Load page: plan a run, start it, watch it, stop it.
#pragma once

#include <QObject>

#include <memory>

#include "client/backend_client.h"
#include "viewmodels/chart_model.h"
#include "viewmodels/load_seconds_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` must outlive it.
class LoadViewModel : public QObject {
    Q_OBJECT
    // ---- the plan that a start would use
    Q_PROPERTY(QString url READ url WRITE set_url NOTIFY planChanged)
    Q_PROPERTY(double rate READ rate WRITE set_rate NOTIFY planChanged)
    Q_PROPERTY(double durationSeconds READ duration_seconds WRITE set_duration_seconds NOTIFY planChanged)
    Q_PROPERTY(int connections READ connections WRITE set_connections NOTIFY planChanged)
    Q_PROPERTY(int batch READ batch WRITE set_batch NOTIFY planChanged)
    Q_PROPERTY(bool poisson READ poisson WRITE set_poisson NOTIFY planChanged)
    Q_PROPERTY(QString planProblem READ plan_problem NOTIFY planChanged)  // what does not make sense, or empty
    Q_PROPERTY(QString planProblemField READ plan_problem_field NOTIFY planChanged)  // "rate", "url", ...
    Q_PROPERTY(QString planSummary READ plan_summary NOTIFY planChanged)
    // ---- what can be done
    Q_PROPERTY(bool offered READ offered NOTIFY stateChanged)  // the server runs loads at all
    Q_PROPERTY(bool canStart READ can_start NOTIFY stateChanged)
    Q_PROPERTY(bool canStop READ can_stop NOTIFY stateChanged)
    Q_PROPERTY(bool busy READ busy NOTIFY stateChanged)  // a start or stop is under way
    // ---- the run
    Q_PROPERTY(QString phase READ phase NOTIFY stateChanged)  // "loading", "error", "empty", "data"
    Q_PROPERTY(bool stale READ stale NOTIFY stateChanged)
    Q_PROPERTY(
        QString state READ state NOTIFY runChanged)  // "idle", "starting", "running", "done", "stopped", "failed"
    Q_PROPERTY(QString stateText READ state_text NOTIFY runChanged)
    Q_PROPERTY(QString tone READ tone NOTIFY runChanged)
    Q_PROPERTY(double progress READ progress NOTIFY runChanged)  // 0..1
    Q_PROPERTY(QString runSummary READ run_summary NOTIFY runChanged)
    Q_PROPERTY(QString planned READ planned NOTIFY runChanged)
    Q_PROPERTY(QString sent READ sent NOTIFY runChanged)
    Q_PROPERTY(QString done READ done NOTIFY runChanged)
    Q_PROPERTY(QString failed READ failed NOTIFY runChanged)
    Q_PROPERTY(bool anyFailed READ any_failed NOTIFY runChanged)
    Q_PROPERTY(QString p50 READ p50 NOTIFY runChanged)
    Q_PROPERTY(QString p95 READ p95 NOTIFY runChanged)
    Q_PROPERTY(QString p99 READ p99 NOTIFY runChanged)
    Q_PROPERTY(QString slowest READ slowest NOTIFY runChanged)
    Q_PROPERTY(QString sendLag READ send_lag NOTIFY runChanged)
    Q_PROPERTY(QString errorText READ error_text NOTIFY errorTextChanged)  // why it could not start or failed
    Q_PROPERTY(QObject* seconds READ seconds CONSTANT)
    Q_PROPERTY(QObject* rates READ rates CONSTANT)
    Q_PROPERTY(QObject* latency READ latency CONSTANT)
public:
    static constexpr double kMostRate = 1'000'000;
    static constexpr double kMostSeconds = 24 * 3600;
    static constexpr int kMostConnections = 10'000;
    static constexpr double kDemoRate = 20;
    static constexpr double kDemoSeconds = 600;

    explicit LoadViewModel(client::BackendClient& client, QObject* parent = nullptr);

    QString url() const { return QString::fromStdString(plan_.url); }
    void set_url(const QString& url);
    double rate() const { return plan_.rate; }
    void set_rate(double rate);
    double duration_seconds() const { return plan_.duration_seconds; }
    void set_duration_seconds(double seconds);
    int connections() const { return static_cast<int>(plan_.connections); }
    void set_connections(int connections);
    int batch() const { return static_cast<int>(plan_.batch); }
    void set_batch(int batch);
    bool poisson() const { return plan_.arrivals == api::Arrivals::Poisson; }
    void set_poisson(bool poisson);
    QString plan_problem() const;
    QString plan_problem_field() const;
    QString plan_summary() const;

    bool offered() const;
    bool can_start() const;
    bool can_stop() const;
    bool busy() const { return busy_; }
    QString phase() const;
    bool stale() const;
    QString state() const;
    QString state_text() const;
    QString tone() const;
    double progress() const;
    QString run_summary() const;
    QString planned() const;
    QString sent() const;
    QString done() const;
    QString failed() const;
    bool any_failed() const { return status_.failed > 0; }
    QString p50() const;
    QString p95() const;
    QString p99() const;
    QString slowest() const;
    QString send_lag() const;
    QString error_text() const;
    LoadSecondsModel* seconds() { return &seconds_; }
    ChartModel* rates() { return &rates_; }
    ChartModel* latency() { return &latency_; }

    Q_INVOKABLE void start();
    Q_INVOKABLE void stop();
    // A gentle stream for a first look: kDemoRate requests a second for kDemoSeconds.
    Q_INVOKABLE void startDemo();

Q_SIGNALS:
    void planChanged();
    void stateChanged();
    void runChanged();
    void errorTextChanged();

private:
    struct Problem {
        QString field;
        QString text;
    };
    std::optional<Problem> problem() const;
    void start_with(const api::LoadPlan& plan);
    void receive(const api::LoadStatus& status, bool whole);
    void settled(const Result<api::LoadStatus>& result);
    void refresh_charts();
    void take_ingest_url();
    QString latency_text(double ms) const;

    client::BackendClient& client_;
    api::LoadPlan plan_;
    bool url_edited_ = false;  // otherwise it follows the connection
    api::LoadStatus status_;   // without its seconds
    bool began_ = false;
    bool busy_ = false;
    QString call_error_;
    LoadSecondsModel seconds_;
    ChartModel rates_;
    ChartModel latency_;
    std::unique_ptr<client::LiveSubscription> subscription_;
};

}  // namespace streamgauge::viewmodels
