// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_seconds_model.h"

#include <algorithm>

#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

QVariant LoadSecondsModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) return {};
    const api::LoadSecond& second = seconds_[seconds_.size() - 1 - static_cast<std::size_t>(index.row())];
    const bool answered = second.ok + second.limited + second.other > 0;
    switch (role) {
        case Qt::DisplayRole:
        case Second:
            return QString::number(second.second + 1);
        case Planned:
            return grouped(second.planned);
        case Ok:
            return grouped(second.ok);
        case Limited:
            return grouped(second.limited);
        case Other:
            return grouped(second.other);
        case Average:
            return answered ? milliseconds(second.avg_ms).text() : none();
        case P95:
            return answered ? milliseconds(second.p95_ms).text() : none();
        case HasErrors:
            return second.limited + second.other > 0;
        default:
            return {};
    }
}

QHash<int, QByteArray> LoadSecondsModel::roleNames() const {
    return {{Second, "second"}, {Planned, "planned"}, {Ok, "okCount"}, {Limited, "limited"},
            {Other, "other"},   {Average, "average"}, {P95, "p95"},    {HasErrors, "hasErrors"}};
}

void LoadSecondsModel::merge(const std::vector<api::LoadSecond>& seconds) {
    const int before = count();
    for (const api::LoadSecond& second : seconds) {
        const auto place = std::lower_bound(seconds_.begin(), seconds_.end(), second.second,
                                            [](const api::LoadSecond& a, std::int64_t b) { return a.second < b; });
        const auto position = static_cast<int>(std::distance(seconds_.begin(), place));
        if (place != seconds_.end() && place->second == second.second) {
            if (*place == second) continue;
            *place = second;
            const int row = count() - 1 - position;
            Q_EMIT dataChanged(index(row), index(row));
        } else {
            const int row = count() - position;
            beginInsertRows({}, row, row);
            seconds_.insert(place, second);
            endInsertRows();
        }
    }
    if (count() != before) Q_EMIT countChanged();
}

void LoadSecondsModel::replace(std::vector<api::LoadSecond> seconds) {
    beginResetModel();
    seconds_ = std::move(seconds);
    endResetModel();
    Q_EMIT countChanged();
}

void LoadSecondsModel::clear() {
    if (seconds_.empty()) return;
    beginRemoveRows({}, 0, count() - 1);
    seconds_.clear();
    endRemoveRows();
    Q_EMIT countChanged();
}

}  // namespace streamgauge::viewmodels
