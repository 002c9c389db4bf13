// SPDX-License-Identifier: GPL-3.0-or-later
// What was refused and why, kept until somebody mends it or throws it away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "journal/journal.h"

namespace streamgauge::api {

// Open: nothing was done yet. Resending: its event is on the way into the journal (after a crash this is finished
// first). Resent: its event is in the journal.
enum class LetterState { Open, Resending, Resent };

struct Letter {
    DeadLetter letter;
    LetterState state = LetterState::Open;
    std::optional<std::string> mended;  // what will be, or was, sent instead of letter.raw
    Offset resent_as = 0;               // the event's id, once Resent
    bool was_duplicate = false;         // the event was in the journal before it was resent
};

// Every given member must hold.
struct LetterFilter {
    std::string project;  // empty: all
    std::optional<LetterState> state;
    std::string reason;  // substring
    std::string source, dialect, event_id;
    std::optional<Timestamp> from, to;  // received_at, `to` excluded
};

struct LetterPage {
    std::vector<Letter> letters;          // newest first
    std::optional<std::uint64_t> cursor;  // where the next page begins; none: this was the last
    std::uint64_t total = 0;              // that match
};

struct ReasonCount {
    std::string project, source, reason;  // texts in the reason that differ from event to event are cut out
    std::uint64_t open = 0, resent = 0, bytes = 0;
    Timestamp newest;
};

struct ResendResult {
    std::uint64_t resent = 0, duplicates = 0;
    std::vector<std::pair<std::uint64_t, std::string>> failed;  // letter and why; the first 100
    std::uint64_t failures = 0;
};

struct LetterUsage {
    std::string project;
    std::uint64_t letters = 0, bytes = 0, cap_bytes = 0, not_kept = 0;
};

// Callbacks are called exactly once, on the service's own thread. `by`: who did it, for the log.
class DeadLetterService {
public:
    virtual ~DeadLetterService() = default;
    // Sees everything that was committed before the call.
    virtual void list(LetterFilter filter, std::optional<std::uint64_t> cursor, std::size_t limit,
                      Done<LetterPage> done) = 0;
    virtual void find(std::uint64_t id, Done<Letter> done) = 0;  // NotFound
    virtual void reasons(LetterFilter filter, Done<std::vector<ReasonCount>> done) = 0;
    // Conflict when it is resent already; InvalidArgument, with the fault, when `text` would be refused again.
    virtual void mend(std::uint64_t id, std::string text, std::string by, Done<Letter> done) = 0;
    // Exactly once, whatever crashes: the event's id is fixed before the first attempt.
    virtual void resend(std::vector<std::uint64_t> ids, std::string by, Done<ResendResult> done) = 0;
    virtual void resend_all(LetterFilter filter, std::string by, Done<ResendResult> done) = 0;
    virtual void purge(std::vector<std::uint64_t> ids, std::string by, Done<std::uint64_t> done) = 0;
    virtual void purge_all(LetterFilter filter, std::string by, Done<std::uint64_t> done) = 0;
    virtual void usage(Done<std::vector<LetterUsage>> done) = 0;

    // For the door: whether `bytes` more still fit under the project's cap. Thread-safe, does not wait; what it
    // promises is taken back when the letter reaches the service.
    virtual bool reserve(std::string_view project, std::uint64_t bytes) = 0;
};

}  // namespace streamgauge::api
