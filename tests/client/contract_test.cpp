// SPDX-License-Identifier: GPL-3.0-or-later
// What every BackendClient promises, asserted over each of them.
#include <QCoreApplication>

#include <gmock/gmock.h>

#include <vector>

#include "api/metric_codec.h"
#include "api/objective_codec.h"
#include "api/query_answer.h"
#include "client/embedded_client.h"
#include "client/eventually.h"
#include "client/fake_client.h"
#include "client/remote_client.h"
#include "client/scripted_backend.h"
#include "client/scripted_server.h"

namespace streamgauge::client {
namespace {

using api::Topic;
using testing::ElementsAre;
using tests::eventually;
using tests::settle_events;
using State = ConnectionState;

// One client and the backend it talks to.
class Rig {
public:
    virtual ~Rig() = default;
    virtual BackendClient& client() = 0;
    // Makes a first snapshot come, where nothing sends one by itself.
    virtual void greet() {}
    virtual void publish(const api::Overview& overview) = 0;
    virtual void hold_calls() = 0;
    virtual std::vector<api::TopicFilter> filters(Topic topic) = 0;
};

class FakeRig final : public Rig {
public:
    BackendClient& client() override { return fake_; }
    void greet() override {
        fake_.publish(api::Overview{}, true);
        fake_.publish(api::EventTail{}, true);
        fake_.publish(api::LoadStatus{}, true);
    }
    void publish(const api::Overview& overview) override { fake_.publish(overview); }
    void hold_calls() override { fake_.hold = true; }
    std::vector<api::TopicFilter> filters(Topic topic) override { return fake_.subscribed(topic); }
    FakeRig() {
        fake_.objective_service = std::make_shared<tests::ScriptedObjectives>();
        fake_.post_events_to("http://127.0.0.1:8080/events");
        fake_.on_trace = [](const std::string& id) -> Result<api::EventTrace> {
            if (id.size() > 128) {
                return Error{ErrorCode::InvalidArgument, "an event id is 1 to 128 bytes", "event_id", {}, {}};
            }
            return tests::scripted_trace(id);
        };
        fake_.on_metrics = [this] {
            Result<std::vector<api::MetricStatus>> told = std::vector<api::MetricStatus>();
            metrics_.list([&](auto result) { told = std::move(result); });
            return told;
        };
        fake_.on_points = [this](const query::PointsQuery& query) {
            Result<query::PointsAnswer> told = query::PointsAnswer();
            metrics_.points(query, {}, [&](auto result) { told = std::move(result); });
            return told;
        };
        fake_.on_put_metric = [this](const MetricDefinition& definition) {
            Result<api::MetricStatus> told = api::MetricStatus();
            metrics_.put(definition, [&](auto result) { told = std::move(result); });
            return told;
        };
        fake_.on_try_metric = [this](const MetricDefinition& definition) {
            Result<bool> told = true;
            metrics_.try_put(definition, [&](const auto& tried) {
                if (!tried.ok()) told = tried.error();
            });
            return told;
        };
        fake_.on_remove_metric = [this](const std::string& name) {
            Result<bool> told = false;
            metrics_.remove(name, [&](auto result) { told = std::move(result); });
            return told;
        };
        fake_.on_cancel_backfill = [this](const std::string& name) {
            Result<bool> told = false;
            metrics_.cancel_backfill(name, [&](auto result) { told = std::move(result); });
            return told;
        };
        fake_.on_retry_backfill = [this](const std::string& name) {
            Result<bool> told = true;
            metrics_.retry_backfill(name, [&](const auto& status) {
                if (!status.ok()) told = status.error();
            });
            return told;
        };
        fake_.on_start_load = [](const api::LoadPlan& plan) -> Result<api::LoadStatus> {
            if (plan.rate <= 0) {
                return Error{ErrorCode::InvalidArgument, "the rate must be above 0", "rate", {}, "give one"};
            }
            api::LoadStatus status;
            status.state = api::LoadState::Running;
            status.plan = plan;
            return status;
        };
        QObject::connect(&fake_, &BackendClient::stateChanged, &fake_, [this] {
            if (fake_.state() == State::Live) fake_.measure_latency(0.5);
        });
    }

private:
    tests::ScriptedMetrics metrics_;
    FakeClient fake_;
};

class EmbeddedRig final : public Rig {
public:
    BackendClient& client() override { return client_; }
    void publish(const api::Overview& overview) override { services_.publish(overview); }
    void hold_calls() override { services_.hold(); }
    std::vector<api::TopicFilter> filters(Topic topic) override { return services_.filters(topic); }

private:
    tests::ScriptedServices services_;
    EmbeddedClient client_{
        [this] { return Result<std::unique_ptr<Backend>>(std::make_unique<tests::ScriptedBackend>(services_)); }};
};

class RemoteRig final : public Rig {
public:
    BackendClient& client() override { return client_; }
    void publish(const api::Overview& overview) override { services_.publish(overview); }
    void hold_calls() override { services_.hold(); }
    std::vector<api::TopicFilter> filters(Topic topic) override { return services_.filters(topic); }

private:
    tests::ScriptedServices services_;
    tests::ScriptedServer server_{services_};
    RemoteClient client_{server_.url()};
};

using MakeRig = std::unique_ptr<Rig> (*)();
template <class T>
std::unique_ptr<Rig> make() {
    return std::make_unique<T>();
}

class ClientContract : public testing::TestWithParam<std::pair<const char*, MakeRig>> {
protected:
    ClientContract() : rig(GetParam().second()), client(rig->client()) {
        QObject::connect(&client, &BackendClient::stateChanged, &context, [this] {
            if (states.empty() || states.back() != client.state()) states.push_back(client.state());
        });
    }
    bool become(State state) {
        return eventually([&] {
            if (client.state() == State::Syncing) rig->greet();
            return client.state() == state;
        });
    }
    std::unique_ptr<LiveSubscription> watch(std::vector<api::LiveMessage>& into) {
        return client.live().subscribe(Topic::Overview, {}, &context,
                                       [&into](const api::LiveMessage& message) { into.push_back(message); });
    }

    std::vector<State> states;
    std::unique_ptr<Rig> rig;
    BackendClient& client;
    QObject context;
};

TEST_P(ClientContract, WalksEveryStateToLive) {
    std::vector<api::LiveMessage> received;
    const auto subscription = watch(received);
    EXPECT_EQ(client.state(), State::Idle);
    client.start();
    ASSERT_TRUE(become(State::Live));
    EXPECT_THAT(states, ElementsAre(State::Connecting, State::Authenticating, State::Syncing, State::Live));
    EXPECT_TRUE(client.has_feature("load"));
    EXPECT_FALSE(client.has_feature("teleport"));
    EXPECT_EQ(client.error_text(), "");
    EXPECT_NE(client.endpoint(), "");
    EXPECT_THAT(client.ingest_url(), testing::EndsWith("/events"));
}

TEST_P(ClientContract, IsLiveWithoutSubscriptions) {
    client.start();
    EXPECT_TRUE(become(State::Live));
}

TEST_P(ClientContract, SendsASnapshotThenDeltas) {
    std::vector<api::LiveMessage> received;
    const auto subscription = watch(received);
    client.start();
    ASSERT_TRUE(become(State::Live));
    api::Overview overview;
    overview.active_users = 12;
    rig->publish(overview);
    overview.active_users = 13;
    rig->publish(overview);
    ASSERT_TRUE(eventually([&] { return received.size() >= 3; }));
    EXPECT_TRUE(received[0].snapshot);
    ASSERT_TRUE(received[1].overview);
    EXPECT_EQ(received[1].overview->active_users, 12U);
    EXPECT_FALSE(received[2].snapshot);
    EXPECT_EQ(received[2].overview->active_users, 13U);
    EXPECT_EQ(received[2].seq, received[1].seq + 1);
}

TEST_P(ClientContract, SubscribesWhileLive) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    std::vector<api::LiveMessage> received;
    const auto subscription = watch(received);
    EXPECT_TRUE(eventually([&] {
        if (received.empty()) rig->greet();
        return !received.empty();
    }));
    EXPECT_TRUE(received.at(0).snapshot);
}

TEST_P(ClientContract, PassesTheFilterOn) {
    const auto subscription = client.live().subscribe(Topic::Events, {"order & payment/ü", "user_id = \"a + b&c%\""},
                                                      &context, [](const api::LiveMessage&) {});
    client.start();
    ASSERT_TRUE(eventually([&] { return !rig->filters(Topic::Events).empty(); }));
    EXPECT_EQ(rig->filters(Topic::Events).at(0).event_type, "order & payment/ü");
    EXPECT_EQ(rig->filters(Topic::Events).at(0).filter, "user_id = \"a + b&c%\"");
}

TEST_P(ClientContract, NothingIsReceivedAfterTheSubscriptionEnds) {
    std::vector<api::LiveMessage> received;
    auto subscription = watch(received);
    std::vector<api::LiveMessage> others;
    const auto other = watch(others);
    client.start();
    ASSERT_TRUE(become(State::Live));
    ASSERT_TRUE(eventually([&] { return !received.empty() && !others.empty(); }));
    subscription.reset();
    const std::size_t before = received.size();
    rig->publish(api::Overview{});
    ASSERT_TRUE(eventually([&] { return others.size() >= 2; }));
    EXPECT_EQ(received.size(), before);
    EXPECT_TRUE(eventually([&] { return rig->filters(Topic::Overview).size() == 1; }));
}

TEST_P(ClientContract, ASubscriptionMayEndInItsOwnCallback) {
    std::unique_ptr<LiveSubscription> subscription;
    int calls = 0;
    subscription = client.live().subscribe(Topic::Overview, {}, &context, [&](const api::LiveMessage&) {
        ++calls;
        subscription.reset();
    });
    client.start();
    ASSERT_TRUE(eventually([&] {
        if (client.state() == State::Syncing) rig->greet();
        return calls > 0;
    }));
    rig->publish(api::Overview{});
    settle_events();
    EXPECT_EQ(calls, 1);
}

TEST_P(ClientContract, ACallAnswers) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    std::optional<Result<api::Health>> health;
    client.admin().health(&context, [&](Result<api::Health> result) { health = std::move(result); });
    EXPECT_FALSE(health) << "settled inside the call";
    ASSERT_TRUE(eventually([&] { return health.has_value(); }));
    ASSERT_TRUE(health->ok());
    EXPECT_TRUE((*health)->up);

    std::optional<Result<api::LoadStatus>> started;
    api::LoadPlan plan;
    plan.url = "http://127.0.0.1:8080/events";
    plan.rate = 123.5;
    plan.arrivals = api::Arrivals::Poisson;
    client.load().start_load(plan, &context, [&](Result<api::LoadStatus> result) { started = std::move(result); });
    ASSERT_TRUE(eventually([&] { return started.has_value(); }));
    ASSERT_TRUE(started->ok());
    EXPECT_EQ((*started)->plan, plan);
    EXPECT_EQ((*started)->state, api::LoadState::Running);
}

TEST_P(ClientContract, TellsWhereAnEventIs) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    const auto trace = [&](const std::string& id) {
        std::optional<Result<api::EventTrace>> told;
        client.events().trace(id, &context, [&](Result<api::EventTrace> result) { told = std::move(result); });
        EXPECT_FALSE(told) << "settled inside the call";
        EXPECT_TRUE(eventually([&] { return told.has_value(); }));
        return told.value_or(Error{});
    };
    const auto known = trace("known");
    ASSERT_TRUE(known.ok()) << known.error().describe();
    EXPECT_EQ(*known, tests::scripted_trace("known"));
    for (const char* const id : {"a/b c%2F+ü?x=1#y", "a..b", "\"'<>", "nobody"}) {
        const auto unknown = trace(id);
        ASSERT_TRUE(unknown.ok()) << id << ": " << unknown.error().describe();
        EXPECT_EQ(unknown->event_id, id);
        EXPECT_EQ(unknown->verdict, api::TraceVerdict::Unknown);
    }
    const auto refused = trace(std::string(129, 'x'));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(refused.error().field, "event_id");
}

TEST_P(ClientContract, SetsAndTakesOffMarks) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    api::Annotation deploy;
    deploy.at = Timestamp::from_seconds(1'770'000'000);
    deploy.until = Timestamp::from_seconds(1'770'000'060);
    deploy.kind = "deploy";
    deploy.text = "checkout \"2.3\" & more";
    deploy.tags = {"eu"};
    std::vector<Result<api::Annotation>> added;
    const auto keep = [&](const Result<api::Annotation>& one) { added.push_back(one); };
    client.annotations().add_annotation(deploy, &context, keep);
    ASSERT_TRUE(eventually([&] { return added.size() == 1; }));
    ASSERT_TRUE(added[0].ok()) << added[0].error().describe();
    EXPECT_NE(added[0]->id, "");
    deploy.id = added[0]->id;
    deploy.by = added[0]->by;
    EXPECT_EQ(*added[0], deploy);

    std::vector<std::vector<api::Annotation>> lists;
    const auto list = [&](std::int64_t from, std::int64_t to) {
        client.annotations().list_annotations({Timestamp::from_seconds(from), Timestamp::from_seconds(to)}, &context,
                                              [&](const Result<std::vector<api::Annotation>>& all) {
                                                  lists.push_back(all.ok() ? *all : std::vector<api::Annotation>());
                                              });
        return eventually([&, before = lists.size()] { return lists.size() > before; });
    };
    ASSERT_TRUE(list(1'770'000'030, 1'770'000'040));
    EXPECT_THAT(lists.back(), ElementsAre(deploy));
    ASSERT_TRUE(list(1'770'000'061, 1'770'000'062));
    EXPECT_THAT(lists.back(), testing::IsEmpty());

    std::vector<Result<bool>> removed;
    const auto note = [&](const Result<bool>& done) { removed.push_back(done); };
    client.annotations().remove_annotation(deploy.id, &context, note);
    client.annotations().remove_annotation(deploy.id, &context, note);
    deploy.text.clear();
    client.annotations().add_annotation(deploy, &context, keep);
    ASSERT_TRUE(eventually([&] { return removed.size() == 2 && added.size() == 2; }));
    EXPECT_TRUE(removed[0].ok());
    EXPECT_EQ(removed[1].error().code, ErrorCode::NotFound);
    EXPECT_EQ(added[1].error().field, "text");
}

TEST_P(ClientContract, DeclaresWatchesAndRemovesObjectives) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    EXPECT_TRUE(client.has_feature("objectives"));
    const auto settled = [&]<class T>(T, auto ask) {
        std::optional<Result<T>> got;
        ask([&](const Result<T>& result) { got = result; });
        EXPECT_TRUE(eventually([&] { return got.has_value(); }));
        return got ? *got : Result<T>(Error::make(ErrorCode::DeadlineExceeded, "no answer"));
    };
    ObjectiveCalls& calls = client.objectives();
    const query::TimeRange range{Timestamp::from_seconds(1'770'000'000), Timestamp::from_seconds(1'770'003'600)};
    const slo::Objective mine = tests::scripted_objective("mine");

    const auto put = settled(api::ObjectiveStatus(), [&](auto done) { calls.put_objective(mine, &context, done); });
    ASSERT_TRUE(put.ok()) << put.error().describe();
    EXPECT_EQ(put->objective, mine);
    const auto list =
        settled(std::vector<api::ObjectiveStatus>(), [&](auto done) { calls.list_objectives(&context, done); });
    ASSERT_TRUE(list.ok()) << list.error().describe();
    ASSERT_EQ(list->size(), 2U);
    const api::ObjectiveStatus& status = list->back();
    EXPECT_EQ(api::write_status(status), api::write_status(tests::scripted_status(mine)));

    const auto past =
        settled(api::ObjectiveHistory(), [&](auto done) { calls.objective_history("mine", range, &context, done); });
    ASSERT_TRUE(past.ok()) << past.error().describe();
    EXPECT_EQ(api::write_history(*past), api::write_history(tests::scripted_history(range)));
    const auto tried = settled(api::BackTest(), [&](auto done) { calls.back_test(mine, range, {}, &context, done); });
    ASSERT_TRUE(tried.ok()) << tried.error().describe();
    EXPECT_EQ(tried->fired, 3U);
    EXPECT_EQ(tried->first_after_micros, 41'000'000);
    EXPECT_EQ(tried->range, range);
    EXPECT_EQ(tried->changes.size(), 1U);

    const auto remove = [&](auto done) { calls.remove_objective("mine", &context, done); };
    EXPECT_TRUE(settled(true, remove).ok());
    EXPECT_EQ(settled(true, remove).error().code, ErrorCode::NotFound);
    EXPECT_EQ(
        settled(api::ObjectiveHistory(), [&](auto done) { calls.objective_history("mine", range, &context, done); })
            .error()
            .code,
        ErrorCode::NotFound);
}

TEST_P(ClientContract, TellsOfMetricsAndTheirPoints) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    EXPECT_TRUE(client.has_feature("metrics"));
    const auto settled = [&]<class T>(T, auto ask) {
        std::optional<Result<T>> told;
        ask([&](Result<T> result) { told = std::move(result); });
        EXPECT_FALSE(told) << "settled inside the call";
        EXPECT_TRUE(eventually([&] { return told.has_value(); }));
        return told.value_or(Error{});
    };
    MetricCalls& metrics = client.metrics();
    const auto names = [&] {
        std::vector<std::string> all;
        const auto told = settled(std::vector<api::MetricStatus>(),
                                  [&](auto done) { metrics.list_metrics(&context, std::move(done)); });
        EXPECT_TRUE(told.ok());
        for (const api::MetricStatus& one : told.value_or({})) all.push_back(api::write_status(one));
        return all;
    };
    const std::vector<api::MetricStatus> wanted = tests::scripted_metrics();
    EXPECT_THAT(names(), ElementsAre(api::write_status(wanted[0]), api::write_status(wanted[1])));

    query::PointsQuery query;
    query.metric = "revenue";
    query.range = {Timestamp{1'800'000'000'000'000}, Timestamp{1'800'003'600'000'000}};
    query.step_micros = kMinuteMicros;
    query.group_by = {{Field::Prop, "currency"}};
    query.filter = *Filter::parse("props.currency = EUR");
    query.order = query::Order{query::Order::By::Value, true};
    const auto points =
        settled(query::PointsAnswer(), [&](auto done) { metrics.points(query, {}, &context, std::move(done)); });
    ASSERT_TRUE(points.ok()) << points.error().describe();
    EXPECT_EQ(api::write_json({*points}, {}), api::write_json({tests::scripted_points(query)}, {}));
    query::PointsQuery raw = query;
    raw.metric.clear();
    raw.raw = query::RawAggregate{Aggregate::Sum, {{Field::Prop, "amount"}}, 0, {}, {}, TimeBasis::Activity};
    const auto over_events =
        settled(query::PointsAnswer(), [&](auto done) { metrics.points(raw, {}, &context, std::move(done)); });
    ASSERT_TRUE(over_events.ok()) << over_events.error().describe();
    EXPECT_THAT(over_events->points[0].group, ElementsAre("sum(props.amount) activity where props.currency = EUR"));
    query.metric = "nobody";
    EXPECT_EQ(settled(query::PointsAnswer(), [&](auto done) { metrics.points(query, {}, &context, std::move(done)); })
                  .error()
                  .code,
              ErrorCode::NotFound);

    const auto retry = [&](const std::string& name) {
        return settled(false, [&](auto done) { metrics.retry_backfill(name, &context, std::move(done)); });
    };
    EXPECT_TRUE(retry("revenue_by_plan").ok());
    EXPECT_TRUE(retry("revenue_by_plan").ok()) << "again, while it is being filled";
    EXPECT_EQ(retry("nobody").error().code, ErrorCode::NotFound);
    const auto retried =
        settled(std::vector<api::MetricStatus>(), [&](auto done) { metrics.list_metrics(&context, std::move(done)); });
    ASSERT_TRUE(retried.ok());
    EXPECT_TRUE(std::none_of(retried->begin(), retried->end(),
                             [](const api::MetricStatus& one) { return one.backfill && one.backfill->failed; }));
    const auto cancel = [&](const std::string& name) {
        return settled(false, [&](auto done) { metrics.cancel_backfill(name, &context, std::move(done)); });
    };
    EXPECT_TRUE(cancel("revenue_by_plan").ok());
    EXPECT_EQ(cancel("revenue").error().code, ErrorCode::NotFound);
    const auto put = [&](const std::string& name) {
        return settled(api::MetricStatus(), [&](auto done) {
            metrics.put_metric(tests::scripted_definition(name), &context, std::move(done));
        });
    };
    const auto added = put("purchases");
    ASSERT_TRUE(added.ok()) << added.error().describe();
    EXPECT_EQ(added->definition.name, "purchases");
    EXPECT_EQ(put("revenue").error().code, ErrorCode::Conflict);
    const auto tried = [&](const std::string& name) {
        return settled(
            false, [&](auto done) { metrics.try_metric(tests::scripted_definition(name), &context, std::move(done)); });
    };
    EXPECT_TRUE(tried("signups").ok());
    EXPECT_EQ(tried("revenue").error().code, ErrorCode::Conflict);
    EXPECT_EQ(names().size(), 3U) << "nothing came of trying";
    const auto remove = [&](const std::string& name) {
        return settled(false, [&](auto done) { metrics.remove_metric(name, &context, std::move(done)); });
    };
    EXPECT_TRUE(remove("purchases").ok());
    EXPECT_EQ(remove("purchases").error().code, ErrorCode::NotFound);
    EXPECT_EQ(names().size(), 2U);
}

TEST_P(ClientContract, AnErrorKeepsItsCodeFieldAndHint) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    std::optional<Result<api::LoadStatus>> started;
    api::LoadPlan plan;
    plan.url = "http://127.0.0.1:8080/events";
    plan.rate = 0;
    client.load().start_load(plan, &context, [&](Result<api::LoadStatus> result) { started = std::move(result); });
    ASSERT_TRUE(eventually([&] { return started.has_value(); }));
    ASSERT_FALSE(started->ok());
    EXPECT_EQ(started->error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(started->error().field, "rate");
}

TEST_P(ClientContract, ACallWithoutAConnectionIsDisconnected) {
    std::optional<Result<api::Health>> health;
    client.admin().health(&context, [&](Result<api::Health> result) { health = std::move(result); });
    EXPECT_FALSE(health) << "settled inside the call";
    ASSERT_TRUE(eventually([&] { return health.has_value(); }));
    EXPECT_EQ(health->error().code, ErrorCode::Disconnected);
}

TEST_P(ClientContract, StopCancelsWhatIsPendingOnce) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    rig->hold_calls();
    std::vector<ErrorCode> ends;
    client.load().stop_load(&context, [&](Result<api::LoadStatus> result) { ends.push_back(result.error().code); });
    settle_events();
    EXPECT_TRUE(ends.empty());
    client.stop();
    EXPECT_THAT(ends, ElementsAre(ErrorCode::Cancelled));
    EXPECT_EQ(client.state(), State::Idle);
    settle_events();
    EXPECT_EQ(ends.size(), 1U);
}

TEST_P(ClientContract, NothingReachesAContextThatIsGone) {
    client.start();
    ASSERT_TRUE(become(State::Live));
    rig->hold_calls();
    auto gone = std::make_unique<QObject>();
    int calls = 0;
    client.load().stop_load(gone.get(), [&](const Result<api::LoadStatus>&) { ++calls; });
    const auto subscription =
        client.live().subscribe(Topic::Overview, {}, gone.get(), [&](const api::LiveMessage&) { ++calls; });
    gone.reset();
    rig->greet();
    settle_events();
    client.stop();
    EXPECT_EQ(calls, 0);
}

TEST_P(ClientContract, StartsAgainAfterStop) {
    std::vector<api::LiveMessage> received;
    const auto subscription = watch(received);
    client.start();
    ASSERT_TRUE(become(State::Live));
    client.stop();
    const std::size_t before = received.size();
    client.start();
    ASSERT_TRUE(become(State::Live));
    ASSERT_TRUE(eventually([&] { return received.size() > before; }));
    rig->publish(api::Overview{});
    EXPECT_TRUE(eventually([&] { return received.size() > before + 1; }));
}

TEST_P(ClientContract, MeasuresLatency) {
    EXPECT_FALSE(client.latency_ms());
    client.start();
    ASSERT_TRUE(become(State::Live));
    ASSERT_TRUE(eventually([&] { return client.latency_ms().has_value(); }));
    EXPECT_GE(*client.latency_ms(), 0);
    client.stop();
    EXPECT_FALSE(client.latency_ms());
}

TEST_P(ClientContract, ASubscriptionMayOutliveItsClient) {
    std::vector<api::LiveMessage> received;
    const auto subscription = watch(received);
    client.start();
    ASSERT_TRUE(become(State::Live));
    rig.reset();
}

INSTANTIATE_TEST_SUITE_P(Every, ClientContract,
                         testing::Values(std::pair("Fake", &make<FakeRig>), std::pair("Embedded", &make<EmbeddedRig>),
                                         std::pair("Remote", &make<RemoteRig>)),
                         [](const auto& rig) { return std::string(rig.param.first); });

}  // namespace
}  // namespace streamgauge::client

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
