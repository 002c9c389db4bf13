// SPDX-License-Identifier: GPL-3.0-or-later
// The Metrics page: what is defined, and what one of them says over a range.
#pragma once

#include <QObject>
#include <QTimer>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "client/backend_client.h"
#include "viewmodels/chart_model.h"
#include "viewmodels/metric_models.h"
#include "viewmodels/rank_model.h"

namespace streamgauge::viewmodels {

// Asks while active (the page is looked at) and connected: at once when something is chosen, and every five seconds.
// Lives on: GUI thread. `client` and `clock` must outlive it.
class MetricsViewModel : public QObject {
    Q_OBJECT
    // "loading", "error", "none" (this backend has no metrics to ask for), "empty", "data".
    Q_PROPERTY(QString phase READ phase NOTIFY changed)
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)
    Q_PROPERTY(bool stale READ stale NOTIFY changed)
    Q_PROPERTY(bool active READ active WRITE set_active NOTIFY changed)
    Q_PROPERTY(QObject* metrics READ metrics CONSTANT)
    Q_PROPERTY(QString selected READ selected WRITE select NOTIFY changed)
    Q_PROPERTY(QString title READ title NOTIFY changed)
    Q_PROPERTY(QString description READ description NOTIFY changed)
    Q_PROPERTY(int range READ range WRITE set_range NOTIFY changed)  // seconds
    Q_PROPERTY(QVariantList steps READ steps NOTIFY changed)         // {value: seconds, text}; 0 is automatic
    Q_PROPERTY(int step READ step WRITE set_step NOTIFY changed)
    // Of the points: "loading", "error", "empty", "data".
    Q_PROPERTY(QString pointsPhase READ points_phase NOTIFY changed)
    Q_PROPERTY(QString pointsError READ points_error NOTIFY changed)
    Q_PROPERTY(QString chartKind READ chart_kind NOTIFY changed)  // "line", "rank" (most frequent values), "none"
    Q_PROPERTY(QObject* chart READ chart NOTIFY changed)
    Q_PROPERTY(bool grouped READ is_grouped NOTIFY changed)
    Q_PROPERTY(QObject* points READ points CONSTANT)
    Q_PROPERTY(QObject* top READ top CONSTANT)
    Q_PROPERTY(QStringList labels READ labels NOTIFY changed)  // what must be known to read the numbers
    Q_PROPERTY(bool filling READ filling NOTIFY changed)
    Q_PROPERTY(double fillingProgress READ filling_progress NOTIFY changed)
    Q_PROPERTY(QString fillingText READ filling_text NOTIFY changed)
    Q_PROPERTY(QString notice READ notice NOTIFY changed)  // why the last command did not work
public:
    static constexpr int kSeries = 6;  // groups that are drawn

    MetricsViewModel(client::BackendClient& client, const Clock& clock, QObject* parent = nullptr);

    QString phase() const;
    QString error_text() const { return list_error_; }
    bool stale() const;
    bool active() const { return active_; }
    void set_active(bool active);
    void set_paused(bool paused);  // asks no more by itself
    MetricListModel* metrics() { return &metrics_; }
    QString selected() const { return selected_; }
    void select(const QString& name);
    QString title() const;
    QString description() const;
    int range() const { return range_; }
    void set_range(int seconds);
    QVariantList steps() const;
    int step() const { return step_; }
    void set_step(int seconds);
    QString points_phase() const;
    QString points_error() const { return points_error_; }
    QString chart_kind() const;
    ChartModel* chart() { return chart_.get(); }
    bool is_grouped() const { return answer_ && !answer_->group_by.empty(); }
    PointListModel* points() { return &points_; }
    RankModel* top() { return &top_; }
    QStringList labels() const;
    bool filling() const;
    double filling_progress() const;
    QString filling_text() const;
    QString notice() const { return notice_; }

    Q_INVOKABLE void refresh();
    Q_INVOKABLE void cancelBackfill();

Q_SIGNALS:
    void changed();

private:
    const api::MetricStatus* status() const { return metrics_.at(metrics_.row_of(selected_)); }
    void show_list(Result<std::vector<api::MetricStatus>> told);
    void ask_points();
    void ask_series(query::PointsQuery query, const query::PointsAnswer& totals);
    void show_points(query::PointsAnswer answer);
    void fail(const Error& error);
    void draw();
    std::int64_t step_micros() const;

    client::BackendClient& client_;
    const Clock& clock_;
    QTimer timer_;
    MetricListModel metrics_;
    PointListModel points_;
    RankModel top_;
    std::unique_ptr<ChartModel> chart_;
    QString selected_, list_error_, points_error_, notice_;
    int range_ = 3600, step_ = 0;
    bool active_ = false, paused_ = false, listed_ = false;
    std::uint64_t question_ = 0;  // answers to earlier ones are not shown
    bool asking_ = false;         // the newest has not been answered
    std::optional<query::PointsAnswer> answer_;
};

}  // namespace streamgauge::viewmodels
