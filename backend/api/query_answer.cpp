// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/query_answer.h"

#include <algorithm>
#include <array>

#include "api/json_writer.h"
#include "base/time_text.h"
#include "metrics/decimal.h"
#include "metrics/definition_text.h"
#include "query/steps.h"

namespace streamgauge::api {
namespace {

using query::Point;
using query::PointsAnswer;
using query::Value;

constexpr std::array<std::string_view, 10> kAggregates{"count", "sum",   "min",      "max",  "avg",
                                                       "last",  "gauge", "distinct", "topk", "percentile"};

std::string decimal(std::int64_t micros) {
    std::string out;
    append_decimal_micros(out, micros);
    return out;
}

std::string number_text(const Value& value) {
    if (!value.number) return {};
    return value.micros ? decimal(*value.number) : std::to_string(*value.number);
}

std::string percentile_name(double percentile) {
    std::string out = "p";
    append_json_number(out, percentile);
    return out;
}

void write_time(JsonWriter& out, std::string_view name, Timestamp at, Timestamp none) {
    out.key(name);
    if (at == none) {
        out.null();
    } else {
        out.string(format_rfc3339(at));
    }
}

void write_value(JsonWriter& out, const Value& value, const PointsAnswer& answer) {
    if (answer.aggregate == Aggregate::TopK) {
        out.begin_array();
        for (const TopItem& item : value.top) {
            out.begin_object().key("value").string(item.value).key("count").unsigned_integer(item.count);
            if (item.error != 0) out.key("error").unsigned_integer(item.error);
            out.end_object();
        }
        out.end_array();
    } else if (value.text) {
        out.string(*value.text);
    } else if (value.number) {
        out.raw(number_text(value));
    } else {
        out.null();
    }
}

void write_percentiles(JsonWriter& out, const Value& value, const PointsAnswer& answer) {
    out.begin_object();
    for (std::size_t i = 0; i < value.percentiles.size() && i < answer.percentiles.size(); ++i)
        out.key(percentile_name(answer.percentiles[i])).raw(decimal(value.percentiles[i]));
    out.end_object();
}

// Where nothing is known of the period before, nothing is said of how exact that is.
bool is_told(const Value& value, const PointsAnswer& answer) {
    if (answer.aggregate == Aggregate::TopK) return value.exact || !value.top.empty();
    return value.number || value.text;
}

void write_point(JsonWriter& out, const Point& point, const PointsAnswer& answer, bool with_metric) {
    out.begin_object();
    if (with_metric) out.key("metric").string(answer.metric);
    write_time(out, "start", point.start, query::kAllTime.from);
    write_time(out, "end", point.end, query::kAllTime.to);
    if (!answer.group_by.empty()) {
        out.key("group").begin_array();
        for (const std::string& value : point.group) out.string(value);
        out.end_array();
    }
    write_value(out.key("value"), point.value, answer);
    if (answer.percentiles.size() > 1) write_percentiles(out.key("percentiles"), point.value, answer);
    if (point.previous) {
        write_value(out.key("previous"), *point.previous, answer);
        if (answer.percentiles.size() > 1) write_percentiles(out.key("previous_percentiles"), *point.previous, answer);
        if (is_told(*point.previous, answer)) out.key("previous_exact").boolean(point.previous->exact);
        if (point.previous->relative_error != 0)
            out.key("previous_relative_error").number(point.previous->relative_error);
        if (point.previous->missing_at_most != 0)
            out.key("previous_missing_at_most").unsigned_integer(point.previous->missing_at_most);
        if (point.previous_partial) out.key("previous_partial").boolean(true);
    }
    out.key("open").boolean(point.open);
    if (point.corrected != 0) out.key("corrected").unsigned_integer(point.corrected);
    out.key("exact").boolean(point.value.exact);
    if (point.value.relative_error != 0) out.key("relative_error").number(point.value.relative_error);
    if (point.value.missing_at_most != 0) out.key("missing_at_most").unsigned_integer(point.value.missing_at_most);
    if (point.value.saturated) out.key("saturated").boolean(true);
    if (point.other) out.key("other").boolean(true);
    out.end_object();
}

void write_explanation(JsonWriter& out, const query::Explanation& explanation) {
    out.key("explain").begin_object().key("source").string(explanation.source);
    if (explanation.tier_micros != 0) out.key("tier").string(format_span(explanation.tier_micros));
    out.key("rows_read").unsigned_integer(explanation.rows_read);
    out.key("events_read").unsigned_integer(explanation.events_read);
    out.key("cached").boolean(explanation.cached);
    out.key("queue_ms").number(explanation.queue_ms).key("flush_ms").number(explanation.flush_ms);
    out.key("read_ms").number(explanation.read_ms).key("total_ms").number(explanation.milliseconds).end_object();
}

void write_state(JsonWriter& out, const std::optional<Timestamp>& as_of,
                 const std::optional<Timestamp>& complete_from) {
    out.key("as_of");
    if (as_of) {
        out.string(format_rfc3339(*as_of));
    } else {
        out.null();
    }
    if (complete_from) out.key("complete_from").string(format_rfc3339(*complete_from));
}

void write_answer(JsonWriter& out, const PointsAnswer& answer, const AnswerStyle& style) {
    out.begin_object();
    if (!answer.metric.empty()) out.key("metric").string(answer.metric);
    out.key("aggregate").string(kAggregates.at(static_cast<std::size_t>(answer.aggregate)));
    if (!answer.unit.empty()) out.key("unit").string(answer.unit);
    write_time(out, "from", answer.range.from, query::kAllTime.from);
    write_time(out, "to", answer.range.to, query::kAllTime.to);
    if (answer.step_micros != 0) out.key("step").string(format_span(answer.step_micros));
    out.key("group_by").begin_array();
    for (const FieldPath& field : answer.group_by) out.string(to_text(field));
    out.end_array();
    write_state(out, answer.as_of, answer.complete_from);
    if (answer.previous_complete_from)
        out.key("previous_complete_from").string(format_rfc3339(*answer.previous_complete_from));
    if (answer.missing_events != 0) out.key("missing_events").unsigned_integer(answer.missing_events);
    if (answer.metric_complete_from)
        out.key("metric_complete_from").string(format_rfc3339(*answer.metric_complete_from));
    out.key("last_window_open").boolean(answer.last_window_open);
    if (answer.backfilled) out.key("backfilled").number(*answer.backfilled);
    out.key("points").begin_array();
    for (const Point& point : answer.points) write_point(out, point, answer, false);
    out.end_array();
    if (answer.cursor && !style.several) out.key("cursor").string(*answer.cursor);
    if (style.explain) write_explanation(out, answer.explanation);
    out.end_object();
}

// ---- CSV
class CsvRow {
public:
    explicit CsvRow(std::string& out) : out_(out) {}
    ~CsvRow() { out_ += "\r\n"; }
    CsvRow(const CsvRow&) = delete;
    CsvRow& operator=(const CsvRow&) = delete;

    void cell(std::string_view text) {
        if (!first_) out_ += ',';
        first_ = false;
        if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
            out_ += text;
            return;
        }
        out_ += '"';
        for (const char c : text) {
            if (c == '"') out_ += '"';
            out_ += c;
        }
        out_ += '"';
    }
    void truth(bool value) { cell(value ? "true" : "false"); }

private:
    std::string& out_;
    bool first_ = true;
};

struct Columns {
    bool metric = false, previous = false, top = false;
    std::vector<FieldPath> groups;
    std::vector<double> percentiles;  // beside the value
};

Columns columns_of(const std::vector<PointsAnswer>& answers, const AnswerStyle& style) {
    Columns columns;
    columns.metric = style.several;
    for (const PointsAnswer& answer : answers) {
        columns.groups = answer.group_by;
        columns.top = columns.top || answer.aggregate == Aggregate::TopK;
        for (const Point& point : answer.points) columns.previous = columns.previous || point.previous;
        if (answer.percentiles.size() < 2) continue;
        for (const double one : answer.percentiles)
            if (std::find(columns.percentiles.begin(), columns.percentiles.end(), one) == columns.percentiles.end())
                columns.percentiles.push_back(one);
    }
    return columns;
}

std::string time_cell(Timestamp at, Timestamp none) {
    return at == none ? std::string() : format_rfc3339(at);
}

std::string value_cell(const Value& value) {
    return value.text ? *value.text : number_text(value);
}

void write_row(std::string& out, const Columns& columns, const PointsAnswer& answer, const Point& point,
               const TopItem* item) {
    CsvRow row(out);
    if (columns.metric) row.cell(answer.metric);
    row.cell(time_cell(point.start, query::kAllTime.from));
    row.cell(time_cell(point.end, query::kAllTime.to));
    for (std::size_t i = 0; i < columns.groups.size(); ++i) row.cell(i < point.group.size() ? point.group[i] : "");
    if (columns.top) row.cell(item != nullptr ? item->value : "");
    row.cell(item != nullptr ? std::to_string(item->count) : value_cell(point.value));
    for (const double wanted : columns.percentiles) {
        const auto found = std::find(answer.percentiles.begin(), answer.percentiles.end(), wanted);
        const auto index = static_cast<std::size_t>(found - answer.percentiles.begin());
        row.cell(index < point.value.percentiles.size() ? decimal(point.value.percentiles[index]) : "");
    }
    if (columns.previous) {
        const std::string previous = point.previous ? value_cell(*point.previous) : std::string();
        const auto truth_of = [&](bool value) { return previous.empty() ? "" : value ? "true" : "false"; };
        row.cell(previous);
        row.cell(truth_of(point.previous && point.previous->exact));
        row.cell(truth_of(point.previous_partial));
    }
    row.truth(point.open);
    row.cell(std::to_string(point.corrected));
    row.truth(point.value.exact);
    std::string error;
    if (item != nullptr) {
        error = std::to_string(item->error);
    } else {
        append_json_number(error, point.value.relative_error);
    }
    row.cell(error);
}

}  // namespace

std::optional<std::string> cursor_of(const std::vector<PointsAnswer>& answers, const AnswerStyle& style) {
    if (!style.several) return answers.front().cursor;
    std::vector<std::string_view> cursors(std::max(style.named, answers.size()));
    bool more = false;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (!answers[i].cursor) continue;
        cursors.at(i < style.places.size() ? style.places[i] : i) = *answers[i].cursor;
        more = true;
    }
    if (!more) return std::nullopt;
    std::string out(cursors.front());
    for (std::size_t i = 1; i < cursors.size(); ++i) out.append(".").append(cursors[i]);
    return out;
}

std::string write_json(const std::vector<PointsAnswer>& answers, const AnswerStyle& style) {
    JsonWriter out;
    if (style.several) out.begin_object().key("answers").begin_array();
    for (const PointsAnswer& answer : answers) write_answer(out, answer, style);
    if (style.several) {
        out.end_array();
        if (const auto cursor = cursor_of(answers, style)) out.key("cursor").string(*cursor);
        out.end_object();
    }
    return out.take();
}

std::string write_ndjson(const std::vector<PointsAnswer>& answers, const AnswerStyle& style) {
    std::string all;
    for (const PointsAnswer& answer : answers)
        for (const Point& point : answer.points) {
            JsonWriter out;
            write_point(out, point, answer, style.several);
            all += out.take();
            all += '\n';
        }
    return all;
}

std::string write_csv(const std::vector<PointsAnswer>& answers, const AnswerStyle& style) {
    const Columns columns = columns_of(answers, style);
    std::string out;
    {
        CsvRow head(out);
        if (columns.metric) head.cell("metric");
        head.cell("start");
        head.cell("end");
        for (const FieldPath& field : columns.groups) head.cell(to_text(field));
        if (columns.top) head.cell("item");
        head.cell("value");
        for (const double percentile : columns.percentiles) head.cell(percentile_name(percentile));
        if (columns.previous)
            for (const std::string_view name : {"previous", "previous_exact", "previous_partial"}) head.cell(name);
        for (const std::string_view name : {"open", "corrected", "exact", "error"}) head.cell(name);
    }
    for (const PointsAnswer& answer : answers)
        for (const Point& point : answer.points) {
            if (answer.aggregate != Aggregate::TopK) {
                write_row(out, columns, answer, point, nullptr);
            } else {
                for (const TopItem& item : point.value.top) write_row(out, columns, answer, point, &item);
            }
        }
    return out;
}

std::string write_json(const query::FunnelAnswer& answer, const AnswerStyle& style) {
    JsonWriter out;
    out.begin_object().key("funnel").begin_array();
    for (const query::FunnelStep& step : answer.steps) {
        out.begin_object().key("filter").string(step.filter).key("reached").unsigned_integer(step.reached);
        out.key("median_seconds");
        if (step.median_micros) {
            out.raw(decimal(*step.median_micros));
        } else {
            out.null();
        }
        out.end_object();
    }
    out.end_array();
    write_state(out, answer.as_of, answer.complete_from);
    if (style.explain) write_explanation(out, answer.explanation);
    out.end_object();
    return out.take();
}

std::string write_json(const query::RetentionAnswer& answer, const AnswerStyle& style) {
    JsonWriter out;
    out.begin_object().key("retention").begin_array();
    for (const query::RetentionCohort& cohort : answer.cohorts) {
        out.begin_object().key("day").string(format_rfc3339(cohort.day)).key("size").unsigned_integer(cohort.size);
        out.key("returned").begin_array();
        for (const auto& count : cohort.returned) {
            if (count) {
                out.unsigned_integer(*count);
            } else {
                out.null();
            }
        }
        out.end_array().end_object();
    }
    out.end_array();
    write_state(out, answer.as_of, answer.complete_from);
    if (style.explain) write_explanation(out, answer.explanation);
    out.end_object();
    return out.take();
}

}  // namespace streamgauge::api
