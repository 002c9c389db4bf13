// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/dead_letter_service.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/wrong_field.h"

namespace streamgauge::api {
namespace {

constexpr std::size_t kWaitingCalls = 1'000;
constexpr std::size_t kFetch = 256;          // letters in one transaction, at most 64 KiB each
constexpr std::size_t kResendLetters = 100;  // in one batch, and of at most
constexpr std::size_t kResendBytes = 8 * 1024 * 1024;
constexpr std::size_t kPurge = 1'000;  // in one transaction
constexpr std::size_t kFailuresNamed = 100;

Error unavailable() {
    return Error::make(ErrorCode::Unavailable, "the server is stopping, or has too many questions waiting");
}

std::string_view text_of(const Letter& letter) {
    return letter.mended ? *letter.mended : letter.letter.raw;
}

void failed(ResendResult& result, std::uint64_t id, const Error& error) {
    ++result.failures;
    if (result.failed.size() < kFailuresNamed) result.failed.emplace_back(id, error.describe());
}

}  // namespace

// ---- the thread -----------------------------------------------------------------------------------------------------

DeadLetters::DeadLetters(DeadLetterParts parts, std::unique_ptr<DeadLetterStore> store)
    : parts_(std::move(parts)),
      caps_(parts_.clock, parts_.max_bytes),
      store_(std::move(store)),
      sender_(parts_.journal, parts_.schemas, parts_.secrets, store_->installation()),
      thread_("dead-letters", kWaitingCalls) {}

Result<std::unique_ptr<DeadLetters>> DeadLetters::open(DeadLetterParts parts) {
    auto store = DeadLetterStore::open(parts.path);
    if (!store.ok()) return store.error();
    if ((*store)->next() > parts.journal.next_dead_letter())
        if (Status s = (*store)->follow_another_journal(); !s.ok()) return s.error();
    std::unique_ptr<DeadLetters> letters(new DeadLetters(std::move(parts), std::move(store).value()));
    letters->stuck_ = letters->finish_half_done();
    letters->remember();
    letters->fetched_to_ = letters->store_->next();
    letters->parts_.journal.dead_letters_kept_to(letters->store_->next());
    letters->journal_committed();
    return letters;
}

// Makes what others may look at.
void DeadLetters::remember() {
    const Status& status = fetched_.ok() ? stuck_ : fetched_;
    const std::vector<LetterUsage> usage = store_->usage();
    caps_.set_used(usage);
    const std::lock_guard lock(mutex_);
    usage_ = usage;
    if (!status.ok() && !failure_)
        log::error("dead_letters_failed", "dead letters cannot be kept or resent for now",
                   {{"error", status.error().describe()}});
    failure_ = status.ok() ? std::nullopt : std::optional<Error>(status.error());
}

std::vector<LetterUsage> DeadLetters::figures() const {
    std::vector<LetterUsage> usage;
    {
        const std::lock_guard lock(mutex_);
        usage = usage_;
    }
    return caps_.complete(std::move(usage));
}

std::optional<Error> DeadLetters::failure() const {
    {
        const std::lock_guard lock(mutex_);
        if (failure_) return failure_;
    }
    const std::vector<std::string> full = caps_.full();
    if (full.empty()) return std::nullopt;
    std::string names;
    for (const std::string& name : full) names += (names.empty() ? "" : ", ") + name;
    Error error =
        Error::make(ErrorCode::TooLarge, "rejected events are not kept: no room for dead letters of " + names);
    error.hint = "purge some, or raise dead_letters.max_bytes";
    return error;
}

ResendProgress DeadLetters::progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
}

// `work` sees every letter that was committed before.
template <class T>
void DeadLetters::run(Done<T> done, std::function<Result<T>()> work) {
    const auto answer = std::make_shared<Done<T>>(std::move(done));
    const bool taken = thread_.post([this, answer, work = std::move(work)](bool running) {
        if (!running) return (*answer)(unavailable());
        if (Status current = catch_up(); !current.ok()) return (*answer)(current.error());
        Result<T> result = work();
        remember();
        (*answer)(std::move(result));
    });
    if (!taken) (*answer)(unavailable());
}

// The same for what takes long: others get their turn between two steps.
// The same for what takes long: others get their turn between two steps. A step that finds the service stopping says
// how far it has come.
template <class T>
void DeadLetters::run_by_steps(Done<T> done, Step<T> step) {
    const auto job = std::make_shared<Job<T>>(Job<T>{std::move(done), std::move(step)});
    if (!thread_.post([this, job](bool) { work_on(job); })) job->done(unavailable());
}

template <class T>
void DeadLetters::work_on(const std::shared_ptr<Job<T>>& job) {
    for (;;) {
        std::optional<Result<T>> result = job->step();
        remember();
        if (result) return job->done(*std::move(result));
        if (thread_.post([this, job](bool) { work_on(job); })) return;
    }
}

// ---- from the journal -----------------------------------------------------------------------------------------------

void DeadLetters::journal_committed() {
    if (parts_.journal.next_dead_letter() == fetched_to_.load(std::memory_order_relaxed) && !half_done_) return;
    if (fetching_.exchange(true)) return;
    const bool taken = thread_.post([this](bool running) {
        fetching_ = false;
        if (!running) return;
        (void)prepare_to_send();
        remember();
    });
    if (!taken) fetching_ = false;
}

Status DeadLetters::catch_up() {
    fetched_ = fetch();
    if (!fetched_.ok()) remember();
    return fetched_;
}

// Before anything is sent: what was sent before has arrived.
Status DeadLetters::prepare_to_send() {
    if (Status current = catch_up(); !current.ok()) return current;
    if (half_done_) stuck_ = finish_half_done();
    return stuck_;
}

Status DeadLetters::fetch() {
    const std::uint64_t end = parts_.journal.next_dead_letter();
    if (store_->next() >= end) return {};
    while (store_->next() < end) {
        const auto letters = parts_.journal.read_dead_letters(store_->next(), kFetch);
        if (!letters.ok()) return letters.error();
        // What is not there any more is not waited for.
        const std::uint64_t next = letters->empty() ? end : letters->back().id + 1;
        if (Status s = store_->absorb(*letters, next); !s.ok()) return s;
        for (const DeadLetter& letter : *letters) caps_.arrived(letter.project, letter.raw.size());
        parts_.journal.dead_letters_kept_to(next);
        fetched_to_ = next;
    }
    make_room();
    return {};
}

// What is resent is only history: the oldest of it gives way before new letters are dropped.
void DeadLetters::make_room() {
    for (const LetterUsage& one : store_->usage()) {
        if (one.resent == 0 || one.bytes < parts_.max_bytes / 10 * 9) continue;
        LetterFilter resent;
        resent.project = one.project;
        resent.state = LetterState::Resent;
        (void)store_->purge(resent, kPurge);
    }
}

// ---- looking --------------------------------------------------------------------------------------------------------

void DeadLetters::list(LetterFilter filter, std::optional<std::uint64_t> cursor, std::size_t limit,
                       Done<LetterPage> done) {
    if (limit < 1 || limit > kMostLetters)
        return done(wrong_field("limit", "limit must be 1 to " + std::to_string(kMostLetters)));
    run<LetterPage>(std::move(done),
                    [this, filter = std::move(filter), cursor, limit] { return store_->list(filter, cursor, limit); });
}

void DeadLetters::find(std::uint64_t id, LetterActor who, Done<Letter> done) {
    run<Letter>(std::move(done), [this, id, who = std::move(who)] { return store_->find(id, who.project); });
}

void DeadLetters::reasons(LetterFilter filter, Done<std::vector<ReasonCount>> done) {
    run<std::vector<ReasonCount>>(std::move(done),
                                  [this, filter = std::move(filter)] { return store_->reasons(filter); });
}

void DeadLetters::usage(Done<std::vector<LetterUsage>> done) {
    run<std::vector<LetterUsage>>(
        std::move(done), [this]() -> Result<std::vector<LetterUsage>> { return caps_.complete(store_->usage()); });
}

// ---- changing -------------------------------------------------------------------------------------------------------

void DeadLetters::mend(std::uint64_t id, std::string text, LetterActor who, Done<Letter> done) {
    if (text.size() > kMendedBytes) {
        Error error =
            Error::make(ErrorCode::TooLarge, "a mended text is at most " + std::to_string(kMendedBytes) + " bytes");
        return done(std::move(error));
    }
    run<Letter>(std::move(done), [this, id, text = std::move(text), who = std::move(who)]() -> Result<Letter> {
        const Result<Letter> letter = store_->find(id, who.project);
        if (!letter.ok()) return letter.error();
        if (letter->state == LetterState::Open) {
            const auto events = sender_.events_of(letter->letter, text, parts_.clock.now());
            if (!events.ok()) return events.error();
        }
        if (Status s = store_->mend(id, who.project, text); !s.ok()) return s.error();
        log::info("dead_letter_mended", "a dead letter has a new text",
                  {{"letter", std::to_string(id)}, {"by", who.name}});
        return store_->find(id, who.project);
    });
}

void DeadLetters::purge(std::vector<std::uint64_t> ids, LetterActor who, Done<std::uint64_t> done) {
    if (ids.size() > kMostIds) return done(wrong_field("ids", "at most " + std::to_string(kMostIds) + " ids"));
    run<std::uint64_t>(std::move(done), [this, ids = std::move(ids), who = std::move(who)] {
        Result<std::uint64_t> removed = store_->purge(ids, who.project);
        if (removed.ok())
            log::info("dead_letters_purged", "dead letters were thrown away",
                      {{"letters", std::to_string(*removed)}, {"by", who.name}});
        return removed;
    });
}

void DeadLetters::purge_all(LetterFilter filter, LetterActor who, Done<std::uint64_t> done) {
    if (!who.project.empty()) filter.project = who.project;
    const auto removed = std::make_shared<std::uint64_t>(0);
    run_by_steps<std::uint64_t>(
        std::move(done),
        [this, filter = std::move(filter), who = std::move(who), removed]() -> std::optional<Result<std::uint64_t>> {
            if (thread_.stopping()) return unavailable();
            if (Status current = catch_up(); !current.ok()) return current.error();
            const Result<std::uint64_t> some = store_->purge(filter, kPurge);
            if (!some.ok()) return some.error();
            *removed += *some;
            if (*some == kPurge) return std::nullopt;
            log::info("dead_letters_purged", "dead letters were thrown away",
                      {{"letters", std::to_string(*removed)}, {"by", who.name}});
            return Result<std::uint64_t>(*removed);
        });
}

// ---- resending ------------------------------------------------------------------------------------------------------

void DeadLetters::resend(std::vector<std::uint64_t> ids, LetterActor who, Done<ResendResult> done) {
    if (ids.size() > kMostIds) return done(wrong_field("ids", "at most " + std::to_string(kMostIds) + " ids"));
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    struct Run {
        std::vector<std::uint64_t> ids;
        LetterActor who;
        std::size_t at = 0;
        ResendResult result;
    };
    const auto job = std::make_shared<Run>(Run{std::move(ids), std::move(who), 0, {}});
    run_by_steps<ResendResult>(std::move(done), [this, job]() -> std::optional<Result<ResendResult>> {
        if (thread_.stopping() && job->at == 0) return unavailable();
        job->result.stopped = thread_.stopping();
        if (!job->result.stopped && job->at < job->ids.size()) {
            if (Status ready = prepare_to_send(); !ready.ok()) return ready.error();
            const std::size_t count = std::min(kResendLetters, job->ids.size() - job->at);
            const auto first = job->ids.begin() + static_cast<std::ptrdiff_t>(job->at);
            const std::vector<std::uint64_t> some(first, first + static_cast<std::ptrdiff_t>(count));
            job->at += count;
            if (Status s = resend_some(some, job->who.project, job->result); !s.ok()) return s.error();
            if (job->at < job->ids.size()) return std::nullopt;
        }
        log::info("dead_letters_resent", "dead letters were sent again",
                  {{"resent", std::to_string(job->result.resent)},
                   {"failed", std::to_string(job->result.failures)},
                   {"by", job->who.name}});
        return std::move(job->result);
    });
}

void DeadLetters::resend_all(LetterFilter filter, LetterActor who, Done<ResendResult> done) {
    if (!who.project.empty()) filter.project = who.project;
    if (filter.state && *filter.state != LetterState::Open)
        return done(wrong_field("state", "only open letters can be resent"));
    filter.state = LetterState::Open;
    {
        const std::lock_guard lock(mutex_);
        if (progress_.running) return done(Error::make(ErrorCode::Conflict, "dead letters are being resent already"));
        progress_ = {};
        progress_.running = true;
    }
    struct Run {
        LetterFilter filter;
        LetterActor who;
        std::uint64_t after = 0, last = 0;  // those that come meanwhile are not part of it
        bool begun = false;
        ResendResult result;
    };
    const auto job = std::make_shared<Run>(Run{std::move(filter), std::move(who), 0, 0, false, {}});
    auto finished = [this, done = std::move(done)](Result<ResendResult> result) {
        {
            const std::lock_guard lock(mutex_);
            progress_.running = false;
        }
        done(std::move(result));
    };
    run_by_steps<ResendResult>(std::move(finished), [this, job]() -> std::optional<Result<ResendResult>> {
        if (thread_.stopping() && !job->begun) return unavailable();
        if (thread_.stopping()) {
            job->result.stopped = true;
            return std::move(job->result);
        }
        if (Status ready = prepare_to_send(); !ready.ok()) return ready.error();
        if (!job->begun) {
            const Result<LetterPage> newest = store_->list(job->filter, std::nullopt, 1);
            if (!newest.ok()) return newest.error();
            if (!newest->letters.empty()) job->last = newest->letters.front().letter.id;
            job->begun = true;
            const std::lock_guard lock(mutex_);
            progress_.total = newest->total;
        }
        auto ids = store_->ids(job->filter, job->after, kResendLetters);
        if (!ids.ok()) return ids.error();
        std::erase_if(*ids, [&](std::uint64_t id) { return id > job->last; });
        if (!ids->empty()) {
            job->after = ids->back();
            if (Status s = resend_some(*ids, job->filter.project, job->result); !s.ok()) return s.error();
            const std::lock_guard lock(mutex_);
            progress_.so_far.resent = job->result.resent;
            progress_.so_far.duplicates = job->result.duplicates;
            progress_.so_far.failures = job->result.failures;
        }
        if (!ids->empty() && job->after < job->last) return std::nullopt;
        log::info("dead_letters_resent", "dead letters were sent again",
                  {{"resent", std::to_string(job->result.resent)},
                   {"failed", std::to_string(job->result.failures)},
                   {"by", job->who.name}});
        return std::move(job->result);
    });
}

// Those that cannot be sent stay open and are counted in `result`. Fails only when the store does.
Status DeadLetters::resend_some(const std::vector<std::uint64_t>& ids, const std::string& project,
                                ResendResult& result) {
    std::vector<LetterSender::Parcel> parcels;
    std::size_t bytes = 0;
    const Timestamp now = parts_.clock.now();
    const auto flush = [&]() -> Status {
        if (parcels.empty()) return {};
        std::vector<std::uint64_t> sent;
        for (const LetterSender::Parcel& parcel : parcels) sent.push_back(parcel.id);
        if (Status s = store_->begin_resending(sent, now); !s.ok()) return s;
        step("marked");
        bytes = 0;
        Status dispatched = dispatch(std::exchange(parcels, {}), result);
        if (!dispatched.ok()) {
            half_done_ = true;
            stuck_ = dispatched;
        }
        return dispatched;
    };
    for (const std::uint64_t id : ids) {
        const Result<Letter> letter = store_->find(id, project);
        if (!letter.ok() && letter.error().code != ErrorCode::NotFound) return letter.error();
        if (!letter.ok()) {
            failed(result, id, letter.error());
            continue;
        }
        if (letter->state != LetterState::Open) {
            failed(result, id,
                   Error::make(ErrorCode::Conflict,
                               letter->state == LetterState::Resent ? "it is resent already" : "it is being resent"));
            continue;
        }
        auto events = sender_.events_of(letter->letter, text_of(*letter), now);
        if (!events.ok()) {
            failed(result, id, events.error());
            continue;
        }
        bytes += events->text_bytes();
        parcels.push_back({id, std::move(events).value()});
        if (bytes >= kResendBytes)
            if (Status s = flush(); !s.ok()) return s;
    }
    return flush();
}

// From resending to resent, or back to open when the journal did not take it.
Status DeadLetters::dispatch(std::vector<LetterSender::Parcel> parcels, ResendResult& result) {
    const auto outcomes = sender_.send(std::move(parcels), [this] { step("handed over"); });
    step("committed");
    std::vector<DeadLetterStore::Resent> resent;
    std::vector<std::uint64_t> open;
    for (const LetterSender::Outcome& one : outcomes) {
        if (one.first.ok()) {
            resent.push_back({one.id, one.first->offset, one.first->duplicate});
            ++result.resent;
            if (one.first->duplicate) ++result.duplicates;
        } else {
            open.push_back(one.id);
            failed(result, one.id, one.first.error());
        }
    }
    if (!resent.empty())
        if (Status s = store_->finish_resending(resent); !s.ok()) return s;
    step("finished");
    if (!open.empty())
        if (Status s = store_->give_up_resending(open); !s.ok()) return s;
    return {};
}

// Letters that were on their way when the process, or the store, failed: the same events once more.
Status DeadLetters::finish_half_done() {
    LetterFilter resending;
    resending.state = LetterState::Resending;
    ResendResult result;
    for (std::uint64_t after = 0;;) {
        const auto ids = store_->ids(resending, after, kResendLetters);
        if (!ids.ok()) return ids.error();
        if (ids->empty()) break;
        after = ids->back();
        std::vector<LetterSender::Parcel> parcels;
        std::vector<std::uint64_t> hopeless;
        for (const std::uint64_t id : *ids) {
            const Result<Letter> letter = store_->find(id, {});
            if (!letter.ok()) return letter.error();
            auto events = sender_.events_of(letter->letter, text_of(*letter), letter->resent_at);
            if (events.ok())
                parcels.push_back({id, std::move(events).value()});
            else
                hopeless.push_back(id);
        }
        if (!hopeless.empty())
            if (Status s = store_->give_up_resending(hopeless); !s.ok()) return s;
        if (parcels.empty()) continue;
        const auto outcomes = sender_.send(std::move(parcels), [this] { step("handed over again"); });
        std::vector<DeadLetterStore::Resent> resent;
        for (const LetterSender::Outcome& one : outcomes) {
            // It stays on its way: whether an earlier attempt was committed is not known.
            if (!one.first.ok()) return one.first.error();
            // A repeat is most likely that attempt.
            resent.push_back({one.id, one.first->offset, false});
        }
        if (Status s = store_->finish_resending(resent); !s.ok()) return s;
        result.resent += resent.size();
    }
    half_done_ = false;
    if (result.resent > 0)
        log::info("dead_letters_finished", "dead letters that were on their way have arrived",
                  {{"letters", std::to_string(result.resent)}});
    return {};
}

}  // namespace streamgauge::api
