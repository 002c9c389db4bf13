// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/load_scenes.h"

#include <QQuickItem>

#include <algorithm>
#include <random>

#include "api/capacity_reports.h"
#include "client/eventually.h"
#include "loadgen/lab_objective.h"
#include "loadgen/report_maker.h"
#include "loadgen/report_text.h"

namespace streamgauge::tests {

using namespace Qt::Literals::StringLiterals;
using Console = viewmodels::ConsoleViewModel;

namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kStart = 1'769'850'000;

const char* const kScenario = R"(# Saturday evening, as last year
name: saturday
url: http://127.0.0.1:8080/events
arrivals: poisson
seed: 42
stages:
  - {shape: spike, rate: 200, for: 25s, to: 2000, spike_for: 10s, after: 200, after_for: 25s}
thresholds:
  - p(95) < 300   # what was promised
  - errors < 1%
  - p(99) < 1s over 10s
)";

const char* const kShop = R"(name: shop
url: http://127.0.0.1:8080/
stages:
  - {shape: ramp, rate: 0, to: 200, for: 30s}   # warm-up
  - {rate: 200, for: 1m}
  - {shape: steps, rate: 200, to: 600, steps: 4, for: 40s}
requests:
  - name: buy
    method: POST
    path: /carts/{{cart}}/items
    body: '{"item": "{{item}}", "price": {{price}}}'
    expect: [201, 409]
  - {name: look, weight: 9, method: GET, path: '/items/{{item}}'}
fields:
  cart: {kind: hex, length: 12}
  item: {kind: zipf, prefix: item-, ranks: 500, exponent: 1.1}
  price: {kind: decimal, from: 1, to: 99, digits: 2}
thresholds: [p(95) < 300, 'p(99){buy} < 500', errors < 1%]
)";

std::function<void(Stage&)> on_page(std::function<void(Stage&)> then) {
    return [then = std::move(then)](Stage& stage) {
        stage.app.set_page(Console::LoadPage);
        then(stage);
    };
}

// Connected, with no run under way.
void connect(Stage& stage) {
    go_live(stage);
    stage.fake.publish(api::LoadStatus{}, true);
    eventually([&] { return stage.app.load()->runs()->phase() != u"loading"; });
}

std::function<void(Stage&)> last_run(std::function<loadgen::RunReport()> make) {
    return on_page([make = std::move(make)](Stage& stage) {
        keep_run(stage.fake, make(), 1);
        connect(stage);
        eventually([&] { return stage.app.load()->run()->final(); });
    });
}

std::function<void(Stage&)> set_up(std::function<void(viewmodels::ScenarioViewModel&)> work) {
    return on_page([work = std::move(work)](Stage& stage) {
        connect(stage);
        stage.app.load()->set_view(u"setup"_s);
        work(*stage.app.load()->scenario());
    });
}

std::function<void(Stage&)> history(std::function<void(Stage&)> work) {
    return on_page([work = std::move(work)](Stage& stage) {
        keep_runs(stage.fake);
        connect(stage);
        stage.app.load()->set_view(u"runs"_s);
        eventually([&] { return stage.app.load()->runs()->run()->final(); });
        work(stage);
    });
}

// The form, so that this item is near its top.
void scroll_to(Stage& stage, const QString& name) {
    static_cast<void>(stage.grab());  // lays it out
    QQuickItem* const first = stage.find(name);
    QQuickItem* view = first;
    while (view != nullptr && !view->property("contentY").isValid()) view = view->parentItem();
    if (view != nullptr) view->setProperty("contentY", first->mapToItem(view, QPointF(0, -80)).y());
}

loadgen::RunComparison sample_comparison(bool worse) {
    using loadgen::ChangeVerdict;
    loadgen::RunComparison found;
    const auto measure = [&](const char* name, double before, double after, double half, ChangeVerdict verdict) {
        const double change = after - before;
        found.measures.push_back({name, before, after, change, change - half, change + half, 0.01, verdict});
    };
    if (worse) {
        measure("p50", 21.4, 21.9, 0.9, ChangeVerdict::NoDifference);
        measure("p95", 88, 412, 31, ChangeVerdict::Worse);
        measure("p99", 140, 690, 52, ChangeVerdict::Worse);
        measure("error_share", 0.0002, 0.0311, 0.004, ChangeVerdict::Worse);
        found.verdict = ChangeVerdict::Worse;
        found.warnings = {"the builds differ: 0.1.0+41 and 0.1.0+44",
                          "the intervals of one run each cover what varied within them, not from run to run"};
    } else {
        measure("p50", 21.4, 21.6, 0.9, ChangeVerdict::NoDifference);
        measure("p95", 88, 90, 7, ChangeVerdict::NoDifference);
        measure("error_share", 0.0002, 0.0003, 0.0004, ChangeVerdict::NoDifference);
        found.verdict = ChangeVerdict::NoDifference;
    }
    measure("p99.9", 0, 0, 0, ChangeVerdict::TooFew);
    return found;
}

std::function<void(Stage&)> compared(bool worse) {
    return history([worse](Stage& stage) {
        stage.fake.on_compare_runs = [worse](const std::string&, const std::string&) {
            return Result<loadgen::RunComparison>(sample_comparison(worse));
        };
        auto& runs = *stage.app.load()->runs();
        runs.compareWith(runs.selected());
        runs.step(1);
        eventually([&] { return !runs.comparison().isEmpty() && runs.overlay_rates()->has_data(); });
    });
}

std::function<void(Stage&)> refused(Error error) {
    return on_page([error = std::move(error)](Stage& stage) {
        connect(stage);
        stage.fake.on_start_scenario = [error](const std::string&) { return Result<api::LoadStatus>(error); };
        stage.app.load()->start();
        eventually([&] { return !stage.app.load()->error_text().isEmpty(); });
    });
}

}  // namespace

loadgen::RunReport sample_report(const std::string& id, double slow) {
    std::mt19937 random(7);
    const auto noise = [&] { return static_cast<double>(random() % 1000) / 1000.0; };
    loadgen::RunReport report;
    report.run_id = id;
    report.name = "saturday";
    report.url = "http://127.0.0.1:8080/events";
    report.scenario = kScenario;
    report.seed = 42;
    report.started_at = Timestamp::from_seconds(kStart);
    report.machine = {"bench-1", "two cores", "6.1", "0.1.0", 2};
    report.elapsed_seconds = report.planned_seconds = kMinute;
    const double spike_share = slow > 3 ? 0.11 : 0;
    for (std::int64_t second = 0; second < kMinute; ++second) {
        const bool spike = second >= 25 && second < 36;
        const std::uint64_t planned = spike && second < 35 ? 2000 : 200;
        Histogram response;
        loadgen::SecondReport row;
        const auto limited = static_cast<std::uint64_t>(spike ? spike_share * static_cast<double>(planned) : 0);
        for (std::uint64_t i = 0; i < planned; ++i) {
            const double tail = noise();
            const double ms = (14 + 14 * noise() + (tail > 0.9 ? 60 * noise() : 0)) * (spike ? slow : 1);
            response.record(static_cast<std::int64_t>(ms * 1000));
            report.durations.response.record(static_cast<std::int64_t>(ms * 1000));
            report.durations.service.record(static_cast<std::int64_t>((spike ? ms / slow * 1.2 : ms) * 1000));
            report.durations.send_lag.record(static_cast<std::int64_t>(60 + 200 * noise()));
        }
        row.row.second = second;
        row.row.planned = row.row.sent = planned;
        row.row.limited = limited;
        row.row.ok = planned - limited;
        row.row.avg_ms = response.mean_micros() / 1000;
        row.row.p50_ms = static_cast<double>(response.quantile_micros(0.5)) / 1000;
        row.row.p95_ms = static_cast<double>(response.quantile_micros(0.95)) / 1000;
        row.row.p99_ms = static_cast<double>(response.quantile_micros(0.99)) / 1000;
        row.response = SparseHistogram(response);
        report.totals.planned += planned;
        report.totals.sent += planned;
        report.totals.outcomes[static_cast<std::size_t>(loadgen::Outcome::Ok)] += planned - limited;
        report.totals.outcomes[static_cast<std::size_t>(loadgen::Outcome::ServerError)] += limited;
        report.seconds.push_back(std::move(row));
    }
    loadgen::ServerStage queue{"queue", {}}, commit{"commit", {}};
    for (int i = 0; i < 1000; ++i) {
        queue.duration.record(static_cast<std::int64_t>((2 + 6 * noise()) * slow * slow * 1000));
        commit.duration.record(static_cast<std::int64_t>((3 + 9 * noise()) * 1000));
    }
    report.stages = {std::move(queue), std::move(commit)};
    const std::uint64_t bad = report.totals.failed();
    const double p95 = static_cast<double>(report.durations.response.quantile_micros(0.95)) / 1000;
    const double p99 = static_cast<double>(report.durations.response.quantile_micros(0.99)) / 1000;
    const double errors = static_cast<double>(bad) / static_cast<double>(report.totals.planned);
    const auto judge = [&](const char* text, double measured, bool passed, std::optional<std::int64_t> at) {
        report.thresholds.push_back({*loadgen::parse_threshold(text), passed, measured, at});
    };
    judge("p(95) < 300", p95, p95 < 300, {});
    judge("errors < 1%", errors, errors < 0.01, {});
    judge("p(99) < 1s over 10s", p99, p99 < 1000,
          p99 < 1000 ? std::optional<std::int64_t>() : std::optional<std::int64_t>(38'000'000'000));
    if (bad > 0) report.errors = {{"events", "status_503", bad, 26'400'000'000, 35'900'000'000, {}}};
    report.certificate.send_lag_p50_ms = 0.09;
    report.certificate.send_lag_p99_ms = 0.24;
    report.certificate.cpu_share = 0.21;
    return report;
}

loadgen::RunReport sample_report_with_objectives() {
    loadgen::RunReport report = sample_report("r5", 9);
    report.thresholds.clear();
    constexpr std::int64_t kSecondNanos = 1'000'000'000;
    for (const loadgen::LabObjective& lab : loadgen::default_lab_objectives()) {
        loadgen::ObjectiveResult& result = report.objectives.emplace_back();
        result.objective.name = lab.objective.name;
        result.objective.indicator = lab.objective.indicator;
        result.objective.target = lab.objective.target;
        result.objective.window = lab.objective.window;
        result.lasts_micros = kMinute * 1'000'000;
        result.usual_rate = 500;
        result.counted = {report.totals.planned - report.totals.failed(), report.totals.planned};
        result.held = lab.objective.indicator.kind == slo::Indicator::Kind::Latency;
        if (result.held) result.counted.good = result.counted.total - 900;
        const double bad = static_cast<double>(result.counted.bad()) / static_cast<double>(result.counted.total);
        result.left = result.lowest_left = 1 - bad / (1 - lab.objective.target);
        result.budget_used = bad / (1 - lab.objective.target) / 43'200;
        if (result.held) continue;
        result.overspent_nanos = 31 * kSecondNanos;
        loadgen::ObjectiveAlert& alert = result.alerts.emplace_back();
        alert.rule = {slo::Severity::Page, 83'000, 7'000, 14.4, 0};
        alert.real_long_micros = 3'600'000'000;
        alert.real_short_micros = 300'000'000;
        alert.fired = 1;
        loadgen::AlertEpisode& episode = alert.episodes.emplace_back();
        episode.began_nanos = 26 * kSecondNanos;
        episode.fired_nanos = 26'700'000'000;
        episode.expected_seconds = 0.62;
        episode.resolved_nanos = 37 * kSecondNanos;
    }
    return report;
}

// Of twenty kinds of requests, with names as long as they may be and errors of many kinds.
loadgen::RunReport sample_report_of_many_kinds() {
    loadgen::RunReport report = sample_report("r6", 9);
    report.name = "the whole shop on the Saturday before Christmas, with every kind of request that it has";
    report.url = "http://127.0.0.1:8080/api/v1/projects/the-new-shop/events?source=load-generator&region=eu-central";
    for (int i = 1; i <= 20; ++i) {
        loadgen::EndpointReport& kind = report.endpoints.emplace_back();
        kind.name = i % 5 == 0 ? "kind-" + std::to_string(i) + "-look-at-the-details-of-an-article-with-its-variants"
                               : "kind-" + std::to_string(i);
        kind.totals.planned = kind.totals.sent = 1'500;
        kind.totals.outcomes[static_cast<std::size_t>(loadgen::Outcome::Ok)] = i % 3 == 0 ? 1'444 : 1'500;
        kind.totals.outcomes[static_cast<std::size_t>(loadgen::Outcome::ServerError)] = i % 3 == 0 ? 56 : 0;
        for (int n = 0; n < 100; ++n) kind.durations.response.record(4'000 + 900 * n * i);
    }
    for (const char* text : {"p(99){kind-5-look-at-the-details-of-an-article-with-its-variants} < 250 over 10s",
                             "errors{kind-10-look-at-the-details-of-an-article-with-its-variants} < 0.1%"})
        report.thresholds.push_back({*loadgen::parse_threshold(text), false, 1.0, {}});
    for (const char* what : {"status_429", "status_500", "status_504", "timeout", "connection_reset", "tls_handshake"})
        report.errors.push_back({"kind-3", what, 311, 26'400'000'000, 35'900'000'000, {}});
    return report;
}

void keep_run(client::FakeClient& fake, const loadgen::RunReport& report, int hours) {
    api::StoredLoadRun run;
    run.id = report.run_id;
    run.name = report.name;
    run.url = report.url;
    run.started_at = Timestamp::from_seconds(kStart - 3600 * hours);
    run.state = report.state == loadgen::RunState::Done ? "done" : "stopped";
    run.verdict = loadgen::to_string(report.certificate.verdict);
    run.passed = loadgen::passed(report);
    run.by = "console";
    run.seconds = report.elapsed_seconds;
    run.seed = report.seed;
    run.planned = report.totals.planned;
    run.good = report.totals.done();
    run.bad = report.totals.failed();
    run.p50_ms = static_cast<double>(report.durations.response.quantile_micros(0.5)) / 1000;
    run.p95_ms = static_cast<double>(report.durations.response.quantile_micros(0.95)) / 1000;
    run.p99_ms = static_cast<double>(report.durations.response.quantile_micros(0.99)) / 1000;
    fake.stored_runs.push_back(run);
    fake.run_reports[run.id] = loadgen::to_json(report);
}

void keep_runs(client::FakeClient& fake) {
    keep_run(fake, sample_report("r4", 9), 1);
    keep_run(fake, sample_report("r3", 1.3), 2);
    loadgen::RunReport stopped = sample_report("r2", 1.2);
    stopped.name = "soak before the sale, all night";
    stopped.state = loadgen::RunState::Stopped;
    stopped.stopped_by = "hand";
    keep_run(fake, stopped, 26);
    loadgen::RunReport late = sample_report("r1", 1.1);
    late.name = "first";
    late.certificate.verdict = loadgen::Validity::Invalid;
    late.certificate.reasons = {"its own lateness was 61 ms at p99 (over 50 ms)"};
    keep_run(fake, late, 50);
}

api::LoadStatus sample_search(api::LoadState state) {
    api::LoadStatus status;
    status.run_id = "search-1";
    status.name = "saturday";
    status.state = state;
    status.plan.url = "http://127.0.0.1:8080/events";
    status.plan.arrivals = api::Arrivals::Poisson;
    status.planned_seconds = 175;
    status.elapsed_seconds = state == api::LoadState::Running ? 62 : 131;
    status.capacity.emplace();
    api::LoadCapacity& found = *status.capacity;
    found.objectives = {"p(99) < 300", "errors < 1%"};
    found.budget_seconds = 175;
    double rate = 50;
    for (int i = 0; i < 7; ++i, rate *= 2)
        found.steps.push_back({rate, rate * 0.997, 3.1, 4 + rate / 800, 11 + rate / 60, true, false, ""});
    found.steps.push_back({6400, 4790, 2.4, 410, 1290, false, false, "p(99) < 300"});
    found.rate = 3200;
    for (const double narrowed : {4500.0, 5100.0, 4800.0}) {
        const bool held = narrowed < 4900;
        found.steps.push_back({narrowed, std::min(narrowed, 4850.0), 5.2, held ? 12.0 : 170.0, held ? 140.0 : 640.0,
                               held, false, held ? "" : "p(99) < 300"});
    }
    for (const api::LoadCapacityStep& step : found.steps)
        status.sent += static_cast<std::uint64_t>(step.rate * step.seconds);
    status.planned = status.done = status.sent;
    if (state == api::LoadState::Running) {
        found.steps.push_back({4650, 4648, 2.5, 13, 210, false, false, ""});  // under way
        return status;
    }
    found.steps.push_back({4760, 4758, 20, 13, 166, true, true, ""});
    found.end = "found";
    found.rate = 4760;
    found.low = 4655;
    found.high = 4868;
    found.limiting = "p(99) < 300";
    found.limiting_stage = "commit";
    return status;
}

void keep_search(client::FakeClient& fake, const std::string& id, double share, int hours) {
    const api::LoadStatus status = sample_search(api::LoadState::Done);
    api::CapacityReport report;
    report.run_id = id;
    report.started_at = Timestamp::from_seconds(kStart - 3600 * hours);
    report.name = status.name;
    report.url = status.plan.url;
    report.scenario = kScenario;
    report.seed = 42;
    report.seconds = status.elapsed_seconds;
    report.capacity = *status.capacity;
    for (double* value : {&report.capacity.rate, &report.capacity.low, &report.capacity.high}) *value *= share;
    for (api::LoadCapacityStep& step : report.capacity.steps)
        for (double* value : {&step.rate, &step.answered_rate}) *value *= share;
    fake.stored_runs.push_back(api::stored_search(report, "console"));
    fake.run_reports[id] = api::encode(report);
}

std::vector<Scene> load_scenes() {
    std::vector<Scene> all;
    all.push_back({u"load-setup"_s, set_up([](viewmodels::ScenarioViewModel&) {})});
    all.push_back({u"load-setup-spike"_s, set_up([](viewmodels::ScenarioViewModel& scenario) {
                       scenario.opened(u"saturday.yaml"_s, kScenario);
                   })});
    all.push_back({u"load-setup-shop"_s,
                   set_up([](viewmodels::ScenarioViewModel& scenario) { scenario.opened(u"shop.yaml"_s, kShop); })});
    all.push_back({u"load-setup-list-of-one"_s,
                   set_up([](viewmodels::ScenarioViewModel& scenario) { scenario.choose(u"custom"_s); })});
    // Below what every run needs: headers, credentials, TLS, a file's columns, reading back.
    all.push_back({u"load-setup-rest"_s, [set = set_up([](viewmodels::ScenarioViewModel& scenario) {
                                              scenario.set(u"url"_s, u"https://127.0.0.1:8443/events"_s);
                                              scenario.add(u"requests[0].headers"_s);
                                              scenario.set(u"credentials.kind"_s, u"basic"_s);
                                              scenario.set(u"feeder.file"_s, u"carts.csv"_s);
                                              scenario.set(u"end_to_end.check"_s, u"true"_s);
                                          })](Stage& stage) {
                       set(stage);
                       scroll_to(stage, u"addHeader"_s);
                   }});
    all.push_back({u"load-setup-replay"_s,
                   set_up([](viewmodels::ScenarioViewModel& scenario) { scenario.choose(u"replay"_s); })});
    all.push_back({u"load-setup-objectives"_s, [set = set_up([](viewmodels::ScenarioViewModel& scenario) {
                                                    scenario.opened(u"saturday.yaml"_s, kScenario);
                                                    scenario.set(u"loop"_s, u"closed"_s);
                                                    scenario.add(u"objectives"_s);
                                                    scenario.add(u"objectives"_s);
                                                    scenario.set(u"objectives[0].scaled_to"_s, u"1m"_s);
                                                    scenario.set(u"objectives[1].target"_s, u"99.9%"_s);
                                                })](Stage& stage) {
                       set(stage);
                       scroll_to(stage, u"addThreshold"_s);
                   }});
    all.push_back({u"load-setup-fault"_s, set_up([](viewmodels::ScenarioViewModel& scenario) {
                       QString text = QString::fromUtf8(kScenario);
                       scenario.opened(u"saturday.yaml"_s, text.replace(u"rate: 200,"_s, u"rate: -200,"_s).toUtf8());
                   })});
    all.push_back({u"load-setup-foreign"_s, set_up([](viewmodels::ScenarioViewModel& scenario) {
                       scenario.set(u"url"_s, u"https://shop.example:8443/events"_s);
                   })});
    all.push_back({u"load-setup-capacity"_s,
                   set_up([](viewmodels::ScenarioViewModel& scenario) { scenario.choose(u"capacity"_s); })});
    all.push_back({u"load-wrong-plan"_s, set_up([](viewmodels::ScenarioViewModel& scenario) {
                       scenario.set(u"stages[0].rate"_s, u"-5"_s);
                       scenario.set(u"thresholds[0]"_s, u"p(95) below 300"_s);
                   })});
    all.push_back({u"load-paused"_s, on_page([](Stage& stage) {
                       connect(stage);
                       api::LoadStatus status = sample_load(api::LoadState::Running, 19);
                       status.paused = true;
                       stage.fake.publish(status);
                   })});
    all.push_back({u"load-replay-running"_s, on_page([](Stage& stage) {
                       connect(stage);
                       api::LoadStatus status = sample_load(api::LoadState::Running, 19);
                       status.plan.arrivals = api::Arrivals::Replay;
                       status.replay = {{2, 7.125}};
                       stage.fake.publish(status);
                   })});
    all.push_back({u"load-passed"_s, last_run([] { return sample_report("r3", 1.3); })});
    all.push_back({u"load-run-failed"_s, last_run([] { return sample_report("r4", 9); })});
    all.push_back({u"load-many-kinds"_s, last_run(&sample_report_of_many_kinds)});
    all.push_back({u"load-many-kinds-below"_s, [play = last_run(&sample_report_of_many_kinds)](Stage& stage) {
                       play(stage);
                       scroll_to(stage, u"loadKinds"_s);
                   }});
    all.push_back({u"load-objectives"_s, last_run(&sample_report_with_objectives)});
    all.push_back({u"load-objectives-live"_s, on_page([](Stage& stage) {
                       connect(stage);
                       api::LoadStatus status = sample_load(api::LoadState::Running, 27);
                       status.objectives = {
                           {"latency", "95 % within 300 ms", "latency", 0.95, 133'900, 134'800, true, 0.87, 0.1, {}, 0},
                           {"errors",
                            "99 % answered without 5xx or 429",
                            "errors",
                            0.99,
                            132'400,
                            134'800,
                            false,
                            -0.8,
                            22.4,
                            {"page"},
                            1}};
                       stage.fake.publish(status);
                   })});
    all.push_back({u"load-not-valid"_s, last_run([] {
                       loadgen::RunReport report = sample_report("r1", 1.1);
                       report.certificate.verdict = loadgen::Validity::Invalid;
                       report.certificate.send_lag_p99_ms = 61;
                       report.certificate.stalls = 14;
                       report.certificate.reasons = {"its own lateness was 61 ms at p99 (over 50 ms)",
                                                     "it stood still 14 times, 1.2 % of the run"};
                       loadgen::HandAction spike;
                       spike.kind = loadgen::HandAction::Kind::Spike;
                       spike.rate = 1000;
                       spike.seconds = 5;
                       spike.at_nanos = 12'000'000'000;
                       report.hand = {spike};
                       loadgen::EndToEndReport through;
                       through.sent = through.acknowledged = 31'180;
                       through.visible = 31'176;
                       through.lost = 4;
                       for (int i = 0; i < 1000; ++i) through.freshness_query.record(180'000 + i * 300);
                       report.end_to_end = std::move(through);
                       return report;
                   })});
    all.push_back({u"load-interrupted"_s, last_run([] {
                       loadgen::RunReport report = sample_report("r1", 1.1);
                       report.state = loadgen::RunState::Interrupted;
                       report.stopped_by = "the server ended";
                       report.elapsed_seconds = 42;
                       report.durations.service = report.durations.send_lag = Histogram();
                       for (loadgen::ThresholdResult& threshold : report.thresholds) threshold.passed = false;
                       report.certificate.verdict = loadgen::Validity::Invalid;
                       report.certificate.reasons = {
                           "interrupted: the server ended; what came after its last known second, and how the "
                           "generator did, is not known"};
                       return report;
                   })});
    all.push_back({u"load-failed"_s, on_page([](Stage& stage) {
                       connect(stage);
                       api::LoadStatus status = sample_load(api::LoadState::Failed, 12);
                       status.error =
                           "the generator ended early: connection refused after 12 s; see that the target still runs";
                       stage.fake.publish(status);
                   })});
    all.push_back({u"load-capacity-running"_s, on_page([](Stage& stage) {
                       connect(stage);
                       stage.fake.publish(sample_search(api::LoadState::Running));
                   })});
    all.push_back({u"load-capacity-found"_s, on_page([](Stage& stage) {
                       connect(stage);
                       stage.fake.publish(sample_search(api::LoadState::Done));
                   })});
    all.push_back({u"load-runs"_s, history([](Stage&) {})});
    const auto searches = [](std::function<void(viewmodels::LoadRunsViewModel&)> work) {
        return on_page([work = std::move(work)](Stage& stage) {
            keep_search(stage.fake, "s2", 1.2, 1);
            keep_search(stage.fake, "s1", 1, 3);
            keep_runs(stage.fake);
            connect(stage);
            stage.app.load()->set_view(u"runs"_s);
            auto& runs = *stage.app.load()->runs();
            eventually([&] { return runs.run()->final(); });
            work(runs);
        });
    };
    all.push_back({u"load-runs-search"_s, searches([](viewmodels::LoadRunsViewModel&) {})});
    all.push_back({u"load-compare-searches"_s,
                   [searched = searches([](viewmodels::LoadRunsViewModel& runs) {
                        runs.compareWith(u"s1"_s);
                        eventually([&] { return !runs.comparison().isEmpty() && runs.overlay_curve()->has_data(); });
                    })](Stage& stage) {
                       stage.fake.on_compare_runs = [&fake = stage.fake](const std::string& before,
                                                                         const std::string& after) {
                           return api::compare_searches({*api::decode_capacity_report(fake.run_reports[before])},
                                                        {*api::decode_capacity_report(fake.run_reports[after])});
                       };
                       searched(stage);
                   }});
    all.push_back({u"load-zoomed"_s, [play = last_run([] { return sample_report("r4", 9); })](Stage& stage) {
                       play(stage);
                       stage.app.load()->run()->rates()->zoom(0.35, 0.7);
                   }});
    all.push_back({u"load-runs-empty"_s, on_page([](Stage& stage) {
                       connect(stage);
                       stage.app.load()->set_view(u"runs"_s);
                   })});
    all.push_back({u"load-runs-nothing-found"_s,
                   history([](Stage& stage) { stage.app.load()->runs()->set_search(u"monday passed"_s); })});
    all.push_back({u"load-runs-remove"_s, history([](Stage& stage) { stage.app.load()->runs()->askRemove(); })});
    all.push_back({u"load-compare-worse"_s, compared(true)});
    all.push_back({u"load-compare-same"_s, compared(false)});
    all.push_back({u"load-forbidden"_s, refused({ErrorCode::Forbidden,
                                                 "load runs that are started here may not go to shop.example:8443",
                                                 "url",
                                                 {},
                                                 "load.allowed_targets lists where they may go"})});
    all.push_back(
        {u"load-conflict"_s, refused({ErrorCode::Conflict, "a load run is under way", {}, {}, "stop it first"})});
    all.push_back({u"load-not-offered"_s, on_page([](Stage& stage) {
                       stage.fake.say_hello({"streamgauge", "0.1.0", 1, 1, {"live", "events"}});
                       stage.fake.set_endpoint("10.20.0.7:8080");
                       go_live(stage);
                       stage.fake.publish(api::LoadStatus{}, true);
                   })});
    return all;
}

}  // namespace streamgauge::tests
