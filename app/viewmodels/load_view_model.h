// SPDX-License-Identifier: GPL-3.0-or-later
// The Load test page: what a run is to do, the run that is under way or ended last, and those before it.
#pragma once

#include <QObject>
#include <QTimer>
#include <QVariant>

#include <memory>

#include "client/backend_client.h"
#include "viewmodels/load_result.h"
#include "viewmodels/load_runs_view_model.h"
#include "viewmodels/scenario_view_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` must outlive it.
class LoadViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(QObject* scenario READ scenario CONSTANT)
    Q_PROPERTY(QObject* run READ run CONSTANT)    // a LoadResult: the one under way, or the last one
    Q_PROPERTY(QObject* runs READ runs CONSTANT)  // those that ended
    Q_PROPERTY(QString view READ view WRITE set_view NOTIFY changed)  // "setup", "run", "runs"
    Q_PROPERTY(bool offered READ offered NOTIFY changed)              // the backend runs load at all
    Q_PROPERTY(bool canStart READ can_start NOTIFY changed)
    Q_PROPERTY(bool canStop READ can_stop NOTIFY changed)
    Q_PROPERTY(bool canSteer READ can_steer NOTIFY changed)  // the hand can be laid on
    Q_PROPERTY(bool active READ active NOTIFY changed)       // a run is under way, whoever started it
    Q_PROPERTY(bool busy READ busy NOTIFY changed)           // waits for the answer to a start or a stop
    Q_PROPERTY(bool paused READ paused NOTIFY changed)
    Q_PROPERTY(double rate READ rate NOTIFY changed)           // planned now
    Q_PROPERTY(double mostRate READ most_rate NOTIFY changed)  // of the slider
    Q_PROPERTY(bool replays READ replays NOTIFY changed)       // it has speeds and no rates
    Q_PROPERTY(double speed READ speed NOTIFY changed)         // of a replay, now: times as fast as it was recorded
    Q_PROPERTY(double mostSpeed READ most_speed NOTIFY changed)
    // "loading", "empty" (no run yet), "data", "error" (not connected and nothing to show).
    Q_PROPERTY(QString phase READ phase NOTIFY changed)
    Q_PROPERTY(bool stale READ stale NOTIFY changed)
    // Why the last command did not work; and in one word: "forbidden", "conflict", "error".
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)
    Q_PROPERTY(QString errorKind READ error_kind NOTIFY changed)
public:
    static constexpr double kDemoRate = 20;
    static constexpr double kDemoSeconds = 600;

    explicit LoadViewModel(client::BackendClient& client, QObject* parent = nullptr);

    ScenarioViewModel* scenario() { return &scenario_; }
    LoadResult* run() { return &run_; }
    LoadRunsViewModel* runs() { return &runs_; }
    QString view() const;
    void set_view(const QString& view);
    bool offered() const;
    bool can_start() const;
    bool can_stop() const;
    bool can_demo() const;
    bool can_steer() const;
    bool active() const;
    bool busy() const { return busy_; }
    bool paused() const { return run_.status().paused; }
    double rate() const { return run_.status().rate; }
    double most_rate() const;
    bool replays() const { return run_.status().replay.has_value(); }
    double speed() const { return replays() ? run_.status().replay->speed : 1; }
    double most_speed() const;
    QString phase() const;
    bool stale() const;
    QString error_text() const { return error_; }
    QString error_kind() const { return error_kind_; }

    Q_INVOKABLE void start();
    Q_INVOKABLE void stop();
    Q_INVOKABLE void setRate(double rate);  // 0: the plan's again
    Q_INVOKABLE void spike(double rate, double seconds);
    Q_INVOKABLE void setSpeed(double speed);  // of a replay; 0: the scenario's again
    Q_INVOKABLE void spikeSpeed(double speed, double seconds);
    Q_INVOKABLE void pause();
    Q_INVOKABLE void resume();
    Q_INVOKABLE void exportAs(const QString& kind) { runs_.give_out(run_, kind); }
    // What the run under way or the last one was made of, into the set-up.
    Q_INVOKABLE void editAgain();
    // A gentle stream for a first look: kDemoRate requests a second for kDemoSeconds.
    Q_INVOKABLE void startDemo();

Q_SIGNALS:
    void changed();

private:
    void receive(const api::LoadStatus& status, bool whole);
    void settled(const Result<api::LoadStatus>& result);
    void lay_hand(loadgen::HandAction action);
    double sendable_speed(double speed) const;
    void fail(const Error& error);
    void begin();
    void fetch_report();
    void read(std::string text, std::function<void(const Result<LoadReadingPtr>&)> done);
    void show_newest();

    client::BackendClient& client_;
    ScenarioViewModel scenario_;
    LoadResult run_;
    BackgroundWork work_;
    LoadRunsViewModel runs_;
    QString view_;  // empty: nobody has chosen one yet
    bool began_ = false, busy_ = false, was_live_ = false;
    QString error_, error_kind_;
    std::string wanted_report_;  // the run whose report is not there yet
    int report_questions_ = 0;
    QTimer report_timer_;
    std::unique_ptr<client::LiveSubscription> subscription_;
};

}  // namespace streamgauge::viewmodels
