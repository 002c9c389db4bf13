// SPDX-License-Identifier: GPL-3.0-or-later
// The engine for public listeners: sessions around Asio sockets, epoll underneath, each thread with its own io_context
// and its own listening sockets (SO_REUSEPORT spreads connections over them).
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "http/hub.h"
#include "http/public_connection.h"

namespace streamgauge::http {
namespace {

using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

class Worker final : public Hub, private Connection::Owner {
public:
    explicit Worker(EngineContext& context)
        : Hub(context, [this] { asio::post(io_, [this] { take_messages(); }); }),
          work_(io_.get_executor()),
          timer_(io_) {}
    ~Worker() override {
        mailbox()->close();  // before io_ goes: others may be posting
    }

    // Before start(). `first`: nobody else may have the port.
    Result<std::uint16_t> bind(const Endpoint& endpoint, const ListenerOptions& options, bool first, bool shared);
    void start(std::size_t number);
    // Closes the listening sockets; ready once they are.
    std::future<void> stop_accepting();
    void begin_drain();
    bool wait_until_idle(std::chrono::steady_clock::time_point deadline);
    void finish();

    void pump(std::uint32_t connection) override { connections_[connection]->pump(); }
    Session* session(std::uint32_t connection) override {
        return connection < connections_.size() ? &connections_[connection]->session() : nullptr;
    }

private:
    struct Listener {
        Acceptor acceptor;
        ListenerOptions options;
    };

    void released(std::uint32_t connection) override { free_.push_back(connection); }
    void left() override;
    void accept(Listener& listener);
    void admit(Socket&& socket, const ListenerOptions& options);
    void arm_timer();

    asio::io_context io_{1};
    asio::executor_work_guard<Executor> work_;
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>
        timer_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<std::uint32_t> free_;
    std::size_t open_ = 0;
    bool timer_armed_ = false, draining_ = false;
    std::thread thread_;

    std::mutex idle_mutex_;
    std::condition_variable idle_changed_;
    bool idle_ = false;
};

Result<std::uint16_t> Worker::bind(const Endpoint& endpoint, const ListenerOptions& options, bool first, bool shared) {
    error_code error;
    const auto fail = [&](std::string_view what) {
        Error refusal = Error::make(ErrorCode::Unavailable,
                                    "cannot " + std::string(what) + " " + to_string(endpoint) + ": " + error.message());
        if (error == asio::error::address_in_use) {
            refusal.hint =
                "another program has the port; find it with: ss -ltnp 'sport = :" + std::to_string(endpoint.port) + "'";
        }
        return refusal;
    };
    const auto address = asio::ip::make_address(endpoint.address, error);
    if (error) return fail("read the address");
    auto listener = std::make_unique<Listener>(Listener{Acceptor(io_), options});
    Acceptor& acceptor = listener->acceptor;
    const tcp::endpoint local(address, endpoint.port);
    acceptor.open(local.protocol(), error);
    if (error) return fail("open");
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    // The first socket binds without sharing, so that it fails when any other program has the port; then it allows the
    // sockets of the other threads to join it.
    if (shared && !first) acceptor.set_option(ReusePort(true), error);
    acceptor.bind(local, error);
    if (error) return fail("bind");
    if (shared && first) acceptor.set_option(ReusePort(true), error);
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail("listen on");
    const std::uint16_t port = acceptor.local_endpoint(error).port();
    listeners_.push_back(std::move(listener));
    return port;
}

void Worker::start(std::size_t number) {
    thread_ = std::thread([this, number] {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the main thread's
        pthread_setname_np(pthread_self(), ("http-" + std::to_string(number)).c_str());
        own_mailbox();
        for (const auto& listener : listeners_) accept(*listener);
        io_.run();
    });
}

void Worker::accept(Listener& listener) {
    listener.acceptor.async_accept(io_, [this, &listener](const error_code& error, Socket socket) {
        if (draining_ || error == asio::error::operation_aborted) return;
        if (!error) admit(std::move(socket), listener.options);
        if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
            error == asio::error::no_buffer_space) {
            // Out of something: come back when connections have ended, instead of spinning.
            const auto timer = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(100));
            timer->async_wait([this, &listener, timer](const error_code& cancelled) {
                if (!cancelled && !draining_) accept(listener);
            });
            return;
        }
        accept(listener);
    });
}

void Worker::admit(Socket&& socket, const ListenerOptions& options) {
    error_code error;
    auto remote = socket.remote_endpoint(error).address();
    if (error) return;  // gone already
    if (remote.is_v6() && remote.to_v6().is_v4_mapped())
        remote = asio::ip::make_address_v4(asio::ip::v4_mapped, remote.to_v6());
    Connection::Peer peer;
    peer.address = remote.to_string();
    peer.proxy = context().trusted.contains(peer.address);
    if (!peer.proxy) peer.share_of = peer.address;
    peer.refused = !context().admission->enter(peer.share_of);
    std::uint32_t index = 0;
    if (!free_.empty()) {
        index = free_.back();
        free_.pop_back();
    } else if (connections_.size() < kConnectionSlots) {
        index = static_cast<std::uint32_t>(connections_.size());
        Connection::Owner& owner = *this;
        connections_.push_back(std::make_unique<Connection>(*this, owner, io_, index));
    } else {
        if (!peer.refused) context().admission->leave(peer.share_of);
        return;  // the socket closes itself
    }
    ++open_;
    arm_timer();
    connections_[index]->start(std::move(socket), std::move(peer), options);
}

void Worker::arm_timer() {
    if (timer_armed_ || open_ == 0) return;
    timer_armed_ = true;
    timer_.expires_after(tick_period());
    timer_.async_wait([this](const error_code& cancelled) {
        timer_armed_ = false;
        if (cancelled) return;
        for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->tick();
        arm_timer();
    });
}

void Worker::left() {
    --open_;
    if (!draining_ || open_ > 0) return;
    {
        const std::lock_guard lock(idle_mutex_);
        idle_ = true;
    }
    idle_changed_.notify_all();
}

std::future<void> Worker::stop_accepting() {
    auto closed = std::make_shared<std::promise<void>>();
    const auto close_all = [this, closed] {
        error_code ignored;
        for (const auto& listener : listeners_) listener->acceptor.close(ignored);
        closed->set_value();
    };
    auto done = closed->get_future();
    if (thread_.joinable())
        asio::post(io_, close_all);
    else
        close_all();
    return done;
}

void Worker::begin_drain() {
    if (!thread_.joinable()) {
        listeners_.clear();
        idle_ = true;
        return;
    }
    asio::post(io_, [this] {
        draining_ = true;
        ++open_;  // so that left() below sees the last one go
        for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->drain();
        left();
    });
}

bool Worker::wait_until_idle(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(idle_mutex_);
    return idle_changed_.wait_until(lock, deadline, [this] { return idle_; });
}

void Worker::finish() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
        for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->abort();
        mailbox()->close();
        io_.stop();
    });
    thread_.join();
}

class PublicEngine final : public Engine {
public:
    PublicEngine(const RouteTable& table, const Clock& clock, EngineOptions options, int threads)
        : context_(table, Plane::Both, clock, std::move(options)) {
        for (int i = 0; i < std::max(1, threads); ++i) workers_.push_back(std::make_unique<Worker>(context_));
    }
    ~PublicEngine() override { stop(std::chrono::milliseconds(0)); }

    Result<Endpoint> listen(const Endpoint& endpoint, const ListenerOptions& options) override {
        if (context_.fault) return *context_.fault;
        if (running_ || stopped_)
            return Error::make(ErrorCode::Conflict, "listeners are added before the engine starts");
        Endpoint bound = endpoint;
        for (const auto& worker : workers_) {
            const auto port = worker->bind(bound, options, worker == workers_.front(), workers_.size() > 1);
            if (!port.ok()) return port.error();
            bound.port = *port;
        }
        bound.tls = options.tls != nullptr;
        context_.ports.push_back(bound.port);
        return bound;
    }

    Status start() override {
        if (running_ || stopped_) return Error::make(ErrorCode::Conflict, "the engine was started before");
        running_ = true;
        for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->start(i);
        return {};
    }

    void stop(std::chrono::milliseconds deadline) override {
        if (stopped_) return;
        stopped_ = true;
        const auto until = std::chrono::steady_clock::now() + deadline;
        // Every thread's door first: while one drains, another must not let anybody in.
        std::vector<std::future<void>> closed;
        for (const auto& worker : workers_) closed.push_back(worker->stop_accepting());
        for (const auto& door : closed) door.wait();
        for (const auto& worker : workers_) worker->begin_drain();
        for (const auto& worker : workers_) worker->wait_until_idle(until);
        for (const auto& worker : workers_) worker->finish();
        workers_.clear();
    }

    ConnectionCounters counters() const override { return context_.admission->counters(); }

private:
    EngineContext context_;
    std::vector<std::unique_ptr<Worker>> workers_;
    bool running_ = false, stopped_ = false;
};

}  // namespace

std::unique_ptr<Engine> make_public_engine(const RouteTable& table, const Clock& clock, EngineOptions options,
                                           int threads) {
    return std::make_unique<PublicEngine>(table, clock, std::move(options), threads);
}

}  // namespace streamgauge::http
