// SPDX-License-Identifier: GPL-3.0-or-later
// Random streams of events for the comparison with the oracle: late by minutes to years, out of order, dated ahead,
// sent twice, of several projects, with and without every field, numbers in every spelling, and hours in which nothing
// came. And definitions that cover every aggregate.
#pragma once

#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "metrics/oracle.h"

namespace streamgauge::oracle {

struct Shape {
    std::size_t events = 3'000;
    std::int64_t start = 1'800'000'000'000'000;  // 2027-01-15T08:00:00Z
    std::int64_t step_micros = 4'000'000;        // at most, between two events as they come
    std::uint64_t users = 60;
    bool repeats = true;
};

// In the order in which they were sent, repeats included.
inline std::vector<Event> random_log(std::uint64_t seed, const Shape& shape = {}) {
    std::mt19937_64 random(seed);
    const auto below = [&random](std::uint64_t n) { return random() % n; };
    const auto back = [&below](std::int64_t most) {
        return static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most)));
    };
    const auto pick = [&below](const auto& list) { return list[below(std::size(list))]; };
    static const char* const kProjects[] = {"default", "default", "default", "shop", "shop", "blog", "_system"};
    static const char* const kTypes[] = {"page_view",   "page_view",   "page_view",    "login",
                                         "donation",    "purchase",    "purchase",     "chat_message",
                                         "viewer_join", "viewer_join", "viewer_leave", "sign up"};
    static const char* const kAmounts[] = {"0.1",        "0.2",     "12.345", "-7",   "1e3",       "2.5E-3",
                                           "1000000000", "0",       "99.99",  "1e-7", "0.0000005", "123456789",
                                           "5000000000", "\"3.5\"", "\"x\"",  "true", "null",      "{\"a\":1}",
                                           "[1,2]",      "\"\"",    "17",     "4.25", "1.0",       "-0.000001"};
    static const char* const kPlans[] = {"\"free\"", "\"pro\"", "\"pro\"", "\"t\\u00e9am\"",
                                         "\"a b\"",  "1",       "1.0",     "false"};
    std::vector<Event> sent;
    std::vector<std::int64_t> first_sent;  // of each event of `sent`: when its id came first
    std::int64_t now = shape.start;
    for (std::size_t i = 0; i < shape.events; ++i) {
        if (shape.repeats && i > 0 && below(12) == 0) {
            // Sent again, soon or later, unchanged or with other contents: the first counts. Ids are known for 48
            // hours: what was first sent earlier is left alone.
            const std::size_t chosen = sent.size() - 1 - below(std::min<std::size_t>(sent.size(), 300));
            Event again = sent[chosen];
            if (now - first_sent[chosen] >= 47 * kHourMicros) continue;
            first_sent.push_back(first_sent[chosen]);
            again.received_at = now;
            if (below(3) == 0) again.props = "{\"amount\":5}";
            sent.push_back(std::move(again));
            continue;
        }
        now += back(shape.step_micros + 1);
        if (below(400) == 0) now += back(3 * kHourMicros);
        if (below(1'500) == 0) now += back(2 * kDayMicros);
        Event e;
        // Requests are of one project each.
        e.project = sent.empty() || below(12) == 0 ? pick(kProjects) : sent.back().project;
        e.event_id = "e" + std::to_string(i);
        e.event_type = pick(kTypes);
        // Doors of several threads: not quite in order.
        e.received_at = now - (below(10) == 0 ? back(200'000) : 0);
        switch (below(14)) {
            case 0:
                e.occurred_at = now - back(20 * kMinuteMicros);
                break;
            case 1:
                e.occurred_at = now - back(30 * kHourMicros);
                break;
            case 2:
                e.occurred_at = now + back(23 * kHourMicros);
                break;
            case 3:
                e.occurred_at = below(4) == 0 ? -back(40'000 * kDayMicros) : now - back(400 * kDayMicros);
                break;
            case 4:  // on a border
                e.occurred_at = now / kMinuteMicros * kMinuteMicros - static_cast<std::int64_t>(below(2));
                break;
            default:
                e.occurred_at = now - back(5 * kSecondMicros);
                break;
        }
        // A few users have most of the events.
        const std::uint64_t user = below(2) == 0 ? below(5) : below(shape.users);
        if (below(8) != 0) e.user_id = "user-" + std::to_string(user);
        if (below(4) != 0) e.session_id = "s" + std::to_string(user) + "-" + std::to_string(below(3));
        if (below(4) != 0) e.page_url = "/page/" + std::to_string(below(2) == 0 ? below(3) : below(40));
        if (below(10) == 0) e.page_url += "?\xc3\xa9=\xe2\x82\xac";
        e.schema_version = static_cast<std::int32_t>(1 + below(3));
        e.bot = below(9) == 0;
        std::string members;
        const auto member = [&members](const std::string& name, const std::string& value) {
            members += (members.empty() ? "\"" : ",\"") + name + "\":" + value;
        };
        if (below(3) != 0) member("amount", pick(kAmounts));
        if (below(4) == 0) member("amount_usd", pick(kAmounts));
        if (below(2) == 0) member("ms", std::to_string(below(10) == 0 ? below(1'000'000) : below(300)));
        if (below(3) != 0) member("plan", pick(kPlans));
        if (below(2) == 0) member("stream_id", "\"stream-" + std::to_string(below(4)) + "\"");
        if (below(6) == 0) member("nested", "{\"plan\":\"no\",\"amount\":[1,{\"amount\":2}]}");
        if (below(20) == 0) member("amount", "77");  // a name for the second time
        e.props = "{" + members + "}";
        first_sent.push_back(e.received_at);
        sent.push_back(std::move(e));
    }
    return sent;
}

// ---- filters as trees ----------------------------------------------------------------------------------------------

inline FieldPath prop(std::string name) {
    return {Field::Prop, std::move(name)};
}
inline FilterNode leaf(FieldPath field, Operator op, std::vector<std::string> values = {}) {
    FilterNode node;
    node.kind = FilterNode::Kind::Compare;
    node.field = std::move(field);
    node.op = op;
    node.values = std::move(values);
    return node;
}
inline FilterNode type_is(std::string type) {
    return leaf({Field::EventType, {}}, Operator::Equal, {std::move(type)});
}
inline FilterNode join(FilterNode::Kind kind, std::vector<FilterNode> children) {
    FilterNode node;
    node.kind = kind;
    node.children = std::move(children);
    return node;
}

// Every aggregate; tiers of all widths, with and without an end; every kind of field; zones.
inline std::vector<Metric> test_metrics() {
    using enum FilterNode::Kind;
    const Tier t10{10 * kSecondMicros, 2 * kHourMicros}, t60{kMinuteMicros, 30 * kHourMicros},
        t3600{kHourMicros, 60 * kDayMicros}, t86400{kDayMicros, 0}, ever{0, 0};
    std::vector<Metric> all;
    const auto add = [&all](std::string name, Aggregate aggregate, std::vector<Tier> tiers) -> Metric& {
        Metric m;
        m.id = kFirstUserMetric + static_cast<MetricId>(all.size());
        m.name = std::move(name);
        m.aggregate = aggregate;
        m.tiers = std::move(tiers);
        all.push_back(std::move(m));
        return all.back();
    };
    add("all_events", Aggregate::Count, {t10, t60, t3600, t86400});
    add("pairs", Aggregate::Count, {ever}).group_by = {{Field::UserId, {}}, {Field::PageUrl, {}}};
    {
        Metric& m = add("pages", Aggregate::Count, {t10, t3600});
        m.where = join(And, {type_is("page_view"), leaf({Field::PageUrl, {}}, Operator::Exists),
                             join(Not, {leaf({Field::PageUrl, {}}, Operator::StartsWith, {"/page/1"})})});
        m.group_by = {{Field::PageUrl, {}}};
        m.time = TimeBasis::Activity;
    }
    {
        Metric& m = add("revenue", Aggregate::Sum, {t60, t3600, t86400});
        m.where = leaf({Field::EventType, {}}, Operator::In, {"purchase", "donation", "sign up"});
        m.of = {prop("amount_usd"), prop("amount")};
        m.group_by = {prop("plan")};
        m.allowed_lateness_micros = 10 * kMinuteMicros;
    }
    {
        Metric& m = add("cheapest", Aggregate::Min, {t60, t86400});
        m.of = {prop("amount")};
        m.where = join(
            Or, {leaf(prop("amount"), Operator::GreaterOrEqual, {"-3"}), leaf(prop("plan"), Operator::Equal, {"1"})});
    }
    {
        Metric& m = add("dearest", Aggregate::Max, {t60, t86400});
        m.of = {prop("amount")};
        m.where = leaf({Field::Bot, {}}, Operator::NotEqual, {"true"});
    }
    {
        Metric& m = add("mean", Aggregate::Avg, {t60, t3600});
        m.of = {prop("ms")};
        m.group_by = {{Field::EventType, {}}, {Field::SchemaVersion, {}}};
        m.allowed_lateness_micros = 0;
    }
    {
        Metric& m = add("latest", Aggregate::Last, {t60, t3600, ever});
        m.of = {prop("plan"), {Field::SessionId, {}}};
        m.group_by = {{Field::UserId, {}}};
    }
    {
        Metric& m = add("viewers", Aggregate::Gauge, {t60});
        m.where = leaf(prop("stream_id"), Operator::Exists);
        m.plus = type_is("viewer_join");
        m.minus = type_is("viewer_leave");
        m.group_by = {prop("stream_id")};
    }
    add("users", Aggregate::Distinct, {t60, t3600, t86400}).of = {{Field::UserId, {}}};
    {
        Metric& m = add("visitors", Aggregate::Distinct, {t3600, {kDayMicros, 3 * kDayMicros}});
        m.of = {{Field::UserId, {}}, {Field::SessionId, {}}};
        m.group_by = {{Field::EventType, {}}};
        m.where = leaf({Field::OccurredAt, {}}, Operator::Less, {"2027-01-19T00:00:00Z"});
    }
    {
        Metric& m = add("top_pages", Aggregate::TopK, {t60, t3600, t86400});
        m.of = {{Field::PageUrl, {}}};
        m.group_by = {prop("plan")};
    }
    add("duration", Aggregate::Percentile, {t60, t3600, t86400}).of = {prop("ms"), prop("amount")};
    for (const char* const zone : {"Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York", "Africa/Casablanca"}) {
        Metric& m = add(std::string("days_") + zone, Aggregate::Count, {{kDayMicros, 0}});
        m.timezone = zone;
    }
    {
        Metric& m = add("weeks", Aggregate::Distinct, {{7 * kDayMicros, 30 * kDayMicros}});
        m.timezone = "Europe/Berlin";
        m.of = {{Field::UserId, {}}};
    }
    return all;
}

// The same at each run, so that a test passes or fails by what changed; a test that fails prints its own. Another one
// is looked at with STREAMGAUGE_SEED=n, and one that is never the same with STREAMGAUGE_SEED=0.
inline std::vector<std::uint64_t> seeds(std::size_t fixed) {
    if (const char* const given = std::getenv("STREAMGAUGE_SEED"); given != nullptr) {
        const std::uint64_t seed = std::strtoull(given, nullptr, 10);
        return {seed != 0 ? seed : static_cast<std::uint64_t>(std::time(nullptr))};
    }
    std::vector<std::uint64_t> all;
    for (std::uint64_t s = 1; s <= fixed + 1; ++s) all.push_back(s);
    return all;
}

}  // namespace streamgauge::oracle
