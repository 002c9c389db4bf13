// SPDX-License-Identifier: GPL-3.0-or-later
// Event ids on disk: one sorted, immutable file for a range of offsets, with a Bloom filter in memory before it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "journal/dedup_table.h"
#include "journal/vfs_file.h"

namespace streamgauge {

// Only ever a cache of what the journal says: any fault is Corrupt, and the run is made again. One thread at a time.
class DedupRun {
public:
    static std::string name(Offset first, Offset end);  // "dedup-<20 digits>-<20 digits>.run"
    static bool is_name(std::string_view name);

    // `EntriesOnly`: for a cursor; without what find() keeps in memory.
    enum class For { Find, EntriesOnly };
    static Result<std::shared_ptr<DedupRun>> open(const std::string& path, const std::string& vfs,
                                                  const DedupSecret& secret, For what = For::Find);

    Offset first() const { return header_.first; }
    Offset end() const { return header_.end; }
    std::uint64_t entries() const { return header_.entries; }
    // The ids of its offsets were given up: it has none, and nothing may be read again in its place.
    bool forgotten() const { return header_.forgotten != 0; }
    Timestamp newest() const { return {header_.newest_micros}; }
    const std::string& path() const { return path_; }
    std::size_t memory_bytes() const { return 8 * (fences_.size() + filter_.size()); }

    // Touches the disk only when the filter says "perhaps" (wrong for about one in 200).
    Result<std::optional<DedupEntry>> find(const DedupHash& hash) const;

private:
    friend class DedupRunBuilder;
    friend class DedupRunCursor;
    struct Header {
        char magic[8];
        std::uint64_t entries, blocks, filter_words;
        Offset first, end;
        std::int64_t newest_micros;
        std::uint64_t forgotten;      // 1: yes
        std::uint64_t tail_checksum;  // of fences and filter
        std::uint64_t checksum;       // of everything before
    };
    DedupRun(VfsFile file, std::string path, const DedupSecret& secret)
        : file_(std::move(file)), path_(std::move(path)), secret_(secret) {}
    bool may_hold(const DedupHash& hash) const;
    void add_to_filter(const DedupHash& hash);
    std::uint64_t checksum(const void* data, std::size_t size) const;
    std::uint64_t tail_checksum() const;
    Result<std::size_t> read_block(std::uint64_t block, std::vector<DedupEntry>& entries) const;

    VfsFile file_;
    std::string path_;
    DedupSecret secret_;
    Header header_{};
    std::vector<std::uint64_t> fences_;  // the high half of each block's first hash
    std::vector<std::uint64_t> filter_;  // blocks of 512 bits
};

// Writes a run, entry by entry.
class DedupRunBuilder {
public:
    // For the ids of the offsets [first, end), at most `most_entries`; no event of them was received after `newest`.
    static Result<DedupRunBuilder> start(const std::string& path, const std::string& vfs, const DedupSecret& secret,
                                         Offset first, Offset end, Timestamp newest, std::uint64_t most_entries);
    // Instead of entries.
    void mark_forgotten() { run_->header_.forgotten = 1; }
    // Ascending by hash.
    Status add(const DedupEntry& entry);
    // The run is valid only once this has put everything on disk.
    Result<std::shared_ptr<DedupRun>> finish();

private:
    explicit DedupRunBuilder(std::shared_ptr<DedupRun> run) : run_(std::move(run)) {}
    Status end_block();
    Status flush();
    Status write(const void* data, std::size_t size);
    std::shared_ptr<DedupRun> run_;
    std::vector<DedupEntry> block_;
    std::string buffer_;
    std::uint64_t at_ = 0, synced_ = 0;
};

// Reads a run's entries in order.
class DedupRunCursor {
public:
    explicit DedupRunCursor(std::shared_ptr<const DedupRun> run) : run_(std::move(run)) {}
    // nullptr at the end. Valid until the next call.
    Result<const DedupEntry*> next();

private:
    std::shared_ptr<const DedupRun> run_;
    std::vector<DedupEntry> block_;
    std::size_t index_ = 0;
    std::uint64_t next_block_ = 0;
};

}  // namespace streamgauge
