// SPDX-License-Identifier: GPL-3.0-or-later
// Dead letters on a thread of their own: fetched from the journal, listed, mended, resent exactly once, purged.
//
// Exactly once: a letter becomes Resending, with the time its event will carry, on disk, before its event is handed to
// the journal; the event's id depends only on the letter and its text. After a crash the letters that are Resending are
// handed over again, before anything else, with the same ids and times: the journal knows those that it has.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "api/dead_letters.h"
#include "api/letter_caps.h"
#include "api/letter_sender.h"
#include "api/service_thread.h"
#include "base/clock.h"
#include "store/dead_letter_store.h"

namespace streamgauge::api {

// All must outlive the service.
struct DeadLetterParts {
    Journal& journal;
    const Clock& clock;
    const SchemaRegistry* schemas = nullptr;  // nullptr: nothing is checked
    std::string path;                         // of the file; made where it is missing
    std::uint64_t max_bytes = 256ULL << 20;   // of each project
    DecoderSecrets secrets = DecoderSecrets::of_this_process();
    // Tests: called between the steps of a resend, with the step's name.
    std::function<void(std::string_view step)> at_step = {};
};

class DeadLetters final : public DeadLetterService {
public:
    // Finishes what a crash left half done: returns when the journal has those events (or refuses them; then it is
    // tried again later). Call it before the doors open.
    static Result<std::unique_ptr<DeadLetters>> open(DeadLetterParts parts);
    ~DeadLetters() override { stop(); }

    void list(LetterFilter filter, std::optional<std::uint64_t> cursor, std::size_t limit,
              Done<LetterPage> done) override;
    void find(std::uint64_t id, LetterActor who, Done<Letter> done) override;
    void reasons(LetterFilter filter, Done<std::vector<ReasonCount>> done) override;
    void mend(std::uint64_t id, std::string text, LetterActor who, Done<Letter> done) override;
    void resend(std::vector<std::uint64_t> ids, LetterActor who, Done<ResendResult> done) override;
    void resend_all(LetterFilter filter, LetterActor who, Done<ResendResult> done) override;
    ResendProgress progress() const override;
    void purge(std::vector<std::uint64_t> ids, LetterActor who, Done<std::uint64_t> done) override;
    void purge_all(LetterFilter filter, LetterActor who, Done<std::uint64_t> done) override;
    void usage(Done<std::vector<LetterUsage>> done) override;
    bool reserve(std::string_view project, std::uint64_t bytes) override { return caps_.reserve(project, bytes); }

    // Something was committed: new letters are fetched soon. On the journal's writer thread at each commit; cheap.
    void journal_committed();
    // Of every project, as of the last change. Thread-safe, does not wait.
    std::vector<LetterUsage> figures() const;
    // Why letters cannot be kept, or that a project's are full; none when all is well. Thread-safe.
    std::optional<Error> failure() const;
    // Ends after the batch at hand; what waits is answered Unavailable. Before Journal::close(). Idempotent.
    void stop() { thread_.stop(); }
    bool stopping() const { return thread_.stopping(); }

private:
    DeadLetters(DeadLetterParts parts, std::unique_ptr<DeadLetterStore> store);
    template <class T>
    void run(Done<T> done, std::function<Result<T>()> work);
    template <class T>
    using Step = std::function<std::optional<Result<T>>()>;  // nothing: call it again
    template <class T>
    struct Job {
        Done<T> done;
        Step<T> step;
    };
    template <class T>
    void run_by_steps(Done<T> done, Step<T> step);
    template <class T>
    void work_on(const std::shared_ptr<Job<T>>& job);

    Status catch_up();
    Status prepare_to_send();
    Status fetch();
    void remember();
    Status finish_half_done();
    Status resend_some(const std::vector<std::uint64_t>& ids, const std::string& project, ResendResult& result);
    Status dispatch(std::vector<LetterSender::Parcel> parcels, ResendResult& result);
    void make_room();
    void step(std::string_view name) const {
        if (parts_.at_step) parts_.at_step(name);
    }

    const DeadLetterParts parts_;
    LetterCaps caps_;
    std::unique_ptr<DeadLetterStore> store_;  // this and the next three are the thread's own
    LetterSender sender_;
    Status fetched_;                     // of the last catch_up()
    Status stuck_;                       // of the last attempt to finish what is half done
    std::atomic<bool> half_done_{true};  // there may be letters that are Resending
    std::atomic<std::uint64_t> fetched_to_{0};
    std::atomic<bool> fetching_{false};

    mutable std::mutex mutex_;
    std::vector<LetterUsage> usage_;  // guarded by mutex_, as the next two
    std::optional<Error> failure_;
    ResendProgress progress_;

    ServiceThread thread_;
};

}  // namespace streamgauge::api
