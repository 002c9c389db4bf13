// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/engine.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/clock.h"
#include "loadgen/connection.h"
#include "loadgen/request_template.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kRequestBytes = std::size_t{1} << 30;  // most memory for request buffers
constexpr int kEventsPerWait = 64;                 // small, so that what becomes due meanwhile is not kept waiting
constexpr std::int64_t kSweepNanos = 100'000'000;  // between two searches for timeouts
constexpr std::uint64_t kStopTag = UINT64_MAX;

using State = Connection::State;

class EpollEngine final : public Engine {
public:
    EpollEngine(const Scenario& scenario, const Address& address, const ArrivalPlan& plan, RequestTemplate requests,
                const EngineOptions& options)
        : address_(address),
          plan_(plan),
          options_(options),
          timeout_nanos_(nanos(scenario.timeout_seconds)),
          grace_nanos_(nanos(scenario.grace_seconds)),
          requests_(std::move(requests)),
          record_(scenario),
          due_(plan),
          next_(plan),
          connections_(scenario.max_in_flight) {
        idle_.reserve(scenario.max_in_flight);
        closed_.reserve(scenario.max_in_flight);
        for (std::uint32_t i = scenario.max_in_flight; i > 0; --i) closed_.push_back(i - 1);
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
    std::uint64_t queued() const { return due_.index() - next_.index(); }

    void see_due(std::int64_t at);
    void issue();
    void send_next(std::uint32_t index);
    void open_connection();
    void fail_next(int error, std::int64_t at);
    bool watch(Connection& c, bool write, int operation);
    void make_idle(std::uint32_t index);
    void leave_idle(std::uint32_t index);
    void close_connection(std::uint32_t index);
    void on_ready(std::uint32_t index, std::uint32_t events);
    void on_connected(std::uint32_t index);
    void on_readable(std::uint32_t index);
    void finish_request(std::uint32_t index, ResponseParser::State state, std::int64_t at);
    void fail_request(std::uint32_t index, Outcome outcome, std::int64_t at);
    void sweep(std::int64_t at);
    int wait(std::int64_t until);
    void count_unfinished(std::int64_t at);
    bool report(const std::function<bool(const Progress&)>& progress, RunState state, std::int64_t at);
    bool stopped() const { return stopped_by_ != StopReason::None; }
    void stop(StopReason reason, std::int64_t at);

    const SystemClock clock_;
    const Address address_;
    const ArrivalPlan plan_;
    const EngineOptions options_;
    const std::int64_t timeout_nanos_, grace_nanos_;
    RequestTemplate requests_;
    RunRecord record_;
    ArrivalPlan::Cursor due_;   // first request that is not due yet
    ArrivalPlan::Cursor next_;  // first request that is not taken yet: what lies between the two is the queue
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> idle_;  // last freed on top: it is the one in the cache
    std::vector<std::uint32_t> closed_;
    std::array<epoll_event, kEventsPerWait> events_{};
    std::array<char, kReadBytes> input_{};
    int epoll_ = -1;
    bool nanosecond_wait_ = true;
    StopReason stopped_by_ = StopReason::None;
    std::uint32_t connecting_ = 0, busy_ = 0;
    std::int64_t start_ = 0;        // monotonic
    std::int64_t wall_offset_ = 0;  // wall clock at the start of the run, microseconds
    std::int64_t deadline_ = 0;     // when waiting for answers ends
    std::int64_t next_sweep_ = kSweepNanos;
};

// Requests are counted into the second they were planned in, also when the generator slept over its end.
void EpollEngine::see_due(std::int64_t at) {
    while (!stopped() && !due_.done() && due_.planned_nanos() <= at) {
        record_.advance_to(due_.planned_nanos());
        record_.due({0, due_.planned_nanos(), at});
        due_.advance();
    }
    record_.advance_to(at);
}

void EpollEngine::issue() {
    if (stopped()) return;
    while (queued() > 0 && !idle_.empty()) {
        const std::uint32_t index = idle_.back();
        idle_.pop_back();
        send_next(index);
    }
    while (queued() > connecting_ && !closed_.empty()) open_connection();
}

void EpollEngine::send_next(std::uint32_t index) {
    Connection& c = connections_[index];
    const std::int64_t at = now();
    requests_.fill(c.request.get(), next_.index(), Timestamp{wall_offset_ + at / 1000});
    c.planned = next_.planned_nanos();
    c.sent_at = c.since = at;
    c.written = 0;
    c.state = State::Busy;
    c.parser.reset();
    ++busy_;
    next_.advance();
    record_.sent({0, c.planned, at});
    const int error = c.write(requests_.size());
    if (error == EAGAIN) {
        if (!watch(c, true, EPOLL_CTL_MOD)) fail_request(index, Outcome::Reset, at);
    } else if (error != 0) {
        fail_request(index, Outcome::Reset, at);
    }
}

void EpollEngine::open_connection() {
    const std::uint32_t index = closed_.back();
    Connection& c = connections_[index];
    if (!c.request) {
        c.request = std::make_unique<char[]>(requests_.size());
        requests_.initialise(c.request.get());
    }
    c.since = now();
    const int error = c.open(address_);
    if (error != 0 && error != EINPROGRESS) {
        fail_next(error, c.since);
        return;
    }
    closed_.pop_back();
    c.state = State::Connecting;
    ++connecting_;
    if (!watch(c, true, EPOLL_CTL_ADD)) {
        close_connection(index);
        fail_next(ENOMEM, c.since);
    }
}

// A connection that cannot be had costs the request that has waited longest for one.
void EpollEngine::fail_next(int error, std::int64_t at) {
    if (queued() == 0) return;
    const Outcome outcome = error == ECONNREFUSED ? Outcome::ConnectRefused
                            : error == ETIMEDOUT  ? Outcome::Timeout
                                                  : Outcome::ConnectFailed;
    record_.failed({0, outcome, next_.planned_nanos(), -1, at});
    next_.advance();
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
    if (c.state == State::Connecting) --connecting_;
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
    if ((events & EPOLLOUT) != 0 && c.wants_write) {
        const int error = c.state == State::Busy ? c.write(requests_.size()) : 0;
        if (error == 0 && !watch(c, false, EPOLL_CTL_MOD)) {
            fail_request(index, Outcome::Reset, now());
            return;
        }
        // A server may answer and close before it has read everything: read first what it said.
        if (error != 0 && error != EAGAIN && (events & EPOLLIN) == 0) {
            fail_request(index, Outcome::Reset, now());
            return;
        }
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) on_readable(index);
}

void EpollEngine::on_connected(std::uint32_t index) {
    Connection& c = connections_[index];
    const int error = c.connect_result();
    if (error != 0 || !watch(c, false, EPOLL_CTL_MOD)) {
        close_connection(index);
        fail_next(error == 0 ? ENOMEM : error, now());
        return;
    }
    --connecting_;
    const std::int64_t at = now();
    record_.connected({c.since, at, at});
    make_idle(index);
}

void EpollEngine::on_readable(std::uint32_t index) {
    Connection& c = connections_[index];
    const std::ptrdiff_t n = c.read(input_.data(), input_.size());
    if (n == -EAGAIN) return;
    const std::int64_t at = now();
    if (c.state == State::Idle) {  // closed by the server, or it says what nobody asked
        close_connection(index);
        return;
    }
    if (n > 0) {
        finish_request(index, c.parser.feed({input_.data(), static_cast<std::size_t>(n)}), at);
    } else if (n == 0 && c.parser.started() && c.parser.finish() == ResponseParser::State::Complete) {
        finish_request(index, ResponseParser::State::Complete, at);
    } else {
        fail_request(index, Outcome::Reset, at);
    }
}

void EpollEngine::finish_request(std::uint32_t index, ResponseParser::State state, std::int64_t at) {
    if (state == ResponseParser::State::NeedMore) return;
    if (state == ResponseParser::State::Malformed) {
        fail_request(index, Outcome::Malformed, at);
        return;
    }
    Connection& c = connections_[index];
    const int status = c.parser.status();
    const Outcome outcome = status < 300    ? Outcome::Ok
                            : status < 400  ? Outcome::Redirect
                            : status == 429 ? Outcome::Limited
                            : status < 500  ? Outcome::ClientError
                                            : Outcome::ServerError;
    see_due(at);  // first, so that a request is counted in the second it was planned in
    record_.answered({0, outcome, status, c.planned, c.sent_at, at, {}});
    if (!c.parser.keep_alive() || c.written < requests_.size()) {
        close_connection(index);
    } else {
        --busy_;
        make_idle(index);
    }
}

void EpollEngine::fail_request(std::uint32_t index, Outcome outcome, std::int64_t at) {
    const Connection& c = connections_[index];
    if (c.state == State::Busy) record_.failed({0, outcome, c.planned, c.sent_at, at});
    close_connection(index);
}

void EpollEngine::sweep(std::int64_t at) {
    next_sweep_ = at + kSweepNanos;
    for (std::uint32_t i = 0; i < connections_.size(); ++i) {
        const Connection& c = connections_[i];
        if (c.state != State::Connecting && c.state != State::Busy) continue;
        if (at - c.since < timeout_nanos_) continue;
        const bool connecting = c.state == State::Connecting;
        fail_request(i, Outcome::Timeout, at);
        if (connecting) fail_next(ETIMEDOUT, at);
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
    deadline_ = stopped() ? at : std::min(deadline_, at + options_.stop_grace_nanos);
    if (!stopped()) stopped_by_ = reason;
}

void EpollEngine::count_unfinished(std::int64_t at) {
    for (const Connection& c : connections_)
        if (c.state == State::Busy) record_.unfinished({0, c.planned, c.sent_at, at});
    for (; queued() > 0; next_.advance()) record_.unfinished({0, next_.planned_nanos(), -1, at});
}

bool EpollEngine::report(const std::function<bool(const Progress&)>& progress, RunState state, std::int64_t at) {
    const auto open = static_cast<std::uint32_t>(connections_.size() - closed_.size());
    return progress(Progress{state, stopped_by_, &record_, open, at, plan_.rate_at(at), false});
}

Result<RunState> EpollEngine::run(int stop_fd, const std::function<bool(const Progress&)>& progress) {
    const auto refused = [](const char* call, int error) {
        return Error::make(ErrorCode::Io, std::string(call) + ": " + std::strerror(error));
    };
    prctl(PR_SET_TIMERSLACK, 1UL);  // otherwise every wait may end 50 us late
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return refused("epoll_create1", errno);
    if (stop_fd >= 0) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;  // once for each further request to stop, without reading it
        event.data.u64 = kStopTag;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_fd, &event) != 0) return refused("epoll_ctl", errno);
    }
    start_ = clock_.monotonic_nanos();
    wall_offset_ = clock_.now().micros;
    deadline_ = plan_.duration_nanos() + grace_nanos_;
    std::int64_t next_report = options_.progress_nanos;

    while (true) {
        const std::int64_t at = now();
        see_due(at);
        issue();
        if (at >= next_sweep_) sweep(at);
        const bool all_taken = stopped() || next_.done();
        if ((all_taken && busy_ == 0) || at >= deadline_) break;
        if (at >= next_report) {
            next_report = (at / options_.progress_nanos + 1) * options_.progress_nanos;
            if (!report(progress, RunState::Running, at)) stop(StopReason::Asked, at);
        }
        std::int64_t until = std::min({next_report, next_sweep_, deadline_});
        if (!stopped() && !due_.done()) until = std::min(until, due_.planned_nanos());
        const int n = wait(until);
        if (n < 0) return refused("epoll_wait", errno);
        for (int i = 0; i < n; ++i) {
            const epoll_event& event = events_[static_cast<std::size_t>(i)];
            if (event.data.u64 == kStopTag) {
                stop(StopReason::Interrupted, now());
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

Result<std::unique_ptr<Engine>> Engine::make(const Scenario& scenario, const Address& address,
                                             const EngineOptions& options) {
    const auto refused = [](const char* field, const char* message) {
        Error error = Error::make(ErrorCode::InvalidArgument, message);
        error.field = field;
        return error;
    };
    if (const Status valid = validate(scenario); !valid) return valid.error();
    const Result<Url> url = parse_url(scenario.url);
    if (!url) return url.error();
    const ArrivalPlan plan(scenario.stages, scenario.spacing, scenario.seed, scenario.jitter_percent);
    EventOptions events;
    events.batch = scenario.requests.front().batch;
    events.users = scenario.users;
    events.pages = scenario.pages;
    events.seed = scenario.seed;
    events.id_salt = options.id_salt;
    Result<RequestTemplate> requests = RequestTemplate::make(*url, events);
    if (!requests) return requests.error();
    if (scenario.max_in_flight > kRequestBytes / requests->size())
        return refused("max_in_flight", "so many connections with so many events in a request would need over 1 GiB");
    return std::unique_ptr<Engine>(new EpollEngine(scenario, address, plan, std::move(requests).value(), options));
}

}  // namespace streamgauge::loadgen
