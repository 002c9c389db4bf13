// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/request_event.h"

namespace streamgauge::loadgen {

std::string_view to_string(StopReason reason) {
    constexpr std::array<std::string_view, 5> names{"", "hand", "interrupted", "asked", "error brake"};
    return names[static_cast<std::size_t>(reason)];
}

std::string_view to_string(Outcome outcome) {
    constexpr std::array<std::string_view, kOutcomes> names{"ok",
                                                            "status_3xx",
                                                            "status_429",
                                                            "status_4xx",
                                                            "status_5xx",
                                                            "status_unexpected",
                                                            "connect_refused",
                                                            "connect_failed",
                                                            "tls_failed",
                                                            "reset",
                                                            "timeout",
                                                            "malformed"};
    return names[static_cast<std::size_t>(outcome)];
}

}  // namespace streamgauge::loadgen
