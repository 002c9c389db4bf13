// SPDX-License-Identifier: GPL-3.0-or-later
// The metrics that users declared, over REST and in metrics.toml: a small SQLite file beside the journal (metrics.db).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "metrics/definition.h"

namespace streamgauge::api {

// Removed is final. The others answer, by name: Active and Replaced; Filling only where there is neither.
enum class MetricState {
    Active,
    Filling,   // its backfill is not done
    Replaced,  // answers until the one that is filling under its name is done
    Removed,
};
std::string_view to_string(MetricState state);

struct CatalogueEntry {
    MetricDefinition definition;  // with its id
    MetricState state = MetricState::Filling;
    bool from_file = false;
    Timestamp defined_at;
    std::optional<Timestamp> complete_from;  // the journal began there when it was filled; none: everything is in
};

// Blocking. One thread at a time.
class MetricCatalogue {
public:
    // Opens or creates. Corrupt when it is no catalogue, or one of a newer version.
    static Result<std::unique_ptr<MetricCatalogue>> open(const std::string& path);

    // Those that are not removed, by id.
    const std::vector<CatalogueEntry>& entries() const { return entries_; }
    // For a metric that put() has not seen yet; never the same for two, removed ones included.
    MetricId next_id() const { return next_id_; }
    // Adds the entries, or puts them in place of those with their ids, in one transaction. On an error nothing has
    // changed.
    Status put(const std::vector<CatalogueEntry>& changed);

private:
    explicit MetricCatalogue(sql::Connection connection) : connection_(std::move(connection)) {}
    Status load();
    Status write(const std::vector<CatalogueEntry>& changed, MetricId next_id);

    const sql::Connection connection_;
    std::vector<CatalogueEntry> entries_;
    MetricId next_id_ = kFirstUserMetric;
};

// The entries of a catalogue that a server may be using, also another process; none when there is no file at `path`.
Result<std::vector<CatalogueEntry>> read_metric_catalogue(const std::string& path);

}  // namespace streamgauge::api
