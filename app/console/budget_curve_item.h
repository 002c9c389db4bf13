// SPDX-License-Identifier: GPL-3.0-or-later
// The error budget over time: above zero a plain area, below it a hatched one in another colour, so that it is read
// without colours too; and the forecast, dashed, in its fan. Painted by QPainter, as sparklines are.
#pragma once

#include <QColor>
#include <QList>
#include <QPointF>
#include <QPointer>
#include <QQuickPaintedItem>

#include "viewmodels/chart_model.h"

namespace streamgauge::console {

// Lives on: GUI thread (painted on the scene graph's, while the GUI thread waits).
class BudgetCurveItem : public QQuickPaintedItem {
    Q_OBJECT
    // A ChartModel whose first series is the past and whose second is the forecast's middle.
    Q_PROPERTY(QObject* model READ model WRITE set_model NOTIFY changed)
    // The edges of the fan: points (x, y) in the model's units, as many in both.
    Q_PROPERTY(QList<QPointF> low MEMBER low_ NOTIFY changed)
    Q_PROPERTY(QList<QPointF> high MEMBER high_ NOTIFY changed)
    Q_PROPERTY(QColor good MEMBER good_ NOTIFY changed)
    Q_PROPERTY(QColor bad MEMBER bad_ NOTIFY changed)
    Q_PROPERTY(QColor ahead MEMBER ahead_ NOTIFY changed)
public:
    explicit BudgetCurveItem(QQuickItem* parent = nullptr);

    QObject* model() const { return model_; }
    void set_model(QObject* model);
    void paint(QPainter* painter) override;

Q_SIGNALS:
    void changed();

private:
    QPointF place(const QPointF& point) const;
    void paint_past(QPainter& painter) const;
    void paint_forecast(QPainter& painter) const;

    QPointer<viewmodels::ChartModel> model_;
    QList<QPointF> low_, high_;
    QColor good_ = Qt::green, bad_ = Qt::red, ahead_ = Qt::gray;
};

}  // namespace streamgauge::console
