// SPDX-License-Identifier: GPL-3.0-or-later
// How whoever answers a long question tells how far it is, and hears that nobody waits any more.
#pragma once

#include <functional>

#include "base/error.h"

namespace streamgauge::query {

struct Watch {
    // Asked on the question's thread, often: every few thousand rows or events. Empty: never.
    std::function<bool()> cancelled;
    // Told on the question's thread, 0 to 1; as often as it is convenient. Empty: nobody listens.
    std::function<void(double)> progress;

    bool ended() const { return cancelled && cancelled(); }
    void report(double share) const {
        if (progress) progress(share);
    }
    static Error cancelled_error() { return Error::make(ErrorCode::Cancelled, "the question was cancelled"); }
};

}  // namespace streamgauge::query
