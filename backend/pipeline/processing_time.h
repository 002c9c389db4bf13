// SPDX-License-Identifier: GPL-3.0-or-later
// How long events take from the door to the answers: the mean over about the last half minute.
#pragma once

#include <algorithm>
#include <cstdint>

#include "event/event.h"

namespace streamgauge {

// Not thread-safe.
class ProcessingTime {
public:
    // The events [begin, end) are aggregated by `now`. `monotonic` is Clock::monotonic_nanos().
    void add(const EventBatch& batch, std::size_t begin, std::size_t end, Timestamp now, std::int64_t monotonic) {
        turn(monotonic);
        for (std::size_t i = begin; i < end; ++i)
            current_.micros += static_cast<double>(std::max<std::int64_t>(0, now.micros - batch[i].received_at.micros));
        current_.events += static_cast<double>(end - begin);
    }
    // 0 when nothing came.
    double mean_ms(std::int64_t monotonic) {
        turn(monotonic);
        const double events = current_.events + before_.events;
        return events > 0 ? (current_.micros + before_.micros) / events / 1e3 : 0;
    }

private:
    static constexpr std::int64_t kSpanNanos = 15'000'000'000;  // the mean is over one to two of them
    struct Span {
        double events = 0, micros = 0;
    };
    void turn(std::int64_t monotonic) {
        const std::int64_t span = monotonic / kSpanNanos;
        if (span == span_) return;
        before_ = span == span_ + 1 ? current_ : Span{};
        current_ = {};
        span_ = span;
    }
    std::int64_t span_ = 0;
    Span current_, before_;
};

}  // namespace streamgauge
