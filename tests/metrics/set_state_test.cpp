// SPDX-License-Identifier: GPL-3.0-or-later
// The three kinds of sets against exact values: errors, bounds, merging, and what the store gives back.
#include "metrics/set_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace streamgauge {
namespace {

// What a store holds of one state.
class Kept {
public:
    void apply(const SetChange& change) {
        if (change.replace) rows_.clear();
        rows_.push_back(change.bytes);
        bytes_written_ += change.bytes.size();
    }
    Result<SetState> read(Aggregate aggregate) const { return SetState::decode(aggregate, views()); }
    std::vector<std::string_view> views() const { return {rows_.begin(), rows_.end()}; }
    std::size_t rows() const { return rows_.size(); }
    std::size_t bytes_written() const { return bytes_written_; }

private:
    std::vector<std::string> rows_;
    std::size_t bytes_written_ = 0;
};

std::string user(std::uint64_t n) {
    return "user-" + std::to_string(n);
}

TEST(DistinctState, IsExactUpToItsLimitAndOnePastItIsASketch) {
    SetState state(Aggregate::Distinct);
    for (std::uint64_t i = 0; i < kExactDistinct; ++i) state.add(user(i));
    for (std::uint64_t i = 0; i < 1'000; ++i) EXPECT_FALSE(state.add(user(i * 7)));
    EXPECT_TRUE(state.exact());
    EXPECT_EQ(state.distinct().count, kExactDistinct);
    EXPECT_EQ(state.distinct().relative_error, 0);
    EXPECT_EQ(state.exact_values(), kExactDistinct);
    EXPECT_LE(state.memory_bytes(), 20'000'000U);

    state.add("one more");
    EXPECT_FALSE(state.exact());
    EXPECT_EQ(state.exact_values(), 0U);
    EXPECT_EQ(state.sketch_bytes(), 16'384U);
    EXPECT_LE(state.memory_bytes(), 20'000U);
    const DistinctCount count = state.distinct();
    EXPECT_FALSE(count.exact);
    EXPECT_NEAR(count.relative_error, 0.0081, 0.0001);
    EXPECT_NEAR(static_cast<double>(count.count), 1e6, 1e6 * 4 * count.relative_error);
}

// Fixed data, so the figures are the same each time: no sample may be further off than four standard errors, and the
// root of the mean square must be about one.
TEST(DistinctState, ErrsAsHyperLogLogMay) {
    double squares = 0;
    int samples = 0;
    for (int series = 0; series < 5; ++series) {
        SetState state(Aggregate::Distinct);
        state.to_sketch();
        std::uint64_t n = 0;
        for (const std::uint64_t size : {100U, 1'000U, 3'000U, 10'000U, 30'000U, 60'000U, 100'000U, 300'000U}) {
            for (; n < size; ++n) state.add("s" + std::to_string(series) + "/" + std::to_string(n));
            const double error =
                (static_cast<double>(state.distinct().count) - static_cast<double>(n)) / static_cast<double>(n);
            EXPECT_LE(std::abs(error), 4 * 0.00813) << "series " << series << " size " << n;
            if (n >= 10'000) {
                squares += error * error;
                ++samples;
            }
        }
    }
    const double typical = std::sqrt(squares / samples);
    EXPECT_GT(typical, 0.003);
    EXPECT_LT(typical, 0.0115);
}

TEST(DistinctState, ErrsNoMoreForMillions) {
    SetState state(Aggregate::Distinct);
    state.to_sketch();
    std::mt19937_64 random(4);  // hashes of texts are as good as random numbers
    std::uint64_t n = 0;
    for (const std::uint64_t size : {1'000'000U, 10'000'000U}) {
        for (; n < size; ++n) state.add({}, random() | 1);
        EXPECT_NEAR(static_cast<double>(state.distinct().count), static_cast<double>(n),
                    static_cast<double>(n) * 4 * 0.00813);
    }
}

TEST(DistinctState, UnionsAreTheSameInAnyOrderAndGrouping) {
    std::mt19937 random(11);
    for (const std::size_t size : {3U, 300U, 12'000U}) {
        for (const unsigned sketches : {0U, 1U, 0b101U, 0b1111U}) {
            std::vector<SetState> parts;
            SetState whole(Aggregate::Distinct);
            for (unsigned p = 0; p < 4; ++p) {
                parts.emplace_back(Aggregate::Distinct);
                if ((sketches >> p & 1) != 0) parts.back().to_sketch();
                for (std::size_t i = 0; i < size; ++i) {
                    const std::string value = user(random() % (size * 3));
                    parts.back().add(value);
                    whole.add(value);
                }
            }
            if (sketches != 0) whole.to_sketch();
            SetState chain(Aggregate::Distinct), pairs(Aggregate::Distinct), right(Aggregate::Distinct);
            for (const SetState& part : parts) chain.merge(part);
            right.merge(parts[3]);
            right.merge(parts[1]);
            pairs.merge(parts[2]);
            pairs.merge(parts[0]);
            pairs.merge(right);
            EXPECT_EQ(chain.canonical(), whole.canonical());
            EXPECT_EQ(pairs.canonical(), whole.canonical());
        }
    }
}

// A union of exact sets that is too large is the sketch that one set of all values would be.
TEST(DistinctState, UnionsPastTheLimitAreSketches) {
    SetState a(Aggregate::Distinct), b(Aggregate::Distinct), whole(Aggregate::Distinct);
    for (std::uint64_t i = 0; i < 550'000; ++i) {
        a.add(user(i));
        b.add(user(i + 500'000));
        whole.add(user(i));
        whole.add(user(i + 500'000));
    }
    EXPECT_TRUE(a.exact() && b.exact());
    a.merge(b);
    EXPECT_FALSE(a.exact());
    EXPECT_EQ(a.canonical(), whole.canonical());
}

TEST(DistinctState, HandsOutOnlyNewValues) {
    SetState state(Aggregate::Distinct);
    for (std::uint64_t i = 0; i < 10'000; ++i) state.add(user(i));
    const auto first = state.take_change();
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->replace);
    EXPECT_FALSE(state.take_change());
    state.add(user(5));
    EXPECT_FALSE(state.take_change()) << "it was there";
    state.add("new");
    const auto second = state.take_change();
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->replace);
    EXPECT_EQ(second->bytes.size(), 9U);
}

// Commits at any moment, reads at any moment: the state is what it would be had it never been stored, and what is
// written stays within a small multiple of what there is.
TEST(SetState, IsWhatItWouldBeHadItNeverBeenStored) {
    for (const Aggregate aggregate : {Aggregate::Distinct, Aggregate::TopK, Aggregate::Percentile}) {
        std::mt19937 random(static_cast<unsigned>(aggregate) + 5);
        for (int round = 0; round < 4; ++round) {
            SetState plain(aggregate), stored(aggregate);
            Kept kept;
            const std::uint32_t range = round % 3 == 0 ? 200 : 20'000;
            for (int i = 0; i < 15'000; ++i) {
                const auto n = static_cast<std::uint32_t>(random() % range);
                if (aggregate == Aggregate::Percentile) {
                    plain.add(std::int64_t{n} * n - 9'000);
                    stored.add(std::int64_t{n} * n - 9'000);
                } else {
                    plain.add(user(n));
                    stored.add(user(n));
                }
                if (round % 4 == 3 && i == 7'000) {
                    plain.to_sketch();
                    stored.to_sketch();
                }
                if (random() % 100 != 0) continue;
                if (const auto change = stored.take_change()) kept.apply(*change);
                if (random() % 5 != 0) continue;
                auto read = kept.read(aggregate);
                ASSERT_TRUE(read.ok()) << read.error().message;
                EXPECT_EQ(read->canonical(), stored.canonical());
                EXPECT_EQ(read->exact_values(), stored.exact_values());
                EXPECT_EQ(read->sketch_bytes(), stored.sketch_bytes());
                EXPECT_FALSE(read->take_change());
                stored = std::move(read).value();
            }
            EXPECT_EQ(stored.canonical(), plain.canonical());
            if (aggregate == Aggregate::Distinct && plain.exact()) {
                EXPECT_LE(kept.rows(), 100U);
                EXPECT_LE(kept.bytes_written(), plain.exact_values() * 8 * 12);
            }
        }
    }
}

TEST(TopState, CountsExactlyUpToItsLimit) {
    SetState state(Aggregate::TopK);
    for (std::uint64_t i = 0; i < kTopItems; ++i)
        for (std::uint64_t times = 0; times <= i % 5; ++times) state.add(user(i));
    EXPECT_TRUE(state.exact());
    TopList list = state.top(kTopItems + 10);
    ASSERT_EQ(list.items.size(), kTopItems);
    EXPECT_TRUE(list.exact);
    EXPECT_EQ(list.missing_at_most, 0U);
    for (std::size_t i = 1; i < list.items.size(); ++i) {
        const TopItem &a = list.items[i - 1], &b = list.items[i];
        EXPECT_TRUE(a.count > b.count || (a.count == b.count && a.value < b.value));
    }
    state.add("one more");
    EXPECT_FALSE(state.exact());
    list = state.top(kTopItems + 10);
    EXPECT_EQ(list.items.size(), kTopItems);
    EXPECT_FALSE(list.exact);
    EXPECT_EQ(list.missing_at_most, 1U);
}

void expect_bounds(const SetState& state, const std::map<std::string, std::uint64_t>& truth) {
    const TopList list = state.top(kTopItems);
    std::set<std::string> kept;
    for (const TopItem& item : list.items) {
        const auto found = truth.find(item.value);
        const std::uint64_t really = found == truth.end() ? 0 : found->second;
        EXPECT_GE(item.count, really);
        EXPECT_LE(item.count - item.error, really);
        kept.insert(item.value);
    }
    for (const auto& [value, count] : truth)
        if (!kept.contains(value)) {
            ASSERT_LE(count, list.missing_at_most) << value;
        }
}

TEST(TopState, KeepsItsBoundsUnderAdversarialOrders) {
    const auto run = [](auto next) {
        SetState state(Aggregate::TopK);
        std::map<std::string, std::uint64_t> truth;
        for (std::uint64_t i = 0; i < 60'000; ++i) {
            const std::string value = next(i);
            state.add(value);
            ++truth[value];
        }
        expect_bounds(state, truth);
        EXPECT_LE(state.top(1).missing_at_most, 60'000 / kTopItems);
    };
    run([](std::uint64_t i) { return user(i); });                                       // never one twice
    run([](std::uint64_t i) { return user(i % (kTopItems + 1)); });                     // always the one just evicted
    run([](std::uint64_t i) { return user(i < 30'000 ? i : i % 3); });                  // the frequent ones come late
    run([](std::uint64_t i) { return user(i < 20'000 ? i % 10 : i); });                 // and then never again
    run([](std::uint64_t i) { return i % 2 == 0 ? user(i / 2) : user(i / 2 % 100); });  // between noise
    run([](std::uint64_t i) { return user(i % 2 == 0 ? i : 60'000 - i); });
    std::mt19937 random(3);
    run([&random](std::uint64_t) {  // Zipf-like
        return user(static_cast<std::uint64_t>(40'000 / (1 + random() % 40'000) + random() % 3));
    });
}

TEST(TopState, KeepsItsBoundsWhenListsAreMerged) {
    std::mt19937 random(17);
    for (int round = 0; round < 6; ++round) {
        std::map<std::string, std::uint64_t> truth;
        SetState merged(Aggregate::TopK);
        for (int part = 0; part < 5; ++part) {
            SetState state(Aggregate::TopK);
            if (part == round) state.to_sketch();
            const std::uint32_t range = 500U << (part + round) % 6;
            for (int i = 0; i < 8'000; ++i) {
                const std::string value = user(random() % 3 == 0 ? random() % 20 : random() % range);
                state.add(value);
                ++truth[value];
            }
            merged.merge(state);
            expect_bounds(merged, truth);
        }
        for (int i = 0; i < 5'000; ++i) {
            const std::string value = user(random() % 50'000);
            merged.add(value);
            ++truth[value];
        }
        expect_bounds(merged, truth);
    }
}

TEST(TopState, ExactListsMergeInAnyOrder) {
    std::mt19937 random(2);
    std::vector<SetState> parts;
    SetState whole(Aggregate::TopK);
    for (int p = 0; p < 3; ++p) {
        parts.emplace_back(Aggregate::TopK);
        for (int i = 0; i < 3'000; ++i) {
            const std::string value = user(random() % 4'000);
            parts.back().add(value);
            whole.add(value);
        }
    }
    SetState chain(Aggregate::TopK), back(Aggregate::TopK), pair(Aggregate::TopK);
    for (int p = 0; p < 3; ++p) chain.merge(parts[static_cast<std::size_t>(p)]);
    pair.merge(parts[1]);
    pair.merge(parts[0]);
    back.merge(parts[2]);
    back.merge(pair);
    EXPECT_TRUE(chain.exact());
    EXPECT_EQ(chain.canonical(), whole.canonical());
    EXPECT_EQ(back.canonical(), whole.canonical());
}

TEST(TopState, KnowsLongValuesByTheirBeginningAndHash) {
    SetState state(Aggregate::TopK);
    const std::string a = std::string(kTopValueBytes, 'a'), b = a + "b", c = a + "c";
    std::string umlauts;
    while (umlauts.size() < 3 * kTopValueBytes) umlauts += "\xC3\xBC";
    for (const std::string& value : {a, b, c, c, umlauts}) state.add(value);
    const TopList list = state.top(10);
    ASSERT_EQ(list.items.size(), 4U);
    EXPECT_EQ(list.items.front().count, 2U);
    for (const TopItem& item : list.items) EXPECT_LE(item.value.size(), kTopValueBytes);
    EXPECT_EQ(list.items.front().value.substr(0, 900), c.substr(0, 900));
    const auto read = SetState::decode(Aggregate::TopK, {state.canonical()});
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->canonical(), state.canonical());
}

void expect_quantiles(std::vector<std::int64_t> values) {
    SetState state(Aggregate::Percentile);
    for (const std::int64_t value : values) state.add(value);
    EXPECT_EQ(state.values(), values.size());
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0}) {
        const std::int64_t truth = values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
        const auto found = state.quantile(q);
        ASSERT_TRUE(found);
        const double distance = std::abs(static_cast<double>(*found) - static_cast<double>(truth));
        EXPECT_LE(distance, std::abs(static_cast<double>(truth)) * kQuantileError) << q << " of " << truth;
    }
    EXPECT_EQ(state.quantile(0), values.front());
    EXPECT_EQ(state.quantile(1), values.back());
}

TEST(PercentileState, IsWithinOnePerCentForHardDistributions) {
    std::mt19937_64 random(23);
    const auto draw = [&random](std::size_t n, auto next) {
        std::vector<std::int64_t> values;
        for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<std::int64_t>(next(random)));
        return values;
    };
    expect_quantiles({7});
    expect_quantiles({-1, 0, 1});
    expect_quantiles({INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX});
    expect_quantiles(draw(50'000, [](auto& r) { return r() % 1'000; }));
    expect_quantiles(draw(50'000, [](auto& r) { return (r() % 100 < 99 ? 1 : 1'000'000'000'000) + r() % 3; }));
    expect_quantiles(draw(50'000, [](auto& r) { return std::lognormal_distribution<double>(12, 4)(r); }));
    expect_quantiles(
        draw(50'000, [](auto& r) { return 1e6 / std::pow(std::uniform_real_distribution<double>(1e-9, 1)(r), 0.9); }));
    expect_quantiles(draw(50'000, [](auto& r) { return std::cauchy_distribution<double>(0, 1e7)(r); }));
    expect_quantiles(draw(50'000, [](auto& r) { return -std::exponential_distribution<double>(1e-8)(r); }));
    std::vector<std::int64_t> powers;
    for (std::int64_t value = 1; value < INT64_MAX / 2; value *= 2)
        for (const std::int64_t near : {value - 1, value, value + 1, -value}) powers.push_back(near);
    expect_quantiles(powers);
}

// Every bucket at both of its ends: pairs of neighbours over the whole range.
TEST(PercentileState, IsWithinOnePerCentEverywhere) {
    const auto check = [](std::int64_t value) {
        SetState state(Aggregate::Percentile);
        state.add(value / 1'000);  // so that neither end of the range stands for the value
        state.add(value);
        state.add(value > INT64_MAX / 1'000 ? INT64_MAX : value * 1'000);
        const double found = static_cast<double>(state.quantile(0.5).value());
        ASSERT_LE(std::abs(found - static_cast<double>(value)), static_cast<double>(value) * kQuantileError) << value;
    };
    for (std::int64_t value = 1; value < 20'000; ++value) check(value);
    for (double value = 20'000; value < 9e18; value *= 1.0009) check(static_cast<std::int64_t>(value));
}

TEST(PercentileState, UnionsAreTheSameInAnyOrderAndGrouping) {
    std::mt19937_64 random(5);
    std::vector<SetState> parts;
    SetState whole(Aggregate::Percentile);
    for (int p = 0; p < 4; ++p) {
        parts.emplace_back(Aggregate::Percentile);
        for (int i = 0; i < 2'000 * p; ++i) {
            const auto value = static_cast<std::int64_t>(random()) >> (random() % 60);
            parts.back().add(value);
            whole.add(value);
        }
    }
    SetState chain(Aggregate::Percentile), pairs(Aggregate::Percentile), right(Aggregate::Percentile);
    for (const SetState& part : parts) chain.merge(part);
    right.merge(parts[3]);
    right.merge(parts[0]);
    pairs.merge(parts[2]);
    pairs.merge(parts[1]);
    pairs.merge(right);
    EXPECT_EQ(chain.canonical(), whole.canonical());
    EXPECT_EQ(pairs.canonical(), whole.canonical());
    EXPECT_LE(whole.sketch_bytes(), 5'000U * 16);
}

// Bytes cut off, lengthened, flipped and made up: Corrupt, or a state that is one.
TEST(SetState, TakesNoBytesOnTrust) {
    std::mt19937 random(31);
    for (const Aggregate aggregate : {Aggregate::Distinct, Aggregate::TopK, Aggregate::Percentile}) {
        EXPECT_EQ(SetState::decode(aggregate, {}).error().code, ErrorCode::Corrupt);
        EXPECT_EQ(SetState::decode(aggregate, {""}).error().code, ErrorCode::Corrupt);
        for (const bool sketch : {false, true}) {
            for (const std::uint32_t size : {0U, 1U, 40U, 9'000U}) {
                SetState state(aggregate);
                for (std::uint32_t i = 0; i < size; ++i) {
                    if (aggregate == Aggregate::Percentile)
                        state.add(std::int64_t{i} * i * i - 900);
                    else
                        state.add(user(random() % size));
                }
                if (sketch) state.to_sketch();
                const std::string good = state.canonical();
                for (int attempt = 0; attempt < 300; ++attempt) {
                    std::string bad = good;
                    const std::size_t near = random() % std::min<std::size_t>(bad.size(), 24);
                    const std::size_t at = attempt % 2 == 0 ? near : random() % bad.size();
                    switch (random() % 4) {
                        case 0:
                            bad.resize(at);
                            break;
                        case 1:
                            bad[at] = static_cast<char>(random());
                            break;
                        case 2:
                            bad.insert(at, 1 + random() % 12, static_cast<char>(random() % 2 == 0 ? 0xFF : random()));
                            break;
                        default:
                            bad.erase(at, 1 + random() % 9);
                    }
                    const auto read = SetState::decode(aggregate, {bad});
                    if (read.ok()) {
                        EXPECT_EQ(read->canonical().size(), bad.size());
                        EXPECT_LE(read->memory_bytes(), 64 * bad.size() + 70'000);
                    } else {
                        EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
                    }
                }
                EXPECT_TRUE(SetState::decode(aggregate, {good}).ok());
                EXPECT_FALSE(SetState::decode(aggregate, {good, good}).ok());
            }
        }
    }
}

}  // namespace
}  // namespace streamgauge
