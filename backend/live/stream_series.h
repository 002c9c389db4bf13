// SPDX-License-Identifier: GPL-3.0-or-later
// E's streams minute by minute: viewers, chat messages, donations.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/definition.h"

namespace streamgauge {

struct StreamRow {
    std::string stream_id;
    std::int64_t window = 0;          // start of the minute, microseconds
    std::int64_t active_viewers = 0;  // at its end
    std::int64_t chat_messages = 0;
    std::int64_t donations_micros = 0;  // micro-dollars
    bool operator==(const StreamRow&) const = default;
};

enum class StreamRank { Viewers, Chats, Donations };

// Takes net viewers per minute and keeps levels: level_w = max(0, level_(w-1) + net_w), over the minutes in which
// something happened (the others change nothing). A late minute makes the levels from there on to be taken anew, at the
// next question. 40 bytes a stream and minute. Not thread-safe.
class StreamSeries {
public:
    // A delta, or a stored sum, of metric::kStreamViewers, kStreamChats or kStreamDonations; others are ignored.
    void add(MetricId metric, std::int64_t window, std::string_view stream_id, std::int64_t delta);

    // The minutes counted back from the newest of all streams. Newest first, then stream_id; at most `limit`.
    std::vector<StreamRow> last_minutes(int minutes, std::size_t limit);
    // The newest minute of every stream, by stream_id.
    std::vector<StreamRow> latest();
    // One row for each stream that has something in those minutes: its newest minute and the viewers then, and the sums
    // of messages and donations over the minutes. Most first, ties by stream_id; at most `n`.
    std::vector<StreamRow> top(int minutes, StreamRank by, std::size_t n);

private:
    struct Minute {
        std::int64_t window, net, level, chats, donations;
    };
    struct Stream {
        std::vector<Minute> minutes;   // ascending
        std::size_t levels_valid = 0;  // of so many minutes from the first on
    };
    static void settle(Stream& stream);
    static StreamRow row_of(const std::string& id, const Minute& minute);
    // The first window that is still within the last `minutes`.
    std::int64_t first_window(int minutes) const;

    std::map<std::string, Stream, std::less<>> streams_;
    std::int64_t newest_ = kNoWindow;
};

}  // namespace streamgauge
