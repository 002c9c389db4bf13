// SPDX-License-Identifier: GPL-3.0-or-later
// When users and their sessions were seen last, as the store keeps it.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace streamgauge {

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
