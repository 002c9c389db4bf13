// SPDX-License-Identifier: GPL-3.0-or-later
// Reads many stored events for questions: only the columns that are asked for, in pieces that several threads share.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace streamgauge {

// Columns of an event that a scan reads; project and occurred_at always are.
namespace column {
inline constexpr unsigned kEventId = 1, kReceivedAt = 2, kFlags = 4, kSchemaVersion = 8, kEventType = 16, kUserId = 32,
                          kSessionId = 64, kPageUrl = 128, kProps = 256, kAll = 511;
}  // namespace column

struct ScanRequest {
    std::string project;  // empty: all but kSystemProject
    // Of those the ones whose time is in this range, half open.
    std::int64_t from_micros = std::numeric_limits<std::int64_t>::min();
    std::int64_t to_micros = std::numeric_limits<std::int64_t>::max();
    // Their time is the earlier of occurred_at and received_at, not occurred_at. Reads received_at.
    bool activity = false;
    unsigned columns = 0;
};

// A run of offsets, [from, to), within one file of the journal.
struct ScanPiece {
    Offset from = 0, to = 0;
    Offset file = 0;     // the first offset of its file
    bool whole = false;  // it has the same bounds in every scan
};

class EventVisitor {
public:
    virtual ~EventVisitor() = default;
    // `event` has at least what the request's columns say; valid during the call.
    virtual void visit(Offset offset, std::string_view project, const EventView& event) = 0;
};

// Of one question. Thread-safe. It holds the journal's writer up nowhere: a piece is one short transaction that reads.
// Must not outlive its journal.
class EventScan {
public:
    virtual ~EventScan() = default;

    // The pieces of all events up to `end` that may hold what is asked for, in order of offset; at most
    // kScanPieceEvents each. An event dated more than an hour beyond limits::kFutureTolerance ahead of its arrival may
    // be left out.
    virtual Result<std::vector<ScanPiece>> pieces(const ScanRequest& request, Offset end) = 0;

    // The events of the piece in order of offset. False when retention has removed them. Cancelled, within some
    // milliseconds, when `stop` becomes true.
    virtual Result<bool> visit(const ScanPiece& piece, const ScanRequest& request, EventVisitor& visitor,
                               const std::atomic<bool>& stop) = 0;
};

inline constexpr Offset kScanPieceEvents = 16'384;

class Journal;
// Over Journal::read(): for journals that have nothing quicker.
std::unique_ptr<EventScan> scan_by_reading(Journal& journal);

}  // namespace streamgauge
