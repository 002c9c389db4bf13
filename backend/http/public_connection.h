// SPDX-License-Identifier: GPL-3.0-or-later
// One accepted socket of the public engine and what is between it and its session: the PROXY header and TLS,
// where they are spoken.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "http/hub.h"
#include "http/tls.h"

namespace streamgauge::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;  // named, so that operations need no type erasure
using Socket = asio::basic_stream_socket<tcp, Executor>;

// Reused for the next client. Lives on its engine thread.
class Connection {
public:
    // What the engine thread does for its connections.
    class Owner {
    public:
        virtual ~Owner() = default;
        virtual void left() = 0;                              // a client has gone
        virtual void released(std::uint32_t connection) = 0;  // nothing refers to the connection: it can be reused
    };
    struct Peer {
        std::string address;
        bool proxy = false;    // trusted
        std::string share_of;  // the address whose share of connections this is one of; empty: nobody's
        bool refused = false;  // did not enter
    };

    Connection(Hub& hub, Owner& owner, asio::io_context& io, std::uint32_t index);

    void start(Socket&& socket, Peer&& peer, const ListenerOptions& options);
    void pump();
    void tick();
    void drain();
    void abort();
    Session& session() { return session_; }

private:
    enum class Phase { Closed, ProxyHeader, Handshake, Serving };

    void read_proxy_header();
    void take_proxy_header();
    void serve(const Session::Client& client, const Refusal& refusal = {});
    void open_session(const Session::Client& client, const Refusal& refusal);
    void shake_hands();
    void write();
    void write_encrypted();
    void send_end();
    void wait_to_write();
    void read();
    void read_encrypted();
    void receive_encrypted();
    bool decrypt();
    void settle();
    void close(bool reset);
    void operation_done();

    Hub& hub_;
    Owner& owner_;
    Socket socket_;
    Session session_;
    Phase phase_ = Phase::Closed;
    Peer peer_;
    const ListenerOptions* options_ = nullptr;
    std::unique_ptr<TlsConnection> tls_;
    Session::Client client_;     // until its session is opened
    std::size_t encrypted_ = 0;  // plain bytes of the session's output that are in TLS's
    bool ended_ = false;         // TLS: the client sends no more
    std::int64_t started_ = 0;
    std::string early_bytes_;  // read before the session was there
    int operations_ = 0;       // that hold a pointer to this
    bool pumping_ = false, again_ = false, reading_ = false, writing_ = false, lingering_ = false;
    std::int64_t lingering_since_ = 0;
};

}  // namespace streamgauge::http
