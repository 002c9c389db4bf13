// SPDX-License-Identifier: GPL-3.0-or-later
// What the console may ask a backend, wherever it runs. View models see this header and nothing below it: small
// interfaces by capability, plain values from api/types.h, no transport.
#pragma once

#include <QObject>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/annotation_service.h"
#include "api/event_trace.h"
#include "api/metric_service.h"
#include "api/objective_exchange.h"
#include "api/objective_service.h"
#include "api/services.h"
#include "api/types.h"
#include "base/result.h"
#include "client/connection_state.h"
#include "query/query.h"

namespace streamgauge::client {

// How a call ends. It is called exactly once, on the GUI thread and never inside the call that took it, unless the
// context object is gone by then: then not at all. Besides what the backend answers, the errors are Disconnected (the
// connection broke or was not there) and Cancelled (stop() was called).
template <class T>
using Done = std::function<void(Result<T>)>;

class AdminCalls {
public:
    virtual ~AdminCalls() = default;
    virtual void health(QObject* context, Done<api::Health> done) = 0;
};

// Needs the feature "load"; without it the backend answers NotFound or Forbidden.
class LoadCalls {
public:
    virtual ~LoadCalls() = default;
    // Conflict while another run is active; InvalidArgument names the plan's field; Forbidden for a foreign target.
    virtual void start_load(api::LoadPlan plan, QObject* context, Done<api::LoadStatus> done) = 0;
    // A scenario file as it is. The same errors; InvalidArgument has the place in the text as offset.
    virtual void start_scenario(std::string text, QObject* context, Done<api::LoadStatus> done) = 0;
    virtual void find_capacity(api::CapacityAsk ask, QObject* context, Done<api::LoadStatus> done) = 0;
    // Changes the run that is under way. NotFound when none is.
    virtual void lay_hand(loadgen::HandAction action, QObject* context, Done<api::LoadStatus> done) = 0;
    virtual void stop_load(QObject* context, Done<api::LoadStatus> done) = 0;
    // The runs that ended, newest first; the whole report of one (loadgen/report_text.h); errors are those of
    // api::LoadRunService.
    virtual void list_runs(std::size_t limit, QObject* context, Done<std::vector<api::StoredLoadRun>> done) = 0;
    virtual void run_report(std::string id, QObject* context, Done<std::string> done) = 0;
    virtual void remove_run(std::string id, QObject* context, Done<bool> done) = 0;
    virtual void compare_runs(std::string before, std::string after, QObject* context,
                              Done<loadgen::RunComparison> done) = 0;
    virtual void load_status(QObject* context, Done<api::LoadStatus> done) = 0;
};

// Needs the feature "trace"; without it the backend answers NotFound.
class EventCalls {
public:
    virtual ~EventCalls() = default;
    // "Where is my event?" InvalidArgument for an id that cannot be; an id that nobody knows is an answer.
    virtual void trace(std::string event_id, QObject* context, Done<api::EventTrace> done) = 0;
};

// Needs the feature "metrics"; without it the backend answers NotFound. Errors are those of api::MetricService and
// api::AnalysisService.
class MetricCalls {
public:
    virtual ~MetricCalls() = default;
    virtual void list_metrics(QObject* context, Done<std::vector<api::MetricStatus>> done) = 0;
    // `progress` is told on the GUI thread, 0 to 1, where it is known; it may be empty. When `context` goes, the
    // question ends, on the server too.
    virtual void points(query::PointsQuery query, std::function<void(double)> progress, QObject* context,
                        Done<query::PointsAnswer> done) = 0;
    virtual void put_metric(MetricDefinition definition, QObject* context, Done<api::MetricStatus> done) = 0;
    // What put_metric() would say, without doing it.
    virtual void try_metric(MetricDefinition definition, QObject* context, Done<bool> done) = 0;
    virtual void remove_metric(std::string name, QObject* context, Done<bool> done) = 0;
    virtual void cancel_backfill(std::string name, QObject* context, Done<bool> done) = 0;
    // One that has failed is tried now.
    virtual void retry_backfill(std::string name, QObject* context, Done<bool> done) = 0;
};

// Needs the feature "annotations"; without it the backend answers NotFound. Errors are those of api::AnnotationService.
class AnnotationCalls {
public:
    virtual ~AnnotationCalls() = default;
    // Of every project that may be seen; those that touch the range, oldest first, of many the newest 200.
    virtual void list_annotations(query::TimeRange range, QObject* context,
                                  Done<std::vector<api::Annotation>> done) = 0;
    virtual void add_annotation(api::Annotation annotation, QObject* context, Done<api::Annotation> done) = 0;
    virtual void remove_annotation(std::string id, QObject* context, Done<bool> done) = 0;
};

// Needs the feature "objectives"; without it the backend answers NotFound. Errors are those of api::ObjectiveService.
// The list is as of the last second: ask once a second while it is shown.
class ObjectiveCalls {
public:
    virtual ~ObjectiveCalls() = default;
    virtual void list_objectives(QObject* context, Done<std::vector<api::ObjectiveStatus>> done) = 0;
    virtual void objective_history(std::string name, query::TimeRange range, QObject* context,
                                   Done<api::ObjectiveHistory> done) = 0;
    virtual void put_objective(slo::Objective objective, QObject* context, Done<api::ObjectiveStatus> done) = 0;
    virtual void remove_objective(std::string name, QObject* context, Done<bool> done) = 0;
    // Progress and end as of MetricCalls::points().
    virtual void back_test(slo::Objective draft, query::TimeRange range, std::function<void(double)> progress,
                           QObject* context, Done<api::BackTest> done) = 0;
    // api::ObjectiveExchange.
    virtual void import_objectives(std::string openslo, bool dry_run, QObject* context,
                                   Done<api::ImportedObjectives> done) = 0;
    virtual void export_objectives(api::ObjectiveForm form, QObject* context, Done<std::string> done) = 0;
};

// Destroying it ends the subscription: nothing is received afterwards. It may be destroyed inside its own callback, and
// before or after the client.
class LiveSubscription {
public:
    virtual ~LiveSubscription() = default;
};

class LiveCalls {
public:
    virtual ~LiveCalls() = default;
    // May be called in any state; delivery starts when the connection does, and goes on after a reconnect. The first
    // message is a snapshot, each delta follows its predecessor without a gap; where something was lost (a slow
    // reader, a restarted server) a snapshot comes instead. `receive` runs on the GUI thread while `context` lives.
    [[nodiscard]] virtual std::unique_ptr<LiveSubscription> subscribe(
        api::Topic topic, api::TopicFilter filter, QObject* context,
        std::function<void(const api::LiveMessage&)> receive) = 0;
};

// One connection. Lives on: GUI thread; no call here waits for anything.
class BackendClient : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    // From Idle or Failed; otherwise nothing happens.
    virtual void start() = 0;
    // To Idle. Completes every pending call with Cancelled before it returns; subscriptions stay and resume at the next
    // start().
    virtual void stop() = 0;

    virtual AdminCalls& admin() = 0;
    virtual LoadCalls& load() = 0;
    virtual EventCalls& events() = 0;
    virtual MetricCalls& metrics() = 0;
    virtual AnnotationCalls& annotations() = 0;
    virtual ObjectiveCalls& objectives() = 0;
    virtual LiveCalls& live() = 0;

    virtual ConnectionState state() const = 0;
    // What went wrong, why, and what to do, while Degraded or Failed; otherwise empty.
    virtual std::string error_text() const = 0;
    // The newest answer of the backend, kept while Degraded; nothing before the first.
    virtual const std::optional<api::Hello>& hello() const = 0;
    // Of one question and its answer, measured about once a second; nothing until then or when not connected.
    virtual std::optional<double> latency_ms() const = 0;
    // Whom we talk to, for the connection pill: a host and port, or "embedded".
    virtual std::string endpoint() const = 0;
    // Where events are posted to, as "http://127.0.0.1:8080/events"; empty while unknown.
    virtual std::string ingest_url() const = 0;

    // Logs in as this user from now on, and connects again. Where nobody is asked for a login nothing happens.
    virtual void log_in(std::string user, std::string password);
    // Whose name stands in the login until the person writes another; may be empty.
    virtual std::string login_name() const { return {}; }

    bool has_feature(std::string_view name) const;

Q_SIGNALS:
    void stateChanged();  // also when the error's text, hello or the ingest URL changed
    void latencyChanged();
    // The server wants to know who asks, or refused what it was told: error_text() says which, where it stands between
    // us and the server. Answered with log_in(), or not at all.
    void loginWanted();
};

}  // namespace streamgauge::client
