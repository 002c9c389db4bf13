// SPDX-License-Identifier: GPL-3.0-or-later
// What somebody sends who wants the memory of sets to grow without end: values, groups and windows that are all
// different. Shared by the test, which sends as much as it takes, and the benchmark, which sends several times that.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "metrics/set_table.h"
#include "support/process_usage.h"

namespace streamgauge::test {

struct CardinalityRun {
    std::string name;
    std::uint64_t events = 0, overflowed = 0, writes = 0, commits = 0;
    std::size_t peak_bytes = 0;          // of SetTable::memory_bytes()
    std::size_t peak_resident = 0;       // of the process, above what it had before
    std::size_t limit = 0, ceiling = 0;  // of the two
    double cpu_seconds = 0;              // of the process
    // Of the widest tier's last state of a group, and of "(other)" where there is one.
    DistinctCount distinct, other;
    TopList top;
};

// From here on VmHWM is the highest since now.
inline void restart_peak() {
    std::ofstream("/proc/self/clear_refs") << "5";
}

struct CardinalityEvent {
    std::int64_t at;
    std::string group, text;
    std::int64_t micros = 0;
};

inline CardinalityRun run_cardinality(
    std::string name, Aggregate aggregate, bool grouped, std::uint64_t events,
    const std::function<void(std::uint64_t n, std::int64_t now, CardinalityEvent&)>& make) {
    MetricDefinition definition;
    definition.id = 1'000;
    definition.aggregate = aggregate;
    definition.tiers = {{10 * kSecondMicros, kDayMicros}, {kMinuteMicros, 0}, {kHourMicros, 0}, {kDayMicros, 0}};
    definition.exact_budget = kDefaultExactBudget;
    if (grouped) definition.group_by = {{Field::PageUrl, {}}};
    std::vector<Windows> windows;
    for (const Tier& tier : definition.tiers) windows.emplace_back(tier.window_micros);

    CardinalityRun run;
    run.name = std::move(name);
    run.events = events;
    malloc_trim(0);
    const std::size_t before = process_memory("VmRSS");
    restart_peak();
    // The store is on no account part of what is measured: nothing is kept, so nothing is found.
    const auto load = [](MetricId, const SetKey&) -> Result<std::optional<SetState>> {
        return std::optional<SetState>();
    };
    SetTable table(definition, std::move(windows), load);
    run.limit = table.memory_limit();
    run.ceiling = 2 * run.limit;
    const auto read = [&](std::vector<SetWrite> writes) {
        for (const SetWrite& write : writes) {
            ++run.writes;
            if (write.tier != 3 || !write.change.replace) continue;
            Result<SetState> state = SetState::decode(aggregate, {write.change.bytes});
            if (!state) continue;
            const bool other = write.group.ends_with(kOtherGroup);
            if (aggregate == Aggregate::Distinct) (other ? run.other : run.distinct) = state->distinct();
            if (aggregate == Aggregate::TopK) run.top = state->top(10);
        }
    };
    const auto commit = [&] {
        ++run.commits;
        read(table.take_writes());
        table.committed();
    };
    const double cpu = cpu_seconds();
    const std::int64_t day = 20'000 * kDayMicros;
    CardinalityEvent event;
    for (std::uint64_t n = 0; n < events; ++n) {
        // All of it within one day and twelve of its hours.
        const std::int64_t now = day + 6 * kHourMicros + static_cast<std::int64_t>(n * (12 * kHourMicros / events));
        make(n, now, event);
        table.advance(std::min(now, event.at));
        if (!table.prepare(event.at, event.group, now)) {
            commit();
            if (!table.prepare(event.at, event.group, now)) break;
        }
        table.add(event.at, event.group, event.text, event.micros, now);
        if (n % 256 == 0) run.peak_bytes = std::max(run.peak_bytes, table.memory_bytes());
        if (n % 200'000 == 199'999) commit();
    }
    run.peak_bytes = std::max(run.peak_bytes, table.memory_bytes());
    commit();
    run.cpu_seconds = cpu_seconds() - cpu;
    run.overflowed = table.overflowed();
    const std::size_t highest = process_memory("VmHWM");
    run.peak_resident = highest > before ? highest - before : 0;
    return run;
}

inline CardinalityRun distinct_users(std::uint64_t n) {
    return run_cardinality("distinct users", Aggregate::Distinct, false, n,
                           [](std::uint64_t i, std::int64_t now, CardinalityEvent& event) {
                               event = {now, "default", "user-" + std::to_string(i)};
                           });
}

inline CardinalityRun top_pages(std::uint64_t n) {
    return run_cardinality("most frequent pages", Aggregate::TopK, false, n,
                           [](std::uint64_t i, std::int64_t now, CardinalityEvent& event) {
                               // Every tenth is one of three pages.
                               const std::string page =
                                   i % 10 == 0 ? "/home/" + std::to_string(i % 3) : "/product/" + std::to_string(i);
                               event = {now, "default", page};
                           });
}

inline CardinalityRun distinct_by_group(std::uint64_t n) {
    return run_cardinality(
        "distinct users by page", Aggregate::Distinct, true, n,
        [](std::uint64_t i, std::int64_t now, CardinalityEvent& event) {
            event = {now, std::string("default\0/product/", 17) + std::to_string(i), "user-" + std::to_string(i)};
        });
}

// Long values, so that their bytes are what grows.
inline CardinalityRun long_values_by_group(std::uint64_t n) {
    return run_cardinality("most frequent long values by group", Aggregate::TopK, true, n,
                           [](std::uint64_t i, std::int64_t now, CardinalityEvent& event) {
                               event = {now, std::string("default\0/g/", 11) + std::to_string(i % 5'000),
                                        std::string(1'500, 'x') + std::to_string(i)};
                           });
}

inline CardinalityRun percentiles_by_group(std::uint64_t n) {
    return run_cardinality("percentiles by group", Aggregate::Percentile, true, n,
                           [](std::uint64_t i, std::int64_t now, CardinalityEvent& event) {
                               const std::int64_t micros = std::int64_t{1} << (i / 5'000 * 7 % 50);
                               event = {now,
                                        std::string("default\0/g/", 11) + std::to_string(i % 5'000),
                                        {},
                                        i % 2 == 0 ? micros : -micros + static_cast<std::int64_t>(i)};
                           });
}

// Each value for another window that was closed long ago.
inline CardinalityRun old_windows(std::uint64_t n) {
    return run_cardinality("values for old windows", Aggregate::Distinct, false, n,
                           [](std::uint64_t i, std::int64_t now, CardinalityEvent& event) {
                               const bool late = i > 0;
                               event = {late ? now - static_cast<std::int64_t>(i + 7) * kMinuteMicros : now, "default",
                                        "user-" + std::to_string(i)};
                           });
}

// Dated up to 24 hours ahead: all of these windows are open at once.
inline CardinalityRun windows_ahead(std::uint64_t n) {
    return run_cardinality("values for windows to come", Aggregate::TopK, false, n,
                           [](std::uint64_t i, std::int64_t now, CardinalityEvent& event) {
                               const auto ahead = static_cast<std::int64_t>(i * 7 % 8'640) * 10 * kSecondMicros;
                               event = {now + ahead, "default", std::string(900, 'y') + std::to_string(i)};
                           });
}

}  // namespace streamgauge::test
