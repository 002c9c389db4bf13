// SPDX-License-Identifier: GPL-3.0-or-later
// Server-sent events: B's GET /metrics/stream, and the console's GET /api/v1/live.
#include <mutex>

#include "api/codec.h"
#include "base/limits.h"
#include "server/metrics_ticker.h"
#include "server/parameters.h"
#include "server/request_metrics.h"
#include "server/routes.h"

namespace streamgauge {

namespace {

constexpr std::size_t kFullBacklog = limits::kUnreadAnswerBytes / 4;  // beyond: the reader gets snapshots only
constexpr std::int64_t kPatienceNanos = 30'000'000'000;               // with a full backlog; then it is cut off

// The text of the newest message, made once for all readers that get the same one.
class SharedText {
public:
    std::shared_ptr<const std::string> of(const api::LiveMessage& message) {
        const std::lock_guard lock(mutex_);
        const bool same = text_ && message_.epoch == message.epoch && message_.seq == message.seq &&
                          message_.snapshot == message.snapshot && message_.overview == message.overview &&
                          message_.events == message.events && message_.load == message.load;
        if (!same) {
            text_ = std::make_shared<const std::string>(api::to_sse(message));
            message_ = message;  // keeps the values alive, so that their addresses stay theirs
        }
        return text_;
    }

private:
    std::mutex mutex_;
    api::LiveMessage message_;
    std::shared_ptr<const std::string> text_;
};

// One reader. The subscription calls it on the live thread, the stream's end on an engine's thread.
class Reader : public std::enable_shared_from_this<Reader> {
public:
    Reader(std::shared_ptr<http::Stream> stream, const Clock& clock, std::shared_ptr<SharedText> texts)
        : stream_(std::move(stream)), clock_(clock), texts_(std::move(texts)) {}

    void open(api::LiveService& live, api::Topic topic, api::TopicFilter filter,
              std::optional<api::ResumePoint> resume) {
        // The stream owns the reader until it ends, and the reader the subscription.
        stream_->on_closed([self = shared_from_this()] { self->close(); });
        auto subscription = live.subscribe(topic, std::move(filter), resume,
                                           [weak = weak_from_this()](const api::LiveMessage& message) {
                                               if (const auto self = weak.lock()) self->receive(message);
                                           });
        std::unique_lock lock(mutex_);
        if (closed_) {  // the client left meanwhile
            lock.unlock();
            return;
        }
        subscription_ = std::move(subscription);
        if (wants_snapshot_) subscription_->request_snapshot();
    }

private:
    void receive(const api::LiveMessage& message) {
        const std::size_t backlog = stream_->backlog();
        if (backlog > kFullBacklog) {
            const std::int64_t now = clock_.monotonic_nanos();
            if (full_since_ == 0) full_since_ = now;
            if (now - full_since_ > kPatienceNanos) return stream_->end();
            return drop();
        }
        full_since_ = 0;
        if (behind_ && !message.snapshot) return drop();
        behind_ = false;
        stream_->push(texts_->of(message));
    }

    void drop() {
        behind_ = true;
        const std::lock_guard lock(mutex_);
        if (subscription_) {
            subscription_->request_snapshot();
        } else {
            wants_snapshot_ = true;
        }
    }

    void close() {
        std::unique_ptr<api::Subscription> ended;
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            ended = std::move(subscription_);
        }
        // Destroyed outside the lock: it waits for a call that is under way, which may want the lock.
    }

    const std::shared_ptr<http::Stream> stream_;
    const Clock& clock_;
    const std::shared_ptr<SharedText> texts_;
    bool behind_ = false;          // live thread only
    std::int64_t full_since_ = 0;  // live thread only; 0: the backlog is not full

    std::mutex mutex_;
    std::unique_ptr<api::Subscription> subscription_;  // guarded by mutex_
    bool closed_ = false;                              // guarded by mutex_
    bool wants_snapshot_ = false;                      // guarded by mutex_
};

http::Handler live_handler(const RouteServices& services) {
    // One for each topic, so that topics do not take each other's place.
    std::vector<std::shared_ptr<SharedText>> texts;
    for (int i = 0; i < 3; ++i) texts.push_back(std::make_shared<SharedText>());
    return [&services, texts](const http::Request& request, const http::ReplyPtr& reply) {
        Parameters in(request);
        const auto topic = static_cast<api::Topic>(in.word("topic", {"overview", "events", "load"}));
        api::TopicFilter filter{in.text("event_type", limits::kEventTypeBytes)};
        if (const std::size_t unknown = in.unknown({"topic", "event_type"}); unknown != 0) {
            services.requests.ignored_parameters(unknown);
        }
        if (in.fault()) return reply->send(http::problem(*in.fault()));
        std::optional<api::ResumePoint> resume;
        // A point that cannot be read is one that cannot be resumed from: the answer starts with a snapshot.
        if (const auto point = api::parse_resume_point(request.header("Last-Event-ID")); point.ok()) resume = *point;
        auto stream = reply->stream();
        if (!stream) return;
        std::make_shared<Reader>(std::move(stream), services.clock, texts[static_cast<std::size_t>(topic)])
            ->open(services.live, topic, std::move(filter), resume);
    };
}

}  // namespace

Status add_live_routes(http::RouteTable& table, const RouteServices& services) {
    using http::Method, http::Plane, http::Scope;
    Status added = table.add({Method::Get, "/metrics/stream", Scope::Query, Plane::Both, 0,
                              "Server-sent events: what was received and written, once a second (B's form).",
                              [&services](const http::Request&, const http::ReplyPtr& reply) {
                                  if (auto stream = reply->stream()) services.ticker.add(std::move(stream));
                              }});
    if (!added.ok()) return added;
    return table.add(
        {Method::Get, "/api/v1/live", Scope::Query, Plane::Both, 0,
         "Server-sent events of a topic (overview, events, load): a snapshot, then deltas; Last-Event-ID resumes.",
         live_handler(services)});
}

}  // namespace streamgauge
