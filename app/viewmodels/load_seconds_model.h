// SPDX-License-Identifier: GPL-3.0-or-later
// The seconds of a load run as a table, newest first.
#pragma once

#include <vector>

#include "api/types.h"
#include "viewmodels/counted_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread.
class LoadSecondsModel : public CountedModel {
    Q_OBJECT
public:
    enum Role { Second = Qt::UserRole, Planned, Ok, Limited, Other, Average, P95, HasErrors };
    using CountedModel::CountedModel;

    // New or changed ones, ascending.
    void merge(const std::vector<api::LoadSecond>& seconds);
    void replace(std::vector<api::LoadSecond> seconds);  // ascending; at once, whatever their number
    void clear();
    const std::vector<api::LoadSecond>& seconds() const { return seconds_; }  // ascending

    int count() const override { return static_cast<int>(seconds_.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    std::vector<api::LoadSecond> seconds_;
};

}  // namespace streamgauge::viewmodels
