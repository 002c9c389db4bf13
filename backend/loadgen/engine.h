// SPDX-License-Identifier: GPL-3.0-or-later
// The open-loop engine: one thread, one epoll, keep-alive connections. Each request is sent at its planned time, or as
// soon after it as a connection is free; its response time counts from the planned time either way. Nothing is
// allocated to send a request or to read its answer; memory grows only when a connection is opened.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "loadgen/arrival_plan.h"
#include "loadgen/request_template.h"
#include "loadgen/run_record.h"
#include "loadgen/target.h"

namespace streamgauge::loadgen {

struct EngineOptions {
    static constexpr std::uint32_t kMostConnections = 10'000;

    std::uint32_t connections = 64;                 // most kept open, so most requests in flight. 1..kMostConnections
    std::int64_t timeout_nanos = 30'000'000'000;    // connect, and sent to answered
    std::int64_t grace_nanos = 5'000'000'000;       // wait for answers after the last planned time
    std::int64_t stop_grace_nanos = 1'000'000'000;  // the same when stopped early
    std::int64_t progress_nanos = 250'000'000;      // between two progress reports
};

struct Progress {
    RunState state = RunState::Running;
    const RunRecord* record = nullptr;  // valid during the call
    std::uint32_t open_connections = 0;
    std::int64_t elapsed_nanos = 0;
};

class Engine {
public:
    // InvalidArgument (field connections) when they are out of range or their buffers would pass 1 GiB.
    static Result<std::unique_ptr<Engine>> make(const Address& address, const ArrivalPlan& plan,
                                                RequestTemplate requests, const EngineOptions& options);
    virtual ~Engine() = default;

    // Runs to the end; call once. Returns Done, or Stopped after `stop_fd` (an eventfd or pipe; -1: none) became
    // readable or `progress` returned false; Io when the kernel refuses what the engine stands on. After a first stop
    // the answers in flight are waited for (stop_grace_nanos); further bytes on `stop_fd` end that too. `progress` is
    // called on this thread between sends, at the end once more with the final state, and must be quick.
    virtual Result<RunState> run(int stop_fd, const std::function<bool(const Progress&)>& progress) = 0;

    // Complete after run().
    virtual const RunRecord& record() const = 0;
};

}  // namespace streamgauge::loadgen
