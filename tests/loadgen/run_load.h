// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the engine in the test's own process against a URL.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "loadgen/engine.h"

namespace streamgauge::test {

// One constant stage of the product's own events.
inline loadgen::Scenario constant_load(std::string url, double rate, double seconds) {
    loadgen::Scenario scenario;
    scenario.url = std::move(url);
    loadgen::Stage stage;
    stage.rate = rate;
    stage.seconds = seconds;
    scenario.stages.push_back(stage);
    scenario.requests.emplace_back();
    return scenario;
}

struct LoadSetup {
    loadgen::Scenario scenario;
    loadgen::EngineOptions engine{};
    int stop_fd = -1;
    std::function<bool(const loadgen::Progress&)> progress = [](const loadgen::Progress&) { return true; };
};

struct LoadOutcome {
    std::unique_ptr<loadgen::Engine> engine;
    loadgen::RunState state = loadgen::RunState::Running;

    const loadgen::RunRecord& record() const { return engine->record(); }
    const loadgen::Totals& totals() const { return engine->record().totals(); }
};

inline LoadOutcome run_load(const LoadSetup& setup) {
    LoadOutcome outcome;
    const auto url = loadgen::parse_url(setup.scenario.url);
    const auto address = loadgen::resolve(*url, "");
    auto engine = loadgen::Engine::make(setup.scenario, *address, setup.engine);
    EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().describe());
    if (!engine) return outcome;
    outcome.engine = std::move(engine).value();
    const auto state = outcome.engine->run(setup.stop_fd, setup.progress);
    EXPECT_TRUE(state.ok());
    if (state.ok()) outcome.state = *state;
    return outcome;
}

}  // namespace streamgauge::test
