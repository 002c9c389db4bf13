// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/run_record.h"

#include <algorithm>
#include <numeric>

#include "loadgen/run_objectives.h"
#include "loadgen/server_timing.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::size_t kMostStages = 16;

double to_ms(double micros) {
    return micros / 1000;
}
double quantile_ms(const Histogram& h, double q) {
    return to_ms(static_cast<double>(h.quantile_micros(q)));
}
std::int64_t to_micros(std::int64_t nanos) {
    return (nanos + 500) / 1000;
}

}  // namespace

std::uint64_t Totals::failed() const {
    return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0}) - done();
}

std::uint64_t Totals::answered() const {
    return std::accumulate(outcomes.begin(), outcomes.begin() + static_cast<std::ptrdiff_t>(Outcome::Unexpected) + 1,
                           std::uint64_t{0});
}

SecondRow RunRecord::Seconds::row() const {
    SecondRow now = current;
    now.avg_ms = to_ms(response.mean_micros());
    now.p50_ms = quantile_ms(response, 0.50);
    now.p95_ms = quantile_ms(response, 0.95);
    now.p99_ms = quantile_ms(response, 0.99);
    return now;
}

void RunRecord::Seconds::end() {
    log.append(row(), response, unanswered);
    const std::int64_t next = current.second + 1;
    current = SecondRow{};
    current.second = next;
    response.reset();
    unanswered.reset();
}

void RunRecord::Seconds::count(Outcome outcome) {
    ++(outcome == Outcome::Ok ? current.ok : outcome == Outcome::Limited ? current.limited : current.other);
}

namespace {

std::size_t reserved_seconds(const Scenario& scenario) {
    return static_cast<std::size_t>(planned_seconds(scenario.stages) + scenario.grace_seconds) + 2;
}

}  // namespace

RunRecord::RunRecord(const Scenario& scenario) : seconds_(reserved_seconds(scenario)) {
    for (const RequestKind& kind : scenario.requests) names_.push_back(kind.name);
    if (names_.empty()) names_.emplace_back();
    if (names_.size() > 1) {
        of_.resize(names_.size());
        for (const Threshold& threshold : scenario.thresholds) {
            if (threshold.window_seconds <= 0) continue;
            for (std::size_t i = 0; i < names_.size(); ++i)
                if (names_[i] == threshold.endpoint && !of_[i].seconds)
                    of_[i].seconds = std::make_unique<Seconds>(reserved_seconds(scenario));
        }
    }
    constexpr std::size_t kUsualErrors = 64, kUsualActions = 64;
    errors_.reserve(kUsualErrors);
    actions_.reserve(kUsualActions);
    stages_.reserve(kMostStages);
}

void RunRecord::advance_to(std::int64_t now) {
    while (now >= (seconds_.current.second + 1) * kNanosPerSecond) {
        seconds_.end();
        for (EndpointRecord& endpoint : of_)
            if (endpoint.seconds) endpoint.seconds->end();
    }
}

void RunRecord::due(const Due& event) {
    generator_.due(event.planned, event.seen);
    const std::int64_t lag = to_micros(event.seen - event.planned);
    ++totals_.planned;
    ++seconds_.current.planned;
    durations_.generator_lag.record(lag);
    if (EndpointRecord* const endpoint = of(event.endpoint)) {
        ++endpoint->totals.planned;
        endpoint->durations.generator_lag.record(lag);
        if (endpoint->seconds) ++endpoint->seconds->current.planned;
    }
}

void RunRecord::sent(const Sent& event) {
    const std::int64_t lag = to_micros(event.at - event.planned);
    ++totals_.sent;
    ++seconds_.current.sent;
    durations_.send_lag.record(lag);
    if (EndpointRecord* const endpoint = of(event.endpoint)) {
        ++endpoint->totals.sent;
        endpoint->durations.send_lag.record(lag);
        if (endpoint->seconds) ++endpoint->seconds->current.sent;
    }
}

void RunRecord::dropped(const Dropped& event) {
    ++totals_.dropped;
    ++seconds_.current.dropped;
    if (EndpointRecord* const endpoint = of(event.endpoint)) {
        ++endpoint->totals.dropped;
        if (endpoint->seconds) ++endpoint->seconds->current.dropped;
    }
}

void RunRecord::wait_for_room(std::uint64_t requests) {
    queued_ += totals_.planned - std::max(queued_until_, totals_.planned - requests);
    queued_until_ = totals_.planned;
}

void RunRecord::answered(const Answered& event) {
    const auto outcome = static_cast<std::size_t>(event.outcome);
    const std::int64_t response = to_micros(event.at - event.planned), service = to_micros(event.at - event.sent_at);
    ++totals_.outcomes[outcome];
    seconds_.count(event.outcome);
    seconds_.response.record(response);
    durations_.response.record(response);
    durations_.service.record(service);
    if (EndpointRecord* const endpoint = of(event.endpoint)) {
        ++endpoint->totals.outcomes[outcome];
        endpoint->durations.response.record(response);
        endpoint->durations.service.record(service);
        if (endpoint->seconds) {
            endpoint->seconds->count(event.outcome);
            endpoint->seconds->response.record(response);
        }
    }
    if (event.outcome != Outcome::Ok) count_error(event.endpoint, event.status, event.at);
    if (!event.server_timing.empty()) add_stages(event.server_timing);
    if (objectives_ != nullptr) objectives_->take(event);
}

void RunRecord::failed(const Failed& event) {
    const auto outcome = static_cast<std::size_t>(event.outcome);
    const std::int64_t waited = to_micros(event.at - event.planned);
    ++totals_.outcomes[outcome];
    seconds_.count(event.outcome);
    seconds_.unanswered.record(waited);
    durations_.unanswered.record(waited);
    if (EndpointRecord* const endpoint = of(event.endpoint)) {
        ++endpoint->totals.outcomes[outcome];
        endpoint->durations.unanswered.record(waited);
        if (endpoint->seconds) {
            endpoint->seconds->count(event.outcome);
            endpoint->seconds->unanswered.record(waited);
        }
    }
    count_error(event.endpoint, kNoAnswer + static_cast<int>(event.outcome), event.at, event.detail);
    if (objectives_ != nullptr) objectives_->take(event);
}

// Neither good nor bad: it belongs to no second, but its wait to the run.
void RunRecord::unfinished(const Unfinished& event) {
    const std::int64_t waited = to_micros(event.at - event.planned);
    durations_.unanswered.record(waited);
    if (EndpointRecord* const endpoint = of(event.endpoint)) endpoint->durations.unanswered.record(waited);
    if (objectives_ != nullptr) objectives_->take(event);
}

void RunRecord::connected(const Connected&) {
    ++connections_;
}

void RunRecord::hand(const HandAction& action) {
    actions_.push_back(action);
}

const Totals& RunRecord::endpoint_totals(std::size_t endpoint) const {
    return of_.empty() ? totals_ : of_[endpoint].totals;
}

const Durations& RunRecord::endpoint_durations(std::size_t endpoint) const {
    return of_.empty() ? durations_ : of_[endpoint].durations;
}

const SecondLog* RunRecord::endpoint_seconds(std::size_t endpoint) const {
    if (of_.empty()) return &seconds_.log;
    return of_[endpoint].seconds ? &of_[endpoint].seconds->log : nullptr;
}

CurrentSecond RunRecord::current(std::optional<std::size_t> endpoint) const {
    const bool own = endpoint && !of_.empty() && of_[*endpoint].seconds;
    const Seconds& seconds = own ? *of_[*endpoint].seconds : seconds_;
    return {seconds.row(), &seconds.response, &seconds.unanswered};
}

void RunRecord::count_error(Endpoint endpoint, int kind, std::int64_t at, std::string_view detail) {
    constexpr std::size_t kMostGroups = 1000;
    const auto find = [&](Endpoint of, int what) {
        return std::find_if(errors_.begin(), errors_.end(),
                            [&](const ErrorEntry& e) { return e.endpoint == of && e.kind == what; });
    };
    auto entry = find(endpoint, kind);
    if (entry == errors_.end() && errors_.size() >= kMostGroups) entry = find(0, kOtherKind);
    if (entry == errors_.end()) {
        const bool full = errors_.size() >= kMostGroups;
        entry = errors_.insert(errors_.end(), {full ? Endpoint{0} : endpoint, full ? kOtherKind : kind, 0, at, at, {}});
        if (!full) entry->detail = detail;
    }
    ++entry->count;
    entry->last = at;
}

std::vector<ErrorGroup> RunRecord::errors() const {
    std::vector<ErrorEntry> entries = errors_;
    std::stable_sort(entries.begin(), entries.end(),
                     [](const ErrorEntry& a, const ErrorEntry& b) { return a.count > b.count; });
    std::vector<ErrorGroup> groups;
    for (const ErrorEntry& e : entries) {
        ErrorGroup group;
        group.kind = e.kind == kOtherKind  ? "other"
                     : e.kind >= kNoAnswer ? std::string(to_string(static_cast<Outcome>(e.kind - kNoAnswer)))
                                           : "status_" + std::to_string(e.kind);
        if (e.kind != kOtherKind) group.endpoint = names_[e.endpoint];
        group.count = e.count;
        group.first_nanos = e.first;
        group.last_nanos = e.last;
        group.detail = e.detail;
        groups.push_back(std::move(group));
    }
    return groups;
}

void RunRecord::add_stages(std::string_view server_timing) {
    ServerTimingReader reader(server_timing);
    while (const auto found = reader.next()) {
        auto stage = std::find_if(stages_.begin(), stages_.end(),
                                  [&](const ServerStage& known) { return known.name == found->name; });
        if (stage == stages_.end()) {
            if (stages_.size() >= kMostStages) continue;
            stages_.emplace_back();
            stage = stages_.end() - 1;
            stage->name = found->name;
        }
        stage->duration.record(found->micros);
    }
}

}  // namespace streamgauge::loadgen
