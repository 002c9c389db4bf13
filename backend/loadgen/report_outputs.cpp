// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/report_outputs.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "base/time_text.h"
#include "loadgen/hdr_encoding.h"
#include "loadgen/objective_outputs.h"

namespace streamgauge::loadgen {
namespace {

using Json = nlohmann::ordered_json;
using Measure = Threshold::Measure;

constexpr double kNeeded = 10;  // values beyond a quantile

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 512> text{};
    const int n = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), n < 0 ? 0 : std::min(static_cast<std::size_t>(n), text.size() - 1)};
}
unsigned long long wide(std::uint64_t n) {
    return n;
}
double ms(std::int64_t micros) {
    return static_cast<double>(micros) / 1000;
}
double per_second(std::uint64_t n, double seconds) {
    return seconds > 0 ? static_cast<double>(n) / seconds : 0;
}

// ---- terminal -------------------------------------------------------------------------------------------------------
std::string distribution_line(const char* name, const Histogram& h) {
    std::string line = formatted("%-15s", name);
    if (h.count() == 0) return line + formatted(" %10s  %10s  %10s  %10s  %10s\n", "-", "-", "-", "-", "-");
    for (const double q : {0.5, 0.95, 0.99, 0.999})
        line += formatted(" %10.3f%c", ms(h.quantile_micros(q)), enough_for_quantile(h.count(), q) ? ' ' : '~');
    return line + formatted(" %10.3f\n", ms(h.max_micros()));
}

// Marked where fewer than ten values lie beyond it; a dash where there is none.
std::string quantile_text(const Histogram& h, double q) {
    if (h.count() == 0) return formatted("%9s ", "-");
    return formatted("%9.3f%c", ms(h.quantile_micros(q)), enough_for_quantile(h.count(), q) ? ' ' : '~');
}

std::string end_to_end_text(const EndToEndReport& e) {
    std::string text = "\nend to end, events\n";
    text += formatted("  sent %llu   acknowledged %llu   visible %llu   ", wide(e.sent), wide(e.acknowledged),
                      wide(e.visible));
    text += e.complete ? formatted("lost %llu", wide(e.lost)) : std::string("lost: not known");
    text += formatted("   repeated %llu   out of order %llu   sums %s\n", wide(e.repeated), wide(e.out_of_order),
                      e.sums_equal ? "equal" : "NOT EQUAL");
    const auto freshness = [&](const char* name, const Histogram& h) {
        if (h.count() == 0) return;
        text += formatted("  sent to visible %s: p50 %.1f  p99 %.1f  max %.1f ms of %llu events\n", name,
                          ms(h.quantile_micros(0.5)), ms(h.quantile_micros(0.99)), ms(h.max_micros()), wide(h.count()));
    };
    freshness("by query", e.freshness_query);
    freshness("by live feed", e.freshness_live);
    if (e.live_skipped > 0)
        text += formatted("  the live feed left out %llu events, as it does of more than a screen's worth\n",
                          wide(e.live_skipped));
    if (e.unanswered_visible > 0)
        text += formatted("  %llu events are visible that had no good answer\n", wide(e.unanswered_visible));
    for (const std::string& what : e.unknown) text += "  not known, or wrong: " + what + "\n";
    return text;
}

const char* stop_words(const RunReport& report) {
    return report.state == RunState::Interrupted ? "interrupted: " : "stopped by: ";
}

// ---- k6 -------------------------------------------------------------------------------------------------------------
Json trend(const Histogram& h) {
    Json values{{"avg", h.mean_micros() / 1000},
                {"min", ms(h.min_micros())},
                {"med", ms(h.quantile_micros(0.5))},
                {"max", ms(h.max_micros())}};
    constexpr std::array<std::pair<const char*, double>, 4> shown{
        {{"p(90)", 0.9}, {"p(95)", 0.95}, {"p(99)", 0.99}, {"p(99.9)", 0.999}}};
    for (const auto& [name, q] : shown) values[name] = ms(h.quantile_micros(q));
    values["count"] = h.count();
    return Json{{"type", "trend"}, {"contains", "time"}, {"values", std::move(values)}};
}

Json counter(std::uint64_t count, double seconds) {
    return Json{{"type", "counter"},
                {"contains", "default"},
                {"values", {{"count", count}, {"rate", per_second(count, seconds)}}}};
}

Json failures(const Totals& totals) {
    const std::uint64_t all = totals.done() + totals.failed();
    return Json{{"type", "rate"},
                {"contains", "default"},
                {"values",
                 {{"rate", all == 0 ? 0.0 : static_cast<double>(totals.failed()) / static_cast<double>(all)},
                  {"passes", totals.failed()},
                  {"fails", totals.done()}}}};
}

const char* k6_metric(Measure measure) {
    switch (measure) {
        case Measure::Errors:
            return "http_req_failed";
        case Measure::Rate:
        case Measure::Requests:
            return "iterations";
        case Measure::Dropped:
            return "dropped_iterations";
        case Measure::Unfinished:
            return "unfinished";
        case Measure::SendLag:
            return "generator_lag";
        case Measure::Freshness:
            return "freshness";
        case Measure::Lost:
            return "lost";
        default:
            return "http_req_duration";
    }
}

}  // namespace

bool enough_for_quantile(std::uint64_t count, double q) {
    return static_cast<double>(count) * (1 - q) >= kNeeded - 1e-6;
}

std::string measured_text(const ThresholdResult& t) {
    if (!t.measured) return "nothing measured";
    switch (t.threshold.measure) {
        case Measure::Errors:
            return formatted("%.3f %%", 100 * *t.measured);
        case Measure::Rate:
            return formatted("%.6g/s", *t.measured);
        case Measure::Requests:
        case Measure::Dropped:
        case Measure::Unfinished:
        case Measure::Lost:
            return formatted("%.6g", *t.measured);
        default:
            return formatted("%.6g ms", *t.measured);
    }
}

std::string replay_text(const ReplayReport& r) {
    const auto counted = [](std::uint64_t n, const char* what) {
        return formatted("%llu %s%s", wide(n), what, n == 1 ? "" : "s");
    };
    std::string text = "replayed " + r.source + ", " + counted(r.requests, "request");
    if (r.events > 0) text += " with " + counted(r.events, "event");
    text += ", received " + format_rfc3339(r.first) + " to " + format_rfc3339(r.last);
    text +=
        r.speed == 1 ? std::string(", with their gaps") : formatted(", with their gaps at %g times the speed", r.speed);
    text += formatted("; busiest second %llu", wide(r.busiest_second));
    if (r.left_out == 0) return text;
    text += formatted("; %llu left out", wide(r.left_out));
    std::string methods;
    for (const auto& [method, count] : r.left_out_methods)
        methods += (methods.empty() ? "" : ", ") + method + formatted(" %llu", wide(count));
    return methods.empty() ? text : text + " (" + methods + ")";
}

std::string all_failed_text(const RunReport& report) {
    const Totals& t = report.totals;
    if (t.done() > 0 || t.failed() == 0) return {};
    std::string text = formatted("EVERY REQUEST FAILED: not one of the %llu that ended was good", wide(t.failed()));
    std::vector<std::pair<std::string, std::uint64_t>> kinds;  // most frequent first, of all kinds of requests
    for (const ErrorGroup& error : report.errors) {
        const auto found =
            std::find_if(kinds.begin(), kinds.end(), [&](const auto& one) { return one.first == error.kind; });
        if (found == kinds.end()) {
            kinds.emplace_back(error.kind, error.count);
        } else {
            found->second += error.count;
        }
    }
    constexpr std::size_t kShown = 3;
    for (std::size_t i = 0; i < std::min(kShown, kinds.size()); ++i)
        text += (i == 0 ? ": " : ", ") + kinds[i].first + formatted(" %llu", wide(kinds[i].second));
    return text;
}

std::string report_text(const RunReport& report) {
    const Totals& t = report.totals;
    const Durations& d = report.durations;
    std::string text = formatted("\n%s: %s, planned for %g s, seed %llu\n",
                                 report.state == RunState::Done          ? "done"
                                 : report.state == RunState::Interrupted ? "INTERRUPTED"
                                                                         : "stopped",
                                 report.name.c_str(), report.planned_seconds, wide(report.seed));
    if (!report.stopped_by.empty()) text += stop_words(report) + report.stopped_by + "\n";
    if (const std::string all_failed = all_failed_text(report); !all_failed.empty()) text += all_failed + "\n";
    if (report.replay) text += replay_text(*report.replay) + "\n";
    text += formatted("planned %llu   sent %llu   done %llu   failed %llu   unfinished %llu", wide(t.planned),
                      wide(t.sent), wide(t.done()), wide(t.failed()), wide(t.unfinished()));
    text += t.dropped > 0 ? formatted("   dropped %llu\n", wide(t.dropped)) : "\n";
    text += formatted("done %.0f requests/s over %.2f s\n", per_second(t.done(), report.elapsed_seconds),
                      report.elapsed_seconds);
    text += "\nmilliseconds           p50         p95         p99       p99.9         max\n";
    text += distribution_line("response", d.response) + distribution_line("service", d.service) +
            distribution_line("send lag", d.send_lag) + distribution_line("generator lag", d.generator_lag);
    text +=
        "response: planned to answered; service: sent to answered; send lag: planned to sent; generator lag: its own "
        "part\n";
    const auto short_of = [](const Histogram& h) { return h.count() > 0 && !enough_for_quantile(h.count(), 0.999); };
    if (short_of(d.response) || short_of(d.send_lag) || short_of(d.generator_lag) ||
        std::any_of(report.endpoints.begin(), report.endpoints.end(),
                    [&](const EndpointReport& e) { return short_of(e.durations.response); }))
        text += "~ fewer than ten values lie beyond it: another run may well say something else\n";
    if (d.unanswered.count() > 0) {
        Histogram all = d.response;
        all.merge(d.unanswered);
        text += formatted(
            "%llu requests had no answer; counted with the time they waited, response p50 is at least %.3f, "
            "p95 %.3f, p99 %.3f\n",
            wide(d.unanswered.count()), ms(all.quantile_micros(0.5)), ms(all.quantile_micros(0.95)),
            ms(all.quantile_micros(0.99)));
    }
    for (const ServerStage& stage : report.stages)
        text += distribution_line(("server " + stage.name).c_str(), stage.duration);
    if (report.endpoints.size() > 1) {
        text += "\n";
        for (const EndpointReport& e : report.endpoints)
            text += formatted("%-24.24s planned %8llu  done %8llu  failed %6llu  p50 %s  p99 %s ms\n", e.name.c_str(),
                              wide(e.totals.planned), wide(e.totals.done()), wide(e.totals.failed()),
                              quantile_text(e.durations.response, 0.5).c_str(),
                              quantile_text(e.durations.response, 0.99).c_str());
    }
    if (!report.errors.empty()) text += "\nerrors\n";
    for (const ErrorGroup& e : report.errors)
        text += formatted("  %-18s %8llu   first %.1f s, last %.1f s  %s%s%s\n", e.kind.c_str(), wide(e.count),
                          static_cast<double>(e.first_nanos) / 1e9, static_cast<double>(e.last_nanos) / 1e9,
                          e.endpoint.c_str(), e.detail.empty() ? "" : "  ", e.detail.c_str());
    if (!report.thresholds.empty()) text += "\nthresholds\n";
    for (const ThresholdResult& r : report.thresholds) {
        text += std::string(r.passed ? "  passed  " : "  FAILED  ") + to_text(r.threshold) + "   " + measured_text(r);
        if (r.failed_at_nanos) text += formatted(" (first at %.0f s)", static_cast<double>(*r.failed_at_nanos) / 1e9);
        text += "\n";
    }
    text += objectives_text(report);
    if (report.end_to_end) text += end_to_end_text(*report.end_to_end);
    const Certificate& c = report.certificate;
    text += formatted(
        "\nthe generator: %s   lag p50 %.3f p99 %.3f max %.3f ms, %s %.1f %%, dispersion %.2f, %.0f %% of a "
        "core, %llu stalls, %s scheduling\n",
        std::string(to_string(c.verdict)).c_str(), c.send_lag_p50_ms, c.send_lag_p99_ms, c.send_lag_max_ms,
        report.replay ? "gaps as recorded" : "even gaps", 100 * c.even_share, c.dispersion, 100 * c.cpu_share,
        wide(c.stalls), c.real_time ? "real-time" : "ordinary");
    for (const std::string& reason : c.reasons) text += "  " + reason + "\n";
    return text;
}

std::string k6_summary(const RunReport& report) {
    const double seconds = report.elapsed_seconds;
    Json metrics;
    metrics["http_req_duration"] = trend(report.durations.response);
    metrics["http_req_service"] = trend(report.durations.service);
    metrics["http_req_send_lag"] = trend(report.durations.send_lag);
    metrics["generator_lag"] = trend(report.durations.generator_lag);
    metrics["http_req_failed"] = failures(report.totals);
    metrics["http_reqs"] = counter(report.totals.sent, seconds);
    metrics["iterations"] = counter(report.totals.done(), seconds);
    metrics["dropped_iterations"] = counter(report.totals.dropped, seconds);
    metrics["unfinished"] = counter(report.totals.unfinished(), seconds);
    if (report.end_to_end) {
        metrics["freshness"] = trend(report.end_to_end->freshness_query);
        metrics["freshness_live"] = trend(report.end_to_end->freshness_live);
        if (report.end_to_end->complete) metrics["lost"] = counter(report.end_to_end->lost, seconds);
        metrics["repeated"] = counter(report.end_to_end->repeated, seconds);
    }
    if (report.endpoints.size() > 1) {
        for (const EndpointReport& e : report.endpoints) {
            const std::string tag = "{name:" + e.name + "}";
            metrics["http_req_duration" + tag] = trend(e.durations.response);
            metrics["http_req_failed" + tag] = failures(e.totals);
            metrics["iterations" + tag] = counter(e.totals.done(), seconds);
            metrics["dropped_iterations" + tag] = counter(e.totals.dropped, seconds);
        }
    }
    for (const ThresholdResult& t : report.thresholds) {
        const std::string metric = k6_metric(t.threshold.measure);
        const std::string tagged = metric + "{name:" + t.threshold.endpoint + "}";
        Json& of = t.threshold.endpoint.empty() || !metrics.contains(tagged) ? metrics[metric] : metrics[tagged];
        if (of.is_null()) of = counter(0, seconds);
        of["thresholds"][to_text(t.threshold)] = Json{{"ok", t.passed}};
    }
    for (const ObjectiveResult& o : report.objectives) {
        Json& of = metrics["objective{name:" + o.objective.name + "}"];
        const std::uint64_t all = o.counted.total;
        of = Json{{"type", "rate"},
                  {"contains", "default"},
                  {"values",
                   {{"rate", all == 0 ? 0.0 : static_cast<double>(o.counted.good) / static_cast<double>(all)},
                    {"passes", o.counted.good},
                    {"fails", o.counted.bad()}}}};
        of["thresholds"][formatted("rate>=%.6g", o.objective.target)] = Json{{"ok", o.held}};
    }
    Json json;
    json["root_group"] = Json{{"name", ""},
                              {"path", ""},
                              {"id", "d41d8cd98f00b204e9800998ecf8427e"},
                              {"groups", Json::array()},
                              {"checks", Json::array()}};
    json["options"] = Json{{"summaryTrendStats", {"avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)"}},
                           {"summaryTimeUnit", ""},
                           {"noColor", false}};
    json["state"] = Json{{"isStdOutTTY", false}, {"isStdErrTTY", false}, {"testRunDurationMs", seconds * 1000}};
    json["metrics"] = std::move(metrics);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string seconds_csv(const RunReport& report) {
    std::string text =
        "second,planned,sent,dropped,ok,limited,other,avg_ms,p50_ms,p90_ms,p95_ms,p99_ms,p99_9_ms,max_ms,"
        "unanswered\r\n";
    for (const SecondReport& s : report.seconds) {
        const SecondRow& r = s.row;
        const Histogram h = s.response.expand();
        text += formatted("%lld,%llu,%llu,%llu,%llu,%llu,%llu", static_cast<long long>(r.second), wide(r.planned),
                          wide(r.sent), wide(r.dropped), wide(r.ok), wide(r.limited), wide(r.other));
        text += h.count() > 0 ? formatted(",%.3f", r.avg_ms) : std::string(",");
        // Too few values: no figure rather than a wrong one.
        for (const double q : {0.5, 0.9, 0.95, 0.99, 0.999})
            text += enough_for_quantile(h.count(), q) ? formatted(",%.3f", ms(h.quantile_micros(q))) : std::string(",");
        text += h.count() > 0 ? formatted(",%.3f", ms(h.max_micros())) : std::string(",");
        text += formatted(",%llu\r\n", wide(s.unanswered.count()));
    }
    return text;
}

std::string hdr_log(const RunReport& report) {
    const double start = static_cast<double>(report.started_at.micros) / 1e6;
    std::string text =
        "#[Streamgauge load run " + report.run_id +
        "; values are microseconds, Interval_Max is milliseconds]\n#[Histogram log format version 1.3]\n";
    text += formatted("#[StartTime: %.3f (seconds since epoch)]\n", start);
    text += "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
    for (const SecondReport& s : report.seconds) {
        if (s.response.count() == 0) continue;
        text +=
            formatted("Tag=response,%.3f,1.000,%.3f,", static_cast<double>(s.row.second), ms(s.response.exact().max)) +
            hdr_encode(s.response) + "\n";
    }
    const std::array<std::pair<const char*, const Histogram*>, 5> wholes{
        {{"run_response", &report.durations.response},
         {"run_service", &report.durations.service},
         {"run_send_lag", &report.durations.send_lag},
         {"run_generator_lag", &report.durations.generator_lag},
         {"run_unanswered", &report.durations.unanswered}}};
    for (const auto& [tag, histogram] : wholes)
        text += formatted("Tag=%s,0.000,%.3f,%.3f,", tag, report.elapsed_seconds, ms(histogram->max_micros())) +
                hdr_encode(*histogram) + "\n";
    return text;
}

std::string xml_escaped(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7F ? ' ' : c;
        }
    }
    return escaped;
}

std::string junit_xml(const RunReport& report) {
    const auto suite = xml_escaped(report.name);
    const bool interrupted = report.state == RunState::Interrupted;
    const std::string all_failed = all_failed_text(report);
    std::size_t failed = (report.certificate.verdict == Validity::Invalid ? 1U : 0U) + (interrupted ? 1U : 0U) +
                         (all_failed.empty() ? 0U : 1U);
    for (const ThresholdResult& t : report.thresholds) failed += t.passed ? 0 : 1;
    for (const ObjectiveResult& o : report.objectives) failed += o.held ? 0 : 1;
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    const std::string counts = formatted(
        "tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"%.3f\"",
        report.thresholds.size() + report.objectives.size() + (interrupted ? 2U : 1U) + (all_failed.empty() ? 0U : 1U),
        failed, report.elapsed_seconds);
    text += "<testsuites " + counts + ">\n <testsuite name=\"" + suite + "\" " + counts + " timestamp=\"" +
            format_rfc3339(report.started_at) + "\">\n";
    const auto test_case = [&](const std::string& name, bool passed, const std::string& message) {
        text += "  <testcase classname=\"" + suite + "\" name=\"" + xml_escaped(name) + "\"";
        text += passed ? "/>\n" : "><failure message=\"" + xml_escaped(message) + "\"/></testcase>\n";
    };
    if (!all_failed.empty()) test_case("some request is answered well", false, all_failed);
    if (interrupted) test_case("the run came to its end", false, stop_words(report) + report.stopped_by);
    for (const ThresholdResult& t : report.thresholds)
        test_case(to_text(t.threshold), t.passed, "measured " + measured_text(t));
    for (const ObjectiveResult& o : report.objectives) test_case(objective_title(o), o.held, objective_measured(o));
    std::string reasons;
    for (const std::string& reason : report.certificate.reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
    test_case("the generator can be believed", report.certificate.verdict != Validity::Invalid, reasons);
    return text + " </testsuite>\n</testsuites>\n";
}

}  // namespace streamgauge::loadgen
