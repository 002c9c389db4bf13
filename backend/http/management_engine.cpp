// SPDX-License-Identifier: GPL-3.0-or-later
// The management listener: QtHttpServer for the operator on this machine, loopback only, every connection behind a
// GuardedSocket. One thread with an event loop of its own; its connections are in one epoll set behind one notifier,
// because Qt's dispatchers poll every descriptor that they know (2,000 idle ones cost 5/6 of the throughput).
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <QCoreApplication>
#include <QEventLoop>
#include <QSocketNotifier>
#include <QTcpServer>
#include <QThread>
#include <QTimer>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>

#include "base/log.h"
#include "http/engine.h"
#include "http/guarded_socket.h"
#include "http/hub.h"
#include "http/management_engine_adapter.h"
#include "http/management_engine_listen.h"

namespace streamgauge::http {
namespace {

constexpr std::chrono::milliseconds kAcceptPause{200};  // after accept() failed, as when no descriptor is left

bool same_method(QHttpServerRequest::Method theirs, Method ours) {
    using Theirs = QHttpServerRequest::Method;
    switch (ours) {
        case Method::Get:
            return theirs == Theirs::Get;
        case Method::Head:
            return theirs == Theirs::Head;
        case Method::Post:
            return theirs == Theirs::Post;
        case Method::Put:
            return theirs == Theirs::Put;
        case Method::Delete:
            return theirs == Theirs::Delete;
        case Method::Options:
            return theirs == Theirs::Options;
        case Method::Patch:
            return theirs == Theirs::Patch;
        case Method::Other:
            break;
    }
    return false;
}

class Listener final : public QTcpServer {
public:
    explicit Listener(std::function<void(Listener&, int)> on_connection) : on_connection_(std::move(on_connection)) {}
    void hand_over(QTcpSocket* socket) { addPendingConnection(socket); }

protected:
    void incomingConnection(qintptr descriptor) override { on_connection_(*this, static_cast<int>(descriptor)); }

private:
    std::function<void(Listener&, int)> on_connection_;
};

// The engine's thread: sockets, QtHttpServer and the messages for them. Lives on that thread, made there too.
class ManagementHub final : public QObject, public Hub, private GuardedSocket::Owner {
public:
    explicit ManagementHub(EngineContext& context)
        : Hub(context,
              [this] {
                  QMetaObject::invokeMethod(
                      this, [this] { take_messages(); }, Qt::QueuedConnection);
              }),
          adapter_([this](const QHttpServerRequest& request) { on_parsed(request); }),
          sockets_(kConnectionSlots, nullptr) {
        for (std::size_t slot = kConnectionSlots; slot > 0; --slot) {
            free_.push_back(static_cast<std::uint32_t>(slot - 1));
        }
        const std::int64_t second = context.nanos(std::chrono::seconds(1));
        tick_.setInterval(std::max(std::chrono::milliseconds(1), std::chrono::milliseconds(second / 1'000'000)));
        connect(&tick_, &QTimer::timeout, this, [this] { for_each_socket(&GuardedSocket::tick); });
    }

    ~ManagementHub() override {
        for_each_socket(&GuardedSocket::drop);
        mailbox()->close();
        notifier_.reset();
        if (epoll_ >= 0) ::close(epoll_);
    }

    // Takes the descriptors.
    Status open(const std::vector<int>& listening) {
        own_mailbox();
        Status opened = make_epoll();
        for (const int descriptor : listening) {
            if (opened.ok()) opened = serve(descriptor);
            if (!opened.ok()) ::close(descriptor);
        }
        return opened;
    }

    int run() { return loop_.exec(); }

    void stop(std::chrono::milliseconds deadline) {
        stopping_ = true;
        for (Listener* listener : listeners_) listener->close();
        for_each_socket(&GuardedSocket::drain);
        if (open_ == 0) return loop_.quit();
        QTimer::singleShot(deadline, Qt::PreciseTimer, this, [this] {
            for_each_socket(&GuardedSocket::drop);
            loop_.quit();
        });
    }

    void dispatch(Session& session, const Request& request, const Route& route, const ReplyPtr& reply) override {
        Call call{session, request, route, reply, false};
        Call* outer = std::exchange(call_, &call);
        const bool whole = sockets_[session.connection()]->feed(request);
        call_ = outer;
        if (call.taken && whole) return;
        log::warning("request_misread", "QtHttpServer did not read the request that was handed to it",
                     {{"route", route.path}});
        if (!call.taken) reply->send(problem(400, reason_phrase(400), "the request is malformed", "invalid_argument"));
    }

    void pump(std::uint32_t connection) override {
        if (GuardedSocket* socket = sockets_[connection]) socket->pump();
    }

    Session* session(std::uint32_t connection) override {
        GuardedSocket* socket = sockets_[connection];
        return socket == nullptr ? nullptr : &socket->session();
    }

private:
    // The request that QtHttpServer is being given.
    struct Call {
        Session& session;
        const Request& request;
        const Route& route;
        const ReplyPtr& reply;
        bool taken;
    };

    Status make_epoll() {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) return Error::make(ErrorCode::Io, "epoll: " + std::system_category().message(errno));
        notifier_ = std::make_unique<QSocketNotifier>(epoll_, QSocketNotifier::Read);
        connect(notifier_.get(), &QSocketNotifier::activated, this, [this] { on_ready(); });
        return {};
    }

    // Takes `listening` when it succeeds.
    Status serve(int listening) {
        auto* listener = new Listener([this](Listener& from, int accepted) { accept(from, accepted); });
        listener->setParent(&adapter_);
        if (!listener->setSocketDescriptor(listening)) {
            return Error::make(ErrorCode::Io, "listening socket: " + listener->errorString().toStdString());
        }
        listeners_.push_back(listener);
        connect(listener, &QTcpServer::acceptError, this, [listener] {
            log::warning("accept_failed", listener->errorString().toStdString());
            QTimer::singleShot(kAcceptPause, listener, [listener] { listener->resumeAccepting(); });
        });
        // False only before listening, which the descriptor does: nothing is left to close then.
        if (!adapter_.serve(listener)) log::error("listener_refused", "QtHttpServer refused a listener");
        return {};
    }

    // What QtHttpServer read must be what the guard let through; anything else would be a hole between two parsers.
    void on_parsed(const QHttpServerRequest& parsed) {
        if (call_ == nullptr || call_->taken || !same_method(parsed.method(), call_->request.method)) return;
        const QByteArray body = parsed.body();
        if (std::string_view(body.data(), static_cast<std::size_t>(body.size())) != call_->request.body) return;
        call_->taken = true;
        Hub::dispatch(call_->session, call_->request, call_->route, call_->reply);
    }

    void accept(Listener& listener, int descriptor) {
        const std::string address = peer_address(descriptor);
        const bool refused = address.empty() || !context().admission->enter(address);
        if (stopping_ || address.empty() || (refused && refused_ >= kRefusedConnections) || free_.empty()) {
            if (!refused) context().admission->leave(address);
            ::close(descriptor);
            return;
        }
        const int yes = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        auto* socket = new GuardedSocket(*this, *this, epoll_, descriptor, slot, &listener);
        sockets_[slot] = socket;
        if (refused) ++refused_;
        if (++open_ == 1) tick_.start();
        socket->set_remote_address(address);
        listener.hand_over(socket);  // QtHttpServer connects to it here
        socket->begin(refused);
    }

    void released(GuardedSocket& socket) override {
        Session& session = socket.session();
        sockets_[session.connection()] = nullptr;
        free_.push_back(session.connection());
        if (session.is_refused()) {
            --refused_;
        } else {
            context().admission->leave(socket.remote_address());
        }
        if (--open_ > 0) return;
        tick_.stop();
        if (stopping_) loop_.quit();
    }

    void on_ready() {
        std::array<epoll_event, 256> events{};
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            GuardedSocket* socket = sockets_[GuardedSocket::connection_of(event.data.u64)];
            if (socket != nullptr && socket->tag() == event.data.u64) socket->ready(event.events);
        }
    }

    void for_each_socket(void (GuardedSocket::*act)()) {
        for (std::size_t slot = 0; slot < sockets_.size(); ++slot) {
            if (sockets_[slot] != nullptr) (sockets_[slot]->*act)();
        }
    }

    QEventLoop loop_;
    HttpServerAdapter adapter_;
    std::vector<Listener*> listeners_;
    std::vector<GuardedSocket*> sockets_;  // by connection number; QtHttpServer deletes them
    std::vector<std::uint32_t> free_;
    std::size_t open_ = 0, refused_ = 0;
    QTimer tick_;  // runs while there are connections
    int epoll_ = -1;
    std::unique_ptr<QSocketNotifier> notifier_;
    Call* call_ = nullptr;
    bool stopping_ = false;
};

class ManagementEngine final : public Engine {
public:
    ManagementEngine(const RouteTable& table, const Clock& clock, EngineOptions options)
        : context_(table, Plane::ManagementOnly, clock, std::move(options)) {}

    ~ManagementEngine() override {
        stop(std::chrono::milliseconds(0));
        for (const int descriptor : listening_) ::close(descriptor);
    }

    Result<Endpoint> listen(const Endpoint& endpoint, const ListenerOptions&) override {
        if (!is_loopback(endpoint)) {
            Error error = Error::make(ErrorCode::Forbidden, "the management listener may not bind " +
                                                                to_string(endpoint) + ": it is for this machine only");
            error.hint = "use a loopback address such as 127.0.0.1:8090 or [::1]:8090";
            return error;
        }
        if (thread_) return Error::make(ErrorCode::Conflict, "the management listener runs already");
        Result<ListeningSocket> opened = open_listening_socket(endpoint);
        if (!opened) return opened.error();
        listening_.push_back(opened->descriptor);
        context_.ports.push_back(opened->endpoint.port);
        return opened->endpoint;
    }

    Status start() override {
        if (thread_) return Error::make(ErrorCode::Conflict, "the management listener runs already");
        if (QCoreApplication::instance() == nullptr) {
            return Error::make(ErrorCode::Internal, "the management listener needs a QCoreApplication");
        }
        // GLib's dispatcher costs a tenth of the throughput and, unlike Qt's own, is not the same everywhere. This name
        // is for threads other than the main one, which keeps what its platform wants.
        if (!qEnvironmentVariableIsSet("QT_NO_THREADED_GLIB")) qputenv("QT_NO_THREADED_GLIB", "1");
        started_.reset();
        ended_ = false;
        thread_.reset(QThread::create([this] { run(); }));
        thread_->setObjectName(QStringLiteral("management"));
        thread_->start();
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return started_.has_value(); });
        if (!started_->ok()) {
            lock.unlock();
            thread_->wait();
            thread_.reset();
        }
        return *started_;
    }

    void stop(std::chrono::milliseconds deadline) override {
        if (!thread_) return;
        {
            const std::lock_guard lock(mutex_);
            if (hub_ != nullptr) {
                QMetaObject::invokeMethod(
                    hub_, [hub = hub_, deadline] { hub->stop(deadline); }, Qt::QueuedConnection);
            }
        }
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return ended_; });
        }
        thread_->wait();
        thread_.reset();
    }

    ConnectionCounters counters() const override { return context_.admission->counters(); }

private:
    void run() {
        serve();
        // What was done here is ordered by our own mutex before whoever waits: ThreadSanitizer does not see Qt's.
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_one();
    }

    void serve() {
        ManagementHub hub(context_);
        Status opened = hub.open(std::exchange(listening_, {}));
        const bool ok = opened.ok();
        {
            const std::lock_guard lock(mutex_);
            started_ = std::move(opened);
            if (ok) hub_ = &hub;
            changed_.notify_one();
        }
        if (ok) hub.run();
        const std::lock_guard lock(mutex_);
        hub_ = nullptr;
    }

    EngineContext context_;
    std::vector<int> listening_;  // until the thread runs
    std::unique_ptr<QThread> thread_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Status> started_;  // guarded by mutex_
    ManagementHub* hub_ = nullptr;   // guarded by mutex_
    bool ended_ = false;             // guarded by mutex_
};

}  // namespace

std::unique_ptr<Engine> make_management_engine(const RouteTable& table, const Clock& clock, EngineOptions options) {
    return std::make_unique<ManagementEngine>(table, clock, std::move(options));
}

}  // namespace streamgauge::http
