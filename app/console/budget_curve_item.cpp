// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/budget_curve_item.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>

namespace streamgauge::console {

namespace {

QColor faded(QColor color, float alpha) {
    color.setAlphaF(alpha);
    return color;
}

}  // namespace

BudgetCurveItem::BudgetCurveItem(QQuickItem* parent) : QQuickPaintedItem(parent) {
    setAntialiasing(true);
    connect(this, &BudgetCurveItem::changed, this, [this] { update(); });
}

void BudgetCurveItem::set_model(QObject* model) {
    auto* chart = qobject_cast<viewmodels::ChartModel*>(model);
    if (chart == model_) return;
    if (model_) model_->disconnect(this);
    model_ = chart;
    if (chart) connect(chart, &viewmodels::ChartModel::changed, this, [this] { update(); });
    Q_EMIT changed();
}

QPointF BudgetCurveItem::place(const QPointF& point) const {
    const double across = model_->to() - model_->from(), up = model_->top() - model_->bottom();
    return {(point.x() - model_->from()) / across * width(), (1 - (point.y() - model_->bottom()) / up) * height()};
}

void BudgetCurveItem::paint(QPainter* painter) {
    if (!model_ || !model_->has_data() || !(model_->to() > model_->from()) || width() < 2 || height() < 2) return;
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setClipRect(QRectF(0, 0, width(), height()));
    paint_forecast(*painter);
    paint_past(*painter);
}

void BudgetCurveItem::paint_past(QPainter& painter) const {
    const double zero = place({model_->from(), 0}).y();
    for (const QList<QPointF>& run : model_->runs(0, std::max(1, static_cast<int>(width())))) {
        QPainterPath line(place(run.front()));
        for (qsizetype i = 1; i < run.size(); ++i) line.lineTo(place(run[i]));
        QPainterPath area(line);
        area.lineTo(place(run.back()).x(), zero);
        area.lineTo(place(run.front()).x(), zero);
        area.closeSubpath();
        const auto side = [&](const QRectF& part, const QColor& color, bool hatched) {
            painter.save();
            painter.setClipRect(part, Qt::IntersectClip);
            painter.fillPath(area, faded(color, hatched ? 0.14F : 0.20F));
            if (hatched) painter.fillPath(area, QBrush(faded(color, 0.75F), Qt::BDiagPattern));
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(color, hatched ? 2.2 : 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
            painter.drawPath(line);
            if (run.size() == 1) {
                painter.setBrush(color);
                painter.drawEllipse(place(run.front()), 1.5, 1.5);
            }
            painter.restore();
        };
        side(QRectF(0, 0, width(), zero), good_, false);
        side(QRectF(0, zero, width(), height() - zero), bad_, true);
    }
}

void BudgetCurveItem::paint_forecast(QPainter& painter) const {
    if (low_.size() > 1 && low_.size() == high_.size()) {
        QPainterPath fan(place(high_.front()));
        for (const QPointF& point : high_) fan.lineTo(place(point));
        for (auto point = low_.rbegin(); point != low_.rend(); ++point) fan.lineTo(place(*point));
        fan.closeSubpath();
        painter.fillPath(fan, faded(ahead_, 0.16F));
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(ahead_, 1.6, Qt::DashLine, Qt::FlatCap));
    for (const QList<QPointF>& run : model_->runs(1, std::max(1, static_cast<int>(width())))) {
        QPainterPath line(place(run.front()));
        for (qsizetype i = 1; i < run.size(); ++i) line.lineTo(place(run[i]));
        painter.drawPath(line);
    }
}

}  // namespace streamgauge::console
