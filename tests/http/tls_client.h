// SPDX-License-Identifier: GPL-3.0-or-later
// A TLS client that can be told its versions, its protocols, its certificate, and in how many bytes it sends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/certificates.h"
#include "http/raw_client.h"

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace streamgauge::http::test {

struct TlsClientOptions {
    int version = 0;        // TLS1_2_VERSION and so on: this one only
    std::string protocols;  // ALPN as on the wire: "\x02h2\x08http/1.1"
    const Certificate* own = nullptr;
    std::size_t piece = 0;              // of the wire at a time; 0: all that is there
    std::size_t fragment = 0;           // of plain bytes in a record; 0: 16 KiB
    ssl_session_st* session = nullptr;  // to be resumed
    int receive_buffer = 0;
};

class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, const TlsClientOptions& options = {});
    ~TlsClient();
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    bool shake_hands();  // false: failure() says why
    bool send(std::string_view plain);
    Answer read();
    Answer exchange(std::string_view plain) {
        send(plain);
        return read();
    }
    bool read_until(std::string_view text);  // it and what is before it are taken
    // Tells the server that no more will be sent.
    void end_sending();
    bool ended();                             // in order, by the server's close_notify, without anything more
    int failure() const { return failure_; }  // OpenSSL's reason
    std::string peer_name() const;
    std::string protocol() const;
    ssl_st* ssl() { return ssl_; }
    RawClient& raw() { return raw_; }

private:
    bool flush();
    bool receive_wire();
    bool receive();

    RawClient raw_;
    ssl_ctx_st* context_;
    ssl_st* ssl_;
    std::size_t piece_;
    std::string plain_;
    int failure_ = 0;
    bool end_ = false;
};

}  // namespace streamgauge::http::test
