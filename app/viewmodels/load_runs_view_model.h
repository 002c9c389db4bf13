// SPDX-License-Identifier: GPL-3.0-or-later
// The load runs that ended: found, looked at, laid over each other, compared, given out, removed.
#pragma once

#include <QObject>
#include <QVariant>

#include <optional>
#include <vector>

#include "client/backend_client.h"
#include "viewmodels/background_work.h"
#include "viewmodels/chart_model.h"
#include "viewmodels/load_result.h"

namespace streamgauge::viewmodels {

// Asks for the list when it is told to refresh(). Lives on: GUI thread. `client` must outlive it.
class LoadRunsViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(QString phase READ phase NOTIFY changed)  // "loading", "error", "empty", "data"
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)
    Q_PROPERTY(QString notice READ notice NOTIFY changed)  // why the last command did not work
    Q_PROPERTY(QString search READ search WRITE set_search NOTIFY changed)
    // id, name, when, by, verdict, tone, generator, p95, facts; those that the search finds, newest first.
    Q_PROPERTY(QVariantList rows READ rows NOTIFY changed)
    Q_PROPERTY(int count READ count NOTIFY changed)
    Q_PROPERTY(QString selected READ selected WRITE select NOTIFY changed)
    Q_PROPERTY(QString baseline READ baseline NOTIFY changed)  // the run that the selected one is compared with
    Q_PROPERTY(QString baselineName READ baseline_name NOTIFY changed)
    Q_PROPERTY(bool comparing READ comparing NOTIFY changed)
    Q_PROPERTY(QObject* run READ run CONSTANT)  // the selected one, a LoadResult
    // verdict, tone, sentence, measures (name, before, after, change, interval, word, tone), warnings; empty until
    // there is one.
    Q_PROPERTY(QVariantMap comparison READ comparison NOTIFY changed)
    Q_PROPERTY(QObject* overlayRates READ overlay_rates CONSTANT)
    Q_PROPERTY(QObject* overlayLatency READ overlay_latency CONSTANT)
    Q_PROPERTY(QObject* overlayCurve READ overlay_curve CONSTANT)  // of two searches
    Q_PROPERTY(QString removing READ removing NOTIFY changed)  // the name of the run whose removal is to be confirmed
public:
    // Reports are read by `work`, which must outlive it, too.
    LoadRunsViewModel(client::BackendClient& client, BackgroundWork& work, QObject* parent = nullptr);

    QString phase() const;
    QString error_text() const { return error_; }
    QString notice() const { return notice_; }
    QString search() const { return search_; }
    void set_search(const QString& search);
    QVariantList rows() const;
    int count() const { return static_cast<int>(runs_.size()); }
    QString selected() const { return selected_; }
    void select(const QString& id);
    QString baseline() const { return baseline_; }
    QString baseline_name() const;
    bool comparing() const { return !baseline_.isEmpty() && baseline_ != selected_; }
    LoadResult* run() { return &run_; }
    QVariantMap comparison() const;
    ChartModel* overlay_rates() { return &overlay_rates_; }
    ChartModel* overlay_latency() { return &overlay_latency_; }
    ChartModel* overlay_curve() { return &overlay_curve_; }
    QString removing() const;
    const std::vector<api::StoredLoadRun>& runs() const { return runs_; }

    Q_INVOKABLE void refresh();
    Q_INVOKABLE void step(int by);                    // to another row of those that are shown
    Q_INVOKABLE void compareWith(const QString& id);  // empty: with none
    Q_INVOKABLE void askRemove();
    Q_INVOKABLE void keep();
    Q_INVOKABLE void remove();
    Q_INVOKABLE void exportAs(const QString& kind) { give_out(run_, kind); }
    // "html", "json", "csv", "junit", "hdr", "summary"; asks the window for a place (saveWanted).
    void give_out(const LoadResult& run, const QString& kind);
    void told(const QString& notice);

Q_SIGNALS:
    void changed();
    void listed();
    void saveWanted(const QString& name, const QByteArray& text);

private:
    const api::StoredLoadRun* find(const QString& id) const;
    bool shows(const api::StoredLoadRun& run) const;
    void ask_report();
    void read(const QString& id, std::function<void(const Result<LoadReadingPtr>&)> done);
    void ask_comparison();
    void lay_over();
    void clear_overlays();

    client::BackendClient& client_;
    BackgroundWork& work_;
    std::vector<api::StoredLoadRun> runs_;
    bool listed_ = false, listing_ = false;
    QString error_, notice_, search_, selected_, baseline_, removing_;
    LoadResult run_;
    LoadReadingPtr before_;  // of the baseline
    std::optional<loadgen::RunComparison> comparison_;
    ChartModel overlay_rates_, overlay_latency_, overlay_curve_;
};

}  // namespace streamgauge::viewmodels
