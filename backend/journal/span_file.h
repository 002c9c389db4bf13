// SPDX-License-Identifier: GPL-3.0-or-later
// One file of the journal: the events of a span of time, the dead letters of the same requests, and the totals so far.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sqlite.h"
#include "event/event.h"
#include "journal/door_names.h"
#include "journal/journal.h"
#include "journal/seal.h"

namespace streamgauge {

using DedupSecret = std::array<unsigned char, 16>;

// What is carried from each file into the next, and changes with every commit.
struct SpanTotals {
    Offset next = 1;
    JournalCounters counters;
    std::uint64_t next_dead_letter = 1;
};

struct SpanFileOptions {
    std::string vfs;
    bool synchronous_full = true;
};

// The write side. One thread at a time.
class SpanFile {
public:
    static std::string name(Offset first);  // "journal-00000000000000000001.db"
    static std::optional<Offset> first_from_name(std::string_view name);

    // Makes the file with everything that is carried over; it is on disk when this returns.
    static Result<SpanFile> create(const std::string& path, const SpanFileOptions& options, Offset first,
                                   const SpanTotals& totals, const DedupSecret& secret, const std::vector<Seal>& seals);
    // A span of an older format becomes one of the newest. NotFound when the file was never finished being made:
    // nothing was ever stored in it.
    static Result<SpanFile> open(const std::string& path, const SpanFileOptions& options);

    // One transaction: begin, any number of inserts, commit. After a failure call rollback() and begin again.
    Status begin();
    // `door`: its number by door_number().
    Status insert(Offset offset, const std::string& project, const EventView& event, std::uint32_t door);
    // In a transaction. 0 when the span has as many doors as it may.
    Result<std::uint32_t> door_number(std::string_view source, Dialect dialect, std::string_view sender);
    Status insert(const DeadLetter& letter);
    Status insert(const Seal& seal);
    Status commit(const SpanTotals& totals);
    void rollback();

    Offset first() const { return first_; }
    const SpanTotals& totals() const { return totals_; }
    const DedupSecret& secret() const { return secret_; }
    Result<std::vector<Seal>> seals();
    // received_at of the first event, if there is one.
    std::optional<Timestamp> first_received_at() const { return first_received_at_; }
    std::uint64_t size_bytes();
    // Pages in the write-ahead log after the last commit.
    int log_pages() const { return *log_pages_; }
    // Moves what is left of the log into the file, so that the next commit starts the log again. False when a reader or
    // another checkpoint is in the way for longer than `patience`: try again after a later commit.
    bool restart_log(std::chrono::milliseconds patience);
    // The same for a span that is left for good: its log is empty afterwards.
    bool empty_log();

private:
    SpanFile() = default;
    Status upgrade();
    Status prepare();
    Status load();
    bool checkpoint(int mode);

    sql::Connection connection_;
    sql::Statement begin_, commit_, rollback_, insert_event_, insert_letter_, insert_seal_, insert_door_, save_totals_,
        page_count_;
    Offset first_ = 0;
    SpanTotals totals_;
    DedupSecret secret_{};
    DoorNames doors_;
    std::size_t doors_committed_ = 0;
    std::optional<Timestamp> first_received_at_;
    std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);  // SQLite's hook writes to it
};

// Opens a connection to a span with the settings that all of them share. `create`: make the file.
Result<sql::Connection> open_span_connection(const std::string& path, const SpanFileOptions& options, bool create);

// The low bits of event.flags are EventView's; above them is the number of the door, 0 where it is not known.
inline constexpr int kDoorShift = 8;
inline constexpr std::int64_t kEventFlags = (1 << kDoorShift) - 1;

// 1 to 3; Corrupt for any other. Doors are known from 3 on.
Result<std::int64_t> format_of_span(sqlite3* connection);

}  // namespace streamgauge
