// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the engine in the test's own process against a URL.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "loadgen/engine.h"

namespace streamgauge::test {

struct LoadSetup {
    std::string url;
    double rate = 200;
    double seconds = 1;
    loadgen::Spacing spacing = loadgen::Spacing::Even;
    loadgen::EventOptions events{};
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
    const auto url = loadgen::parse_url(setup.url);
    const auto address = loadgen::resolve(*url, "");
    const auto plan = loadgen::ArrivalPlan::constant(setup.rate, setup.seconds, setup.spacing, setup.events.seed);
    auto requests = loadgen::RequestTemplate::make(*url, setup.events);
    auto engine = loadgen::Engine::make(*address, *plan, std::move(requests).value(), setup.engine);
    outcome.engine = std::move(engine).value();
    const auto state = outcome.engine->run(setup.stop_fd, setup.progress);
    EXPECT_TRUE(state.ok());
    if (state.ok()) outcome.state = *state;
    return outcome;
}

}  // namespace streamgauge::test
