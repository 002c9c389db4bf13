// SPDX-License-Identifier: GPL-3.0-or-later
// The door between decoder and journal: whose events, too many of them, broken schemas, several projects, dead letters
// and their cap, buffered answers, and that every request is answered exactly once.
#include "api/ingest_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "api/dead_letters.h"
#include "api/ingest_split.h"
#include "api/ingest_stats.h"
#include "schema/schema_registry.h"
#include "support/memory_journal.h"
#include "support/scripted_policy.h"

namespace streamgauge::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FixedClock final : public Clock {
public:
    Timestamp now() const override { return parse_rfc3339("2026-01-31T12:00:00Z").value(); }
    std::int64_t monotonic_nanos() const override { return 0; }
};

// "warned" breaks its schema and is only warned of; "enforced" is refused.
class ScriptedSchemas final : public SchemaRegistry {
public:
    Result<EventSchema> add(EventSchema schema) override { return schema; }
    Result<EventSchema> try_out(EventSchema schema) const override { return schema; }
    std::vector<std::pair<std::string, std::uint64_t>> violations() const override { return {}; }
    Status set_mode(const std::string&, const std::string&, SchemaMode, Compatibility) override { return {}; }
    Status remove(const std::string&, const std::string&, std::int32_t) override { return {}; }
    std::vector<EventSchema> list(const std::string&) const override { return {}; }
    bool idle(std::string_view project) const override { return project != checked_project; }
    Verdict check(std::string_view project, const EventView& event) const override {
        if (project != checked_project) return {};
        if (event.event_type == "warned") return {SchemaMode::Warn, {"/props/a", "must be a number"}};
        if (event.event_type == "enforced") return {SchemaMode::Enforce, {"/props/a", "must be a number"}};
        return {};
    }
    std::string checked_project = "shop";
};

// Only reserve() is asked here.
class LetterCap final : public DeadLetterService {
public:
    void list(LetterFilter, std::optional<std::uint64_t>, std::size_t, Done<LetterPage>) override {}
    void find(std::uint64_t, LetterActor, Done<Letter>) override {}
    void reasons(LetterFilter, Done<std::vector<ReasonCount>>) override {}
    void mend(std::uint64_t, std::string, LetterActor, Done<Letter>) override {}
    void resend(std::vector<std::uint64_t>, LetterActor, Done<ResendResult>) override {}
    void resend_all(LetterFilter, LetterActor, Done<ResendResult>) override {}
    ResendProgress progress() const override { return {}; }
    void purge(std::vector<std::uint64_t>, LetterActor, Done<std::uint64_t>) override {}
    void purge_all(LetterFilter, LetterActor, Done<std::uint64_t>) override {}
    void usage(Done<std::vector<LetterUsage>>) override {}
    bool reserve(std::string_view project, std::uint64_t bytes) override {
        asked.emplace_back(project, bytes);
        if (bytes > room) return false;
        room -= bytes;
        return true;
    }
    std::uint64_t room = 1'000'000;
    std::vector<std::pair<std::string, std::uint64_t>> asked;
};

// An outcome as values, and how often it was told.
struct Told {
    int times = 0;
    std::optional<Error> error;
    IngestOutcome outcome;
    std::vector<std::string> types;  // of outcome.batch
    std::vector<bool> off_schema;
};

class IngestServiceTest : public ::testing::Test {
protected:
    IngestParts parts() { return {journal_, clock_, stats_, policy_, &schemas_, &letters_}; }

    IngestRequest request(std::string_view body) const {
        IngestRequest request;
        request.input.body = body;
        request.input.headers = headers_;
        request.caller.address = "10.0.0.7";
        request.source = "/events";
        return request;
    }
    // Waits for the answer.
    Told send(IngestService& service, std::string_view body) { return send(service, request(body)); }
    static Told send(IngestService& service, const IngestRequest& request) {
        auto told = std::make_shared<Told>();
        auto done = std::make_shared<std::promise<void>>();
        service.ingest(request, [told, done](const Result<IngestOutcome>& result, Dialect) {
            if (result.ok()) {
                told->outcome = *result;
                for (std::size_t i = 0; i < result->batch->size(); ++i) {
                    told->types.emplace_back((*result->batch)[i].event_type);
                    told->off_schema.push_back((*result->batch)[i].off_schema);
                }
            } else {
                told->error = result.error();
            }
            if (++told->times == 1) done->set_value();
        });
        EXPECT_EQ(done->get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
        return *told;
    }
    Told send(std::string_view body) { return send(service_, body); }
    std::vector<DeadLetter> letters() { return journal_.read_dead_letters(1, 100).value(); }
    // Type and project of everything stored.
    std::vector<std::string> stored() {
        std::vector<std::string> all;
        for (Offset at = 1; at < journal_.end(); ++at) {
            const auto run = journal_.read(at, 1).value();
            all.push_back(run->batch.project() + ":" + std::string(run->batch[0].event_type));
        }
        return all;
    }

    std::vector<std::pair<std::string_view, std::string_view>> headers_{{"User-Agent", "posthog-node/5.70.0"}};
    FixedClock clock_;
    IngestStats stats_;
    test::ScriptedPolicy policy_;
    ScriptedSchemas schemas_;
    LetterCap letters_;
    test::MemoryJournal journal_;
    IngestService service_{parts()};
};

TEST_F(IngestServiceTest, EventsGoToTheProjectOfTheirSender) {
    EXPECT_EQ(send(R"({"event_type":"a"})").outcome.accepted, 1u);
    EXPECT_THAT(stored(), ElementsAre("shop:a"));
    EXPECT_THAT(policy_.keys, ElementsAre(""));
    EXPECT_THAT(policy_.taken, ElementsAre(1u));
}

TEST_F(IngestServiceTest, ASenderWhoMayNotLeavesNothingBehindWhateverTheBody) {
    policy_.refused = Error::make(ErrorCode::Unauthorized, "who are you?");
    for (const std::string_view body : {R"({"event_type":"a"})", "not json", R"([{"x":1}])"}) {
        const Told told = send(body);
        ASSERT_TRUE(told.error.has_value());
        EXPECT_EQ(told.error->code, ErrorCode::Unauthorized);
    }
    EXPECT_EQ(journal_.counters().decoded, 0u);
    EXPECT_TRUE(letters_.asked.empty());
}

TEST_F(IngestServiceTest, TooManyEventsAreRefusedWholeAndCounted) {
    policy_.allowance = 2;
    const Told told = send(R"([{"event_type":"a"},{"event_type":"b"},{"x":1}])");
    ASSERT_TRUE(told.error.has_value());
    EXPECT_EQ(told.error->code, ErrorCode::RateLimited);
    EXPECT_EQ(told.error->retry_after_seconds, 7);
    EXPECT_EQ(journal_.counters().decoded, 0u);
    EXPECT_EQ(stats_.totals().limited, 3u);
}

TEST_F(IngestServiceTest, AnUndecodableBodyIsALetterOfTheSendersProjectAndSaysWhoSentIt) {
    const Told told = send("not json");
    ASSERT_TRUE(told.error.has_value());
    EXPECT_EQ(told.error->code, ErrorCode::InvalidArgument);
    ASSERT_EQ(letters().size(), 1u);
    const DeadLetter letter = letters().front();
    EXPECT_EQ(letter.project, "shop");
    EXPECT_EQ(letter.producer, "key k_12 (web shop) 10.0.0.7 posthog-node/5.70.0");
    EXPECT_EQ(letter.source, "/events");
    EXPECT_EQ(letter.raw, "not json");
}

TEST_F(IngestServiceTest, AnUndecodableBodyIsKeptWithoutTheKeyInIt) {
    IngestRequest segment = request(R"({"writeKey":"secret","batch":[tru)");
    segment.dialect = Dialect::Segment;
    ASSERT_TRUE(send(service_, segment).error.has_value());
    ASSERT_EQ(letters().size(), 1u);
    EXPECT_EQ(letters().front().raw, R"({"writeKey":"******","batch":[tru)");
}

TEST_F(IngestServiceTest, ALongUserAgentIsCutBetweenCharacters) {
    const std::string agent = std::string(199, 'x') + "\xc3\xa9tail";
    headers_ = {{"user-agent", agent}};
    send("not json");
    EXPECT_EQ(letters().front().producer, "key k_12 (web shop) 10.0.0.7 " + std::string(199, 'x'));
}

TEST_F(IngestServiceTest, ASchemaThatWarnsMarksAndOneThatIsEnforcedRefuses) {
    const Told told =
        send(R"([{"event_type":"fine"},{"event_id":"w","event_type":"warned"},{"user_id":"nobody"},)"
             R"({"event_id":"e","event_type":"enforced","user_id":"u","a":"x","ts":"2026-01-31T11:00:00Z"}])");
    ASSERT_FALSE(told.error.has_value());
    EXPECT_EQ(told.outcome.accepted, 2u);
    EXPECT_THAT(told.types, ElementsAre("fine", "warned"));
    EXPECT_THAT(told.off_schema, ElementsAre(false, true));
    ASSERT_EQ(told.outcome.rejected.size(), 2u);
    EXPECT_EQ(told.outcome.rejected[0].index, 2u);
    EXPECT_EQ(told.outcome.rejected[1].index, 3u);
    EXPECT_EQ(told.outcome.rejected[1].field, "/props/a");
    EXPECT_EQ(told.outcome.rejected[1].event_id, "e");
    EXPECT_THAT(stored(), ElementsAre("shop:fine", "shop:warned"));
    EXPECT_EQ(stats_.total_off_schema(), 1u);
    EXPECT_EQ(stats_.totals(), (Outcomes{2, 0, 2, 0}));

    std::vector<DeadLetter> kept = letters();
    ASSERT_EQ(kept.size(), 2u);
    std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.item < b.item; });
    EXPECT_EQ(kept[1].reason, "must be a number");
    EXPECT_EQ(kept[1].event_id, "e");
    EXPECT_EQ(kept[1].raw,
              R"({"event_id":"e","event_type":"enforced","occurred_at":"2026-01-31T11:00:00Z","user_id":"u",)"
              R"("schema_version":1,"properties":{"a":"x"}})");
    // What is kept comes in again as the same event once its schema lets it.
    schemas_.checked_project = "nobody's";
    const std::string again = kept[1].raw;
    EXPECT_EQ(send(again).outcome.accepted, 1u);
    const auto run = journal_.read(3, 1).value();
    EXPECT_EQ(run->batch[0].event_id, "e");
    EXPECT_EQ(run->batch[0].props, R"({"a":"x"})");
    EXPECT_EQ(run->batch[0].occurred_at, parse_rfc3339("2026-01-31T11:00:00Z").value());
}

TEST_F(IngestServiceTest, WhatIsBeyondTheCapIsCountedAndNotKept) {
    letters_.room = 20;
    const Told told = send(R"([{"x":1},{"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy":2},{"z":3}])");
    EXPECT_EQ(told.outcome.rejected.size(), 3u);
    EXPECT_EQ(letters().size(), 2u);
    EXPECT_EQ(journal_.counters().invalid, 3u);
    EXPECT_EQ(journal_.counters().dead_letters_not_kept, 1u);
    EXPECT_EQ(letters_.asked.front().first, "shop");
    // And of a whole body.
    letters_.room = 0;
    EXPECT_EQ(send("not json").error->code, ErrorCode::InvalidArgument);
    EXPECT_EQ(letters().size(), 2u);
    EXPECT_EQ(journal_.counters().dead_letters_not_kept, 2u);
}

TEST_F(IngestServiceTest, EventsOfSeveralSitesGoToTheirProjectsAndAreAnsweredOnce) {
    policy_.sites = {{"a.example", "a"}, {"b.example", "b"}};
    IngestRequest plausible =
        request(R"({"n":"pageview","u":"https://a.example/","d":"a.example,b.example,c.example"})");
    plausible.dialect = Dialect::Plausible;
    const Told told = send(service_, plausible);
    ASSERT_FALSE(told.error.has_value());
    EXPECT_EQ(told.outcome.accepted, 3u);
    ASSERT_EQ(told.outcome.placements.size(), 3u);
    EXPECT_THAT(policy_.keys, ElementsAre("a.example"));
    EXPECT_THAT(stored(), ::testing::UnorderedElementsAre("a:page_view", "b:page_view", "shop:page_view"));
    // All or nothing is acknowledged.
    journal_.fail_commits(1);
    EXPECT_EQ(send(service_, plausible).error->code, ErrorCode::Unavailable);
    journal_.refuse(true);
    EXPECT_EQ(send(service_, plausible).error->code, ErrorCode::Unavailable);
    EXPECT_EQ(stats_.totals(), (Outcomes{5, 0, 0, 3}));
    journal_.refuse(false);
    // One project: one commit.
    policy_.sites = {{"a.example", "one"}, {"b.example", "one"}, {"c.example", "one"}};
    EXPECT_EQ(send(service_, plausible).outcome.accepted, 3u);
    EXPECT_EQ(journal_.read(journal_.end() - 1, 1).value()->batch.project(), "one");
}

TEST_F(IngestServiceTest, WithoutRoomEverythingIsUnavailableAndCounted) {
    class NoRoom final : public StorageGuard {
    public:
        bool may_store(Timestamp) override { return room; }
        Error refusal() override { return {ErrorCode::Unavailable, "the disk is full", {}, {}, {}, 30}; }
        bool room = false;
    } guard;
    IngestParts guarded = parts();
    guarded.guard = &guard;
    IngestService service(guarded);
    const Told told = send(service, R"({"event_type":"a"})");
    EXPECT_EQ(told.error->message, "the disk is full");
    EXPECT_EQ(told.error->retry_after_seconds, 30);
    EXPECT_EQ(stats_.totals().limited, 1u);
    EXPECT_EQ(journal_.counters().decoded, 0u);
    guard.room = true;
    EXPECT_EQ(send(service, R"({"event_type":"a"})").outcome.accepted, 1u);
}

TEST_F(IngestServiceTest, BufferedAnswersComeBeforeTheCommitButNotThoseOfARefusal) {
    IngestParts buffered = parts();
    buffered.buffered = true;
    IngestService service(buffered);
    journal_.hold(true);
    const Told told = send(service, R"([{"event_id":"1","event_type":"a"},{"event_id":"1","event_type":"a"}])");
    EXPECT_TRUE(told.outcome.buffered);
    EXPECT_EQ(told.outcome.accepted, 2u);
    EXPECT_THAT(told.types, ElementsAre("a", "a"));
    EXPECT_EQ(journal_.counters().accepted, 0u);

    auto answered = std::make_shared<std::promise<bool>>();
    auto answer = answered->get_future();
    service.ingest(request(R"([{"event_type":"a"},{"x":1}])"),
                   [answered](const Result<IngestOutcome>& result, Dialect) {
                       answered->set_value(result.ok() && result->buffered);
                   });
    EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    journal_.hold(false);
    EXPECT_FALSE(answer.get());
    EXPECT_EQ(journal_.counters().accepted, 2u);
    EXPECT_EQ(journal_.counters().duplicate, 1u);
    EXPECT_EQ(stats_.totals(), (Outcomes{2, 1, 1, 0}));
}

}  // namespace
}  // namespace streamgauge::api
