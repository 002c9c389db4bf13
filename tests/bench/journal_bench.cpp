// SPDX-License-Identifier: GPL-3.0-or-later
// How fast events are decoded and made durable: one decoding thread, one writer thread, half of the ids random UUIDs.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <mutex>

#include "base/histogram.h"
#include "event/decode.h"
#include "journal/sqlite_support.h"

namespace streamgauge {
namespace {

constexpr int kBatch = 1000;

Timestamp now() {
    return test::system_clock().now();
}

// About 200 bytes each. Half of the ids are time-ordered, half random.
std::string body_of(int events, UuidGenerator& uuids) {
    const std::string time = format_rfc3339(now());
    std::string body = "[";
    for (int i = 0; i < events; ++i) {
        if (i > 0) body += ',';
        body += R"({"event_id":")" + (i % 2 == 0 ? uuids.v4() : uuids.v7(now())) +
                R"(","event_type":"page_view","user_id":"user_)" + std::to_string(i * 7919 % 5000) +
                R"(","page_url":"/products/)" + std::to_string(i % 97) + R"(","session_id":"s)" +
                std::to_string(i % 800) + R"(","timestamp":")" + time + R"(","stream_id":"st)" +
                std::to_string(i % 11) + R"(","amount":12.5})";
    }
    return body + "]";
}

void decode_array(benchmark::State& state) {
    UuidGenerator uuids(1);
    const auto events = static_cast<int>(state.range(0));
    std::string body = body_of(events, uuids);
    const std::size_t size = body.size();
    body.resize(size + JsonDecoder::kPadding);
    JsonDecoder decoder;
    for (auto _ : state) {
        auto result = decoder.decode(std::string_view(body).substr(0, size), body.size(), false, now(), "default");
        if (!result.ok() || result->batch.size() != static_cast<std::size_t>(events))
            state.SkipWithError("not decoded");
        benchmark::DoNotOptimize(result);
    }
    state.SetItemsProcessed(state.iterations() * events);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}
BENCHMARK(decode_array)->Arg(1)->Arg(kBatch);

void decode_lines(benchmark::State& state) {
    UuidGenerator uuids(1);
    std::string body;
    for (int i = 0; i < kBatch; ++i) {
        const std::string one = body_of(1, uuids);
        body += one.substr(1, one.size() - 2) + "\n";
    }
    JsonDecoder decoder;
    for (auto _ : state) {
        auto result = decoder.decode(body, 0, true, now(), "default");
        benchmark::DoNotOptimize(result);
    }
    state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(decode_lines);

// Keeps `in_flight` requests going; waits for the last answers.
class Feeder {
public:
    explicit Feeder(Journal& journal, int in_flight) : journal_(journal), free_(in_flight), most_(in_flight) {}
    void feed(EventBatch batch) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return free_ > 0; });
            --free_;
        }
        AppendRequest request;
        request.batch = std::move(batch);
        const std::int64_t start = test::system_clock().monotonic_nanos();
        request.done = [this, start](const Result<Appended>& result, const EventBatch&) {
            const std::int64_t micros = (test::system_clock().monotonic_nanos() - start) / 1000;
            const std::lock_guard lock(mutex_);
            if (!result.ok()) ++failed_;
            latency_.record(micros);
            ++free_;
            changed_.notify_one();
        };
        if (!journal_.append(std::move(request))) {
            const std::lock_guard lock(mutex_);
            ++failed_;
            ++free_;
        }
    }
    int drain() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return free_ == most_; });
        return failed_;
    }
    const Histogram& latency() const { return latency_; }

private:
    Journal& journal_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int free_, failed_ = 0;
    const int most_;
    Histogram latency_;
};

void report(benchmark::State& state, Feeder& feeder, int events_per_request) {
    if (feeder.drain() != 0) state.SkipWithError("a request failed");
    state.SetItemsProcessed(state.iterations() * events_per_request);
    state.counters["p50_us"] = static_cast<double>(feeder.latency().quantile_micros(0.5));
    state.counters["p99_us"] = static_cast<double>(feeder.latency().quantile_micros(0.99));
    state.counters["max_us"] = static_cast<double>(feeder.latency().max_micros());
}

// The whole way: decode on this thread, append on the journal's.
void decode_and_append(benchmark::State& state) {
    const test::ScratchDirectory directory;
    const auto journal = test::open_journal(test::options_in(directory));
    UuidGenerator uuids(2);
    std::vector<std::string> bodies;
    const auto requests = static_cast<std::size_t>(state.max_iterations);
    for (std::size_t i = 0; i < requests; ++i) bodies.push_back(body_of(kBatch, uuids));
    JsonDecoder decoder;
    Feeder feeder(*journal, 8);
    std::size_t next = 0;
    for (auto _ : state) {
        auto decoded = decoder.decode(bodies[next++], 0, false, now(), "default");
        feeder.feed(std::move(decoded->batch));
    }
    report(state, feeder, kBatch);
}
BENCHMARK(decode_and_append)->Iterations(2000)->UseRealTime()->Unit(benchmark::kMillisecond);

// Ids that are known already: nothing is stored but the counters.
void append_repeats(benchmark::State& state) {
    const test::ScratchDirectory directory;
    const auto journal = test::open_journal(test::options_in(directory));
    UuidGenerator uuids(3);
    const std::string body = body_of(kBatch, uuids);
    JsonDecoder decoder;
    Feeder feeder(*journal, 8);
    for (auto _ : state) feeder.feed(std::move(decoder.decode(body, 0, false, now(), "default")->batch));
    report(state, feeder, kBatch);
}
BENCHMARK(append_repeats)->Iterations(1000)->UseRealTime()->Unit(benchmark::kMillisecond);

// Requests of one event, as many open at once as connections: what a commit costs.
void append_single_events(benchmark::State& state) {
    const test::ScratchDirectory directory;
    const auto journal = test::open_journal(test::options_in(directory));
    UuidGenerator uuids(4);
    Feeder feeder(*journal, static_cast<int>(state.range(0)));
    for (auto _ : state) {
        EventBatch batch;
        const std::string id = uuids.v7(now());
        EventView v;
        v.event_id = id;
        v.event_type = "page_view";
        v.user_id = "user_17";
        v.session_id = "s1";
        v.page_url = "/products/5";
        v.props = "{}";
        v.occurred_at = v.received_at = now();
        batch.add(v);
        feeder.feed(std::move(batch));
    }
    report(state, feeder, 1);
}
BENCHMARK(append_single_events)->Arg(1)->Arg(64)->Iterations(50'000)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace streamgauge

BENCHMARK_MAIN();
