// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/stream_series.h"

#include <algorithm>
#include <compare>
#include <iterator>
#include <queue>

#include "base/time.h"
#include "metrics/decimal.h"
#include "metrics/gauge.h"

namespace streamgauge {

void StreamSeries::add(MetricId metric, std::int64_t window, std::string_view stream_id, std::int64_t delta) {
    if (metric != metric::kStreamViewers && metric != metric::kStreamChats && metric != metric::kStreamDonations)
        return;
    auto found = streams_.find(stream_id);
    if (found == streams_.end()) found = streams_.emplace(std::string(stream_id), Stream{}).first;
    Stream& stream = found->second;
    if (window < folded_before_ || window == kGaugeBase) {
        if (metric != metric::kStreamViewers) return;
        stream.base = std::max<std::int64_t>(0, saturating_add(stream.base, delta));
        stream.levels_valid = 0;
        return keep_within_bounds();
    }
    auto& minutes = stream.minutes;
    auto at = minutes.end();
    // Events come mostly in order: the minute is the last, or a new one behind it.
    if (!minutes.empty() && minutes.back().window >= window)
        at = std::lower_bound(minutes.begin(), minutes.end(), window,
                              [](const Minute& minute, std::int64_t start) { return minute.window < start; });
    const bool fresh = at == minutes.end() || at->window != window;
    if (fresh) at = minutes.insert(at, Minute{window, 0, 0, 0, 0});
    stream.levels_valid = std::min(stream.levels_valid, static_cast<std::size_t>(at - minutes.begin()));
    std::int64_t& sum = metric == metric::kStreamViewers ? at->net
                        : metric == metric::kStreamChats ? at->chats
                                                         : at->donations;
    sum = saturating_add(sum, delta);
    newest_ = std::max(newest_, window);
    if (!fresh) return;
    ++minutes_;
    keep_within_bounds();
}

void StreamSeries::advance(Timestamp log_clock) {
    clock_ = std::max(clock_, floor_to(log_clock, kMinuteMicros).micros);
    // An hour later than it could be, so that what is folded is an hour's.
    if (folded_before_ == kNoWindow || clock_ - folded_before_ > kStreamRetentionMicros + kHourMicros)
        fold(clock_ - kStreamRetentionMicros);
}

std::int64_t StreamSeries::newest_minute() const {
    return clock_ == kNoWindow ? newest_ : std::min(newest_, clock_);
}

void StreamSeries::keep_within_bounds() {
    if (streams_.size() > bounds_.streams) forget_streams();
    while (minutes_ > bounds_.minutes) {
        const std::int64_t reach = folded_before_ == kNoWindow ? 0 : clock_ - folded_before_;
        if (reach > kHourMicros)
            fold(clock_ - floor_to({reach / 2}, kMinuteMicros).micros);
        else
            forget_streams();
    }
}

void StreamSeries::fold(std::int64_t from) {
    folded_before_ = from;
    minutes_ = 0;
    for (auto& [id, stream] : streams_) {
        auto& minutes = stream.minutes;
        std::size_t old = 0;
        for (; old < minutes.size() && minutes[old].window < from; ++old)
            stream.base = GaugeStep::of_window(minutes[old].net).apply(stream.base);
        if (old > 0) {
            minutes.erase(minutes.begin(), minutes.begin() + static_cast<std::ptrdiff_t>(old));
            minutes.shrink_to_fit();
            stream.levels_valid = 0;
        }
        minutes_ += minutes.size();
    }
    // A stream without minutes and without viewers is as if it had never been.
    std::erase_if(streams_, [](const auto& entry) { return entry.second.minutes.empty() && entry.second.base == 0; });
}

void StreamSeries::forget_streams() {
    struct Age {
        std::int64_t window;
        std::size_t minutes;
        std::string_view id;
        auto operator<=>(const Age&) const = default;
    };
    std::vector<Age> ages;
    for (const auto& [id, stream] : streams_)
        ages.push_back({stream.minutes.empty() ? kNoWindow : stream.minutes.back().window, stream.minutes.size(), id});
    std::sort(ages.begin(), ages.end());
    ages.resize(ages.size() - ages.size() / 2);
    for (const Age& age : ages) {
        const auto found = streams_.find(age.id);
        minutes_ -= found->second.minutes.size();
        streams_.erase(found);
    }
}

void StreamSeries::settle(Stream& stream) {
    std::int64_t level = stream.levels_valid == 0 ? stream.base : stream.minutes[stream.levels_valid - 1].level;
    for (; stream.levels_valid < stream.minutes.size(); ++stream.levels_valid) {
        Minute& minute = stream.minutes[stream.levels_valid];
        level = GaugeStep::of_window(minute.net).apply(level);
        minute.level = level;
    }
}

StreamRow StreamSeries::row_of(const std::string& id, const Minute& minute) {
    return {id, minute.window, minute.level, minute.chats, minute.donations};
}

std::vector<StreamRow> StreamSeries::rows_from(std::int64_t first, std::size_t limit) {
    struct Head {
        std::int64_t window;
        const std::string* id;
        Stream* stream;
        std::size_t index;
    };
    const auto later = [](const Head& a, const Head& b) {
        return a.window != b.window ? a.window < b.window : *b.id < *a.id;
    };
    std::priority_queue<Head, std::vector<Head>, decltype(later)> heads(later);
    for (auto& [id, stream] : streams_)
        if (!stream.minutes.empty() && stream.minutes.back().window >= first)
            heads.push({stream.minutes.back().window, &id, &stream, stream.minutes.size() - 1});
    std::vector<StreamRow> rows;
    while (!heads.empty() && rows.size() < limit) {
        Head head = heads.top();
        heads.pop();
        settle(*head.stream);
        rows.push_back(row_of(*head.id, head.stream->minutes[head.index]));
        if (head.index == 0) continue;
        head.window = head.stream->minutes[--head.index].window;
        if (head.window >= first) heads.push(head);
    }
    return rows;
}

std::vector<StreamRow> StreamSeries::latest() {
    std::vector<StreamRow> rows;
    rows.reserve(streams_.size());
    for (auto& [id, stream] : streams_) {
        if (stream.minutes.empty()) continue;
        settle(stream);
        rows.push_back(row_of(id, stream.minutes.back()));
    }
    return rows;
}

std::vector<StreamRow> StreamSeries::sums_from(std::int64_t first) {
    std::vector<StreamRow> rows;
    for (auto& [id, stream] : streams_) {
        if (stream.minutes.empty() || stream.minutes.back().window < first) continue;
        settle(stream);
        StreamRow row = row_of(id, stream.minutes.back());
        for (std::size_t i = stream.minutes.size() - 1; i-- > 0 && stream.minutes[i].window >= first;) {
            row.chat_messages = saturating_add(row.chat_messages, stream.minutes[i].chats);
            row.donations_micros = saturating_add(row.donations_micros, stream.minutes[i].donations);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::int64_t StreamSeries::level_at(std::string_view stream_id, std::int64_t window) {
    const auto found = streams_.find(stream_id);
    if (found == streams_.end()) return 0;
    Stream& stream = found->second;
    settle(stream);
    const auto after = std::upper_bound(stream.minutes.begin(), stream.minutes.end(), window,
                                        [](std::int64_t start, const Minute& minute) { return start < minute.window; });
    return after == stream.minutes.begin() ? stream.base : std::prev(after)->level;
}

std::size_t StreamSeries::memory_bytes() const {
    // A vector has room for at most twice what is in it; a node of the map has three pointers, a colour and its entry.
    return streams_.size() * (sizeof(Stream) + sizeof(std::string) + 32 + 48) + minutes_ * 2 * sizeof(Minute);
}

std::vector<StreamRow> ranked(std::vector<StreamRow> rows, StreamRank by, std::size_t n) {
    const auto rank = [by](const StreamRow& row) {
        return by == StreamRank::Viewers ? row.active_viewers
               : by == StreamRank::Chats ? row.chat_messages
                                         : row.donations_micros;
    };
    std::stable_sort(rows.begin(), rows.end(),
                     [&](const StreamRow& a, const StreamRow& b) { return rank(a) > rank(b); });
    if (rows.size() > n) rows.resize(n);
    return rows;
}

}  // namespace streamgauge
