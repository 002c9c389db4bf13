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
#include "loadgen/hand_box.h"
#include "loadgen/number_set.h"
#include "loadgen/run_record.h"
#include "loadgen/scenario.h"
#include "loadgen/target.h"

namespace streamgauge::loadgen {

struct EngineOptions {
    static constexpr std::uint32_t kMostConnections = 10'000;

    // Makes generated ids differ between runs of one seed: a repeated id would be a duplicate. Repeating a run with its
    // salt repeats its ids too.
    std::uint64_t id_salt = 0;
    std::int64_t stop_grace_nanos = 1'000'000'000;  // wait for answers when stopped early
    std::int64_t progress_nanos = 250'000'000;      // between two progress reports
    bool real_time = true;             // the thread that runs it runs before all ordinary ones where that is allowed
    HandBox* hand = nullptr;           // outlives the engine; none: nobody interferes
    std::vector<HandAction> recorded;  // of a run to be repeated: each takes effect at its at_nanos
    RunObjectives* objectives =
        nullptr;                   // of the same scenario, told of all that ends and of the time; outlives the engine
    double highest_user_rate = 0;  // closed loop: most requests a second, for which users think longer; 0: no bound
    NumberSet* acknowledged = nullptr;  // gets the numbers of the requests with a good answer; outlives the engine
};

struct Progress {
    RunState state = RunState::Running;
    StopReason stopped_by = StopReason::None;  // Stopped
    const RunRecord* record = nullptr;         // valid during the call
    std::uint32_t open_connections = 0;
    std::int64_t elapsed_nanos = 0;
    double rate = 0;   // planned now: requests a second, or users
    double speed = 1;  // of a replay, now
    bool paused = false;
};

// Connections that a run may have open at once, without a hand: file descriptors to allow for.
std::uint32_t most_connections(const Scenario& scenario);

class Engine {
public:
    // InvalidArgument with the scenario's member as field for what a run cannot be made of (validate(), credentials
    // that cannot be read, request buffers above 1 GiB: field max_in_flight).
    // `address`: resolve() of the scenario's url; every connection of the run goes there.
    static Result<std::unique_ptr<Engine>> make(const Scenario& scenario, const Address& address,
                                                const EngineOptions& options);
    virtual ~Engine() = default;

    // Runs to the end; call once. Returns Done, or Stopped after `stop_fd` (an eventfd or pipe; -1: none) became
    // readable, `progress` returned false, the hand said so or the error brake stopped it; Io when the kernel refuses
    // what the engine stands on. After a first stop the answers in flight are waited for (stop_grace_nanos); further
    // bytes on `stop_fd` end that too. `progress` is called on this thread between sends, at the end once more with the
    // final state, and must be quick.
    virtual Result<RunState> run(int stop_fd, const std::function<bool(const Progress&)>& progress) = 0;

    // Complete after run().
    virtual const RunRecord& record() const = 0;
    virtual StopReason stopped_by() const = 0;
};

}  // namespace streamgauge::loadgen
