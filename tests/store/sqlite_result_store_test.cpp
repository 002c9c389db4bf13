// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sqlite_result_store.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/sqlite.h"
#include "store/result_store_contract.h"
#include "store/session_codec.h"
#include "support/temporary_directory.h"

namespace streamgauge::test {
namespace {

std::unique_ptr<ResultStore> open_at(const std::filesystem::path& path) {
    Result<std::unique_ptr<ResultStore>> store = open_sqlite_result_store(path.string());
    EXPECT_TRUE(store.ok()) << store.error().describe();
    return store.ok() ? std::move(store).value() : nullptr;
}

class SqliteResultHome final : public ResultStoreHome {
public:
    std::unique_ptr<ResultStore> open() override { return open_at(directory_.path / "store.db"); }

private:
    TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, ResultStoreContract,
                         ::testing::Values(ResultStoreKind{"sqlite",
                                                           [] { return std::make_unique<SqliteResultHome>(); }}),
                         [](const auto& kind) { return kind.param.name; });

ResultCommit one_more(std::uint64_t epoch, Offset from) {
    ResultCommit commit;
    commit.epoch = epoch;
    commit.number = from;
    commit.expected_next = from;
    commit.state.next = from + 1;
    commit.changes.cells.emplace_back(1, std::uint8_t{0}, Aggregate::Count);
    commit.changes.cells.back().add(static_cast<std::int64_t>(from / 10), "g", {1, 1, 0, {}});
    return commit;
}

TEST(SqliteResultStore, ALockOfAToolPassesAndIsNoOtherOwner) {
    const TemporaryDirectory directory;
    const auto path = directory.path / "store.db";
    const auto store = open_at(path);
    const ResultCommit commit = one_more(store->acquire()->epoch, 1);
    const auto tool = std::move(sql::open(path.string(), false)).value();
    ASSERT_TRUE(sql::execute(tool.get(), "BEGIN IMMEDIATE").ok());
    EXPECT_EQ(store->commit(commit).error().code, ErrorCode::Unavailable);
    EXPECT_TRUE(store->snapshot().ok()) << "readers do not wait";
    ASSERT_TRUE(sql::execute(tool.get(), "ROLLBACK").ok());
    EXPECT_TRUE(store->commit(commit).ok());
}

TEST(SqliteResultStore, AFullDiskTakesNothingOfACommit) {
    const TemporaryDirectory directory;
    const auto path = directory.path / "store.db";
    const auto store = open_at(path);
    const std::uint64_t epoch = store->acquire()->epoch;
    ResultCommit large = one_more(epoch, 1);
    for (int i = 0; i < 100'000; ++i)
        large.changes.cells.back().add(i, "a group with some text in it " + std::to_string(i), {1, 1, 0, {}});
    // A file may not grow beyond some pages: what a full disk amounts to for the transaction.
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit most{1'000'000, 1'000'000};
        if (setrlimit(RLIMIT_FSIZE, &most) != 0) _exit(9);
        const auto own = open_sqlite_result_store(path.string());
        if (!own.ok()) _exit(8);
        const Status refused = (*own)->commit(large);
        if (refused.ok() || refused.error().code != ErrorCode::Io) _exit(7);
        if ((*own)->snapshot().value()->state()->next != 1) _exit(6);
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_TRUE(cells_of(*store, 1).empty());
    EXPECT_TRUE(store->commit(large).ok());
    EXPECT_EQ(cells_of(*store, 1).size(), 100'001U);
}

// A process dies by SIGKILL while it commits, backfills, expires and drops, again and again: what is there is always
// what the offsets say.
TEST(SqliteResultStore, KilledBetweenAnyTwoStepsItHasEachCommitWholeOrNotAtAll) {
    const TemporaryDirectory directory;
    const auto path = directory.path / "store.db";
    open_at(path);
    std::mt19937 random(7);
    Offset furthest = 1;
    // More of them on a machine so busy that the children are killed before they have done anything.
    for (int kill_number = 0; kill_number < 25 || (furthest <= 25 && kill_number < 1'000); ++kill_number) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto store = open_sqlite_result_store(path.string());
            if (!store.ok()) _exit(8);
            const auto owner = (*store)->acquire();
            if (!owner.ok()) _exit(7);
            const auto begun = (*store)->begin_backfill(owner->epoch, 1'000, {});
            if (!begun.ok()) _exit(6);
            Offset next = owner->state.next, walk = begun->backfill ? begun->backfill->next : 1;
            for (std::uint64_t number = 1;; ++number, ++next, ++walk) {
                ResultCommit commit = one_more(owner->epoch, next);
                commit.number = number;
                if (next % 10 == 0)
                    commit.changes.expired = {{1, 0, Aggregate::Count, static_cast<std::int64_t>(next / 10) - 5}};
                BackfillCommit backfill;
                backfill.metric = 1'000;
                backfill.expected_next = walk;
                backfill.state.next = walk + 1;
                backfill.changes.cells.emplace_back(1'000, std::uint8_t{0}, Aggregate::Sum);
                backfill.changes.cells.back().add(kNoWindow, "g", {2, 1, 0, {}});
                if (!(*store)->commit(commit).ok()) _exit(5);
                if (!(*store)->commit_backfill(owner->epoch, backfill).ok()) _exit(4);
                if (!(*store)->tidy().ok()) _exit(3);
            }
        }
        // Any moment will do: what is checked holds wherever the child was, even before its first commit.
        usleep(static_cast<useconds_t>(5000 + random() % 60000));
        kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);

        const auto store = open_at(path);
        const auto snapshot = std::move(store->snapshot()).value();
        const Offset next = snapshot->state()->next;
        EXPECT_GE(next, furthest);
        furthest = next;
        for (const PlainCell& cell : cells_of(*store, 1)) {
            const auto first = static_cast<Offset>(std::max<std::int64_t>(1, cell.window * 10));
            const auto last = std::min(next, static_cast<Offset>(cell.window * 10 + 10));
            EXPECT_EQ(cell.value, static_cast<std::int64_t>(last - first)) << cell.window;
        }
        const auto metrics = std::move(snapshot->metrics()).value();
        for (const StoredMetric& metric : metrics) {
            if (metric.id != 1'000) continue;
            ASSERT_TRUE(metric.backfill.has_value());
            const Cell cell = snapshot->cell(1'000, 0, kNoWindow, "g")->value_or(Cell{});
            EXPECT_EQ(cell.value, 2 * static_cast<std::int64_t>(metric.backfill->next - 1));
        }
    }
    EXPECT_GT(furthest, 25U);
}

TEST(SqliteResultStore, SaysWhatIsWrongWithAFile) {
    const TemporaryDirectory directory;
    const auto text = directory.path / "text.db";
    std::ofstream(text) << std::string(5'000, 'x');
    EXPECT_EQ(open_sqlite_result_store(text.string()).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(open_sqlite_result_store((directory.path / "no" / "store.db").string()).error().code, ErrorCode::Io);
    EXPECT_EQ(open_result_store_readonly((directory.path / "none.db").string()).error().code, ErrorCode::NotFound);
    EXPECT_EQ(open_result_store_readonly(text.string()).error().code, ErrorCode::Corrupt);
    const auto newer = directory.path / "newer.db";
    open_at(newer);
    ASSERT_TRUE(sql::execute(sql::open(newer.string(), false).value().get(), "PRAGMA user_version=9").ok());
    for (const OlderStore older : {OlderStore::Refuse, OlderStore::Remove}) {
        const auto refused = open_sqlite_result_store(newer.string(), older);
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::Corrupt);
        EXPECT_FALSE(refused.error().hint.empty());
    }
}

TEST(SqliteResultStore, AnOlderLayoutIsReplacedOnlyWhenItMayBe) {
    const TemporaryDirectory directory;
    const auto path = directory.path / "store.db";
    {
        const auto old = std::move(sql::open(path.string(), true)).value();
        ASSERT_TRUE(sql::execute(old.get(),
                                 "PRAGMA journal_mode=WAL; PRAGMA application_id=1397183316; PRAGMA user_version=1;"
                                 "CREATE TABLE rollups (metric INTEGER)")
                        .ok());
    }
    const auto refused = open_sqlite_result_store(path.string());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::Corrupt);
    EXPECT_FALSE(refused.error().hint.empty());
    EXPECT_EQ(open_result_store_readonly(path.string()).error().code, ErrorCode::Corrupt);
    const auto replaced = open_sqlite_result_store(path.string(), OlderStore::Remove);
    ASSERT_TRUE(replaced.ok()) << replaced.error().describe();
    EXPECT_EQ((*replaced)->acquire()->state, PartitionState{});
}

TEST(SqliteResultStore, AnotherProcessReadsBesideTheServer) {
    const TemporaryDirectory directory;
    const auto path = directory.path / "store.db";
    const auto store = open_at(path);
    const std::uint64_t epoch = store->acquire()->epoch;
    ASSERT_TRUE(store->commit(one_more(epoch, 1)).ok());
    const auto snapshot = std::move(open_result_store_readonly(path.string())).value();
    EXPECT_EQ(snapshot->state()->next, 2U);
    for (Offset at = 2; at < 100; ++at) ASSERT_TRUE(store->commit(one_more(epoch, at)).ok());
    EXPECT_EQ(snapshot->state()->next, 2U);
    EXPECT_EQ(open_result_store_readonly(path.string()).value()->state()->next, 100U);
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

TEST(SqliteResultStore, OtherDefinitionsOfBuiltInMetricsCountAsAnOlderLayout) {
    const TemporaryDirectory directory;
    const std::string path = (directory.path / "store.db").string();
    const auto execute = [&path](const char* statements) {
        EXPECT_TRUE(sql::execute(sql::open(path, false).value().get(), statements).ok());
    };
    {
        const auto store = open_sqlite_result_store(path);
        ASSERT_TRUE(store.ok());
        const auto owner = (*store)->acquire();
        ASSERT_TRUE((*store)->commit(one_more(owner->epoch, 1)).ok());
    }
    EXPECT_TRUE(open_result_store_readonly(path).ok());
    execute("DROP TABLE built_in");  // a file from before they were written down is taken as it is
    EXPECT_TRUE(open_result_store_readonly(path).ok());
    EXPECT_EQ((*open_sqlite_result_store(path))->snapshot().value()->state()->next, 2U);
    execute("UPDATE built_in SET definitions = definitions || 'another'");
    EXPECT_EQ(open_result_store_readonly(path).error().code, ErrorCode::Corrupt);
    EXPECT_EQ(open_sqlite_result_store(path, OlderStore::Refuse).error().code, ErrorCode::Corrupt);
    const auto replaced = open_sqlite_result_store(path, OlderStore::Remove);
    ASSERT_TRUE(replaced.ok());
    EXPECT_EQ((*replaced)->snapshot().value()->state()->next, 1U);
}

}  // namespace
}  // namespace streamgauge::test
