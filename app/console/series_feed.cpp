// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/series_feed.h"

#include <QAreaSeries>
#include <QChart>
#include <QPen>
#include <QValueAxis>

namespace streamgauge::console {

// The chart owns the series that were added to it; these pointers see it go.
struct SeriesFeed::Part {
    QPointer<QLineSeries> upper;
    QPointer<QLineSeries> lower;
    QPointer<QAreaSeries> area;

    void clear() {
        if (upper) upper->clear();
        if (lower) lower->clear();
    }
};

SeriesFeed::SeriesFeed(QObject* parent) : QObject(parent) {}
SeriesFeed::~SeriesFeed() = default;

void SeriesFeed::set_model(QObject* model) {
    auto* chart = qobject_cast<viewmodels::ChartModel*>(model);
    if (chart == model_) return;
    if (model_) model_->disconnect(this);
    model_ = chart;
    if (chart) connect(chart, &viewmodels::ChartModel::changed, this, [this] { draw(); });
    settings_changed();
}

void SeriesFeed::set_anchor(QAbstractSeries* anchor) {
    anchor_ = anchor;
    settings_changed();
}

void SeriesFeed::set_colors(const QList<QColor>& colors) {
    if (colors == colors_) return;
    colors_ = colors;
    settings_changed();
}

void SeriesFeed::set_columns(int columns) {
    if (columns == columns_ || columns <= 0) return;
    columns_ = columns;
    settings_changed();
}

void SeriesFeed::set_active(bool active) {
    if (active == active_) return;
    active_ = active;
    settings_changed();
}

void SeriesFeed::settings_changed() {
    Q_EMIT changed();
    draw();
}

SeriesFeed::Part& SeriesFeed::part(std::size_t series, std::size_t run) {
    QChart& chart = *anchor_->chart();
    parts_.resize(std::max(parts_.size(), series + 1));
    auto& runs = parts_[series];
    while (runs.size() <= run) {
        auto made = std::make_unique<Part>();
        const auto attach = [&](QAbstractSeries* added) {
            chart.addSeries(added);
            for (QAbstractAxis* axis : anchor_->attachedAxes()) added->attachAxis(axis);
        };
        made->upper = new QLineSeries();
        if (model_->stacked()) {
            made->lower = new QLineSeries();
            made->area = new QAreaSeries(made->upper, made->lower);
            made->upper->setParent(made->area);
            made->lower->setParent(made->area);
            attach(made->area);
        } else {
            attach(made->upper);
        }
        runs.push_back(std::move(made));
    }
    return *runs[run];
}

void SeriesFeed::draw() {
    if (!active_ || !model_ || !anchor_ || !anchor_->chart() || colors_.size() < model_->names().size()) return;
    for (QAbstractAxis* axis : anchor_->attachedAxes()) {
        auto* values = qobject_cast<QValueAxis*>(axis);
        if (!values) continue;
        if (values->orientation() == Qt::Horizontal) {
            values->setRange(model_->from(), model_->to());
        } else {
            values->setRange(model_->bottom(), model_->top());
        }
    }
    std::vector<QList<QPointF>> below;
    for (int series = 0; series < static_cast<int>(model_->names().size()); ++series) {
        std::vector<QList<QPointF>> runs = model_->runs(series, columns_);
        for (std::size_t run = 0; run < runs.size(); ++run) {
            Part& drawn = part(static_cast<std::size_t>(series), run);
            if (!drawn.upper) continue;
            const QColor color = colors_[series];
            if (drawn.area) {
                QColor fill = color;
                fill.setAlphaF(0.7F);
                drawn.area->setBrush(fill);
                drawn.area->setPen(Qt::NoPen);  // an outcome that did not occur has no line either
                QList<QPointF> floor = run < below.size() ? below[run] : runs[run];
                if (run >= below.size()) {
                    for (QPointF& point : floor) point.setY(0);
                }
                drawn.lower->replace(floor);
            } else {
                drawn.upper->setPen(QPen(color, 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
            }
            drawn.upper->replace(runs[run]);
        }
        if (parts_.size() > static_cast<std::size_t>(series)) {
            auto& drawn = parts_[static_cast<std::size_t>(series)];
            for (std::size_t run = runs.size(); run < drawn.size(); ++run) drawn[run]->clear();
        }
        below = std::move(runs);
    }
}

}  // namespace streamgauge::console
