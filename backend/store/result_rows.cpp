// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/result_rows.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <optional>

#include "metrics/cell_table.h"
#include "metrics/gauge.h"
#include "metrics/set_state.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kNotReadable = "not readable: ";
constexpr std::size_t kCellBytes = 3 * sizeof(std::int64_t);

void put(std::string& out, std::int64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFF);
}

std::int64_t get(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return static_cast<std::int64_t>(value);
}

void encode_cell(Aggregate aggregate, const Cell& cell, std::string& content) {
    content.clear();
    // A smallest and a largest of nothing are anything.
    const bool meaningless = (aggregate == Aggregate::Min || aggregate == Aggregate::Max) && cell.count == 0;
    put(content, meaningless ? 0 : cell.value);
    put(content, cell.count);
    put(content, cell.late);
    content += cell.text;
}

}  // namespace

Status visit_results(StoreSnapshot& snapshot, const MetricDefinition& definition, std::uint8_t tier,
                     Timestamp log_clock, const ResultVisitor& visit) {
    const Tier& kept = definition.tiers[tier];
    const Result<Windows> windows = Windows::make(kept.window_micros, definition.timezone);
    if (!windows.ok()) return windows.error();
    const std::int64_t oldest = windows->oldest_kept(kept.retention_micros, log_clock.micros);
    std::string content;
    if (is_set(definition.aggregate)) {
        return snapshot.sets(definition.id, tier, oldest, kEndOfTime, {},
                             [&](std::int64_t window, std::string_view group, const StoreSnapshot::Set& set) {
                                 content.clear();
                                 put(content, static_cast<std::int64_t>(set.late));
                                 const Result<SetState> state = SetState::decode(definition.aggregate, set.bytes);
                                 if (state.ok()) {
                                     content += state->canonical();
                                 } else {
                                     // Somebody changed it: a row that is like no other.
                                     content += kNotReadable;
                                     for (const std::string_view bytes : set.bytes) content += bytes;
                                 }
                                 return visit({window, group, content});
                             });
    }
    if (definition.aggregate == Aggregate::Gauge && oldest != kNoWindow) {
        // Windows come in order of time, the level so far first.
        std::map<std::string, Cell, std::less<>> levels;
        const Status read = snapshot.cells(definition.id, tier, kNoWindow, oldest, {},
                                           [&](std::int64_t window, std::string_view group, Cell cell) {
                                               cell.text = {};
                                               auto level = levels.find(group);
                                               if (level == levels.end())
                                                   level = levels.emplace(std::string(group), Cell{}).first;
                                               if (window == kGaugeBase)
                                                   level->second = cell;
                                               else
                                                   fold_into_gauge_base(level->second, cell);
                                               return true;
                                           });
        if (!read.ok()) return read;
        for (const auto& [group, level] : levels) {
            encode_cell(definition.aggregate, level, content);
            if (!visit({kGaugeBase, group, content})) return {};
        }
    }
    return snapshot.cells(definition.id, tier, oldest, kEndOfTime, {},
                          [&](std::int64_t window, std::string_view group, const Cell& cell) {
                              encode_cell(definition.aggregate, cell, content);
                              return visit({window, group, content});
                          });
}

Status visit_users(StoreSnapshot& snapshot, Timestamp log_clock, const std::function<void(UserActivity&&)>& visit) {
    const std::int64_t oldest = log_clock.micros - kActivityRetentionMicros;
    return snapshot.for_each_user([&](UserActivity&& user) {
        if (user.last.micros <= oldest) return;
        std::erase_if(user.sessions,
                      [oldest](const SessionActivity& session) { return session.last.micros <= oldest; });
        std::sort(user.sessions.begin(), user.sessions.end(),
                  [](const SessionActivity& a, const SessionActivity& b) { return a.session_id < b.session_id; });
        visit(std::move(user));
    });
}

std::string describe_content(Aggregate aggregate, std::string_view content) {
    if (is_set(aggregate)) {
        if (content.size() < sizeof(std::int64_t)) return "not readable";
        const std::string late = ", late " + std::to_string(get(content));
        if (content.substr(sizeof(std::int64_t)).starts_with(kNotReadable)) return "not readable" + late;
        const Result<SetState> state = SetState::decode(aggregate, {content.substr(sizeof(std::int64_t))});
        if (!state.ok()) return "not readable";
        if (aggregate == Aggregate::Distinct) {
            const DistinctCount count = state->distinct();
            return std::to_string(count.count) + (count.exact ? " values" : " values, estimated") + late;
        }
        if (aggregate == Aggregate::Percentile) {
            const auto median = state->quantile(0.5);
            return std::to_string(state->values()) + " values, median " + std::to_string(median.value_or(0)) +
                   " millionths" + late;
        }
        const TopList top = state->top(3);
        std::string out = "top";
        for (const TopItem& item : top.items) out += " " + item.value + " " + std::to_string(item.count);
        return out + late;
    }
    if (content.size() < kCellBytes) return "not readable";
    std::string out = "value " + std::to_string(get(content)) + ", events " + std::to_string(get(content.substr(8))) +
                      ", late " + std::to_string(get(content.substr(16)));
    if (content.size() > kCellBytes) out += ", text \"" + std::string(content.substr(kCellBytes)) + "\"";
    return out;
}

}  // namespace streamgauge
