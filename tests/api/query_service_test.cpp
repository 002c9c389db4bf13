// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/query_service.h"

#include "api/pipeline_fixture.h"

namespace streamgauge::api {
namespace {

using test::eventually;
using test::PlainEvent;

class QueryServiceTest : public test::PipelineFixture {
protected:
    QueryServiceTest() : queries(make_query_service(*pipeline, journal, clock)) {}

    template <class T, class Call>
    Result<T> ask(Call call) {
        std::promise<Result<T>> answer;
        call([&answer](Result<T> result) { answer.set_value(std::move(result)); });
        return answer.get_future().get();
    }
    Result<ActiveUsers> active_users(int minutes) {
        return ask<ActiveUsers>([&](auto done) { queries->active_users(project, minutes, done); });
    }
    Result<TopPages> top_pages(int minutes, int limit) {
        return ask<TopPages>([&](auto done) { queries->top_pages(project, minutes, limit, done); });
    }
    Result<PairCount> pair_count(const std::string& user, const std::string& page) {
        return ask<PairCount>([&](auto done) { queries->pair_count(project, user, page, done); });
    }
    using Minutes = std::vector<StreamMinute>;
    Result<Minutes> stream_minutes(int minutes, int limit) {
        return ask<Minutes>([&](auto done) { queries->stream_minutes(project, minutes, limit, done); });
    }
    Result<Minutes> top_streams(int minutes, StreamOrder by, int n) {
        return ask<Minutes>([&](auto done) { queries->top_streams(project, minutes, by, n, done); });
    }
    PlainEvent visit(const std::string& user, const std::string& page, const std::string& session = {}) {
        PlainEvent e = event("page_view");
        e.user_id = user;
        e.page_url = page;
        e.session_id = session;
        return e;
    }
    PlainEvent on_stream(const std::string& type, const std::string& props) {
        PlainEvent e = event(type);
        e.props = props;
        return e;
    }

    std::unique_ptr<QueryService> queries;
    std::string project;  // that is asked about; empty: all
};

TEST_F(QueryServiceTest, CountsUsersOnceAndForgetsThemWithTime) {
    append({visit("ann", "/"), visit("ann", "/b"), visit("bob", "/")});
    EXPECT_EQ(active_users(5)->active_users, 2U);
    clock.advance(299'000'000);
    append({visit("bob", "/")});
    EXPECT_EQ(active_users(5)->active_users, 2U);
    clock.advance(1'000'000);
    EXPECT_EQ(active_users(5)->active_users, 1U) << "ann was active five minutes ago";
    EXPECT_EQ(active_users(60)->active_users, 2U);
}

TEST_F(QueryServiceTest, RanksPagesMostFirstThenByName) {
    append({visit("u", "/b"), visit("u", "/a"), visit("u", "/c"), visit("u", "/c")});
    const auto top = top_pages(15, 10);
    ASSERT_TRUE(top.ok());
    EXPECT_EQ(top->pages, (std::vector<NamedCount>{{"/c", 2}, {"/a", 1}, {"/b", 1}}));
    EXPECT_EQ(top_pages(15, 1)->pages, (std::vector<NamedCount>{{"/c", 2}}));
    clock.advance(15 * 60'000'000LL + 10'000'000);
    EXPECT_TRUE(top_pages(15, 10)->pages.empty());
    EXPECT_EQ(top_pages(16, 10)->pages.size(), 3U);
}

TEST_F(QueryServiceTest, ListsTheSessionsOfAUser) {
    append({visit("u", "/", "s2"), visit("u", "/", "s1"), visit("v", "/", "s3")});
    const auto sessions = [&] {
        return ask<ActiveSessions>([&](auto done) { queries->active_sessions(project, "u", done); });
    };
    EXPECT_EQ(sessions()->sessions, (std::vector<std::string>{"s1", "s2"}));
    clock.advance(1'799'000'000);
    append({visit("u", "/", "s1")});
    clock.advance(1'000'000);
    EXPECT_EQ(sessions()->sessions, (std::vector<std::string>{"s1"}));
}

TEST_F(QueryServiceTest, CountsPairsAndKnowsThoseThatNeverWere) {
    append({visit("u", "/p"), visit("u", "/p"), visit("u", "/q")});
    EXPECT_EQ(pair_count("u", "/p")->count, 2U);
    const auto never = pair_count("v", "/p");
    ASSERT_FALSE(never.ok());
    EXPECT_EQ(never.error().code, ErrorCode::NotFound);
    const PlainEvent repeated = visit("u", "/p");
    append({repeated});
    append({repeated});
    EXPECT_EQ(pair_count("u", "/p")->count, 3U) << "a repeated event_id counts once";
}

TEST_F(QueryServiceTest, KeepsStreamMinutes) {
    append({on_stream("viewer_join", R"({"stream_id":"s"})"), on_stream("viewer_join", R"({"stream_id":"s"})"),
            on_stream("donation", R"({"stream_id":"s","amount_usd":0.105})"),
            on_stream("donation", R"({"stream_id":"s","amount":"10.00"})"),
            on_stream("chat_message", R"({"stream_id":"t"})")});
    clock.advance(60'000'000);
    append({on_stream("viewer_leave", R"({"stream_id":"s"})")});
    const auto rows = stream_minutes(10, 5);
    ASSERT_TRUE(rows.ok());
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ((*rows)[0].window_start.micros, test::kStreamStart + 60'000'000);
    EXPECT_EQ((*rows)[0].active_viewers, 1);
    EXPECT_EQ((*rows)[1].stream_id, "s");
    EXPECT_EQ((*rows)[1].active_viewers, 2);
    EXPECT_EQ((*rows)[1].donations_cents, 1'011) << "10.105 rounded to cents";
    EXPECT_EQ((*rows)[2].stream_id, "t");
    EXPECT_EQ((*rows)[2].chat_messages, 1U);
    EXPECT_EQ(stream_minutes(1, 5)->size(), 1U);

    const auto latest = ask<Minutes>([&](auto done) { queries->latest_streams(project, done); });
    ASSERT_EQ(latest->size(), 2U);
    EXPECT_EQ(latest->front().active_viewers, 1);
    const auto top = top_streams(10, StreamOrder::Donations, 1);
    ASSERT_EQ(top->size(), 1U);
    EXPECT_EQ(top->front().donations_cents, 1'011);
    EXPECT_EQ(top_streams(10, StreamOrder::ChatMessages, 1)->front().stream_id, "t");
    EXPECT_EQ(top_streams(10, StreamOrder::ActiveViewers, 1)->front().stream_id, "s");
}

TEST_F(QueryServiceTest, NamesTheArgumentThatIsOutOfRange) {
    for (const int minutes : {0, 61, -1}) {
        EXPECT_EQ(active_users(minutes).error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(active_users(minutes).error().field, "minutes");
    }
    EXPECT_TRUE(active_users(1).ok());
    EXPECT_TRUE(active_users(60).ok());
    for (const int limit : {0, 1'001}) EXPECT_EQ(top_pages(5, limit).error().field, "limit");
    EXPECT_TRUE(top_pages(5, 1'000).ok());
    EXPECT_EQ(stream_minutes(10'081, 5).error().field, "minutes");
    EXPECT_TRUE(stream_minutes(10'080, 5).ok());
    EXPECT_EQ(top_streams(5, StreamOrder::Donations, 0).error().field, "n");
}

TEST_F(QueryServiceTest, CountsWhatTheStoreHas) {
    append({event(), event(), event()});
    ASSERT_TRUE(eventually([&] { return queries->pipeline_stats().written_total == 3; }));
    const PipelineStats stats = queries->pipeline_stats();
    EXPECT_EQ(stats.received_total, 3U);
    EXPECT_EQ(stats.lag, 0U);
}

TEST_F(QueryServiceTest, IsUnavailableAfterTheEnd) {
    pipeline->stop();
    const auto answer = active_users(5);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace streamgauge::api
