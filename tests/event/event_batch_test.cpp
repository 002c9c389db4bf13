// SPDX-License-Identifier: GPL-3.0-or-later
// EventBatch gives back what was put in, also after growth, moves and merging.
#include <gtest/gtest.h>

#include "event/event.h"

namespace streamgauge {
namespace {

EventView sample(const std::string& id, const std::string& props) {
    EventView v;
    v.event_id = id;
    v.event_type = "view";
    v.user_id = "u";
    v.session_id = "s";
    v.page_url = "/p";
    v.props = props;
    v.occurred_at = {1};
    v.received_at = {2};
    v.schema_version = 7;
    v.id_from_door = true;
    return v;
}

TEST(EventBatch, GivesBackEveryField) {
    EventBatch batch("shop");
    const std::string id = "id-1", props = R"({"a":1})";
    batch.add(sample(id, props));
    const EventView v = batch[0];
    EXPECT_EQ(v.event_id, "id-1");
    EXPECT_EQ(v.event_type, "view");
    EXPECT_EQ(v.user_id, "u");
    EXPECT_EQ(v.session_id, "s");
    EXPECT_EQ(v.page_url, "/p");
    EXPECT_EQ(v.props, R"({"a":1})");
    EXPECT_EQ(v.occurred_at.micros, 1);
    EXPECT_EQ(v.received_at.micros, 2);
    EXPECT_EQ(v.schema_version, 7);
    EXPECT_TRUE(v.id_from_door);
    EXPECT_FALSE(v.time_from_door);
    EXPECT_EQ(batch.project(), "shop");
}

TEST(EventBatch, KeepsEveryEventWhileItGrowsMovesAndMerges) {
    EventBatch first, second;
    for (int i = 0; i < 1000; ++i) {
        const std::string id = std::to_string(i);
        (i < 400 ? first : second).add(sample(id, std::string(static_cast<std::size_t>(i), 'x')));
    }
    first.add_all(second);
    const EventBatch moved = std::move(first);
    ASSERT_EQ(moved.size(), 1000U);
    for (std::size_t i = 0; i < 1000; ++i) {
        EXPECT_EQ(moved[i].event_id, std::to_string(i));
        EXPECT_EQ(moved[i].props.size(), i);
    }
}

TEST(EventBatch, TakesTextsOfTheLargestAllowedSizes) {
    EventBatch batch;
    const std::string url(2048, 'u'), props(32 * 1024, 'p');
    EventView v = sample("x", props);
    v.page_url = url;
    batch.add(v);
    EXPECT_EQ(batch[0].page_url, url);
    EXPECT_EQ(batch[0].props, props);
}

}  // namespace
}  // namespace streamgauge
