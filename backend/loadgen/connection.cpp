// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace streamgauge::loadgen {

int Connection::open(const Address& address) {
    fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0) return 0;
    const int error = errno;
    if (error != EINPROGRESS) shut();
    return error;
}

int Connection::connect_result() const {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void Connection::shut() {
    if (tls) tls->end();
    tls.reset();
    if (fd >= 0) close(fd);
    fd = -1;
    state = State::Closed;
}

int Connection::write() {
    while (written < output.size()) {
        if (tls) {
            const std::ptrdiff_t sent = tls->write(output.data() + written, output.size() - written);
            if (sent <= 0) return sent == 0 ? ECONNRESET : static_cast<int>(-sent);
            written += static_cast<std::size_t>(sent);
            continue;
        }
        const ssize_t n = send(fd, output.data() + written, output.size() - written, MSG_NOSIGNAL);
        if (n > 0) {
            written += static_cast<std::size_t>(n);
        } else if (n < 0 && errno != EINTR) {
            return errno == EWOULDBLOCK ? EAGAIN : errno;
        }
    }
    return 0;
}

std::ptrdiff_t Connection::read(char* buffer, std::size_t size) const {
    if (tls) return tls->read(buffer, size);
    while (true) {
        const ssize_t n = recv(fd, buffer, size, 0);
        if (n >= 0) return n;
        if (errno != EINTR) return -(errno == EWOULDBLOCK ? EAGAIN : errno);
    }
}

}  // namespace streamgauge::loadgen
