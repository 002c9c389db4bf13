// SPDX-License-Identifier: GPL-3.0-or-later
// What is left of a span of the journal that retention has removed.
#pragma once

#include <cstdint>
#include <string>

#include "event/event.h"

namespace streamgauge {

// Enough to check a copy of the span, or an aggregate, later.
struct Seal {
    Offset first = 0, last = 0;
    std::uint64_t events = 0;
    // 32 bytes, over each row in order: what the producer sent and the door decided (the low 8 bits of flags), not by
    // which door it came. So a seal means the same in every format, and a copy that numbers its doors otherwise has it.
    std::string sha256;
    bool operator==(const Seal&) const = default;
};

}  // namespace streamgauge
