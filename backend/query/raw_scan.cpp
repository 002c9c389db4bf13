// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/raw_scan.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace streamgauge::query {
namespace {

constexpr int kNice = 10;  // behind whatever takes events in
constexpr std::chrono::milliseconds kLook{20};

// Threads of one task, and a wait for them that looks at the watch.
class Crew {
public:
    // Of what the system has no thread for, the others do more; without any this one does it all.
    Crew(std::size_t threads, const std::function<void(std::size_t)>& work) {
        threads_.reserve(threads);
        try {
            for (std::size_t i = 0; i < threads; ++i) {
                {
                    const std::lock_guard lock(mutex_);
                    ++running_;
                }
                threads_.emplace_back([this, i, &work] {
                    pthread_setname_np(pthread_self(), "question");
                    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
                    work(i);
                    const std::lock_guard lock(mutex_);
                    if (--running_ == 0) ended_.notify_one();
                });
            }
        } catch (const std::system_error&) {
            if (threads_.empty()) work(0);
            const std::lock_guard lock(mutex_);
            --running_;
        }
    }
    ~Crew() {
        for (std::thread& thread : threads_) thread.join();
    }
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    // True once all have ended.
    bool wait() {
        std::unique_lock lock(mutex_);
        return ended_.wait_for(lock, kLook, [this] { return running_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable ended_;
    std::size_t running_ = 0;
    std::vector<std::thread> threads_;
};

unsigned column_of(Field field) {
    switch (field) {
        case Field::EventType:
            return column::kEventType;
        case Field::UserId:
            return column::kUserId;
        case Field::SessionId:
            return column::kSessionId;
        case Field::PageUrl:
            return column::kPageUrl;
        case Field::Prop:
            return column::kProps;
        case Field::EventId:
            return column::kEventId;
        case Field::SchemaVersion:
            return column::kSchemaVersion;
        case Field::Bot:
            return column::kFlags;
        case Field::ReceivedAt:
            return column::kReceivedAt;
        case Field::Project:
        case Field::OccurredAt:
            return 0;
    }
    return 0;
}

// When the oldest event that is kept arrived; nothing when all that ever came are kept.
Result<std::optional<Timestamp>> kept_from(Journal& journal) {
    for (;;) {
        const Offset begin = journal.begin();
        if (begin <= 1 || begin >= journal.end()) return std::optional<Timestamp>();
        const auto run = journal.read(begin, 1);
        if (run.ok() && *run)
            return std::optional(begin < (*run)->next() ? (*run)->batch[begin - (*run)->first].received_at
                                                        : Timestamp{});
        if (!run.ok() && run.error().code != ErrorCode::NotFound) return run.error();
        if (begin == journal.begin()) return std::optional<Timestamp>();
    }
}

}  // namespace

Result<RawScan> scan_events(Journal& journal, const ScanRequest& request, Offset end,
                            const std::vector<RawWorker*>& workers, const Watch& watch, double begin, double finish) {
    RawScan out;
    const std::unique_ptr<EventScan> scan = journal.scan();
    const auto found = scan->pieces(request, end);
    if (!found.ok()) return found.error();
    const std::vector<ScanPiece>& pieces = *found;
    std::atomic<std::size_t> next{0}, done{0};
    std::atomic<std::uint64_t> events{0};
    std::atomic<bool> stop{false}, full{false};
    std::mutex mutex;
    std::optional<Error> failure;
    const std::function<void(std::size_t)> work = [&](std::size_t thread) {
        RawWorker& worker = *workers[thread];
        for (std::size_t i = next++; i < pieces.size() && !stop; i = next++) {
            const Result<bool> read = scan->visit(pieces[i], request, worker, stop);
            if (!read.ok()) {
                const std::lock_guard lock(mutex);
                // What others end with is only that they were told to.
                if (!failure && !stop) failure = read.error();
                stop = true;
                return;
            }
            if (*read) events += pieces[i].to - pieces[i].from;
            ++done;
            if (worker.full) full = stop = true;
        }
    };
    const auto report = [&] {
        const double share = pieces.empty() ? 1 : static_cast<double>(done.load()) / static_cast<double>(pieces.size());
        watch.report(begin + (finish - begin) * share);
    };
    {
        Crew crew(workers.size(), work);
        for (bool ended = false; !crew.wait();) {
            if (!ended && watch.ended()) ended = stop = true;
            report();
        }
    }
    if (watch.ended()) return Watch::cancelled_error();
    if (failure) return *failure;
    report();
    out.events = events;
    out.full = full;
    const auto kept = kept_from(journal);
    if (!kept.ok()) return kept.error();
    if (*kept && (*kept)->micros > request.from_micros) out.complete_from = *kept;
    return out;
}

Status run_jobs(std::size_t threads, std::size_t jobs, const std::function<void(std::size_t)>& job,
                const Watch& watch) {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> stop{false};
    const std::function<void(std::size_t)> work = [&](std::size_t) {
        for (std::size_t i = next++; i < jobs && !stop; i = next++) job(i);
    };
    {
        Crew crew(std::min(threads, jobs), work);
        while (!crew.wait())
            if (watch.ended()) stop = true;
    }
    return watch.ended() ? Status(Watch::cancelled_error()) : Status();
}

std::size_t raw_threads() {
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
}

std::size_t RawFields::add(const FieldPath& path) {
    const auto found = std::find(fields_.begin(), fields_.end(), path);
    const auto at = static_cast<std::size_t>(found - fields_.begin());
    if (found == fields_.end()) fields_.push_back(path);
    return at;
}

std::vector<std::size_t> RawFields::add(const std::vector<FieldPath>& paths) {
    std::vector<std::size_t> out;
    for (const FieldPath& path : paths) out.push_back(add(path));
    return out;
}

unsigned RawFields::columns() const {
    unsigned columns = 0;
    for (const FieldPath& path : fields_) columns |= column_of(path.field);
    return columns;
}

}  // namespace streamgauge::query
