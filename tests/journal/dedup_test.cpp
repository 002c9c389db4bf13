// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of dedup: the table against a map, the files at sizes that span many blocks, and damage to them.
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <random>

#include "journal/dedup_index.h"
#include "journal/dedup_run.h"
#include "journal/dedup_table.h"
#include "journal/sqlite_support.h"

namespace streamgauge::test {
namespace {

constexpr DedupSecret kSecret{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

DedupEntry entry(Offset offset) {
    return {dedup_hash("p", std::to_string(offset), kSecret), offset, Timestamp{static_cast<std::int64_t>(offset)}};
}

TEST(DedupHash, DependsOnEveryPart) {
    const DedupHash hash = dedup_hash("ab", "c", kSecret);
    EXPECT_EQ(hash, dedup_hash("ab", "c", kSecret));
    EXPECT_NE(hash, dedup_hash("a", "bc", kSecret));
    EXPECT_NE(hash, dedup_hash("ab", "d", kSecret));
    DedupSecret other = kSecret;
    other[0] = 2;
    EXPECT_NE(hash, dedup_hash("ab", "c", other));
}

TEST(DedupTable, AgreesWithAMapUnderPutsReplacementsAndErasures) {
    std::mt19937_64 random(11);
    DedupTable table;
    std::map<DedupHash, Offset> model;
    for (int i = 0; i < 60'000; ++i) {
        // Few different low halves: long runs of neighbours, and erasures in the middle of them.
        const DedupHash hash{random() % 30, random() % 8};
        if (random() % 3 == 0) {
            table.erase(hash);
            model.erase(hash);
        } else {
            const Offset offset = random() % 1000 + 1;
            const auto before = table.put({hash, offset, {}});
            const auto known = model.find(hash);
            ASSERT_EQ(before.has_value(), known != model.end());
            if (before) {
                ASSERT_EQ(before->offset, known->second);
            }
            model[hash] = offset;
        }
        const DedupHash probe{random() % 30, random() % 8};
        const DedupEntry* found = table.find(probe);
        const auto known = model.find(probe);
        ASSERT_EQ(found != nullptr, known != model.end());
        if (found != nullptr) {
            ASSERT_EQ(found->offset, known->second);
        }
    }
    ASSERT_EQ(table.size(), model.size());
    const std::vector<DedupEntry> sorted = table.sorted();
    ASSERT_EQ(sorted.size(), model.size());
    auto at = model.begin();
    for (const DedupEntry& e : sorted) {
        ASSERT_EQ(e.hash, at->first);
        ASSERT_EQ(e.offset, (at++)->second);
    }
}

class DedupRunTest : public testing::TestWithParam<std::size_t> {
protected:
    std::string path() const { return directory.path() + "/" + DedupRun::name(1, 1 + GetParam()); }
    std::shared_ptr<DedupRun> write() {
        DedupTable table;
        for (Offset offset = 1; offset <= GetParam(); ++offset) (void)table.put(entry(offset));
        auto builder = DedupRunBuilder::start(path(), "", kSecret, 1, 1 + GetParam(), {99}, GetParam());
        EXPECT_TRUE(builder.ok());
        for (const DedupEntry& e : table.sorted()) EXPECT_TRUE(builder->add(e).ok());
        auto run = builder->finish();
        EXPECT_TRUE(run.ok());
        return run.ok() ? std::move(run).value() : nullptr;
    }
    void expect_complete(const DedupRun& run) {
        EXPECT_EQ(run.first(), 1U);
        EXPECT_EQ(run.end(), 1 + GetParam());
        EXPECT_EQ(run.entries(), GetParam());
        EXPECT_EQ(run.newest().micros, 99);
        for (Offset offset = 1; offset <= GetParam(); ++offset) {
            const auto found = run.find(entry(offset).hash);
            ASSERT_TRUE(found.ok() && *found) << offset;
            ASSERT_EQ((*found)->offset, offset);
        }
        for (Offset offset = 1; offset <= 2000; ++offset) {
            const auto found = run.find(dedup_hash("q", std::to_string(offset), kSecret));
            ASSERT_TRUE(found.ok());
            ASSERT_FALSE(*found);
        }
    }
    ScratchDirectory directory;
};

TEST_P(DedupRunTest, FindsEveryIdAndNoOtherAlsoAfterReopening) {
    const auto run = write();
    ASSERT_NE(run, nullptr);
    expect_complete(*run);
    const auto again = DedupRun::open(path(), "", kSecret);
    ASSERT_TRUE(again.ok());
    expect_complete(**again);
}

TEST_P(DedupRunTest, ACursorReadsEveryEntryInOrder) {
    DedupRunCursor cursor(write());
    std::size_t count = 0;
    for (DedupHash last;; ++count) {
        const auto next = cursor.next();
        ASSERT_TRUE(next.ok());
        if (*next == nullptr) break;
        ASSERT_LT(last, (*next)->hash);
        last = (*next)->hash;
    }
    EXPECT_EQ(count, GetParam());
}

// The index against a map, with files, merges, expiry, failed commits and restarts.
TEST(DedupIndex, AgreesWithAMapOverManyFilesAndRestarts) {
    ScratchDirectory directory;
    DedupOptions options;
    options.directory = directory.path();
    options.secret = kSecret;
    options.memory_entries = 100;
    options.horizon_micros = 30'000;
    std::mt19937_64 random(4);
    struct Row {
        std::string id;
        Timestamp received_at;
    };
    std::vector<Row> log(1);  // by offset
    std::map<std::string, Offset> model;
    std::size_t most_files = 0;
    for (int life = 0; life < 5; ++life) {
        Background background;
        DedupIndex index(options, background);
        const auto source = [&](Offset from, Offset to, const DedupIndex::Visitor& visit) {
            for (Offset at = from; at < to; ++at)
                if (Status s = visit(at, log[at].received_at, dedup_hash("p", log[at].id, kSecret)); !s.ok()) return s;
            return Status();
        };
        Offset within = 1;
        while (within < log.size() &&
               log.back().received_at.micros - log[within].received_at.micros > options.horizon_micros)
            ++within;
        ASSERT_TRUE(index.load(within, log.size(), source).ok());
        for (int commit = 0; commit < 800; ++commit) {
            const bool fails = random() % 10 == 0;
            const std::size_t before = log.size();
            auto model_before = fails ? model : std::map<std::string, Offset>();
            for (int i = 0; i < 10; ++i) {
                const Timestamp now{static_cast<std::int64_t>(log.size()) * 3};
                const std::string id = std::to_string(random() % (log.size() * 2 + 10));
                const auto known = model.find(id);
                const bool repeat = known != model.end() &&
                                    now.micros - log[known->second].received_at.micros <= options.horizon_micros;
                const auto found = index.find_or_add(dedup_hash("p", id, kSecret), log.size(), now);
                ASSERT_TRUE(found.ok());
                ASSERT_EQ(found->has_value(), repeat) << "life " << life << " commit " << commit;
                if (repeat) {
                    ASSERT_EQ(**found, known->second);
                    continue;
                }
                model[id] = log.size();
                log.push_back({id, now});
            }
            if (fails) {
                index.rollback();
                log.resize(before);
                model = std::move(model_before);
            } else {
                index.commit(log.size(), log.back().received_at);
            }
            most_files = std::max(most_files, index.files());
            if (commit % 20 == 0) {  // the keeper keeps up, however busy the machine is
                std::promise<void> idle;
                background.post([&] { idle.set_value(); });
                idle.get_future().wait();
            }
        }
        background.stop();
    }
    EXPECT_GT(log.size(), 10'000U);
    EXPECT_GT(most_files, 3U);
    EXPECT_LT(most_files, 40U) << "they are merged";
}

// With a bound on memory: everything since what was forgotten is found, nothing is found that was not there, the bound
// holds, and a restart does not read again what was given up.
TEST(DedupIndex, ForgetsTheOldestWithinItsBoundAndRemembersThatAcrossRestarts) {
    ScratchDirectory directory;
    DedupOptions options;
    options.directory = directory.path();
    options.secret = kSecret;
    options.memory_entries = 100;
    options.horizon_micros = 1'000'000'000;
    options.max_bytes = 72 * 1024;  // two tables of 32 KiB, and files of about two bytes for each id
    std::vector<Timestamp> log(1);  // by offset: the id is the offset as text
    const auto hash = [](Offset offset) { return dedup_hash("p", std::to_string(offset), kSecret); };
    Offset read_again = 0;
    std::int64_t shortest = options.horizon_micros;
    for (int life = 0; life < 3; ++life) {
        Background background;
        DedupIndex index(options, background);
        const auto settle = [&] {
            std::promise<void> idle;
            background.post([&] { idle.set_value(); });
            idle.get_future().wait();
        };
        Offset lowest = log.size();
        const auto source = [&](Offset from, Offset to, const DedupIndex::Visitor& visit) {
            lowest = std::min(lowest, from);
            for (Offset at = from; at < to; ++at) {
                ++read_again;
                if (Status s = visit(at, log[at], hash(at)); !s.ok()) return s;
            }
            return Status();
        };
        const std::int64_t shortest_before = shortest;
        ASSERT_TRUE(index.load(1, log.size(), source).ok());
        if (life > 0) {
            EXPECT_LT(index.known_micros(), options.horizon_micros) << "the files say so";
            EXPECT_GT(lowest, log.size() - 200) << "only the table, which was in no file, is read again";
            EXPECT_LT(shortest_before, options.horizon_micros);
        }
        for (int commit = 0; commit < 600; ++commit) {
            for (int i = 0; i < 10; ++i) {
                const Timestamp now{static_cast<std::int64_t>(log.size()) * 1000};
                const auto found = index.find_or_add(hash(log.size()), log.size(), now);
                ASSERT_TRUE(found.ok());
                ASSERT_FALSE(found->has_value());
                log.push_back(now);
            }
            index.commit(log.size(), log.back());
            shortest = std::min(shortest, index.known_micros());
            if (commit % 10 != 0) continue;
            settle();
            index.commit(log.size(), log.back());
            ASSERT_LE(index.memory_bytes(), options.max_bytes);
            // Whatever was received after the boundary is known, down to the first one.
            const std::int64_t boundary = log.back().micros - index.known_micros();
            const Offset first = static_cast<Offset>(std::max<std::int64_t>(boundary, 0) / 1000 + 1);
            for (const Offset offset : {first, (first + log.size()) / 2, log.size() - 1}) {
                const auto repeat = index.find_or_add(hash(offset), log.size(), log.back());
                ASSERT_TRUE(repeat.ok());
                ASSERT_TRUE(repeat->has_value()) << offset << " of " << log.size();
                ASSERT_EQ(**repeat, offset);
            }
        }
        settle();
        EXPECT_GT(index.known_micros(), 1'000'000) << "but not most of what there is room for";
        background.stop();
    }
    EXPECT_LT(shortest, 12'000'000) << "of 18,000 ids some were forgotten";
    EXPECT_LT(read_again, 500U);
}

TEST_P(DedupRunTest, DamageIsNoticed) {
    ASSERT_NE(write(), nullptr);
    const auto size = std::filesystem::file_size(path());
    std::mt19937_64 random(5);
    for (int i = 0; i < 12; ++i) {
        const auto at = static_cast<long>(i == 0 ? 3 : random() % size);
        if (at >= 80 && at < 4096) continue;  // padding behind the header
        const auto flip = [&] {
            std::FILE* file = std::fopen(path().c_str(), "r+");
            std::fseek(file, at, SEEK_SET);
            const int c = std::fgetc(file);
            std::fseek(file, at, SEEK_SET);
            std::fputc(c ^ 1, file);
            std::fclose(file);
        };
        flip();
        const auto run = DedupRun::open(path(), "", kSecret);
        bool noticed = !run.ok();
        bool wrong = false;
        for (Offset offset = 1; run.ok() && !noticed && offset <= GetParam(); ++offset) {
            const auto found = (*run)->find(entry(offset).hash);
            noticed = noticed || !found.ok();
            wrong = wrong || (found.ok() && (!*found || (*found)->offset != offset));
        }
        EXPECT_FALSE(wrong) << "byte " << at;
        const std::uint64_t in_block = (static_cast<std::uint64_t>(at) - 4096) % 4096;
        if (in_block < 126 * 32) {
            EXPECT_TRUE(noticed) << "byte " << at << " of " << size;
        }
        flip();
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, DedupRunTest, testing::Values(1, 126, 127, 3000, 20'000));

}  // namespace
}  // namespace streamgauge::test
