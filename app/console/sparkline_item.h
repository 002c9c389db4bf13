// SPDX-License-Identifier: GPL-3.0-or-later
// A small line without axes, for tiles. Painted by QPainter, so that it looks the same on every graphics backend.
#pragma once

#include <QColor>
#include <QList>
#include <QQuickPaintedItem>

namespace streamgauge::console {

// Lives on: GUI thread (painted on the scene graph's).
class SparklineItem : public QQuickPaintedItem {
    Q_OBJECT
    Q_PROPERTY(QList<qreal> values READ values WRITE set_values NOTIFY valuesChanged)  // NaN is a gap
    Q_PROPERTY(QColor color READ color WRITE set_color NOTIFY colorChanged)
public:
    explicit SparklineItem(QQuickItem* parent = nullptr);

    const QList<qreal>& values() const { return values_; }
    void set_values(const QList<qreal>& values);
    QColor color() const { return color_; }
    void set_color(const QColor& color);
    void paint(QPainter* painter) override;

Q_SIGNALS:
    void valuesChanged();
    void colorChanged();

private:
    QList<qreal> values_;
    QColor color_ = Qt::gray;
};

}  // namespace streamgauge::console
