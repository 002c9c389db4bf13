// SPDX-License-Identifier: GPL-3.0-or-later
// TLS 1.2 and 1.3 towards the target, on non-blocking sockets. Every connection makes a full handshake: sessions are
// not resumed, so that each costs the server what a new client's does. OpenSSL is behind it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "loadgen/scenario.h"
#include "loadgen/target.h"

struct ssl_ctx_st;
struct ssl_st;

namespace streamgauge::loadgen {

// One connection's. Frees itself; the socket stays its connection's.
class TlsStream {
public:
    explicit TlsStream(ssl_st* ssl) : ssl_(ssl) {}
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    // 0: done, EAGAIN: go on when the socket can be read, EINPROGRESS: when it can be written, EPROTO: failed.
    int handshake();
    // Bytes written or read, 0 at the proper end of what is read, or -EAGAIN, -ECONNRESET, -EPROTO (the peer refused:
    // in TLS 1.3 it says only after the handshake that it wants another certificate). Reads may leave bytes that
    // the socket does not show any more: read again until -EAGAIN.
    std::ptrdiff_t write(const char* data, std::size_t size);
    std::ptrdiff_t read(char* buffer, std::size_t size);
    // Why handshake(), write() or read() failed with EPROTO just now, in OpenSSL's words; to be asked before anything
    // else is done with TLS on this thread.
    std::string failure() const;
    // Tells the peer that nothing more follows, if that goes at once.
    void end();

private:
    std::ptrdiff_t result(int n);
    ssl_st* ssl_;
};

class TlsClient {
public:
    // InvalidArgument (field tls.ca_file, tls.certificate_file or tls.key_file) for files that cannot be used.
    static Result<std::unique_ptr<TlsClient>> make(const TlsChoices& choices, const Url& url);
    ~TlsClient();
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    // For a connected socket; the certificate must be for the name, unless `verify` is off. Null: no memory.
    std::unique_ptr<TlsStream> open(int fd) const;

private:
    TlsClient(ssl_ctx_st* context, std::string name, bool is_address)
        : context_(context), name_(std::move(name)), is_address_(is_address) {}

    ssl_ctx_st* context_;
    std::string name_;
    bool is_address_;
};

}  // namespace streamgauge::loadgen
