// SPDX-License-Identifier: GPL-3.0-or-later
// AnalysisService over the store and the journal.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "api/analysis_service.h"
#include "api/service_thread.h"
#include "base/clock.h"
#include "journal/journal.h"
#include "query/answer_cache.h"
#include "query/metric_directory.h"
#include "query/watch.h"
#include "store/result_store.h"

namespace streamgauge::api {

struct AnalystOptions {
    std::size_t cache_bytes = std::size_t{64} * 1024 * 1024;
    std::chrono::milliseconds longest{60'000};  // a question; then DeadlineExceeded
};

struct QuestionFigures {
    std::uint64_t asked = 0, cancelled = 0;  // cancelled: ended because nobody waited for the answer any more
    std::size_t waiting = 0;                 // for their answers
};

// Two threads: one for questions about metrics, one for those over stored events, which take longer.
class Analyst final : public AnalysisService {
public:
    struct Parts {
        ResultStore& store;
        Journal& journal;
        const query::MetricDirectory& metrics;
        const Clock& clock;
        // Sees to it that what was acknowledged is in the store, then calls, on any thread. Empty: nothing is waited
        // for.
        std::function<void(std::function<void()>)> flush;
    };
    // All parts must outlive it.
    explicit Analyst(Parts parts, AnalystOptions options = {});
    ~Analyst() override { stop(); }

    void points(query::PointsQuery query, Attendance attendance, Done<query::PointsAnswer> done) override;
    void funnel(query::FunnelQuery query, Attendance attendance, Done<query::FunnelAnswer> done) override;
    void retention(query::RetentionQuery query, Attendance attendance, Done<query::RetentionAnswer> done) override;

    // To be told of every commit before whoever waits for it (query::ObservedStore).
    query::AnswerCache& cache() { return cache_; }
    QuestionFigures figures() const { return {asked_.load(), cancelled_.load(), waiting_.load()}; }
    // What waits is answered Unavailable.
    void stop();

private:
    struct Times;
    struct Found;
    template <class Answer>
    void ask(ServiceThread& thread, Attendance attendance, Done<Answer> done,
             std::function<Result<Answer>(const query::Watch&)> answer);
    query::Watch watch(const ServiceThread& thread, const Attendance& attendance) const;

    Result<query::PointsAnswer> answer_points(query::PointsQuery query, const query::Watch& watch);
    Result<Found> find(const query::PointsQuery& query, const query::Watch& watch);
    Result<Found> find_raw(const query::PointsQuery& query, const query::Watch& watch);
    std::optional<Timestamp> watermark();

    const Parts parts_;
    const AnalystOptions options_;
    query::AnswerCache cache_;
    std::atomic<std::uint64_t> asked_{0}, cancelled_{0};
    std::atomic<std::size_t> waiting_{0};
    ServiceThread metrics_, events_;
};

}  // namespace streamgauge::api
