// SPDX-License-Identifier: GPL-3.0-or-later
// The canary: an event of the program's own goes the whole way every few seconds, from the door to what questions see,
// and is missed when it does not arrive. It is in no metric, listing, ledger or total of events that producers sent.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "api/ingest_policy.h"
#include "api/ingest_service.h"
#include "api/ingest_stats.h"
#include "api/types.h"
#include "base/clock.h"
#include "journal/journal.h"

namespace streamgauge {
class Pipeline;
}

namespace streamgauge::api {

struct CanaryOptions {
    std::chrono::milliseconds interval{10'000};  // the first one comes after it
    std::chrono::milliseconds patience{5'000};   // then it is missed
};

struct CanaryStatus {
    std::uint64_t sent = 0, missed = 0;  // since the start; one that is under way is only sent
    // Of the last one that arrived, in milliseconds since it was sent: on disk; aggregated, and seen by a question
    // about the live view; committed, and seen by questions about metrics.
    double stored_ms = 0, aggregated_ms = 0, visible_ms = 0;
    std::optional<double> age_seconds;  // since the last one arrived; none: none has yet
    std::optional<Timestamp> seen_at;   // when that was
    std::optional<Error> fault;         // since one was missed, until one arrives: which stage it did not reach
};

// What of it is shown on the Overview.
CanarySight sight_of(const CanaryStatus& status);

// What the canary asks. All must outlive it, and Journal::close() must have returned before it is destroyed.
struct CanaryParts {
    Journal& journal;
    Pipeline& pipeline;
    const Clock& clock;
    StorageGuard* guard = nullptr;
};

// One thread of its own, which sleeps between two events. Thread-safe.
class Canary {
public:
    explicit Canary(const CanaryParts& parts, CanaryOptions options = {});
    ~Canary() { stop(); }
    Canary(const Canary&) = delete;
    Canary& operator=(const Canary&) = delete;

    CanaryStatus status() const;
    // Sends none any more. Idempotent.
    void stop();

private:
    struct Flight;
    // Everything that the door asks of other senders is granted, and the events belong to kSystemProject.
    class Policy final : public IngestPolicy {
    public:
        Policy();
        Result<auth::PrincipalPtr> sender(const Caller&, std::string_view) override { return principal_; }
        std::string project_of_site(const auth::Principal& sender, std::string_view) override { return sender.project; }
        Status take_events(const Caller&, const auth::Principal&, std::uint64_t) override { return {}; }

    private:
        auth::PrincipalPtr principal_;
    };

    void run();
    void fly();
    void look(const std::shared_ptr<Flight>& flight);
    bool wait(std::chrono::nanoseconds most);
    void arrived(const Flight& flight, double visible_ms);
    void missed(Error fault);
    double since(std::int64_t nanos) const { return static_cast<double>(parts_.clock.monotonic_nanos() - nanos) / 1e6; }

    const CanaryParts parts_;
    const CanaryOptions options_;
    Policy policy_;
    IngestStats stats_;  // of its own: the door's count what producers sent
    IngestService door_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;  // guarded by mutex_, as the next two
    CanaryStatus status_;
    std::optional<std::int64_t> last_arrival_;  // monotonic
    std::thread thread_;
};

}  // namespace streamgauge::api
