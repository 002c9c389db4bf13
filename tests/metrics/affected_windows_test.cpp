// SPDX-License-Identifier: GPL-3.0-or-later
// What one event changes: as Aggregation does it, window by window, for built-in metrics and others.
#include "metrics/affected_windows.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <tuple>

#include "metrics/aggregation.h"

namespace streamgauge {
namespace {

constexpr Timestamp kNow{1'770'000'000'000'000};

MetricDefinition metric(MetricId id, Aggregate aggregate, std::vector<FieldPath> of = {}) {
    MetricDefinition out;
    out.id = id;
    out.name = "m" + std::to_string(id);
    out.aggregate = aggregate;
    out.of = std::move(of);
    out.exact_budget = kDefaultExactBudget;
    out.tiers = {{kMinuteMicros, kHourMicros}, {kHourMicros, kDayMicros}, {kDayMicros, 0}};
    return out;
}

std::vector<MetricDefinition> definitions() {
    const FieldPath amount{Field::Prop, "amount"}, cents{Field::Prop, "cents"}, user{Field::UserId, {}};
    std::vector<MetricDefinition> all = built_in_metrics();
    MetricId id = kFirstUserMetric;
    for (const Aggregate aggregate : {Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Avg, Aggregate::Last,
                                      Aggregate::Distinct, Aggregate::TopK, Aggregate::Percentile}) {
        all.push_back(metric(id++, aggregate, {amount, cents}));
        all.back().percentile = 50;
        all.back().group_by = {{Field::EventType, {}}, {Field::Prop, "plan"}};
    }
    all.push_back(metric(id++, Aggregate::Count));
    all.back().where = *Filter::parse("props.amount > 3 or user_id = u1");
    all.back().time = TimeBasis::Activity;
    all.push_back(metric(id++, Aggregate::Gauge));
    all.back().plus = *Filter::parse("user_id = u1");
    all.back().minus = *Filter::parse("event_type = view");
    all.push_back(metric(id++, Aggregate::Distinct, {user}));
    all.back().tiers = {{kDayMicros, 0}};
    all.back().timezone = "Asia/Kathmandu";
    return all;
}

using Row = std::tuple<MetricId, int, std::int64_t, std::string>;

std::set<Row> by_aggregation(const EventBatch& batch, PartitionState state) {
    auto made = Aggregation::make(definitions(), [](MetricId, const SetKey&) {
        return Result<std::optional<SetState>>(std::optional<SetState>{});
    });
    EXPECT_TRUE(made.ok()) << made.error().describe();
    EXPECT_TRUE(made->apply(batch, 0, state).ok());
    std::set<Row> rows;
    for (MetricAggregation& one : made->metrics()) {
        if (one.sets() != nullptr)
            for (const SetWrite& write : one.sets()->take_writes())
                rows.emplace(one.definition().id, write.tier, write.window, write.group);
        else
            for (const CellTable& cells : one.take_cells(state.log_clock, state.watermark))
                for (std::size_t i = 0; i < cells.size(); ++i)
                    rows.emplace(one.definition().id, cells.tier(), cells[i].window, cells[i].group);
    }
    return rows;
}

TEST(AffectedWindows, AreThoseThatAggregationChanges) {
    std::mt19937 random(5);
    const auto pick = [&](std::vector<std::string> texts) { return texts[random() % texts.size()]; };
    std::size_t rows = 0, refused = 0;
    for (int i = 0; i < 600; ++i) {
        const std::string type = pick({"view", "login", "viewer_join", "viewer_leave", "donation", "chat_message"});
        const std::string user = pick({"", "u1", "u2"}), page = pick({"", "/p"}), session = pick({"", "s"});
        const std::string props =
            pick({"{}", R"({"amount":2.5,"plan":"pro"})", R"({"amount":"x","cents":7})", R"({"amount":"5"})",
                  R"({"stream_id":"s1","amount_usd":12.345678,"amount":1})", R"({"amount":true})"});
        EventView event;
        event.event_id = "id";
        event.event_type = type;
        event.user_id = user;
        event.session_id = session;
        event.page_url = page;
        event.props = props;
        event.received_at = kNow;
        const std::int64_t ages[] = {0, -30'000'000, 90'000'000, 2 * kHourMicros, 26 * kHourMicros, 40 * kDayMicros};
        event.occurred_at = kNow.plus_micros(-ages[random() % 6]);
        EventBatch batch(pick({"default", "shop"}));
        batch.add(event);
        PartitionState state;
        state.log_clock = kNow.plus_micros(random() % 2 == 0 ? 0 : 1'000'000);
        state.watermark = state.log_clock;

        std::set<Row> expected;
        for (const MetricDefinition& definition : definitions()) {
            const auto affected = affected_windows(definition, event, batch.project(), state.log_clock);
            ASSERT_TRUE(affected.ok());
            if (!*affected) continue;
            EXPECT_EQ((*affected)->windows.size(), definition.tiers.size());
            EXPECT_EQ((*affected)->values.size(), definition.group_by.size());
            for (const AffectedWindow& window : (*affected)->windows) {
                refused += window.refused ? 1 : 0;
                if (window.refused || (*affected)->effect.empty()) continue;
                expected.emplace(definition.id, window.tier, window.start, (*affected)->group);
            }
        }
        ASSERT_EQ(by_aggregation(batch, state), expected) << type << " " << props;
        rows += expected.size();
    }
    EXPECT_GT(rows, 10'000U);
    EXPECT_GT(refused, 1'000U);
}

TEST(AffectedWindows, SayWhatIsAdded) {
    EventView event;
    event.event_type = "donation";
    event.user_id = "u1";
    event.props = R"({"amount":"12.50","plan":"pro"})";
    event.occurred_at = event.received_at = kNow;
    const FieldPath amount{Field::Prop, "amount"}, plan{Field::Prop, "plan"};
    const auto effect = [&](Aggregate aggregate, std::vector<FieldPath> of) {
        const auto affected = affected_windows(metric(2000, aggregate, std::move(of)), event, "p", kNow);
        return (*affected)->effect;
    };
    EXPECT_EQ(effect(Aggregate::Count, {}), "+1");
    EXPECT_EQ(effect(Aggregate::Sum, {plan, amount}), "12.5");
    EXPECT_EQ(effect(Aggregate::Distinct, {plan, amount}), "pro");
    EXPECT_EQ(effect(Aggregate::Max, {plan}), "");
    MetricDefinition viewers = metric(2000, Aggregate::Gauge);
    viewers.plus = *Filter::parse("event_type = join");
    viewers.minus = *Filter::parse("event_type = donation");
    EXPECT_EQ((*affected_windows(viewers, event, "p", kNow))->effect, "-1");
    viewers.minus = viewers.plus;
    EXPECT_FALSE(*affected_windows(viewers, event, "p", kNow));
}

TEST(MicrosText, HasNoZerosAtItsEnd) {
    EXPECT_EQ(micros_text(0), "0");
    EXPECT_EQ(micros_text(12'500'000), "12.5");
    EXPECT_EQ(micros_text(-1), "-0.000001");
    EXPECT_EQ(micros_text(1'000'000'000'000), "1000000");
    EXPECT_EQ(micros_text(std::numeric_limits<std::int64_t>::min()), "-9223372036854.775808");
}

}  // namespace
}  // namespace streamgauge
