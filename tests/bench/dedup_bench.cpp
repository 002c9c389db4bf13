// SPDX-License-Identifier: GPL-3.0-or-later
// Exact dedup over many random ids: fills a journal with events of random UUIDs (version 4), with repeats among them of
// which each has to be found, and no other; says every million ids how fast that went and what it took.
//   dedup_bench fill DIRECTORY IDS     a line of JSON for each million, then one for repeats alone
//   dedup_bench reopen DIRECTORY IDS   opens what fill left: the time, the memory, and repeats alone once more

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <random>

#include "base/clock.h"
#include "journal/dedup_run.h"
#include "journal/sqlite_journal.h"
#include "support/process_usage.h"

namespace streamgauge {
namespace {

using test::cpu_seconds, test::process_memory_mb;

constexpr std::uint64_t kMillion = 1'000'000;
constexpr std::uint64_t kBatch = 1000;
constexpr std::uint64_t kRepeats = 10;        // of a batch: half near, half anywhere before
constexpr std::uint64_t kNear = 20 * kBatch;  // events back
constexpr int kInFlight = 8;                  // requests

// A permutation of 64 bits (S. Vigna, splitmix64): the ids are random, and can be made again from their numbers.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9E37'79B9'7F4A'7C15;
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
    return x ^ (x >> 31);
}

// The UUID of an id's number, as text of 36 characters.
std::string_view uuid_of(std::uint64_t number, std::array<char, 36>& text) {
    constexpr char kHex[] = "0123456789abcdef";
    std::array<std::uint64_t, 2> words{mix(2 * number), mix(2 * number + 1)};
    words[0] = (words[0] & ~0xF000ULL) | 0x4000ULL;
    words[1] = (words[1] & ~(3ULL << 62)) | (2ULL << 62);
    std::size_t at = 0;
    for (std::size_t digit = 0; digit < 32; ++digit) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) text[at++] = '-';
        text[at++] = kHex[(words[digit / 16] >> (60 - 4 * (digit % 16))) & 15];
    }
    return {text.data(), text.size()};
}

double seconds_between(std::int64_t begin, std::int64_t end) {
    return static_cast<double>(end - begin) / 1e9;
}

struct Disk {
    int index_files = 0;
    double index_mb = 0, journal_mb = 0;
};
Disk disk_of(const std::string& directory) {
    Disk out;
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(directory, ignored)) {
        const auto size = std::filesystem::file_size(file, ignored);
        if (ignored) continue;  // gone meanwhile
        const bool index = DedupRun::is_name(file.path().filename().string());
        out.index_files += index ? 1 : 0;
        (index ? out.index_mb : out.journal_mb) += static_cast<double>(size) / 1e6;
    }
    return out;
}

// Sends batches and compares where each event was placed with where it has to be.
class Feeder {
public:
    explicit Feeder(Journal& journal) : journal_(journal) {}

    // `numbers`: of each event's id; those up to `known` are repeats. An id's number is its offset.
    void feed(const std::vector<std::uint64_t>& numbers, std::uint64_t known, Timestamp now) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return in_flight_ < kInFlight; });
            ++in_flight_;
        }
        AppendRequest request;
        auto expected = std::make_shared<std::vector<Placement>>();
        expected->reserve(numbers.size());
        std::array<char, 36> text{};
        for (const std::uint64_t number : numbers) {
            EventView event;
            event.event_id = uuid_of(number, text);
            event.event_type = "view";
            event.props = "{}";
            event.occurred_at = event.received_at = now;
            request.batch.add(event);
            expected->push_back({number, number <= known});
            known = std::max(known, number);
        }
        request.done = [this, expected](const Result<Appended>& result, const EventBatch&) {
            const bool right = result.ok() && std::equal(expected->begin(), expected->end(), result->placements.begin(),
                                                         result->placements.end(), [](const auto& a, const auto& b) {
                                                             return a.offset == b.offset && a.duplicate == b.duplicate;
                                                         });
            const std::lock_guard lock(mutex_);
            if (!right) ++wrong_;
            --in_flight_;
            changed_.notify_one();
        };
        if (!journal_.append(std::move(request))) {
            const std::lock_guard lock(mutex_);
            ++wrong_;
            --in_flight_;
        }
    }
    // Requests so far that were refused or in which an event was not placed where it belongs.
    std::uint64_t drain() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return in_flight_ == 0; });
        return wrong_;
    }

private:
    Journal& journal_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int in_flight_ = 0;
    std::uint64_t wrong_ = 0;
};

// Time since it was made, by the clock and by the processors.
class Stopwatch {
public:
    double seconds() const { return static_cast<double>(clock_.monotonic_nanos() - begin_) / 1e9; }
    double cpu() const { return cpu_seconds() - cpu_begin_; }

private:
    SystemClock clock_;
    std::int64_t begin_ = clock_.monotonic_nanos();
    double cpu_begin_ = cpu_seconds();
};

void say(const char* what, std::uint64_t ids, std::uint64_t events, const Stopwatch& watch,
         const std::string& directory, std::uint64_t repeats, std::uint64_t wrong) {
    const double seconds = watch.seconds(), cpu = watch.cpu();
    const Disk disk = disk_of(directory);
    double load = 0;
    (void)getloadavg(&load, 1);
    const auto count = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    std::printf(R"({"what":"%s","ids":%llu,"events_per_second":%.0f,"cpu_us":%.2f,"resident_mb":%.0f,)"
                R"("most_resident_mb":%.0f,"index_files":%d,"index_mb":%.0f,"journal_mb":%.0f,"repeats_found":%llu,)"
                R"("wrong":%llu,"load":%.1f})"
                "\n",
                what, count(ids), static_cast<double>(events) / seconds, cpu * 1e6 / static_cast<double>(events),
                process_memory_mb("VmRSS"), process_memory_mb("VmHWM"), disk.index_files, disk.index_mb,
                disk.journal_mb, count(repeats), count(wrong), load);
    std::fflush(stdout);
}

SqliteJournalOptions options_of(const std::string& directory) {
    SqliteJournalOptions options;
    options.directory = directory;
    options.retention_days = 0;
    options.retention_bytes = 0;
    return options;
}

// Repeats of ids from anywhere, each one the whole way through the index.
bool repeats_alone(Journal& journal, const std::string& directory, std::uint64_t ids) {
    const SystemClock clock;
    Feeder feeder(journal);
    std::mt19937_64 random(3);
    constexpr std::uint64_t kEvents = 300'000;
    const Stopwatch watch;
    for (std::uint64_t sent = 0; sent < kEvents; sent += kBatch) {
        std::vector<std::uint64_t> numbers;
        for (std::uint64_t i = 0; i < kBatch; ++i) numbers.push_back(random() % ids + 1);
        feeder.feed(numbers, ids, clock.now());
    }
    const std::uint64_t wrong = feeder.drain();
    say("repeats", ids, kEvents, watch, directory, kEvents, wrong);
    return wrong == 0;
}

bool fill(const std::string& directory, std::uint64_t ids) {
    const SystemClock clock;
    auto journal = open_sqlite_journal(options_of(directory), clock);
    if (!journal.ok()) {
        std::fprintf(stderr, "%s\n", journal.error().describe().c_str());
        return false;
    }
    Feeder feeder(**journal);
    std::mt19937_64 random(2);
    std::uint64_t next = 1, events = 0, repeats = 0;
    std::optional<Stopwatch> watch(std::in_place);
    while (next <= ids) {
        const std::uint64_t known = next - 1;
        std::vector<std::uint64_t> numbers;
        for (std::uint64_t i = 0; i < kBatch - kRepeats; ++i) numbers.push_back(next++);
        for (std::uint64_t i = 0; i < kRepeats && known > kNear; ++i) {
            numbers.push_back(i % 2 == 0 ? next - 1 - random() % kNear : random() % known + 1);
            ++repeats;
        }
        events += numbers.size();
        feeder.feed(numbers, known, clock.now());
        if ((next - 1) / kMillion == known / kMillion) continue;
        const std::uint64_t wrong = feeder.drain();
        say("fill", next - 1, events, *watch, directory, repeats, wrong);
        if (wrong != 0) return false;
        events = 0;
        watch.emplace();
    }
    if (feeder.drain() != 0 || !repeats_alone(**journal, directory, next - 1)) return false;
    const JournalCounters counters = (*journal)->counters();
    const std::int64_t closing = clock.monotonic_nanos();
    (*journal)->close();
    std::printf(R"({"what":"closed","ids":%llu,"duplicates":%llu,"seconds":%.2f})"
                "\n",
                static_cast<unsigned long long>(next - 1), static_cast<unsigned long long>(counters.duplicate),
                seconds_between(closing, clock.monotonic_nanos()));
    return counters.accepted == next - 1;
}

bool reopen(const std::string& directory, std::uint64_t ids) {
    const SystemClock clock;
    const std::int64_t begin = clock.monotonic_nanos();
    auto journal = open_sqlite_journal(options_of(directory), clock);
    if (!journal.ok()) {
        std::fprintf(stderr, "%s\n", journal.error().describe().c_str());
        return false;
    }
    std::printf(R"({"what":"opened","ids":%llu,"seconds":%.2f,"resident_mb":%.0f})"
                "\n",
                static_cast<unsigned long long>((*journal)->end() - 1), seconds_between(begin, clock.monotonic_nanos()),
                process_memory_mb("VmRSS"));
    return (*journal)->end() - 1 >= ids && repeats_alone(**journal, directory, ids);
}

}  // namespace
}  // namespace streamgauge

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    std::uint64_t ids = 0;
    if (arguments.size() == 3) {
        const std::string& text = arguments[2];
        (void)std::from_chars(text.data(), text.data() + text.size(), ids);
    }
    if (ids == 0 || (arguments[0] != "fill" && arguments[0] != "reopen")) {
        std::fprintf(stderr, "usage: dedup_bench fill|reopen DIRECTORY IDS\n");
        return 2;
    }
    const bool done =
        arguments[0] == "fill" ? streamgauge::fill(arguments[1], ids) : streamgauge::reopen(arguments[1], ids);
    return done ? 0 : 1;
}
