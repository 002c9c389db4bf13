// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/changed_windows.h"

#include <algorithm>
#include <limits>

namespace streamgauge {
namespace {

constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

class Span {
public:
    void add(std::int64_t window) {
        from_ = std::min(from_, window);
        to_ = std::max(to_, window < kLast ? window + 1 : kLast);
    }
    bool empty() const { return from_ >= to_; }
    ChangedWindows of(MetricId metric, std::uint8_t tier) const { return {metric, tier, from_, to_}; }

private:
    std::int64_t from_ = kLast, to_ = kNoWindow;
};

}  // namespace

CommittedChanges changes_of(const ResultCommit& commit) {
    CommittedChanges changes;
    changes.state = commit.state;
    changes.dropped = commit.dropped;
    for (const Adoption& adoption : commit.adopted) changes.adopted.push_back(adoption.metric);
    for (const CellTable& table : commit.changes.cells) {
        Span span;
        for (std::size_t i = 0; i < table.size(); ++i) span.add(table[i].window);
        if (!span.empty()) changes.windows.push_back(span.of(table.metric(), table.tier()));
    }
    for (const MetricSets& sets : commit.changes.sets) {
        // In order of tiers.
        for (std::size_t i = 0; i < sets.writes.size();) {
            const std::uint8_t tier = sets.writes[i].tier;
            Span span;
            for (; i < sets.writes.size() && sets.writes[i].tier == tier; ++i) span.add(sets.writes[i].window);
            changes.windows.push_back(span.of(sets.metric, tier));
        }
    }
    return changes;
}

MetricFigures figures_of(const MetricAggregation& metric) {
    MetricFigures figures;
    figures.id = metric.definition().id;
    figures.name = metric.definition().name;
    figures.counters = metric.counters();
    if (const SetTable* const sets = metric.sets()) {
        figures.set = true;
        figures.exact_values = sets->exact_values();
        figures.exact_budget = metric.definition().exact_budget;
        figures.overflowed = sets->overflowed();
        figures.states = sets->states();
        figures.memory_bytes = sets->memory_bytes();
    }
    return figures;
}

}  // namespace streamgauge
