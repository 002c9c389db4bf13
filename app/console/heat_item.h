// SPDX-License-Identifier: GPL-3.0-or-later
// A HeatModel as a picture: seconds from left to right, slow on top. Painted by QPainter, as the small lines are.
#pragma once

#include <QColor>
#include <QPointer>
#include <QQuickPaintedItem>

#include "viewmodels/heat_model.h"

namespace streamgauge::console {

// Lives on: GUI thread (painted on the scene graph's, while the GUI thread waits).
class HeatItem : public QQuickPaintedItem {
    Q_OBJECT
    Q_PROPERTY(QObject* model READ model WRITE set_model NOTIFY changed)  // a HeatModel
    Q_PROPERTY(QColor low READ low WRITE set_low NOTIFY changed)          // of a cell with few
    Q_PROPERTY(QColor high READ high WRITE set_high NOTIFY changed)       // of the fullest
public:
    explicit HeatItem(QQuickItem* parent = nullptr);

    QObject* model() const { return model_; }
    void set_model(QObject* model);
    QColor low() const { return low_; }
    void set_low(const QColor& color);
    QColor high() const { return high_; }
    void set_high(const QColor& color);
    void paint(QPainter* painter) override;

Q_SIGNALS:
    void changed();

private:
    QPointer<viewmodels::HeatModel> model_;
    QColor low_ = Qt::darkBlue, high_ = Qt::yellow;
};

}  // namespace streamgauge::console
