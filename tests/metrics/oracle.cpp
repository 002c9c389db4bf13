// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/oracle.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

namespace streamgauge::oracle {
namespace {

// ---- props ---------------------------------------------------------------------------------------------------------

// Takes one top-level member out of a document as it is written. Of members of the same name the first counts.
class MemberReader : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit MemberReader(std::string wanted) : wanted_(std::move(wanted)) {}
    std::string text;

    bool null() override { return take(""); }
    bool boolean(bool value) override { return take(value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override { return take(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return take(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& written) override { return take(written); }
    bool string(string_t& value) override { return take(value); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return enter(); }
    bool start_array(std::size_t) override { return enter(); }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool key(string_t& name) override {
        here_ = depth_ == 1 && name == wanted_ && !taken_;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
    bool take(std::string value) {
        if (here_ && depth_ == 1) {
            text = std::move(value);
            taken_ = true;
            here_ = false;
        }
        return true;
    }
    bool enter() {
        if (here_ && depth_ == 1) {
            taken_ = true;  // an object or a list is no value
            here_ = false;
        }
        ++depth_;
        return true;
    }
    bool leave() {
        --depth_;
        return true;
    }
    std::string wanted_;
    int depth_ = 0;
    bool here_ = false, taken_ = false;
};

std::string member_of(const std::string& props, const std::string& name) {
    MemberReader reader(name);
    nlohmann::json::sax_parse(props, &reader);
    return reader.text;
}

std::string time_text(std::int64_t micros) {
    std::int64_t seconds = micros / 1'000'000, rest = micros % 1'000'000;
    if (rest < 0) {
        rest += 1'000'000;
        --seconds;
    }
    const std::time_t t = seconds;
    std::tm parts{};
    gmtime_r(&t, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::string out = text;
    if (rest != 0) {
        char fraction[16];
        if (rest % 1000 == 0)
            std::snprintf(fraction, sizeof fraction, ".%03d", static_cast<int>(rest / 1000));
        else
            std::snprintf(fraction, sizeof fraction, ".%06d", static_cast<int>(rest));
        out += fraction;
    }
    return out + "Z";
}

// ---- exact numbers -------------------------------------------------------------------------------------------------

// A decimal number as sign, digits and the power of ten of the last digit.
struct Decimal {
    bool negative = false;
    std::string digits;  // without leading zeros; empty: 0
    long exponent = 0;
};

std::optional<Decimal> decimal_of(const std::string& text) {
    Decimal d;
    std::size_t i = 0;
    const auto digit = [&] { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) d.negative = text[i++] == '-';
    while (digit()) d.digits += text[i++];
    if (i < text.size() && text[i] == '.') {
        ++i;
        while (digit()) {
            d.digits += text[i++];
            --d.exponent;
        }
    }
    if (d.digits.empty()) return std::nullopt;
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        bool down = false;
        if (i < text.size() && (text[i] == '-' || text[i] == '+')) down = text[i++] == '-';
        if (!digit()) return std::nullopt;
        long e = 0;
        while (digit()) e = std::min(e * 10 + (text[i++] - '0'), 1'000'000L);
        d.exponent += down ? -e : e;
    }
    if (i != text.size()) return std::nullopt;
    d.digits.erase(0, d.digits.find_first_not_of('0'));
    while (!d.digits.empty() && d.digits.back() == '0') {
        d.digits.pop_back();
        ++d.exponent;
    }
    if (d.digits.empty()) return Decimal{};
    return d;
}

int compare_magnitude(const Decimal& a, const Decimal& b) {
    const long size_a = static_cast<long>(a.digits.size()) + a.exponent;
    const long size_b = static_cast<long>(b.digits.size()) + b.exponent;
    if (a.digits.empty() || b.digits.empty())
        return static_cast<int>(!a.digits.empty()) - static_cast<int>(!b.digits.empty());
    if (size_a != size_b) return size_a < size_b ? -1 : 1;
    return a.digits.compare(b.digits) < 0 ? -1 : a.digits == b.digits ? 0 : 1;
}

int compare_numbers(const Decimal& a, const Decimal& b) {
    if (a.negative != b.negative) return a.negative ? -1 : 1;
    return a.negative ? -compare_magnitude(a, b) : compare_magnitude(a, b);
}

// "2026-01-31T12:00:00Z" and with a fraction: what the streams of these tests compare times with.
std::optional<std::int64_t> instant_of(const std::string& text) {
    std::tm parts{};
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) return std::nullopt;
    std::int64_t micros = 0;
    if (*rest == '.') {
        std::int64_t unit = 100'000;
        for (++rest; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10) micros += (*rest - '0') * unit;
    }
    if (std::string(rest) != "Z") return std::nullopt;
    return timegm(&parts) * std::int64_t{1'000'000} + micros;
}

// ---- zones ---------------------------------------------------------------------------------------------------------

// The C library's idea of a zone, one at a time.
void use_zone(const std::string& name) {
    static std::string current = "-";
    if (current == name) return;
    setenv("TZ", (":" + name).c_str(), 1);
    tzset();
    current = name;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
}

// Days since 1970-01-01 of the local date at `seconds`.
std::int64_t local_day(std::int64_t seconds) {
    const std::time_t t = seconds;
    std::tm parts{};
    localtime_r(&t, &parts);
    parts.tm_hour = 12;
    parts.tm_min = parts.tm_sec = 0;
    return floor_div(timegm(&parts), 86'400);
}

// The first second whose local date is `day` or later.
std::int64_t day_start(const std::string& zone, std::int64_t day) {
    static std::map<std::pair<std::string, std::int64_t>, std::int64_t> known;
    const auto found = known.find({zone, day});
    if (found != known.end()) return found->second;
    use_zone(zone);
    // Zones are at most 15 hours from UTC; Monrovia's day began 30 s past the minute until 1972.
    std::int64_t at = day * 86'400 - 15 * 3'600;
    while (local_day(at) < day) at += 60;
    while (local_day(at - 1) >= day) --at;
    known[{zone, day}] = at;
    return at;
}

// ---- filters -------------------------------------------------------------------------------------------------------

bool compare(const FilterNode& leaf, const Event& event) {
    const std::string left = field_of(leaf.field, event);
    if (leaf.op == Operator::Exists) return !left.empty();
    if (left.empty()) return false;
    const auto equal = [&left](const std::string& right) {
        const auto a = decimal_of(left), b = decimal_of(right);
        return a && b ? compare_numbers(*a, *b) == 0 : left == right;
    };
    const std::string& right = leaf.values.at(0);
    switch (leaf.op) {
        case Operator::Equal:
            return equal(right);
        case Operator::NotEqual:
            return !equal(right);
        case Operator::In:
            return std::any_of(leaf.values.begin(), leaf.values.end(), equal);
        case Operator::Contains:
            return left.find(right) != std::string::npos;
        case Operator::StartsWith:
            return left.substr(0, right.size()) == right;
        case Operator::EndsWith:
            return left.size() >= right.size() && left.substr(left.size() - right.size()) == right;
        default:
            break;
    }
    int order = 0;
    if (leaf.field.field == Field::OccurredAt || leaf.field.field == Field::ReceivedAt) {
        const auto a = instant_of(left), b = instant_of(right);
        if (!a || !b) return false;
        order = *a < *b ? -1 : *a > *b ? 1 : 0;
    } else {
        const auto a = decimal_of(left), b = decimal_of(right);
        if (!a || !b) return false;
        order = compare_numbers(*a, *b);
    }
    switch (leaf.op) {
        case Operator::Less:
            return order < 0;
        case Operator::LessOrEqual:
            return order <= 0;
        case Operator::Greater:
            return order > 0;
        default:
            return order >= 0;
    }
}

}  // namespace

bool matches(const FilterNode& filter, const Event& event) {
    const auto child = [&event](const FilterNode& node) { return matches(node, event); };
    switch (filter.kind) {
        case FilterNode::Kind::And:
            return std::all_of(filter.children.begin(), filter.children.end(), child);
        case FilterNode::Kind::Or:
            return std::any_of(filter.children.begin(), filter.children.end(), child);
        case FilterNode::Kind::Not:
            return !child(filter.children.at(0));
        case FilterNode::Kind::Compare:
            break;
    }
    return compare(filter, event);
}

std::string field_of(const FieldPath& path, const Event& event) {
    switch (path.field) {
        case Field::EventType:
            return event.event_type;
        case Field::UserId:
            return event.user_id;
        case Field::SessionId:
            return event.session_id;
        case Field::PageUrl:
            return event.page_url;
        case Field::EventId:
            return event.event_id;
        case Field::Project:
            return event.project;
        case Field::SchemaVersion:
            return std::to_string(event.schema_version);
        case Field::Bot:
            return event.bot ? "true" : "false";
        case Field::OccurredAt:
            return time_text(event.occurred_at);
        case Field::ReceivedAt:
            return time_text(event.received_at);
        case Field::Prop:
            break;
    }
    return member_of(event.props, path.prop);
}

bool number_of(const std::string& text, std::int64_t& micros) {
    const std::optional<Decimal> d = decimal_of(text);
    if (!d) return false;
    if (d->digits.empty()) {
        micros = 0;
        return true;
    }
    const long size = static_cast<long>(d->digits.size()) + d->exponent;  // digits before the point
    if (size > 10) return false;
    Wide value = 0;
    long place = size - 1;  // power of ten of the digit at hand
    int next = 0;           // the digit behind the sixth of the fraction
    for (const char c : d->digits) {
        if (place >= -6)
            value = value * 10 + (c - '0');
        else if (place == -7)
            next = c - '0';
        --place;
    }
    for (; place >= -6; --place) value *= 10;
    if (next >= 5) ++value;
    if (value > static_cast<Wide>(1'000'000'000) * 1'000'000) return false;
    micros = static_cast<std::int64_t>(d->negative ? -value : value);
    return true;
}

std::pair<std::int64_t, std::int64_t> window_of(std::int64_t width, const std::string& timezone, std::int64_t at) {
    if (width == 0) return {kNoWindow, INT64_MAX};
    if (timezone.empty() || timezone == "UTC") {
        const std::int64_t start = floor_div(at, width) * width;
        return {start, start + width};
    }
    const std::int64_t days = width / (86'400LL * 1'000'000);
    use_zone(timezone);
    const std::int64_t seconds = floor_div(at, 1'000'000);
    std::int64_t first = floor_div(local_day(seconds), days) * days;
    // Where clocks are set back over midnight the day has begun all the same; where a date is left out its window is
    // empty.
    while (day_start(timezone, first + days) <= seconds) first += days;
    return {day_start(timezone, first) * 1'000'000, day_start(timezone, first + days) * 1'000'000};
}

std::int64_t percentile(const std::vector<std::int64_t>& sorted, double q) {
    return sorted.at(static_cast<std::size_t>(std::floor(q * static_cast<double>(sorted.size() - 1))));
}

std::vector<Event> without_repeats(const std::vector<Event>& sent) {
    std::set<std::pair<std::string, std::string>> seen;
    std::vector<Event> log;
    for (const Event& event : sent)
        if (seen.emplace(event.project, event.event_id).second) log.push_back(event);
    return log;
}

Results evaluate(const Metric& metric, const std::vector<Event>& log) {
    Results results;
    bool any = false;
    const auto gone = [&results](const Tier& tier, std::int64_t end) {
        return tier.retention_micros != 0 && tier.window_micros != 0 &&
               results.log_clock - end >= tier.retention_micros;
    };
    for (const Event& event : log) {
        const std::int64_t activity = std::min(event.occurred_at, event.received_at);
        results.log_clock = any ? std::max(results.log_clock, event.received_at) : event.received_at;
        results.watermark = any ? std::max(results.watermark, activity) : activity;
        any = true;
        if (event.project == "_system") {
            ++results.system;
            continue;
        }
        if (!matches(metric.where, event)) continue;

        std::int64_t number = 0;
        std::string text;
        bool has_value = true;
        switch (metric.aggregate) {
            case Aggregate::Count:
                break;
            case Aggregate::Gauge:
                number = static_cast<int>(matches(metric.plus, event)) - static_cast<int>(matches(metric.minus, event));
                if (number == 0) continue;
                break;
            case Aggregate::Sum:
            case Aggregate::Min:
            case Aggregate::Max:
            case Aggregate::Avg:
            case Aggregate::Percentile:
                has_value = std::any_of(metric.of.begin(), metric.of.end(), [&](const FieldPath& path) {
                    return number_of(field_of(path, event), number);
                });
                break;
            case Aggregate::Last:
            case Aggregate::Distinct:
            case Aggregate::TopK:
                for (const FieldPath& path : metric.of) {
                    text = field_of(path, event);
                    if (!text.empty()) break;
                }
                has_value = !text.empty();
                break;
        }

        const std::int64_t at = metric.time == TimeBasis::Occurred ? event.occurred_at : activity;
        std::string group = event.project;
        for (const FieldPath& path : metric.group_by) group += '\0' + field_of(path, event);
        bool kept = false;
        for (std::size_t tier = 0; tier < metric.tiers.size(); ++tier) {
            const auto [start, end] = window_of(metric.tiers[tier].window_micros, metric.timezone, at);
            if (gone(metric.tiers[tier], end)) continue;
            kept = true;
            if (!has_value) continue;
            const bool late = end != INT64_MAX && results.watermark >= end + metric.allowed_lateness_micros;
            Row& row = results.rows[{static_cast<int>(tier), start, group}];
            if (late) ++row.late;
            row.smallest = row.count == 0 ? number : std::min(row.smallest, number);
            row.largest = row.count == 0 ? number : std::max(row.largest, number);
            if (row.count == 0 || at >= row.last_at) {
                row.last_at = at;
                row.last = text;
            }
            ++row.count;
            row.sum += number;
            if (!text.empty()) ++row.values[text];
            if (metric.aggregate == Aggregate::Percentile) row.numbers.push_back(number);
        }
        if (!kept) ++results.too_late;
    }
    std::erase_if(results.rows, [&](const auto& row) {
        const auto& [tier, start, group] = row.first;
        const Tier& kept = metric.tiers[static_cast<std::size_t>(tier)];
        if (kept.window_micros == 0) return false;
        return gone(kept, window_of(kept.window_micros, metric.timezone, start).second);
    });
    for (auto& [key, row] : results.rows) std::sort(row.numbers.begin(), row.numbers.end());
    return results;
}

}  // namespace streamgauge::oracle
