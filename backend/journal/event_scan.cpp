// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/event_scan.h"

#include <algorithm>

#include "journal/journal.h"

namespace streamgauge {
namespace {

class ScanByReading final : public EventScan {
public:
    explicit ScanByReading(Journal& journal) : journal_(journal) {}

    Result<std::vector<ScanPiece>> pieces(const ScanRequest&, Offset end) override {
        std::vector<ScanPiece> out;
        for (Offset at = journal_.begin(); at < end;) {
            const Offset to = std::min(end, (at / kScanPieceEvents + 1) * kScanPieceEvents);
            out.push_back({at, to, 0, false});
            at = to;
        }
        return out;
    }

    Result<bool> visit(const ScanPiece& piece, const ScanRequest& request, EventVisitor& visitor,
                       const std::atomic<bool>& stop) override {
        for (Offset at = piece.from; at < piece.to;) {
            if (stop.load(std::memory_order_relaxed))
                return Error::make(ErrorCode::Cancelled, "the question was given up");
            const auto run = journal_.read(at, std::min<std::size_t>(piece.to - at, 256));
            if (!run.ok()) {
                if (run.error().code == ErrorCode::NotFound) return false;
                return run.error();
            }
            if (!*run) break;
            const EventBatch& batch = (*run)->batch;
            const Offset to = std::min((*run)->next(), piece.to);
            const bool wanted =
                request.project.empty() ? batch.project() != kSystemProject : batch.project() == request.project;
            for (; wanted && at < to; ++at) {
                const EventView event = batch[at - (*run)->first];
                const std::int64_t time = request.activity
                                              ? std::min(event.occurred_at.micros, event.received_at.micros)
                                              : event.occurred_at.micros;
                if (time >= request.from_micros && time < request.to_micros) visitor.visit(at, batch.project(), event);
            }
            at = to;
        }
        return true;
    }

private:
    Journal& journal_;
};

}  // namespace

std::unique_ptr<EventScan> scan_by_reading(Journal& journal) {
    return std::make_unique<ScanByReading>(journal);
}

}  // namespace streamgauge
