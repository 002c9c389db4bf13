// SPDX-License-Identifier: GPL-3.0-or-later
// When users and their sessions were seen last, as the store keeps it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace streamgauge {

// Activity that the log's clock is so far past is forgotten, sooner or later. The longest question: 60 minutes.
inline constexpr std::int64_t kActivityRetentionMicros = 3'600'000'000;

struct SessionActivity {
    std::string session_id;
    Timestamp last;
    bool operator==(const SessionActivity&) const = default;
};

struct UserActivity {
    std::string user_id;
    Timestamp last;                         // newest activity
    std::vector<SessionActivity> sessions;  // in no particular order
    bool operator==(const UserActivity&) const = default;
};

}  // namespace streamgauge
