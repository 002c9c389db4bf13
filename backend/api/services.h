// SPDX-License-Identifier: GPL-3.0-or-later
// The services behind every door: HTTP routes and the embedded console call the same ones.
// Asynchronous calls take a callback that is called exactly once, on a backend thread, and must not block; on shutdown
// it gets Unavailable. All methods are thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/types.h"
#include "base/result.h"
#include "loadgen/compare.h"
#include "loadgen/hand.h"

namespace streamgauge::api {

template <class T>
using Done = std::function<void(Result<T>)>;

// Questions of the contract's section 3, about one project, or with an empty one about all of them. Windows end now;
// minutes is 1 to 60, limit 1 to 1000, otherwise InvalidArgument.
class QueryService {
public:
    virtual ~QueryService() = default;
    virtual void active_users(std::string project, int minutes, Done<ActiveUsers> done) = 0;
    virtual void top_pages(std::string project, int minutes, int limit, Done<TopPages> done) = 0;
    virtual void active_sessions(std::string project, std::string user_id, Done<ActiveSessions> done) = 0;
    // NotFound for a pair that never occurred.
    virtual void pair_count(std::string project, std::string user_id, std::string page_url, Done<PairCount> done) = 0;
    // Newest minute first, then stream_id; at most `limit` rows of the last `minutes` (1 to 10080) by the newest
    // window.
    virtual void stream_minutes(std::string project, int minutes, int limit, Done<std::vector<StreamMinute>> done) = 0;
    // The newest minute of every stream.
    virtual void latest_streams(std::string project, Done<std::vector<StreamMinute>> done) = 0;
    virtual void top_streams(std::string project, int minutes, StreamOrder by, int n,
                             Done<std::vector<StreamMinute>> done) = 0;
    virtual PipelineStats pipeline_stats() = 0;
};

class AdminService {
public:
    virtual ~AdminService() = default;
    virtual Hello hello() = 0;
    virtual Health health() = 0;
};

// ---- push -----------------------------------------------------------------------------------------------------------
enum class Topic { Overview, Events, Load };

struct TopicFilter {
    // Events only; both must hold.
    std::string event_type;   // empty: every type
    std::string filter = {};  // in the filter language (metrics/filter.h); empty: everything. Must be one that parses
    bool operator==(const TopicFilter&) const = default;
};

// One message of a topic. A subscription starts with one snapshot; deltas follow with seq + 1 each. A gap in seq or
// another epoch means: wait for the next snapshot.
struct LiveMessage {
    Topic topic = Topic::Overview;
    std::uint64_t epoch = 0, seq = 0;
    bool snapshot = false;
    // Exactly the one of the topic is set. Immutable and shared between subscribers.
    std::shared_ptr<const Overview> overview;
    std::shared_ptr<const EventTail> events;
    std::shared_ptr<const LoadStatus> load;
};

struct ResumePoint {
    std::uint64_t epoch = 0, seq = 0;
};

// Destroying it ends the subscription; no call is made after the destructor returns.
class Subscription {
public:
    virtual ~Subscription() = default;
    // The reader fell behind and dropped messages: the next message is a fresh snapshot.
    virtual void request_snapshot() = 0;
};

// Publishes at most ten times a second, and only when something changed (Overview at least once a second).
class LiveService {
public:
    virtual ~LiveService() = default;
    // `receive` is called on the live thread and must not block. Resumes from the bounded ring when it still holds
    // `resume` (topics Overview and Load; a filtered tail always starts with a snapshot).
    virtual std::unique_ptr<Subscription> subscribe(Topic topic, TopicFilter filter, std::optional<ResumePoint> resume,
                                                    std::function<void(const LiveMessage&)> receive) = 0;
};

// What a load run of a scenario is started with.
struct ScenarioRun {
    std::string text;  // of the scenario file (loadgen/scenario_text.h)
    std::string by;    // who starts it: kept with the run
};

// What a search for the highest rate is started with: what it sends, and `objectives` that are to hold, are the
// scenario's, its rates are its own.
struct CapacityAsk {
    std::string scenario;  // text of the scenario file
    // "p(99)<300", "errors<1%": shares (loadgen/capacity_step.h); beside those of the scenario's `objectives`.
    std::vector<std::string> objectives;
    double first_rate = 50;   // requests a second
    double highest_rate = 0;  // 0: as much as may be sent here
    double budget_seconds = 175;
    std::string by;  // who starts it
};

// Runs the generator in a process of its own. One run at a time: Conflict otherwise.
class LoadService {
public:
    virtual ~LoadService() = default;
    // InvalidArgument with the field's name for a plan that makes no sense; Forbidden for a target that is not this
    // server or another loopback address.
    virtual void start(LoadPlan plan, Done<LoadStatus> done) = 0;
    // The same, by whom.
    virtual void start_for(std::string by, LoadPlan plan, Done<LoadStatus> done) {
        static_cast<void>(by);
        start(std::move(plan), std::move(done));
    }
    // The same by a scenario. It may name no file and no variable of this machine (Forbidden): whoever may start load
    // may not read them.
    virtual void start_scenario(ScenarioRun run, Done<LoadStatus> done) {
        static_cast<void>(run);
        done(Error::make(ErrorCode::Unavailable, "scenarios cannot be run here"));
    }
    // Does something to the run that is under way; answers when its process has been told. NotFound when none runs.
    virtual void hand(loadgen::HandAction action, Done<LoadStatus> done) {
        static_cast<void>(action);
        done(Error::make(ErrorCode::Unavailable, "there is no hand on load runs here"));
    }
    // Looks for the highest rate that holds all objectives, as a run whose status has `capacity`. InvalidArgument with
    // the member's name as field.
    virtual void find_capacity(CapacityAsk ask, Done<LoadStatus> done) {
        static_cast<void>(ask);
        done(Error::make(ErrorCode::Unavailable, "capacity cannot be searched for here"));
    }
    virtual void stop(Done<LoadStatus> done) = 0;
    virtual LoadStatus status() = 0;
};

// The load runs that ended and are kept.
class LoadRunService {
public:
    virtual ~LoadRunService() = default;
    // Newest first; 1 to 1,000.
    virtual void list(std::optional<Timestamp> before, std::size_t limit, Done<std::vector<StoredLoadRun>> done) = 0;
    // The whole report (loadgen/report_text.h). NotFound.
    virtual void report(std::string id, Done<std::string> done) = 0;
    virtual void remove(std::string id, Done<bool> done) = 0;
    // Whether they differ; the runs of each side count as one (loadgen/compare.h).
    virtual void compare(std::vector<std::string> before, std::vector<std::string> after,
                         Done<loadgen::RunComparison> done) = 0;
};

}  // namespace streamgauge::api
