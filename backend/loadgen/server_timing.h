// SPDX-License-Identifier: GPL-3.0-or-later
// The Server-Timing header (https://www.w3.org/TR/server-timing/): how long each stage of the server took for an
// answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace streamgauge::loadgen {

// Walks the value's metrics that have a duration: `guard;dur=0.1, queue;desc="a, b";dur=2`. Bytes that are no metric
// are passed over up to the next comma, as the standard says. Does not allocate.
class ServerTimingReader {
public:
    struct Stage {
        std::string_view name;    // into the header
        std::int64_t micros = 0;  // at least 0, at most an hour
    };

    explicit ServerTimingReader(std::string_view value) : rest_(value) {}
    // None at the end, and after sixteen stages.
    std::optional<Stage> next();

private:
    std::string_view rest_;
    int left_ = 16;
};

}  // namespace streamgauge::loadgen
