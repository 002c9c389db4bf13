// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/backend.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>

#include "api/access_service.h"
#include "api/admin_service.h"
#include "api/analyst.h"
#include "api/annotation_log.h"
#include "api/audit_log.h"
#include "api/canary.h"
#include "api/dead_letter_service.h"
#include "api/event_tracer.h"
#include "api/ingest_service.h"
#include "api/ingest_stats.h"
#include "api/journal_event_search.h"
#include "api/live_service.h"
#include "api/load_runs.h"
#include "api/load_service.h"
#include "api/metric_manager.h"
#include "api/notification_codec.h"
#include "api/notifier.h"
#include "api/objective_manager.h"
#include "api/query_service.h"
#include "base/log.h"
#include "journal/sqlite_journal.h"
#include "pipeline/baseline.h"
#include "pipeline/pipeline.h"
#include "pipeline/span_release.h"
#include "query/observed_store.h"
#include "schema/schema_registry.h"
#include "server/access_limits.h"
#include "server/audited_routes.h"
#include "server/checked_ingest_policy.h"
#include "server/data_lock.h"
#include "server/disk_guard.h"
#include "server/gate.h"
#include "server/known_metrics.h"
#include "server/listeners.h"
#include "server/load_run_routes.h"
#include "server/metric_settings.h"
#include "server/objective_sampler.h"
#include "server/request_metrics.h"
#include "server/routes.h"
#include "server/schema_worker.h"
#include "server/server_figures.h"
#include "server/ticker.h"
#include "server/visitor_key.h"
#include "server/webhook.h"
#include "store/sqlite_result_store.h"

namespace streamgauge {

namespace {

using std::chrono::milliseconds;

constexpr int kSecondsBetweenRetries = 10;    // of load runs that wait for their database
constexpr int kSecondsBetweenRetention = 60;  // what was still needed when a span ended may go a moment later
constexpr milliseconds kLoadGrace{1000};      // for a load run that is under way when the server stops

// The streamgauged beside this program: the console and the server are installed together.
std::string program_beside_this_one() {
    std::error_code failed;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? std::string("streamgauged") : (self.parent_path() / "streamgauged").string();
}

Error explained(const std::string& what, const Error& cause) {
    Error error = cause;
    error.message = what + ": " + cause.message;
    return error;
}

// For health's details: repeats are found less far back than they should be.
std::string dedup_remark(const DedupFigures& dedup) {
    if (dedup.known_seconds >= dedup.wanted_seconds) return {};
    return "repeats are found " + std::to_string(dedup.known_seconds) + " s back instead of " +
           std::to_string(dedup.wanted_seconds) + " s; a larger dedup.max_bytes keeps more ids";
}

// Waits: not for threads that others wait for.
std::vector<std::string> projects_of(api::AccessService& access) {
    const auto answer = std::make_shared<std::promise<std::vector<std::string>>>();
    access.projects([answer](const Result<std::vector<api::Project>>& found) {
        std::vector<std::string> ids;
        if (found.ok())
            for (const api::Project& project : *found) ids.push_back(project.id);
        answer->set_value(std::move(ids));
    });
    return answer->get_future().get();
}

class EmbeddedBackend final : public Backend {
public:
    EmbeddedBackend(const Config& config, const Clock& clock, const StartOptions& options, DataLock lock)
        : config_(config), clock_(clock), options_(options), lock_(std::move(lock)) {}
    ~EmbeddedBackend() override { stop(std::chrono::seconds(4)); }

    Status open();

    Services services() override {
        return {*query_,   *feed_,    *load_,        *admin_,      *access_,   *trace_,
                *metrics_, *analyst_, *annotations_, *objectives_, *load_runs_};
    }
    std::optional<std::string> take_first_password() override { return access_->take_first_password(); }
    const http::RouteTable& routes() const override { return table_; }
    std::vector<http::Endpoint> listening() const override { return listeners_.listening(); }
    std::optional<http::Endpoint> management() const override { return listeners_.management(); }
    Status reload_certificate() override { return listeners_.reload_certificate(); }
    void reload_metrics() override;
    void stop(milliseconds deadline) override;

private:
    Status open_access();
    Status open_storage();
    Status open_notifications();
    Status open_metrics();
    void open_questions();
    void make_services();
    Status open_objectives();
    Status tell(const api::ObjectiveAlert& alert);
    void mark_load(const api::LoadStatus& status);
    Status serve();
    void answered(const http::Answered& answer);
    ServerFigures figures() const;
    std::vector<std::string> load_targets() const;

    const Config config_;
    const Clock& clock_;
    const StartOptions options_;
    // In the order in which they depend on each other; destroyed from the bottom up.
    DataLock lock_;
    DecoderSecrets secrets_;
    std::unique_ptr<api::AccessManager> access_;
    std::unique_ptr<api::AuditLog> audit_log_;
    std::unique_ptr<SpanRelease> release_;  // the journal asks it
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<ResultStore> store_;
    std::unique_ptr<query::ObservedStore> observed_;  // what commits goes through it
    std::unique_ptr<api::Analyst> analyst_;
    std::unique_ptr<Pipeline> pipeline_;
    std::unique_ptr<api::MetricManager> metrics_;
    std::unique_ptr<api::DeadLetters> letters_;
    std::unique_ptr<api::AnnotationLog> annotations_;
    std::unique_ptr<NotificationSender> sender_;
    std::unique_ptr<api::Notifier> notifier_;
    api::IngestStats ingest_stats_;
    std::unique_ptr<SchemaRegistry> schemas_;
    std::unique_ptr<SchemaWorker> schema_worker_;
    std::unique_ptr<AccessLimits> limits_;
    std::unique_ptr<Gate> gate_;
    std::unique_ptr<CheckedIngestPolicy> ingest_policy_;
    std::unique_ptr<DiskGuard> disk_;
    std::unique_ptr<api::IngestService> ingest_;
    std::unique_ptr<api::Canary> canary_;  // nullptr: none is sent
    // Also what is told on others' threads holds it.
    const std::shared_ptr<std::atomic<std::uint64_t>> alert_changes_ = std::make_shared<std::atomic<std::uint64_t>>(0);
    std::unique_ptr<api::QueryService> query_;
    std::unique_ptr<api::JournalEventSearch> events_;
    std::unique_ptr<api::EventTracer> trace_;
    std::unique_ptr<api::LiveFeed> feed_;
    std::unique_ptr<api::LoadRuns> load_runs_;
    std::unique_ptr<api::LoadService> load_;
    std::unique_ptr<api::ServerAdmin> admin_;
    RequestMetrics requests_;
    std::unique_ptr<ObjectiveSampler> sampler_;
    std::unique_ptr<api::ObjectiveManager> objectives_;
    std::optional<std::pair<std::string, Timestamp>> load_began_;  // which run; the load service's thread's
    std::unique_ptr<Ticker> ticker_;
    std::unique_ptr<RouteServices> route_services_;
    http::RouteTable table_;
    Listeners listeners_{table_, clock_};
    bool stopped_ = false;
};

Status EmbeddedBackend::open() {
    if (Status opened = open_access(); !opened.ok()) return opened;
    if (Status opened = open_storage(); !opened.ok()) return opened;
    make_services();
    if (Status opened = open_objectives(); !opened.ok()) return opened;
    return serve();
}

Status EmbeddedBackend::open_access() {
    api::AccessOptions options;
    options.data_dir = config_.data_dir;
    options.dev = config_.dev;
    options.first_admin = options_.first_admin;
    options.token_lifetime = std::chrono::seconds(config_.auth_token_lifetime);
    options.algorithm = config_.auth_jwt_algorithm;
    options.private_key_file = config_.auth_jwt_private_key;
    options.public_key_files = config_.auth_jwt_public_keys;
    auto access = api::AccessManager::start(std::move(options), clock_);
    if (!access.ok())
        return explained("the users and keys in " + config_.data_dir + " cannot be opened", access.error());
    access_ = std::move(access).value();
    auto log = api::AuditLog::open(config_.data_dir + "/audit-log.db");
    if (!log.ok()) return explained("the audit log in " + config_.data_dir + " cannot be opened", log.error());
    audit_log_ = std::move(log).value();
    return {};
}

Status EmbeddedBackend::open_storage() {
    const auto secrets = open_visitor_key(config_.data_dir);
    if (!secrets.ok()) return secrets.error();
    secrets_ = *secrets;

    SqliteJournalOptions options;
    options.directory = config_.data_dir;
    options.retention_days = config_.retention_days;
    options.retention_bytes = config_.retention_bytes;
    options.dedup_max_bytes = config_.dedup_max_bytes;
    release_ = std::make_unique<SpanRelease>(config_.data_dir);
    options.before_unlink = [this](const Seal& seal) { return release_->before_unlink(seal); };
    auto journal = open_sqlite_journal(options, clock_);
    if (!journal.ok()) return explained("the journal in " + config_.data_dir + " cannot be opened", journal.error());
    journal_ = std::move(journal).value();

    if (const auto begun = begin_store_from_baseline(config_.data_dir, journal_->begin(), journal_->end()); !begun.ok())
        log::error("baseline", "the store cannot begin with the baseline", {{"error", begun.error().describe()}});
    auto store = open_sqlite_result_store(config_.data_dir + "/store.db",
                                          journal_->begin() == 1 ? OlderStore::Remove : OlderStore::Refuse);
    if (!store.ok()) return explained("the store in " + config_.data_dir + " cannot be opened", store.error());
    store_ = std::move(store).value();

    auto schemas = open_schema_registry(config_.data_dir + "/schemas.db", clock_);
    if (!schemas.ok()) return explained("the schemas in " + config_.data_dir + " cannot be opened", schemas.error());
    schemas_ = std::move(schemas).value();
    schema_worker_ = std::make_unique<SchemaWorker>();

    if (Status opened = open_metrics(); !opened.ok()) return opened;
    release_->attach(*store_, [directory = config_.data_dir] { return known_metrics(directory); });

    auto opened = api::DeadLetters::open({*journal_, clock_, schemas_.get(), config_.data_dir + "/dead-letters.db",
                                          config_.dead_letters_max_bytes, secrets_});
    if (!opened.ok()) return explained("the dead letters in " + config_.data_dir + " cannot be opened", opened.error());
    letters_ = std::move(opened).value();

    auto annotations = api::AnnotationLog::open(config_.data_dir + "/annotations.db", clock_);
    if (!annotations.ok())
        return explained("the annotations in " + config_.data_dir + " cannot be opened", annotations.error());
    annotations_ = std::move(annotations).value();
    const std::string place = config_.load_runs.empty() ? config_.data_dir + "/loadruns.db" : config_.load_runs;
    api::LoadRunsOptions waiting;
    // Also where the place was a database before: what waits for it goes to the file that is in its place.
    const std::string directory = config_.data_dir + "/loadruns-waiting";
    std::error_code none;
    if (api::is_database_url(place) || std::filesystem::exists(directory, none)) waiting.waiting_directory = directory;
    waiting.notes_directory = config_.data_dir + "/loadruns-under-way";
    auto runs = api::LoadRuns::open(place, {config_.load_keep_runs, static_cast<std::int64_t>(config_.load_keep_age)},
                                    clock_, std::move(waiting));
    if (!runs.ok()) return explained("the load runs in " + api::shown_place(place) + " cannot be opened", runs.error());
    load_runs_ = std::move(runs).value();
    return open_notifications();
}

Status EmbeddedBackend::open_notifications() {
    auto allowed = http::AllowedTargets::parse(config_.notify_allowed_targets);
    if (!allowed.ok()) return explained("notify.allowed_targets is wrong", allowed.error());
    sender_ = std::make_unique<NotificationSender>(clock_, std::move(allowed).value(), config_.data_dir,
                                                   config_.notify_authorities);
    api::NotifierParts parts{clock_, config_.data_dir + "/notifications.db", {}, {}};
    parts.deliver = [this](const api::NotificationTarget& target, const api::Notification& notification,
                           const std::atomic<bool>& stopping) {
        return sender_->deliver(target, notification, stopping);
    };
    parts.check = [this](const api::NotificationTarget& target) { return sender_->check(target); };
    auto notifier = api::Notifier::open(std::move(parts));
    if (!notifier.ok())
        return explained("the notifications in " + config_.data_dir + " cannot be opened", notifier.error());
    notifier_ = std::move(notifier).value();
    return {};
}

// The metrics, and the pipeline that runs them.
Status EmbeddedBackend::open_metrics() {
    auto declared = configured_metrics(config_);
    if (!declared.ok()) return explained("the declared metrics are wrong", declared.error());
    api::MetricManagerOptions options;
    options.catalogue = config_.data_dir + "/metrics.db";
    options.built_in = built_in_metrics();
    options.from_file = std::move(declared).value();
    options.exact_budget = config_.metrics_exact_budget;
    auto metrics = api::MetricManager::open(std::move(options), clock_);
    if (!metrics.ok()) return explained("the metrics cannot be taken up", metrics.error());
    metrics_ = std::move(metrics).value();

    open_questions();
    if (Status prepared = metrics_->prepare(*journal_, *observed_); !prepared.ok())
        return explained("the metrics cannot be taken up", prepared.error());
    auto pipeline = Pipeline::start(*journal_, *observed_, clock_, {}, metrics_->definitions());
    if (!pipeline.ok()) return explained("the aggregates cannot be recovered", pipeline.error());
    pipeline_ = std::move(pipeline).value();
    if (Status started = metrics_->start(*journal_, *observed_, *pipeline_); !started.ok())
        return explained("the metrics cannot be taken up", started.error());
    return {};
}

// Before anything commits: the cache of answers hears of every commit.
void EmbeddedBackend::open_questions() {
    observed_ = std::make_unique<query::ObservedStore>(*store_);
    const auto flush = [this](const std::function<void()>& done) {
        pipeline_->flush([done](const Result<PartitionState>&) { done(); });  // if it fails, as_of says so
    };
    api::AnalystOptions options;
    options.cache_bytes = static_cast<std::size_t>(config_.query_cache_bytes);
    analyst_ =
        std::make_unique<api::Analyst>(api::Analyst::Parts{*observed_, *journal_, *metrics_, clock_, flush}, options);
    observed_->listen({[this](const ResultCommit& commit) { analyst_->cache().committed(commit); },
                       [this](const BackfillCommit& commit) { analyst_->cache().committed(commit); }});
}

void EmbeddedBackend::reload_metrics() {
    auto declared = configured_metrics(config_);
    const auto report = [](const Result<bool>& done) {
        if (done.ok()) return log::info("metrics_reloaded", "the metrics are as their file says");
        log::error("metrics_reload", "the file of metrics is not right: " + done.error().describe());
    };
    if (!declared.ok()) return report(declared.error());
    metrics_->follow_file(std::move(declared).value(), report);
}

void EmbeddedBackend::make_services() {
    api::Hello hello;
    hello.version = STREAMGAUGE_VERSION;
    hello.epoch = static_cast<std::uint64_t>(clock_.now().micros);
    hello.features = {"live",  "events",  "queries",     "dead_letters", "filter",
                      "trace", "metrics", "annotations", "objectives"};

    const bool required = authentication_required(config_);
    const auto limited = [this] { ingest_stats_.limited(1); };
    limits_ = std::make_unique<AccessLimits>(with_preset(config_.limits, config_.limits_preset));
    gate_ = std::make_unique<Gate>(Gate::Parts{access_->authenticator(), clock_, *limits_, required, limited});
    ingest_policy_ = std::make_unique<CheckedIngestPolicy>(
        CheckedIngestPolicy::Parts{access_->authenticator(), clock_, *limits_, required, limited});
    api::IngestParts ingest{*journal_, clock_, ingest_stats_, *ingest_policy_};
    ingest.letters = letters_.get();
    ingest.schemas = schemas_.get();
    ingest.secrets = secrets_;
    DiskGuard::Probe probe = options_.disk_probe;
    if (!probe) probe = [path = config_.data_dir] { return disk_used_percent(path); };
    disk_ = std::make_unique<DiskGuard>(static_cast<int>(config_.disk_stop_percent), std::move(probe));
    ingest.guard = disk_.get();
    ingest.buffered = config_.buffered;
    ingest_ = std::make_unique<api::IngestService>(ingest);
    query_ = api::make_query_service(*pipeline_, *journal_, clock_);
    events_ = std::make_unique<api::JournalEventSearch>(*journal_, clock_);
    api::TraceSources traced{*journal_, *pipeline_, clock_, letters_.get(), schemas_.get(), store_.get()};
    traced.metrics = [this] { return metrics_->definitions(); };
    traced.projects = [this] { return projects_of(*access_); };
    trace_ = std::make_unique<api::EventTracer>(std::move(traced));
    api::LiveSources live{*journal_, *pipeline_, ingest_stats_, clock_, config_.data_dir, hello.epoch};
    if (config_.canary_interval != 0) {
        canary_ = std::make_unique<api::Canary>(api::CanaryParts{*journal_, *pipeline_, clock_, disk_.get()},
                                                api::CanaryOptions{std::chrono::seconds(config_.canary_interval)});
        live.canary = [this] { return api::sight_of(canary_->status()); };
    }
    live.alert_changes = [changes = alert_changes_] { return changes->load(std::memory_order_relaxed); };
    feed_ = std::make_unique<api::LiveFeed>(std::move(live));
    journal_->on_commit([this] {
        pipeline_->wake();
        feed_->journal_committed();
        letters_->journal_committed();
    });

    api::LoadServiceOptions load;
    load.program = config_.load_program.empty() ? program_beside_this_one() : config_.load_program;
    load.close_grace = kLoadGrace;
    load.allowed_targets = [this] { return load_targets(); };
    load.on_report = [this](std::string report, std::string by, std::string run_id) {
        load_runs_->add(std::move(report), std::move(by), {}, std::move(run_id));
    };
    load.notes.note = [this](const std::string& run_id, std::string report, const std::string& by) {
        load_runs_->note(run_id, std::move(report), by);
    };
    load.notes.forget = [this](const std::string& run_id) { load_runs_->forget(run_id); };
    load.highest_rate = static_cast<double>(config_.load_max_rate);
    load.data_dir = config_.data_dir;
    if (access(load.program.c_str(), X_OK) == 0) {
        hello.features.emplace_back("load");
    } else {
        log::warning("load_program", "load runs cannot be started: there is no such program",
                     {{"program", load.program}});
    }
    load_ = api::make_load_service(load, [this](const api::LoadStatus& report) {
        feed_->publish_load(load_->status());
        mark_load(report);
    });

    admin_ = std::make_unique<api::ServerAdmin>(
        std::move(hello),
        std::vector<api::ServerAdmin::Part>{
            {"journal", [this] { return ingest_->failure(); }, [this] { return dedup_remark(journal_->dedup()); }},
            {"store", [this] { return pipeline_->status().failure; }},
            {"disk", [this] { return disk_->fault(clock_.now()); }},
            {"dead_letters", [this] { return letters_->failure(); }, {}, false},
            {"load_runs", [this] { return load_runs_->failure(); }, {}, false},
            {"objectives", [this] { return objectives_ ? objectives_->failure() : std::nullopt; }, {}, false},
            // Not vital: whoever is sent elsewhere because answers are late loses nothing here, and gains nothing.
            {"canary", [this] { return canary_ ? canary_->status().fault : std::nullopt; }, {}, false}});
    ticker_ = std::make_unique<Ticker>();
    ticker_->add([this, seconds = 0]() mutable {
        if (++seconds % kSecondsBetweenRetention == 0) journal_->tend_retention();
        if (seconds % kSecondsBetweenRetries == 0) load_runs_->retry();
        return true;
    });
}

Status EmbeddedBackend::open_objectives() {
    sampler_ =
        std::make_unique<ObjectiveSampler>(ObjectiveSampler::Parts{requests_, *journal_, *pipeline_, canary_.get()});
    api::ObjectiveOptions options;
    options.path = config_.data_dir + "/objectives.db";
    options.most_bytes = config_.objectives_max_bytes;
    api::ObjectiveParts parts{clock_, [this] { return sampler_->take(); }};
    parts.analysis = analyst_.get();
    parts.metrics = metrics_.get();
    parts.changed = [this](const api::ObjectiveAlert& alert) { return tell(alert); };
    parts.has_target = [this](const std::string& name) { return notifier_->has_target(name); };
    auto objectives = api::ObjectiveManager::open(std::move(options), std::move(parts));
    if (!objectives.ok())
        return explained("the objectives in " + config_.data_dir + " cannot be opened", objectives.error());
    objectives_ = std::move(objectives).value();
    return {};
}

// On the objectives' thread.
Status EmbeddedBackend::tell(const api::ObjectiveAlert& alert) {
    if (alert.change.news == slo::AlertNews::None) {
        alert_changes_->fetch_add(1, std::memory_order_relaxed);
        return {};
    }
    const std::vector<std::string>& names = alert.objective.notify;
    if (Status written =
            notifier_->notify(names, api::alert_notification(alert.objective, alert.change, alert.rule,
                                                             api::alert_id(alert.objective, alert.change)));
        !written.ok())
        return written;
    api::Annotation mark;
    mark.at = alert.change.at;
    mark.kind = "alert";
    mark.text = alert.change.sentence;
    mark.project = alert.objective.project;
    mark.by = "server";
    mark.tags = {alert.objective.name, std::string(slo::to_string(alert.rule.severity)),
                 std::string(slo::to_string(alert.change.news))};
    if (notifier_->has_desktop(names)) mark.tags.emplace_back("desktop");
    // Whoever hears of the change finds its mark.
    annotations_->add(std::move(mark), [changes = alert_changes_](const Result<api::Annotation>& done) {
        changes->fetch_add(1, std::memory_order_relaxed);
        if (!done) log::warning("annotation_lost", "an alert is not on the time axis: " + done.error().describe());
    });
    return {};
}

// On the load service's thread, with each report.
void EmbeddedBackend::mark_load(const api::LoadStatus& status) {
    const bool over = status.state == api::LoadState::Done || status.state == api::LoadState::Stopped ||
                      status.state == api::LoadState::Failed;
    if (status.state == api::LoadState::Starting) load_began_.emplace(status.run_id, clock_.now());
    if (!over || !load_began_) return;
    const auto [run_id, began] = *std::exchange(load_began_, std::nullopt);
    // One that was refused leaves the status of the run before it.
    if (run_id != status.run_id) return;
    api::Annotation mark;
    mark.at = began;
    mark.until = std::max(began, clock_.now());
    mark.kind = "load_run";
    mark.text = "Load run " + status.run_id + ": " + std::to_string(status.sent) + " requests sent";
    mark.by = "server";
    annotations_->add(std::move(mark), [](const Result<api::Annotation>& done) {
        if (!done) log::warning("annotation_lost", "a load run is not on the time axis: " + done.error().describe());
    });
}

Status EmbeddedBackend::serve() {
    route_services_ = std::make_unique<RouteServices>(RouteServices{clock_,
                                                                    *ingest_,
                                                                    *query_,
                                                                    *analyst_,
                                                                    *metrics_,
                                                                    *events_,
                                                                    *feed_,
                                                                    *load_,
                                                                    *admin_,
                                                                    *access_,
                                                                    *letters_,
                                                                    *gate_,
                                                                    *limits_,
                                                                    *schemas_,
                                                                    *trace_,
                                                                    *schema_worker_,
                                                                    *metrics_,
                                                                    *objectives_,
                                                                    requests_,
                                                                    *annotations_,
                                                                    *notifier_,
                                                                    *ticker_,
                                                                    [this] { return figures(); }});
    table_.decorate([this](const http::Route& route, http::Handler handler) {
        return audited(route, std::move(handler), *audit_log_, clock_);
    });
    if (Status added = add_audit_log_route(table_, *audit_log_); !added.ok()) return added;
    if (Status added = add_load_run_routes(table_, *load_runs_); !added.ok()) return added;
    if (Status added = add_all_routes(table_, *route_services_); !added.ok()) return added;
    requests_.prepare(table_);
    ticker_->add([this] {
        objectives_->tick();
        return true;
    });

    http::EngineOptions options;
    options.on_answered = [this](const http::Answered& answer) { answered(answer); };
    options.gate = [this](const http::Route& route, http::Request& request, http::Headers& extra) {
        return gate_->check(route, request, extra);
    };
    return listeners_.open(config_, std::move(options), *ticker_);
}

void EmbeddedBackend::answered(const http::Answered& answer) {
    requests_.answered(answer);
    if (answer.route != nullptr && answer.route->scope == http::Scope::Ingest) {
        ingest_stats_.answered(answer.duration_nanos / 1000);
    }
}

// Where load runs may go, with this server's own listeners by their addresses.
std::vector<std::string> EmbeddedBackend::load_targets() const {
    std::vector<std::string> targets;
    const auto add_own = [&targets](const http::Endpoint& own) {
        const bool every = own.address == "0.0.0.0" || own.address == "::";
        targets.push_back((every || http::is_loopback(own) ? "loopback" : own.address) + ":" +
                          std::to_string(own.port));
    };
    for (const std::string& target : config_.load_allowed_targets) {
        if (target != "itself") {
            targets.push_back(target);
            continue;
        }
        for (const http::Endpoint& own : listeners_.listening()) add_own(own);
        if (listeners_.management()) add_own(*listeners_.management());
    }
    return targets;
}

ServerFigures EmbeddedBackend::figures() const {
    ServerFigures figures = server_figures({clock_, *journal_, *pipeline_, *ingest_, ingest_stats_, *letters_,
                                            *analyst_, canary_.get(), *disk_, listeners_});
    figures.objectives = objectives_->statuses();
    return figures;
}

void EmbeddedBackend::stop(milliseconds deadline) {
    if (stopped_) return;
    stopped_ = true;
    if (admin_) admin_->start_draining();
    if (release_) release_->stop();
    // A load run would only be refused from now on; its end is waited for while the doors close.
    if (load_) load_->stop([](const Result<api::LoadStatus>&) {});
    if (ticker_) ticker_->stop();
    if (canary_) canary_->stop();
    listeners_.stop(deadline / 2);
    if (objectives_) objectives_->stop();
    if (events_) events_->stop();
    if (analyst_) analyst_->stop();
    if (trace_) trace_->stop();
    if (access_) access_->stop();
    if (audit_log_) audit_log_->stop();
    if (feed_) feed_->stop();
    if (letters_) letters_->stop();
    if (notifier_) notifier_->stop();
    if (annotations_) annotations_->stop();
    if (schema_worker_) schema_worker_->stop();
    if (metrics_) metrics_->stop();
    // Commits what was taken, so that the pipeline finds all of it.
    if (journal_) journal_->close();
    if (pipeline_) pipeline_->stop(deadline / 4);
}

}  // namespace

Result<std::unique_ptr<Backend>> Backend::start(const Config& config, const Clock& clock, const StartOptions& options) {
    if (const auto faults = check(config); !faults.empty()) return faults.front();
    auto lock = DataLock::take(config.data_dir);
    if (!lock.ok()) return lock.error();
    auto backend = std::make_unique<EmbeddedBackend>(config, clock, options, std::move(lock).value());
    if (Status opened = backend->open(); !opened.ok()) return opened.error();
    return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace streamgauge
