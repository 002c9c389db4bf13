// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/objective_outputs.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "loadgen/lab_objective.h"
#include "loadgen/report_outputs.h"
#include "slo/alert.h"

namespace streamgauge::loadgen {
namespace {

constexpr const char* kFormula =
    "An alert's formula: factor x (1 - target) x long window / share of bad ones since the first; over within short "
    "window x (1 - factor x (1 - target) / share in it). Budget used: bad / ((1 - target) x requests/s x window) (SRE "
    "workbook, chapter 5).";

template <class... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 256> text{};
    const int n = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), n < 0 ? 0 : std::min(static_cast<std::size_t>(n), text.size() - 1)};
}

double seconds(std::int64_t nanos) {
    return static_cast<double>(nanos) / 1e9;
}

std::string windows_text(const ObjectiveAlert& alert) {
    return std::string(to_string(alert.rule.severity)) + " " + window_text(alert.rule.long_micros) + "/" +
           window_text(alert.rule.short_micros) + " (for " + window_text(alert.real_long_micros) + "/" +
           window_text(alert.real_short_micros) + formatted(", %g times)", alert.rule.factor);
}

std::string fired_text(const AlertEpisode& e) {
    return formatted("fired at %.1f s, %.2f s after the first bad one (formula %.2f s)", seconds(e.fired_nanos),
                     seconds(e.fired_nanos - e.began_nanos), e.expected_seconds);
}

std::string resolved_text(const AlertEpisode& e) {
    if (!e.resolved_nanos) return "fired to the end";
    std::string text = formatted("over at %.1f s", seconds(*e.resolved_nanos));
    if (e.last_bad_nanos)
        text += formatted(", %.2f s after the last bad one", seconds(*e.resolved_nanos - *e.last_bad_nanos));
    if (e.expected_reset_seconds) text += formatted(" (formula: at most %.2f s)", *e.expected_reset_seconds);
    return text;
}

std::string overspent_text(const ObjectiveResult& r) {
    return r.overspent_nanos ? formatted("overspent from %.1f s", seconds(*r.overspent_nanos)) : std::string();
}

}  // namespace

std::string objective_title(const ObjectiveResult& result) {
    return result.objective.name + ": " + promise_text(result.objective);
}

std::string objective_measured(const ObjectiveResult& result) {
    if (result.counted.total == 0) return "nothing counted";
    const double good = static_cast<double>(result.counted.good) / static_cast<double>(result.counted.total);
    std::string text = formatted("%.4g %% good", 100 * good);
    if (result.lowest_left)
        text += formatted(", %.1f %% of the budget left in the worst ", 100 * *result.lowest_left) +
                window_text(result.lasts_micros);
    return text;
}

std::string budget_used_text(const ObjectiveResult& result) {
    if (!result.budget_used) return {};
    return formatted("this run would have used %.3g %% of the budget of ", 100 * *result.budget_used) +
           window_text(result.objective.window.micros) + formatted(" at %.4g requests/s", result.usual_rate);
}

std::string episode_text(const ObjectiveAlert& alert, const AlertEpisode& episode) {
    return windows_text(alert) + ": " + fired_text(episode) + "; " + resolved_text(episode);
}

std::string objectives_text(const RunReport& report) {
    if (report.objectives.empty()) return {};
    std::string text = "\nobjectives\n";
    for (const ObjectiveResult& r : report.objectives) {
        text += std::string(r.held ? "  held    " : "  FAILED  ") + objective_title(r) + "   " + objective_measured(r);
        if (r.overspent_nanos) text += " (" + overspent_text(r) + ")";
        text += "\n";
        text += "          " + window_text(r.objective.window.micros) + " last " + window_text(r.lasts_micros);
        if (r.budget_used) text += "; " + budget_used_text(r);
        text += "\n";
        for (const ObjectiveAlert& alert : r.alerts) {
            constexpr std::size_t kShown = 5;
            for (std::size_t i = 0; i < std::min(alert.episodes.size(), kShown); ++i)
                text += "          " + episode_text(alert, alert.episodes[i]) + "\n";
            if (alert.fired > kShown)
                text +=
                    formatted("          and %llu times more\n", static_cast<unsigned long long>(alert.fired - kShown));
        }
    }
    return text;
}

std::string objectives_section(const RunReport& report) {
    if (report.objectives.empty()) return {};
    std::string html =
        "<h2>Objectives</h2><div class=wide><table><tr><th>what was promised</th><th>measured</th><th>window, and in "
        "the run</th><th>what the run would cost</th><th></th></tr>";
    std::string alerts;
    for (const ObjectiveResult& r : report.objectives) {
        html += "<tr><td>" + xml_escaped(objective_title(r)) + "</td><td>" + xml_escaped(objective_measured(r)) +
                (r.overspent_nanos ? ", " + overspent_text(r) : std::string()) + "</td><td>" +
                window_text(r.objective.window.micros) + ", " + window_text(r.lasts_micros) + "</td><td>" +
                (r.budget_used ? formatted("%.3g %% of the budget at %.4g/s", 100 * *r.budget_used, r.usual_rate)
                               : std::string("–")) +
                "</td><td class=" + (r.held ? "good>held" : "bad>failed") + "</td></tr>";
        for (const ObjectiveAlert& alert : r.alerts)
            for (const AlertEpisode& episode : alert.episodes)
                alerts += "<tr><td>" + xml_escaped(r.objective.name) + "</td><td>" + windows_text(alert) + "</td><td>" +
                          fired_text(episode) + "</td><td>" + resolved_text(episode) + "</td></tr>";
    }
    html += "</table></div>";
    if (!alerts.empty())
        html += "<div class=wide><table><tr><th>objective</th><th>alert</th><th>fired</th><th>over</th></tr>" + alerts +
                "</table></div>";
    return html + "<p class=dim>" + kFormula + "</p>";
}

}  // namespace streamgauge::loadgen
