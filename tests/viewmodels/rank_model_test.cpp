// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/rank_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace streamgauge::viewmodels {
namespace {

using Rows = std::vector<api::NamedCount>;

Rows rows_of(const RankModel& model) {
    Rows rows;
    for (int row = 0; row < model.rowCount(); ++row) {
        const QModelIndex index = model.index(row);
        QString digits = index.data(RankModel::CountText).toString();
        digits.remove(QChar(u'\u202F'));
        rows.push_back({index.data(RankModel::Name).toString().toStdString(), digits.toULongLong()});
    }
    return rows;
}

TEST(RankModel, MovesRowsInsteadOfResetting) {
    RankModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
    QSignalSpy moves(&model, &QAbstractItemModel::rowsMoved);
    QSignalSpy inserts(&model, &QAbstractItemModel::rowsInserted);
    model.update({{"/a", 30}, {"/b", 20}, {"/c", 10}});
    EXPECT_EQ(inserts.count(), 3);
    model.update({{"/c", 40}, {"/a", 30}, {"/b", 20}});
    EXPECT_EQ(moves.count(), 1);
    EXPECT_EQ(inserts.count(), 3);
    EXPECT_EQ(rows_of(model), (Rows{{"/c", 40}, {"/a", 30}, {"/b", 20}}));
    EXPECT_DOUBLE_EQ(model.index(2).data(RankModel::Share).toDouble(), 0.5);
    EXPECT_EQ(resets.count(), 0);
}

TEST(RankModel, KeepsPlacesWhileOnlyCountsChange) {
    RankModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    model.update({{"/a", 30}, {"/b", 20}});
    QSignalSpy moves(&model, &QAbstractItemModel::rowsMoved);
    model.update_counts({{"/b", 41}, {"/c", 40}});
    EXPECT_EQ(moves.count(), 0);
    EXPECT_EQ(rows_of(model), (Rows{{"/a", 30}, {"/b", 41}}));
    EXPECT_DOUBLE_EQ(model.index(1).data(RankModel::Share).toDouble(), 1);
    model.update({{"/b", 41}, {"/c", 40}});
    EXPECT_EQ(rows_of(model), (Rows{{"/b", 41}, {"/c", 40}}));
}

TEST(RankModel, NothingChangedSaysNothing) {
    RankModel model;
    model.update({{"/a", 30}, {"/b", 20}});
    QSignalSpy changes(&model, &QAbstractItemModel::dataChanged);
    model.update({{"/a", 30}, {"/b", 20}});
    EXPECT_EQ(changes.count(), 0);
    model.update({{"/a", 30}, {"/b", 21}});
    EXPECT_EQ(changes.count(), 1);
}

TEST(RankModel, FollowsAnySequence) {
    std::mt19937 random(11);
    RankModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
    for (int round = 0; round < 300; ++round) {
        Rows rows;
        for (char name = 'a'; name < 'p'; ++name) {
            if (random() % 3 != 0) rows.push_back({std::string(1, name), random() % 1000});
        }
        std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
        model.update(rows);
        ASSERT_EQ(rows_of(model), rows) << "round " << round;
    }
    EXPECT_EQ(resets.count(), 0);
}

}  // namespace
}  // namespace streamgauge::viewmodels
