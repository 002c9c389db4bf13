// SPDX-License-Identifier: GPL-3.0-or-later
// The newest events, newest first, bounded in rows and in bytes.
#pragma once

#include <deque>
#include <vector>

#include "api/types.h"
#include "viewmodels/counted_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread.
class TailModel : public CountedModel {
    Q_OBJECT
public:
    static constexpr std::size_t kRows = 10'000;
    static constexpr std::size_t kBytes = 64 * 1024 * 1024;  // an event may have 64 KiB, ten thousand of those too much
    enum Role { EventId = Qt::UserRole, Type, User, Session, Page, Props, Time, Utc, Offset };

    using CountedModel::CountedModel;

    // Ascending by id; what is not newer than the newest row is left out.
    void add(std::vector<api::TailEvent> events);
    void clear();
    // Nothing when the row is not there.
    const api::TailEvent* event(int row) const;
    streamgauge::Offset newest() const { return rows_.empty() ? 0 : rows_.front().id; }

    int count() const override { return static_cast<int>(rows_.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

private:
    std::deque<api::TailEvent> rows_;
    std::size_t bytes_ = 0;
};

}  // namespace streamgauge::viewmodels
