// SPDX-License-Identifier: GPL-3.0-or-later
// The status bar: received and aggregated per second, the ledger, and how the server itself is.
#pragma once

#include <QObject>

#include <deque>

#include "viewmodels/overview_store.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `store` must outlive it.
class StatusViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(bool known READ known NOTIFY changed)  // otherwise every text is a dash
    Q_PROPERTY(QString received READ received NOTIFY changed)
    Q_PROPERTY(QString aggregated READ aggregated NOTIFY changed)
    Q_PROPERTY(QString ledger READ ledger NOTIFY changed)
    Q_PROPERTY(QString ledgerTone READ ledger_tone NOTIFY changed)
    Q_PROPERTY(QString ledgerDetail READ ledger_detail NOTIFY changed)
    Q_PROPERTY(QString cpu READ cpu NOTIFY changed)
    Q_PROPERTY(QString memory READ memory NOTIFY changed)
    Q_PROPERTY(QString disk READ disk NOTIFY changed)
    Q_PROPERTY(QString uptime READ uptime NOTIFY changed)
public:
    explicit StatusViewModel(const OverviewStore& store, QObject* parent = nullptr);

    bool known() const { return store_.has_data(); }
    QString received() const;
    QString aggregated() const;
    QString ledger() const;
    QString ledger_tone() const;
    QString ledger_detail() const;
    QString cpu() const;
    QString memory() const;
    QString disk() const;
    QString uptime() const;

Q_SIGNALS:
    void changed();

private:
    struct Reading {
        Timestamp at;
        api::Ledger ledger;
    };
    void read();
    // Per second between the oldest and the newest reading.
    double per_second(std::uint64_t api::Ledger::*counter) const;

    const OverviewStore& store_;
    std::deque<Reading> readings_;  // of the last seconds
};

}  // namespace streamgauge::viewmodels
