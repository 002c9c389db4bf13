// SPDX-License-Identifier: GPL-3.0-or-later
// UUID version 7 (RFC 9562, section 5.7): time-ordered ids for events that arrive without one.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/time.h"

namespace streamgauge {

// Not thread-safe: one per thread. Ids made within one millisecond are monotonic (a 12-bit counter in rand_a,
// RFC 9562 section 6.2 method 1).
class UuidGenerator {
public:
    UuidGenerator();                             // seeded from the operating system
    explicit UuidGenerator(std::uint64_t seed);  // for tests: the same seed gives the same ids
    // 36 characters, lower case. Appended, so that a batch's buffer takes it without another allocation.
    void append_v7(std::string& out, Timestamp now);
    std::string v7(Timestamp now);
    std::string v4();

private:
    std::mt19937_64 random_;
    std::int64_t last_millis_ = -1;
    std::uint32_t counter_ = 0;
};

}  // namespace streamgauge
