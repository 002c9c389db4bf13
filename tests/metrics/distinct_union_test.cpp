// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/distinct_union.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace streamgauge {
namespace {

// What a store has of a state that is saved every now and then.
class Stored {
public:
    Stored(std::mt19937_64& random, std::size_t values, std::uint64_t of) {
        for (std::size_t i = 0; i < values; ++i) {
            state_.add("v" + std::to_string(random() % of));
            if (random() % 500 == 0) save();
        }
        save();
    }
    std::vector<std::string_view> bytes() const { return {pieces_.begin(), pieces_.end()}; }
    SetState& state() { return state_; }
    void save() {
        if (auto change = state_.take_change()) {
            if (change->replace) pieces_.clear();
            pieces_.push_back(change->bytes);
        }
    }

private:
    SetState state_{Aggregate::Distinct};
    std::vector<std::string> pieces_;
};

void expect_same(DistinctUnion& fast, const SetState& slow) {
    const DistinctCount a = fast.count(), b = slow.distinct();
    EXPECT_EQ(a.count, b.count);
    EXPECT_EQ(a.exact, b.exact);
    EXPECT_EQ(a.relative_error, b.relative_error);
}

TEST(DistinctUnion, CountsAsStatesThatAreMerged) {
    std::mt19937_64 random(3);
    for (int round = 0; round < 20; ++round) {
        DistinctUnion fast;
        SetState slow(Aggregate::Distinct);
        expect_same(fast, slow);
        const std::uint64_t of = 1 + random() % 5'000;
        for (int i = 0; i < 12; ++i) {
            Stored stored(random, 1 + random() % 2'000, of);
            if (round % 5 == 4 && i == 7) {
                stored.state().to_sketch();
                stored.save();
            }
            ASSERT_TRUE(fast.add(stored.bytes()).ok());
            slow.merge(stored.state());
            if (i % 4 == 0) expect_same(fast, slow);
        }
        expect_same(fast, slow);
    }
}

TEST(DistinctUnion, TwoOfThemAreOne) {
    std::mt19937_64 random(9);
    for (int round = 0; round < 30; ++round) {
        DistinctUnion halves[2];
        SetState slow(Aggregate::Distinct);
        const std::uint64_t of = 1 + random() % 5'000;
        const auto states = static_cast<int>(random() % 9);
        for (int i = 0; i < states; ++i) {
            Stored stored(random, 1 + random() % 2'000, of);
            if (round % 5 == 4 && random() % 4 == 0) {
                stored.state().to_sketch();
                stored.save();
            }
            ASSERT_TRUE(halves[random() % 2].add(stored.bytes()).ok());
            slow.merge(stored.state());
        }
        halves[0].merge(std::move(halves[1]));
        expect_same(halves[0], slow);
    }
}

TEST(DistinctUnion, IsASketchBeyondWhatIsExact) {
    constexpr std::uint64_t kStates = 4;
    std::mt19937_64 random(5);
    DistinctUnion fast;
    HyperLogLog all;
    for (std::uint64_t i = 0; i <= kStates; ++i) {
        // Numbers that no other state has: the lowest bits are the state's.
        std::set<std::uint64_t> hashes;
        const std::uint64_t values = i < kStates ? kExactDistinct / kStates : 1;
        while (hashes.size() < values) hashes.insert((random() >> 8) * 8 + i);
        std::string bytes = "E";
        for (const std::uint64_t hash : hashes) {
            bytes.append(reinterpret_cast<const char*>(&hash), sizeof hash);
            all.add(hash);
        }
        ASSERT_TRUE(fast.add({bytes}).ok());
        if (i < kStates - 1) continue;
        EXPECT_EQ(fast.count().exact, i < kStates);
        EXPECT_EQ(fast.count().count, i < kStates ? kExactDistinct : all.estimate());
    }
}

TEST(DistinctUnion, RefusesWhatIsNoState) {
    const auto refused = [](const std::vector<std::string>& pieces) {
        DistinctUnion values;
        const Status added = values.add({pieces.begin(), pieces.end()});
        return !added.ok() && added.error().code == ErrorCode::Corrupt;
    };
    const std::string zeros(7, '\0'), first = "\1" + zeros, second = "\2" + zeros;
    EXPECT_TRUE(refused({}));
    EXPECT_TRUE(refused({""}));
    EXPECT_TRUE(refused({"X"}));
    EXPECT_TRUE(refused({"E1234567"}));
    EXPECT_TRUE(refused({"E" + second + first}));
    EXPECT_TRUE(refused({"E" + first + first}));
    EXPECT_TRUE(refused({"E" + first, "E" + second}));
    EXPECT_TRUE(refused({"A" + first}));
    EXPECT_TRUE(refused({"H1"}));
    EXPECT_FALSE(refused({"E" + first + second}));
    EXPECT_FALSE(refused({"E" + second, "A" + first}));
    EXPECT_TRUE(refused({"E" + second, "A" + second}));
}

}  // namespace
}  // namespace streamgauge
