// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/metric_manager.h"

#include <algorithm>
#include <future>
#include <set>
#include <utility>

#include "base/log.h"
#include "journal/journal.h"
#include "metrics/definition_text.h"
#include "pipeline/pipeline.h"
#include "store/result_store.h"

namespace streamgauge::api {
namespace {

constexpr std::size_t kMostTasks = 256;

Error error_in(ErrorCode code, std::string field, std::string message) {
    Error error = Error::make(code, std::move(message));
    error.field = std::move(field);
    return error;
}

Error stopping() {
    return Error::make(ErrorCode::Unavailable, "the server stops");
}

bool answers(const CatalogueEntry& entry) {
    return entry.state == MetricState::Active || entry.state == MetricState::Replaced;
}

}  // namespace

// ---- the start ------------------------------------------------------------------------------------------------------

MetricManager::MetricManager(MetricManagerOptions options, std::unique_ptr<MetricCatalogue> catalogue,
                             const Clock& clock)
    : options_(std::move(options)), clock_(clock), catalogue_(std::move(catalogue)) {}

MetricManager::~MetricManager() {
    stop();
}

Result<std::unique_ptr<MetricManager>> MetricManager::open(MetricManagerOptions options, const Clock& clock) {
    Result<std::unique_ptr<MetricCatalogue>> catalogue = MetricCatalogue::open(options.catalogue);
    if (!catalogue) return catalogue.error();
    std::unique_ptr<MetricManager> manager(new MetricManager(std::move(options), std::move(catalogue).value(), clock));
    const std::vector<MetricDefinition>& declared = manager->options_.from_file;
    if (Status gone = manager->forget_undeclared(declared); !gone) return gone.error();
    for (const MetricDefinition& definition : declared) {
        Result<Change> change = manager->change_for(definition, true);
        if (!change) return change.error();
        if (Status put = manager->catalogue_->put(change->entries); !put) return put.error();
    }
    manager->publish();
    return manager;
}

Status MetricManager::forget_undeclared(const std::vector<MetricDefinition>& declared) {
    std::vector<CatalogueEntry> gone;
    for (const CatalogueEntry& entry : catalogue_->entries()) {
        const bool there = std::any_of(declared.begin(), declared.end(),
                                       [&](const auto& one) { return one.name == entry.definition.name; });
        if (!(entry.from_file && !there) && !is_built_in(entry.definition.name)) continue;
        log::info("metric_removed", "a metric is not declared any more", {{"metric", entry.definition.name}});
        gone.push_back(entry);
        gone.back().state = MetricState::Removed;
    }
    if (gone.empty()) return {};
    if (Status put = catalogue_->put(gone); !put) return put;
    if (!backfills_) return {};  // the pipeline that is to be started removes what nobody defines
    std::vector<MetricId> dropped;
    for (const CatalogueEntry& entry : gone) dropped.push_back(entry.definition.id);
    publish();
    drop_all(dropped, "of the file of metrics");
    return {};
}

std::vector<MetricDefinition> MetricManager::definitions() const {
    std::vector<MetricDefinition> all = options_.built_in;
    for (const CatalogueEntry& entry : catalogue_->entries()) all.push_back(entry.definition);
    return all;
}

Status MetricManager::prepare(Journal& journal, ResultStore& store) {
    journal_ = &journal;
    const Result<std::unique_ptr<StoreSnapshot>> snapshot = store.snapshot();
    if (!snapshot) return snapshot.error();
    const Result<PartitionState> state = (*snapshot)->state();
    if (!state) return state.error();
    if (state->next >= journal.begin()) return {};
    const std::optional<Timestamp> begins = journal_begins();
    std::vector<CatalogueEntry> changed;
    for (const CatalogueEntry& entry : catalogue_->entries()) {
        // One without such a moment has been there from the log's beginning: what it lacks is what the store lacks.
        if (!entry.complete_from || entry.complete_from >= begins) continue;
        changed.push_back(entry);
        changed.back().complete_from = begins;
    }
    if (changed.empty()) return {};
    if (Status put = catalogue_->put(changed); !put) return put;
    publish();
    return {};
}

Status MetricManager::start(Journal& journal, ResultStore& store, Pipeline& pipeline) {
    journal_ = &journal;
    pipeline_ = &pipeline;
    thread_ = std::make_unique<ServiceThread>("metrics", kMostTasks);
    backfills_ = std::make_unique<Backfills>(
        journal, store, pipeline, clock_,
        BackfillListener{[this](MetricId metric) {
                             {
                                 const std::lock_guard lock(mutex_);
                                 adopted_.push_back(metric);
                             }
                             // Where too much waits, the next task sees to it.
                             static_cast<void>(thread_->post([this](bool running) {
                                 if (running) take_adopted();
                             }));
                         },
                         [this](MetricId metric, Timestamp from) { return keep_beginning(metric, from); }},
        options_.backfill);
    const std::vector<MetricId> missing = pipeline.missing();
    if (Status finished = finish_fillings(missing); !finished) return finished;
    if (Status dropped = drop_unknown(store); !dropped) return dropped;
    std::vector<MetricDefinition> fill;
    for (const MetricDefinition& definition : options_.built_in)
        if (std::find(missing.begin(), missing.end(), definition.id) != missing.end()) fill.push_back(definition);
    for (const CatalogueEntry& entry : catalogue_->entries())
        if (entry.state == MetricState::Filling) fill.push_back(entry.definition);
    publish();
    // From here on the catalogue is the thread's.
    for (MetricDefinition& definition : fill) backfills_->add(std::move(definition));
    return {};
}

// What the store says counts: it takes a metric over in a commit, and the catalogue hears of it later.
Status MetricManager::finish_fillings(const std::vector<MetricId>& missing) {
    const auto is_missing = [&missing](const CatalogueEntry& entry) {
        return std::find(missing.begin(), missing.end(), entry.definition.id) != missing.end();
    };
    std::set<std::string> complete;
    for (const CatalogueEntry& entry : catalogue_->entries())
        if (entry.state == MetricState::Filling && !is_missing(entry)) complete.insert(entry.definition.name);
    std::vector<CatalogueEntry> changed;
    std::vector<MetricId> gone;
    for (CatalogueEntry entry : catalogue_->entries()) {
        const MetricState before = entry.state;
        if (entry.state == MetricState::Filling && !is_missing(entry)) {
            entry.state = MetricState::Active;
        } else if (entry.state == MetricState::Replaced &&
                   (is_missing(entry) || complete.count(entry.definition.name) != 0)) {
            entry.state = MetricState::Removed;
            gone.push_back(entry.definition.id);
        } else if (entry.state == MetricState::Active && is_missing(entry)) {
            entry.state = MetricState::Filling;
            entry.complete_from = journal_begins();
        }
        if (entry.state != before) changed.push_back(std::move(entry));
    }
    if (!changed.empty())
        if (Status put = catalogue_->put(changed); !put) return put;
    drop_all(gone, "of an older definition");
    return {};
}

// Backfills of metrics that nobody defines any more; complete ones are the pipeline's to remove.
Status MetricManager::drop_unknown(ResultStore& store) {
    Result<std::unique_ptr<StoreSnapshot>> snapshot = store.snapshot();
    if (!snapshot) return snapshot.error();
    const Result<std::vector<StoredMetric>> stored = (*snapshot)->metrics();
    if (!stored) return stored.error();
    snapshot->reset();
    const std::vector<MetricDefinition> known = definitions();
    std::vector<MetricId> gone;
    for (const StoredMetric& metric : *stored)
        if (metric.backfill &&
            std::none_of(known.begin(), known.end(), [&](const MetricDefinition& one) { return one.id == metric.id; }))
            gone.push_back(metric.id);
    drop_all(gone, "that nobody defines");
    return {};
}

void MetricManager::stop() {
    if (backfills_) backfills_->stop();
    if (thread_) thread_->stop();
}

// ---- what there is --------------------------------------------------------------------------------------------------

const CatalogueEntry* MetricManager::find_entry(std::string_view name, bool filling) const {
    for (const CatalogueEntry& entry : catalogue_->entries())
        if (entry.definition.name == name && answers(entry) != filling) return &entry;
    return nullptr;
}

bool MetricManager::is_built_in(std::string_view name) const {
    return std::any_of(options_.built_in.begin(), options_.built_in.end(),
                       [name](const MetricDefinition& one) { return one.name == name; });
}

void MetricManager::publish() {
    auto names = std::make_shared<Names>();
    const auto add = [&names](const MetricDefinition& definition, std::optional<Timestamp> complete_from) {
        if (names->count(definition.name) != 0) return;
        Result<query::AskedMetric> asked = query::make_asked_metric(definition);
        if (!asked) return;
        asked->complete_from = complete_from;
        names->emplace(definition.name, std::make_shared<const query::AskedMetric>(std::move(asked).value()));
    };
    for (const MetricDefinition& definition : options_.built_in) add(definition, {});
    for (const CatalogueEntry& entry : catalogue_->entries())
        if (answers(entry)) add(entry.definition, entry.complete_from);
    for (const CatalogueEntry& entry : catalogue_->entries())
        if (!answers(entry)) add(entry.definition, entry.complete_from);
    const std::lock_guard lock(mutex_);
    names_ = std::move(names);
}

std::shared_ptr<const query::AskedMetric> MetricManager::find(std::string_view name) const {
    std::shared_ptr<const Names> names;
    {
        const std::lock_guard lock(mutex_);
        names = names_;
    }
    const auto found = names->find(name);
    return found == names->end() ? nullptr : found->second;
}

MetricStatus MetricManager::status_of(const MetricDefinition& definition, const CatalogueEntry* entry) const {
    MetricStatus status;
    status.definition = definition;
    if (entry != nullptr) {
        status.from_file = entry->from_file;
        status.complete_from = entry->complete_from;
    }
    for (const BackfillProgress& one : backfills_->progress()) {
        if (one.metric != definition.id) continue;
        status.backfill = Backfill{one.next, one.end, one.events_per_second, one.failure, one.failed};
    }
    for (const MetricFigures& one : pipeline_->status().metrics) {
        if (one.id != definition.id) continue;
        status.late = one.counters.late;
        status.too_late = one.counters.too_late;
    }
    return status;
}

// ---- changes --------------------------------------------------------------------------------------------------------

std::optional<Timestamp> MetricManager::journal_begins() const {
    const Offset begin = journal_ == nullptr ? 1 : journal_->begin();
    if (begin <= 1) return std::nullopt;
    const auto first = journal_->read(begin, 1);
    // Nothing is there any more, or cannot be read now: what comes from here on will be in.
    if (!first || first.value() == nullptr) return clock_.now();
    return first.value()->batch[static_cast<std::size_t>(begin - first.value()->first)].received_at;
}

Status MetricManager::check_share(const MetricDefinition& definition) const {
    std::vector<MetricDefinition> all = options_.built_in;
    for (const CatalogueEntry& entry : catalogue_->entries()) {
        if (entry.state == MetricState::Replaced || entry.definition.name == definition.name) continue;
        all.push_back(entry.definition);
    }
    all.push_back(definition);
    return check_budget(all, options_.exact_budget);
}

Result<MetricManager::Change> MetricManager::change_for(MetricDefinition definition, bool from_file) const {
    if (Status checked = streamgauge::check(definition); !checked) return checked.error();
    if (is_built_in(definition.name))
        return error_in(ErrorCode::Conflict, "name",
                        definition.name + " is built in: paths of the server answer from it, so it cannot be changed");
    const CatalogueEntry* const answering = find_entry(definition.name, false);
    const CatalogueEntry* const filling = find_entry(definition.name, true);
    const CatalogueEntry* const newest = filling != nullptr ? filling : answering;
    if (!from_file && newest != nullptr && newest->from_file)
        return error_in(ErrorCode::Conflict, "name",
                        definition.name + " is declared in the file of metrics: it is changed there");
    if (Status share = check_share(definition); !share) return share.error();

    Change change;
    const auto update = [&](const CatalogueEntry& known, MetricState state) {
        CatalogueEntry entry = known;
        definition.id = known.definition.id;
        entry.definition = definition;
        entry.state = state;
        entry.from_file = from_file;
        change.entries.push_back(std::move(entry));
    };
    const auto give_up = [&change](const CatalogueEntry& known) {
        change.entries.push_back(known);
        change.entries.back().state = MetricState::Removed;
        change.drop.push_back(known.definition.id);
    };
    if (newest != nullptr && same_results(newest->definition, definition)) {
        update(*newest, newest->state);
    } else if (answering != nullptr && same_results(answering->definition, definition)) {
        give_up(*filling);
        update(*answering, MetricState::Active);
    } else {
        if (filling != nullptr) give_up(*filling);
        if (answering != nullptr) {
            change.entries.push_back(*answering);
            change.entries.back().state = MetricState::Replaced;
        }
        CatalogueEntry entry;
        definition.id = catalogue_->next_id();
        entry.definition = definition;
        entry.from_file = from_file;
        entry.defined_at = clock_.now();
        entry.complete_from = journal_begins();
        change.entries.push_back(std::move(entry));
        change.fill = definition;
    }
    change.shown = std::move(definition);
    return change;
}

Status MetricManager::apply(Change change) {
    if (Status put = catalogue_->put(change.entries); !put) return put;
    publish();
    drop_all(change.drop, change.shown.name);
    if (change.fill) backfills_->add(*std::move(change.fill));
    return {};
}

void MetricManager::drop_all(const std::vector<MetricId>& metrics, const std::string& name) {
    for (const MetricId metric : metrics) {
        backfills_->remove(metric, [metric, name](const Status& done) {
            if (done) return;
            // The next start finds that nobody defines it.
            log::warning("metric_not_dropped", "what a metric held stays until the next start",
                         {{"metric", name}, {"id", std::to_string(metric)}, {"error", done.error().describe()}});
        });
    }
}

// On the backfills' thread, which is joined before the catalogue's is.
Status MetricManager::keep_beginning(MetricId metric, Timestamp from) {
    std::promise<Status> kept;
    std::future<Status> outcome = kept.get_future();
    const bool posted = thread_->post([this, metric, from, &kept](bool running) {
        if (!running) return kept.set_value(stopping());
        const auto& entries = catalogue_->entries();
        const auto found = std::find_if(entries.begin(), entries.end(),
                                        [metric](const auto& entry) { return entry.definition.id == metric; });
        // One that is built in has no entry, and one that was removed meanwhile needs none.
        if (found == entries.end() || found->complete_from == from) return kept.set_value(Status());
        std::vector<CatalogueEntry> changed{*found};
        changed[0].complete_from = from;
        Status put = catalogue_->put(changed);
        if (put) publish();
        kept.set_value(std::move(put));
    });
    if (!posted) return Error::make(ErrorCode::Unavailable, "too many changes of metrics wait");
    return outcome.get();
}

void MetricManager::take_adopted() {
    std::vector<MetricId> adopted;
    {
        const std::lock_guard lock(mutex_);
        adopted.swap(adopted_);
    }
    for (const MetricId metric : adopted) {
        const auto& entries = catalogue_->entries();
        const auto found = std::find_if(entries.begin(), entries.end(),
                                        [metric](const auto& entry) { return entry.definition.id == metric; });
        if (found == entries.end() || found->state != MetricState::Filling) continue;
        std::vector<CatalogueEntry> changed{*found};
        changed[0].state = MetricState::Active;
        const std::string name = found->definition.name;
        std::vector<MetricId> gone;
        if (const CatalogueEntry* const before = find_entry(name, false)) {
            changed.push_back(*before);
            changed.back().state = MetricState::Removed;
            gone.push_back(before->definition.id);
        }
        if (Status put = catalogue_->put(changed); !put) {
            log::error("metric_catalogue", "that a metric is complete cannot be noted",
                       {{"metric", name}, {"error", put.error().describe()}});
            continue;
        }
        log::info("metric_filled", "a metric is complete", {{"metric", name}, {"id", std::to_string(metric)}});
        publish();
        drop_all(gone, name);
    }
}

// ---- the service ----------------------------------------------------------------------------------------------------

template <class T, class Task>
void MetricManager::post(Done<T> done, Task task) {
    const auto answer = std::make_shared<Done<T>>(std::move(done));
    const bool posted = thread_ && thread_->post([this, answer, task = std::move(task)](bool running) mutable {
        if (!running) return (*answer)(stopping());
        take_adopted();
        (*answer)(task());
    });
    if (!posted) (*answer)(Error::make(ErrorCode::Unavailable, "too many changes of metrics wait"));
}

void MetricManager::follow_file(std::vector<MetricDefinition> declared, Done<bool> done) {
    post(std::move(done), [this, declared = std::move(declared)]() -> Result<bool> {
        if (Status gone = forget_undeclared(declared); !gone) return gone.error();
        std::string faults;
        for (const MetricDefinition& definition : declared) {
            Result<Change> change = change_for(definition, true);
            const Status applied = change ? apply(std::move(change).value()) : Status(change.error());
            if (applied) continue;
            faults.append(faults.empty() ? "" : "\n").append(definition.name).append(": ");
            faults += applied.error().describe();
        }
        if (!faults.empty()) return Error::make(ErrorCode::InvalidArgument, faults);
        return true;
    });
}

void MetricManager::list(Done<std::vector<MetricStatus>> done) {
    post(std::move(done), [this]() -> Result<std::vector<MetricStatus>> {
        std::vector<MetricStatus> all;
        for (const MetricDefinition& definition : options_.built_in) all.push_back(status_of(definition, nullptr));
        for (const CatalogueEntry& entry : catalogue_->entries())
            if (entry.state != MetricState::Replaced) all.push_back(status_of(entry.definition, &entry));
        std::sort(all.begin(), all.end(),
                  [](const MetricStatus& a, const MetricStatus& b) { return a.definition.name < b.definition.name; });
        return all;
    });
}

void MetricManager::try_put(MetricDefinition definition, Done<MetricStatus> done) {
    post(std::move(done), [this, definition = std::move(definition)]() mutable -> Result<MetricStatus> {
        Result<Change> change = change_for(std::move(definition), false);
        if (!change) return change.error();
        return status_of(change->shown, nullptr);
    });
}

void MetricManager::put(MetricDefinition definition, Done<MetricStatus> done) {
    post(std::move(done), [this, definition = std::move(definition)]() mutable -> Result<MetricStatus> {
        Result<Change> change = change_for(std::move(definition), false);
        if (!change) return change.error();
        const MetricId shown = change->shown.id;
        if (Status applied = apply(std::move(change).value()); !applied) return applied.error();
        const auto& entries = catalogue_->entries();
        const auto found = std::find_if(entries.begin(), entries.end(),
                                        [shown](const auto& entry) { return entry.definition.id == shown; });
        return status_of(found->definition, &*found);
    });
}

Result<bool> MetricManager::remove_now(const std::string& name, bool only_filling) {
    if (is_built_in(name))
        return error_in(ErrorCode::Conflict, "name",
                        name + " is built in: paths of the server answer from it, so it cannot be removed");
    const CatalogueEntry* const answering = find_entry(name, false);
    const CatalogueEntry* const filling = find_entry(name, true);
    if (filling == nullptr && (only_filling || answering == nullptr))
        return error_in(ErrorCode::NotFound, "name",
                        only_filling ? "nothing is being filled for " + name : "there is no metric " + name);
    if ((filling != nullptr && filling->from_file) || (!only_filling && answering != nullptr && answering->from_file))
        return error_in(ErrorCode::Conflict, "name", name + " is declared in the file of metrics: it is changed there");
    std::vector<CatalogueEntry> changed;
    std::vector<MetricId> gone;
    if (filling != nullptr) {
        changed.push_back(*filling);
        changed.back().state = MetricState::Removed;
        gone.push_back(filling->definition.id);
    }
    if (answering != nullptr) {
        changed.push_back(*answering);
        changed.back().state = only_filling ? MetricState::Active : MetricState::Removed;
        if (!only_filling) gone.push_back(answering->definition.id);
    }
    if (Status put = catalogue_->put(changed); !put) return put.error();
    publish();
    drop_all(gone, name);
    return true;
}

void MetricManager::remove(std::string name, Done<bool> done) {
    post(std::move(done), [this, name = std::move(name)] { return remove_now(name, false); });
}

void MetricManager::cancel_backfill(std::string name, Done<bool> done) {
    post(std::move(done), [this, name = std::move(name)] { return remove_now(name, true); });
}

void MetricManager::retry_backfill(std::string name, Done<MetricStatus> done) {
    post(std::move(done), [this, name = std::move(name)]() -> Result<MetricStatus> {
        for (const MetricDefinition& definition : options_.built_in) {
            if (definition.name != name) continue;
            backfills_->retry(definition.id);
            return status_of(definition, nullptr);
        }
        const CatalogueEntry* const filling = find_entry(name, true);
        const CatalogueEntry* const entry = filling != nullptr ? filling : find_entry(name, false);
        if (entry == nullptr) return error_in(ErrorCode::NotFound, "name", "there is no metric " + name);
        backfills_->retry(entry->definition.id);
        return status_of(entry->definition, entry);
    });
}

}  // namespace streamgauge::api
