// SPDX-License-Identifier: GPL-3.0-or-later
// A non-blocking connection to a target, plain or with TLS: it moves bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "loadgen/target.h"
#include "loadgen/tls_client.h"

namespace streamgauge::loadgen {

struct TargetSocket {
    int fd = -1;
    std::unique_ptr<TlsStream> tls;  // none: plain

    // Non-blocking connect without delayed small writes. 0: connected, EINPROGRESS: under way, else the errno and
    // closed.
    int open(const Address& address);
    // The result of a connect that was under way, as an errno.
    int connect_result() const;
    void shut();

    // Writes and takes off the front of `bytes` what the socket accepts. 0: all written, EAGAIN: the rest later, else
    // the errno; EPROTO: TLS failed.
    int write(std::string_view& bytes);
    // With TLS to be repeated until -EAGAIN. Reads once into `buffer`. Bytes read, 0 at the end of the stream, or
    // -errno.
    std::ptrdiff_t read(char* buffer, std::size_t size) const;
};

}  // namespace streamgauge::loadgen
