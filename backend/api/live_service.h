// SPDX-License-Identifier: GPL-3.0-or-later
// The live feed: keeps ten minutes of seconds, and pushes the overview, the event tail and load runs to subscribers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/services.h"
#include "base/clock.h"

namespace streamgauge {
class Journal;
class Pipeline;
}  // namespace streamgauge

namespace streamgauge::api {

class IngestStats;

// All references must outlive the feed.
struct LiveSources {
    Journal& journal;
    Pipeline& pipeline;
    IngestStats& ingest;
    const Clock& clock;
    std::string data_dir;     // whose free space is shown
    std::uint64_t epoch = 0;  // Hello::epoch
    // Of the canary, which outlives the feed; empty: none is sent. Must not block.
    std::function<CanarySight()> canary{};
    // Overview::alert_changes; empty: there are no objectives. Must not block.
    std::function<std::optional<std::uint64_t>()> alert_changes{};
};

// One thread of its own. Without subscribers it wakes once a second to keep the ring of seconds, and does nothing else.
class LiveFeed final : public LiveService {
public:
    explicit LiveFeed(LiveSources sources);  // starts the thread
    ~LiveFeed() override;                    // stop()
    LiveFeed(const LiveFeed&) = delete;
    LiveFeed& operator=(const LiveFeed&) = delete;

    std::unique_ptr<Subscription> subscribe(Topic topic, TopicFilter filter, std::optional<ResumePoint> resume,
                                            std::function<void(const LiveMessage&)> receive) override;
    // The journal has committed: call it from Journal::on_commit, beside Pipeline::wake(). Never blocks.
    void journal_committed();
    // The newest state of the load run: `seconds` holds all of the run. Thread-safe, never blocks for long.
    void publish_load(LoadStatus status);
    // Ends all calls to subscribers and joins the thread. Subscriptions stay valid objects. Idempotent.
    void stop();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with subscriptions, which may outlive the feed
};

}  // namespace streamgauge::api
