// SPDX-License-Identifier: GPL-3.0-or-later
// What both places of load runs promise.
#include "api/load_run_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "api/load_run_setup.h"
#include "base/sqlite.h"

namespace streamgauge::api {
namespace {

class LoadRunStoreTest : public test::LoadRunPlaces, public ::testing::WithParamInterface<test::LoadRunPlace> {
protected:
    void SetUp() override { use(GetParam()); }
};

TEST_P(LoadRunStoreTest, KeepsRunsAndTheirReports) {
    std::string report = "{\"seconds\":[";
    for (int i = 0; i < 20'000; ++i) report += "{\"second\":" + std::to_string(i) + ",\"ok\":1000},";
    report += "0]}";
    {
        const auto store = open();
        ASSERT_TRUE(store->check().ok());
        ASSERT_TRUE(store->add(run("a", 10), report, {20'000'000}).ok());
        ASSERT_TRUE(store->add(run("b", 12), "{}", {20'000'000}).ok());
    }
    EXPECT_LT(bytes_on_disk(), report.size() / 2) << "it is compressed";
    const auto store = open();
    const auto listed = store->list({}, 10);
    ASSERT_TRUE(listed.ok());
    ASSERT_EQ(listed->size(), 2U);
    EXPECT_EQ((*listed)[0], run("b", 12));
    EXPECT_EQ((*listed)[1], run("a", 10));
    EXPECT_EQ(*store->report("a"), report);
    EXPECT_EQ(store->list(Timestamp{12'000'000}, 10)->size(), 1U);
    EXPECT_EQ(store->list({}, 1)->size(), 1U);
    EXPECT_EQ(store->report("c").error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->remove("c").error().code, ErrorCode::NotFound);
    EXPECT_TRUE(store->remove("a").ok());
    EXPECT_EQ(store->find("a").error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->find("b")->id, "b");
}

TEST_P(LoadRunStoreTest, KeepsTheNewestWithinTheirAge) {
    const auto store = open({3, 100});
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(store->add(run("run" + std::to_string(i), 1000 + i), "{}", {1'010'000'000}).ok());
    ASSERT_EQ(store->list({}, 10)->size(), 3U);
    EXPECT_EQ(store->list({}, 10)->back().id, "run2");
    ASSERT_TRUE(store->add(run("late", 1200), "{}", {1'200'000'000}).ok());
    ASSERT_EQ(store->list({}, 10)->size(), 1U) << "all others are too old";
    EXPECT_EQ(store->list({}, 10)->front().id, "late");
}

TEST_P(LoadRunStoreTest, TheSameRunAgainTakesItsPlace) {
    const auto store = open();
    ASSERT_TRUE(store->add(run("a", 10), "{}", {20'000'000}).ok());
    ASSERT_TRUE(store->add(run("a", 11), "[]", {20'000'000}).ok());
    ASSERT_EQ(store->list({}, 10)->size(), 1U);
    EXPECT_EQ(store->list({}, 10)->front(), run("a", 11));
    EXPECT_EQ(*store->report("a"), "[]");
}

TEST_P(LoadRunStoreTest, WordsAreKeptWhateverTheySay) {
    const auto store = open();
    StoredLoadRun hostile = run("'; DROP TABLE runs; --", 10);
    hostile.name = "\"quotes\" 'and' \\x00 $1 %s {a,b} \n\t\x01 \xF0\x9F\x98\x80 \\";
    hostile.url = std::string(100'000, 'u');
    hostile.by = "";
    hostile.planned = UINT64_MAX;
    hostile.started_at = {INT64_MAX - 1};
    ASSERT_TRUE(store->add(hostile, std::string("\0\xFF'\\", 4), {20'000'000}).ok());
    EXPECT_EQ(*store->find(hostile.id), hostile);
    EXPECT_EQ(*store->report(hostile.id), std::string("\0\xFF'\\", 4));

    StoredLoadRun no_text = run("b", 20);
    no_text.name = std::string(
        "a\0b\xFF"
        "c\xC3",
        6);
    ASSERT_TRUE(store->add(no_text, "{}", {20'000'000}).ok());
    EXPECT_EQ(store->find("b")->name,
              "a\uFFFDb\uFFFD"
              "c\uFFFD");
    for (const std::string& id : {std::string(), std::string("b\0", 2), std::string("\xFF")}) {
        EXPECT_EQ(store->add(run(id, 10), "{}", {20'000'000}).error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(store->find(id).error().code, ErrorCode::NotFound);
        EXPECT_EQ(store->report(id).error().code, ErrorCode::NotFound);
        EXPECT_EQ(store->remove(id).error().code, ErrorCode::NotFound);
    }
    EXPECT_EQ(store->list({}, 10)->size(), 2U);
}

TEST_P(LoadRunStoreTest, AReportMayBeAsLargeAsItsLimit) {
    const auto store = open();
    std::string report(LoadRunStore::kReportBytes + 1, 'r');
    EXPECT_EQ(store->add(run("a", 10), report, {20'000'000}).error().code, ErrorCode::TooLarge);
    EXPECT_EQ(store->find("a").error().code, ErrorCode::NotFound);
    report.pop_back();
    ASSERT_TRUE(store->add(run("a", 10), report, {20'000'000}).ok());
    EXPECT_TRUE(*store->report("a") == report);
}

TEST_P(LoadRunStoreTest, TwoMayUseThePlaceAtOnce) {
    const auto one = open({3, 100}), other = open({3, 100});
    ASSERT_TRUE(one->add(run("a", 1000), "{}", {1'010'000'000}).ok());
    ASSERT_TRUE(other->add(run("b", 1001), "{}", {1'010'000'000}).ok());
    EXPECT_EQ(one->list({}, 10)->size(), 2U);
    ASSERT_TRUE(one->remove("b").ok());
    EXPECT_EQ(other->find("b").error().code, ErrorCode::NotFound);
}

INSTANTIATE_TEST_SUITE_P(Places, LoadRunStoreTest, ::testing::ValuesIn(test::LoadRunPlaces::all()),
                         [](const auto& place) { return test::name_of(place.param); });

TEST(LoadRunFile, OfANewerVersionIsRefused) {
    const test::TemporaryDirectory directory;
    const std::string path = (directory.path / "loadruns.db").string();
    ASSERT_TRUE(LoadRunStore::open(path, {}).ok());
    auto connection = sql::open(path, false);
    ASSERT_TRUE(sql::execute(connection->get(), "PRAGMA user_version=9").ok());
    EXPECT_EQ(LoadRunStore::open(path, {}).error().code, ErrorCode::Corrupt);
}

TEST(LoadRunPlaceTest, SecretsAreNeverShown) {
    EXPECT_EQ(shown_place("/var/lib/runs.db"), "/var/lib/runs.db");
    for (const std::string url :
         {"postgresql://gauge:swordfish@db.example:5433/runs?sslmode=verify-full",
          "postgres://gauge@db/runs?password=swordfish", "postgres://gauge@db/runs?%70assword=swordfish",
          "postgresql://db/runs?sslkey=/k&sslpassword=swordfish", "postgresql:/gauge:swordfish@db/runs",
          "postgresql://gauge:sword/fish:swordfish@db", "postgresql://gauge:x@[swordfish/runs",
          "host=db password=swordfish", "postgresql://db/runs?unknown=swordfish"}) {
        EXPECT_TRUE(is_database_url(url)) << url;
        EXPECT_EQ(shown_place(url).find("swordfish"), std::string::npos) << shown_place(url);
        const auto store = LoadRunStore::open(url, {});
        if (!store.ok()) {
            EXPECT_EQ(store.error().code, ErrorCode::InvalidArgument);
            EXPECT_EQ(store.error().describe().find("swordfish"), std::string::npos) << store.error().describe();
        }
    }
#if STREAMGAUGE_WITH_POSTGRESQL
    EXPECT_EQ(shown_place("postgresql://gauge:swordfish@db.example:5433/runs?sslmode=verify-full"),
              "postgresql://gauge@db.example:5433/runs?sslmode=verify-full");
#endif
}

}  // namespace
}  // namespace streamgauge::api
