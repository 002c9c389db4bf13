// SPDX-License-Identifier: GPL-3.0-or-later
// EventSearch over the journal: it goes back from the newest event and looks at each. There is no index: what one
// question may look at is bounded instead, and its answer says where to go on.
#pragma once

#include <chrono>
#include <cstdint>

#include "api/event_search.h"
#include "api/service_thread.h"
#include "base/clock.h"
#include "journal/journal.h"
#include "metrics/filter_reader.h"
#include "metrics/props_reader.h"

namespace streamgauge::api {

struct EventSearchOptions {
    // Of one question; then its page ends, and is not exhausted.
    std::uint64_t most_events = 2'000'000;
    std::chrono::milliseconds longest{2000};
    // Of the texts on one page.
    std::size_t most_bytes = 16 * 1024 * 1024;
};

class JournalEventSearch final : public EventSearch {
public:
    static constexpr std::size_t kMostEvents = 1'000;  // on a page

    // Both must outlive it.
    JournalEventSearch(Journal& journal, const Clock& clock, EventSearchOptions options = {});
    ~JournalEventSearch() override { stop(); }

    // InvalidArgument for a limit that is not 1 to kMostEvents, or `to` before `from`. Unavailable when too many
    // questions wait.
    void find(EventFilter filter, std::optional<Offset> cursor, std::size_t limit, Done<EventPage> done) override;
    // What waits is answered Unavailable.
    void stop() { thread_.stop(); }

private:
    struct Window;
    Result<EventPage> search(const EventFilter& filter, std::optional<Offset> cursor, std::size_t limit);
    Status look_at(Window& window);
    bool matches(const EventFilter& filter, const EventView& event, std::string_view project);

    Journal& journal_;
    const Clock& clock_;
    const EventSearchOptions options_;
    PropsReader props_;  // this and the next three are the thread's own
    std::vector<std::string> prop_names_;
    std::vector<std::string_view> prop_values_;
    std::optional<FilterReader> where_;  // of the question at hand, where it has one
    ServiceThread thread_;
};

}  // namespace streamgauge::api
