// SPDX-License-Identifier: GPL-3.0-or-later
// Puts the overview together from the door's counters, the journal, the pipeline and the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "api/live_service.h"
#include "api/process_status.h"
#include "api/second_ring.h"
#include "api/types.h"
#include "pipeline/pipeline.h"
#include "pipeline/projection.h"

namespace streamgauge::api {

struct SampleRequest {
    Timestamp now;
    bool lists = false;  // top pages and event types, too: they cost more
};

// What the overview takes from the pipeline.
struct PipelineSample {
    bool known = false;  // false: the pipeline has stopped
    ActiveCount active_users;
    PartitionState state;
    struct Lists {
        std::vector<NamedCount> pages, types;
        std::chrono::nanoseconds cost{0};  // of making them, on the pipeline's thread
    };
    std::optional<Lists> lists;
};

// On the pipeline's thread.
PipelineSample take_sample(const Projection* projection, const SampleRequest& request);

// Lives on the live thread.
class OverviewBuilder {
public:
    explicit OverviewBuilder(const LiveSources& sources);

    // The server's clock shows another second. A clock that was set back a little is waited for.
    bool second_is_over() const;
    void start_second();
    // The door has counted something since update().
    bool door_has_news() const;

    // What to ask the pipeline for. Lists are asked for so seldom that they take it at most 2 % of its time.
    SampleRequest request(bool watched);
    void take(PipelineSample&& sample);
    // Looks at everything else.
    void update();

    Overview snapshot();
    // What changed since the last delta, nothing when nothing did and it is not `forced`.
    std::optional<Overview> delta(bool forced);

private:
    Overview assemble(std::int64_t from_second) const;

    const LiveSources& sources_;
    SecondRing ring_;
    ProcessStatus process_;
    PipelineSample sample_;
    std::vector<NamedCount> pages_, types_;
    Ledger ledger_;
    ServerStatus server_;
    std::int64_t server_read_ = -1;  // second in which server_ was read
    std::chrono::steady_clock::time_point lists_due_{};
    Outcomes totals_;
    Overview published_;
    std::int64_t published_second_ = 0;
};

}  // namespace streamgauge::api
