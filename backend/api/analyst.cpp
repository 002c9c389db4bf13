// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/analyst.h"

#include <algorithm>
#include <utility>

#include "metrics/set_table.h"
#include "query/executor.h"
#include "query/raw_funnel.h"
#include "query/raw_points.h"

namespace streamgauge::api {
namespace {

constexpr std::size_t kWaitingQuestions = 64;
constexpr std::int64_t kReportNanos = 100'000'000;  // at most ten times a second

Error unavailable() {
    Error error = Error::make(ErrorCode::Unavailable, "the server is stopping, or has too many questions waiting");
    error.retry_after_seconds = 1;
    return error;
}

double ms_between(std::int64_t from_nanos, std::int64_t to_nanos) {
    return static_cast<double>(to_nanos - from_nanos) / 1e6;
}

Error in_member(Error error, std::string member) {
    error.field = std::move(member);
    return error;
}

query::Explanation& explanation_of(query::PointsAnswer& answer) {
    return answer.explanation;
}
query::Explanation& explanation_of(query::FunnelAnswer& answer) {
    return answer.explanation;
}
query::Explanation& explanation_of(query::RetentionAnswer& answer) {
    return answer.explanation;
}

std::string group_of(const query::Point& point, std::size_t fields) {
    std::string out;
    for (std::size_t i = 0; i < fields; ++i) {
        if (i > 0) out += kGroupSeparator;
        if (point.other) {
            out += kOtherGroup;
        } else if (i < point.group.size()) {
            out += point.group[i];
        }
    }
    return out;
}

query::Table table_of(const query::PointsAnswer& answer, const query::Steps& steps, std::size_t fields) {
    query::Table table;
    for (const query::Point& point : answer.points)
        table.add(static_cast<std::uint32_t>(steps.find(point.start.micros).value_or(0)), group_of(point, fields),
                  point.value, point.corrected, point.other);
    return table;
}

// Rows where there was nothing, so that series have no holes and compared ones are as long as each other.
void complete(query::Answer& answer, const query::PointsQuery& query) {
    const query::Value zero = query::empty_value(answer.head.aggregate);
    if (query.group_by.empty() && zero.number) {
        answer.table.fill_steps(answer.steps.size(), zero);
        if (answer.before) answer.before->fill_steps(answer.steps_before->size(), zero);
    }
    if (answer.before) answer.table.fill_from(*answer.before, zero);
}

Result<query::Steps> raw_steps(const query::PointsQuery& query) {
    if (query.range == query::kAllTime)
        return in_member(Error::make(ErrorCode::InvalidArgument, "from is missing"), "from");
    if (query.range.from >= query.range.to)
        return in_member(Error::make(ErrorCode::InvalidArgument, "to must be after from"), "to");
    if (query.step_micros == 0) return query::Steps(query.range);
    const auto windows = Windows::make(query.step_micros, query.timezone);
    if (!windows) return in_member(windows.error(), "timezone");
    return query::Steps::make(query.range, *windows);
}

}  // namespace

struct Analyst::Found {
    query::AnswerPtr answer;
    bool cached = false;
};

Analyst::Analyst(Parts parts, AnalystOptions options)
    : parts_(std::move(parts)),
      options_(options),
      cache_(options.cache_bytes),
      metrics_("questions", kWaitingQuestions),
      events_("event-questions", kWaitingQuestions) {}

void Analyst::stop() {
    metrics_.stop();
    events_.stop();
}

query::Watch Analyst::watch(const ServiceThread& thread, const Attendance& attendance) const {
    query::Watch watch;
    const std::int64_t until = parts_.clock.monotonic_nanos() + std::chrono::nanoseconds(options_.longest).count();
    watch.cancelled = [this, &thread, cancelled = attendance.cancelled, until] {
        return thread.stopping() || (cancelled && cancelled()) || parts_.clock.monotonic_nanos() >= until;
    };
    if (attendance.progress)
        watch.progress = [this, progress = attendance.progress, last = std::int64_t{0},
                          most = 0.0](double share) mutable {
            const std::int64_t now = parts_.clock.monotonic_nanos();
            if (now - last < kReportNanos) return;
            last = now;
            most = std::clamp(share, most, 1.0);
            progress(most);
        };
    return watch;
}

template <class Answer>
void Analyst::ask(ServiceThread& thread, Attendance attendance, Done<Answer> done,
                  std::function<Result<Answer>(const query::Watch&)> answer) {
    if (waiting_.fetch_add(1) >= kWaitingQuestions) {
        --waiting_;
        return done(unavailable());
    }
    ++asked_;
    struct Asked {
        std::int64_t arrived, flushed;
        Attendance attendance;
        Done<Answer> done;
        std::function<Result<Answer>(const query::Watch&)> answer;
    };
    const std::int64_t now = parts_.clock.monotonic_nanos();
    const auto asked =
        std::make_shared<Asked>(Asked{now, now, std::move(attendance), std::move(done), std::move(answer)});
    const auto post = [this, &thread, asked] {
        asked->flushed = parts_.clock.monotonic_nanos();
        const bool taken = thread.post([this, &thread, asked](bool running) {
            const std::int64_t begun = parts_.clock.monotonic_nanos();
            Result<Answer> result = unavailable();
            if (running) {
                const query::Watch watched = watch(thread, asked->attendance);
                result = watched.ended() ? Result<Answer>(query::Watch::cancelled_error()) : asked->answer(watched);
            }
            const std::int64_t over = parts_.clock.monotonic_nanos();
            if (result.ok()) {
                query::Explanation& explanation = explanation_of(*result);
                explanation.flush_ms = ms_between(asked->arrived, asked->flushed);
                explanation.queue_ms = ms_between(asked->flushed, begun);
                explanation.read_ms = ms_between(begun, over);
                explanation.milliseconds = ms_between(asked->arrived, over);
            } else if (result.error().code == ErrorCode::Cancelled) {
                if (thread.stopping()) {
                    result = unavailable();
                } else if (over - begun >= std::chrono::nanoseconds(options_.longest).count()) {
                    result =
                        Error::make(ErrorCode::DeadlineExceeded, "the question took too long: ask for a shorter range");
                } else {
                    ++cancelled_;
                }
            }
            --waiting_;
            asked->done(std::move(result));
        });
        if (taken) return;
        --waiting_;
        asked->done(unavailable());
    };
    if (!parts_.flush) return post();
    parts_.flush(post);
}

void Analyst::points(query::PointsQuery query, Attendance attendance, Done<query::PointsAnswer> done) {
    if (Status checked = query::check_question(query); !checked.ok()) return done(checked.error());
    ServiceThread& thread = query.raw ? events_ : metrics_;
    ask<query::PointsAnswer>(
        thread, std::move(attendance), std::move(done),
        [this, query = std::move(query)](const query::Watch& watched) { return answer_points(query, watched); });
}

void Analyst::funnel(query::FunnelQuery query, Attendance attendance, Done<query::FunnelAnswer> done) {
    ask<query::FunnelAnswer>(events_, std::move(attendance), std::move(done),
                             [this, query = std::move(query)](const query::Watch& watched) {
                                 auto answer = query::run_funnel(parts_.journal, query, watched);
                                 if (answer.ok()) answer->as_of = watermark();
                                 return answer;
                             });
}

void Analyst::retention(query::RetentionQuery query, Attendance attendance, Done<query::RetentionAnswer> done) {
    ask<query::RetentionAnswer>(events_, std::move(attendance), std::move(done),
                                [this, query = std::move(query)](const query::Watch& watched) {
                                    auto answer = query::run_retention(parts_.journal, query, watched);
                                    if (answer.ok()) answer->as_of = watermark();
                                    return answer;
                                });
}

std::optional<Timestamp> Analyst::watermark() {
    const auto snapshot = parts_.store.snapshot();
    if (!snapshot) return std::nullopt;
    const auto state = (*snapshot)->state();
    return state.ok() ? state->watermark : std::nullopt;
}

Result<query::PointsAnswer> Analyst::answer_points(query::PointsQuery query, const query::Watch& watched) {
    std::optional<query::Cursor> cursor;
    if (!query.cursor.empty()) {
        const auto parsed = query::parse_cursor(query.cursor, query);
        if (!parsed) return parsed.error();
        cursor = *parsed;
        query.range = cursor->range;
        if (const query::AnswerPtr held = cache_.held(*cursor)) {
            query::PointsAnswer page = cut_page(*held, query, query.range, cursor->position, held->head.as_of);
            page.explanation.cached = true;
            return page;
        }
    }
    Result<Found> found = query.raw ? find_raw(query, watched) : find(query, watched);
    if (!found) return found.error();
    const query::Answer& answer = *found->answer;
    if (cursor && answer.table.digest() != cursor->digest)
        return in_member(Error::make(ErrorCode::Conflict,
                                     "what this cursor pages through has changed, and is not held any more: ask again "
                                     "without it"),
                         "cursor");
    std::optional<Timestamp> as_of = answer.head.as_of;
    if (found->cached) as_of = std::max(as_of, cache_.as_of());
    query::PointsAnswer page = cut_page(answer, query, query.range, cursor ? cursor->position : 0, as_of);
    page.explanation.cached = found->cached;
    if (page.cursor) {
        const auto next = query::parse_cursor(*page.cursor, query);
        if (next.ok()) cache_.hold(*next, found->answer);
    }
    return page;
}

Result<Analyst::Found> Analyst::find(const query::PointsQuery& query, const query::Watch& watched) {
    const auto metric = parts_.metrics.find(query.metric);
    if (metric == nullptr)
        return in_member(Error::make(ErrorCode::NotFound, "there is no metric " + query.metric), "metric");
    const query::AnswerCache::Computation computation(cache_, metric->definition.id);
    const auto snapshot = parts_.store.snapshot();
    if (!snapshot) return snapshot.error();
    const auto state = (*snapshot)->state();
    if (!state) return state.error();
    const auto plan = make_plan(query, metric, *state);
    if (!plan) return plan.error();
    // One that was filled later has that moment, and all that came after it: where the store is lost, it moves.
    const std::uint64_t missing = metric->complete_from ? 0 : state->missing();
    std::string key = query::canonical_text(query, *plan) + ';' + std::to_string(missing);
    if (metric->complete_from) key += ';' + std::to_string(metric->complete_from->micros);
    if (query::AnswerPtr cached = cache_.find(key)) return Found{std::move(cached), true};

    auto answer = std::make_shared<query::Answer>();
    answer->head.metric = metric->definition.name;
    answer->head.unit = metric->definition.unit;
    answer->head.aggregate = metric->definition.aggregate;
    answer->head.range = plan->now.steps.range();
    answer->head.step_micros = query.step_micros;
    answer->head.group_by = query.group_by;
    answer->head.as_of = state->watermark;
    if (metric->definition.aggregate == Aggregate::Percentile)
        answer->head.percentiles =
            query.percentiles.empty() ? std::vector<double>{metric->definition.percentile} : query.percentiles;
    answer->head.complete_from = plan->kept_from;
    answer->head.previous_complete_from = plan->before_kept_from;
    answer->head.missing_events = missing;
    answer->head.metric_complete_from = metric->complete_from;
    answer->steps = plan->now.steps;
    answer->lateness_micros = metric->definition.allowed_lateness_micros;
    const auto known = (*snapshot)->metrics();
    if (!known) return known.error();
    for (const StoredMetric& one : *known)
        if (one.id == metric->definition.id && one.backfill)
            answer->head.backfilled = std::min(1.0, static_cast<double>(one.backfill->next - 1) /
                                                        static_cast<double>(std::max<Offset>(state->next, 2) - 1));

    // Each commit that changes results moves the state, a backfill's progress, or the list of metrics.
    const auto another = [this, &state, &known]() -> std::unique_ptr<StoreSnapshot> {
        auto opened = parts_.store.snapshot();
        if (!opened) return nullptr;
        const auto its_state = (*opened)->state();
        const auto its_metrics = (*opened)->metrics();
        if (!its_state || !its_metrics || *its_state != *state || *its_metrics != *known) return nullptr;
        return std::move(opened).value();
    };
    const double half = query.compare ? 0.5 : 1;
    auto now = execute(**snapshot, *plan, plan->now, query, watched.part(0, half), another);
    if (!now) return now.error();
    answer->head.explanation.rows_read = now->rows_read;
    answer->table = std::move(now->table);
    if (plan->before) {
        auto before = execute(**snapshot, *plan, *plan->before, query, watched.part(half, 1), another);
        if (!before) return before.error();
        answer->head.explanation.rows_read += before->rows_read;
        answer->before = std::move(before->table);
        answer->steps_before = plan->before->steps;
    }
    answer->head.explanation.source = source_text(*plan);
    for (const query::Piece& piece : plan->now.pieces)
        answer->head.explanation.tier_micros =
            std::max(answer->head.explanation.tier_micros, metric->definition.tiers[piece.tier].window_micros);
    if (!plan->now.pieces.empty()) complete(*answer, query);
    cache_.put(computation, key, *plan, answer);
    return Found{std::move(answer), false};
}

Result<Analyst::Found> Analyst::find_raw(const query::PointsQuery& query, const query::Watch& watched) {
    const auto steps = raw_steps(query);
    if (!steps) return steps.error();
    const std::optional<Timestamp> as_of = watermark();
    const double half = query.compare ? 0.5 : 1;
    auto now = query::run_raw(parts_.journal, query, *steps, watched.part(0, half));
    if (!now) return now.error();
    auto answer = std::make_shared<query::Answer>();
    answer->table = table_of(*now, *steps, query.group_by.size());
    now->points = {};
    answer->head = *std::move(now);
    answer->head.aggregate = query.raw->aggregate;
    answer->head.range = query.range;
    answer->head.step_micros = query.step_micros;
    answer->head.group_by = query.group_by;
    answer->head.as_of = as_of;
    if (query.raw->aggregate == Aggregate::Percentile)
        answer->head.percentiles =
            query.percentiles.empty() ? std::vector<double>{query.raw->percentile} : query.percentiles;
    answer->steps = *steps;
    if (query.compare) {
        const query::Steps steps_before = steps->before();
        auto before = query::run_raw(parts_.journal, query, steps_before, watched.part(half, 1));
        if (!before) return before.error();
        answer->before = table_of(*before, steps_before, query.group_by.size());
        answer->steps_before = steps_before;
        answer->head.explanation.events_read += before->explanation.events_read;
        answer->head.previous_complete_from = before->complete_from;
    }
    complete(*answer, query);
    return Found{std::move(answer), false};
}

}  // namespace streamgauge::api
