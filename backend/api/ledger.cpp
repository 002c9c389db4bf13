// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/ledger.h"

namespace streamgauge::api {

Ledger ledger_of(const Journal& journal, const PartitionState& state) {
    JournalCounters counters = journal.counters();
    Offset end = journal.end();
    for (int attempt = 0; attempt < 3; ++attempt) {
        const JournalCounters again = journal.counters();
        if (again.accepted == counters.accepted && again.system == counters.system) break;
        counters = again;
        end = journal.end();
    }
    Ledger ledger;
    ledger.decoded = counters.decoded;
    ledger.accepted = counters.accepted;
    ledger.duplicate = counters.duplicate;
    ledger.invalid = counters.invalid;
    ledger.aggregated = state.aggregated;
    ledger.too_late = state.too_late;
    const auto beyond = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; };
    // The program's own events have offsets, too.
    ledger.in_flight = beyond(end, state.next + beyond(counters.system, state.system));
    const auto as_signed = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
    const std::int64_t decoded =
        as_signed(ledger.decoded) - as_signed(ledger.accepted + ledger.duplicate + ledger.invalid);
    ledger.difference = as_signed(ledger.accepted) - as_signed(ledger.aggregated + ledger.too_late + ledger.in_flight);
    if (ledger.difference == 0) ledger.difference = decoded;
    return ledger;
}

}  // namespace streamgauge::api
