// SPDX-License-Identifier: GPL-3.0-or-later
// Alerts tick by tick: against the formula of the time at which they fire, against sums over plain vectors, and across
// restarts.
#include "slo/alert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace streamgauge::slo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::int64_t kSlice = 10 * kSecond;
const Timestamp kStart = Timestamp::from_seconds(1'770'000'000);

Objective objective(double target, std::vector<BurnRule> rules) {
    Objective out;
    out.name = "events-availability";
    out.target = target;
    out.rules = std::move(rules);
    return out;
}

BurnRule rule(std::int64_t long_micros, std::int64_t short_micros, double factor, std::int64_t hold = 0) {
    return {Severity::Page, long_micros, short_micros, factor, hold};
}

// ---- the formula ----------------------------------------------------------------------------------------------------
struct FireCase {
    double target;
    TimeWindow window;
    std::int64_t slice, hold;
};

// Ten events in each slice, all good for longer than any window, then all bad. Ticks are as long as slices.
TEST(AlertMachine, FiresWithinOneTickOfTheFormula) {
    TimeWindow month, week, hour;
    week.micros = 7 * kDay;
    hour.micros = kHour;
    for (const FireCase& c :
         {FireCase{0.999, month, kSlice, 0}, FireCase{0.99, month, kSlice, 0}, FireCase{0.95, month, kSlice, 0},
          FireCase{0.999, month, kSlice, 2 * kMinute}, FireCase{0.995, week, kSlice, kMinute},
          FireCase{0.99, hour, kSecond / 10, 0}, FireCase{0.95, hour, kSecond / 10, 2 * kSecond}}) {
        Objective o = objective(c.target, rules_for(c.window));
        for (BurnRule& one : o.rules) one.hold_micros = c.hold;
        for (std::size_t i = 0; i < o.rules.size(); ++i) {
            Objective single = o;
            single.rules = {o.rules[i]};
            const auto expected = fastest_fire(o.rules[i], c.target);
            ASSERT_TRUE(expected);
            AlertMachine machine(single);
            SliceSeries series(c.slice, 4 * o.rules[i].long_micros);
            const Timestamp broken = kStart.plus_micros(o.rules[i].long_micros + c.slice);
            Timestamp at = kStart;
            for (; at < broken; at = at.plus_micros(c.slice)) series.add(at, 10, 10);
            EXPECT_TRUE(machine.evaluate(series, at).empty());
            std::optional<Timestamp> fired;
            while (!fired && at.micros < broken.micros + *expected + 10 * c.slice) {
                series.add(at, 0, 10);
                at = at.plus_micros(c.slice);
                for (const AlertChange& change : machine.evaluate(series, at))
                    if (change.to == AlertState::Firing) fired = change.at;
            }
            ASSERT_TRUE(fired) << c.target << " rule " << i;
            const std::int64_t took = fired->micros - broken.micros;
            EXPECT_LE(std::abs(took - *expected), c.slice)
                << c.target << " rule " << i << " took " << took << " expected " << *expected;
        }
    }
}

// As the server does it: slices of ten seconds, a look each second, and an outage that begins at any second of a slice.
TEST(AlertMachine, FiresWithinOneTickOfTheFormulaInSlicesThatAreLongerThanTicks) {
    for (const double target : {0.95, 0.99, 0.999}) {
        for (const BurnRule& one : rules_for(TimeWindow{})) {
            const auto expected = fastest_fire(one, target);
            ASSERT_TRUE(expected);
            const Timestamp first = floor_to(kStart, kSlice).plus_micros(2 * one.long_micros);
            SliceSeries good(kSlice, 3 * one.long_micros);
            for (Timestamp at = floor_to(kStart, kSlice); at < first; at = at.plus_micros(kSlice)) good.add(at, 10, 10);
            for (std::int64_t phase = 0; phase < 10; ++phase) {
                AlertMachine machine(objective(target, {one}));
                SliceSeries series = good;
                const Timestamp broken = first.plus_micros(phase * kSecond);
                std::optional<Timestamp> fired;
                for (Timestamp at = first; !fired && at.micros < broken.micros + *expected + 10 * kSecond;) {
                    series.add(at, at < broken ? 1 : 0, 1);
                    at = at.plus_micros(kSecond);
                    for (const AlertChange& change : machine.evaluate(series, at))
                        if (change.to == AlertState::Firing) fired = change.at;
                }
                ASSERT_TRUE(fired) << target << " long " << one.long_micros << " phase " << phase;
                const std::int64_t took = fired->micros - broken.micros;
                EXPECT_LE(std::abs(took - *expected), kSecond)
                    << target << " long " << one.long_micros << " phase " << phase << " took " << took << " expected "
                    << *expected;
            }
        }
    }
}

// The workbook's: 99.9 % pages after 51.84 s, 99 % after 518.4 s.
TEST(AlertMachine, FastestFireIsTheFormula) {
    const BurnRule page = rules_for(TimeWindow{})[0];
    EXPECT_NEAR(static_cast<double>(*fastest_fire(page, 0.999)), 51.84e6, 1);
    EXPECT_NEAR(static_cast<double>(*fastest_fire(page, 0.99)), 518.4e6, 1);
    BurnRule held = page;
    held.hold_micros = 2 * kMinute;
    EXPECT_NEAR(static_cast<double>(*fastest_fire(held, 0.999)), 171.84e6, 1);
    EXPECT_FALSE(fastest_fire(page, 0.93)) << "14.4 * 0.07 is more than everything";
    EXPECT_TRUE(fastest_fire(page, 0.931));
}

TEST(AlertMachine, NeverFiresWhereTheFormulaSaysSo) {
    AlertMachine machine(objective(0.93, {rule(kHour, 5 * kMinute, 14.4)}));
    SliceSeries series(kSlice, kDay);
    for (Timestamp at = kStart; at.micros < kStart.micros + 2 * kHour; at = at.plus_micros(kSlice)) {
        series.add(at, 0, 10);
        EXPECT_TRUE(machine.evaluate(series, at.plus_micros(kSlice)).empty());
    }
}

// ---- brute force ----------------------------------------------------------------------------------------------------
// The same rules over a vector, written another way: what was said at each tick, from the sums of each tick.
struct PlainSlices {
    std::vector<Slice> slices;
    Ratio sum(std::int64_t from, std::int64_t to) const {
        Ratio out;
        for (const Slice& slice : slices) {
            if (slice.start.micros < from || slice.start.micros >= to) continue;
            out.good += slice.good;
            out.total += slice.total;
        }
        return out;
    }
};

struct PlainRule {
    AlertState state = AlertState::Inactive;
    std::int64_t since = 0;

    void tick(const Objective& o, const BurnRule& r, const PlainSlices& all, std::int64_t now) {
        const Ratio far = all.sum(now - r.long_micros, now), near = all.sum(now - r.short_micros, now);
        const auto fast = [&](const Ratio& part) {
            return part.total > 0 &&
                   static_cast<double>(part.total - part.good) / static_cast<double>(part.total) / (1 - o.target) >=
                       r.factor;
        };
        const bool far_burns = fast(far) && far.total - far.good >= o.least_bad;
        const bool burning = far_burns && fast(near);
        const bool was_on = state == AlertState::Firing || state == AlertState::Cooling;
        if (far.total == 0) return become(AlertState::NoData, now);
        if (burning && was_on) return become(AlertState::Firing, now);
        if (burning) {
            if (state != AlertState::Pending) become(AlertState::Pending, now);
            if (now - since >= r.hold_micros) become(AlertState::Firing, now);
            return;
        }
        if (state == AlertState::Firing && far_burns && near.total == 0) return;
        if (state == AlertState::Firing) become(AlertState::Cooling, now);
        if (state == AlertState::Cooling && now - since < o.cool_down_micros) return;
        become(AlertState::Inactive, now);
    }
    void become(AlertState next, std::int64_t now) {
        if (state == next) return;
        state = next;
        since = now;
    }
};

TEST(AlertMachine, IsTheSameAsSumsOverAllSlices) {
    std::size_t fired = 0, cooled = 0, missing = 0;
    for (std::uint32_t seed = 0; seed < 40; ++seed) {
        std::mt19937 random(seed);
        const auto up_to = [&random](std::uint32_t most) { return static_cast<std::int64_t>(random() % (most + 1)); };
        Objective o = objective(0.9 + 0.0099 * static_cast<double>(up_to(10)),
                                {rule(30 * kSlice, 5 * kSlice, 2 + static_cast<double>(up_to(3)), up_to(3) * kSlice),
                                 rule(90 * kSlice, 12 * kSlice, 1, up_to(6) * kSlice)});
        o.cool_down_micros = up_to(8) * kSlice;
        o.least_bad = static_cast<std::uint64_t>(up_to(20));
        AlertMachine machine(o);
        SliceSeries series(kSlice, 200 * kSlice);
        PlainSlices plain;
        std::vector<PlainRule> expected(o.rules.size());
        Timestamp at = floor_to(kStart, kSlice);
        for (int phase = 0; phase < 30; ++phase) {
            const std::int64_t slices = 1 + up_to(phase % 5 == 4 ? 130 : 40);
            const bool silent = up_to(4) == 0;
            const double bad = std::pow(static_cast<double>(up_to(100)) / 100, 3);
            for (std::int64_t i = 0; i < slices; ++i, at = at.plus_micros(kSlice)) {
                if (!silent && up_to(9) > 0) {
                    const auto total = static_cast<std::uint64_t>(1 + up_to(20));
                    const auto good = static_cast<std::uint64_t>(
                        std::llround(static_cast<double>(total) * (1 - bad * static_cast<double>(up_to(100)) / 100)));
                    series.add(at, good, total);
                    plain.slices.push_back({at, good, total});
                }
                const Timestamp now = at.plus_micros(kSlice);
                const auto changes = machine.evaluate(series, now);
                for (std::size_t r = 0; r < o.rules.size(); ++r) {
                    expected[r].tick(o, o.rules[r], plain, now.micros);
                    ASSERT_EQ(machine.states()[r].state, expected[r].state) << "seed " << seed << " rule " << r;
                }
                for (const AlertChange& change : changes) {
                    fired += change.to == AlertState::Firing ? 1 : 0;
                    cooled += change.to == AlertState::Cooling ? 1 : 0;
                    missing += change.to == AlertState::NoData ? 1 : 0;
                    EXPECT_NE(change.from, change.to);
                    EXPECT_EQ(change.at, now);
                }
                // A restart at any tick changes nothing.
                if (up_to(3) == 0) {
                    AlertMachine again(o);
                    again.restore(machine.states());
                    machine = again;
                }
            }
        }
    }
    EXPECT_GT(fired, 100U);
    EXPECT_GT(cooled, 50U);
    EXPECT_GT(missing, 20U);
}

// ---- states one by one ----------------------------------------------------------------------------------------------
class AlertStates : public testing::Test {
protected:
    // Adds a slice and ticks at its end; what changed, as words.
    std::vector<std::string> tick(std::uint64_t good, std::uint64_t total) {
        if (total > 0) series_.add(at_, good, total);
        at_ = at_.plus_micros(kSlice);
        changes_ = machine_.evaluate(series_, at_);
        std::vector<std::string> words;
        for (const AlertChange& change : changes_) words.emplace_back(to_string(change.to));
        return words;
    }
    std::vector<std::string> ticks(int count, std::uint64_t good, std::uint64_t total) {
        std::vector<std::string> words;
        for (int i = 0; i < count; ++i)
            for (std::string& word : tick(good, total)) words.push_back(std::move(word));
        return words;
    }
    void use(Objective o) {
        o_ = std::move(o);
        machine_ = AlertMachine(o_);
    }
    AlertNews news() const { return changes_.at(0).news; }

    Objective o_ = objective(0.9, {rule(10 * kSlice, 2 * kSlice, 5)});
    AlertMachine machine_{o_};
    SliceSeries series_{kSlice, kDay};
    Timestamp at_ = floor_to(kStart, kSlice);
    std::vector<AlertChange> changes_;
};

TEST_F(AlertStates, HoldAndCoolDownPass) {
    Objective o = o_;
    o.rules[0].hold_micros = 3 * kSlice;
    o.cool_down_micros = 4 * kSlice;
    use(o);
    EXPECT_TRUE(ticks(10, 10, 10).empty());
    EXPECT_TRUE(ticks(4, 0, 10).empty()) << "4 of 10 bad is a burn of 4";
    EXPECT_THAT(tick(0, 10), ElementsAre("pending"));
    EXPECT_EQ(news(), AlertNews::None);
    EXPECT_TRUE(ticks(2, 0, 10).empty());
    EXPECT_THAT(tick(0, 10), ElementsAre("firing"));
    EXPECT_EQ(news(), AlertNews::Fired);
    EXPECT_EQ(changes_[0].sentence,
              "events-availability burns 8.0 times as fast as it may (100s: 8.0, 20s: 10.0, limit 5.0)");
    EXPECT_TRUE(tick(10, 10).empty()) << "half of the short window is bad: a burn of 5";
    EXPECT_THAT(tick(10, 10), ElementsAre("cooling"));
    EXPECT_EQ(news(), AlertNews::None);
    EXPECT_TRUE(ticks(3, 10, 10).empty());
    EXPECT_THAT(tick(10, 10), ElementsAre("inactive"));
    EXPECT_EQ(news(), AlertNews::Resolved);
}

TEST_F(AlertStates, BurningAgainWhileCoolingIsNoNewAlert) {
    Objective o = o_;
    o.cool_down_micros = 30 * kSlice;
    use(o);
    EXPECT_THAT(ticks(10, 0, 10), ElementsAre("firing")) << "nothing but bad: at once";
    EXPECT_THAT(ticks(3, 10, 10), ElementsAre("cooling"));
    EXPECT_THAT(tick(0, 10), ElementsAre("firing"));
    EXPECT_EQ(news(), AlertNews::None);
}

TEST_F(AlertStates, APendingThatEndsIsForgotten) {
    Objective o = o_;
    o.rules[0].hold_micros = 5 * kSlice;
    use(o);
    EXPECT_THAT(ticks(2, 0, 10), ElementsAre("pending"));
    EXPECT_THAT(ticks(2, 10, 10), ElementsAre("inactive"));
    EXPECT_EQ(news(), AlertNews::None);
}

TEST_F(AlertStates, NoDataIsNeitherWellNorRecovered) {
    EXPECT_TRUE(tick(0, 0).empty()) << "the first look";
    EXPECT_EQ(machine_.states()[0].state, AlertState::NoData);
    EXPECT_THAT(ticks(3, 0, 10), ElementsAre("firing"));
    EXPECT_TRUE(ticks(9, 0, 0).empty()) << "silence is no recovery";
    EXPECT_THAT(tick(0, 0), ElementsAre("no_data"));
    EXPECT_EQ(news(), AlertNews::None) << "nobody asked";
    EXPECT_THAT(changes_[0].sentence, HasSubstr("has had nothing to count for 100s"));
    EXPECT_THAT(tick(10, 10), ElementsAre("inactive"));
    EXPECT_EQ(news(), AlertNews::Resolved) << "of what was told before the silence";
}

TEST_F(AlertStates, NoDataIsToldToWhoAsks) {
    Objective o = o_;
    o.alert_when_no_data = true;
    use(o);
    EXPECT_TRUE(ticks(3, 10, 10).empty());
    EXPECT_TRUE(ticks(9, 0, 0).empty());
    EXPECT_THAT(tick(0, 0), ElementsAre("no_data"));
    EXPECT_EQ(news(), AlertNews::NoData);
    EXPECT_THAT(tick(0, 10), ElementsAre("firing"));
    EXPECT_EQ(news(), AlertNews::None) << "somebody looks already";
    EXPECT_THAT(ticks(3, 10, 10), ElementsAre("inactive"));
}

TEST_F(AlertStates, FewBadEventsAreNotEnough) {
    Objective o = o_;
    o.least_bad = 5;
    use(o);
    EXPECT_TRUE(ticks(4, 0, 1).empty());
    EXPECT_THAT(tick(0, 1), ElementsAre("firing"));
}

TEST_F(AlertStates, RestoredAreOnlyRulesThatAreTheSame) {
    ticks(3, 0, 10);
    Objective o = o_;
    o.rules.push_back(rule(20 * kSlice, 2 * kSlice, 3));
    AlertMachine other(o);
    other.restore(machine_.states());
    EXPECT_EQ(other.states()[0].state, AlertState::Firing);
    EXPECT_EQ(other.states()[0].since, machine_.states()[0].since);
    EXPECT_EQ(other.states()[1].state, AlertState::Inactive);
    EXPECT_FALSE(other.states()[1].since);
}

TEST(AlertWords, AreReadBack) {
    for (const AlertState state :
         {AlertState::Inactive, AlertState::Pending, AlertState::Firing, AlertState::Cooling, AlertState::NoData})
        EXPECT_EQ(alert_state_from(to_string(state)), state);
    EXPECT_FALSE(alert_state_from("on fire"));
}

}  // namespace
}  // namespace streamgauge::slo
