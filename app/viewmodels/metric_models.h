// SPDX-License-Identifier: GPL-3.0-or-later
// The lists of the Metrics page: what is defined, and the points of what is looked at.
#pragma once

#include <vector>

#include "api/metric_service.h"
#include "query/query.h"
#include "viewmodels/counted_model.h"

namespace streamgauge::viewmodels {

// "12 345", "€ 3.50" without the sign, a text, or a dash where there is nothing.
QString value_text(const query::Value& value);
// As a number to draw; NaN where there is none.
double value_number(const query::Value& value);
// "EUR, pro"; a value that is not there is a dash.
QString group_text(const std::vector<std::string>& group);

// By name. Lives on: GUI thread.
class MetricListModel : public CountedModel {
    Q_OBJECT
public:
    enum Role {
        Name = Qt::UserRole,
        Detail,    // "sum(props.amount) by props.currency"
        Filling,   // a backfill is under way
        Progress,  // of it, 0..1
        ProgressText,
        Owner,  // "built in", "metrics.toml" or empty
    };
    using CountedModel::CountedModel;

    // Rows that stay only change their data.
    void update(std::vector<api::MetricStatus> metrics);
    const api::MetricStatus* at(int row) const;  // nullptr: no such row
    int row_of(const QString& name) const;       // -1: none
    bool is_filling() const;                     // any of them
    int count() const override { return static_cast<int>(rows_.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    std::vector<api::MetricStatus> rows_;
};

// Points, newest first, then in the order of the answer. Lives on: GUI thread.
class PointListModel : public CountedModel {
    Q_OBJECT
public:
    enum Role { Time = Qt::UserRole, Group, ValueText, Marks, Other };
    using CountedModel::CountedModel;

    void set(const query::PointsAnswer& answer);
    int count() const override { return static_cast<int>(rows_.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    struct Row {
        QString time, group, value, marks;
        bool other = false;
    };
    std::vector<Row> rows_;
};

// "open", "3 late", "estimate ±0.8 %", one after the other.
QString marks_of(const query::Point& point);
// When a step began, as short as its length lets it be, in the person's zone.
QString step_time(Timestamp start, std::int64_t step_micros);

}  // namespace streamgauge::viewmodels
