// SPDX-License-Identifier: GPL-3.0-or-later
// Which metrics there are: built in, of metrics.toml and declared over REST. Keeps the catalogue, sees to backfills,
// and knows which definition answers for a name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/metric_catalogue.h"
#include "api/metric_limits.h"
#include "api/metric_service.h"
#include "api/service_thread.h"
#include "base/clock.h"
#include "pipeline/backfill.h"
#include "query/metric_directory.h"

namespace streamgauge {
class Journal;
class Pipeline;
class ResultStore;
}  // namespace streamgauge

namespace streamgauge::api {

struct MetricManagerOptions {
    std::string catalogue;                    // path of metrics.db
    std::vector<MetricDefinition> built_in;   // with their ids
    std::vector<MetricDefinition> from_file;  // without
    std::uint64_t exact_budget = 24'000'000;
    BackfillOptions backfill;
};

// open(), prepare(), then a pipeline started with definitions(), then start(). The service and the directory are
// thread-safe.
class MetricManager final : public MetricService, public query::MetricDirectory {
public:
    // Brings the catalogue in line with the file. Blocking. TooLarge where the file asks for more than the budget has.
    static Result<std::unique_ptr<MetricManager>> open(MetricManagerOptions options, const Clock& clock);
    ~MetricManager() override;  // stop()

    // Those that the pipeline is to run where the store has them: also ones that are being filled or replaced.
    std::vector<MetricDefinition> definitions() const;
    // Where the store goes on after events that the journal no longer holds (it was lost, and there is no baseline):
    // metrics that said from when on they are complete are so from the journal's beginning on. Before the pipeline, so
    // that this is on disk before the store is there again.
    Status prepare(Journal& journal, ResultStore& store);
    // Finishes what the last stop interrupted and begins the backfills. Everything passed must outlive stop().
    Status start(Journal& journal, ResultStore& store, Pipeline& pipeline);
    // Call it before the pipeline's. Idempotent.
    void stop();

    // What the file of metrics says now. Faults of one metric leave the others as the file has them, and are told in
    // one error, a line each. Done as with put().
    void follow_file(std::vector<MetricDefinition> declared, Done<bool> done);

    void list(Done<std::vector<MetricStatus>> done) override;
    void try_put(MetricDefinition definition, Done<MetricStatus> done) override;
    void put(MetricDefinition definition, Done<MetricStatus> done) override;
    void remove(std::string name, Done<bool> done) override;
    void cancel_backfill(std::string name, Done<bool> done) override;
    void retry_backfill(std::string name, Done<MetricStatus> done) override;

    std::shared_ptr<const query::AskedMetric> find(std::string_view name) const override;

private:
    // What a change of the catalogue means for the running server.
    struct Change {
        std::vector<CatalogueEntry> entries;
        std::optional<MetricDefinition> fill;
        std::vector<MetricId> drop;
        MetricDefinition shown;
    };

    MetricManager(MetricManagerOptions options, std::unique_ptr<MetricCatalogue> catalogue, const Clock& clock);
    Status forget_undeclared(const std::vector<MetricDefinition>& declared);
    Status finish_fillings(const std::vector<MetricId>& missing);
    Status drop_unknown(ResultStore& store);
    void publish();

    const CatalogueEntry* find_entry(std::string_view name, bool filling) const;
    bool is_built_in(std::string_view name) const;
    Result<Change> change_for(MetricDefinition definition, bool from_file) const;
    Status check_share(const MetricDefinition& definition) const;
    std::optional<Timestamp> journal_begins() const;
    Status apply(Change change);
    void take_adopted();
    Status keep_beginning(MetricId metric, Timestamp from);
    Result<bool> remove_now(const std::string& name, bool only_filling);
    MetricStatus status_of(const MetricDefinition& definition, const CatalogueEntry* entry) const;
    template <class T, class Task>
    void post(Done<T> done, Task task);
    void drop_all(const std::vector<MetricId>& metrics, const std::string& name);

    const MetricManagerOptions options_;
    const Clock& clock_;
    std::unique_ptr<MetricCatalogue> catalogue_;  // the thread's own, once there is one
    Journal* journal_ = nullptr;
    Pipeline* pipeline_ = nullptr;
    std::unique_ptr<Backfills> backfills_;
    std::unique_ptr<ServiceThread> thread_;

    using Names = std::map<std::string, std::shared_ptr<const query::AskedMetric>, std::less<>>;
    mutable std::mutex mutex_;
    std::shared_ptr<const Names> names_;  // guarded by mutex_
    std::vector<MetricId> adopted_;       // guarded by mutex_; not noted yet
};

}  // namespace streamgauge::api
