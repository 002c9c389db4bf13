// SPDX-License-Identifier: GPL-3.0-or-later
// A list of rows that QML can ask for their number.
#pragma once

#include <QAbstractListModel>

namespace streamgauge::viewmodels {

// Lives on: GUI thread. Whoever derives from it says countChanged() when rows came or went.
class CountedModel : public QAbstractListModel {
    Q_OBJECT
    Q_PROPERTY(int count READ count NOTIFY countChanged)
public:
    using QAbstractListModel::QAbstractListModel;

    virtual int count() const = 0;
    int rowCount(const QModelIndex& parent = {}) const final { return parent.isValid() ? 0 : count(); }

Q_SIGNALS:
    void countChanged();
};

}  // namespace streamgauge::viewmodels
