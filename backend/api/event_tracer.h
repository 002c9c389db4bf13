// SPDX-License-Identifier: GPL-3.0-or-later
// Finds out what became of an event: in the log by its id, in the dead letters, and in the windows of every metric.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/service_thread.h"
#include "api/trace_service.h"
#include "base/clock.h"

namespace streamgauge {
class Journal;
class Pipeline;
class ResultStore;
class SchemaRegistry;
struct MetricDefinition;
}  // namespace streamgauge

namespace streamgauge::api {

class DeadLetterService;

// What the service asks. All must outlive it.
struct TraceSources {
    Journal& journal;
    Pipeline& pipeline;
    const Clock& clock;
    DeadLetterService* letters = nullptr;     // nullptr: there are none
    const SchemaRegistry* schemas = nullptr;  // nullptr: nothing is checked
    ResultStore* results = nullptr;           // nullptr: windows are told without their values
    // Metrics that answer now; empty: the built-in ones. Called on the service's thread, may wait a little.
    std::function<std::vector<MetricDefinition>()> metrics = {};
    // Projects that ids may be of, besides "default". As above.
    std::function<std::vector<std::string>()> projects = {};
};

struct TraceOptions {
    // Of events older than ids are known: looked at one by one, from the newest back.
    std::uint64_t most_events = 2'000'000;
    std::chrono::milliseconds longest{2000};
    std::chrono::milliseconds catch_up{1000};  // how long it waits for what it found to be committed to the store
    std::size_t most_windows = 1'000;          // of one event
};

class EventTracer final : public TraceService {
public:
    explicit EventTracer(TraceSources sources, TraceOptions options = {});
    ~EventTracer() override { stop(); }

    void trace(std::string event_id, std::string project, Done<EventTrace> done) override;
    // What waits is answered Unavailable. Idempotent.
    void stop() { thread_.stop(); }

private:
    class Search;
    const TraceSources sources_;
    const TraceOptions options_;
    ServiceThread thread_;
};

}  // namespace streamgauge::api
