// SPDX-License-Identifier: GPL-3.0-or-later
// How fast an empty store is rebuilt from a journal, and how fast the next start is: a shop's days, the contract's
// metrics, the real journal, pipeline and store.
//   replay_bench DIRECTORY EVENTS DAYS     fills DIRECTORY with EVENTS events over DAYS where it is empty
// Prints one line of JSON. Fails when what was aggregated is not what was stored.

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "bench/shop_events.h"
#include "journal/sqlite_journal.h"
#include "pipeline/pipeline.h"
#include "store/sqlite_result_store.h"
#include "support/process_usage.h"

namespace streamgauge {
namespace {

using test::cpu_seconds, test::process_memory_mb;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kBatch = 1'000;
constexpr int kInFlight = 8;  // requests

double seconds_since(SteadyClock::time_point begin) {
    return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::_Exit(1);
}

void fill(Journal& journal, std::uint64_t events, double days) {
    bench::Shop shop(static_cast<std::uint64_t>(static_cast<double>(events) * bench::kShopDays / days));
    std::mutex mutex;
    std::condition_variable changed;
    int in_flight = 0;
    for (std::uint64_t at = 0; at < events;) {
        AppendRequest request;
        for (std::uint64_t i = 0; i < kBatch && at < events; ++i, ++at) request.batch.add(shop.event(at));
        request.done = [&](const Result<Appended>& appended, const EventBatch&) {
            if (!appended.ok()) give_up("the journal refused events: " + appended.error().describe());
            const std::lock_guard lock(mutex);
            --in_flight;
            changed.notify_one();
        };
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return in_flight < kInFlight; });
        ++in_flight;
        lock.unlock();
        // A full queue refuses, and takes more once its writer has gone on.
        while (!journal.append(std::move(request))) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return in_flight == 0; });
}

std::unique_ptr<ResultStore> open_store(const std::string& path) {
    auto store = open_sqlite_result_store(path);
    if (!store.ok()) give_up(store.error().describe());
    return std::move(store).value();
}

int run(const std::string& directory, std::uint64_t events, double days) {
    std::filesystem::create_directories(directory);
    const SystemClock clock;
    SqliteJournalOptions options;
    options.directory = directory;
    options.retention_days = 0;
    options.retention_bytes = 0;
    auto opened = open_sqlite_journal(options, clock);
    if (!opened.ok()) give_up(opened.error().describe());
    Journal& journal = **opened;
    if (journal.end() == 1) fill(journal, events, days);
    if (journal.end() != events + 1) give_up("the journal has another number of events");

    const std::string path = directory + "/store.db";
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
    double replay_seconds = 0, replay_cpu = 0;
    PartitionState state;
    {
        const auto store = open_store(path);
        const auto begin = SteadyClock::now();
        const double cpu = cpu_seconds();
        auto pipeline = Pipeline::start(journal, *store, clock);
        if (!pipeline.ok()) give_up(pipeline.error().describe());
        (*pipeline)->wake();
        while ((*pipeline)->status().committed != journal.end()) {
            if ((*pipeline)->status().failure) give_up((*pipeline)->status().failure->describe());
            std::this_thread::sleep_for(std::chrono::milliseconds(5));  // how exactly the end is seen
        }
        replay_seconds = seconds_since(begin);
        replay_cpu = cpu_seconds() - cpu;
        state = (*pipeline)->status().state;
    }
    if (state.aggregated + state.too_late != events) give_up("not every event was counted");
    const auto begin = SteadyClock::now();
    const auto store = open_store(path);
    const auto pipeline = Pipeline::start(journal, *store, clock);
    if (!pipeline.ok()) give_up(pipeline.error().describe());
    std::printf(
        "{\"events\":%llu,\"days\":%g,\"replay_seconds\":%.3f,\"events_per_second\":%.0f,\"cpu_micros_an_event\":%.3f,"
        "\"peak_mb\":%.0f,\"store_mb\":%.0f,\"start_seconds\":%.3f,\"late\":%llu,\"too_late\":%llu}\n",
        static_cast<unsigned long long>(events), days, replay_seconds, static_cast<double>(events) / replay_seconds,
        replay_cpu * 1e6 / static_cast<double>(events), process_memory_mb("VmHWM"),
        static_cast<double>(std::filesystem::file_size(path)) / 1e6, seconds_since(begin),
        static_cast<unsigned long long>(state.late), static_cast<unsigned long long>(state.too_late));
    return 0;
}

}  // namespace
}  // namespace streamgauge

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "replay_bench DIRECTORY EVENTS DAYS\n");
        return 2;
    }
    return streamgauge::run(argv[1], std::strtoull(argv[2], nullptr, 10), std::strtod(argv[3], nullptr));
}
