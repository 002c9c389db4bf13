// SPDX-License-Identifier: GPL-3.0-or-later
// The Metrics page: what is defined, and what one of them says over a range.
#pragma once

#include <QObject>

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "client/backend_client.h"
#include "viewmodels/metric_editor_view_model.h"
#include "viewmodels/metric_models.h"
#include "viewmodels/overview_store.h"
#include "viewmodels/points_view_model.h"

namespace streamgauge::viewmodels {

// Asks while active (the page is looked at) and connected: at once when something is chosen; then when the live feed
// tells that events were aggregated or time has moved on by a step, at most twice a second and so that answering takes
// at most a fifth of the time. After a question that was cancelled it asks no more by itself until refresh(). The list,
// of whose changes no feed tells, is read every five seconds, and every second while something is being filled. Lives
// on: GUI thread. `client`, `clock` and `store` must outlive it.
class MetricsViewModel : public QObject {
    Q_OBJECT
    // "loading", "error", "none" (this backend has no metrics to ask for), "empty", "data".
    Q_PROPERTY(QString phase READ phase NOTIFY changed)
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)
    Q_PROPERTY(bool stale READ stale NOTIFY changed)
    Q_PROPERTY(bool active READ active WRITE set_active NOTIFY changed)
    Q_PROPERTY(QObject* metrics READ metrics CONSTANT)
    Q_PROPERTY(QObject* editor READ editor CONSTANT)
    Q_PROPERTY(QString selected READ selected WRITE select NOTIFY changed)
    Q_PROPERTY(QString title READ title NOTIFY changed)
    Q_PROPERTY(QString description READ description NOTIFY changed)
    Q_PROPERTY(int range READ range WRITE set_range NOTIFY changed)  // seconds
    Q_PROPERTY(QVariantList steps READ steps NOTIFY changed)         // {value: seconds, text}; 0 is automatic
    Q_PROPERTY(int step READ step WRITE set_step NOTIFY changed)
    Q_PROPERTY(QObject* shown READ shown CONSTANT)  // the points of the selected one
    Q_PROPERTY(bool filling READ filling NOTIFY changed)
    Q_PROPERTY(bool fillingFailed READ filling_failed NOTIFY changed)  // and may be tried again now
    Q_PROPERTY(double fillingProgress READ filling_progress NOTIFY changed)
    Q_PROPERTY(QString fillingText READ filling_text NOTIFY changed)
    Q_PROPERTY(QString notice READ notice NOTIFY changed)  // why the last command did not work
    // Why the selected one can be neither changed nor removed here; empty where it can.
    Q_PROPERTY(QString fixedText READ fixed_text NOTIFY changed)
    Q_PROPERTY(bool canChange READ can_change NOTIFY changed)
    Q_PROPERTY(QString removing READ removing NOTIFY changed)  // whose removal has to be confirmed
public:
    MetricsViewModel(client::BackendClient& client, const Clock& clock, const OverviewStore& store,
                     QObject* parent = nullptr);

    QString phase() const;
    QString error_text() const { return list_error_; }
    bool stale() const;
    bool active() const { return active_; }
    void set_active(bool active);
    void set_paused(bool paused);  // asks no more by itself
    MetricListModel* metrics() { return &metrics_; }
    MetricEditorViewModel* editor() { return &editor_; }
    QString selected() const { return selected_; }
    void select(const QString& name);
    QString title() const;
    QString description() const;
    int range() const { return range_; }
    void set_range(int seconds);
    QVariantList steps() const;
    int step() const { return step_; }
    void set_step(int seconds);
    PointsViewModel* shown() { return &shown_; }
    bool filling() const;
    bool filling_failed() const;
    double filling_progress() const;
    QString filling_text() const;
    QString notice() const { return notice_; }
    QString fixed_text() const;
    bool can_change() const;
    QString removing() const { return removing_; }
    bool offered() const;  // there are metrics to define

    Q_INVOKABLE void refresh();
    Q_INVOKABLE void cancelBackfill();
    Q_INVOKABLE void retryBackfill();
    Q_INVOKABLE void define();  // a new one
    Q_INVOKABLE void change();  // the selected one
    Q_INVOKABLE void askRemove();
    Q_INVOKABLE void keep();
    Q_INVOKABLE void remove();  // what askRemove() asked about

Q_SIGNALS:
    void changed();

private:
    const api::MetricStatus* status() const { return metrics_.at(metrics_.row_of(selected_)); }
    void follow();
    void ask_list();
    void show_list(Result<std::vector<api::MetricStatus>> told);
    void ask_points();
    void told(const Result<bool>& done);
    std::int64_t step_micros() const;
    std::uint64_t counted() const;

    client::BackendClient& client_;
    const Clock& clock_;
    const OverviewStore& store_;
    MetricListModel metrics_;
    PointsViewModel shown_;
    MetricEditorViewModel editor_;
    QString selected_, list_error_, notice_, removing_;
    int range_ = 3600, step_ = 0;
    bool active_ = false, paused_ = false, listed_ = false, listing_ = false;
    std::int64_t listed_at_ = 0, asked_at_ = 0, next_question_ = 0;  // monotonic
    std::uint64_t asked_counted_ = 0;
};

}  // namespace streamgauge::viewmodels
