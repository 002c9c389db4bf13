// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/chart_model.h"

#include <algorithm>
#include <cmath>

#include "viewmodels/chart_math.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kMostXTicks = 6;
constexpr int kMostYTicks = 4;

QVariantMap tick(double position, const QString& label) {
    return {{u"position"_s, position}, {u"label"_s, label}};
}

}  // namespace

ChartModel::ChartModel(Look look, QObject* parent) : QObject(parent), look_(std::move(look)) {
    ys_.resize(static_cast<std::size_t>(look_.names.size()));
    edges_ = ys_;
}

void ChartModel::set(double from, double to, std::vector<double> xs, std::vector<std::vector<double>> ys) {
    Q_ASSERT(ys.size() == static_cast<std::size_t>(look_.names.size()));
    from_ = from;
    to_ = to;
    xs_ = std::move(xs);
    ys_ = std::move(ys);
    edges_ = ys_;
    if (look_.stacked) {
        for (std::size_t series = 1; series < edges_.size(); ++series) {
            for (std::size_t i = 0; i < xs_.size(); ++i) edges_[series][i] += edges_[series - 1][i];
        }
    }
    double highest = 0, lowest = 0;
    for (const auto& edge : edges_) {
        for (const double y : edge) {
            if (y > highest) highest = y;
            if (y < lowest) lowest = y;
        }
    }
    top_ = look_.top ? *look_.top : axis_top(highest, top_);
    bottom_ = look_.top && lowest < 0 ? -axis_top(-lowest, -bottom_) : 0;
    Q_EMIT changed();
}

bool ChartModel::has_data() const {
    return std::any_of(ys_.begin(), ys_.end(), [](const auto& series) {
        return std::any_of(series.begin(), series.end(), [](double y) { return !std::isnan(y); });
    });
}

QVariantList ChartModel::x_ticks() const {
    QVariantList ticks;
    for (const double x : time_ticks(from_, to_, kMostXTicks)) {
        ticks.append(tick((x - from_) / (to_ - from_), look_.x_label(x)));
    }
    return ticks;
}

QVariantList ChartModel::y_ticks() const {
    QVariantList ticks;
    for (const double y : value_ticks(top_, kMostYTicks, bottom_)) {
        QVariantMap one = tick((y - bottom_) / (top_ - bottom_), look_.axis_label(y));
        one[u"zero"_s] = !(y < 0 || y > 0);
        ticks.append(one);
    }
    return ticks;
}

QStringList ChartModel::latest() const {
    QStringList texts;
    for (const auto& series : ys_) {
        texts.append(series.empty() || std::isnan(series.back()) ? none() : look_.y_label(series.back()));
    }
    return texts;
}

std::vector<QList<QPointF>> ChartModel::runs(int series, int columns) const {
    std::vector<QList<QPointF>> runs = split_at_gaps(xs_, edges_.at(static_cast<std::size_t>(series)));
    for (QList<QPointF>& run : runs) run = decimate(run, std::max(columns, 1));
    return runs;
}

QVariantMap ChartModel::at(double fraction) const {
    if (xs_.empty()) return {{u"valid"_s, false}};
    const double x = from_ + fraction * (to_ - from_);
    const auto after = std::lower_bound(xs_.begin(), xs_.end(), x);
    auto index = static_cast<std::size_t>(std::distance(xs_.begin(), after));
    if (index == xs_.size() || (index > 0 && x - xs_[index - 1] < xs_[index] - x)) --index;
    // A cursor far from every point reads nothing.
    if (std::abs(xs_[index] - x) > std::max(1.0, (to_ - from_) / 50)) return {{u"valid"_s, false}};
    QStringList values;
    for (const auto& series : ys_) values.append(std::isnan(series[index]) ? none() : look_.y_label(series[index]));
    return {{u"valid"_s, true},
            {u"position"_s, (xs_[index] - from_) / (to_ - from_)},
            {u"time"_s, look_.x_label(xs_[index])},
            {u"values"_s, values}};
}

QString ChartModel::csv() const {
    QString text = u"time,"_s + look_.names.join(u',') + u'\n';
    for (std::size_t i = 0; i < xs_.size(); ++i) {
        text += QString::number(xs_[i], 'g', 15);
        for (const auto& series : ys_) {
            text += u',';
            if (!std::isnan(series[i])) text += QString::number(series[i], 'g', 12);
        }
        text += u'\n';
    }
    return text;
}

}  // namespace streamgauge::viewmodels
