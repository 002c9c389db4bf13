// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/metric_answers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "api/json_writer.h"
#include "api/metric_codec.h"
#include "base/time_text.h"
#include "metrics/decimal.h"
#include "metrics/definition_text.h"
#include "query/steps.h"
#include "schema/schema_document.h"

namespace streamgauge::api {
namespace {

using nlohmann::json;

constexpr std::size_t kDepth = 16;
// In the order of Aggregate, as write_json() names them.
constexpr std::array<std::string_view, 10> kAggregates{"count", "sum",   "min",      "max",  "avg",
                                                       "last",  "gauge", "distinct", "topk", "percentile"};

Error not_understood(std::string_view what) {
    return Error::make(ErrorCode::InvalidArgument, "the answer is not understood: " + std::string(what));
}

Result<json> parse(std::string_view text) {
    if (schema::is_nested_deeper(text, kDepth)) return not_understood("it is nested too deeply");
    json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return not_understood("it is not JSON");
    return value;
}

// Members of an object, as far as they are there and of the type; the first one that is not is kept as the fault.
class Reader {
public:
    Reader(const json& object, std::optional<Error>& fault) : object_(object), fault_(fault) {
        if (!object.is_object()) fail("an object");
    }
    const json* find(const char* name) const {
        if (!object_.is_object()) return nullptr;
        const auto found = object_.find(name);
        return found == object_.end() || found->is_null() ? nullptr : &*found;
    }
    std::string text(const char* name) {
        const json* found = find(name);
        if (found == nullptr) return {};
        if (!found->is_string()) return fail(name), std::string();
        return found->get<std::string>();
    }
    bool flag(const char* name, bool fallback = false) {
        const json* found = find(name);
        if (found == nullptr) return fallback;
        if (!found->is_boolean()) return fail(name), fallback;
        return found->get<bool>();
    }
    std::uint64_t count(const char* name) {
        const json* found = find(name);
        if (found == nullptr) return 0;
        if (!found->is_number_unsigned()) return fail(name), 0;
        return found->get<std::uint64_t>();
    }
    std::optional<double> number(const char* name) {
        const json* found = find(name);
        if (found == nullptr) return std::nullopt;
        if (!found->is_number()) return fail(name), std::nullopt;
        return found->get<double>();
    }
    std::optional<Timestamp> time(const char* name) {
        const json* found = find(name);
        if (found == nullptr) return std::nullopt;
        if (found->is_string())
            if (const Result<Timestamp> at = parse_rfc3339(found->get_ref<const std::string&>()); at.ok()) return *at;
        fail(name);
        return std::nullopt;
    }
    // Empty where it is missing.
    const json& list(const char* name) {
        static const json kNone = json::array();
        const json* found = find(name);
        if (found == nullptr) return kNone;
        if (!found->is_array()) return fail(name), kNone;
        return *found;
    }
    void fail(const std::string& what) {
        if (!fault_) fault_ = not_understood(what + " is missing or of another type");
    }

private:
    const json& object_;
    std::optional<Error>& fault_;
};

bool has_micros(Aggregate aggregate) {
    return (aggregate >= Aggregate::Sum && aggregate <= Aggregate::Avg) || aggregate == Aggregate::Percentile;
}

std::optional<std::int64_t> micros_of(const json& number) {
    const double micros = number.get<double>() * static_cast<double>(kMicrosPerUnit);
    if (!(std::abs(micros) < 9.2e18)) return std::nullopt;
    return std::llround(micros);
}

query::Value read_value(const json* value, const json* percentiles, const query::PointsAnswer& answer, Reader& in) {
    query::Value out;
    out.micros = has_micros(answer.aggregate);
    if (value != nullptr && value->is_array()) {
        for (const json& item : *value) {
            std::optional<Error> fault;
            Reader one(item, fault);
            out.top.push_back({one.text("value"), one.count("count"), one.count("error")});
            if (fault) in.fail("value");
        }
    } else if (value != nullptr && value->is_string()) {
        out.text = value->get<std::string>();
    } else if (value != nullptr && value->is_number()) {
        if (out.micros) {
            out.number = micros_of(*value);
        } else if (value->is_number_integer()) {
            out.number = value->get<std::int64_t>();
        }
        if (!out.number) in.fail("value");
    } else if (value != nullptr) {
        in.fail("value");
    }
    if (percentiles == nullptr) {
        if (answer.percentiles.size() == 1 && out.number) out.percentiles = {*out.number};
        return out;
    }
    // The writer goes by the order of the question; names are looked up, so that any order will do.
    for (const double percentile : answer.percentiles) {
        JsonWriter name;
        name.number(percentile);
        const auto found = percentiles->is_object() ? percentiles->find("p" + name.take()) : percentiles->end();
        const auto micros = found != percentiles->end() && found->is_number() ? micros_of(*found) : std::nullopt;
        if (micros) out.percentiles.push_back(*micros);
    }
    return out;
}

query::Point read_point(const json& object, const query::PointsAnswer& answer, std::optional<Error>& fault) {
    Reader in(object, fault);
    query::Point point;
    point.start = in.time("start").value_or(query::kAllTime.from);
    point.end = in.time("end").value_or(query::kAllTime.to);
    for (const json& value : in.list("group")) {
        if (!value.is_string()) return in.fail("group"), point;
        point.group.push_back(value.get<std::string>());
    }
    point.value = read_value(in.find("value"), in.find("percentiles"), answer, in);
    // "previous" may be null, which says that there is nothing to compare with.
    if (object.is_object() && object.contains("previous")) {
        point.previous = read_value(in.find("previous"), in.find("previous_percentiles"), answer, in);
        point.previous->exact = in.flag("previous_exact");  // not said: not known to be
        point.previous->relative_error = in.number("previous_relative_error").value_or(0);
        point.previous->missing_at_most = in.count("previous_missing_at_most");
    }
    point.previous_partial = in.flag("previous_partial");
    point.open = in.flag("open");
    point.corrected = in.count("corrected");
    point.value.exact = in.flag("exact", true);
    point.value.relative_error = in.number("relative_error").value_or(0);
    point.value.missing_at_most = in.count("missing_at_most");
    point.value.saturated = in.flag("saturated");
    point.other = in.flag("other");
    return point;
}

Result<MetricStatus> status_of(const json& object) {
    std::optional<Error> fault;
    Reader in(object, fault);
    const json* definition = in.find("definition");
    if (definition == nullptr) return not_understood("definition is missing");
    Result<MetricDefinition> read = read_definition(definition->dump());
    if (!read) return read.error();
    MetricStatus status;
    status.definition = *std::move(read);
    status.definition.id = static_cast<MetricId>(std::min<std::uint64_t>(in.count("id"), INT32_MAX));
    status.from_file = in.flag("from_file");
    status.late = in.count("late");
    status.too_late = in.count("too_late");
    status.complete_from = in.time("complete_from");
    if (const json* filling = in.find("backfill")) {
        Reader fill(*filling, fault);
        Backfill backfill{
            fill.count("next"), fill.count("end"), fill.number("events_per_second").value_or(0), {}, false};
        if (std::string why = fill.text("failure"); !why.empty())
            backfill.failure = Error::make(ErrorCode::Unavailable, std::move(why));
        backfill.failed = fill.flag("failed");
        status.backfill = std::move(backfill);
    }
    if (fault) return *std::move(fault);
    return status;
}

}  // namespace

std::string write_question(const query::PointsQuery& query) {
    JsonWriter out;
    out.begin_object();
    if (query.raw) {
        const query::RawAggregate& raw = *query.raw;
        out.key("aggregate").string(aggregate_text(raw.aggregate, raw.of, raw.percentile, raw.plus, raw.minus));
        if (raw.time == TimeBasis::Activity) out.key("time").string("activity");
    } else {
        out.key("metric").string(query.metric);
    }
    if (!query.project.empty()) out.key("project").string(query.project);
    if (query.range != query::kAllTime)
        out.key("from").string(format_rfc3339(query.range.from)).key("to").string(format_rfc3339(query.range.to));
    if (query.step_micros != 0) out.key("step").string(format_span(query.step_micros));
    if (!query.timezone.empty()) out.key("timezone").string(query.timezone);
    if (!query.group_by.empty()) {
        out.key("group_by").begin_array();
        for (const FieldPath& field : query.group_by) out.string(to_text(field));
        out.end_array();
    }
    if (!query.filter.takes_everything()) out.key("filter").string(query.filter.text());
    if (!query.percentiles.empty()) {
        out.key("percentiles").begin_array();
        for (const double percentile : query.percentiles) out.number(percentile);
        out.end_array();
    }
    out.key("top").unsigned_integer(query.top).key("limit").unsigned_integer(query.limit);
    if (query.order) {
        constexpr std::array<std::string_view, 3> kBy{"time", "value", "group"};
        out.key("order").string((query.order->descending ? "-" : "") +
                                std::string(kBy.at(static_cast<std::size_t>(query.order->by))));
    }
    if (query.compare) out.key("compare").boolean(true);
    if (!query.cursor.empty()) out.key("cursor").string(query.cursor);
    out.end_object();
    return out.take();
}

Result<std::vector<MetricStatus>> read_statuses(std::string_view text) {
    const Result<json> value = parse(text);
    if (!value) return value.error();
    const json* list = &*value;
    if (const auto inner = value->is_object() ? value->find("metrics") : value->end(); inner != value->end())
        list = &*inner;
    if (!list->is_array()) return not_understood("it is no list of metrics");
    std::vector<MetricStatus> all;
    for (const json& one : *list) {
        Result<MetricStatus> status = status_of(one);
        if (!status) return status.error();
        all.push_back(*std::move(status));
    }
    return all;
}

Result<MetricStatus> read_status(std::string_view text) {
    const Result<json> value = parse(text);
    if (!value) return value.error();
    return status_of(*value);
}

Result<query::PointsAnswer> read_points(std::string_view text) {
    const Result<json> value = parse(text);
    if (!value) return value.error();
    std::optional<Error> fault;
    Reader in(*value, fault);
    query::PointsAnswer answer;
    answer.metric = in.text("metric");
    answer.unit = in.text("unit");
    const auto aggregate = std::find(kAggregates.begin(), kAggregates.end(), in.text("aggregate"));
    if (aggregate == kAggregates.end()) return not_understood("aggregate is missing or none that is known");
    answer.aggregate = static_cast<Aggregate>(aggregate - kAggregates.begin());
    answer.range = {in.time("from").value_or(query::kAllTime.from), in.time("to").value_or(query::kAllTime.to)};
    if (const std::string step = in.text("step"); !step.empty()) {
        const Result<std::int64_t> span = parse_span(step);
        if (!span) return span.error();
        answer.step_micros = *span;
    }
    for (const json& name : in.list("group_by")) {
        Result<FieldPath> path = parse_field(name.is_string() ? name.get<std::string>() : std::string());
        if (!path) return path.error();
        answer.group_by.push_back(*std::move(path));
    }
    answer.as_of = in.time("as_of");
    answer.complete_from = in.time("complete_from");
    answer.previous_complete_from = in.time("previous_complete_from");
    answer.missing_events = in.count("missing_events");
    answer.metric_complete_from = in.time("metric_complete_from");
    answer.last_window_open = in.flag("last_window_open");
    answer.backfilled = in.number("backfilled");
    if (const std::string cursor = in.text("cursor"); !cursor.empty()) answer.cursor = cursor;
    const json& points = in.list("points");
    // The percentiles that were asked for are named where there are several.
    for (const json& point : points) {
        const auto named = point.is_object() ? point.find("percentiles") : point.end();
        if (named == point.end() || !named->is_object()) continue;
        for (const auto& [name, unused] : named->items()) {
            const std::optional<std::int64_t> micros =
                name.starts_with('p') ? parse_decimal_micros(std::string_view(name).substr(1)) : std::nullopt;
            if (micros) answer.percentiles.push_back(static_cast<double>(*micros) / 1e6);
        }
        std::sort(answer.percentiles.begin(), answer.percentiles.end());
        break;
    }
    for (const json& point : points) answer.points.push_back(read_point(point, answer, fault));
    if (fault) return *std::move(fault);
    return answer;
}

}  // namespace streamgauge::api
