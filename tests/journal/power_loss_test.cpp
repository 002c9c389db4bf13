// SPDX-License-Identifier: GPL-3.0-or-later
// Power loss at seeded points: whatever was acknowledged is there, once, and counted, on a disk that forgets everything
// that was not synced. The same runs on a journal that does not sync must be caught losing: the test proves itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fcntl.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "journal/journal_support.h"
#include "journal/sqlite_support.h"
#include "support/crash_vfs.h"

namespace streamgauge::test {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;

// The journal logs every commit that the cut makes fail; a thousand cuts would bury the test's own words.
class QuietErrors {
public:
    QuietErrors() : kept_(dup(STDERR_FILENO)) {
        const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDERR_FILENO);
        ::close(null);
    }
    ~QuietErrors() {
        dup2(kept_, STDERR_FILENO);
        ::close(kept_);
    }
    QuietErrors(const QuietErrors&) = delete;
    QuietErrors& operator=(const QuietErrors&) = delete;

private:
    int kept_;
};

// One machine whose power fails now and then, and everything the outside was told.
class Machine {
public:
    Machine(std::uint64_t seed, bool synchronous_full) : random_(seed), disk_(directory_.path()) {
        options_ = options_in(directory_);
        options_.vfs = disk_.vfs_name();
        options_.synchronous_full = synchronous_full;
        options_.dedup_memory_entries = 5 + random_() % 40;
        options_.log_pages = 8 + random_() % 64;
        options_.commit_events = 1 + random_() % 30;
        options_.recent_bytes = 2000;
        if (random_() % 3 == 0) options_.span_bytes = 40'000;
        if (random_() % 4 == 0) options_.retention_days = 1;  // the events are months old: only the newest span stays
        torn_ = random_() % 2 == 0;
    }

    // Returns what went wrong, or "".
    std::string run() {
        for (int round = 0; round < 3; ++round) {
            live_until_cut();
            disk_.restart(torn_ ? &random_ : nullptr);
            if (const std::string wrong = check(); !wrong.empty())
                return "round " + std::to_string(round) + ": " + wrong;
        }
        return {};
    }

private:
    void live_until_cut() {
        disk_.cut_power_after(1 + random_() % 400);
        auto journal = open_sqlite_journal(options_, system_clock());
        if (!journal.ok()) {
            disk_.cut_power();
            return;
        }
        std::size_t open_requests = 0;
        for (int i = 0; i < 40 && disk_.has_power(); ++i) {
            {
                std::unique_lock lock(mutex_);
                settled_.wait_for(lock, kPatience, [&] { return open_requests < 6; });
                ++open_requests;
            }
            AppendRequest request;
            if (random_() % 8 == 0) day_ += kDay;
            for (std::uint64_t n = random_() % 6; n > 0; --n) {
                const std::string id =
                    "id-" + std::to_string(random_() % 4 == 0 ? random_() % (next_id_ + 1) : next_id_++);
                request.batch.add(event(id, kStart.plus_micros(day_)));
            }
            if (random_() % 5 == 0) request.rejected.push_back({0, "bad", "field", 3, "raw"});
            const std::size_t letters = request.rejected.size();
            request.done = [&, letters](Result<Appended> result, const EventBatch& batch) {
                const std::lock_guard lock(mutex_);
                --open_requests;
                settled_.notify_all();
                if (!result.ok()) return;
                told_letters_ += letters;
                for (std::size_t k = 0; k < batch.size(); ++k) {
                    const Placement& p = result->placements[k];
                    told_duplicates_ += p.duplicate ? 1U : 0U;
                    if (!p.duplicate) told_[p.offset] = std::string(batch[k].event_id);
                }
            };
            if (!(*journal)->append(std::move(request))) {
                const std::lock_guard lock(mutex_);
                --open_requests;
            }
        }
        if (random_() % 2 == 0) disk_.cut_power();  // otherwise it is shut down in order, if the power lasts
        (*journal)->close();
        disk_.cut_power();
    }

    std::string check() {
        auto opened = open_sqlite_journal(options_, system_clock());
        if (!opened.ok()) return "does not open: " + opened.error().describe();
        Journal& journal = **opened;
        Offset begin = journal.begin();
        const Offset end = journal.end();
        const JournalCounters c = journal.counters();
        if (c.accepted != end - 1) return "accepted " + std::to_string(c.accepted) + ", end " + std::to_string(end);
        if (c.decoded != c.accepted + c.duplicate + c.invalid) return "counters do not add up";
        if (c.invalid < told_letters_) return "dead letters are missing";
        if (c.duplicate < told_duplicates_) return "duplicates are missing";
        if (!told_.empty() && told_.rbegin()->first >= end)
            return "event " + std::to_string(told_.rbegin()->first) + " is lost";

        struct There {
            std::string id;
            std::int64_t received;
        };
        std::vector<There> there;
        for (Offset at = begin; at < end;) {
            const auto run = journal.read(at, 1000);
            if (!run.ok() && run.error().code == ErrorCode::NotFound) {  // retention goes on meanwhile
                there.clear();
                begin = at = run.error().offset.value_or(end);
                continue;
            }
            if (!run.ok()) return "cannot be read: " + run.error().describe();
            if (!*run || (*run)->first != at) return "event " + std::to_string(at) + " is missing";
            for (std::size_t i = 0; i < (*run)->batch.size(); ++i)
                there.push_back({std::string((*run)->batch[i].event_id), (*run)->batch[i].received_at.micros});
            at = (*run)->next();
        }
        const std::int64_t horizon = std::chrono::microseconds(options_.dedup_horizon).count();
        std::map<std::string, std::size_t> last;
        for (std::size_t i = 0; i < there.size(); ++i) {
            const auto [place, is_new] = last.emplace(there[i].id, i);
            if (!is_new && there[i].received - there[place->second].received <= horizon)
                return there[i].id + " is there twice";
            place->second = i;
        }
        for (const auto& [offset, id] : told_)
            if (offset >= begin && there[offset - begin].id != id) return id + " is not where it was acknowledged";
        if (there.empty()) return {};

        // Every event that is there, sent again within the horizon, is a repeat.
        EventBatch again;
        std::vector<Offset> expected;
        for (const auto& [id, index] : last) {
            if (there.back().received - there[index].received > horizon) continue;
            again.add(event(id, {there.back().received}));
            expected.push_back(begin + index);
        }
        const auto result = append_batch(journal, std::move(again));
        if (!result.ok()) return "does not take events: " + result.error().describe();
        for (std::size_t i = 0; i < expected.size(); ++i)
            if (result->placements[i].offset != expected[i] || !result->placements[i].duplicate)
                return "event " + std::to_string(expected[i]) + " was taken again";
        told_duplicates_ += expected.size();
        return {};
    }

    std::mt19937_64 random_;
    ScratchDirectory directory_;
    CrashDisk disk_;
    SqliteJournalOptions options_;
    bool torn_ = false;
    std::uint64_t next_id_ = 0;
    std::int64_t day_ = 0;
    std::mutex mutex_;
    std::condition_variable settled_;
    std::map<Offset, std::string> told_;  // acknowledged as new
    std::size_t told_duplicates_ = 0, told_letters_ = 0;
};

TEST(PowerLoss, NoAcknowledgedEventIsMissingOverAThousandCuts) {
    const QuietErrors quiet;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        const std::string wrong = Machine(seed, true).run();
        ASSERT_EQ(wrong, "") << "seed " << seed;
    }
}

TEST(PowerLoss, AJournalThatDoesNotSyncIsCaught) {
    const QuietErrors quiet;
    int caught = 0;
    for (std::uint64_t seed = 0; seed < 30; ++seed) caught += Machine(seed, false).run().empty() ? 0 : 1;
    EXPECT_GE(caught, 20);
}

}  // namespace
}  // namespace streamgauge::test
