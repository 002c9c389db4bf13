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

// How a connection goes on that carries several requests at once.
struct Pipelining {
    enum class End { Goodbye, Abrupt, HalfAnAnswer };
    std::size_t together = 1;  // so many requests have come before the first of them is answered
    std::size_t answered = 0;  // of them, in order, in one write; then the connection ends; 0: all, and it goes on
    End end = End::Goodbye;
};

// Answers 202 to every request whose head and counted body it has read, 201 to those for /other; a thread for each
// connection.
class TlsServer {
public:
    // `clients`: who must have signed the certificate that a client shows; none: none is asked for.
    explicit TlsServer(const Certificate& certificate, const Certificate* clients = nullptr, Pipelining pipelining = {})
        : context_(SSL_CTX_new(TLS_server_method())), pipelining_(pipelining) {
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
    std::uint64_t answers() const { return answers_; }  // whole ones
    std::uint64_t ended() const { return ended_; }      // connections, by Pipelining::answered

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
        std::vector<std::string> heads;  // of requests that came and are not answered
        int n = SSL_accept(ssl);
        bool last = false;
        while (n > 0 && !last && (n = SSL_read(ssl, input.data(), static_cast<int>(input.size()))) > 0) {
            text.append(input, 0, static_cast<std::size_t>(n));
            take_requests(text, heads);
            while (!last && heads.size() >= pipelining_.together) {
                last = pipelining_.answered > 0 || heads.front().find("Connection: close") != std::string::npos;
                const std::string answers = answers_to(heads);
                n = SSL_write(ssl, answers.data(), static_cast<int>(answers.size()));
            }
        }
        if (n > 0 && pipelining_.end == Pipelining::End::Goodbye) SSL_shutdown(ssl);
        shutdown(fd, SHUT_WR);
        SSL_free(ssl);
    }

    void take_requests(std::string& text, std::vector<std::string>& heads) {
        while (true) {
            const std::size_t head = text.find("\r\n\r\n"), length = text.find("Content-Length: ");
            if (head == std::string::npos) return;
            const std::size_t whole = head + 4 + std::stoul(text.substr(length + 16));
            if (text.size() < whole) return;
            heads.push_back(text.substr(0, head));
            text.erase(0, whole);
            ++requests_;
        }
    }

    // Of the first of them, as many as are answered together.
    std::string answers_to(std::vector<std::string>& heads) {
        const std::size_t most = pipelining_.answered > 0 ? pipelining_.answered : pipelining_.together;
        std::string all;
        for (std::size_t i = 0; i < most; ++i) {
            const bool other = heads[i].find(" /other ") != std::string::npos;
            all += other ? "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nother"
                         : "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok";
            ++answers_;
        }
        heads.erase(heads.begin(), heads.begin() + static_cast<std::ptrdiff_t>(most));
        if (pipelining_.answered > 0) ++ended_;
        if (pipelining_.answered > 0 && pipelining_.end == Pipelining::End::HalfAnAnswer)
            all += "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\no";
        return all;
    }

    SSL_CTX* context_;
    const Pipelining pipelining_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<std::uint64_t> requests_{0}, answers_{0}, ended_{0};
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

// Requests of two kinds, of which each wants a status of its own: an answer to another request would be unexpected.
Scenario pipelined(Scenario scenario, const TlsServer& server) {
    scenario.url = server.url("localhost");
    scenario.pipeline = scenario.max_in_flight = 20;  // over one connection
    scenario.stages[0].rate = 400;
    scenario.requests[0].expect = {202};
    scenario.requests[0].weight = 2;
    RequestKind& other = scenario.requests.emplace_back(scenario.requests[0]);
    other.name = "other";
    other.path = "/other";
    other.expect = {201};
    other.weight = 1;
    return scenario;
}

TEST_F(TlsRun, AConnectionCarriesManyRequestsAndTheirAnswersInOrder) {
    const TlsServer server(certificate_, nullptr, {10, 0, {}});
    Scenario s = pipelined(scenario(), server);
    s.requests[0].batch = s.requests[1].batch = 30;  // so that writes do not end where a record of TLS does
    const LoadOutcome run = run_load({s});
    EXPECT_EQ(run.state, RunState::Done);
    EXPECT_EQ(run.totals().done(), 200U) << "none unexpected";
    EXPECT_EQ(run.totals().failed() + run.totals().unfinished() + run.totals().dropped, 0U);
    EXPECT_EQ(run.record().connections(), 1U);
    EXPECT_EQ(server.requests(), 200U);
    EXPECT_EQ(run.record().response().count(), 200U);
    const std::uint64_t others = run.record().endpoint_totals(1).done();
    EXPECT_EQ(run.record().endpoint_totals(0).done() + others, 200U);
    EXPECT_GT(others, 20U);
}

TEST_F(TlsRun, WhatAConnectionCarriesFailsWhenItEnds) {
    for (const Pipelining::End end :
         {Pipelining::End::Goodbye, Pipelining::End::Abrupt, Pipelining::End::HalfAnAnswer}) {
        const TlsServer server(certificate_, nullptr, {10, 4, end});
        Scenario s = pipelined(scenario(), server);
        s.error_brake = 0;
        s.timeout_seconds = 1;  // for the last ones, too few for the server to answer any
        const LoadOutcome run = run_load({s});
        const int which = static_cast<int>(end);
        EXPECT_EQ(run.totals().planned, 200U) << which;
        EXPECT_EQ(run.totals().sent, 200U) << which;
        EXPECT_GE(server.ended(), 2U) << which;
        EXPECT_EQ(server.answers(), 4 * server.ended());
        EXPECT_EQ(run.totals().done(), server.answers()) << "those behind them had no answer: " << which;
        EXPECT_EQ(run.totals().failed(), 200 - server.answers()) << which;
        EXPECT_EQ(run.totals().of(Outcome::Reset) + run.totals().of(Outcome::Timeout), run.totals().failed()) << which;
        EXPECT_EQ(run.totals().unfinished(), 0U) << which;
        EXPECT_EQ(run.record().unanswered().count(), run.totals().failed()) << which;
        EXPECT_LE(server.requests(), 200U) << "nothing is sent a second time: " << which;
        EXPECT_GE(run.record().connections(), server.ended()) << which;
    }
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
