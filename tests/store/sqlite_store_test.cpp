// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sqlite_store.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/sqlite.h"
#include "store/session_codec.h"
#include "store/store_contract.h"

namespace streamgauge::test {
namespace {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "streamgauge-store-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

class SqliteHome final : public StoreHome {
public:
    std::unique_ptr<Store> open() override {
        Result<std::unique_ptr<Store>> store = open_sqlite_store((directory_.path / "store.db").string());
        EXPECT_TRUE(store.ok()) << store.error().describe();
        return store.ok() ? std::move(store).value() : nullptr;
    }

private:
    TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         ::testing::Values(StoreKind{"sqlite", [] { return std::make_unique<SqliteHome>(); }}),
                         [](const auto& kind) { return kind.param.name; });

TEST(SqliteStore, ReadsWhileItCommits) {
    SqliteHome home;
    const auto store = home.open();
    const Acquired owner = store->acquire().value();
    std::atomic<bool> done{false};
    std::thread writer([&] {
        for (Offset at = 1; at <= 200; ++at) {
            StoreCommit commit;
            commit.epoch = owner.epoch;
            commit.expected_next = at;
            commit.state.next = at + 1;
            commit.rollups.emplace_back(1);
            commit.rollups.back().add(kNoWindow, "g", 1);
            EXPECT_TRUE(store->commit(commit).ok());
        }
        done = true;
    });
    while (!done) {
        const auto value = store->rollup(1, kNoWindow, "g");
        ASSERT_TRUE(value.ok());
        EXPECT_EQ(static_cast<Offset>(value->value.value_or(0)) + 1, value->next)
            << "row and offset are of one snapshot";
    }
    writer.join();
    EXPECT_EQ(store->rollup(1, kNoWindow, "g")->value, 200);
}

TEST(SqliteStore, ALockOfAToolPassesAndIsNoOtherOwner) {
    const TemporaryDirectory directory;
    const std::string path = (directory.path / "store.db").string();
    const auto store = std::move(open_sqlite_store(path)).value();
    StoreCommit commit;
    commit.epoch = store->acquire()->epoch;
    commit.state.next = 2;
    const auto tool = std::move(sql::open(path, false)).value();
    ASSERT_TRUE(sql::execute(tool.get(), "BEGIN IMMEDIATE").ok());
    EXPECT_EQ(store->commit(commit).error().code, ErrorCode::Unavailable);
    ASSERT_TRUE(sql::execute(tool.get(), "ROLLBACK").ok());
    EXPECT_TRUE(store->commit(commit).ok());
}

TEST(SqliteStore, SaysWhatIsWrongWithAFile) {
    const TemporaryDirectory directory;
    const auto text = directory.path / "text.db";
    std::ofstream(text) << std::string(5'000, 'x');
    EXPECT_EQ(open_sqlite_store(text.string()).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(open_sqlite_store((directory.path / "no" / "store.db").string()).error().code, ErrorCode::Io);
}

TEST(SessionCodec, RoundTripsAndRefusesCutBlobs) {
    const std::vector<SessionActivity> sessions{{"", {-1}}, {std::string(256, 's'), {1'800'000'000'000'000}}};
    std::string blob;
    encode_sessions(sessions, blob);
    EXPECT_EQ(decode_sessions(blob), sessions);
    for (std::size_t cut = 1; cut < blob.size(); ++cut) {
        if (cut == 10) continue;  // the first session alone is whole
        EXPECT_EQ(decode_sessions(blob.substr(0, cut)), std::nullopt) << cut;
    }
}

}  // namespace
}  // namespace streamgauge::test
