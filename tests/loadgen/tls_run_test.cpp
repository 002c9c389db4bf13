// SPDX-License-Identifier: GPL-3.0-or-later
// The engine over TLS, against a small server by OpenSSL: whom it trusts, and that every failure is counted as one.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

#include "http/certificates.h"
#include "loadgen/run_load.h"
#include "support/stall_server.h"

namespace streamgauge::loadgen {
namespace {

using http::test::Certificate;
using http::test::CertificateDirectory;
using test::constant_load;
using test::LoadOutcome;
using test::run_load;

// Answers 202 to every request whose head and counted body it has read; a thread for each connection.
class TlsServer {
public:
    // `clients`: who must have signed the certificate that a client shows; none: none is asked for.
    explicit TlsServer(const Certificate& certificate, const Certificate* clients = nullptr)
        : context_(SSL_CTX_new(TLS_server_method())) {
        if (clients != nullptr) {
            SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), clients->x509());
        }
        std::signal(SIGPIPE, SIG_IGN);  // of the server's own writes
        SSL_CTX_use_certificate(context_, certificate.x509());
        SSL_CTX_use_PrivateKey(context_, certificate.key());
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(listener_, 100) != 0 ||
            getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            std::abort();
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~TlsServer() {
        shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        close(listener_);
        for (const int fd : peers_) shutdown(fd, SHUT_RDWR);
        for (std::thread& thread : threads_) thread.join();
        for (const int fd : peers_) close(fd);
        SSL_CTX_free(context_);
    }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    std::string url(const std::string& host) const {
        return "https://" + host + ":" + std::to_string(port_) + "/events";
    }
    std::uint64_t requests() const { return requests_; }

private:
    void accept_all() {
        while (true) {
            const int fd = accept(listener_, nullptr, nullptr);
            if (fd < 0) return;
            peers_.push_back(fd);
            threads_.emplace_back([this, fd] { serve(fd); });
        }
    }

    void serve(int fd) {
        SSL* const ssl = SSL_new(context_);
        SSL_set_fd(ssl, fd);
        std::string input(16 * 1024, '\0'), text;
        int n = SSL_accept(ssl);
        while (n > 0 && (n = SSL_read(ssl, input.data(), static_cast<int>(input.size()))) > 0) {
            text.append(input, 0, static_cast<std::size_t>(n));
            const std::size_t head = text.find("\r\n\r\n"), length = text.find("Content-Length: ");
            if (head == std::string::npos || text.size() < head + 4 + std::stoul(text.substr(length + 16))) continue;
            const bool last = text.find("Connection: close") != std::string::npos;
            text.clear();
            ++requests_;
            constexpr std::string_view answer = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok";
            n = SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
            if (last) break;
        }
        if (n > 0) SSL_shutdown(ssl);
        shutdown(fd, SHUT_WR);
        SSL_free(ssl);
    }

    SSL_CTX* context_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<std::uint64_t> requests_{0};
    std::vector<int> peers_;  // by the acceptor, then after it was joined
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

class TlsRun : public ::testing::Test {
protected:
    TlsRun() : authority_("authority"), certificate_("localhost", &authority_), server_(certificate_) {
        authority_.write(files_.file("ca.pem"), files_.file("ca-key.pem"));
    }

    Scenario scenario(const std::string& host = "localhost") const {
        Scenario s = constant_load(server_.url(host), 100, 0.5);
        s.max_in_flight = 8;
        s.tls.ca_file = files_.file("ca.pem");
        return s;
    }

    CertificateDirectory files_;
    Certificate authority_, certificate_;
    TlsServer server_;
};

TEST_F(TlsRun, SendsToWhomItsAuthoritySigned) {
    const LoadOutcome run = run_load({scenario()});
    EXPECT_EQ(run.totals().done(), 50U);
    EXPECT_EQ(run.totals().failed(), 0U);
    EXPECT_EQ(server_.requests(), 50U);
    EXPECT_LE(run.record().connections(), 8U);
}

TEST_F(TlsRun, LargeRequestsAndNewConnectionsGoToo) {
    Scenario s = scenario();
    s.requests[0].batch = 2000;
    s.stages[0].rate = 20;
    EXPECT_EQ(run_load({s}).totals().done(), 10U);
    s = scenario();
    s.connections = ConnectionUse::NewEachRequest;
    const LoadOutcome run = run_load({s});
    EXPECT_EQ(run.totals().done(), 50U);
    EXPECT_EQ(run.record().connections(), 50U);
}

TEST_F(TlsRun, TrustsNobodyElse) {
    Scenario s = scenario();
    s.tls.ca_file.clear();  // the system's authorities have not signed it
    const LoadOutcome run = run_load({s});
    EXPECT_EQ(run.totals().of(Outcome::TlsFailed), 50U);
    ASSERT_EQ(run.record().errors().size(), 1U);
    EXPECT_NE(run.record().errors()[0].detail.find("the target's certificate: "), std::string::npos)
        << run.record().errors()[0].detail;
    s = scenario();
    s.tls.server_name = "elsewhere.example";  // the certificate is for localhost
    EXPECT_EQ(run_load({s}).totals().of(Outcome::TlsFailed), 50U);
    s.tls.server_name = "localhost";
    EXPECT_EQ(run_load({s}).totals().done(), 50U);
    s.tls.server_name = "elsewhere.example";
    s.tls.verify = false;
    EXPECT_EQ(run_load({s}).totals().done(), 50U);
    EXPECT_EQ(server_.requests(), 100U);
}

TEST_F(TlsRun, ShowsItsCertificateToAServerThatWantsOne) {
    const TlsServer strict(certificate_, &authority_);
    const Certificate client("load", &authority_), stranger("load");
    client.write(files_.file("client.pem"), files_.file("client-key.pem"));
    stranger.write(files_.file("stranger.pem"), files_.file("stranger-key.pem"));
    Scenario s = scenario();
    s.url = strict.url("localhost");
    const auto reason = [](const LoadOutcome& run) {
        return run.record().errors().empty() ? std::string() : run.record().errors().front().detail;
    };
    const LoadOutcome none = run_load({s});
    EXPECT_EQ(none.totals().of(Outcome::TlsFailed), 50U);
    EXPECT_NE(reason(none).find("certificate required"), std::string::npos) << reason(none);
    s.tls.certificate_file = files_.file("stranger.pem");
    s.tls.key_file = files_.file("stranger-key.pem");
    const LoadOutcome wrong = run_load({s});
    EXPECT_EQ(wrong.totals().of(Outcome::TlsFailed), 50U);
    EXPECT_NE(reason(wrong).find("alert"), std::string::npos) << reason(wrong);
    EXPECT_EQ(strict.requests(), 0U);
    s.tls.certificate_file = files_.file("client.pem");
    s.tls.key_file = files_.file("client-key.pem");
    EXPECT_EQ(run_load({s}).totals().done(), 50U);
    EXPECT_EQ(strict.requests(), 50U);
}

TEST_F(TlsRun, AServerWithoutTlsIsAFailedHandshake) {
    test::StallServer plain;
    Scenario s = scenario();
    s.url = "https://127.0.0.1:" + std::to_string(plain.port()) + "/";
    s.timeout_seconds = 0.3;  // a server that waits for the end of what it takes for a head
    const LoadOutcome run = run_load({s});
    EXPECT_EQ(run.totals().of(Outcome::TlsFailed) + run.totals().of(Outcome::Timeout), 50U);
    EXPECT_EQ(run.totals().sent, 0U);
}

TEST_F(TlsRun, FilesThatCannotBeUsedAreNamed) {
    const auto field = [&](const Scenario& s) {
        const auto engine = Engine::make(s, *resolve(*parse_url(s.url), ""), {});
        return engine ? std::string("accepted") : engine.error().field;
    };
    Scenario s = scenario();
    s.tls.ca_file = "/nowhere/at/all";
    EXPECT_EQ(field(s), "tls.ca_file");
    s = scenario();
    s.tls.certificate_file = s.tls.key_file = "/nowhere/at/all";
    EXPECT_EQ(field(s), "tls.certificate_file");
    s.tls.certificate_file = files_.file("ca.pem");
    EXPECT_EQ(field(s), "tls.key_file");
    s.tls.key_file = files_.file("ca-key.pem");
    EXPECT_EQ(field(s), "accepted");
    s.tls.key_file.clear();
    EXPECT_EQ(field(s), "tls");
}

}  // namespace
}  // namespace streamgauge::loadgen
