// SPDX-License-Identifier: GPL-3.0-or-later
// The arithmetic of charts: scales, ticks and decimation, as free functions.
#pragma once

#include <QList>
#include <QPointF>

#include <span>
#include <vector>

namespace streamgauge::viewmodels {

// The smallest of 1, 2, 2.5 or 5 times a power of ten that is not below `value`. 1 for 0 and below.
double nice_ceiling(double value);

// A top for an axis that shows values up to `highest`: grows at once, shrinks only when the values need less than 40 %
// of `current`, so that the scale does not breathe with every peak.
double axis_top(double highest, double current);

// Multiples of a nice step that divide bottom..top into at most `most` parts, ascending, 0 and the last one included.
// Precondition: top > 0, bottom <= 0, most >= 1.
std::vector<double> value_ticks(double top, int most, double bottom = 0);

// Whole multiples of 1, 2, 5, 10, 15, 30 s, 1, 2, 5, 10, 15, 30 min, ... within [from, to], at most `most` of them.
std::vector<double> time_ticks(double from, double to, int most);

// At most two points for each of `columns` equal parts of the x range, the lowest and the highest in their order, so
// that no peak is lost. Unchanged when there are no more than 2 * columns points. Precondition: ascending x, columns >
// 0.
QList<QPointF> decimate(const QList<QPointF>& points, int columns);

// Parts without a gap: splits where y is not a number.
std::vector<QList<QPointF>> split_at_gaps(std::span<const double> xs, std::span<const double> ys);

}  // namespace streamgauge::viewmodels
