// SPDX-License-Identifier: GPL-3.0-or-later
// A receiver of webhooks on a free port of loopback, also over TLS: keeps what comes and answers as it is told.
#pragma once

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace streamgauge::test {

struct ReceivedWebhook {
    std::map<std::string, std::string> headers;  // names in lower case
    std::string head, body;
};

class WebhookReceiver {
public:
    WebhookReceiver() : WebhookReceiver({}, {}) {}
    // PEM files; both empty: without TLS.
    WebhookReceiver(const std::string& certificate, const std::string& key)
        : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (!certificate.empty()) {
            tls_ = SSL_CTX_new(TLS_server_method());
            if (SSL_CTX_use_certificate_chain_file(tls_, certificate.c_str()) != 1 ||
                SSL_CTX_use_PrivateKey_file(tls_, key.c_str(), SSL_FILETYPE_PEM) != 1)
                return;
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (bind(listener_, any, length) == 0 && listen(listener_, 16) == 0 &&
            getsockname(listener_, any, &length) == 0)
            port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~WebhookReceiver() {
        stopping_ = true;
        shutdown(listener_, SHUT_RDWR);
        if (thread_.joinable()) thread_.join();
        close(listener_);
        SSL_CTX_free(tls_);
    }
    WebhookReceiver(const WebhookReceiver&) = delete;
    WebhookReceiver& operator=(const WebhookReceiver&) = delete;

    std::string url() const {
        return (tls_ == nullptr ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(port_) + "/page?who=me";
    }
    int port() const { return port_; }
    // Peers that did not trust the certificate.
    int refused() const { return refused_; }
    // Heads of the next answers, one each; then 204.
    void answer_next(std::string head) {
        const std::lock_guard lock(mutex_);
        answers_.push_back(std::move(head));
    }
    std::vector<ReceivedWebhook> received() const {
        const std::lock_guard lock(mutex_);
        return received_;
    }

private:
    void serve() {
        while (!stopping_) {
            const int peer = accept(listener_, nullptr, nullptr);
            if (peer < 0) continue;
            SSL* const session = tls_ == nullptr ? nullptr : SSL_new(tls_);
            if (session != nullptr && (SSL_set_fd(session, peer) != 1 || SSL_accept(session) != 1)) {
                ++refused_;
                SSL_free(session);
                close(peer);
                continue;
            }
            const ReceivedWebhook one = read(peer, session);
            std::string answer = "HTTP/1.1 204 No Content\r\n\r\n";
            {
                const std::lock_guard lock(mutex_);
                received_.push_back(one);
                if (!answers_.empty()) {
                    answer = answers_.front();
                    answers_.pop_front();
                }
            }
            if (session == nullptr) {
                static_cast<void>(send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
            } else {
                static_cast<void>(SSL_write(session, answer.data(), static_cast<int>(answer.size())));
                static_cast<void>(SSL_shutdown(session));
                SSL_free(session);
            }
            close(peer);
        }
    }
    static ReceivedWebhook read(int peer, SSL* session) {
        ReceivedWebhook out;
        std::string all;
        std::size_t end = std::string::npos, length = 0;
        char buffer[4096];
        while (end == std::string::npos || all.size() < end + 4 + length) {
            const ssize_t got =
                session == nullptr ? recv(peer, buffer, sizeof buffer, 0) : SSL_read(session, buffer, sizeof buffer);
            if (got <= 0) break;
            all.append(buffer, static_cast<std::size_t>(got));
            end = all.find("\r\n\r\n");
            if (end == std::string::npos || !out.head.empty()) continue;
            out.head = all.substr(0, end);
            std::size_t at = out.head.find("\r\n");
            while (at != std::string::npos) {
                const std::size_t next = out.head.find("\r\n", at + 2);
                const std::string line = out.head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
                const std::size_t colon = line.find(": ");
                std::string name = line.substr(0, colon);
                for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
                if (colon != std::string::npos) out.headers[name] = line.substr(colon + 2);
                at = next;
            }
            if (out.headers.contains("content-length")) length = std::stoul(out.headers["content-length"]);
        }
        if (end != std::string::npos) out.body = all.substr(end + 4);
        return out;
    }

    const int listener_;
    int port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<int> refused_{0};
    SSL_CTX* tls_ = nullptr;
    mutable std::mutex mutex_;
    std::deque<std::string> answers_;
    std::vector<ReceivedWebhook> received_;
    std::thread thread_;
};

}  // namespace streamgauge::test
