// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objectives_store.h"

#include <algorithm>
#include <utility>

namespace streamgauge::viewmodels {

using client::ConnectionState;

namespace {

constexpr std::int64_t kWatchedNanos = 950'000'000, kUsualNanos = 5'000'000'000;

}  // namespace

ObjectivesStore::ObjectivesStore(client::BackendClient& client, const Clock& clock, const OverviewStore& overview,
                                 QObject* parent)
    : QObject(parent), client_(client), clock_(clock), overview_(overview) {
    connect(&overview, &OverviewStore::changed, this, [this] { follow(); });
    connect(&client, &client::BackendClient::stateChanged, this, [this] {
        if (client_.state() == ConnectionState::Live && !known_ && !asking_) refresh();
        Q_EMIT changed();
    });
}

const api::ObjectiveStatus* ObjectivesStore::find(const QString& name) const {
    const std::string wanted = name.toStdString();
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const api::ObjectiveStatus& one) { return one.objective.name == wanted; });
    return found == all_.end() ? nullptr : &*found;
}

bool ObjectivesStore::stale() const {
    return known_ && client_.state() != ConnectionState::Live && client_.state() != ConnectionState::Syncing;
}

void ObjectivesStore::set_watched(bool watched) {
    if (watched == watched_) return;
    watched_ = watched;
    if (watched_) refresh();
}

void ObjectivesStore::follow() {
    const std::uint64_t changes = overview_.overview().alert_changes.value_or(0);
    const bool news = std::exchange(alert_changes_, changes).value_or(changes) != changes;
    const std::int64_t since = clock_.monotonic_nanos() - asked_at_;
    const bool due = !known_ || since >= (watched_ ? kWatchedNanos : kUsualNanos);
    if (news || (due && !asking_)) refresh();
    if (news) Q_EMIT alertsChanged();
}

void ObjectivesStore::refresh() {
    if (!offered() || client_.state() == ConnectionState::Failed || client_.state() == ConnectionState::Idle) return;
    again_ = asking_;  // what is on its way may be older than what is asked for
    if (asking_) return;
    asking_ = true;
    asked_at_ = clock_.monotonic_nanos();
    client_.objectives().list_objectives(this, [this](Result<std::vector<api::ObjectiveStatus>> told) {
        asking_ = false;
        if (told) {
            all_ = std::move(told).value();
            known_ = true;
            error_.clear();
        } else {
            error_ = QString::fromStdString(told.error().describe());
        }
        if (std::exchange(again_, false) && told) refresh();
        Q_EMIT changed();
    });
}

}  // namespace streamgauge::viewmodels
