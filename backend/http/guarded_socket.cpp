// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/guarded_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <QHostAddress>
#include <algorithm>
#include <array>
#include <cerrno>

#include "http/hub.h"
#include "http/text.h"

namespace streamgauge::http {
namespace {

// Reads of one connection before the others have their turn; what is left is reported again.
constexpr int kReadsPerTurn = 16;
constexpr std::size_t kSegmentsPerWrite = 16;

// What concerns this connection, or the framing that the guard has undone, is not for QtHttpServer.
bool is_hop_by_hop(std::string_view name) {
    switch (ascii_lower(name.empty() ? ' ' : name.front())) {
        case 'c':
            return equal_ignoring_case(name, "connection") || equal_ignoring_case(name, "content-length");
        case 'e':
            return equal_ignoring_case(name, "expect");
        case 'h':
            return equal_ignoring_case(name, "http2-settings");
        case 'k':
            return equal_ignoring_case(name, "keep-alive");
        case 't':
            return equal_ignoring_case(name, "transfer-encoding") || equal_ignoring_case(name, "te") ||
                   equal_ignoring_case(name, "trailer");
        case 'u':
            return equal_ignoring_case(name, "upgrade");
        default:
            return false;
    }
}

void write_head(std::string& out, const Request& request) {
    out.clear();
    out += to_string(request.method);
    out += ' ';
    out += request.path;
    if (!request.query.empty()) {
        out += '?';
        out += request.query;
    }
    out += " HTTP/1.1\r\n";
    for (const auto& [name, value] : request.headers) {
        if (is_hop_by_hop(name)) continue;
        out += name;
        out += ": ";
        out += value;
        out += "\r\n";
    }
    out += "Content-Length: ";
    out += std::to_string(request.body.size());
    out += "\r\n\r\n";
}

std::int64_t take(std::string_view& from, char* data, std::int64_t size) {
    const std::size_t count = std::min(from.size(), static_cast<std::size_t>(size));
    std::copy_n(from.data(), count, data);
    from.remove_prefix(count);
    return static_cast<std::int64_t>(count);
}

}  // namespace

GuardedSocket::GuardedSocket(Hub& hub, Owner& owner, int epoll, int descriptor, std::uint32_t connection,
                             QObject* parent)
    : QTcpSocket(parent),
      hub_(hub),
      owner_(owner),
      epoll_(epoll),
      descriptor_(descriptor),
      tag_((static_cast<std::uint64_t>(static_cast<std::uint32_t>(descriptor)) << 32U) | connection),
      session_(hub, connection) {
    setOpenMode(QIODevice::ReadWrite);
    setSocketState(QAbstractSocket::ConnectedState);
}

GuardedSocket::~GuardedSocket() {
    drop();
}

void GuardedSocket::set_remote_address(const std::string& address) {
    remote_address_ = address;
    setPeerAddress(QHostAddress(QString::fromStdString(address)));
}

void GuardedSocket::begin(bool refused) {
    session_.open({remote_address_, false, false}, refused ? kTooManyConnections : Refusal{});
    epoll_event event{};
    event.events = interest_ = EPOLLIN;
    event.data.u64 = tag_;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor_, &event) != 0) return drop();
    pump();
}

void GuardedSocket::ready(std::uint32_t events) {
    if (!is_open()) return;
    // The peer is gone in both directions: no answer can reach it.
    if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && (events & EPOLLIN) == 0)) return drop();
    if ((events & EPOLLIN) != 0) linger_until_ ? linger() : read();
    pump();
}

void GuardedSocket::read() {
    for (int turn = 0; turn < kReadsPerTurn && is_open() && !end_of_input_; ++turn) {
        const std::span<char> space = session_.read_space();
        if (space.empty()) return;
        const ssize_t count = recv(descriptor_, space.data(), space.size(), 0);
        if (count > 0) {
            session_.received(static_cast<std::size_t>(count));
            if (static_cast<std::size_t>(count) < space.size()) return;
            pump();
        } else if (count == 0) {
            end_of_input_ = true;
            session_.end_of_input();
        } else if (errno != EINTR) {
            if (errno != EAGAIN && errno != EWOULDBLOCK) drop();
            return;
        }
    }
}

bool GuardedSocket::write() {
    bool some = false;
    while (session_.has_output()) {
        std::array<iovec, kSegmentsPerWrite> segments{};
        msghdr message{};
        message.msg_iov = segments.data();
        message.msg_iovlen = session_.gather(segments.data(), segments.size());
        const ssize_t count = sendmsg(descriptor_, &message, MSG_NOSIGNAL);
        if (count >= 0) {
            session_.written(static_cast<std::size_t>(count));
            some = true;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            session_.blocked();
            return some;
        } else if (errno != EINTR) {
            drop();
            return false;
        }
    }
    return some;
}

void GuardedSocket::pump() {
    if (pumping_) {  // a handler answered at once: the round that called it goes on
        pump_again_ = true;
        return;
    }
    if (!is_open()) return;
    pumping_ = true;
    bool more = true;
    while (more && is_open()) {
        pump_again_ = false;
        more = session_.advance();
        if (session_.has_output() && write()) more = true;
        more = more || pump_again_;
    }
    pumping_ = false;
    if (!is_open()) return;
    switch (session_.end()) {
        case Session::End::No:
            break;
        case Session::End::Linger:
            if (end_of_input_) return drop();
            if (!linger_until_) {
                shutdown(descriptor_, SHUT_WR);
                linger_until_ = hub_.now() + hub_.context().nanos(kLinger);
            }
            break;
        case Session::End::Abort: {
            const ::linger reset{1, 0};  // what the client did not read is not kept for it
            setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
            return drop();
        }
        case Session::End::Close:
            return drop();
    }
    update_interest();
}

void GuardedSocket::linger() {
    std::array<char, 16 * 1024> unread;
    for (int turn = 0; turn < kReadsPerTurn; ++turn) {
        const ssize_t count = recv(descriptor_, unread.data(), unread.size(), 0);
        if (count > 0 || (count < 0 && errno == EINTR)) continue;
        if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) drop();
        return;
    }
}

void GuardedSocket::update_interest() {
    std::uint32_t wanted = 0;
    if (!end_of_input_ && (linger_until_ || !session_.read_space().empty())) wanted |= EPOLLIN;
    if (session_.has_output()) wanted |= EPOLLOUT;
    if (wanted == interest_) return;
    interest_ = wanted;
    epoll_event event{};
    event.events = wanted;
    event.data.u64 = tag_;
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor_, &event) != 0) drop();
}

void GuardedSocket::tick() {
    if (!is_open()) return;
    if (linger_until_ && hub_.now() >= *linger_until_) return drop();
    session_.tick();
    pump();
}

void GuardedSocket::drain() {
    if (!is_open()) return;
    session_.drain();
    pump();
}

void GuardedSocket::drop() {
    if (!is_open()) return;
    ::close(descriptor_);  // leaves the epoll set with it
    descriptor_ = -1;
    session_.closed();
    owner_.released(*this);
    setSocketState(QAbstractSocket::UnconnectedState);
    Q_EMIT disconnected();
}

bool GuardedSocket::feed(const Request& request) {
    if (rejected_) return false;
    write_head(head_, request);
    fed_head_ = head_;
    fed_body_ = request.body;
    feeding_ = true;
    Q_EMIT readyRead();
    feeding_ = false;
    const bool whole = !rejected_ && bytesAvailable() == 0;
    fed_head_ = fed_body_ = {};
    if (!whole) {
        rejected_ = true;
        session_.drain();
    }
    return whole;
}

qint64 GuardedSocket::bytesAvailable() const {
    return QIODevice::bytesAvailable() + left_to_feed();
}

qint64 GuardedSocket::readData(char* data, qint64 size) {
    const std::int64_t head = take(fed_head_, data, size);
    return head + take(fed_body_, data + head, size - head);
}

qint64 GuardedSocket::skipData(qint64 size) {
    return QIODevice::skipData(size);
}

// Answers leave by the session.
qint64 GuardedSocket::writeData(const char*, qint64 size) {
    return size;
}

// QtHttpServer gives up on a request by this.
void GuardedSocket::disconnectFromHost() {
    if (feeding_) rejected_ = true;
}

void GuardedSocket::close() {
    if (feeding_) rejected_ = true;
}

}  // namespace streamgauge::http
