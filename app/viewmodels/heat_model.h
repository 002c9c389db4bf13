// SPDX-License-Identifier: GPL-3.0-or-later
// A load run's response times over its seconds as counts in slots. Knows no way of painting.
#pragma once

#include <QObject>
#include <QVariant>

#include <cstdint>
#include <vector>

#include "api/types.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread.
class HeatModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(bool hasData READ has_data NOTIFY changed)
    Q_PROPERTY(QVariantList yTicks READ y_ticks NOTIFY changed)  // {position: 0..1, label}
    Q_PROPERTY(double to READ to NOTIFY changed)                 // seconds; the axis begins at 0
public:
    using QObject::QObject;

    void set(const std::vector<api::LoadSecond>& seconds, double to);
    bool has_data() const { return most_ > 0; }
    double to() const { return to_; }
    // Rows from the fastest slot that was used to the slowest; columns are seconds.
    int rows() const { return has_data() ? last_ - first_ + 1 : 0; }
    int columns() const { return static_cast<int>(counts_.size()); }
    int second(int column) const { return static_cast<int>(seconds_[static_cast<std::size_t>(column)]); }
    // 0: none; 1: the fullest cell. On a logarithmic scale, so that a few slow ones can be seen.
    double share(int column, int row) const;
    QVariantList y_ticks() const;
    // What lies under the fractions of width and height (from the top): {valid, time, range, count}.
    Q_INVOKABLE QVariantMap at(double x, double y) const;

Q_SIGNALS:
    void changed();

private:
    std::vector<std::vector<std::uint32_t>> counts_;
    std::vector<std::int64_t> seconds_;
    int first_ = 0, last_ = 0;
    std::uint32_t most_ = 0;
    double to_ = 1;
};

}  // namespace streamgauge::viewmodels
