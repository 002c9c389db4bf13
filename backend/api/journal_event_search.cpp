// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/journal_event_search.h"

#include <algorithm>
#include <deque>

#include "base/limits.h"
#include "base/wrong_field.h"

namespace streamgauge::api {
namespace {

constexpr std::size_t kWaitingQuestions = 256;
constexpr std::size_t kFirstWindow = 512;
constexpr std::size_t kLargestWindow = 16'384;
// An event occurs at most kFutureTolerance after it is received, and what is received later stands behind, but for a
// clock that was set back: a day is allowed for that.
constexpr std::int64_t kOldestHelp = 2 * std::chrono::microseconds(limits::kFutureTolerance).count();

Error unavailable() {
    return Error::make(ErrorCode::Unavailable, "the server is stopping, or has too many questions waiting");
}

std::size_t bytes_of(const StoredEvent& event) {
    return event.event_id.size() + event.event_type.size() + event.user_id.size() + event.session_id.size() +
           event.page_url.size() + event.props.size();
}

StoredEvent stored(Offset id, const std::string& project, const EventView& event) {
    StoredEvent out;
    out.id = id;
    out.project = project;
    out.event_id = event.event_id;
    out.event_type = event.event_type;
    out.user_id = event.user_id;
    out.session_id = event.session_id;
    out.page_url = event.page_url;
    out.props = event.props;
    out.occurred_at = event.occurred_at;
    out.received_at = event.received_at;
    out.schema_version = event.schema_version;
    out.bot = event.bot;
    out.off_schema = event.off_schema;
    return out;
}

bool asks_anything(const EventFilter& f) {
    return !f.project.empty() || !f.event_id.empty() || !f.event_type.empty() || !f.user_id.empty() ||
           !f.session_id.empty() || !f.page_url.empty() || !f.props.empty() || f.bot || !f.where.takes_everything() ||
           f.from || f.to;
}

}  // namespace

// A piece of the log, [low, high), and the newest of its events that match: oldest first, at most `most`.
struct JournalEventSearch::Window {
    const EventFilter& filter;
    Offset low = 0, high = 0;
    std::size_t most = 0;
    std::deque<StoredEvent> found;
    std::size_t bytes = 0;        // of found
    bool dropped = false;         // older ones of the window match, too
    bool nothing_before = false;  // what stands before the window is too old to match
};

JournalEventSearch::JournalEventSearch(Journal& journal, const Clock& clock, EventSearchOptions options)
    : journal_(journal), clock_(clock), options_(options), thread_("event-search", kWaitingQuestions) {}

void JournalEventSearch::find(EventFilter filter, std::optional<Offset> cursor, std::size_t limit,
                              Done<EventPage> done) {
    if (limit < 1 || limit > kMostEvents)
        return done(wrong_field("limit", "limit must be 1 to " + std::to_string(kMostEvents)));
    if (filter.from && filter.to && *filter.to < *filter.from) return done(wrong_field("to", "to is before from"));
    // The callback is kept outside of the task, which is gone when it is refused.
    const auto answer = std::make_shared<Done<EventPage>>(std::move(done));
    const bool taken = thread_.post([this, filter = std::move(filter), cursor, limit, answer](bool running) {
        (*answer)(running ? search(filter, cursor, limit) : Result<EventPage>(unavailable()));
    });
    if (!taken) (*answer)(unavailable());
}

Result<EventPage> JournalEventSearch::search(const EventFilter& filter, std::optional<Offset> cursor,
                                             std::size_t limit) {
    prop_names_.clear();
    for (const auto& [name, value] : filter.props) prop_names_.push_back(name);
    where_.reset();
    if (!filter.where.takes_everything()) where_.emplace(filter.where);
    const std::int64_t until = clock_.monotonic_nanos() + std::chrono::nanoseconds(options_.longest).count();
    EventPage page;
    Offset high = std::min(cursor.value_or(journal_.end()), journal_.end());
    std::size_t bytes = 0;
    std::uint64_t seen = 0;
    std::size_t size = asks_anything(filter) ? std::max(limit, kFirstWindow) : limit;
    while (high > journal_.begin()) {
        Window window{filter, high - std::min<Offset>(size, high - 1), high, limit - page.events.size(), {}};
        window.low = std::max(window.low, journal_.begin());
        window.bytes = bytes;
        if (Status looked = look_at(window); !looked.ok()) return looked.error();
        seen += window.high - window.low;
        bytes = window.bytes;
        for (auto event = window.found.rbegin(); event != window.found.rend(); ++event)
            page.events.push_back(std::move(*event));
        high = window.dropped ? page.events.back().id : window.low;
        if (window.dropped || page.events.size() == limit) {
            if (high > journal_.begin()) page.cursor = high;
            return page;
        }
        if (window.nothing_before) return page;
        if (seen >= options_.most_events || clock_.monotonic_nanos() >= until) {
            page.exhausted = high <= journal_.begin();
            if (!page.exhausted) page.cursor = high;
            return page;
        }
        size = std::min(size * 2, kLargestWindow);
    }
    return page;
}

Status JournalEventSearch::look_at(Window& window) {
    bool first_run = true;
    for (Offset at = window.low; at < window.high;) {
        if (thread_.stopping()) return unavailable();
        const auto run = journal_.read(at, window.high - at);
        if (!run.ok() && run.error().code == ErrorCode::NotFound) {
            at = window.low = std::min(window.high, std::max(at + 1, run.error().offset.value_or(0)));
            continue;
        }
        if (!run.ok()) return run.error();
        if (!*run) return Error::make(ErrorCode::Corrupt, "the journal ends before its end");
        const CommittedBatch& batch = **run;
        const Offset end = std::min(batch.next(), window.high);
        if (first_run && window.filter.from && at < end)
            window.nothing_before =
                batch.batch[at - batch.first].received_at.plus_micros(kOldestHelp) < *window.filter.from;
        first_run = false;
        const std::string& project = batch.batch.project();
        const bool other_project =
            project == kSystemProject || (!window.filter.project.empty() && project != window.filter.project);
        for (; at < end; ++at) {
            if (other_project) continue;
            const EventView event = batch.batch[at - batch.first];
            if (!matches(window.filter, event, project)) continue;
            window.found.push_back(stored(at, project, event));
            window.bytes += bytes_of(window.found.back());
            while (window.found.size() > window.most ||
                   (window.bytes > options_.most_bytes && window.found.size() > 1)) {
                window.bytes -= bytes_of(window.found.front());
                window.found.pop_front();
                window.dropped = true;
            }
        }
    }
    return {};
}

bool JournalEventSearch::matches(const EventFilter& filter, const EventView& event, std::string_view project) {
    const auto differs = [](const std::string& wanted, std::string_view is) { return !wanted.empty() && wanted != is; };
    if (differs(filter.event_type, event.event_type) || differs(filter.user_id, event.user_id) ||
        differs(filter.session_id, event.session_id) || differs(filter.page_url, event.page_url) ||
        differs(filter.event_id, event.event_id))
        return false;
    if (filter.bot && *filter.bot != event.bot) return false;
    if (filter.from && event.occurred_at < *filter.from) return false;
    if (filter.to && !(event.occurred_at < *filter.to)) return false;
    if (!filter.props.empty()) {
        props_.read(event.props, prop_names_, prop_values_, true);
        for (std::size_t i = 0; i < filter.props.size(); ++i)
            if (prop_values_[i].data() == nullptr || prop_values_[i] != filter.props[i].second) return false;
    }
    return !where_ || where_->matches(event, project);
}

}  // namespace streamgauge::api
