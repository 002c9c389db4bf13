// SPDX-License-Identifier: GPL-3.0-or-later
// A backend that does what a test says, behind the same services as the real one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/annotation_codec.h"
#include "client/scripted_metrics.h"
#include "client/scripted_objectives.h"
#include "server/backend.h"

namespace streamgauge::tests {

// Everything that a trace can say, for "known"; "unknown" for any other.
inline api::EventTrace scripted_trace(const std::string& event_id) {
    api::EventTrace trace;
    trace.event_id = event_id;
    trace.looked_at = {"the dead letters"};
    if (event_id != "known") {
        trace.summary = "No event with this id is kept.";
        trace.hints = {"ids are compared byte by byte"};
        return trace;
    }
    trace.verdict = api::TraceVerdict::Accepted;
    trace.summary = "Accepted as event 7 of project default, and counted.";
    api::TraceEvent event;
    event.id = 7;
    event.project = "default";
    event.event_id = event_id;
    event.event_type = "view";
    event.props = "{}";
    event.received_at = event.occurred_at = Timestamp{1'770'000'000'000'000};
    event.source = "/events";
    event.dialect = "generic";
    event.aggregated = event.committed = true;
    api::TraceWindow window;
    window.metric = "page_views";
    window.aggregate = "count";
    window.width = "1m";
    window.start = event.occurred_at;
    window.end = event.occurred_at.plus_micros(60'000'000);
    window.group = {{"page_url", "/a & b"}};
    window.effect = "+1";
    window.value = "3";
    event.windows = {window};
    trace.events = {event};
    trace.letters = {{1, "default", "resent", event.received_at, "bad", "user_id", "/events", "generic", 7}};
    trace.pipeline = {8, 8, 8, 0, 0, event.received_at};
    trace.archive = {"", "no archive is configured"};
    return trace;
}

// Thread-safe, as services are.
class ScriptedServices final : public api::QueryService,
                               public api::LiveService,
                               public api::LoadService,
                               public api::AdminService {
public:
    ~ScriptedServices() override = default;

    // ---- the script
    void publish(const api::Overview& overview) {
        auto message = next(api::Topic::Overview, false);
        message.overview = std::make_shared<const api::Overview>(overview);
        send(message);
    }
    void publish(const api::EventTail& tail) {
        auto message = next(api::Topic::Events, false);
        message.events = std::make_shared<const api::EventTail>(tail);
        send(message);
    }
    // The next delta of every subscription is lost on the way.
    void lose_one(api::Topic topic) { (void)next(topic, false); }
    void restart() {
        const std::lock_guard lock(mutex_);
        ++hello_.epoch;
        seq_ = 0;
    }
    void set_health(const api::Health& health) {
        const std::lock_guard lock(mutex_);
        health_ = health;
    }
    // Load calls wait until release().
    void hold() {
        const std::lock_guard lock(mutex_);
        holding_ = true;
    }
    void release() {
        std::vector<std::function<void()>> held;
        {
            const std::lock_guard lock(mutex_);
            holding_ = false;
            held.swap(held_);
        }
        for (const auto& answer : held) answer();
    }
    std::size_t held() const {
        const std::lock_guard lock(mutex_);
        return held_.size();
    }
    std::vector<api::TopicFilter> filters(api::Topic topic) const {
        const std::lock_guard lock(mutex_);
        std::vector<api::TopicFilter> result;
        for (const auto& [id, reader] : readers_) {
            if (reader.topic == topic) result.push_back(reader.filter);
        }
        return result;
    }
    void when_released(std::function<void()> work) { answer(std::move(work)); }
    int snapshots_sent() const {
        const std::lock_guard lock(mutex_);
        return snapshots_sent_;
    }

    // ---- services
    std::unique_ptr<api::Subscription> subscribe(api::Topic topic, api::TopicFilter filter,
                                                 std::optional<api::ResumePoint>,
                                                 std::function<void(const api::LiveMessage&)> receive) override {
        std::uint64_t id = 0;
        {
            const std::lock_guard lock(mutex_);
            id = ++last_reader_;
            readers_[id] = {topic, std::move(filter), std::move(receive)};
        }
        send_snapshot(id);
        return std::make_unique<Reading>(*this, id);
    }
    void start(api::LoadPlan plan, api::Done<api::LoadStatus> done) override {
        answer([this, plan, done] {
            if (plan.rate <= 0) {
                return done(Error{ErrorCode::InvalidArgument, "the rate must be above 0", "rate", {}, "give one"});
            }
            {
                const std::lock_guard lock(mutex_);
                load_.run_id = "run-1";
                load_.plan = plan;
                load_.state = api::LoadState::Running;
            }
            done(status());
        });
    }
    void stop(api::Done<api::LoadStatus> done) override {
        answer([this, done] {
            {
                const std::lock_guard lock(mutex_);
                load_.state = api::LoadState::Stopped;
            }
            done(status());
        });
    }
    api::LoadStatus status() override {
        const std::lock_guard lock(mutex_);
        return load_;
    }
    ScriptedMetrics& metrics() { return metrics_; }
    api::Hello hello() override {
        const std::lock_guard lock(mutex_);
        return hello_;
    }
    api::Health health() override {
        const std::lock_guard lock(mutex_);
        return health_;
    }
    void active_users(std::string, int, api::Done<api::ActiveUsers> done) override { done(unavailable()); }
    void top_pages(std::string, int, int, api::Done<api::TopPages> done) override { done(unavailable()); }
    void active_sessions(std::string, std::string, api::Done<api::ActiveSessions> done) override {
        done(unavailable());
    }
    void pair_count(std::string, std::string, std::string, api::Done<api::PairCount> done) override {
        done(unavailable());
    }
    void stream_minutes(std::string, int, int, api::Done<std::vector<api::StreamMinute>> done) override {
        done(unavailable());
    }
    void latest_streams(std::string, api::Done<std::vector<api::StreamMinute>> done) override { done(unavailable()); }
    void top_streams(std::string, int, api::StreamOrder, int, api::Done<std::vector<api::StreamMinute>> done) override {
        done(unavailable());
    }
    api::PipelineStats pipeline_stats() override { return {}; }

private:
    struct Reader {
        api::Topic topic = api::Topic::Overview;
        api::TopicFilter filter;
        std::function<void(const api::LiveMessage&)> receive;
    };
    class Reading final : public api::Subscription {
    public:
        Reading(ScriptedServices& services, std::uint64_t id) : services_(services), id_(id) {}
        ~Reading() override {
            const std::lock_guard lock(services_.mutex_);
            services_.readers_.erase(id_);
        }
        void request_snapshot() override { services_.send_snapshot(id_); }

    private:
        ScriptedServices& services_;
        const std::uint64_t id_;
    };

    static Error unavailable() { return Error::make(ErrorCode::Unavailable, "not scripted"); }
    api::LiveMessage next(api::Topic topic, bool snapshot) {
        const std::lock_guard lock(mutex_);
        return {topic, hello_.epoch, snapshot ? seq_ : ++seq_, snapshot, {}, {}, {}};
    }
    void send(const api::LiveMessage& message) {
        std::vector<std::function<void(const api::LiveMessage&)>> receivers;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& [id, reader] : readers_) {
                if (reader.topic == message.topic) receivers.push_back(reader.receive);
            }
        }
        for (const auto& receive : receivers) receive(message);
    }
    void send_snapshot(std::uint64_t id) {
        Reader reader;
        {
            const std::lock_guard lock(mutex_);
            reader = readers_.at(id);
            ++snapshots_sent_;
        }
        auto message = next(reader.topic, true);
        switch (reader.topic) {
            case api::Topic::Overview:
                message.overview = std::make_shared<const api::Overview>();
                break;
            case api::Topic::Events:
                message.events = std::make_shared<const api::EventTail>();
                break;
            case api::Topic::Load:
                message.load = std::make_shared<const api::LoadStatus>(status());
                break;
        }
        reader.receive(message);
    }
    void answer(std::function<void()> work) {
        {
            const std::lock_guard lock(mutex_);
            if (holding_) {
                held_.push_back(std::move(work));
                return;
            }
        }
        work();
    }

    ScriptedMetrics metrics_;
    mutable std::mutex mutex_;
    api::Hello hello_{"streamgauge",
                      "0.1.0",
                      1,
                      7,
                      {"live", "events", "load", "filter", "trace", "metrics", "annotations", "objectives"}};
    api::Health health_{true, {{"journal", true, ""}, {"store", true, ""}}};
    api::LoadStatus load_;
    std::map<std::uint64_t, Reader> readers_;
    std::uint64_t last_reader_ = 0;
    std::uint64_t seq_ = 0;
    int snapshots_sent_ = 0;
    bool holding_ = false;
    std::vector<std::function<void()>> held_;
};

// Knows the console and nobody else: everything that a console does not ask yet is NotFound.
class ScriptedAccess final : public api::AccessService {
public:
    api::Login console_login() override { return {"sgc_scripted", Timestamp::from_seconds(4'000'000'000)}; }
    void login(std::string, std::string, std::string, api::Done<api::Login> done) override { refuse(done); }
    void projects(api::Done<std::vector<api::Project>> done) override { refuse(done); }
    void save_project(api::Project, bool, api::Done<api::Project> done) override { refuse(done); }
    void remove_project(std::string, api::Done<bool> done) override { refuse(done); }
    void keys(std::string, api::Done<std::vector<api::ApiKey>> done) override { refuse(done); }
    void create_key(api::ApiKey, std::optional<std::string>, api::Done<api::NewApiKey> done) override { refuse(done); }
    void revoke_key(std::string, api::Done<api::ApiKey> done) override { refuse(done); }
    void users(api::Done<std::vector<api::User>> done) override { refuse(done); }
    void create_user(std::string, std::string, auth::Role, api::Done<api::User> done) override { refuse(done); }
    void change_user(std::string, std::optional<std::string>, std::optional<auth::Role>,
                     api::Done<api::User> done) override {
        refuse(done);
    }
    void remove_user(std::string, api::Done<bool> done) override { refuse(done); }
    void rotate_signing_key(api::Done<std::string> done) override { refuse(done); }

private:
    template <class T>
    static void refuse(const api::Done<T>& done) {
        done(Error::make(ErrorCode::NotFound, "this backend knows nobody"));
    }
};

// Knows one event, "known", and answers of it in full.
class ScriptedTrace final : public api::TraceService {
public:
    explicit ScriptedTrace(ScriptedServices& services) : services_(services) {}
    void trace(std::string event_id, std::string, api::Done<api::EventTrace> done) override {
        services_.when_released([event_id = std::move(event_id), done = std::move(done)] {
            if (event_id.size() > 128) {
                return done(Error{ErrorCode::InvalidArgument, "an event id is 1 to 128 bytes", "event_id", {}, {}});
            }
            done(scripted_trace(event_id));
        });
    }

private:
    ScriptedServices& services_;
};

// Keeps what it is told, at once.
class ScriptedAnnotations final : public api::AnnotationService {
public:
    void add(api::Annotation annotation, api::Done<api::Annotation> done) override {
        if (Status right = api::check(annotation); !right) return done(right.error());
        annotation.id = std::to_string(++made_);
        annotation.by = "console";
        kept_.push_back(annotation);
        done(annotation);
    }
    void list(std::string, query::TimeRange range, std::size_t, api::Done<std::vector<api::Annotation>> done) override {
        std::vector<api::Annotation> found;
        for (const api::Annotation& one : kept_)
            if (one.at < range.to && one.until.value_or(one.at) >= range.from) found.push_back(one);
        done(std::move(found));
    }
    void remove(std::string, std::string id, api::Done<bool> done) override {
        if (std::erase_if(kept_, [&id](const api::Annotation& one) { return one.id == id; }) == 0)
            return done(Error::make(ErrorCode::NotFound, "there is no such annotation"));
        done(true);
    }

private:
    std::vector<api::Annotation> kept_;
    int made_ = 0;
};

// Keeps no load run.
class ScriptedRuns final : public api::LoadRunService {
public:
    void list(std::optional<Timestamp>, std::size_t, api::Done<std::vector<api::StoredLoadRun>> done) override {
        done(std::vector<api::StoredLoadRun>());
    }
    void report(std::string, api::Done<std::string> done) override { done(none()); }
    void remove(std::string, api::Done<bool> done) override { done(none()); }
    void compare(std::vector<std::string>, std::vector<std::string>, api::Done<loadgen::RunComparison> done) override {
        done(none());
    }

private:
    static Error none() { return Error::make(ErrorCode::NotFound, "there is no such run"); }
};

// `services` must outlive it.
class ScriptedBackend final : public Backend {
public:
    explicit ScriptedBackend(ScriptedServices& services) : services_(services) {}
    ~ScriptedBackend() override { services_.release(); }
    Services services() override {
        return {services_,           services_,           services_,    services_,   access_, trace_,
                services_.metrics(), services_.metrics(), annotations_, objectives_, runs_};
    }
    std::optional<std::string> take_first_password() override { return std::nullopt; }
    const http::RouteTable& routes() const override { return routes_; }
    std::vector<http::Endpoint> listening() const override { return {{"127.0.0.1", 8080}}; }
    std::optional<http::Endpoint> management() const override { return std::nullopt; }
    void stop(std::chrono::milliseconds) override {}

private:
    ScriptedServices& services_;
    ScriptedAccess access_;
    ScriptedTrace trace_{services_};
    ScriptedAnnotations annotations_;
    ScriptedObjectives objectives_;
    ScriptedRuns runs_;
    const http::RouteTable routes_{};
};

}  // namespace streamgauge::tests
