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

    // Writes the ids of the offsets [first, end), ascending by hash; `newest`: no event of them was received later.
    // Valid only once everything is on disk.
    static Result<std::shared_ptr<DedupRun>> write(const std::string& path, const std::string& vfs,
                                                   const DedupSecret& secret, Offset first, Offset end,
                                                   Timestamp newest, const std::vector<DedupEntry>& sorted);
    static Result<std::shared_ptr<DedupRun>> open(const std::string& path, const std::string& vfs,
                                                  const DedupSecret& secret);

    Offset first() const { return header_.first; }
    Offset end() const { return header_.end; }
    std::uint64_t entries() const { return header_.entries; }
    Timestamp newest() const { return {header_.newest_micros}; }
    const std::string& path() const { return path_; }

    // Touches the disk only when the filter says "perhaps" (wrong for about one in 200).
    Result<std::optional<DedupEntry>> find(const DedupHash& hash) const;
    // Every entry in order, for merging.
    Result<std::vector<DedupEntry>> load() const;

private:
    struct Header {
        char magic[8];
        std::uint64_t entries, blocks, filter_words;
        Offset first, end;
        std::int64_t newest_micros;
        std::uint64_t tail_checksum;
        std::uint64_t checksum;  // of everything before
    };
    DedupRun(VfsFile file, std::string path, const DedupSecret& secret)
        : file_(std::move(file)), path_(std::move(path)), secret_(secret) {}
    bool may_hold(const DedupHash& hash) const;
    void add_to_filter(const DedupHash& hash);
    std::uint64_t checksum(const void* data, std::size_t size) const;
    Result<std::size_t> read_block(std::uint64_t block, std::vector<DedupEntry>& entries) const;

    VfsFile file_;
    std::string path_;
    DedupSecret secret_;
    Header header_{};
    std::vector<std::uint64_t> fences_;  // the high half of each block's first hash
    std::vector<std::uint64_t> filter_;  // blocks of 512 bits
};

}  // namespace streamgauge
