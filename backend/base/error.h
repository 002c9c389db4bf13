// SPDX-License-Identifier: GPL-3.0-or-later
// What went wrong, as a value. HTTP status and process exit code are each derived from it in one place, at the edge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace streamgauge {

enum class ErrorCode {
    InvalidArgument,  // the caller's words are wrong; `field` and `offset` say where
    NotFound,
    AlreadyExists,
    Unauthorized,  // who are you?
    Forbidden,     // you may not
    TooLarge,
    RateLimited,
    Unavailable,  // full queue, full disk, shutting down: try again later
    Cancelled,
    Disconnected,
    DeadlineExceeded,
    Conflict,  // somebody else owns it, or it changed meanwhile
    Corrupt,
    Io,
    Internal,
};

// Returns a lower-case name such as "invalid_argument"; stable, used on the wire.
std::string_view to_string(ErrorCode code);

// How a rate limit stands after a refusal.
struct LimitStanding {
    std::uint64_t limit = 0, remaining = 0;
    std::int64_t reset_seconds = 0;  // until `remaining` is the whole limit again
};

struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;                   // what happened, for a person
    std::string field;                     // the member, header or parameter at fault, or empty
    std::optional<std::uint64_t> offset;   // byte offset into the input at fault
    std::string hint;                      // what to do about it, or empty
    int retry_after_seconds = 0;           // when to try again (RateLimited, Unavailable); 0: not said
    std::optional<LimitStanding> limit{};  // the one that was hit (RateLimited), where it is known

    static Error make(ErrorCode code, std::string message) { return {code, std::move(message), {}, {}, {}}; }
    // "message (field user_id, at byte 17); hint"
    std::string describe() const;
};

}  // namespace streamgauge
