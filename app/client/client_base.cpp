// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/client_base.h"

namespace streamgauge::client {

class ClientBase::Handle final : public LiveSubscription {
public:
    Handle(ClientBase* client, std::uint64_t id) : client_(client), id_(id) {}
    ~Handle() override {
        if (client_) client_->close_feed(id_);
    }

private:
    const QPointer<ClientBase> client_;
    const std::uint64_t id_;
};

std::unique_ptr<LiveSubscription> ClientBase::subscribe(api::Topic topic, api::TopicFilter filter, QObject* context,
                                                        std::function<void(const api::LiveMessage&)> receive) {
    const auto feed =
        std::make_shared<Feed>(Feed{next_feed_++, topic, std::move(filter), context, std::move(receive), {}});
    feeds_.emplace(feed->id, feed);
    feed_opened(*feed);
    return std::make_unique<Handle>(this, feed->id);
}

void ClientBase::close_feed(std::uint64_t id) {
    if (feeds_.erase(id) > 0) feed_closed(id);
}

bool ClientBase::deliver(std::uint64_t feed_id, const api::LiveMessage& message) {
    const auto found = feeds_.find(feed_id);
    if (found == feeds_.end()) return true;
    // Kept alive here: the callback may end its own subscription.
    const std::shared_ptr<Feed> feed = found->second;
    if (!feed->follows(message)) {
        feed->last.reset();
        return false;
    }
    feed->last = api::ResumePoint{message.epoch, message.seq};
    if (feed->context) feed->receive(message);
    return true;
}

void ClientBase::set_state(ConnectionState state, std::string error_text) {
    if (state_ == state && error_text_ == error_text) return;
    state_ = state;
    error_text_ = std::move(error_text);
    if (state != ConnectionState::Live && state != ConnectionState::Syncing) set_latency(std::nullopt);
    Q_EMIT stateChanged();
}

void ClientBase::set_hello(std::optional<api::Hello> hello) {
    if (hello_ == hello) return;
    hello_ = std::move(hello);
    Q_EMIT stateChanged();
}

void ClientBase::set_ingest_url(std::string url) {
    if (ingest_url_ == url) return;
    ingest_url_ = std::move(url);
    Q_EMIT stateChanged();
}

void ClientBase::set_latency(std::optional<double> ms) {
    if (latency_ms_ == ms) return;
    latency_ms_ = ms;
    Q_EMIT latencyChanged();
}

bool ClientBase::connected() const {
    return state_ == ConnectionState::Syncing || state_ == ConnectionState::Live || state_ == ConnectionState::Degraded;
}

void ClientBase::follow_health(const api::Health& health) {
    if (health.up) {
        if (state() == ConnectionState::Degraded) set_state(ConnectionState::Live);
        return;
    }
    if (state() != ConnectionState::Live && state() != ConnectionState::Degraded) return;
    std::string parts;
    for (const api::ComponentHealth& component : health.components) {
        if (component.up) continue;
        parts += (parts.empty() ? "" : "; ") + component.name + ": " +
                 (component.detail.empty() ? "down" : component.detail);
    }
    set_state(ConnectionState::Degraded,
              "The server is not well: " + (parts.empty() ? "no reason given" : parts) + ".");
}

Error ClientBase::not_connected() {
    return {ErrorCode::Disconnected,
            "not connected to a server",
            {},
            {},
            "wait until the connection is live, or reconnect"};
}

}  // namespace streamgauge::client
