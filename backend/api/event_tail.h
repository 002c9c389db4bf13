// SPDX-License-Identifier: GPL-3.0-or-later
// Follows the journal's end for one filter, and keeps what fits on a screen.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/types.h"
#include "journal/journal.h"
#include "metrics/filter_reader.h"

namespace streamgauge::api {

// Passes over events of the program itself. Lives on the live thread.
class EventTailReader {
public:
    static constexpr std::size_t kEventsPerMessage = 200;  // more than a screen of rows
    static constexpr std::size_t kLookBack = 20'000;       // events searched for the first snapshot of a filter
    static constexpr std::size_t kLongLookBack = 100'000;  // the same where every event is taken
    static constexpr std::size_t kEventsPerStep = 50'000;  // events searched in one go

    // `event_type` empty: every type. Reads the newest events for the first snapshot.
    EventTailReader(Journal& journal, std::string event_type, Filter where = {});

    // What matches since the last call: the newest up to kEventsPerMessage, the others counted as skipped
    // (without a filter these may include a few of the program itself). `more` is
    // set when the journal had more than kEventsPerStep events: call again soon.
    EventTail advance(bool& more);
    // The newest matching events up to where advance() is.
    EventTail newest() const;

private:
    using Found = std::deque<std::pair<std::shared_ptr<const CommittedBatch>, std::size_t>>;
    bool takes_everything() const { return event_type_.empty() && !where_; }
    // What matches among the next `most`; `matched` were found before and are not shown.
    EventTail take(std::uint64_t matched, std::size_t most, bool& more);
    // Searches up to `most` events from position_ on; returns how many matched.
    std::uint64_t search(std::size_t most, Found& found, bool& more);

    Journal& journal_;
    const std::string event_type_;
    std::optional<FilterReader> where_;
    Offset position_;
    std::deque<TailEvent> newest_;
};

}  // namespace streamgauge::api
