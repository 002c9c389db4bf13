// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/scenario_text.h"

#include <gtest/gtest.h>

#include "loadgen/random.h"

namespace streamgauge::loadgen {
namespace {

constexpr const char* kFull = R"(# Saturday evening
name: checkout
url: http://127.0.0.1:8080/events
arrivals: poisson   # as people come
seed: 42
stages:
  - {shape: ramp, name: warm-up, rate: 10, to: 200, for: 1m}
  # the evening
  - shape: soak
    rate: 200
    for: 1h30m      # a long one
  - {shape: spike, rate: 200, for: 10s, to: 2000, spike_for: 5s, after: 100, after_for: 500ms}
  - {shape: steps, rate: 100, to: 400, steps: 4, for: 40s}
  - {shape: sine, rate: 100, amplitude: 50, period: 10s, for: 1m}
  - {shape: pause, for: 2s}
requests:
  - name: buy
    weight: 0.25
    method: PUT
    path: /carts/{{cart}}?x=1
    headers:
      X-Trace: "{{id}}"
      Accept: application/json
    body: |-
      {"id": "{{id}}",
       "price": {{price}}}
    expect: [200, 201]
  - name: events
    weight: 0.75
    batch: 10
fields:
  id: uuid7
  cart: {kind: hex, length: 12}
  price: {kind: decimal, from: 1, to: 99, digits: 2}
  user: {kind: zipf, prefix: u_, ranks: 1000, exponent: 1.1}
  plan: {kind: choice, values: [free, pro, "a, b"], weights: [8, 2, 1]}
  city: {kind: column, column: city}
feeder: {file: cities.csv, random: true}
credentials: {kind: bearer, environment: TOKEN}
tls: {verify: false, server_name: example.org}
max_in_flight: 500
when_full: drop
connections: new
timeout: 2s
grace: 1s
error_brake: 0.5
users: 10
pages: 5
jitter_percent: 0
thresholds:
  - p(95) < 300
  - errors < 1%
objectives:
  - {kind: availability, target: 99.95%}
  - name: buying
    kind: latency
    target: 0.9
    threshold: 250ms
    request: buy      # the other one is slower
    window: 7d
    scaled_to: 1h
    usual_rate: 12.5
    least_bad: 3
    cool_down: 90s
    alerts:
      - {severity: ticket, long: 2h, short: 10m, factor: 2.5, hold: 5m}
  - {kind: errors, target: 99%, limited_is_bad: true}
end_to_end: {check: true, settle: 5s}
)";

Scenario parsed(std::string_view text) {
    const Result<Scenario> scenario = parse_scenario(text);
    EXPECT_TRUE(scenario.ok()) << (scenario ? "" : scenario.error().describe()) << "\n" << text;
    return scenario ? *scenario : Scenario{};
}

TEST(ScenarioText, SaysEveryMember) {
    const Scenario s = parsed(kFull);
    EXPECT_EQ(s.name, "checkout");
    EXPECT_EQ(s.spacing, Spacing::Poisson);
    EXPECT_EQ(s.seed, 42U);
    ASSERT_EQ(s.stages.size(), 6U);
    EXPECT_EQ(s.stages[0], (Stage{Stage::Shape::Ramp, 60, 10, 200, 0, 0, 0, 0, 0, 1, "warm-up"}));
    EXPECT_EQ(s.stages[1].seconds, 5400);
    EXPECT_EQ(s.stages[2], (Stage{Stage::Shape::Spike, 10, 200, 2000, 100, 5, 0.5, 0, 0, 1, ""}));
    EXPECT_EQ(s.stages[4].period_seconds, 10);
    ASSERT_EQ(s.requests.size(), 2U);
    EXPECT_EQ(s.requests[0].body, "{\"id\": \"{{id}}\",\n \"price\": {{price}}}");
    EXPECT_EQ(s.requests[0].headers[1], (Header{"Accept", "application/json"}));
    EXPECT_EQ(s.requests[0].expect, (std::vector<int>{200, 201}));
    ASSERT_EQ(s.fields.size(), 6U);
    EXPECT_EQ(s.fields[0].kind, GeneratedField::Kind::Uuid7);
    EXPECT_EQ(s.fields[4].values, (std::vector<std::string>{"free", "pro", "a, b"}));
    EXPECT_EQ(s.fields[5].text, "city");
    EXPECT_TRUE(s.feeder.random);
    EXPECT_EQ(s.credentials.environment, "TOKEN");
    EXPECT_FALSE(s.tls.verify);
    EXPECT_EQ(s.when_full, WhenFull::Drop);
    EXPECT_EQ(s.connections, ConnectionUse::NewEachRequest);
    EXPECT_EQ(s.error_brake, 0.5);
    EXPECT_EQ(s.thresholds.size(), 2U);
    EXPECT_TRUE(s.end_to_end.check);
    ASSERT_EQ(s.objectives.size(), 3U);
    EXPECT_EQ(s.objectives[0].objective.name, "availability");
    EXPECT_EQ(s.objectives[0].objective.target, 0.9995);
    EXPECT_EQ(s.objectives[0].objective.window.micros, 30LL * 86'400'000'000);
    const LabObjective& buying = s.objectives[1];
    EXPECT_EQ(buying.objective.indicator.threshold_ms, 250);
    EXPECT_EQ(buying.objective.indicator.route, "buy");
    EXPECT_EQ(buying.scaled_to_seconds, 3600);
    EXPECT_EQ(buying.usual_rate, 12.5);
    EXPECT_EQ(buying.objective.rules,
              (std::vector<slo::BurnRule>{{slo::Severity::Ticket, 7'200'000'000, 600'000'000, 2.5, 300'000'000}}));
    EXPECT_TRUE(s.objectives[2].objective.indicator.limited_is_bad);
}

TEST(ScenarioText, TheDefaultObjectivesHaveAName) {
    const std::string head = "url: http://127.0.0.1/\nstages: [{rate: 1}]\n";
    const Scenario s = parsed(head + "objectives: default\n");
    EXPECT_EQ(s.objectives, default_lab_objectives());
    EXPECT_EQ(parsed(to_text(s)), s);
    Scenario faster = s;
    faster.stages[0].rate = 2;
    EXPECT_EQ(edited(head + "objectives: default # as on a fresh server\n", faster),
              "url: http://127.0.0.1/\nstages: [{rate: 2}]\nobjectives: default # as on a fresh server\n");
}

// A list that says the same as the word is patched where it stands: its comments stay.
TEST(ScenarioText, AListOfTheDefaultObjectivesStaysAList) {
    const std::string text =
        "url: http://127.0.0.1/\nstages: [{rate: 1}]\nobjectives:\n  - {kind: latency, target: 95%}  # slow\n"
        "  - {kind: errors, target: 99%, limited_is_bad: true}\n  - {kind: availability, target: 99%}\n";
    Scenario s = parsed(text);
    ASSERT_EQ(s.objectives, default_lab_objectives());
    s.objectives[0].objective.target = 0.9;
    const std::string stricter = edited(text, s);
    EXPECT_NE(stricter.find("target: 90%}  # slow"), std::string::npos) << stricter;
    EXPECT_EQ(parsed(stricter), s);
    s.objectives = default_lab_objectives();
    EXPECT_EQ(edited(stricter, s), text);
}

TEST(ScenarioText, TargetsAreExact) {
    const std::string head = "url: http://127.0.0.1/\nstages: [{rate: 1}]\nobjectives: [{kind: errors, target: ";
    for (const auto& [text, target] : std::vector<std::pair<std::string, double>>{{"99.9%", 0.999},
                                                                                  {"99.99%", 0.9999},
                                                                                  {"0.995", 0.995},
                                                                                  {"99.123456789%", 0.99123456789},
                                                                                  {"0.1%", 0.001},
                                                                                  {"0.3333333333333333", 1.0 / 3}}) {
        const Scenario s = parsed(head + text + "}]\n");
        EXPECT_EQ(s.objectives[0].objective.target, target) << text;
        EXPECT_EQ(parsed(to_text(s)), s) << to_text(s);
    }
    EXPECT_NE(to_text(parsed(head + "0.999}]\n")).find("target: 99.9%\n"), std::string::npos);
}

TEST(ScenarioText, AShortOneHasTheDefaults) {
    const Scenario s = parsed("url: http://127.0.0.1:8080/events\nstages: [{rate: 100}]\n");
    EXPECT_EQ(s.requests, std::vector<RequestKind>(1));
    EXPECT_EQ(s.stages[0].seconds, 30);
    EXPECT_EQ(to_text(s),
              "url: http://127.0.0.1:8080/events\nstages:\n  - shape: constant\n    rate: 100\n    for: 30s\n");
}

TEST(ScenarioText, WritingAndReadingGiveTheSame) {
    const Scenario s = parsed(kFull);
    EXPECT_EQ(parsed(to_text(s)), s) << to_text(s);
    Scenario odd = s;
    odd.name = "null";
    odd.requests[0].body = "tab\there \"quoted\" \\ back\r\n\x01 \x7f \xc3\xa4 # no comment: really\n";
    odd.requests[0].headers[0].value = "- [a, b] {c: d} & *e !f | > % @ `";
    odd.fields[0].name = "a.b:c";
    odd.requests[1].name = "  spaces  ";
    odd.jitter_percent = 0.1 + 0.2;
    odd.timeout_seconds = 0.0010000001;
    odd.connections = ConnectionUse::KeepAlive;
    odd.pipeline = 7;
    EXPECT_EQ(parsed(to_text(odd)), odd) << to_text(odd);
}

TEST(ScenarioText, FaultsSayWhere) {
    struct Fault {
        const char* text;
        const char* field;
        const char* message;
    };
    const std::string head = "url: http://127.0.0.1/\nstages: [{rate: 1}]\n";
    const std::vector<Fault> faults{
        {"ulr: 1\n", "ulr", "line 3, column 1: is not a member here"},
        {"url: x\n", "url", "line 3, column 1: is there twice"},
        {"seed: -1\n", "seed", "line 3, column 7: must be a whole number"},
        {"seed: 1.5\n", "seed", "line 3, column 7"},
        {"timeout: soon\n", "timeout", "line 3, column 10: not a duration"},
        {"pipeline: 0\n", "pipeline", "line 3, column 11: must be 1 to 1000 requests"},
        {"pipeline: 2\nconnections: new\n", "pipeline", "line 3, column 11: a new connection"},
        {"pipeline: 2\nloop: closed\n", "pipeline", "line 3, column 11: a user of the closed loop"},
        {"when_full: wait\n", "when_full", "line 3, column 12: must be one of queue, drop"},
        {"requests:\n  - name: a\n  - name: a\n", "requests[1].name", "line 5, column 11: two kinds"},
        {"requests:\n  - {name: a, headers: {A: [1]}}\n", "requests[0].headers.A", "line 4, column 28: must be text"},
        {"requests:\n  - {name: a, expect: [99]}\n", "requests[0].expect", "line 4, column 23: a status"},
        {"requests:\n  - {name: a, headers: {'': b}}\n", "requests[0].headers.", "line 4, column 24"},
        {"fields:\n  f: {kind: integer, from: 2, to: 1}\n", "fields.f.to", "line 4, column 35: must not be below"},
        {"objectives: [{target: 99%}]\n", "objectives[0].kind", "line 3, column 14: is missing"},
        {"objectives: [{kind: freshness, target: 99%}]\n", "objectives[0].kind", "line 3, column 21: must be one of"},
        {"objectives: [{kind: errors, target: 99}]\n", "objectives[0].target", "line 3, column 37: must be above 0%"},
        {"objectives: [{kind: errors, target: most}]\n", "objectives[0].target", "column 37: must be a share"},
        {"objectives: [{kind: errors, request: buy}]\n", "objectives[0].request", "no kind of request is named buy"},
        {"objectives: [{kind: errors, scaled_to: 31d}]\n", "objectives[0].scaled_to", "column 40: must be at least"},
        {"objectives: [{kind: latency, threshold: 2h}]\n", "objectives[0].threshold", "must be 1 us to 1 hour"},
        {"objectives: [{kind: errors}, {kind: errors}]\n", "objectives[1].name", "two objectives have this name"},
        {"objectives: [{kind: errors, alerts: [{long: 1h, short: 2h, factor: 1}]}]\n", "objectives[0].alerts[0].short",
         "must be above 0 and not longer"},
        {"objectives: usual\n", "objectives", "line 3, column 13: must be a list"},
        {"fields: {f: noon}\n", "fields.f", "line 3, column 13: must be one of constant, sequence"},
        {"thresholds: [faster]\n", "thresholds[0]", "line 3, column 14"},
        {"tls: yes\n", "tls", "line 3, column 6: must be a map"},
        {"max_in_flight: 0\n", "max_in_flight", "line 3, column 16: there must be"},
        {"error_brake: nan\n", "error_brake", "line 3, column 14: must be a number"},
        {"credentials: {kind: bearer}\n", "credentials", "line 3, column 14: the secret comes"},
        {"users: &a 1\n", "", "line 3, column 8: anchors"},
        {"users: *a\n", "", "line 3, column 8: not YAML"},
        {"users: [\n", "", "not YAML"},
        {"--- \nusers: 1\n", "", "line 3, column 1: there must be one document"},
    };
    for (const Fault& fault : faults) {
        const Result<Scenario> scenario = parse_scenario(head + fault.text);
        ASSERT_FALSE(scenario.ok()) << fault.text;
        EXPECT_EQ(scenario.error().field, fault.field) << fault.text;
        EXPECT_NE(scenario.error().message.find(fault.message), std::string::npos)
            << fault.text << scenario.error().message;
    }
    const Result<Scenario> shapeless = parse_scenario("url: http://127.0.0.1/\nstages: [{rate: 1, to: 5}]\n");
    ASSERT_FALSE(shapeless.ok()) << "it is no constant stage";
    EXPECT_EQ(shapeless.error().field, "stages[0].to");
    EXPECT_NE(shapeless.error().message.find("needs the stage's shape"), std::string::npos);
    // yaml-cpp finds documents without end in it.
    EXPECT_FALSE(parse_scenario(R"("acti",i;r"acti"i;raa})").ok());
    for (const std::string& text : {std::string(), std::string("- 1"), std::string("5"), std::string(1, '\0'),
                                    std::string(kScenarioBytes + 1, '#'), std::string(5000, '[')})
        EXPECT_FALSE(parse_scenario(text).ok());
}

TEST(ScenarioText, AnEditChangesItsValueAndNothingElse) {
    Scenario s = parsed(kFull);
    EXPECT_EQ(edited(kFull, s), kFull);
    const auto replaced = [](std::string_view what, std::string_view with) {
        std::string text = kFull;
        return text.replace(text.find(what), what.size(), with);
    };
    s.stages[1].rate = 250;
    EXPECT_EQ(edited(kFull, s), replaced("rate: 200\n    for: 1h30m", "rate: 250\n    for: 1h30m"));
    s = parsed(kFull);
    s.stages[0].to = 300.5;
    EXPECT_EQ(edited(kFull, s), replaced("to: 200, for: 1m", "to: 300.5, for: 1m"));
    s = parsed(kFull);
    s.spacing = Spacing::Even;  // the default again: the member goes away
    EXPECT_EQ(edited(kFull, s), replaced("arrivals: poisson   # as people come\n", ""));
    s = parsed(kFull);
    s.jitter_percent = 5;  // it says its default
    EXPECT_EQ(edited(kFull, s), replaced("jitter_percent: 0", "jitter_percent: 5"));
    s = parsed(kFull);
    s.think_seconds = 1;  // new
    EXPECT_EQ(edited(kFull, s), std::string(kFull) + "think: 1s\n");
    s = parsed(kFull);
    s.requests[0].headers[0].value = "#{{id}}";
    EXPECT_EQ(edited(kFull, s), replaced("X-Trace: \"{{id}}\"", "X-Trace: \"#{{id}}\""));
    s = parsed(kFull);
    s.stages.pop_back();  // a section of another form is written anew; all around it stays
    const std::string shorter = edited(kFull, s);
    EXPECT_EQ(parsed(shorter), s);
    EXPECT_EQ(shorter.substr(0, shorter.find("stages:")),
              std::string(kFull).substr(0, std::string(kFull).find("stages:")));
    EXPECT_EQ(shorter.substr(shorter.find("requests:")),
              std::string(kFull).substr(std::string(kFull).find("requests:")));
    EXPECT_EQ(edited("not a scenario", s), to_text(s));
}

TEST(ScenarioText, RowsAtTheEndOfAListComeAndGoAndTheOthersStayAsTheyAreWritten) {
    const std::string text = R"(url: http://127.0.0.1:8080/events
stages:
  # first
  - {rate: 200, for: 25s}  # calm
thresholds:
- p(95) < 300   # promised
)";
    Scenario s = parsed(text);
    Stage pause;
    pause.shape = Stage::Shape::Pause;
    pause.seconds = 5;
    s.stages[0].rate = 300;
    s.stages.push_back(pause);
    s.thresholds.push_back(*parse_threshold("errors < 1%"));
    const std::string longer = edited(text, s);
    EXPECT_EQ(parsed(longer), s) << longer;
    EXPECT_NE(longer.find("  # first\n  - {rate: 300, for: 25s}  # calm\n  - shape: pause"), std::string::npos)
        << longer;
    EXPECT_NE(longer.find("- p(95) < 300   # promised\n- errors < 1%\n"), std::string::npos) << longer;
    s.stages.pop_back();
    s.stages[0].rate = 200;
    s.thresholds.pop_back();
    EXPECT_EQ(edited(longer, s), text);
    // Without an end of its last line.
    EXPECT_EQ(parsed(edited(text.substr(0, text.size() - 1), parsed(longer))), parsed(longer));
}

// Any one member of any text changed: the result says the new scenario, and its first line, a comment, is still there.
TEST(ScenarioText, AnyEditGivesTheScenarioItWasMadeFor) {
    const RandomStream random(1, 1);
    Scenario s = parsed(kFull);
    std::string text = kFull;
    for (std::uint64_t i = 0; i < 120; ++i) {
        const std::uint32_t n = below(random.at(2 * i), 1000);
        switch (below(random.at(2 * i + 1), 12)) {
            case 0:
                s.stages[n % s.stages.size()].seconds = 1 + n;
                break;
            case 1:
                s.stages[0].name = "stage: " + std::to_string(n);
                break;
            case 2:
                s.requests[n % 2].weight = 1 + n;
                break;
            case 3:
                s.requests[0].body = std::string(n % 7, '\n') + "b#" + std::to_string(n);
                break;
            case 4:
                s.max_in_flight = n % 3 == 0 ? 64 : n + 1;
                break;
            case 5:
                s.users = n % 3 == 0 ? 1000 : n + 1;
                break;
            case 6:
                s.thresholds.clear();
                break;
            case 7:
                s.thresholds.emplace_back().value = n;
                break;
            case 8:
                s.fields[0].kind = n % 2 == 0 ? GeneratedField::Kind::Uuid4 : GeneratedField::Kind::Now;
                break;
            case 9:
                s.name = n % 3 == 0 ? "load" : "run " + std::to_string(n);
                break;
            case 10:
                s.stages.push_back(s.stages[n % 2]);
                break;
            case 11:
                if (s.stages.size() > 3) s.stages.pop_back();
                break;
        }
        text = edited(text, s);
        ASSERT_EQ(parsed(text), s) << i << "\n" << text;
        ASSERT_EQ(text.rfind("# Saturday evening\n", 0), 0U) << text;
    }
}

}  // namespace
}  // namespace streamgauge::loadgen
