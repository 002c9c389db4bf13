// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/status_view_model.h"

#include <limits>

#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {
constexpr std::int64_t kWindowMicros = 3 * Timestamp::kMicrosPerSecond;
}

StatusViewModel::StatusViewModel(const OverviewStore& store, QObject* parent) : QObject(parent), store_(store) {
    connect(&store, &OverviewStore::changed, this, [this] {
        read();
        Q_EMIT changed();
    });
}

void StatusViewModel::read() {
    const api::Overview& overview = store_.overview();
    // A restarted server or a clock that was set back begins anew.
    if (!readings_.empty() &&
        (overview.as_of < readings_.back().at || overview.ledger.decoded < readings_.back().ledger.decoded)) {
        readings_.clear();
    }
    readings_.push_back({overview.as_of, overview.ledger});
    while (readings_.size() > 2 && overview.as_of.micros - readings_[1].at.micros >= kWindowMicros)
        readings_.pop_front();
}

double StatusViewModel::per_second(std::uint64_t api::Ledger::*counter) const {
    if (readings_.size() < 2) return std::numeric_limits<double>::quiet_NaN();
    const double elapsed = static_cast<double>(readings_.back().at.micros - readings_.front().at.micros) / 1e6;
    if (elapsed <= 0) return std::numeric_limits<double>::quiet_NaN();
    const std::uint64_t from = readings_.front().ledger.*counter;
    const std::uint64_t to = readings_.back().ledger.*counter;
    return to < from ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(to - from) / elapsed;
}

QString StatusViewModel::received() const {
    return rate(per_second(&api::Ledger::decoded)).text();
}

QString StatusViewModel::aggregated() const {
    return rate(per_second(&api::Ledger::aggregated)).text();
}

QString StatusViewModel::ledger() const {
    if (!known()) return none();
    const std::int64_t difference = store_.overview().ledger.difference;
    return difference == 0 ? u"balanced"_s : QString(grouped_signed(difference) + u" off"_s);
}

QString StatusViewModel::ledger_tone() const {
    if (!known()) return u"none"_s;
    return store_.overview().ledger.difference == 0 ? u"good"_s : u"bad"_s;
}

QString StatusViewModel::ledger_detail() const {
    if (!known()) return {};
    const api::Ledger& ledger = store_.overview().ledger;
    return QString(grouped(ledger.decoded) + u" decoded = "_s + grouped(ledger.accepted) + u" accepted + "_s +
                   grouped(ledger.duplicate) + u" duplicate + "_s + grouped(ledger.invalid) + u" invalid\n"_s +
                   grouped(ledger.accepted) + u" accepted = "_s + grouped(ledger.aggregated) + u" aggregated + "_s +
                   grouped(ledger.too_late) + u" too late + "_s + grouped(ledger.in_flight) + u" in flight"_s);
}

QString StatusViewModel::cpu() const {
    return known() ? percent(store_.overview().server.cpu_percent / 100).text() : none();
}

QString StatusViewModel::memory() const {
    return known() ? bytes(store_.overview().server.resident_bytes).text() : none();
}

QString StatusViewModel::disk() const {
    return known() ? bytes(store_.overview().server.disk_free_bytes).text() : none();
}

QString StatusViewModel::uptime() const {
    return known() ? duration(store_.overview().server.uptime_seconds) : none();
}

}  // namespace streamgauge::viewmodels
