// SPDX-License-Identifier: GPL-3.0-or-later
// Answers that were computed, for as long as they are right: one leaves when a commit changes a window that it was read
// from.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "query/answer.h"
#include "store/result_store.h"

namespace streamgauge::query {

struct CacheFigures {
    std::uint64_t hits = 0, misses = 0, invalidated = 0;
    std::size_t entries = 0, bytes = 0;
};

// Thread-safe.
class AnswerCache {
public:
    explicit AnswerCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    // A change of a metric's windows: those of `tier` that it touched, ascending; or everything of the metric.
    struct Change {
        std::uint8_t tier = 0;
        std::vector<std::int64_t> windows;
        bool everything = false;
    };

    // From before the snapshot is taken until the answer is put in: what is committed meanwhile may not be in the
    // answer. Must not outlive the cache.
    class Computation {
    public:
        Computation(AnswerCache& cache, MetricId metric);
        ~Computation();
        Computation(const Computation&) = delete;
        Computation& operator=(const Computation&) = delete;

    private:
        friend class AnswerCache;
        AnswerCache& cache_;
        const MetricId metric_;
        std::vector<Change> changes_;  // guarded by the cache's mutex
    };

    // nullptr where there is none; counted as a hit or a miss.
    AnswerPtr find(const std::string& key);
    // The watermark of the last commit that was told of: what find() gives is right as of then, too.
    std::optional<Timestamp> as_of() const;
    // Nothing happens when the answer is not right any more, or is larger than a quarter of the bound.
    void put(const Computation& computation, const std::string& key, const Plan& plan, AnswerPtr answer);

    // Answers that somebody has a cursor of: kept though they are no longer right, as long as there is room.
    void hold(const Cursor& cursor, AnswerPtr answer);
    AnswerPtr held(const Cursor& cursor);

    // Call when it is in the store, before anybody is told so.
    void committed(const ResultCommit& commit);
    void committed(const BackfillCommit& commit);

    CacheFigures figures() const;

private:
    struct Entry {
        std::string key;
        MetricId metric = 0;
        std::vector<Piece> pieces;
        AnswerPtr answer;
        std::size_t bytes = 0;
    };
    using Entries = std::list<Entry>;  // the one used last is first
    using HeldKey = std::pair<std::uint64_t, std::uint64_t>;
    struct Held {
        HeldKey key;
        AnswerPtr answer;
        std::size_t bytes = 0;
    };

    static bool touches(const Change& change, const std::vector<Piece>& pieces);
    bool watched(MetricId metric) const;
    void changed(const ResultChanges& changes);
    void changed(MetricId metric, const Change& change);
    void erase(Entries::iterator entry);

    const std::size_t max_bytes_;
    mutable std::mutex mutex_;  // guards all below
    Entries entries_;
    std::unordered_map<std::string, Entries::iterator> by_key_;
    std::map<MetricId, std::size_t> entries_of_;  // how many
    std::vector<Computation*> computations_;
    std::list<Held> held_;
    std::size_t bytes_ = 0, held_bytes_ = 0;
    std::optional<Timestamp> as_of_;
    std::uint64_t hits_ = 0, misses_ = 0, invalidated_ = 0;
};

}  // namespace streamgauge::query
