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
    const bool gone = zoom_ && !follows_ && (zoom_->first >= to || zoom_->second <= from);
    if (gone) zoom_.reset();
    scale();
    Q_EMIT changed();
    if (gone) Q_EMIT zoomChanged();
}

// To what is shown.
void ChartModel::scale() {
    double highest = 0, lowest = 0;
    for (const auto& edge : edges_) {
        for (std::size_t i = 0; i < edge.size(); ++i) {
            if (zoom_ && (xs_[i] < zoom_->first || xs_[i] > zoom_->second)) continue;
            highest = std::max(highest, std::isnan(edge[i]) ? 0 : edge[i]);
            lowest = std::min(lowest, std::isnan(edge[i]) ? 0 : edge[i]);
        }
    }
    top_ = look_.top ? *look_.top : axis_top(highest, top_);
    bottom_ = look_.top && lowest < 0 ? -axis_top(-lowest, -bottom_) : 0;
}

void ChartModel::zoom(double from, double to) {
    const double width = this->to() - this->from();
    const double first = this->from() + std::clamp(std::min(from, to), 0.0, 1.0) * width;
    const double last = this->from() + std::clamp(std::max(from, to), 0.0, 1.0) * width;
    // Two points at least.
    const auto begin = std::lower_bound(xs_.begin(), xs_.end(), first);
    const auto end = std::upper_bound(begin, xs_.end(), last);
    if (std::distance(begin, end) >= 2) set_zoom(Span{first, last});
}

void ChartModel::unzoom() {
    set_zoom(std::nullopt);
}

void ChartModel::set_zoom(std::optional<Span> zoom) {
    if (zoom == zoom_) return;
    zoom_ = zoom;
    scale();
    Q_EMIT changed();
    Q_EMIT zoomChanged();
}

void ChartModel::zoom_together(ChartModel& other) {
    other.follows_ = true;
    connect(this, &ChartModel::zoomChanged, &other, [this, &other] { other.set_zoom(zoom_); });
    connect(&other, &ChartModel::zoomChanged, this, [this, &other] { set_zoom(other.zoom_); });
}

bool ChartModel::has_data() const {
    return std::any_of(ys_.begin(), ys_.end(), [](const auto& series) {
        return std::any_of(series.begin(), series.end(), [](double y) { return !std::isnan(y); });
    });
}

QVariantList ChartModel::x_ticks() const {
    QVariantList ticks;
    for (const double x : time_ticks(from(), to(), kMostXTicks)) {
        ticks.append(tick((x - from()) / (to() - from()), look_.x_label(x)));
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
    const std::vector<double>& edge = edges_.at(static_cast<std::size_t>(series));
    std::vector<QList<QPointF>> runs;
    if (zoom_) {
        // With a neighbour on each side, to which the line goes on.
        auto first = std::lower_bound(xs_.begin(), xs_.end(), zoom_->first);
        auto last = std::upper_bound(first, xs_.end(), zoom_->second);
        if (first != xs_.begin()) --first;
        if (last != xs_.end()) ++last;
        const auto ys = edge.begin() + std::distance(xs_.begin(), first);
        runs = split_at_gaps({first, last}, {ys, ys + std::distance(first, last)});
    } else {
        runs = split_at_gaps(xs_, edge);
    }
    for (QList<QPointF>& run : runs) run = decimate(run, std::max(columns, 1));
    return runs;
}

QVariantMap ChartModel::at(double fraction) const {
    if (xs_.empty()) return {{u"valid"_s, false}};
    const double from = this->from(), to = this->to();
    const double x = from + fraction * (to - from);
    const auto after = std::lower_bound(xs_.begin(), xs_.end(), x);
    auto index = static_cast<std::size_t>(std::distance(xs_.begin(), after));
    if (index == xs_.size() || (index > 0 && x - xs_[index - 1] < xs_[index] - x)) --index;
    // A cursor far from every point reads nothing.
    if (std::abs(xs_[index] - x) > std::max(1.0, (to - from) / 50)) return {{u"valid"_s, false}};
    QStringList values;
    for (const auto& series : ys_) values.append(std::isnan(series[index]) ? none() : look_.y_label(series[index]));
    return {{u"valid"_s, true},
            {u"position"_s, std::clamp((xs_[index] - from) / (to - from), 0.0, 1.0)},
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
