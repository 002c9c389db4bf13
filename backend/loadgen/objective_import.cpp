// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/objective_import.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/wrong_field.h"
#include "loadgen/target.h"
#include "slo/burn_rate.h"
#include "slo/openslo.h"

namespace streamgauge::loadgen {
namespace {

using Kind = slo::Indicator::Kind;

// Segment by segment; one in braces, of the template or generated in the request's path, is any.
bool path_matches(std::string_view pattern, std::string_view path) {
    const auto next = [](std::string_view& rest) {
        const std::size_t end = std::min(rest.find('/'), rest.size());
        const std::string_view segment = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return segment;
    };
    path = path.substr(0, path.find('?'));
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = next(pattern), is = next(path);
        const bool any = (!wanted.empty() && wanted.front() == '{') || is.find("{{") != std::string_view::npos;
        if (wanted != is && !any) return false;
    }
    return pattern.empty() && path.empty();
}

bool route_matches(std::string_view route, const RequestKind& kind, const Url& url) {
    const std::size_t space = route.find(' ');
    if (space != std::string_view::npos) {
        if (route.substr(0, space) != kind.method) return false;
        route.remove_prefix(space + 1);
    }
    return path_matches(route, kind.path.empty() ? url.target : kind.path);
}

// Why a run cannot see it; none: `indicator` is about the run's requests now.
std::optional<std::string> unseen(slo::Indicator& indicator, const Scenario& scenario, const Url& url) {
    if (indicator.kind != Kind::Availability && indicator.kind != Kind::Errors && indicator.kind != Kind::Latency)
        return "a run sees availability, latency and errors";
    indicator.threshold_ms = std::round(indicator.threshold_ms * 1000) / 1000;
    if (indicator.route.empty()) return std::nullopt;
    std::vector<const RequestKind*> matching;
    for (const RequestKind& kind : scenario.requests)
        if (route_matches(indicator.route, kind, url)) matching.push_back(&kind);
    if (matching.empty()) return "no request of the scenario goes to " + indicator.route;
    if (matching.size() > 1 && matching.size() < scenario.requests.size())
        return "several of the scenario's requests go to " + indicator.route;
    indicator.route = matching.size() == scenario.requests.size() ? std::string() : matching.front()->name;
    return std::nullopt;
}

}  // namespace

Result<ObjectiveImport> import_objectives(std::string_view openslo, const Scenario& scenario) {
    const auto refused = [](Error error) {
        error.field = error.field.empty() ? "objectives" : "objectives: " + error.field;
        return error;
    };
    const Result<slo::OpenSloImport> read = slo::read_openslo(openslo);
    if (!read) return refused(read.error());
    const Result<Url> url = parse_url(scenario.url);
    if (!url) return url.error();
    ObjectiveImport import;
    for (const slo::Objective& from : read->objectives) {
        slo::Indicator indicator = from.indicator;
        if (const std::optional<std::string> why = unseen(indicator, scenario, *url)) {
            import.left_out.push_back(from.name + ": " + *why);
            continue;
        }
        LabObjective& lab = import.objectives.emplace_back();
        lab.objective.name = from.name;
        lab.objective.indicator = indicator;
        lab.objective.target = from.target;
        lab.objective.window.micros = slo::length_of(from.window);
        lab.objective.rules = from.rules;
        lab.objective.least_bad = from.least_bad;
        lab.objective.cool_down_micros = from.cool_down_micros;
    }
    if (import.objectives.empty()) {
        std::string why = "there is no objective that a run can see";
        for (const std::string& one : import.left_out) why += "; " + one;
        return wrong_field("objectives", why);
    }
    return import;
}

}  // namespace streamgauge::loadgen
