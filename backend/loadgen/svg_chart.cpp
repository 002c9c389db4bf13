// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/svg_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "loadgen/report_outputs.h"

namespace streamgauge::loadgen {
namespace {

constexpr double kWidth = 720, kHeight = 240, kLeft = 56, kRight = 12, kTop = 28, kBottom = 26;
constexpr double kInnerWidth = kWidth - kLeft - kRight, kInnerHeight = kHeight - kTop - kBottom;

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 400> text{};
    const int n = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), n < 0 ? 0 : std::min(static_cast<std::size_t>(n), text.size() - 1)};
}

std::string begin(const std::string& title, const std::string& unit) {
    return formatted("<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"", kWidth, kHeight) + xml_escaped(title) +
           "\"><text class=\"title\" x=\"0\" y=\"14\">" + xml_escaped(title) + " <tspan class=\"unit\">" +
           xml_escaped(unit) + "</tspan></text>";
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
    return formatted("<text class=\"axis\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor) +
           xml_escaped(text) + "</text>";
}

std::string line(const char* style, double x1, double y1, double x2, double y2) {
    return formatted("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", style, x1, y1, x2, y2);
}

std::string x_axis(const std::vector<std::pair<double, std::string>>& marks, double from, double to) {
    std::string svg;
    for (const auto& [at, text] : marks) {
        const double x = kLeft + (to > from ? (at - from) / (to - from) : 0) * kInnerWidth;
        svg +=
            line("grid", x, kTop + kInnerHeight, x, kTop + kInnerHeight + 4) + text_at(x, kHeight - 8, "middle", text);
    }
    return svg;
}

}  // namespace

std::vector<std::pair<double, std::string>> round_marks(double to) {
    std::vector<std::pair<double, std::string>> marks;
    if (!(to > 0)) return {{0, "0"}};
    constexpr double kMost = 6;
    double step = std::pow(10, std::floor(std::log10(to / kMost)));
    for (const double factor : {2.0, 2.5, 2.0}) {
        if (to / step <= kMost) break;
        step *= factor;
    }
    for (int i = 0; step * i <= to * 1.0001; ++i) marks.emplace_back(step * i, formatted("%.6g", step * i));
    return marks;
}

std::string to_svg(const Chart& chart) {
    double highest = 0;
    for (const ChartSeries& series : chart.series)
        for (const auto& point : series.points) highest = std::max(highest, point.second.value_or(0));
    // A limit far above what was measured would flatten it: then it is only named.
    for (const ChartLimit& limit : chart.limits)
        if (limit.value < 3 * highest) highest = std::max(highest, limit.value);
    if (highest <= 0) highest = 1;
    highest *= 1.05;
    const auto x = [&](double v) {
        return kLeft + (chart.x_to > chart.x_from ? (v - chart.x_from) / (chart.x_to - chart.x_from) : 0) * kInnerWidth;
    };
    const auto y = [&](double v) { return kTop + kInnerHeight * (1 - v / highest); };

    std::string svg = begin(chart.title, chart.unit);
    for (const auto& [value, text] : round_marks(highest))
        svg += line("grid", kLeft, y(value), kWidth - kRight, y(value)) + text_at(kLeft - 6, y(value) + 4, "end", text);
    svg += x_axis(chart.x_marks, chart.x_from, chart.x_to);
    double legend = kWidth - kRight;
    for (std::size_t i = chart.series.size(); i-- > 0;) {
        const ChartSeries& series = chart.series[i];
        std::string path;
        bool pen_down = false;
        for (const auto& [at, value] : series.points) {
            if (!value) {
                pen_down = false;
                continue;
            }
            path += formatted("%c%.1f %.1f", pen_down ? 'L' : 'M', x(at), y(*value));
            if (!pen_down) path += formatted("l0.01 0");  // a lone point shows
            pen_down = true;
        }
        svg += formatted("<path class=\"s%zu\" d=\"", i) + path + "\"><title>" + xml_escaped(series.name) +
               "</title></path>";
        legend -= 10 + 7.0 * static_cast<double>(series.name.size());
        svg += formatted("<text class=\"legend t%zu\" x=\"%.1f\" y=\"14\">", i, legend) + xml_escaped(series.name) +
               "</text>";
    }
    for (const ChartLimit& limit : chart.limits) {
        if (limit.value > highest) continue;
        svg += line(limit.passed ? "limit" : "limit failed", kLeft, y(limit.value), kWidth - kRight, y(limit.value)) +
               text_at(kWidth - kRight - 2, y(limit.value) - 3, "end", limit.name);
    }
    for (const auto& [at, text] : chart.actions)
        svg += line("action", x(at), kTop, x(at), kTop + kInnerHeight) + text_at(x(at) + 3, kTop + 9, "start", text);
    return svg + "</svg>";
}

std::string to_svg(const HeatMap& map) {
    std::string svg = begin(map.title, map.unit);
    const double decades = std::log10(map.high / map.low);
    const auto rows = static_cast<double>(map.rows.size());
    double most = 1;
    for (const auto& row : map.rows)
        for (const double count : row) most = std::max(most, count);
    const double height = rows > 0 ? kInnerHeight / rows : 0;
    for (std::size_t r = 0; r < map.rows.size(); ++r) {
        const auto columns = static_cast<double>(map.rows[r].size());
        for (std::size_t c = 0; c < map.rows[r].size(); ++c) {
            const double count = map.rows[r][c];
            if (count <= 0) continue;
            const double opacity = 0.12 + 0.88 * std::log1p(count) / std::log1p(most);
            svg += formatted(
                "<rect class=\"heat\" x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.2f\" opacity=\"%.2f\"/>",
                kLeft + static_cast<double>(c) / columns * kInnerWidth,
                kTop + kInnerHeight - static_cast<double>(r + 1) * height, kInnerWidth / columns + 0.2, height + 0.2,
                opacity);
        }
    }
    for (double decade = std::ceil(std::log10(map.low) - 1e-9); decade <= std::log10(map.high) + 1e-9; ++decade) {
        const double y = kTop + kInnerHeight * (1 - (decade - std::log10(map.low)) / decades);
        svg += line("grid", kLeft, y, kWidth - kRight, y) +
               text_at(kLeft - 6, y + 4, "end", formatted("%g", std::pow(10, decade)));
    }
    return svg + x_axis(map.x_marks, 0, map.x_to) + "</svg>";
}

}  // namespace streamgauge::loadgen
