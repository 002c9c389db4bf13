// SPDX-License-Identifier: GPL-3.0-or-later
// Answers about one project, and about all of them together.
#include "pipeline/live_views.h"

#include <gtest/gtest.h>

#include <string>

namespace streamgauge {
namespace {

constexpr std::int64_t kStart = 1'800'000'000'000'000;
using Counts = std::vector<std::pair<std::string, std::uint64_t>>;

std::string group(const std::string& project, const std::string& value) {
    return project + std::string(1, kGroupSeparator) + value;
}

void visit(LiveViews& views, const std::string& project, const std::string& user, const std::string& session) {
    EventBatch batch(project);
    EventView event;
    event.user_id = user;
    event.session_id = session;
    event.occurred_at = event.received_at = {kStart};
    batch.add(event);
    views.add_events(batch, 0, 1, {});
}

TEST(LiveViews, KeepUsersAndSessionsOfProjectsApart) {
    LiveViews views;
    visit(views, "shop", "ann", "s1");
    visit(views, "shop", "bob", "s2");
    visit(views, "blog", "ann", "s3");
    EXPECT_EQ(views.active_users("shop", 5, {kStart}).users, 2U);
    EXPECT_EQ(views.active_users("blog", 5, {kStart}).users, 1U);
    EXPECT_EQ(views.active_users("none", 5, {kStart}).users, 0U);
    EXPECT_EQ(views.active_users({}, 5, {kStart}).users, 3U);
    EXPECT_EQ(views.active_sessions("shop", "ann", {kStart}), (std::vector<std::string>{"s1"}));
    EXPECT_EQ(views.active_sessions({}, "ann", {kStart}), (std::vector<std::string>{"s1", "s3"}));

    LiveViews again;
    again.start_at({kStart});
    for (UserActivity& user : views.take_changes().users) again.restore(std::move(user));
    EXPECT_EQ(again.active_users("shop", 5, {kStart}).users, 2U);
    EXPECT_EQ(again.active_users({}, 5, {kStart}).users, 3U);
    EXPECT_EQ(again.active_sessions("blog", "ann", {kStart}), (std::vector<std::string>{"s3"}));
}

TEST(LiveViews, AddPagesOfOneNameUpOverAllProjects) {
    LiveViews views;
    const auto add = [&views](const char* project, const char* page, std::int64_t count) {
        views.add(metric::kTopPages, kStart, group(project, page), {count, count, 0, {}});
    };
    add("shop", "/", 3);
    add("shop", "/cart", 4);
    add("blog", "/", 2);
    EXPECT_EQ(views.top(metric::kTopPages, "shop", 5, {kStart}, 9).counts, (Counts{{"/cart", 4}, {"/", 3}}));
    EXPECT_EQ(views.top(metric::kTopPages, "blog", 5, {kStart}, 9).counts, (Counts{{"/", 2}}));
    EXPECT_EQ(views.top(metric::kTopPages, {}, 5, {kStart}, 1).counts, (Counts{{"/", 5}}));
    EXPECT_TRUE(views.top(metric::kEventTypes, {}, 5, {kStart}, 9).counts.empty());
}

TEST(LiveViews, AddStreamsOfOneNameUpOverAllProjects) {
    LiveViews views;
    const auto add = [&views](MetricId metric, const char* project, int minute, std::int64_t value) {
        views.add(metric, kStart + minute * kMinuteMicros, group(project, "s"), {value, 1, 0, {}});
    };
    add(metric::kStreamViewers, "shop", 0, 5);
    add(metric::kStreamViewers, "blog", 0, 2);
    add(metric::kStreamChats, "shop", 0, 10);
    add(metric::kStreamChats, "blog", 1, 7);
    add(metric::kStreamViewers, "blog", 1, -9);
    using Rows = std::vector<StreamRow>;
    const std::int64_t first = kStart, second = kStart + kMinuteMicros;
    EXPECT_EQ(views.stream_minutes("blog", 10, 9), (Rows{{"s", second, 0, 7, 0}, {"s", first, 2, 0, 0}}));
    EXPECT_EQ(views.stream_minutes({}, 10, 9), (Rows{{"s", second, 5, 7, 0}, {"s", first, 7, 10, 0}}));
    EXPECT_EQ(views.latest_streams("shop"), (Rows{{"s", first, 5, 10, 0}}));
    EXPECT_EQ(views.latest_streams({}), (Rows{{"s", second, 5, 7, 0}}));
    EXPECT_EQ(views.top_streams({}, 10, StreamRank::Chats, 9), (Rows{{"s", second, 5, 17, 0}}));
    EXPECT_TRUE(views.stream_minutes("none", 10, 9).empty());
}

}  // namespace
}  // namespace streamgauge
