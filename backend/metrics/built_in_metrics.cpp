// SPDX-License-Identifier: GPL-3.0-or-later
// The contract's metrics as definitions like everybody's. How long their tiers are kept bounds the disk: a window costs
// a row for each of its groups, so fine windows are kept for as long as somebody looks at them one by one, and wide
// ones, of which there are few, for ever.
#include <cassert>

#include "metrics/definition.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kTenSeconds = 10 * kSecondMicros;

Filter filter(std::string_view text) {
    const Result<Filter> parsed = Filter::parse(text);
    assert(parsed.ok());
    return *parsed;
}

MetricDefinition metric_of(MetricId id, const char* name, Aggregate aggregate, const char* where, const char* unit,
                           const char* description) {
    MetricDefinition definition;
    definition.id = id;
    definition.name = name;
    definition.aggregate = aggregate;
    definition.where = filter(where);
    definition.unit = unit;
    definition.description = description;
    return definition;
}

// A minute's row for each stream in which something happened: 30 days of 1,000 streams that never sleep are 43 million
// rows a metric, the most that an hour's chart of last month is worth.
const std::vector<Tier> kStreamTiers{{kMinuteMicros, 30 * kDayMicros}};

// 720 windows of ten seconds for charts of the last two hours, 10,080 of a minute for a week's, 2,160 of an hour for a
// quarter's.
const std::vector<Tier> kCountTiers{
    {kTenSeconds, 2 * kHourMicros}, {kMinuteMicros, 7 * kDayMicros}, {kHourMicros, 90 * kDayMicros}, {kDayMicros, 0}};

// The same for distinct values, whose windows may hold up to 8 MB each: 360, 1,440 and 720 windows.
const std::vector<Tier> kDistinctTiers{
    {kTenSeconds, kHourMicros}, {kMinuteMicros, kDayMicros}, {kHourMicros, 30 * kDayMicros}, {kDayMicros, 0}};

std::vector<MetricDefinition> make() {
    const FieldPath user{Field::UserId, {}}, session{Field::SessionId, {}}, page{Field::PageUrl, {}};
    const FieldPath type{Field::EventType, {}}, stream{Field::Prop, "stream_id"};
    std::vector<MetricDefinition> all;

    MetricDefinition clicks = metric_of(metric::kPageClicks, "page_clicks", Aggregate::Count,
                                        "exists user_id and exists page_url", "events", "Events of a user on a page.");
    clicks.tiers = {{0, 0}};  // asked for the whole past of a pair: bounded by the pairs that there are
    clicks.group_by = {user, page};
    all.push_back(clicks);

    MetricDefinition viewers =
        metric_of(metric::kStreamViewers, "stream_active_viewers", Aggregate::Gauge,
                  "event_type in (viewer_join, viewer_leave) and exists props.stream_id", "viewers",
                  "Viewers of a stream: those who joined less those who left, never below 0.");
    viewers.tiers = kStreamTiers;
    viewers.group_by = {stream};
    viewers.plus = filter("event_type = viewer_join");
    viewers.minus = filter("event_type = viewer_leave");
    all.push_back(viewers);

    MetricDefinition chats =
        metric_of(metric::kStreamChats, "stream_chat_messages", Aggregate::Count,
                  "event_type = chat_message and exists props.stream_id", "messages", "Chat messages of a stream.");
    chats.tiers = kStreamTiers;
    chats.group_by = {stream};
    all.push_back(chats);

    MetricDefinition donations = metric_of(metric::kStreamDonations, "stream_donations_usd", Aggregate::Sum,
                                           "event_type = donation and exists props.stream_id", "USD",
                                           "Donations to a stream: amount_usd, or amount.");
    donations.tiers = kStreamTiers;
    donations.group_by = {stream};
    donations.of = {{Field::Prop, "amount_usd"}, {Field::Prop, "amount"}};
    all.push_back(donations);

    MetricDefinition pages = metric_of(metric::kTopPages, "page_views", Aggregate::Count, "exists page_url", "views",
                                       "Events with a page, by page.");
    pages.tiers = kCountTiers;
    pages.time = TimeBasis::Activity;
    pages.group_by = {page};
    pages.sliding_micros = kHourMicros;
    all.push_back(pages);

    MetricDefinition types =
        metric_of(metric::kEventTypes, "event_types", Aggregate::Count, "", "events", "Events by type.");
    types.tiers = kCountTiers;
    types.time = TimeBasis::Activity;
    types.group_by = {type};
    types.sliding_micros = kHourMicros;
    all.push_back(types);

    MetricDefinition total =
        metric_of(metric::kEventsTotal, "EVENTS_TOTAL", Aggregate::Count, "", "events", "Events of a day.");
    total.tiers = {{kDayMicros, 0}};
    all.push_back(total);

    MetricDefinition daily = metric_of(metric::kDailyActiveUsers, "DAU", Aggregate::Distinct, "event_type = login",
                                       "users", "Users who logged in on a day.");
    daily.tiers = {{kDayMicros, 0}};
    daily.of = {user};
    daily.exact_budget = 2'000'000;  // today and, within the lateness, yesterday
    all.push_back(daily);

    MetricDefinition users = metric_of(metric::kActiveUsers, "active_users", Aggregate::Distinct, "", "users",
                                       "Users of whom there was an event.");
    users.tiers = kDistinctTiers;
    users.time = TimeBasis::Activity;
    users.of = {user};
    users.sliding_micros = kHourMicros;
    users.exact_budget = 4'000'000;  // a day, an hour, a minute and ten seconds of a million users each
    all.push_back(users);

    MetricDefinition sessions = metric_of(metric::kActiveSessions, "active_sessions", Aggregate::Distinct, "",
                                          "sessions", "Sessions of which there was an event.");
    sessions.tiers = {{kMinuteMicros, kDayMicros}};
    sessions.time = TimeBasis::Activity;
    sessions.of = {session};
    sessions.sliding_micros = kHourMicros;
    sessions.exact_budget = 1'000'000;
    all.push_back(sessions);
    return all;
}

}  // namespace

const std::vector<MetricDefinition>& built_in_metrics() {
    static const std::vector<MetricDefinition> all = make();
    return all;
}

}  // namespace streamgauge
