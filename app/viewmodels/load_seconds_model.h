// SPDX-License-Identifier: GPL-3.0-or-later
// The seconds of a load run as a table, newest first.
#pragma once

#include <QAbstractListModel>

#include <vector>

#include "api/types.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread.
class LoadSecondsModel : public QAbstractListModel {
    Q_OBJECT
    Q_PROPERTY(int count READ count NOTIFY countChanged)
public:
    enum Role { Second = Qt::UserRole, Planned, Ok, Limited, Other, Average, P95, HasErrors };
    using QAbstractListModel::QAbstractListModel;

    // New or changed ones, ascending.
    void merge(const std::vector<api::LoadSecond>& seconds);
    void clear();
    const std::vector<api::LoadSecond>& seconds() const { return seconds_; }  // ascending

    int count() const { return static_cast<int>(seconds_.size()); }
    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

Q_SIGNALS:
    void countChanged();

private:
    std::vector<api::LoadSecond> seconds_;
};

}  // namespace streamgauge::viewmodels
