// SPDX-License-Identifier: GPL-3.0-or-later
// Dead letters as they are kept and shown: what was refused, why, and what became of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/journal.h"

namespace streamgauge {

// Open: nothing was done yet. Resending: its event is on the way into the journal (after a crash this is finished
// first). Resent: its event is in the journal.
enum class LetterState { Open, Resending, Resent };
std::string_view to_string(LetterState state);  // "open", "resending", "resent"
std::optional<LetterState> letter_state_from(std::string_view word);

struct Letter {
    DeadLetter letter;
    LetterState state = LetterState::Open;
    std::string kind;                   // letter.field and letter.reason without what differs from event to event
    std::uint64_t bytes = 0;            // that it counts against its project's cap
    std::optional<std::string> mended;  // what will be, or was, sent instead of letter.raw
    Timestamp resent_at;                // received_at of the event, once Resending
    Offset resent_as = 0;               // the event's number, once Resent
    bool was_duplicate = false;         // the event was in the journal before it was resent
};

// Every given member must hold.
struct LetterFilter {
    std::string project;  // empty: all
    std::optional<LetterState> state;
    std::string kind;    // exactly
    std::string reason;  // a part of the reason or of the kind
    std::string source, dialect, event_id;
    std::optional<Timestamp> from, to;  // received_at, `to` excluded

    // Nothing is asked beside the project.
    bool takes_all() const {
        return !state && kind.empty() && reason.empty() && source.empty() && dialect.empty() && event_id.empty() &&
               !from && !to;
    }
};

struct LetterPage {
    std::vector<Letter> letters;          // newest first; raw and mended are left out, find() has them
    std::optional<std::uint64_t> cursor;  // where the next page begins; none: this was the last
    std::uint64_t total = 0;              // that match
};

struct ReasonCount {
    std::string project, source, kind;
    std::uint64_t open = 0, resending = 0, resent = 0, bytes = 0;
    Timestamp newest;
};

struct LetterUsage {
    std::string project;
    std::uint64_t open = 0, resending = 0, resent = 0;
    std::uint64_t bytes = 0, cap_bytes = 0;
    std::uint64_t not_kept = 0;  // beyond the cap, since the start

    std::uint64_t letters() const { return open + resending + resent; }
};

// What groups letters of the same kind: "user_id: longer than 256 bytes". Indexes in the field, and texts in quotes and
// identifiers in the reason, become the same sign.
std::string kind_of(std::string_view field, std::string_view reason);

// What a letter with so many raw bytes counts: with what the rest of its row takes, roughly.
std::uint64_t letter_cost(std::uint64_t raw_bytes);

}  // namespace streamgauge
