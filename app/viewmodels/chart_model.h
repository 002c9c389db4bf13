// SPDX-License-Identifier: GPL-3.0-or-later
// One chart over time: its series, scales, ticks, and what the cursor reads. Knows no way of painting.
#pragma once

#include <QList>
#include <QObject>
#include <QPointF>
#include <QStringList>
#include <QVariant>

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace streamgauge::viewmodels {

// Lives on: GUI thread.
class ChartModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(QStringList names READ names CONSTANT)
    Q_PROPERTY(bool stacked READ stacked CONSTANT)
    Q_PROPERTY(bool hasData READ has_data NOTIFY changed)
    Q_PROPERTY(bool zoomed READ zoomed NOTIFY changed)  // from and to are a part of what there is
    Q_PROPERTY(double from READ from NOTIFY changed)
    Q_PROPERTY(double to READ to NOTIFY changed)
    Q_PROPERTY(double top READ top NOTIFY changed)
    Q_PROPERTY(double bottom READ bottom NOTIFY changed)  // below 0 only where Look::top is set
    // Lists of {position: 0..1, label}; of values also {zero: it is the line of 0}.
    Q_PROPERTY(QVariantList xTicks READ x_ticks NOTIFY changed)
    Q_PROPERTY(QVariantList yTicks READ y_ticks NOTIFY changed)
    Q_PROPERTY(QStringList latest READ latest NOTIFY changed)  // one text for each series
public:
    struct Look {
        QStringList names;
        bool stacked = false;
        std::function<QString(double x)> x_label;
        std::function<QString(double y)> y_label;     // of a value that is read
        std::function<QString(double y)> axis_label;  // of a round value
        // The highest value there can be: the axis always ends there, and begins below 0 where there are such values.
        std::optional<double> top = {};
    };
    explicit ChartModel(Look look, QObject* parent = nullptr);

    // One column of `ys` for each series, as long as `xs` (ascending); NaN is a gap. In a stacked chart the series are
    // piled up in order.
    void set(double from, double to, std::vector<double> xs, std::vector<std::vector<double>> ys);

    // Shows only what lies between two fractions (0..1) of the width as it is now, until unzoom(); values have a scale
    // of their own then. What is too narrow to read is left as it is. New data keeps the part, where it is still of it.
    Q_INVOKABLE void zoom(double from, double to);
    Q_INVOKABLE void unzoom();
    bool zoomed() const { return zoom_.has_value(); }
    // From now on both show the same part, as long as it is one of what this one has: `other` may end earlier, and must
    // live as long.
    void zoom_together(ChartModel& other);

    const QStringList& names() const { return look_.names; }
    bool stacked() const { return look_.stacked; }
    bool has_data() const;
    double from() const { return zoom_ ? zoom_->first : from_; }
    double to() const { return zoom_ ? zoom_->second : to_; }
    double top() const { return top_; }
    double bottom() const { return bottom_; }
    QVariantList x_ticks() const;
    QVariantList y_ticks() const;
    QStringList latest() const;

    // The upper edge of a series in parts without gaps, at most two points for each of `columns` pixel columns.
    std::vector<QList<QPointF>> runs(int series, int columns) const;

    // What stands nearest to `fraction` (0..1) of the width: {valid, position, time, values}.
    Q_INVOKABLE QVariantMap at(double fraction) const;
    // The data as comma-separated values with a head line, for the clipboard.
    Q_INVOKABLE QString csv() const;

Q_SIGNALS:
    void changed();
    void zoomChanged();

private:
    using Span = std::pair<double, double>;
    void set_zoom(std::optional<Span> zoom);
    void scale();

    const Look look_;
    std::optional<Span> zoom_;
    bool follows_ = false;  // another one says when the part is gone
    double from_ = 0;
    double to_ = 1;
    double top_ = 1;
    double bottom_ = 0;
    std::vector<double> xs_;
    std::vector<std::vector<double>> ys_;     // as given
    std::vector<std::vector<double>> edges_;  // as drawn
};

}  // namespace streamgauge::viewmodels
