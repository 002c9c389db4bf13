// SPDX-License-Identifier: GPL-3.0-or-later
// A client that sends exactly the bytes it is told to, and reads with a deadline.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "http/text.h"
#include "support/eventually.h"

namespace streamgauge::http::test {

inline constexpr std::chrono::seconds kPatience{60};  // far beyond what any step takes, also on a loaded machine

using streamgauge::test::eventually;

struct Answer {
    int status = 0;  // 0: the connection ended first
    std::string head;
    std::string body;
    std::string header(std::string_view name) const {
        std::size_t at = head.find("\r\n");
        while (at != std::string::npos && at + 2 < head.size()) {
            const std::size_t end = head.find("\r\n", at + 2);
            const std::string_view line = std::string_view(head).substr(at + 2, end - at - 2);
            const std::size_t colon = line.find(':');
            if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name))
                return std::string(trim(line.substr(colon + 1)));
            at = end;
        }
        return {};
    }
};

class RawClient {
public:
    explicit RawClient(std::uint16_t port, const char* from = nullptr, int receive_buffer = 0)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        if (from != nullptr) {
            ::inet_pton(AF_INET, from, &address.sin_addr);
            const int on = 1;
            ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
            if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
        }
        ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
        address.sin_port = htons(port);
        connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    RawClient(RawClient&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_), buffer_(std::move(other.buffer_)) {}
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    RawClient& operator=(RawClient&&) = delete;
    ~RawClient() { close(); }

    bool connected() const { return connected_; }

    // False when the server has closed meanwhile.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void end_sending() { ::shutdown(fd_, SHUT_WR); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    void reset() {
        const linger now{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }

    // One answer with Content-Length, or without a body.
    Answer read(bool head_only = false) {
        Answer answer;
        std::size_t end = std::string::npos;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive()) return {};
        }
        answer.head = buffer_.substr(0, end + 2);
        buffer_.erase(0, end + 4);
        answer.status = std::atoi(answer.head.substr(9, 3).c_str());
        const auto length = head_only || answer.status < 200
                                ? 0
                                : static_cast<std::size_t>(std::atoll(answer.header("Content-Length").c_str()));
        while (buffer_.size() < length) {
            if (!receive()) return {};
        }
        answer.body = buffer_.substr(0, length);
        buffer_.erase(0, length);
        return answer;
    }
    Answer exchange(std::string_view bytes) {
        send(bytes);
        return read();
    }
    // What has come, whatever it is; waits for something. Empty when nothing more comes.
    std::string read_some() {
        if (buffer_.empty()) receive();
        return std::exchange(buffer_, {});
    }
    // True when `text` has come; it and what was before it are taken.
    bool read_until(std::string_view text) {
        std::size_t at = std::string::npos;
        while ((at = buffer_.find(text)) == std::string::npos) {
            if (!receive()) return false;
        }
        buffer_.erase(0, at + text.size());
        return true;
    }
    // True when the server ends the connection (in order or by a reset) without sending anything more.
    bool ended() {
        while (receive()) {
        }
        return ended_ && buffer_.empty();
    }
    bool was_reset() const { return reset_; }
    // What has come and was not taken.
    const std::string& rest() const { return buffer_; }

private:
    bool receive() {
        pollfd waiting{fd_, POLLIN, 0};
        const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience).count();
        if (ended_ || ::poll(&waiting, 1, static_cast<int>(patience)) <= 0) return false;
        char chunk[65536];
        const ssize_t count = ::recv(fd_, chunk, sizeof chunk, 0);
        if (count <= 0) {
            ended_ = true;
            reset_ = count < 0;
            return false;
        }
        buffer_.append(chunk, static_cast<std::size_t>(count));
        return true;
    }

    int fd_;
    bool connected_ = false, ended_ = false, reset_ = false;
    std::string buffer_;
};

}  // namespace streamgauge::http::test
