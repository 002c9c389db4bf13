// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/chart_math.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace streamgauge::viewmodels {

double nice_ceiling(double value) {
    if (!(value > 0) || !std::isfinite(value)) return 1;
    const double power = std::pow(10.0, std::floor(std::log10(value)));
    for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
        if (value <= power * factor * (1 + 1e-12)) return power * factor;
    }
    return power * 10;
}

double axis_top(double highest, double current) {
    // Some air above the highest value, and tops that a few round ticks divide.
    const double wanted = highest > 0 ? highest * 1.04 : 1;
    const double power = std::pow(10.0, std::floor(std::log10(wanted)));
    double needed = power * 10;
    for (const double factor : {8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.5, 1.0}) {
        if (wanted <= power * factor * (1 + 1e-12)) needed = power * factor;
    }
    if (needed > current || !(current > 0)) return needed;
    return highest < 0.4 * current ? needed : current;
}

std::vector<double> value_ticks(double top, int most, double bottom) {
    const double step = nice_ceiling((top - bottom) / most);
    std::vector<double> ticks;
    for (int i = static_cast<int>(std::ceil(bottom / step - 1e-9)); step * i <= top * (1 + 1e-9); ++i)
        ticks.push_back(step * i);
    return ticks;
}

std::vector<double> time_ticks(double from, double to, int most) {
    static constexpr std::array<double, 22> kSteps{1,     2,      5,      10,     15,      30,     60,    120,
                                                   300,   600,    900,    1800,   3600,    7200,   21600, 43200,
                                                   86400, 172800, 432000, 864000, 2592000, 7776000};
    std::vector<double> ticks;
    if (!(to > from) || most < 1) return ticks;
    double step = kSteps.back();
    for (const double candidate : kSteps) {
        if ((to - from) / candidate <= most) {
            step = candidate;
            break;
        }
    }
    for (double tick = std::ceil(from / step) * step; tick <= to; tick += step) ticks.push_back(tick);
    if (ticks.size() > static_cast<std::size_t>(most)) ticks.erase(ticks.begin());
    return ticks;
}

QList<QPointF> decimate(const QList<QPointF>& points, int columns) {
    if (points.size() <= 2 * qsizetype{columns}) return points;
    const double from = points.front().x();
    const double width = (points.back().x() - from) / columns;
    QList<QPointF> result;
    result.reserve(2 * columns);
    for (qsizetype at = 0; at < points.size();) {
        const auto column = std::min(columns - 1, static_cast<int>((points[at].x() - from) / width));
        const double end = column == columns - 1 ? points.back().x() : from + width * (column + 1);
        qsizetype lowest = at;
        qsizetype highest = at;
        qsizetype next = at;
        while (next < points.size() && (next == at || points[next].x() < end || column == columns - 1)) {
            if (points[next].y() < points[lowest].y()) lowest = next;
            if (points[next].y() > points[highest].y()) highest = next;
            ++next;
        }
        result.append(points[std::min(lowest, highest)]);
        if (lowest != highest) result.append(points[std::max(lowest, highest)]);
        at = next;
    }
    return result;
}

std::vector<QList<QPointF>> split_at_gaps(std::span<const double> xs, std::span<const double> ys) {
    std::vector<QList<QPointF>> runs;
    bool open = false;
    for (std::size_t i = 0; i < xs.size() && i < ys.size(); ++i) {
        if (std::isnan(ys[i])) {
            open = false;
            continue;
        }
        if (!open) runs.emplace_back();
        open = true;
        runs.back().append(QPointF(xs[i], ys[i]));
    }
    return runs;
}

}  // namespace streamgauge::viewmodels
