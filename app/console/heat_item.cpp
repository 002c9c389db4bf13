// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/heat_item.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace streamgauge::console {

namespace {

QColor between(const QColor& low, const QColor& high, double share) {
    const auto mix = [share](float a, float b) { return a + static_cast<float>(share) * (b - a); };
    return QColor::fromRgbF(mix(low.redF(), high.redF()), mix(low.greenF(), high.greenF()),
                            mix(low.blueF(), high.blueF()));
}

}  // namespace

HeatItem::HeatItem(QQuickItem* parent) : QQuickPaintedItem(parent) {}

void HeatItem::set_model(QObject* model) {
    auto* const heat = qobject_cast<viewmodels::HeatModel*>(model);
    if (heat == model_) return;
    if (model_) model_->disconnect(this);
    model_ = heat;
    if (heat) connect(heat, &viewmodels::HeatModel::changed, this, [this] { update(); });
    update();
    Q_EMIT changed();
}

void HeatItem::set_low(const QColor& color) {
    if (color == low_) return;
    low_ = color;
    update();
    Q_EMIT changed();
}

void HeatItem::set_high(const QColor& color) {
    if (color == high_) return;
    high_ = color;
    update();
    Q_EMIT changed();
}

void HeatItem::paint(QPainter* painter) {
    if (!model_ || !model_->has_data()) return;
    const double across = width() / model_->to();
    const double up = height() / model_->rows();
    for (int column = 0; column < model_->columns(); ++column) {
        const double left = std::floor(model_->second(column) * across);
        const double right = std::max(left + 1, std::floor((model_->second(column) + 1) * across));
        for (int row = 0; row < model_->rows(); ++row) {
            const double share = model_->share(column, row);
            if (share <= 0) continue;
            const double top = std::floor(height() - (row + 1) * up);
            const double bottom = std::floor(height() - row * up);
            painter->fillRect(QRectF(left, top, right - left, bottom - top), between(low_, high_, share));
        }
    }
}

}  // namespace streamgauge::console
