// SPDX-License-Identifier: GPL-3.0-or-later
// The embedded journal: SQLite files, one for each span of time, whose rowid is the offset.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "journal/journal.h"
#include "journal/seal.h"

namespace streamgauge {

struct SqliteJournalOptions {
    std::string directory;                        // must exist; the caller owns it exclusively
    std::string vfs;                              // SQLite VFS by name; empty: the operating system's
    bool synchronous_full = true;                 // false loses what power loss takes; only a test wants that
    std::uint64_t retention_days = 7;             // 0: for ever
    std::uint64_t retention_bytes = 20ULL << 30;  // 0: any size
    std::uint64_t span_bytes = 1ULL << 30;        // a file larger than this is followed by a new one
    std::size_t queue_events = limits::kJournalQueueEvents;
    std::size_t queue_bytes = limits::kJournalQueueBytes;
    std::size_t commit_events = limits::kCommitEvents;
    std::size_t recent_bytes = 32 * 1024 * 1024;  // of committed events kept in memory for readers
    std::size_t dedup_memory_entries = 700'000;   // ids kept exactly; then they move to a file (32 bytes each)
    std::chrono::hours dedup_horizon = limits::kDedupHorizon;
    std::uint64_t dedup_max_bytes = 0;  // of memory for ids; beyond it the oldest are forgotten. 0: any
    // Pages (4 KiB) of the write-ahead log. From a quarter of it on it is moved into the file beside the writer; beyond
    // all of it the writer itself moves the little that is left, so that the log starts again from its beginning.
    std::size_t log_pages = 4096;
    // Asked on the journal's background thread before retention removes a span, with the seal that it leaves. An error
    // keeps the span until it is asked again: Journal::tend_retention(), the next start, the next span. Empty: nobody
    // is asked.
    std::function<Status(const Seal&)> before_unlink;
};

// Opens or makes the journal in options.directory. Takes a time that does not depend on how long the journal is, unless
// the dedup files are lost. Corrupt when what is there is no journal of ours. `clock` must outlive the journal.
Result<std::unique_ptr<Journal>> open_sqlite_journal(const SqliteJournalOptions& options, const Clock& clock);

}  // namespace streamgauge
