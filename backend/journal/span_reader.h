// SPDX-License-Identifier: GPL-3.0-or-later
// Reads committed events from spans, on connections of its own that never hold the writer up.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/sqlite.h"
#include "journal/journal.h"
#include "journal/span_file.h"

namespace streamgauge {

// Thread-safe. Keeps a few connections open from one call to the next.
class SpanReader {
public:
    SpanReader(std::string directory, SpanFileOptions options);
    ~SpanReader();

    // The next events of the span that starts at `span_first`: offsets [from, end), at most `max_events` and about 8
    // MiB of text, one project. nullptr when there are none.
    Result<std::shared_ptr<const CommittedBatch>> read(Offset span_first, Offset from, Offset end,
                                                       std::size_t max_events);

    // What dedup needs of the events [from, end) of one span, in order. Stops at the first error.
    using IdVisitor = std::function<Status(Offset offset, std::string_view project, std::string_view event_id,
                                           Timestamp received_at, bool id_from_door)>;
    Status visit_ids(Offset span_first, Offset from, Offset end, const IdVisitor& visit);
    // Of one event. NotFound when it is not there.
    Result<Timestamp> received_at(Offset span_first, Offset offset);

    // Project, id and door of one event. NotFound when it is not there.
    struct Found {
        EventPlace place;
        std::string event_id;
    };
    Result<Found> place(Offset span_first, Offset offset);

    // Count and SHA-256 of everything in the span.
    Result<Seal> seal(Offset span_first);
    // Up to `most` dead letters with ids after `after`, in order; or only their ids.
    Result<std::vector<std::uint64_t>> dead_letter_ids(Offset span_first, std::uint64_t after, std::size_t most);
    Result<std::vector<DeadLetter>> dead_letters(Offset span_first, std::uint64_t after, std::size_t most);

    // Closes connections to spans before `first`, which are about to be unlinked.
    void forget_before(Offset first);

private:
    struct Handle;
    class Lease;
    Result<std::unique_ptr<Handle>> take(Offset span_first);
    void give_back(std::unique_ptr<Handle> handle);

    const std::string directory_;
    const SpanFileOptions options_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Handle>> idle_;
    Offset forgotten_before_ = 0;
};

}  // namespace streamgauge
