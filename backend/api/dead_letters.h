// SPDX-License-Identifier: GPL-3.0-or-later
// What was refused and why, kept until somebody mends it or throws it away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/services.h"
#include "store/letters.h"

namespace streamgauge::api {

using streamgauge::Letter;
using streamgauge::LetterFilter;
using streamgauge::LetterPage;
using streamgauge::LetterState;
using streamgauge::LetterUsage;
using streamgauge::ReasonCount;

struct ResendResult {
    std::uint64_t resent = 0, duplicates = 0;  // duplicates are among the resent: their events were there already
    std::vector<std::pair<std::uint64_t, std::string>> failed;  // letter and why; the first 100
    std::uint64_t failures = 0;
    bool stopped = false;  // the server stops: what is left is open
};

// How far resend_all has come.
struct ResendProgress {
    bool running = false;
    std::uint64_t total = 0;  // letters that matched when it began
    ResendResult so_far;      // without the texts of failed
};

// Who asks: for the log; and the project that it is confined to, empty for none. Letters of others are NotFound.
struct LetterActor {
    std::string name;
    std::string project;
};

// Callbacks are called exactly once, on the service's own thread; at once on the caller's when an argument is wrong.
class DeadLetterService {
public:
    static constexpr std::size_t kMostLetters = 1'000;        // on a page
    static constexpr std::size_t kMostIds = 10'000;           // named in one call
    static constexpr std::size_t kMendedBytes = 1024 * 1024;  // of one mended text

    virtual ~DeadLetterService() = default;
    // Sees everything that was committed before the call. InvalidArgument for a limit that is not 1 to kMostLetters.
    virtual void list(LetterFilter filter, std::optional<std::uint64_t> cursor, std::size_t limit,
                      Done<LetterPage> done) = 0;
    virtual void find(std::uint64_t id, LetterActor who, Done<Letter> done) = 0;  // NotFound
    virtual void reasons(LetterFilter filter, Done<std::vector<ReasonCount>> done) = 0;
    // Conflict when it is resent already; InvalidArgument, with the fault, when `text` would be refused again;
    // TooLarge.
    virtual void mend(std::uint64_t id, std::string text, LetterActor who, Done<Letter> done) = 0;
    // Exactly once, whatever crashes: the event's id is fixed before the first attempt. Those that are not open, or do
    // not exist, are among the failed.
    virtual void resend(std::vector<std::uint64_t> ids, LetterActor who, Done<ResendResult> done) = 0;
    // All open ones that match. Conflict while another one runs.
    virtual void resend_all(LetterFilter filter, LetterActor who, Done<ResendResult> done) = 0;
    // Thread-safe, does not wait.
    virtual ResendProgress progress() const = 0;
    // Those that are being resent stay.
    virtual void purge(std::vector<std::uint64_t> ids, LetterActor who, Done<std::uint64_t> done) = 0;
    virtual void purge_all(LetterFilter filter, LetterActor who, Done<std::uint64_t> done) = 0;
    virtual void usage(Done<std::vector<LetterUsage>> done) = 0;

    // For the door: whether `bytes` more still fit under the project's cap. Thread-safe, does not wait. What it
    // promises is taken back when the letter reaches the service, or after a few minutes when it never does.
    virtual bool reserve(std::string_view project, std::uint64_t bytes) = 0;
};

}  // namespace streamgauge::api
