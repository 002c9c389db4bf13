// SPDX-License-Identifier: GPL-3.0-or-later
// A report that has something of everything, made by the record itself.
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "loadgen/report_maker.h"

namespace streamgauge::test {

inline loadgen::RunReport sample_report() {
    using namespace loadgen;
    constexpr std::int64_t kSecond = 1'000'000'000;
    Scenario scenario;
    scenario.name = "checkout <day>";
    scenario.url = "http://127.0.0.1:8080/events?a=1&b=\"2\"";
    Stage stage;
    stage.rate = 200;
    stage.seconds = 12;
    scenario.stages = {stage};
    for (const char* name : {"read", "write & <pay>"}) {
        scenario.requests.emplace_back();
        scenario.requests.back().name = name;
    }
    for (const char* text : {"p(95) < 300", "p(99){read} < 20 over 2s", "errors < 1%", "rate >= 150", "lost == 0"})
        scenario.thresholds.push_back(parse_threshold(text).value());
    scenario.objectives = default_lab_objectives();
    scenario.objectives[1].objective.indicator.route = "write & <pay>";
    scenario.objectives[2].objective.target = 0.999;
    RunObjectives objectives(scenario);
    RunRecord record(scenario);
    record.watch(&objectives);
    ThresholdWatch watch(scenario);
    OwnUsage usage;
    for (std::int64_t k = 0; k < 2400; ++k) {
        const std::int64_t at = k * kSecond / 200;
        const auto endpoint = static_cast<Endpoint>(k % 3 == 0);
        record.advance_to(at);
        objectives.tick(at);
        record.due({endpoint, at, at + 30'000});
        if (k % 500 == 7) {
            record.dropped({endpoint, at, at});
            continue;
        }
        if (k % 400 == 9) {
            record.failed({endpoint, k < 1200 ? Outcome::ConnectRefused : Outcome::Timeout, at, -1, at + kSecond / 10});
            continue;
        }
        record.sent({endpoint, at, at + 40'000});
        const auto took =
            static_cast<std::int64_t>(4e6 * (1 + 0.5 * std::sin(static_cast<double>(k) / 100)) *
                                      (1 + static_cast<double>(k * 7919 % 1000) / 500) * (k / 200 == 7 ? 10 : 1));
        const bool bad = k % 211 == 0;
        record.answered({endpoint, bad ? Outcome::ServerError : Outcome::Ok, bad ? 503 : 202, at, at + 40'000,
                         at + took, "guard;dur=0.1, queue;dur=1.5, commit;dur=2.25"});
    }
    record.wait_for_room(77);
    HandAction action;
    action.kind = HandAction::Kind::Rate;
    action.rate = 250;
    action.at_nanos = 3 * kSecond + 123'456'789;
    record.hand(action);
    record.advance_to(12 * kSecond + kSecond / 2);
    record.unfinished({0, 12 * kSecond, 12 * kSecond, 12 * kSecond + kSecond / 2});
    usage.look();
    EndToEndReport found;
    found.sent = found.acknowledged = 2300;
    found.visible = 2299;
    found.lost = 1;
    found.freshness_query.record(120'000, 2299);
    RunFacts facts;
    facts.run_id = "0190-run";
    facts.scenario_text = "name: checkout <day>\n";
    facts.state = RunState::Stopped;
    facts.stopped_by = StopReason::Hand;
    facts.elapsed_nanos = 12 * kSecond + kSecond / 2;
    return make_report(scenario, facts, record, usage, watch, &found, &objectives);
}

}  // namespace streamgauge::test
