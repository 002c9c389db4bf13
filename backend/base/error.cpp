// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"

namespace streamgauge {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return "invalid_argument";
        case ErrorCode::NotFound:
            return "not_found";
        case ErrorCode::AlreadyExists:
            return "already_exists";
        case ErrorCode::Unauthorized:
            return "unauthorized";
        case ErrorCode::Forbidden:
            return "forbidden";
        case ErrorCode::TooLarge:
            return "too_large";
        case ErrorCode::RateLimited:
            return "rate_limited";
        case ErrorCode::Unavailable:
            return "unavailable";
        case ErrorCode::Cancelled:
            return "cancelled";
        case ErrorCode::Disconnected:
            return "disconnected";
        case ErrorCode::DeadlineExceeded:
            return "deadline_exceeded";
        case ErrorCode::Conflict:
            return "conflict";
        case ErrorCode::Corrupt:
            return "corrupt";
        case ErrorCode::Io:
            return "io";
        case ErrorCode::Internal:
            break;
    }
    return "internal";
}

std::string Error::describe() const {
    std::string text = message;
    if (!field.empty() || offset) {
        text += " (";
        if (!field.empty()) text += "field " + field;
        if (!field.empty() && offset) text += ", ";
        if (offset) text += "at byte " + std::to_string(*offset);
        text += ')';
    }
    if (!hint.empty()) text += "; " + hint;
    return text;
}

}  // namespace streamgauge
