// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/query_service.h"

#include <algorithm>
#include <utility>

#include "journal/journal.h"
#include "metrics/decimal.h"
#include "pipeline/pipeline.h"
#include "pipeline/projection.h"

namespace streamgauge::api {
namespace {

constexpr int kLongestMinutes = 60;
constexpr int kLargestLimit = 1'000;

std::optional<Error> out_of_range(const char* field, int value, int most) {
    if (value >= 1 && value <= most) return std::nullopt;
    Error error = Error::make(ErrorCode::InvalidArgument, std::string(field) + " must be 1 to " + std::to_string(most) +
                                                              ", not " + std::to_string(value));
    error.field = field;
    return error;
}

StreamMinute to_api(StreamRow&& row) {
    StreamMinute minute;
    minute.window_start = {row.window};
    minute.stream_id = std::move(row.stream_id);
    minute.active_viewers = row.active_viewers;
    minute.chat_messages = static_cast<std::uint64_t>(std::max<std::int64_t>(0, row.chat_messages));
    minute.donations_cents = micros_to_cents(row.donations_micros);
    return minute;
}

std::vector<StreamMinute> to_api(std::vector<StreamRow>&& rows) {
    std::vector<StreamMinute> minutes;
    minutes.reserve(rows.size());
    for (StreamRow& row : rows) minutes.push_back(to_api(std::move(row)));
    return minutes;
}

class PipelineQueries final : public QueryService {
public:
    PipelineQueries(Pipeline& pipeline, Journal& journal, const Clock& clock)
        : pipeline_(pipeline), journal_(journal), clock_(clock) {}

    void active_users(std::string project, int minutes, Done<ActiveUsers> done) override {
        if (auto error = out_of_range("minutes", minutes, kLongestMinutes)) return done(std::move(*error));
        ask(std::move(done), [this, of = std::move(project), minutes](const Projection& now) -> Result<ActiveUsers> {
            const ActiveCount count = now.live().active_users(of, minutes, clock_.now());
            return ActiveUsers{count.users, count.relative_error};
        });
    }

    void top_pages(std::string project, int minutes, int limit, Done<TopPages> done) override {
        if (auto error = out_of_range("minutes", minutes, kLongestMinutes)) return done(std::move(*error));
        if (auto error = out_of_range("limit", limit, kLargestLimit)) return done(std::move(*error));
        ask(std::move(done),
            [this, of = std::move(project), minutes, limit](const Projection& now) -> Result<TopPages> {
                TopCounts found =
                    now.live().top(metric::kTopPages, of, minutes, clock_.now(), static_cast<std::size_t>(limit));
                TopPages top;
                top.missing_at_most = found.missing_at_most;
                for (auto& [page, views] : found.counts) top.pages.push_back({std::move(page), views});
                return top;
            });
    }

    void active_sessions(std::string project, std::string user_id, Done<ActiveSessions> done) override {
        ask(std::move(done),
            [this, of = std::move(project),
             user = std::move(user_id)](const Projection& now) -> Result<ActiveSessions> {
                return ActiveSessions{now.live().active_sessions(of, user, clock_.now())};
            });
    }

    void pair_count(std::string project, std::string user_id, std::string page_url, Done<PairCount> done) override {
        ask(std::move(done),
            [of = std::move(project), user = std::move(user_id),
             page = std::move(page_url)](const Projection& now) -> Result<PairCount> {
                const Result<std::uint64_t> count = now.pair_count(of, user, page);
                if (!count) return count.error();
                if (*count == 0) return Error::make(ErrorCode::NotFound, "no event of this user on this page");
                return PairCount{user, page, *count};
            });
    }

    void stream_minutes(std::string project, int minutes, int limit, Done<std::vector<StreamMinute>> done) override {
        if (auto error = out_of_range("minutes", minutes, kLongestStreamMinutes)) return done(std::move(*error));
        if (auto error = out_of_range("limit", limit, kLargestLimit)) return done(std::move(*error));
        ask(std::move(done),
            [of = std::move(project), minutes, limit](const Projection& now) -> Result<std::vector<StreamMinute>> {
                return to_api(now.live().stream_minutes(of, minutes, static_cast<std::size_t>(limit)));
            });
    }

    void latest_streams(std::string project, Done<std::vector<StreamMinute>> done) override {
        ask(std::move(done), [of = std::move(project)](const Projection& now) -> Result<std::vector<StreamMinute>> {
            return to_api(now.live().latest_streams(of));
        });
    }

    void top_streams(std::string project, int minutes, StreamOrder by, int n,
                     Done<std::vector<StreamMinute>> done) override {
        if (auto error = out_of_range("minutes", minutes, kLongestStreamMinutes)) return done(std::move(*error));
        if (auto error = out_of_range("n", n, kLargestLimit)) return done(std::move(*error));
        const StreamRank rank = by == StreamOrder::ActiveViewers  ? StreamRank::Viewers
                                : by == StreamOrder::ChatMessages ? StreamRank::Chats
                                                                  : StreamRank::Donations;
        ask(std::move(done),
            [of = std::move(project), minutes, rank, n](const Projection& now) -> Result<std::vector<StreamMinute>> {
                return to_api(now.live().top_streams(of, minutes, rank, static_cast<std::size_t>(n)));
            });
    }

    PipelineStats pipeline_stats() override {
        const PipelineStatus status = pipeline_.status();
        PipelineStats stats;
        stats.received_total = journal_.counters().accepted;
        stats.written_total = status.committed - 1;  // offsets are gapless from 1 on
        stats.avg_processing_ms = status.mean_processing_ms;
        stats.lag = pipeline_.lag().events;
        return stats;
    }

private:
    template <class T, class Answer>
    void ask(Done<T> done, Answer answer) {
        pipeline_.ask([done = std::move(done), answer = std::move(answer)](const Projection* projection) {
            if (projection == nullptr)
                done(Error::make(ErrorCode::Unavailable, "the server is stopping, or another one has taken over"));
            else
                done(answer(*projection));
        });
    }

    Pipeline& pipeline_;
    Journal& journal_;
    const Clock& clock_;
};

}  // namespace

std::unique_ptr<QueryService> make_query_service(Pipeline& pipeline, Journal& journal, const Clock& clock) {
    return std::make_unique<PipelineQueries>(pipeline, journal, clock);
}

}  // namespace streamgauge::api
