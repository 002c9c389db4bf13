// SPDX-License-Identifier: GPL-3.0-or-later
// The catalogue of declared metrics: what is put is there after a restart, and ids are never used twice.
#include "api/metric_catalogue.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "api/metric_codec.h"

namespace streamgauge::api {
namespace {

class MetricCatalogueTest : public testing::Test {
protected:
    void SetUp() override {
        const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
        directory_ = std::filesystem::temp_directory_path() /
                     ("streamgauge-catalogue-" + std::string(info.name()) + "-" + std::to_string(getpid()));
        std::filesystem::remove_all(directory_);
        std::filesystem::create_directories(directory_);
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    std::string path() const { return (directory_ / "metrics.db").string(); }
    std::unique_ptr<MetricCatalogue> open() const {
        Result<std::unique_ptr<MetricCatalogue>> catalogue = MetricCatalogue::open(path());
        EXPECT_TRUE(catalogue.ok()) << (catalogue ? "" : catalogue.error().describe());
        return catalogue ? std::move(catalogue).value() : nullptr;
    }
    static CatalogueEntry entry(MetricId id, const std::string& name, MetricState state) {
        CatalogueEntry entry;
        entry.definition =
            *read_definition(R"j({"window":"1m","aggregate":"sum(props.x)","where":"bot = false"})j", name);
        entry.definition.id = id;
        entry.state = state;
        entry.defined_at = Timestamp::from_seconds(1'800'000'000);
        return entry;
    }

    std::filesystem::path directory_;
};

TEST_F(MetricCatalogueTest, KeepsEntriesOverARestart) {
    {
        const auto catalogue = open();
        EXPECT_TRUE(catalogue->entries().empty());
        EXPECT_EQ(catalogue->next_id(), kFirstUserMetric);
        CatalogueEntry first = entry(1000, "a", MetricState::Active);
        first.complete_from = Timestamp::from_seconds(1'700'000'000);
        CatalogueEntry second = entry(1001, "b", MetricState::Filling);
        second.from_file = true;
        ASSERT_TRUE(catalogue->put({second, first}).ok());
        EXPECT_EQ(catalogue->next_id(), 1002);
    }
    const auto catalogue = open();
    ASSERT_EQ(catalogue->entries().size(), 2U);
    const CatalogueEntry& first = catalogue->entries()[0];
    EXPECT_EQ(first.definition.id, 1000);
    EXPECT_EQ(write_definition(first.definition), write_definition(entry(1000, "a", MetricState::Active).definition));
    EXPECT_EQ(first.complete_from, Timestamp::from_seconds(1'700'000'000));
    EXPECT_EQ(first.defined_at, Timestamp::from_seconds(1'800'000'000));
    EXPECT_FALSE(first.from_file);
    EXPECT_EQ(catalogue->entries()[1].state, MetricState::Filling);
    EXPECT_TRUE(catalogue->entries()[1].from_file);
    EXPECT_EQ(read_metric_catalogue(path())->size(), 2U);
}

TEST_F(MetricCatalogueTest, NeverGivesAnIdTwice) {
    {
        const auto catalogue = open();
        ASSERT_TRUE(catalogue->put({entry(1000, "a", MetricState::Active)}).ok());
        ASSERT_TRUE(
            catalogue->put({entry(1000, "a", MetricState::Removed), entry(1001, "a", MetricState::Active)}).ok());
        ASSERT_TRUE(catalogue->put({entry(1001, "a", MetricState::Removed)}).ok());
        EXPECT_TRUE(catalogue->entries().empty());
    }
    EXPECT_TRUE(open()->entries().empty());
    EXPECT_EQ(open()->next_id(), 1002);
}

TEST_F(MetricCatalogueTest, RefusesWhatIsNone) {
    EXPECT_TRUE(read_metric_catalogue(path())->empty());
    std::ofstream(path()) << "this is no database, and longer than a header of one: " << std::string(200, 'x');
    EXPECT_EQ(MetricCatalogue::open(path()).error().code, ErrorCode::Corrupt);
    std::filesystem::remove(path());
    {
        Result<sql::Connection> newer = sql::open(path(), true);
        ASSERT_TRUE(newer.ok() && sql::execute(newer->get(), "PRAGMA user_version=2").ok());
    }
    EXPECT_EQ(MetricCatalogue::open(path()).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(read_metric_catalogue(path()).error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace streamgauge::api
