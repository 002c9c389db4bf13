// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives over figures that the test makes, second by second on a clock of its own.
#include "api/objective_manager.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <mutex>

#include "api/objective_codec.h"
#include "support/eventually.h"
#include "support/manual_clock.h"
#include "support/temporary_directory.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr Timestamp kStart{1'700'000'000 * kSecond};  // a multiple of 10 s

template <class T, class Call>
Result<T> wait_for(Call call) {
    std::promise<Result<T>> answer;
    call([&answer](Result<T> result) { answer.set_value(std::move(result)); });
    return answer.get_future().get();
}

class ObjectiveManagerTest : public ::testing::Test {
protected:
    void SetUp() override { open(); }

    void open() {
        ObjectiveOptions options;
        options.path = file();
        ObjectiveParts parts{clock_, [this] { return take(); }};
        parts.changed = [this](const ObjectiveAlert& alert) -> Status {
            const std::lock_guard lock(mutex_);
            if (alert.objective.name != "short") return {};
            ++tellings_;
            if (untold_) return Error::make(ErrorCode::Io, "the notifications are refused");
            alerts_.push_back(alert);
            return {};
        };
        parts.has_target = [](const std::string& name) { return name == "pager"; };
        auto opened = ObjectiveManager::open(options, std::move(parts));
        ASSERT_TRUE(opened) << opened.error().describe();
        manager_ = std::move(opened).value();
    }
    void restart() {
        manager_.reset();
        open();
    }

    slo::SliceFigures take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(next_, {});
    }
    // A second passes in which `failed` of `answered` requests failed; returns when it was looked at.
    void second(std::uint64_t answered, std::uint64_t failed) {
        {
            const std::lock_guard lock(mutex_);
            next_.routes["POST /events"] = {answered, failed, 0, {{slo::duration_bin(1000), answered}}};
            next_.freshness = {1, 0, 0, {{slo::duration_bin(500'000), 1}}};
        }
        clock_.advance(kSecond);
        manager_->tick();
        static_cast<void>(list());  // answered after the tick
    }
    std::vector<ObjectiveStatus> list() {
        auto all = wait_for<std::vector<ObjectiveStatus>>([this](auto done) { manager_->list({}, std::move(done)); });
        EXPECT_TRUE(all);
        return all ? *all : std::vector<ObjectiveStatus>();
    }
    ObjectiveStatus one(const std::string& name) {
        for (const ObjectiveStatus& status : list())
            if (status.objective.name == name) return status;
        ADD_FAILURE() << "no objective " << name;
        return {};
    }
    Result<ObjectiveStatus> put(const slo::Objective& objective) {
        return wait_for<ObjectiveStatus>([&](auto done) { manager_->put(objective, std::move(done)); });
    }
    ObjectiveHistory history(const std::string& name) {
        auto found = wait_for<ObjectiveHistory>([&](auto done) {
            manager_->history(name, {clock_.now().plus_micros(-kDay), clock_.now()}, std::move(done));
        });
        EXPECT_TRUE(found);
        return found ? *found : ObjectiveHistory();
    }
    // Whether what can be told is refused.
    void refuse_telling(bool refused) {
        const std::lock_guard lock(mutex_);
        untold_ = refused;
    }
    // Whether the file takes no changes of alerts; all else it takes.
    void refuse_changes(bool refused) {
        auto connection = sql::open(file(), false);
        ASSERT_TRUE(connection);
        ASSERT_TRUE(sql::execute(connection->get(), refused ? "CREATE TRIGGER full BEFORE INSERT ON changes BEGIN"
                                                              " SELECT RAISE(ABORT, 'the disk is full'); END"
                                                            : "DROP TRIGGER full"));
    }
    std::string file() const { return (directory_.path / "objectives.db").string(); }
    // As it is in the file: what a start after a crash finds.
    slo::AlertState kept_state() {
        auto store = ObjectiveStore::open(file());
        EXPECT_TRUE(store);
        const auto all = (*store)->objectives();
        EXPECT_TRUE(all);
        for (const KeptObjective& kept : *all)
            if (kept.objective.name == "short" && !kept.states.empty()) return kept.states[0].state;
        return slo::AlertState::Inactive;
    }
    std::vector<ObjectiveAlert> alerts() {
        const std::lock_guard lock(mutex_);
        return alerts_;
    }
    int tellings() {
        const std::lock_guard lock(mutex_);
        return tellings_;
    }
    static slo::Objective short_one() {
        slo::Objective objective;
        objective.name = "short";
        objective.target = 0.9;
        objective.window.micros = 3 * kHour;
        slo::BurnRule rule;
        rule.long_micros = 10 * kSecond;
        rule.short_micros = 2 * kSecond;
        rule.factor = 2;
        objective.rules = {rule};
        objective.cool_down_micros = 5 * kSecond;
        return objective;
    }

    const test::TemporaryDirectory directory_;
    test::ManualClock clock_{kStart};
    std::mutex mutex_;
    slo::SliceFigures next_;  // guarded by mutex_, as the next one
    std::vector<ObjectiveAlert> alerts_;
    int tellings_ = 0;     // guarded by mutex_
    bool untold_ = false;  // guarded by mutex_
    std::unique_ptr<ObjectiveManager> manager_;
};

TEST_F(ObjectiveManagerTest, AFreshInstallHasFour) {
    const std::vector<ObjectiveStatus> all = list();
    ASSERT_EQ(all.size(), 4U);
    for (const ObjectiveStatus& status : all) {
        EXPECT_TRUE(status.built_in);
        EXPECT_TRUE(check_objective(status.objective));
        EXPECT_EQ(status.objective.rules, slo::rules_for(status.objective.window));
        EXPECT_FALSE(status.budget.left);  // no data is not healthy
    }
    ASSERT_TRUE(wait_for<bool>([&](auto done) { manager_->remove("errors", std::move(done)); }));
    restart();
    EXPECT_EQ(list().size(), 3U) << "what was removed stays so";
    const auto gone = wait_for<bool>([&](auto done) { manager_->remove("errors", std::move(done)); });
    EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
}

TEST_F(ObjectiveManagerTest, ListAndDetailSayTheSame) {
    for (int i = 0; i < 95; ++i) second(100, i % 10 == 0 ? 3 : 0);
    for (const ObjectiveStatus& status : list()) {
        const ObjectiveHistory detail = history(status.objective.name);
        ASSERT_FALSE(detail.points.empty()) << status.objective.name;
        EXPECT_EQ(detail.points.back().budget_left, status.budget.left) << status.objective.name;
        EXPECT_EQ(detail.points.back().long_burn, status.burn_now) << status.objective.name;
        ASSERT_EQ(status.day.size(), 48U);
        slo::Ratio sum;
        for (const auto& point : detail.points) {
            sum.good += point.good;
            sum.total += point.total;
        }
        EXPECT_EQ(sum, status.budget.counted) << status.objective.name;
    }
    EXPECT_EQ(one("errors").budget.counted, (slo::Ratio{9500 - 30, 9500}));
    EXPECT_EQ(one("latency").budget.counted, (slo::Ratio{9500, 9500}));
    EXPECT_EQ(one("freshness").budget.counted, (slo::Ratio{95, 95}));
}

TEST_F(ObjectiveManagerTest, CountersSayWhatWasCountedSinceTheStart) {
    for (int i = 0; i < 25; ++i) second(100, i % 5 == 0 ? 3 : 0);
    EXPECT_EQ(one("errors").counters, (ObjectiveCounters{2500 - 15, 15}));
    EXPECT_EQ(one("freshness").counters, (ObjectiveCounters{25, 0}));
    slo::Objective other = one("errors").objective;
    other.target = 0.95;
    ASSERT_TRUE(put(other));
    EXPECT_EQ(one("errors").counters, ObjectiveCounters()) << "another one, whose past is not counted again";
    second(100, 1);
    EXPECT_EQ(one("errors").counters, (ObjectiveCounters{99, 1}));
    restart();
    EXPECT_EQ(one("errors").counters, ObjectiveCounters());
    EXPECT_EQ(one("errors").budget.counted, (slo::Ratio{2600 - 16, 2600}));
}

// 10 s and 2 s windows, factor 2 of 10 %: a fifth of the last ten seconds.
TEST_F(ObjectiveManagerTest, AnAlertFiresInTheTickOfItsFormula) {
    ASSERT_TRUE(put(short_one()));
    for (int i = 0; i < 30; ++i) second(100, 0);
    second(100, 100);
    EXPECT_EQ(one("short").alerts.at(0).state, slo::AlertState::Inactive);  // a tenth
    second(100, 100);
    EXPECT_EQ(one("short").alerts.at(0).state, slo::AlertState::Firing);  // a fifth
    EXPECT_EQ(one("short").alerts.at(0).since, clock_.now());
    {
        const std::lock_guard lock(mutex_);
        ASSERT_EQ(alerts_.size(), 1U);
        EXPECT_EQ(alerts_[0].change.news, slo::AlertNews::Fired);
    }
    restart();
    EXPECT_EQ(one("short").alerts.at(0).state, slo::AlertState::Firing) << "it goes on where it was";
    for (int i = 0; i < 8; ++i) second(100, 0);
    EXPECT_EQ(one("short").alerts.at(0).state, slo::AlertState::Inactive);
    const ObjectiveHistory past = history("short");
    ASSERT_EQ(past.changes.size(), 3U);  // firing, cooling, inactive
    EXPECT_EQ(past.changes.back().news, slo::AlertNews::Resolved);
}

// What cannot be told is told as it was with the next tick, and is not kept as told before.
TEST_F(ObjectiveManagerTest, AnAlertIsKeptWhenItHasBeenTold) {
    ASSERT_TRUE(put(short_one()));
    for (int i = 0; i < 30; ++i) second(100, 0);
    refuse_telling(true);
    second(100, 100);
    second(100, 100);
    const Timestamp fired = clock_.now();
    EXPECT_EQ(one("short").alerts.at(0).state, slo::AlertState::Firing) << "whoever looks sees it";
    EXPECT_EQ(kept_state(), slo::AlertState::Inactive);
    ASSERT_TRUE(manager_->failure());
    EXPECT_EQ(manager_->failure()->message, "the notifications are refused");
    slo::Objective other = short_one();
    other.title = "another";
    EXPECT_FALSE(put(other)) << "its states would be kept with it";
    second(100, 100);
    EXPECT_EQ(tellings(), 3);
    refuse_telling(false);
    second(100, 100);
    ASSERT_EQ(alerts().size(), 1U);
    EXPECT_EQ(alerts()[0].change.news, slo::AlertNews::Fired);
    EXPECT_EQ(alerts()[0].change.at, fired) << "one and the same";
    EXPECT_EQ(kept_state(), slo::AlertState::Firing);
    EXPECT_FALSE(manager_->failure());
    EXPECT_TRUE(put(other));
    for (int i = 0; i < 3; ++i) second(100, 100);
    EXPECT_EQ(alerts().size(), 1U);
}

TEST_F(ObjectiveManagerTest, ACrashWhileNothingCouldBeToldLosesNoAlert) {
    ASSERT_TRUE(put(short_one()));
    for (int i = 0; i < 30; ++i) second(100, 0);
    refuse_telling(true);
    second(100, 100);
    second(100, 100);
    manager_.reset();
    refuse_telling(false);
    open();
    second(100, 100);
    ASSERT_EQ(alerts().size(), 1U);
    EXPECT_EQ(alerts()[0].change.news, slo::AlertNews::Fired);
}

// The crash between the two: told, and the state not kept.
TEST_F(ObjectiveManagerTest, AnAlertThatWasToldAndNotKeptIsToldAgain) {
    ASSERT_TRUE(put(short_one()));
    for (int i = 0; i < 30; ++i) second(100, 0);
    refuse_changes(true);
    second(100, 100);
    second(100, 100);
    ASSERT_EQ(alerts().size(), 1U);
    EXPECT_EQ(kept_state(), slo::AlertState::Inactive);
    EXPECT_TRUE(manager_->failure());
    second(100, 100);
    EXPECT_EQ(alerts().size(), 1U) << "only its state is written again";
    manager_.reset();
    refuse_changes(false);
    open();
    second(100, 100);
    ASSERT_EQ(alerts().size(), 2U);
    EXPECT_EQ(alerts()[1].change.news, slo::AlertNews::Fired);
    EXPECT_EQ(kept_state(), slo::AlertState::Firing);
    restart();
    second(100, 100);
    EXPECT_EQ(alerts().size(), 2U) << "what was kept is not told again";
}

// A name that is misspelt, or that was removed since: the alert would reach nobody.
TEST_F(ObjectiveManagerTest, WarnsOfTargetsThatThereAreNot) {
    slo::Objective objective = short_one();
    objective.alert_when_no_data = true;
    objective.notify = {"pager", "pagr"};
    const auto warnings = [&]() -> std::vector<std::string> {
        const auto stands = put(objective);
        EXPECT_TRUE(stands) << stands.error().describe();
        std::vector<std::string> found;
        if (!stands) return found;
        for (const std::string& warning : stands->warnings)
            if (warning.find("nobody is told by") != std::string::npos) found.push_back(warning);
        return found;
    };
    EXPECT_EQ(warnings(), (std::vector<std::string>{"nobody is told by notify pagr: there is no target of this name"}));
    objective.notify = {"pager"};
    EXPECT_EQ(warnings(), std::vector<std::string>());
}

TEST_F(ObjectiveManagerTest, NothingIsCountedTwiceOrLostOverARestart) {
    for (int i = 0; i < 25; ++i) second(10, 1);  // ends within a slice
    const slo::Ratio before = one("errors").budget.counted;
    EXPECT_EQ(before, (slo::Ratio{225, 250}));
    restart();
    EXPECT_EQ(one("errors").budget.counted, before);
    for (int i = 0; i < 10; ++i) second(10, 0);
    EXPECT_EQ(one("errors").budget.counted, (slo::Ratio{325, 350}));
    slo::Objective later = short_one();  // declared when everything has happened
    later.name = "later";
    later.rules.clear();
    ASSERT_TRUE(put(later));
    EXPECT_EQ(one("later").budget.counted, (slo::Ratio{325, 350}));
    restart();
    EXPECT_EQ(one("later").budget.counted, (slo::Ratio{325, 350}));
}

// A crash: the file as it is in the middle, opened by another.
TEST_F(ObjectiveManagerTest, ACrashLosesTheSliceAtHandAtMost) {
    for (int i = 0; i < 35; ++i) second(10, 1);
    const test::TemporaryDirectory copy;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path))
        std::filesystem::copy(file.path(), copy.path / file.path().filename());
    auto store = ObjectiveStore::open((copy.path / "objectives.db").string());
    ASSERT_TRUE(store);
    slo::SliceFigures all;
    ASSERT_TRUE((*store)->each_slice(kStart, clock_.now(), [&](Timestamp, std::int64_t, slo::SliceFigures&& figures) {
        all.merge(figures);
        return true;
    }));
    EXPECT_EQ(all.routes["POST /events"].answered, 300U);
    EXPECT_EQ(all.routes["POST /events"].failed, 30U);
}

TEST_F(ObjectiveManagerTest, ABackTestSaysWhatADraftWouldHaveDone) {
    for (int i = 0; i < 60; ++i) second(100, 0);
    for (int i = 0; i < 20; ++i) second(100, 100);
    for (int i = 0; i < 40; ++i) second(100, 0);
    slo::Objective draft = short_one();
    draft.name = "draft";
    draft.rules[0].long_micros = 60 * kSecond;
    draft.rules[0].short_micros = 20 * kSecond;
    const auto result = wait_for<BackTest>([&](auto done) {
        manager_->back_test(draft, {kStart, clock_.now()}, {}, std::move(done));
    });
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->fired, 1U);
    EXPECT_EQ(result->first_after_micros, 20 * kSecond);  // a fifth of a minute is bad after 12 s, seen each 10 s
    EXPECT_EQ(result->budget.counted.bad(), 2000U);
    EXPECT_EQ(list().size(), 4U) << "it is not kept";
    draft.indicator.kind = slo::Indicator::Kind::Latency;
    draft.indicator.threshold_ms = 0.5;  // nobody had thought of that when it was written down
    const auto tight = wait_for<BackTest>([&](auto done) {
        manager_->back_test(draft, {kStart, clock_.now()}, {}, std::move(done));
    });
    ASSERT_TRUE(tight);
    EXPECT_EQ(tight->budget.counted.good, 0U);
}

TEST_F(ObjectiveManagerTest, ABackTestEndsWhenNobodyWaits) {
    for (int i = 0; i < 30; ++i) second(100, 0);
    int progress = 0;
    const Attendance gone{[&](double) { ++progress; }, [] { return true; }};
    const auto result = wait_for<BackTest>([&](auto done) {
        manager_->back_test(short_one(), {kStart, clock_.now()}, gone, std::move(done));
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Cancelled);
    EXPECT_EQ(progress, 0);
}

TEST_F(ObjectiveManagerTest, ABackTestTellsHowFarItIs) {
    for (int i = 0; i < 30; ++i) second(100, 0);
    clock_.advance(2 * kDay);  // 17,280 looks at a slice of ten seconds each
    second(100, 0);
    std::vector<double> told;  // by the one thread, before the answer
    const auto result = wait_for<BackTest>([&](auto done) {
        manager_->back_test(short_one(), {kStart, clock_.now()}, {[&](double share) { told.push_back(share); }, {}},
                            std::move(done));
    });
    ASSERT_TRUE(result) << result.error().describe();
    ASSERT_GE(told.size(), 10U);
    EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
    EXPECT_GE(told.front(), 0);
    EXPECT_LE(told.back(), 1);
}

TEST_F(ObjectiveManagerTest, WhatIsDeclaredHasItsPastAndGoesOn) {
    for (int i = 0; i < 25; ++i) second(100, 10);
    ASSERT_TRUE(put(short_one()));
    EXPECT_EQ(one("short").budget.counted.total, 2500U) << "two slices of the file, and what is at hand";
    second(100, 10);
    EXPECT_EQ(one("short").budget.counted.total, 2600U);
    slo::Objective other = short_one();
    other.target = 0.95;
    ASSERT_TRUE(put(other));
    EXPECT_EQ(one("short").budget.counted.total, 2600U) << "nothing is counted twice";
}

TEST_F(ObjectiveManagerTest, AHistoryHasTheDurationsOfItsSteps) {
    for (int i = 0; i < 25; ++i) second(100, 0);
    const ObjectiveHistory past = history("availability");
    ASSERT_FALSE(past.points.empty());
    std::size_t with = 0;
    for (const ObjectiveHistory::Point& point : past.points) {
        if (!point.p50_ms) continue;
        ++with;
        EXPECT_NEAR(*point.p50_ms, 1, 0.01) << "within a bin";
        EXPECT_EQ(point.p50_ms, point.p99_ms);
    }
    EXPECT_GE(with, 2U) << "of each slice that is written";
    for (const ObjectiveHistory::Point& point : history("freshness").points) {
        if (!point.p95_ms) continue;
        EXPECT_NEAR(*point.p95_ms, 500, 5);
    }
}

TEST_F(ObjectiveManagerTest, RefusesWhatCannotBe) {
    slo::Objective wrong = short_one();
    wrong.target = 1;
    EXPECT_EQ(put(wrong).error().field, "target");
    wrong = short_one();
    wrong.indicator.kind = slo::Indicator::Kind::Metric;
    wrong.indicator.total = "no_such";
    EXPECT_EQ(put(wrong).error().field, "indicator.kind");  // this one has no metrics
    wrong = short_one();
    wrong.window.micros = kHour;
    EXPECT_EQ(put(wrong).error().field, "window.rolling");
    EXPECT_EQ(list().size(), 4U);
    EXPECT_EQ(
        wait_for<ObjectiveHistory>([&](auto done) { manager_->history("none", {}, std::move(done)); }).error().code,
        ErrorCode::NotFound);
}

// Answers with what it holds, in any range.
class HeldPoints final : public AnalysisService {
public:
    void points(query::PointsQuery query, Attendance, Done<query::PointsAnswer> done) override {
        if (mute_) {
            ++asked_;
            return;
        }
        if (failing_) return done(Error::make(ErrorCode::Unavailable, "the store is closed"));
        query::PointsAnswer answer;
        for (const query::Point& point : held_[query.metric])
            if (point.start >= query.range.from && point.start < query.range.to) answer.points.push_back(point);
        ++asked_;
        done(std::move(answer));
    }
    void funnel(query::FunnelQuery, Attendance, Done<query::FunnelAnswer>) override {}
    void retention(query::RetentionQuery, Attendance, Done<query::RetentionAnswer>) override {}
    void hold(const std::string& metric, std::int64_t minute, std::int64_t number, bool open = false) {
        query::Point point;
        point.start = kStart.plus_micros(minute * kMinute);
        point.value.number = number;
        point.open = open;
        held_[metric].push_back(point);
    }
    // Held already, of that minute.
    void correct(const std::string& metric, std::int64_t minute, std::int64_t number) {
        for (query::Point& point : held_[metric])
            if (point.start == kStart.plus_micros(minute * kMinute)) point.value.number = number;
    }
    std::atomic<int> asked_ = 0;
    std::atomic<bool> failing_ = false;
    std::atomic<bool> mute_ = false;  // never answers

private:
    std::map<std::string, std::vector<query::Point>> held_;
};

// One objective of metrics, orders and those of them that were paid.
class ObjectiveMetricTest : public ::testing::Test {
protected:
    void SetUp() override {
        slo::Objective objective;
        objective.name = "paid";
        objective.indicator.kind = slo::Indicator::Kind::Metric;
        objective.indicator.total = "orders";
        objective.indicator.good = "paid";
        ObjectiveOptions options;
        options.path = (directory_.path / "objectives.db").string();
        options.first = {objective};
        ObjectiveParts parts{clock_, [] { return slo::SliceFigures(); }};
        parts.analysis = &analysis_;
        parts.metrics = &metrics_;
        auto opened = ObjectiveManager::open(options, parts);
        ASSERT_TRUE(opened) << opened.error().describe();
        manager_ = std::move(opened).value();
    }
    static std::vector<MetricDefinition> definitions() {
        std::vector<MetricDefinition> all(2);
        all[0].name = "orders";
        all[1].name = "paid";
        for (MetricDefinition& one : all) one.tiers = {{kMinute, kDay}};
        return all;
    }
    ObjectiveStatus tick() {
        clock_.advance(10 * kSecond);
        manager_->tick();
        // The first is answered after the tick, the second after what it asked.
        for (int i = 0; i < 2; ++i) static_cast<void>(list());
        manager_->tick();
        const auto all = list();
        return all.size() == 1 ? all.front() : ObjectiveStatus();
    }
    std::vector<ObjectiveStatus> list() {
        auto all = wait_for<std::vector<ObjectiveStatus>>([&](auto done) { manager_->list({}, std::move(done)); });
        return all ? *all : std::vector<ObjectiveStatus>();
    }

    const query::FixedDirectory metrics_{definitions()};
    HeldPoints analysis_;
    const test::TemporaryDirectory directory_;
    test::ManualClock clock_{kStart};
    std::unique_ptr<ObjectiveManager> manager_;
};

TEST_F(ObjectiveMetricTest, SaysThatAMetricCannotBeAsked) {
    analysis_.hold("orders", 0, 10);
    analysis_.hold("paid", 0, 9);
    analysis_.failing_ = true;
    EXPECT_EQ(tick().budget.counted.total, 0U);
    ASSERT_TRUE(manager_->failure());
    EXPECT_EQ(manager_->failure()->message, "cannot ask the metric of the objective paid: the store is closed");
    analysis_.failing_ = false;
    EXPECT_EQ(tick().budget.counted, (slo::Ratio{9, 10}));
    EXPECT_FALSE(manager_->failure());
    analysis_.failing_ = true;
    static_cast<void>(tick());
    EXPECT_TRUE(manager_->failure());
    ASSERT_TRUE(wait_for<bool>([&](auto done) { manager_->remove("paid", std::move(done)); }));
    EXPECT_FALSE(manager_->failure()) << "nobody asks any more";
}

TEST_F(ObjectiveMetricTest, AsksAgainWhatIsNotAnsweredForAMinute) {
    analysis_.hold("orders", 0, 10);
    analysis_.hold("paid", 0, 9);
    analysis_.mute_ = true;
    for (int i = 0; i < 6; ++i) static_cast<void>(tick());
    EXPECT_EQ(analysis_.asked_, 1);
    analysis_.mute_ = false;
    EXPECT_EQ(tick().budget.counted, (slo::Ratio{9, 10}));
    const int before = analysis_.asked_;
    for (int i = 0; i < 3; ++i) static_cast<void>(tick());
    EXPECT_EQ(analysis_.asked_, before + 3 * 2) << "each ten seconds again, two metrics each time";
}

// What Prometheus counts of a metric is what the objective counts of it, and never falls.
TEST_F(ObjectiveMetricTest, ACorrectionNeverTakesCountersBack) {
    analysis_.hold("orders", -1, 50);  // before the server was started
    analysis_.hold("orders", 0, 10);
    analysis_.hold("paid", 0, 9);
    EXPECT_EQ(tick().counters, (ObjectiveCounters{9, 1}));
    EXPECT_EQ(tick().counters, (ObjectiveCounters{9, 1}));
    analysis_.correct("paid", 0, 7);
    ObjectiveStatus status = tick();
    EXPECT_EQ(status.counters, (ObjectiveCounters{9, 3}));
    EXPECT_EQ(status.budget.counted, (slo::Ratio{7, 60}));
    for (int i = 0; i < 4; ++i) static_cast<void>(tick());
    analysis_.hold("orders", 1, 10);
    analysis_.hold("paid", 1, 10);
    status = tick();
    EXPECT_EQ(status.counters, (ObjectiveCounters{17, 3}));
    EXPECT_EQ(status.budget.counted, (slo::Ratio{17, 70}));
}

TEST(ObjectiveMetricSlicesTest, CountsTheWindowsOfMetrics) {
    std::vector<MetricDefinition> definitions(2);
    definitions[0].name = "orders";
    definitions[1].name = "paid";
    for (MetricDefinition& one : definitions) one.tiers = {{kMinute, kDay}};
    const query::FixedDirectory metrics(definitions);
    HeldPoints analysis;
    analysis.hold("orders", 0, 10);
    analysis.hold("orders", 1, 4);
    analysis.hold("orders", 6000, 7);
    analysis.hold("orders", 6001, 1, true);
    analysis.hold("paid", 0, 9);
    analysis.hold("paid", 6000, 8);  // more than there are
    slo::Objective objective;
    objective.indicator.kind = slo::Indicator::Kind::Metric;
    objective.indicator.total = "orders";
    objective.indicator.good_is_below = false;
    objective.indicator.bound = 5;
    const query::TimeRange range{kStart, kStart.plus_micros(7000 * kMinute)};
    const auto ask = [&] {
        return wait_for<std::vector<slo::Slice>>(
            [&](auto done) { ask_metric_slices(analysis, metrics, objective, range, std::move(done)); });
    };
    auto slices = ask();
    ASSERT_TRUE(slices);
    EXPECT_EQ(analysis.asked_, 2);  // 7,000 windows
    ASSERT_EQ(slices->size(), 3U) << "a window that is open may still come to it";
    EXPECT_EQ((*slices)[0].good, 1U);
    EXPECT_EQ((*slices)[1].good, 0U);
    EXPECT_EQ((*slices)[2].good, 1U);
    objective.indicator.good = "paid";
    slices = ask();
    ASSERT_TRUE(slices);
    ASSERT_EQ(slices->size(), 4U);
    EXPECT_EQ((*slices)[0], (slo::Slice{kStart, 9, 10}));
    EXPECT_EQ((*slices)[1].good, 0U);
    EXPECT_EQ((*slices)[2].good, 7U);
    objective.indicator.good = "no_such";
    EXPECT_EQ(ask().error().field, "indicator.good");
}

TEST(ObjectiveStoreTest, JoinsOldSlicesAndKeepsWithinItsBytes) {
    const test::TemporaryDirectory directory;
    auto store = ObjectiveStore::open((directory.path / "objectives.db").string());
    ASSERT_TRUE(store);
    slo::SliceFigures figures;
    figures.routes["POST /events"] = {10, 1, 0, {{100, 4}, {200, 6}}};
    for (int i = 0; i < 360; ++i)
        ASSERT_TRUE((*store)->put_slice(kStart.plus_micros(i * 10 * kSecond), kNarrowSliceMicros, figures));
    const Timestamp half = kStart.plus_micros(30 * kMinute);
    for (;;) {
        const auto widened = (*store)->widen(half, 50);
        ASSERT_TRUE(widened);
        if (*widened == 0) break;
    }
    std::size_t narrow = 0, wide = 0;
    slo::SliceFigures all;
    Timestamp last{};
    ASSERT_TRUE((*store)->each_slice({0}, {kStart.micros + kDay},
                                     [&](Timestamp start, std::int64_t width, slo::SliceFigures&& one) {
                                         EXPECT_GT(start, last);
                                         last = start;
                                         ++(width == kWideSliceMicros ? wide : narrow);
                                         all.merge(one);
                                         return true;
                                     }));
    EXPECT_EQ(all.routes["POST /events"].answered, 3600U);
    EXPECT_EQ(all.routes["POST /events"].failed, 360U);
    EXPECT_EQ(all.routes["POST /events"].bins, (std::vector<slo::RequestFigures::Bin>{{100, 1440}, {200, 2160}}));
    EXPECT_GE(narrow, 178U);
    EXPECT_LE(narrow, 186U);
    EXPECT_LE(wide, 31U);
    const auto bytes = (*store)->bytes();
    ASSERT_TRUE(bytes);
    ASSERT_TRUE((*store)->forget({0}, *bytes - 1));
    EXPECT_LT(*(*store)->bytes(), *bytes);
}

TEST(ObjectiveCodecTest, WritesWhatItReads) {
    for (const slo::Objective& objective : default_objectives()) {
        const auto back = read_objective(write_objective(objective));
        ASSERT_TRUE(back) << back.error().describe();
        EXPECT_EQ(*back, objective);
    }
    const auto read = read_objective(
        R"({"indicator":{"kind":"metric","total":"orders","compare":"above","bound":3.5},"target":0.95,)"
        R"("window":{"calendar":"month","timezone":"Europe/Berlin"},"cool_down":90,"notify":["a","b"],)"
        R"("rules":[{"severity":"ticket","long":"1h","short":300,"factor":2.5,"hold":"2m"}],"least_bad":7,)"
        R"("alert_when_no_data":true,"project":"shop","service":"till","title":"t","description":"d"})",
        "orders-fine");
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read->cool_down_micros, 90 * kSecond);
    EXPECT_EQ(read->rules.at(0).short_micros, 300 * kSecond);
    EXPECT_EQ(read->window.calendar, slo::TimeWindow::Calendar::Month);
    EXPECT_FALSE(read->indicator.good_is_below);
    EXPECT_EQ(*read_objective(write_objective(*read)), *read);
}

TEST(ObjectiveCodecTest, NamesTheMemberThatIsWrong) {
    const auto field = [](std::string_view text) {
        const auto read = read_objective(text, "name");
        return read ? std::string("none") : read.error().field;
    };
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9})"), "none");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":99})"), "target");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"}})"), "target");
    EXPECT_EQ(field(R"({"target":0.9})"), "indicator");
    EXPECT_EQ(field(R"({"indicator":{"kind":"speed"},"target":0.9})"), "indicator.kind");
    EXPECT_EQ(field(R"({"indicator":{"kind":"latency","threshold_ms":-1},"target":0.9})"), "indicator.threshold_ms");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"goal":1})"), "goal");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"name":"other"})"), "name");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"window":{}})"), "window");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"window":{"rolling":"1y"}})"), "window.rolling");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"window":{"calendar":"day","timezone":"Mars/X"}})"),
              "window.timezone");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"rules":[{"long":"1h","factor":0}]})"),
              "rules[0].factor");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"rules":[{"factor":2}]})"), "rules[0].long");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"project":"shop"})"), "project");
    EXPECT_EQ(field(R"({"indicator":{"kind":"errors"},"target":0.9,"notify":["a","a"]})"), "notify");
    EXPECT_EQ(field("[]"), "");
    EXPECT_EQ(field("nonsense"), "");
}

}  // namespace
}  // namespace streamgauge::api
