// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on any range, and alerts for the desktop: told once, and not those from before.
#include "viewmodels/marks_view_model.h"

#include <gmock/gmock.h>

#include "client/eventually.h"
#include "client/fake_client.h"
#include "support/manual_clock.h"

namespace streamgauge::viewmodels {
namespace {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;
using tests::eventually;

constexpr std::int64_t kStart = 1'770'000'000;

class MarksTest : public testing::Test {
protected:
    MarksTest() {
        QObject::connect(&model, &MarksViewModel::desktopAlert, &model,
                         [this](const QString& title, const QString&, bool) { told.push_back(title); });
        fake.start();
        EXPECT_TRUE(eventually([&] { return fake.state() == ConnectionState::Live; }));
    }
    void mark(std::string id, std::int64_t at, std::optional<std::int64_t> until, std::string kind,
              std::vector<std::string> tags = {}) {
        api::Annotation one;
        one.id = std::move(id);
        one.at = Timestamp::from_seconds(kStart + at);
        if (until) one.until = Timestamp::from_seconds(kStart + *until);
        one.kind = std::move(kind);
        one.text = "what happened";
        one.tags = std::move(tags);
        fake.marks.push_back(one);
        model.refresh();
    }
    test::ManualClock clock{Timestamp::from_seconds(kStart)};
    client::FakeClient fake;
    MarksViewModel model{fake, clock};
    std::vector<QString> told;
};

TEST_F(MarksTest, LieWhereTheyBelong) {
    mark("1", -60, std::nullopt, "deploy");
    mark("2", -200, -50, "load_run");
    mark("3", -300, std::nullopt, "note");
    ASSERT_TRUE(eventually([&] { return model.within(kStart - 100, kStart).size() == 2; }));
    const QVariantList all = model.within(kStart - 100, kStart);
    EXPECT_DOUBLE_EQ(all[0].toMap()[u"position"_s].toDouble(), 0.4);
    EXPECT_EQ(all[0].toMap()[u"width"_s].toDouble(), 0);
    EXPECT_EQ(all[0].toMap()[u"text"_s].toString(), u"what happened"_s);
    EXPECT_EQ(all[1].toMap()[u"position"_s].toDouble(), 0) << "it began before";
    EXPECT_DOUBLE_EQ(all[1].toMap()[u"width"_s].toDouble(), 0.5);
    EXPECT_TRUE(model.within(kStart, kStart).isEmpty());
}

TEST_F(MarksTest, AreAskedForFurtherBack) {
    mark("1", -10 * 86'400, std::nullopt, "deploy");
    EXPECT_TRUE(model.within(kStart - 100, kStart).isEmpty());
    EXPECT_TRUE(eventually([&] { return model.within(kStart - 11 * 86'400, kStart).size() == 1; }));
}

TEST_F(MarksTest, AlertsForTheDesktopAreToldOnce) {
    mark("0", -60, std::nullopt, "alert", {"events", "page", "fired", "desktop"});
    mark("1", 1, std::nullopt, "alert", {"latency", "page", "fired"});
    mark("2", 2, std::nullopt, "alert", {"freshness", "page", "fired", "desktop"});
    ASSERT_TRUE(eventually([&] { return !told.empty(); }));
    const int before = model.revision();
    mark("3", 3, std::nullopt, "alert", {"freshness", "page", "resolved", "desktop"});
    ASSERT_TRUE(eventually([&] { return model.revision() > before && told.size() == 2; }));
    EXPECT_EQ(told[0], u"freshness burns its budget"_s);
    EXPECT_EQ(told[1], u"freshness is well again"_s);
}

}  // namespace
}  // namespace streamgauge::viewmodels
