// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/overview_builder.h"

#include <utility>

#include "api/ingest_stats.h"
#include "api/ledger.h"
#include "journal/journal.h"

namespace streamgauge::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kActiveMinutes = 5;
constexpr int kListMinutes = 15;
constexpr std::size_t kListEntries = 10;
constexpr std::int64_t kClockPatience = 5;  // seconds that a clock may step back without starting the ring anew
constexpr int kListCostFactor = 50;         // 2 % of the pipeline's time

std::vector<NamedCount> named(TopCounts&& top) {
    std::vector<NamedCount> list;
    list.reserve(top.counts.size());
    for (auto& [name, count] : top.counts) list.push_back({std::move(name), count});
    return list;
}

std::int64_t second_of(Timestamp t) {
    return floor_to(t, Timestamp::kMicrosPerSecond).seconds();
}

}  // namespace

PipelineSample take_sample(const Projection* projection, const SampleRequest& request) {
    PipelineSample sample;
    if (projection == nullptr) return sample;
    sample.known = true;
    sample.active_users = projection->live().active_users({}, kActiveMinutes, request.now);
    sample.state = projection->state();
    if (request.lists) {
        const auto begin = SteadyClock::now();
        PipelineSample::Lists lists;
        lists.pages = named(projection->live().top(metric::kTopPages, {}, kListMinutes, request.now, kListEntries));
        lists.types = named(projection->live().top(metric::kEventTypes, {}, kListMinutes, request.now, kListEntries));
        lists.cost = SteadyClock::now() - begin;
        sample.lists = std::move(lists);
    }
    return sample;
}

OverviewBuilder::OverviewBuilder(const LiveSources& sources)
    : sources_(sources),
      ring_(second_of(sources.clock.now()), sources.ingest.totals()),
      process_(sources.data_dir, sources.clock.monotonic_nanos()) {}

bool OverviewBuilder::second_is_over() const {
    const std::int64_t second = second_of(sources_.clock.now());
    return second > ring_.second() || second < ring_.second() - kClockPatience;
}

bool OverviewBuilder::door_has_news() const {
    return !(sources_.ingest.totals() == totals_);
}

void OverviewBuilder::start_second() {
    ring_.update(sources_.ingest.totals(), sources_.ingest.start_second(), sample_.active_users.users,
                 sources_.pipeline.lag().seconds);
    ring_.start_second(second_of(sources_.clock.now()));
    if (ring_.second() < published_second_) published_second_ = 0;  // the clock stepped back
    process_.start_second(sources_.clock.monotonic_nanos());
}

SampleRequest OverviewBuilder::request(bool watched) {
    return {sources_.clock.now(), watched && SteadyClock::now() >= lists_due_};
}

void OverviewBuilder::take(PipelineSample&& sample) {
    if (!sample.known) return;
    sample_ = std::move(sample);
    if (!sample_.lists) return;
    const auto cost = sample_.lists->cost;
    pages_ = std::move(sample_.lists->pages);
    types_ = std::move(sample_.lists->types);
    sample_.lists.reset();
    lists_due_ = SteadyClock::now() + cost * kListCostFactor;
}

void OverviewBuilder::update() {
    totals_ = sources_.ingest.totals();
    ring_.update(totals_, sources_.ingest.latency(), sample_.active_users.users, sources_.pipeline.lag().seconds);
    ledger_ = ledger_of(sources_.journal, sample_.state);
    if (server_read_ == ring_.second()) return;
    server_read_ = ring_.second();
    server_ = process_.read(sources_.clock.monotonic_nanos());
}

Overview OverviewBuilder::assemble(std::int64_t from_second) const {
    Overview overview;
    overview.as_of = sources_.clock.now();
    overview.watermark = sample_.state.watermark;
    overview.active_users = sample_.active_users.users;
    overview.active_users_error = sample_.active_users.relative_error;
    overview.points = ring_.since(from_second);
    overview.top_pages = pages_;
    overview.event_types = types_;
    overview.ledger = ledger_;
    overview.server = server_;
    if (sources_.canary) overview.canary = sources_.canary();
    if (sources_.alert_changes) overview.alert_changes = sources_.alert_changes();
    return overview;
}

Overview OverviewBuilder::snapshot() {
    if (published_second_ == 0) {  // the first delta goes on from here
        published_second_ = ring_.second();
        published_ = assemble(published_second_);
    }
    return assemble(0);
}

std::optional<Overview> OverviewBuilder::delta(bool forced) {
    Overview now = assemble(published_second_);
    published_.as_of = now.as_of;
    published_.server = now.server;
    if (!forced && now == published_) return std::nullopt;
    // The next delta begins with the second that is under way now: that is what it is compared with.
    published_second_ = ring_.second();
    published_ = now;
    published_.points.assign(1, now.points.back());
    return now;
}

}  // namespace streamgauge::api
