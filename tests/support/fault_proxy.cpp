// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/fault_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "daemon/http_client.h"

namespace streamgauge::test {
namespace {

constexpr std::string_view kAccepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";

// The digits after "event_id":" become others.
std::string with_other_ids(std::string body) {
    constexpr std::string_view name = "\"event_id\":\"";
    for (std::size_t at = body.find(name); at != std::string::npos; at = body.find(name, at + 1)) {
        char& digit = body[at + name.size()];
        digit = digit == 'f' ? '0' : digit == '9' ? 'a' : static_cast<char>(digit + 1);
    }
    return body;
}

}  // namespace

struct FaultProxy::Parts {
    Parts(http::Endpoint to, Faults which, Refuses whether)
        : server(std::move(to)), faults(std::move(which)), refuses(std::move(whether)) {}

    void forward(const std::string& body) const {
        const daemon::HttpClient client(server, std::chrono::seconds(30));
        const auto answer = client.request("POST", "/events", body);
        EXPECT_TRUE(answer.ok() && answer->status == 202) << (answer.ok() ? answer->body : answer.error().describe());
    }

    // Whether the generator gets an answer.
    bool take(const std::string& body) {
        const ProxyFault fault = faults(number++);
        std::string behind;
        {
            const std::lock_guard lock(mutex);
            if (fault != ProxyFault::Reorder) behind.swap(held);
        }
        switch (fault) {
            case ProxyFault::Lose:
                break;
            case ProxyFault::Repeat:
                forward(body);
                forward(with_other_ids(body));
                break;
            case ProxyFault::Delay: {
                const std::lock_guard lock(mutex);
                threads.emplace_back([this, body] {
                    std::this_thread::sleep_for(std::chrono::milliseconds(700));
                    forward(body);
                });
                break;
            }
            case ProxyFault::Reorder: {
                const std::lock_guard lock(mutex);
                held = body;
                break;
            }
            case ProxyFault::None:
            case ProxyFault::Unanswered:
                forward(body);
        }
        if (!behind.empty()) forward(behind);
        return fault != ProxyFault::Unanswered;
    }

    std::string ask(const std::string& method, const std::string& target, const std::string& body) const {
        const auto text = [](int status, const std::string& headers, const std::string& content) {
            return "HTTP/1.1 " + std::to_string(status) + " So\r\n" + headers +
                   "Content-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content;
        };
        if (target.rfind("/api/v1/live", 0) == 0 || (refuses && refuses(target))) return text(503, "", "{}");
        const auto answer = daemon::HttpClient(server, std::chrono::seconds(30))
                                .request(method, target, body, {{"Content-Type", "application/json"}});
        if (!answer) return text(503, "", "{}");
        const auto cursor = answer->headers.find("streamgauge-cursor");
        return text(answer->status,
                    cursor == answer->headers.end() ? "" : "Streamgauge-Cursor: " + cursor->second + "\r\n",
                    answer->body);
    }

    void serve(int peer) {
        std::string input;
        std::array<char, 65536> buffer{};
        while (!closing) {
            pollfd waiting{peer, POLLIN, 0};
            if (poll(&waiting, 1, 50) <= 0) continue;
            const ssize_t n = recv(peer, buffer.data(), buffer.size(), 0);
            if (n <= 0) break;
            input.append(buffer.data(), static_cast<std::size_t>(n));
            const std::size_t head = input.find("\r\n\r\n");
            if (head == std::string::npos) continue;
            const std::size_t length = input.find("Content-Length: ");
            const std::size_t size = length < head ? std::stoul(input.substr(length + 16)) : 0;
            if (input.size() < head + 4 + size) continue;
            const std::string body = input.substr(head + 4, size);
            std::istringstream line(input.substr(0, head));
            std::string method, target;
            line >> method >> target;
            input.erase(0, head + 4 + size);
            const bool question = target != "/events";
            if (!question && !take(body)) break;
            const std::string answer = question ? ask(method, target, body) : std::string(kAccepted);
            if (send(peer, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
        }
        close(peer);
    }

    void accept_all() {
        while (!closing) {
            pollfd waiting{listener, POLLIN, 0};
            if (poll(&waiting, 1, 50) <= 0) continue;
            const int peer = accept(listener, nullptr, nullptr);
            if (peer < 0) continue;
            const std::lock_guard lock(mutex);
            threads.emplace_back([this, peer] { serve(peer); });
        }
    }

    const http::Endpoint server;
    const Faults faults;
    const Refuses refuses;
    int listener = -1;
    std::uint16_t port = 0;
    std::atomic<bool> closing{false};
    std::atomic<std::uint64_t> number{0};
    std::mutex mutex;
    std::string held;                  // under mutex
    std::vector<std::thread> threads;  // under mutex
    std::thread acceptor;
};

FaultProxy::FaultProxy(http::Endpoint server, Faults faults, Refuses refuses)
    : parts_(std::make_unique<Parts>(std::move(server), std::move(faults), std::move(refuses))) {
    parts_->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(parts_->listener, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(parts_->listener, 64), 0);
    EXPECT_EQ(getsockname(parts_->listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
    parts_->port = ntohs(address.sin_port);
    parts_->acceptor = std::thread([this] { parts_->accept_all(); });
}

FaultProxy::~FaultProxy() {
    parts_->closing = true;
    parts_->acceptor.join();
    for (std::thread& thread : parts_->threads) thread.join();
    close(parts_->listener);
}

std::string FaultProxy::url() const {
    return "http://127.0.0.1:" + std::to_string(parts_->port) + "/events";
}

}  // namespace streamgauge::test
