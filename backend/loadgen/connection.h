// SPDX-License-Identifier: GPL-3.0-or-later
// One keep-alive connection of the engine and the request it carries. It moves bytes and knows its state; what an
// outcome means is the engine's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "loadgen/request_event.h"
#include "loadgen/response_parser.h"
#include "loadgen/target.h"
#include "loadgen/tls_client.h"

namespace streamgauge::loadgen {

struct Connection {
    enum class State : std::uint8_t { Closed, Connecting, Handshaking, Idle, Busy };

    int fd = -1;
    State state = State::Closed;
    bool wants_write = false;              // what epoll is asked for
    std::uint32_t idle_position = 0;       // in the engine's idle stack, while Idle
    std::uint32_t filled_by = UINT32_MAX;  // endpoint whose bytes are in the buffer
    std::string_view output;               // the request, within the buffer
    std::size_t written = 0;               // of it
    Endpoint endpoint = 0;
    std::uint64_t number = 0;               // of the request, while Busy
    std::int64_t planned = 0, sent_at = 0;  // the same
    std::int64_t since = 0;           // when connecting began, or the request was sent: what the timeout counts from
    std::int64_t connected_at = 0;    // while Handshaking
    std::unique_ptr<TlsStream> tls;   // none: plain
    std::unique_ptr<char[]> request;  // made with the first connect, kept over reconnects
    ResponseParser parser;

    // Non-blocking connect without delayed small writes. 0: connected, EINPROGRESS: under way, else the errno and
    // closed.
    int open(const Address& address);
    // The result of a connect that was under way, as an errno.
    int connect_result() const;
    void shut();

    // Writes what is left. 0: all written, EAGAIN: the rest later, else the errno; EPROTO: TLS failed.
    int write();
    // With TLS to be repeated until -EAGAIN. Reads once into `buffer`. Bytes read, 0 at the end of the stream, or
    // -errno.
    std::ptrdiff_t read(char* buffer, std::size_t size) const;
};

}  // namespace streamgauge::loadgen
