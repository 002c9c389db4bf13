// SPDX-License-Identifier: GPL-3.0-or-later
// E's streams of one project minute by minute: viewers, chat messages, donations.
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

inline constexpr int kLongestStreamMinutes = 7 * 24 * 60;  // the longest question
// As the metrics of streams are kept: nothing comes for a minute that is older.
inline constexpr std::int64_t kStreamRetentionMicros = 30 * kDayMicros;

// How much is kept. Tests take less.
struct StreamBounds {
    std::size_t streams =
        100'000;  // beyond: half, those that were active least lately and in fewest minutes, are forgotten
    std::size_t minutes = 2'000'000;  // of all streams; beyond: only the newest half of the time that they reach back
};

// Takes net viewers per minute and keeps levels: level_w = max(0, level_(w-1) + net_w), over the minutes in which
// something happened (the others change nothing). A late minute makes the levels from there on to be taken anew, at the
// next question. 40 bytes a stream and minute. Minutes older than the retention are folded into a level that the rest
// starts from, and so are the oldest when there are more than the bounds allow: what comes for one of those moves that
// level, and is in no row. A stream that was forgotten starts anew. (The metrics in the store have no such bounds.) Not
// thread-safe.
class StreamSeries {
public:
    explicit StreamSeries(StreamBounds bounds = {}) : bounds_(bounds) {}

    // A delta, or a stored sum, of metric::kStreamViewers, kStreamChats or kStreamDonations; others are ignored.
    // `window` may be kGaugeBase: `delta` is the level that the stored minutes start from.
    void add(MetricId metric, std::int64_t window, std::string_view stream_id, std::int64_t delta);

    // What is kept is counted back from the log's clock (newest received_at).
    void advance(Timestamp log_clock);

    // Of all streams, but not after the log's clock: an event dated ahead does not move the questions' minutes.
    // kNoWindow when there is none.
    std::int64_t newest_minute() const;

    // The rows of minutes from `first` on. Newest first, then stream_id; at most `limit`.
    std::vector<StreamRow> rows_from(std::int64_t first, std::size_t limit);
    // The newest minute of every stream, by stream_id.
    std::vector<StreamRow> latest();
    // One row for each stream that has something from `first` on: its newest minute and the viewers then, and the sums
    // of messages and donations since `first`. By stream_id.
    std::vector<StreamRow> sums_from(std::int64_t first);
    // The viewers of a stream at the end of a minute.
    std::int64_t level_at(std::string_view stream_id, std::int64_t window);

    std::size_t streams() const { return streams_.size(); }
    std::size_t memory_bytes() const;

private:
    struct Minute {
        std::int64_t window, net, level, chats, donations;
    };
    struct Stream {
        std::vector<Minute> minutes;   // ascending
        std::size_t levels_valid = 0;  // of so many minutes from the first on
        std::int64_t base = 0;         // the level that the first minute starts from
    };
    static void settle(Stream& stream);
    static StreamRow row_of(const std::string& id, const Minute& minute);
    // Minutes before `from` become part of the base.
    void fold(std::int64_t from);
    void keep_within_bounds();
    void forget_streams();

    const StreamBounds bounds_;
    std::map<std::string, Stream, std::less<>> streams_;
    std::int64_t newest_ = kNoWindow, clock_ = kNoWindow;
    std::int64_t folded_before_ = kNoWindow;
    std::size_t minutes_ = 0;
};

// The `n` highest of rows that are in order of stream_id; ties keep that order.
std::vector<StreamRow> ranked(std::vector<StreamRow> rows, StreamRank by, std::size_t n);

}  // namespace streamgauge
