// SPDX-License-Identifier: GPL-3.0-or-later
// TLS 1.2 and 1.3 without sockets: bytes of the wire in, plain bytes out, and back. OpenSSL is behind it and nowhere
// else. ALPN offers http/1.1 alone; no renegotiation, no compression, no early data; sessions resume by tickets.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace streamgauge::http {

enum class ClientCertificates { Off, Optional, Required };  // Optional: verified when there is one

struct TlsOptions {
    std::string certificate, key;  // PEM files; the certificate's with its chain
    std::string client_ca;         // PEM file of the authorities that sign clients' certificates
    ClientCertificates client_certificates = ClientCertificates::Off;
};

// One client's connection. Lives on its engine thread.
class TlsConnection {
public:
    explicit TlsConnection(ssl_ctx_st* context);
    ~TlsConnection();
    TlsConnection(const TlsConnection&) = delete;
    TlsConnection& operator=(const TlsConnection&) = delete;

    // Bytes that the socket gave.
    void received(std::string_view bytes) { input_.append(bytes); }

    // PlainHttp: the client speaks HTTP without TLS; nothing was sent to it. Failed: output() may hold an alert.
    enum class Handshake { NeedMore, Done, Failed, PlainHttp };
    Handshake handshake();

    enum class State { Open, Ended, Failed };  // Ended: the client will send no more
    struct Read {
        State state = State::Open;
        std::size_t bytes = 0;  // 0 while Open: nothing more has come
    };
    Read read(std::span<char> space);

    // Encrypts from the segments' beginning what goes out at once; returns how many plain bytes. 0: failed.
    std::size_t write(const iovec* segments, std::size_t count);
    // The client is told that no more will be sent.
    void end();

    // What the socket is to be given.
    std::string_view output() const { return std::string_view(output_).substr(sent_); }
    void sent(std::size_t bytes);

private:
    friend struct WireMethod;

    ssl_st* ssl_;
    std::string input_, output_;
    std::size_t taken_ = 0, sent_ = 0;  // of input_, of output_
};

// Certificate and key, which may be exchanged while it is used. Thread-safe.
class TlsContext {
public:
    // InvalidArgument, with a hint, for files that cannot be read, do not belong together, or have expired.
    static Result<std::shared_ptr<TlsContext>> load(TlsOptions options, const Clock& clock);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    // Reads the files again; new connections use them. When they are not right the old ones stay.
    Status reload();
    // reload() when a file is another than at the last look; nullopt when none is.
    std::optional<Status> reload_if_changed();
    Timestamp expires() const;
    bool expires_soon() const;  // within two weeks

    std::unique_ptr<TlsConnection> accept() const;

private:
    TlsContext(TlsOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
    struct Loaded {
        ssl_ctx_st* context = nullptr;
        Timestamp expires;
    };
    Result<Loaded> read_files() const;
    std::vector<std::string> look() const;

    const TlsOptions options_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    Loaded loaded_;                  // guarded by mutex_
    std::vector<std::string> seen_;  // what the files looked like; guarded by mutex_
};

}  // namespace streamgauge::http
