// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives in the forms of others: OpenSLO v1 in and out, rules for Prometheus out.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/objective_service.h"

namespace streamgauge::api {

enum class ObjectiveForm { OpenSlo, Prometheus };

struct ImportedObjectives {
    std::vector<std::string> imported;  // names, in the order of the text
    std::vector<std::string> notes;     // what was passed over
    bool kept = false;                  // they are declared; otherwise only read and checked
    bool operator==(const ImportedObjectives&) const = default;
};

// Callbacks on the objective service's thread, or before the call returns. What it is made of must outlive it, and it
// every callback.
class ObjectiveExchange {
public:
    // `latency_bounds`: see slo::prometheus_rules(). `left_out`: routes that no objective without a route counts.
    ObjectiveExchange(ObjectiveService& objectives, std::span<const double> latency_bounds,
                      std::function<std::vector<std::string>()> left_out)
        : objectives_(objectives), latency_bounds_(latency_bounds), left_out_(std::move(left_out)) {}

    // One after another: the first that is refused ends it, and says how many are declared. InvalidArgument: the
    // message begins with the place in the text, or names the objective.
    void import(std::string_view openslo, bool dry_run, Done<ImportedObjectives> done);
    // By name, as YAML. An empty project: all.
    void write(ObjectiveForm form, std::string project, Done<std::string> done);

private:
    ObjectiveService& objectives_;
    std::span<const double> latency_bounds_;
    std::function<std::vector<std::string>()> left_out_;
};

// {"imported": [...], "notes": [...], "kept": true}
std::string write_imported(const ImportedObjectives& imported);
Result<ImportedObjectives> read_imported(std::string_view json);

}  // namespace streamgauge::api
