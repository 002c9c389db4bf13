// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/engine.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/clock.h"
#include "loadgen/connection.h"
#include "loadgen/credentials.h"
#include "loadgen/due_requests.h"
#include "loadgen/error_brake.h"
#include "loadgen/request_mix.h"
#include "loadgen/request_writer.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kRequestBytes = std::size_t{1} << 30;  // most memory for request buffers
constexpr std::size_t kFieldBytes = std::size_t{512} << 20;  // most memory for tables of fields
constexpr int kEventsPerWait = 64;                 // small, so that what becomes due meanwhile is not kept waiting
constexpr std::int64_t kSweepNanos = 100'000'000;  // between two searches for timeouts
constexpr int kSomeRefused = 207;                  // of a batch some events are durable, and some are not
constexpr std::uint64_t kStopTag = UINT64_MAX, kHandTag = UINT64_MAX - 1;

using State = Connection::State;

Outcome outcome_of(int connect_error) {
    return connect_error == ECONNREFUSED ? Outcome::ConnectRefused
           : connect_error == ETIMEDOUT  ? Outcome::Timeout
                                         : Outcome::ConnectFailed;
}

// OpenSSL writes without MSG_NOSIGNAL: on this thread a closed connection is an error and not a signal.
class BrokenPipesIgnored {
public:
    BrokenPipesIgnored() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~BrokenPipesIgnored() {
        const timespec now{0, 0};
        if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &now);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    BrokenPipesIgnored(const BrokenPipesIgnored&) = delete;
    BrokenPipesIgnored& operator=(const BrokenPipesIgnored&) = delete;

private:
    sigset_t pipe_{}, before_{};
};

class EpollEngine final : public Engine {
public:
    EpollEngine(const Scenario& scenario, const Address& address, std::unique_ptr<TlsClient> tls,
                std::vector<RequestWriter> writers, const EngineOptions& options, std::uint32_t connections)
        : address_(address),
          tls_(std::move(tls)),
          options_(options),
          timeout_nanos_(nanos(scenario.timeout_seconds)),
          grace_nanos_(nanos(scenario.grace_seconds)),
          highest_rate_(scenario.closed_loop ? connections : ArrivalPlan::kHighestRate),
          drops_(scenario.when_full == WhenFull::Drop && !scenario.closed_loop),
          new_each_request_(scenario.connections == ConnectionUse::NewEachRequest),
          mix_(scenario),
          writers_(std::move(writers)),
          record_(scenario),
          due_(scenario, connections),
          brake_(scenario.error_brake),
          connections_(connections) {
        for (const RequestWriter& writer : writers_) buffer_bytes_ = std::max(buffer_bytes_, writer.capacity());
        idle_.reserve(connections);
        closed_.reserve(connections);
        for (std::uint32_t i = connections; i > 0; --i) closed_.push_back(i - 1);
        came_.reserve(128);
    }

    ~EpollEngine() override {
        for (Connection& c : connections_) c.shut();
        if (epoll_ >= 0) close(epoll_);
    }

    Result<RunState> run(int stop_fd, const std::function<bool(const Progress&)>& progress) override;
    const RunRecord& record() const override { return record_; }
    StopReason stopped_by() const override { return stopped_by_; }

private:
    static std::int64_t nanos(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }
    std::int64_t now() const { return clock_.monotonic_nanos() - start_; }
    std::int64_t deadline() const;
    Timestamp wall_time(std::int64_t at) const { return Timestamp{wall_offset_ + at / 1000}; }
    void see_planned(std::int64_t until, std::int64_t seen);
    void take_actions();
    void act(const HandAction& action);
    bool over(std::int64_t at) const;

    void see_due(std::int64_t at);
    void issue();
    void send_next(std::uint32_t index);
    void open_connection();
    void fail_next(Outcome outcome, std::int64_t at, std::string_view detail = {});
    bool watch(Connection& c, bool write, int operation);
    void make_idle(std::uint32_t index);
    void leave_idle(std::uint32_t index);
    void close_connection(std::uint32_t index);
    void on_ready(std::uint32_t index, std::uint32_t events);
    void on_connected(std::uint32_t index);
    void shake_hands(std::uint32_t index);
    void on_usable(std::uint32_t index, std::int64_t at);
    void on_readable(std::uint32_t index);
    void finish_request(std::uint32_t index, ResponseParser::State state, std::int64_t at);
    void fail_request(std::uint32_t index, Outcome outcome, std::int64_t at, std::string_view detail = {});
    void fail_transport(std::uint32_t index, int error, std::int64_t at);
    void sweep(std::int64_t at);
    int wait(std::int64_t until);
    void count_unfinished(std::int64_t at);
    bool report(const std::function<bool(const Progress&)>& progress, RunState state, std::int64_t at);
    bool stopped() const { return stopped_by_ != StopReason::None; }
    void stop(StopReason reason, std::int64_t at);

    const SystemClock clock_;
    const Address address_;
    const std::unique_ptr<TlsClient> tls_;  // none: plain
    const EngineOptions options_;
    const std::int64_t timeout_nanos_, grace_nanos_;
    const double highest_rate_;
    const bool drops_, new_each_request_;
    const RequestMix mix_;
    std::vector<RequestWriter> writers_;  // one for each endpoint
    std::size_t buffer_bytes_ = 0;
    RunRecord record_;
    DueRequests due_;
    ErrorBrake brake_;
    std::size_t repeated_ = 0;      // of options_.recorded
    std::vector<HandAction> came_;  // from the hand, at once
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> idle_;  // last freed on top: it is the one in the cache
    std::vector<std::uint32_t> closed_;
    std::array<epoll_event, kEventsPerWait> events_{};
    std::array<char, kReadBytes> input_{};
    int epoll_ = -1;
    bool nanosecond_wait_ = true;
    StopReason stopped_by_ = StopReason::None;
    std::uint32_t connecting_ = 0, busy_ = 0;
    std::int64_t start_ = 0;          // monotonic
    std::int64_t wall_offset_ = 0;    // wall clock at the start of the run, microseconds
    std::int64_t stop_deadline_ = 0;  // when waiting for answers ends, once stopped
    std::int64_t next_sweep_ = kSweepNanos;
};

std::int64_t EpollEngine::deadline() const {
    if (stopped()) return stop_deadline_;
    const std::int64_t end = due_.end_nanos();
    return end == ArrivalPlan::kNever ? end : end + grace_nanos_;
}

// Requests are counted into the second they were planned in, also when the generator slept over its end.
void EpollEngine::see_planned(std::int64_t until, std::int64_t seen) {
    due_.see(until, [&](const DueRequest& request) {
        const Endpoint endpoint = mix_.endpoint(request.index);
        record_.advance_to(request.planned);
        record_.due({endpoint, request.planned, seen});
        const bool kept = !drops_ || busy_ + due_.waiting() < connections_.size();
        if (!kept) record_.dropped({endpoint, request.planned, seen});
        return kept;
    });
}

// Actions that are repeated take effect at their own times, between the requests that were due before and after.
void EpollEngine::see_due(std::int64_t at) {
    while (!stopped() && repeated_ < options_.recorded.size() && options_.recorded[repeated_].at_nanos <= at) {
        const HandAction action = options_.recorded[repeated_++];
        see_planned(action.at_nanos, at);
        act(action);
    }
    if (!stopped()) see_planned(at, at);
    record_.advance_to(at);
}

void EpollEngine::take_actions() {
    came_.clear();
    options_.hand->take(came_);
    const std::int64_t at = now();
    for (HandAction& action : came_) {
        if (stopped()) return;
        const bool has_rate = action.kind == HandAction::Kind::Rate || action.kind == HandAction::Kind::Spike;
        if (has_rate && !(action.rate >= 0 && action.rate <= highest_rate_)) continue;
        see_due(at);
        action.at_nanos = at;
        act(action);
    }
}

void EpollEngine::act(const HandAction& action) {
    record_.advance_to(action.at_nanos);
    record_.hand(action);
    if (action.kind == HandAction::Kind::Stop) {
        stop(StopReason::Hand, action.at_nanos);
    } else {
        due_.act(action);
    }
}

// Nothing more will be sent. With a hand the plan's time is waited for: it may still do something.
bool EpollEngine::over(std::int64_t at) const {
    if (stopped()) return true;
    if (due_.waiting() > 0 || !due_.done()) return false;
    const bool may_act = options_.hand != nullptr || repeated_ < options_.recorded.size();
    return !may_act || at >= due_.end_nanos();
}

void EpollEngine::issue() {
    if (stopped()) return;
    while (due_.waiting() > 0 && !idle_.empty()) {
        const std::uint32_t index = idle_.back();
        idle_.pop_back();
        send_next(index);
    }
    while (due_.waiting() > connecting_ && !closed_.empty()) open_connection();
}

void EpollEngine::send_next(std::uint32_t index) {
    Connection& c = connections_[index];
    const DueRequest request = due_.front();
    due_.pop();
    c.endpoint = mix_.endpoint(request.index);
    RequestWriter& writer = writers_[c.endpoint];
    if (c.filled_by != c.endpoint) writer.initialise(c.request.get());
    c.filled_by = c.endpoint;
    const std::int64_t at = now();
    c.output = writer.fill(c.request.get(), request.index, wall_time(at), wall_time(request.planned));
    c.number = request.index;
    c.planned = request.planned;
    c.sent_at = c.since = at;
    c.written = 0;
    c.state = State::Busy;
    c.parser.reset();
    ++busy_;
    record_.sent({c.endpoint, c.planned, at});
    const int error = c.write();
    if (error == EAGAIN) {
        if (!watch(c, true, EPOLL_CTL_MOD)) fail_request(index, Outcome::Reset, at);
    } else if (error != 0) {
        fail_transport(index, error, at);
    }
}

void EpollEngine::open_connection() {
    const std::uint32_t index = closed_.back();
    Connection& c = connections_[index];
    if (!c.request) {
        c.request = std::make_unique<char[]>(buffer_bytes_);
    }
    c.since = now();
    const int error = c.open(address_);
    if (error != 0 && error != EINPROGRESS) {
        fail_next(outcome_of(error), c.since);
        return;
    }
    closed_.pop_back();
    c.state = State::Connecting;
    ++connecting_;
    if (!watch(c, true, EPOLL_CTL_ADD)) {
        close_connection(index);
        fail_next(Outcome::ConnectFailed, c.since);
    }
}

// A connection that cannot be had costs the request that has waited longest for one.
void EpollEngine::fail_next(Outcome outcome, std::int64_t at, std::string_view detail) {
    if (due_.waiting() == 0) return;
    const DueRequest request = due_.front();
    due_.pop();
    record_.failed({mix_.endpoint(request.index), outcome, request.planned, -1, at, detail});
    brake_.ended(at, false);
    due_.ended(at, false);
}

bool EpollEngine::watch(Connection& c, bool write, int operation) {
    epoll_event event{};
    event.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = static_cast<std::uint64_t>(&c - connections_.data());
    c.wants_write = write;
    return epoll_ctl(epoll_, operation, c.fd, &event) == 0;
}

void EpollEngine::make_idle(std::uint32_t index) {
    Connection& c = connections_[index];
    c.state = State::Idle;
    c.idle_position = static_cast<std::uint32_t>(idle_.size());
    idle_.push_back(index);
}

void EpollEngine::leave_idle(std::uint32_t index) {
    const std::uint32_t position = connections_[index].idle_position;
    idle_[position] = idle_.back();
    connections_[idle_[position]].idle_position = position;
    idle_.pop_back();
}

void EpollEngine::close_connection(std::uint32_t index) {
    Connection& c = connections_[index];
    if (c.state == State::Connecting || c.state == State::Handshaking) --connecting_;
    if (c.state == State::Busy) --busy_;
    if (c.state == State::Idle) leave_idle(index);
    c.shut();
    closed_.push_back(index);
}

void EpollEngine::on_ready(std::uint32_t index, std::uint32_t events) {
    Connection& c = connections_[index];
    if (c.state == State::Closed) return;
    if (c.state == State::Connecting) {
        on_connected(index);
        return;
    }
    if (c.state == State::Handshaking) {
        shake_hands(index);
        return;
    }
    if ((events & EPOLLOUT) != 0 && c.wants_write) {
        const int error = c.state == State::Busy ? c.write() : 0;
        if (error == 0 && !watch(c, false, EPOLL_CTL_MOD)) {
            fail_request(index, Outcome::Reset, now());
            return;
        }
        // A server may answer and close before it has read everything: read first what it said.
        if (error != 0 && error != EAGAIN && (events & EPOLLIN) == 0) {
            fail_transport(index, error, now());
            return;
        }
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) on_readable(index);
}

void EpollEngine::on_connected(std::uint32_t index) {
    Connection& c = connections_[index];
    const int error = c.connect_result();
    c.connected_at = now();
    if (error != 0) {
        close_connection(index);
        fail_next(outcome_of(error), c.connected_at);
    } else if (tls_) {
        c.tls = tls_->open(c.fd);
        c.state = State::Handshaking;
        shake_hands(index);
    } else {
        on_usable(index, c.connected_at);
    }
}

void EpollEngine::shake_hands(std::uint32_t index) {
    Connection& c = connections_[index];
    const int error = c.tls ? c.tls->handshake() : ENOMEM;
    if (error == 0) {
        on_usable(index, now());
    } else if ((error != EAGAIN && error != EINPROGRESS) || !watch(c, error == EINPROGRESS, EPOLL_CTL_MOD)) {
        const std::string why = c.tls ? c.tls->failure() : "no memory";
        close_connection(index);
        fail_next(Outcome::TlsFailed, now(), why);
    }
}

void EpollEngine::on_usable(std::uint32_t index, std::int64_t at) {
    Connection& c = connections_[index];
    if (!watch(c, false, EPOLL_CTL_MOD)) {
        close_connection(index);
        fail_next(Outcome::ConnectFailed, at);
        return;
    }
    --connecting_;
    record_.connected({c.since, c.connected_at, at});
    make_idle(index);
}

void EpollEngine::on_readable(std::uint32_t index) {
    Connection& c = connections_[index];
    // TLS may hold bytes back that the socket does not show any more.
    do {
        const std::ptrdiff_t n = c.read(input_.data(), input_.size());
        if (n == -EAGAIN) return;
        const std::int64_t at = now();
        if (c.state == State::Idle) {  // closed by the server, or it says what nobody asked
            close_connection(index);
        } else if (n > 0) {
            finish_request(index, c.parser.feed({input_.data(), static_cast<std::size_t>(n)}), at);
        } else if (n == 0 && c.parser.started() && c.parser.finish() == ResponseParser::State::Complete) {
            finish_request(index, ResponseParser::State::Complete, at);
        } else {
            fail_transport(index, static_cast<int>(-n), at);
        }
    } while (c.tls && c.state == State::Busy);
}

void EpollEngine::finish_request(std::uint32_t index, ResponseParser::State state, std::int64_t at) {
    if (state == ResponseParser::State::NeedMore) return;
    if (state == ResponseParser::State::Malformed) {
        fail_request(index, Outcome::Malformed, at);
        return;
    }
    Connection& c = connections_[index];
    const int status = c.parser.status();
    const Outcome outcome = mix_.outcome(c.endpoint, status);
    see_due(at);  // first, so that a request is counted in the second it was planned in
    record_.answered({c.endpoint, outcome, status, c.planned, c.sent_at, at, c.parser.server_timing()});
    if (options_.acknowledged != nullptr && outcome == Outcome::Ok && status != kSomeRefused)
        options_.acknowledged->add(c.number);
    brake_.ended(at, outcome == Outcome::Ok);
    due_.ended(at, true);
    if (new_each_request_ || !c.parser.keep_alive() || c.written < c.output.size()) {
        close_connection(index);
        return;
    }
    --busy_;
    see_due(at);  // the user whose answer this was may be ready again
    if (due_.waiting() > 0 && !stopped()) {
        send_next(index);  // at once: the server need not wait until all that came with this answer is read
    } else {
        make_idle(index);
    }
}

void EpollEngine::fail_request(std::uint32_t index, Outcome outcome, std::int64_t at, std::string_view detail) {
    const Connection& c = connections_[index];
    if (c.state == State::Busy) {
        record_.failed({c.endpoint, outcome, c.planned, c.sent_at, at, detail});
        brake_.ended(at, false);
        due_.ended(at, false);
    }
    close_connection(index);
}

// An error of writing or reading; the reason of TLS goes along.
void EpollEngine::fail_transport(std::uint32_t index, int error, std::int64_t at) {
    const Connection& c = connections_[index];
    if (error == EPROTO && c.tls && c.state == State::Busy) {
        const std::string why = c.tls->failure();
        fail_request(index, Outcome::TlsFailed, at, why);
    } else {
        fail_request(index, Outcome::Reset, at);
    }
}

void EpollEngine::sweep(std::int64_t at) {
    next_sweep_ = at + kSweepNanos;
    for (std::uint32_t i = 0; i < connections_.size(); ++i) {
        const Connection& c = connections_[i];
        if (c.state == State::Closed || c.state == State::Idle) continue;
        if (at - c.since < timeout_nanos_) continue;
        const bool connecting = c.state != State::Busy;
        fail_request(i, Outcome::Timeout, at);
        if (connecting) fail_next(Outcome::Timeout, at);
    }
}

int EpollEngine::wait(std::int64_t until) {
    const std::int64_t left = std::max<std::int64_t>(0, until - now());
    int n = -1;
    if (nanosecond_wait_) {
        const timespec timeout{left / kNanosPerSecond, left % kNanosPerSecond};
        n = epoll_pwait2(epoll_, events_.data(), kEventsPerWait, &timeout, nullptr);
        if (n < 0 && (errno == ENOSYS || errno == EPERM)) nanosecond_wait_ = false;  // kernel before 5.11, or a sandbox
    }
    // Whole milliseconds, rounded down: the rest is spent asking again, which costs a core but keeps the plan.
    if (!nanosecond_wait_) n = epoll_wait(epoll_, events_.data(), kEventsPerWait, static_cast<int>(left / 1'000'000));
    return n < 0 && errno == EINTR ? 0 : n;
}

void EpollEngine::stop(StopReason reason, std::int64_t at) {
    stop_deadline_ = stopped() ? at : std::min(deadline(), at + options_.stop_grace_nanos);
    if (!stopped()) stopped_by_ = reason;
}

void EpollEngine::count_unfinished(std::int64_t at) {
    for (const Connection& c : connections_)
        if (c.state == State::Busy) record_.unfinished({c.endpoint, c.planned, c.sent_at, at});
    for (; due_.waiting() > 0; due_.pop())
        record_.unfinished({mix_.endpoint(due_.front().index), due_.front().planned, -1, at});
}

bool EpollEngine::report(const std::function<bool(const Progress&)>& progress, RunState state, std::int64_t at) {
    const auto open = static_cast<std::uint32_t>(connections_.size() - closed_.size());
    const double rate = state == RunState::Running && !stopped() ? due_.rate_at(at) : 0;
    return progress(Progress{state, stopped_by_, &record_, open, at, rate, due_.paused()});
}

Result<RunState> EpollEngine::run(int stop_fd, const std::function<bool(const Progress&)>& progress) {
    const auto refused = [](const char* call, int error) {
        return Error::make(ErrorCode::Io, std::string(call) + ": " + std::strerror(error));
    };
    const BrokenPipesIgnored ignored;
    prctl(PR_SET_TIMERSLACK, 1UL);  // otherwise every wait may end 50 us late
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return refused("epoll_create1", errno);
    if (stop_fd >= 0) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;  // once for each further request to stop, without reading it
        event.data.u64 = kStopTag;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_fd, &event) != 0) return refused("epoll_ctl", errno);
    }
    if (options_.hand != nullptr) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = kHandTag;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, options_.hand->fd(), &event) != 0) return refused("epoll_ctl", errno);
    }
    start_ = clock_.monotonic_nanos();
    wall_offset_ = clock_.now().micros;
    std::int64_t next_report = options_.progress_nanos;

    while (true) {
        const std::int64_t at = now();
        see_due(at);
        issue();
        if (at >= next_sweep_) sweep(at);
        if ((over(at) && busy_ == 0) || at >= deadline()) break;
        if (at >= next_report) {
            next_report = (at / options_.progress_nanos + 1) * options_.progress_nanos;
            if (brake_.pulled(at)) stop(StopReason::ErrorBrake, at);
            if (!report(progress, RunState::Running, at)) stop(StopReason::Asked, at);
        }
        std::int64_t until = std::min({next_report, next_sweep_, deadline()});
        if (!stopped()) until = std::min(until, due_.next_look());
        if (!stopped() && repeated_ < options_.recorded.size())
            until = std::min(until, options_.recorded[repeated_].at_nanos);
        const int n = wait(until);
        if (n < 0) return refused("epoll_wait", errno);
        for (int i = 0; i < n; ++i) {
            const epoll_event& event = events_[static_cast<std::size_t>(i)];
            if (event.data.u64 == kStopTag) {
                stop(StopReason::Interrupted, now());
            } else if (event.data.u64 == kHandTag) {
                take_actions();
            } else {
                on_ready(static_cast<std::uint32_t>(event.data.u64), event.events);
            }
        }
    }
    const std::int64_t end = now();
    record_.advance_to(end);
    count_unfinished(end);
    const RunState state = stopped() ? RunState::Stopped : RunState::Done;
    report(progress, state, end);
    return state;
}

}  // namespace

std::uint32_t most_connections(const Scenario& scenario) {
    if (!scenario.closed_loop) return scenario.max_in_flight;
    double most = 1;
    for (const Stage& stage : scenario.stages)
        most = std::max({most, stage.rate + stage.amplitude, stage.to, stage.after});
    return static_cast<std::uint32_t>(std::min(std::ceil(most), double{EngineOptions::kMostConnections}));
}

Result<std::unique_ptr<Engine>> Engine::make(const Scenario& scenario, const Address& address,
                                             const EngineOptions& options) {
    const auto refused = [](const char* field, const char* message) {
        Error error = Error::make(ErrorCode::InvalidArgument, message);
        error.field = field;
        return error;
    };
    if (const Status valid = validate(scenario); !valid) return valid.error();
    const auto earlier = [](const HandAction& a, const HandAction& b) { return a.at_nanos < b.at_nanos; };
    if (!std::is_sorted(options.recorded.begin(), options.recorded.end(), earlier))
        return refused("recorded", "the actions of a run are in the order of their times");
    const Result<Url> url = parse_url(scenario.url);
    if (!url) return url.error();
    Result<std::string> credentials = credentials_line(scenario.credentials);
    if (!credentials) return credentials.error();
    std::optional<CsvRows> rows;
    if (!scenario.feeder.file.empty()) {
        Result<CsvRows> loaded = CsvRows::load(scenario.feeder.file);
        if (!loaded) return loaded.error();
        rows = std::move(loaded).value();
    }
    std::size_t memory_left = kFieldBytes;
    const WriterOptions writing{std::move(credentials).value(), options.id_salt, rows ? &*rows : nullptr, &memory_left};
    std::vector<RequestWriter> writers;
    std::size_t capacity = 1;
    for (std::size_t i = 0; i < scenario.requests.size(); ++i) {
        Result<RequestWriter> writer = RequestWriter::make(scenario, i, *url, writing);
        if (!writer) return writer.error();
        capacity = std::max(capacity, writer->capacity());
        writers.push_back(std::move(writer).value());
    }
    std::unique_ptr<TlsClient> tls;
    if (url->secure) {
        Result<std::unique_ptr<TlsClient>> made = TlsClient::make(scenario.tls, *url);
        if (!made) return made.error();
        tls = std::move(made).value();
    }
    std::uint32_t connections = most_connections(scenario);
    if (connections > kRequestBytes / capacity)
        return refused("max_in_flight", "so many connections with so large requests would need over 1 GiB");
    // A hand may ask for more users than the stages do.
    if (scenario.closed_loop && (options.hand != nullptr || !options.recorded.empty()))
        connections = static_cast<std::uint32_t>(
            std::min<std::size_t>(EngineOptions::kMostConnections, kRequestBytes / capacity));
    return std::unique_ptr<Engine>(
        new EpollEngine(scenario, address, std::move(tls), std::move(writers), options, connections));
}

}  // namespace streamgauge::loadgen
