// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/end_to_end.h"

#include <poll.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "loadgen/credentials.h"
#include "loadgen/read_back.h"
#include "loadgen/request_mix.h"
#include "loadgen/run_stamp.h"
#include "loadgen/seen_events.h"
#include "loadgen/target.h"

namespace streamgauge::loadgen {

namespace {

using Json = nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPage = 1000;              // what the search gives at most
constexpr std::size_t kFirstPage = 50;           // while little is new
constexpr std::chrono::seconds kQuestion{10};    // for one answer
constexpr std::chrono::milliseconds kTick{100};  // between two looks at what is waited for
// For what is visible and the live feed, which tells ten times a second, has yet to tell.
constexpr std::chrono::milliseconds kFeedsRest{2'000};
constexpr std::chrono::seconds kLiveFeed{3};  // for its first message
constexpr std::int64_t kDatedAhead = 3600;    // seconds: the range of the last question goes so far beyond the run

// OpenSSL writes without MSG_NOSIGNAL.
void ignore_broken_pipes() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

class ReadBackCheck final : public EndToEndCheck {
public:
    ReadBackCheck(const Scenario& scenario, const EndToEndOptions& options)
        : options_(options),
          settle_(static_cast<std::int64_t>(scenario.end_to_end.settle_seconds * 1e3)),
          stamp_(run_stamp(options.id_salt)),
          stride_(stamp_stride(scenario)),
          mix_(scenario),
          acknowledged_(options.most_events / std::max<std::uint64_t>(stride_, 1)),
          seen_(options.most_events) {
        for (const RequestKind& kind : scenario.requests) batches_.push_back(writes_events(kind) ? kind.batch : 0);
    }
    ~ReadBackCheck() override { end(); }

    Status begin(const Scenario& scenario);
    NumberSet& acknowledged() override { return acknowledged_; }
    SeenSoFar so_far() const override;
    EndToEndReport finish(const RunRecord& record, const FinishOptions& options) override;

private:
    void end();
    Timestamp now() const { return Timestamp{wall_ + (clock_.monotonic_nanos() - began_) / 1000}; }

    // ---- by asking
    void look_again_and_again();
    Status look();
    void take(std::vector<SeenEvent>& events, Timestamp at);
    bool was_taken(std::uint64_t id) const;
    std::uint64_t missing() const;
    void tell();
    void pause(const FinishOptions& options, std::chrono::milliseconds most);
    bool sums_are(std::uint64_t count, std::uint64_t sum, std::string& why);

    // ---- by the live feed
    void follow();
    bool feed_told(std::uint64_t events);

    const EndToEndOptions options_;
    const std::chrono::milliseconds settle_;
    std::chrono::milliseconds wait_{};  // written before sent_all_
    SteadyClock::time_point cut_at_;    // of the thread that finishes
    const std::string stamp_;
    const std::uint64_t stride_;
    const RequestMix mix_;
    std::vector<std::uint32_t> batches_;  // events in a request of each kind; 0: none of the product's own
    NumberSet acknowledged_;              // of requests
    NumberSet seen_;                      // of events

    const SystemClock clock_;
    std::int64_t began_ = 0, wall_ = 0;  // monotonic nanoseconds and wall microseconds, both of one moment
    std::atomic<bool> stopping_{false}, sent_all_{false}, cut_{false}, query_over_{false};
    std::unique_ptr<QueryClient> asking_, live_;
    std::thread query_thread_, live_thread_;

    // The query thread's until it was joined.
    std::uint64_t last_id_ = 0;  // all up to it was taken
    struct IdRange {
        std::uint64_t first = 0, last = 0;
    };
    std::vector<IdRange> taken_beyond_;              // in parts, by looks that did not come down to last_id_
    std::uint64_t highest_ = 0, highest_found_ = 0;  // number up to last_id_, and of all that was taken
    std::uint64_t repeated_ = 0, out_of_order_ = 0;
    bool order_known_ = true, complete_ = true;
    std::size_t page_ = kFirstPage;
    Histogram by_query_;
    SeenEventReader page_reader_;
    std::string trouble_;  // the last answer that was none

    mutable std::mutex told_mutex_;
    SeenSoFar told_;  // under told_mutex_

    std::mutex mutex_;
    std::condition_variable live_began_;
    bool live_open_ = false, live_over_ = false;  // under mutex_
    std::uint64_t live_told_ = 0;                 // events, with those it says it left out; under mutex_
    // The live thread's until it was joined.
    std::uint64_t live_id_ = 0, live_skipped_ = 0;
    Histogram by_feed_;
    SeenEventReader feed_reader_;
    std::string live_trouble_;
};

Status ReadBackCheck::begin(const Scenario& scenario) {
    const Result<Url> target = parse_url(scenario.url);
    if (!target) return target.error();
    Result<Url> url = *target;
    if (!scenario.end_to_end.query_url.empty()) url = parse_url(scenario.end_to_end.query_url);
    const auto of_query_url = [](Error error) {
        error.field = "end_to_end.query_url";
        return error;
    };
    if (!url) return of_query_url(url.error());
    const Result<Address> address = resolve(*url, options_.confirmed_host);
    if (!address) return of_query_url(address.error());
    const bool own = scenario.end_to_end.credentials.kind != Credentials::Kind::None;
    Result<std::string> credentials = credentials_line(own ? scenario.end_to_end.credentials : scenario.credentials);
    if (!credentials) return credentials.error();
    for (std::unique_ptr<QueryClient>* client : {&asking_, &live_}) {
        Result<std::unique_ptr<QueryClient>> made =
            QueryClient::make(*url, *address, scenario.tls, *credentials, stopping_);
        if (!made) return made.error();
        *client = std::move(made).value();
    }
    if (acknowledged_.most() == 0 || seen_.most() == 0)
        return Error::make(ErrorCode::Unavailable, "no address space for the numbers of the events");
    began_ = clock_.monotonic_nanos();
    wall_ = clock_.now().micros;
    if (Status looked = look(); !looked) {
        Error error = looked.error();
        error.code = ErrorCode::Unavailable;
        error.field = "end_to_end.query_url";
        error.message = "what is sent cannot be read back from " + url->authority + ": " + error.message;
        error.hint = "query_url says where to ask, credentials of end_to_end with which key";
        return error;
    }
    live_thread_ = std::thread([this] { follow(); });
    {
        // What is sent before the feed begins would be in none of its messages.
        std::unique_lock lock(mutex_);
        live_began_.wait_for(lock, kLiveFeed, [this] { return live_open_ || live_over_; });
    }
    query_thread_ = std::thread([this] { look_again_and_again(); });
    return {};
}

void ReadBackCheck::end() {
    stopping_ = true;
    if (query_thread_.joinable()) query_thread_.join();
    if (live_thread_.joinable()) live_thread_.join();
}

// ---- by asking ------------------------------------------------------------------------------------------------------
void ReadBackCheck::look_again_and_again() {
    ignore_broken_pipes();
    std::optional<SteadyClock::time_point> until;
    while (!stopping_) {
        // The last look begins after the last answer: one that began before would miss what came twice at the end.
        const bool all_answered = sent_all_;
        const Status looked = look();
        complete_ = looked.ok();
        trouble_ = looked.ok() ? std::string() : looked.error().describe();
        tell();
        if (all_answered) {
            if (!until) until = SteadyClock::now() + wait_;
            if (looked && missing() == 0) break;
            if (SteadyClock::now() >= *until || cut_) break;
        }
        std::this_thread::sleep_for(options_.look);
    }
    query_over_ = true;
}

void ReadBackCheck::tell() {
    const auto ms = [this](double q) { return static_cast<double>(by_query_.quantile_micros(q)) / 1e3; };
    const double p50 = ms(0.5), p99 = ms(0.99);
    const std::lock_guard lock(told_mutex_);
    told_.visible = seen_.count();
    told_.repeated = repeated_;
    told_.out_of_order = out_of_order_;
    told_.query_p50_ms = p50;
    told_.query_p99_ms = p99;
    ++told_.looks;
}

SeenSoFar ReadBackCheck::so_far() const {
    const std::lock_guard lock(told_mutex_);
    return told_;
}

// From the newest event back to the newest one that is known. What one look may hold is taken in parts, newest first;
// only when it came down to what is known has everything been taken.
Status ReadBackCheck::look() {
    const std::string target = "/api/v1/events?props." + std::string(kStampRun) + "=" + stamp_ + "&limit=";
    std::vector<SeenEvent> found;
    std::string cursor;
    std::optional<Timestamp> at;
    std::uint64_t newest = last_id_;
    std::size_t limit = page_;
    while (true) {
        const Result<QueryAnswer> answer = asking_->ask(
            "GET", target + std::to_string(limit) + (cursor.empty() ? "" : "&cursor=" + cursor), {}, kQuestion);
        if (!answer) return answer.error();
        if (answer->status != 200)
            return Error::make(ErrorCode::Unavailable, "the search answers " + std::to_string(answer->status));
        // What a page shows was visible when the first page was answered.
        if (!at) at = now();
        const Result<std::vector<SeenEvent>> events = page_reader_.read(answer->body, stamp_);
        if (!events) return events.error();
        bool reached = false;
        for (const SeenEvent& event : *events) {
            if (event.id <= last_id_) {
                reached = true;
                break;
            }
            newest = std::max(newest, event.id);
            if (!was_taken(event.id)) found.push_back(event);
        }
        if (found.size() > options_.most_held) {
            order_known_ = false;
            take(found, *at);
            taken_beyond_.push_back({found.front().id, found.back().id});
            found.clear();
        }
        // The cursor of a page that ended early goes on as well.
        if (reached || answer->cursor.empty() || answer->cursor == cursor) break;
        if (answer->cursor.find_first_not_of("0123456789") != std::string::npos)
            return Error::make(ErrorCode::InvalidArgument, "the search gives a cursor that is no number");
        if (last_id_ > 0 && std::strtoull(answer->cursor.c_str(), nullptr, 10) <= last_id_) break;
        cursor = answer->cursor;
        limit = kPage;
    }
    page_ = std::clamp(found.size() * 2, kFirstPage, kPage);
    take(found, *at);
    last_id_ = newest;
    highest_ = highest_found_;
    taken_beyond_.clear();
    return {};
}

// By a look that failed then: the next one comes by it again, and it is not there twice.
bool ReadBackCheck::was_taken(std::uint64_t id) const {
    return std::any_of(taken_beyond_.begin(), taken_beyond_.end(),
                       [id](const IdRange& range) { return range.first <= id && id <= range.last; });
}

// A part of a look, which it leaves in the order of the log. An event is behind others of the part, or of the looks
// before.
void ReadBackCheck::take(std::vector<SeenEvent>& events, Timestamp at) {
    std::sort(events.begin(), events.end(), [](const SeenEvent& a, const SeenEvent& b) { return a.id < b.id; });
    std::uint64_t highest = highest_;
    for (const SeenEvent& event : events) {
        if (seen_.has(event.number)) {
            ++repeated_;
        } else if (seen_.add(event.number)) {
            if (event.number < highest) ++out_of_order_;
            highest = std::max(highest, event.number);
            by_query_.record(std::max<std::int64_t>(0, at.micros - event.sent_micros));
        }
    }
    highest_found_ = std::max(highest_found_, highest);
}

// Events of acknowledged requests that are not visible.
std::uint64_t ReadBackCheck::missing() const {
    std::uint64_t left = acknowledged_.count(), count = 0;
    for (std::uint64_t request = 0; left > 0 && request < acknowledged_.most(); ++request) {
        if (!acknowledged_.has(request)) continue;
        --left;
        for (std::uint32_t i = 0, n = batches_[mix_.endpoint(request)]; i < n; ++i)
            if (!seen_.has(request * stride_ + i)) ++count;
    }
    return count;
}

// The server adds up on its own: how many events have the stamp, and their numbers.
bool ReadBackCheck::sums_are(std::uint64_t count, std::uint64_t sum, std::string& why) {
    const auto answered = [&](const std::string& aggregate) -> std::optional<std::string> {
        Json question{{"aggregate", aggregate},
                      {"from", format_rfc3339(Timestamp{wall_ - kDatedAhead * 1'000'000})},
                      {"to", format_rfc3339(now().plus_micros(kDatedAhead * 1'000'000))},
                      {"filter", "props." + std::string(kStampRun) + " = \"" + stamp_ + "\""}};
        const Result<QueryAnswer> answer = asking_->ask("POST", "/api/v1/query", question.dump(), kQuestion);
        if (!answer || answer->status != 200) {
            why = answer ? "the question about sums is answered " + std::to_string(answer->status)
                         : answer.error().describe();
            return std::nullopt;
        }
        const Json json = Json::parse(answer->body, nullptr, false);
        const auto* const points = json.is_object() && json.contains("points") ? &json["points"] : nullptr;
        if (points == nullptr || !points->is_array() || points->size() > 1 ||
            (points->size() == 1 && (!(*points)[0].is_object() || !(*points)[0].contains("value")))) {
            why = "the answer about sums cannot be read";
            return std::nullopt;
        }
        if (points->empty()) return "0";
        const Json& value = (*points)[0]["value"];
        return value.is_null() ? "0" : value.is_string() ? value.get<std::string>() : value.dump();
    };
    const std::string digits = std::to_string(sum);
    const std::optional<std::string> counted = answered("count");
    if (!counted) return false;
    const std::optional<std::string> added = answered("sum(props." + std::string(kStampNumber) + ")");
    if (!added) return false;
    const auto number = [](const std::string& text) { return text.substr(0, text.find('.')); };
    if (number(*counted) == std::to_string(count) && number(*added) == digits) return true;
    why = "the server counts " + number(*counted).substr(0, 40) + " events with the sum " +
          number(*added).substr(0, 40) + ", sent were " + std::to_string(count) + " with the sum " + digits;
    return false;
}

// Waits a moment, looking at stop_fd.
void ReadBackCheck::pause(const FinishOptions& options, std::chrono::milliseconds most) {
    // Once it is readable it stays so, and is looked at no more.
    pollfd stop{cut_ ? -1 : options.stop_fd, POLLIN, 0};
    if (poll(&stop, 1, static_cast<int>(most.count())) > 0) {
        cut_ = true;
        cut_at_ = SteadyClock::now();
    }
    // A question that is not answered ends with all others.
    if (cut_ && SteadyClock::now() - cut_at_ >= kReadBackOfStopped) stopping_ = true;
    if (options.tick) options.tick();
}

// Whether the live feed has told of so many events, or tells nothing.
bool ReadBackCheck::feed_told(std::uint64_t events) {
    const std::lock_guard lock(mutex_);
    return !live_open_ || live_over_ || live_told_ >= events;
}

EndToEndReport ReadBackCheck::finish(const RunRecord& record, const FinishOptions& options) {
    wait_ = std::min(options.most, settle_);
    sent_all_.store(true, std::memory_order_release);
    while (!query_over_) pause(options, kTick);
    if (query_thread_.joinable()) query_thread_.join();
    EndToEndReport report;
    for (std::size_t i = 0; i < record.endpoints(); ++i)
        report.sent += (record.endpoints() == 1 ? record.totals().sent : record.endpoint_totals(i).sent) * batches_[i];
    // What should be there: all that was acknowledged, and of the rest what came through without an answer.
    std::uint64_t expected = 0;
    std::uint64_t sum = 0;  // of at most 2^30 numbers below 2^30
    const std::uint64_t requests = std::min(acknowledged_.most(), record.totals().planned);
    for (std::uint64_t request = 0; request < requests; ++request) {
        const bool good = acknowledged_.has(request);
        for (std::uint32_t i = 0, n = batches_[mix_.endpoint(request)]; i < n; ++i) {
            const std::uint64_t number = request * stride_ + i;
            const bool visible = seen_.has(number);
            report.acknowledged += good ? 1 : 0;
            report.visible += visible ? 1 : 0;
            report.lost += good && !visible ? 1 : 0;
            report.unanswered_visible += !good && visible ? 1 : 0;
            if (good || visible) {
                ++expected;
                sum += number;
            }
        }
    }
    report.repeated = repeated_;
    report.out_of_order = out_of_order_;
    report.complete = complete_;
    if (!complete_) report.unknown.push_back("what became visible at the end: " + trouble_);
    if (complete_ && cut_ && report.lost > 0) {
        report.complete = false;
        report.unknown.push_back("what would have become visible: the wait for it was cut short");
    }
    if (!order_known_)
        report.unknown.push_back("the order where over " + std::to_string(options_.most_held) +
                                 " events came between two looks");
    if (record.totals().planned > requests)
        report.unknown.push_back("events beyond the first " + std::to_string(requests * stride_));
    if (seen_.count() != report.visible)
        report.unknown.push_back(std::to_string(seen_.count() - report.visible) +
                                 " events say that they are of this run, which sent none of their numbers");
    std::string why;
    if (complete_) {
        const auto until = SteadyClock::now() + wait_;
        // The aggregates may be a moment behind the search.
        do {
            why.clear();
            report.sums_equal = sums_are(expected, sum, why);
            if (report.sums_equal || report.lost > 0 || report.repeated > 0) break;
            pause(options, options_.look);
        } while (SteadyClock::now() < until && !cut_);
        if (!report.sums_equal) report.unknown.push_back(why);
    }
    // The feed's last message has its slowest events.
    const auto feeds_end = SteadyClock::now() + std::min(wait_, kFeedsRest);
    while (complete_ && !cut_ && !feed_told(report.visible) && SteadyClock::now() < feeds_end) pause(options, kTick);
    stopping_ = true;
    if (live_thread_.joinable()) live_thread_.join();
    report.freshness_query = by_query_;
    report.freshness_live = by_feed_;
    report.live_skipped = live_skipped_;
    if (!live_trouble_.empty()) report.unknown.push_back("freshness by the live feed: " + live_trouble_);
    return report;
}

// ---- by the live feed -----------------------------------------------------------------------------------------------
void ReadBackCheck::follow() {
    ignore_broken_pipes();
    const std::string target = "/api/v1/live?topic=events&filter=" +
                               percent_encoded("props." + std::string(kStampRun) + " = \"" + stamp_ + "\"");
    const Status ended = live_->follow(target, [this](std::string_view data) {
        const Timestamp at = now();
        std::uint64_t skipped = 0;
        const Result<std::vector<SeenEvent>> events = feed_reader_.read(data, stamp_, &skipped);
        if (!events) {
            live_trouble_ = events.error().describe();
            return false;
        }
        {
            const std::lock_guard lock(mutex_);
            live_open_ = true;
        }
        live_began_.notify_all();
        live_skipped_ += skipped;
        for (const SeenEvent& event : *events) {
            if (event.id <= live_id_) continue;  // a snapshot repeats what was shown
            live_id_ = event.id;
            by_feed_.record(std::max<std::int64_t>(0, at.micros - event.sent_micros));
        }
        const double p50 = static_cast<double>(by_feed_.quantile_micros(0.5)) / 1e3;
        const double p99 = static_cast<double>(by_feed_.quantile_micros(0.99)) / 1e3;
        {
            const std::lock_guard lock(told_mutex_);
            told_.live_p50_ms = p50;
            told_.live_p99_ms = p99;
        }
        {
            const std::lock_guard lock(mutex_);
            live_told_ = by_feed_.count() + live_skipped_;
        }
        return !stopping_.load();
    });
    if (!ended && ended.error().code != ErrorCode::Cancelled) live_trouble_ = ended.error().describe();
    const std::lock_guard lock(mutex_);
    live_over_ = true;
    live_began_.notify_all();
}

}  // namespace

Result<std::unique_ptr<EndToEndCheck>> EndToEndCheck::start(const Scenario& scenario, const EndToEndOptions& options) {
    auto check = std::make_unique<ReadBackCheck>(scenario, options);
    if (Status began = check->begin(scenario); !began) return began.error();
    return std::unique_ptr<EndToEndCheck>(std::move(check));
}

}  // namespace streamgauge::loadgen
