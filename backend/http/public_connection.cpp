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
    options_ = &options;
    lingering_ = ended_ = false;
    encrypted_ = 0;
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
    if (!options_->tls) return open_session(client, refusal);
    phase_ = Phase::Handshake;
    if (refusal.status != 0) return close(false);  // a handshake would cost more than the refusal tells
    client_ = client;
    client_.secure = true;
    tls_ = options_->tls->accept();
    tls_->received(early_bytes_);
    early_bytes_.clear();
    shake_hands();
}

void Connection::shake_hands() {
    switch (tls_->handshake()) {
        case TlsConnection::Handshake::NeedMore:
            write_encrypted();
            if (phase_ == Phase::Handshake) read_encrypted();
            return;
        case TlsConnection::Handshake::Done:
            write_encrypted();
            if (phase_ == Phase::Handshake) open_session(client_, {});
            return;
        case TlsConnection::Handshake::PlainHttp:
            tls_.reset();
            return open_session(client_, {400, "this port speaks TLS: use https://"});
        case TlsConnection::Handshake::Failed:
            ++hub_.context().admission->tls_failed;
            write_encrypted();  // says why
            return close(false);
    }
}

void Connection::open_session(const Session::Client& client, const Refusal& refusal) {
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
        const bool more = tls_ && decrypt();
        again_ = session_.advance() || more;
        write();
    }
    pumping_ = false;
    settle();
}

void Connection::write() {
    if (tls_) return write_encrypted();
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
            wait_to_write();
        } else if (errno != EINTR) {
            return close(false);
        }
    }
}

void Connection::wait_to_write() {
    writing_ = true;
    ++operations_;
    socket_.async_wait(Socket::wait_write, [this](const error_code& error) {
        writing_ = false;
        if (!error && phase_ == Phase::Serving) pump();
        if (!error && phase_ == Phase::Handshake) shake_hands();
        operation_done();
    });
}

// A part of the session's output counts as written when the socket has taken all of it.
void Connection::write_encrypted() {
    while (!writing_) {
        if (tls_->output().empty()) {
            if (encrypted_ > 0) session_.written(std::exchange(encrypted_, 0));
            if (!session_.has_output()) return;
            std::array<iovec, 16> segments{};
            encrypted_ = tls_->write(segments.data(), session_.gather(segments.data(), segments.size()));
            if (encrypted_ == 0) return close(false);
        }
        const std::string_view output = tls_->output();
        const ssize_t sent = ::send(socket_.native_handle(), output.data(), output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            tls_->sent(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            session_.blocked();
            wait_to_write();
        } else if (errno != EINTR) {
            return close(false);
        }
    }
}

// Best effort: what the socket does not take now is not worth waiting for.
void Connection::send_end() {
    if (!tls_ || writing_) return;
    tls_->end();
    const std::string_view output = tls_->output();
    const ssize_t sent = ::send(socket_.native_handle(), output.data(), output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) tls_->sent(static_cast<std::size_t>(sent));
}

void Connection::read() {
    if (reading_) return;
    if (tls_) return read_encrypted();
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

void Connection::read_encrypted() {
    if (reading_ || ended_ || (phase_ == Phase::Serving && session_.read_space().empty())) return;
    reading_ = true;
    ++operations_;
    socket_.async_wait(Socket::wait_read, [this](const error_code& error) {
        reading_ = false;
        if (phase_ == Phase::Handshake || phase_ == Phase::Serving) error ? close(false) : receive_encrypted();
        operation_done();
    });
}

void Connection::receive_encrypted() {
    std::array<char, 18 * 1024> bytes;  // a whole record
    const ssize_t count = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return close(false);
        return read_encrypted();
    }
    if (count > 0 && !lingering_) tls_->received({bytes.data(), static_cast<std::size_t>(count)});
    if (count == 0) {
        ended_ = true;
        if (phase_ == Phase::Handshake) return close(false);
    }
    if (phase_ == Phase::Handshake) return shake_hands();
    if (count == 0) session_.end_of_input();
    pump();
}

// True when the session was given something.
bool Connection::decrypt() {
    if (phase_ != Phase::Serving || lingering_) return false;
    const std::span<char> space = session_.read_space();
    if (space.empty()) return false;
    const TlsConnection::Read read = tls_->read(space);
    if (read.bytes > 0) {
        session_.received(read.bytes);
        return true;
    }
    if (read.state == TlsConnection::State::Failed) {
        write_encrypted();
        close(false);
    } else if (read.state == TlsConnection::State::Ended && !ended_) {
        ended_ = true;
        session_.end_of_input();
        return true;
    }
    return false;
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
                send_end();
                error_code ignored;
                socket_.shutdown(Socket::shutdown_send, ignored);
            }
            break;
        case Session::End::Close:
            send_end();
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
    if (--operations_ > 0 || phase_ != Phase::Closed) return;
    tls_.reset();
    owner_.released(session_.connection());
}

}  // namespace streamgauge::http
