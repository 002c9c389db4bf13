// SPDX-License-Identifier: GPL-3.0-or-later
// One keep-alive connection of the engine, the requests that it carries, and the bytes of them that are not sent yet.
// It knows its state; what an outcome means is the engine's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "loadgen/request_event.h"
#include "loadgen/response_parser.h"
#include "loadgen/target_socket.h"

namespace streamgauge::loadgen {

// A request under way.
struct CarriedRequest {
    std::uint64_t number = 0;
    std::int64_t planned = 0, sent_at = 0;
    std::uint64_t end = 0;  // of its bytes, in all that the connection was given
    Endpoint endpoint = 0;
};

class Connection {
public:
    enum class State : std::uint8_t { Closed, Connecting, Handshaking, Idle, Busy };

    TargetSocket socket;
    State state = State::Closed;
    bool wants_write = false;       // what epoll is asked for
    std::int64_t since = 0;         // when connecting began
    std::int64_t connected_at = 0;  // while Handshaking
    ResponseParser parser;          // of the answer to front()

    // Room for `depth` requests of `request_bytes` at most. Allocates when it is called first, and is kept over
    // reconnects.
    void make_room(std::uint32_t depth, std::size_t request_bytes);

    // Closes it and forgets what it carries.
    void end();

    std::uint32_t carried() const { return carried_; }
    // The one that is answered next, and those behind it. Precondition: place < carried().
    CarriedRequest& at(std::uint32_t place) { return ring_[(first_ + place) % depth_]; }
    const CarriedRequest& at(std::uint32_t place) const { return ring_[(first_ + place) % depth_]; }
    CarriedRequest& front() { return at(0); }
    // Precondition: carried() is below the depth. Its bytes are put() next.
    void carry(const CarriedRequest& request);
    void pop_front();
    // Whether all bytes of the front request have left.
    bool front_is_sent() const { return given_ - unsent() >= ring_[first_].end; }

    // Keeps a request's bytes, to be written later, behind those that wait already.
    void put(std::string_view bytes);
    std::size_t unsent() const { return end_ - begin_; }
    // Writes `bytes`, or keeps what the socket does not take now. Precondition: nothing waits. As
    // TargetSocket::write().
    int write_now(std::string_view bytes);
    // Writes what waits. As TargetSocket::write().
    int write();

private:
    std::unique_ptr<CarriedRequest[]> ring_;
    std::uint32_t depth_ = 0, first_ = 0, carried_ = 0;
    std::unique_ptr<char[]> bytes_;  // [begin_, end_) waits
    std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
    std::uint64_t given_ = 0;  // bytes put and written, since it was opened
};

}  // namespace streamgauge::loadgen
