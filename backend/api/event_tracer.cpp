// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/event_tracer.h"

#include <algorithm>
#include <charconv>
#include <future>

#include "api/dead_letters.h"
#include "api/json_writer.h"
#include "api/trace_windows.h"
#include "base/limits.h"
#include "journal/journal.h"
#include "metrics/activity_time.h"
#include "pipeline/pipeline.h"
#include "schema/schema_registry.h"
#include "store/result_store.h"

namespace streamgauge::api {
namespace {

constexpr std::size_t kWaitingQuestions = 64;
constexpr std::size_t kMostLetters = 20;
constexpr std::size_t kStep = 16'384;              // events read in one go
constexpr std::size_t kEventsBefore = 200;         // looked at for where the watermark was
constexpr std::int64_t kJitterMicros = 2'000'000;  // that received_at may step back

Error unavailable() {
    return Error::make(ErrorCode::Unavailable, "the server is stopping, or has too many questions waiting");
}

// The milliseconds of a UUID version 7, which is what the door makes.
std::optional<Timestamp> time_of_uuid(std::string_view id) {
    if (id.size() != 36 || id[8] != '-' || id[13] != '-' || id[14] != '7' || id[18] != '-' || id[23] != '-')
        return std::nullopt;
    std::string digits(id.substr(0, 8));
    digits += id.substr(9, 4);
    std::uint64_t millis = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), millis, 16);
    if (end.ec != std::errc{} || end.ptr != digits.data() + digits.size()) return std::nullopt;
    return Timestamp{static_cast<std::int64_t>(millis) * 1'000};
}

std::string hours_or_seconds(std::int64_t seconds) {
    return seconds >= 7'200 ? std::to_string(seconds / 3'600) + " hours" : std::to_string(seconds) + " seconds";
}

std::string range_text(Offset from, Offset end) {
    return "events " + std::to_string(from) + " to " + std::to_string(end - 1);
}

TraceLetter letter_of(const Letter& from) {
    TraceLetter letter;
    letter.id = from.letter.id;
    letter.project = from.letter.project;
    letter.state = to_string(from.state);
    letter.received_at = from.letter.received_at;
    letter.reason = from.letter.reason;
    letter.field = from.letter.field;
    letter.source = from.letter.source;
    letter.dialect = to_string(from.letter.dialect);
    letter.resent_as = from.resent_as;
    letter.was_duplicate = from.was_duplicate;
    return letter;
}

}  // namespace

// One question. Lives on the service's thread.
class EventTracer::Search {
public:
    Search(const EventTracer& tracer, std::string id, std::string project)
        : sources_(tracer.sources_), options_(tracer.options_), thread_(tracer.thread_), project_(std::move(project)) {
        trace_.event_id = std::move(id);
    }

    Result<EventTrace> run() {
        for (const auto& step :
             {&Search::look_into_the_index, &Search::look_into_the_letters, &Search::look_back, &Search::fill})
            if (Status done = (this->*step)(); !done.ok()) return done.error();
        conclude();
        return std::move(trace_);
    }

private:
    Status look_into_the_index();
    Status look_into_the_letters();
    Status look_back();
    Status fill();
    void conclude();

    Status scan(Offset from, Offset end, bool newest_first);
    Result<Offset> first_received_at(Timestamp at);
    Status fill(TraceEvent& event, StoreSnapshot* snapshot);
    Result<WatermarkBounds> watermark_at(Offset id);
    TraceSchema schema_of(const TraceEvent& event) const;
    void add(Offset id, const std::string& project, std::string rule);
    bool wanted(std::string_view project) const {
        return project != kSystemProject && (project_.empty() || project == project_);
    }

    const TraceSources& sources_;
    const TraceOptions& options_;
    const ServiceThread& thread_;
    const std::string project_;
    EventTrace trace_;
    std::optional<Offset> gone_;  // where it was, before retention removed it
    std::uint64_t looked_at_ = 0;
    std::int64_t until_ = 0;
};

EventTracer::EventTracer(TraceSources sources, TraceOptions options)
    : sources_(std::move(sources)), options_(options), thread_("event-trace", kWaitingQuestions) {}

void EventTracer::trace(std::string event_id, std::string project, Done<EventTrace> done) {
    if (event_id.empty() || event_id.size() > limits::kEventIdBytes || !valid_utf8(event_id) ||
        event_id.find('\0') != std::string::npos) {
        Error error =
            Error::make(ErrorCode::InvalidArgument, "an event id is 1 to " + std::to_string(limits::kEventIdBytes) +
                                                        " bytes of UTF-8 without U+0000");
        error.field = "event_id";
        return done(std::move(error));
    }
    const auto answer = std::make_shared<Done<EventTrace>>(std::move(done));
    const bool taken =
        thread_.post([this, id = std::move(event_id), project = std::move(project), answer](bool running) {
            (*answer)(running ? Search(*this, id, project).run() : Result<EventTrace>(unavailable()));
        });
    if (!taken) (*answer)(unavailable());
}

void EventTracer::Search::add(Offset id, const std::string& project, std::string rule) {
    for (const TraceEvent& known : trace_.events)
        if (known.id == id) return;
    TraceEvent event;
    event.id = id;
    event.project = project;
    event.rule = std::move(rule);
    trace_.events.push_back(std::move(event));
}

// ---- where it may be -----------------------------------------------------------------------------------------------

Status EventTracer::Search::look_into_the_index() {
    std::vector<std::string> projects{project_};
    if (project_.empty()) {
        projects = {"default"};
        if (sources_.projects)
            for (std::string& project : sources_.projects())
                if (project != "default") projects.push_back(std::move(project));
    }
    for (const std::string& project : projects) {
        if (thread_.stopping()) return unavailable();
        if (!wanted(project)) continue;
        const auto place = sources_.journal.find(project, trace_.event_id);
        if (place.ok())
            add(place->offset, project,
                "the first event of project " + project + " with this id; repeats within " +
                    hours_or_seconds(std::chrono::seconds(limits::kDedupHorizon).count()) +
                    " of it were counted as duplicates and stored nothing, and cannot be told from it");
        else if (place.error().code != ErrorCode::NotFound)
            return place.error();
        else if (place.error().offset)
            gone_ = place.error().offset;
    }
    const DedupFigures known = sources_.journal.dedup();
    if (known.known_seconds > 0)
        trace_.looked_at.push_back("the index of ids that producers sent, " + hours_or_seconds(known.known_seconds) +
                                   " back" + (project_.empty() ? "" : ", of project " + project_));
    return {};
}

Status EventTracer::Search::look_into_the_letters() {
    if (sources_.letters == nullptr) return {};
    LetterFilter filter;
    filter.project = project_;
    filter.event_id = trace_.event_id;
    const auto answer = std::make_shared<std::promise<Result<LetterPage>>>();
    sources_.letters->list(filter, std::nullopt, kMostLetters,
                           [answer](Result<LetterPage> page) { answer->set_value(std::move(page)); });
    const Result<LetterPage> page = answer->get_future().get();
    if (!page.ok()) return page.error();
    trace_.looked_at.emplace_back("the dead letters");
    for (const Letter& letter : page->letters) {
        trace_.letters.push_back(letter_of(letter));
        if (letter.resent_as == 0) continue;
        const auto place = sources_.journal.place(letter.resent_as);
        if (place.ok())
            add(letter.resent_as, place->project,
                "it was rejected first, and dead letter " + std::to_string(letter.letter.id) + " was resent as it");
        else if (place.error().code == ErrorCode::NotFound)
            gone_ = letter.resent_as;
        else
            return place.error();
    }
    return {};
}

// By bisection: received_at rises with the number, but for jitter.
Result<Offset> EventTracer::Search::first_received_at(Timestamp at) {
    Offset low = sources_.journal.begin(), high = sources_.journal.end();
    while (low < high) {
        const Offset middle = low + (high - low) / 2;
        const auto run = sources_.journal.read(middle, 1);
        if (!run.ok() && run.error().code == ErrorCode::NotFound && run.error().offset > middle) {
            low = std::min(high, *run.error().offset);
            continue;
        }
        if (!run.ok()) return run.error();
        if (!*run) return Error::make(ErrorCode::Corrupt, "the journal ends before its end");
        if ((*run)->batch[static_cast<std::size_t>(middle - (*run)->first)].received_at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Ids that the door made are not in the index, and say when they were made; others are in it for a while.
Status EventTracer::Search::look_back() {
    if (!trace_.events.empty() || !trace_.letters.empty() || gone_) return {};
    until_ = sources_.clock.monotonic_nanos() + std::chrono::nanoseconds(options_.longest).count();
    const Offset end = sources_.journal.end();
    if (const auto made_at = time_of_uuid(trace_.event_id)) {
        const auto from = first_received_at(made_at->plus_micros(-kJitterMicros));
        if (!from.ok()) return from.error();
        const auto to = first_received_at(made_at->plus_micros(kJitterMicros));
        if (!to.ok()) return to.error();
        if (Status done = scan(*from, std::max(*from, *to), false); !done.ok() || !trace_.events.empty()) return done;
    }
    Offset known_from = end;
    const DedupFigures known = sources_.journal.dedup();
    if (known.known_seconds > 0 && end > sources_.journal.begin()) {
        const auto newest = sources_.journal.read(end - 1, 1);
        if (!newest.ok()) return newest.error();
        if (*newest) {
            const EventView last = (*newest)->batch[static_cast<std::size_t>(end - 1 - (*newest)->first)];
            const auto from = first_received_at(
                last.received_at.plus_micros(kJitterMicros - known.known_seconds * Timestamp::kMicrosPerSecond));
            if (!from.ok()) return from.error();
            known_from = *from;
        }
    }
    return scan(sources_.journal.begin(), known_from, true);
}

Status EventTracer::Search::scan(Offset from, Offset end, bool newest_first) {
    Offset low = from, high = end;
    while (low < high && trace_.events.empty()) {
        if (thread_.stopping()) return unavailable();
        if (looked_at_ >= options_.most_events || sources_.clock.monotonic_nanos() >= until_) {
            trace_.complete = false;
            break;
        }
        const Offset begin = newest_first ? std::max(low, high - std::min<Offset>(high, kStep)) : low;
        const Offset stop = newest_first ? high : std::min<Offset>(high, low + kStep);
        for (Offset at = begin; at < stop;) {
            const auto run = sources_.journal.read(at, static_cast<std::size_t>(stop - at));
            if (!run.ok() && run.error().code == ErrorCode::NotFound) {
                at = std::max(at + 1, run.error().offset.value_or(0));
                continue;
            }
            if (!run.ok()) return run.error();
            if (!*run) break;
            const CommittedBatch& batch = **run;
            const bool ours = wanted(batch.batch.project());
            for (const Offset last = std::min(batch.next(), stop); at < last; ++at)
                if (ours && batch.batch[static_cast<std::size_t>(at - batch.first)].event_id == trace_.event_id)
                    add(at, batch.batch.project(),
                        batch.batch[static_cast<std::size_t>(at - batch.first)].id_from_door
                            ? "it came without an id, so that nothing could be a repeat of it"
                            : "the first event of its project with this id within the time that repeats are known");
        }
        looked_at_ += stop - begin;
        (newest_first ? high : low) = newest_first ? begin : stop;
    }
    const Offset seen_from = newest_first ? high : from, seen_to = newest_first ? end : low;
    if (seen_to > seen_from) trace_.looked_at.push_back(range_text(seen_from, seen_to) + ", one by one");
    return {};
}

// ---- what became of it ---------------------------------------------------------------------------------------------

Result<WatermarkBounds> EventTracer::Search::watermark_at(Offset id) {
    WatermarkBounds bounds;
    const Offset begin = sources_.journal.begin(), end = id + 1;
    for (Offset at = std::max(begin, end - std::min<Offset>(end, kEventsBefore)); at < end;) {
        const auto run = sources_.journal.read(at, static_cast<std::size_t>(end - at));
        if (!run.ok() && run.error().code == ErrorCode::NotFound) {
            at = std::max(at + 1, run.error().offset.value_or(0));
            continue;
        }
        if (!run.ok()) return run.error();
        if (!*run) break;
        for (const Offset last = std::min((*run)->next(), end); at < last; ++at) {
            const EventView event = (*run)->batch[static_cast<std::size_t>(at - (*run)->first)];
            bounds.at_most = std::max(bounds.at_most, event.received_at);
            bounds.at_least = std::max(bounds.at_least, activity_time(event));
        }
    }
    return bounds;
}

TraceSchema EventTracer::Search::schema_of(const TraceEvent& event) const {
    if (sources_.schemas == nullptr) return TraceSchema::Unchecked;
    for (const EventSchema& schema : sources_.schemas->list(event.project))
        if (schema.event_type == event.event_type && schema.mode != SchemaMode::Off &&
            schema.registered_at <= event.received_at)
            return TraceSchema::Kept;
    return TraceSchema::Unchecked;
}

Status EventTracer::Search::fill(TraceEvent& event, StoreSnapshot* snapshot) {
    const auto run = sources_.journal.read(event.id, 1);
    if (!run.ok()) return run.error();
    if (!*run) return Error::make(ErrorCode::Corrupt, "the journal ends before its end");
    const EventView view = (*run)->batch[static_cast<std::size_t>(event.id - (*run)->first)];
    event.project = (*run)->batch.project();
    event.event_id = view.event_id;
    event.event_type = view.event_type;
    event.user_id = view.user_id;
    event.session_id = view.session_id;
    event.page_url = view.page_url;
    event.props = view.props;
    event.received_at = view.received_at;
    event.occurred_at = view.occurred_at;
    event.schema_version = view.schema_version;
    event.bot = view.bot;
    event.id_from_door = view.id_from_door;
    event.time_from_door = view.time_from_door;
    event.schema = view.off_schema ? TraceSchema::Broken : schema_of(event);
    const auto place = sources_.journal.place(event.id);
    if (place.ok()) {
        event.source = place->source;
        event.sender = place->sender;
        if (place->dialect) event.dialect = to_string(*place->dialect);
    } else if (place.error().code != ErrorCode::NotFound) {
        return place.error();
    }
    event.future = view.occurred_at > view.received_at;
    event.aggregated = event.id < trace_.pipeline.aggregated;
    event.committed = event.id < trace_.pipeline.committed;
    const auto watermark = watermark_at(event.id);
    if (!watermark.ok()) return watermark.error();
    event.late = watermark->at_least.micros - activity_time(view).micros > kLateAfterMicros;
    const WindowQuestion question{view, event.project, event.id, *watermark, snapshot, options_.most_windows};
    return trace_windows(sources_.metrics ? sources_.metrics() : built_in_metrics(), question, event);
}

Status EventTracer::Search::fill() {
    if (!trace_.events.empty()) {
        // What was acknowledged shows, unless the store cannot keep up.
        const auto flushed = std::make_shared<std::promise<void>>();
        sources_.pipeline.flush([flushed](const Result<PartitionState>&) { flushed->set_value(); });
        flushed->get_future().wait_for(options_.catch_up);
    }
    std::unique_ptr<StoreSnapshot> snapshot;
    if (sources_.results != nullptr && !trace_.events.empty()) {
        auto taken = sources_.results->snapshot();
        if (!taken.ok()) return taken.error();
        snapshot = std::move(taken).value();
    }
    const PipelineStatus status = sources_.pipeline.status();
    const PipelineLag lag = sources_.pipeline.lag();
    trace_.pipeline.aggregated = status.next;
    trace_.pipeline.committed = status.committed;
    trace_.pipeline.end = sources_.journal.end();
    trace_.pipeline.lag_events = lag.events;
    trace_.pipeline.lag_seconds = lag.seconds;
    if (snapshot) {
        const auto state = snapshot->state();
        if (!state.ok()) return state.error();
        trace_.pipeline.watermark = state->watermark;
    }
    for (TraceEvent& event : trace_.events)
        if (Status filled = fill(event, snapshot.get()); !filled.ok()) {
            if (filled.error().code != ErrorCode::NotFound || event.id >= sources_.journal.begin()) return filled;
            gone_ = event.id;  // retention was quicker
            event.id = 0;
        }
    std::erase_if(trace_.events, [](const TraceEvent& event) { return event.id == 0; });
    trace_.archive.reason = "no archive is configured";
    return {};
}

void EventTracer::Search::conclude() {
    const auto name = [](Offset id) { return "event " + std::to_string(id); };
    if (!trace_.events.empty()) {
        trace_.verdict = TraceVerdict::Accepted;
        const TraceEvent& event = trace_.events.front();
        trace_.summary = "Accepted as " + name(event.id) + " of project " + event.project + ", " +
                         (event.committed    ? "and counted."
                          : event.aggregated ? "and counted; not committed to the store yet."
                                             : "not aggregated yet.");
        return;
    }
    if (gone_) {
        trace_.verdict = TraceVerdict::Expired;
        trace_.summary = "Accepted as " + name(*gone_) +
                         ", which is no longer kept: what it counted for is, as long as its windows are.";
        trace_.hints.emplace_back("retention.days and retention.bytes say how long events are kept");
        return;
    }
    if (!trace_.letters.empty()) {
        trace_.verdict = TraceVerdict::Rejected;
        trace_.summary = "Rejected: " + trace_.letters.front().reason + ". It is dead letter " +
                         std::to_string(trace_.letters.front().id) + ".";
        trace_.hints.emplace_back("mend and resend it in the dead letters");
        return;
    }
    trace_.verdict = TraceVerdict::Unknown;
    trace_.summary = trace_.complete ? "No event with this id is kept."
                                     : "No event with this id was found; not all of the log was looked at.";
    std::uint64_t number = 0;
    const std::string& id = trace_.event_id;
    const auto read = std::from_chars(id.data(), id.data() + id.size(), number);
    if (read.ec == std::errc{} && read.ptr == id.data() + id.size() && number >= sources_.journal.begin() &&
        number < sources_.journal.end()) {
        const auto run = sources_.journal.read(number, 1);
        if (run.ok() && *run && wanted((*run)->batch.project()))
            trace_.hints.push_back(
                "event number " + id + " has the id " +
                std::string((*run)->batch[static_cast<std::size_t>(number - (*run)->first)].event_id));
    }
    if (id.front() == ' ' || id.back() == ' ' || id.back() == '\n' || id.front() == '"')
        trace_.hints.emplace_back("the id has spaces or quotes around it");
    if (!project_.empty()) trace_.hints.push_back("only project " + project_ + " was looked at");
    if (sources_.journal.begin() > 1)
        trace_.hints.push_back("events before number " + std::to_string(sources_.journal.begin()) +
                               " are no longer kept");
    trace_.hints.emplace_back(
        "requests that were answered 401, 403, 413, 429 or 503 store nothing: they have to be sent again");
    trace_.hints.emplace_back(
        "ids are compared byte by byte; an event that was sent without one has the id that its answer named");
}

}  // namespace streamgauge::api
