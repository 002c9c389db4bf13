// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/report_text.h"

#include <nlohmann/json.hpp>

#include "loadgen/hdr_encoding.h"
#include "loadgen/scenario_words.h"

namespace streamgauge::loadgen {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kStates{"running", "done", "stopped", "interrupted"};
constexpr std::array<std::string_view, 3> kValidities{"valid", "degraded", "invalid"};

// ---- writing --------------------------------------------------------------------------------------------------------
Json exact_json(std::string hdr, std::uint64_t count, const Histogram::Exact& exact) {
    return Json{{"count", count},      {"hdr", std::move(hdr)}, {"overflow", exact.overflow},
                {"min_us", exact.min}, {"max_us", exact.max},   {"sum_us", exact.sum}};
}

Json to_value(const Histogram& h) {
    Json json = exact_json(hdr_encode(h), h.count(), h.exact());
    constexpr std::array<std::pair<const char*, double>, 6> shown{
        {{"p50_ms", 0.5}, {"p90_ms", 0.9}, {"p95_ms", 0.95}, {"p99_ms", 0.99}, {"p99_9_ms", 0.999}, {"max_ms", 1}}};
    for (const auto& [name, q] : shown) json[name] = static_cast<double>(h.quantile_micros(q)) / 1000;
    return json;
}

Json to_value(const SparseHistogram& h) {
    return h.count() == 0 ? Json() : exact_json(hdr_encode(h), h.count(), h.exact());
}

Json to_value(const Totals& totals) {
    Json outcomes = Json::object();
    for (std::size_t i = 0; i < kOutcomes; ++i)
        if (totals.outcomes[i] > 0) outcomes[std::string(to_string(static_cast<Outcome>(i)))] = totals.outcomes[i];
    return Json{{"planned", totals.planned},      {"sent", totals.sent},       {"dropped", totals.dropped},
                {"done", totals.done()},          {"failed", totals.failed()}, {"unfinished", totals.unfinished()},
                {"outcomes", std::move(outcomes)}};
}

Json to_value(const Durations& d) {
    return Json{{"response", to_value(d.response)},
                {"service", to_value(d.service)},
                {"send_lag", to_value(d.send_lag)},
                {"generator_lag", to_value(d.generator_lag)},
                {"unanswered", to_value(d.unanswered)}};
}

Json to_value(const SecondReport& s) {
    Json json{{"second", s.row.second},   {"planned", s.row.planned}, {"sent", s.row.sent},
              {"ok", s.row.ok},           {"limited", s.row.limited}, {"other", s.row.other},
              {"dropped", s.row.dropped}, {"avg_ms", s.row.avg_ms},   {"p50_ms", s.row.p50_ms},
              {"p95_ms", s.row.p95_ms},   {"p99_ms", s.row.p99_ms}};
    if (s.response.count() > 0) json["response"] = to_value(s.response);
    if (s.unanswered.count() > 0) json["unanswered"] = to_value(s.unanswered);
    return json;
}

Json to_value(const ThresholdResult& t) {
    Json json{{"threshold", to_text(t.threshold)}, {"passed", t.passed}};
    if (t.measured) json["measured"] = *t.measured;
    if (t.failed_at_nanos) json["failed_at_ns"] = *t.failed_at_nanos;
    return json;
}

Json to_value(const AlertEpisode& e) {
    Json json{{"began_ns", e.began_nanos}, {"fired_ns", e.fired_nanos}, {"expected_seconds", e.expected_seconds}};
    if (e.resolved_nanos) json["resolved_ns"] = *e.resolved_nanos;
    if (e.last_bad_nanos) json["last_bad_ns"] = *e.last_bad_nanos;
    if (e.expected_reset_seconds) json["expected_reset_seconds"] = *e.expected_reset_seconds;
    return json;
}

Json to_value(const ObjectiveAlert& a) {
    Json json{{"severity", word_of(kSeverities, a.rule.severity)},
              {"factor", a.rule.factor},
              {"long_us", a.rule.long_micros},
              {"short_us", a.rule.short_micros},
              {"hold_us", a.rule.hold_micros},
              {"real_long_us", a.real_long_micros},
              {"real_short_us", a.real_short_micros},
              {"fired", a.fired}};
    if (a.fastest_seconds) json["fastest_seconds"] = *a.fastest_seconds;
    Json& episodes = json["episodes"] = Json::array();
    for (const AlertEpisode& e : a.episodes) episodes.push_back(to_value(e));
    return json;
}

Json to_value(const ObjectiveResult& o) {
    Json json{{"name", o.objective.name},
              {"kind", word_of(kIndicators, o.objective.indicator.kind)},
              {"target", o.objective.target},
              {"threshold_ms", o.objective.indicator.threshold_ms},
              {"request", o.objective.indicator.route},
              {"limited_is_bad", o.objective.indicator.limited_is_bad},
              {"window_us", o.objective.window.micros},
              {"lasts_us", o.lasts_micros},
              {"held", o.held},
              {"good", o.counted.good},
              {"total", o.counted.total},
              {"usual_rate", o.usual_rate}};
    if (o.left) json["left"] = *o.left;
    if (o.lowest_left) json["lowest_left"] = *o.lowest_left;
    if (o.overspent_nanos) json["overspent_ns"] = *o.overspent_nanos;
    if (o.budget_used) json["budget_used"] = *o.budget_used;
    Json& alerts = json["alerts"] = Json::array();
    for (const ObjectiveAlert& a : o.alerts) alerts.push_back(to_value(a));
    return json;
}

Json to_value(const Certificate& c) {
    return Json{{"verdict", to_string(c.verdict)},
                {"reasons", c.reasons},
                {"send_lag_p50_ms", c.send_lag_p50_ms},
                {"send_lag_p99_ms", c.send_lag_p99_ms},
                {"send_lag_max_ms", c.send_lag_max_ms},
                {"even_share", c.even_share},
                {"dispersion", c.dispersion},
                {"dropped", c.dropped},
                {"queued", c.queued},
                {"cpu_share", c.cpu_share},
                {"stalls", c.stalls},
                {"longest_stall_ms", c.longest_stall_ms},
                {"real_time", c.real_time},
                {"clock_step_ms", c.clock_step_ms}};
}

Json to_value(const EndToEndReport& e) {
    return Json{{"sent", e.sent},
                {"acknowledged", e.acknowledged},
                {"visible", e.visible},
                {"lost", e.lost},
                {"repeated", e.repeated},
                {"out_of_order", e.out_of_order},
                {"unanswered_visible", e.unanswered_visible},
                {"sums_equal", e.sums_equal},
                {"complete", e.complete},
                {"unknown", e.unknown},
                {"live_skipped", e.live_skipped},
                {"freshness_query", to_value(e.freshness_query)},
                {"freshness_live", to_value(e.freshness_live)}};
}

Json to_value(const ReplayReport& r) {
    return Json{{"source", r.source},
                {"speed", r.speed},
                {"first_us", r.first.micros},
                {"last_us", r.last.micros},
                {"requests", r.requests},
                {"events", r.events},
                {"left_out", r.left_out},
                {"left_out_methods", Json(r.left_out_methods)},
                {"busiest_second", r.busiest_second}};
}

// ---- reading --------------------------------------------------------------------------------------------------------
// The first fault stays; what is read after it does not matter.
class Reader {
public:
    const std::optional<Error>& fault() const { return fault_; }

    void fail(const std::string& at, const char* message) {
        if (fault_) return;
        fault_ = Error::make(ErrorCode::InvalidArgument, message);
        fault_->field = at;
    }
    const Json& member(const Json& of, const std::string& at, const char* name, std::string& where) {
        static const Json none;
        where = at.empty() ? name : at + "." + name;
        if (!of.is_object()) return none;
        const auto it = of.find(name);
        return it == of.end() ? none : *it;
    }

    void read(const Json& of, const std::string& at, const char* name, std::string& into) {
        std::string where;
        const Json& value = member(of, at, name, where);
        if (!value.is_string()) return fail(where, "must be a text");
        into = value.get_ref<const std::string&>();
    }
    void read(const Json& of, const std::string& at, const char* name, bool& into) {
        std::string where;
        const Json& value = member(of, at, name, where);
        if (!value.is_boolean()) return fail(where, "must be true or false");
        into = value.get<bool>();
    }
    void read(const Json& of, const std::string& at, const char* name, double& into) {
        std::string where;
        const Json& value = member(of, at, name, where);
        if (!value.is_number()) return fail(where, "must be a number");
        into = value.get<double>();
    }
    void read(const Json& of, const std::string& at, const char* name, std::uint64_t& into) {
        std::string where;
        const Json& value = member(of, at, name, where);
        if (!value.is_number_unsigned()) return fail(where, "must be a whole number that is not negative");
        into = value.get<std::uint64_t>();
    }
    void read(const Json& of, const std::string& at, const char* name, unsigned& into) {
        std::uint64_t value = 0;
        read(of, at, name, value);
        if (value > UINT32_MAX) return fail(at + "." + name, "is too large");
        into = static_cast<unsigned>(value);
    }
    void read(const Json& of, const std::string& at, const char* name, std::int64_t& into) {
        std::string where;
        const Json& value = member(of, at, name, where);
        if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX))
            return fail(where, "must be a whole number");
        into = value.get<std::int64_t>();
    }
    // All elements of an array.
    template <class Each>
    void each(const Json& of, const std::string& at, const char* name, Each&& take) {
        std::string where;
        const Json& list = member(of, at, name, where);
        if (!list.is_array()) return fail(where, "must be a list");
        for (std::size_t i = 0; i < list.size() && !fault_; ++i) take(list[i], where + "[" + std::to_string(i) + "]");
    }
    template <std::size_t N>
    std::size_t choice(const Json& of, const std::string& at, const char* name,
                       const std::array<std::string_view, N>& names) {
        std::string text;
        read(of, at, name, text);
        for (std::size_t i = 0; i < N; ++i)
            if (names[i] == text) return i;
        fail(at.empty() ? name : at + "." + name, "is none of its values");
        return 0;
    }

    template <class Enum>
    void word(const Json& of, const std::string& at, const char* name, Words<Enum> words, Enum& into) {
        std::string text;
        read(of, at, name, text);
        for (const auto& [word, meaning] : words) {
            if (word != text) continue;
            into = meaning;
            return;
        }
        fail(at + "." + name, "is none of its values");
    }
    // What may be absent.
    template <class T>
    void read(const Json& of, const std::string& at, const char* name, std::optional<T>& into) {
        if (of.is_object() && of.contains(name)) read(of, at, name, into.emplace());
    }

    // Absent is empty.
    void read(const Json& of, const std::string& at, const char* name, SparseHistogram& into) {
        std::string where;
        const Json& value = member(of, at, name, where);
        if (value.is_null()) return;
        std::string hdr;
        Histogram::Exact exact;
        read(value, where, "hdr", hdr);
        read(value, where, "overflow", exact.overflow);
        read(value, where, "min_us", exact.min);
        read(value, where, "max_us", exact.max);
        read(value, where, "sum_us", exact.sum);
        if (fault_) return;
        std::optional<std::string> payload = hdr_decode(hdr);
        if (!payload) return fail(where + ".hdr", "is not a histogram of 1 us to 1 h with three digits");
        std::optional<SparseHistogram> histogram = SparseHistogram::restore(std::move(*payload), exact);
        if (!histogram) return fail(where, "its parts contradict each other");
        into = std::move(*histogram);
    }
    void read(const Json& of, const std::string& at, const char* name, Histogram& into) {
        SparseHistogram sparse;
        read(of, at, name, sparse);
        if (!fault_) into = sparse.expand();
    }
    void read(const Json& of, const std::string& at, Totals& into) {
        std::string where;
        const Json& value = member(of, at, "totals", where);
        read(value, where, "planned", into.planned);
        read(value, where, "sent", into.sent);
        read(value, where, "dropped", into.dropped);
        std::string at_outcomes;
        const Json& outcomes = member(value, where, "outcomes", at_outcomes);
        std::uint64_t known = 0;
        for (std::size_t i = 0; i < kOutcomes && !fault_; ++i) {
            const std::string outcome(to_string(static_cast<Outcome>(i)));
            if (!outcomes.is_object() || !outcomes.contains(outcome)) continue;
            read(outcomes, at_outcomes, outcome.c_str(), into.outcomes[i]);
            ++known;
        }
        if (!outcomes.is_object() || known != outcomes.size()) return fail(at_outcomes, "has an unknown outcome");
        std::uint64_t left = into.planned;
        for (const std::uint64_t part : {into.dropped, into.done(), into.failed()}) {
            if (part > left) return fail(where, "more ended than was planned");
            left -= part;
        }
    }
    void read(const Json& of, const std::string& at, Durations& into) {
        std::string where;
        const Json& value = member(of, at, "durations", where);
        read(value, where, "response", into.response);
        read(value, where, "service", into.service);
        read(value, where, "send_lag", into.send_lag);
        read(value, where, "generator_lag", into.generator_lag);
        read(value, where, "unanswered", into.unanswered);
    }

private:
    std::optional<Error> fault_;
};

void read_second(Reader& r, const Json& json, const std::string& at, SecondReport& s) {
    r.read(json, at, "second", s.row.second);
    r.read(json, at, "planned", s.row.planned);
    r.read(json, at, "sent", s.row.sent);
    r.read(json, at, "ok", s.row.ok);
    r.read(json, at, "limited", s.row.limited);
    r.read(json, at, "other", s.row.other);
    r.read(json, at, "dropped", s.row.dropped);
    r.read(json, at, "avg_ms", s.row.avg_ms);
    r.read(json, at, "p50_ms", s.row.p50_ms);
    r.read(json, at, "p95_ms", s.row.p95_ms);
    r.read(json, at, "p99_ms", s.row.p99_ms);
    r.read(json, at, "response", s.response);
    r.read(json, at, "unanswered", s.unanswered);
}

void read_certificate(Reader& r, const Json& json, Certificate& c) {
    const std::string at = "certificate";
    c.verdict = static_cast<Validity>(r.choice(json, at, "verdict", kValidities));
    r.each(json, at, "reasons", [&](const Json& reason, const std::string& where) {
        if (!reason.is_string()) return r.fail(where, "must be a text");
        c.reasons.push_back(reason.get<std::string>());
    });
    r.read(json, at, "send_lag_p50_ms", c.send_lag_p50_ms);
    r.read(json, at, "send_lag_p99_ms", c.send_lag_p99_ms);
    r.read(json, at, "send_lag_max_ms", c.send_lag_max_ms);
    r.read(json, at, "even_share", c.even_share);
    r.read(json, at, "dispersion", c.dispersion);
    r.read(json, at, "dropped", c.dropped);
    if (json.contains("queued")) r.read(json, at, "queued", c.queued);
    r.read(json, at, "cpu_share", c.cpu_share);
    r.read(json, at, "stalls", c.stalls);
    r.read(json, at, "longest_stall_ms", c.longest_stall_ms);
    r.read(json, at, "clock_step_ms", c.clock_step_ms);
    if (json.contains("real_time")) r.read(json, at, "real_time", c.real_time);
}

void read_threshold(Reader& r, const Json& json, const std::string& at, ThresholdResult& t) {
    std::string text;
    r.read(json, at, "threshold", text);
    r.read(json, at, "passed", t.passed);
    if (r.fault()) return;
    const Result<Threshold> threshold = parse_threshold(text);
    if (!threshold) return r.fail(at + ".threshold", "is not a threshold");
    t.threshold = *threshold;
    if (json.contains("measured")) r.read(json, at, "measured", t.measured.emplace());
    if (json.contains("failed_at_ns")) r.read(json, at, "failed_at_ns", t.failed_at_nanos.emplace());
}

void read_alert(Reader& r, const Json& json, const std::string& at, ObjectiveAlert& a) {
    r.word(json, at, "severity", kSeverities, a.rule.severity);
    r.read(json, at, "factor", a.rule.factor);
    r.read(json, at, "long_us", a.rule.long_micros);
    r.read(json, at, "short_us", a.rule.short_micros);
    r.read(json, at, "hold_us", a.rule.hold_micros);
    r.read(json, at, "real_long_us", a.real_long_micros);
    r.read(json, at, "real_short_us", a.real_short_micros);
    r.read(json, at, "fired", a.fired);
    r.read(json, at, "fastest_seconds", a.fastest_seconds);
    r.each(json, at, "episodes", [&](const Json& item, const std::string& where) {
        AlertEpisode& e = a.episodes.emplace_back();
        r.read(item, where, "began_ns", e.began_nanos);
        r.read(item, where, "fired_ns", e.fired_nanos);
        r.read(item, where, "expected_seconds", e.expected_seconds);
        r.read(item, where, "resolved_ns", e.resolved_nanos);
        r.read(item, where, "last_bad_ns", e.last_bad_nanos);
        r.read(item, where, "expected_reset_seconds", e.expected_reset_seconds);
    });
}

void read_objective(Reader& r, const Json& json, const std::string& at, ObjectiveResult& o) {
    r.read(json, at, "name", o.objective.name);
    r.word(json, at, "kind", kIndicators, o.objective.indicator.kind);
    r.read(json, at, "target", o.objective.target);
    r.read(json, at, "threshold_ms", o.objective.indicator.threshold_ms);
    r.read(json, at, "request", o.objective.indicator.route);
    r.read(json, at, "limited_is_bad", o.objective.indicator.limited_is_bad);
    r.read(json, at, "window_us", o.objective.window.micros);
    r.read(json, at, "lasts_us", o.lasts_micros);
    r.read(json, at, "held", o.held);
    r.read(json, at, "good", o.counted.good);
    r.read(json, at, "total", o.counted.total);
    if (o.counted.good > o.counted.total) r.fail(at, "more good ones than there are");
    r.read(json, at, "usual_rate", o.usual_rate);
    r.read(json, at, "left", o.left);
    r.read(json, at, "lowest_left", o.lowest_left);
    r.read(json, at, "overspent_ns", o.overspent_nanos);
    r.read(json, at, "budget_used", o.budget_used);
    r.each(json, at, "alerts",
           [&](const Json& item, const std::string& where) { read_alert(r, item, where, o.alerts.emplace_back()); });
}

void read_end_to_end(Reader& r, const Json& json, EndToEndReport& e) {
    const std::string at = "end_to_end";
    r.read(json, at, "sent", e.sent);
    r.read(json, at, "acknowledged", e.acknowledged);
    r.read(json, at, "visible", e.visible);
    r.read(json, at, "lost", e.lost);
    r.read(json, at, "repeated", e.repeated);
    r.read(json, at, "out_of_order", e.out_of_order);
    r.read(json, at, "sums_equal", e.sums_equal);
    r.read(json, at, "freshness_query", e.freshness_query);
    r.read(json, at, "freshness_live", e.freshness_live);
    if (!json.is_object() || !json.contains("complete")) return;  // an older report
    r.read(json, at, "unanswered_visible", e.unanswered_visible);
    r.read(json, at, "complete", e.complete);
    r.read(json, at, "live_skipped", e.live_skipped);
    r.each(json, at, "unknown", [&](const Json& each, const std::string& where) {
        if (!each.is_string()) return r.fail(where, "must be a text");
        e.unknown.push_back(each.get<std::string>());
    });
}

void read_replay(Reader& r, const Json& json, ReplayReport& replay) {
    const std::string at = "replay";
    r.read(json, at, "source", replay.source);
    r.read(json, at, "speed", replay.speed);
    r.read(json, at, "first_us", replay.first.micros);
    r.read(json, at, "last_us", replay.last.micros);
    r.read(json, at, "requests", replay.requests);
    r.read(json, at, "events", replay.events);
    r.read(json, at, "left_out", replay.left_out);
    r.read(json, at, "busiest_second", replay.busiest_second);
    if (!json.is_object() || !json.contains("left_out_methods")) return;  // an older report
    std::string where;
    const Json& methods = r.member(json, at, "left_out_methods", where);
    if (!methods.is_object()) return r.fail(where, "must be an object");
    for (const auto& [method, count] : methods.items())
        r.read(methods, where, method.c_str(), replay.left_out_methods[method]);
}

}  // namespace

std::string to_json(const SecondReport& second) {
    return to_value(second).dump();
}

Result<SecondReport> parse_second_report(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    Reader r;
    SecondReport second;
    if (json.is_discarded() || !json.is_object()) r.fail("", "not a JSON object");
    if (!r.fault()) read_second(r, json, "", second);
    if (r.fault()) return *r.fault();
    return second;
}

std::string to_json(const RunReport& report) {
    Json json{{"schema", kRunReportSchema},
              {"run_id", report.run_id},
              {"started_at_us", report.started_at.micros},
              {"name", report.name},
              {"url", report.url},
              {"scenario", report.scenario},
              {"seed", report.seed},
              {"machine",
               {{"host", report.machine.host},
                {"processor", report.machine.processor},
                {"kernel", report.machine.kernel},
                {"build", report.machine.build},
                {"cores", report.machine.cores}}},
              {"state", kStates[static_cast<std::size_t>(report.state)]},
              {"stopped_by", report.stopped_by},
              {"elapsed_seconds", report.elapsed_seconds},
              {"planned_seconds", report.planned_seconds},
              {"certificate", to_value(report.certificate)}};
    Json& thresholds = json["thresholds"] = Json::array();
    for (const ThresholdResult& t : report.thresholds) thresholds.push_back(to_value(t));
    Json& objectives = json["objectives"] = Json::array();
    for (const ObjectiveResult& o : report.objectives) objectives.push_back(to_value(o));
    json["totals"] = to_value(report.totals);
    json["durations"] = to_value(report.durations);
    Json& endpoints = json["endpoints"] = Json::array();
    for (const EndpointReport& e : report.endpoints)
        endpoints.push_back(
            Json{{"name", e.name}, {"totals", to_value(e.totals)}, {"durations", to_value(e.durations)}});
    Json& errors = json["errors"] = Json::array();
    for (const ErrorGroup& e : report.errors) {
        Json& item = errors.emplace_back(Json{{"endpoint", e.endpoint},
                                              {"kind", e.kind},
                                              {"count", e.count},
                                              {"first_ns", e.first_nanos},
                                              {"last_ns", e.last_nanos}});
        if (!e.detail.empty()) item["detail"] = e.detail;
    }
    Json& stages = json["stages"] = Json::array();
    for (const ServerStage& s : report.stages)
        stages.push_back(Json{{"name", s.name}, {"duration", to_value(s.duration)}});
    Json& hand = json["hand"] = Json::array();
    // Beside its own form the exact time: a repeated run needs it to the nanosecond.
    for (const HandAction& action : report.hand)
        hand.push_back(Json{{"action", Json::parse(to_json(action), nullptr, false)}, {"at_ns", action.at_nanos}});
    if (report.end_to_end) json["end_to_end"] = to_value(*report.end_to_end);
    if (report.replay) json["replay"] = to_value(*report.replay);
    Json& seconds = json["seconds"] = Json::array();
    for (const SecondReport& s : report.seconds) seconds.push_back(to_value(s));
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RunReport> parse_run_report(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    Reader r;
    RunReport report;
    if (json.is_discarded() || !json.is_object()) {
        r.fail("", "not a JSON object");
        return *r.fault();
    }
    std::string schema;
    r.read(json, "", "schema", schema);
    if (schema != kRunReportSchema) r.fail("schema", "is not streamgauge-load-run/1");
    r.read(json, "", "run_id", report.run_id);
    r.read(json, "", "started_at_us", report.started_at.micros);
    r.read(json, "", "name", report.name);
    r.read(json, "", "url", report.url);
    r.read(json, "", "scenario", report.scenario);
    r.read(json, "", "seed", report.seed);
    std::string where;
    const Json& machine = r.member(json, "", "machine", where);
    r.read(machine, where, "host", report.machine.host);
    r.read(machine, where, "processor", report.machine.processor);
    r.read(machine, where, "kernel", report.machine.kernel);
    r.read(machine, where, "build", report.machine.build);
    r.read(machine, where, "cores", report.machine.cores);
    report.state = static_cast<RunState>(r.choice(json, "", "state", kStates));
    r.read(json, "", "stopped_by", report.stopped_by);
    r.read(json, "", "elapsed_seconds", report.elapsed_seconds);
    r.read(json, "", "planned_seconds", report.planned_seconds);
    read_certificate(r, r.member(json, "", "certificate", where), report.certificate);
    r.each(json, "", "thresholds", [&](const Json& item, const std::string& at) {
        read_threshold(r, item, at, report.thresholds.emplace_back());
    });
    if (json.contains("objectives"))  // older reports have none
        r.each(json, "", "objectives", [&](const Json& item, const std::string& at) {
            read_objective(r, item, at, report.objectives.emplace_back());
        });
    r.read(json, "", report.totals);
    r.read(json, "", report.durations);
    r.each(json, "", "endpoints", [&](const Json& item, const std::string& at) {
        EndpointReport& endpoint = report.endpoints.emplace_back();
        r.read(item, at, "name", endpoint.name);
        r.read(item, at, endpoint.totals);
        r.read(item, at, endpoint.durations);
    });
    r.each(json, "", "errors", [&](const Json& item, const std::string& at) {
        ErrorGroup& error = report.errors.emplace_back();
        r.read(item, at, "endpoint", error.endpoint);
        r.read(item, at, "kind", error.kind);
        r.read(item, at, "count", error.count);
        r.read(item, at, "first_ns", error.first_nanos);
        r.read(item, at, "last_ns", error.last_nanos);
        if (item.contains("detail")) r.read(item, at, "detail", error.detail);
    });
    r.each(json, "", "stages", [&](const Json& item, const std::string& at) {
        ServerStage& stage = report.stages.emplace_back();
        r.read(item, at, "name", stage.name);
        r.read(item, at, "duration", stage.duration);
    });
    r.each(json, "", "hand", [&](const Json& item, const std::string& at) {
        std::string inside;
        Json form = r.member(item, at, "action", inside);
        if (form.is_object()) form.erase("at_seconds");  // at_ns has it exactly
        Result<HandAction> action = parse_hand_action(form.dump(-1, ' ', false, Json::error_handler_t::replace));
        if (!action) return r.fail(inside, "is not an action");
        r.read(item, at, "at_ns", action.value().at_nanos);
        report.hand.push_back(*action);
    });
    if (json.contains("end_to_end")) read_end_to_end(r, json["end_to_end"], report.end_to_end.emplace());
    if (json.contains("replay")) read_replay(r, json["replay"], report.replay.emplace());
    r.each(json, "", "seconds",
           [&](const Json& item, const std::string& at) { read_second(r, item, at, report.seconds.emplace_back()); });
    if (r.fault()) return *r.fault();
    return report;
}

}  // namespace streamgauge::loadgen
