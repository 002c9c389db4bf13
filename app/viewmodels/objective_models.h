// SPDX-License-Identifier: GPL-3.0-or-later
// The lists of the Objectives page and of the alert bell: objectives, the alerts of one, and what fires.
#pragma once

#include <QList>
#include <QString>

#include <vector>

#include "api/objective_service.h"
#include "viewmodels/counted_model.h"

namespace streamgauge::viewmodels {

// In the order that they are given: least budget first. Rows that stay only change their data. Lives on: GUI thread.
class ObjectiveListModel : public CountedModel {
    Q_OBJECT
public:
    enum Role {
        Name = Qt::UserRole,
        Title,
        Word,  // word_of()
        Tone,
        LeftText,  // of the budget
        Left,      // 0..1: how long its bar is
        BurnText,
        ExhaustionText,
        Day,  // budget left over 24 hours
    };
    using CountedModel::CountedModel;

    // Those whose name, title, service or word has every word of `filter`.
    void update(const std::vector<api::ObjectiveStatus>& all, const QString& filter);
    const api::ObjectiveStatus* at(int row) const;  // nullptr: no such row
    int row_of(const QString& name) const;          // -1: none
    int count() const override { return static_cast<int>(rows_.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    std::vector<api::ObjectiveStatus> rows_;
};

// The rules of one objective and how they stand. Lives on: GUI thread.
class AlertRuleModel : public CountedModel {
    Q_OBJECT
public:
    enum Role {
        SeverityText = Qt::UserRole,
        LongText,
        ShortText,
        LongBurn,
        ShortBurn,
        Threshold,
        State,
        Tone,
        Sentence
    };
    using CountedModel::CountedModel;

    void update(const api::ObjectiveStatus& status);
    int count() const override { return static_cast<int>(rows_.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    struct Row {
        QString severity, long_text, short_text, long_burn, short_burn, threshold, state, tone, sentence;
    };
    std::vector<Row> rows_;
};

// Rules that fire, pages first, of every objective. Lives on: GUI thread.
class FiringModel : public CountedModel {
    Q_OBJECT
    Q_PROPERTY(int pages READ pages NOTIFY countChanged)
public:
    enum Role { Name = Qt::UserRole, Title, Text, Tone, Since };
    using CountedModel::CountedModel;

    void update(const std::vector<api::ObjectiveStatus>& all);
    int pages() const;
    int count() const override { return static_cast<int>(rows_.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    struct Row {
        bool page = false;
        QString name, title, text, since;
        bool operator==(const Row&) const = default;
    };
    std::vector<Row> rows_;
};

}  // namespace streamgauge::viewmodels
