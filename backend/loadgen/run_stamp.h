// SPDX-License-Identifier: GPL-3.0-or-later
// How an event says which run it is of: members of its props, so that any question and any filter can tell them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "loadgen/scenario.h"
#include "loadgen/value_text.h"

namespace streamgauge::loadgen {

inline constexpr const char* kStampRun = "load_run";             // text, of each run another
inline constexpr const char* kStampNumber = "load_number";       // of the event in the run, from 0
inline constexpr const char* kStampSent = "load_sent_us";        // wall clock of the generator, epoch microseconds
inline constexpr const char* kStampPlanned = "load_planned_us";  // the same
inline constexpr std::size_t kStampDigits = 20;

inline std::string run_stamp(std::uint64_t id_salt) {
    std::string text(16, '0');
    put_hex(text.data(), id_salt, text.size());
    return text;
}

// A kind of request whose bodies are the product's own events: those can be stamped.
inline bool writes_events(const RequestKind& kind) {
    return kind.body.empty() && kind.method == "POST";
}

// Event i of request k has the number k * stamp_stride + i, whatever its kind. 0: no kind has events.
inline std::uint64_t stamp_stride(const Scenario& scenario) {
    std::uint64_t widest = 0;
    for (const RequestKind& kind : scenario.requests)
        if (writes_events(kind)) widest = std::max<std::uint64_t>(widest, kind.batch);
    return widest;
}

}  // namespace streamgauge::loadgen
