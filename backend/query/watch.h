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
    // Of a part of the work: its 0 to 1 is this one's `begin` to `finish`. Must not outlive this one.
    Watch part(double begin, double finish) const {
        Watch out{cancelled, {}};
        if (progress) out.progress = [this, begin, finish](double share) { report(begin + (finish - begin) * share); };
        return out;
    }
    static Error cancelled_error() { return Error::make(ErrorCode::Cancelled, "the question was cancelled"); }
};

}  // namespace streamgauge::query
