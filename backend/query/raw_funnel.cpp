// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/raw_funnel.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>

#include "base/wrong_field.h"
#include "query/raw_users.h"
#include "query/steps.h"

namespace streamgauge::query {
namespace {

constexpr std::size_t kMostFunnelSteps = kMostUserFilters;
constexpr int kMostRetentionDays = 90;
constexpr std::size_t kMostCohorts = 400;
constexpr Offset kTailEvents = 4'096;

// ---- funnel --------------------------------------------------------------------------------------------------------

// One attempt of a user to go through the steps.
struct Attempt {
    std::uint64_t begun = 0;                          // the place of its first event; 0: there is none
    std::array<std::int64_t, kMostFunnelSteps> at{};  // when it came to each step
};

struct FunnelCounts {
    std::vector<std::uint64_t> reached;
    std::vector<std::vector<std::int64_t>> took;  // from the step before

    // Of all attempts that have come to a step, the one that began last has the most time left: it alone is kept, and
    // one look at each event is enough.
    void add(std::span<const UserEvent> events, std::int64_t within) {
        std::array<Attempt, kMostFunnelSteps> latest;  // by step
        std::size_t furthest = 0;                      // steps that were reached
        Attempt best;
        for (const UserEvent& event : events) {
            // Backwards: an event is one step of an attempt only.
            for (std::size_t step = std::min(furthest + 1, reached.size()); step-- > 0;) {
                if (!event.is(step)) continue;
                Attempt next;
                if (step == 0) {
                    next.begun = event.place;
                } else {
                    next = latest[step - 1];
                    // An attempt comes to a step once: with the first event after the step before.
                    if (next.begun == 0 || next.begun == latest[step].begun) continue;
                    if (event.at_micros - next.at[0] > within) continue;
                }
                next.at[step] = event.at_micros;
                latest[step] = next;
                if (step < furthest) continue;
                furthest = step + 1;
                best = next;
            }
        }
        for (std::size_t step = 0; step < furthest; ++step) {
            ++reached[step];
            if (step != 0) took[step].push_back(best.at[step] - best.at[step - 1]);
        }
    }
};

std::optional<std::int64_t> median(std::vector<std::int64_t>& values) {
    if (values.empty()) return std::nullopt;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// ---- retention -----------------------------------------------------------------------------------------------------

// A user's events of one day are as good as the first of `first` and the last of `again`.
void keep_a_few_a_day(std::vector<UserEvent>& events, const Steps& days) {
    std::size_t kept = 0;
    for (std::size_t begin = 0; begin < events.size();) {
        const std::uint64_t user = events[begin].user;
        const auto day = days.find(events[begin].at_micros);
        const std::int64_t end_of_day = day ? days.end(*day).micros : events[begin].at_micros + 1;
        std::size_t end = begin, first = events.size(), again = events.size();
        for (; end < events.size() && events[end].user == user && events[end].at_micros < end_of_day; ++end) {
            if (events[end].is(0) && first == events.size()) first = end;
            if (events[end].is(1)) again = end;
        }
        for (std::size_t i : {std::min(first, again), std::max(first, again)})
            if (i < events.size() && (kept == 0 || events[kept - 1] != events[i])) events[kept++] = events[i];
        begin = end;
    }
    events.resize(kept);
}

struct CohortCounts {
    std::vector<std::uint64_t> size;                   // by day of the range
    std::vector<std::vector<std::uint64_t>> returned;  // by day, then by days after

    void add(std::span<const UserEvent> events, const Steps& days, Timestamp to, std::size_t most_after) {
        const auto first = std::find_if(events.begin(), events.end(), [](const UserEvent& e) { return e.is(0); });
        if (first == events.end() || first->at_micros >= to.micros) return;
        const std::optional<std::size_t> day = days.find(first->at_micros);
        if (!day || *day >= size.size()) return;
        ++size[*day];
        std::bitset<kMostRetentionDays + 1> came;
        for (auto event = first + 1; event != events.end(); ++event) {
            const std::optional<std::size_t> on = days.find(event->at_micros);
            if (event->is(1) && on && *on - *day <= most_after) came.set(*on - *day);
        }
        for (std::size_t after = 0; after <= most_after; ++after)
            if (came.test(after)) ++returned[*day][after];
    }
};

// How far the log's time has come: the newest of the earlier of both times, of its last events.
Result<std::optional<Timestamp>> newest_time(Journal& journal) {
    std::optional<Timestamp> newest;
    const Offset end = journal.end();
    for (Offset at = std::max(journal.begin(), end - std::min(end, kTailEvents)); at < end;) {
        const auto run = journal.read(at, kTailEvents);
        if (!run.ok()) {
            if (run.error().code != ErrorCode::NotFound) return run.error();
            at = std::max(at + 1, journal.begin());
            continue;
        }
        if (!*run) break;
        for (; at < (*run)->next(); ++at) {
            const EventView event = (*run)->batch[at - (*run)->first];
            const Timestamp time = std::min(event.occurred_at, event.received_at);
            newest = newest ? std::max(*newest, time) : time;
        }
    }
    return newest;
}

// Where the answer comes from.
template <class Answer>
void say_how(Answer& answer, const UsersSeen& seen) {
    answer.complete_from = seen.scan.complete_from;
    answer.explanation.source = "events";
    answer.explanation.events_read = seen.scan.events;
    answer.explanation.rows_read = seen.kept;
}

}  // namespace

Result<FunnelAnswer> run_funnel(Journal& journal, const FunnelQuery& query, const Watch& watch,
                                const RawLimits& limits) {
    if (query.steps.size() < 2 || query.steps.size() > kMostFunnelSteps)
        return wrong_field("steps", "a funnel has 2 to " + std::to_string(kMostFunnelSteps) + " steps");
    if (query.within_micros <= 0) return wrong_field("within", "within is longer than nothing");
    if (query.range.to <= query.range.from) return wrong_field("to", "to is after from");
    UserQuestion question;
    question.events.project = query.project;
    question.events.from_micros = query.range.from.micros;
    question.events.to_micros = query.range.to.micros;
    question.by = query.by;
    question.filters = query.steps;
    std::vector<FunnelCounts> parts(kUserParts);
    const auto reset = [&] {
        for (FunnelCounts& part : parts) {
            part.reached.assign(query.steps.size(), 0);
            part.took.assign(query.steps.size(), {});
        }
    };
    const auto visit = [&](std::size_t part, std::span<const UserEvent> events) {
        parts[part].add(events, query.within_micros);
    };
    const auto seen = visit_users(journal, question, limits, watch, reset, visit);
    if (!seen.ok()) return seen.error();
    FunnelAnswer answer;
    say_how(answer, *seen);
    for (std::size_t step = 0; step < query.steps.size(); ++step) {
        FunnelStep out;
        out.filter = query.steps[step].text();
        std::vector<std::int64_t> took;
        for (FunnelCounts& part : parts) {
            out.reached += part.reached[step];
            took.insert(took.end(), part.took[step].begin(), part.took[step].end());
        }
        out.median_micros = median(took);
        answer.steps.push_back(std::move(out));
    }
    return answer;
}

Result<RetentionAnswer> run_retention(Journal& journal, const RetentionQuery& query, const Watch& watch,
                                      const RawLimits& limits) {
    if (query.days < 1 || query.days > kMostRetentionDays)
        return wrong_field("days", "days are 1 to " + std::to_string(kMostRetentionDays));
    if (query.range.to <= query.range.from) return wrong_field("to", "to is after from");
    const auto after = static_cast<std::size_t>(query.days);
    const Result<Windows> windows = Windows::make(kDayMicros, query.timezone);
    if (!windows.ok()) return wrong_field("timezone", windows.error().message);
    const std::string too_long = "a range has at most " + std::to_string(kMostCohorts) + " days";
    const std::uint64_t length =
        static_cast<std::uint64_t>(query.range.to.micros) - static_cast<std::uint64_t>(query.range.from.micros);
    if (length > kMostCohorts * static_cast<std::uint64_t>(kDayMicros)) return wrong_field("from", too_long);
    TimeRange read{{windows->start_of(query.range.from.micros)},
                   {windows->end_of(windows->start_of(query.range.to.micros - 1))}};
    for (int day = 0; day < query.days; ++day) read.to = {windows->end_of(read.to.micros)};
    const Result<Steps> days = Steps::make(read, *windows);
    if (!days.ok()) return wrong_field("from", too_long);

    UserQuestion question;
    question.events.project = query.project;
    question.events.from_micros = query.range.from.micros;
    question.events.to_micros = read.to.micros;
    question.by = query.by;
    question.filters = {query.first, query.again};
    question.compact = [&days](std::vector<UserEvent>& events) { keep_a_few_a_day(events, *days); };
    const std::size_t cohorts = days->size() - after;
    std::vector<CohortCounts> parts(kUserParts);
    const auto reset = [&] {
        for (CohortCounts& part : parts) {
            part.size.assign(cohorts, 0);
            part.returned.assign(cohorts, std::vector<std::uint64_t>(after + 1, 0));
        }
    };
    const auto visit = [&](std::size_t part, std::span<const UserEvent> events) {
        parts[part].add(events, *days, query.range.to, after);
    };
    const auto newest = newest_time(journal);
    if (!newest.ok()) return newest.error();
    const auto seen = visit_users(journal, question, limits, watch, reset, visit);
    if (!seen.ok()) return seen.error();
    RetentionAnswer answer;
    say_how(answer, *seen);
    for (std::size_t day = 0; day < cohorts; ++day) {
        RetentionCohort cohort;
        cohort.day = days->start(day);
        for (const CohortCounts& part : parts) cohort.size += part.size[day];
        for (std::size_t n = 0; n <= after; ++n) {
            if (!*newest || days->end(day + n) > **newest) {
                cohort.returned.push_back(std::nullopt);
                continue;
            }
            std::uint64_t users = 0;
            for (const CohortCounts& part : parts) users += part.returned[day][n];
            cohort.returned.emplace_back(users);
        }
        answer.cohorts.push_back(std::move(cohort));
    }
    return answer;
}

}  // namespace streamgauge::query
