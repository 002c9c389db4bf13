// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/scenes.h"

#include <QGuiApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QQuickItem>

#include <cmath>
#include <random>

#include "client/eventually.h"
#include "metrics/definition_text.h"
#include "ui/find_item.h"
#include "ui/load_scenes.h"
#include "ui/sample_objectives.h"

namespace streamgauge::tests {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;

namespace {

constexpr std::int64_t kNow = 1'767'268'800;  // 2026-01-01T12:00:00Z
const char* const kPages[] = {"/",
                              "/products/espresso-machine",
                              "/checkout",
                              "/search?q=grinder",
                              "/cart",
                              "/products/12-cup-pour-over-set-with-a-very-long-name",
                              "/account",
                              "/help/returns",
                              "/products/kettle",
                              "/blog/how-we-roast"};
const char* const kTypes[] = {"page_view", "click", "search", "add_to_cart", "purchase", "login", "chat_message"};

const std::string kLost =
    "The live stream ended: connection refused; see that the server runs and can be reached from here";

}  // namespace

Stage::Stage() {
    clock.advance_seconds(static_cast<double>(kNow) - 1);  // it begins a second after 1970
    fake.post_events_to("http://127.0.0.1:8080/events");
    app.set_system_dark(true);
    window = std::make_unique<console::ConsoleWindow>(app);
}

Stage::~Stage() = default;

void Stage::show(QSize size) {
    window->resize(size);
    bool drawn = false;
    QObject context;
    QObject::connect(
        window.get(), &QQuickWindow::afterRendering, &context, [&] { drawn = true; }, Qt::DirectConnection);
    window->show();
    window->requestActivate();
    eventually([&] { return drawn && window->isExposed(); });
    eventually([&] { return QGuiApplication::focusWindow() == window.get(); }, std::chrono::seconds(2));
}

QImage Stage::grab() {
    // Two equal pictures in a row, 60 ms and some turns of the event loop apart: nothing moves any more. On a busy
    // machine one turn may take all of the time, and a chart takes several to be painted. A waiting bar never rests, so
    // not for ever.
    QImage last = window->grabWindow();
    for (int round = 0; round < 12; ++round) {
        const QDeadlineTimer pause(60);
        int turns = 0;
        eventually([&] { return ++turns > 10 && pause.hasExpired(); });
        QImage next = window->grabWindow();
        if (next == last) return next;
        last = std::move(next);
    }
    return last;
}

QQuickItem* Stage::find(const QString& object_name) const {
    return find_item(window->rootObject(), object_name);
}

void Stage::press(Qt::Key key, Qt::KeyboardModifiers modifiers, const QString& text) {
    QKeyEvent down(QEvent::KeyPress, key, modifiers, text);
    // As the platform does: a shortcut has the first word, unless the focused item wants the key.
    QKeyEvent shortcut(QEvent::ShortcutOverride, key, modifiers, text);
    shortcut.ignore();
    QCoreApplication::sendEvent(window.get(), &shortcut);
    QCoreApplication::sendEvent(window.get(), &down);
    QKeyEvent up(QEvent::KeyRelease, key, modifiers, text);
    QCoreApplication::sendEvent(window.get(), &up);
    settle_events();
}

void Stage::click(QQuickItem* item) {
    const QPointF at = item->mapToScene(QPointF(item->width() / 2, item->height() / 2));
    const auto send = [&](QEvent::Type type, Qt::MouseButtons buttons) {
        QMouseEvent event(type, at, window->mapToGlobal(at), Qt::LeftButton, buttons, Qt::NoModifier);
        QCoreApplication::sendEvent(window.get(), &event);
    };
    send(QEvent::MouseButtonPress, Qt::LeftButton);
    send(QEvent::MouseButtonRelease, Qt::NoButton);
    settle_events();
}

void go_live(Stage& stage) {
    stage.fake.start();
    eventually([&] { return stage.fake.state() == ConnectionState::Syncing; });
    stage.fake.publish(api::LoadStatus{}, true);
    stage.fake.measure_latency(0.38);
}

api::Overview sample_overview() {
    std::mt19937 random(3);
    const auto noise = [&] { return static_cast<double>(random() % 1000) / 1000.0; };
    api::Overview overview;
    overview.as_of = Timestamp{kNow * Timestamp::kMicrosPerSecond + 400'000};
    overview.watermark = Timestamp::from_seconds(kNow);
    overview.active_users = 12'840;
    overview.server.uptime_seconds = 273'900;
    overview.server.cpu_percent = 38.4;
    overview.server.resident_bytes = 187ULL << 20;
    overview.server.disk_free_bytes = 212ULL << 30;
    for (std::int64_t i = 600; i > 0; --i) {
        const double t = static_cast<double>(600 - i);
        api::SecondPoint point;
        point.second = kNow - i;
        const double wave = 9000 + 2600 * std::sin(t / 55) + 700 * std::sin(t / 9);
        const double burst = t > 470 && t < 500 ? 5200 : 0;
        point.outcomes.accepted = static_cast<std::uint64_t>(wave + 900 * noise() + burst);
        point.outcomes.duplicate = static_cast<std::uint64_t>(320 + 120 * noise());
        point.outcomes.rejected = static_cast<std::uint64_t>(20 + 35 * noise());
        point.outcomes.limited = burst > 0 ? static_cast<std::uint64_t>(1500 + 500 * noise()) : 0;
        point.ack.count = point.outcomes.accepted;
        point.ack.p50_ms = 0.9 + 0.25 * noise() + burst / 9000;
        point.ack.p95_ms = 2.3 + 0.9 * noise() + burst / 1500;
        point.ack.p99_ms = 4.1 + 1.8 * noise() + burst / 650;
        point.active_users = static_cast<std::uint64_t>(12'000 + t * 1.4 + 60 * noise());
        point.lag_seconds = 0.06 + 0.05 * noise() + (burst > 0 ? 0.5 : 0);
        overview.points.push_back(point);
    }
    std::uint64_t views = 482'113;
    for (const char* page : kPages) {
        overview.top_pages.push_back({page, views});
        views = views * 7 / 10;
    }
    std::uint64_t events = 1'204'771;
    for (const char* type : kTypes) {
        overview.event_types.push_back({type, events});
        events = events * 6 / 11;
    }
    overview.ledger.decoded = 58'204'113;
    overview.ledger.duplicate = 1'904'002;
    overview.ledger.invalid = 96'230;
    overview.ledger.accepted = 56'203'881;
    overview.ledger.aggregated = 56'202'961;
    overview.ledger.in_flight = 920;
    overview.canary = api::CanarySight{186.4, overview.as_of.plus_micros(-4 * Timestamp::kMicrosPerSecond), 0, {}};
    return overview;
}

api::EventTail sample_events(std::uint64_t first, std::uint64_t count) {
    api::EventTail tail;
    for (std::uint64_t i = first; i < first + count; ++i) {
        api::TailEvent event;
        event.id = 56'200'000 + i;
        event.event_id = "0198f0a2-7c1e-7b3a-9d" + std::to_string(10'000'000 + i);
        event.event_type = kTypes[i * i % 7];
        event.user_id = "u_" + std::to_string(1000 + i * 37 % 9000);
        event.session_id = "s_" + std::to_string(50'000 + i * 11 % 4000);
        event.page_url = kPages[i * 3 % 10];
        event.occurred_at = Timestamp{kNow * Timestamp::kMicrosPerSecond + static_cast<std::int64_t>(i) * 9'173};
        event.received_at = event.occurred_at.plus_micros(4'210);
        event.props = R"({"referrer":"https://example.org/","viewport":{"width":1440,"height":900},"amount_usd":)" +
                      std::to_string(10 + i % 90) + R"(.50,"tags":["spring","sale"],"ab":{}})";
        tail.events.push_back(std::move(event));
    }
    return tail;
}

// In the last minutes of the charts.
std::vector<api::Annotation> sample_marks() {
    const auto mark = [](std::int64_t at, std::string kind, std::string text, std::vector<std::string> tags) {
        api::Annotation one;
        one.id = std::to_string(at);
        one.at = Timestamp::from_seconds(kNow + at);
        one.kind = std::move(kind);
        one.text = std::move(text);
        one.tags = std::move(tags);
        return one;
    };
    std::vector<api::Annotation> marks{
        mark(-230, "deploy", "checkout 2.3.1", {"eu"}), mark(-180, "load_run", "Load run 7: 120000 requests sent", {}),
        mark(-70, "alert", "latency burns 17.2 times as fast as it may (1h: 17.2, 5m: 31.0, limit 14.4)", {"latency"}),
        mark(-40, "alert", "latency burns no more (1h: 14.1, 5m: 0.0, limit 14.4)", {"latency", "page", "resolved"})};
    marks[1].until = Timestamp::from_seconds(kNow - 120);
    return marks;
}

std::vector<api::MetricStatus> sample_metrics() {
    const auto metric = [](MetricId id, const char* name, const char* aggregate, std::vector<FieldPath> group_by,
                           const char* unit) {
        api::MetricStatus status;
        MetricDefinition& definition = status.definition;
        definition.id = id;
        definition.name = name;
        definition.unit = unit;
        definition.group_by = std::move(group_by);
        const auto parts = parse_aggregate(aggregate);
        definition.aggregate = parts->aggregate;
        definition.of = parts->of;
        definition.percentile = parts->percentile;
        definition.tiers = usual_tiers(id < kFirstUserMetric ? 10 * kSecondMicros : kMinuteMicros, {}, false);
        return status;
    };
    std::vector<api::MetricStatus> all;
    all.push_back(metric(9, "active_users", "distinct(user_id)", {}, "users"));
    all.push_back(metric(6, "event_types", "count", {{Field::EventType, {}}}, ""));
    all.push_back(metric(1'002, "frequent_searches", "topk(props.query)", {}, ""));
    all.push_back(metric(1'003, "latency_by_page_and_country", "p99(props.load_ms)",
                         {{Field::PageUrl, {}}, {Field::Prop, "country"}}, "ms"));
    all.push_back(metric(5, "page_views", "count", {{Field::PageUrl, {}}}, ""));
    all.push_back(metric(1'000, "revenue", "sum(props.amount_usd)", {{Field::Prop, "currency"}}, "USD"));
    all[3].backfill = api::Backfill{1'830'000, 2'900'000, 412'000, {}, false};
    all[5].definition.description = "What was paid, by currency";
    all[5].from_file = true;
    return all;
}

query::PointsAnswer sample_points(const query::PointsQuery& query) {
    query::PointsAnswer answer;
    answer.metric = query.metric;
    answer.range = query.range;
    answer.step_micros = query.step_micros;
    answer.group_by = query.group_by;
    answer.as_of = query.range.to.plus_micros(-3 * Timestamp::kMicrosPerSecond);
    answer.last_window_open = true;
    const bool top = query.metric == "frequent_searches", sum = query.metric == "revenue";
    answer.aggregate = top ? Aggregate::TopK : sum ? Aggregate::Sum : Aggregate::Distinct;
    std::vector<std::vector<std::string>> groups{{}};
    if (query.group_by.size() == 1) groups = {{"EUR"}, {"USD"}, {"GBP"}, {"JPY"}, {""}};
    if (query.group_by.size() == 2) groups = {{"/checkout", "DE"}, {"/", "FR"}, {"(other)"}};
    const std::int64_t step =
        query.step_micros == 0 ? query.range.to.micros - query.range.from.micros : query.step_micros;
    int n = 0;
    for (std::int64_t at = query.range.from.micros; at < query.range.to.micros; at += step, ++n)
        for (std::size_t g = 0; g < groups.size(); ++g) {
            query::Point point;
            point.start = {at};
            point.end = {at + step};
            point.group = groups[g];
            point.open = at + step >= query.range.to.micros;
            point.corrected = n % 17 == 3 && g == 0 ? 12 : 0;
            point.other = query.group_by.size() == 2 && g == 2;
            const double wave =
                (800 + 300 * std::sin(n / 9.0 + static_cast<double>(g))) / (1.0 + static_cast<double>(g));
            if (top) {
                for (int i = 0; i < 12; ++i)
                    point.value.top.push_back(
                        {"espresso grinder " + std::to_string(i), 9'000ULL / (1U + static_cast<unsigned>(i)), 3});
                point.value.exact = false;
                point.value.missing_at_most = 212;
            } else {
                point.value.micros = sum;
                point.value.number = static_cast<std::int64_t>(wave * (sum ? 1'250'000 : 1'700));
                if (!sum && n % 5 == 0) {
                    point.value.exact = false;
                    point.value.relative_error = 0.008125;
                }
            }
            answer.points.push_back(std::move(point));
        }
    return answer;
}

api::LoadStatus sample_load(api::LoadState state, std::int64_t seconds) {
    std::mt19937 random(5);
    const auto noise = [&] { return static_cast<double>(random() % 1000) / 1000.0; };
    api::LoadStatus status;
    status.run_id = "run-20260101-120000";
    status.state = state;
    status.plan.url = "http://127.0.0.1:8080/events";
    status.plan.rate = 5000;
    status.plan.duration_seconds = 60;
    for (std::int64_t second = 0; second < seconds; ++second) {
        api::LoadSecond row;
        row.second = second;
        row.planned = row.sent = 5000;
        row.limited = second > 22 && second < 28 ? static_cast<std::uint64_t>(200 + 300 * noise()) : 0;
        row.other = second == 25 ? 3 : 0;
        row.ok = 5000 - row.limited - row.other;
        row.p50_ms = 0.8 + 0.2 * noise();
        row.avg_ms = row.p50_ms * 1.2;
        row.p95_ms = 2.2 + noise() + (row.limited > 0 ? 6 : 0);
        row.p99_ms = row.p95_ms * 1.8;
        row.heat.resize(12);
        const std::uint32_t slow = row.limited > 0 ? 400 : 40;
        row.heat[2] = 300;
        row.heat[3] = 1900;
        row.heat[4] = 2300 - slow;
        row.heat[5] = 350;
        row.heat[6] = 110;
        row.heat[7] = slow;
        row.heat[8] = slow / 5;
        row.heat[row.limited > 0 ? 10 : 9] = 3;
        status.planned += row.planned;
        status.sent += row.sent;
        status.done += row.ok;
        status.failed += row.limited + row.other;
        status.seconds.push_back(row);
    }
    status.p50_ms = 0.91;
    status.p95_ms = 2.84;
    status.p99_ms = 7.02;
    status.max_ms = 41.3;
    status.send_lag_p99_ms = 0.12;
    status.name = "saturday";
    status.elapsed_seconds = static_cast<double>(seconds);
    status.planned_seconds = 60;
    status.rate = 5000;
    status.service = {0.84, 2.61, 6.4, 39.8};
    status.send_lag = {0.03, 0.08, 0.12, 1.4};
    if (status.failed > 3) status.errors = {{"status_429", status.failed - 3}, {"timeout", 3}};
    const double errors = status.sent > 0 ? static_cast<double>(status.failed) / static_cast<double>(status.sent) : 0;
    status.thresholds = {{"p(95) < 300", true, 2.84},
                         {"errors < 0.5%", errors < 0.005, errors},
                         {"p(99) < 20 over 30s", true, seconds < 30 ? std::optional<double>() : 13.2}};
    return status;
}

namespace {

Result<api::EventTrace> sample_trace(const std::string& id) {
    api::EventTrace trace;
    trace.event_id = id;
    trace.verdict = api::TraceVerdict::Accepted;
    trace.summary = "Accepted as event 56200042 of project default, and counted.";
    api::TraceEvent event;
    event.id = 56'200'042;
    event.project = "default";
    event.event_id = id;
    event.event_type = "purchase";
    event.received_at = Timestamp::from_seconds(kNow);
    event.occurred_at = event.received_at.plus_micros(-412'000);
    event.source = "/v1/batch";
    event.dialect = "segment";
    event.sender = "key k_7f3a";
    event.rule =
        "the first event of project default with this id; repeats within 48 hours of it were counted as duplicates "
        "and stored nothing, and cannot be told from it";
    event.schema = api::TraceSchema::Kept;
    event.aggregated = event.committed = true;
    const auto window = [&](const char* metric, const char* width, std::int64_t seconds, const char* value,
                            api::TraceWindowState state) {
        api::TraceWindow one;
        one.metric = metric;
        one.aggregate = "count";
        one.width = width;
        one.start = floor_to(event.occurred_at, seconds * Timestamp::kMicrosPerSecond);
        one.end = one.start->plus_micros(seconds * Timestamp::kMicrosPerSecond);
        one.group = {{"page_url", "/products/12-cup-pour-over-set-with-a-very-long-name"}};
        one.effect = "+1";
        one.value = value;
        one.state = state;
        return one;
    };
    event.windows = {window("page_views", "10s", 10, "418", api::TraceWindowState::Closed),
                     window("page_views", "1m", 60, "2504", api::TraceWindowState::Closed),
                     window("page_views", "1d", 86'400, "482113", api::TraceWindowState::Open)};
    event.windows[0].late = api::TraceAnswer::Yes;
    event.windows[0].corrected = 3;
    event.windows[1].metric = "revenue";
    event.windows[1].unit = "USD";
    event.windows[1].value = "18204.5";
    event.windows[1].effect = "42.5";
    trace.events = {event};
    trace.pipeline = {56'200'160, 56'200'160, 56'200'160, 0, 0, event.received_at};
    trace.archive.reason = "no archive is configured";
    return trace;
}

void fill(Stage& stage) {
    stage.fake.on_metrics = [] { return Result<std::vector<api::MetricStatus>>(sample_metrics()); };
    stage.fake.on_points = [](const query::PointsQuery& query) {
        return Result<query::PointsAnswer>(sample_points(query));
    };
    stage.fake.marks = sample_marks();
    if (!stage.fake.objective_service)
        stage.fake.objective_service = sample_objective_service(sample_objectives(stage.clock.now()));
    go_live(stage);
    api::Overview before = sample_overview();
    before.as_of = before.as_of.plus_micros(-2 * Timestamp::kMicrosPerSecond);
    before.ledger.decoded -= 14'620;
    before.ledger.aggregated -= 14'105;
    stage.fake.publish(before, true);
    stage.app.set_paused(true);
    stage.fake.publish(sample_overview(), true);
    stage.app.set_paused(false);
    stage.fake.publish(sample_events(1, 120), true);
    api::EventTail next = sample_events(121, 40);
    next.skipped = 48'211;
    stage.fake.publish(next);
    if (stage.app.page() == viewmodels::ConsoleViewModel::MetricsPage)
        eventually([&] { return stage.app.metrics()->shown()->phase() == u"data"; });
    if (stage.app.page() == viewmodels::ConsoleViewModel::ObjectivesPage)
        eventually([&] { return stage.app.objectives()->detail()->has_history(); });
    eventually([&] { return !stage.app.overview()->worst_objective().isEmpty(); });
}

void none_yet(Stage& stage) {
    stage.fake.objective_service = sample_objective_service({});
    go_live(stage);
    api::Overview nothing;
    nothing.as_of = Timestamp::from_seconds(kNow);
    nothing.server.uptime_seconds = 3;
    nothing.server.resident_bytes = 41ULL << 20;
    nothing.server.disk_free_bytes = 212ULL << 30;
    stage.fake.publish(nothing, true);
    stage.fake.publish(api::EventTail{}, true);
}

void still_starting(Stage& stage) {
    stage.fake.go(ConnectionState::Connecting);
}

void refused(Stage& stage) {
    stage.fake.set_endpoint("10.20.0.7:8090");
    stage.fake.go(ConnectionState::Failed,
                  "connection refused; see that the server runs and can be reached from here. It is tried again every "
                  "few seconds.");
}

void lost(Stage& stage) {
    fill(stage);
    stage.fake.publish(sample_load(api::LoadState::Running, 41));
    stage.clock.advance_seconds(47);
    stage.fake.go(ConnectionState::Degraded, kLost);
}

std::function<void(Stage&)> on(int page, std::function<void(Stage&)> play) {
    return [page, play = std::move(play)](Stage& stage) {
        stage.app.set_page(page);
        play(stage);
    };
}

std::vector<Scene> make_scenes() {
    using Console = viewmodels::ConsoleViewModel;
    std::vector<Scene> all;
    const std::pair<const char16_t*, int> pages[] = {{u"overview", Console::OverviewPage},
                                                     {u"events", Console::EventsPage},
                                                     {u"metrics", Console::MetricsPage},
                                                     {u"objectives", Console::ObjectivesPage},
                                                     {u"load", Console::LoadPage}};
    for (const auto& [name, page] : pages) {
        const QString prefix = QString::fromUtf16(name) + u'-';
        const auto with_run = [](Stage& stage) {
            fill(stage);
            stage.fake.publish(sample_load(api::LoadState::Running, 41));
        };
        all.push_back({prefix + u"data", on(page, with_run)});
        all.push_back({prefix + u"empty", on(page, none_yet)});
        all.push_back({prefix + u"loading", on(page, still_starting)});
        all.push_back({prefix + u"error", on(page, refused)});
        all.push_back({prefix + u"disconnected", on(page, lost)});
    }
    all.push_back({u"events-detail"_s, on(Console::EventsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.events()->select(4);
                   })});
    all.push_back({u"events-trace"_s, on(Console::EventsPage, [](Stage& stage) {
                       stage.fake.on_trace = [](const std::string& id) { return sample_trace(id); };
                       fill(stage);
                       stage.app.trace()->ask(u"0198f0a2-7c1e-7b3a-9d10000042"_s);
                       eventually([&] { return stage.app.trace()->phase() == u"accepted"; });
                   })});
    all.push_back({u"events-trace-rejected"_s, on(Console::EventsPage, [](Stage& stage) {
                       stage.fake.on_trace = [](const std::string& id) {
                           api::EventTrace trace = sample_trace(id).value();
                           trace.verdict = api::TraceVerdict::Rejected;
                           trace.summary = "Rejected: must be a string. It is dead letter 12.";
                           trace.events.clear();
                           trace.letters = {{12, "default", "open", Timestamp::from_seconds(kNow), "must be a string",
                                             "user_id", "/events", "generic", 0, false}};
                           trace.hints = {"mend and resend it in the dead letters"};
                           return Result<api::EventTrace>(trace);
                       };
                       fill(stage);
                       stage.app.trace()->ask(u"order-2026-000012"_s);
                       eventually([&] { return stage.app.trace()->phase() == u"rejected"; });
                   })});
    all.push_back({u"events-trace-unknown"_s, on(Console::EventsPage, [](Stage& stage) {
                       stage.fake.on_trace = [](const std::string& id) {
                           api::EventTrace trace;
                           trace.event_id = id;
                           trace.summary = "No event with this id is kept.";
                           trace.looked_at = {"the index of ids that producers sent, 48 hours back", "the dead letters",
                                              "events 1 to 48201, one by one"};
                           trace.hints = {
                               "requests that were answered 401, 403, 413, 429 or 503 store nothing: they have to be "
                               "sent again",
                               "ids are compared byte by byte; an event that was sent without one has the id that its "
                               "answer named"};
                           return Result<api::EventTrace>(trace);
                       };
                       fill(stage);
                       stage.app.trace()->ask(u"order-2026-000017"_s);
                       eventually([&] { return stage.app.trace()->phase() == u"unknown"; });
                   })});
    all.push_back({u"events-filter-wrong"_s, on(Console::EventsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.events()->set_filter_text(u"event_type = purchase and props.amount_usd >"_s);
                   })});
    all.push_back({u"events-filter-completion"_s, on(Console::EventsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.commands()->run(u"filter"_s);
                       QQuickItem* field = stage.find(u"typeFilter"_s);
                       if (field == nullptr) return;
                       field->setProperty("text", u"event_type = purchase and p"_s);
                       field->setProperty("cursorPosition", 27);
                   })});
    all.push_back({u"events-paused"_s, on(Console::EventsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.set_paused(true);
                       stage.fake.publish(sample_events(161, 12));
                   })});
    all.push_back({u"events-nothing-matches"_s, on(Console::EventsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.events()->set_event_type(u"purchase_refunded"_s);
                       stage.fake.publish(api::EventTail{}, true);
                   })});
    const auto metric = [](const char16_t* name) {
        return on(Console::MetricsPage, [name](Stage& stage) {
            fill(stage);
            eventually([&] { return stage.app.metrics()->phase() == u"data"; });
            stage.app.metrics()->select(QString::fromUtf16(name));
            eventually([&] { return stage.app.metrics()->shown()->phase() == u"data"; });
        });
    };
    all.push_back({u"metrics-groups"_s, metric(u"revenue")});
    all.push_back({u"metrics-filling"_s, metric(u"latency_by_page_and_country")});
    all.push_back({u"metrics-top"_s, metric(u"frequent_searches")});
    all.push_back({u"metrics-question-refused"_s, on(Console::MetricsPage, [](Stage& stage) {
                       fill(stage);
                       stage.fake.on_points = [](const query::PointsQuery&) {
                           return Result<query::PointsAnswer>(
                               Error::make(ErrorCode::Unavailable, "too many questions wait; try again"));
                       };
                       stage.app.metrics()->select(u"revenue"_s);
                       eventually([&] { return stage.app.metrics()->shown()->phase() == u"error"; });
                   })});
    all.push_back({u"metrics-editor-new"_s, on(Console::MetricsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.metrics()->define();
                       eventually([&] { return stage.app.metrics()->editor()->preview()->phase() == u"data"; });
                   })});
    const auto slow = [](Stage& stage) {
        fill(stage);
        stage.fake.hold = true;
        stage.app.metrics()->define();
        eventually([&] { return stage.app.metrics()->editor()->preview()->slow(); });
        stage.fake.points_progress()(0.42);
    };
    all.push_back({u"metrics-editor-slow"_s, on(Console::MetricsPage, slow)});
    all.push_back({u"metrics-editor-cancelled"_s, on(Console::MetricsPage, [slow](Stage& stage) {
                       slow(stage);
                       stage.app.metrics()->editor()->preview()->cancel();
                   })});
    all.push_back({u"metrics-slow"_s, on(Console::MetricsPage, [](Stage& stage) {
                       fill(stage);
                       eventually([&] { return stage.app.metrics()->shown()->phase() == u"data"; });
                       stage.fake.hold = true;
                       stage.app.metrics()->set_range(86'400);
                       eventually([&] { return stage.app.metrics()->shown()->slow(); });
                   })});
    all.push_back({u"metrics-editor-change"_s, on(Console::MetricsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.metrics()->select(u"latency_by_page_and_country"_s);
                       stage.app.metrics()->change();
                       eventually([&] { return stage.app.metrics()->editor()->preview()->phase() == u"data"; });
                   })});
    all.push_back({u"metrics-editor-faults"_s, on(Console::MetricsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.metrics()->define();
                       viewmodels::MetricEditorViewModel* editor = stage.app.metrics()->editor();
                       editor->set(u"where"_s, u"event_type = purchase and props.amount_usd >"_s);
                       editor->set(u"kind"_s, u"gauge"_s);
                       editor->set(u"window"_s, u"90"_s);
                       editor->set(u"wider"_s, u"45s 30d"_s);
                       for (const char16_t* key : {u"where", u"window", u"wider"})
                           if (QQuickItem* field = stage.find(u"metricForm_"_s + QString::fromUtf16(key)))
                               field->setProperty("text", editor->value(QString::fromUtf16(key)));
                       editor->save();
                       eventually([&] { return stage.app.metrics()->editor()->preview()->phase() == u"data"; });
                   })});
    all.push_back({u"metrics-remove"_s, on(Console::MetricsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.metrics()->select(u"frequent_searches"_s);
                       stage.app.metrics()->askRemove();
                   })});
    const auto objective = [](const char16_t* name, int range) {
        return on(Console::ObjectivesPage, [name, range](Stage& stage) {
            fill(stage);
            stage.app.objectives()->set_range(range);
            stage.app.objectives()->select(QString::fromUtf16(name));
            eventually([&] { return stage.app.objectives()->detail()->has_history(); });
        });
    };
    all.push_back({u"objectives-burning"_s, objective(u"latency", 3600)});
    all.push_back({u"objectives-healthy-metric"_s, objective(u"checkout-payments-of-the-new-shop", 604'800)});
    all.push_back({u"objectives-no-data"_s, objective(u"reports", 86'400)});
    all.push_back({u"objectives-window"_s, objective(u"availability", 0)});
    all.push_back({u"objectives-hundred"_s, on(Console::ObjectivesPage, [](Stage& stage) {
                       std::vector<api::ObjectiveStatus> all_of_them, some = sample_objectives(stage.clock.now());
                       for (int i = 0; i < 100; ++i) {
                           api::ObjectiveStatus one = some[static_cast<std::size_t>(i) * some.size() / 100];
                           one.objective.name += "-of-the-service-" + std::to_string(i + 1);
                           one.objective.title += ", of the service with the longest name of all, number " +
                                                  std::to_string(i + 1) + " of one hundred";
                           all_of_them.push_back(std::move(one));
                       }
                       stage.fake.objective_service = sample_objective_service(std::move(all_of_them));
                       fill(stage);
                       eventually([&] { return stage.app.objectives()->detail()->has_history(); });
                   })});
    all.push_back({u"objectives-remove"_s, on(Console::ObjectivesPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.objectives()->askRemove();
                   })});
    all.push_back({u"objectives-filter"_s, on(Console::ObjectivesPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.commands()->run(u"objective-filter"_s);
                       stage.app.objectives()->set_filter(u"burning"_s);
                   })});
    const auto editor = [](Stage& stage) { return stage.app.objectives()->editor(); };
    all.push_back({u"objectives-editor-new"_s, on(Console::ObjectivesPage, [editor](Stage& stage) {
                       fill(stage);
                       stage.app.objectives()->define();
                       eventually([&] { return !editor(stage)->test_title().isEmpty(); });
                   })});
    all.push_back({u"objectives-editor-traps"_s, on(Console::ObjectivesPage, [editor](Stage& stage) {
                       fill(stage);
                       stage.app.objectives()->select(u"latency"_s);
                       stage.app.objectives()->change();
                       eventually([&] { return !editor(stage)->test_title().isEmpty(); });
                       editor(stage)->ownRules();
                       editor(stage)->set(u"target"_s, u"93"_s);
                       editor(stage)->set(u"0.hold"_s, u"soon"_s);
                       editor(stage)->set(u"rolling"_s, u"1d"_s);
                       editor(stage)->set(u"notify"_s, u"pager"_s);
                       for (const char16_t* key : {u"target", u"0.hold", u"rolling", u"notify"})
                           if (QQuickItem* field = stage.find(u"objectiveForm_"_s + QString::fromUtf16(key)))
                               field->setProperty("text", editor(stage)->value(QString::fromUtf16(key)));
                       settle_events();
                       if (QQuickItem* field = stage.find(u"objectiveForm_notify"_s)) field->forceActiveFocus();
                   })});
    all.push_back({u"objectives-editor-testing"_s, on(Console::ObjectivesPage, [editor](Stage& stage) {
                       fill(stage);
                       stage.fake.hold = true;
                       stage.app.objectives()->define();
                       editor(stage)->set(u"kind"_s, u"metric"_s);
                   })});
    all.push_back({u"objectives-import"_s, on(Console::ObjectivesPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.objectives()->exchange()->openImport();
                       QQuickItem* area = stage.find(u"exchangeText"_s);
                       if (area == nullptr) return;
                       area->setProperty(
                           "text", u"apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: late}\nspec:\n  target: 1"_s);
                       stage.app.objectives()->exchange()->check(area->property("text").toString());
                       eventually([&] { return !stage.app.objectives()->exchange()->busy(); });
                   })});
    all.push_back({u"objectives-export"_s, on(Console::ObjectivesPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.objectives()->exchange()->openExport();
                       eventually([&] { return !stage.app.objectives()->exchange()->busy(); });
                   })});
    all.push_back({u"objectives-bell"_s, on(Console::ObjectivesPage, [](Stage& stage) {
                       fill(stage);
                       if (QQuickItem* bell = stage.find(u"bell"_s)) stage.click(bell);
                   })});
    for (Scene& scene : load_scenes()) all.push_back(std::move(scene));
    all.push_back({u"overview-canary-missed"_s, on(Console::OverviewPage, [](Stage& stage) {
                       fill(stage);
                       api::Overview overview = sample_overview();
                       overview.active_users_error = 0.0125;
                       overview.canary->fault =
                           "an event of the server's own is aggregated and not committed to the store after 5 s";
                       stage.fake.publish(overview, true);
                       eventually([&] { return !stage.app.overview()->canary_fault().isEmpty(); });
                   })});
    all.push_back({u"overview-mark"_s, on(Console::OverviewPage, [](Stage& stage) {
                       fill(stage);
                       QQuickItem* const chart = stage.find(u"throughputChart"_s);
                       eventually([&] { return !chart->property("marksHere").toList().isEmpty(); });
                       const QVariantList marks = chart->property("marksHere").toList();
                       if (marks.size() > 2) chart->setProperty("cursor", marks[2].toMap()[u"position"_s]);
                   })});
    all.push_back({u"overview-ledger-off"_s, on(Console::OverviewPage, [](Stage& stage) {
                       fill(stage);
                       api::Overview overview = sample_overview();
                       overview.ledger.difference = -17;
                       overview.points.back().lag_seconds = 12;
                       stage.fake.publish(overview, true);
                       eventually([&] { return !stage.app.overview()->ledger_fault().isEmpty(); });
                   })});
    all.push_back({u"palette"_s, on(Console::OverviewPage, [](Stage& stage) {
                       fill(stage);
                       stage.press(Qt::Key_K, Qt::ControlModifier);
                   })});
    all.push_back({u"keys"_s, on(Console::EventsPage, [](Stage& stage) {
                       fill(stage);
                       stage.app.commands()->run(u"keys"_s);
                   })});
    all.push_back({u"login"_s, on(Console::OverviewPage, [](Stage& stage) {
                       stage.fake.set_endpoint("10.20.0.7:8080");
                       stage.fake.want_login(ConnectionState::Failed, "The server asks for a login.");
                   })});
    return all;
}

}  // namespace

const std::vector<Scene>& scenes() {
    static const std::vector<Scene> all = make_scenes();
    return all;
}

}  // namespace streamgauge::tests
