// SPDX-License-Identifier: GPL-3.0-or-later
// Names with counts, most first. An update moves, inserts and removes rows by name, so that bars can glide.
#pragma once

#include <vector>

#include "api/types.h"
#include "viewmodels/counted_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread.
class RankModel : public CountedModel {
    Q_OBJECT
    Q_PROPERTY(QStringList names READ names NOTIFY countChanged)
public:
    enum Role { Name = Qt::UserRole, CountText, Share };  // Share: of the first row's count, 0..1
    using CountedModel::CountedModel;

    // Precondition (both): names are unique.
    void update(const std::vector<api::NamedCount>& rows);
    // New counts for the rows that are shown, which keep their places: names with nearly equal counts would otherwise
    // swap at every tick, faster than anybody reads.
    void update_counts(const std::vector<api::NamedCount>& rows);

    int count() const override { return static_cast<int>(rows_.size()); }
    QStringList names() const;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    std::vector<api::NamedCount> rows_;
};

}  // namespace streamgauge::viewmodels
