// SPDX-License-Identifier: GPL-3.0-or-later
// Which event ids are in the journal, back to the horizon: the newest exactly in memory, older ones in sorted files.
// All of it can be rebuilt from the journal.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "journal/background.h"
#include "journal/dedup_run.h"
#include "journal/dedup_table.h"

namespace streamgauge {

class DedupMerge;

struct DedupOptions {
    std::string directory, vfs;
    DedupSecret secret{};
    std::size_t memory_entries = 700'000;      // then the table is frozen and written to a file
    std::uint64_t memory_offsets = 1'000'000;  // or when it covers this many events, most of them without ids
    std::int64_t horizon_micros = 0;
    std::uint64_t max_bytes = 0;  // of memory_bytes(): beyond it the oldest files are forgotten; 0: any
};

// Belongs to the journal's writer thread; files are written on `background`. An id is known from the moment it is
// added, also while its table is being written.
class DedupIndex {
public:
    // `background` must be stopped before the index is destroyed.
    DedupIndex(DedupOptions options, Background& background);

    // Hands the events of [from, to) to the visitor, in order; without a hash when the door made the id.
    using Visitor = std::function<Status(Offset offset, Timestamp received_at, const std::optional<DedupHash>& hash)>;
    using Source = std::function<Status(Offset from, Offset to, const Visitor& visit)>;
    // Takes the files that are there and reads from `source` what they lack of [from, end). Called once, first;
    // `source` is kept for files that turn out to be damaged, and is then called on the writer's thread.
    Status load(Offset from, Offset end, Source source);

    // The offset of the event with this id within the horizon before `received_at`; otherwise adds it and hands out
    // nothing. Between two commits the additions can be taken back.
    Result<std::optional<Offset>> find_or_add(const DedupHash& hash, Offset offset, Timestamp received_at);
    // The offset of the newest event with this id, however long ago, as far as it is still known.
    Result<std::optional<Offset>> find(const DedupHash& hash);
    // The log ends at `end`; `newest` is the latest received_at of the events that this commit added, with ids or not.
    void commit(Offset end, Timestamp newest);
    void rollback();

    // How far back every id is known: the horizon, or less since files were forgotten.
    std::int64_t known_micros() const;
    // What tables, filters and fences take in memory, and what a merge that is under way will.
    std::uint64_t memory_bytes() const;

    // For tests and figures.
    std::size_t entries_in_memory() const;
    std::size_t files() const { return runs_.size(); }

private:
    struct Frozen {
        std::shared_ptr<const DedupTable> table;
        Offset first = 0, end = 0;
        Timestamp newest;
        bool queued = false;
    };
    struct Change {
        DedupHash hash;
        std::optional<DedupEntry> before;
    };
    void open_files();
    Status read_range(Offset first, Offset last, bool tail);
    Status make_again(std::shared_ptr<const DedupRun> damaged);
    // Not expired at `again`; none: whenever it was.
    Result<std::optional<Offset>> look_up(const DedupHash& hash, std::optional<Timestamp> again);
    Result<std::optional<DedupEntry>> find_in_files(const DedupHash& hash, std::optional<Timestamp> again);
    Result<std::shared_ptr<const DedupRun>> write(const Frozen& frozen) const;
    Frozen freeze(Offset end);
    void merge_if_due();
    void go_on_merging(std::shared_ptr<DedupMerge> merge);
    void take_merged();
    void remove_file(const std::shared_ptr<const DedupRun>& run);
    void write_frozen();
    void take_written();
    void add_run(std::shared_ptr<const DedupRun> run);
    void drop_expired();
    void keep_within_bounds();
    void forget_oldest();
    bool expired(Timestamp first, std::optional<Timestamp> again) const;
    bool is_full(Offset end) const;

    const DedupOptions options_;
    Background& background_;
    Source source_;
    DedupTable active_;
    Offset active_first_ = 1;
    std::vector<Change> changes_;  // of active_ since the last commit
    Timestamp newest_;
    std::vector<Frozen> frozen_;                         // oldest first
    std::vector<std::shared_ptr<const DedupRun>> runs_;  // oldest first

    // What was given up for want of memory. A file without entries says so, so that a restart does not read those ids
    // again.
    struct Forgotten {
        Offset first = 0, end = 0;  // 0: nothing
        Timestamp newest;
    };
    Forgotten forgotten_;

    std::mutex inbox_mutex_;
    // By the frozen table's first offset; nullptr: failed.
    std::vector<std::pair<Offset, std::shared_ptr<const DedupRun>>> inbox_;
    std::optional<std::shared_ptr<const DedupRun>> merged_;  // nullptr: failed
    // The writer thread's own: the files that are being merged, and what the merged one takes.
    bool merging_ = false;
    Offset merging_first_ = 0;
    std::uint64_t merging_bytes_ = 0;
};

}  // namespace streamgauge
