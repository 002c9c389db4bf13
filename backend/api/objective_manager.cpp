// SPDX-License-Identifier: GPL-3.0-or-later
// Everything but reading the past happens on one thread, so that slices, states and answers belong together.
#include "api/objective_manager.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "api/objective_codec.h"
#include "base/log.h"
#include "base/wrong_field.h"
#include "metrics/window.h"
#include "slo/objective_warnings.h"

namespace streamgauge::api {
namespace {

constexpr std::size_t kMostTasks = 1'000;
constexpr std::size_t kDayPoints = 48;
constexpr std::size_t kMostPoints = 400, kForecastPoints = 24, kMostChanges = 1'000;
constexpr std::int64_t kSecondsBetweenTending = 60;
constexpr std::size_t kWidenedAtOnce = 360;
constexpr std::uint64_t kRowsBetweenLooks = 500;
// Late events change a metric's windows: the last hour is asked again each time, all of it each hour.
constexpr std::int64_t kMetricTail = kHourMicros;
constexpr std::int64_t kMetricInterval = kNarrowSliceMicros;
constexpr std::int64_t kMetricPatience = kMinuteMicros;  // an answer that takes longer is not waited for
constexpr std::array<std::int64_t, 13> kSteps{
    10 * kSecondMicros, 30 * kSecondMicros, kMinuteMicros, 2 * kMinuteMicros, 5 * kMinuteMicros,
    10 * kMinuteMicros, 30 * kMinuteMicros, kHourMicros,   3 * kHourMicros,   6 * kHourMicros,
    12 * kHourMicros,   kDayMicros,         7 * kDayMicros};

bool is_metric(const slo::Objective& objective) {
    return objective.indicator.kind == slo::Indicator::Kind::Metric;
}

bool has_durations(const slo::Indicator& indicator) {
    return indicator.kind != slo::Indicator::Kind::Metric && indicator.kind != slo::Indicator::Kind::Correctness;
}

double share_of(Timestamp at, const query::TimeRange& range) {
    return static_cast<double>(at.micros - range.from.micros) /
           static_cast<double>(std::max<std::int64_t>(1, range.to.micros - range.from.micros));
}

std::int64_t slice_of(const slo::Objective& objective) {
    const bool long_enough = slo::length_of(objective.window) >= kDayMicros;
    std::int64_t shortest = kNarrowSliceMicros * 2;
    for (const slo::BurnRule& rule : slo::rules_of(objective)) shortest = std::min(shortest, rule.short_micros);
    return long_enough && shortest >= kNarrowSliceMicros * 2 ? kNarrowSliceMicros : kSecondMicros;
}

// Two windows: the budget a window ago needs the one before.
std::int64_t kept_of(const slo::Objective& objective, std::int64_t most) {
    std::int64_t length = slo::length_of(objective.window) + (objective.window.rolling ? 0 : 2 * kDayMicros);
    for (const slo::BurnRule& rule : slo::rules_of(objective)) length = std::max(length, rule.long_micros);
    return std::min(most, 2 * length);
}

slo::Objective with_rules(slo::Objective objective) {
    objective.rules = slo::rules_of(objective);
    return objective;
}

slo::Traffic traffic_of(const slo::Objective& objective, const slo::SliceSeries& series, Timestamp now) {
    slo::Traffic traffic;
    const std::optional<Timestamp> oldest = series.oldest();
    if (!oldest) return traffic;
    const Timestamp start = std::max(*oldest, slo::bounds_of(objective.window, now).start);
    traffic.counted = series.sum(start, now);
    traffic.counted_micros = std::max<std::int64_t>(0, now.micros - start.micros);
    traffic.ever = true;
    return traffic;
}

Error unknown(const std::string& name) {
    return Error::make(ErrorCode::NotFound, "there is no objective " + name);
}

bool fits(const std::vector<slo::RuleState>& states, const std::vector<slo::BurnRule>& rules) {
    return std::equal(states.begin(), states.end(), rules.begin(), rules.end(),
                      [](const slo::RuleState& state, const slo::BurnRule& rule) { return state.rule == rule; });
}

}  // namespace

std::vector<slo::Objective> default_objectives() {
    using Kind = slo::Indicator::Kind;
    const auto make = [](std::string name, std::string title, Kind kind, double target, double threshold_ms) {
        slo::Objective objective;
        objective.name = std::move(name);
        objective.title = std::move(title);
        objective.service = "streamgauge";
        objective.indicator.kind = kind;
        objective.indicator.threshold_ms = threshold_ms;
        objective.target = target;
        objective.least_bad = 10;  // one slow request of the first ten is no reason to wake anybody
        objective.cool_down_micros = 5 * kMinuteMicros;
        return objective;
    };
    std::vector<slo::Objective> all{
        make("latency", "95 % of requests within 300 ms", Kind::Latency, 0.95, 300),
        make("errors", "Fewer than 1 % of requests fail", Kind::Errors, 0.99, 300),
        make("availability", "More than 99 % of requests are answered well", Kind::Availability, 0.99, 300),
        make("freshness", "What can be asked is younger than 1 s, 99 % of the time", Kind::Freshness, 0.99, 1000),
    };
    all[1].indicator.limited_is_bad = true;
    return all;
}

ObjectiveManager::Watched::Watched(KeptObjective from, slo::Objective ruled, const ObjectiveOptions& options,
                                   Timestamp since_when)
    : kept(std::move(from)),
      objective(std::move(ruled)),
      series(slice_of(objective), kept_of(objective, options.kept_micros)),
      machine(objective),
      since(since_when) {
    if (!kept.states.empty() && fits(kept.states, objective.rules)) machine.restore(kept.states);
}

void ObjectiveManager::Watched::count(Timestamp at, const slo::Ratio& counted) {
    series.add(at, counted.good, counted.total);
    counters.good += counted.good;
    counters.bad += counted.bad();
}

void ObjectiveManager::Watched::correct(const slo::Slice& slice) {
    if (slice.start >= since) {
        const Timestamp start = floor_to(slice.start, series.slice_micros());
        const slo::Ratio held = series.sum(start, start.plus_micros(series.slice_micros()));
        good += static_cast<std::int64_t>(slice.good - held.good);  // modulo 2^64
        bad += static_cast<std::int64_t>(slice.total - slice.good - held.bad());
        counters.good = std::max(counters.good, static_cast<std::uint64_t>(std::max<std::int64_t>(good, 0)));
        counters.bad = std::max(counters.bad, static_cast<std::uint64_t>(std::max<std::int64_t>(bad, 0)));
    }
    series.set(slice.start, slice.good, slice.total);
}

ObjectiveManager::ObjectiveManager(ObjectiveOptions options, ObjectiveParts parts,
                                   std::unique_ptr<ObjectiveStore> store)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      store_(std::move(store)),
      statuses_(std::make_shared<const std::vector<ObjectiveStatus>>()) {}

Result<std::unique_ptr<ObjectiveManager>> ObjectiveManager::open(ObjectiveOptions options, ObjectiveParts parts) {
    auto store = ObjectiveStore::open(options.path);
    if (!store) return store.error();
    std::unique_ptr<ObjectiveManager> manager(
        new ObjectiveManager(std::move(options), std::move(parts), std::move(store).value()));
    if (Status seeded = manager->seed(); !seeded) return seeded.error();
    auto kept = manager->store_->objectives();
    if (!kept) return kept.error();
    for (KeptObjective& one : *kept) manager->watch(std::move(one));
    manager->past_ = std::make_unique<ServiceThread>("back-tests", 16);
    manager->charts_ = std::make_unique<ServiceThread>("objective-chart", 64);
    manager->thread_ = std::make_unique<ServiceThread>("objectives", kMostTasks);
    ObjectiveManager* const raw = manager.get();
    const bool posted = raw->thread_->post([raw](bool running) {
        if (!running) return;
        raw->last_ = raw->parts_.clock.now();
        raw->pending_start_ = floor_to(raw->last_, kNarrowSliceMicros);
        // A stop within a slice: it goes on.
        Result<std::optional<slo::SliceFigures>> at_hand = raw->store_->slice(raw->pending_start_);
        if (at_hand && *at_hand) raw->pending_ = std::move(**at_hand);
        std::vector<Watched*> all;
        for (const auto& [name, watched] : raw->watched_) all.push_back(watched.get());
        raw->read_history(all);
        raw->publish(raw->last_);
    });
    if (!posted) return Error::make(ErrorCode::Unavailable, "the objectives cannot be started");
    return manager;
}

Status ObjectiveManager::seed() {
    if (!store_->fresh()) return {};
    for (const slo::Objective& objective : options_.first)
        if (Status put = store_->put({objective, true, {}}); !put) return put;
    return store_->set_seeded();
}

void ObjectiveManager::watch(KeptObjective kept) {
    const std::string name = kept.objective.name;
    slo::Objective objective = with_rules(kept.objective);
    watched_[name] = std::make_unique<Watched>(std::move(kept), std::move(objective), options_, parts_.clock.now());
}

// What is written, and what is at hand.
void ObjectiveManager::read_history(const std::vector<Watched*>& into) {
    std::int64_t longest = 0;
    for (const Watched* one : into)
        if (!is_metric(one->objective)) longest = std::max(longest, kept_of(one->objective, options_.kept_micros));
    if (longest == 0) return;
    const auto take = [&](Timestamp start, const slo::SliceFigures& figures) {
        for (Watched* one : into) {
            const slo::Ratio counted = slo::count(one->objective.indicator, figures);
            one->series.add(start, counted.good, counted.total);
        }
    };
    note(store_->each_slice(last_.plus_micros(-longest), pending_start_,
                            [&](Timestamp start, std::int64_t, slo::SliceFigures&& figures) {
                                take(start, figures);
                                return !thread_->stopping();
                            }),
         "read");
    take(pending_start_, pending_);
    for (Watched* one : into)
        if (!is_metric(one->objective)) one->series.thin(last_.plus_micros(-options_.narrow_micros), kWideSliceMicros);
}

void ObjectiveManager::tick() {
    if (ticking_.exchange(true)) return;
    const bool posted = thread_->post([this](bool running) {
        ticking_ = false;
        if (running) look();
    });
    if (!posted) ticking_ = false;
}

void ObjectiveManager::stop() {
    // The thread's last task, and none after it.
    if (thread_ && !thread_->stopping()) {
        if (thread_->post([this](bool running) {
                if (!running) return;
                take_figures(std::max(last_, parts_.clock.now()));
                write_slice();
            })) {
            // What waits is answered Unavailable, so wait for this one to be done.
            std::mutex mutex;
            std::condition_variable changed;
            bool done = false;
            const auto tell = [&](bool) {
                const std::lock_guard lock(mutex);
                done = true;
                changed.notify_one();
            };
            if (thread_->post(tell)) {
                std::unique_lock lock(mutex);
                changed.wait(lock, [&] { return done; });
            }
        }
    }
    if (past_) past_->stop();
    if (charts_) charts_->stop();
    if (thread_) thread_->stop();
}

void ObjectiveManager::look() {
    const Timestamp now = std::max(last_, parts_.clock.now());  // it never goes back
    take_figures(now);
    last_ = now;
    for (const auto& [name, watched] : watched_) {
        if (is_metric(watched->objective)) ask_metric(*watched, now);
        evaluate(*watched, now);
    }
    publish(now);
    tend(now);
}

// What happened before `now` belongs to the slice that ends there or later.
void ObjectiveManager::take_figures(Timestamp now) {
    const Timestamp at = now.plus_micros(-1), start = floor_to(at, kNarrowSliceMicros);
    if (start > pending_start_) {
        write_slice();
        pending_start_ = start;
    }
    const slo::SliceFigures news = parts_.figures();
    if (news.empty()) return;
    for (const auto& [name, watched] : watched_) {
        watched->count(at, slo::count(watched->objective.indicator, news));
    }
    pending_.merge(news);
}

void ObjectiveManager::write_slice() {
    if (pending_.empty()) return;
    note(store_->put_slice(pending_start_, kNarrowSliceMicros, pending_), "write the figures of");
    pending_ = {};
}

void ObjectiveManager::tend(Timestamp now) {
    if (now < tended_.plus_micros(kSecondsBetweenTending * kSecondMicros)) return;
    tended_ = now;
    const Result<std::size_t> widened = store_->widen(now.plus_micros(-options_.narrow_micros), kWidenedAtOnce);
    if (!widened) note(widened.error(), "tidy");
    if (maintenance_++ % 60 != 0) return;
    note(store_->forget(now.plus_micros(-options_.kept_micros), options_.most_bytes), "tidy");
    for (const auto& [name, watched] : watched_)
        if (!is_metric(watched->objective))  // those are corrected slice by slice
            watched->series.thin(now.plus_micros(-options_.narrow_micros), kWideSliceMicros);
}

void ObjectiveManager::ask_metric(Watched& watched, Timestamp now) {
    if (parts_.analysis == nullptr || parts_.metrics == nullptr) return;
    if (now < watched.asked_at.plus_micros(watched.asking ? kMetricPatience : kMetricInterval)) return;
    watched.asked_at = now;
    const bool all = now >= watched.asked_all_at.plus_micros(kHourMicros);
    const std::int64_t back = all ? kept_of(watched.objective, options_.kept_micros) : kMetricTail;
    watched.asking = true;
    ask_metric_slices(*parts_.analysis, *parts_.metrics, watched.objective, {now.plus_micros(-back), now},
                      [this, all, now, asked = watched.objective](const Result<std::vector<slo::Slice>>& slices) {
                          const bool posted = thread_->post([this, all, now, asked, slices](bool running) {
                              if (running) take_metric(asked, now, all, slices);
                          });
                          if (!posted && !thread_->stopping())
                              note_asked(asked.name, Error::make(ErrorCode::Unavailable, "too many questions wait"));
                      });
}

void ObjectiveManager::take_metric(const slo::Objective& asked, Timestamp asked_at, bool all,
                                   const Result<std::vector<slo::Slice>>& slices) {
    const auto found = watched_.find(asked.name);
    if (found == watched_.end() || !(found->second->objective == asked)) return;  // another one by now
    Watched& watched = *found->second;
    if (asked_at == watched.asked_at) watched.asking = false;
    if (asked_at < watched.answered_at) return;  // overtaken
    note_asked(asked.name, slices ? Status() : Status(slices.error()));
    if (!slices) return;
    watched.answered_at = asked_at;
    if (all) watched.asked_all_at = asked_at;
    for (const slo::Slice& slice : *slices) watched.correct(slice);
}

void ObjectiveManager::evaluate(Watched& watched, Timestamp now) {
    for (slo::AlertChange& change : watched.machine.evaluate(watched.series, now)) {
        const bool bad = change.news == slo::AlertNews::Fired || change.news == slo::AlertNews::NoData;
        if (change.news != slo::AlertNews::None)
            log::write(bad ? log::Level::Warning : log::Level::Info, "objective_alert", change.sentence,
                       {{"objective", watched.objective.name}, {"news", std::string(slo::to_string(change.news))}});
        watched.unsaved.push_back(std::move(change));
        if (watched.unsaved.size() <= kMostChanges) continue;
        if (watched.told == 0) log::error("notification_lost", watched.unsaved.front().sentence);
        watched.told -= watched.told == 0 ? 0 : 1;
        watched.unsaved.erase(watched.unsaved.begin());
    }
    if (!watched.unsaved.empty()) note(save_changes(watched), "write the alerts of");
}

// Who is told comes first: a crash between the two tells again what the states do not know of, and loses nothing.
Status ObjectiveManager::save_changes(Watched& watched) {
    if (watched.unsaved.empty()) return {};
    for (; watched.told < watched.unsaved.size(); ++watched.told) {
        const slo::AlertChange& change = watched.unsaved[watched.told];
        const slo::BurnRule rule =
            change.rule < watched.objective.rules.size() ? watched.objective.rules[change.rule] : slo::BurnRule{};
        if (!parts_.changed) continue;
        if (Status told = parts_.changed({watched.objective, change, rule}); !told) return told;
    }
    if (Status put = store_->put_states(watched.objective.name, watched.machine.states(), watched.unsaved); !put)
        return put;
    watched.unsaved.clear();
    watched.told = 0;
    return {};
}

std::vector<std::string> ObjectiveManager::warnings_of(const slo::Objective& objective, const slo::SliceSeries& series,
                                                       Timestamp now) const {
    std::vector<std::string> warnings = slo::warnings_of(objective, traffic_of(objective, series, now));
    if (!parts_.has_target) return warnings;
    for (const std::string& name : objective.notify)
        if (!parts_.has_target(name))
            warnings.push_back("nobody is told by notify " + name + ": there is no target of this name");
    return warnings;
}

ObjectiveStatus ObjectiveManager::status_of(Watched& watched, Timestamp now) {
    ObjectiveStatus status;
    status.objective = watched.objective;
    status.built_in = watched.kept.built_in;
    status.budget = slo::budget_at(watched.objective, watched.series, now);
    status.burn_now = slo::burn_at(watched.objective, watched.series, now);
    status.exhausted_in_micros = slo::exhausted_in(watched.objective, status.budget, status.burn_now, now);
    status.alerts = watched.machine.states();
    status.counters = watched.counters;
    status.warnings = warnings_of(watched.objective, watched.series, now);
    status.last_data = watched.series.newest();
    if (watched.day.empty() || now >= watched.day_at.plus_micros(kNarrowSliceMicros)) {
        watched.day.clear();
        for (std::size_t i = 1; i <= kDayPoints; ++i) {
            const auto back = static_cast<std::int64_t>(kDayPoints - i) * (kDayMicros / static_cast<int>(kDayPoints));
            watched.day.push_back(slo::budget_at(watched.objective, watched.series, now.plus_micros(-back)).left);
        }
        watched.day_at = now;
    }
    status.day = watched.day;
    return status;
}

void ObjectiveManager::publish(Timestamp now) {
    auto all = std::make_shared<std::vector<ObjectiveStatus>>();
    for (const auto& [name, watched] : watched_) all->push_back(status_of(*watched, now));
    const auto left = [](const ObjectiveStatus& status) {
        return status.budget.left.value_or(std::numeric_limits<double>::infinity());
    };
    std::stable_sort(all->begin(), all->end(),
                     [&](const ObjectiveStatus& a, const ObjectiveStatus& b) { return left(a) < left(b); });
    const std::lock_guard lock(mutex_);
    statuses_ = std::move(all);
}

std::shared_ptr<const std::vector<ObjectiveStatus>> ObjectiveManager::statuses() const {
    const std::lock_guard lock(mutex_);
    return statuses_;
}

std::optional<Error> ObjectiveManager::failure() const {
    const std::lock_guard lock(mutex_);
    if (failure_ || unasked_.empty()) return failure_;
    return unasked_.begin()->second;
}

void ObjectiveManager::note(const Status& written, const char* doing) {
    const std::lock_guard lock(mutex_);
    if (!written && !failure_)
        log::error("objectives", std::string("cannot ") + doing + " the objectives: " + written.error().describe());
    failure_ = written ? std::nullopt : std::optional(written.error());
}

void ObjectiveManager::note_asked(const std::string& name, const Status& asked) {
    const std::lock_guard lock(mutex_);
    if (asked) {
        unasked_.erase(name);
        return;
    }
    Error error = asked.error();
    error.message = "cannot ask the metric of the objective " + name + ": " + error.message;
    if (!unasked_.contains(name)) log::error("objectives", error.describe());
    unasked_.insert_or_assign(name, std::move(error));
}

template <class T, class Task>
void ObjectiveManager::post(ServiceThread& thread, Done<T> done, Task task) {
    const auto stopping = [] { return Error::make(ErrorCode::Unavailable, "the server is shutting down"); };
    const auto shared = std::make_shared<Done<T>>(std::move(done));
    const bool posted = thread.post([shared, task = std::move(task), stopping](bool running) mutable {
        if (!running) return (*shared)(stopping());
        task(*shared);
    });
    if (!posted) (*shared)(Error::make(ErrorCode::Unavailable, "too many questions about objectives wait"));
}

void ObjectiveManager::list(std::string project, Done<std::vector<ObjectiveStatus>> done) {
    post<std::vector<ObjectiveStatus>>(
        *thread_, std::move(done),
        [this, project = std::move(project)](const Done<std::vector<ObjectiveStatus>>& tell) {
            std::vector<ObjectiveStatus> all;
            for (const ObjectiveStatus& status : *statuses())
                if (project.empty() || status.objective.project == project) all.push_back(status);
            tell(std::move(all));
        });
}

ObjectiveHistory ObjectiveManager::history_of(const Watched& watched, query::TimeRange range) {
    ObjectiveHistory history;
    const slo::Objective& objective = watched.objective;
    range.to = std::min(range.to, last_);
    range.from = std::max(range.from, watched.series.oldest().value_or(range.to));
    if (range.from < range.to) {
        const std::int64_t length = range.to.micros - range.from.micros;
        const auto enough = std::find_if(kSteps.begin(), kSteps.end(), [length](std::int64_t step) {
            return length / step <= static_cast<std::int64_t>(kMostPoints);
        });
        history.step_micros = enough == kSteps.end() ? kSteps.back() : *enough;
        const slo::BurnRule* const rule = objective.rules.empty() ? nullptr : &objective.rules.front();
        for (Timestamp start = floor_to(range.from, history.step_micros); start < range.to;
             start = start.plus_micros(history.step_micros)) {
            const Timestamp end = std::min(range.to, start.plus_micros(history.step_micros));
            ObjectiveHistory::Point point;
            point.at = end;
            const slo::Ratio counted = watched.series.sum(start, end);
            point.good = counted.good;
            point.total = counted.total;
            point.budget_left = slo::budget_at(objective, watched.series, end).left;
            const auto burn = [&](std::int64_t width) {
                return slo::burn_rate(watched.series.sum(end.plus_micros(-width), end), objective.target);
            };
            if (rule != nullptr) {
                point.long_burn = burn(rule->long_micros);
                point.short_burn = burn(rule->short_micros);
            }
            history.points.push_back(point);
        }
    }
    history.forecast = slo::forecast(objective, watched.series, last_, kForecastPoints);
    return history;
}

void ObjectiveManager::history(std::string name, query::TimeRange range, Done<ObjectiveHistory> done) {
    post<ObjectiveHistory>(
        *thread_, std::move(done), [this, name = std::move(name), range](const Done<ObjectiveHistory>& tell) {
            const auto found = watched_.find(name);
            if (found == watched_.end()) return tell(unknown(name));
            ObjectiveHistory history = history_of(*found->second, range);
            auto changes = store_->changes(name, range, kMostChanges);
            if (!changes) return tell(changes.error());
            history.changes = std::move(changes).value();
            const slo::Indicator indicator = found->second->objective.indicator;
            if (!has_durations(indicator) || history.points.empty()) return tell(std::move(history));
            post<ObjectiveHistory>(*charts_, tell,
                                   [this, indicator, history](const Done<ObjectiveHistory>& answer) mutable {
                                       add_durations(indicator, history);
                                       answer(std::move(history));
                                   });
        });
}

// A step without them, where they cannot be read, is a gap in a chart.
void ObjectiveManager::add_durations(const slo::Indicator& indicator, ObjectiveHistory& history) const {
    auto reader = ObjectiveStore::open_reader(options_.path);
    if (!reader) return;
    const std::int64_t step = history.step_micros;
    const Timestamp first = floor_to(history.points.front().at.plus_micros(-1), step);
    std::vector<slo::RequestFigures> steps(history.points.size());
    static_cast<void>((*reader)->each_slice(
        first, history.points.back().at, [&](Timestamp start, std::int64_t, slo::SliceFigures&& figures) {
            const auto at = static_cast<std::size_t>((start.micros - first.micros) / step);
            if (at < steps.size()) steps[at].merge(slo::durations(indicator, figures));
            return !charts_->stopping();
        }));
    for (std::size_t i = 0; i < steps.size(); ++i) {
        history.points[i].p50_ms = steps[i].percentile_ms(0.5);
        history.points[i].p95_ms = steps[i].percentile_ms(0.95);
        history.points[i].p99_ms = steps[i].percentile_ms(0.99);
    }
}

void ObjectiveManager::put_now(slo::Objective objective, const Done<ObjectiveStatus>& done) {
    if (Status checked = check_objective(objective); !checked) return done(checked.error());
    if (is_metric(objective)) {
        if (parts_.metrics == nullptr) return done(wrong_field("indicator.kind", "there are no metrics here"));
        const Result<std::int64_t> slice = metric_slice_micros(*parts_.metrics, objective.indicator);
        if (!slice) return done(wrong_field(slice.error().field, slice.error().message));
    }
    const auto known = watched_.find(objective.name);
    if (known == watched_.end() && watched_.size() >= options_.most_objectives)
        return done(Error::make(ErrorCode::TooLarge,
                                "there are " + std::to_string(options_.most_objectives) + " objectives already"));
    // Those that a client sends back with the rules that it was told keep following their window.
    if (objective.rules == slo::rules_for(objective.window)) objective.rules.clear();
    KeptObjective kept{std::move(objective), false, {}};
    if (known != watched_.end()) {
        if (known->second->kept.objective == kept.objective) return done(status_of(*known->second, last_));
    }
    // Its past is read beside the thread that evaluates: that goes on meanwhile.
    const slo::Objective ruled = with_rules(kept.objective);
    const std::int64_t length = kept_of(ruled, options_.kept_micros);
    slo::SliceSeries series(slice_of(ruled), length);
    if (is_metric(ruled)) return put_read(std::move(kept), std::move(series), last_, done);
    const Timestamp from = last_.plus_micros(-length), to = pending_start_;
    post<ObjectiveStatus>(
        *charts_, done, [this, kept, series, ruled, from, to](const Done<ObjectiveStatus>& tell) mutable {
            auto reader = ObjectiveStore::open_reader(options_.path);
            if (!reader) return tell(reader.error());
            const Status read =
                (*reader)->each_slice(from, to, [&](Timestamp start, std::int64_t, slo::SliceFigures&& figures) {
                    const slo::Ratio counted = slo::count(ruled.indicator, figures);
                    series.add(start, counted.good, counted.total);
                    return !charts_->stopping();
                });
            if (!read) return tell(read.error());
            post<ObjectiveStatus>(*thread_, tell,
                                  [this, kept, series, to](const Done<ObjectiveStatus>& answer) mutable {
                                      put_read(std::move(kept), std::move(series), to, answer);
                                  });
        });
}

// With the past until `read_to`; slices that were written since, a few, are read here.
void ObjectiveManager::put_read(KeptObjective kept, slo::SliceSeries series, Timestamp read_to,
                                const Done<ObjectiveStatus>& done) {
    const auto known = watched_.find(kept.objective.name);
    if (known == watched_.end() && watched_.size() >= options_.most_objectives)
        return done(Error::make(ErrorCode::TooLarge, "there are too many objectives"));
    if (known != watched_.end())  // what is put below must not be ahead of what was told
        if (Status saved = save_changes(*known->second); !saved) return done(saved.error());
    if (known != watched_.end() && fits(known->second->machine.states(), slo::rules_of(kept.objective)))
        kept.states = known->second->machine.states();
    if (Status written = store_->put(kept); !written) return done(written.error());
    const std::string name = kept.objective.name;
    watch(std::move(kept));
    note_asked(name, {});
    Watched& watched = *watched_.at(name);
    watched.series = std::move(series);
    if (!is_metric(watched.objective)) {
        const auto take = [&](Timestamp start, const slo::SliceFigures& figures) {
            const slo::Ratio counted = slo::count(watched.objective.indicator, figures);
            watched.series.add(start, counted.good, counted.total);
        };
        note(store_->each_slice(read_to, pending_start_,
                                [&](Timestamp start, std::int64_t, slo::SliceFigures&& figures) {
                                    take(start, figures);
                                    return true;
                                }),
             "read");
        take(pending_start_, pending_);
        watched.series.thin(last_.plus_micros(-options_.narrow_micros), kWideSliceMicros);
    }
    publish(last_);
    done(status_of(watched, last_));
}

void ObjectiveManager::put(slo::Objective objective, Done<ObjectiveStatus> done) {
    post<ObjectiveStatus>(
        *thread_, std::move(done),
        [this, objective = std::move(objective)](const Done<ObjectiveStatus>& tell) { put_now(objective, tell); });
}

Result<bool> ObjectiveManager::remove_now(const std::string& name) {
    const auto found = watched_.find(name);
    if (found == watched_.end()) return unknown(name);
    if (Status removed = store_->remove(name); !removed) return removed.error();
    watched_.erase(found);
    note_asked(name, {});
    publish(last_);
    return true;
}

void ObjectiveManager::remove(std::string name, Done<bool> done) {
    post<bool>(*thread_, std::move(done),
               [this, name = std::move(name)](const Done<bool>& tell) { tell(remove_now(name)); });
}

void ObjectiveManager::finish_back_test(const slo::Objective& draft, query::TimeRange range,
                                        const slo::SliceSeries& series, const Attendance& attendance,
                                        const Done<BackTest>& done) const {
    BackTest result;
    result.range = {std::max(range.from, series.oldest().value_or(range.to)), range.to};
    const std::int64_t length = result.range.to.micros - result.range.from.micros;
    bool ended = false;
    slo::PastAlerts past =
        slo::alerts_in_the_past(draft, series, result.range.from, result.range.to,
                                length > 35 * kDayMicros ? kWideSliceMicros : kNarrowSliceMicros, [&](double share) {
                                    ended = past_->stopping() || (attendance.cancelled && attendance.cancelled());
                                    if (attendance.progress) attendance.progress(0.5 + share / 2);
                                    return !ended;
                                });
    if (ended) return done(Error::make(ErrorCode::Cancelled, "the back-test was cancelled"));
    result.fired = past.fired;
    result.first_after_micros = past.first_after_micros;
    result.changes = std::move(past.changes);
    if (result.changes.size() > kMostChanges) result.changes.resize(kMostChanges);
    result.budget = slo::budget_at(draft, series, result.range.to);
    result.warnings = warnings_of(draft, series, result.range.to);
    done(std::move(result));
}

void ObjectiveManager::back_test(slo::Objective draft, query::TimeRange range, Attendance attendance,
                                 Done<BackTest> done) {
    if (Status checked = check_objective(draft); !checked) return done(checked.error());
    range.to = std::min(range.to, parts_.clock.now());
    if (range.from >= range.to) return done(wrong_field("from", "must be before to, and in the past"));
    draft = with_rules(std::move(draft));
    const std::int64_t before = kept_of(draft, options_.kept_micros);
    const query::TimeRange needed{range.from.plus_micros(-before), range.to};
    const std::int64_t kept = needed.to.micros - needed.from.micros;
    if (is_metric(draft)) {
        if (parts_.metrics == nullptr || parts_.analysis == nullptr)
            return done(wrong_field("indicator.kind", "there are no metrics here"));
        return ask_metric_slices(*parts_.analysis, *parts_.metrics, draft, needed,
                                 [this, draft, range, kept, attendance,
                                  done = std::move(done)](const Result<std::vector<slo::Slice>>& slices) {
                                     if (!slices) return done(slices.error());
                                     post<BackTest>(
                                         *past_, done,
                                         [this, draft, range, kept, slices, attendance](const Done<BackTest>& tell) {
                                             slo::SliceSeries series(slice_of(draft), kept);
                                             for (const slo::Slice& slice : *slices)
                                                 series.add(slice.start, slice.good, slice.total);
                                             finish_back_test(draft, range, series, attendance, tell);
                                         });
                                 });
    }
    post<BackTest>(*past_, std::move(done), [this, draft, range, needed, kept, attendance](const Done<BackTest>& tell) {
        const auto cancelled = [&] { return attendance.cancelled && attendance.cancelled(); };
        if (cancelled()) return tell(Error::make(ErrorCode::Cancelled, "the back-test was cancelled"));
        auto reader = ObjectiveStore::open_reader(options_.path);
        if (!reader) return tell(reader.error());
        slo::SliceSeries series(slice_of(draft), kept);
        std::uint64_t rows = 0;
        bool ended = false;
        const Status read = (*reader)->each_slice(needed.from, needed.to,
                                                  [&](Timestamp start, std::int64_t, slo::SliceFigures&& figures) {
                                                      const slo::Ratio counted = slo::count(draft.indicator, figures);
                                                      series.add(start, counted.good, counted.total);
                                                      if (++rows % kRowsBetweenLooks == 0) {
                                                          ended = cancelled();
                                                          if (attendance.progress)
                                                              attendance.progress(0.5 * share_of(start, needed));
                                                      }
                                                      return !ended && !past_->stopping();
                                                  });
        if (!read) return tell(read.error());
        if (past_->stopping()) return tell(Error::make(ErrorCode::Unavailable, "the server is shutting down"));
        if (ended) return tell(Error::make(ErrorCode::Cancelled, "the back-test was cancelled"));
        finish_back_test(draft, range, series, attendance, tell);
    });
}

}  // namespace streamgauge::api
