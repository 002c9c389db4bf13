// SPDX-License-Identifier: GPL-3.0-or-later
// What the door itself costs for each request: decompression, decoding, policy, hand-over and the outcome, with a
// journal that takes no time.
#include <benchmark/benchmark.h>

#include "api/ingest_service.h"
#include "api/ingest_stats.h"
#include "support/open_ingest_policy.h"

namespace {

using namespace streamgauge;

// Answers at once, as if everything were on disk.
class InstantJournal final : public Journal {
public:
    bool append(AppendRequest&& request) override {
        Appended appended;
        for (std::size_t i = 0; i < request.batch.size(); ++i) appended.placements.push_back({next_++, false});
        request.done(std::move(appended), request.batch);
        return true;
    }
    Result<std::shared_ptr<const CommittedBatch>> read(Offset, std::size_t) override { return {nullptr}; }
    Result<std::vector<DeadLetter>> read_dead_letters(std::uint64_t, std::size_t) override {
        return std::vector<DeadLetter>{};
    }
    std::uint64_t next_dead_letter() const override { return 1; }
    void dead_letters_kept_to(std::uint64_t) override {}
    Offset end() const override { return next_; }
    Offset begin() const override { return 1; }
    JournalCounters counters() const override { return {}; }
    std::size_t pending() const override { return 0; }
    void on_commit(std::function<void()>) override {}
    void close() override {}

private:
    Offset next_ = 1;
};

void single_event(benchmark::State& state) {
    const SystemClock clock;
    InstantJournal journal;
    api::IngestStats stats;
    test::OpenIngestPolicy policy;
    api::IngestService service(api::IngestParts{journal, clock, stats, policy});
    std::string body =
        R"({"event_id":"0199a3f0-7d52-7b1c-9c3e-0123456789ab","user_id":"user-12345","event_type":"click",)"
        R"("page_url":"/products/12","session_id":"session-9876","timestamp":"2026-01-31T12:00:00Z","amount_usd":12.5})";
    const std::size_t size = body.size();
    body.resize(size + JsonDecoder::kPadding);
    const std::vector<std::pair<std::string_view, std::string_view>> headers{
        {"Host", "127.0.0.1:8080"}, {"User-Agent", "bench"}, {"Content-Type", "application/json"}};
    std::uint64_t accepted = 0;
    for (auto _ : state) {
        api::IngestRequest request;
        request.input.body = std::string_view(body).substr(0, size);
        request.input.padded_capacity = body.size();
        request.input.headers = headers;
        request.source = "/events";
        service.ingest(request, [&accepted](const Result<api::IngestOutcome>& outcome, Dialect) {
            accepted += outcome.ok() ? outcome->accepted : 0;
        });
    }
    if (accepted != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("not every event was accepted");
}
BENCHMARK(single_event);

}  // namespace

BENCHMARK_MAIN();
