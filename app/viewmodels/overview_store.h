// SPDX-License-Identifier: GPL-3.0-or-later
// The newest state of the Overview topic, whole: snapshots and deltas put together. Several view models read it.
#pragma once

#include <QObject>

#include <map>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "client/backend_client.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` and `clock` must outlive it.
class OverviewStore : public QObject {
    Q_OBJECT
public:
    static constexpr std::int64_t kSeconds = 600;  // of points kept, as many as a snapshot has

    OverviewStore(client::BackendClient& client, const Clock& clock, QObject* parent = nullptr);

    bool has_data() const { return received_nanos_.has_value(); }
    // Without its points. Precondition: has_data().
    const api::Overview& overview() const { return overview_; }
    const std::map<std::int64_t, api::SecondPoint>& points() const { return points_; }
    // Since the last message came; nothing before the first.
    std::optional<double> age_seconds() const;

    // The point of a whole second. A second that the server lived through without a point was one without events; a
    // second from before its start, or that is not over, is not known.
    std::optional<api::SecondPoint> at(std::int64_t second) const;
    // The last second that is over, by the server's clock. Precondition: has_data().
    std::int64_t last_second() const { return overview_.as_of.seconds() - 1; }

Q_SIGNALS:
    void changed();

private:
    void receive(const api::LiveMessage& message);

    const Clock& clock_;
    api::Overview overview_;
    std::map<std::int64_t, api::SecondPoint> points_;
    std::optional<std::int64_t> received_nanos_;
    std::unique_ptr<client::LiveSubscription> subscription_;
};

}  // namespace streamgauge::viewmodels
