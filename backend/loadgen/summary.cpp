// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/summary.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace streamgauge::loadgen {
namespace {

using Json = nlohmann::ordered_json;

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 512> text{};
    const int n = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), n < 0 ? 0 : std::min(static_cast<std::size_t>(n), text.size() - 1)};
}

double quantile_ms(const Histogram& h, double q) {
    return static_cast<double>(h.quantile_micros(q)) / 1000;
}
double max_ms(const Histogram& h) {
    return static_cast<double>(h.max_micros()) / 1000;
}
unsigned long long wide(std::uint64_t n) {
    return n;
}

const char* word(Spacing spacing) {
    return spacing == Spacing::Even ? "even" : "poisson";
}
const char* word(RunState state) {
    return state == RunState::Running ? "running" : state == RunState::Done ? "done" : "stopped";
}

double per_second(std::uint64_t n, double seconds) {
    return seconds > 0 ? static_cast<double>(n) / seconds : 0;
}

std::string distribution_line(const char* name, const Histogram& h) {
    return formatted("%-15s %10.3f %10.3f %10.3f %10.3f %10.3f\n", name, quantile_ms(h, 0.5), quantile_ms(h, 0.95),
                     quantile_ms(h, 0.99), quantile_ms(h, 0.999), max_ms(h));
}

Json distribution(const Histogram& h) {
    return Json{{"count", h.count()},
                {"min", static_cast<double>(h.min_micros()) / 1000},
                {"mean", h.mean_micros() / 1000},
                {"p50", quantile_ms(h, 0.5)},
                {"p90", quantile_ms(h, 0.9)},
                {"p95", quantile_ms(h, 0.95)},
                {"p99", quantile_ms(h, 0.99)},
                {"p99_9", quantile_ms(h, 0.999)},
                {"max", max_ms(h)}};
}

// Above this the numbers say as much about the machine that makes the load as about the server.
constexpr double kLateMillis = 5;

}  // namespace

std::string second_line(const SecondRow& row) {
    return formatted("%6llu | %3llu | %5llu | %10llu | %7.2f | %7.2f", wide(row.ok), wide(row.limited), wide(row.other),
                     wide(row.planned), row.avg_ms, row.p95_ms);
}

std::string summary_text(const RunDescription& run, const RunRecord& record) {
    const Totals& totals = record.totals();
    std::string text =
        formatted("\n%s: %g requests/s (%s) for %g s, %u event%s a request, up to %u connections, seed %llu\n",
                  word(run.state), run.rate, word(run.spacing), run.duration_seconds, run.batch,
                  run.batch == 1 ? "" : "s", run.connections, wide(run.seed));
    text += formatted("planned %llu   sent %llu   done %llu   failed %llu   unfinished %llu\n", wide(totals.planned),
                      wide(totals.sent), wide(totals.done()), wide(totals.failed()), wide(totals.unfinished()));
    text += formatted("done %.0f requests/s, %.0f events/s over %.2f s; the generator used %.2f s of CPU\n",
                      per_second(totals.done(), run.elapsed_seconds),
                      per_second(totals.done() * run.batch, run.elapsed_seconds), run.elapsed_seconds, run.cpu_seconds);
    for (std::size_t i = 1; i < kOutcomes; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        if (totals.of(outcome) == 0) continue;
        text += formatted("  %-16s %llu\n", std::string(to_string(outcome)).c_str(), wide(totals.of(outcome)));
    }
    text += "\nmilliseconds           p50        p95        p99      p99.9        max\n";
    text += distribution_line("response", record.response());
    text += distribution_line("service", record.service());
    text += distribution_line("send lag", record.send_lag());
    text += distribution_line("generator lag", record.generator_lag());
    text +=
        "response: planned to answered; service: sent to answered; send lag: planned to sent; generator lag: its own "
        "part\n";
    if (record.unanswered().count() > 0) {
        Histogram all = record.response();
        all.merge(record.unanswered());
        text += formatted(
            "%llu requests had no answer; counted with the time they waited, response p50 is at least %.3f, "
            "p95 %.3f, p99 %.3f\n",
            wide(record.unanswered().count()), quantile_ms(all, 0.5), quantile_ms(all, 0.95), quantile_ms(all, 0.99));
    }
    if (quantile_ms(record.generator_lag(), 0.99) > kLateMillis)
        text +=
            "the generator itself was late: this machine is too busy for this rate, and the response times include "
            "it\n";
    return text;
}

std::string summary_json(const RunDescription& run, const RunRecord& record) {
    const Totals& totals = record.totals();
    Json json;
    json["schema"] = "streamgauge-load-summary/1";
    json["run_id"] = run.run_id;
    json["state"] = word(run.state);
    json["plan"] = Json{{"url", run.url},
                        {"rate", run.rate},
                        {"duration_seconds", run.duration_seconds},
                        {"arrivals", word(run.spacing)},
                        {"seed", run.seed},
                        {"batch", run.batch},
                        {"connections", run.connections},
                        {"users", run.users},
                        {"pages", run.pages}};
    json["elapsed_seconds"] = run.elapsed_seconds;
    json["cpu_seconds"] = run.cpu_seconds;
    json["requests"] = Json{{"planned", totals.planned},
                            {"sent", totals.sent},
                            {"done", totals.done()},
                            {"failed", totals.failed()},
                            {"unfinished", totals.unfinished()},
                            {"done_per_second", per_second(totals.done(), run.elapsed_seconds)}};
    json["events"] = Json{{"done", totals.done() * run.batch},
                          {"done_per_second", per_second(totals.done() * run.batch, run.elapsed_seconds)}};
    Json& outcomes = json["outcomes"] = Json::object();
    for (std::size_t i = 0; i < kOutcomes; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        outcomes[std::string(to_string(outcome))] = totals.of(outcome);
    }
    json["response_ms"] = distribution(record.response());
    json["service_ms"] = distribution(record.service());
    json["send_lag_ms"] = distribution(record.send_lag());
    json["generator_lag_ms"] = distribution(record.generator_lag());
    json["unanswered_at_least_ms"] = distribution(record.unanswered());
    Json& seconds = json["seconds"] = Json::array();
    const auto add = [&seconds](const SecondRow& row) {
        seconds.push_back(Json{{"second", row.second},
                               {"planned", row.planned},
                               {"sent", row.sent},
                               {"ok", row.ok},
                               {"limited", row.limited},
                               {"other", row.other},
                               {"avg_ms", row.avg_ms},
                               {"p50_ms", row.p50_ms},
                               {"p95_ms", row.p95_ms},
                               {"p99_ms", row.p99_ms}});
    };
    for (const SecondRow& row : record.ended_seconds()) add(row);
    add(record.current_second());
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace streamgauge::loadgen
