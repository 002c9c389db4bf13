// SPDX-License-Identifier: GPL-3.0-or-later
// The states that every connection to a backend walks, whatever carries it.
#pragma once

#include <string_view>

namespace streamgauge::client {

enum class ConnectionState {
    Idle,            // not started, or stopped
    Connecting,      // the backend is starting, or is being called for the first time
    Authenticating,  // it answered; who are we?
    Syncing,         // let in; the first snapshot is on its way
    Live,            // what is shown is current
    Degraded,        // was live; lost or unwell, coming back by itself. What is shown is old
    Failed,          // never got there, or was refused. start() tries again
};

// "idle", "connecting", ...
constexpr std::string_view to_string(ConnectionState state) {
    switch (state) {
        case ConnectionState::Idle:
            return "idle";
        case ConnectionState::Connecting:
            return "connecting";
        case ConnectionState::Authenticating:
            return "authenticating";
        case ConnectionState::Syncing:
            return "syncing";
        case ConnectionState::Live:
            return "live";
        case ConnectionState::Degraded:
            return "degraded";
        case ConnectionState::Failed:
            return "failed";
    }
    return "idle";
}

}  // namespace streamgauge::client
