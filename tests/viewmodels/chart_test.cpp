// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/chart_math.h"
#include "viewmodels/chart_model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace streamgauge::viewmodels {
namespace {

using testing::ElementsAre;

TEST(ChartMath, NiceCeiling) {
    const std::pair<double, double> cases[] = {{0, 1},   {-3, 1},     {0.03, 0.05},    {1, 1},
                                               {1.1, 2}, {2.2, 2.5},  {3, 5},          {5.1, 10},
                                               {10, 10}, {640, 1000}, {12'300, 20'000}};
    for (const auto& [value, ceiling] : cases) EXPECT_DOUBLE_EQ(nice_ceiling(value), ceiling) << value;
}

TEST(ChartMath, AnAxisGrowsAtOnceAndShrinksLate) {
    EXPECT_DOUBLE_EQ(axis_top(11, 10), 15);
    EXPECT_DOUBLE_EQ(axis_top(5000, 1), 6000) << "a line never runs along the upper edge";
    EXPECT_DOUBLE_EQ(axis_top(9, 20), 20) << "45 % of it is used";
    EXPECT_DOUBLE_EQ(axis_top(7, 20), 8);
    EXPECT_DOUBLE_EQ(axis_top(0, 0), 1);
}

TEST(ChartMath, ValueTicks) {
    EXPECT_THAT(value_ticks(10, 4), ElementsAre(0, 2.5, 5, 7.5, 10));
    EXPECT_THAT(value_ticks(20, 4), ElementsAre(0, 5, 10, 15, 20));
    EXPECT_THAT(value_ticks(1, 2), ElementsAre(0, 0.5, 1));
}

TEST(ChartMath, TimeTicks) {
    EXPECT_THAT(time_ticks(1000, 1300, 6), ElementsAre(1020, 1080, 1140, 1200, 1260));
    EXPECT_THAT(time_ticks(0, 10, 5), ElementsAre(2, 4, 6, 8, 10));
    EXPECT_TRUE(time_ticks(5, 5, 5).empty());
    for (int span = 1; span < 5000; span += 7) {
        EXPECT_LE(time_ticks(100, 100 + span, 6).size(), 6U) << span;
        EXPECT_GE(time_ticks(100, 100 + span, 6).size(), 1U) << span;
    }
}

TEST(ChartMath, DecimationKeepsEveryPeak) {
    std::mt19937 random(7);
    QList<QPointF> points;
    for (int i = 0; i < 5000; ++i) points.append(QPointF(i, static_cast<double>(random() % 100)));
    points[3111].setY(1000);
    points[4999].setY(-50);
    const QList<QPointF> fewer = decimate(points, 100);
    EXPECT_LE(fewer.size(), 200);
    EXPECT_TRUE(fewer.contains(QPointF(3111, 1000)));
    EXPECT_TRUE(fewer.contains(QPointF(4999, -50)));
    for (qsizetype i = 1; i < fewer.size(); ++i) ASSERT_LT(fewer[i - 1].x(), fewer[i].x());
}

TEST(ChartMath, FewPointsStayAsTheyAre) {
    const QList<QPointF> points{{0, 1}, {1, 2}, {2, 0}};
    EXPECT_EQ(decimate(points, 2), points);
    EXPECT_EQ(decimate({}, 2), QList<QPointF>());
}

TEST(ChartMath, SplitsAtGaps) {
    const std::vector<double> xs{0, 1, 2, 3, 4};
    const double gap = std::nan("");
    EXPECT_THAT(split_at_gaps(xs, std::vector<double>{1, 2, gap, 3, gap}),
                ElementsAre(QList<QPointF>{{0, 1}, {1, 2}}, QList<QPointF>{{3, 3}}));
    EXPECT_TRUE(split_at_gaps(xs, std::vector<double>(5, gap)).empty());
}

TEST(ChartModel, StacksAndReadsTheCursor) {
    ChartModel model({{QStringLiteral("a"), QStringLiteral("b")},
                      true,
                      [](double x) { return QString::number(x); },
                      [](double y) { return QString::number(y); },
                      [](double y) { return QString::number(y); }});
    EXPECT_FALSE(model.has_data());
    model.set(0, 10, {0, 5, 10}, {{1, 2, 3}, {10, std::nan(""), 30}});
    EXPECT_TRUE(model.has_data());
    EXPECT_DOUBLE_EQ(model.top(), 40);
    ASSERT_EQ(model.runs(1, 100).size(), 2U);
    EXPECT_EQ(model.runs(1, 100)[0].front(), QPointF(0, 11));
    EXPECT_EQ(model.runs(1, 100)[1].front(), QPointF(10, 33));
    EXPECT_EQ(model.latest(), QStringList({QStringLiteral("3"), QStringLiteral("30")}));
    const QVariantMap read = model.at(0.98);
    EXPECT_TRUE(read[QStringLiteral("valid")].toBool());
    EXPECT_EQ(read[QStringLiteral("time")].toString(), QStringLiteral("10"));
    EXPECT_EQ(read[QStringLiteral("values")].toStringList()[0], QStringLiteral("3"));
    EXPECT_EQ(model.at(0.5)[QStringLiteral("values")].toStringList()[1], QStringLiteral("–")) << "a gap is not zero";
    EXPECT_FALSE(model.at(0.25)[QStringLiteral("valid")].toBool());
    EXPECT_EQ(model.csv(), QStringLiteral("time,a,b\n0,1,10\n5,2,\n10,3,30\n"));
}

TEST(ChartModel, APartOfItHasAScaleOfItsOwnAndIsSharedByThoseThatGoTogether) {
    const auto text = [](double value) { return QString::number(value); };
    ChartModel rates({{QStringLiteral("a")}, false, text, text, text}),
        latency({{QStringLiteral("b")}, false, text, text, text});
    rates.zoom_together(latency);
    std::vector<double> xs, ys;
    for (int i = 0; i <= 100; ++i) {
        xs.push_back(i);
        ys.push_back(i == 90 ? 1000 : i);
    }
    rates.set(0, 100, xs, {ys});
    latency.set(0, 100, xs, {ys});
    rates.zoom(0.4, 0.2);
    EXPECT_DOUBLE_EQ(rates.from(), 20) << "in either direction";
    EXPECT_DOUBLE_EQ(rates.to(), 40);
    EXPECT_LT(rates.top(), 100) << "the peak is not in it";
    EXPECT_DOUBLE_EQ(latency.to(), 40);
    const auto runs = rates.runs(0, 500);
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].front().x(), 19) << "the line comes from outside";
    EXPECT_EQ(runs[0].back().x(), 41);
    EXPECT_EQ(rates.at(0.5)[QStringLiteral("time")].toString(), QStringLiteral("30"));
    latency.zoom(0.5, 0.501);
    EXPECT_DOUBLE_EQ(latency.from(), 20) << "too narrow";
    latency.zoom(0.5, 1);
    EXPECT_DOUBLE_EQ(rates.from(), 30) << "of what was shown";
    rates.set(0, 101, xs, {ys});
    EXPECT_DOUBLE_EQ(rates.to(), 40) << "new data keeps it";
    latency.unzoom();
    EXPECT_FALSE(rates.zoomed());
    EXPECT_GE(rates.top(), 1000);
    rates.zoom(0, 0.1);
    rates.set(50, 150, xs, {ys});
    EXPECT_FALSE(rates.zoomed()) << "nothing of it is left";
    EXPECT_TRUE(rates.csv().contains(QStringLiteral("90,1000"))) << "all of the data";
}

TEST(ChartModel, APartThatIsGoneIsGoneForAllThatGoTogether) {
    const auto text = [](double value) { return QString::number(value); };
    ChartModel rates({{QStringLiteral("a")}, false, text, text, text}),
        latency({{QStringLiteral("b")}, false, text, text, text});
    rates.zoom_together(latency);
    const std::vector<double> xs{0, 10, 20, 30, 40};
    for (ChartModel* chart : {&rates, &latency}) chart->set(0, 40, xs, {xs});
    rates.zoom(0, 0.5);
    latency.set(30, 40, {30, 40}, {{1, 2}});
    EXPECT_TRUE(rates.zoomed() && latency.zoomed()) << "that one follows";
    rates.set(30, 40, {30, 40}, {{1, 2}});
    EXPECT_FALSE(rates.zoomed());
    EXPECT_FALSE(latency.zoomed());
    EXPECT_DOUBLE_EQ(latency.from(), 30);
}

}  // namespace
}  // namespace streamgauge::viewmodels
