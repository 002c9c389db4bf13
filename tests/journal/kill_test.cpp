// SPDX-License-Identifier: GPL-3.0-or-later
// kill -9 of a real process at random moments: what it acknowledged is there, once, in its place, and counted.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <map>
#include <random>
#include <sstream>

#include "journal/journal_support.h"
#include "journal/sqlite_support.h"

namespace streamgauge::test {
namespace {

// Runs the child until it has acknowledged `bytes` of lines, then kills it. Returns all that it wrote.
std::string run_and_kill(const std::string& directory, std::uint64_t first_number, std::size_t bytes) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return {};
    const std::string number = std::to_string(first_number);
    const pid_t child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], STDOUT_FILENO);
        execl(JOURNAL_CHILD, JOURNAL_CHILD, directory.c_str(), number.c_str(), nullptr);
        _exit(127);
    }
    ::close(pipe_ends[1]);
    std::string text;
    bool killed = false;
    for (;;) {
        if (text.size() >= bytes && !killed) {
            kill(child, SIGKILL);
            killed = true;
        }
        pollfd ready{pipe_ends[0], POLLIN, 0};
        if (poll(&ready, 1, 60'000) <= 0) break;
        char buffer[4096];
        const ssize_t got = read(pipe_ends[0], buffer, sizeof buffer);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    kill(child, SIGKILL);
    ::close(pipe_ends[0]);
    waitpid(child, nullptr, 0);
    return text;
}

TEST(Kill, NoAcknowledgedEventIsLostOrDoubled) {
    const ScratchDirectory directory;
    std::mt19937 random(9);
    std::map<Offset, std::string> told;
    std::uint64_t next_number = 0;
    for (int round = 0; round < 40; ++round) {
        const std::string text = run_and_kill(directory.path(), next_number, 6 + random() % 20'000);
        ASSERT_TRUE(text.starts_with("ready\n")) << text;
        std::istringstream lines(text.substr(6, text.rfind('\n') + 1 - 6));
        Offset offset = 0;
        for (std::string id; lines >> offset >> id;)
            ASSERT_TRUE(told.emplace(offset, id).second) << "offset given twice";
        if (round % 8 != 7) {
            next_number += 100'000;
            continue;
        }
        SqliteJournalOptions options = options_in(directory);
        options.dedup_memory_entries = 100;
        const auto journal = open_journal(options);
        ASSERT_NE(journal, nullptr);
        const std::vector<std::string> there = ids(*journal, 1);
        ASSERT_EQ(there.size(), journal->end() - 1);
        ASSERT_EQ(journal->counters().accepted, there.size());
        for (const auto& [at, id] : told) {
            ASSERT_LE(at, there.size()) << id << " is lost";
            ASSERT_EQ(there[at - 1], id);
        }
        EventBatch again;
        for (const std::string& id : there) again.add(event(id, system_clock().now()));
        const auto repeats = append_batch(*journal, std::move(again));
        ASSERT_TRUE(repeats.ok());
        for (std::size_t i = 0; i < there.size(); ++i) ASSERT_EQ(repeats->placements[i].offset, i + 1);
        next_number += 100'000;
    }
    EXPECT_GT(told.size(), 1000U);
}

}  // namespace
}  // namespace streamgauge::test
