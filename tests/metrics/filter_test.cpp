// SPDX-License-Identifier: GPL-3.0-or-later
// The filter language: what it means, where its faults are, its normal form, and what it decides by type alone.
#include "metrics/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "metrics/filter_reader.h"

namespace streamgauge {
namespace {

using testing::HasSubstr;

Filter filter_of(std::string_view text) {
    Result<Filter> filter = Filter::parse(text);
    EXPECT_TRUE(filter.ok()) << text << ": " << (filter ? "" : filter.error().describe());
    return filter ? *filter : Filter();
}

using Values = std::map<std::string, std::string>;

bool matches(const Filter& filter, const Values& values) {
    std::vector<std::string_view> texts;
    for (const FieldPath& field : filter.fields()) {
        const auto found = values.find(to_text(field));
        texts.push_back(found == values.end() ? std::string_view() : std::string_view(found->second));
    }
    return filter.matches(texts.data());
}

bool matches(std::string_view text, const Values& values) {
    return matches(filter_of(text), values);
}

TEST(Filter, TakesEverythingWhenEmpty) {
    for (const char* text : {"", "  \n", "()", "(())", "() and ()", "() or event_type = x", "not not ()"}) {
        const Filter filter = filter_of(text);
        EXPECT_TRUE(filter.takes_everything()) << text;
        EXPECT_TRUE(matches(filter, {}));
        EXPECT_EQ(filter.text(), "");
        EXPECT_EQ(filter.decided_by_type("x"), true);
    }
    EXPECT_TRUE(Filter().takes_everything());
    EXPECT_EQ(Filter().tree(), FilterNode());
}

TEST(Filter, CanTakeNothing) {
    for (const char* text : {"not ()", "not () and event_type = x", "not (() or event_type = x)", "not () or not ()"}) {
        const Filter filter = filter_of(text);
        EXPECT_FALSE(filter.takes_everything());
        EXPECT_FALSE(matches(filter, {{"event_type", "x"}})) << text;
        EXPECT_EQ(filter.text(), "not ()") << text;
        EXPECT_EQ(filter.decided_by_type("x"), false);
    }
    FilterNode none;
    none.kind = FilterNode::Kind::Or;
    EXPECT_EQ(Filter::from_tree(none)->text(), "not ()");
}

TEST(Filter, Compares) {
    const Values event{{"event_type", "purchase"},
                       {"user_id", "u_1"},
                       {"page_url", "/admin/x y"},
                       {"props.amount", "100.50"},
                       {"props.plan", "Pro"},
                       {"props.big", "1700000000000.5"},
                       {"occurred_at", "2026-03-01T12:00:00Z"},
                       {"props.a b", "1"},
                       {"schema_version", "2"},
                       {"bot", "true"}};
    const std::vector<std::pair<std::string, bool>> cases{
        {"event_type = purchase", true},
        {"event_type = Purchase", false},
        {"event_type != purchase", false},
        {"event_type != x", true},
        {"props.none != x", false},
        {"not props.none = x", true},
        {"props.amount = 100.5", true},
        {"props.amount = 1.005e2", true},
        {"props.amount != \"+0100.500\"", false},
        {"props.amount = 100.5000000001", false},
        {"props.amount > 100.4999999999", true},
        {"props.amount > 100.5", false},
        {"props.amount >= 100.5", true},
        {"props.amount < 101", true},
        {"props.amount <= -101", false},
        {"props.big > 1700000000000", true},
        {"props.big < 1700000000000.51", true},
        {"props.plan > 1", false},
        {"props.plan < 1", false},
        {"props.amount < Pro", false},
        {"page_url starts_with \"/admin\"", true},
        {"page_url starts_with /admin/", true},
        {"page_url ENDS_WITH \"x y\"", true},
        {"page_url contains \"n/x\"", true},
        {"page_url contains n/z", false},
        {"event_type in (login, purchase)", true},
        {"event_type in (login)", false},
        {"props.amount in (x, 1, 100.5)", true},
        {"props.amount in (x, 1, 100)", false},
        {"props.plan in (1, 2, Pro)", true},
        {"exists props.plan", true},
        {"exists props.none", false},
        {"not exists props.none", true},
        {"occurred_at > 2026-03-01", true},
        {"occurred_at >= \"2026-03-01T13:00:00+01:00\"", true},
        {"occurred_at < 2026-03-01T12:00:00Z", false},
        {"occurred_at < 1772366401", true},
        {"occurred_at < whenever", false},
        {"\"props.a b\" = 1", true},
        {"schema_version >= 2", true},
        {"bot = true", true},
        {"event_type = purchase and props.amount > 100 and not (user_id = u_1 or page_url starts_with \"/admin\")",
         false},
        {"event_type = login or event_type = purchase and user_id = u_1", true},
        {"(event_type = login or event_type = purchase) and user_id = u_2", false},
        {"event_type = login and user_id = u_2 or props.plan = Pro", true},
        {"not event_type = login and user_id = u_1", true},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_EQ(matches(text, event), expected) << text;
    }
}

TEST(Filter, ComparesNumbersOfAnySizeExactly) {
    const std::vector<std::string> ascending{"-1e999999999",
                                             "-10000000000000000000000000000001",
                                             "-1e31",
                                             "-2.5",
                                             "-2.49999999999999999999999999",
                                             "-1e-30",
                                             "0",
                                             "1e-999999999",
                                             "0.00000000000000000001",
                                             "0.1",
                                             "9.99",
                                             "10",
                                             "99999999999999999999",
                                             "1e20",
                                             "100000000000000000000.000001"};
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        for (std::size_t j = 0; j < ascending.size(); ++j) {
            const Values event{{"props.x", ascending[i]}};
            EXPECT_EQ(matches("props.x < " + std::string("\"") + ascending[j] + "\"", event), i < j)
                << ascending[i] << " < " << ascending[j];
            EXPECT_EQ(matches("props.x = \"" + ascending[j] + "\"", event), i == j);
        }
    }
    for (const char* zero : {"0", "-0", "0.000", "0e5", "+0", "-0.0e-7", "000"})
        EXPECT_TRUE(matches("props.x = 0", {{"props.x", zero}})) << zero;
    for (const char* other : {"", ".", "-", "1e", "1e+", "1.2.3", "0x1", "1 ", " 1", "1e9999999999", "e5", "1e5.0"}) {
        EXPECT_FALSE(matches("props.x >= 0", {{"props.x", other}})) << other;
        EXPECT_FALSE(matches("props.x < 0", {{"props.x", other}})) << other;
    }
}

struct FaultCase {
    std::string text;
    std::size_t offset;
    std::string says;
};

TEST(Filter, SaysWhereItsFaultsAre) {
    const std::vector<FaultCase> cases{
        {"EVENT_TYPE = x", 0, "there is no field EVENT_TYPE"},
        {"event_typ = x", 0, "fields are event_type, user_id"},
        {"event_type", 10, "expected one of = !="},
        {"event_type =", 12, "expected a value"},
        {"event_type = and user_id = 1", 13, "in double quotes"},
        {"event_type == x", 11, "write ="},
        {"event_type <> x", 11, "write !="},
        {"event_type = x && user_id = y", 15, "write and"},
        {"event_type = x || user_id = y", 15, "write or"},
        {"!exists user_id", 0, "write not"},
        {"event_type = 'x'", 13, "double quotes"},
        {"event_type = \"x", 13, "closing double quote"},
        {"event_type = \"a\\q\"", 15, ""},
        {"event_type = \"\\u0000\"", 13, "U+0000"},
        {"event_type = \"\xff\"", 14, ""},
        {"event_type = caf\xc3\xa9", 16, "only allowed in double quotes"},
        {"event_type = x user_id = y", 15, "expected and, or, or the end"},
        {"event_type = x)", 14, "no ( for this )"},
        {"(event_type = x", 0, "no ) for this ("},
        {"(event_type = x user_id", 16, "expected and, or, or )"},
        {"event_type in x", 14, "expected ( after in"},
        {"event_type in ()", 15, "expected a value"},
        {"event_type in (a b)", 17, "expected , or )"},
        {"event_type in (a,", 17, "expected a value"},
        {"event_type in (a", 14, "no ) for this ("},
        {"event_type not in (a)", 11, "before the field"},
        {"exists", 6, "after exists"},
        {"event_type = x and", 18, "expected a field, not"},
        {"event_type = x or or", 18, "word of the language"},
        {"= x", 0, "expected a field"},
        {"not", 3, "expected a field"},
        {"event_type like x", 11, "starts_with"},
        {"props. = 1", 0, "there is no field props."},
        {std::string(kFilterBytes + 1, ' '), kFilterBytes, "8192 bytes"},
        {std::string(32, '(') + "user_id = 1" + std::string(32, ')'), 31, "32 levels"},
    };
    for (const FaultCase& c : cases) {
        const Result<Filter> filter = Filter::parse(c.text);
        ASSERT_FALSE(filter.ok()) << c.text;
        EXPECT_EQ(filter.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(filter.error().offset, c.offset) << c.text << ": " << filter.error().message;
        EXPECT_THAT(filter.error().message, HasSubstr(c.says)) << c.text;
    }
}

TEST(Filter, HoldsItsLimits) {
    const auto repeated = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += std::string(i > 0 ? " or " : "") + "bot=1";
        return text;
    };
    EXPECT_TRUE(Filter::parse(repeated(kFilterNodes - 1)).ok());
    const Result<Filter> many = Filter::parse(repeated(kFilterNodes));
    ASSERT_FALSE(many.ok());
    EXPECT_THAT(many.error().message, HasSubstr("512 parts"));
    EXPECT_TRUE(Filter::parse(std::string(31, '(') + "bot = 1" + std::string(31, ')')).ok());

    FilterNode leaf;
    leaf.kind = FilterNode::Kind::Compare;
    leaf.op = Operator::Exists;
    const auto nested = [&leaf](std::size_t levels) {
        FilterNode node = leaf;
        for (std::size_t i = 1; i < levels; ++i) {
            FilterNode outer;
            outer.kind = i % 2 == 0 ? FilterNode::Kind::And : FilterNode::Kind::Or;
            outer.children = {node, leaf};
            node = outer;
        }
        return node;
    };
    const Result<Filter> deep = Filter::from_tree(nested(kFilterDepth));
    ASSERT_TRUE(deep.ok());
    EXPECT_EQ(Filter::parse(deep->text())->tree(), deep->tree());
    EXPECT_FALSE(Filter::from_tree(nested(kFilterDepth + 1)).ok());
    // Longer in its normal form than as it was written.
    std::string tight = "props.x in (1";
    while (tight.size() + 3 < kFilterBytes) tight += ",1";
    EXPECT_FALSE(Filter::parse(tight + ")").ok());
}

TEST(Filter, RefusesTreesThatCannotBe) {
    FilterNode leaf;
    leaf.kind = FilterNode::Kind::Compare;
    EXPECT_FALSE(Filter::from_tree(leaf).ok());  // = without a value
    leaf.values = {"a", "b"};
    EXPECT_FALSE(Filter::from_tree(leaf).ok());
    leaf.op = Operator::In;
    EXPECT_TRUE(Filter::from_tree(leaf).ok());
    leaf.values.clear();
    EXPECT_FALSE(Filter::from_tree(leaf).ok());
    leaf.values = {std::string("a\0b", 3)};
    EXPECT_FALSE(Filter::from_tree(leaf).ok());
    leaf.values = {"\xc3"};
    EXPECT_FALSE(Filter::from_tree(leaf).ok());
    leaf.op = Operator::Exists;
    leaf.values.clear();
    leaf.field.field = Field::Prop;
    EXPECT_FALSE(Filter::from_tree(leaf).ok());  // no name
    leaf.field.prop = "x";
    EXPECT_TRUE(Filter::from_tree(leaf).ok());
    leaf.field.field = Field::UserId;
    EXPECT_FALSE(Filter::from_tree(leaf).ok());  // a name too many
    FilterNode negation;
    negation.kind = FilterNode::Kind::Not;
    EXPECT_FALSE(Filter::from_tree(negation).ok());
}

TEST(Filter, WritesWhatNeedsQuotesInQuotes) {
    EXPECT_EQ(filter_of("event_type=\"a\"").text(), "event_type = a");
    EXPECT_EQ(filter_of("\"event_type\" = \"AND\"").text(), "event_type = \"AND\"");
    EXPECT_EQ(filter_of("props.x = \"a\\u0001\\\"\\\\\\n \\u00e9\"").text(),
              "props.x = \"a\\u0001\\\"\\\\\\n \xc3\xa9\"");
    EXPECT_EQ(filter_of("exists \"props.a b\" or props.y in (1,\"\",in2)").text(),
              "exists \"props.a b\" or props.y in (1, \"\", in2)");
    EXPECT_EQ(filter_of("bot = 1 or (bot = 2 or bot = 3) and not (not bot = 4)").text(),
              "bot = 1 or ((bot = 2 or bot = 3) and not not bot = 4)");
    EXPECT_EQ(filter_of("(bot = 1 and (bot = 2 and bot = 3))").text(), "bot = 1 and bot = 2 and bot = 3");
}

TEST(Filter, LooksAtEachFieldOnce) {
    const Filter filter = filter_of("bot = 1 or props.x = 1 or bot = 2 or not (props.x = 3 and props.y = 4)");
    ASSERT_EQ(filter.fields().size(), 3U);
    EXPECT_EQ(to_text(filter.fields()[1]), "props.x");
}

TEST(Filter, SaysWhatTheTypeAloneDecides) {
    const Filter filter = filter_of("event_type = purchase and props.amount > 100 or event_type in (a, b)");
    EXPECT_EQ(filter.decided_by_type("a"), true);
    EXPECT_EQ(filter.decided_by_type("x"), false);
    EXPECT_EQ(filter.decided_by_type("purchase"), std::nullopt);
    EXPECT_EQ(filter_of("not event_type = a").decided_by_type("b"), true);
    EXPECT_EQ(filter_of("bot = true or not bot = true").decided_by_type("b"), std::nullopt);
    const std::string_view values[] = {"purchase", {}};
    EXPECT_EQ(filter.decided_without_props(values), std::nullopt);
}

// Random trees, evaluated a second time in the plainest way.
class RandomFilters : public testing::Test {
protected:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    std::string value() {
        static const std::vector<std::string> values{"a",   "b", "1",   "1.0", "2",       "-3e2",
                                                     "and", "",  "x y", "\"",  "\xc3\xa9"};
        return values[below(values.size())];
    }
    FieldPath field() {
        static const std::vector<FieldPath> fields{
            {Field::EventType, {}}, {Field::UserId, {}}, {Field::Prop, "x"}, {Field::Prop, "a b"}};
        return fields[below(fields.size())];
    }
    FilterNode tree(int depth) {
        FilterNode node;
        const auto kind = static_cast<FilterNode::Kind>(depth == 0 ? 3 : below(4));
        node.kind = kind;
        if (kind == FilterNode::Kind::Compare) {
            node.field = field();
            node.op = static_cast<Operator>(below(11));
            const std::size_t count = node.op == Operator::Exists ? 0 : node.op == Operator::In ? 1 + below(4) : 1;
            for (std::size_t i = 0; i < count; ++i) node.values.push_back(value());
            return node;
        }
        const std::size_t children = kind == FilterNode::Kind::Not ? 1 : below(4);
        for (std::size_t i = 0; i < children; ++i) node.children.push_back(tree(depth - 1));
        return node;
    }
    static std::optional<double> number(const std::string& text) {
        char* end = nullptr;
        const double value = std::strtod(text.c_str(), &end);
        if (text.empty() || *end != '\0') return std::nullopt;
        return value;
    }
    static bool equal(const std::string& a, const std::string& b) {
        return number(a) && number(b) ? *number(a) == *number(b) : a == b;
    }
    static bool plain(const FilterNode& node, const Values& event) {
        const auto holds = [&event](const FilterNode& child) { return plain(child, event); };
        switch (node.kind) {
            case FilterNode::Kind::And:
                return std::all_of(node.children.begin(), node.children.end(), holds);
            case FilterNode::Kind::Or:
                return std::any_of(node.children.begin(), node.children.end(), holds);
            case FilterNode::Kind::Not:
                return !holds(node.children[0]);
            default:
                break;
        }
        const auto found = event.find(to_text(node.field));
        if (found == event.end() || found->second.empty()) return false;
        const std::string& v = found->second;
        if (node.op == Operator::Exists) return true;
        const std::string& l = node.values[0];
        switch (node.op) {
            case Operator::Equal:
                return equal(v, l);
            case Operator::NotEqual:
                return !equal(v, l);
            case Operator::In:
                return std::any_of(node.values.begin(), node.values.end(), [&v](const auto& x) { return equal(v, x); });
            case Operator::Contains:
                return v.find(l) != std::string::npos;
            case Operator::StartsWith:
                return v.starts_with(l);
            case Operator::EndsWith:
                return v.ends_with(l);
            default:
                break;
        }
        if (!number(v) || !number(l)) return false;
        const double a = *number(v), b = *number(l);
        return node.op == Operator::Less          ? a < b
               : node.op == Operator::LessOrEqual ? a <= b
               : node.op == Operator::Greater     ? a > b
                                                  : a >= b;
    }
    std::mt19937_64 random_{20'260'301};
};

TEST_F(RandomFilters, MeanWhatTheirTreesSayAndReadBackFromTheirText) {
    for (int round = 0; round < 4000; ++round) {
        const FilterNode written = tree(1 + static_cast<int>(below(4)));
        const Result<Filter> filter = Filter::from_tree(written);
        ASSERT_TRUE(filter.ok());
        const Result<Filter> again = Filter::parse(filter->text());
        ASSERT_TRUE(again.ok()) << filter->text() << again.error().describe();
        ASSERT_EQ(again->tree(), filter->tree()) << filter->text();
        ASSERT_EQ(again->text(), filter->text());
        for (int event = 0; event < 10; ++event) {
            const Values values{
                {"event_type", value()}, {"user_id", value()}, {"props.x", value()}, {"props.a b", value()}};
            const bool expected = plain(written, values);
            ASSERT_EQ(matches(*filter, values), expected) << filter->text();
            const std::optional<bool> known = filter->decided_by_type(values.at("event_type"));
            if (known) {
                ASSERT_EQ(*known, expected) << filter->text();
            }
        }
    }
}

TEST(FilterReader, ReadsEventsOfAProject) {
    EventView event;
    event.event_type = "purchase";
    event.user_id = "u1";
    event.props = R"({"n":null,"t":true,"amount":12.50,"s":"null","e":"","o":{"x":1},"plan":"a\u0062"})";
    event.occurred_at = Timestamp::from_seconds(1'772'366'400);
    event.bot = true;
    const auto holds = [&event](std::string_view text) {
        FilterReader reader(filter_of(text));
        const bool first = reader.matches(event, "shop");
        EXPECT_EQ(reader.matches(event, "shop"), first);
        return first;
    };
    EXPECT_TRUE(holds("props.amount = 12.5 and props.t = true and props.plan = ab and project = shop"));
    EXPECT_TRUE(holds("bot = true and schema_version = 1 and occurred_at = \"2026-03-01T12:00:00Z\""));
    EXPECT_TRUE(holds("props.s = null"));
    EXPECT_TRUE(holds("user_id = u1 or props.none = 1"));
    EXPECT_TRUE(holds(""));
    for (const char* absent : {"exists props.n", "exists props.e", "exists props.o", "exists session_id"})
        EXPECT_FALSE(holds(absent)) << absent;
    EXPECT_FALSE(holds("user_id = u2 and props.amount > 1"));
}

}  // namespace
}  // namespace streamgauge
