// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/recording.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>

#include "base/limits.h"
#include "base/wrong_field.h"
#include "journal/journal_snapshot.h"
#include "loadgen/access_log.h"
#include "loadgen/random.h"
#include "loadgen/replay_pace.h"
#include "loadgen/value_text.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kReadEvents = 4096;
constexpr std::size_t kBlockBytes = std::size_t{1} << 16;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::uint64_t kUserStream = 11;

// Texts that stay where they are.
class Texts {
public:
    explicit Texts(std::vector<std::unique_ptr<char[]>>& chunks) : chunks_(chunks) {}
    std::string_view keep(std::string_view text) {
        if (text.size() > left_) {
            const std::size_t size = std::max(kChunkBytes, text.size());
            chunks_.push_back(std::make_unique<char[]>(size));
            at_ = chunks_.back().get();
            left_ = size;
            bytes_ += size;
        }
        std::memcpy(at_, text.data(), text.size());
        const std::string_view kept(at_, text.size());
        at_ += text.size();
        left_ -= text.size();
        return kept;
    }
    std::size_t bytes() const { return bytes_; }

private:
    std::vector<std::unique_ptr<char[]>>& chunks_;
    char* at_ = nullptr;
    std::size_t left_ = 0, bytes_ = 0;
};

struct Span {
    std::optional<Timestamp> from, to;
    bool has(Timestamp at) const { return !(from && at < *from) && !(to && !(at < *to)); }
};

Result<Span> span_of(const Replay& replay) {
    Span span;
    const auto read = [](const std::string& text, const char* field, std::optional<Timestamp>& into) -> Status {
        if (text.empty()) return {};
        const Result<Timestamp> time = parse_rfc3339(text);
        if (!time) return wrong_field(field, "must be a time as in 2026-01-31T10:00:00Z");
        into = *time;
        return {};
    };
    if (Status s = read(replay.from, "replay.from", span.from); !s) return s.error();
    if (Status s = read(replay.to, "replay.to", span.to); !s) return s.error();
    return span;
}

Error stopped() {
    return Error::make(ErrorCode::Cancelled, "stopped while the recording was read");
}

class Recorder {
public:
    Recorder(const Scenario& scenario, const RecordingLimits& limits, Span span)
        : scenario_(scenario), limits_(limits), span_(span), users_(scenario.seed, kUserStream) {}

    Status from_journal();
    Status from_access_log();
    Result<std::shared_ptr<const Recording>> finish();

private:
    struct Pending {  // events that came in one request
        Timestamp received;
        std::string project, body;
        std::vector<RecordedSlot> slots;
        std::uint32_t events = 0;
    };
    struct Received {
        std::int64_t micros = 0;
        std::uint32_t index = 0;  // of out_->requests
        bool whole_second = false;
    };

    Status take_event(const EventView& event, const std::string& project);
    Status flush();
    Status take_line(std::string_view line);
    Status take_entry(const AccessLogEntry& entry);
    Status add(RecordedRequest request, Timestamp at, bool whole_second);
    Status plan();

    const Scenario& scenario_;
    const RecordingLimits& limits_;
    const Span span_;
    const RandomStream users_;
    std::shared_ptr<Recording> out_ = std::make_shared<Recording>();
    Texts texts_{out_->texts};
    std::vector<Received> received_;
    Pending pending_;
    AccessLogReader reader_;
    std::uint64_t number_ = 0, lines_ = 0, unreadable_ = 0;  // of an access log; lines_: those that are not empty
    std::string first_fault_;
};

Status Recorder::add(RecordedRequest request, Timestamp at, bool whole_second) {
    // While it is put in order there are two lists of requests.
    constexpr std::size_t each = 2 * sizeof(RecordedRequest) + sizeof(Received);
    const std::size_t bytes = texts_.bytes() + out_->slots.size() * sizeof(RecordedSlot) + out_->requests.size() * each;
    if (out_->requests.size() >= limits_.most_requests || bytes > limits_.most_bytes)
        return wrong_field("replay", "more than " + std::to_string(limits_.most_requests) + " requests or " +
                                         std::to_string(limits_.most_bytes >> 20) +
                                         " MiB: from and to say which part to replay");
    received_.push_back({at.micros, static_cast<std::uint32_t>(out_->requests.size()), whole_second});
    out_->requests.push_back(request);
    return {};
}

// ---- a journal ------------------------------------------------------------------------------------------------------
Offset next_span(const JournalSnapshot& journal, Offset at) {
    for (const Offset first : journal.spans())
        if (first > at) return first;
    return journal.end();
}

Status Recorder::from_journal() {
    const std::string& directory =
        scenario_.replay.journal == kOwnJournal ? limits_.own_journal : scenario_.replay.journal;
    if (directory.empty())
        return wrong_field("replay.journal", "own is a server's own journal; here it is the data directory's path");
    const Result<std::unique_ptr<JournalSnapshot>> opened = JournalSnapshot::open(directory);
    if (!opened) return wrong_field("replay.journal", opened.error().message);
    JournalSnapshot& journal = **opened;
    const std::string& only = scenario_.replay.project;
    std::optional<Error> first_error;
    for (Offset at = journal.begin(); at < journal.end();) {
        if (limits_.stopped()) return stopped();
        const auto run = journal.read(at, kReadEvents);
        if (!run.ok()) {
            // Retention was faster, or the file is damaged: what comes after it is in the next one.
            const Offset next = next_span(journal, at);
            out_->left_out += next - at;
            at = next;
            if (!first_error) first_error = run.error();
            continue;
        }
        if (!*run) break;
        const CommittedBatch& batch = **run;
        const std::string& project = batch.batch.project();
        const bool taken = project != kSystemProject && (only.empty() || only == project);
        for (; at < batch.next(); ++at) {
            if (!taken) continue;
            if (Status s = take_event(batch.batch[at - batch.first], project); !s) return s;
        }
    }
    if (Status s = flush(); !s) return s;
    if (!first_error || !received_.empty()) return {};
    return wrong_field("replay.journal", first_error->message);
}

Status Recorder::take_event(const EventView& event, const std::string& project) {
    if (!span_.has(event.received_at)) return {};
    const bool same = pending_.events > 0 && pending_.received == event.received_at && pending_.project == project &&
                      pending_.events < limits::kEventsPerRequest &&
                      pending_.body.size() + limits::kEventBytes < limits::kIngestBodyBytes;
    if (!same)
        if (Status s = flush(); !s) return s;
    pending_.received = event.received_at;
    pending_.project = project;
    std::string& body = pending_.body;
    body += pending_.events++ == 0 ? '[' : ',';
    const auto slot = [&](RecordedSlot::Kind kind, std::size_t width, std::int64_t lag) {
        pending_.slots.push_back({static_cast<std::uint32_t>(body.size()), kind, lag});
        body.append(width, '0');
    };
    body += "{\"event_id\":\"";
    if (scenario_.replay.keep_ids) {
        body += placed(event.event_id, Place::Json);
    } else {
        slot(RecordedSlot::Kind::Id, kUuidBytes, 0);
    }
    body += "\",\"event_type\":\"" + placed(event.event_type, Place::Json) + "\",\"occurred_at\":\"";
    if (scenario_.replay.keep_times) {
        body += format_rfc3339(event.occurred_at);
    } else {
        slot(RecordedSlot::Kind::Time, TimeText::kBytes, event.received_at.micros - event.occurred_at.micros);
    }
    body += '"';
    const auto text = [&](const char* name, std::string_view value) {
        if (!value.empty()) body += std::string(",\"") + name + "\":\"" + placed(value, Place::Json) + '"';
    };
    text("user_id", event.user_id);
    text("session_id", event.session_id);
    text("page_url", event.page_url);
    if (event.schema_version != 1) body += ",\"schema_version\":" + std::to_string(event.schema_version);
    if (!event.props.empty() && event.props != "{}") body += ",\"properties\":" + std::string(event.props);
    body += '}';
    return {};
}

Status Recorder::flush() {
    if (pending_.events == 0) return {};
    pending_.body += ']';
    RecordedRequest request;
    request.method = "POST";
    request.body = texts_.keep(pending_.body);
    request.first_slot = static_cast<std::uint32_t>(out_->slots.size());
    request.slots = static_cast<std::uint32_t>(pending_.slots.size());
    request.first_event = static_cast<std::uint32_t>(out_->events);
    request.events = pending_.events;
    out_->slots.insert(out_->slots.end(), pending_.slots.begin(), pending_.slots.end());
    out_->events += pending_.events;
    const Timestamp received = pending_.received;
    pending_ = {};
    return add(request, received, false);
}

// ---- an access log --------------------------------------------------------------------------------------------------
// What reading to the end of it shows: gzread() gives what there is, as if that were all.
bool is_cut(gzFile file) {
    int fault = Z_OK;
    gzerror(file, &fault);
    return fault == Z_BUF_ERROR;
}

// Also one that gzip has compressed, as rotated logs are.
Status Recorder::from_access_log() {
    const std::string& path = scenario_.replay.access_log;
    const auto unreadable = [&path] { return wrong_field("replay.access_log", "cannot read " + path); };
    const std::unique_ptr<gzFile_s, decltype(&gzclose)> file(gzopen(path.c_str(), "rb"), &gzclose);
    if (file == nullptr) return unreadable();
    std::vector<char> block(kBlockBytes);
    std::string line;
    bool too_long = false;
    const auto end_line = [&]() -> Status {
        // One character more than a line may have: its reader says so.
        if (too_long) line.resize(kAccessLogLineBytes + 1);
        const Status taken = take_line(line);
        line.clear();
        too_long = false;
        return taken;
    };
    while (true) {
        if (limits_.stopped()) return stopped();
        const int n = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()));
        if (n < 0) return unreadable();
        if (n == 0 && is_cut(file.get())) {
            Error error = wrong_field("replay.access_log", path + " is cut: it ends in the middle of what gzip packed");
            error.hint = "copy it anew, or replay what there is of it: zcat FILE > access.log unpacks that";
            return error;
        }
        if (n == 0) break;
        std::string_view rest(block.data(), static_cast<std::size_t>(n));
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            if (!too_long) line += rest.substr(0, end);
            too_long = too_long || line.size() > kAccessLogLineBytes + 1;
            if (end == std::string_view::npos) break;
            rest.remove_prefix(end + 1);
            if (Status s = end_line(); !s) return s;
        }
        if (too_long) line.resize(kAccessLogLineBytes + 1);
    }
    if (Status s = end_line(); !s) return s;
    if (unreadable_ > 0 && unreadable_ * 2 >= lines_)
        return wrong_field("replay.access_log", std::to_string(unreadable_) + " of " + std::to_string(lines_) +
                                                    " lines cannot be read; " + first_fault_);
    return {};
}

Status Recorder::take_line(std::string_view line) {
    ++number_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    ++lines_;
    const Result<AccessLogEntry> entry = reader_.read(line);
    if (entry) return take_entry(*entry);
    ++unreadable_;
    ++out_->left_out;
    if (first_fault_.empty()) first_fault_ = "line " + std::to_string(number_) + ": " + entry.error().message;
    return {};
}

Status Recorder::take_entry(const AccessLogEntry& entry) {
    if (!span_.has(entry.at)) return {};
    const std::vector<std::string>& methods = scenario_.replay.methods;
    if (std::find(methods.begin(), methods.end(), entry.method) == methods.end()) {
        ++out_->left_out;
        constexpr std::array<std::string_view, 7> kCommon{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
        const bool common = std::find(kCommon.begin(), kCommon.end(), entry.method) != kCommon.end();
        ++out_->left_out_methods[common ? entry.method : "other"];
        return {};
    }
    const bool post = entry.method == "POST";
    RecordedRequest request;
    request.method = *std::find(kReplayedMethods.begin(), kReplayedMethods.end(), entry.method);
    request.target = texts_.keep(entry.target);
    if (entry.method != "GET" && !entry.body.empty()) {
        request.body = texts_.keep(entry.body);
    } else if (post) {
        // The log has no bodies: an event of a user of the seed's, on the page that was asked for.
        std::string body = "{\"event_id\":\"";
        request.first_slot = static_cast<std::uint32_t>(out_->slots.size());
        request.slots = 1;
        request.first_event = static_cast<std::uint32_t>(out_->events++);
        request.events = 1;
        out_->slots.push_back({static_cast<std::uint32_t>(body.size()), RecordedSlot::Kind::Id, 0});
        body += std::string(kUuidBytes, '0') + "\",\"event_type\":\"request\",\"user_id\":\"u_" +
                std::to_string(below(users_.at(out_->requests.size()), scenario_.users)) + "\",\"page_url\":\"" +
                placed(std::string_view(entry.target).substr(0, limits::kPageUrlBytes), Place::Json) + "\"}";
        request.body = texts_.keep(body);
    }
    return add(request, entry.at, entry.whole_seconds);
}

// ---- both -----------------------------------------------------------------------------------------------------------
// Speeds have three digits behind the point, so that this is exact. Precondition: what follows fits, so at most 24
// hours come out.
std::int64_t sped_up(std::int64_t nanos, std::int64_t thousandths) {
    return nanos / thousandths * 1000 + nanos % thousandths * 1000 / thousandths;
}

// "0.25", "10".
std::string number_text(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%g", value);
    return text.data();
}

struct BusiestSecond {
    std::uint64_t requests = 0;
    std::size_t first = 0;  // its first request
};

// Of requests in the order of their times, at so many thousandths of the speed that these have. Ends where there are
// more than `enough`.
BusiestSecond busiest_second(const std::vector<RecordedRequest>& requests, std::int64_t thousandths,
                             double enough = HUGE_VAL) {
    BusiestSecond busiest;
    std::size_t oldest = 0;
    std::int64_t oldest_at = 0;
    for (std::size_t i = 0; i < requests.size() && static_cast<double>(busiest.requests) <= enough; ++i) {
        const std::int64_t at = sped_up(requests[i].at_nanos, thousandths);
        while (at - oldest_at >= kNanosPerSecond) oldest_at = sped_up(requests[++oldest].at_nanos, thousandths);
        if (i - oldest + 1 > busiest.requests) busiest = {i - oldest + 1, oldest};
    }
    return busiest;
}

// The highest speed, in thousandths, at which no second has more than `most`; 0: there is none, or it would last longer
// than a run may.
std::int64_t highest_speed(const std::vector<RecordedRequest>& requests, double most) {
    const auto fits = [&](std::int64_t thousandths) {
        return static_cast<double>(busiest_second(requests, thousandths, most).requests) <= most;
    };
    constexpr std::int64_t longest = std::int64_t{24} * 3600 * kNanosPerSecond;
    const std::int64_t lowest = requests.back().at_nanos / (longest / 1000) + 1;
    std::int64_t fitting = lowest - 1, above = ReplayPace::thousandths(ReplayPace::kHighestSpeed) + 1;
    if (fits(above - 1)) return above - 1;
    while (above - fitting > 1) {
        const std::int64_t middle = (fitting + above) / 2;
        (fits(middle) ? fitting : above) = middle;
    }
    return fitting < lowest ? 0 : fitting;
}

// Logs are written when a request ends, so that their lines are not in the order of their times.
Status Recorder::plan() {
    std::stable_sort(received_.begin(), received_.end(),
                     [](const Received& a, const Received& b) { return a.micros < b.micros; });
    const std::int64_t first = received_.front().micros, speed = ReplayPace::thousandths(scenario_.replay.speed);
    std::vector<RecordedRequest> sorted;
    sorted.reserve(received_.size());
    for (std::size_t i = 0; i < received_.size();) {
        std::size_t end = i + 1;
        while (end < received_.size() && received_[end].micros == received_[i].micros) ++end;
        std::int64_t whole = 0, of_whole = 0;
        for (std::size_t k = i; k < end; ++k) whole += received_[k].whole_second ? 1 : 0;
        for (; i < end; ++i) {
            RecordedRequest& request = sorted.emplace_back(out_->requests[received_[i].index]);
            request.at_nanos = (received_[i].micros - first) * 1000;
            if (received_[i].whole_second) request.at_nanos += kNanosPerSecond * of_whole++ / whole;
        }
    }
    out_->requests = std::move(sorted);
    // Where a log has both, what was spread may lie behind what has parts of its second.
    std::stable_sort(out_->requests.begin(), out_->requests.end(),
                     [](const RecordedRequest& a, const RecordedRequest& b) { return a.at_nanos < b.at_nanos; });
    // The recording begins with its first request: spreading never moves the first.
    const BusiestSecond busiest = busiest_second(out_->requests, speed);
    const std::int64_t highest = highest_speed(out_->requests, limits_.most_in_a_second);
    out_->busiest_second = busiest.requests;
    out_->highest_speed = static_cast<double>(highest) / 1000;
    if (static_cast<double>(busiest.requests) > limits_.most_in_a_second) {
        const Timestamp begin{first + out_->requests[busiest.first].at_nanos / 1000};
        Error error = Error::make(
            ErrorCode::Forbidden,
            "at this speed the second that begins with what was received at " + format_rfc3339(begin) + " has " +
                std::to_string(busiest.requests) + " requests, and " + limits_.most_is_called + " is " +
                number_text(limits_.most_in_a_second) + "; " +
                (highest > 0 ? "speed " + number_text(out_->highest_speed) + " would fit" : "no speed is slow enough"));
        error.field = "replay.speed";
        return error;
    }
    for (RecordedRequest& request : out_->requests) request.at_nanos = sped_up(request.at_nanos, speed);
    return {};
}

Result<std::shared_ptr<const Recording>> Recorder::finish() {
    if (received_.empty())
        return wrong_field("replay", "there is nothing in it, or in the part that from and to leave");
    const auto earlier = [](const Received& a, const Received& b) { return a.micros < b.micros; };
    const auto [first, last] = std::minmax_element(received_.begin(), received_.end(), earlier);
    out_->first = Timestamp{first->micros};
    out_->last = Timestamp{last->micros};
    const double seconds = static_cast<double>(last->micros - first->micros) / 1e6 + 1;
    if (seconds / scenario_.replay.speed >= ArrivalPlan::kLongestSeconds)
        return wrong_field("replay.speed", "at this speed it lasts longer than 24 hours: from " +
                                               format_rfc3339(out_->first) + " to " + format_rfc3339(out_->last));
    if (Status planned = plan(); !planned) return planned.error();
    return std::shared_ptr<const Recording>(out_);
}

}  // namespace

Result<std::shared_ptr<const Recording>> load_recording(const Scenario& scenario, const RecordingLimits& limits) {
    const Result<Span> span = span_of(scenario.replay);
    if (!span) return span.error();
    Recorder recorder(scenario, limits, *span);
    const Status read = scenario.replay.journal.empty() ? recorder.from_access_log() : recorder.from_journal();
    if (!read) return read.error();
    return recorder.finish();
}

Status attach_recording(Scenario& scenario, const RecordingLimits& limits) {
    if (!scenario.replays()) return {};
    Result<std::shared_ptr<const Recording>> recording = load_recording(scenario, limits);
    if (!recording) return recording.error();
    const Recording& r = **recording;
    Stage whole;
    whole.name = "replay";
    // A moment longer than its last request, so that this lies within.
    whole.seconds = static_cast<double>(r.requests.back().at_nanos + 1'000'000) / 1e9;
    whole.rate = std::min(static_cast<double>(r.requests.size()) / whole.seconds, ArrivalPlan::kHighestRate);
    scenario.stages = {whole};
    scenario.recording = std::move(recording).value();
    return {};
}

}  // namespace streamgauge::loadgen
