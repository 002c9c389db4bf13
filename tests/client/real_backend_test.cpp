// SPDX-License-Identifier: GPL-3.0-or-later
// The real backend behind both real clients: the same promises, and the same numbers on either way.
#include <QCoreApplication>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QTemporaryDir>

#include <gmock/gmock.h>

#include <algorithm>

#include "api/capacity_reports.h"
#include "client/embedded_client.h"
#include "client/eventually.h"
#include "client/remote_client.h"
#include "loadgen/report_text.h"
#include "server/backend.h"

namespace streamgauge::client {
namespace {

using namespace Qt::Literals::StringLiterals;
using api::Topic;
using tests::eventually;
using State = ConnectionState;

Config config_in(const QTemporaryDir& directory) {
    Config config;
    config.data_dir = directory.path().toStdString();
    config.listen = {"127.0.0.1:0"};
    config.management = "127.0.0.1:0";
    config.load_program = qEnvironmentVariable("STREAMGAUGE_BUILD_BIN").toStdString() + "/streamgauged";
    return config;
}

class Rig {
public:
    virtual ~Rig() = default;
    virtual BackendClient& client() = 0;
    // Where a producer posts to.
    virtual std::string events_url() { return client().ingest_url(); }
};

class EmbeddedRig final : public Rig {
public:
    BackendClient& client() override { return client_; }

private:
    QTemporaryDir directory_;
    SystemClock clock_;
    EmbeddedClient client_{[this] { return Backend::start(config_in(directory_), clock_); }};
};

class RemoteRig final : public Rig {
public:
    RemoteRig() {
        auto started = Backend::start(config_in(directory_), clock_);
        if (!started.ok()) {
            ADD_FAILURE() << started.error().describe();
            std::abort();
        }
        backend_ = std::move(started).value();
        const QString address = QString::fromStdString(http::to_string(*backend_->management()));
        Identity identity;
        identity.token = backend_->services().access.console_login().token;  // load runs are not for everybody
        client_ = std::make_unique<RemoteClient>(parse_server_address(address).value(), RemoteClient::Options{},
                                                 std::move(identity));
    }
    BackendClient& client() override { return *client_; }
    std::string events_url() override { return "http://" + http::to_string(backend_->listening().front()) + "/events"; }

private:
    QTemporaryDir directory_;
    SystemClock clock_;
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<RemoteClient> client_;
};

using MakeRig = std::unique_ptr<Rig> (*)();
template <class T>
std::unique_ptr<Rig> make() {
    return std::make_unique<T>();
}

class RealBackend : public testing::TestWithParam<std::pair<const char*, MakeRig>> {
protected:
    RealBackend() : rig(GetParam().second()), client(rig->client()) {
        QObject::connect(&client, &BackendClient::stateChanged, &context, [this] {
            if (states.empty() || states.back() != client.state()) states.push_back(client.state());
        });
    }
    bool live() {
        client.start();
        return eventually([&] { return client.state() == State::Live; });
    }
    int post(const QByteArray& body) {
        QNetworkRequest request(QUrl(QString::fromStdString(rig->events_url())));
        request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
        const std::unique_ptr<QNetworkReply> reply(network.post(request, body));
        eventually([&] { return reply->isFinished(); });
        return reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    }

    std::vector<State> states;
    QNetworkAccessManager network;
    std::unique_ptr<Rig> rig;
    BackendClient& client;
    QObject context;
};

TEST_P(RealBackend, WalksEveryStateToLive) {
    const auto subscription = client.live().subscribe(Topic::Overview, {}, &context, [](const api::LiveMessage&) {});
    ASSERT_TRUE(live());
    EXPECT_THAT(states, testing::ElementsAre(State::Connecting, State::Authenticating, State::Syncing, State::Live));
    for (const char* feature : {"live", "events", "load"}) EXPECT_TRUE(client.has_feature(feature)) << feature;
    EXPECT_TRUE(eventually([&] { return client.latency_ms().has_value(); }));
}

TEST_P(RealBackend, AnEventIsCountedAndShown) {
    std::uint64_t accepted = 0;
    std::int64_t difference = 1;
    const auto overview = client.live().subscribe(Topic::Overview, {}, &context, [&](const api::LiveMessage& message) {
        accepted = message.overview->ledger.accepted;
        difference = message.overview->ledger.difference;
    });
    std::vector<api::TailEvent> seen;
    const auto tail =
        client.live().subscribe(Topic::Events, {"purchase"}, &context, [&](const api::LiveMessage& message) {
            seen.insert(seen.end(), message.events->events.begin(), message.events->events.end());
        });
    ASSERT_TRUE(live());
    ASSERT_EQ(post(R"({"event_id":"e-1","event_type":"page_view","user_id":"u","page_url":"/"})"), 202);
    ASSERT_EQ(post(R"({"event_id":"e-2","event_type":"purchase","user_id":"ü","amount":9.5})"), 202);
    ASSERT_TRUE(eventually([&] { return accepted == 2 && seen.size() == 1; }));
    EXPECT_EQ(seen[0].event_id, "e-2");
    EXPECT_EQ(seen[0].user_id, "ü");
    EXPECT_EQ(seen[0].props, R"({"amount":9.5})");
    EXPECT_TRUE(eventually([&] { return difference == 0; }));
}

TEST_P(RealBackend, IsWell) {
    ASSERT_TRUE(live());
    std::optional<Result<api::Health>> health;
    client.admin().health(&context, [&](Result<api::Health> result) { health = std::move(result); });
    ASSERT_TRUE(eventually([&] { return health.has_value(); }));
    ASSERT_TRUE(health->ok());
    EXPECT_TRUE((*health)->up);
    EXPECT_GE((*health)->components.size(), 2U);
}

TEST_P(RealBackend, RunsALoadAndRefusesASecond) {
    api::LoadStatus newest;
    const auto subscription = client.live().subscribe(Topic::Load, {}, &context,
                                                      [&](const api::LiveMessage& message) { newest = *message.load; });
    ASSERT_TRUE(live());
    api::LoadPlan plan;
    plan.url = rig->events_url();
    plan.rate = 40;
    plan.duration_seconds = 3;
    plan.connections = 4;
    std::optional<Result<api::LoadStatus>> first, second;
    client.load().start_load(plan, &context, [&](Result<api::LoadStatus> result) { first = std::move(result); });
    ASSERT_TRUE(eventually([&] { return first.has_value(); }));
    ASSERT_TRUE(first->ok()) << first->error().describe();
    client.load().start_load(plan, &context, [&](Result<api::LoadStatus> result) { second = std::move(result); });
    ASSERT_TRUE(eventually([&] { return second.has_value(); }));
    ASSERT_FALSE(second->ok());
    EXPECT_EQ(second->error().code, ErrorCode::Conflict);
    ASSERT_TRUE(eventually([&] { return newest.state == api::LoadState::Done; })) << newest.error;
    EXPECT_EQ(newest.planned, 120U);
    EXPECT_EQ(newest.done + newest.failed + newest.unfinished, newest.sent);
    EXPECT_EQ(newest.failed, 0U);
}

TEST_P(RealBackend, APlanThatMakesNoSenseNamesTheField) {
    ASSERT_TRUE(live());
    api::LoadPlan plan;
    plan.url = rig->events_url();
    plan.rate = -1;
    std::optional<Result<api::LoadStatus>> started;
    client.load().start_load(plan, &context, [&](Result<api::LoadStatus> result) { started = std::move(result); });
    ASSERT_TRUE(eventually([&] { return started.has_value(); }));
    ASSERT_FALSE(started->ok());
    EXPECT_EQ(started->error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(started->error().field, testing::HasSubstr("rate"));
}

TEST_P(RealBackend, RunsAScenarioWithAHandAndKeepsIt) {
    api::LoadStatus newest;
    const auto subscription = client.live().subscribe(Topic::Load, {}, &context,
                                                      [&](const api::LiveMessage& message) { newest = *message.load; });
    ASSERT_TRUE(live());
    const std::string scenario = "name: by hand\nurl: " + rig->events_url() +
                                 "\nstages: [{rate: 20, for: 60s}]\nthresholds: [errors < 1%, requests >= 100000]\n";
    std::optional<Result<api::LoadStatus>> told;
    const auto answer = [&](Result<api::LoadStatus> result) { told = std::move(result); };
    client.load().start_scenario(scenario, &context, answer);
    ASSERT_TRUE(eventually([&] { return told.has_value(); }));
    ASSERT_TRUE(told->ok()) << told->error().describe();
    ASSERT_TRUE(eventually([&] { return newest.done > 5; }));
    EXPECT_EQ(newest.name, "by hand");
    EXPECT_DOUBLE_EQ(newest.planned_seconds, 60);
    ASSERT_EQ(newest.thresholds.size(), 2U);
    EXPECT_TRUE(newest.thresholds[0].passed);
    EXPECT_GT(newest.service.p50_ms, 0);
    const auto answers_in = [](const api::LoadSecond& second) {
        std::uint64_t all = 0;
        for (const std::uint32_t count : second.heat) all += count;
        return all;
    };
    ASSERT_FALSE(newest.seconds.empty());
    EXPECT_TRUE(eventually([&] {
        for (const api::LoadSecond& second : newest.seconds)
            if (answers_in(second) != second.ok + second.limited + second.other) return false;
        return true;
    }));
    loadgen::HandAction rate;
    rate.kind = loadgen::HandAction::Kind::Rate;
    rate.rate = 50;
    told.reset();
    client.load().lay_hand(rate, &context, answer);
    ASSERT_TRUE(eventually([&] { return newest.rate == 50; }));
    loadgen::HandAction pause;
    pause.kind = loadgen::HandAction::Kind::Pause;
    client.load().lay_hand(pause, &context, answer);
    ASSERT_TRUE(eventually([&] { return newest.paused; }));
    client.load().stop_load(&context, answer);
    ASSERT_TRUE(eventually([&] { return newest.state == api::LoadState::Stopped; }));

    std::optional<Result<std::vector<api::StoredLoadRun>>> runs;
    ASSERT_TRUE(eventually([&] {
        if (runs && runs->ok() && !(*runs)->empty()) return true;
        runs.reset();
        client.load().list_runs(10, &context, [&](auto result) { runs = std::move(result); });
        return eventually([&] { return runs.has_value(); }) && runs->ok() && !(*runs)->empty();
    }));
    const api::StoredLoadRun kept = (*runs)->front();
    EXPECT_EQ(kept.name, "by hand");
    EXPECT_FALSE(kept.passed);
    std::optional<Result<std::string>> report;
    client.load().run_report(kept.id, &context, [&](Result<std::string> result) { report = std::move(result); });
    ASSERT_TRUE(eventually([&] { return report.has_value(); }));
    ASSERT_TRUE(report->ok()) << report->error().describe();
    const auto parsed = loadgen::parse_run_report(report->value());
    ASSERT_TRUE(parsed.ok()) << parsed.error().describe();
    EXPECT_EQ(parsed->hand.size(), 3U) << "its end, too";
    std::optional<Result<loadgen::RunComparison>> compared;
    client.load().compare_runs(kept.id, kept.id, &context,
                               [&](Result<loadgen::RunComparison> result) { compared = std::move(result); });
    ASSERT_TRUE(eventually([&] { return compared.has_value(); }));
    ASSERT_TRUE(compared->ok()) << compared->error().describe();
    EXPECT_NE((*compared)->verdict, loadgen::ChangeVerdict::Worse);
    std::optional<Result<bool>> removed;
    client.load().remove_run(kept.id, &context, [&](Result<bool> result) { removed = std::move(result); });
    ASSERT_TRUE(eventually([&] { return removed.has_value(); }));
    EXPECT_TRUE(removed->ok());
}

TEST_P(RealBackend, TellsHowFarABackTestIs) {
    ASSERT_TRUE(live());
    slo::Objective draft;
    draft.name = "draft";
    draft.indicator.kind = slo::Indicator::Kind::Errors;
    draft.target = 0.99;
    const Timestamp now = SystemClock().now();
    std::vector<double> told;
    std::optional<Result<api::BackTest>> tried;
    const auto progress = [&](double share) { told.push_back(share); };
    client.objectives().back_test(draft, {now.plus_micros(-86'400'000'000), now}, progress, &context,
                                  [&](Result<api::BackTest> result) { tried = std::move(result); });
    ASSERT_TRUE(eventually([&] { return tried.has_value(); }));
    ASSERT_TRUE(tried->ok()) << tried->error().describe();
    EXPECT_EQ((*tried)->fired, 0U);
    EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
    for (const double share : told) EXPECT_TRUE(share >= 0 && share <= 1) << share;
    if (std::string(GetParam().first) == "Remote") {
        EXPECT_FALSE(told.empty()) << "of an empty past there may be nothing else to tell";
    }
    // What is wrong is told in the same way as of any other question.
    tried.reset();
    draft.indicator.kind = slo::Indicator::Kind::Metric;
    draft.indicator.total = "no_such_metric";
    client.objectives().back_test(draft, {now.plus_micros(-86'400'000'000), now}, progress, &context,
                                  [&](Result<api::BackTest> result) { tried = std::move(result); });
    ASSERT_TRUE(eventually([&] { return tried.has_value(); }));
    ASSERT_FALSE(tried->ok());
    EXPECT_TRUE(tried->error().code == ErrorCode::NotFound || tried->error().code == ErrorCode::InvalidArgument);
}

// Questions over stored events wait for each other, so that of several the later ones have not begun.
TEST_P(RealBackend, AQuestionTellsHowFarItIsAndEndsWithWhoeverAskedIt) {
    ASSERT_TRUE(live());
    QByteArray batch("[");
    for (int i = 0; i < 5'000; ++i)
        batch += QByteArray(i > 0 ? "," : "") + R"({"event_type":"view","user_id":"u)" + QByteArray::number(i) + "\"}";
    batch += ']';
    for (int i = 0; i < 8; ++i) ASSERT_EQ(post(batch), 202);
    query::PointsQuery question;
    question.raw = query::RawAggregate{};
    question.raw->aggregate = Aggregate::Count;
    const Timestamp now = SystemClock().now();
    question.range = {now.plus_micros(-3'600'000'000), now.plus_micros(3'600'000'000)};

    std::vector<double> told;
    std::optional<Result<query::PointsAnswer>> answer;
    client.metrics().points(
        question, [&](double share) { told.push_back(share); }, &context,
        [&](Result<query::PointsAnswer> result) { answer = std::move(result); });
    ASSERT_TRUE(eventually([&] { return answer.has_value(); }));
    ASSERT_TRUE(answer->ok()) << answer->error().describe();
    ASSERT_EQ((*answer)->points.size(), 1U);
    EXPECT_EQ((*answer)->points[0].value.number, 40'000);
    ASSERT_FALSE(told.empty());
    EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
    for (const double share : told) EXPECT_TRUE(share >= 0 && share <= 1) << share;

    const auto ended = [this] {
        QUrl url(QString::fromStdString(rig->events_url()));
        url.setPath(u"/prometheus"_s);
        const std::unique_ptr<QNetworkReply> reply(network.get(QNetworkRequest(url)));
        eventually([&] { return reply->isFinished(); });
        const QByteArray name = "\nstreamgauge_questions_cancelled_total ", page = reply->readAll();
        const qsizetype at = page.indexOf(name);
        return at < 0 ? -1 : page.mid(at + name.size(), 20).split('\n').first().toInt();
    };
    ASSERT_EQ(ended(), 0);
    constexpr std::size_t kQuestions = 5;
    int rounds = 0;
    // A machine may have answered them all before it heard that nobody waits, or not have sent them.
    const auto some_end = [&] {
        bool heard = ++rounds % 2 == 0;
        std::vector<std::unique_ptr<QObject>> askers(kQuestions);
        for (auto& asker : askers) {
            asker = std::make_unique<QObject>();
            question.range.to = question.range.to.plus_micros(1);  // none is answered from an earlier one
            client.metrics().points(
                question, [&](double) { heard = true; }, asker.get(),
                [&](const Result<query::PointsAnswer>&) { heard = true; });
        }
        eventually([&] { return heard; });
        askers.clear();
        return ended() > 0;
    };
    ASSERT_TRUE(eventually(some_end, std::chrono::seconds(60)));
    answer.reset();
    client.metrics().points(question, {}, &context,
                            [&](Result<query::PointsAnswer> result) { answer = std::move(result); });
    ASSERT_TRUE(eventually([&] { return answer.has_value(); }));
    EXPECT_TRUE(answer->ok()) << "the server goes on";
}

TEST_P(RealBackend, LooksForCapacityAndCanBeStopped) {
    api::LoadStatus newest;
    bool stepping = false;
    const auto subscription = client.live().subscribe(Topic::Load, {}, &context, [&](const api::LiveMessage& message) {
        newest = *message.load;
        if (!newest.capacity || newest.capacity->steps.empty()) return;
        const api::LoadCapacityStep& last = newest.capacity->steps.back();
        stepping = stepping || (!last.held && last.limiting.empty());
    });
    ASSERT_TRUE(live());
    api::CapacityAsk ask;
    ask.scenario = "url: " + rig->events_url() + "\nstages: [{rate: 1, for: 1s}]\n";
    ask.objectives = {"p(99)<300", "errors<1%"};
    ask.first_rate = 20;
    std::optional<Result<api::LoadStatus>> told;
    const auto answer = [&](Result<api::LoadStatus> result) { told = std::move(result); };
    ask.objectives[1] = "errors>1%";
    client.load().find_capacity(ask, &context, answer);
    ASSERT_TRUE(eventually([&] { return told.has_value(); }));
    ASSERT_FALSE(told->ok());
    EXPECT_EQ(told->error().field, "objectives");
    told.reset();
    ask.objectives[1] = "errors<1%";
    client.load().find_capacity(ask, &context, answer);
    ASSERT_TRUE(eventually([&] { return told.has_value(); }));
    ASSERT_TRUE(told->ok()) << told->error().describe();
    // On a machine that is too busy to send evenly it ends by itself: done then, the generator is the limit.
    const auto failed = [&] { return newest.state == api::LoadState::Failed; };
    ASSERT_TRUE(eventually([&] { return failed() || (newest.capacity && newest.capacity->steps.size() > 1); },
                           std::chrono::seconds(60)));
    if (failed()) FAIL() << newest.error;
    EXPECT_DOUBLE_EQ(newest.capacity->steps[0].rate, 20);
    client.load().stop_load(&context, answer);
    ASSERT_TRUE(eventually([&] { return newest.state != api::LoadState::Running; }));
    // On a machine that is too busy to send evenly the search may have ended by itself before it was told to.
    EXPECT_EQ(newest.state == api::LoadState::Stopped, newest.capacity->end.empty()) << newest.error;
    EXPECT_TRUE(newest.capacity) << "what was found so far stays";
    if (failed()) FAIL() << newest.error;
    EXPECT_TRUE(stepping) << "the step that is under way is told";
    std::optional<Result<std::vector<api::StoredLoadRun>>> runs;
    ASSERT_TRUE(eventually([&] {
        runs.reset();
        client.load().list_runs(10, &context, [&](auto result) { runs = std::move(result); });
        return eventually([&] { return runs.has_value(); }) && runs->ok() && !(*runs)->empty();
    })) << "and is kept";
    EXPECT_EQ((*runs)->front().verdict, "");
    EXPECT_EQ((*runs)->front().id, newest.run_id);
    std::optional<Result<std::string>> report;
    client.load().run_report(newest.run_id, &context, [&](Result<std::string> result) { report = std::move(result); });
    ASSERT_TRUE(eventually([&] { return report.has_value(); }));
    ASSERT_TRUE(report->ok()) << report->error().describe();
    const auto search = api::decode_capacity_report(report->value());
    ASSERT_TRUE(search.ok()) << search.error().describe();
    EXPECT_EQ(search->capacity.steps, newest.capacity->steps);
    EXPECT_EQ(search->scenario, ask.scenario);
    std::optional<Result<loadgen::RunComparison>> compared;
    client.load().compare_runs(newest.run_id, newest.run_id, &context,
                               [&](Result<loadgen::RunComparison> result) { compared = std::move(result); });
    ASSERT_TRUE(eventually([&] { return compared.has_value(); }));
    ASSERT_TRUE(compared->ok()) << compared->error().describe();
    EXPECT_EQ((*compared)->measures.at(0).measure, "capacity");
}

TEST_P(RealBackend, StopsAndStartsAgain) {
    int messages = 0;
    const auto subscription =
        client.live().subscribe(Topic::Overview, {}, &context, [&](const api::LiveMessage&) { ++messages; });
    ASSERT_TRUE(live());
    client.stop();
    EXPECT_EQ(client.state(), State::Idle);
    const int before = messages;
    ASSERT_TRUE(live());
    EXPECT_TRUE(eventually([&] { return messages > before; }));
}

INSTANTIATE_TEST_SUITE_P(Both, RealBackend,
                         testing::Values(std::pair("Embedded", &make<EmbeddedRig>),
                                         std::pair("Remote", &make<RemoteRig>)),
                         [](const auto& rig) { return std::string(rig.param.first); });

TEST(RealRestart, TheRemoteConsoleComesBackToTheSameNumbers) {
    QTemporaryDir directory;
    const SystemClock clock;
    Config config = config_in(directory);
    auto backend = Backend::start(config, clock);
    ASSERT_TRUE(backend.ok()) << backend.error().describe();
    // The same ports again after the restart.
    config.listen = {http::to_string((*backend)->listening().front())};
    config.management = http::to_string(*(*backend)->management());

    QObject context;
    RemoteClient client(parse_server_address(QString::fromStdString(config.management)).value());
    std::uint64_t accepted = 0;
    std::uint64_t epoch = 0;
    const auto subscription =
        client.live().subscribe(Topic::Overview, {}, &context, [&](const api::LiveMessage& message) {
            accepted = message.overview->ledger.accepted;
            epoch = message.epoch;
        });
    client.start();
    ASSERT_TRUE(eventually([&] { return client.state() == State::Live; }));
    QNetworkAccessManager network;
    QNetworkRequest request(QUrl(QString::fromStdString("http://" + config.listen.front() + "/events")));
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    const std::unique_ptr<QNetworkReply> reply(network.post(request, R"({"event_type":"a","user_id":"u"})"));
    ASSERT_TRUE(eventually([&] { return accepted == 1; }));
    const std::uint64_t first_epoch = epoch;

    std::move(backend).value().reset();
    ASSERT_TRUE(eventually([&] { return client.state() == State::Degraded; }));
    accepted = 0;
    auto again = Backend::start(config, clock);
    ASSERT_TRUE(again.ok()) << again.error().describe();
    ASSERT_TRUE(eventually([&] { return client.state() == State::Live && accepted == 1; }));
    EXPECT_NE(epoch, first_epoch);
}

TEST(RealConflict, ASecondEmbeddedServerSaysWhoHasTheData) {
    QTemporaryDir directory;
    const SystemClock clock;
    const auto first = Backend::start(config_in(directory), clock);
    ASSERT_TRUE(first.ok());
    EmbeddedClient client([&] { return Backend::start(config_in(directory), clock); });
    client.start();
    ASSERT_TRUE(eventually([&] { return client.state() == State::Failed; }));
    EXPECT_THAT(client.error_text(), testing::HasSubstr(std::to_string(QCoreApplication::applicationPid())));
}

}  // namespace
}  // namespace streamgauge::client

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
