// SPDX-License-Identifier: GPL-3.0-or-later
// Server-sent events from a byte stream, in whatever pieces it comes.
// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace streamgauge::client {

struct SseEvent {
    std::string id;     // the last one seen in the stream, as the specification says
    std::string event;  // "message" where none was named
    std::string data;   // lines joined by '\n'
    bool operator==(const SseEvent&) const = default;
};

// Not thread-safe. After an error it stays failed: the stream is to be closed.
class SseParser {
public:
    // An event, or a line, longer than this is TooLarge: a stream that never ends an event must not fill the memory.
    explicit SseParser(std::size_t max_event_bytes = 4 * 1024 * 1024) : max_event_bytes_(max_event_bytes) {}

    // Appends each event that `bytes` completes to `out`. Events without data are swallowed, as the specification says.
    Status feed(std::string_view bytes, std::vector<SseEvent>& out);

private:
    void line(std::string_view text, std::vector<SseEvent>& out);

    std::size_t max_event_bytes_;
    std::string partial_;
    std::string id_, event_, data_;
    bool has_data_ = false;
    bool skip_line_feed_ = false;  // the last piece ended in CR: an LF that follows belongs to it
    bool at_start_ = true;
    bool failed_ = false;
};

}  // namespace streamgauge::client
