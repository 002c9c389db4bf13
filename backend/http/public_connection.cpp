// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/public_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>

#include "http/proxy_protocol.h"

namespace streamgauge::http {

Connection::Connection(Hub& hub, Owner& owner, asio::io_context& io, std::uint32_t index)
    : hub_(hub), owner_(owner), socket_(io), session_(hub, index) {}

void Connection::start(Socket&& socket, Peer&& peer, const ListenerOptions& options) {
    socket_ = std::move(socket);
    peer_ = std::move(peer);
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    lingering_ = false;
    started_ = hub_.now();
    early_bytes_.clear();
    const Session::Client client{peer_.address, peer_.proxy, false};
    if (peer_.refused) return serve(client, kTooManyConnections);
    if (!options.proxy_protocol || !peer_.proxy) return serve(client);
    phase_ = Phase::ProxyHeader;
    read_proxy_header();
}

void Connection::read_proxy_header() {
    ++operations_;
    socket_.async_wait(Socket::wait_read, [this](const error_code& error) {
        if (phase_ == Phase::ProxyHeader) error ? close(false) : take_proxy_header();
        operation_done();
    });
}

void Connection::take_proxy_header() {
    std::array<char, kProxyHeaderBytes> bytes;
    const ssize_t count =
        ::recv(socket_.native_handle(), bytes.data(), bytes.size() - early_bytes_.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return read_proxy_header();
    if (count <= 0) return close(false);
    early_bytes_.append(bytes.data(), static_cast<std::size_t>(count));
    ProxyHeader header;
    switch (http::read_proxy_header(early_bytes_, header)) {
        case ProxyProgress::NeedMore:
            return read_proxy_header();
        case ProxyProgress::Refused:
            early_bytes_.clear();
            return serve({peer_.address, false, false}, {400, "the PROXY header is missing or malformed"});
        case ProxyProgress::Done:
            break;
    }
    early_bytes_.erase(0, header.size);
    if (!header.client) return serve({peer_.address, true, header.secure});
    peer_.share_of = to_string(*header.client);
    const Session::Client client{peer_.share_of, hub_.context().trusted.contains(*header.client), header.secure};
    if (hub_.context().admission->adopt(peer_.share_of)) return serve(client);
    peer_.refused = true;
    early_bytes_.clear();
    serve(client, kTooManyConnections);
}

void Connection::serve(const Session::Client& client, const Refusal& refusal) {
    phase_ = Phase::Serving;
    session_.open(client, refusal);
    for (std::string_view rest = early_bytes_; !rest.empty();) {
        const std::span<char> space = session_.read_space();
        const std::size_t count = std::min(space.size(), rest.size());
        std::copy_n(rest.data(), count, space.data());
        session_.received(count);
        rest.remove_prefix(count);
    }
    early_bytes_.clear();
    pump();
}

void Connection::pump() {
    again_ = true;
    if (pumping_) return;
    pumping_ = true;
    while (again_) {
        again_ = session_.advance();
        write();
    }
    pumping_ = false;
    settle();
}

void Connection::write() {
    while (!writing_ && session_.has_output()) {
        std::array<iovec, 16> segments{};
        msghdr message{};
        message.msg_iov = segments.data();
        message.msg_iovlen = session_.gather(segments.data(), segments.size());
        const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            session_.written(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            session_.blocked();
            writing_ = true;
            ++operations_;
            socket_.async_wait(Socket::wait_write, [this](const error_code& error) {
                writing_ = false;
                if (!error && phase_ == Phase::Serving) pump();
                operation_done();
            });
        } else if (errno != EINTR) {
            return close(false);
        }
    }
}

void Connection::read() {
    if (reading_) return;
    const std::span<char> space = session_.read_space();
    if (space.empty()) return;
    reading_ = true;
    ++operations_;
    socket_.async_read_some(asio::buffer(space.data(), space.size()),
                            [this](const error_code& error, std::size_t bytes) {
                                reading_ = false;
                                if (phase_ == Phase::Serving) {
                                    if (!error) {
                                        session_.received(bytes);
                                        pump();
                                    } else if (error == asio::error::eof) {
                                        session_.end_of_input();
                                        pump();
                                    } else {
                                        close(false);
                                    }
                                }
                                operation_done();
                            });
}

void Connection::settle() {
    if (phase_ != Phase::Serving) return;
    switch (session_.end()) {
        case Session::End::No:
            break;
        case Session::End::Linger:
            if (!lingering_) {
                lingering_ = true;
                lingering_since_ = hub_.now();
                error_code ignored;
                socket_.shutdown(Socket::shutdown_send, ignored);
            }
            break;
        case Session::End::Close:
            return close(false);
        case Session::End::Abort:
            return close(true);
    }
    read();
}

void Connection::tick() {
    if (phase_ == Phase::Closed) return;
    if (phase_ != Phase::Serving) {
        if (hub_.now() - started_ > hub_.context().nanos(limits::kHeadDeadline)) close(false);
        return;
    }
    if (lingering_ && hub_.now() - lingering_since_ > hub_.context().nanos(kLinger)) return close(false);
    session_.tick();
    pump();
}

void Connection::drain() {
    if (phase_ == Phase::Closed) return;
    if (phase_ != Phase::Serving) return close(false);
    session_.drain();
    pump();
}

void Connection::abort() {
    if (phase_ != Phase::Closed) close(true);
}

void Connection::close(bool reset) {
    if (phase_ == Phase::Closed) return;
    phase_ = Phase::Closed;
    error_code ignored;
    if (reset) socket_.set_option(Socket::linger(true, 0), ignored);
    ++operations_;  // not reusable while callbacks run
    socket_.close(ignored);
    if (!peer_.refused) hub_.context().admission->leave(peer_.share_of);
    session_.closed();
    owner_.left();
    operation_done();
}

void Connection::operation_done() {
    if (--operations_ == 0 && phase_ == Phase::Closed) owner_.released(session_.connection());
}

}  // namespace streamgauge::http
