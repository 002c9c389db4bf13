// SPDX-License-Identifier: GPL-3.0-or-later
// Events in the plainest form, the results that a store is given for them, and answers computed straight from them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "metrics/decimal.h"
#include "query/metric_directory.h"
#include "query/query.h"
#include "query/steps.h"
#include "store/sqlite_result_store.h"

namespace streamgauge::test {

struct PlainEvent {
    std::string project;
    std::int64_t at = 0;
    std::vector<std::string> groups;     // as the metric's group_by
    std::string text;                    // of distinct, topk, last
    std::optional<std::int64_t> number;  // micro-units, of sum and the like; of a gauge +1 or -1
};

inline std::string key_of(const PlainEvent& event) {
    std::string key = event.project;
    for (const std::string& value : event.groups) key += kGroupSeparator + value;
    return key;
}

inline Cell cell_of(Aggregate aggregate, const PlainEvent& event) {
    Cell cell;
    if (aggregate == Aggregate::Count) return {1, 1, 0, {}};
    if (aggregate == Aggregate::Last) return {event.at, 1, 0, event.text};
    if (event.number) cell = {*event.number, 1, 0, {}};
    return cell;
}

// A store in a directory of its own, and what becomes of events in it, metric by metric.
class FilledStore {
public:
    FilledStore() {
        static int number = 0;
        directory_ = std::filesystem::temp_directory_path() /
                     ("streamgauge_query_test_" + std::to_string(getpid()) + "_" + std::to_string(number++));
        std::filesystem::create_directories(directory_);
        store_ = open_sqlite_result_store((directory_ / "store.db").string()).value();
        owner_ = store_->acquire().value();
    }
    ~FilledStore() {
        store_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    FilledStore(const FilledStore&) = delete;
    FilledStore& operator=(const FilledStore&) = delete;

    ResultStore& store() { return *store_; }
    void commit_through(ResultStore& outer) { outer_ = &outer; }

    // One commit of these events of a metric. Sets are kept by the test, as the program's set table does.
    void add(const query::AskedMetric& metric, const std::vector<PlainEvent>& events) {
        const MetricDefinition& definition = metric.definition;
        ResultCommit commit;
        for (std::size_t tier = 0; tier < metric.windows.size(); ++tier) {
            if (is_set(definition.aggregate)) {
                add_sets(commit, metric, tier, events);
                continue;
            }
            CellTable table(definition.id, static_cast<std::uint8_t>(tier), definition.aggregate);
            for (const PlainEvent& event : events)
                table.add(metric.windows[tier].start_of(event.at), key_of(event), cell_of(definition.aggregate, event));
            commit.changes.cells.push_back(std::move(table));
        }
        for (const PlainEvent& event : events) {
            state_.log_clock.micros = std::max(state_.log_clock.micros, event.at);
            state_.watermark = std::max(state_.watermark, std::optional<Timestamp>(Timestamp{event.at}));
        }
        this->commit(std::move(commit), events.size());
    }
    void commit(ResultCommit commit, std::size_t events) {
        commit.epoch = owner_.epoch;
        commit.number = ++number_;
        commit.expected_next = state_.next;
        state_.next += events;
        state_.aggregated += events;
        commit.state = state_;
        const Status done = (outer_ != nullptr ? *outer_ : *store_).commit(commit);
        ASSERT_TRUE(done.ok()) << done.error().describe();
    }
    PartitionState& state() { return state_; }

private:
    void add_sets(ResultCommit& commit, const query::AskedMetric& metric, std::size_t tier,
                  const std::vector<PlainEvent>& events) {
        const MetricDefinition& definition = metric.definition;
        std::set<std::tuple<std::int64_t, std::string>> touched;
        for (const PlainEvent& event : events) {
            const std::int64_t window = metric.windows[tier].start_of(event.at);
            const auto [found, fresh] =
                sets_.try_emplace({definition.id, tier, window, key_of(event)}, definition.aggregate);
            if (definition.aggregate == Aggregate::Percentile) {
                if (event.number) found->second.add(*event.number);
            } else {
                found->second.add(event.text);
            }
            touched.emplace(window, key_of(event));
        }
        MetricSets out{definition.id, definition.aggregate, {}};
        for (const auto& [window, key] : touched)
            if (auto change = sets_.at({definition.id, tier, window, key}).take_change())
                out.writes.push_back({static_cast<std::uint8_t>(tier), window, key, *std::move(change), 0});
        for (MetricSets& sets : commit.changes.sets)
            if (sets.metric == definition.id) {
                sets.writes.insert(sets.writes.end(), std::make_move_iterator(out.writes.begin()),
                                   std::make_move_iterator(out.writes.end()));
                return;
            }
        commit.changes.sets.push_back(std::move(out));
    }

    std::filesystem::path directory_;
    std::unique_ptr<ResultStore> store_;
    ResultStore* outer_ = nullptr;
    Ownership owner_;
    PartitionState state_;
    std::uint64_t number_ = 0;
    std::map<std::tuple<MetricId, std::size_t, std::int64_t, std::string>, SetState> sets_;
};

// Step and group -> what the events of it amount to, as text.
using PlainAnswer = std::map<std::pair<std::size_t, std::vector<std::string>>, std::string>;

inline std::string text_of(const query::Value& value) {
    std::string out = value.number ? std::to_string(*value.number) : "none";
    if (value.text) out += " '" + *value.text + "'";
    for (const TopItem& item : value.top) out += " " + item.value + "=" + std::to_string(item.count);
    return out;
}

// Of the events that are asked for, in order of time.
inline std::string plain_value(Aggregate aggregate, const std::vector<const PlainEvent*>& events, std::size_t top) {
    std::vector<std::int64_t> numbers;
    for (const PlainEvent* event : events)
        if (event->number) numbers.push_back(*event->number);
    std::int64_t sum = 0;
    for (const std::int64_t number : numbers) sum += number;
    query::Value value;
    switch (aggregate) {
        case Aggregate::Count:
            value.number = static_cast<std::int64_t>(events.size());
            break;
        case Aggregate::Sum:
            value.number = sum;
            break;
        case Aggregate::Min:
            if (!numbers.empty()) value.number = *std::min_element(numbers.begin(), numbers.end());
            break;
        case Aggregate::Max:
            if (!numbers.empty()) value.number = *std::max_element(numbers.begin(), numbers.end());
            break;
        case Aggregate::Avg:
            if (!numbers.empty()) {
                const auto n = static_cast<std::int64_t>(numbers.size());
                // Half away from zero.
                value.number = sum >= 0 ? (2 * sum + n) / (2 * n) : -((-2 * sum + n) / (2 * n));
            }
            break;
        case Aggregate::Last:
            value.text = events.back()->text;
            break;
        case Aggregate::Distinct: {
            std::set<std::string> texts;
            for (const PlainEvent* event : events) texts.insert(event->text);
            value.number = static_cast<std::int64_t>(texts.size());
            break;
        }
        case Aggregate::TopK: {
            std::map<std::string, std::uint64_t> counts;
            for (const PlainEvent* event : events) ++counts[event->text];
            for (const auto& [text, count] : counts) value.top.push_back({text, count, 0});
            std::stable_sort(value.top.begin(), value.top.end(),
                             [](const TopItem& a, const TopItem& b) { return a.count > b.count; });
            if (value.top.size() > top) value.top.resize(top);
            break;
        }
        default:
            break;
    }
    return text_of(value);
}

}  // namespace streamgauge::test
