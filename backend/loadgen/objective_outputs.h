// SPDX-License-Identifier: GPL-3.0-or-later
// What reports for people say of a run's objectives: held or not, what the run would cost, and when alerts fired beside
// when the formula says they do.
#pragma once

#include <string>

#include "loadgen/run_report.h"

namespace streamgauge::loadgen {

// "99 % within 300 ms": a row's name in the other outputs, with the objective's own name in front.
std::string objective_title(const ObjectiveResult& result);
// "98.2 % good, -80 % of the budget left", or "nothing counted".
std::string objective_measured(const ObjectiveResult& result);
// "this run would have used 3.1 % of the budget of 30 d at 200 requests/s"; empty without data.
std::string budget_used_text(const ObjectiveResult& result);
// Of one time: "page 5 s/500 ms (for 1 h/5 min): fired at 20.8 s, 0.80 s after the first bad one (formula 0.72 s); over
// at 23.5 s, ..."
std::string episode_text(const ObjectiveAlert& alert, const AlertEpisode& episode);

// Sections of the terminal's report and of the page; empty where there are no objectives.
std::string objectives_text(const RunReport& report);
std::string objectives_section(const RunReport& report);

}  // namespace streamgauge::loadgen
