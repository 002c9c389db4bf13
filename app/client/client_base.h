// SPDX-License-Identifier: GPL-3.0-or-later
// What all clients share: the state, pending calls, and the record of what is subscribed, which outlives a connection.
#pragma once

#include <QPointer>

#include <cstdint>
#include <map>

#include "client/backend_client.h"
#include "client/pending_calls.h"

namespace streamgauge::client {

// One subscription on the GUI's side. It lets a message through only where it belongs: a snapshot, or the delta that
// follows the last message.
struct Feed {
    std::uint64_t id = 0;
    api::Topic topic = api::Topic::Overview;
    api::TopicFilter filter;
    QPointer<QObject> context;
    std::function<void(const api::LiveMessage&)> receive;
    std::optional<api::ResumePoint> last;  // nothing: only a snapshot is let through

    // False when `message` does not follow the last one: the caller asks for a snapshot.
    [[nodiscard]] bool follows(const api::LiveMessage& message) const {
        return message.snapshot || (last && last->epoch == message.epoch && last->seq + 1 == message.seq);
    }
};

// Lives on: GUI thread.
class ClientBase : public BackendClient,
                   protected AdminCalls,
                   protected LoadCalls,
                   protected EventCalls,
                   protected MetricCalls,
                   protected AnnotationCalls,
                   protected ObjectiveCalls,
                   protected LiveCalls {
    Q_OBJECT
public:
    using BackendClient::BackendClient;

    AdminCalls& admin() override { return *this; }
    LoadCalls& load() override { return *this; }
    EventCalls& events() override { return *this; }
    MetricCalls& metrics() override { return *this; }
    AnnotationCalls& annotations() override { return *this; }
    ObjectiveCalls& objectives() override { return *this; }
    LiveCalls& live() override { return *this; }
    ConnectionState state() const override { return state_; }
    std::string error_text() const override { return error_text_; }
    const std::optional<api::Hello>& hello() const override { return hello_; }
    std::optional<double> latency_ms() const override { return latency_ms_; }
    std::string ingest_url() const override { return ingest_url_; }

protected:
    std::unique_ptr<LiveSubscription> subscribe(api::Topic topic, api::TopicFilter filter, QObject* context,
                                                std::function<void(const api::LiveMessage&)> receive) override;

    // A feed appeared or went; the subclass opens or closes what carries it, if it is connected.
    virtual void feed_opened(const Feed& feed) = 0;
    virtual void feed_closed(std::uint64_t id) = 0;

    // Hands `message` to the feed and notes where it stands. False when a snapshot has to be asked for.
    bool deliver(std::uint64_t feed_id, const api::LiveMessage& message);
    void set_state(ConnectionState state, std::string error_text = {});
    void set_hello(std::optional<api::Hello> hello);
    void set_ingest_url(std::string url);
    void set_latency(std::optional<double> ms);
    bool connected() const;  // calls can be made
    // Live becomes Degraded, with the reason, while a part of the backend is down, and comes back with it.
    void follow_health(const api::Health& health);
    // Settles `call` with Disconnected, from the event loop.
    template <class T>
    void refuse(const std::shared_ptr<PendingCalls::Call<T>>& call) {
        QMetaObject::invokeMethod(
            this, [call] { call->settle(not_connected()); }, Qt::QueuedConnection);
    }
    static Error not_connected();

    const std::map<std::uint64_t, std::shared_ptr<Feed>>& feeds() const { return feeds_; }
    PendingCalls& pending() { return pending_; }

private:
    class Handle;
    void close_feed(std::uint64_t id);

    std::map<std::uint64_t, std::shared_ptr<Feed>> feeds_;
    std::uint64_t next_feed_ = 1;
    PendingCalls pending_;
    ConnectionState state_ = ConnectionState::Idle;
    std::string error_text_;
    std::string ingest_url_;
    std::optional<api::Hello> hello_;
    std::optional<double> latency_ms_;
};

}  // namespace streamgauge::client
