// SPDX-License-Identifier: GPL-3.0-or-later
#include "live/stream_series.h"

#include <algorithm>
#include <queue>

#include "metrics/decimal.h"

namespace streamgauge {

void StreamSeries::add(MetricId metric, std::int64_t window, std::string_view stream_id, std::int64_t delta) {
    if (metric != metric::kStreamViewers && metric != metric::kStreamChats && metric != metric::kStreamDonations)
        return;
    auto found = streams_.find(stream_id);
    if (found == streams_.end()) found = streams_.emplace(std::string(stream_id), Stream{}).first;
    Stream& stream = found->second;
    auto& minutes = stream.minutes;
    auto at = minutes.end();
    // Events come mostly in order: the minute is the last, or a new one behind it.
    if (!minutes.empty() && minutes.back().window >= window)
        at = std::lower_bound(minutes.begin(), minutes.end(), window,
                              [](const Minute& minute, std::int64_t start) { return minute.window < start; });
    if (at == minutes.end() || at->window != window) at = minutes.insert(at, Minute{window, 0, 0, 0, 0});
    stream.levels_valid = std::min(stream.levels_valid, static_cast<std::size_t>(at - minutes.begin()));
    newest_ = std::max(newest_, window);
    std::int64_t& sum = metric == metric::kStreamViewers ? at->net
                        : metric == metric::kStreamChats ? at->chats
                                                         : at->donations;
    sum = saturating_add(sum, delta);
}

void StreamSeries::settle(Stream& stream) {
    std::int64_t level = stream.levels_valid == 0 ? 0 : stream.minutes[stream.levels_valid - 1].level;
    for (; stream.levels_valid < stream.minutes.size(); ++stream.levels_valid) {
        Minute& minute = stream.minutes[stream.levels_valid];
        level = std::max<std::int64_t>(0, saturating_add(level, minute.net));
        minute.level = level;
    }
}

StreamRow StreamSeries::row_of(const std::string& id, const Minute& minute) {
    return {id, minute.window, minute.level, minute.chats, minute.donations};
}

std::int64_t StreamSeries::first_window(int minutes) const {
    return newest_ - (minutes - 1) * kMinuteMicros;
}

std::vector<StreamRow> StreamSeries::last_minutes(int minutes, std::size_t limit) {
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
    const std::int64_t first = streams_.empty() ? 0 : first_window(minutes);
    for (auto& [id, stream] : streams_)
        if (stream.minutes.back().window >= first)
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
        settle(stream);
        rows.push_back(row_of(id, stream.minutes.back()));
    }
    return rows;
}

std::vector<StreamRow> StreamSeries::top(int minutes, StreamRank by, std::size_t n) {
    std::vector<StreamRow> rows;
    const std::int64_t first = streams_.empty() ? 0 : first_window(minutes);
    for (auto& [id, stream] : streams_) {
        if (stream.minutes.back().window < first) continue;
        settle(stream);
        StreamRow row = row_of(id, stream.minutes.back());
        for (std::size_t i = stream.minutes.size() - 1; i-- > 0 && stream.minutes[i].window >= first;) {
            row.chat_messages = saturating_add(row.chat_messages, stream.minutes[i].chats);
            row.donations_micros = saturating_add(row.donations_micros, stream.minutes[i].donations);
        }
        rows.push_back(std::move(row));
    }
    const auto rank = [by](const StreamRow& row) {
        return by == StreamRank::Viewers ? row.active_viewers
               : by == StreamRank::Chats ? row.chat_messages
                                         : row.donations_micros;
    };
    std::sort(rows.begin(), rows.end(), [&](const StreamRow& a, const StreamRow& b) {
        return rank(a) != rank(b) ? rank(a) > rank(b) : a.stream_id < b.stream_id;
    });
    if (rows.size() > n) rows.resize(n);
    return rows;
}

}  // namespace streamgauge
