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
#include "base/punctual_thread.h"
#include "loadgen/connection.h"
#include "loadgen/credentials.h"
#include "loadgen/due_requests.h"
#include "loadgen/error_brake.h"
#include "loadgen/index_set.h"
#include "loadgen/request_mix.h"
#include "loadgen/request_writer.h"
#include "loadgen/run_objectives.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kRequestBytes = std::size_t{1} << 30;  // most memory for request buffers
constexpr std::size_t kFieldBytes = std::size_t{512} << 20;  // most memory for tables of fields
constexpr int kEventsPerWait = 64;  // small, so that what becomes due meanwhile is not kept waiting
// Between two searches for timeouts: a tenth of the timeout, so that what waited is told that exactly.
constexpr std::int64_t kLeastSweepNanos = 5'000'000, kMostSweepNanos = 100'000'000;
constexpr int kSomeRefused = 207;  // of a batch some events are durable, and some are not
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
                std::vector<RequestWriter> writers, const EngineOptions& options, std::uint32_t connections,
                std::uint32_t in_flight)
        : address_(address),
          tls_(std::move(tls)),
          options_(options),
          timeout_nanos_(nanos(scenario.timeout_seconds)),
          grace_nanos_(nanos(scenario.grace_seconds)),
          highest_rate_(scenario.closed_loop ? connections : ArrivalPlan::kHighestRate),
          most_in_flight_(in_flight),
          depth_(scenario.pipeline),
          replays_(scenario.replays()),
          drops_(scenario.when_full == WhenFull::Drop && !scenario.closed_loop),
          new_each_request_(scenario.connections == ConnectionUse::NewEachRequest),
          mix_(scenario),
          writers_(std::move(writers)),
          record_(scenario),
          due_(scenario, in_flight, options.highest_user_rate),
          brake_(scenario.error_brake),
          connections_(connections),
          idle_(connections),
          partly_free_(connections) {
        for (RequestWriter& writer : writers_) {
            buffers_.push_back(std::make_unique<char[]>(writer.capacity()));
            writer.initialise(buffers_.back().get());
            buffer_bytes_ = std::max(buffer_bytes_, writer.capacity());
        }
        unwritten_.reserve(connections);
        closed_.reserve(connections);
        for (std::uint32_t i = connections; i > 0; --i) closed_.push_back(i - 1);
        came_.reserve(128);
        record_.watch(options_.objectives);
    }

    ~EpollEngine() override {
        for (Connection& c : connections_) c.end();
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
    void act(const HandAction& action, StopReason reason = StopReason::Hand);
    bool over(std::int64_t at) const;

    void see_due(std::int64_t at);
    void issue();
    void send_next(std::uint32_t index);
    void write_unwritten();
    void open_connection();
    void fail_next(Outcome outcome, std::int64_t at, std::string_view detail = {});
    bool watch(Connection& c, bool write, int operation);
    void note_room(std::uint32_t index);
    void close_connection(std::uint32_t index);
    void on_ready(std::uint32_t index, std::uint32_t events);
    void on_connected(std::uint32_t index);
    void shake_hands(std::uint32_t index);
    void on_usable(std::uint32_t index, std::int64_t at);
    void on_readable(std::uint32_t index);
    void take_answers(std::uint32_t index, std::string_view bytes, std::int64_t at);
    void finish_request(std::uint32_t index, std::int64_t at);
    void fail_requests(std::uint32_t index, Outcome outcome, std::int64_t at, std::string_view detail = {});
    void fail_transport(std::uint32_t index, int error, std::int64_t at);
    void sweep(std::int64_t at);
    int wait(std::int64_t until);
    void count_unfinished(std::int64_t at);
    bool report(const std::function<bool(const Progress&)>& progress, RunState state, std::int64_t at);
    bool stopped() const { return stopped_by_ != StopReason::None; }
    void stop(StopReason reason, std::int64_t at);
    void interrupt();

    const SystemClock clock_;
    const Address address_;
    const std::unique_ptr<TlsClient> tls_;  // none: plain
    const EngineOptions options_;
    const std::int64_t timeout_nanos_, grace_nanos_;
    const double highest_rate_;
    const std::uint32_t most_in_flight_;
    const std::uint32_t depth_;  // requests that a connection may carry at once
    const bool replays_, drops_, new_each_request_;
    const RequestMix mix_;
    std::vector<RequestWriter> writers_;            // one for each endpoint
    std::vector<std::unique_ptr<char[]>> buffers_;  // what each writes into
    std::size_t buffer_bytes_ = 0;
    RunRecord record_;
    DueRequests due_;
    ErrorBrake brake_;
    std::size_t repeated_ = 0;      // of options_.recorded
    std::vector<HandAction> came_;  // from the hand, at once
    std::vector<Connection> connections_;
    IndexSet idle_, partly_free_;  // of the connections: those without a request, those with some and room for more
    std::vector<std::uint32_t> closed_;
    std::vector<std::uint32_t> unwritten_;  // have bytes to write in this turn
    std::array<epoll_event, kEventsPerWait> events_{};
    std::array<char, kReadBytes> input_{};
    int epoll_ = -1;
    bool nanosecond_wait_ = true;
    StopReason stopped_by_ = StopReason::None;
    std::uint32_t connecting_ = 0, busy_ = 0;  // connections that are opened, requests under way
    std::int64_t start_ = 0;                   // monotonic
    std::int64_t wall_offset_ = 0;             // wall clock at the start of the run, microseconds
    std::int64_t stop_deadline_ = 0;           // when waiting for answers ends, once stopped
    std::int64_t next_sweep_ = 0;
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
        const bool kept = !drops_ || busy_ + due_.waiting() < most_in_flight_;
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
        if (!check_hand_action(action, replays_) || !(action.rate >= 0 && action.rate <= highest_rate_)) continue;
        see_due(at);
        action.at_nanos = at;
        act(action);
    }
}

void EpollEngine::act(const HandAction& action, StopReason reason) {
    record_.advance_to(action.at_nanos);
    record_.hand(action);
    if (action.kind == HandAction::Kind::Stop) {
        stop(reason, action.at_nanos);
    } else {
        due_.act(action);
    }
}

// Recorded as a hand's stop, so that the run can be repeated to the same end.
void EpollEngine::interrupt() {
    const std::int64_t at = now();
    if (stopped()) return stop(StopReason::Interrupted, at);
    see_due(at);
    HandAction end;
    end.kind = HandAction::Kind::Stop;
    end.at_nanos = at;
    if (!stopped()) act(end, StopReason::Interrupted);
}

// Nothing more will be sent. The plan's time is waited for: rates are those of the time that was planned, a pause at
// the end is part of it, and a hand may still do something.
bool EpollEngine::over(std::int64_t at) const {
    if (stopped()) return true;
    if (due_.waiting() > 0) return false;
    const bool may_act = options_.hand != nullptr || repeated_ < options_.recorded.size();
    if (due_.paused() && !may_act) return true;  // nobody will go on
    return due_.done() && at >= due_.end_nanos();
}

// A request has a connection of its own as long as there is one; then it goes behind others. Connections may have room
// for more than may be under way.
void EpollEngine::issue() {
    if (stopped()) return;
    while (due_.waiting() > 0 && !idle_.empty() && busy_ < most_in_flight_) send_next(idle_.last());
    while (due_.waiting() > connecting_ && !closed_.empty() && busy_ + connecting_ < most_in_flight_) open_connection();
    while (due_.waiting() > connecting_ && !partly_free_.empty() && busy_ < most_in_flight_)
        send_next(partly_free_.next());
    if (const std::uint64_t all = busy_ + due_.waiting(); all > most_in_flight_)
        record_.wait_for_room(all - most_in_flight_);
    write_unwritten();
}

void EpollEngine::send_next(std::uint32_t index) {
    Connection& c = connections_[index];
    const DueRequest request = due_.front();
    due_.pop();
    const Endpoint endpoint = mix_.endpoint(request.index);
    const std::int64_t at = now();
    const std::string_view bytes =
        writers_[endpoint].fill(buffers_[endpoint].get(), request.index, wall_time(at), wall_time(request.planned));
    c.carry({request.index, request.planned, at, 0, endpoint});
    c.state = State::Busy;
    ++busy_;
    note_room(index);
    record_.sent({endpoint, request.planned, at});
    if (depth_ > 1) {
        if (c.unsent() == 0) unwritten_.push_back(index);
        c.put(bytes);
        return;
    }
    const int error = c.write_now(bytes);
    if (error == EAGAIN) {
        if (!watch(c, true, EPOLL_CTL_MOD)) fail_requests(index, Outcome::Reset, at);
    } else if (error != 0) {
        fail_transport(index, error, at);
    }
}

void EpollEngine::write_unwritten() {
    while (!unwritten_.empty()) {
        const std::uint32_t index = unwritten_.back();
        unwritten_.pop_back();
        Connection& c = connections_[index];
        const int error = c.write();
        if (error == EAGAIN) {
            if (!c.wants_write && !watch(c, true, EPOLL_CTL_MOD)) fail_requests(index, Outcome::Reset, now());
        } else if (error != 0) {
            fail_transport(index, error, now());
        }
    }
}

void EpollEngine::open_connection() {
    const std::uint32_t index = closed_.back();
    Connection& c = connections_[index];
    c.make_room(depth_, buffer_bytes_);
    c.since = now();
    const int error = c.socket.open(address_);
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
    return epoll_ctl(epoll_, operation, c.socket.fd, &event) == 0;
}

void EpollEngine::note_room(std::uint32_t index) {
    const Connection& c = connections_[index];
    if (c.state == State::Idle) {
        idle_.add(index);
    } else {
        idle_.remove(index);
    }
    if (c.state == State::Busy && c.carried() < depth_) {
        partly_free_.add(index);
    } else {
        partly_free_.remove(index);
    }
}

void EpollEngine::close_connection(std::uint32_t index) {
    Connection& c = connections_[index];
    if (c.state == State::Connecting || c.state == State::Handshaking) --connecting_;
    if (c.unsent() > 0) std::erase(unwritten_, index);
    busy_ -= c.carried();
    c.end();
    note_room(index);
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
            fail_requests(index, Outcome::Reset, now());
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
    const int error = c.socket.connect_result();
    c.connected_at = now();
    if (error != 0) {
        close_connection(index);
        fail_next(outcome_of(error), c.connected_at);
    } else if (tls_) {
        c.socket.tls = tls_->open(c.socket.fd);
        c.state = State::Handshaking;
        shake_hands(index);
    } else {
        on_usable(index, c.connected_at);
    }
}

void EpollEngine::shake_hands(std::uint32_t index) {
    Connection& c = connections_[index];
    const int error = c.socket.tls ? c.socket.tls->handshake() : ENOMEM;
    if (error == 0) {
        on_usable(index, now());
    } else if ((error != EAGAIN && error != EINPROGRESS) || !watch(c, error == EINPROGRESS, EPOLL_CTL_MOD)) {
        const std::string why = c.socket.tls ? c.socket.tls->failure() : "no memory";
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
    c.state = State::Idle;
    note_room(index);
}

void EpollEngine::on_readable(std::uint32_t index) {
    Connection& c = connections_[index];
    // TLS may hold bytes back that the socket does not show any more.
    do {
        const std::ptrdiff_t n = c.socket.read(input_.data(), input_.size());
        if (n == -EAGAIN) return;
        const std::int64_t at = now();
        if (c.state == State::Idle) {  // closed by the server, or it says what nobody asked
            close_connection(index);
        } else if (n > 0) {
            take_answers(index, {input_.data(), static_cast<std::size_t>(n)}, at);
        } else if (n == 0 && c.parser.started() && c.parser.finish() == ResponseParser::State::Complete) {
            finish_request(index, at);
        } else {
            fail_transport(index, static_cast<int>(-n), at);
        }
    } while (c.socket.tls && c.state == State::Busy);
}

void EpollEngine::take_answers(std::uint32_t index, std::string_view bytes, std::int64_t at) {
    Connection& c = connections_[index];
    see_due(at);  // first, so that a request is counted in the second it was planned in
    while (c.state == State::Busy && !bytes.empty()) {
        const ResponseParser::State state = c.parser.take(bytes);
        if (state == ResponseParser::State::NeedMore) break;
        // Bytes behind the last answer answer nothing that was asked.
        if (state == ResponseParser::State::Malformed || (c.carried() == 1 && !bytes.empty())) {
            fail_requests(index, Outcome::Malformed, at);
        } else {
            finish_request(index, at);
        }
    }
    see_due(at);  // the user whose answer this was may be ready again
    // At once: the server need not wait until all that came with these answers is read.
    while (due_.waiting() > 0 && !stopped() && busy_ < most_in_flight_ &&
           (c.state == State::Idle || partly_free_.has(index)))
        send_next(index);
    write_unwritten();
}

void EpollEngine::finish_request(std::uint32_t index, std::int64_t at) {
    Connection& c = connections_[index];
    const CarriedRequest request = c.front();
    // Its time was over before the search for timeouts came by.
    if (at - request.sent_at >= timeout_nanos_) {
        fail_requests(index, Outcome::Timeout, at);
        return;
    }
    const int status = c.parser.status();
    const Outcome outcome = mix_.outcome(request.endpoint, status);
    record_.answered(
        {request.endpoint, outcome, status, request.planned, request.sent_at, at, c.parser.server_timing()});
    if (options_.acknowledged != nullptr && outcome == Outcome::Ok && status != kSomeRefused)
        options_.acknowledged->add(request.number);
    brake_.ended(at, outcome == Outcome::Ok);
    due_.ended(at, true);
    const bool stays = !new_each_request_ && c.parser.keep_alive() && c.front_is_sent();
    c.pop_front();
    --busy_;
    c.parser.reset();
    if (!stays) {
        fail_requests(index, Outcome::Reset, at);
        return;
    }
    if (c.carried() == 0) c.state = State::Idle;
    note_room(index);
}

// The connection ends, and with it every request that it carries: the first one by `outcome`. Those behind it have met
// the same where that is a matter of the connection, and otherwise lost it.
void EpollEngine::fail_requests(std::uint32_t index, Outcome outcome, std::int64_t at, std::string_view detail) {
    const Connection& c = connections_[index];
    const bool of_connection = outcome != Outcome::Timeout && outcome != Outcome::Malformed;
    for (std::uint32_t place = 0; place < c.carried(); ++place) {
        const CarriedRequest& request = c.at(place);
        if (place > 0 && !of_connection)
            outcome = at - request.sent_at >= timeout_nanos_ ? Outcome::Timeout : Outcome::Reset;
        record_.failed({request.endpoint, outcome, request.planned, request.sent_at, at, detail});
        brake_.ended(at, false);
        due_.ended(at, false);
    }
    close_connection(index);
}

// An error of writing or reading; the reason of TLS goes along.
void EpollEngine::fail_transport(std::uint32_t index, int error, std::int64_t at) {
    const Connection& c = connections_[index];
    if (error == EPROTO && c.socket.tls && c.state == State::Busy) {
        const std::string why = c.socket.tls->failure();
        fail_requests(index, Outcome::TlsFailed, at, why);
    } else {
        fail_requests(index, Outcome::Reset, at);
    }
}

void EpollEngine::sweep(std::int64_t at) {
    next_sweep_ = at + std::clamp(timeout_nanos_ / 10, kLeastSweepNanos, kMostSweepNanos);
    for (std::uint32_t i = 0; i < connections_.size(); ++i) {
        Connection& c = connections_[i];
        if (c.state == State::Closed || c.state == State::Idle) continue;
        const bool connecting = c.state != State::Busy;
        if (at - (connecting ? c.since : c.front().sent_at) < timeout_nanos_) continue;
        fail_requests(i, Outcome::Timeout, at);
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
        for (std::uint32_t place = 0; place < c.carried(); ++place)
            record_.unfinished({c.at(place).endpoint, c.at(place).planned, c.at(place).sent_at, at});
    for (; due_.waiting() > 0; due_.pop())
        record_.unfinished({mix_.endpoint(due_.front().index), due_.front().planned, -1, at});
}

bool EpollEngine::report(const std::function<bool(const Progress&)>& progress, RunState state, std::int64_t at) {
    if (options_.objectives != nullptr) options_.objectives->tick(at);
    const auto open = static_cast<std::uint32_t>(connections_.size() - closed_.size());
    const double rate = state == RunState::Running && !stopped() ? due_.rate_at(at) : 0;
    return progress(Progress{state, stopped_by_, &record_, open, at, rate, due_.speed_at(at), due_.paused()});
}

Result<RunState> EpollEngine::run(int stop_fd, const std::function<bool(const Progress&)>& progress) {
    const auto refused = [](const char* call, int error) {
        return Error::make(ErrorCode::Io, std::string(call) + ": " + std::strerror(error));
    };
    const BrokenPipesIgnored ignored;
    std::optional<PunctualThread> punctual;
    if (options_.real_time) punctual.emplace();
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
        if (!stopped() && at < due_.end_nanos()) until = std::min(until, due_.end_nanos());
        if (!stopped() && repeated_ < options_.recorded.size())
            until = std::min(until, options_.recorded[repeated_].at_nanos);
        const int n = wait(until);
        if (n < 0) return refused("epoll_wait", errno);
        for (int i = 0; i < n; ++i) {
            const epoll_event& event = events_[static_cast<std::size_t>(i)];
            if (event.data.u64 == kStopTag) {
                interrupt();
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
    if (!scenario.closed_loop) return (scenario.max_in_flight + scenario.pipeline - 1) / scenario.pipeline;
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
    if (scenario.replays() && !scenario.recording) return refused("replay", "the recording was not read");
    const auto earlier = [](const HandAction& a, const HandAction& b) { return a.at_nanos < b.at_nanos; };
    if (!std::is_sorted(options.recorded.begin(), options.recorded.end(), earlier))
        return refused("recorded", "the actions of a run are in the order of their times");
    for (const HandAction& action : options.recorded)
        if (const Status fits = check_hand_action(action, scenario.replays()); !fits)
            return refused("recorded", fits.error().message.c_str());
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
    const std::size_t room = capacity * scenario.pipeline;  // of a connection
    if (connections > kRequestBytes / room)
        return refused("max_in_flight", "so many connections with so large requests would need over 1 GiB");
    // A hand may ask for more users than the stages do.
    if (scenario.closed_loop && (options.hand != nullptr || !options.recorded.empty()))
        connections =
            static_cast<std::uint32_t>(std::min<std::size_t>(EngineOptions::kMostConnections, kRequestBytes / room));
    const std::uint32_t in_flight = scenario.closed_loop ? connections : scenario.max_in_flight;
    return std::unique_ptr<Engine>(
        new EpollEngine(scenario, address, std::move(tls), std::move(writers), options, connections, in_flight));
}

}  // namespace streamgauge::loadgen
