// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/load_run_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temporary_directory.h"

namespace streamgauge::api {
namespace {

class LoadRunStoreTest : public ::testing::Test {
protected:
    std::unique_ptr<LoadRunStore> open(LoadRunLimits limits = {}) {
        auto store = LoadRunStore::open(path_, limits);
        EXPECT_TRUE(store.ok()) << store.error().describe();
        return std::move(store).value();
    }
    static StoredLoadRun run(const std::string& id, std::int64_t seconds) {
        StoredLoadRun run;
        run.id = id;
        run.name = "checkout";
        run.url = "http://127.0.0.1/events";
        run.started_at = {seconds * 1'000'000};
        run.state = "done";
        run.verdict = "valid";
        run.passed = true;
        run.by = "user admin";
        run.seconds = 30.25;
        run.seed = UINT64_MAX;
        run.planned = 100;
        run.good = 98;
        run.bad = 2;
        run.p99_ms = 12.5;
        return run;
    }

    test::TemporaryDirectory directory_;
    std::string path_ = (directory_.path / "loadruns.db").string();
};

TEST_F(LoadRunStoreTest, KeepsRunsAndTheirReports) {
    std::string report = "{\"seconds\":[";
    for (int i = 0; i < 20'000; ++i) report += "{\"second\":" + std::to_string(i) + ",\"ok\":1000},";
    report += "0]}";
    {
        const auto store = open();
        ASSERT_TRUE(store->add(run("a", 10), report, {20'000'000}).ok());
        ASSERT_TRUE(store->add(run("b", 12), "{}", {20'000'000}).ok());
    }
    EXPECT_LT(std::filesystem::file_size(path_), report.size() / 2) << "it is compressed";
    const auto store = open();
    const auto listed = store->list({}, 10);
    ASSERT_TRUE(listed.ok());
    ASSERT_EQ(listed->size(), 2U);
    EXPECT_EQ((*listed)[0].id, "b");
    const StoredLoadRun& a = (*listed)[1];
    EXPECT_EQ(a.seed, UINT64_MAX);
    EXPECT_EQ(a.seconds, 30.25);
    EXPECT_EQ(a.p99_ms, 12.5);
    EXPECT_EQ(a.by, "user admin");
    EXPECT_TRUE(a.passed);
    EXPECT_EQ(*store->report("a"), report);
    EXPECT_EQ(store->list(Timestamp{12'000'000}, 10)->size(), 1U);
    EXPECT_EQ(store->list({}, 1)->size(), 1U);
    EXPECT_EQ(store->report("c").error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->remove("c").error().code, ErrorCode::NotFound);
    EXPECT_TRUE(store->remove("a").ok());
    EXPECT_EQ(store->find("a").error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->find("b")->id, "b");
}

TEST_F(LoadRunStoreTest, KeepsTheNewestWithinTheirAge) {
    const auto store = open({3, 100});
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(store->add(run("run" + std::to_string(i), 1000 + i), "{}", {1'010'000'000}).ok());
    ASSERT_EQ(store->list({}, 10)->size(), 3U);
    EXPECT_EQ(store->list({}, 10)->back().id, "run2");
    ASSERT_TRUE(store->add(run("late", 1200), "{}", {1'200'000'000}).ok());
    ASSERT_EQ(store->list({}, 10)->size(), 1U) << "all others are too old";
    EXPECT_EQ(store->list({}, 10)->front().id, "late");
}

TEST_F(LoadRunStoreTest, TheSameRunAgainTakesItsPlace) {
    const auto store = open();
    ASSERT_TRUE(store->add(run("a", 10), "{}", {20'000'000}).ok());
    ASSERT_TRUE(store->add(run("a", 10), "[]", {20'000'000}).ok());
    EXPECT_EQ(store->list({}, 10)->size(), 1U);
    EXPECT_EQ(*store->report("a"), "[]");
}

TEST_F(LoadRunStoreTest, RefusesAFileOfANewerVersion) {
    open();
    auto connection = sql::open(path_, false);
    ASSERT_TRUE(sql::execute(connection->get(), "PRAGMA user_version=9").ok());
    EXPECT_EQ(LoadRunStore::open(path_, {}).error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace streamgauge::api
