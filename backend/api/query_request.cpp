// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/query_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "api/json_writer.h"
#include "base/time_text.h"
#include "metrics/definition_text.h"
#include "query/steps.h"
#include "schema/schema_document.h"

namespace streamgauge::api {
namespace {

using nlohmann::json;

constexpr std::size_t kDepth = kFilterDepth + 8;
constexpr std::array<std::string_view, 20> kMembers{
    "metric", "metrics", "aggregate",   "time", "project", "from",    "to",     "step",    "timezone", "group_by",
    "filter", "order",   "percentiles", "top",  "limit",   "compare", "cursor", "explain", "funnel",   "retention"};
constexpr std::array<std::string_view, 11> kOperators{
    "=", "!=", "<", "<=", ">", ">=", "contains", "starts_with", "ends_with", "in", "exists"};

Error wrong(std::string field, std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, field.empty() ? message : field + " " + message);
    error.field = std::move(field);
    return error;
}

std::string listed(const auto& names) {
    std::string all;
    for (const std::string_view name : names) all.append(all.empty() ? "" : ", ").append(name);
    return all;
}

// As a filter's text has it: numbers as JSON writes them.
std::optional<std::string> value_text(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    return std::nullopt;
}

class FilterTree {
public:
    Result<FilterNode> read(const json& value, const std::string& at) {
        if (!value.is_object()) return wrong(at, "must be an object, or a text in the language of filters");
        for (const std::string_view joint : {"and", "or"})
            if (const auto found = value.find(joint); found != value.end()) return join(value, *found, joint, at);
        if (const auto found = value.find("not"); found != value.end()) {
            if (value.size() != 1) return wrong(at, "has more members than not");
            Result<FilterNode> inner = read(*found, at + ".not");
            if (!inner) return inner;
            FilterNode node;
            node.kind = FilterNode::Kind::Not;
            node.children.push_back(*std::move(inner));
            return node;
        }
        return compare(value, at);
    }

private:
    Result<FilterNode> join(const json& object, const json& parts, std::string_view joint, const std::string& at) {
        const std::string here = at + "." + std::string(joint);
        if (object.size() != 1) return wrong(at, "has more members than " + std::string(joint));
        if (!parts.is_array()) return wrong(here, "must be an array of filters");
        FilterNode node;
        node.kind = joint == "and" ? FilterNode::Kind::And : FilterNode::Kind::Or;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (++nodes_ > kFilterNodes) return wrong(here, "has too many parts");
            Result<FilterNode> part = read(parts[i], here + "[" + std::to_string(i) + "]");
            if (!part) return part;
            node.children.push_back(*std::move(part));
        }
        return node;
    }
    static Result<FilterNode> compare(const json& object, const std::string& at) {
        FilterNode node;
        node.kind = FilterNode::Kind::Compare;
        for (const auto& [name, value] : object.items())
            if (name != "field" && name != "op" && name != "value")
                return wrong(at + "." + name, "is no member; there are field, op, value, and, or, not");
        const auto field = object.find("field");
        if (field == object.end() || !field->is_string()) return wrong(at + ".field", "must be the name of a field");
        Result<FieldPath> path = parse_field(field->get<std::string>());
        if (!path) return wrong(at + ".field", "is none: " + path.error().message);
        node.field = *std::move(path);
        const auto op = object.find("op");
        const std::string word = op == object.end() ? "=" : op->is_string() ? op->get<std::string>() : std::string();
        const auto known = std::find(kOperators.begin(), kOperators.end(), word);
        if (known == kOperators.end()) return wrong(at + ".op", "must be one of " + listed(kOperators));
        node.op = static_cast<Operator>(known - kOperators.begin());
        const auto value = object.find("value");
        if (node.op == Operator::Exists) {
            if (value != object.end()) return wrong(at + ".value", "has no meaning with exists");
            return node;
        }
        if (value == object.end()) return wrong(at + ".value", "is missing");
        if (node.op == Operator::In) {
            if (!value->is_array() || value->empty()) return wrong(at + ".value", "must be an array of values");
            for (const json& one : *value) {
                auto text = value_text(one);
                if (!text) return wrong(at + ".value", "must be texts, numbers, true or false");
                node.values.push_back(*std::move(text));
            }
            return node;
        }
        auto text = value_text(*value);
        if (!text) return wrong(at + ".value", "must be a text, a number, true or false");
        node.values.push_back(*std::move(text));
        return node;
    }

    std::size_t nodes_ = 0;
};

// The members of an object. The first fault is kept, everything after it reads as missing.
class Members {
public:
    // `loose`: from query parameters, where everything is text.
    Members(const json& object, std::string prefix, bool loose)
        : object_(object), prefix_(std::move(prefix)), loose_(loose) {}

    template <class Names>
    void know_only(const Names& names) {
        if (!object_.is_object()) return fail("", "must be an object");
        for (const auto& [name, value] : object_.items())
            if (std::find(std::begin(names), std::end(names), name) == std::end(names))
                return fail(name, "is no member; there are " + listed(names));
    }
    bool has(const char* name) const { return find(name) != nullptr; }
    const json* find(const char* name) const {
        if (fault_ || !object_.is_object()) return nullptr;
        const auto found = object_.find(name);
        return found == object_.end() ? nullptr : &*found;
    }

    std::string text(const char* name) {
        const json* const found = find(name);
        if (found == nullptr) return {};
        if (!found->is_string()) return fail(name, "must be a text"), std::string();
        std::string value = found->get<std::string>();
        if (value.find('\0') != std::string::npos) return fail(name, "must not contain U+0000"), std::string();
        return value;
    }
    std::optional<Timestamp> instant(const char* name, Timestamp now) {
        const json* const found = find(name);
        if (found == nullptr) return std::nullopt;
        Result<Timestamp> time = wrong("", "");
        if (found->is_number_integer()) {
            time = timestamp_from_epoch(found->get<std::int64_t>());
        } else if (found->is_number()) {
            time = timestamp_from_epoch(found->get<double>());
        } else {
            const std::string value = text(name);
            if (fault_) return std::nullopt;
            time = parse_instant(value, now);
        }
        if (time.ok()) return *time;
        fail(name, "is no point in time: " + time.error().message);
        return std::nullopt;
    }
    std::int64_t span(const char* name, std::int64_t fallback) {
        if (!has(name)) return fallback;
        const std::string value = text(name);
        if (fault_) return fallback;
        const Result<std::int64_t> span = parse_span(value);
        if (!span) fail(name, "is wrong: " + span.error().message);
        return span.ok() ? *span : fallback;
    }
    std::size_t number(const char* name, std::size_t fallback, std::size_t most) {
        const json* const found = find(name);
        if (found == nullptr) return fallback;
        std::uint64_t value = 0;
        bool right = found->is_number_unsigned();
        if (right) {
            value = found->get<std::uint64_t>();
        } else if (loose_ && found->is_string()) {
            const std::string& digits = found->get_ref<const std::string&>();
            const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
            right = failed == std::errc{} && end == digits.data() + digits.size();
        }
        if (!right || value < 1 || value > most) {
            fail(name, "must be a whole number from 1 to " + std::to_string(most));
            return fallback;
        }
        return static_cast<std::size_t>(value);
    }
    bool flag(const char* name) {
        const json* const found = find(name);
        if (found == nullptr) return false;
        if (found->is_boolean()) return found->get<bool>();
        if (*found == "true" || *found == "1" || *found == 1) return true;
        if (!(*found == "false" || *found == "0" || *found == 0)) fail(name, "must be true or false");
        return false;
    }
    std::vector<json> list(const char* name) {
        const json* const found = find(name);
        if (found == nullptr) return {};
        if (found->is_array()) return {found->begin(), found->end()};
        if (!loose_ || !found->is_string()) return fail(name, "must be an array"), std::vector<json>();
        std::vector<json> out;
        for (std::string_view rest = found->get_ref<const std::string&>();;) {
            const std::size_t comma = rest.find(',');
            out.emplace_back(std::string(rest.substr(0, comma)));
            if (comma == std::string_view::npos) return out;
            rest.remove_prefix(comma + 1);
        }
    }
    std::vector<std::string> texts(const char* name, std::size_t most) {
        std::vector<std::string> out;
        const std::vector<json> all = list(name);
        if (all.size() > most) return fail(name, "has more than " + std::to_string(most) + " parts"), out;
        for (const json& one : all) {
            if (!one.is_string()) return fail(name, "must be an array of texts"), out;
            out.push_back(one.get<std::string>());
        }
        return out;
    }
    std::vector<double> numbers(const char* name) {
        std::vector<double> out;
        for (const json& one : list(name)) {
            double value = 0;
            bool right = one.is_number();
            if (right) {
                value = one.get<double>();
            } else if (loose_ && one.is_string()) {
                const std::string& digits = one.get_ref<const std::string&>();
                const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
                right = failed == std::errc{} && end == digits.data() + digits.size();
            }
            if (!right) return fail(name, "must be numbers"), out;
            out.push_back(value);
        }
        return out;
    }
    FieldPath field(const char* name, FieldPath fallback) {
        if (!has(name)) return fallback;
        const std::string value = text(name);
        if (fault_) return fallback;
        Result<FieldPath> path = parse_field(value);
        if (path.ok()) return *std::move(path);
        fail(name, "is no field: " + path.error().message);
        return fallback;
    }
    std::vector<FieldPath> fields(const char* name) {
        std::vector<FieldPath> out;
        for (const std::string& one : texts(name, kMostGroupFields)) {
            Result<FieldPath> path = parse_field(one);
            if (!path) return fail(name, "names no field: " + path.error().message), out;
            out.push_back(*std::move(path));
        }
        return out;
    }
    Filter filter(const char* name) {
        const json* const found = find(name);
        return found == nullptr ? Filter() : filter_of(*found, name);
    }
    Filter filter_of(const json& value, const std::string& name) {
        if (fault_) return {};
        if (value.is_string()) {
            const std::string& text = value.get_ref<const std::string&>();
            Result<Filter> filter = Filter::parse(text);
            if (filter.ok()) return *std::move(filter);
            return refuse(filter.error(), name);
        }
        Result<FilterNode> tree = FilterTree().read(value, prefix_ + name);
        if (!tree.ok()) {
            if (!fault_) fault_ = tree.error();
            return {};
        }
        Result<Filter> filter = Filter::from_tree(*std::move(tree));
        if (filter.ok()) return *std::move(filter);
        return refuse(filter.error(), name);
    }

    void fail(const std::string& name, std::string message) {
        if (!fault_)
            fault_ = wrong(name.empty() && !prefix_.empty() ? prefix_.substr(0, prefix_.size() - 1) : prefix_ + name,
                           std::move(message));
    }
    void keep(const std::optional<Error>& fault) {
        if (!fault_) fault_ = fault;
    }
    const std::optional<Error>& fault() const { return fault_; }

private:
    Filter refuse(Error error, const std::string& name) {
        error.field = prefix_ + name;
        if (!fault_) fault_ = std::move(error);
        return {};
    }

    const json& object_;
    const std::string prefix_;
    const bool loose_;
    std::optional<Error> fault_;
};

query::TimeRange range_of(Members& in, Timestamp now) {
    const auto from = in.instant("from", now), to = in.instant("to", now);
    if (!from && !to) return query::kAllTime;
    if (!from) in.fail("from", "is missing");
    // Without `to` also what happened at this very microsecond, which may have been acknowledged already.
    const query::TimeRange range{from.value_or(now), to.value_or(now.plus_micros(1))};
    if (range.to <= range.from) in.fail(to ? "to" : "from", to ? "must be after from" : "must be in the past");
    return range;
}

std::optional<query::Order> order_of(Members& in) {
    if (!in.has("order")) return std::nullopt;
    std::string text = in.text("order");
    query::Order order;
    order.descending = text.starts_with('-');
    if (order.descending) text.erase(0, 1);
    if (text == "value") {
        order.by = query::Order::By::Value;
    } else if (text == "group") {
        order.by = query::Order::By::Group;
    } else if (text != "time") {
        in.fail("order", "must be time, value or group, with - before it for the largest first");
    }
    return order;
}

void refuse_beside(Members& in, std::string_view what, std::initializer_list<const char*> names) {
    for (const char* name : names)
        if (in.has(name)) return in.fail(name, "has no meaning with " + std::string(what));
}

void read_funnel(Members& in, const json& value, const query::TimeRange& range, QueryRequest& out) {
    refuse_beside(in, "funnel",
                  {"metric", "metrics", "aggregate", "retention", "time", "step", "timezone", "group_by", "filter",
                   "order", "percentiles", "top", "limit", "compare", "cursor"});
    Members members(value, "funnel.", false);
    members.know_only(std::array<std::string_view, 3>{"steps", "within", "by"});
    query::FunnelQuery funnel;
    funnel.range = range;
    const std::vector<json> steps = members.list("steps");
    if (steps.size() < 2 || steps.size() > 10) members.fail("steps", "must be 2 to 10 filters");
    for (std::size_t i = 0; i < steps.size() && !members.fault(); ++i)
        funnel.steps.push_back(members.filter_of(steps[i], "steps[" + std::to_string(i) + "]"));
    funnel.within_micros = members.span("within", kDayMicros);
    funnel.by = members.field("by", funnel.by);
    in.keep(members.fault());
    out.funnel = std::move(funnel);
}

void read_retention(Members& in, const json& value, const query::TimeRange& range, QueryRequest& out) {
    refuse_beside(in, "retention",
                  {"metric", "metrics", "aggregate", "time", "step", "group_by", "filter", "order", "percentiles",
                   "top", "limit", "compare", "cursor"});
    Members members(value, "retention.", false);
    members.know_only(std::array<std::string_view, 4>{"first", "again", "days", "by"});
    query::RetentionQuery retention;
    retention.range = range;
    retention.timezone = in.text("timezone");
    if (!members.has("first")) members.fail("first", "is missing");
    retention.first = members.filter("first");
    retention.again = members.has("again") ? members.filter("again") : retention.first;
    retention.days = static_cast<int>(members.number("days", 7, 90));
    retention.by = members.field("by", retention.by);
    in.keep(members.fault());
    out.retention = std::move(retention);
}

// The cursor of several metrics is one of each, separated by dots; empty where a metric is at its end.
std::vector<std::string_view> split_cursor(std::string_view text) {
    std::vector<std::string_view> out;
    for (;;) {
        const std::size_t dot = text.find('.');
        out.push_back(text.substr(0, dot));
        if (dot == std::string_view::npos) return out;
        text.remove_prefix(dot + 1);
    }
}

void read_points(Members& in, const query::TimeRange& range, QueryRequest& out) {
    query::PointsQuery query;
    query.range = range;
    query.step_micros = in.span("step", 0);
    query.timezone = in.text("timezone");
    query.group_by = in.fields("group_by");
    query.filter = in.filter("filter");
    query.order = order_of(in);
    query.percentiles = in.numbers("percentiles");
    query.top = in.number("top", query.top, 1'000);
    query.limit = in.number("limit", query.limit, 10'000);
    query.compare = in.flag("compare");
    query.cursor = in.text("cursor");
    const int named = static_cast<int>(in.has("metric")) + static_cast<int>(in.has("metrics")) +
                      static_cast<int>(in.has("aggregate"));
    if (named > 1) in.fail(in.has("metrics") ? "metrics" : "metric", "has no meaning beside metric or aggregate");
    if (named == 0) in.fail("metric", "is missing (or metrics, aggregate, funnel, retention)");
    if (in.has("aggregate")) {
        const std::string text = in.text("aggregate");
        if (in.fault()) return;
        Result<AggregateParts> parts = parse_aggregate(text);
        if (!parts) {
            Error error = parts.error();
            error.field = "aggregate";
            return in.keep(error);
        }
        query.raw = query::RawAggregate{parts->aggregate, parts->of, parts->percentile, parts->plus, parts->minus};
        const std::string time = in.text("time");
        if (time == "activity") query.raw->time = TimeBasis::Activity;
        if (!time.empty() && time != "activity" && time != "occurred") in.fail("time", "must be occurred or activity");
        out.points.push_back(std::move(query));
        return;
    }
    refuse_beside(in, "a metric, whose own it is", {"time"});
    out.several = in.has("metrics");
    const std::vector<std::string> names =
        out.several ? in.texts("metrics", kMostMetrics) : std::vector<std::string>{in.text("metric")};
    if (names.empty()) in.fail("metrics", "names none");
    out.named = names.size();
    const bool going_on = out.several && !query.cursor.empty();
    const std::vector<std::string_view> cursors =
        going_on ? split_cursor(query.cursor) : std::vector<std::string_view>{};
    if (going_on && cursors.size() != names.size())
        return in.fail("cursor", "is not of an answer about these metrics, in this order");
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) in.fail(out.several ? "metrics" : "metric", "must be a name");
        if (going_on && cursors[i].empty()) continue;
        query::PointsQuery one = query;
        one.metric = names[i];
        if (going_on) one.cursor = std::string(cursors[i]);
        out.points.push_back(std::move(one));
        out.places.push_back(i);
    }
    if (out.points.empty()) in.fail("cursor", "is of an answer that is complete");
}

Result<QueryRequest> read(const json& object, bool loose, Timestamp now) {
    Members in(object, "", loose);
    in.know_only(kMembers);
    QueryRequest out;
    out.explain = in.flag("explain");
    out.project = in.text("project");
    const query::TimeRange range = range_of(in, now);
    if (const json* const funnel = in.find("funnel")) {
        read_funnel(in, *funnel, range, out);
    } else if (const json* const retention = in.find("retention")) {
        read_retention(in, *retention, range, out);
    } else {
        read_points(in, range, out);
    }
    if ((out.funnel || out.retention) && range == query::kAllTime) in.fail("from", "is missing");
    if (in.fault()) return *in.fault();
    return out;
}

}  // namespace

Result<QueryRequest> read_query(std::string_view text, Timestamp now) {
    if (text.size() > kQueryBytes)
        return Error::make(ErrorCode::TooLarge, "a question has at most " + std::to_string(kQueryBytes) + " bytes");
    if (schema::is_nested_deeper(text, kDepth)) return wrong("", "the question is nested too deeply");
    const json object = json::parse(text, nullptr, false);
    if (object.is_discarded()) return wrong("", "the question is not JSON");
    if (!object.is_object()) return wrong("", "the question must be an object");
    return read(object, false, now);
}

Result<QueryRequest> read_query(const std::vector<std::pair<std::string, std::string>>& parameters, Timestamp now) {
    json object = json::object();
    for (const auto& [name, value] : parameters) {
        if (!valid_utf8(name) || !valid_utf8(value)) return wrong("", "a parameter is not UTF-8");
        if (object.contains(name)) return wrong(name, "is there twice");
        const bool nested = name == "filter" || name == "funnel" || name == "retention";
        if (nested && value.starts_with('{')) {
            if (value.size() > kQueryBytes || schema::is_nested_deeper(value, kDepth))
                return wrong(name, "is nested too deeply");
            json inner = json::parse(value, nullptr, false);
            if (inner.is_discarded()) return wrong(name, "is not JSON");
            object[name] = std::move(inner);
        } else {
            object[name] = value;
        }
    }
    return read(object, true, now);
}

}  // namespace streamgauge::api
