// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/rank_model.h"

#include <algorithm>

#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

QVariant RankModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) return {};
    const api::NamedCount& row = rows_[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole:
        case Name:
            return QString::fromStdString(row.name);
        case CountText:
            return grouped(row.count);
        case Share: {
            const std::uint64_t most = rows_.front().count;
            return most == 0 ? 0.0 : std::min(1.0, static_cast<double>(row.count) / static_cast<double>(most));
        }
        default:
            return {};
    }
}

QHash<int, QByteArray> RankModel::roleNames() const {
    return {{Name, "name"}, {CountText, "countText"}, {Share, "share"}};
}

void RankModel::update(const std::vector<api::NamedCount>& rows) {
    const std::size_t before = rows_.size();
    const std::uint64_t most_before = rows_.empty() ? 0 : rows_.front().count;
    // Rows that go, first: then every move is within rows that stay.
    for (std::size_t i = rows_.size(); i-- > 0;) {
        const auto same = [&](const api::NamedCount& row) { return row.name == rows_[i].name; };
        if (std::any_of(rows.begin(), rows.end(), same)) continue;
        beginRemoveRows({}, static_cast<int>(i), static_cast<int>(i));
        rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(i));
        endRemoveRows();
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const int to = static_cast<int>(i);
        const auto same = [&](const api::NamedCount& row) { return row.name == rows[i].name; };
        const auto found =
            std::find_if(rows_.begin() + static_cast<std::ptrdiff_t>(std::min(i, rows_.size())), rows_.end(), same);
        if (found == rows_.end()) {
            beginInsertRows({}, to, to);
            rows_.insert(rows_.begin() + to, rows[i]);
            endInsertRows();
            continue;
        }
        const int from = static_cast<int>(std::distance(rows_.begin(), found));
        if (from != to) {
            beginMoveRows({}, from, from, {}, to);
            std::rotate(rows_.begin() + to, rows_.begin() + from, rows_.begin() + from + 1);
            endMoveRows();
        }
        if (rows_[i].count != rows[i].count) {
            rows_[i].count = rows[i].count;
            Q_EMIT dataChanged(index(to), index(to), {CountText, Share});
        }
    }
    if (!rows_.empty() && rows_.front().count != most_before) {
        Q_EMIT dataChanged(index(0), index(count() - 1), {Share});
    }
    if (rows_.size() != before) Q_EMIT countChanged();
}

void RankModel::update_counts(const std::vector<api::NamedCount>& rows) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const auto same = [&](const api::NamedCount& row) { return row.name == rows_[i].name; };
        const auto found = std::find_if(rows.begin(), rows.end(), same);
        if (found != rows.end()) rows_[i].count = found->count;
    }
    if (!rows_.empty()) Q_EMIT dataChanged(index(0), index(count() - 1), {CountText, Share});
}

QStringList RankModel::names() const {
    QStringList names;
    for (const api::NamedCount& row : rows_) names.append(QString::fromStdString(row.name));
    return names;
}

}  // namespace streamgauge::viewmodels
