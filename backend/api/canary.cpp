// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/canary.h"

#include <pthread.h>

#include <algorithm>

#include "base/log.h"
#include "pipeline/pipeline.h"
#include "pipeline/projection.h"

namespace streamgauge::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kFirstLook{5};  // then at growing distances: a quiet pipeline commits after 150 ms
constexpr milliseconds kLongestPause{100};
constexpr std::string_view kEvent = R"({"event_type":"canary"})";
constexpr const char* kSource = "canary";

}  // namespace

CanarySight sight_of(const CanaryStatus& status) {
    return {status.visible_ms, status.seen_at, status.missed, status.fault ? status.fault->message : std::string()};
}

// One event under way. Shared with callbacks, which may come after it was given up.
struct Canary::Flight {
    std::int64_t began = 0;  // monotonic
    std::mutex mutex;
    // Guarded by mutex.
    std::optional<Offset> offset;
    std::optional<Error> refused;
    double stored_ms = 0;
    std::optional<double> aggregated_ms;
    bool asking = false;
};

Canary::Policy::Policy() {
    auth::Principal own;
    own.name = kSource;
    own.project = kSystemProject;
    own.permissions = static_cast<auth::Permissions>(auth::Permission::Ingest);
    principal_ = std::make_shared<const auth::Principal>(std::move(own));
}

Canary::Canary(const CanaryParts& parts, CanaryOptions options)
    : parts_(parts),
      options_(options),
      door_([&] {
          IngestParts door{parts.journal, parts.clock, stats_, policy_};
          door.guard = parts.guard;
          return door;
      }()),
      thread_([this] {
          pthread_setname_np(pthread_self(), "canary");
          run();
      }) {}

void Canary::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

CanaryStatus Canary::status() const {
    const std::lock_guard lock(mutex_);
    CanaryStatus status = status_;
    if (last_arrival_) status.age_seconds = since(*last_arrival_) / 1e3;
    return status;
}

void Canary::run() {
    auto next = std::chrono::steady_clock::now() + options_.interval;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (changed_.wait_until(lock, next, [this] { return stopping_; })) return;
        }
        next = std::max(next + options_.interval, std::chrono::steady_clock::now());
        fly();
    }
}

// False when it stops.
bool Canary::wait(nanoseconds most) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, most, [this] { return stopping_; });
}

void Canary::fly() {
    const auto flight = std::make_shared<Flight>();
    flight->began = parts_.clock.monotonic_nanos();
    {
        const std::lock_guard lock(mutex_);
        ++status_.sent;
    }
    IngestRequest request;
    request.input.body = kEvent;
    request.source = kSource;
    door_.ingest(request, [this, flight](const Result<IngestOutcome>& outcome, Dialect) {
        const std::lock_guard lock(flight->mutex);
        flight->stored_ms = since(flight->began);
        if (!outcome.ok())
            flight->refused = outcome.error();
        else if (outcome->placements.size() == 1)
            flight->offset = outcome->placements.front().offset;
        else
            flight->refused = Error::make(ErrorCode::Internal, "the door took something else for the canary");
    });
    const std::int64_t give_up = flight->began + nanoseconds(options_.patience).count();
    for (milliseconds pause = kFirstLook;; pause = std::min(2 * pause, kLongestPause)) {
        look(flight);
        {
            const std::lock_guard lock(flight->mutex);
            if (flight->refused) return missed(*flight->refused);
            const double now = since(flight->began);
            if (flight->aggregated_ms && parts_.pipeline.status().committed > *flight->offset)
                return arrived(*flight, now);
            if (parts_.clock.monotonic_nanos() >= give_up) {
                const std::string stage = !flight->offset          ? "is not on disk"
                                          : !flight->aggregated_ms ? "is on disk and not aggregated"
                                                                   : "is aggregated and not committed to the store";
                return missed(Error::make(ErrorCode::DeadlineExceeded,
                                          "an event of the server's own " + stage + " after " +
                                              std::to_string(options_.patience.count() / 1000) + " s"));
            }
        }
        if (!wait(pause)) return;
    }
}

// Asks what a question about the live view sees.
void Canary::look(const std::shared_ptr<Flight>& flight) {
    {
        const std::lock_guard lock(flight->mutex);
        if (!flight->offset || flight->aggregated_ms || flight->asking) return;
        flight->asking = true;
    }
    parts_.pipeline.ask([flight, clock = &parts_.clock](const Projection* projection) {
        const std::lock_guard lock(flight->mutex);
        flight->asking = false;
        if (projection == nullptr || projection->next() <= *flight->offset) return;
        flight->aggregated_ms = static_cast<double>(clock->monotonic_nanos() - flight->began) / 1e6;
    });
}

void Canary::arrived(const Flight& flight, double visible_ms) {
    bool back = false;
    {
        const std::lock_guard lock(mutex_);
        status_.stored_ms = flight.stored_ms;
        status_.aggregated_ms = *flight.aggregated_ms;
        status_.visible_ms = visible_ms;
        status_.seen_at = parts_.clock.now();
        back = status_.fault.has_value();
        status_.fault.reset();
        last_arrival_ = parts_.clock.monotonic_nanos();
    }
    if (back) log::info("canary_arrived", "the server's own events are seen again", {});
}

void Canary::missed(Error fault) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        ++status_.missed;
        first = !status_.fault.has_value();
        status_.fault = fault;
    }
    if (first) log::warning("canary_missed", "what is stored may not be seen", {{"error", fault.describe()}});
}

}  // namespace streamgauge::api
