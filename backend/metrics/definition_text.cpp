// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/definition_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/time_text.h"
#include "base/wrong_field.h"
#include "metrics/filter_parser.h"

namespace streamgauge {
namespace {

constexpr std::array<std::string_view, 10> kNames{"count", "sum",   "min",      "max",  "avg",
                                                  "last",  "gauge", "distinct", "topk", "p"};
constexpr std::string_view kExpected =
    "expected count, sum(FIELD), min, max, avg, last, distinct, topk, p50(FIELD) to p99.9(FIELD), or "
    "gauge(FILTER; FILTER)";

Error fault(std::size_t offset, std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.offset = offset;
    return error;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return text.substr(text.size());
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// Where `c` stands outside double quotes, from `from` on; npos where it does not.
std::size_t find_outside_quotes(std::string_view text, char c, std::size_t from) {
    bool quoted = false;
    for (std::size_t i = from; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && text[i] == c) {
            return i;
        }
    }
    return std::string_view::npos;
}

// The number of "p99.9", 0 < p < 100, of at most six digits behind the point.
std::optional<double> percentile_of(std::string_view digits) {
    double value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, failed] = std::from_chars(digits.data(), end, value, std::chars_format::fixed);
    if (failed != std::errc{} || stop != end || digits.size() > 9 || !(value > 0 && value < 100)) return std::nullopt;
    return value;
}

std::string percentile_text(double percentile) {
    std::array<char, 32> digits{};
    const auto [end, failed] =
        std::to_chars(digits.data(), digits.data() + digits.size(), percentile, std::chars_format::fixed);
    return failed == std::errc{} ? std::string(digits.data(), end) : std::string();
}

// One field, by the filter language's own reader.
Result<FieldPath> read_field(std::string_view text, std::size_t offset) {
    constexpr std::string_view kQuestion = "exists ";
    Result<FilterNode> read = parse_filter(std::string(kQuestion).append(text));
    if (!read) {
        Error error = read.error();
        const std::size_t at = static_cast<std::size_t>(error.offset.value_or(0));
        error.offset = offset + std::min(text.size(), at > kQuestion.size() ? at - kQuestion.size() : 0);
        if (trimmed(text).empty()) error.message = "expected a field";
        return error;
    }
    if (read->kind != FilterNode::Kind::Compare) return fault(offset, "expected a field");
    return std::move(read->field);
}

Result<Filter> read_filter(std::string_view text, std::size_t offset) {
    Result<Filter> filter = Filter::parse(text);
    if (filter) return filter;
    Error error = filter.error();
    error.offset = offset + static_cast<std::size_t>(error.offset.value_or(0));
    return error;
}

Result<AggregateParts> read_gauge(std::string_view inner, std::size_t offset) {
    AggregateParts parts;
    parts.aggregate = Aggregate::Gauge;
    const std::size_t end = find_outside_quotes(inner, ';', 0);
    if (end == std::string_view::npos)
        return fault(offset + inner.size(), "expected ; and a filter of the events that count down");
    Result<Filter> plus = read_filter(inner.substr(0, end), offset);
    if (!plus) return plus.error();
    Result<Filter> minus = read_filter(inner.substr(end + 1), offset + end + 1);
    if (!minus) return minus.error();
    parts.plus = std::move(plus).value();
    parts.minus = std::move(minus).value();
    return parts;
}

bool is_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto later = [&letter](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
    return !name.empty() && name.size() <= kMetricNameBytes && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), later);
}

Status check_tier(const MetricDefinition& definition, std::size_t i, const std::string& at) {
    const Tier& tier = definition.tiers[i];
    const std::string window = at + ".window", retention = at + ".retention";
    if (tier.window_micros == 0) {
        if (definition.tiers.size() > 1) return wrong_field(window, "a metric with the window all has no other tier");
        if (tier.retention_micros != 0) return wrong_field(retention, "the window all is kept forever");
        return {};
    }
    if (tier.window_micros < kShortestWindowMicros) return wrong_field(window, "a window has at least 10s");
    if (tier.window_micros > 366 * kDayMicros) return wrong_field(window, "a window has at most 366d");
    if (tier.window_micros % kSecondMicros != 0 ||
        (tier.window_micros > kDayMicros && tier.window_micros % kDayMicros != 0))
        return wrong_field(window, "a window is a whole number of seconds, beyond 1d of days");
    if (tier.retention_micros < 0 ||
        (tier.retention_micros != 0 &&
         tier.retention_micros < std::max(tier.window_micros, definition.allowed_lateness_micros)))
        return wrong_field(retention, "a window is kept for at least its own length and the allowed lateness");
    if (i == 0) return {};
    const Tier& finer = definition.tiers[i - 1];
    if (tier.window_micros <= finer.window_micros || tier.window_micros % finer.window_micros != 0)
        return wrong_field(window, "each tier's window is a whole number of windows of the tier before it: " +
                                       window_text(tier.window_micros) + " is none of " +
                                       window_text(finer.window_micros));
    if (tier.retention_micros != 0 && (finer.retention_micros == 0 || tier.retention_micros < finer.retention_micros))
        return wrong_field(retention, "wider windows are kept for at least as long as finer ones");
    return {};
}

Status check_tiers(const MetricDefinition& definition) {
    if (definition.tiers.empty()) return wrong_field("window", "is missing");
    if (definition.tiers.size() > kMostTiers)
        return wrong_field("tiers", "a metric has at most " + std::to_string(kMostTiers) + " tiers");
    for (std::size_t i = 0; i < definition.tiers.size(); ++i)
        if (Status tier = check_tier(definition, i, "tiers[" + std::to_string(i) + "]"); !tier) return tier;
    if (definition.aggregate == Aggregate::Gauge && definition.tiers.size() > 1)
        return wrong_field("tiers",
                           "a gauge has one tier: levels of narrower windows do not add up to those of wider ones");
    if (definition.timezone.empty()) return {};
    if (definition.tiers.size() > 1) return wrong_field("tiers", "a metric with a time zone has one tier");
    const Result<Windows> windows = Windows::make(definition.tiers.front().window_micros, definition.timezone);
    if (windows) return {};
    Error error = windows.error();
    error.field = "timezone";
    return error;
}

Status check_fields(const MetricDefinition& definition) {
    const std::vector<FieldPath>& groups = definition.group_by;
    if (groups.size() > kMostGroupFields)
        return wrong_field("group_by",
                           "a metric has at most " + std::to_string(kMostGroupFields) + " fields to group by");
    for (std::size_t i = 0; i < groups.size(); ++i)
        if (std::find(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(i), groups[i]) !=
            groups.begin() + static_cast<std::ptrdiff_t>(i))
            return wrong_field("group_by[" + std::to_string(i) + "]", to_text(groups[i]) + " is there twice");
    const bool takes_field = definition.aggregate != Aggregate::Count && definition.aggregate != Aggregate::Gauge;
    if (takes_field == definition.of.empty() || definition.of.size() > kMostAggregateFields)
        return wrong_field(
            "aggregate", takes_field ? "the aggregate takes one to " + std::to_string(kMostAggregateFields) + " fields"
                                     : "the aggregate takes no field");
    if (definition.aggregate == Aggregate::Percentile && !(definition.percentile > 0 && definition.percentile < 100))
        return wrong_field("aggregate", "a percentile lies between 0 and 100");
    return {};
}

}  // namespace

Result<AggregateParts> parse_aggregate(std::string_view whole) {
    const std::string_view text = trimmed(whole);
    const std::size_t begin = static_cast<std::size_t>(text.data() - whole.data());
    AggregateParts parts;
    if (text == "count" || text == "count()") return parts;
    const std::size_t open = text.find('(');
    const std::string_view name = trimmed(text.substr(0, open));
    const std::optional<double> percentile =
        name.starts_with('p') ? percentile_of(name.substr(1)) : std::optional<double>();
    const auto known = std::find(kNames.begin() + 1, kNames.end() - 1, name);
    if (!percentile && known == kNames.end() - 1) return fault(begin, std::string(kExpected));
    if (open == std::string_view::npos)
        return fault(begin + text.size(), "expected ( and what " + std::string(name) + " is taken of");
    if (text.back() != ')') return fault(begin + text.size(), "expected )");
    const std::string_view inner = text.substr(open + 1, text.size() - open - 2);
    const std::size_t inner_begin = begin + open + 1;
    if (name == "gauge") return read_gauge(inner, inner_begin);

    if (percentile) {
        parts.aggregate = Aggregate::Percentile;
        parts.percentile = *percentile;
    } else {
        parts.aggregate = static_cast<Aggregate>(known - kNames.begin());
    }
    for (std::size_t at = 0; at <= inner.size();) {
        const std::size_t end = std::min(find_outside_quotes(inner, '|', at), inner.size());
        Result<FieldPath> field = read_field(inner.substr(at, end - at), inner_begin + at);
        if (!field) return field.error();
        if (parts.of.size() == kMostAggregateFields)
            return fault(inner_begin + at, "at most " + std::to_string(kMostAggregateFields) + " fields");
        parts.of.push_back(std::move(field).value());
        at = end + 1;
    }
    return parts;
}

std::string aggregate_text(Aggregate aggregate, const std::vector<FieldPath>& of, double percentile, const Filter& plus,
                           const Filter& minus) {
    std::string out(kNames[static_cast<std::size_t>(aggregate)]);
    if (aggregate == Aggregate::Count) return out;
    if (aggregate == Aggregate::Gauge) return out + "(" + plus.text() + "; " + minus.text() + ")";
    if (aggregate == Aggregate::Percentile) out += percentile_text(percentile);
    out += '(';
    for (std::size_t i = 0; i < of.size(); ++i) {
        if (i > 0) out += '|';
        append_value(out, to_text(of[i]));
    }
    return out + ')';
}

std::string aggregate_text(const MetricDefinition& definition) {
    return aggregate_text(definition.aggregate, definition.of, definition.percentile, definition.plus,
                          definition.minus);
}

std::vector<Tier> usual_tiers(std::int64_t window_micros, std::optional<std::int64_t> retention_micros, bool only_one) {
    const auto usual = [](std::int64_t window) -> std::int64_t {
        if (window == 0 || window >= kDayMicros) return 0;
        if (window >= kHourMicros) return 90 * kDayMicros;
        return window >= kMinuteMicros ? 14 * kDayMicros : kDayMicros;
    };
    std::vector<Tier> tiers{{window_micros, retention_micros.value_or(usual(window_micros))}};
    if (window_micros == 0 || only_one) return tiers;
    for (const std::int64_t wider : {kMinuteMicros, kHourMicros, kDayMicros}) {
        const Tier& finer = tiers.back();
        if (wider <= finer.window_micros || wider % finer.window_micros != 0) continue;
        const std::int64_t kept = usual(wider);
        tiers.push_back({wider, finer.retention_micros == 0 || kept == 0 ? 0 : std::max(kept, finer.retention_micros)});
    }
    return tiers;
}

std::string window_text(std::int64_t micros) {
    return micros == 0 ? "all" : format_span(micros);
}

Result<std::int64_t> parse_window(std::string_view text) {
    if (text == "all") return std::int64_t{0};
    return parse_span(text);
}

std::string retention_text(std::int64_t micros) {
    return micros == 0 ? "forever" : format_span(micros);
}

Result<std::int64_t> parse_retention(std::string_view text) {
    if (text == "forever") return std::int64_t{0};
    return parse_span(text);
}

Status check(const MetricDefinition& definition) {
    if (!is_name(definition.name))
        return wrong_field("name", "a metric's name has 1 to " + std::to_string(kMetricNameBytes) +
                                       " letters, digits and _ . -, and begins with a letter or _");
    if (definition.name == "daily" || definition.name == "validate")
        return wrong_field("name", definition.name + " is a path of the REST interface; choose another name");
    if (definition.description.size() > kMetricDescriptionBytes)
        return wrong_field("description", "has at most " + std::to_string(kMetricDescriptionBytes) + " bytes");
    if (definition.unit.size() > kMetricUnitBytes)
        return wrong_field("unit", "has at most " + std::to_string(kMetricUnitBytes) + " bytes");
    if (definition.allowed_lateness_micros < 0 || definition.allowed_lateness_micros > kLongestLatenessMicros)
        return wrong_field("allowed_lateness", "is 0s to 7d");
    if (Status tiers = check_tiers(definition); !tiers) return tiers;
    if (Status fields = check_fields(definition); !fields) return fields;
    if (!is_set(definition.aggregate) && definition.exact_budget != 0)
        return wrong_field("exact_budget", "only distinct, topk and percentiles keep values");
    return {};
}

std::string results_text(const MetricDefinition& definition) {
    const double percentile =
        definition.aggregate == Aggregate::Percentile ? 50 : 0;  // which one is asked does not matter
    std::string text =
        aggregate_text(definition.aggregate, definition.of, percentile, definition.plus, definition.minus);
    text += " where " + definition.where.text() + " by";
    for (const FieldPath& field : definition.group_by) text += ' ' + to_text(field);
    text += " in";
    for (const Tier& tier : definition.tiers)
        text += ' ' + std::to_string(tier.window_micros) + '/' + std::to_string(tier.retention_micros);
    text += " zone " + definition.timezone;
    text += definition.time == TimeBasis::Activity ? " activity" : " occurred";
    text += " lateness " + std::to_string(definition.allowed_lateness_micros);
    return text + " budget " + std::to_string(definition.exact_budget);
}

bool same_results(const MetricDefinition& a, const MetricDefinition& b) {
    // What is compared as text alone could be made to look alike by the names of fields.
    return a.group_by == b.group_by && a.of == b.of && results_text(a) == results_text(b);
}

}  // namespace streamgauge
