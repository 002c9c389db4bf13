// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/report_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/time.h"
#include "loadgen/objective_outputs.h"
#include "loadgen/report_outputs.h"
#include "loadgen/svg_chart.h"
#include "slo/alert.h"

namespace streamgauge::loadgen {
namespace {

using Measure = Threshold::Measure;

constexpr std::size_t kMostColumns = 360;

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--back:#fff;--panel:#f5f6f8;--ink:#1c2430;--dim:#5f6b7a;--rule:#d9dee5;--good:#137a3f;--bad:#b3261e;
--warn:#8a5a00;--s0:#2563b8;--s1:#0f8a7e;--s2:#c2620c;--s3:#b3261e;--heat:#2563b8}
@media(prefers-color-scheme:dark){:root{--back:#14181e;--panel:#1c222b;--ink:#e6eaf0;--dim:#9aa6b5;--rule:#343d4a;--good:#56c98a;
--bad:#ff8a80;--warn:#f0b95a;--s0:#6ea8ff;--s1:#4fd1c0;--s2:#f2a25c;--s3:#ff8a80;--heat:#6ea8ff}}
*{box-sizing:border-box}body{margin:0 auto;padding:24px;max-width:1540px;background:var(--back);color:var(--ink);font:14px/1.45 system-ui,sans-serif}
h1{font-size:22px;margin:0}h2{font-size:15px;margin:24px 0 8px}p{margin:4px 0}.dim{color:var(--dim)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px;margin:16px 0}
.tile{background:var(--panel);border-radius:8px;padding:10px 12px}.tile b{display:block;font-size:20px;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(520px,100%),1fr));gap:14px}
.charts svg{width:100%;background:var(--panel);border-radius:8px;padding:8px}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{text-align:right;padding:4px 10px;border-bottom:1px solid var(--rule)}
th:first-child,td:first-child{text-align:left}th{color:var(--dim);font-weight:600}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}pre{background:var(--panel);border-radius:8px;padding:12px;overflow:auto}
svg text{font:11px system-ui,sans-serif;fill:var(--dim)}svg .title{font-size:13px;font-weight:600;fill:var(--ink)}svg .unit{font-weight:400;fill:var(--dim)}
svg path{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}
svg .t0{fill:var(--s0)}svg .t1{fill:var(--s1)}svg .t2{fill:var(--s2)}svg .t3{fill:var(--s3)}
.grid{stroke:var(--rule)}.limit{stroke:var(--good);stroke-dasharray:6 4}.limit.failed{stroke:var(--bad)}.action{stroke:var(--warn);stroke-dasharray:2 3}.heat{fill:var(--heat)}
)";

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 400> text{};
    const int n = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), n < 0 ? 0 : std::min(static_cast<std::size_t>(n), text.size() - 1)};
}
unsigned long long wide(std::uint64_t n) {
    return n;
}
double ms(std::int64_t micros) {
    return static_cast<double>(micros) / 1000;
}
std::string escaped(std::string_view text) {
    return xml_escaped(text);
}

std::optional<double> quantile(const Histogram& h, double q) {
    if (!enough_for_quantile(h.count(), q)) return std::nullopt;
    return ms(h.quantile_micros(q));
}

// One column of the charts over time: a second, or several of a long run.
struct Column {
    double from = 0, seconds = 1;
    Histogram response;
    double planned = 0, sent = 0, done = 0, failed = 0;
};

std::vector<Column> columns_of(const RunReport& report) {
    const std::size_t each = (report.seconds.size() + kMostColumns - 1) / kMostColumns;
    std::vector<Column> columns;
    for (std::size_t i = 0; i < report.seconds.size(); ++i) {
        const SecondReport& s = report.seconds[i];
        if (i % each == 0) {
            columns.emplace_back();
            columns.back().from = static_cast<double>(s.row.second);
            columns.back().seconds = 0;
        }
        Column& column = columns.back();
        // The run ends within its last second.
        column.seconds += std::clamp(report.elapsed_seconds - static_cast<double>(s.row.second), 0.001, 1.0);
        for (const auto& bucket : s.response.buckets())
            column.response.record(Histogram::bucket_highest(bucket.first), bucket.second);
        column.planned += static_cast<double>(s.row.planned);
        column.sent += static_cast<double>(s.row.sent);
        column.done += static_cast<double>(s.row.ok);
        column.failed += static_cast<double>(s.row.limited + s.row.other);
    }
    // Too short an end for a rate, unless it is all there is.
    if (columns.size() > 1 && columns.back().seconds < 0.2) columns.pop_back();
    return columns;
}

// What a hand did, and alerts.
std::vector<std::pair<double, std::string>> actions_of(const RunReport& report) {
    constexpr std::array<const char*, 6> names{"rate", "spike", "pause", "resume", "stop", "speed"};
    std::vector<std::pair<double, std::string>> actions;
    for (const HandAction& action : report.hand) {
        std::string text = names[static_cast<std::size_t>(action.kind)];
        if (action.rate > 0) text += formatted(" %g", action.rate);
        if (action.kind == HandAction::Kind::Spike && action.speed > 0) text += " of speed";
        if (action.speed > 0) text += formatted(" %g", action.speed);
        actions.emplace_back(static_cast<double>(action.at_nanos) / 1e9, text);
    }
    for (const ObjectiveResult& objective : report.objectives)
        for (const ObjectiveAlert& alert : objective.alerts)
            for (const AlertEpisode& episode : alert.episodes)
                actions.emplace_back(static_cast<double>(episode.fired_nanos) / 1e9,
                                     objective.objective.name + " " + std::string(slo::to_string(alert.rule.severity)));
    return actions;
}

std::string time_charts(const RunReport& report, const std::vector<Column>& columns) {
    Chart latency, rates;
    latency.title = "Response time from the planned time";
    latency.unit = "ms, each second";
    rates.title = "Planned, sent, done, failed";
    rates.unit = "requests/s";
    latency.x_to = rates.x_to = std::max(1.0, report.elapsed_seconds);
    latency.x_marks = rates.x_marks = round_marks(latency.x_to);
    for (auto& mark : latency.x_marks) mark.second += " s";
    rates.x_marks = latency.x_marks;
    latency.actions = rates.actions = actions_of(report);
    constexpr std::array<std::pair<const char*, double>, 3> shown{{{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}}};
    for (const auto& [name, q] : shown) latency.series.push_back({name, {}});
    latency.series.push_back({"max", {}});
    for (const char* name : {"planned", "sent", "done", "failed"}) rates.series.push_back({name, {}});
    for (const Column& c : columns) {
        const double x = c.from + c.seconds / 2;
        for (std::size_t i = 0; i < shown.size(); ++i)
            latency.series[i].points.emplace_back(x, quantile(c.response, shown[i].second));
        latency.series[3].points.emplace_back(
            x, c.response.count() > 0 ? std::optional(ms(c.response.max_micros())) : std::nullopt);
        const std::array<double, 4> counts{c.planned, c.sent, c.done, c.failed};
        for (std::size_t i = 0; i < counts.size(); ++i) rates.series[i].points.emplace_back(x, counts[i] / c.seconds);
    }
    for (const ThresholdResult& t : report.thresholds) {
        if (t.threshold.measure <= Measure::Median)
            latency.limits.push_back({to_text(t.threshold), t.threshold.value, t.passed});
        if (t.threshold.measure == Measure::Rate)
            rates.limits.push_back({to_text(t.threshold), t.threshold.value, t.passed});
    }
    return to_svg(latency) + to_svg(rates);
}

// x is the number of nines: log10(1 / (1 - p)).
std::string spectrum(const RunReport& report) {
    Chart chart;
    chart.title = "Percentile spectrum";
    chart.unit = "ms";
    const std::array<std::pair<const char*, const Histogram*>, 4> kinds{
        {{"response", &report.durations.response},
         {"service", &report.durations.service},
         {"send lag", &report.durations.send_lag},
         {"generator lag", &report.durations.generator_lag}}};
    double most = 1;
    for (const auto& kind : kinds)
        if (kind.second->count() > 0) most = std::max(most, std::log10(static_cast<double>(kind.second->count())));
    chart.x_to = std::min(6.0, most);
    const std::array<std::pair<double, const char*>, 7> marks{
        {{0, "min"}, {1, "90 %"}, {2, "99 %"}, {3, "99.9 %"}, {4, "99.99 %"}, {5, "99.999 %"}, {6, "99.9999 %"}}};
    for (const auto& [at, text] : marks)
        if (at <= chart.x_to + 0.01) chart.x_marks.emplace_back(at, text);
    for (const auto& [name, histogram] : kinds) {
        ChartSeries series{name, {}};
        constexpr double kStep = 0.05;
        for (double nines = 0; nines <= chart.x_to + 1e-9 && histogram->count() > 0; nines += kStep)
            series.points.emplace_back(nines, ms(histogram->quantile_micros(1 - std::pow(10, -nines))));
        chart.series.push_back(std::move(series));
    }
    return to_svg(chart);
}

std::string heat_map(const RunReport& report, const std::vector<Column>& columns) {
    HeatMap map;
    map.title = "Response times";
    map.unit = "ms, logarithmic; darker or brighter: more";
    map.x_to = std::max(1.0, report.elapsed_seconds);
    map.x_marks = round_marks(map.x_to);
    for (auto& mark : map.x_marks) mark.second += " s";
    const Histogram& all = report.durations.response;
    if (all.count() == 0) return {};
    map.low = std::pow(10, std::floor(std::log10(std::max(0.001, ms(all.min_micros())))));
    map.high = std::max(map.low * 10, std::pow(10, std::ceil(std::log10(ms(all.max_micros()) + 1e-9))));
    constexpr std::size_t kRowsOfADecade = 12;
    const auto rows = static_cast<std::size_t>(std::lround(std::log10(map.high / map.low))) * kRowsOfADecade;
    map.rows.assign(rows, std::vector<double>(columns.size(), 0));
    for (std::size_t c = 0; c < columns.size(); ++c) {
        std::uint64_t below = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            const double top = map.low * std::pow(10, static_cast<double>(r + 1) / kRowsOfADecade);
            const std::uint64_t up_to = columns[c].response.count_at_or_below(static_cast<std::int64_t>(top * 1000));
            map.rows[r][c] = static_cast<double>(up_to - below);
            below = up_to;
        }
    }
    return to_svg(map);
}

std::string distribution_row(const std::string& name, const Histogram& h) {
    std::string row = "<tr><td>" + escaped(name) + "</td><td>" + formatted("%llu", wide(h.count())) + "</td>";
    row += h.count() > 0 ? formatted("<td>%.3f</td>", h.mean_micros() / 1000) : std::string("<td></td>");
    for (const double q : {0.5, 0.9, 0.95, 0.99, 0.999}) {
        const std::optional<double> value = quantile(h, q);
        row += value ? formatted("<td>%.3f</td>", *value)
                     : "<td class=dim title=\"fewer than ten values beyond it\">–</td>";
    }
    if (h.count() == 0) return row + "<td></td></tr>";
    return row + formatted("<td>%.3f</td></tr>", ms(h.max_micros()));
}

std::string durations_table(const RunReport& report) {
    std::string html =
        "<h2>Durations, ms</h2><div class=wide><table><tr><th></th><th>count</th><th>mean</th><th>p50</th><th>p90</th>"
        "<th>p95</th><th>p99</th><th>p99.9</th><th>max</th></tr>";
    const Durations& d = report.durations;
    html += distribution_row("response: planned to answered", d.response) +
            distribution_row("service: sent to answered", d.service) +
            distribution_row("send lag: planned to sent", d.send_lag) +
            distribution_row("generator lag: its own part", d.generator_lag);
    if (d.unanswered.count() > 0) html += distribution_row("no answer: waited at least", d.unanswered);
    for (const ServerStage& stage : report.stages) html += distribution_row("server: " + stage.name, stage.duration);
    if (report.end_to_end) {
        html += distribution_row("freshness: sent to visible, by query", report.end_to_end->freshness_query) +
                distribution_row("freshness: by the live feed", report.end_to_end->freshness_live);
    }
    return html + "</table></div>";
}

std::string endpoints_table(const RunReport& report) {
    std::string html =
        "<h2>Requests</h2><div class=wide><table><tr><th>kind</th><th>planned</th><th>sent</th><th>done</th>"
        "<th>failed</th><th>dropped</th><th>unfinished</th><th>p50 ms</th><th>p95 ms</th><th>p99 ms</th></tr>";
    for (const EndpointReport& e : report.endpoints) {
        const Totals& t = e.totals;
        html +=
            "<tr><td>" + escaped(e.name) + "</td>" +
            formatted("<td>%llu</td><td>%llu</td><td>%llu</td><td>%llu</td><td>%llu</td><td>%llu</td>", wide(t.planned),
                      wide(t.sent), wide(t.done()), wide(t.failed()), wide(t.dropped), wide(t.unfinished()));
        for (const double q : {0.5, 0.95, 0.99}) {
            const std::optional<double> value = quantile(e.durations.response, q);
            html += value ? formatted("<td>%.3f</td>", *value) : std::string("<td class=dim>–</td>");
        }
        html += "</tr>";
    }
    return html + "</table></div>";
}

std::string errors_table(const RunReport& report) {
    if (report.errors.empty()) return {};
    std::string html =
        "<h2>Errors</h2><div class=wide><table><tr><th>kind</th><th>requests</th><th>count</th><th>first</th>"
        "<th>last</th><th>first one's reason</th></tr>";
    for (const ErrorGroup& e : report.errors)
        html += "<tr><td>" + escaped(e.kind) + "</td><td>" + escaped(e.endpoint) +
                formatted("</td><td>%llu</td><td>%.3f s</td><td>%.3f s</td><td>", wide(e.count),
                          static_cast<double>(e.first_nanos) / 1e9, static_cast<double>(e.last_nanos) / 1e9) +
                escaped(e.detail) + "</td></tr>";
    return html + "</table></div>";
}

std::string thresholds_table(const RunReport& report) {
    if (report.thresholds.empty()) return {};
    std::string html =
        "<h2>Thresholds</h2><div class=wide><table><tr><th>what must hold</th><th>measured</th><th>first failed</th>"
        "<th></th></tr>";
    for (const ThresholdResult& t : report.thresholds) {
        html += "<tr><td>" + escaped(to_text(t.threshold)) + "</td><td>" + escaped(measured_text(t)) + "</td><td>" +
                (t.failed_at_nanos ? formatted("%.0f s", static_cast<double>(*t.failed_at_nanos) / 1e9) : "") +
                "</td><td class=" + (t.passed ? "good>passed" : "bad>failed") + "</td></tr>";
    }
    return html + "</table></div>";
}

std::string end_to_end_section(const RunReport& report) {
    if (!report.end_to_end) return {};
    const EndToEndReport& e = *report.end_to_end;
    const bool good = e.complete && e.lost == 0 && e.repeated == 0 && e.sums_equal;
    std::string html = std::string("<h2>End to end: <span class=") +
                       (good          ? "good>nothing lost, nothing twice"
                        : !e.complete ? "warn>not known"
                                      : "bad>not as it was sent") +
                       "</span></h2>";
    html +=
        "<div class=wide><table><tr><th>events sent</th><th>acknowledged</th><th>visible</th><th>lost</th>"
        "<th>repeated</th><th>out of order</th><th>visible unanswered</th><th>not in the "
        "feed</th><th>sums</th></tr><tr>";
    html += formatted("<td>%llu</td><td>%llu</td><td>%llu</td>", wide(e.sent), wide(e.acknowledged), wide(e.visible));
    html += e.complete ? formatted("<td>%llu</td>", wide(e.lost)) : std::string("<td>not known</td>");
    html += formatted("<td>%llu</td><td>%llu</td><td>%llu</td><td>%llu</td>", wide(e.repeated), wide(e.out_of_order),
                      wide(e.unanswered_visible), wide(e.live_skipped));
    html += std::string("<td>") + (e.sums_equal ? "equal" : "not equal") + "</td></tr></table></div>";
    for (const std::string& what : e.unknown) html += "<p class=warn>" + escaped(what) + "</p>";
    return html;
}

std::string certificate_section(const RunReport& report) {
    const Certificate& c = report.certificate;
    const char* const tone = c.verdict == Validity::Valid ? "good" : c.verdict == Validity::Degraded ? "warn" : "bad";
    std::string html = std::string("<h2>The generator: <span class=") + tone + ">" + std::string(to_string(c.verdict)) +
                       "</span></h2>";
    for (const std::string& reason : c.reasons) html += "<p>" + escaped(reason) + "</p>";
    html += formatted(
        "<p class=dim>lag p50 %.3f ms, p99 %.3f ms, max %.3f ms; %.1f %% of the gaps %s, dispersion %.2f; dropped "
        "%llu, queued %llu; %.0f %% of a core; %llu stalls, longest %.1f ms; clock set by %.1f ms; %s scheduling</p>",
        c.send_lag_p50_ms, c.send_lag_p99_ms, c.send_lag_max_ms, 100 * c.even_share,
        report.replay ? "as recorded" : "even", c.dispersion, wide(c.dropped), wide(c.queued), 100 * c.cpu_share,
        wide(c.stalls), c.longest_stall_ms, c.clock_step_ms, c.real_time ? "real-time" : "ordinary");
    return html;
}

std::string tile(const std::string& value, const char* what) {
    return "<div class=tile><b>" + value + "</b><span class=dim>" + what + "</span></div>";
}

std::string tiles(const RunReport& report) {
    const Totals& t = report.totals;
    const auto rate = static_cast<double>(t.done()) / std::max(report.elapsed_seconds, 1e-3);
    const std::uint64_t ended = t.done() + t.failed();
    const double share = ended > 0 ? 100 * static_cast<double>(t.failed()) / static_cast<double>(ended) : 0;
    const auto p = [&](double q) {
        const std::optional<double> value = quantile(report.durations.response, q);
        return value ? formatted("%.2f ms", *value) : std::string("–");
    };
    return "<div class=tiles>" + tile(formatted("%.0f/s", rate), "done") + tile(p(0.5), "response p50") +
           tile(p(0.95), "response p95") + tile(p(0.99), "response p99") + tile(formatted("%.2f %%", share), "failed") +
           tile(formatted("%llu", wide(t.unfinished())), "unfinished") +
           tile(formatted("%llu", wide(t.dropped)), "dropped") + "</div>";
}

}  // namespace

std::string report_page(const RunReport& report) {
    const std::vector<Column> columns = columns_of(report);
    std::string html =
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
        "content=\"width=device-width\"><title>" +
        escaped(report.name) + " – load run</title><style>" + kStyle + "</style></head><body>";
    html += "<h1>" + escaped(report.name) + "</h1><p class=dim>" + escaped(report.url) + " · " +
            format_rfc3339(report.started_at) +
            formatted(" · %.1f s of %g s planned · seed %llu · run ", report.elapsed_seconds, report.planned_seconds,
                      wide(report.seed)) +
            escaped(report.run_id) + "</p><p class=dim>" + escaped(report.machine.build) + " on " +
            escaped(report.machine.host) + ", " + escaped(report.machine.processor) +
            formatted(", %u cores, ", report.machine.cores) + escaped(report.machine.kernel) + "</p>";
    if (const std::string all_failed = all_failed_text(report); !all_failed.empty())
        html += "<p class=bad><b>" + escaped(all_failed) + "</b></p>";
    if (report.state == RunState::Interrupted)
        html += "<p class=bad>Interrupted: " + escaped(report.stopped_by) + "</p>";
    else if (!report.stopped_by.empty())
        html += "<p class=warn>Stopped by: " + escaped(report.stopped_by) + "</p>";
    if (report.replay) html += "<p>" + escaped(replay_text(*report.replay)) + "</p>";
    html += tiles(report) + "<div class=charts>" + time_charts(report, columns) + spectrum(report) +
            heat_map(report, columns) + "</div>";
    html += thresholds_table(report) + objectives_section(report) + end_to_end_section(report) +
            certificate_section(report) + durations_table(report) + endpoints_table(report) + errors_table(report);
    if (!report.scenario.empty()) html += "<h2>Scenario</h2><pre>" + escaped(report.scenario) + "</pre>";
    return html + "</body></html>\n";
}

}  // namespace streamgauge::loadgen
