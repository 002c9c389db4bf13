// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/sqlite_journal.h"

#include <pthread.h>
#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <thread>

#include "base/log.h"
#include "journal/append_queue.h"
#include "journal/background.h"
#include "journal/checkpointer.h"
#include "journal/dedup_index.h"
#include "journal/recent_batches.h"
#include "journal/retention.h"
#include "journal/span_file.h"
#include "journal/span_list.h"
#include "journal/span_reader.h"
#include "journal/span_scan.h"

namespace streamgauge {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReaderPatience{200};
constexpr std::int64_t kMicrosPerDay = 86'400LL * Timestamp::kMicrosPerSecond;

class SqliteJournal final : public Journal {
public:
    SqliteJournal(const SqliteJournalOptions& options, const Clock& clock);
    ~SqliteJournal() override { close(); }
    Status open();

    bool append(AppendRequest&& request) override { return queue_.push(std::move(request)); }
    Result<std::shared_ptr<const CommittedBatch>> read(Offset from, std::size_t max_events) override;
    Result<std::vector<DeadLetter>> read_dead_letters(std::uint64_t from, std::size_t max) override;
    std::uint64_t next_dead_letter() const override { return next_dead_letter_.load(std::memory_order_acquire); }
    void dead_letters_kept_to(std::uint64_t id) override { letters_kept_to_.store(id, std::memory_order_release); }
    void tend_retention() override {
        keeper_->post([this] { retention_->run(); });
    }
    Offset end() const override { return end_.load(std::memory_order_acquire); }
    Offset begin() const override { return spans_.begin(); }
    JournalCounters counters() const override {
        const std::lock_guard lock(counters_mutex_);
        return counters_;
    }
    DedupFigures dedup() const override {
        const std::lock_guard lock(counters_mutex_);
        return dedup_figures_;
    }
    Result<EventPlace> find(std::string_view project, std::string_view event_id) override;
    Result<EventPlace> place(Offset offset) override;
    std::unique_ptr<EventScan> scan() override {
        return std::make_unique<SpanScan>(options_.directory, span_options_, spans_, reader_, zones_);
    }
    std::size_t pending() const override { return queue_.pending_events(); }
    void on_commit(std::function<void()> listener) override { listener_ = std::move(listener); }
    void close() override;

private:
    struct Group {
        std::vector<AppendRequest> requests;
        std::vector<Appended> answers;
        SpanTotals totals;  // after the commit
        Timestamp newest;
    };
    std::string path_of(Offset first) const { return options_.directory + "/" + SpanFile::name(first); }
    Status open_newest_span();
    Status load_dedup();
    DedupFigures dedup_figures() const;
    Result<Offset> first_within_horizon();
    Result<SpanReader::Found> found_at(Offset offset);

    void write_until_closed();
    Status store(Group& group);
    Status store_request(Group& group, std::size_t index);
    Status start_new_span_if_due(const Group& group);
    void publish(Group& group);
    void answer(Group& group, const Status& status);
    void tend_log();

    const SqliteJournalOptions options_;
    const Clock& clock_;
    const SpanFileOptions span_options_;
    AppendQueue queue_;
    RecentBatches recent_;
    SpanList spans_;
    SpanReader reader_;
    ScanZones zones_;
    std::atomic<Offset> end_{1};
    std::atomic<std::uint64_t> next_dead_letter_{1};
    std::atomic<std::uint64_t> letters_kept_to_{0};
    mutable std::mutex counters_mutex_;
    JournalCounters counters_;
    DedupFigures dedup_figures_;
    std::function<void()> listener_;

    // The writer thread's own.
    std::optional<SpanFile> span_;
    std::optional<DedupIndex> dedup_;
    // The batch that a request's callback is shown, when it was moved into what readers get.
    std::shared_ptr<const CommittedBatch> moved_;

    std::optional<Background> background_;  // for dedup
    std::optional<Background> keeper_;      // for retention, which takes as long as those whom it asks
    std::optional<Checkpointer> checkpointer_;
    std::optional<Retention> retention_;
    std::mutex close_mutex_;
    std::thread writer_;
};

SqliteJournal::SqliteJournal(const SqliteJournalOptions& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      span_options_{options.vfs, options.synchronous_full},
      queue_(options.queue_events, options.queue_bytes),
      recent_(options.recent_bytes),
      reader_(options.directory, span_options_) {}

// ---- opening -------------------------------------------------------------------------------------------------------

Status SqliteJournal::open() {
    if (sodium_init() < 0) return Error::make(ErrorCode::Internal, "libsodium does not start");
    if (Status s = open_newest_span(); !s.ok()) return s;
    end_ = span_->totals().next;
    next_dead_letter_ = span_->totals().next_dead_letter;
    counters_ = span_->totals().counters;
    background_.emplace();
    keeper_.emplace("journal-retain");
    if (Status s = load_dedup(); !s.ok()) return s;
    dedup_figures_ = dedup_figures();
    // Not before: the size of a span is known when its log is empty.
    checkpointer_.emplace(span_options_, [this] { keeper_->post([this] { retention_->run(); }); });
    checkpointer_->follow(path_of(span_->first()));
    RetentionOptions keep;
    keep.directory = options_.directory;
    keep.vfs = options_.vfs;
    keep.days = options_.retention_days;
    keep.bytes = options_.retention_bytes;
    keep.headroom_bytes = options_.span_bytes;
    keep.before_unlink = options_.before_unlink;
    retention_.emplace(
        keep, clock_, spans_, reader_, queue_, [this]() -> SpanFile& { return *span_; },
        [this] { return letters_kept_to_.load(std::memory_order_acquire); });
    writer_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "journal-writer");
        write_until_closed();
    });
    keeper_->post([this] { retention_->run(); });
    return {};
}

Status SqliteJournal::open_newest_span() {
    std::vector<Offset> firsts;
    std::error_code error;
    std::vector<std::string> logs;
    for (const auto& file : std::filesystem::directory_iterator(options_.directory, error)) {
        const std::string name = file.path().filename().string();
        if (const auto first = SpanFile::first_from_name(name)) firsts.push_back(*first);
        if (name.ends_with(".db-wal")) logs.push_back(name.substr(0, name.size() - 4));
    }
    // Logs that lost their file when the power was cut, or a reader held up, their unlinking.
    for (const std::string& name : logs) {
        const auto first = SpanFile::first_from_name(name);
        if (first && std::find(firsts.begin(), firsts.end(), *first) == firsts.end())
            if (Status s = remove_span(path_of(*first), options_.vfs); !s.ok()) return s;
    }
    if (error) return Error::make(ErrorCode::Io, "cannot list " + options_.directory + ": " + error.message());
    std::sort(firsts.begin(), firsts.end());
    while (!firsts.empty() && !span_) {
        Result<SpanFile> span = SpanFile::open(path_of(firsts.back()), span_options_);
        if (span.ok()) {
            span_ = std::move(span).value();
        } else if (span.error().code == ErrorCode::NotFound) {
            if (Status s = remove_span(path_of(firsts.back()), options_.vfs); !s.ok()) return s;
            firsts.pop_back();
        } else {
            return span.error();
        }
    }
    if (!span_) {
        DedupSecret secret;
        randombytes_buf(secret.data(), secret.size());
        Result<SpanFile> span = SpanFile::create(path_of(1), span_options_, 1, SpanTotals{}, secret, {});
        if (!span.ok()) return span.error();
        span_ = std::move(span).value();
        firsts.push_back(1);
    }
    for (const Offset first : firsts) spans_.add(first);
    return {};
}

// By bisection: received_at rises with the offset, but for jitter that only makes dedup read a few events twice.
Result<Offset> SqliteJournal::first_within_horizon() {
    const Offset end = span_->totals().next;
    Offset low = spans_.begin(), high = end;
    if (low == end) return end;
    const Result<Timestamp> newest = reader_.received_at(spans_.span_of(end - 1), end - 1);
    if (!newest.ok()) return newest.error();
    const std::int64_t cutoff = newest->micros - std::chrono::microseconds(options_.dedup_horizon).count();
    while (low < high) {
        const Offset middle = low + (high - low) / 2;
        const Result<Timestamp> at = reader_.received_at(spans_.span_of(middle), middle);
        if (!at.ok()) return at.error();
        if (at->micros < cutoff)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Status SqliteJournal::load_dedup() {
    const Result<Offset> from = first_within_horizon();
    if (!from.ok()) return from.error();
    DedupOptions options;
    options.directory = options_.directory;
    options.vfs = options_.vfs;
    options.secret = span_->secret();
    options.memory_entries = options_.dedup_memory_entries;
    options.max_bytes = options_.dedup_max_bytes;
    if (options.max_bytes != 0) {
        // Tables, at less than 192 bytes for each id of a full one and its successor, shall not take the most of it.
        options.memory_entries = std::min<std::size_t>(options.memory_entries, options.max_bytes / 512);
    }
    options.horizon_micros = std::chrono::microseconds(options_.dedup_horizon).count();
    dedup_.emplace(options, *background_);
    return dedup_->load(*from, span_->totals().next, [&](Offset at, Offset to, const DedupIndex::Visitor& visit) {
        const auto visit_row = [&](Offset offset, std::string_view project, std::string_view id, Timestamp received_at,
                                   bool id_from_door) {
            if (id_from_door) return visit(offset, received_at, std::nullopt);
            return visit(offset, received_at, dedup_hash(project, id, span_->secret()));
        };
        while (at < to) {
            const Offset first = spans_.span_of(at);
            const Offset last = std::min(to, spans_.end_of(first, to));
            if (Status s = reader_.visit_ids(first, at, last, visit_row); !s.ok()) return s;
            at = last;
        }
        return Status();
    });
}

DedupFigures SqliteJournal::dedup_figures() const {
    return {dedup_->known_micros() / Timestamp::kMicrosPerSecond, std::chrono::seconds(options_.dedup_horizon).count(),
            dedup_->memory_bytes()};
}

// ---- reading -------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<const CommittedBatch>> SqliteJournal::read(Offset from, std::size_t max_events) {
    const Offset end_now = end();
    if (from == end_now) return std::shared_ptr<const CommittedBatch>();
    if (from > end_now) return Error::make(ErrorCode::InvalidArgument, "beyond the end of the journal");
    if (auto batch = recent_.find(from)) return batch;
    const auto gone = [&] {
        Error e = Error::make(ErrorCode::NotFound, "event " + std::to_string(from) + " is no longer in the journal");
        e.offset = spans_.begin();
        return e;
    };
    if (from < spans_.begin()) return gone();
    auto run = reader_.read(spans_.span_of(from), from, end_now, max_events);
    if (run.ok() && *run) return run;
    if (from < spans_.begin()) return gone();  // retention was quicker
    return run.ok() ? Error::make(ErrorCode::Corrupt, "the journal lacks event " + std::to_string(from)) : run.error();
}

// Letters that retention carried on stand in the newest span, with ids before those of the spans between. While it
// carries them they stand in two.
Result<std::vector<DeadLetter>> SqliteJournal::read_dead_letters(std::uint64_t from, std::size_t max) {
    const std::uint64_t after = std::max<std::uint64_t>(from, 1) - 1;
    const std::vector<Offset> spans = spans_.all();
    const auto gone = [&] { return spans.front() < spans_.begin(); };  // retention was quicker: all over again
    std::map<std::uint64_t, Offset> where;
    for (const Offset span : spans) {
        const auto ids = reader_.dead_letter_ids(span, after, max);
        if (!ids.ok()) return gone() ? read_dead_letters(from, max) : ids.error();
        for (const std::uint64_t id : *ids) where.emplace(id, span);
        while (where.size() > max) where.erase(std::prev(where.end()));
    }
    std::vector<DeadLetter> out;
    for (auto at = where.begin(); at != where.end();) {
        const Offset span = at->second;
        const std::uint64_t first = at->first;
        std::size_t run = 0;
        for (; at != where.end() && at->second == span; ++at) ++run;
        auto some = reader_.dead_letters(span, first - 1, run);
        if (!some.ok() || some->size() != run)
            return gone()      ? read_dead_letters(from, max)
                   : some.ok() ? Error::make(ErrorCode::Corrupt, "a dead letter is missing")
                               : some.error();
        for (DeadLetter& letter : *some) out.push_back(std::move(letter));
    }
    return out;
}

Result<SpanReader::Found> SqliteJournal::found_at(Offset offset) {
    const auto gone = [&] {
        Error e = Error::make(ErrorCode::NotFound, "event " + std::to_string(offset) + " is no longer in the journal");
        e.offset = offset;
        return e;
    };
    if (offset < spans_.begin()) return gone();
    auto found = reader_.place(spans_.span_of(offset), offset);
    if (!found.ok() && offset < spans_.begin()) return gone();  // retention was quicker
    return found;
}

Result<EventPlace> SqliteJournal::place(Offset offset) {
    auto found = found_at(offset);
    if (!found.ok()) return found.error();
    return std::move(found->place);
}

Result<EventPlace> SqliteJournal::find(std::string_view project, std::string_view event_id) {
    auto known = std::make_shared<std::promise<Result<std::optional<Offset>>>>();
    std::future<Result<std::optional<Offset>>> answer = known->get_future();
    const bool taken =
        queue_.push_errand([this, known, project = std::string(project), event_id = std::string(event_id)] {
            known->set_value(dedup_->find(dedup_hash(project, event_id, span_->secret())));
        });
    if (!taken) return Error::make(ErrorCode::Unavailable, "the journal is closing");
    const Result<std::optional<Offset>> offset = answer.get();
    if (!offset.ok()) return offset.error();
    const auto unknown = [] { return Error::make(ErrorCode::NotFound, "no such id is known"); };
    if (!*offset) return unknown();
    auto found = found_at(**offset);
    if (!found.ok()) return found.error();
    // A hash says "most probably".
    if (found->event_id != event_id || found->place.project != project) return unknown();
    return std::move(found->place);
}

// ---- writing -------------------------------------------------------------------------------------------------------

void SqliteJournal::write_until_closed() {
    Group group;
    std::vector<std::function<void()>> errands;
    while (queue_.take(options_.commit_events, group.requests, errands)) {
        for (const auto& errand : errands) errand();
        if (group.requests.empty()) continue;
        group.answers.assign(group.requests.size(), Appended{{}, clock_.monotonic_nanos()});
        group.totals = span_->totals();
        group.newest = Timestamp{0};
        const Status status = store(group);
        if (status.ok()) {
            dedup_->commit(group.totals.next, group.newest);
            publish(group);
        } else {
            span_->rollback();
            dedup_->rollback();
            log::error("journal_commit_failed", "nothing of these requests was stored",
                       {{"requests", std::to_string(group.requests.size())}, {"error", status.error().describe()}});
        }
        queue_.finish();
        bool grown = status.ok() && group.totals.next != end_.exchange(group.totals.next);
        if (status.ok() && group.totals.next_dead_letter != next_dead_letter_.exchange(group.totals.next_dead_letter))
            grown = true;
        answer(group, status);
        if (grown && listener_) listener_();
        tend_log();
    }
}

Status SqliteJournal::store(Group& group) {
    if (Status s = start_new_span_if_due(group); !s.ok()) return s;
    if (Status s = span_->begin(); !s.ok()) return s;
    for (std::size_t i = 0; i < group.requests.size(); ++i)
        if (Status s = store_request(group, i); !s.ok()) return s;
    return span_->commit(group.totals);
}

Status SqliteJournal::store_request(Group& group, std::size_t index) {
    const AppendRequest& request = group.requests[index];
    const std::string& project = request.batch.project();
    std::vector<Placement>& placements = group.answers[index].placements;
    SpanTotals& totals = group.totals;
    const bool system = project == kSystemProject;
    std::optional<std::uint32_t> door;
    placements.reserve(request.batch.size());
    for (std::size_t i = 0; i < request.batch.size(); ++i) {
        const EventView event = request.batch[i];
        if (!event.id_from_door) {
            const DedupHash hash = dedup_hash(project, event.event_id, span_->secret());
            const auto before = dedup_->find_or_add(hash, totals.next, event.received_at);
            if (!before.ok()) return before.error();
            if (*before) {
                placements.push_back({**before, true});
                totals.counters.duplicate += system ? 0 : 1;
                continue;
            }
        }
        if (!door) {
            const auto number = span_->door_number(request.source, request.dialect, request.sender);
            if (!number.ok()) return number.error();
            door = *number;
        }
        if (Status s = span_->insert(totals.next, project, event, *door); !s.ok()) return s;
        placements.push_back({totals.next++, false});
        ++(system ? totals.counters.system : totals.counters.accepted);
        group.newest = std::max(group.newest, event.received_at);
    }
    for (const Rejection& rejection : request.rejected) {
        DeadLetter letter;
        letter.id = totals.next_dead_letter++;
        letter.project = project;
        letter.source = request.source;
        letter.dialect = request.dialect;
        letter.producer = request.producer;
        letter.event_id = rejection.event_id;
        letter.received_at = clock_.now();
        letter.item = rejection.index;
        letter.reason = rejection.reason;
        letter.field = rejection.field;
        letter.offset = rejection.offset;
        letter.raw = rejection.raw.substr(0, limits::kDeadLetterRawBytes);
        // Decoders cut already: one that is exactly as long as the limit counts as cut.
        letter.raw_cut = rejection.raw.size() >= limits::kDeadLetterRawBytes;
        if (Status s = span_->insert(letter); !s.ok()) return s;
        ++totals.counters.invalid;
    }
    totals.counters.invalid += request.rejected_not_kept;
    totals.counters.dead_letters_not_kept += request.rejected_not_kept;
    totals.counters.decoded +=
        (system ? 0 : request.batch.size()) + request.rejected.size() + request.rejected_not_kept;
    return {};
}

// A new file when the UTC day of received_at changes, or when the old one is large enough.
Status SqliteJournal::start_new_span_if_due(const Group& group) {
    const auto first_event = std::find_if(group.requests.begin(), group.requests.end(),
                                          [](const AppendRequest& r) { return !r.batch.empty(); });
    if (first_event == group.requests.end() || !span_->first_received_at()) return {};
    const Timestamp day = floor_to(first_event->batch[0].received_at, kMicrosPerDay);
    if (day <= floor_to(*span_->first_received_at(), kMicrosPerDay) && span_->size_bytes() < options_.span_bytes)
        return {};
    const SpanTotals totals = span_->totals();
    const std::string path = path_of(totals.next);
    Result<std::vector<Seal>> seals = span_->seals();
    if (!seals.ok()) return seals.error();
    // A disk that was full a moment ago may have left the beginning of one.
    if (Status s = remove_span(path, options_.vfs); !s.ok()) return s;
    Result<SpanFile> next = SpanFile::create(path, span_options_, totals.next, totals, span_->secret(), seals.value());
    if (!next.ok()) {
        (void)remove_span(path, options_.vfs);
        return next.error();
    }
    spans_.add(totals.next);
    checkpointer_->follow(path);
    checkpointer_->finish(std::exchange(*span_, std::move(next).value()));
    return {};
}

// One batch for readers for each run of requests of one project: the request's own when there is only one.
void SqliteJournal::publish(Group& group) {
    {
        const std::lock_guard lock(counters_mutex_);
        counters_ = group.totals.counters;
        dedup_figures_ = dedup_figures();
    }
    Offset first = group.totals.next;
    for (const Appended& answer : group.answers)
        for (const Placement& p : answer.placements)
            if (!p.duplicate) first = std::min(first, p.offset);
    moved_.reset();
    std::shared_ptr<CommittedBatch> open;
    const auto push = [&] {
        if (open && !open->batch.empty()) {
            first = open->next();
            recent_.push(std::move(open));
        }
        open.reset();
    };
    for (std::size_t i = 0; i < group.requests.size(); ++i) {
        EventBatch& batch = group.requests[i].batch;
        const std::vector<Placement>& placements = group.answers[i].placements;
        const bool all_new =
            std::none_of(placements.begin(), placements.end(), [](const auto& p) { return p.duplicate; });
        if (open && open->batch.project() != batch.project()) push();
        if (!open) {
            open = std::make_shared<CommittedBatch>();
            open->first = first;
            if (all_new && group.requests.size() == 1) {
                open->batch = std::move(batch);
                moved_ = open;
                break;
            }
            open->batch = EventBatch(batch.project());
        }
        if (all_new)
            open->batch.add_all(batch);
        else
            for (std::size_t k = 0; k < batch.size(); ++k)
                if (!placements[k].duplicate) open->batch.add(batch[k]);
    }
    push();
}

void SqliteJournal::answer(Group& group, const Status& status) {
    for (std::size_t i = 0; i < group.requests.size(); ++i) {
        AppendRequest& request = group.requests[i];
        if (!request.done) continue;
        const EventBatch& batch = moved_ && status.ok() ? moved_->batch : request.batch;
        if (status.ok()) {
            request.done(std::move(group.answers[i]), batch);
            continue;
        }
        Error e = status.error();
        if (e.code != ErrorCode::Unavailable) e.code = ErrorCode::Io;
        request.done(std::move(e), batch);
    }
    moved_.reset();
}

// Checkpoints run beside the writer, but a writer that never rests would let the log grow for ever: SQLite starts it
// again from its beginning only when all of it has been moved. Beyond the bound the writer moves the little that is
// left.
void SqliteJournal::tend_log() {
    const auto pages = static_cast<std::size_t>(span_->log_pages());
    if (pages < options_.log_pages / 4) return;
    const bool far_too_long = pages >= 4 * options_.log_pages;
    if (far_too_long) checkpointer_->wait();  // the disk is too slow for both
    if (checkpointer_->busy()) return;
    // Readers rest between two reads: a log that is far too long is worth waiting for that.
    if (pages >= options_.log_pages && span_->restart_log(far_too_long ? kReaderPatience : milliseconds{0})) return;
    checkpointer_->wake();
}

void SqliteJournal::close() {
    const std::lock_guard lock(close_mutex_);
    queue_.close();
    if (writer_.joinable()) writer_.join();
    if (background_) background_->stop();
    if (keeper_) keeper_->stop();
    if (checkpointer_) checkpointer_->stop();
    // An empty log makes the next start quicker; without it nothing is lost.
    if (span_) (void)span_->empty_log();
}

}  // namespace

Result<std::unique_ptr<Journal>> open_sqlite_journal(const SqliteJournalOptions& options, const Clock& clock) {
    auto journal = std::make_unique<SqliteJournal>(options, clock);
    if (Status s = journal->open(); !s.ok()) return s.error();
    return std::unique_ptr<Journal>(std::move(journal));
}

}  // namespace streamgauge
