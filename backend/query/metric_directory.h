// SPDX-License-Identifier: GPL-3.0-or-later
// The metrics that can be asked, by name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/definition.h"
#include "metrics/window.h"

namespace streamgauge::query {

// Immutable.
struct AskedMetric {
    MetricDefinition definition;
    std::vector<Windows> windows;  // by tier
    // When the first event was received that it holds, where the journal had lost earlier ones when it was filled.
    std::optional<Timestamp> complete_from;
};

// InvalidArgument for a time zone that the machine does not know.
Result<AskedMetric> make_asked_metric(MetricDefinition definition);

// Thread-safe.
class MetricDirectory {
public:
    virtual ~MetricDirectory() = default;
    // What answers for this name now; nullptr when there is none.
    virtual std::shared_ptr<const AskedMetric> find(std::string_view name) const = 0;
};

// Metrics that stay as they are.
class FixedDirectory final : public MetricDirectory {
public:
    // Those whose definition cannot be asked are left out.
    explicit FixedDirectory(const std::vector<MetricDefinition>& definitions);
    std::shared_ptr<const AskedMetric> find(std::string_view name) const override;

private:
    std::map<std::string, std::shared_ptr<const AskedMetric>, std::less<>> metrics_;
};

}  // namespace streamgauge::query
