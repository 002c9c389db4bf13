// SPDX-License-Identifier: GPL-3.0-or-later
// The parts that aggregation is made of, against the oracle's: windows of zones, numbers, fields and filters.
#include <gtest/gtest.h>

#include "metrics/decimal.h"
#include "metrics/event_view.h"
#include "metrics/filter.h"
#include "metrics/oracle.h"
#include "metrics/props_reader.h"
#include "metrics/random_log.h"
#include "metrics/window.h"

namespace streamgauge::oracle {
namespace {

constexpr const char* kZones[] = {"Asia/Kathmandu",    "Australia/Lord_Howe", "America/New_York",   "Africa/Casablanca",
                                  "America/Sao_Paulo", "America/Havana",      "Asia/Beirut",        "Pacific/Apia",
                                  "America/St_Johns",  "Pacific/Chatham",     "Pacific/Kiritimati", "Asia/Kolkata",
                                  "Europe/Berlin",     "Antarctica/Troll",    "Asia/Tehran",        "Africa/Monrovia"};

TEST(Agreement, WindowsOfZones) {
    std::mt19937_64 random(11);
    for (const char* const zone : kZones) {
        for (const std::int64_t days : {1, 7}) {
            const auto windows = Windows::make(days * kDayMicros, zone);
            ASSERT_TRUE(windows.ok()) << windows.error().describe();
            for (int i = 0; i < 150; ++i) {
                // 1972 to 2036; every second time near a midnight.
                std::int64_t at =
                    2 * 365 * kDayMicros + static_cast<std::int64_t>(random() % (64ULL * 365 * kDayMicros));
                if (i % 2 == 0) {
                    at = window_of(kDayMicros, zone, at).first;
                    at += static_cast<std::int64_t>(random() % (2 * kMinuteMicros)) - kMinuteMicros;
                }
                const auto [start, end] = window_of(days * kDayMicros, zone, at);
                ASSERT_EQ(windows->start_of(at), start) << zone << " at " << at;
                ASSERT_EQ(windows->end_of(start), end) << zone << " at " << at;
            }
        }
    }
}

TEST(Agreement, WindowsInUtc) {
    std::mt19937_64 random(12);
    for (const std::int64_t width :
         {10 * kSecondMicros, kMinuteMicros, kHourMicros, kDayMicros, 7 * kDayMicros, std::int64_t{0}}) {
        const Windows windows(width);
        for (int i = 0; i < 1'000; ++i) {
            const auto at = static_cast<std::int64_t>(random() % (200ULL * 365 * kDayMicros)) - 100 * 365 * kDayMicros;
            const auto [start, end] = window_of(width, "", at);
            ASSERT_EQ(windows.start_of(at), start);
            ASSERT_EQ(windows.end_of(start), end);
        }
    }
}

TEST(Agreement, Numbers) {
    std::mt19937_64 random(13);
    const std::string letters = "0011599..eE+-";
    for (int i = 0; i < 200'000; ++i) {
        std::string text;
        for (std::size_t n = random() % 14; n > 0; --n) text += letters[random() % letters.size()];
        std::int64_t micros = 0;
        const bool is_number = number_of(text, micros);
        const auto parsed = parse_decimal_micros(text);
        ASSERT_EQ(parsed.has_value(), is_number) << text;
        if (is_number) {
            ASSERT_EQ(*parsed, micros) << text;
        }
    }
}

class RandomFilters {
public:
    explicit RandomFilters(std::uint64_t seed) : random_(seed) {}
    FilterNode next(int depth = 4) {
        if (depth == 0 || random_() % 3 == 0) return a_leaf();
        FilterNode node;
        node.kind = static_cast<FilterNode::Kind>(random_() % 3);
        const std::size_t children = node.kind == FilterNode::Kind::Not ? 1 : random_() % 4;
        for (std::size_t i = 0; i < children; ++i) node.children.push_back(next(depth - 1));
        return node;
    }

private:
    FilterNode a_leaf() {
        FilterNode node;
        node.kind = FilterNode::Kind::Compare;
        node.field = pick(fields_);
        node.op = static_cast<Operator>(random_() % 11);
        if (node.op == Operator::Exists) return node;
        const std::size_t count = node.op == Operator::In ? 1 + random_() % 3 : 1;
        const bool time = node.field.field == Field::OccurredAt || node.field.field == Field::ReceivedAt;
        const bool ordered = node.op >= Operator::Less && node.op <= Operator::GreaterOrEqual;
        for (std::size_t i = 0; i < count; ++i)
            node.values.push_back(time && ordered ? pick(times_) : ordered ? pick(numbers_) : pick(values_));
        return node;
    }
    template <class List>
    typename List::value_type pick(const List& list) {
        return list[random_() % list.size()];
    }
    std::mt19937_64 random_;
    const std::vector<FieldPath> fields_ = {{Field::EventType, {}},
                                            {Field::UserId, {}},
                                            {Field::SessionId, {}},
                                            {Field::PageUrl, {}},
                                            {Field::EventId, {}},
                                            {Field::Project, {}},
                                            {Field::SchemaVersion, {}},
                                            {Field::Bot, {}},
                                            {Field::OccurredAt, {}},
                                            {Field::ReceivedAt, {}},
                                            prop("amount"),
                                            prop("plan"),
                                            prop("ms"),
                                            prop("nested"),
                                            prop("stream_id")};
    const std::vector<std::string> values_ = {"page_view",
                                              "purchase",
                                              "user-1",
                                              "/page",
                                              "1",
                                              "1.0",
                                              "0.10",
                                              "free",
                                              "pro",
                                              "e1",
                                              "true",
                                              "t\xc3\xa9"
                                              "am",
                                              "2",
                                              "shop",
                                              "stream-2",
                                              "5e9",
                                              "17.000",
                                              "-7",
                                              "x"};
    const std::vector<std::string> numbers_ = {"0",         "1",  "-3", "12.345", "1e3", "99999999999999999999",
                                               "0.0000001", "100"};
    const std::vector<std::string> times_ = {"2027-01-15T09:00:00Z", "2027-01-15T08:30:00.5Z", "2026-01-01T00:00:00Z"};
};

TEST(Agreement, FiltersAndFields) {
    for (const std::uint64_t seed : seeds(2)) {
        SCOPED_TRACE("STREAMGAUGE_SEED=" + std::to_string(seed));
        RandomFilters filters(seed);
        const std::vector<Event> log = random_log(seed, {.events = 300});
        PropsReader reader;
        std::size_t taken = 0, looked_at = 0;
        for (int i = 0; i < 300; ++i) {
            const FilterNode tree = filters.next();
            const auto filter = Filter::from_tree(tree);
            ASSERT_TRUE(filter.ok()) << filter.error().describe();
            const auto again = Filter::parse(filter->text());
            ASSERT_TRUE(again.ok()) << filter->text();
            for (const Event& e : log) {
                std::vector<std::string> members;
                for (const FieldPath& path : filter->fields())
                    if (path.field == Field::Prop) members.push_back(path.prop);
                std::vector<std::string_view> read(members.size());
                reader.read(e.props, members, read, true);
                std::vector<std::string_view> values;
                std::vector<std::string> scratch(filter->fields().size());
                std::size_t member = 0;
                for (std::size_t f = 0; f < filter->fields().size(); ++f) {
                    const FieldPath& path = filter->fields()[f];
                    values.push_back(path.field == Field::Prop
                                         ? read[member++]
                                         : field_text(path.field, view_of(e), e.project, scratch[f]));
                    ASSERT_EQ(values.back(), field_of(path, e)) << to_text(path) << " of " << e.props;
                }
                const bool expected = matches(tree, e);
                ASSERT_EQ(filter->matches(values.data()), expected) << filter->text() << "\n"
                                                                    << e.event_type << e.props;
                ASSERT_EQ(again->matches(values.data()), expected) << filter->text();
                ASSERT_EQ(filter->decided_by_type(e.event_type).value_or(expected), expected) << filter->text();
                ASSERT_EQ(filter->decided_without_props(values.data()).value_or(expected), expected) << filter->text();
                taken += expected ? 1 : 0;
                ++looked_at;
            }
        }
        EXPECT_GT(taken, looked_at / 10);
        EXPECT_LT(taken, looked_at - looked_at / 10);
    }
}

}  // namespace
}  // namespace streamgauge::oracle
