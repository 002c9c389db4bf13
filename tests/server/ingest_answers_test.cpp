// SPDX-License-Identifier: GPL-3.0-or-later
// From a body to the answer: every form of the contract's section 2 by literal texts, compression, limits, and faults.
#include "server/ingest_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <future>

#include "api/gzip.h"
#include "api/ingest_stats.h"

#include "base/limits.h"
#include "support/memory_journal.h"
#include "support/open_ingest_policy.h"

namespace streamgauge {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class FixedClock final : public Clock {
public:
    Timestamp now() const override { return parse_rfc3339("2026-01-31T12:00:00Z").value(); }
    std::int64_t monotonic_nanos() const override { return 0; }
};

// Remembers the dead letters on their way into a real (memory) journal.
class WatchedJournal final : public Journal {
public:
    bool append(AppendRequest&& request) override {
        rejected.insert(rejected.end(), request.rejected.begin(), request.rejected.end());
        sources.push_back(request.source);
        return inner.append(std::move(request));
    }
    Result<std::shared_ptr<const CommittedBatch>> read(Offset from, std::size_t max) override {
        return inner.read(from, max);
    }
    Result<std::vector<DeadLetter>> read_dead_letters(std::uint64_t from, std::size_t max) override {
        return inner.read_dead_letters(from, max);
    }
    std::uint64_t next_dead_letter() const override { return inner.next_dead_letter(); }
    void dead_letters_kept_to(std::uint64_t id) override { inner.dead_letters_kept_to(id); }
    Offset end() const override { return inner.end(); }
    Offset begin() const override { return inner.begin(); }
    JournalCounters counters() const override { return inner.counters(); }
    std::size_t pending() const override { return inner.pending(); }
    void on_commit(std::function<void()> listener) override { inner.on_commit(std::move(listener)); }
    void close() override { inner.close(); }

    test::MemoryJournal inner;
    std::vector<Rejection> rejected;
    std::vector<std::string> sources;
};

// `window_bits` as zlib has them: 31 gzip, 15 zlib, -15 the bare stream.
std::string gzipped(std::string_view text, int window_bits = 15 + 16) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

class IngestAnswersTest : public ::testing::Test {
protected:
    using Answer = http::Response (*)(const Result<api::IngestOutcome>&);

    http::Response post(std::string_view body, Answer answer = answer_accepted,
                        api::Coding coding = api::Coding::Identity) {
        api::IngestRequest request;
        request.input.body = body;
        request.coding = coding;
        request.source = "/events";
        request.keep_body = answer != answer_accepted;
        auto promise = std::make_shared<std::promise<http::Response>>();
        auto future = promise->get_future();
        service_.ingest(request, [promise, answer](const Result<api::IngestOutcome>& outcome, Dialect) {
            promise->set_value(answer(outcome));
        });
        if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
            ADD_FAILURE() << "no answer";
            return {};
        }
        return future.get();
    }

    FixedClock clock_;
    api::IngestStats stats_;
    WatchedJournal journal_;
    test::OpenIngestPolicy policy_;
    api::IngestService service_{api::IngestParts{journal_, clock_, stats_, policy_}};
};

TEST_F(IngestAnswersTest, OneEventOfFormBIsAccepted) {
    const auto answer = post(R"({"sessionId":"s1","eventType":"click","payload":"{\"a\":1}"})");
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.body, R"({"status":"accepted"})");
    EXPECT_EQ(answer.content_type, "application/json");
    const auto stored = journal_.read(1, 10).value();
    ASSERT_NE(stored, nullptr);
    EXPECT_EQ(stored->batch[0].session_id, "s1");
    EXPECT_EQ(stored->batch[0].event_type, "click");
}

TEST_F(IngestAnswersTest, SeveralAreCountedAndRepeatsAreDuplicates) {
    const std::string two = R"([{"event_id":"1","event_type":"a"},{"event_id":"2","event_type":"a"}])";
    EXPECT_EQ(post(two).body, R"({"status":"accepted","accepted":2,"duplicates":0})");
    const auto again = post(two);
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.body, R"({"status":"accepted","accepted":0,"duplicates":2})");
    EXPECT_EQ(post("{\"event_id\":\"2\",\"event_type\":\"a\"}\n{\"event_id\":\"3\",\"event_type\":\"a\"}\n").body,
              R"({"status":"accepted","accepted":1,"duplicates":1})");
    EXPECT_EQ(journal_.counters().accepted, 3u);
    EXPECT_EQ(post("[]").status, 400);
}

TEST_F(IngestAnswersTest, SomeBadOnesAreNamedAndHurtNobody) {
    const std::string body = R"([{"event_type":"a"},{"user_id":"u"},{"event_type":5},{"event_type":"b"}])";
    const auto answer = post(body);
    EXPECT_EQ(answer.status, 207);
    EXPECT_THAT(answer.body,
                StartsWith(R"({"status":"accepted","accepted":2,"duplicates":0,"rejected":[{"index":1,"error":")"));
    EXPECT_THAT(answer.body, HasSubstr(R"({"index":2,"error":")"));
    EXPECT_THAT(answer.body, HasSubstr("event_type"));
    ASSERT_EQ(journal_.rejected.size(), 2u);
    EXPECT_EQ(journal_.rejected[0].raw, R"({"user_id":"u"})");
    EXPECT_EQ(journal_.rejected[0].index, 1u);
    EXPECT_EQ(journal_.counters().invalid, 2u);
    EXPECT_EQ(journal_.counters().accepted, 2u);
}

TEST_F(IngestAnswersTest, AllBadIsAProblemThatNamesFieldAndOffset) {
    const auto one = post(R"({"user_id":"u"})");
    EXPECT_EQ(one.status, 400);
    EXPECT_EQ(one.content_type, "application/problem+json");
    EXPECT_THAT(one.body, StartsWith(R"({"type":"about:blank","title":"Bad Request","status":400,)"));
    EXPECT_THAT(one.body, HasSubstr(R"("field":"event_type")"));
    EXPECT_THAT(one.body, HasSubstr(R"("offset":)"));
    const auto several = post(R"([{"user_id":"u"},7])");
    EXPECT_EQ(several.status, 400);
    EXPECT_THAT(several.body, HasSubstr(R"("rejected":[{"index":0,"error":")"));
    EXPECT_THAT(several.body, HasSubstr(R"({"index":1,"error":")"));
    EXPECT_EQ(journal_.counters().invalid, 3u);
    EXPECT_EQ(journal_.counters().accepted, 0u);
}

TEST_F(IngestAnswersTest, ABodyThatIsNoJsonIsADeadLetterBeforeTheAnswer) {
    const auto answer = post(R"({"event_type":)");
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr(R"("offset":)"));
    ASSERT_EQ(journal_.rejected.size(), 1u);
    EXPECT_EQ(journal_.rejected[0].raw, R"({"event_type":)");
    EXPECT_EQ(journal_.counters().invalid, 1u);
    EXPECT_EQ(journal_.sources, std::vector<std::string>{"/events"});
}

TEST_F(IngestAnswersTest, FormDEchoesTheEvent) {
    const std::string sent =
        R"({"event_id":"e1","user_id":"u1","event_type":"click","page_url":"/p","time_stamp":"2026-01-31T11:00:00Z"})";
    const auto answer = post(sent, answer_echo);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, sent);
    const auto made = post(R"({"event_id":"e2","event_type":"click"})", answer_echo);
    EXPECT_EQ(made.body, R"({"event_id":"e2","event_type":"click","time_stamp":"2026-01-31T12:00:00Z"})");
    EXPECT_THAT(post(R"({"event_type":"click","time_stamp":1769860000})", answer_echo).body,
                StartsWith(R"({"event_type":"click","time_stamp":1769860000,"event_id":")"));
    EXPECT_EQ(post("{", answer_echo).status, 400);
}

TEST_F(IngestAnswersTest, FormAGetsTheStoredEventInItsOwnNaming) {
    const auto camel = post(
        R"({"eventId":"e1","eventType":"login","userId":"u1","occurredAt":"2026-01-31T13:00:00.5+02:00","properties":{"k":1}})",
        answer_stored);
    EXPECT_EQ(camel.status, 200);
    EXPECT_EQ(camel.body,
              R"({"id":1,"eventId":"e1","eventType":"login","userId":"u1","occurredAt":"2026-01-31T11:00:00.500Z",)"
              R"("properties":{"k":1},"receivedAt":"2026-01-31T12:00:00Z"})");
    const auto snake = post(R"({"event_id":"e2","event_type":"login","id":"theirs"})", answer_stored);
    EXPECT_EQ(snake.body, R"({"id":2,"event_id":"e2","event_type":"login","occurredAt":"2026-01-31T12:00:00Z",)"
                          R"("receivedAt":"2026-01-31T12:00:00Z"})");
    // A repeat is told the number of the first.
    EXPECT_THAT(post(R"({"eventId":"e1","eventType":"login"})", answer_stored).body, StartsWith(R"({"id":1,)"));
    EXPECT_THAT(post(R"({"eventType":"login"})", answer_stored).body, HasSubstr(R"("eventId":")"));
    EXPECT_EQ(post(R"([{"eventType":"a"},{"eventType":"b"}])", answer_stored).body,
              R"({"status":"accepted","accepted":2,"duplicates":0})");
}

TEST_F(IngestAnswersTest, GzipIsReadByHeaderOrByItsMagicNumber) {
    const std::string body = gzipped(R"({"event_id":"z","event_type":"click"})");
    EXPECT_EQ(post(body, answer_accepted, api::Coding::Gzip).status, 202);
    EXPECT_EQ(post(body, answer_stored).status, 200);
    EXPECT_EQ(journal_.counters().accepted, 1u);
    EXPECT_EQ(journal_.counters().duplicate, 1u);
    // Two members, one text.
    EXPECT_EQ(post(gzipped(R"([{"event_type":"a"},)") + gzipped(R"({"event_type":"b"}])")).body,
              R"({"status":"accepted","accepted":2,"duplicates":0})");
}

TEST_F(IngestAnswersTest, DeflateIsZlibsFormatOrTheBareStream) {
    const std::string event = R"({"event_id":"z","event_type":"click"})";
    EXPECT_EQ(post(gzipped(event, 15), answer_accepted, api::Coding::Deflate).status, 202);
    EXPECT_EQ(post(gzipped(event, -15), answer_accepted, api::Coding::Deflate).status, 202);
    EXPECT_EQ(post(gzipped(event), answer_accepted, api::Coding::Deflate).status, 202);  // by its magic number
    EXPECT_EQ(journal_.counters().duplicate, 2u);
    EXPECT_EQ(post(event, answer_accepted, api::Coding::Deflate).status, 400);
    EXPECT_EQ(post(gzipped(event, 15) + "x", answer_accepted, api::Coding::Deflate).status, 400);
    EXPECT_EQ(
        post(gzipped(std::string(limits::kIngestBodyBytes + 1, ' '), 15), answer_accepted, api::Coding::Deflate).status,
        413);
}

TEST_F(IngestAnswersTest, DamagedGzipIsADeadLetterWithItsOffset) {
    std::string body = gzipped(R"({"event_id":"z","event_type":"click"})");
    for (const std::string& bad : {body.substr(0, body.size() - 9), body + "x", std::string("\x1f\x8b garbage"),
                                   std::string("no gzip at all")}) {
        const auto answer = post(bad, answer_accepted, api::Coding::Gzip);
        EXPECT_EQ(answer.status, 400) << answer.body;
        EXPECT_THAT(answer.body, HasSubstr(R"("field":"Content-Encoding","offset":)"));
    }
    EXPECT_EQ(journal_.counters().invalid, 4u);
}

TEST_F(IngestAnswersTest, ADecompressedBodyIsBoundedAtExactlyTheLimit) {
    std::string out;
    const std::string exact(limits::kIngestBodyBytes, ' ');
    EXPECT_TRUE(api::gunzip(gzipped(exact), limits::kIngestBodyBytes, out).ok());
    EXPECT_EQ(out.size(), limits::kIngestBodyBytes);
    const auto over = api::gunzip(gzipped(exact + " "), limits::kIngestBodyBytes, out);
    ASSERT_FALSE(over.ok());
    EXPECT_EQ(over.error().code, ErrorCode::TooLarge);
    const auto answer = post(gzipped(exact + " "));
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(journal_.counters().decoded, 0u);
}

TEST_F(IngestAnswersTest, AFullQueueIs503WithRetryAfterAndCounted) {
    journal_.inner.refuse(true);
    const auto answer = post(R"([{"event_type":"a"},{"event_type":"b"}])");
    EXPECT_EQ(answer.status, 503);
    ASSERT_EQ(answer.headers.size(), 1u);
    EXPECT_EQ(answer.headers[0].first, "Retry-After");
    EXPECT_EQ(post("not json").status, 503);  // not stored, so not answered as if it were
    EXPECT_EQ(stats_.totals().limited, 3u);
}

TEST_F(IngestAnswersTest, ACommitThatFailsIs503AndHealthKnowsUntilOneSucceeds) {
    EXPECT_FALSE(service_.failure().has_value());
    journal_.inner.fail_commits(1);
    const auto answer = post(R"({"event_type":"a"})");
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("nothing of this request was kept"));
    ASSERT_TRUE(service_.failure().has_value());
    EXPECT_EQ(post(R"({"event_type":"a"})").status, 202);
    EXPECT_FALSE(service_.failure().has_value());
}

TEST_F(IngestAnswersTest, OutcomesAreCounted) {
    post(R"([{"event_id":"1","event_type":"a"},{"event_id":"1","event_type":"a"},{"x":1}])");
    post("nonsense");
    EXPECT_EQ(stats_.totals(), (api::Outcomes{1, 1, 2, 0}));
}

}  // namespace
}  // namespace streamgauge
