// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/sparkline_item.h"

#include <QLinearGradient>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

#include "viewmodels/chart_math.h"

namespace streamgauge::console {

SparklineItem::SparklineItem(QQuickItem* parent) : QQuickPaintedItem(parent) {
    setAntialiasing(true);
}

void SparklineItem::set_values(const QList<qreal>& values) {
    values_ = values;
    Q_EMIT valuesChanged();
    update();
}

void SparklineItem::set_color(const QColor& color) {
    if (color == color_) return;
    color_ = color;
    Q_EMIT colorChanged();
    update();
}

void SparklineItem::paint(QPainter* painter) {
    if (values_.size() < 2) return;
    qreal highest = 0;
    std::vector<double> xs, ys;
    for (qsizetype i = 0; i < values_.size(); ++i) {
        xs.push_back(static_cast<double>(i));
        ys.push_back(values_[i]);
        if (values_[i] > highest) highest = values_[i];
    }
    // The line keeps clear of the edges by its own width.
    const qreal top = 1.5;
    const qreal bottom = height() - 1.5;
    const qreal step = width() / static_cast<qreal>(values_.size() - 1);
    const qreal unit = highest > 0 ? (bottom - top) / highest : 0;

    painter->setRenderHint(QPainter::Antialiasing);
    QLinearGradient shade(0, 0, 0, height());
    QColor upper = color_;
    upper.setAlphaF(0.28F);
    QColor lower = color_;
    lower.setAlphaF(0.02F);
    shade.setColorAt(0, upper);
    shade.setColorAt(1, lower);
    for (const QList<QPointF>& run : viewmodels::split_at_gaps(xs, ys)) {
        const auto place = [&](const QPointF& p) { return QPointF(p.x() * step, bottom - p.y() * unit); };
        if (run.size() == 1) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(color_);
            painter->drawEllipse(place(run.front()), 1.25, 1.25);
            continue;
        }
        QPainterPath line(place(run.front()));
        for (qsizetype i = 1; i < run.size(); ++i) line.lineTo(place(run[i]));
        QPainterPath area(line);
        area.lineTo(place(run.back()).x(), height());
        area.lineTo(place(run.front()).x(), height());
        painter->fillPath(area, shade);
        painter->setBrush(Qt::NoBrush);
        painter->setPen(QPen(color_, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter->drawPath(line);
    }
}

}  // namespace streamgauge::console
