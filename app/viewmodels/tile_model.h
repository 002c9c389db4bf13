// SPDX-License-Identifier: GPL-3.0-or-later
// The tiles at the top of a page: a number, how it has been going, and whether it is well.
#pragma once

#include <QAbstractListModel>
#include <QList>

#include <vector>

namespace streamgauge::viewmodels {

struct Tile {
    QString title;
    QString value;
    QString unit;
    QString detail;
    QString tone;          // "none", "good", "warning", "bad"
    QList<qreal> history;  // oldest first; NaN is a gap
    bool operator==(const Tile&) const = default;
};

// A fixed number of rows. Lives on: GUI thread.
class TileModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { Title = Qt::UserRole, Value, Unit, Detail, Tone, History };
    explicit TileModel(std::vector<Tile> tiles, QObject* parent = nullptr);
    void set(int row, Tile tile);
    const Tile& tile(int row) const { return tiles_.at(static_cast<std::size_t>(row)); }

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    std::vector<Tile> tiles_;
};

}  // namespace streamgauge::viewmodels
