// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/management_engine_listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace streamgauge::http {
namespace {

constexpr int kBacklog = 511;

// sockaddr of either family, as the socket calls want it.
union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

Error failure(const Endpoint& endpoint, int error) {
    Error result = Error::make(ErrorCode::Unavailable, "cannot listen on " + to_string(endpoint) + ": " +
                                                           std::system_category().message(error));
    if (error == EADDRINUSE) {
        result.hint = "see who holds the port with: ss -ltnp 'sport = :" + std::to_string(endpoint.port) + "'";
    } else if (error == EACCES) {
        result.hint = "ports below 1024 need the right to bind them";
    }
    return result;
}

}  // namespace

Result<ListeningSocket> open_listening_socket(const Endpoint& endpoint) {
    SocketAddress address{};
    socklen_t size = 0;
    if (inet_pton(AF_INET, endpoint.address.c_str(), &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(endpoint.port);
        size = sizeof(address.v4);
    } else if (inet_pton(AF_INET6, endpoint.address.c_str(), &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(endpoint.port);
        size = sizeof(address.v6);
    } else {
        return Error::make(ErrorCode::InvalidArgument, "\"" + endpoint.address + "\" is no address");
    }
    const int descriptor = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return failure(endpoint, errno);
    const int yes = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(descriptor, &address.any, size) != 0 || listen(descriptor, kBacklog) != 0 ||
        getsockname(descriptor, &address.any, &size) != 0) {
        const int error = errno;
        close(descriptor);
        return failure(endpoint, error);
    }
    const std::uint16_t port = address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port;
    return ListeningSocket{descriptor, {endpoint.address, ntohs(port)}};
}

std::string peer_address(int descriptor) {
    SocketAddress address{};
    socklen_t size = sizeof(address);
    if (getpeername(descriptor, &address.any, &size) != 0) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = address.any.sa_family == AF_INET;
    const void* bytes = v4 ? static_cast<const void*>(&address.v4.sin_addr) : &address.v6.sin6_addr;
    inet_ntop(address.any.sa_family, bytes, text.data(), text.size());
    return text.data();
}

}  // namespace streamgauge::http
