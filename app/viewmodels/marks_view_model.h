// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on the time axis for every chart: asked for again and again, placed on any range, and told once when an alert
// asks for the desktop.
#pragma once

#include <QObject>
#include <QTimer>
#include <QVariant>

#include <chrono>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "client/backend_client.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` and `clock` must outlive it.
class MarksViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(int revision READ revision NOTIFY changed)  // of what there is: bindings that call within() depend on it
public:
    static constexpr std::chrono::milliseconds kInterval{3000};

    MarksViewModel(client::BackendClient& client, const Clock& clock, QObject* parent = nullptr);

    int revision() const { return revision_; }
    // Marks that touch the range (seconds since 1970), oldest first, at most 200: {position, width (both 0..1 of the
    // range), kind, tone, label, text}. What was not asked for yet comes later.
    Q_INVOKABLE QVariantList within(double from, double to);
    // Now, instead of at the next interval.
    void refresh();

Q_SIGNALS:
    void changed();
    // An alert for the desktop that was set after this console connected.
    void desktopAlert(const QString& title, const QString& text, bool resolved);

private:
    void ask();
    void take(std::vector<api::Annotation> found);

    client::BackendClient& client_;
    const Clock& clock_;
    QTimer timer_;
    bool asking_ = false;
    // What charts showed beyond the last day: also where the server's clock is not ours.
    std::optional<query::TimeRange> wanted_;
    query::TimeRange asked_;
    std::optional<Timestamp> told_from_;  // alerts before it are history
    std::set<std::string> told_;
    std::vector<api::Annotation> marks_;
    int revision_ = 0;
};

}  // namespace streamgauge::viewmodels
