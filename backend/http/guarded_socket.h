// SPDX-License-Identifier: GPL-3.0-or-later
// A client's connection as QtHttpServer sees it. The real socket belongs to the guard: a Session (the same that serves
// the public listeners) frames, limits, times and answers it, and QtHttpServer is handed only whole requests that
// passed, one at a time, with one Content-Length and without hop-by-hop headers. What QtHttpServer writes or closes
// goes nowhere, so nothing of it can outlive, cut or overtake an answer, on any Qt.
#pragma once

#include <QTcpSocket>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/session.h"

namespace streamgauge::http {

// Made by the listener for each accepted descriptor, deleted by QtHttpServer after disconnected(). Lives on the
// engine's thread.
class GuardedSocket final : public QTcpSocket {
public:
    // What the engine does for its sockets.
    class Owner {
    public:
        virtual ~Owner() = default;
        // `socket` does not use its connection number any more. Called once.
        virtual void released(GuardedSocket& socket) = 0;
    };

    // Takes `descriptor`, which is connected and does not block. `epoll` reports its readiness with tag() and outlives
    // the socket.
    GuardedSocket(Hub& hub, Owner& owner, int epoll, int descriptor, std::uint32_t connection, QObject* parent);
    ~GuardedSocket() override;

    // Whose connection it is; before QtHttpServer takes the socket.
    void set_remote_address(const std::string& address);
    // Call after QtHttpServer took the socket. `refused`: the client is told 503 and no more.
    void begin(bool refused);

    // The descriptor is ready: `events` as epoll reports them.
    void ready(std::uint32_t events);
    // Lets the session go on: answers out, requests in, end of the connection.
    void pump();
    void tick();
    void drain();
    // Closes at once; what is unanswered is cut.
    void drop();

    // Hands one request to QtHttpServer, which calls its server's handleRequest() before this returns. False when it
    // did not take exactly this request; the connection then ends after its last answer.
    bool feed(const Request& request);

    Session& session() { return session_; }
    bool is_open() const { return descriptor_ >= 0; }
    const std::string& remote_address() const { return remote_address_; }
    // Tells this user of the connection number from earlier ones.
    std::uint64_t tag() const { return tag_; }
    static std::uint32_t connection_of(std::uint64_t tag) { return static_cast<std::uint32_t>(tag); }

    qint64 bytesAvailable() const override;
    void disconnectFromHost() override;
    void close() override;

protected:
    qint64 readData(char* data, qint64 size) override;
    qint64 skipData(qint64 size) override;
    qint64 writeData(const char* data, qint64 size) override;

private:
    void read();
    bool write();
    void linger();
    void update_interest();
    std::int64_t left_to_feed() const { return static_cast<std::int64_t>(fed_head_.size() + fed_body_.size()); }

    Hub& hub_;
    Owner& owner_;
    const int epoll_;
    int descriptor_;
    const std::uint64_t tag_;
    std::string remote_address_;
    Session session_;

    std::uint32_t interest_ = 0;
    bool pumping_ = false, pump_again_ = false, end_of_input_ = false;
    std::optional<std::int64_t> linger_until_;

    std::string head_;           // the request that QtHttpServer is reading
    std::string_view fed_head_;  // what it has not read of it
    std::string_view fed_body_;
    bool feeding_ = false, rejected_ = false;
};

}  // namespace streamgauge::http
