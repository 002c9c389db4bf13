// SPDX-License-Identifier: GPL-3.0-or-later
// Charts as SVG text. Colours are the page's: classes s0, s1, ... for series, axis, grid, limit.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace streamgauge::loadgen {

struct ChartSeries {
    std::string name;
    std::vector<std::pair<double, std::optional<double>>> points;  // x ascending; none: a gap in the line
};

struct ChartLimit {
    std::string name;
    double value = 0;
    bool passed = true;
};

struct Chart {
    std::string title, unit;  // of y
    double x_from = 0, x_to = 1;
    std::vector<std::pair<double, std::string>> x_marks;
    std::vector<ChartSeries> series;
    std::vector<ChartLimit> limits;                       // lines across
    std::vector<std::pair<double, std::string>> actions;  // lines down, with what happened
};

std::string to_svg(const Chart& chart);

// Rows are logarithmic in y from `low` to `high`, the lowest first; every row has a count for each column.
struct HeatMap {
    std::string title, unit;
    double x_to = 1;
    double low = 1, high = 10;
    std::vector<std::pair<double, std::string>> x_marks;
    std::vector<std::vector<double>> rows;
};

std::string to_svg(const HeatMap& map);

// 0, then at most six round steps up to `to`: 1, 2 or 5 times a power of ten.
std::vector<std::pair<double, std::string>> round_marks(double to);

}  // namespace streamgauge::loadgen
