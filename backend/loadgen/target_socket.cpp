// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/target_socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace streamgauge::loadgen {

int TargetSocket::open(const Address& address) {
    fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0) return 0;
    const int error = errno;
    if (error != EINPROGRESS) shut();
    return error;
}

int TargetSocket::connect_result() const {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void TargetSocket::shut() {
    if (tls) tls->end();
    tls.reset();
    if (fd >= 0) close(fd);
    fd = -1;
}

int TargetSocket::write(std::string_view& bytes) {
    while (!bytes.empty()) {
        std::ptrdiff_t sent = 0;
        if (tls) {
            sent = tls->write(bytes.data(), bytes.size());
            if (sent <= 0) return sent == 0 ? ECONNRESET : static_cast<int>(-sent);
        } else {
            sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0) return errno == EWOULDBLOCK ? EAGAIN : errno;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return 0;
}

std::ptrdiff_t TargetSocket::read(char* buffer, std::size_t size) const {
    if (tls) return tls->read(buffer, size);
    while (true) {
        const ssize_t n = recv(fd, buffer, size, 0);
        if (n >= 0) return n;
        if (errno != EINTR) return -(errno == EWOULDBLOCK ? EAGAIN : errno);
    }
}

}  // namespace streamgauge::loadgen
