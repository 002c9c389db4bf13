// SPDX-License-Identifier: GPL-3.0-or-later
// EventScan over the journal's files.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "journal/event_scan.h"
#include "journal/span_file.h"
#include "journal/span_list.h"
#include "journal/span_reader.h"

namespace streamgauge {

// What earlier scans found: from when to when the events of a whole piece are. Committed events never change, so
// neither does that. 32 bytes for 16,384 events. Thread-safe.
class ScanZones {
public:
    struct Zone {
        std::int64_t first = 0, last = 0;  // time of the events, both included
    };
    void put(Offset piece, bool activity, Zone zone);
    std::optional<Zone> find(Offset piece, bool activity) const;
    // Forgets pieces before `first`.
    void forget_before(Offset first);

private:
    mutable std::mutex mutex_;
    std::unordered_map<Offset, Zone> zones_[2];  // by activity
};

class SpanScan final : public EventScan {
public:
    // What it is given must outlive it.
    SpanScan(std::string directory, SpanFileOptions options, const SpanList& spans, SpanReader& reader,
             ScanZones& zones);
    ~SpanScan() override;

    Result<std::vector<ScanPiece>> pieces(const ScanRequest& request, Offset end) override;
    Result<bool> visit(const ScanPiece& piece, const ScanRequest& request, EventVisitor& visitor,
                       const std::atomic<bool>& stop) override;

private:
    struct Handle;
    // By the file's pages where it holds all that is committed, else by SQL.
    static Status show_all(Handle& handle, const ScanPiece& piece);
    Result<std::unique_ptr<Handle>> take(Offset file, const ScanRequest& request);
    void give_back(std::unique_ptr<Handle> handle);
    // The first offset that can have been received at `micros` or later.
    Offset first_received(std::int64_t micros, Offset end);

    const std::string directory_;
    const SpanFileOptions options_;
    const SpanList& spans_;
    SpanReader& reader_;
    ScanZones& zones_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Handle>> idle_;
};

}  // namespace streamgauge
