// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/tile_model.h"

#include <algorithm>
#include <cmath>

namespace streamgauge::viewmodels {

namespace {

bool same(qreal a, qreal b) {
    return std::isnan(a) == std::isnan(b) && !(a < b || a > b);
}

bool same_history(const QList<qreal>& a, const QList<qreal>& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
}

}  // namespace

TileModel::TileModel(std::vector<Tile> tiles, QObject* parent) : QAbstractListModel(parent), tiles_(std::move(tiles)) {}

void TileModel::set(int row, Tile next) {
    Tile& now = tiles_.at(static_cast<std::size_t>(row));
    QList<int> roles;
    if (now.title != next.title) roles.append(Title);
    if (now.value != next.value) roles.append(Value);
    if (now.unit != next.unit) roles.append(Unit);
    if (now.detail != next.detail) roles.append(Detail);
    if (now.tone != next.tone) roles.append(Tone);
    if (!same_history(now.history, next.history)) roles.append(History);
    now = std::move(next);
    if (!roles.isEmpty()) Q_EMIT dataChanged(index(row), index(row), roles);
}

int TileModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(tiles_.size());
}

QVariant TileModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) return {};
    const Tile& tile = tiles_[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole:
        case Title:
            return tile.title;
        case Value:
            return tile.value;
        case Unit:
            return tile.unit;
        case Detail:
            return tile.detail;
        case Tone:
            return tile.tone;
        case History:
            return QVariant::fromValue(tile.history);
        default:
            return {};
    }
}

QHash<int, QByteArray> TileModel::roleNames() const {
    return {{Title, "title"},   {Value, "value"}, {Unit, "unit"},
            {Detail, "detail"}, {Tone, "tone"},   {History, "history"}};
}

}  // namespace streamgauge::viewmodels
