// SPDX-License-Identifier: GPL-3.0-or-later
// One objective on one screen: three tiles, the budget over time with its forecast, what was counted, and its alerts.
#pragma once

#include <QList>
#include <QObject>
#include <QPointF>

#include <memory>
#include <optional>

#include "api/objective_service.h"
#include "viewmodels/chart_model.h"
#include "viewmodels/objective_models.h"
#include "viewmodels/tile_model.h"

namespace streamgauge::viewmodels {

// Holds what it is given. Lives on: GUI thread.
class ObjectiveDetailViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(QString name READ name NOTIFY changed)
    Q_PROPERTY(QString title READ title NOTIFY changed)
    Q_PROPERTY(QString subtitle READ subtitle NOTIFY changed)  // what it counts, over which window, of what
    Q_PROPERTY(QString description READ description NOTIFY changed)
    Q_PROPERTY(QStringList warnings READ warnings NOTIFY changed)  // traps that it stands in
    Q_PROPERTY(QObject* tiles READ tiles CONSTANT)
    Q_PROPERTY(QObject* alerts READ alerts CONSTANT)
    Q_PROPERTY(int worstRule READ worst_rule NOTIFY changed)  // the row of the one that needs a look first
    // Charts. Budget: left, and the forecast's middle; its fan apart, as points (seconds, share).
    Q_PROPERTY(QObject* budget READ budget CONSTANT)
    Q_PROPERTY(QList<QPointF> fanLow READ fan_low NOTIFY charted)
    Q_PROPERTY(QList<QPointF> fanHigh READ fan_high NOTIFY charted)
    Q_PROPERTY(QObject* requests READ requests CONSTANT)
    Q_PROPERTY(QObject* errors READ errors CONSTANT)
    Q_PROPERTY(QObject* latency READ latency CONSTANT)
    Q_PROPERTY(QObject* burn READ burn CONSTANT)
    Q_PROPERTY(bool timed READ timed NOTIFY changed)   // it has durations: `latency` says something
    Q_PROPERTY(QString unit READ unit NOTIFY changed)  // of what is counted: "Requests", "Samples", ...
    Q_PROPERTY(QVariantList errorLines READ error_lines NOTIFY changed)  // as TimeChart takes them
    Q_PROPERTY(QVariantList latencyLines READ latency_lines NOTIFY changed)
    Q_PROPERTY(QVariantList burnLines READ burn_lines NOTIFY changed)
    Q_PROPERTY(bool charted READ has_history NOTIFY charted)  // a history was shown
public:
    enum TileRow { Target, Indicator, BudgetLeft };
    explicit ObjectiveDetailViewModel(QObject* parent = nullptr);

    void show(const api::ObjectiveStatus& status);
    void show(const api::ObjectiveHistory& history, double from, double to);  // seconds since 1970
    void clear_history();

    QString name() const;
    QString title() const;
    QString subtitle() const;
    QString description() const;
    QStringList warnings() const;
    TileModel* tiles() { return &tiles_; }
    AlertRuleModel* alerts() { return &alerts_; }
    int worst_rule() const;
    ChartModel* budget() { return &budget_; }
    QList<QPointF> fan_low() const { return fan_low_; }
    QList<QPointF> fan_high() const { return fan_high_; }
    ChartModel* requests() { return &requests_; }
    ChartModel* errors() { return &errors_; }
    ChartModel* latency() { return &latency_; }
    ChartModel* burn() { return &burn_; }
    bool timed() const;
    QString unit() const;
    QVariantList error_lines() const;
    QVariantList latency_lines() const;
    QVariantList burn_lines() const;
    bool has_history() const { return has_history_; }

Q_SIGNALS:
    void changed();
    void charted();

private:
    void show_tiles();

    std::optional<api::ObjectiveStatus> status_;
    TileModel tiles_;
    AlertRuleModel alerts_;
    bool days_ = false, has_history_ = false;  // the charts' times are days
    ChartModel budget_, requests_, errors_, latency_, burn_;
    QList<QPointF> fan_low_, fan_high_;
};

}  // namespace streamgauge::viewmodels
