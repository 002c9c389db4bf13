// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/fake_client.h"

#include <vector>

namespace streamgauge::client {

FakeClient::FakeClient(QObject* parent) : ClientBase(parent) {
    next_hello_.version = STREAMGAUGE_VERSION;
    next_hello_.epoch = 1;
    next_hello_.features = {"live", "events", "load", "filter", "trace", "metrics", "annotations", "objectives"};
    on_health = [] { return Result<api::Health>(api::Health{true, {{"journal", true, ""}, {"store", true, ""}}}); };
    on_start_load = [this](const api::LoadPlan& plan) {
        load_ = {};
        load_.run_id = "run-" + std::to_string(started_plans_.size());
        load_.state = api::LoadState::Running;
        load_.plan = plan;
        return Result<api::LoadStatus>(load_);
    };
    on_trace = [](const std::string& event_id) {
        api::EventTrace trace;
        trace.event_id = event_id;
        trace.summary = "No event with this id is kept.";
        return Result<api::EventTrace>(trace);
    };
    on_metrics = [] { return Result<std::vector<api::MetricStatus>>(std::vector<api::MetricStatus>()); };
    const auto unknown = [](const std::string& name) {
        return Error::make(ErrorCode::NotFound, "there is no metric called " + name);
    };
    on_points = [unknown](const query::PointsQuery& query) {
        return Result<query::PointsAnswer>(unknown(query.metric));
    };
    on_put_metric = [](const MetricDefinition& definition) {
        api::MetricStatus status;
        status.definition = definition;
        return Result<api::MetricStatus>(std::move(status));
    };
    on_try_metric = [](const MetricDefinition&) { return Result<bool>(true); };
    on_remove_metric = [unknown](const std::string& name) { return Result<bool>(unknown(name)); };
    on_cancel_backfill = on_remove_metric;
    on_retry_backfill = on_remove_metric;
    on_start_scenario = [this](const std::string&) { return on_start_load(api::LoadPlan{}); };
    on_find_capacity = [this](const api::CapacityAsk& ask) {
        Result<api::LoadStatus> started = on_start_load(api::LoadPlan{});
        if (!started.ok()) return started;
        load_.capacity.emplace();
        load_.capacity->objectives = ask.objectives;
        load_.capacity->budget_seconds = ask.budget_seconds;
        return Result<api::LoadStatus>(load_);
    };
    on_hand = [this](const loadgen::HandAction& action) {
        if (action.kind == loadgen::HandAction::Kind::Rate) load_.rate = action.rate;
        if (action.kind == loadgen::HandAction::Kind::Pause) load_.paused = true;
        if (action.kind == loadgen::HandAction::Kind::Resume) load_.paused = false;
        return Result<api::LoadStatus>(load_);
    };
    on_compare_runs = [](const std::string&, const std::string&) {
        return Result<loadgen::RunComparison>(Error::make(ErrorCode::NotFound, "there is no such run"));
    };
    on_stop_load = [this] {
        load_.state = api::LoadState::Stopped;
        return Result<api::LoadStatus>(load_);
    };
}

void FakeClient::start() {
    if (state() != ConnectionState::Idle && state() != ConnectionState::Failed) return;
    set_state(ConnectionState::Connecting);
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (state() != ConnectionState::Connecting) return;
            set_state(ConnectionState::Authenticating);
            go(feeds().empty() ? ConnectionState::Live : ConnectionState::Syncing);
        },
        Qt::QueuedConnection);
}

void FakeClient::stop() {
    pending().fail_all(Error::make(ErrorCode::Cancelled, "the connection was closed"));
    set_state(ConnectionState::Idle);
}

void FakeClient::go(ConnectionState next, std::string error_text) {
    const bool gone =
        next == ConnectionState::Idle || next == ConnectionState::Failed || next == ConnectionState::Degraded;
    set_state(next, std::move(error_text));
    if (next == ConnectionState::Syncing || next == ConnectionState::Live) set_hello(next_hello_);
    if (gone) {
        // What comes after this connection belongs to another epoch: nothing but a snapshot can follow.
        ++epoch_;
        pending().fail_all(not_connected());
    }
}

void FakeClient::want_login(ConnectionState next, std::string error_text) {
    go(next, std::move(error_text));
    Q_EMIT loginWanted();
}

void FakeClient::publish(api::Overview overview, bool snapshot) {
    api::LiveMessage message{api::Topic::Overview, epoch_, ++seq_, snapshot, {}, {}, {}};
    message.overview = std::make_shared<const api::Overview>(std::move(overview));
    send(std::move(message));
}

void FakeClient::publish(api::EventTail tail, bool snapshot) {
    api::LiveMessage message{api::Topic::Events, epoch_, ++seq_, snapshot, {}, {}, {}};
    message.events = std::make_shared<const api::EventTail>(std::move(tail));
    send(std::move(message));
}

void FakeClient::publish(api::LoadStatus status, bool snapshot) {
    load_ = status;
    api::LiveMessage message{api::Topic::Load, epoch_, ++seq_, snapshot, {}, {}, {}};
    message.load = std::make_shared<const api::LoadStatus>(std::move(status));
    send(std::move(message));
}

void FakeClient::send(api::LiveMessage message) {
    if (state() != ConnectionState::Syncing && state() != ConnectionState::Live) return;
    std::vector<std::uint64_t> receivers;
    for (const auto& [id, feed] : feeds()) {
        if (feed->topic != message.topic) continue;
        receivers.push_back(id);
        // Numbers are given to each topic's messages as a whole; a feed that has begun follows without a gap.
        if (!message.snapshot && feed->last && feed->last->epoch == epoch_) feed->last->seq = message.seq - 1;
    }
    bool delivered = false;
    for (const std::uint64_t id : receivers) delivered = deliver(id, message) || delivered;
    if (delivered && state() == ConnectionState::Syncing) set_state(ConnectionState::Live);
}

template <class T>
void FakeClient::answer(QObject* context, Done<T> done, std::function<Result<T>()> make) {
    const auto call = pending().open<T>(context, std::move(done));
    if (!connected() || state() == ConnectionState::Degraded) return refuse(call);
    if (hold) return;
    QMetaObject::invokeMethod(
        this, [call, make = std::move(make)] { call->settle(make()); }, Qt::QueuedConnection);
}

void FakeClient::health(QObject* context, Done<api::Health> done) {
    answer<api::Health>(context, std::move(done), on_health);
}

void FakeClient::start_load(api::LoadPlan plan, QObject* context, Done<api::LoadStatus> done) {
    started_plans_.push_back(plan);
    answer<api::LoadStatus>(context, std::move(done), [this, plan = std::move(plan)] { return on_start_load(plan); });
}

void FakeClient::trace(std::string event_id, QObject* context, Done<api::EventTrace> done) {
    traced_.push_back(event_id);
    answer<api::EventTrace>(context, std::move(done),
                            [this, event_id = std::move(event_id)] { return on_trace(event_id); });
}

void FakeClient::list_metrics(QObject* context, Done<std::vector<api::MetricStatus>> done) {
    answer<std::vector<api::MetricStatus>>(context, std::move(done), on_metrics);
}

void FakeClient::points(query::PointsQuery query, std::function<void(double)> progress, QObject* context,
                        Done<query::PointsAnswer> done) {
    asked_points_.push_back(query);
    points_progress_ = std::move(progress);
    connect(context, &QObject::destroyed, this, [this] { ++ended_points_; });
    answer<query::PointsAnswer>(context, std::move(done),
                                [this, query = std::move(query)] { return on_points(query); });
}

void FakeClient::put_metric(MetricDefinition definition, QObject* context, Done<api::MetricStatus> done) {
    answer<api::MetricStatus>(context, std::move(done),
                              [this, definition = std::move(definition)] { return on_put_metric(definition); });
}

void FakeClient::try_metric(MetricDefinition definition, QObject* context, Done<bool> done) {
    tried_metrics_.push_back(definition);
    answer<bool>(context, std::move(done),
                 [this, definition = std::move(definition)] { return on_try_metric(definition); });
}

void FakeClient::remove_metric(std::string name, QObject* context, Done<bool> done) {
    answer<bool>(context, std::move(done), [this, name = std::move(name)] { return on_remove_metric(name); });
}

void FakeClient::cancel_backfill(std::string name, QObject* context, Done<bool> done) {
    answer<bool>(context, std::move(done), [this, name = std::move(name)] { return on_cancel_backfill(name); });
}

void FakeClient::retry_backfill(std::string name, QObject* context, Done<bool> done) {
    answer<bool>(context, std::move(done), [this, name = std::move(name)] { return on_retry_backfill(name); });
}

void FakeClient::list_annotations(query::TimeRange range, QObject* context, Done<std::vector<api::Annotation>> done) {
    answer<std::vector<api::Annotation>>(context, std::move(done), [this, range] {
        std::vector<api::Annotation> found;
        for (const api::Annotation& one : marks)
            if (one.at < range.to && one.until.value_or(one.at) >= range.from) found.push_back(one);
        return Result<std::vector<api::Annotation>>(std::move(found));
    });
}

void FakeClient::add_annotation(api::Annotation annotation, QObject* context, Done<api::Annotation> done) {
    answer<api::Annotation>(context, std::move(done), [this, annotation = std::move(annotation)]() mutable {
        if (annotation.text.empty()) {
            Error error = Error::make(ErrorCode::InvalidArgument, "text must be 1 to 500 bytes without U+0000");
            error.field = "text";
            return Result<api::Annotation>(std::move(error));
        }
        annotation.id = std::to_string(++annotations_made_);
        annotation.by = "console";
        marks.push_back(annotation);
        return Result<api::Annotation>(annotation);
    });
}

void FakeClient::remove_annotation(std::string id, QObject* context, Done<bool> done) {
    answer<bool>(context, std::move(done), [this, id = std::move(id)] {
        if (std::erase_if(marks, [&id](const api::Annotation& one) { return one.id == id; }) == 0)
            return Result<bool>(Error::make(ErrorCode::NotFound, "there is no such annotation"));
        return Result<bool>(true);
    });
}

// The service answers at once.
template <class T, class Ask>
void FakeClient::ask_objectives(QObject* context, Done<T> done, Ask ask) {
    answer<T>(context, std::move(done), [this, ask = std::move(ask)] {
        Result<T> answered = Error::make(ErrorCode::NotFound, "there are no objectives");
        if (objective_service) ask(*objective_service, [&answered](Result<T> result) { answered = std::move(result); });
        return answered;
    });
}

void FakeClient::list_objectives(QObject* context, Done<std::vector<api::ObjectiveStatus>> done) {
    ask_objectives<std::vector<api::ObjectiveStatus>>(
        context, std::move(done), [](api::ObjectiveService& from, auto then) { from.list({}, then); });
}

void FakeClient::objective_history(std::string name, query::TimeRange range, QObject* context,
                                   Done<api::ObjectiveHistory> done) {
    ask_objectives<api::ObjectiveHistory>(
        context, std::move(done),
        [name = std::move(name), range](api::ObjectiveService& from, auto then) { from.history(name, range, then); });
}

void FakeClient::put_objective(slo::Objective objective, QObject* context, Done<api::ObjectiveStatus> done) {
    ask_objectives<api::ObjectiveStatus>(
        context, std::move(done),
        [objective = std::move(objective)](api::ObjectiveService& from, auto then) { from.put(objective, then); });
}

void FakeClient::remove_objective(std::string name, QObject* context, Done<bool> done) {
    ask_objectives<bool>(context, std::move(done),
                         [name = std::move(name)](api::ObjectiveService& from, auto then) { from.remove(name, then); });
}

void FakeClient::back_test(slo::Objective draft, query::TimeRange range, std::function<void(double)> progress,
                           QObject* context, Done<api::BackTest> done) {
    tested_drafts_.push_back(draft);
    ask_objectives<api::BackTest>(context, std::move(done),
                                  [draft = std::move(draft), range, progress](api::ObjectiveService& from, auto then) {
                                      from.back_test(draft, range, {progress, {}}, then);
                                  });
}

void FakeClient::import_objectives(std::string openslo, bool dry_run, QObject* context,
                                   Done<api::ImportedObjectives> done) {
    ask_objectives<api::ImportedObjectives>(
        context, std::move(done), [text = std::move(openslo), dry_run](api::ObjectiveService& from, auto then) {
            api::ObjectiveExchange(from, {}, [] { return std::vector<std::string>(); }).import(text, dry_run, then);
        });
}

void FakeClient::export_objectives(api::ObjectiveForm form, QObject* context, Done<std::string> done) {
    ask_objectives<std::string>(context, std::move(done), [form](api::ObjectiveService& from, auto then) {
        api::ObjectiveExchange(from, {}, [] { return std::vector<std::string>(); }).write(form, {}, then);
    });
}

void FakeClient::start_scenario(std::string text, QObject* context, Done<api::LoadStatus> done) {
    started_scenarios_.push_back(text);
    answer<api::LoadStatus>(context, std::move(done),
                            [this, text = std::move(text)] { return on_start_scenario(text); });
}

void FakeClient::find_capacity(api::CapacityAsk ask, QObject* context, Done<api::LoadStatus> done) {
    answer<api::LoadStatus>(context, std::move(done), [this, ask = std::move(ask)] { return on_find_capacity(ask); });
}

void FakeClient::lay_hand(loadgen::HandAction action, QObject* context, Done<api::LoadStatus> done) {
    hands_.push_back(action);
    answer<api::LoadStatus>(context, std::move(done), [this, action] { return on_hand(action); });
}

void FakeClient::list_runs(std::size_t limit, QObject* context, Done<std::vector<api::StoredLoadRun>> done) {
    answer<std::vector<api::StoredLoadRun>>(context, std::move(done), [this, limit] {
        std::vector<api::StoredLoadRun> runs = stored_runs;
        if (runs.size() > limit) runs.resize(limit);
        return Result<std::vector<api::StoredLoadRun>>(std::move(runs));
    });
}

void FakeClient::run_report(std::string id, QObject* context, Done<std::string> done) {
    answer<std::string>(context, std::move(done), [this, id = std::move(id)] {
        const auto found = run_reports.find(id);
        return found != run_reports.end()
                   ? Result<std::string>(found->second)
                   : Result<std::string>(Error::make(ErrorCode::NotFound, "there is no such run"));
    });
}

void FakeClient::remove_run(std::string id, QObject* context, Done<bool> done) {
    answer<bool>(context, std::move(done), [this, id = std::move(id)] {
        const auto removed = std::erase_if(stored_runs, [&](const api::StoredLoadRun& run) { return run.id == id; });
        return removed > 0 ? Result<bool>(true)
                           : Result<bool>(Error::make(ErrorCode::NotFound, "there is no such run"));
    });
}

void FakeClient::compare_runs(std::string before, std::string after, QObject* context,
                              Done<loadgen::RunComparison> done) {
    answer<loadgen::RunComparison>(
        context, std::move(done),
        [this, before = std::move(before), after = std::move(after)] { return on_compare_runs(before, after); });
}

void FakeClient::stop_load(QObject* context, Done<api::LoadStatus> done) {
    ++stops_asked_;
    answer<api::LoadStatus>(context, std::move(done), on_stop_load);
}

void FakeClient::load_status(QObject* context, Done<api::LoadStatus> done) {
    answer<api::LoadStatus>(context, std::move(done), [this] { return Result<api::LoadStatus>(load_); });
}

void FakeClient::feed_opened(const Feed&) {}
void FakeClient::feed_closed(std::uint64_t) {}

std::vector<api::TopicFilter> FakeClient::subscribed(api::Topic topic) const {
    std::vector<api::TopicFilter> filters;
    for (const auto& [id, feed] : feeds()) {
        if (feed->topic == topic) filters.push_back(feed->filter);
    }
    return filters;
}

}  // namespace streamgauge::client
