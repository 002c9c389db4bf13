// SPDX-License-Identifier: GPL-3.0-or-later
// kill -9 at every step of a resend, and at any moment between: each letter's events are in the journal exactly once.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <map>
#include <random>
#include <thread>

#include "journal/journal_support.h"
#include "journal/sqlite_support.h"
#include "store/dead_letter_store.h"

namespace streamgauge::test {
namespace {

// Runs the child; kills it that long after it was ready, when there is a time. Its wait status.
int run_child(const std::string& directory, int fatal_step, std::optional<std::chrono::microseconds> patience) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return -1;
    const std::string step = std::to_string(fatal_step);
    const pid_t child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], STDOUT_FILENO);
        execl(LETTERS_CHILD, LETTERS_CHILD, directory.c_str(), step.c_str(), nullptr);
        _exit(127);
    }
    ::close(pipe_ends[1]);
    char line[8];
    const ssize_t got = read(pipe_ends[0], line, sizeof line);
    if (patience && got > 0) {
        std::this_thread::sleep_for(*patience);  // any moment will do: what is checked holds at each
        kill(child, SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ::close(pipe_ends[0]);
    return status;
}

TEST(DeadLetterKill, EveryEventOfAResentLetterIsThereOnce) {
    constexpr std::uint64_t kLetters = 480;
    const ScratchDirectory directory;
    std::map<std::string, int> own_ids;
    std::uint64_t expected = 0;
    {
        const auto journal = open_journal(options_in(directory));
        for (std::uint64_t i = 1; i <= kLetters; ++i) {
            const std::string own = "own-" + std::to_string(i);
            std::string raw;
            switch (i % 4) {
                case 0:
                    raw = R"({"event_type":"a"})";
                    ++expected;
                    break;
                case 1:
                    raw = R"({"event_type":"a","event_id":")" + own + "\"}";
                    own_ids[own] = 0;
                    ++expected;
                    break;
                case 2:  // its event came by another way, too
                    raw = R"({"event_type":"a","event_id":")" + own + "\"}";
                    own_ids[own] = 0;
                    ASSERT_TRUE(append_ids(*journal, {own}, system_clock().now()).ok());
                    ++expected;
                    break;
                default:
                    raw = R"([{"event_type":"a"},{"event_type":"b","event_id":")" + own + R"("}])";
                    own_ids[own] = 0;
                    expected += 2;
            }
            AppendRequest request;
            request.source = "/events";
            request.rejected.push_back({0, "bad", "", 0, raw, ""});
            ASSERT_TRUE(append_request(*journal, std::move(request)).ok());
        }
    }
    std::mt19937 random(11);
    int kills = 0, rounds = 0;
    for (bool done = false; !done; ++rounds) {
        ASSERT_LT(rounds, 2000);
        // At a step, or after a time; then at a later step by itself at the latest, since this process may be kept
        // waiting until all is done.
        constexpr int kLatestStep = 30;
        const int status = rounds % 2 == 0
                               ? run_child(directory.path(), 1 + static_cast<int>(random() % 5), std::nullopt)
                               : run_child(directory.path(), kLatestStep, std::chrono::microseconds(random() % 2'000));
        if (WIFSIGNALED(status)) {
            ASSERT_EQ(WTERMSIG(status), SIGKILL);
            ++kills;
        } else {
            ASSERT_EQ(WEXITSTATUS(status), 0) << "round " << rounds;
            done = true;
        }
    }
    ASSERT_EQ(WEXITSTATUS(run_child(directory.path(), 0, std::nullopt)), 0);
    RecordProperty("kills", kills);
    EXPECT_GE(kills, 50);

    const auto journal = open_journal(options_in(directory));
    const std::vector<std::string> there = ids(*journal, 1);
    std::map<std::string, int> times;
    for (const std::string& id : there) ++times[id];
    for (const auto& [id, count] : times) EXPECT_EQ(count, 1) << id;
    for (const auto& [id, count] : own_ids) EXPECT_EQ(times.count(id), 1U) << id << " is missing";
    EXPECT_EQ(there.size(), expected);

    auto store = DeadLetterStore::open(directory.path() + "/dead-letters.db");
    ASSERT_TRUE(store.ok());
    EXPECT_EQ((*store)->usage().front().resent, kLetters);
    for (std::uint64_t id = 1; id <= kLetters; ++id) {
        const auto letter = (*store)->find(id, "");
        ASSERT_TRUE(letter.ok());
        EXPECT_EQ(letter->state, LetterState::Resent);
        ASSERT_GE(letter->resent_as, 1U);
        ASSERT_LE(letter->resent_as, there.size());
        const std::string& event_id = there[letter->resent_as - 1];
        if (id % 4 == 1 || id % 4 == 2)
            EXPECT_EQ(event_id, "own-" + std::to_string(id));
        else
            EXPECT_TRUE(event_id.starts_with("dead-letter-" + (*store)->installation() + "-" + std::to_string(id)))
                << event_id;
    }
}

}  // namespace
}  // namespace streamgauge::test
