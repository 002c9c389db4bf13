// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/events_view_model.h"

#include <algorithm>

#include "viewmodels/filter_completion.h"
#include "viewmodels/format.h"
#include "viewmodels/pretty_json.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;

EventsViewModel::EventsViewModel(client::BackendClient& client, QObject* parent) : QObject(parent), client_(client) {
    connect(&client, &client::BackendClient::stateChanged, this, [this] { Q_EMIT phaseChanged(); });
    // The selected event moves down as new ones come, and stays selected when it falls off the end.
    connect(&tail_, &QAbstractItemModel::rowsInserted, this, [this](const QModelIndex&, int first, int last) {
        if (selected_row_ >= first) selected_row_ += last - first + 1;
        if (selected_) Q_EMIT selectionChanged();
    });
    connect(&tail_, &QAbstractItemModel::rowsRemoved, this, [this](const QModelIndex&, int first, int) {
        if (selected_row_ >= first) selected_row_ = -1;
        if (selected_) Q_EMIT selectionChanged();
    });
    subscribe();
}

void EventsViewModel::subscribe() {
    subscription_ = client_.live().subscribe(api::Topic::Events, {event_type_.toStdString(), filter_.toStdString()},
                                             this, [this](const api::LiveMessage& message) { receive(message); });
}

QString EventsViewModel::phase() const {
    if (tail_.count() > 0) return u"data"_s;
    if (began_) return u"empty"_s;
    const ConnectionState state = client_.state();
    return state == ConnectionState::Failed || state == ConnectionState::Degraded ? u"error"_s : u"loading"_s;
}

bool EventsViewModel::stale() const {
    return began_ && client_.state() != ConnectionState::Live;
}

void EventsViewModel::set_event_type(const QString& type) {
    const QString trimmed = type.trimmed();
    set_filter_error({}, -1);
    filter_text_ = trimmed;
    show_only(trimmed, {});
}

void EventsViewModel::set_filter_text(const QString& text) {
    const QString trimmed = text.trimmed();
    if (!client_.has_feature("filter") || !is_filter(trimmed)) return set_event_type(trimmed);
    filter_text_ = trimmed;
    if (const auto fault = check_filter(trimmed)) {
        set_filter_error(fault->message, fault->at);
        Q_EMIT eventTypeChanged();
        return;
    }
    set_filter_error({}, -1);
    show_only({}, trimmed);
}

void EventsViewModel::set_filter_error(const QString& error, int at) {
    if (error == filter_error_ && at == filter_error_at_) return;
    filter_error_ = error;
    filter_error_at_ = at;
    Q_EMIT filterErrorChanged();
}

QVariantMap EventsViewModel::complete(const QString& text, int cursor, const QStringList& event_types) const {
    if (!client_.has_feature("filter")) return {{u"from"_s, 0}, {u"words"_s, QStringList()}};
    const Completions found = complete_filter(text, cursor, event_types);
    return {{u"from"_s, found.from}, {u"words"_s, found.words}};
}

void EventsViewModel::show_only(const QString& event_type, const QString& filter) {
    if (event_type == event_type_ && filter == filter_) {
        Q_EMIT eventTypeChanged();
        return;
    }
    event_type_ = event_type;
    filter_ = filter;
    subscription_.reset();
    tail_.clear();
    waiting_.clear();
    waiting_lost_ = 0;
    skipped_ = 0;
    began_ = false;
    subscribe();
    Q_EMIT eventTypeChanged();
    Q_EMIT waitingChanged();
    Q_EMIT skippedChanged();
    Q_EMIT phaseChanged();
}

void EventsViewModel::set_paused(bool paused) {
    if (paused_ == paused) return;
    paused_ = paused;
    if (!paused_) {
        skipped_ += waiting_lost_;
        waiting_lost_ = 0;
        show(std::exchange(waiting_, {}));
        Q_EMIT skippedChanged();
    }
    Q_EMIT pausedChanged();
    Q_EMIT waitingChanged();
}

void EventsViewModel::receive(const api::LiveMessage& message) {
    if (!message.events) return;
    std::vector<api::TailEvent> events = message.events->events;
    const bool first = !std::exchange(began_, true);
    if (message.snapshot && !events.empty() && events.back().id < tail_.newest()) {
        // Another log than the one shown: it begins anew.
        tail_.clear();
        waiting_.clear();
    }
    if (message.events->skipped > 0) {
        (paused_ ? waiting_lost_ : skipped_) += message.events->skipped;
        if (paused_) {
            Q_EMIT waitingChanged();
        } else {
            Q_EMIT skippedChanged();
        }
    }
    if (!paused_ || first) {
        show(std::move(events));
    } else if (!events.empty()) {
        const streamgauge::Offset newest = waiting_.empty() ? tail_.newest() : waiting_.back().id;
        for (api::TailEvent& event : events) {
            if (event.id > newest) waiting_.push_back(std::move(event));
        }
        if (waiting_.size() > TailModel::kRows) {
            const std::size_t over = waiting_.size() - TailModel::kRows;
            waiting_lost_ += over;
            waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(over));
        }
        Q_EMIT waitingChanged();
    }
    if (first) Q_EMIT phaseChanged();
}

void EventsViewModel::show(std::vector<api::TailEvent> events) {
    const bool was_empty = tail_.count() == 0;
    tail_.add(std::move(events));
    if (was_empty != (tail_.count() == 0)) Q_EMIT phaseChanged();
}

QString EventsViewModel::waiting_text() const {
    const std::uint64_t waiting = waiting_.size() + waiting_lost_;
    if (!paused_) return {};
    if (waiting == 0) return u"paused"_s;
    return QString(u"paused, "_s + grouped(waiting) + u" new"_s);
}

QString EventsViewModel::skipped_text() const {
    if (skipped_ == 0) return {};
    return QString(grouped(skipped_) + u" more not shown"_s);
}

void EventsViewModel::select(int row) {
    const api::TailEvent* event = tail_.event(row);
    if (!event) return clearSelection();
    selected_ = *event;
    selected_row_ = row;
    Q_EMIT selectionChanged();
}

void EventsViewModel::clearSelection() {
    if (!selected_) return;
    selected_.reset();
    selected_row_ = -1;
    Q_EMIT selectionChanged();
}

QString EventsViewModel::selected_title() const {
    return selected_ ? QString::fromStdString(selected_->event_type) : QString();
}

QString EventsViewModel::selected_id() const {
    return selected_ ? QString::fromStdString(selected_->event_id) : QString();
}

QString EventsViewModel::selected_json() const {
    return selected_ ? QString::fromStdString(pretty_event(*selected_)) : QString();
}

}  // namespace streamgauge::viewmodels
