// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/data_directory.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "server/data_lock.h"

namespace streamgauge::daemon {
namespace {

namespace fs = std::filesystem;

class DataDirectoryTest : public testing::Test {
protected:
    void SetUp() override {
        directory_ = fs::path(testing::TempDir()) / ("data_directory_test_" + std::to_string(::getpid()));
        fs::remove_all(directory_);
        fs::create_directory(directory_);
    }
    void TearDown() override { fs::remove_all(directory_); }
    void put(const char* name) { std::ofstream(directory_ / name) << "x"; }

    fs::path directory_;
};

TEST_F(DataDirectoryTest, NamesOnlyWhatStreamgaugeMakes) {
    const std::vector<const char*> ours{"dead-letters.db",  "dead-letters.db-wal", "dedup-1-9.run", "journal-1.db",
                                        "journal-1.db-shm", "journal-1.db-wal",    "store.db",      "store.db-wal"};
    for (const char* name : ours) put(name);
    for (const char* name : {"streamgauge.lock", "auth.db", "visitor.key", "notes.txt", "my.db", "store.db.bak",
                             "journal.db", "journal-1.txt", "dedup.run"}) {
        put(name);
    }
    fs::create_directory(directory_ / "journal-2.db");
    fs::create_symlink(directory_ / "notes.txt", directory_ / "journal-3.db");

    std::vector<std::string> found;
    for (const fs::path& path : own_files(directory_)) found.push_back(path.filename());
    EXPECT_THAT(found, testing::ElementsAreArray(ours));
}

TEST_F(DataDirectoryTest, IsEmptyWhenThereIsNoDirectory) {
    EXPECT_TRUE(own_files(directory_ / "absent").empty());
    EXPECT_EQ(owner_of(directory_ / "absent"), 0);
}

TEST_F(DataDirectoryTest, TellsTheOwnerWhileTheLockIsHeld) {
    {
        const Result<DataLock> lock = DataLock::take(directory_);
        ASSERT_TRUE(lock.ok()) << lock.error().describe();
        EXPECT_EQ(owner_of(directory_), ::getpid());
    }
    EXPECT_EQ(owner_of(directory_), 0);
}

}  // namespace
}  // namespace streamgauge::daemon
