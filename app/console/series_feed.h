// SPDX-License-Identifier: GPL-3.0-or-later
// Puts a ChartModel into a Qt Charts view: one line (or stacked area) for each part of a series without a gap. The only
// place that knows both.
#pragma once

#include <QAbstractSeries>
#include <QColor>
#include <QLineSeries>
#include <QList>
#include <QObject>
#include <QPointer>

#include <memory>
#include <vector>

#include "viewmodels/chart_model.h"

namespace streamgauge::console {

// Lives on: GUI thread.
class SeriesFeed : public QObject {
    Q_OBJECT
    Q_PROPERTY(QObject* model READ model WRITE set_model NOTIFY changed)  // a ChartModel
    // Any series of the view, with its two value axes: it stays empty and says where the lines belong.
    Q_PROPERTY(QAbstractSeries* anchor READ anchor WRITE set_anchor NOTIFY changed)
    Q_PROPERTY(QList<QColor> colors READ colors WRITE set_colors NOTIFY changed)
    Q_PROPERTY(int columns READ columns WRITE set_columns NOTIFY changed)  // pixels of the plot's width
    Q_PROPERTY(bool active READ active WRITE set_active NOTIFY changed)    // otherwise nothing is drawn anew
public:
    explicit SeriesFeed(QObject* parent = nullptr);
    ~SeriesFeed() override;

    QObject* model() const { return model_; }
    void set_model(QObject* model);
    QAbstractSeries* anchor() const { return anchor_; }
    void set_anchor(QAbstractSeries* anchor);
    const QList<QColor>& colors() const { return colors_; }
    void set_colors(const QList<QColor>& colors);
    int columns() const { return columns_; }
    void set_columns(int columns);
    bool active() const { return active_; }
    void set_active(bool active);

Q_SIGNALS:
    void changed();

private:
    struct Part;  // one line or area on the screen
    void settings_changed();
    void draw();
    Part& part(std::size_t series, std::size_t run);

    QPointer<viewmodels::ChartModel> model_;
    QPointer<QAbstractSeries> anchor_;
    QList<QColor> colors_;
    int columns_ = 400;
    bool active_ = true;
    std::vector<std::vector<std::unique_ptr<Part>>> parts_;  // by series, then by run
};

}  // namespace streamgauge::console
