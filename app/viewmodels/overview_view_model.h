// SPDX-License-Identifier: GPL-3.0-or-later
// The Overview page: is it well?
#pragma once

#include <QObject>
#include <QTimer>

#include "viewmodels/chart_model.h"
#include "viewmodels/objectives_store.h"
#include "viewmodels/overview_store.h"
#include "viewmodels/rank_model.h"
#include "viewmodels/tile_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` and `store` must outlive it.
class OverviewViewModel : public QObject {
    Q_OBJECT
    // "loading": nothing came yet; "error": nothing will without help; "empty": no event ever; "data".
    Q_PROPERTY(QString phase READ phase NOTIFY phaseChanged)
    Q_PROPERTY(bool stale READ stale NOTIFY staleChanged)          // what is shown is not current
    Q_PROPERTY(QString ageText READ age_text NOTIFY staleChanged)  // how old, while stale
    Q_PROPERTY(int windowSeconds READ window_seconds WRITE set_window_seconds NOTIFY windowSecondsChanged)
    Q_PROPERTY(QObject* tiles READ tiles CONSTANT)
    Q_PROPERTY(QObject* throughput READ throughput CONSTANT)
    Q_PROPERTY(QObject* latency READ latency CONSTANT)
    Q_PROPERTY(QObject* topPages READ top_pages CONSTANT)
    Q_PROPERTY(QVariantList latencyLines READ latency_lines NOTIFY objectivesChanged)  // as TimeChart takes them
    Q_PROPERTY(QString worstObjective READ worst_objective NOTIFY objectivesChanged)   // its name; empty: none is known
    // By how much the ledger is off, in words; empty while it is balanced.
    Q_PROPERTY(QString ledgerFault READ ledger_fault NOTIFY ledgerFaultChanged)
    // Why what is stored may not be seen, by the server's own events; empty while they arrive.
    Q_PROPERTY(QString canaryFault READ canary_fault NOTIFY canaryFaultChanged)
    Q_PROPERTY(QObject* eventTypes READ event_types CONSTANT)
public:
    // Budget: of the worst objective; the ledger where the server has no objectives.
    enum TileRow { EventRate, ActiveUsers, AckLatency, Errors, Lag, Budget };

    OverviewViewModel(client::BackendClient& client, const OverviewStore& store, QObject* parent = nullptr);

    QString phase() const { return phase_; }
    bool stale() const { return !age_text_.isEmpty(); }
    QString age_text() const { return age_text_; }
    int window_seconds() const { return window_seconds_; }
    void set_window_seconds(int seconds);
    // While paused the picture stands still; what comes meanwhile is shown at the end of the pause.
    void set_paused(bool paused);
    void set_objectives(const ObjectivesStore& objectives);
    QVariantList latency_lines() const { return latency_lines_; }
    QString worst_objective() const { return worst_objective_; }
    QString ledger_fault() const { return ledger_fault_; }
    TileModel* tiles() { return &tiles_; }
    ChartModel* throughput() { return &throughput_; }
    ChartModel* latency() { return &latency_; }
    QString canary_fault() const { return canary_fault_; }
    RankModel* top_pages() { return &top_pages_; }
    RankModel* event_types() { return &event_types_; }

Q_SIGNALS:
    void phaseChanged();
    void staleChanged();
    void windowSecondsChanged();
    void canaryFaultChanged();
    void objectivesChanged();
    void ledgerFaultChanged();

private:
    void schedule();
    void refresh();
    void refresh_tiles();
    void refresh_ranks();
    void refresh_charts();
    void refresh_phase();

    client::BackendClient& client_;
    const OverviewStore& store_;
    TileModel tiles_;
    ChartModel throughput_;
    ChartModel latency_;
    RankModel top_pages_;
    RankModel event_types_;
    Timestamp ranked_at_;   // server time of the order that is shown
    QTimer refresh_timer_;  // at most four pictures a second
    QTimer age_timer_;
    QString phase_ = QStringLiteral("loading");
    QString age_text_;
    QString canary_fault_, ledger_fault_, worst_objective_;
    QVariantList latency_lines_;
    int window_seconds_ = 300;
    bool paused_ = false;
    bool dirty_ = false;
};

}  // namespace streamgauge::viewmodels
