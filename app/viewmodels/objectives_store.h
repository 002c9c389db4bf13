// SPDX-License-Identifier: GPL-3.0-or-later
// What the server says of its objectives, once for every place that shows them: the page, the Overview, the bell.
#pragma once

#include <QObject>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "client/backend_client.h"
#include "viewmodels/overview_store.h"

namespace streamgauge::viewmodels {

// Asks when the live feed speaks (at least once a second): once a second while somebody looks at objectives, otherwise
// every five; and at once when the feed tells of a change of an alert. Lives on: GUI thread. `client`, `clock` and
// `overview` must outlive it.
class ObjectivesStore : public QObject {
    Q_OBJECT
public:
    ObjectivesStore(client::BackendClient& client, const Clock& clock, const OverviewStore& overview,
                    QObject* parent = nullptr);

    bool known() const { return known_; }  // a list has come, of this connection or an earlier one
    const std::vector<api::ObjectiveStatus>& all() const { return all_; }  // least budget first
    const api::ObjectiveStatus* find(const QString& name) const;           // nullptr: there is none
    QString error_text() const { return error_; }                          // why the newest question was not answered
    bool offered() const { return client_.has_feature("objectives"); }
    // What is known is of an earlier connection.
    bool stale() const;
    void set_watched(bool watched);
    void refresh();

Q_SIGNALS:
    void changed();
    void alertsChanged();  // the state of one, as the live feed tells it; the list follows

private:
    void follow();

    client::BackendClient& client_;
    const Clock& clock_;
    const OverviewStore& overview_;
    std::vector<api::ObjectiveStatus> all_;
    QString error_;
    bool known_ = false, asking_ = false, watched_ = false, again_ = false;
    std::int64_t asked_at_ = 0;  // monotonic
    std::optional<std::uint64_t> alert_changes_;
};

}  // namespace streamgauge::viewmodels
