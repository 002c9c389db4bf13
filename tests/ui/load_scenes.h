// SPDX-License-Identifier: GPL-3.0-or-later
// The Load test page in every state.
#pragma once

#include "loadgen/run_report.h"
#include "ui/scenes.h"

namespace streamgauge::tests {

// A minute with a spike in its middle. `slow`: what a request takes then, as a multiple of the usual.
loadgen::RunReport sample_report(const std::string& id, double slow);
loadgen::RunReport sample_report_with_objectives();  // one held, the others not
// Keeps the report, as a run that ended `hours` ago.
void keep_run(client::FakeClient& fake, const loadgen::RunReport& report, int hours);
// Four runs; the newest failed.
void keep_runs(client::FakeClient& fake);
// Keeps a search that found so much of what the sample found.
void keep_search(client::FakeClient& fake, const std::string& id, double share, int hours);
api::LoadStatus sample_search(api::LoadState state);
std::vector<Scene> load_scenes();

}  // namespace streamgauge::tests
