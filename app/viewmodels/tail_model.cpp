// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/tail_model.h"

#include <algorithm>

#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

namespace {

constexpr std::size_t kPropsInARow = 400;  // characters; the detail pane has all of them

std::size_t size_of(const api::TailEvent& event) {
    return sizeof(event) + event.event_id.size() + event.event_type.size() + event.user_id.size() +
           event.session_id.size() + event.page_url.size() + event.props.size();
}

}  // namespace

void TailModel::add(std::vector<api::TailEvent> events) {
    const streamgauge::Offset newest_known = newest();
    if (!rows_.empty()) {
        std::erase_if(events, [&](const api::TailEvent& event) { return event.id <= newest_known; });
    }
    std::size_t new_bytes = 0;
    std::size_t first = events.size();
    while (first > 0 && events.size() - first < kRows && new_bytes + size_of(events[first - 1]) <= kBytes) {
        new_bytes += size_of(events[--first]);
    }
    events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(first));
    if (events.empty()) return;

    std::size_t keep = rows_.size();
    std::size_t kept_bytes = bytes_;
    while (keep > 0 && (keep + events.size() > kRows || kept_bytes + new_bytes > kBytes)) {
        kept_bytes -= size_of(rows_[--keep]);
    }
    if (keep < rows_.size()) {
        beginRemoveRows({}, static_cast<int>(keep), count() - 1);
        rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(keep), rows_.end());
        bytes_ = kept_bytes;
        endRemoveRows();
    }
    beginInsertRows({}, 0, static_cast<int>(events.size()) - 1);
    bytes_ += new_bytes;
    for (api::TailEvent& event : events) rows_.push_front(std::move(event));
    endInsertRows();
    Q_EMIT countChanged();
}

void TailModel::clear() {
    if (rows_.empty()) return;
    beginRemoveRows({}, 0, count() - 1);
    rows_.clear();
    bytes_ = 0;
    endRemoveRows();
    Q_EMIT countChanged();
}

const api::TailEvent* TailModel::event(int row) const {
    return row >= 0 && row < count() ? &rows_[static_cast<std::size_t>(row)] : nullptr;
}

QVariant TailModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) return {};
    const api::TailEvent& event = rows_[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole:
        case EventId:
            return QString::fromStdString(event.event_id);
        case Type:
            return QString::fromStdString(event.event_type);
        case User:
            return QString::fromStdString(event.user_id);
        case Session:
            return QString::fromStdString(event.session_id);
        case Page:
            return QString::fromStdString(event.page_url);
        case Props:
            return event.props == "{}" ? QString() : QString::fromStdString(event.props.substr(0, kPropsInARow));
        case Time:
            return clock_time_millis(event.received_at);
        case Utc:
            return utc_time(event.received_at);
        case Offset:
            return static_cast<qulonglong>(event.id);
        default:
            return {};
    }
}

QHash<int, QByteArray> TailModel::roleNames() const {
    return {{EventId, "eventId"}, {Type, "type"}, {User, "user"}, {Session, "session"}, {Page, "page"},
            {Props, "props"},     {Time, "time"}, {Utc, "utc"},   {Offset, "offset"}};
}

}  // namespace streamgauge::viewmodels
