// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/metric_codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "api/json_members.h"
#include "api/json_writer.h"
#include "base/time_text.h"
#include "base/wrong_field.h"
#include "metrics/definition_text.h"
#include "schema/schema_document.h"

namespace streamgauge::api {
namespace {

using nlohmann::json;

constexpr std::size_t kDefinitionDepth = 4;
constexpr std::string_view kMembers[] = {
    "name", "description",      "unit",      "where",       "window", "timezone", "group_by", "aggregate", "tiers",
    "time", "allowed_lateness", "retention", "exact_budget"};

Result<std::int64_t> parse_lateness(std::string_view text) {
    if (text == "0" || text == "0s") return std::int64_t{0};
    return parse_span(text);
}

void read_tiers(Members& in, const json& array, MetricDefinition& out) {
    if (!array.is_array() || array.empty()) return in.fail("tiers", "must be an array of objects");
    if (array.size() > kMostTiers)
        return in.fail("tiers", "a metric has at most " + std::to_string(kMostTiers) + " tiers");
    for (std::size_t i = 0; i < array.size(); ++i) {
        Members tier(array[i], "tiers[" + std::to_string(i) + "].");
        tier.know_only(std::vector<std::string_view>{"window", "retention"});
        const auto window = tier.parsed("window", parse_window);
        const auto retention = tier.parsed("retention", parse_retention);
        if (tier.fault()) return in.fail(*tier.fault());
        if (!window) return in.fail("tiers[" + std::to_string(i) + "].window", "is missing");
        out.tiers.push_back(
            {*window, retention ? *retention : usual_tiers(*window, {}, true).front().retention_micros});
    }
}

void read_windows(Members& in, MetricDefinition& out) {
    const auto window = in.parsed("window", parse_window);
    const auto retention = in.parsed("retention", parse_retention);
    if (const json* const tiers = in.find("tiers")) {
        read_tiers(in, *tiers, out);
        if (in.fault()) return;
        if (window && *window != out.tiers.front().window_micros)
            return in.fail("window", "the first of the tiers has another window");
        if (retention && *retention != out.tiers.front().retention_micros)
            return in.fail("retention", "the first of the tiers has another retention");
    } else if (window) {
        out.tiers = usual_tiers(*window, retention, !out.timezone.empty() || out.aggregate == Aggregate::Gauge);
    } else {
        in.fail("window", "is missing");
    }
}

void read_groups(Members& in, MetricDefinition& out) {
    const json* const groups = in.find("group_by");
    if (groups == nullptr) return;
    if (!groups->is_array()) return in.fail("group_by", "must be an array of names of fields");
    for (std::size_t i = 0; i < groups->size() && i <= kMostGroupFields; ++i) {
        const std::string at = "group_by[" + std::to_string(i) + "]";
        if (!(*groups)[i].is_string()) return in.fail(at, "must be the name of a field");
        Result<FieldPath> field = parse_field((*groups)[i].get<std::string>());
        if (!field) return in.fail(at, field.error().message);
        out.group_by.push_back(std::move(field).value());
    }
}

void read_aggregate(Members& in, MetricDefinition& out) {
    if (auto parts = in.parsed("aggregate", parse_aggregate)) {
        out.aggregate = parts->aggregate;
        out.of = std::move(parts->of);
        out.percentile = parts->percentile;
        out.plus = std::move(parts->plus);
        out.minus = std::move(parts->minus);
    }
    if (is_set(out.aggregate)) out.exact_budget = kDefaultExactBudget;
    const json* const budget = in.find("exact_budget");
    if (budget == nullptr) return;
    if (!budget->is_number_unsigned()) return in.fail("exact_budget", "must be a whole number of values");
    out.exact_budget = budget->get<std::uint64_t>();
}

void read_rest(Members& in, std::string_view name, MetricDefinition& out) {
    out.name = in.text("name").value_or(std::string(name));
    if (!name.empty() && out.name != name) in.fail("name", "is not the name of the path");
    out.description = in.text("description").value_or("");
    out.unit = in.text("unit").value_or("");
    out.timezone = in.text("timezone").value_or("");
    if (auto where = in.parsed("where", Filter::parse)) out.where = std::move(where).value();
    if (const auto lateness = in.parsed("allowed_lateness", parse_lateness)) out.allowed_lateness_micros = *lateness;
    if (const std::optional<std::string> time = in.text("time")) {
        out.time = *time == "activity" ? TimeBasis::Activity : TimeBasis::Occurred;
        if (*time != "activity" && *time != "occurred") in.fail("time", "must be occurred or activity");
    }
}

void write_members(JsonWriter& out, const MetricDefinition& definition) {
    out.begin_object().key("name").string(definition.name);
    if (!definition.description.empty()) out.key("description").string(definition.description);
    if (!definition.unit.empty()) out.key("unit").string(definition.unit);
    if (!definition.where.takes_everything()) out.key("where").string(definition.where.text());
    out.key("window").string(window_text(definition.tiers.empty() ? 0 : definition.tiers.front().window_micros));
    out.key("tiers").begin_array();
    for (const Tier& tier : definition.tiers)
        out.begin_object()
            .key("window")
            .string(window_text(tier.window_micros))
            .key("retention")
            .string(retention_text(tier.retention_micros))
            .end_object();
    out.end_array();
    if (!definition.timezone.empty()) out.key("timezone").string(definition.timezone);
    out.key("time").string(definition.time == TimeBasis::Activity ? "activity" : "occurred");
    out.key("allowed_lateness");
    out.string(definition.allowed_lateness_micros == 0 ? "0s" : format_span(definition.allowed_lateness_micros));
    out.key("group_by").begin_array();
    for (const FieldPath& field : definition.group_by) out.string(to_text(field));
    out.end_array();
    out.key("aggregate").string(aggregate_text(definition));
    if (is_set(definition.aggregate)) out.key("exact_budget").unsigned_integer(definition.exact_budget);
    out.end_object();
}

}  // namespace

Result<MetricDefinition> read_definition(std::string_view text, std::string_view name) {
    if (text.size() > kDefinitionBytes)
        return Error::make(ErrorCode::TooLarge,
                           "a definition has at most " + std::to_string(kDefinitionBytes) + " bytes");
    if (schema::is_nested_deeper(text, kDefinitionDepth)) return wrong_field("", "the definition is nested too deeply");
    const json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return wrong_field("", "the definition is not JSON");
    Members in(value, "");
    in.know_only(kMembers);
    MetricDefinition out;
    read_rest(in, name, out);
    read_groups(in, out);
    read_aggregate(in, out);
    read_windows(in, out);
    if (in.fault()) return *in.fault();
    if (Status checked = check(out); !checked) return checked.error();
    return out;
}

std::string write_definition(const MetricDefinition& definition) {
    JsonWriter out;
    write_members(out, definition);
    return out.take();
}

std::string write_status(const MetricStatus& status) {
    JsonWriter out;
    out.begin_object().key("definition");
    write_members(out, status.definition);
    out.key("id").integer(status.definition.id);
    out.key("built_in").boolean(status.definition.built_in()).key("from_file").boolean(status.from_file);
    out.key("state").string(status.backfill ? "filling" : "active");
    if (status.backfill) {
        const Backfill& fill = *status.backfill;
        out.key("backfill").begin_object();
        out.key("next").unsigned_integer(fill.next).key("end").unsigned_integer(fill.end);
        out.key("events_per_second").number(fill.events_per_second);
        if (fill.failure) out.key("failure").string(fill.failure->message);
        if (fill.failed) out.key("failed").boolean(true);
        out.end_object();
    }
    out.key("late").unsigned_integer(status.late).key("too_late").unsigned_integer(status.too_late);
    if (status.complete_from) out.key("complete_from").string(format_rfc3339(*status.complete_from));
    out.end_object();
    return out.take();
}

}  // namespace streamgauge::api
