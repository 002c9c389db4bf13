// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/events_view_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"

namespace streamgauge::viewmodels {
namespace {

using client::ConnectionState;
using tests::eventually;

api::EventTail tail_of(std::uint64_t first, std::uint64_t last, std::uint64_t skipped = 0) {
    api::EventTail tail;
    for (std::uint64_t id = first; id <= last; ++id) {
        api::TailEvent event;
        event.id = id;
        event.event_id = "e" + std::to_string(id);
        event.event_type = "click";
        event.props = R"({"n":)" + std::to_string(id) + "}";
        tail.events.push_back(event);
    }
    tail.skipped = skipped;
    return tail;
}

class EventsTest : public testing::Test {
protected:
    EventsTest() {
        fake.start();
        EXPECT_TRUE(eventually([&] { return fake.state() == ConnectionState::Syncing; }));
    }
    std::string id_at(int row) { return model.tail()->index(row).data(TailModel::EventId).toString().toStdString(); }

    client::FakeClient fake;
    EventsViewModel model{fake};
    QAbstractItemModelTester tester{model.tail(), QAbstractItemModelTester::FailureReportingMode::Fatal};
};

TEST_F(EventsTest, ShowsTheNewestFirst) {
    EXPECT_EQ(model.phase(), u"loading");
    fake.publish(api::EventTail{}, true);
    EXPECT_EQ(model.phase(), u"empty");
    fake.publish(tail_of(1, 3));
    EXPECT_EQ(model.phase(), u"data");
    EXPECT_EQ(id_at(0), "e3");
    EXPECT_EQ(id_at(2), "e1");
}

TEST_F(EventsTest, IsBoundedWithoutAReset) {
    QSignalSpy resets(model.tail(), &QAbstractItemModel::modelReset);
    fake.publish(api::EventTail{}, true);
    for (std::uint64_t id = 1; id < 12'000; id += 200) fake.publish(tail_of(id, id + 199));
    EXPECT_EQ(model.tail()->count(), 10'000);
    EXPECT_EQ(id_at(0), "e12000");
    EXPECT_EQ(id_at(9'999), "e2001");
    EXPECT_EQ(resets.count(), 0);
}

TEST_F(EventsTest, IsBoundedInBytes) {
    fake.publish(api::EventTail{}, true);
    for (std::uint64_t id = 1; id < 2'000; id += 100) {
        auto tail = tail_of(id, id + 99);
        for (auto& event : tail.events) event.props = "\"" + std::string(64 * 1024, 'x') + "\"";
        fake.publish(tail);
    }
    EXPECT_LE(static_cast<std::size_t>(model.tail()->count()) * 64 * 1024, TailModel::kBytes);
    EXPECT_GT(model.tail()->count(), 900);
    EXPECT_EQ(id_at(0), "e2000");
}

TEST_F(EventsTest, ARepeatedSnapshotRepeatsNoRow) {
    fake.publish(tail_of(1, 10), true);
    fake.publish(tail_of(5, 12), true);
    EXPECT_EQ(model.tail()->count(), 12);
    EXPECT_EQ(id_at(0), "e12");
}

TEST_F(EventsTest, ASnapshotOfAnotherLogBeginsAnew) {
    fake.publish(tail_of(1, 100), true);
    fake.publish(tail_of(1, 3), true);
    EXPECT_EQ(model.tail()->count(), 3);
}

TEST_F(EventsTest, SaysWhatItDoesNotShow) {
    fake.publish(api::EventTail{}, true);
    EXPECT_EQ(model.skipped_text(), u"");
    fake.publish(tail_of(1, 2, 12'345));
    EXPECT_EQ(model.skipped_text().replace(QChar(u'\u202F'), u' '), u"12 345 more not shown");
}

TEST_F(EventsTest, APauseHoldsTheListAndLosesNothing) {
    fake.publish(tail_of(1, 3), true);
    model.set_paused(true);
    EXPECT_EQ(model.waiting_text(), u"paused");
    fake.publish(tail_of(4, 5, 7));
    EXPECT_EQ(model.tail()->count(), 3);
    EXPECT_EQ(model.waiting_text(), u"paused, 9 new");
    model.set_paused(false);
    EXPECT_EQ(model.tail()->count(), 5);
    EXPECT_EQ(model.skipped_text(), u"7 more not shown");
    EXPECT_EQ(model.waiting_text(), u"");
}

TEST_F(EventsTest, AFilterIsAskedOfTheServer) {
    fake.publish(tail_of(1, 3), true);
    model.set_event_type(QStringLiteral(" purchase "));
    ASSERT_EQ(fake.subscribed(api::Topic::Events).size(), 1U);
    EXPECT_EQ(fake.subscribed(api::Topic::Events)[0].event_type, "purchase");
    EXPECT_EQ(model.tail()->count(), 0);
    EXPECT_EQ(model.phase(), u"loading");
}

TEST_F(EventsTest, TheSelectionFollowsItsEvent) {
    fake.publish(tail_of(1, 3), true);
    model.select(1);
    EXPECT_EQ(model.selected_row(), 1);
    EXPECT_TRUE(model.selected_json().contains(QStringLiteral("\"n\": 2")));
    fake.publish(tail_of(4, 6));
    EXPECT_EQ(model.selected_row(), 4);
    EXPECT_EQ(id_at(model.selected_row()), "e2");
    for (std::uint64_t id = 7; id < 11'000; id += 200) fake.publish(tail_of(id, id + 199));
    EXPECT_EQ(model.selected_row(), -1) << "it fell off the end";
    EXPECT_TRUE(model.selected_json().contains(QStringLiteral("\"n\": 2"))) << "and can still be read";
    model.clearSelection();
    EXPECT_FALSE(model.has_selection());
}

TEST_F(EventsTest, IsStaleWhileDisconnected) {
    fake.publish(tail_of(1, 3), true);
    fake.go(ConnectionState::Degraded, "gone");
    EXPECT_TRUE(model.stale());
    EXPECT_EQ(model.phase(), u"data");
}

}  // namespace
}  // namespace streamgauge::viewmodels
