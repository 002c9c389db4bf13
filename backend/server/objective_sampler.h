// SPDX-License-Identifier: GPL-3.0-or-later
// What objectives count of this server: its requests, how old what can be asked is, and whether its ledger balances.
#pragma once

#include "api/canary.h"
#include "journal/journal.h"
#include "pipeline/pipeline.h"
#include "server/request_metrics.h"
#include "slo/request_figures.h"

namespace streamgauge {

// For one thread. All must outlive it.
class ObjectiveSampler {
public:
    struct Parts {
        RequestMetrics& requests;
        const Journal& journal;
        const Pipeline& pipeline;
        const api::Canary* canary = nullptr;  // nullptr: none is sent
    };
    explicit ObjectiveSampler(const Parts& parts) : parts_(parts) {}

    // Requests since the last call; one sample of freshness; events that were decoded since, less those by which the
    // ledger is more wrong than before.
    slo::SliceFigures take();

private:
    // The older of: the oldest stored event that is not aggregated yet; how long the last canary took to be seen by
    // every question, or since when none was.
    double age_seconds() const;
    slo::Ratio ledger();

    const Parts parts_;
    std::optional<std::uint64_t> decoded_;
    std::uint64_t wrong_ = 0;
};

}  // namespace streamgauge
